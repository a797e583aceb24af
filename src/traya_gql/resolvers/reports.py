"""Asking for a report."""

from __future__ import annotations

from typing import Annotated

import strawberry

from traya_gql.context import Context, Info
from traya_gql.documents.reports import ReportRecord
from traya_gql.guards import ANYONE, query_field
from traya_gql.schema.reports import Report


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
    ) -> Report | None:
        viewer = info.context.viewer_with(access_token)
        record = await find_report(public_id, info.context)
        return None if record is None else Report.of(record, viewer)


async def find_report(public_id: str, context: Context) -> ReportRecord | None:
    """Return the report behind a link; counts misses."""
    return await context.services.reports.find(
        public_id, address=context.address, load=context.loaders.report_by_public_id.load
    )
