"""The person: age, name, phone and e-mail address, all checked at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traya_gql.domain.customers import (
    PERSON_CODES,
    Gender,
    Person,
    check_age,
    check_person,
    first_name,
)
from traya_gql.domain.refusals import InvalidInput, InvalidValue, Problem, Problems, RefusalCode


def checked(problems: Problems, **changes: Any) -> Person | None:
    """Return what `check_person` makes of good details with these changes, without an e-mail address."""
    details: dict[str, Any] = {"name": "Asha Rao", "phone": "9876543210", "age": 28, "gender": Gender.FEMALE}
    return check_person(**{**details, "email": None, **changes}, problems=problems)


def problems_of(**changes: Any) -> tuple[Problem, ...]:
    problems = Problems()
    found = checked(problems, **changes)
    assert found is None
    with pytest.raises(InvalidInput) as refusal:
        problems.refuse_if_any()
    return refusal.value.problems


@pytest.mark.parametrize("age", [18, 19, 50, 99, 100])
def test_adults_up_to_a_hundred_may_take_the_test(age: int) -> None:
    assert check_age(age) == age


@pytest.mark.parametrize("age", [0, 1, 12, 17])
def test_a_minor_is_sent_to_a_doctor(age: int) -> None:
    with pytest.raises(InvalidValue) as refusal:
        check_age(age)

    assert refusal.value.code is RefusalCode.UNDER_AGE
    assert refusal.value.message == ("The hair test is for people of 18 years or older. Please ask a doctor instead.")


@pytest.mark.parametrize("age", [-(2**31), -1, 101, 2**31 - 1])
def test_an_age_that_nobody_has_is_out_of_range(age: int) -> None:
    with pytest.raises(InvalidValue) as refusal:
        check_age(age)

    assert refusal.value.code is RefusalCode.OUT_OF_RANGE
    assert refusal.value.message == "Age must be between 18 and 100 years."


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Asha", "Asha"), ("Asha Rao", "Asha"), ("Asha Devi Rao", "Asha"), ("आशा राव", "आशा"), ("A. P. Rao", "A")],
)
def test_the_first_name_ends_at_the_first_space(name: str, shown: str) -> None:
    assert first_name(name) == shown


@pytest.mark.parametrize("space", [" ", "\u00a0", "\u2003", "\u202f", "\u3000"])
def test_no_kind_of_space_lets_the_surname_into_a_public_report(space: str) -> None:
    problems = Problems()

    customer = checked(problems, name=f"Asha{space}Rao")

    assert customer is not None
    assert first_name(customer.name) == "Asha"


def test_good_details_are_kept_in_their_normal_form() -> None:
    problems = Problems()

    customer = checked(problems, name="  Asha  Rao ", phone="098765 43210", email=" Asha.Rao@Example.COM ")

    assert customer == Person(
        name="Asha Rao", phone="+919876543210", age=28, gender=Gender.FEMALE, email="Asha.Rao@example.com"
    )
    problems.refuse_if_any()


@pytest.mark.parametrize("email", [None, ""])
def test_an_email_address_that_is_not_given_is_none(email: str | None) -> None:
    problems = Problems()

    customer = checked(problems, email=email)

    assert customer == Person(name="Asha Rao", phone="+919876543210", age=28, gender=Gender.FEMALE, email=None)
    problems.refuse_if_any()


@pytest.mark.parametrize(
    ("changed", "code", "path"),
    [
        ({"name": "A"}, RefusalCode.TOO_SHORT, ("input", "name")),
        ({"name": "A" * 101}, RefusalCode.TOO_LONG, ("input", "name")),
        ({"name": "Asha\u202eRao"}, RefusalCode.INVALID_CHARACTERS, ("input", "name")),
        ({"phone": "12345"}, RefusalCode.INVALID_PHONE, ("input", "phone")),
        ({"age": 17}, RefusalCode.UNDER_AGE, ("input", "age")),
        ({"age": 101}, RefusalCode.OUT_OF_RANGE, ("input", "age")),
        ({"email": "asha"}, RefusalCode.INVALID_EMAIL, ("input", "email")),
        ({"email": " "}, RefusalCode.INVALID_EMAIL, ("input", "email")),
    ],
)
def test_one_wrong_field_is_named_alone(changed: dict[str, str | int], code: RefusalCode, path: tuple[str]) -> None:
    found = problems_of(**changed)

    assert [(problem.code, problem.path) for problem in found] == [(code, path)]


def test_all_wrong_fields_are_named_at_once() -> None:
    found = problems_of(name="", phone="", age=-1, email="asha@localhost")

    assert [(problem.code, problem.path) for problem in found] == [
        (RefusalCode.TOO_SHORT, ("input", "name")),
        (RefusalCode.INVALID_PHONE, ("input", "phone")),
        (RefusalCode.OUT_OF_RANGE, ("input", "age")),
        (RefusalCode.INVALID_EMAIL, ("input", "email")),
    ]


@pytest.mark.parametrize("changed", [{"name": ""}, {"phone": ""}, {"age": 17}])
def test_a_good_email_address_does_not_make_up_for_another_wrong_field(changed: dict[str, Any]) -> None:
    [found] = problems_of(**changed, email="asha.rao@example.com")

    assert found.path == ("input", *changed)


@pytest.mark.parametrize("length", [2, 100])
def test_a_name_may_have_2_to_100_characters(length: int) -> None:
    problems = Problems()

    customer = checked(problems, name="a" * length)

    assert customer is not None
    assert customer.name == "a" * length


@given(
    name=st.text(max_size=110),
    phone=st.text("+0123456789 ", max_size=14),
    age=st.integers(),
    email=st.none() | st.text("ab@. ", max_size=12),
)
def test_details_come_back_or_problems_are_noted_with_codes_that_were_announced(
    name: str, phone: str, age: int, email: str | None
) -> None:
    problems = Problems()

    customer = checked(problems, name=name, phone=phone, age=age, email=email)

    if customer is not None:
        problems.refuse_if_any()
        return
    with pytest.raises(InvalidInput) as refusal:
        problems.refuse_if_any()
    assert {problem.code for problem in refusal.value.problems} <= PERSON_CODES
