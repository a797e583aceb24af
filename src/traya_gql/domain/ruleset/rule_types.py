"""What all rules share: where they come from, and conditions on answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, StringConstraints

from traya_gql.domain.languages import Words
from traya_gql.domain.ruleset.answers import QUESTIONS, Answers, Question, QuestionKind

UNANSWERED = "UNANSWERED"
"""What a condition may name besides a question's options."""

MOST_POINTS = 100
MOST_MONTHS = 24

Source = Annotated[str, StringConstraints(pattern=r"^(https?://\S+|design)$")]
Score = Annotated[StrictInt, Field(ge=1, le=MOST_POINTS)]
Months = Annotated[StrictInt, Field(ge=1, le=MOST_MONTHS)]
Percent = Annotated[StrictInt, Field(ge=1, le=100)]


def _known_question(key: str) -> str:
    if key not in QUESTIONS:
        raise ValueError(f"{key} is no question")
    return key


def _known_answers(when: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    for key, answers in when.items():
        options = QUESTIONS[_known_question(key)].options
        if not answers:
            raise ValueError(f"{key} names no answer")
        if unknown := [answer for answer in answers if answer not in (*options, UNANSWERED)]:
            raise ValueError(f"{', '.join(unknown)} is no answer to {key}")
    return when


When = Annotated[Mapping[str, tuple[str, ...]], AfterValidator(_known_answers)]
QuestionKey = Annotated[str, AfterValidator(_known_question)]


class Rule(BaseModel):
    """One entry: `source` is an address or "design", `why` what the source shows or why it was decided so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Source
    why: Words


def holds(when: Mapping[str, tuple[str, ...]], answers: Answers) -> bool:
    """Return whether of each question one of the named answers was given; of nothing, it holds."""
    return all(any(one in named for one in given(answers, QUESTIONS[key])) for key, named in when.items())


def given(answers: Answers, question: Question) -> tuple[str, ...]:
    """Return what was answered to a question with options, as a rule spells it; UNANSWERED when nothing was.

    What a number or words were answered with is no option: nothing is returned for them.
    """
    value = getattr(answers, question.field)
    if value is None:
        return (UNANSWERED,)
    if question.kind is QuestionKind.CHOICES:
        return tuple(option for option in question.options if option in value)
    if question.kind is QuestionKind.YES_NO:
        return ("YES" if value else "NO",)
    return (value,) if question.kind is QuestionKind.CHOICE else ()
