"""Coupons: what staff do with them, and what an order does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from pymongo.errors import DuplicateKeyError

from traya_gql.documents import coupon_changes, coupons, customers, orders, products
from traya_gql.documents.coupon_changes import CouponChangeDocument, CouponChangeRecord
from traya_gql.documents.coupons import CouponDocument, CouponRecord
from traya_gql.documents.products import ProductRecord
from traya_gql.documents.records import Position
from traya_gql.documents.transactions import Transactions
from traya_gql.domain.coupon_checks import TypedTerms, check_new_code, check_terms
from traya_gql.domain.coupons import (
    CouponLine,
    CouponRefusalReason,
    CouponTerms,
    Redeemer,
    RefusalFacts,
    check_code,
    discounts,
    refusal_message,
    why_refused,
)
from traya_gql.domain.products import ProductCategory, ProductStatus
from traya_gql.domain.refusals import InvalidInput, InvalidValue, Problem, Problems, Refusal, RefusalCode
from traya_gql.services.turns import TurnMissed, Turns
from traya_gql.services.versions import StaleVersion


class CouponRefusal(NamedTuple):
    """Why a coupon does not count, and what would help.

    Args:
        min_subtotal_paise: what the lines must cost together, of BELOW_MINIMUM alone.
        categories: the shelves whose products it is for, of NOT_FOR_THESE_PRODUCTS alone.
        starts_at: the first moment at which it counts, of NOT_YET_VALID alone.
        ends_at: the first moment at which it counts no more, of EXPIRED alone.
        product_id: the product to add, of FREE_ITEM_MISSING alone: it can be ordered now.
    """

    reason: CouponRefusalReason
    min_subtotal_paise: int | None = None
    categories: tuple[ProductCategory, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    product_id: UUID | None = None


def _told(reason: CouponRefusalReason, terms: CouponTerms) -> CouponRefusal:
    """Return what of the terms is told: what the reason is about, and nothing else."""
    if reason is CouponRefusalReason.BELOW_MINIMUM:
        return CouponRefusal(reason, min_subtotal_paise=terms.min_subtotal_paise)
    if reason is CouponRefusalReason.NOT_FOR_THESE_PRODUCTS:
        return CouponRefusal(reason, categories=terms.categories)
    if reason is CouponRefusalReason.NOT_YET_VALID:
        return CouponRefusal(reason, starts_at=terms.starts_at)
    if reason is CouponRefusalReason.EXPIRED:
        return CouponRefusal(reason, ends_at=terms.ends_at)
    if reason is CouponRefusalReason.FREE_ITEM_MISSING:
        return CouponRefusal(reason, product_id=terms.product_id)
    return CouponRefusal(reason)


_NO_FACTS = RefusalFacts()


class CouponRefused(Refusal):
    """The coupon does not count for this order. The problem's detail is a `CouponRefusal`."""

    codes = frozenset({RefusalCode.INVALID_COUPON})

    def __init__(
        self, reason: CouponRefusalReason, *, terms: CouponTerms | None = None, facts: RefusalFacts = _NO_FACTS
    ) -> None:
        refusal = CouponRefusal(reason) if terms is None else _told(reason, terms)
        message = refusal_message(reason, facts)
        super().__init__(Problem(RefusalCode.INVALID_COUPON, message, ("input", "couponCode"), detail=refusal))
        self.reason = reason

    @property
    def is_miss(self) -> bool:
        """Whether there is no such coupon: then it may have been a guess."""
        return self.reason is CouponRefusalReason.NOT_FOUND

    @property
    def is_of_the_moment(self) -> bool:
        """Whether it says nothing of the coupon, but that it was not looked up now."""
        return self.reason in {CouponRefusalReason.TOO_MANY_TRIES, CouponRefusalReason.BUSY}


class CouponNotFound(Refusal):
    """There is no coupon with this id."""

    codes = frozenset({RefusalCode.COUPON_NOT_FOUND})

    def __init__(self) -> None:
        super().__init__(Problem(RefusalCode.COUPON_NOT_FOUND, "There is no such coupon.", ("id",)))


class CouponExists(Refusal):
    """There is a coupon with this code already."""

    codes = frozenset({RefusalCode.ALREADY_EXISTS})

    def __init__(self) -> None:
        message = "There is a coupon with this code already. Change that one, or choose another code."
        super().__init__(Problem(RefusalCode.ALREADY_EXISTS, message, ("input", "code")))


