"""Durable jobs as staff see them."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from traya_gql.documents.jobs import JobRecord
from traya_gql.domain.jobs import JobState
from traya_gql.schema.common import Connection, described_enum

described_enum(
    JobState,
    "Where a job stands.",
    {
        JobState.WAITING: "To be done at `dueAt`, or as soon after it as a worker is free.",
        JobState.RUNNING: "A worker has it. If the worker is lost, another takes it at `dueAt`.",
        JobState.DONE: "Done, once. Kept for 7 days.",
        JobState.DEAD: "Given up: `error` says why. `traya-gql jobs retry` has it tried again.",
    },
)


@strawberry.type(description="Something that the server does by itself, once, however often its workers are restarted.")
class Job:
    id: UUID = strawberry.field(description="Names the job for `traya-gql jobs`. Not an id for `node`.")
    name: str = strawberry.field(description="What is done, such as `scalp_photos.check`.")
    state: JobState = strawberry.field(description="Where it stands.")
    attempts: int = strawberry.field(description="How many times it was begun.")
    created_at: datetime = strawberry.field(description="When what causes it happened.")
    due_at: datetime = strawberry.field(description="When a worker may take it; of a RUNNING one, when its lease ends.")
    finished_at: datetime | None = strawberry.field(description="When it was done or given up. Null before.")
    worker: str | None = strawberry.field(description="The worker that had it last. Null before the first attempt.")
    error: str | None = strawberry.field(
        description="Why the last attempt failed: the kind of fault and its place. Null when none failed, or when done."
    )

    @classmethod
    def of(cls, record: JobRecord) -> Self:
        return cls(
            id=record.id,
            name=record.name,
            state=record.state,
            attempts=record.attempts,
            created_at=record.created_at,
            due_at=record.due_at,
            finished_at=record.finished_at,
            worker=record.worker,
            error=record.error,
        )


@strawberry.type(description="A page of jobs.")
class JobConnection(Connection[Job]):
    pass
