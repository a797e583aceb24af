"""Orders: their numbers and limits."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traya_gql.domain.orders import MAX_LINES, MAX_QUANTITY, NUMBER_BITS, order_number

# neither I, L, O nor U
NUMBER = re.compile(r"TG-[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}")
BITS = st.integers(min_value=0, max_value=2**NUMBER_BITS - 1)


@pytest.mark.parametrize(
    ("random_bits", "number"),
    [
        (0, "TG-00000-00000"),
        (1, "TG-10000-00000"),
        (31, "TG-Z0000-00000"),
        (2**49, "TG-00000-0000G"),
        (2**50 - 1, "TG-ZZZZZ-ZZZZZ"),
        (sum(letter << 5 * letter for letter in range(10)), "TG-01234-56789"),
        (sum((31 - letter) << 5 * letter for letter in range(10)), "TG-ZYXWV-TSRQP"),
    ],
)
def test_the_same_bits_always_give_the_same_number(random_bits: int, number: str) -> None:
    assert order_number(random_bits) == number


@given(random_bits=BITS)
def test_a_number_fits_an_invoice_and_can_be_read_aloud(random_bits: int) -> None:
    """Defect 17: the original's number had 21 characters, an invoice takes 16."""
    number = order_number(random_bits)

    assert NUMBER.fullmatch(number)
    assert len(number) == 14


@given(one=BITS, other=BITS)
def test_different_bits_give_different_numbers(one: int, other: int) -> None:
    assert (order_number(one) == order_number(other)) is (one == other)


@given(random_bits=BITS, bit=st.integers(min_value=0, max_value=NUMBER_BITS - 1))
def test_every_random_bit_shows(random_bits: int, bit: int) -> None:
    assert order_number(random_bits) != order_number(random_bits ^ (1 << bit))


def test_fifty_bits_make_a_number_and_an_order_has_its_limits() -> None:
    assert (NUMBER_BITS, MAX_LINES, MAX_QUANTITY) == (50, 20, 20)
