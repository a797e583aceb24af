"""Money: exact, and never a float."""

from __future__ import annotations

import time
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from traya_gql.domain.money import paise, percent_of, rupees, spread
from traya_gql.domain.refusals import InvalidValue, RefusalCode

HANG_S = 5
"""Far above what is needed, far below what 1E+999999 takes to be written out."""

MOST_PAISE = 2_000_000_000


@pytest.mark.parametrize(
    ("amount_paise", "shown"),
    [
        (0, "0.00"),
        (1, "0.01"),
        (10, "0.10"),
        (100, "1.00"),
        (49_900, "499.00"),
        (MOST_PAISE, "20000000.00"),
        (20 * 20 * MOST_PAISE, "8000000000.00"),
        (-150, "-1.50"),
    ],
)
def test_rupees_are_shown_with_exactly_two_decimals(amount_paise: int, shown: str) -> None:
    assert str(rupees(amount_paise)) == shown


@pytest.mark.parametrize(
    ("typed", "amount_paise"),
    [
        ("0", 0),
        ("-0", 0),
        ("-0.00", 0),
        ("0E+999999", 0),
        ("0E-999999", 0),
        ("0.01", 1),
        ("499", 49_900),
        ("499.0", 49_900),
        ("499.00", 49_900),
        ("499.0000000", 49_900),
        ("4.99E+2", 49_900),
        ("9999999.99", 999_999_999),
        ("2E+7", MOST_PAISE),
        ("20000000.00", MOST_PAISE),
        ("1." + "0" * 100_000, 100),
    ],
)
def test_every_way_to_write_an_amount_gives_its_paise(typed: str, amount_paise: int) -> None:
    assert paise(Decimal(typed)) == amount_paise


@pytest.mark.parametrize(
    "typed",
    [
        "NaN",
        "-NaN",
        "sNaN",
        "Infinity",
        "-Infinity",
        "1E+999999",
        "9.99E+999999",
        "-1E+999999",
        "1E-999999",
        "-1E-999999",
        "-0.01",
        "-1",
        "0.001",
        "0.005",
        "499.001",
        "499." + "0" * 30 + "1",
        "0." + "0" * 100_000 + "1",
        "20000000.01",
        "20000000.001",
        "9" * 100_000,
    ],
)
def test_what_is_no_amount_of_whole_paise_is_refused_at_once(typed: str) -> None:
    started = time.monotonic()

    with pytest.raises(InvalidValue) as refusal:
        paise(Decimal(typed))

    assert refusal.value.code is RefusalCode.OUT_OF_RANGE
    assert refusal.value.message == (
        "An amount must be rupees from 0 to 20000000 with at most two decimals, such as 499.00."
    )
    assert time.monotonic() - started < HANG_S


@given(amount_paise=st.integers(min_value=0, max_value=MOST_PAISE))
def test_an_amount_survives_the_way_to_rupees_and_back(amount_paise: int) -> None:
    amount = rupees(amount_paise)

    assert paise(amount) == amount_paise
    assert paise(Decimal(str(amount))) == amount_paise
    assert amount.as_tuple().exponent == -2


@given(amount=st.decimals())
def test_any_decimal_is_exact_in_paise_or_refused(amount: Decimal) -> None:
    try:
        found = paise(amount)
    except InvalidValue as refusal:
        assert refusal.code is RefusalCode.OUT_OF_RANGE  # noqa: PT017 - a property: either outcome is right
        return

    assert type(found) is int
    assert 0 <= found <= MOST_PAISE
    assert rupees(found) == amount


# --- a part of an amount ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount_paise", "percent", "part"),
    [
        (0, 50, 0),
        (49_900, 0, 0),
        (49_900, 100, 49_900),
        (49_900, 10, 4_990),
        (49, 1, 0),
        (50, 1, 1),
        (149, 1, 1),
        (150, 1, 2),
        (9, 5, 0),
        (10, 5, 1),
        (999, 5, 50),
    ],
)
def test_a_part_is_rounded_half_up_to_the_paisa(amount_paise: int, percent: int, part: int) -> None:
    assert percent_of(amount_paise, percent) == part


@given(amount_paise=st.integers(0, MOST_PAISE), percent=st.integers(0, 100))
def test_a_part_is_the_nearest_paisa_and_the_rest_never_falls_with_a_higher_amount(
    amount_paise: int, percent: int
) -> None:
    part = percent_of(amount_paise, percent)

    assert -50 < part * 100 - amount_paise * percent <= 50
    assert percent_of(amount_paise + 1, percent) - part in {0, 1}


