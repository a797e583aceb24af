"""Asking for a report, and lifting its findings."""

from __future__ import annotations

from typing import Annotated

import strawberry

from traya_gql.context import Context, Info
from traya_gql.documents.reports import ReportRecord
from traya_gql.guards import ANYONE, DOCTOR, mutation_field, query_field
from traya_gql.schema.clearances import ClearSafetyFindingInput, ClearSafetyFindingPayload
from traya_gql.schema.common import LanguageArgument, read_public_id
from traya_gql.schema.reports import Report
from traya_gql.services.reports import CLEARANCE_INPUT_CODES, NotClearable, ReportNotFound


@strawberry.type
class ReportQueries:
    @query_field(
        guard=ANYONE,
        description=(
            "The report behind a shared link. Null for an unknown or malformed public id. An access token that is "
            "expired, or of another report, opens nothing more than the link does. Too many misses from one network "
            "address: RATE_LIMITED."
        ),
    )
    async def report(
        self,
        info: Info,
        public_id: Annotated[str, strawberry.argument(description="The report's public id, from its link.")],
        access_token: Annotated[
            str | None,
            strawberry.argument(description="The token that `submitHairTest` returned: opens the private fields."),
        ] = None,
        language: LanguageArgument = None,
    ) -> Report | None:
        context = info.context
        viewer = context.viewer_with(access_token)
        record = await find_report(public_id, context)
        return None if record is None else Report.of(record, viewer, language or context.language)


@strawberry.type
class ReportMutations:
    @mutation_field(
        guard=DOCTOR,
        description=(
            "Lift a safety finding of a report until a time. Only a doctor who treats the report's owner can, and only "
            "a finding with `canBeCleared`. The kit is put together anew; causes and findings stay as they were. It "
            "ends by itself; clear it again with a nearer end to shorten it. Too many: RATE_LIMITED."
        ),
        input_codes=CLEARANCE_INPUT_CODES,
        refusals=(ReportNotFound, NotClearable),
    )
    async def clear_safety_finding(
        self,
        info: Info,
        input_: Annotated[
            ClearSafetyFindingInput, strawberry.argument(name="input", description="Which finding, and why.")
        ],
    ) -> ClearSafetyFindingPayload | None:
        context = info.context
        record = await context.services.reports.clear_finding(
            read_public_id(input_.report_id),
            input_.finding,
            reason=input_.reason,
            expires_at=input_.expires_at,
            doctor_id=context.signed_in.customer_id,
        )
        return ClearSafetyFindingPayload(report=Report.of(record, context.viewer, context.language))


async def find_report(public_id: str, context: Context) -> ReportRecord | None:
    """Return the report behind a link; counts misses."""
    return await context.services.reports.find(
        public_id, address=context.address, load=context.loaders.report_by_public_id.load
    )