class CouponInUse(Refusal):
    """An order used the coupon, so what it takes off stays."""

    codes = frozenset({RefusalCode.COUPON_IN_USE})

    def __init__(self) -> None:
        message = "Orders have used this coupon, so what it takes off stays. Disable it, and make another one."
        super().__init__(Problem(RefusalCode.COUPON_IN_USE, message, ("input", "terms", "value")))


# --- what an order does -----------------------------------------------------------------------------------------------


class FoundCoupon(NamedTuple):
    """A coupon, and who would use it. `free_product`: one piece of it is free; None too when it cannot be sold now."""

    coupon: CouponRecord
    redeemer: Redeemer
    free_product: ProductRecord | None = None


async def find_coupon(code: str, *, customer_id: UUID | None) -> FoundCoupon:
    """Return the coupon with this code, as somebody typed it, and what is known of the customer (None: a guest).

    Joins the transaction it runs in. One command, and one more for each rule that asks about orders of before, and for
    a free item.

    Raises:
        CouponRefused: NOT_FOUND.
    """
    try:
        checked = check_code(code)
    except InvalidValue:
        raise CouponRefused(CouponRefusalReason.NOT_FOUND) from None
    coupon = await coupons.by_code(checked)
    if coupon is None:
        raise CouponRefused(CouponRefusalReason.NOT_FOUND)
    uses, has_ordered = 0, False
    if customer_id is not None and coupon.terms.max_uses_per_customer is not None:
        uses = await orders.coupon_uses(customer_id, coupon.id)
    if customer_id is not None and coupon.terms.is_first_order_only:
        has_ordered = await orders.has_ordered(customer_id)
    return FoundCoupon(
        coupon,
        Redeemer(is_signed_in=customer_id is not None, uses=uses, has_ordered=has_ordered),
        free_product=await _sold(coupon.terms.product_id),
    )


async def _sold(product_id: UUID | None) -> ProductRecord | None:
    if product_id is None:
        return None
    product = (await products.by_ids([product_id])).get(product_id)
    return product if product is not None and product.can_be_sent and _can_be_free(product) else None


def _can_be_free(product: ProductRecord) -> bool:
    """Return whether a product may be given away: never what is sold on prescription only."""
    return product.status is ProductStatus.PUBLISHED and not product.needs_prescription


def coupon_discounts(
    found: FoundCoupon, *, subtotal_paise: int, lines: Sequence[CouponLine], at: datetime
) -> tuple[int, ...]:
    """Return what the coupon takes off each line, in paise and in their order.

    Raises:
        CouponRefused: it does not count for this order.
    """
    coupon, terms = found.coupon, found.coupon.terms
    reason = why_refused(
        terms,
        is_enabled=coupon.is_enabled,
        is_free_item_sold=terms.product_id is None or found.free_product is not None,
        uses=coupon.uses,
        redeemer=found.redeemer,
        subtotal_paise=subtotal_paise,
        lines=lines,
        at=at,
    )
    if reason is not None:
        facts = RefusalFacts(
            min_subtotal_paise=terms.min_subtotal_paise,
            categories=terms.categories,
            free_product="product" if found.free_product is None else found.free_product.name,
        )
        raise CouponRefused(reason, terms=terms, facts=facts)
    return discounts(terms, lines)


async def redeem_coupon(found: FoundCoupon, *, customer_id: UUID | None) -> None:
    """Use up one use of the coupon. To be called in the transaction of the order, in which it was found.

    Raises:
        CouponRefused: USED_UP.
    """
    terms = found.coupon.terms
    if terms.is_first_order_only and customer_id is not None:
        await customers.note_first_order_coupon(customer_id)
    if not await coupons.redeem(found.coupon.id, max_uses=terms.max_uses):
        raise CouponRefused(CouponRefusalReason.USED_UP)


@dataclass(frozen=True, kw_only=True)
class CouponTurns:
    """Lets the orders with one coupon follow one after the other within this process.

    They would do so in the database, by undoing each other's tries: two hundred at once for longer than an order may
    take.
    """

    turns: Turns = field(default_factory=Turns, repr=False)

    @asynccontextmanager
    async def take(self, code: str | None) -> AsyncIterator[None]:
        """Run the block when it is the turn of an order with this code, as somebody typed it; None: without one.

        Raises:
            CouponRefused: BUSY, when others with it took too long.
        """
        try:
            turn = None if code is None else check_code(code)
        except InvalidValue:
            turn = None
        if turn is None:
            yield
            return
        try:
            async with self.turns.take(turn):
                yield
        except TurnMissed:
            raise CouponRefused(CouponRefusalReason.BUSY) from None


