"""What holds for the price of any basket, with the real rules of delivery, coupons and taxes."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.domain.baskets import PLACES, DoesNotCount, any_basket, any_coupon, priced
from tests.domain.products import any_catalogue
from traya_gql.domain.coupons import CouponTerms
from traya_gql.domain.gst import TaxTotal, gst_percent
from traya_gql.domain.money import percent_of
from traya_gql.domain.pricing import BasketLine, Quote
from traya_gql.domain.products import ProductFacts
from traya_gql.domain.ruleset.offers import KitKind, Offer, offers
from traya_gql.domain.ruleset.rules import current_ruleset

KIT = current_ruleset().kit
KIT_PERCENTS = st.integers(0, 50)
MONTHS = st.integers(3, 12)


def some_coupon(basket: list[BasketLine], data: st.DataObject) -> CouponTerms | None:
    """Draw a coupon, or none."""
    return data.draw(st.none() | any_coupon([line.product.id for line in basket]), label="coupon")


def counted(basket: list[BasketLine], **terms: Any) -> Quote:
    """Return the price; a coupon that does not count is none of the property's cases."""
    try:
        return priced(basket, **terms)
    except DoesNotCount:
        assume(condition=False)
        raise


# --- it adds up -------------------------------------------------------------------------------------------------------


@given(basket=any_basket(), place=PLACES, kit_percent=KIT_PERCENTS, data=st.data())
def test_a_total_is_the_sum_of_what_is_shown(
    basket: list[BasketLine], place: dict[str, Any], kit_percent: int, data: st.DataObject
) -> None:
    found = counted(basket, coupon=some_coupon(basket, data), kit_percent=kit_percent, **place)

    lines, pricing = found.lines, found.pricing
    assert pricing.subtotal_paise == sum(line.total_paise for line in lines)
    assert sum(line.discount_paise for line in lines) == pricing.kit_discount_paise + pricing.coupon_discount_paise
    assert sum(line.coupon_discount_paise for line in lines) == pricing.coupon_discount_paise
    assert pricing.total_paise == sum(line.total_paise - line.discount_paise for line in lines) + pricing.shipping_paise
    assert pricing.tax is not None
    assert pricing.total_paise == pricing.tax.taxable_paise + pricing.tax.tax_paise
    assert pricing.tax == TaxTotal.of([line.tax for line in lines] + [t for t in [pricing.shipping_tax] if t])


@given(basket=any_basket(), place=PLACES, kit_percent=KIT_PERCENTS, data=st.data())
def test_nothing_is_negative_and_no_line_is_given_more_than_it_costs(
    basket: list[BasketLine], place: dict[str, Any], kit_percent: int, data: st.DataObject
) -> None:
    found = counted(basket, coupon=some_coupon(basket, data), kit_percent=kit_percent, **place)

    pricing = found.pricing
    assert pricing.total_paise >= pricing.shipping_paise >= 0
    assert pricing.kit_discount_paise >= 0
    assert pricing.coupon_discount_paise >= 0
    assert pricing.kit_discount_paise + pricing.coupon_discount_paise <= pricing.subtotal_paise
    for line in found.lines:
        assert 0 <= line.coupon_discount_paise <= line.discount_paise <= line.total_paise
        assert min(line.tax.taxable_paise, line.tax.cgst_paise, line.tax.sgst_paise, line.tax.igst_paise) >= 0


@given(basket=any_basket(), place=PLACES, kit_percent=KIT_PERCENTS, data=st.data())
def test_each_line_is_one_that_was_asked_for_with_the_tax_of_what_is_paid_for_it(
    basket: list[BasketLine], place: dict[str, Any], kit_percent: int, data: st.DataObject
) -> None:
    found = counted(basket, coupon=some_coupon(basket, data), kit_percent=kit_percent, **place)

    asked = [(line.product.id, line.product.price_paise, line.quantity) for line in basket]
    assert [(line.product_id, line.unit_price_paise, line.quantity) for line in found.lines] == asked
    for wanted, line in zip(basket, found.lines, strict=True):
        assert line.total_paise == wanted.product.price_paise * wanted.quantity
        assert line.tax.gross_paise == line.total_paise - line.discount_paise
        assert line.tax.hsn == wanted.product.hsn
        assert line.tax.percent == gst_percent(wanted.product.hsn, on=place["on"])


