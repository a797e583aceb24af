"""The questionnaire as frozen models: what `questionnaire.toml` may hold, and that it fits the model of the answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cache, cached_property
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    model_validator,
)

from traya_gql.domain.customers import MAX_AGE, MIN_AGE, Gender, Person
from traya_gql.domain.data_files import read_toml
from traya_gql.domain.ingredients import INGREDIENTS
from traya_gql.domain.languages import LocalText, Words
from traya_gql.domain.ruleset.answers import QUESTIONS, Answers, QuestionKind

YES, NO, NOT_SURE, NONE = "YES", "NO", "NOT_SURE", "NONE"

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][A-Za-z]*$", max_length=60)]
Value = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=60)]
Values = Annotated[tuple[Value, ...], Field(min_length=1)]


class SectionKey(StrEnum):
    """The sections, in their order."""

    ABOUT_YOU = "ABOUT_YOU"
    HAIR_AND_SCALP = "HAIR_AND_SCALP"
    HEALTH_AND_LIFE = "HEALTH_AND_LIFE"
    SAFETY = "SAFETY"


class QuestionType(StrEnum):
    """How a question is answered."""

    TEXT = "TEXT"
    PHONE = "PHONE"
    EMAIL = "EMAIL"
    NUMBER = "NUMBER"
    YES_NO = "YES_NO"
    SINGLE_CHOICE = "SINGLE_CHOICE"
    MULTIPLE_CHOICE = "MULTIPLE_CHOICE"


class AnswerPlace(StrEnum):
    """Where an answer is sent: as the field of its name of `customer`, or in `answers`."""

    CUSTOMER = "CUSTOMER"
    ANSWERS = "ANSWERS"


_TYPES_BY_KIND = {
    QuestionKind.CHOICE: QuestionType.SINGLE_CHOICE,
    QuestionKind.CHOICES: QuestionType.MULTIPLE_CHOICE,
    QuestionKind.WORDS: QuestionType.MULTIPLE_CHOICE,  # of ingredients
    QuestionKind.YES_NO: QuestionType.YES_NO,
    QuestionKind.NUMBER: QuestionType.NUMBER,
}
# age and gender are known of the customer; photos are counted, not asked for
_TYPES: Mapping[AnswerPlace, Mapping[str, QuestionType]] = {
    AnswerPlace.CUSTOMER: {
        "name": QuestionType.TEXT,
        "phone": QuestionType.PHONE,
        "email": QuestionType.EMAIL,
        "age": QuestionType.NUMBER,
        "gender": QuestionType.SINGLE_CHOICE,
    },
    AnswerPlace.ANSWERS: {
        key: _TYPES_BY_KIND[question.kind]
        for key, question in QUESTIONS.items()
        if key not in {"age", "gender", "usablePhotos"}
    },
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Condition(_Part):
    """An earlier question, and the answers of which one must have been given there."""

    question: Key
    values: Values


class Option(_Part):
    """One thing to choose. `show_if`: offered only if all of these hold. `is_exclusive`: it stands alone."""

    value: Value
    label: LocalText
    help: LocalText | None = None
    show_if: tuple[Condition, ...] = ()
    is_exclusive: StrictBool = False


class FormerKey(_Part):
    """A key under which the first questionnaire asked the same.

    `values` lead from all that may stand there to options of today, whoever answers; empty: today's options.
    """

    key: Key
    values: Mapping[Value, Value] = Field(default_factory=dict)


class Question(_Part):
    """One question. `show_if`: asked only if all of these hold.

    `minimum`, `maximum` and `unit` are stated for numbers and for nothing else. `is_within_lifetime`: of months, no
    more than the person has lived. A question of safety is never required.
    """

    key: Key
    type: QuestionType
    place: AnswerPlace
    title: LocalText
    help: LocalText | None = None
    written_options: tuple[Option, ...] = Field(default=(), alias="options")
    options_from: Literal["ingredients"] | None = None
    show_if: tuple[Condition, ...] = ()
    is_required: StrictBool = False
    is_safety: StrictBool = False
    minimum: StrictInt | None = None
    maximum: StrictInt | None = None
    unit: LocalText | None = None
    is_within_lifetime: StrictBool = False
    former: tuple[FormerKey, ...] = ()

    @model_validator(mode="after")
    def _fits_its_field(self) -> Self:
        wanted = _TYPES[self.place].get(self.key)
        if wanted is None:
            raise ValueError(f"{self.place} has no field {self.key}")
        if self.type is not wanted:
            raise ValueError(f"{self.key} is answered as {wanted}")
        if self._is_needed and (self.show_if or not self.is_required):
            raise ValueError(f"nothing is assessed without {self.key}: it is required, and asked of everybody")
        if self.is_safety and self.is_required:
            raise ValueError("a question of safety is never required")
        return self

    @model_validator(mode="after")
    def _numbers_have_bounds(self) -> Self:
        is_number = self.type is QuestionType.NUMBER
        if any((one is not None) is not is_number for one in (self.minimum, self.maximum, self.unit)):
            raise ValueError("minimum, maximum and unit are stated for numbers, all three, and for nothing else")
        if self.is_within_lifetime and not is_number:
            raise ValueError("is_within_lifetime is for numbers")
        if self.minimum is not None and self.maximum is not None:
            least, most = self._bounds
            if not least <= self.minimum < self.maximum <= most:
                raise ValueError(f"minimum and maximum must rise, within {least} and {most}")
        return self

    @model_validator(mode="after")
    def _options_are_answers(self) -> Self:
        _refuse_twins(self.values)
        allowed, needed = self._fitting_options
        if missing := [value for value in needed if value not in self.values]:
            raise ValueError(f"{', '.join(missing)} is missing")
        _refuse_unknown(self.values, allowed, self.key)
        for option in self.options:
            is_none = self.type is QuestionType.MULTIPLE_CHOICE and option.value == NONE
            if option.is_exclusive is not is_none:
                raise ValueError(f"{option.value}: of a multiple choice {NONE} is exclusive, and nothing else")
        for former in self.former:
            _refuse_unknown(former.values.values(), self.values, self.key)
        return self

    @property
    def _is_needed(self) -> bool:
        if self.place is AnswerPlace.CUSTOMER:
            return Person.model_fields[self.key].is_required()
        return Answers.model_fields[QUESTIONS[self.key].field].is_required()

    @property
    def _bounds(self) -> tuple[int, int]:
        """The least and the greatest number that its field takes."""
        if self.place is AnswerPlace.CUSTOMER:
            return MIN_AGE, MAX_AGE
        limits = Answers.model_fields[QUESTIONS[self.key].field].metadata
        return (
            max(limit.ge for limit in limits if hasattr(limit, "ge")),
            min(limit.le for limit in limits if hasattr(limit, "le")),
        )

    @property
    def _fitting_options(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """All options that there may be, and those that there must be."""
        if self.type is QuestionType.YES_NO:
            return (YES, NO, NOT_SURE), (YES, NO)
        if self.type is QuestionType.SINGLE_CHOICE:
            options = tuple(Gender) if self.place is AnswerPlace.CUSTOMER else QUESTIONS[self.key].options
            return options, options
        if self.type is QuestionType.MULTIPLE_CHOICE:
            options = (*(QUESTIONS[self.key].options or INGREDIENTS), NONE)
            return options, options
        return (), ()

    @cached_property
    def options(self) -> tuple[Option, ...]:
        """What can be chosen, in order: what the file lists, then the ingredients where it asks for them."""
        if self.options_from is None:
            return self.written_options
        ingredients = (Option(value=code, label=facts.name) for code, facts in INGREDIENTS.items())
        return (*self.written_options, *ingredients)

    @cached_property
    def values(self) -> tuple[str, ...]:
        """The options' values, in order."""
        return tuple(option.value for option in self.options)

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """All conditions, its own and those of its options."""
        return (*self.show_if, *(condition for option in self.options for condition in option.show_if))


