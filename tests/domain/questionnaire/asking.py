"""A client that knows nothing but the data, and what the tests of the questionnaire share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files

import pytest

from traya_gql.domain.customers import Gender
from traya_gql.domain.questionnaire.checks import GivenAnswer, check_answers, offered, visible
from traya_gql.domain.questionnaire.model import AnswerPlace, Question, QuestionType, current_questionnaire
from traya_gql.domain.refusals import InvalidInput, Problems

TEXT = files("traya_gql.domain.questionnaire").joinpath("questionnaire.toml").read_text(encoding="utf-8")

EIGHT = {
    "hairLossStage": "stage-2",
    "familyHistory": "father",
    "dandruff": "mild",
    "sleep": "disturbed",
    "stress": "moderate",
    "acidityOrGas": "true",
    "energyLevels": "very-low",
    "takingSupplements": "false",
}
"""The eight questions of the first questionnaire, in its own keys and values."""

REQUIRED = {
    "pattern": "HEAVY_HAIR_FALL",
    "familyHistory": "FATHER",
    "dandruff": "MILD",
    "sleep": "DISTURBED",
    "stress": "MODERATE",
    "energyLevel": "VERY_LOW",
    "isTakingSupplements": "NO",
    "gas": "OFTEN",
}
"""What anybody must answer, in the order of the questionnaire."""

Choose = Callable[[Question, Sequence[str]], tuple[str, ...]]
"""How to answer a question, given what can be chosen (for a number: its least and its greatest)."""


def changed(old: str, new: str) -> str:
    """Return the file with one place changed."""
    assert TEXT.count(old) == 1, f"{TEXT.count(old)} times: {old}"
    return TEXT.replace(old, new)


def given(answers: Mapping[str, object]) -> list[GivenAnswer]:
    """Return answers by key as they are sent: a tuple is several values."""
    return [GivenAnswer(key, value if isinstance(value, tuple) else (str(value),)) for key, value in answers.items()]


def checked(
    sent: Sequence[GivenAnswer],
    *,
    gender: Gender | None = Gender.FEMALE,
    age: int | None = 30,
    is_whole: bool = False,
) -> tuple[GivenAnswer, ...]:
    """Return the answers, which must be all right."""
    problems = Problems()
    found = check_answers(sent, age=age, gender=gender, is_whole=is_whole, problems=problems)
    problems.refuse_if_any()
    assert found is not None
    return found


def refused(
    sent: Sequence[GivenAnswer],
    *,
    gender: Gender | None = Gender.FEMALE,
    age: int | None = 30,
    is_whole: bool = False,
) -> list[tuple[str, str, str]]:
    """Return code, place and message of each problem, of which there must be one at least."""
    problems = Problems()
    found = check_answers(sent, age=age, gender=gender, is_whole=is_whole, problems=problems)
    assert found is None
    with pytest.raises(InvalidInput) as refusal:
        problems.refuse_if_any()
    return [(one.code.value, ".".join(one.path), one.message) for one in refusal.value.problems]


def first_option(question: Question, choices: Sequence[str]) -> tuple[str, ...]:
    """Answer with the first that is offered."""
    return (choices[0],)


def walk(gender: Gender, choose: Choose = first_option) -> list[GivenAnswer]:
    """Answer every question that is shown, one after the other, as a front end would let somebody do."""
    answered: dict[str, tuple[str, ...]] = {}
    for question in current_questionnaire().questions:
        if question.place is AnswerPlace.CUSTOMER or not visible(question, gender=gender, answered=answered):
            continue
        if question.type is QuestionType.NUMBER:
            choices = [str(question.minimum), str(question.maximum)]
        else:
            choices = [option.value for option in offered(question, gender=gender, answered=answered)]
        answered[question.key] = choose(question, choices)
    return [GivenAnswer(key, values) for key, values in answered.items()]
