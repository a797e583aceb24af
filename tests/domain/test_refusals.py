"""Refusals: everything that is wrong, said at once and in its place."""

from __future__ import annotations

import pytest

from traya_gql.domain.refusals import InvalidInput, InvalidValue, Problem, Problems, Refusal, RefusalCode


def refuse() -> int:
    raise InvalidValue(RefusalCode.TOO_LONG, "It is too long.")


def found_in(problems: Problems) -> tuple[Problem, ...]:
    with pytest.raises(InvalidInput) as refusal:
        problems.refuse_if_any()
    return refusal.value.problems


def test_a_collector_that_found_nothing_refuses_nothing() -> None:
    Problems().refuse_if_any()


def test_a_problem_is_placed_below_the_argument_of_the_mutation() -> None:
    problems = Problems()

    problems.add(RefusalCode.REQUIRED, "Fill it in.", "lines", "0", "quantity")

    assert found_in(problems) == (Problem(RefusalCode.REQUIRED, "Fill it in.", ("input", "lines", "0", "quantity")),)


def test_problems_come_in_the_order_in_which_they_were_found() -> None:
    problems = Problems()

    problems.add(RefusalCode.TOO_SHORT, "First.", "b")
    problems.add(RefusalCode.TOO_LONG, "Second.", "a")
    problems.add(RefusalCode.TOO_LONG, "Second.", "a")

    assert [problem.message for problem in found_in(problems)] == ["First.", "Second.", "Second."]


def test_a_good_value_is_handed_on_even_when_it_is_false() -> None:
    problems = Problems()

    assert problems.take("age", lambda: 0) == 0

    problems.refuse_if_any()


def test_a_bad_value_is_noted_at_its_field() -> None:
    problems = Problems()

    assert problems.take("name", refuse) is None

    assert found_in(problems) == (Problem(RefusalCode.TOO_LONG, "It is too long.", ("input", "name")),)


def test_a_fault_inside_a_check_is_no_problem_of_the_caller() -> None:
    problems = Problems()

    with pytest.raises(ValueError, match="invalid literal"):
        problems.take("age", lambda: int("x"))

    problems.refuse_if_any()


def test_places_nest_and_end_with_their_block() -> None:
    problems = Problems()

    with problems.under("lines", "1"):
        with problems.under("product"):
            problems.take("id", refuse)
        problems.take("quantity", refuse)
    problems.take("phone", refuse)

    assert [problem.path for problem in found_in(problems)] == [
        ("input", "lines", "1", "product", "id"),
        ("input", "lines", "1", "quantity"),
        ("input", "phone"),
    ]


def test_a_place_ends_although_its_block_failed() -> None:
    problems = Problems()

    with pytest.raises(KeyError), problems.under("shippingAddress"):
        raise KeyError
    problems.add(RefusalCode.REQUIRED, "Fill it in.", "phone")

    assert found_in(problems)[0].path == ("input", "phone")


def test_a_refusal_lists_its_problems_in_its_text() -> None:
    refusal = Refusal(
        Problem(RefusalCode.DUPLICATE, "Twice.", ("input",)), Problem(RefusalCode.REQUIRED, "Missing.", ("input",))
    )

    assert str(refusal) == "DUPLICATE: Twice.; REQUIRED: Missing."


def test_an_invalid_value_carries_its_code_and_its_message() -> None:
    with pytest.raises(InvalidValue, match=r"^It is too long\.$") as refusal:
        refuse()

    assert (refusal.value.code, refusal.value.message) == (RefusalCode.TOO_LONG, "It is too long.")


@pytest.mark.parametrize("code", RefusalCode)
def test_a_code_is_spelt_as_it_is_named(code: RefusalCode) -> None:
    assert code.value == code.name
