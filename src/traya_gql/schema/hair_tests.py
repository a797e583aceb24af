"""Hair tests, and drafts of them, as a client sees them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self
from uuid import UUID

import strawberry

from traya_gql.context import Info, Viewer
from traya_gql.documents.hair_test_drafts import HairTestDraftRecord
from traya_gql.documents.hair_tests import HairTestRecord
from traya_gql.domain.customers import Gender
from traya_gql.domain.languages import Language
from traya_gql.domain.questionnaire.checks import GivenAnswer, from_answers
from traya_gql.domain.questionnaire.model import current_questionnaire
from traya_gql.domain.scalp_photos import MOST_PHOTOS
from traya_gql.guards import AT_MOST
from traya_gql.schema.common import Connection, Node, NodeType, node_id
from traya_gql.schema.payloads import MadePayload, Payload
from traya_gql.schema.people import ConsentInput, CustomerInput, Person
from traya_gql.schema.questionnaires import Answer, AnswerInput
from traya_gql.schema.scalp_photos import ScalpPhoto, ScalpPhotoInput

if TYPE_CHECKING:
    from traya_gql.schema.reports import Report

# a test compares it with the questionnaire
_MOST_ANSWERS = 40
_MOST_DRAFTED = 60


@strawberry.type(description="What was answered to one question, with its words.")
class HairTestAnswer(Answer):
    question: str = strawberry.field(description="The question's title, in the language of the report or the request.")
    labels: list[str] = strawberry.field(description="The chosen options' labels; for a number the number.")

    @classmethod
    def in_words(cls, given: GivenAnswer, language: Language) -> Self:
        question = current_questionnaire().question(given.key)
        labels = {option.value: option.label.in_(language) for option in question.options}
        return cls(
            key=given.key,
            values=list(given.values),
            question=question.title.in_(language),
            labels=[labels.get(value, value) for value in given.values],
        )


@strawberry.type(
    description="What somebody answered. Only ever reached by those who may read all of it; never changed."
)
class HairTest(Node):
    viewer: strawberry.Private[Viewer]
    record: strawberry.Private[HairTestRecord]
    language: strawberry.Private[Language]

    submitted_at: datetime = strawberry.field(description="When it was submitted.")
    person: Person = strawberry.field(description="Whom it is about, as typed.")
    questionnaire_version: str | None = strawberry.field(
        description="The version of the questionnaire. Null for the first one."
    )
    notice_version: str | None = strawberry.field(
        description="The version of the notice that the person consented to. Null for the first questionnaire."
    )

    @classmethod
    def of(cls, record: HairTestRecord, viewer: Viewer, language: Language) -> Self:
        return cls(
            viewer=viewer,
            record=record,
            language=language,
            id=node_id(NodeType.HAIR_TEST, record.id),
            submitted_at=record.created_at,
            person=Person.of(record.person),
            questionnaire_version=record.questionnaire_version,
            notice_version=None if record.consent is None else record.consent.notice_version,
        )

    @strawberry.field(
        description="All answers beside those in `person`, in the order of the questionnaire.",
        metadata={AT_MOST: _MOST_ANSWERS},
    )
    def answers(self) -> list[HairTestAnswer]:
        return [HairTestAnswer.in_words(given, self.language) for given in from_answers(self.record.answers)]

    @strawberry.field(
        description="The photos of the scalp that belong to it, the oldest first, also those that were not taken.",
        metadata={AT_MOST: MOST_PHOTOS},
    )
    async def photos(self, info: Info) -> list[ScalpPhoto]:
        records = await info.context.loaders.scalp_photos_by_hair_test.load(self.record.id)
        return [ScalpPhoto.of(record, self.viewer) for record in records or ()]

    @strawberry.field(description="What the test came to. Null only when the record is gone.")
    async def report(self, info: Info) -> Annotated[Report, strawberry.lazy("traya_gql.schema.reports")] | None:
        from traya_gql.schema.reports import Report  # noqa: PLC0415 - the two types name each other

        record = await info.context.loaders.report_by_id.load(self.record.report_id)
        return None if record is None else Report.of(record, self.viewer, self.language)


@strawberry.input(description="A whole hair test.")
class SubmitHairTestInput:
    idempotency_key: UUID = strawberry.field(
        description=(
            "A UUID that the client makes once for this submission and sends again with every repeat. A repeat by the "
            "same customer, or the guest with the same phone, and with the same input gets the first answer again; it "
            "is remembered for 7 days. Signing in between makes it a new request."
        )
    )
    customer: CustomerInput = strawberry.field(description="Who takes the test.")
    consent: ConsentInput = strawberry.field(description="Consent to the assessment.")
    answers: list[AnswerInput] | None = strawberry.field(
        default=None,
        description="The answers to all questions that are shown to this person; those not required may be left out.",
    )
    draft_token: str | None = strawberry.field(
        default=None, description="Instead of `answers`: the token of a draft that holds them. It ends the draft."
    )
    scalp_photos: list[ScalpPhotoInput] = strawberry.field(
        default_factory=list,
        description="At most 5 photos of the scalp, of `createScalpPhotoUpload`. None of them is waited for.",
    )


@strawberry.type(description="A page of hair tests.")
class HairTestConnection(Connection[HairTest]):
    pass


@strawberry.type(description="What `submitHairTest` answers.")
class SubmitHairTestPayload(MadePayload):
    report: Annotated[Report, strawberry.lazy("traya_gql.schema.reports")] | None = strawberry.field(
        default=None, description="The report, with its private parts; null when refused."
    )


@strawberry.type(
    description="An unfinished hair test, without a name or a phone. It is deleted when it is submitted or ends."
)
class HairTestDraft:
    saved_at: datetime = strawberry.field(description="When it was last saved.")
    expires_at: datetime = strawberry.field(description="When it ends: 30 days after it was begun.")
    version: int = strawberry.field(description="Rises with every save.")
    questionnaire_version: str = strawberry.field(
        description="The version of the questionnaire at the last save. Show new questions when it is not the present."
    )
    age: int | None = strawberry.field(description="Age in years, if known.")
    gender: Gender | None = strawberry.field(description="Gender, if known.")
    answers: list[Answer] = strawberry.field(
        description="The answers so far, as they were sent.", metadata={AT_MOST: _MOST_DRAFTED}
    )

    @classmethod
    def of(cls, record: HairTestDraftRecord) -> Self:
        return cls(
            saved_at=record.saved_at,
            expires_at=record.expires_at,
            version=record.version,
            questionnaire_version=record.questionnaire_version,
            age=record.age,
            gender=record.gender,
            answers=[Answer.of(given) for given in record.answers],
        )


@strawberry.input(description="What is answered so far. It replaces what the draft holds.")
class SaveHairTestDraftInput:
    draft_token: str | None = strawberry.field(
        default=None, description="The token of the draft. Left out: a new draft is begun."
    )
    version: int | None = strawberry.field(
        default=None,
        description=(
            "The version that was read; if the draft has another by now, it is refused with STALE_VERSION. Left out: "
            "whatever is there is replaced."
        ),
    )
    age: int | None = strawberry.field(default=None, description="Age in years, 18 to 100, if known.")
    gender: Gender | None = strawberry.field(
        default=None, description="Gender, if known. It decides which questions are shown."
    )
    answers: list[AnswerInput] = strawberry.field(
        description="All answers so far, to questions that are shown by now. May be empty."
    )


@strawberry.type(description="What `saveHairTestDraft` answers.")
class SaveHairTestDraftPayload(Payload):
    draft: HairTestDraft | None = strawberry.field(default=None, description="The draft; null when refused.")
    draft_token: str | None = strawberry.field(
        default=None,
        description="Resumes and submits the draft. Keep it secret: whoever holds it reads all. Null when refused.",
    )
