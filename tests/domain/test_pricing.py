"""What an order costs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traya_gql.domain.orders import MAX_LINES, MAX_QUANTITY
from traya_gql.domain.pricing import Quote, line_total, quote
from traya_gql.domain.products import MAX_PRICE_PAISE

PRICES = st.integers(min_value=0, max_value=1_000_000_000)
QUANTITIES = st.integers(min_value=1, max_value=MAX_QUANTITY)


@pytest.mark.parametrize(
    ("unit_price_paise", "quantity", "total_paise"), [(49_900, 1, 49_900), (49_900, 3, 149_700), (1, 20, 20), (0, 5, 0)]
)
def test_a_line_costs_its_price_times_its_quantity(unit_price_paise: int, quantity: int, total_paise: int) -> None:
    assert line_total(unit_price_paise=unit_price_paise, quantity=quantity) == total_paise


@pytest.mark.parametrize(
    ("line_totals", "total_paise"), [([], 0), ([49_900], 49_900), ([39_900, 29_900, 59_800], 129_600)]
)
def test_an_order_costs_the_sum_of_its_lines(line_totals: list[int], total_paise: int) -> None:
    assert quote(line_totals) == Quote(subtotal_paise=total_paise, total_paise=total_paise)


def test_no_tax_is_put_on_top() -> None:
    """Defect 8: the original added 18 % to prices that hold all taxes already."""
    assert quote([100_000]).total_paise == 100_000


@given(lines=st.lists(st.tuples(PRICES, QUANTITIES), max_size=MAX_LINES), data=st.data())
def test_the_total_is_whole_paise_and_the_same_in_whatever_order_the_lines_come(
    lines: list[tuple[int, int]], data: st.DataObject
) -> None:
    totals = [line_total(unit_price_paise=price, quantity=quantity) for price, quantity in lines]

    quoted = quote(iter(totals))

    assert type(quoted.total_paise) is int
    assert quoted.total_paise == quoted.subtotal_paise == sum(price * quantity for price, quantity in lines)
    assert quote(data.draw(st.permutations(totals))) == quoted


def test_the_largest_order_fits_an_int_of_graphql() -> None:
    largest = MAX_LINES * line_total(unit_price_paise=MAX_PRICE_PAISE, quantity=MAX_QUANTITY)

    assert largest <= 2**31 - 1
