"""Postal addresses in India."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traya_gql.domain.addresses import (
    ADDRESS_CODES,
    Address,
    AddressWarning,
    AddressWarningCode,
    TypedAddress,
    check_address,
    check_country,
    check_pin_code,
    pin_warnings,
    warnings_of,
)
from traya_gql.domain.pins import states_of
from traya_gql.domain.refusals import InvalidInput, InvalidValue, Problem, Problems, RefusalCode
from traya_gql.domain.states import IndianState
from traya_gql.domain.text import plain_digits


def typed(**changes: Any) -> TypedAddress:
    address = {
        "name": "Asha Rao",
        "address_line": "12 MG Road",
        "city": "Bengaluru",
        "state": IndianState.KARNATAKA,
        "pin_code": "560001",
        "country": "IN",
    }
    return TypedAddress.model_validate({**address, **changes})


def problems_of(address: TypedAddress) -> tuple[Problem, ...]:
    problems = Problems()
    with problems.under("shippingAddress"):
        assert check_address(address, problems) is None
    with pytest.raises(InvalidInput) as refusal:
        problems.refuse_if_any()
    return refusal.value.problems


@pytest.mark.parametrize(
    "raw", ["560001", " 560001 ", "560 001", "5 6 0 0 0 1", "560001" + " " * 14, "५६०००१", "56000१"]
)
def test_a_pin_code_is_read_whatever_its_spaces_and_the_script_of_its_digits(raw: str) -> None:
    assert check_pin_code(raw) == "560001"


@pytest.mark.parametrize("raw", ["100000", "999999", "900056"])
def test_the_first_digit_of_a_pin_code_may_be_1_to_9(raw: str) -> None:
    assert check_pin_code(raw) == raw


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("", id="nothing"),
        pytest.param("000000", id="zeros"),
        pytest.param("056001", id="begins with 0"),
        pytest.param("56001", id="five digits"),
        pytest.param("5600011", id="seven digits"),
        pytest.param("56000a", id="a letter"),
        pytest.param("560-001", id="a hyphen"),
        pytest.param("560001\n", id="a line break"),
        pytest.param("०५६००१", id="begins with a Devanagari 0"),
        pytest.param("५६०००", id="five Devanagari digits"),
        pytest.param("\uff15\uff16\uff10\uff10\uff10\uff11", id="full-width digits"),
        pytest.param("+56001", id="a sign"),
        pytest.param("560001" + " " * 15, id="21 characters"),
        pytest.param("5" * 1_000_000, id="a megabyte"),
    ],
)
def test_what_is_no_pin_code_is_refused(raw: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        check_pin_code(raw)

    assert refusal.value.code is RefusalCode.INVALID_PIN_CODE
    assert refusal.value.message == "Enter the 6-digit PIN code, such as 560001. It does not start with 0."


@given(raw=st.one_of(st.text(), st.text("0123456789 ५", max_size=9)))
def test_any_text_is_refused_or_becomes_six_digits(raw: str) -> None:
    try:
        pin_code = check_pin_code(raw)
    except InvalidValue as refusal:
        assert refusal.code is RefusalCode.INVALID_PIN_CODE  # noqa: PT017 - a property: either outcome is right
        return

    assert pin_code == plain_digits(raw).replace(" ", "")
    assert 100_000 <= int(pin_code) <= 999_999
    assert pin_code.isascii()


@pytest.mark.parametrize("raw", ["IN", "in", "In", " IN "])
def test_india_is_understood(raw: str) -> None:
    assert check_country(raw) == "IN"


@pytest.mark.parametrize("raw", ["", "US", "IND", "India", "I N", "भारत", "PK", "IN\x00"])
def test_we_deliver_nowhere_else(raw: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        check_country(raw)

    assert refusal.value.code is RefusalCode.UNSUPPORTED_COUNTRY
    assert refusal.value.message == 'We deliver within India only: country must be "IN".'


def test_a_good_address_is_kept_in_its_normal_form() -> None:
    problems = Problems()

    address = check_address(
        typed(name=" Asha  Rao", address_line="12  MG Road ", city=" Bengaluru ", pin_code="560 001", country="in"),
        problems,
    )

    assert address == Address(
        name="Asha Rao",
        address_line="12 MG Road",
        city="Bengaluru",
        state=IndianState.KARNATAKA,
        pin_code="560001",
        country="IN",
    )
    problems.refuse_if_any()


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"name": "A"}, RefusalCode.TOO_SHORT, "name"),
        ({"name": "a" * 101}, RefusalCode.TOO_LONG, "name"),
        ({"address_line": "12"}, RefusalCode.TOO_SHORT, "addressLine"),
        ({"address_line": "a" * 201}, RefusalCode.TOO_LONG, "addressLine"),
        ({"address_line": "12 MG Road\n2nd floor"}, RefusalCode.INVALID_CHARACTERS, "addressLine"),
        ({"city": "B"}, RefusalCode.TOO_SHORT, "city"),
        ({"city": "b" * 81}, RefusalCode.TOO_LONG, "city"),
        ({"pin_code": "056001"}, RefusalCode.INVALID_PIN_CODE, "pinCode"),
        ({"country": "US"}, RefusalCode.UNSUPPORTED_COUNTRY, "country"),
    ],
)
def test_one_wrong_field_is_named_alone(changed: dict[str, str], code: RefusalCode, field: str) -> None:
    found = problems_of(typed(**changed))

    assert [(problem.code, problem.path) for problem in found] == [(code, ("input", "shippingAddress", field))]


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "Ab"},
        {"name": "a" * 100},
        {"address_line": "12a"},
        {"address_line": "a" * 200},
        {"city": "Ul"},
        {"city": "b" * 80},
    ],
)
def test_the_shortest_and_the_longest_texts_are_kept(changed: dict[str, str]) -> None:
    address = check_address(typed(**changed), Problems())

    assert address is not None
    assert changed.items() <= address.model_dump().items()


def test_all_wrong_fields_are_named_at_once() -> None:
    found = problems_of(typed(name="", address_line="", city="", pin_code="", country=""))

    assert [(problem.code, problem.path[-1]) for problem in found] == [
        (RefusalCode.TOO_SHORT, "name"),
        (RefusalCode.TOO_SHORT, "addressLine"),
        (RefusalCode.TOO_SHORT, "city"),
        (RefusalCode.INVALID_PIN_CODE, "pinCode"),
        (RefusalCode.UNSUPPORTED_COUNTRY, "country"),
    ]


@given(
    address=st.builds(
        TypedAddress,
        name=st.text(max_size=12),
        address_line=st.text(max_size=12),
        city=st.text(max_size=12),
        state=st.sampled_from(IndianState),
        pin_code=st.sampled_from(["560001", "0", ""]),
        country=st.sampled_from(["IN", "US"]),
    )
)
def test_an_address_comes_back_or_problems_are_noted_with_codes_that_were_announced(address: TypedAddress) -> None:
    problems = Problems()

    checked = check_address(address, problems)

    if checked is not None:
        problems.refuse_if_any()
        assert checked.state is address.state
        return
    with pytest.raises(InvalidInput) as refusal:
        problems.refuse_if_any()
    assert {problem.code for problem in refusal.value.problems} <= ADDRESS_CODES


# --- what may be wrong ------------------------------------------------------------------------------------------------


def checked(**changes: Any) -> Address:
    address = check_address(typed(**changes), Problems())
    assert address is not None
    return address


@pytest.mark.parametrize(
    ("pin_code", "state"),
    [
        ("560001", IndianState.KARNATAKA),
        ("605001", IndianState.PUDUCHERRY),
        ("605602", IndianState.TAMIL_NADU),
        ("160055", IndianState.PUNJAB),
        ("900056", IndianState.GOA),
    ],
)
def test_nothing_is_wrong_with_a_pin_code_of_its_state(pin_code: str, state: IndianState) -> None:
    assert warnings_of(checked(pin_code=pin_code, state=state), "shippingAddress") == ()


def test_a_pin_code_of_another_state_is_warned_of_at_its_field() -> None:
    assert warnings_of(checked(pin_code="605 001", state=IndianState.KERALA), "shippingAddress") == (
        AddressWarning(
            AddressWarningCode.PIN_STATE_MISMATCH,
            "PIN code 605001 lies in Puducherry or Tamil Nadu, not in Kerala. Please check both.",
            ("input", "shippingAddress", "pinCode"),
        ),
    )


def test_a_pin_code_that_does_not_exist_is_warned_of_whatever_the_state() -> None:
    assert pin_warnings("540001", IndianState.TAMIL_NADU) == (
        AddressWarning(
            AddressWarningCode.UNKNOWN_PIN_CODE,
            "We know no PIN code that begins like 540001. Please check it.",
            ("input", "pinCode"),
        ),
    )


@given(pin_code=st.integers(100_000, 999_999).map(str), state=st.sampled_from(IndianState))
def test_there_is_a_warning_just_where_the_state_is_none_of_the_pin_codes(pin_code: str, state: IndianState) -> None:
    found = pin_warnings(pin_code, state)

    assert len(found) == (state not in states_of(pin_code))
    assert all(pin_code in one.message for one in found)
