"""Made-up baskets and coupons for the tests of prices: made by hand, and made by hypothesis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from tests.domain.products import product
from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.coupons import (
    CouponKind,
    CouponLine,
    CouponRefusalReason,
    CouponTerms,
    Redeemer,
    discounts,
    why_refused,
)
from traya_gql.domain.delivery import Zone, delivery_rules
from traya_gql.domain.orders import MAX_LINES, MAX_QUANTITY
from traya_gql.domain.pricing import BasketLine, Quote, Terms, quote
from traya_gql.domain.products import MAX_PRICE_PAISE, MAX_WEIGHT_G, ProductCategory

TODAY = date(2026, 11, 21)
_NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
_REDEEMER = Redeemer(is_signed_in=True, uses=0, has_ordered=False)

HAIR_OIL, SERUM, CAPSULES = "33059019", "33059090", "210690"
"""5, 18 and 5 percent today."""


class DoesNotCount(Exception):
    """A coupon does not count for a basket."""


def line(
    slug: str, rupees: int, quantity: int = 1, category: ProductCategory = ProductCategory.OIL, **changes: Any
) -> BasketLine:
    """Return so many of a made-up product: hair oil of 260 g, but for `changes`."""
    return BasketLine(product(slug, category, **{"price_paise": rupees * 100, "hsn": HAIR_OIL, **changes}), quantity)


def coupon(kind: CouponKind = CouponKind.PERCENT, **changes: Any) -> CouponTerms:
    """Return a coupon that counts today and has begun this year."""
    return CouponTerms(kind=kind, starts_at=datetime(2026, 1, 1, tzinfo=UTC), **changes)


def priced(
    basket: Sequence[BasketLine],
    *,
    coupon: CouponTerms | None = None,
    kit_percent: int = 0,
    zone: Zone = Zone.NATIONAL,
    is_intra_state: bool = False,
    on: date = TODAY,
) -> Quote:
    """Return what a basket costs by the rules of this release.

    Raises:
        DoesNotCount: the coupon does not, for this basket.
    """
    rules = delivery_rules(on)
    return quote(
        basket,
        Terms(
            kit_percent=kit_percent,
            coupon=None if coupon is None else _taken_off_by(coupon),
            charge=lambda weight_g, goods_paise: rules.charge(zone, weight_g=weight_g, goods_paise=goods_paise),
            is_intra_state=is_intra_state,
            on=on,
        ),
    )


def _taken_off_by(terms: CouponTerms) -> Callable[[int, Sequence[CouponLine]], Sequence[int]]:
    def taken_off(subtotal_paise: int, lines: Sequence[CouponLine]) -> Sequence[int]:
        if reason := _why_not(terms, subtotal_paise, lines):
            raise DoesNotCount(reason)
        return discounts(terms, lines)

    return taken_off


def _why_not(terms: CouponTerms, subtotal_paise: int, lines: Sequence[CouponLine]) -> CouponRefusalReason | None:
    return why_refused(
        terms,
        is_enabled=True,
        is_free_item_sold=True,
        uses=0,
        redeemer=_REDEEMER,
        subtotal_paise=subtotal_paise,
        lines=lines,
        at=_NOON,
    )


# --- made by hypothesis: made once, as making them takes longer than drawing from them --------------------------------

# few paise, where rounding shows; prices around which parcels become free; and all that there may be
_PRICES = st.integers(1, 9) | st.integers(1, 60_000) | st.integers(1, MAX_PRICE_PAISE)
_CATEGORIES = st.sampled_from(ProductCategory)
_LINES = st.tuples(
    _PRICES,
    st.integers(1, 3) | st.integers(1, MAX_QUANTITY),
    _CATEGORIES,
    st.sampled_from(sorted({seed.hsn for seed in catalogue()})),
    st.integers(1, 600) | st.integers(1, MAX_WEIGHT_G),
)
DAYS = st.dates(date(2025, 1, 1), date(2027, 12, 31)) | st.dates(date(2025, 9, 15), date(2025, 9, 30))
ZONES = st.sampled_from(Zone)
PLACES = st.fixed_dictionaries({"zone": ZONES, "is_intra_state": st.booleans(), "on": DAYS})
"""Where it goes, and when: arguments of `priced`."""


@st.composite
def any_basket(draw: st.DrawFn, most_lines: int = MAX_LINES) -> list[BasketLine]:
    """Baskets of one line or more, each product once; cheap and dear, light and heavy, of all headings."""
    found = draw(st.lists(_LINES, min_size=1, max_size=most_lines))
    return [
        BasketLine(product(f"product-{place}", category, price_paise=price, hsn=hsn, weight_g=weight), quantity)
        for place, (price, quantity, category, hsn, weight) in enumerate(found)
    ]


_MINIMA = st.just(0) | st.integers(0, 100_000)
_SHELVES = st.lists(_CATEGORIES, unique=True)
_PERCENT: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "kind": st.just(CouponKind.PERCENT),
        "percent": st.integers(1, 100),
        "max_discount_paise": st.none() | st.integers(1, 50_000),
        "categories": _SHELVES,
        "min_subtotal_paise": _MINIMA,
    }
)
_FIXED: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "kind": st.just(CouponKind.FIXED),
        "amount_paise": st.integers(1, 100) | st.integers(1, 10**8),
        "categories": _SHELVES,
        "min_subtotal_paise": _MINIMA,
    }
)


def any_coupon(products: Sequence[UUID]) -> st.SearchStrategy[CouponTerms]:
    """Coupons of all kinds, the free item among these products. Not each of them counts for each basket."""
    free: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {
            "kind": st.just(CouponKind.FREE_ITEM),
            "product_id": st.sampled_from(products),
            "min_subtotal_paise": _MINIMA,
        }
    )
    return st.one_of(_PERCENT, _FIXED, free).map(lambda changes: coupon(**changes))
