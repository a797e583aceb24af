"""The hair test: its questionnaire, drafts, and submitting it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import strawberry

from traya_gql.context import Grant, Info, Kind
from traya_gql.domain.customers import PERSON_CODES
from traya_gql.domain.questionnaire.checks import ANSWER_CODES
from traya_gql.domain.questionnaire.model import current_questionnaire
from traya_gql.domain.refusals import RefusalCode
from traya_gql.guards import ANYONE, DRAFT_TOKEN, mutation_field, query_field
from traya_gql.schema.common import LanguageArgument, NodeType, read_key
from traya_gql.schema.hair_tests import (
    HairTestDraft,
    SaveHairTestDraftInput,
    SaveHairTestDraftPayload,
    SubmitHairTestInput,
    SubmitHairTestPayload,
)
from traya_gql.schema.questionnaires import ShownQuestionnaire
from traya_gql.schema.reports import Report
from traya_gql.schema.scalp_photos import ScalpPhotoInput
from traya_gql.services.consents import ConsentRequired
from traya_gql.services.hair_test_drafts import DraftNotFound, StaleDraft
from traya_gql.services.hair_tests import SubmitHairTest
from traya_gql.services.idempotency import IdempotencyConflict, IdempotencyInProgress
from traya_gql.services.scalp_photos import NamedPhoto, PhotoNotFound


@strawberry.type
class HairTestQueries:
    @query_field(
        guard=ANYONE,
        description=(
            "The hair test as data: sections, questions, options, what is shown when. A front end renders the whole "
            "test from it, and sends the answers to `submitHairTest`."
        ),
    )
    def questionnaire(self, info: Info, language: LanguageArgument = None) -> ShownQuestionnaire:
        return ShownQuestionnaire.of(current_questionnaire(), language or info.context.language)

    @query_field(
        guard=DRAFT_TOKEN,
        description="The draft that a token resumes. Null when it ended, was submitted, or the token is no draft's.",
    )
    async def hair_test_draft(
        self,
        info: Info,
        token: Annotated[str, strawberry.argument(description="The token that `saveHairTestDraft` returned.")],
    ) -> HairTestDraft | None:
        grant = info.context.read_token(token)
        if grant is None or grant.kind is not Kind.DRAFT:
            return None
        record = await info.context.services.hair_test_drafts.find(grant.id)
        return None if record is None else HairTestDraft.of(record)


@strawberry.type
class HairTestMutations:
    @mutation_field(
        guard=ANYONE,
        description=(
            "Save answers before the hair test is whole. Answers that cannot be are refused; missing ones are not. A "
            "draft holds no name, phone or e-mail address, and nothing is assessed. Too many: RATE_LIMITED."
        ),
        input_codes=ANSWER_CODES | {RefusalCode.UNDER_AGE},
        refusals=(DraftNotFound, StaleDraft),
    )
    async def save_hair_test_draft(
        self,
        info: Info,
        input_: Annotated[SaveHairTestDraftInput, strawberry.argument(name="input", description="The answers.")],
    ) -> SaveHairTestDraftPayload | None:
        context = info.context
        saved = await context.services.hair_test_drafts.save(
            draft_id=None if input_.draft_token is None else _draft_id(input_.draft_token, info),
            version=input_.version,
            age=input_.age,
            gender=input_.gender,
            answers=[one.given() for one in input_.answers],
            address=context.address,
        )
        return SaveHairTestDraftPayload(draft=HairTestDraft.of(saved.draft), draft_token=saved.token.token)

    @mutation_field(
        guard=ANYONE,
        description=(
            "Submit a hair test and get the report at once. The person, the consent, the answers and the report are "
            "stored together or not at all. They belong to the customer who is signed in; what a guest submits can be "
            "claimed by whoever signs in with the phone. Nobody else's data is changed or shown, whatever phone is "
            "given. Too many: RATE_LIMITED."
        ),
        input_codes=PERSON_CODES | ANSWER_CODES | {RefusalCode.INVALID_ID, RefusalCode.DUPLICATE, RefusalCode.TOO_MANY},
        refusals=(ConsentRequired, DraftNotFound, IdempotencyConflict, IdempotencyInProgress, PhotoNotFound),
    )
    async def submit_hair_test(
        self,
        info: Info,
        input_: Annotated[SubmitHairTestInput, strawberry.argument(name="input", description="The hair test.")],
    ) -> SubmitHairTestPayload | None:
        context = info.context
        submitted = await context.services.hair_tests.submit(_command(input_, info), asker=context.asker)
        viewer = context.viewer.with_grant(Grant(Kind.REPORT, submitted.report.id))
        return SubmitHairTestPayload(
            report=Report.of(submitted.report, viewer, context.language),
            access_token=submitted.access.token,
            access_token_expires_at=submitted.access.expires_at,
            is_replay=submitted.is_replay,
        )


def _command(typed: SubmitHairTestInput, info: Info) -> SubmitHairTest:
    return SubmitHairTest(
        idempotency_key=typed.idempotency_key,
        name=typed.customer.name,
        phone=typed.customer.phone,
        email=typed.customer.email,
        age=typed.customer.age,
        gender=typed.customer.gender,
        answers=None if typed.answers is None else tuple(one.given() for one in typed.answers),
        draft_id=None if typed.draft_token is None else _draft_id(typed.draft_token, info),
        has_consent=typed.consent.is_given,
        notice_version=typed.consent.notice_version,
        language=typed.consent.language or info.context.language,
        photos=tuple(_named(one, info) for one in typed.scalp_photos),
    )


def _named(photo: ScalpPhotoInput, info: Info) -> NamedPhoto:
    return NamedPhoto(read_key(photo.id, NodeType.SCALP_PHOTO), info.context.viewer_with(photo.access_token).grants)


def _draft_id(token: str, info: Info) -> UUID:
    """Return the id of the draft that a token resumes.

    Raises:
        DraftNotFound: the token is no draft's, or has ended.
    """
    grant = info.context.read_token(token)
    if grant is None or grant.kind is not Kind.DRAFT:
        raise DraftNotFound("draftToken")
    return grant.id
