"""What an order costs: each step, in numbers that were computed by hand."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from tests.domain.baskets import CAPSULES, HAIR_OIL, SERUM, DoesNotCount, coupon, line, priced
from tests.domain.products import product
from traya_gql.domain.coupons import CouponKind, CouponRefusalReason
from traya_gql.domain.delivery import Zone
from traya_gql.domain.gst import Tax, TaxTotal, UnknownHsn
from traya_gql.domain.money import paise, rupees
from traya_gql.domain.orders import MAX_LINES, MAX_QUANTITY
from traya_gql.domain.pricing import BasketLine, LinePrice, Pricing, Quote, Terms, quote
from traya_gql.domain.products import MAX_PRICE_PAISE, ProductCategory

MEDICINE = "30049011"


def tax_of(hsn: str, percent: int, taxable: int, *, each: int = 0, igst: int = 0) -> Tax:
    return Tax(hsn=hsn, percent=percent, taxable_paise=taxable, cgst_paise=each, sgst_paise=each, igst_paise=igst)


def payable(found: Quote) -> list[int]:
    return [line.tax.gross_paise for line in found.lines]


# --- whole orders -----------------------------------------------------------------------------------------------------


def test_a_kit_for_months_with_a_coupon_to_another_state_is_priced_step_by_step() -> None:
    oil, serum = line("oil", 499, 3), line("serum", 699, 3, ProductCategory.SERUM, hsn=SERUM)
    capsules = line("capsules", 799, 3, ProductCategory.MEDICINE, hsn=CAPSULES)
    a_tenth = coupon(percent=10, max_discount_paise=20_000)

    found = priced([oil, serum, capsules], coupon=a_tenth, kit_percent=5)

    assert found.lines == (
        LinePrice(
            product_id=oil.product.id,
            unit_price_paise=49_900,
            quantity=3,
            total_paise=149_700,
            discount_paise=7_485 + 4_997,
            coupon_discount_paise=4_997,
            tax=tax_of(HAIR_OIL, 5, 130_684, igst=6_534),
        ),
        LinePrice(
            product_id=serum.product.id,
            unit_price_paise=69_900,
            quantity=3,
            total_paise=209_700,
            discount_paise=10_485 + 7_001,
            coupon_discount_paise=7_001,
            tax=tax_of(SERUM, 18, 162_893, igst=29_321),
        ),
        LinePrice(
            product_id=capsules.product.id,
            unit_price_paise=79_900,
            quantity=3,
            total_paise=239_700,
            discount_paise=11_985 + 8_002,
            coupon_discount_paise=8_002,
            tax=tax_of(CAPSULES, 5, 209_250, igst=10_463),
        ),
    )
    assert found.pricing == Pricing(
        subtotal_paise=599_100,
        kit_discount_paise=29_955,
        coupon_discount_paise=20_000,
        shipping_paise=0,
        shipping_tax=None,
        tax=TaxTotal(taxable_paise=502_827, cgst_paise=0, sgst_paise=0, igst_paise=46_318),
        total_paise=549_145,
    )


def test_a_small_order_within_the_state_is_charged_for_its_parcel() -> None:
    shampoo = line("shampoo", 279, hsn="33051090")
    fifty_off = coupon(CouponKind.FIXED, amount_paise=5_000)

    found = priced([shampoo], coupon=fifty_off, zone=Zone.LOCAL, is_intra_state=True)

    assert found.lines[0].tax == tax_of("33051090", 5, 21_810, each=545)
    assert found.pricing == Pricing(
        subtotal_paise=27_900,
        coupon_discount_paise=5_000,
        shipping_paise=2_900,
        shipping_tax=tax_of("33051090", 5, 2_762, each=69),
        tax=TaxTotal(taxable_paise=24_572, cgst_paise=614, sgst_paise=614, igst_paise=0),
        total_paise=25_800,
    )


def test_no_tax_is_put_on_top() -> None:
    """Defect 8: the original added 18 % to prices that hold all taxes already."""
    assert priced([line("serum", 1_000, hsn=SERUM)]).pricing.total_paise == 100_000


@pytest.mark.parametrize(
    ("on", "percents", "igst_paise"),
    [(date(2025, 9, 20), [18, 18, 12], 23_413), (date(2025, 9, 25), [5, 18, 5], 14_475)],
)
def test_orders_of_20_and_25_september_2025_differ_in_their_taxes_alone(
    on: date, percents: list[int], igst_paise: int
) -> None:
    basket = [line("oil", 499), line("serum", 599, hsn=SERUM), line("tablets", 622, hsn=MEDICINE)]

    found = priced(basket, on=on)

    assert [one.tax.percent for one in found.lines] == percents
    assert found.pricing.tax is not None
    assert found.pricing.tax.igst_paise == igst_paise
    assert found.pricing.total_paise == 172_000


# --- lines ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price_paise", "quantity", "total_paise"), [(49_900, 1, 49_900), (49_900, 3, 149_700), (1, 20, 20)]
)
def test_a_line_costs_its_price_times_its_quantity(price_paise: int, quantity: int, total_paise: int) -> None:
    assert BasketLine(product(price_paise=price_paise), quantity).total_paise == total_paise


def test_an_order_costs_the_sum_of_its_lines() -> None:
    found = priced([line("a", 399), line("b", 299), line("c", 299, 2)])

    assert (found.pricing.subtotal_paise, found.pricing.total_paise) == (129_600, 129_600)
    assert found.pricing.goods_paise == 129_600


def test_the_largest_order_fits_an_int_of_graphql_in_paise() -> None:
    found = priced([line(f"p{place}", MAX_PRICE_PAISE // 100, MAX_QUANTITY) for place in range(MAX_LINES)])

    total = found.pricing.total_paise
    assert total == 2_000_000_000 <= 2**31 - 1
    # and can be told as the expected one
    assert paise(rupees(total)) == total


@pytest.mark.parametrize(
    ("hsn", "on"), [pytest.param("9993", None, id="no rate"), pytest.param(SERUM, date(2024, 12, 31), id="no rate yet")]
)
def test_a_product_without_a_tax_rate_has_no_price(hsn: str, on: date | None) -> None:
    with pytest.raises(UnknownHsn):
        priced([line("odd", 499, hsn=hsn)], on=on or date(2026, 11, 21))


# --- discounts --------------------------------------------------------------------------------------------------------


def test_the_discount_of_a_kit_is_rounded_once_and_then_spread() -> None:
    """5 percent of 3 x 10 paise are 1.5: 2 on the order, not 1 on each line."""
    found = priced([BasketLine(product(slug, price_paise=10), 1) for slug in "abc"], kit_percent=5)

    assert found.pricing.kit_discount_paise == 2
    assert sorted(one.discount_paise for one in found.lines) == [0, 1, 1]


def test_a_coupon_takes_its_part_of_what_the_kits_discount_leaves() -> None:
    found = priced([line("oil", 1_000)], coupon=coupon(percent=10), kit_percent=10)

    assert (found.pricing.kit_discount_paise, found.pricing.coupon_discount_paise) == (10_000, 9_000)
    assert found.pricing.total_paise == 81_000


def test_a_minimum_is_one_of_list_prices() -> None:
    basket = [line("oil", 500), line("serum", 500, hsn=SERUM)]

    found = priced(basket, coupon=coupon(percent=10, min_subtotal_paise=100_000), kit_percent=50)

    assert found.pricing.total_paise == 45_000 + 4_900


def test_a_coupon_that_does_not_count_is_no_price_without_it() -> None:
    with pytest.raises(DoesNotCount) as refused:
        priced([line("oil", 999)], coupon=coupon(percent=10, min_subtotal_paise=100_000))

    assert refused.value.args == (CouponRefusalReason.BELOW_MINIMUM,)


@pytest.mark.parametrize("taken_off", [(), (100,), (100, 100, 100)])
def test_a_coupon_that_does_not_answer_for_each_line_is_a_fault(taken_off: tuple[int, ...]) -> None:
    terms = Terms(
        kit_percent=0,
        coupon=lambda _subtotal, _lines: taken_off,
        charge=lambda _weight_g, _goods: 0,
        is_intra_state=True,
        on=date(2026, 11, 21),
    )

    with pytest.raises(ValueError, match="zip"):
        quote([line("oil", 499), line("serum", 599, hsn=SERUM)], terms)


def test_a_coupon_for_a_shelf_takes_off_its_lines_alone() -> None:
    basket = [line("oil", 600), line("serum", 400, 1, ProductCategory.SERUM, hsn=SERUM)]

    found = priced(basket, coupon=coupon(percent=25, categories=(ProductCategory.SERUM,)))

    assert [one.discount_paise for one in found.lines] == [0, 10_000]


def test_a_free_piece_is_one_at_what_the_kits_discount_leaves_of_its_price() -> None:
    basket = [line("oil", 600, 2), line("serum", 400, hsn=SERUM)]
    free_oil = coupon(CouponKind.FREE_ITEM, product_id=basket[0].product.id)

    found = priced(basket, coupon=free_oil, kit_percent=10)

    assert found.pricing.coupon_discount_paise == 54_000
    assert payable(found) == [54_000, 36_000]


def test_what_is_free_holds_no_tax_and_its_parcel_is_paid() -> None:
    found = priced([line("oil", 600)], coupon=coupon(percent=100))

    assert found.lines[0].tax == tax_of(HAIR_OIL, 5, 0)
    assert (found.pricing.goods_paise, found.pricing.shipping_paise, found.pricing.total_paise) == (0, 4_900, 4_900)


# --- the parcel -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "rupees", "quantity", "weight_g", "shipping_paise"),
    [
        pytest.param(Zone.NATIONAL, 100, 1, 500, 4_900, id="one step"),
        pytest.param(Zone.NATIONAL, 100, 1, 501, 6_900, id="a second one begun"),
        pytest.param(Zone.NATIONAL, 100, 3, 260, 6_900, id="three pieces weigh 780 g"),
        pytest.param(Zone.LOCAL, 100, 3, 260, 4_400, id="near"),
        pytest.param(Zone.REMOTE, 100, 3, 260, 11_900, id="far"),
        pytest.param(Zone.REMOTE, 480, 1, 260, 1_900, id="never more than what is missing to 499 rupees"),
        pytest.param(Zone.REMOTE, 499, 1, 20_000, 0, id="499 rupees"),
    ],
)
def test_a_parcel_is_charged_by_zone_weight_and_what_the_goods_cost(
    zone: Zone, rupees: int, quantity: int, weight_g: int, shipping_paise: int
) -> None:
    found = priced([line("oil", rupees, quantity, weight_g=weight_g)], zone=zone)

    assert found.pricing.shipping_paise == shipping_paise
    assert found.pricing.total_paise == rupees * quantity * 100 + shipping_paise


def test_all_lines_weigh() -> None:
    found = priced([line("oil", 100, weight_g=300), line("serum", 100, weight_g=300)])

    assert found.pricing.shipping_paise == 6_900


@pytest.mark.parametrize(("kit_percent", "amount_paise"), [(20, None), (0, 10_980)])
def test_goods_are_sent_for_nothing_by_what_is_left_after_discounts(kit_percent: int, amount_paise: int | None) -> None:
    """549 rupees less 109.80 are 439.20."""
    off = None if amount_paise is None else coupon(CouponKind.FIXED, amount_paise=amount_paise)

    found = priced([line("oil", 549)], coupon=off, kit_percent=kit_percent)

    assert (found.pricing.goods_paise, found.pricing.shipping_paise) == (43_920, 4_900)


@pytest.mark.parametrize("reverse", [False, True])
def test_a_parcel_is_taxed_at_the_highest_rate_of_its_goods(*, reverse: bool) -> None:
    """Source: https://lawcrux.com/data5t/gt/gtexmp/example_345.htm, of goods at 5, 0 and 8 percent: freight at 8."""
    basket = [line("oil", 300), line("serum", 20, hsn=SERUM), line("pills", 60, hsn=MEDICINE)]

    found = priced(basket[::-1] if reverse else basket)

    assert found.pricing.shipping_tax == tax_of(SERUM, 18, 5_847, igst=1_053)


