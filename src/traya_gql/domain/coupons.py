"""Coupons: what they say, why one does not count, and what one takes off. Source: docs/decisions/0029."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, NamedTuple, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from traya_gql.domain.money import percent_of, rupees, spread
from traya_gql.domain.products import ProductCategory
from traya_gql.domain.rates import time_to_wait, too_often
from traya_gql.domain.refusals import InvalidValue, RefusalCode
from traya_gql.domain.text import plain_digits

_TYPED_CODE = re.compile(r"[A-Za-z0-9-]+", re.ASCII)
_SHORTEST, _LONGEST = 3, 30
_MOST_TYPED = 100
MAX_PERCENT = 100
"""The goods cost nothing then."""

MAX_USES = 10_000_000
"""The highest limit of uses: more than there will be orders."""


class CouponKind(StrEnum):
    """What a coupon takes off: a part of the price, an amount, or one piece of a product."""

    PERCENT = "PERCENT"
    FIXED = "FIXED"
    FREE_ITEM = "FREE_ITEM"


class CouponTerms(BaseModel):
    """What a coupon says.

    Args:
        percent: 1 to 100, of PERCENT alone.
        amount_paise: of FIXED alone.
        product_id: the product of which one piece is free, of FREE_ITEM alone.
        starts_at: the first moment at which it counts.
        ends_at: the first moment at which it counts no more; None: it does not end by itself.
        min_subtotal_paise: what all lines must cost together at list prices.
        max_discount_paise: the most that a percentage takes off; None: no cap.
        categories: the shelves whose products it counts for; empty: all. A free item is named by its product alone.
        max_uses: how many orders may use it; None: any number. With it, only who is signed in can use it.
        max_uses_per_customer: how many orders of one customer may; with it, only who is signed in can use it.
        is_first_order_only: only for a customer without orders; with it, only who is signed in can use it.
    """

    model_config = ConfigDict(frozen=True)

    kind: CouponKind
    percent: Annotated[int, Field(ge=1, le=MAX_PERCENT)] | None = None
    amount_paise: Annotated[int, Field(ge=1)] | None = None
    product_id: UUID | None = None
    starts_at: AwareDatetime
    ends_at: AwareDatetime | None = None
    min_subtotal_paise: Annotated[int, Field(ge=0)] = 0
    max_discount_paise: Annotated[int, Field(ge=1)] | None = None
    categories: tuple[ProductCategory, ...] = ()
    max_uses: Annotated[int, Field(ge=1, le=MAX_USES)] | None = None
    max_uses_per_customer: Annotated[int, Field(ge=1, le=MAX_USES)] | None = None
    is_first_order_only: bool = False

    @model_validator(mode="after")
    def _has_the_value_of_its_kind(self) -> Self:
        values = {
            CouponKind.PERCENT: self.percent,
            CouponKind.FIXED: self.amount_paise,
            CouponKind.FREE_ITEM: self.product_id,
        }
        if {kind for kind, value in values.items() if value is not None} != {self.kind}:
            raise ValueError("a coupon has the value of its kind, and no other")
        if self.max_discount_paise is not None and self.kind is not CouponKind.PERCENT:
            raise ValueError("only a percentage has a cap")
        if self.categories and self.kind is CouponKind.FREE_ITEM:
            raise ValueError("a free item is named by its product, not by categories")
        if self.ends_at is not None and self.ends_at <= self.starts_at:
            raise ValueError("a coupon ends after it starts")
        return self

    @property
    def value(self) -> tuple[CouponKind, int | UUID | None]:
        """What it takes off, and how much of it."""
        return self.kind, self.percent or self.amount_paise or self.product_id

    @property
    def needs_signing_in(self) -> bool:
        """Whether guests cannot use it: a phone that somebody typed proves nothing.

        It would answer what a phone has ordered before, and invented phones would use up in a second what is limited.
        """
        return self.max_uses is not None or self.max_uses_per_customer is not None or self.is_first_order_only

    def is_for(self, line: CouponLine) -> bool:
        """Whether it may take something off this line."""
        if self.kind is CouponKind.FREE_ITEM:
            return line.product_id == self.product_id
        return not self.categories or line.category in self.categories


class CouponRefusalReason(StrEnum):
    """Why a coupon does not count."""

    NOT_FOUND = "NOT_FOUND"
    DISABLED = "DISABLED"
    NOT_YET_VALID = "NOT_YET_VALID"
    EXPIRED = "EXPIRED"
    USED_UP = "USED_UP"
    SIGN_IN_REQUIRED = "SIGN_IN_REQUIRED"
    ALREADY_USED = "ALREADY_USED"
    FIRST_ORDER_ONLY = "FIRST_ORDER_ONLY"
    BELOW_MINIMUM = "BELOW_MINIMUM"
    NOT_FOR_THESE_PRODUCTS = "NOT_FOR_THESE_PRODUCTS"
    FREE_ITEM_MISSING = "FREE_ITEM_MISSING"
    FREE_ITEM_UNAVAILABLE = "FREE_ITEM_UNAVAILABLE"
    BUSY = "BUSY"
    TOO_MANY_TRIES = "TOO_MANY_TRIES"


_MESSAGES = {
    CouponRefusalReason.NOT_FOUND: "There is no such coupon. Check the code, or order without one.",
    CouponRefusalReason.DISABLED: "This coupon is no longer valid. Order without it.",
    CouponRefusalReason.NOT_YET_VALID: "This coupon is not valid yet. Order without it, or come back later.",
    CouponRefusalReason.EXPIRED: "This coupon has ended. Order without it.",
    CouponRefusalReason.USED_UP: "This coupon has been used up. Order without it.",
    CouponRefusalReason.SIGN_IN_REQUIRED: "Sign in to use this coupon, or order without it.",
    CouponRefusalReason.ALREADY_USED: "You have used this coupon as often as you can. Order without it.",
    CouponRefusalReason.FIRST_ORDER_ONLY: "This coupon is for a first order only. Order without it.",
    CouponRefusalReason.FREE_ITEM_UNAVAILABLE: (
        "The product that this coupon makes free cannot be ordered now. Order without the coupon, or come back later."
    ),
    CouponRefusalReason.BUSY: (
        "Many people are using this coupon right now. Try again in a few seconds, or order without it."
    ),
}


_SHELVES = {
    ProductCategory.MEDICINE: "supplements",
    ProductCategory.OIL: "hair oils",
    ProductCategory.SERUM: "serums",
    ProductCategory.SHAMPOO: "shampoos",
}


class RefusalFacts(NamedTuple):
    """What else the words of a refusal name: each where it is the reason.

    Args:
        min_subtotal_paise: of BELOW_MINIMUM.
        categories: of NOT_FOR_THESE_PRODUCTS, at least one.
        free_product: the name of the product of FREE_ITEM_MISSING.
        tried_too_often: which limit refuses, of TOO_MANY_TRIES.
        wait_s: for how many seconds it does.
        is_signed_in: whether it refuses a customer; else all guests of a network.
    """

    min_subtotal_paise: int = 0
    categories: Sequence[ProductCategory] = ()
    free_product: str = "product"
    tried_too_often: str = ""
    wait_s: int = 0
    is_signed_in: bool = False


def refusal_message(reason: CouponRefusalReason, facts: RefusalFacts) -> str:
    """Return what a customer is told: why the coupon does not count, and what would help."""
    if reason is CouponRefusalReason.BELOW_MINIMUM:
        least = rupees(facts.min_subtotal_paise)
        return f"Products for {least} rupees or more are needed for this coupon. Add more, or order without it."
    if reason is CouponRefusalReason.NOT_FOR_THESE_PRODUCTS:
        *others, last = (_SHELVES[category] for category in facts.categories)
        shelves = f"{', '.join(others)} and {last}" if others else last
        return f"This coupon is for {shelves} only. Add some, or order without it."
    if reason is CouponRefusalReason.FREE_ITEM_MISSING:
        return (
            f"This coupon makes one piece of {facts.free_product} free. Add it to the order, or order without the "
            "coupon."
        )
    if reason is CouponRefusalReason.TOO_MANY_TRIES:
        ways = "Order without a coupon" if facts.is_signed_in else "Sign in to use a coupon, order without one"
        return f"{too_often(facts.tried_too_often)} {ways}, or try again in {time_to_wait(facts.wait_s)}."
    return _MESSAGES[reason]


class Redeemer(NamedTuple):
    """Who would use a coupon.

    Args:
        is_signed_in: False for a guest, of whom nothing else is known.
        uses: how many of their orders have used this coupon.
        has_ordered: whether they have an order at all.
    """

    is_signed_in: bool
    uses: int
    has_ordered: bool


class CouponLine(NamedTuple):
    """One line of an order. `amount_paise` is what is left to pay of all its pieces before the coupon."""

    product_id: UUID
    category: ProductCategory
    unit_price_paise: int
    quantity: int
    amount_paise: int


def check_code(raw: str) -> str:
    """Return the code as it is stored: 3 to 30 capital letters A-Z, digits and "-".

    Spaces around it are ignored, and the digits of India's scripts are understood.

    Raises:
        InvalidValue: TOO_SHORT, TOO_LONG or INVALID_CHARACTERS.
    """
    # before any work on a text of a megabyte
    code = plain_digits(raw.strip()) if len(raw) <= _MOST_TYPED else raw
    if _SHORTEST <= len(code) <= _LONGEST and _TYPED_CODE.fullmatch(code):
        return code.upper()
    message = 'A coupon code has 3 to 30 letters A-Z, digits and "-", such as WELCOME-10.'
    if len(code) > _LONGEST:
        raise InvalidValue(RefusalCode.TOO_LONG, message)
    if len(code) < _SHORTEST:
        raise InvalidValue(RefusalCode.TOO_SHORT, message)
    raise InvalidValue(RefusalCode.INVALID_CHARACTERS, message)


def why_refused(
    terms: CouponTerms,
    *,
    is_enabled: bool,
    is_free_item_sold: bool,
    uses: int,
    redeemer: Redeemer,
    subtotal_paise: int,
    lines: Sequence[CouponLine],
    at: datetime,
) -> CouponRefusalReason | None:
    """Return the first reason why a coupon does not count for an order; None when it counts.

    What is wrong with the coupon itself comes first, then what is wrong with the customer, then with the order.

    Args:
        terms: what the coupon says.
        is_enabled: whether staff have not disabled it.
        is_free_item_sold: whether its free item could be ordered now by anybody; True where it has none.
        uses: how many orders have used it.
        redeemer: who orders.
        subtotal_paise: all lines at list prices.
        lines: the lines, at least one.
        at: when it is ordered.
    """
    return (
        _why_not_now(terms, is_enabled=is_enabled, uses=uses, at=at)
        or (None if is_free_item_sold else CouponRefusalReason.FREE_ITEM_UNAVAILABLE)
        or _why_not_by(terms, redeemer)
        or _why_not_for(terms, subtotal_paise, lines)
    )


def _why_not_now(terms: CouponTerms, *, is_enabled: bool, uses: int, at: datetime) -> CouponRefusalReason | None:
    if not is_enabled:
        return CouponRefusalReason.DISABLED
    if at < terms.starts_at:
        return CouponRefusalReason.NOT_YET_VALID
    if terms.ends_at is not None and at >= terms.ends_at:
        return CouponRefusalReason.EXPIRED
    if terms.max_uses is not None and uses >= terms.max_uses:
        return CouponRefusalReason.USED_UP
    return None


def _why_not_by(terms: CouponTerms, redeemer: Redeemer) -> CouponRefusalReason | None:
    if terms.needs_signing_in and not redeemer.is_signed_in:
        return CouponRefusalReason.SIGN_IN_REQUIRED
    if terms.max_uses_per_customer is not None and redeemer.uses >= terms.max_uses_per_customer:
        return CouponRefusalReason.ALREADY_USED
    if terms.is_first_order_only and redeemer.has_ordered:
        return CouponRefusalReason.FIRST_ORDER_ONLY
    return None


def _why_not_for(terms: CouponTerms, subtotal_paise: int, lines: Sequence[CouponLine]) -> CouponRefusalReason | None:
    if subtotal_paise < terms.min_subtotal_paise:
        return CouponRefusalReason.BELOW_MINIMUM
    if any(terms.is_for(line) for line in lines):
        return None
    if terms.kind is CouponKind.FREE_ITEM:
        return CouponRefusalReason.FREE_ITEM_MISSING
    return CouponRefusalReason.NOT_FOR_THESE_PRODUCTS


def discounts(terms: CouponTerms, lines: Sequence[CouponLine]) -> tuple[int, ...]:
    """Return what a coupon that counts takes off each line, in their order: never more than is left to pay of it.

    The sum is the coupon's discount. A percentage and an amount are spread over the lines that it is for, in proportion
    to what is left to pay of them. A free item is one piece, at what it would have cost after the discount of a kit.
    """
    amounts = [line.amount_paise if terms.is_for(line) else 0 for line in lines]
    return spread(_discount(terms, lines, sum(amounts)), amounts, keys=[line.product_id for line in lines])


def _discount(terms: CouponTerms, lines: Sequence[CouponLine], eligible: int) -> int:
    if terms.percent is not None:
        found = percent_of(eligible, terms.percent)
        return found if terms.max_discount_paise is None else min(found, terms.max_discount_paise)
    if terms.amount_paise is not None:
        return min(eligible, terms.amount_paise)
    return sum(_one_piece(line) for line in lines if terms.is_for(line))


def _one_piece(line: CouponLine) -> int:
    """Return what one piece costs of what is left to pay of the line, half a paisa rounded up."""
    return min(line.unit_price_paise, (2 * line.amount_paise + line.quantity) // (2 * line.quantity))