@given(basket=any_basket(), place=PLACES, kit_percent=KIT_PERCENTS, data=st.data())
def test_the_parcel_is_taxed_like_the_goods_and_never_below_any_of_them(
    basket: list[BasketLine], place: dict[str, Any], kit_percent: int, data: st.DataObject
) -> None:
    found = counted(basket, coupon=some_coupon(basket, data), kit_percent=kit_percent, **place)

    tax = found.pricing.shipping_tax
    assert (tax is None) is (found.pricing.shipping_paise == 0)
    if tax is not None:
        assert tax.gross_paise == found.pricing.shipping_paise
        assert tax.percent == max(line.tax.percent for line in found.lines)
        assert tax.hsn in {line.tax.hsn for line in found.lines if line.tax.percent == tax.percent}


# --- what changes nothing ---------------------------------------------------------------------------------------------


@given(basket=any_basket(), place=PLACES, kit_percent=KIT_PERCENTS, data=st.data())
def test_the_order_of_the_lines_changes_nothing(
    basket: list[BasketLine], place: dict[str, Any], kit_percent: int, data: st.DataObject
) -> None:
    coupon = some_coupon(basket, data)
    other = data.draw(st.permutations(basket))

    found = counted(basket, coupon=coupon, kit_percent=kit_percent, **place)
    again = priced(other, coupon=coupon, kit_percent=kit_percent, **place)

    assert again.pricing == found.pricing
    assert {line.product_id: line for line in again.lines} == {line.product_id: line for line in found.lines}


@given(basket=any_basket(), place=PLACES, kit_percent=KIT_PERCENTS, data=st.data())
def test_the_same_is_the_same_price_each_time(
    basket: list[BasketLine], place: dict[str, Any], kit_percent: int, data: st.DataObject
) -> None:
    coupon = some_coupon(basket, data)

    previewed = counted(basket, coupon=coupon, kit_percent=kit_percent, **place)

    assert priced(basket, coupon=coupon, kit_percent=kit_percent, **place) == previewed


@given(basket=any_basket(), place=PLACES, other=PLACES, kit_percent=KIT_PERCENTS, data=st.data())
def test_taxes_lie_inside_so_that_day_and_state_change_what_is_tax_and_not_what_is_paid(
    basket: list[BasketLine],
    place: dict[str, Any],
    other: dict[str, Any],
    kit_percent: int,
    data: st.DataObject,
) -> None:
    coupon = some_coupon(basket, data)

    here = counted(basket, coupon=coupon, kit_percent=kit_percent, **place)
    there = counted(basket, coupon=coupon, kit_percent=kit_percent, **{**other, "zone": place["zone"]})

    untaxed = {"tax", "shipping_tax"}
    assert here.pricing.model_dump(exclude=untaxed) == there.pricing.model_dump(exclude=untaxed)


# --- what makes it cheaper, and never dearer --------------------------------------------------------------------------


@given(basket=any_basket(), place=PLACES, kit_percent=KIT_PERCENTS, data=st.data())
def test_a_coupon_never_makes_an_order_dearer(
    basket: list[BasketLine], place: dict[str, Any], kit_percent: int, data: st.DataObject
) -> None:
    coupon = data.draw(any_coupon([line.product.id for line in basket]))

    without = priced(basket, kit_percent=kit_percent, **place)
    found = counted(basket, coupon=coupon, kit_percent=kit_percent, **place)

    assert found.pricing.total_paise <= without.pricing.total_paise
    assert found.pricing.kit_discount_paise == without.pricing.kit_discount_paise


