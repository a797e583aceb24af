"""What staff may type of a coupon. Problems stand at the fields of the graph's inputs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from traya_gql.domain.claims import claims_in_code
from traya_gql.domain.coupons import MAX_PERCENT, MAX_USES, CouponKind, CouponTerms, check_code
from traya_gql.domain.money import paise
from traya_gql.domain.product_checks import refuse_claims
from traya_gql.domain.products import ProductCategory
from traya_gql.domain.refusals import InvalidValue, Problems, RefusalCode

_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)

MAX_OFF_RUPEES = 10_000_000
"""The highest amount that a coupon takes off, or a percentage at most: more than goods cost together."""

TERMS_CODES = frozenset(
    {RefusalCode.OUT_OF_RANGE, RefusalCode.CONTRADICTORY, RefusalCode.INVALID_ID, RefusalCode.TOO_MANY}
)
"""What `check_terms` may find."""

CODE_CODES = frozenset(
    {RefusalCode.TOO_SHORT, RefusalCode.TOO_LONG, RefusalCode.INVALID_CHARACTERS, RefusalCode.FORBIDDEN_CLAIM}
)
"""What `check_new_code` may find."""


def check_new_code(raw: str) -> str:
    """Return the code of a new coupon as it is stored. Older ones may say what is forbidden by now.

    Raises:
        InvalidValue: as `check_code`; FORBIDDEN_CLAIM when it promises what the law forbids (`claims_in_code`).
    """
    code = check_code(raw)
    refuse_claims(claims_in_code(code), instead="Choose a code that promises nothing, such as WELCOME-10.")
    return code


class TypedTerms(NamedTuple):
    """Terms as staff typed them, not yet checked; amounts in rupees.

    Args:
        kind: which of the three values was given.
        product_id: None, too, where the client sent something else than the id of a product.
    """

    kind: CouponKind
    percent: int | None
    amount: Decimal | None
    product_id: UUID | None
    starts_at: datetime
    ends_at: datetime | None
    min_subtotal: Decimal
    max_discount: Decimal | None
    categories: Sequence[ProductCategory]
    max_uses: int | None
    max_uses_per_customer: int | None
    is_first_order_only: bool


def check_terms(typed: TypedTerms, problems: Problems, *, made_at: datetime | None = None) -> CouponTerms:
    """Return the terms, checked; times are cut to milliseconds. Whatever is wrong is noted under "terms".

    A coupon that is made, at `made_at`, ends later. One that is there already may be ended by a time in the past.

    Raises:
        InvalidInput: with all that was noted, here and before.
    """
    with problems.under("terms"):
        with problems.under("value"):
            percent, amount = _check_value(typed, problems)
        starts_at = problems.take("startsAt", lambda: _time(typed.starts_at))
        ends_at = problems.take("endsAt", lambda: None if typed.ends_at is None else _time(typed.ends_at))
        if starts_at is not None and ends_at is not None and ends_at <= starts_at:
            problems.add(RefusalCode.OUT_OF_RANGE, "The coupon must end after it starts.", "endsAt")
        elif made_at is not None and ends_at is not None and ends_at <= made_at:
            message = "This is in the past, so nobody could ever use the coupon. Choose a later time, or none."
            problems.add(RefusalCode.OUT_OF_RANGE, message, "endsAt")
        least = problems.take("minSubtotal", lambda: paise(typed.min_subtotal))
        cap = problems.take("maxDiscount", lambda: _positive_paise(typed.max_discount))
        if typed.max_discount is not None and typed.kind is not CouponKind.PERCENT:
            problems.add(RefusalCode.CONTRADICTORY, "Only a percentage can have a maximum discount.", "maxDiscount")
        _check_categories(typed, problems)
        for name, limit in (("maxUses", typed.max_uses), ("maxUsesPerCustomer", typed.max_uses_per_customer)):
            if limit is not None and not 1 <= limit <= MAX_USES:
                message = f"A limit of uses is from 1 to {MAX_USES}; leave it out for none."
                problems.add(RefusalCode.OUT_OF_RANGE, message, name)
    problems.refuse_if_any()
    assert starts_at is not None  # noqa: S101 - no problem was found
    assert least is not None  # noqa: S101 - no problem was found
    return CouponTerms(
        kind=typed.kind,
        percent=percent,
        amount_paise=amount,
        product_id=typed.product_id,
        starts_at=starts_at,
        ends_at=ends_at,
        min_subtotal_paise=least,
        max_discount_paise=cap,
        # in the order of the shelves, each once
        categories=tuple(category for category in ProductCategory if category in typed.categories),
        max_uses=typed.max_uses,
        max_uses_per_customer=typed.max_uses_per_customer,
        is_first_order_only=typed.is_first_order_only,
    )


def _check_value(typed: TypedTerms, problems: Problems) -> tuple[int | None, int | None]:
    """Return percent and paise; one at most."""
    if typed.kind is CouponKind.PERCENT:
        if typed.percent is None or not 1 <= typed.percent <= MAX_PERCENT:
            problems.add(RefusalCode.OUT_OF_RANGE, "A percentage is a whole number from 1 to 100.", "percent")
        return typed.percent, None
    if typed.kind is CouponKind.FIXED:
        return None, problems.take("amount", lambda: _positive_paise(typed.amount))
    if typed.product_id is None:
        problems.add(RefusalCode.INVALID_ID, "This is not the id of a product.", "freeProductId")
    return None, None


def _check_categories(typed: TypedTerms, problems: Problems) -> None:
    if len(typed.categories) > len(ProductCategory):
        problems.add(RefusalCode.TOO_MANY, f"There are {len(ProductCategory)} shelves: name each once.", "categories")
    if typed.categories and typed.kind is CouponKind.FREE_ITEM:
        message = "A free item is named by its product: leave the categories out."
        problems.add(RefusalCode.CONTRADICTORY, message, "categories")


def _positive_paise(amount: Decimal | None) -> int | None:
    if amount is None:
        return None
    try:
        found = paise(amount)
    except InvalidValue:
        found = 0  # whatever is wrong with it, the limits are told
    if not 0 < found <= MAX_OFF_RUPEES * 100:
        most = f"at most {MAX_OFF_RUPEES} rupees, with at most two decimals, such as 99.50"
        message = f"An amount to take off is more than 0 and {most}."
        raise InvalidValue(RefusalCode.OUT_OF_RANGE, message)
    return found


def _time(typed: datetime) -> datetime:
    if not _EARLIEST <= typed < _LATEST:
        raise InvalidValue(RefusalCode.OUT_OF_RANGE, "A coupon's times lie in the years 2000 to 2099.")
    return typed.astimezone(UTC).replace(microsecond=typed.microsecond // 1000 * 1000)
