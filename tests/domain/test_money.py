"""Money: exact, and never a float."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traya_gql.domain.money import paise, rupees
from traya_gql.domain.refusals import InvalidValue, RefusalCode

HANG_S = 5
"""Far above what is needed, far below what 1E+999999 takes to be written out."""

MOST_PAISE = 1_000_000_000


@pytest.mark.parametrize(
    ("amount_paise", "shown"),
    [
        (0, "0.00"),
        (1, "0.01"),
        (10, "0.10"),
        (100, "1.00"),
        (49_900, "499.00"),
        (MOST_PAISE, "10000000.00"),
        (20 * 20 * MOST_PAISE, "4000000000.00"),
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
        ("1E+7", MOST_PAISE),
        ("10000000.00", MOST_PAISE),
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
        "10000000.01",
        "10000000.001",
        "9" * 100_000,
    ],
)
def test_what_is_no_amount_of_whole_paise_is_refused_at_once(typed: str) -> None:
    started = time.monotonic()

    with pytest.raises(InvalidValue) as refusal:
        paise(Decimal(typed))

    assert refusal.value.code is RefusalCode.OUT_OF_RANGE
    assert refusal.value.message == (
        "An amount must be rupees from 0 to 10000000 with at most two decimals, such as 499.00."
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
