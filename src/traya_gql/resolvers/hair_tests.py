"""Submitting a hair test."""

from __future__ import annotations

from typing import Annotated

import strawberry

from traya_gql.context import Grant, Info, Kind
from traya_gql.domain.customers import PERSON_CODES
from traya_gql.domain.hair_tests import HairAnswers
from traya_gql.guards import ANYONE, mutation_field
from traya_gql.schema.hair_tests import SubmitHairTestInput, SubmitHairTestPayload
from traya_gql.schema.reports import Report
from traya_gql.services.hair_tests import SubmitHairTest
from traya_gql.services.idempotency import IdempotencyConflict, IdempotencyInProgress


@strawberry.type
class HairTestMutations:
    @mutation_field(
        guard=ANYONE,
        description=(
            "Submit a hair test and get the report at once. The person, the answers and the report are stored "
            "together or not at all. They belong to the customer who is signed in; what a guest submits can be claimed "
            "by whoever signs in with the phone. Nobody else's data is changed or shown, whatever phone is given. Too "
            "many: RATE_LIMITED."
        ),
        input_codes=PERSON_CODES,
        refusals=(IdempotencyConflict, IdempotencyInProgress),
    )
    async def submit_hair_test(
        self,
        info: Info,
        input_: Annotated[SubmitHairTestInput, strawberry.argument(name="input", description="The hair test.")],
    ) -> SubmitHairTestPayload | None:
        submitted = await info.context.services.hair_tests.submit(_command(input_), asker=info.context.asker)
        viewer = info.context.viewer.with_grant(Grant(Kind.REPORT, submitted.report.id))
        return SubmitHairTestPayload(
            report=Report.of(submitted.report, viewer),
            access_token=submitted.access.token,
            access_token_expires_at=submitted.access.expires_at,
            is_replay=submitted.is_replay,
        )


def _command(typed: SubmitHairTestInput) -> SubmitHairTest:
    return SubmitHairTest(
        idempotency_key=typed.idempotency_key,
        name=typed.customer.name,
        phone=typed.customer.phone,
        age=typed.customer.age,
        gender=typed.customer.gender,
        answers=HairAnswers(
            hair_loss_stage=typed.hair.hair_loss_stage,
            family_history=typed.hair.family_history,
            dandruff=typed.hair.dandruff,
            sleep=typed.internal_health.sleep,
            stress=typed.internal_health.stress,
            has_acidity_or_gas=typed.internal_health.has_acidity_or_gas,
            energy_level=typed.internal_health.energy_level,
            is_taking_supplements=typed.internal_health.is_taking_supplements,
        ),
    )