@pytest.mark.parametrize("reverse", [False, True])
def test_of_headings_with_the_same_rate_the_highest_names_the_parcels(*, reverse: bool) -> None:
    basket = [line("oil", 200), line("capsules", 200, hsn=CAPSULES)]

    found = priced(basket[::-1] if reverse else basket)

    assert found.pricing.shipping_tax is not None
    assert found.pricing.shipping_tax.hsn == HAIR_OIL


def test_a_line_that_is_free_decides_on_the_parcels_rate_all_the_same() -> None:
    basket = [line("oil", 100), line("serum", 20, hsn=SERUM)]
    free_serum = coupon(CouponKind.FREE_ITEM, product_id=basket[1].product.id)

    found = priced(basket, coupon=free_serum)

    assert found.pricing.shipping_tax is not None
    assert found.pricing.shipping_tax.percent == 18


# --- the record -------------------------------------------------------------------------------------------------------


def test_an_order_from_before_discounts_and_taxes_were_recorded_can_be_read() -> None:
    found = Pricing.model_validate({"subtotal_paise": 49_900, "total_paise": 49_900})

    assert (found.kit_discount_paise, found.coupon_discount_paise, found.shipping_paise) == (0, 0, 0)
    assert (found.tax, found.shipping_tax) == (None, None)


@pytest.mark.parametrize("total_paise", [39_999, 40_001])
def test_a_total_that_is_not_the_sum_of_its_parts_is_refused(total_paise: int) -> None:
    parts = {"subtotal_paise": 50_000, "kit_discount_paise": 5_000, "coupon_discount_paise": 6_000}

    with pytest.raises(ValidationError, match="the total is not the sum of its parts"):
        Pricing.model_validate({**parts, "shipping_paise": 1_000, "total_paise": total_paise})