# --- an amount, spread ------------------------------------------------------------------------------------------------

WEIGHTS = st.lists(st.integers(0, 100) | st.integers(0, MOST_PAISE), max_size=20)
TOTALS = st.integers(0, 100) | st.integers(0, 2 * MOST_PAISE)


def keys(weights: Sequence[int]) -> list[UUID]:
    """Return a key for each weight, the first the smallest."""
    return [UUID(int=place) for place in range(len(weights))]


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        pytest.param(100, [1], (100,), id="one takes all"),
        pytest.param(10, [50, 30, 20], (5, 3, 2), id="in proportion"),
        pytest.param(10, [2, 3, 5], (2, 3, 5), id="all of them"),
        pytest.param(10, [1, 1, 1], (4, 3, 3), id="equal remainders: the first key"),
        pytest.param(11, [1, 1, 1], (4, 4, 3), id="equal remainders: the first two keys"),
        pytest.param(10, [1, 2], (3, 7), id="3.33 and 6.67: the larger remainder, not the first"),
        pytest.param(10, [2, 1], (7, 3), id="6.67 and 3.33"),
        pytest.param(1, [1, 99, 1], (0, 1, 0), id="too little for all"),
        pytest.param(5, [0, 3, 0], (0, 5, 0), id="none to those without a weight"),
        pytest.param(7, [3, 0, 3], (4, 0, 3), id="no remainder to them either"),
        pytest.param(0, [3, 4], (0, 0), id="nothing"),
        pytest.param(5, [0, 0], (0, 0), id="nobody has a weight"),
        pytest.param(5, [], (), id="nobody is there"),
        # 189.70 rupees off 499, 699 and 699: 49.9000, 69.9000 and 69.9000 would be exact
        pytest.param(18_970, [49_900, 69_900, 69_900], (4_990, 6_990, 6_990), id="a tenth"),
        pytest.param(20_000, [49_900, 69_900, 79_900], (4_997, 7_001, 8_002), id="4997.496, 7000.501 and 8002.003"),
    ],
)
def test_an_amount_is_spread_by_largest_remainder(total: int, weights: list[int], shares: tuple[int, ...]) -> None:
    assert spread(total, weights, keys=keys(weights)) == shares


def test_of_equal_remainders_the_smaller_key_gets_the_paisa_wherever_it_stands() -> None:
    low, high = UUID(int=1), UUID(int=2)

    assert spread(3, [5, 5], keys=[low, high]) == (2, 1)
    assert spread(3, [5, 5], keys=[high, low]) == (1, 2)


@given(total=TOTALS, weights=WEIGHTS)
def test_all_of_an_amount_is_spread_each_share_within_a_paisa_of_its_proportion(total: int, weights: list[int]) -> None:
    assume(any(weights))

    shares = spread(total, weights, keys=keys(weights))

    whole = sum(weights)
    assert sum(shares) == total
    assert all(abs(share * whole - total * weight) < whole for share, weight in zip(shares, weights, strict=True))
    assert all(share >= 0 for share in shares)
    assert all(weight or not share for share, weight in zip(shares, weights, strict=True))


@given(weights=WEIGHTS, data=st.data())
def test_no_share_is_above_its_weight_while_there_is_enough_for_all(weights: list[int], data: st.DataObject) -> None:
    total = data.draw(st.integers(0, sum(weights)))

    shares = spread(total, weights, keys=keys(weights))

    assert all(share <= weight for share, weight in zip(shares, weights, strict=True))
    assert spread(sum(weights), weights, keys=keys(weights)) == tuple(weights)


@given(total=TOTALS, weights=WEIGHTS, data=st.data())
def test_the_order_in_which_things_are_named_changes_no_share(
    total: int, weights: list[int], data: st.DataObject
) -> None:
    named = list(zip(keys(weights), weights, strict=True))
    other = data.draw(st.permutations(named))

    shares = dict(zip(keys(weights), spread(total, weights, keys=keys(weights)), strict=True))
    again = spread(total, [weight for _, weight in other], keys=[key for key, _ in other])

    assert dict(zip([key for key, _ in other], again, strict=True)) == shares


@given(total=TOTALS, weights=WEIGHTS, data=st.data())
def test_of_two_things_the_heavier_never_gets_less(total: int, weights: list[int], data: st.DataObject) -> None:
    assume(weights)
    shares = spread(total, weights, keys=keys(weights))
    places = st.integers(0, len(weights) - 1)
    one, other = data.draw(places), data.draw(places)

    assert weights[one] <= weights[other] or shares[one] >= shares[other]