@given(basket=any_basket(), place=PLACES, data=st.data())
def test_fewer_pieces_never_cost_more_while_the_coupon_still_counts(
    basket: list[BasketLine], place: dict[str, Any], data: st.DataObject
) -> None:
    coupon = some_coupon(basket, data)
    changed = data.draw(st.integers(0, len(basket) - 1))
    assume(basket[changed].quantity > 1)
    fewer = data.draw(st.integers(1, basket[changed].quantity - 1))
    smaller = [line._replace(quantity=fewer) if at == changed else line for at, line in enumerate(basket)]

    before, after = (counted(lines, coupon=coupon, **place) for lines in (basket, smaller))

    assert after.pricing.total_paise <= before.pricing.total_paise


@given(basket=any_basket(), place=PLACES, data=st.data())
def test_without_a_line_an_order_never_costs_more_while_the_coupon_still_counts(
    basket: list[BasketLine], place: dict[str, Any], data: st.DataObject
) -> None:
    assume(len(basket) > 1)
    coupon = some_coupon(basket, data)
    left_out = data.draw(st.integers(0, len(basket) - 1))
    smaller = [line for at, line in enumerate(basket) if at != left_out]

    before, after = (counted(lines, coupon=coupon, **place) for lines in (basket, smaller))

    assert after.pricing.total_paise <= before.pricing.total_paise


@given(basket=any_basket(), place=PLACES, percents=st.tuples(KIT_PERCENTS, KIT_PERCENTS), data=st.data())
def test_a_higher_discount_of_the_kit_never_makes_an_order_dearer(
    basket: list[BasketLine], place: dict[str, Any], percents: tuple[int, int], data: st.DataObject
) -> None:
    coupon = some_coupon(basket, data)

    lower, higher = (counted(basket, coupon=coupon, kit_percent=percent, **place) for percent in sorted(percents))

    assert higher.pricing.total_paise <= lower.pricing.total_paise


# --- kits by months ---------------------------------------------------------------------------------------------------


def lines_of(offer: Offer, kit: list[ProductFacts]) -> list[BasketLine]:
    """Return the basket that ordering an offer makes."""
    by_id = {one.id: one for one in kit}
    return [BasketLine(by_id[id_], quantity) for id_, quantity in offer.lines]


def for_all_shelves(terms: CouponTerms) -> CouponTerms:
    """Return a coupon that counts for products of every category."""
    return terms.model_copy(update={"categories": ()})


@given(kit=any_catalogue(), months=MONTHS, place=PLACES, data=st.data())
def test_more_months_of_a_kit_never_cost_less_than_fewer(
    kit: list[ProductFacts], months: int, place: dict[str, Any], data: st.DataObject
) -> None:
    # one for some shelves only may take nearly all of what more months add there, and the others stay
    coupon = data.draw(st.none() | any_coupon([one.id for one in kit]).map(for_all_shelves))

    totals = []
    for offer in offers({KitKind.COMPLETE: kit}, expected_months=months, rules=KIT):
        found = counted(lines_of(offer, kit), coupon=coupon, kit_percent=offer.discount_percent, **place)
        totals.append(found.pricing.total_paise)

    assert totals == sorted(totals)


@given(kit=any_catalogue(), months=MONTHS, place=PLACES)
def test_an_offer_costs_what_its_order_does_before_shipping(
    kit: list[ProductFacts], months: int, place: dict[str, Any]
) -> None:
    for offer in offers({KitKind.COMPLETE: kit, KitKind.BASIC: kit[:1]}, expected_months=months, rules=KIT):
        found = priced(lines_of(offer, kit), kit_percent=offer.discount_percent, **place)

        assert offer.price_paise == found.pricing.goods_paise
        assert offer.price_paise == found.pricing.subtotal_paise - found.pricing.kit_discount_paise
        assert found.pricing.kit_discount_paise == percent_of(found.pricing.subtotal_paise, offer.discount_percent)
        assert offer.discount_percent == KIT.discount_steps(months)[offer.months]
