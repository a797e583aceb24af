"""The questionnaire as a client sees it: all that a front end needs to render the hair test."""

from __future__ import annotations

from typing import Self

import strawberry

from traya_gql.domain.languages import Language
from traya_gql.domain.photo_texts import PHOTO_TEXTS
from traya_gql.domain.questionnaire.checks import GivenAnswer
from traya_gql.domain.questionnaire.model import (
    AnswerPlace,
    Condition,
    Notice,
    Option,
    Question,
    Questionnaire,
    QuestionType,
    Section,
)
from traya_gql.domain.scalp_photos import MOST_PHOTOS
from traya_gql.guards import AT_MOST
from traya_gql.schema.common import described_enum

# products of these bound how many fields the whole questionnaire can come to; a test counts the real ones
_MOST_SECTIONS = 4
_MOST_QUESTIONS_A_SECTION = 13
_MOST_OPTIONS_A_QUESTION = 4
_MOST_CONDITIONS = 2

described_enum(
    QuestionType,
    "How a question is answered.",
    {
        QuestionType.TEXT: "Words.",
        QuestionType.PHONE: "An Indian mobile number.",
        QuestionType.EMAIL: "An e-mail address.",
        QuestionType.NUMBER: "A whole number between `minimum` and `maximum`, in `unit`.",
        QuestionType.YES_NO: "One of the options YES, NO and, where it is offered, NOT_SURE.",
        QuestionType.SINGLE_CHOICE: "One of the options.",
        QuestionType.MULTIPLE_CHOICE: "One or more of the options; an exclusive one stands alone.",
    },
)
described_enum(
    AnswerPlace,
    "Where the answer belongs in the input of `submitHairTest`.",
    {
        AnswerPlace.CUSTOMER: "In `customer`, as the field with the question's key.",
        AnswerPlace.ANSWERS: "In `answers`, under the question's key.",
    },
)


@strawberry.type(
    name="QuestionCondition", description="A condition on another question: it was answered with one of these."
)
class QuestionCondition:
    question: str = strawberry.field(description="The key of the other question.")
    values: list[str] = strawberry.field(description="One of these options was chosen there.")

    @classmethod
    def of(cls, condition: Condition) -> Self:
        return cls(question=condition.question, values=list(condition.values))


@strawberry.type(description="One thing to choose.")
class QuestionOption:
    value: str = strawberry.field(description="What to send.")
    label: str = strawberry.field(description="What to show.")
    help: str | None = strawberry.field(description="More about it; describes the picture where there is one.")
    is_exclusive: bool = strawberry.field(description="Whether it cannot be chosen together with others.")
    show_if: list[QuestionCondition] = strawberry.field(
        description="Offer it only if all of these hold. Empty: always.", metadata={AT_MOST: _MOST_CONDITIONS}
    )

    @classmethod
    def of(cls, option: Option, language: Language) -> Self:
        return cls(
            value=option.value,
            label=option.label.in_(language),
            help=None if option.help is None else option.help.in_(language),
            is_exclusive=option.is_exclusive,
            show_if=[QuestionCondition.of(one) for one in option.show_if],
        )


@strawberry.type(name="Question", description="One question of the hair test.")
class ShownQuestion:
    key: str = strawberry.field(description="The name of its answer. It never changes its meaning.")
    type: QuestionType = strawberry.field(description="How it is answered.")
    place: AnswerPlace = strawberry.field(description="Where the answer belongs.")
    title: str = strawberry.field(description="What to ask.")
    help: str | None = strawberry.field(description="More about it.")
    is_required: bool = strawberry.field(description="Whether a hair test cannot be submitted without it when shown.")
    is_safety: bool = strawberry.field(
        description=(
            "Whether it is asked for safety. As long as one of those that are shown is unanswered, or answered "
            "NOT_SURE, nothing to swallow and no drug is recommended or sold."
        )
    )
    minimum: int | None = strawberry.field(description="The least number; null for other types.")
    maximum: int | None = strawberry.field(description="The greatest number; null for other types.")
    unit: str | None = strawberry.field(description="What the number counts; null for other types.")
    options: list[QuestionOption] = strawberry.field(
        description="What can be chosen, in order; empty for other types.", metadata={AT_MOST: _MOST_OPTIONS_A_QUESTION}
    )
    show_if: list[QuestionCondition] = strawberry.field(
        description=(
            "Ask it only if all of these hold; a question that is not asked, or not answered, meets no condition. "
            "Empty: always. Answers to what is not asked are refused."
        ),
        metadata={AT_MOST: _MOST_CONDITIONS},
    )

    @classmethod
    def of(cls, question: Question, language: Language) -> Self:
        return cls(
            key=question.key,
            type=question.type,
            place=question.place,
            title=question.title.in_(language),
            help=None if question.help is None else question.help.in_(language),
            is_required=question.is_required,
            is_safety=question.is_safety,
            minimum=question.minimum,
            maximum=question.maximum,
            unit=None if question.unit is None else question.unit.in_(language),
            options=[QuestionOption.of(option, language) for option in question.options],
            show_if=[QuestionCondition.of(one) for one in question.show_if],
        )


