"""Hair tests: from answers to a report."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict

from traya_gql.documents import hair_test_drafts, orders, products, reports
from traya_gql.documents.hair_tests import HairTestDocument
from traya_gql.documents.reports import ReportDocument, ReportRecord
from traya_gql.domain.consents import Consent, ConsentPurpose
from traya_gql.domain.customers import Gender, Person, check_person, first_name
from traya_gql.domain.languages import Language
from traya_gql.domain.questionnaire.checks import GivenAnswer, check_answers, to_answers
from traya_gql.domain.questionnaire.model import current_questionnaire
from traya_gql.domain.rates import Rates
from traya_gql.domain.refusals import InvalidInput, Problems, RefusalCode
from traya_gql.domain.ruleset.codes import GateCode
from traya_gql.domain.ruleset.gates import refusals
from traya_gql.domain.ruleset.outcome import outcome_of
from traya_gql.domain.ruleset.rules import Ruleset
from traya_gql.domain.scalp_photos import MOST_PHOTOS
from traya_gql.services.access_tokens import AccessTokens, Grant, Issued, Kind
from traya_gql.services.asker import Asker
from traya_gql.services.consents import ConsentRequired, refuse_old_notice
from traya_gql.services.hair_test_drafts import DraftNotFound
from traya_gql.services.idempotency import Once
from traya_gql.services.rate_limits import Hit, RateLimiter
from traya_gql.services.scalp_photos import NamedPhoto, claim

SUPPLY = timedelta(days=30)
"""How long one piece of a product lasts: what was bought since cannot be used up. Source: docs/assessment.md."""


class SubmitHairTest(BaseModel):
    """A hair test as somebody typed it: either `answers`, or the draft that holds them.

    `language` is what the notice was read in.
    """

    model_config = ConfigDict(frozen=True)

    idempotency_key: UUID
    name: str
    phone: str
    email: str | None
    age: int
    gender: Gender
    answers: tuple[GivenAnswer, ...] | None
    draft_id: UUID | None
    has_consent: bool
    notice_version: str
    language: Language
    photos: tuple[NamedPhoto, ...] = ()


class Submitted(NamedTuple):
    """The report of a hair test, the token that opens its private parts, and whether this is a repeat."""

    report: ReportRecord
    access: Issued
    is_replay: bool


class _Checked(BaseModel):
    """What a repeat must bring again. Of a draft its id: the draft itself is used up by the first."""

    customer: Person
    answers: tuple[GivenAnswer, ...] | None
    draft_id: UUID | None
    notice_version: str


class _CheckedWithPhotos(_Checked):
    # apart, as the hash of a test without photos must stay what earlier releases remembered
    photo_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HairTests:
    """The use cases of a hair test. `rules` are those of this release."""

    once: Once
    tokens: AccessTokens
    limiter: RateLimiter
    rates: Rates
    rules: Ruleset
    now: Callable[[], datetime]

    async def submit(self, command: SubmitHairTest, *, asker: Asker) -> Submitted:
        """Store the person as typed, the consent, the answers and the report in one transaction; a draft ends with it.

        They belong to the customer who is signed in; a guest's belong to nobody until they are claimed.

        Raises:
            InvalidInput: details of the person or answers break rules.
            ConsentRequired: no consent was given, or to words that are not the present ones.
            DraftNotFound: the draft has ended.
            PhotoNotFound: a photo is not the asker's to name.
            RateLimited: too many from this asker, or this address.
            IdempotencyConflict, IdempotencyInProgress: see `Once.run`.
        """
        checked = _check(command)
        name = asker.name(checked.customer.phone)
        await self.limiter.hit(
            Hit(name="hair_tests_per_asker", rate=self.rates.hair_tests_per_asker, key=name),
            Hit(name="hair_tests_per_ip", rate=self.rates.hair_tests_per_ip, key=asker.address),
        )
        made_at = self.now()
        hair_test_id, report_id = uuid4(), uuid4()
        public_id = secrets.token_urlsafe(16)
        person = checked.customer

        async def work() -> ReportRecord:
            given = checked.answers
            if given is None:
                assert checked.draft_id is not None  # noqa: S101 - checked
                given = await _take_draft(checked.draft_id, person, now=made_at)
            answers = to_answers(given, age=person.age, gender=person.gender)
            if command.photos:
                # whatever state they are in: nobody waits for a photo
                usable = await claim(
                    command.photos, hair_test_id=hair_test_id, report_id=report_id, customer_id=asker.customer_id
                )
                answers = answers.model_copy(update={"usable_photos": usable})
            bought: frozenset[UUID] = frozenset()
            if asker.customer_id is not None:
                bought = await orders.products_bought(asker.customer_id, since=made_at - SUPPLY)
            outcome = outcome_of(
                answers, candidates=await products.candidates(answers.pattern), rules=self.rules, bought=bought
            )
            await HairTestDocument(
                id=hair_test_id,
                created_at=made_at,
                customer_id=asker.customer_id,
                report_id=report_id,
                person=person,
                answers=answers,
                questionnaire_version=current_questionnaire().version,
                consent=Consent(
                    purpose=ConsentPurpose.HEALTH_ASSESSMENT,
                    notice_version=checked.notice_version,
                    language=command.language,
                    given_at=made_at,
                ),
            ).insert()
            report = ReportDocument(
                id=report_id,
                created_at=made_at,
                customer_id=asker.customer_id,
                public_id=public_id,
                hair_test_id=hair_test_id,
                first_name=first_name(person.name),
                gender=person.gender,
                assessment=outcome.assessment,
                findings=outcome.findings,
                kit=outcome.kit,
                shared_kit=outcome.shared_kit,
            )
            return await report.insert()

        outcome = await self.once.run(
            mutation="submitHairTest",
            asker=name,
            key=command.idempotency_key,
            command=checked,
            result_id=report_id,
            now=made_at,
            work=work,
            find=reports.by_ids,
        )
        report = outcome.record
        return Submitted(
            report=report,
            access=self.tokens.issue(Grant(Kind.REPORT, report.id), made_at=report.created_at),
            is_replay=outcome.is_replay,
        )


def _check(command: SubmitHairTest) -> _Checked:
    problems = Problems()
    with problems.under("customer"):
        customer = check_person(
            name=command.name,
            phone=command.phone,
            age=command.age,
            gender=command.gender,
            email=command.email,
            problems=problems,
        )
    answers = None
    if (command.answers is None) is (command.draft_id is None):
        problems.add(RefusalCode.REQUIRED, "Send either `answers` or `draftToken`.", "answers")
    elif command.answers is not None:
        # with the person's problems, so that everything is said at once
        age = None if customer is None else customer.age
        answers = check_answers(command.answers, age=age, gender=command.gender, is_whole=True, problems=problems)
    _check_photos(command.photos, problems)
    problems.refuse_if_any()
    _check_consent(command)
    assert customer is not None  # noqa: S101 - no problem was found
    photo_ids = tuple(one.id for one in command.photos if one.id is not None)
    checked = _Checked(
        customer=customer, answers=answers, draft_id=command.draft_id, notice_version=command.notice_version
    )
    return _CheckedWithPhotos(**dict(checked), photo_ids=photo_ids) if photo_ids else checked


def _check_photos(photos: Sequence[NamedPhoto], problems: Problems) -> None:
    if len(photos) > MOST_PHOTOS:
        problems.add(RefusalCode.TOO_MANY, f"A hair test has at most {MOST_PHOTOS} photos.", "scalpPhotos")
        return
    ids = [one.id for one in photos]
    for place, id_ in enumerate(ids):
        if id_ is None:
            message = "This is not the id of a photo: use the one that `createScalpPhotoUpload` gave you."
            problems.add(RefusalCode.INVALID_ID, message, "scalpPhotos", str(place), "id")
        elif id_ in ids[:place]:
            problems.add(RefusalCode.DUPLICATE, "Name each photo once.", "scalpPhotos", str(place), "id")


def _check_consent(command: SubmitHairTest) -> None:
    if GateCode.G01_CONSENT in refusals(age=command.age, has_consent=command.has_consent):
        message = "Nothing is assessed without consent. Show the notice of the questionnaire, and ask for it."
        raise ConsentRequired(message, "isGiven")
    refuse_old_notice(command.notice_version, current_questionnaire().notice)


async def _take_draft(id_: UUID, person: Person, *, now: datetime) -> tuple[GivenAnswer, ...]:
    """Return the answers of a draft as those of this person, and delete it.

    Raises:
        DraftNotFound: it has ended.
        InvalidInput: its answers are not whole, or not those that this person is asked for.
    """
    draft = await hair_test_drafts.by_id(id_, now=now)
    if draft is None:
        raise DraftNotFound("draftToken")
    problems = Problems()
    answers = check_answers(draft.answers, age=person.age, gender=person.gender, is_whole=True, problems=problems)
    try:
        problems.refuse_if_any()
    except InvalidInput as wrong:
        # the client sent no answers: what is wrong lies in the draft
        raise InvalidInput(*(one._replace(path=("input", "draftToken")) for one in wrong.problems)) from None
    await hair_test_drafts.remove(id_)
    assert answers is not None  # noqa: S101 - no problem was found
    return answers
