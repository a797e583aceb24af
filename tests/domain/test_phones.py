"""Phone numbers: one person, one spelling."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traya_gql.domain.phones import normalise_phone
from traya_gql.domain.refusals import InvalidValue, RefusalCode
from traya_gql.domain.text import plain_digits

E164 = re.compile(r"\+91[6-9][0-9]{9}")
MOBILES = st.from_regex(r"[6-9][0-9]{9}", fullmatch=True)


def refused(raw: str) -> RefusalCode:
    with pytest.raises(InvalidValue) as refusal:
        normalise_phone(raw)
    return refusal.value.code


@pytest.mark.parametrize(
    "typed",
    [
        "9876543210",
        "09876543210",
        "919876543210",
        "+919876543210",
        "00919876543210",
        "+91 98765 43210",
        "+91-98765-43210",
        "(+91) 98765.43210",
        "0 98765 43210",
        " 98 76 54 32 10 ",
        "987-654-3210",
        "(0)9876543210",
        "0091 (987) 654-3210",
        "९८७६५४३२१०",
        "+९१ ९८७६५ 43210",
        "৯৮৭৬৫৪৩২১০",
    ],
)
def test_every_spelling_of_a_number_gives_the_same_number(typed: str) -> None:
    assert normalise_phone(typed) == "+919876543210"


@pytest.mark.parametrize("typed", ["9198765432", "9191919191", "9109109109"])
def test_ten_digits_that_begin_with_91_are_a_number_and_not_a_country_code(typed: str) -> None:
    assert normalise_phone(typed) == f"+91{typed}"


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("", id="nothing"),
        pytest.param(" ", id="a space"),
        pytest.param("+91", id="a country code alone"),
        pytest.param("5876543210", id="begins with 5"),
        pytest.param("0876543210", id="ten digits that begin with 0"),
        pytest.param("987654321", id="nine digits"),
        pytest.param("98765432101", id="eleven digits"),
        pytest.param("+9876543210", id="plus without a country"),
        pytest.param("+1 9876543210", id="another country"),
        pytest.param("+92 9876543210", id="the country next door"),
        pytest.param("91919876543210", id="two country codes"),
        pytest.param("++919876543210", id="two plus signs"),
        pytest.param("9876543210+", id="plus at the end"),
        pytest.param("98765a43210", id="a letter"),
        pytest.param("9876543210\n", id="a line break at the end"),
        pytest.param("\t9876543210", id="a tab"),
        pytest.param("9876543210;ext=5", id="an extension"),
        pytest.param("9876543210, 9876543211", id="two numbers"),
        pytest.param("५८७६५४३२१०", id="begins with a Devanagari 5"),
        pytest.param("٩٨٧٦٥٤٣٢١٠", id="Arabic digits"),
        pytest.param("\uff19\uff18\uff17\uff16\uff15\uff14\uff13\uff12\uff11\uff10", id="full-width digits"),
        pytest.param("\u202a9876543210\u202c", id="direction marks"),
        pytest.param("98765\u200b43210", id="a zero-width space"),
        pytest.param('{"$ne": null}', id="an operator of the database"),
        pytest.param("9876543210" + " " * 21, id="31 characters"),
    ],
)
def test_what_is_no_indian_mobile_number_is_refused(typed: str) -> None:
    assert refused(typed) is RefusalCode.INVALID_PHONE


def test_a_megabyte_of_digits_is_refused() -> None:
    assert refused("9" * 1_000_000) is RefusalCode.INVALID_PHONE


def test_thirty_characters_are_still_read() -> None:
    assert normalise_phone("9876543210" + " " * 20) == "+919876543210"


@given(
    number=MOBILES,
    prefix=st.sampled_from(["", "+91", "0091", "91", "0"]),
    gaps=st.lists(st.sampled_from([" ", "-", ".", "(", ")"]), max_size=12),
    data=st.data(),
)
def test_prefixes_and_punctuation_never_change_the_number(
    number: str, prefix: str, gaps: list[str], data: st.DataObject
) -> None:
    spelling = prefix + number
    for gap in gaps:
        place = data.draw(st.integers(min_value=0, max_value=len(spelling)))
        spelling = spelling[:place] + gap + spelling[place:]

    assert normalise_phone(spelling) == f"+91{number}"


@given(number=MOBILES)
def test_a_normal_number_stays_as_it_is(number: str) -> None:
    assert normalise_phone(f"+91{number}") == f"+91{number}"


@given(
    typed=st.one_of(
        st.text(st.characters(exclude_categories=())),
        st.text("0123456789+-(). ٩९\uff19", max_size=32),
        st.from_regex(r"(\+91|0091|91|0)*[0-9]{8,12}", fullmatch=True),
    )
)
def test_garbage_is_refused_or_becomes_a_number_that_can_be_dialled(typed: str) -> None:
    try:
        number = normalise_phone(typed)
    except InvalidValue as refusal:
        assert refusal.code is RefusalCode.INVALID_PHONE  # noqa: PT017 - a property: either outcome is right
        return

    assert E164.fullmatch(number)
    assert number.removeprefix("+91") == "".join(c for c in plain_digits(typed) if c in "0123456789")[-10:]


FOREIGN_DIGITS = st.characters(categories=["Nd"], min_codepoint=128).filter(lambda digit: plain_digits(digit) == digit)


@given(number=MOBILES, digit=FOREIGN_DIGITS, place=st.integers(0, 9))
def test_one_digit_of_a_script_that_is_none_of_indias_is_enough_to_refuse(number: str, digit: str, place: int) -> None:
    typed = number[:place] + digit + number[place + 1 :]

    assert refused(typed) is RefusalCode.INVALID_PHONE


def test_the_message_says_what_to_enter_and_does_not_repeat_what_was_typed() -> None:
    with pytest.raises(InvalidValue) as refusal:
        normalise_phone("1234512345")

    assert refusal.value.message == (
        "Enter a 10-digit Indian mobile number that starts with 6, 7, 8 or 9, such as 98765 43210."
    )