class Section(_Part):
    """A page of questions, in order."""

    key: SectionKey
    title: LocalText
    description: LocalText
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]


class Notice(_Part):
    """What a person is shown before they agree to the assessment. Each change of a word is a new version."""

    version: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}(-[a-z0-9]+)?$")]
    title: LocalText
    text: LocalText


class Contradiction(_Part):
    """Answers to two questions that cannot both be true.

    It holds when each was answered with one of the values. `at` is the one at which it is told.
    """

    when: Annotated[Mapping[Key, Values], Field(min_length=2, max_length=2)]
    at: Key
    message: Words

    @model_validator(mode="after")
    def _is_told_at_one_of_the_two(self) -> Self:
        if self.at not in self.when:
            raise ValueError(f"{self.at} is none of the two questions")
        return self


class Questionnaire(_Part):
    """All questions of one version, in order, and the notice that goes before them."""

    version: Annotated[str, StringConstraints(pattern=r"^\d{4}\.\d{2}(-[a-z0-9]+)?$")]
    notice: Notice
    sections: tuple[Section, ...]
    contradictions: tuple[Contradiction, ...] = ()

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if [section.key for section in self.sections] != list(SectionKey):
            raise ValueError(f"sections: they are {', '.join(SectionKey)}, in this order")
        former = [former.key for question in self.questions for former in question.former]
        _refuse_twins([*(question.key for question in self.questions), *former])
        asked = {question.key for question in self.questions}
        if missing := [key for types in _TYPES.values() for key in types if key not in asked]:
            raise ValueError(f"nobody is asked for {', '.join(missing)}")
        return self

    @model_validator(mode="after")
    def _conditions_name_earlier_questions(self) -> Self:
        earlier: dict[str, tuple[str, ...]] = {}
        for question in self.questions:
            for condition in question.conditions:
                if not earlier.get(condition.question):
                    raise ValueError(f"{question.key}: {condition.question} is no earlier question with options")
                _refuse_unknown(condition.values, earlier[condition.question], condition.question)
            earlier[question.key] = question.values
        for contradiction in self.contradictions:
            for key, values in contradiction.when.items():
                if key not in _TYPES[AnswerPlace.ANSWERS]:
                    raise ValueError(f"contradictions: {key} is no question of {AnswerPlace.ANSWERS}")
                _refuse_unknown(values, earlier[key], key)
        return self

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """All questions of all sections, in order."""
        return tuple(question for section in self.sections for question in section.questions)

    @cached_property
    def by_key(self) -> Mapping[str, Question]:
        """All questions by key, in order."""
        return MappingProxyType({question.key: question for question in self.questions})

    @cached_property
    def formerly(self) -> Mapping[str, tuple[Question, FormerKey]]:
        """The questions by the keys of the first questionnaire that are no longer in use."""
        return MappingProxyType(
            {former.key: (question, former) for question in self.questions for former in question.former}
        )

    def question(self, key: str) -> Question:
        """Return the question with this key, or with this former key.

        Raises:
            KeyError: there is none.
        """
        return self.formerly[key][0] if key in self.formerly else self.by_key[key]

    def texts(self) -> Mapping[str, LocalText]:
        """Return every text by its place, such as `questionnaire.pattern.STAGE_1.help`."""
        return MappingProxyType({f"questionnaire.{place}": text for place, text in self._texts() if text is not None})

    def _texts(self) -> Iterator[tuple[str, LocalText | None]]:
        yield "notice.title", self.notice.title
        yield "notice.text", self.notice.text
        for section in self.sections:
            yield f"{section.key}.title", section.title
            yield f"{section.key}.description", section.description
            for question in section.questions:
                yield f"{question.key}.title", question.title
                yield f"{question.key}.help", question.help
                yield f"{question.key}.unit", question.unit
                for option in question.options:
                    yield f"{question.key}.{option.value}.label", option.label
                    yield f"{question.key}.{option.value}.help", option.help


def _refuse_unknown(values: Iterable[str], known: Iterable[str], key: str) -> None:
    allowed = frozenset(known)
    if unknown := [value for value in values if value not in allowed]:
        raise ValueError(f"{', '.join(unknown)} is no answer to {key}")


def _refuse_twins(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{name} is there twice")
        seen.add(name)


@cache
def current_questionnaire() -> Questionnaire:
    """Return the questionnaire of this release.

    Raises:
        FileInvalid: `questionnaire.toml` was changed so that it does not hang together.
    """
    file = files("traya_gql.domain.questionnaire").joinpath("questionnaire.toml")
    return read_toml(Questionnaire, file.read_text(encoding="utf-8"))