@strawberry.type(description="A page of questions.")
class QuestionnaireSection:
    key: str = strawberry.field(description="Its name for programs.")
    title: str = strawberry.field(description="Its heading.")
    description: str = strawberry.field(description="What it is about.")
    questions: list[ShownQuestion] = strawberry.field(
        description="Its questions, in order.", metadata={AT_MOST: _MOST_QUESTIONS_A_SECTION}
    )

    @classmethod
    def of(cls, section: Section, language: Language) -> Self:
        return cls(
            key=section.key,
            title=section.title.in_(language),
            description=section.description.in_(language),
            questions=[ShownQuestion.of(question, language) for question in section.questions],
        )


@strawberry.type(description="What a person must be shown before they agree to the assessment.")
class ConsentNotice:
    version: str = strawberry.field(description="Send it as `consent.noticeVersion`.")
    title: str = strawberry.field(description="Its heading.")
    text: str = strawberry.field(description="The notice. Show all of it, and never tick the box beforehand.")

    @classmethod
    def of(cls, notice: Notice, language: Language) -> Self:
        return cls(version=notice.version, title=notice.title.in_(language), text=notice.text.in_(language))


@strawberry.type(description="How a hair test asks for photos.")
class ScalpPhotoRequest:
    most: int = strawberry.field(description="How many photos a hair test can have. None is needed.")
    title: str = strawberry.field(description="The heading.")
    help: str = strawberry.field(description="How to take them.")
    notice: ConsentNotice = strawberry.field(description="To be shown before consent to their storage is asked for.")

    @classmethod
    def in_(cls, language: Language) -> Self:
        return cls(
            most=MOST_PHOTOS,
            title=PHOTO_TEXTS.title.in_(language),
            help=PHOTO_TEXTS.help.in_(language),
            notice=ConsentNotice.of(PHOTO_TEXTS.notice, language),
        )


@strawberry.type(name="Questionnaire", description="The hair test as data: a front end renders it from this alone.")
class ShownQuestionnaire:
    version: str = strawberry.field(description="Changes with every change of a question.")
    language: Language = strawberry.field(description="The language of the texts.")
    notice: ConsentNotice = strawberry.field(description="To be shown before consent is asked for.")
    sections: list[QuestionnaireSection] = strawberry.field(
        description="Its pages, in order.", metadata={AT_MOST: _MOST_SECTIONS}
    )
    photos: ScalpPhotoRequest = strawberry.field(description="The last page: photos, which nobody must send.")

    @classmethod
    def of(cls, questionnaire: Questionnaire, language: Language) -> Self:
        return cls(
            version=questionnaire.version,
            language=language,
            notice=ConsentNotice.of(questionnaire.notice, language),
            sections=[QuestionnaireSection.of(section, language) for section in questionnaire.sections],
            photos=ScalpPhotoRequest.in_(language),
        )


@strawberry.input(description="The answer to one question.")
class AnswerInput:
    key: str = strawberry.field(
        description="The question's key. `hairLossStage` and the like of the first questionnaire are understood too."
    )
    values: list[str] = strawberry.field(
        description='The chosen option or options, or a number as text, such as ["18"]. At least one.'
    )

    def given(self) -> GivenAnswer:
        return GivenAnswer(self.key, tuple(self.values))


@strawberry.type(description="The answer to one question.")
class Answer:
    key: str = strawberry.field(description="The question's key.")
    values: list[str] = strawberry.field(description="As they would be sent.")

    @classmethod
    def of(cls, given: GivenAnswer) -> Self:
        return cls(key=given.key, values=list(given.values))
