"""The tables and figures of docs/pricing.md are those of the code: rates, charges, discounts, and two worked orders."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.domain.baskets import coupon, priced
from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.coupons import CouponKind, CouponTerms
from traya_gql.domain.delivery import Zone, delivery_rules
from traya_gql.domain.gst import Tax, TaxTotal, gst_percent, gst_rates
from traya_gql.domain.money import percent_of, rupees
from traya_gql.domain.orders import MAX_LINES, MAX_QUANTITY, PaymentMethod
from traya_gql.domain.pricing import BasketLine, LinePrice, Quote
from traya_gql.domain.rates import Rates
from traya_gql.domain.ruleset.rules import current_ruleset
from traya_gql.domain.states import IndianState

DOCUMENT = (Path(__file__).parents[2] / "docs" / "pricing.md").read_text(encoding="utf-8")
TODAY = date(2026, 11, 21)
LAST_BEFORE, FIRST_AFTER = date(2025, 9, 21), date(2025, 9, 22)
RULES = delivery_rules(TODAY)
KIT = current_ruleset().kit


# --- the worked orders ------------------------------------------------------------------------------------------------


class Worked(NamedTuple):
    """An order that the page works out. `products` are slugs of the catalogue."""

    products: tuple[str, ...]
    quantity: int
    kit_percent: int
    coupon: CouponTerms
    pin_code: str
    state: IndianState

    @property
    def zone(self) -> Zone:
        found = RULES.zone_of(pin_code=self.pin_code, state=self.state)
        assert found is not None
        return found

    def price(self, *, with_coupon: bool = True) -> Quote:
        by_slug = {seed.slug: seed.product for seed in catalogue()}
        return priced(
            [BasketLine(by_slug[slug], self.quantity) for slug in self.products],
            coupon=self.coupon if with_coupon else None,
            kit_percent=self.kit_percent,
            zone=self.zone,
            is_intra_state=self.state is gst_rates().seller_state,
            on=TODAY,
        )


KIT_ORDER = Worked(
    products=("genetic-hair-fall-control-oil", "density-serum", "hair-vitamin-capsules"),
    quantity=3,
    kit_percent=KIT.discount_steps(5)[3],
    coupon=coupon(percent=10, max_discount_paise=20_000),
    pin_code="560001",
    state=IndianState.KARNATAKA,
)
SMALL_ORDER = Worked(
    products=("gentle-cleansing-shampoo",),
    quantity=1,
    kit_percent=0,
    coupon=coupon(CouponKind.FIXED, amount_paise=5_000),
    pin_code="411001",
    state=IndianState.MAHARASHTRA,
)


# --- how a cell is written --------------------------------------------------------------------------------------------


def row(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |".replace("|  |", "| |").replace("|  |", "| |")


def link(source: str) -> str:
    return f"[{urlsplit(source).hostname}]({source})"


def text(written: str) -> str:
    """Return a sentence of a data file with its addresses in pointed brackets, as Markdown wants them."""
    return re.sub(r"(https?://[^\s]*[^\s.:,])", r"<\1>", written)


def taxes(tax: Tax | TaxTotal) -> list[object]:
    return [rupees(paise) for paise in (tax.taxable_paise, tax.cgst_paise, tax.sgst_paise, tax.igst_paise)]


# --- the tables -------------------------------------------------------------------------------------------------------


def rates() -> Iterator[str]:
    yield row("Heading", "From", "Rate", "What", "Source")
    for rate in gst_rates().rates:
        yield row(rate.hsn, f"{rate.starts:%-d %B %Y}", f"{rate.percent} %", text(rate.why), link(rate.source))


def products() -> Iterator[str]:
    yield row("Product", "HSN", "To 21 September 2025", "From 22 September 2025")
    for seed in catalogue():
        before, after = (gst_percent(seed.hsn, on=on) for on in (LAST_BEFORE, FIRST_AFTER))
        yield row(seed.name, seed.hsn, f"{before} %", f"{after} %")


def parcels() -> Iterator[str]:
    yield row(
        "Zone",
        f"Up to {RULES.step_g} g",
        f"Each {RULES.step_g} g begun after that",
        "Working days on the way",
        "Could be paid at the door",
    )
    for zone, tariff in RULES.tariffs.items():
        yield row(
            zone,
            rupees(tariff.first_step_paise),
            rupees(tariff.further_step_paise),
            f"{tariff.fewest_days} to {tariff.most_days}",
            "yes" if zone in RULES.cash_on_delivery.zones else "no",
        )


def kits() -> Iterator[str]:
    yield row("Months", "Discount")
    for rule in KIT.durations.values():
        yield row(rule.months or "as many as the report expects", f"{rule.discount_percent} %")


def worked(order: Worked) -> Iterator[str]:
    yield row(
        *("", "Pieces", "List price", "Kit", "Coupon", "To pay", "Rate", "Taxable value", "CGST", "SGST", "IGST"),
    )
    found = order.price()
    names = {seed.id: seed.name for seed in catalogue()}
    for line in found.lines:
        yield row(names[line.product_id], line.quantity, *_amounts(line), f"{line.tax.percent} %", *taxes(line.tax))
    pricing = found.pricing
    parcel = pricing.shipping_tax
    yield row(
        "The parcel",
        *("", "", "", ""),
        rupees(pricing.shipping_paise),
        *([f"{parcel.percent} %", *taxes(parcel)] if parcel else [""] * 5),
    )
    assert pricing.tax is not None
    yield row(
        "All",
        "",
        rupees(pricing.subtotal_paise),
        rupees(-pricing.kit_discount_paise),
        rupees(-pricing.coupon_discount_paise),
        rupees(pricing.total_paise),
        "",
        *taxes(pricing.tax),
    )


def _amounts(line: LinePrice) -> Sequence[object]:
    by_coupon = line.coupon_discount_paise
    amounts = [line.total_paise, by_coupon - line.discount_paise, -by_coupon, line.tax.gross_paise]
    return [rupees(paise) for paise in amounts]


TABLES: Mapping[str, Callable[[], Iterator[str]]] = {
    "The rates": rates,
    "The products": products,
    "The parcel": parcels,
    "The kit": kits,
    "A kit for three months, to another state": partial(worked, KIT_ORDER),
    "One bottle, within the state": partial(worked, SMALL_ORDER),
}


# --- the figures between the tables -----------------------------------------------------------------------------------


def sentences() -> Iterator[str]:
    yield f"1 to {MAX_LINES} lines of 1 to {MAX_QUANTITY} pieces"
    free = rupees(RULES.free_from_paise)
    yield f"Goods of {free} rupees or more, after discounts, are sent for nothing"
    yield f"the seller's state, {gst_rates().seller_state.replace('_', ' ').capitalize()}"
    yield f"up to {rupees(RULES.cash_on_delivery.up_to_paise)} rupees in all"
    yield f"{RULES.handling_days} working day to pack"
    yield f"begin with {RULES.starts:%-d %B %Y}"
    yield f"None is known for a day before {min(rate.starts for rate in gst_rates().rates):%-d %B %Y}"
    yield f"`paymentMethod` is {' or '.join(PaymentMethod)}"
    rates = Rates()
    assert rates.coupon_misses_per_ip.period_s == rates.coupon_misses_per_customer.period_s == 3_600
    yield f"{rates.coupon_misses_per_ip.limit} codes in an hour that do not exist, from guests of one network address"
    yield f"or {rates.coupon_misses_per_customer.limit} by one customer"
    assert rates.safety_retries_per_link.period_s == 24 * 3_600
    yield f"after {rates.safety_retries_per_link.limit + 1} of these in a day"
    yield f"more than {MAX_QUANTITY} pieces of one product"
    for order in (KIT_ORDER, SMALL_ORDER):
        total, estimate = order.price().pricing.total_paise, RULES.estimate(order.zone, on=TODAY)
        yield f"to PIN code {order.pin_code} (zone {order.zone}, {order.state.capitalize()})"
        yield f"{rupees(total)} rupees; it should arrive from {estimate.earliest:%-d} to {estimate.latest:%-d %B %Y}"
    left = KIT_ORDER.price(with_coupon=False).pricing.goods_paise
    yield f"would take off {rupees(percent_of(left, 10))} rupees, 10 percent of the {rupees(left)} that the kit's"
    yield f"The goods cost {rupees(SMALL_ORDER.price().pricing.goods_paise)} rupees"
    weight = {seed.slug: seed.weight_g for seed in catalogue()}[SMALL_ORDER.products[0]]
    yield f"{weight} g"
    # the edge that the rule of the parcel smooths
    below = RULES.free_from_paise - 1_900
    national = RULES.charge(Zone.NATIONAL, weight_g=260, goods_paise=below)
    yield f"goods of {rupees(below)} rupees are sent for {rupees(national)}, not for {rupees(4_900)}"
    assert RULES.charge(Zone.NATIONAL, weight_g=260, goods_paise=0) == 4_900


def tables() -> dict[str, list[str]]:
    """Return the rows below each heading, without the line of dashes."""
    found: dict[str, list[str]] = {}
    heading = ""
    for is_row, lines in groupby(DOCUMENT.splitlines(), lambda line: line.startswith("|")):
        for line in lines:
            if is_row and not re.fullmatch(r"[|:-]+", line):
                found.setdefault(heading, []).append(line)
            elif line.startswith("#"):
                heading = line.lstrip("# ")
    return found


@pytest.mark.parametrize("heading", TABLES)
def test_a_table_holds_what_the_code_says(heading: str) -> None:
    expected = [*TABLES[heading]()]

    assert tables().get(heading, []) == expected, "it should be:\n" + "\n".join(expected)


def test_every_table_is_compared() -> None:
    assert set(tables()) == set(TABLES)


@pytest.mark.parametrize("figures", [*sentences()])
def test_the_text_between_the_tables_states_the_figures_of_the_code(figures: str) -> None:
    assert figures in re.sub(r"\s+", " ", DOCUMENT)


@pytest.mark.parametrize("order", [KIT_ORDER, SMALL_ORDER])
def test_a_worked_order_adds_up_in_the_table_as_it_is_printed(order: Worked) -> None:
    """Whoever adds up a column with a pencil gets its last row, and across, the first columns give the fifth."""
    header, *lines, last = [[cell.strip() for cell in one.strip("|").split("|")] for one in worked(order)]
    numbers = [[Decimal(0 if "%" in cell else cell or 0) for cell in one[2:]] for one in [*lines, last]]

    assert len(header) == len(last) == 11
    assert [sum(column) for column in zip(*numbers[:-1], strict=True)] == numbers[-1]
    for listed, kit, off, pay, _, taxable, cgst, sgst, igst in numbers[:-2]:
        assert listed + kit + off == pay == taxable + cgst + sgst + igst
