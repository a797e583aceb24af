"""Jobs: typed functions under names, whose calls are written down with what causes them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeAlias, TypeVar
from uuid import UUID, uuid4

from pydantic import BaseModel

from traya_gql.documents import jobs
from traya_gql.documents.jobs import JobDocument, JobRecord
from traya_gql.documents.records import Position
from traya_gql.domain.jobs import JobState

P = TypeVar("P", bound=BaseModel)

Writing: TypeAlias = Callable[[], Awaitable[object]]
"""A re-runnable unit of work (see `Transactions`)."""


class GiveUp(Exception):
    """Another attempt would fail as this one did. The reason is ours, without values: staff read it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind(Generic[P]):
    """What kind of job there is, for those who schedule it and for the worker.

    Args:
        name: in the database: never changed, as jobs outlive releases.
        payload: what the function is given: ids, never what a person typed.
        timeout_s: when an attempt is given up.
        most_attempts: how many there are before the job is dead. One that a worker's death ended counts.
        first_wait_s: the wait after the first failure; each further one doubles.
        longest_wait_s: the longest wait between two attempts.
        at_a_time: how many run at once in a worker; None: as many as it runs of all. What strangers can cause in any
            number is kept to some of the places, so that the rest goes on.
    """

    name: str
    payload: type[P]
    timeout_s: float = 60
    most_attempts: int = 10
    first_wait_s: float = 1
    longest_wait_s: float = 600
    at_a_time: int | None = None

    async def schedule(self, payload: P, *, at: datetime, due_at: datetime | None = None) -> None:
        """Write down that this is to be done, once `due_at` has come (at once by default).

        Joins the transaction it runs in: the job is there if and only if that commits. `at` is the time of the cause.
        """
        # another id in each run of a unit of work does no harm: the run before it left nothing
        await JobDocument(
            id=uuid4(), created_at=at, name=self.name, payload=payload.model_dump(), due_at=due_at or at
        ).insert()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Generic[P]):
    """A kind of job, and the function that does it.

    The function may run several times for one job, after a failure or the death of a worker, and in bad luck twice at
    once. So all it does outside of the database, it does under names that make a repeat harmless; and it writes nothing
    to the database itself, but returns what is to be written. That is committed together with the note that the job is
    done, by the holder of the lease alone: once.
    """

    kind: JobKind[P]
    run: Callable[[P], Awaitable[Writing | None]]

    async def do(self, payload: dict[str, object]) -> Writing | None:
        """Run the function on a stored payload."""
        return await self.run(self.kind.payload.model_validate(payload))


@dataclass(frozen=True, slots=True)
class Jobs:
    """What staff see and do of jobs."""

    async def page(self, *, state: JobState | None, after: Position | None, limit: int) -> list[JobRecord]:
        """Return at most `limit` jobs, in this state if one is named, the newest first."""
        return await jobs.page(state=state, after=after, limit=limit)

    async def retry(self, ids: Sequence[UUID] | None) -> int:
        """Make dead jobs wait again: those with these ids, or all. Return how many."""
        return await jobs.revive(ids)

    async def drop(self, ids: Sequence[UUID] | None) -> int:
        """Delete dead jobs for good: those with these ids, or all. Return how many."""
        return await jobs.drop(ids)
