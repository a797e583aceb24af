"""Hair tests: from answers to a report."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict

from traya_gql.documents import products, reports
from traya_gql.documents.hair_tests import HairTestDocument
from traya_gql.documents.reports import ReportDocument, ReportRecord
from traya_gql.domain.assessment import assess
from traya_gql.domain.customers import Gender, Person, check_person, first_name
from traya_gql.domain.hair_tests import Assessed, HairAnswers
from traya_gql.domain.kit import recommend
from traya_gql.domain.rates import Rates
from traya_gql.domain.refusals import Problems
from traya_gql.services.access_tokens import AccessTokens, Grant, Issued, Kind
from traya_gql.services.asker import Asker
from traya_gql.services.idempotency import Once
from traya_gql.services.rate_limits import Hit, RateLimiter


class SubmitHairTest(BaseModel):
    """A hair test as somebody typed it."""

    model_config = ConfigDict(frozen=True)

    idempotency_key: UUID
    name: str
    phone: str
    age: int
    gender: Gender
    answers: HairAnswers


class Submitted(NamedTuple):
    """The report of a hair test, the token that opens its private parts, and whether this is a repeat."""

    report: ReportRecord
    access: Issued
    is_replay: bool


class _Checked(BaseModel):
    """What a repeat must bring again."""

    customer: Person
    answers: HairAnswers


@dataclass(frozen=True, slots=True, kw_only=True)
class HairTests:
    """The use cases of a hair test."""

    once: Once
    tokens: AccessTokens
    limiter: RateLimiter
    rates: Rates
    now: Callable[[], datetime]

    async def submit(self, command: SubmitHairTest, *, asker: Asker) -> Submitted:
        """Store the person as typed, the answers and the report in one transaction.

        They belong to the customer who is signed in; a guest's belong to nobody until they are claimed.

        Raises:
            InvalidInput: details of the person break rules.
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
        person = Assessed(age=checked.customer.age, gender=checked.customer.gender, answers=checked.answers)
        assessment = assess(person)

        async def work() -> ReportRecord:
            kit = recommend(answers=checked.answers, causes=assessment.causes, candidates=await products.all_active())
            await HairTestDocument(
                id=hair_test_id,
                created_at=made_at,
                customer_id=asker.customer_id,
                report_id=report_id,
                person=checked.customer,
                answers=checked.answers,
            ).insert()
            report = ReportDocument(
                id=report_id,
                created_at=made_at,
                customer_id=asker.customer_id,
                public_id=public_id,
                hair_test_id=hair_test_id,
                first_name=first_name(checked.customer.name),
                gender=checked.customer.gender,
                assessment=assessment,
                kit=kit,
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
            problems=problems,
        )
    problems.refuse_if_any()
    assert customer is not None  # noqa: S101 - no problem was found
    return _Checked(customer=customer, answers=command.answers)