# --- what staff do ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupons:
    """The use cases of staff who keep the catalogue. `by` is the customer id of who does it."""

    transactions: Transactions
    now: Callable[[], datetime]

    async def find(self, code: str) -> CouponRecord | None:
        """Return the coupon with this code, as somebody typed it."""
        try:
            return await coupons.by_code(check_code(code))
        except InvalidValue:
            return None

    async def page(self, *, is_enabled: bool | None, after: Position | None, limit: int) -> list[CouponRecord]:
        """Return at most `limit` coupons, enabled or disabled ones if so asked, the newest first."""
        return await coupons.page(is_enabled=is_enabled, after=after, limit=limit)

    async def changes(self, coupon_id: UUID, *, before: int | None, limit: int) -> list[CouponChangeRecord]:
        """Return at most `limit` changes of a coupon, to versions below `before`, the newest first."""
        return await coupon_changes.page(coupon_id, before=before, limit=limit)

    async def create(self, code: str, typed: TypedTerms, *, by: UUID) -> CouponRecord:
        """Make a coupon, enabled.

        Raises:
            InvalidInput: code or terms break rules, or no such product can be free.
            CouponExists: the code is taken.
        """
        problems = Problems()
        checked = problems.take("code", lambda: check_new_code(code))
        at = self.now()
        terms = check_terms(typed, problems, made_at=at)
        assert checked is not None  # noqa: S101 - no problem was found
        await _refuse_what_cannot_be_free(terms.product_id)
        coupon = CouponDocument(id=uuid4(), created_at=at, code=checked, terms=terms, created_by=by)
        try:
            return await coupon.insert()
        except DuplicateKeyError:
            raise CouponExists from None

    async def update(
        self, coupon_id: UUID | None, typed: TypedTerms, *, expected_version: int, by: UUID
    ) -> CouponRecord:
        """Replace all terms of a coupon, and note what they were; `coupon_id` is None where the client sent no id.

        Terms that it has already change nothing. Once an order used it, what it takes off stays (`CouponTerms.value`);
        all other terms can still change.

        Raises:
            InvalidInput: terms break rules, or no such product can be free.
            CouponNotFound: there is none with this id.
            StaleVersion: it is not of the expected version.
            CouponInUse: it takes off something else than before, and an order used it.
        """
        terms = check_terms(typed, Problems())
        await _refuse_what_cannot_be_free(terms.product_id)
        if coupon_id is None:
            raise CouponNotFound
        at, change_id = self.now(), uuid4()

        async def work() -> CouponRecord:
            known = await _known(coupon_id)
            if known.version != expected_version:
                raise StaleVersion
            if known.terms == terms:
                return known
            changed = await coupons.change_terms(coupon_id, from_version=expected_version, terms=terms)
            if changed is None:
                raise CouponInUse
            await _change(known, id_=change_id, at=at, by=by).insert()
            return changed

        return await self.transactions.run(work)

    async def switch(self, coupon_id: UUID | None, *, is_enabled: bool, by: UUID) -> CouponRecord:
        """Disable a coupon, from the next order on, or enable it again; one that is so already stays as it is.

        Raises:
            CouponNotFound: there is none with this id.
        """
        if coupon_id is None:
            raise CouponNotFound
        at, change_id = self.now(), uuid4()

        async def work() -> CouponRecord:
            known = await _known(coupon_id)
            changed = await coupons.switch(coupon_id, is_enabled=is_enabled)
            if changed is None:
                return known
            await _change(known, id_=change_id, at=at, by=by).insert()
            return changed

        return await self.transactions.run(work)


def _change(before: CouponRecord, *, id_: UUID, at: datetime, by: UUID) -> CouponChangeDocument:
    return CouponChangeDocument(
        id=id_,
        coupon_id=before.id,
        version=before.version + 1,
        changed_at=at,
        changed_by=by,
        terms=before.terms,
        is_enabled=before.is_enabled,
    )


async def _known(coupon_id: UUID) -> CouponRecord:
    known = (await coupons.by_ids([coupon_id])).get(coupon_id)
    if known is None:
        raise CouponNotFound
    return known


async def _refuse_what_cannot_be_free(product_id: UUID | None) -> None:
    if product_id is None:
        return
    product = (await products.by_ids([product_id])).get(product_id)
    if product is None:
        message = "There is no product with this id."
    elif product.needs_prescription:
        message = "This product is sold on prescription only, so it cannot be given away. Choose another one."
    elif product.status is not ProductStatus.PUBLISHED:
        message = "This product is not on sale, so nobody could have it free. Publish it first, or choose another one."
    else:
        return
    raise InvalidInput(Problem(RefusalCode.INVALID_ID, message, ("input", "terms", "value", "freeProductId")))
