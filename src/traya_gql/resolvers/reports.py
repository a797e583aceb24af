"""Asking for a report."""

from __future__ import annotations

from typing import Annotated

import strawberry

from traya_gql.context import Info
from traya_gql.guards import ANYONE, query_field
from traya_gql.schema.reports import Report
from traya_gql.services.reports import is_public_id


@strawberry.type
class ReportQueries:
    @query_field(
        guard=ANYONE,
        description=(
            "The report behind a shared link. Null for an unknown or malformed public id. An access token that is "
            "expired, or of another report, opens nothing more than the link does."
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
        if not is_public_id(public_id):
            return None
        record = await info.context.loaders.report_by_public_id.load(public_id)
        return None if record is None else Report.of(record, info.context.viewer_with(access_token))
