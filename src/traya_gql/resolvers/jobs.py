"""Durable jobs, for staff."""

from __future__ import annotations

from typing import Annotated

import strawberry

from traya_gql.context import Info
from traya_gql.domain.jobs import JobState
from traya_gql.domain.paging import DEFAULT_PAGE_SIZE
from traya_gql.guards import SUPPORT_OR_ADMIN, query_field
from traya_gql.schema.common import newest_first, page_after
from traya_gql.schema.customers import After, First
from traya_gql.schema.jobs import Job, JobConnection

_JOBS = "jobs"


@strawberry.type
class JobQueries:
    @query_field(
        guard=SUPPORT_OR_ADMIN,
        description="What the server does by itself, the newest first: what waits, runs, was done, or was given up.",
    )
    async def jobs(
        self,
        info: Info,
        state: Annotated[JobState | None, strawberry.argument(description="Only those in this state.")] = None,
        first: First = DEFAULT_PAGE_SIZE,
        after: After = None,
    ) -> JobConnection | None:
        page = page_after(first, after, _JOBS)
        records = await info.context.services.jobs.page(state=state, after=page.after, limit=page.limit)
        return newest_first(JobConnection, records, page, order=_JOBS, show=Job.of)
