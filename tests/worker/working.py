"""What tests of jobs share: jobs that note what they did, a worker, and waiting for what it does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from pydantic import BaseModel
from starlette.applications import Starlette

from traya_gql.documents.transactions import Transactions, current_session
from traya_gql.services.jobs import Job, JobKind, Writing
from traya_gql.worker import Worker

HANG_S = 30.0


class Note(BaseModel):
    """What the jobs of these tests are given."""

    text: str


def kind(name: str = "tests.note", **changes: Any) -> JobKind[Note]:
    """A kind of job that is tried again at once."""
    return JobKind(name=name, payload=Note, **{"first_wait_s": 0.01, "longest_wait_s": 0.05, **changes})


def noting(database: Any, text: str) -> Writing:
    """Return what writes a note."""

    async def write() -> None:
        await database.notes.insert_one({"text": text}, session=current_session())

    return write


def job(
    database: Any,
    run: Callable[[Note], Awaitable[Writing | None]] | None = None,
    *,
    of: JobKind[Note] | None = None,
) -> Job[Note]:
    """Return a job; by default one that writes its note."""

    async def write_note(note: Note) -> Writing:
        return noting(database, note.text)

    return Job(kind=of or kind(), run=run or write_note)


@asynccontextmanager
async def working(
    started: Starlette, jobs: Sequence[Job[Any]], *, name: str = "one", **changes: Any
) -> AsyncIterator[asyncio.Task[None]]:
    """A worker of these jobs, at work."""
    worker = Worker(jobs, transactions=transactions(started), name=name, **{"at_a_time": 2, "poll_s": 0.05, **changes})
    task = asyncio.create_task(worker.run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def transactions(started: Starlette) -> Transactions:
    return Transactions(started.state.storage.client, deadline_s=10)


async def until(is_so: Callable[[], Awaitable[Any]]) -> Any:
    """Wait until something is so, and return it."""
    async with asyncio.timeout(HANG_S):
        while not (found := await is_so()):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
        return found


async def until_ended(database: Any, state: str = "DONE", count: int = 1) -> list[dict[str, Any]]:
    """Wait until so many jobs are in this state, and return them."""

    async def ended() -> list[dict[str, Any]] | None:
        found: list[dict[str, Any]] = await database.jobs.find({"state": state}).to_list()
        return found if len(found) >= count else None

    found: list[dict[str, Any]] = await until(ended)
    return found


async def notes(database: Any) -> list[str]:
    """Return what was noted, sorted."""
    return sorted([one["text"] async for one in database.notes.find({})])
