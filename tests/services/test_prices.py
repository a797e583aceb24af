"""What the key of a price stands for."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.domain.baskets import HAIR_OIL, SERUM, DoesNotCount, any_basket, any_coupon, line, priced
from traya_gql.documents.orders import OrderLineRecord
from traya_gql.domain.coupons import CouponTerms
from traya_gql.domain.delivery import DeliveryEstimate, Zone
from traya_gql.domain.pricing import BasketLine
from traya_gql.domain.ruleset.offers import KitChoice, KitKind
from traya_gql.services.prices import Price

BASKET = [line("oil", 300, 2), line("serum", 150, 1, hsn=SERUM)]


def price(basket: list[BasketLine] = BASKET, *, coupon: CouponTerms | None = None, **changes: Any) -> Price:
    """Return the price of a basket; `changes` replace what it says besides."""
    is_intra_state = changes.get("is_intra_state", False)
    found = priced(basket, coupon=coupon, kit_percent=changes.pop("kit_percent", 0), is_intra_state=is_intra_state)
    said: dict[str, Any] = {
        "kit": None,
        "coupon": None,
        "coupon_seal": "",
        "zone": Zone.NATIONAL,
        "is_intra_state": is_intra_state,
        "working_days": (3, 7),
        "estimate": DeliveryEstimate(earliest=date(2026, 11, 25), latest=date(2026, 11, 30)),
        "free_shipping_from_paise": 49_900,
        "no_cash": None,
        "warnings": (),
        "at": datetime(2026, 11, 21, 12, tzinfo=UTC),
        "lines": tuple(
            OrderLineRecord(product_name=one.product.name, **dict(line))
            for one, line in zip(basket, found.lines, strict=True)
        ),
        "pricing": found.pricing,
    }
    return Price(**said | changes)


@settings(max_examples=30)
@given(basket=any_basket(), data=st.data())
def test_the_order_of_lines_changes_no_key(basket: list[BasketLine], data: st.DataObject) -> None:
    coupon = data.draw(st.none() | any_coupon([one.product.id for one in basket]))
    other = data.draw(st.permutations(basket))
    try:
        key = price(basket, coupon=coupon).key
    except DoesNotCount:
        assume(condition=False)
        raise

    assert price(other, coupon=coupon).key == key


OTHERS = {
    "a line less": price(BASKET[:1]),
    "a line more": price([*BASKET, line("shampoo", 200)]),
    "a piece less": price([line("oil", 300, 1), BASKET[1]]),
    "a price": price([line("oil", 301, 2), BASKET[1]]),
    "a product": price([line("balm", 300, 2), BASKET[1]]),
    "prices within the same total": price([line("oil", 75, 2), line("serum", 600, 1, hsn=SERUM)]),
    "a name": price([line("oil", 300, 2, name="Another oil"), BASKET[1]]),
    "a rate": price([line("oil", 300, 2, hsn=SERUM), BASKET[1]]),
    "a lower rate": price([BASKET[0], line("serum", 150, 1, hsn=HAIR_OIL)]),
    "a discount": price(kit_percent=10),
    "a kit": price(kit=KitChoice(kind=KitKind.BASIC, months=1)),
    "a kind of tax": price(is_intra_state=True),
    "the tax of the parcel": price(pricing=price().pricing.model_copy(update={"shipping_tax": price().lines[0].tax})),
    "a zone": price(zone=Zone.REMOTE),
    "working days": price(working_days=(3, 8)),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_whatever_else_would_be_sold_charged_or_promised_has_another_key(other: Price) -> None:
    assert not other.is_previewed_by(price().key)


@pytest.mark.parametrize(
    "other",
    [
        price(at=datetime(2026, 11, 22, 12, tzinfo=UTC)),
        price(estimate=DeliveryEstimate(earliest=date(2026, 11, 26), latest=date(2026, 12, 1))),
        price(coupon_seal="x" * 22),
    ],
    ids=["the time", "the dates of as many days", "another server's seal"],
)
def test_what_changes_by_itself_does_not_change_what_a_key_stands_for(other: Price) -> None:
    assert other.is_previewed_by(price().key)
