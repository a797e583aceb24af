"""Durable jobs in MongoDB: written in the transaction of what causes them, taken by workers under a lease.

Times are the database's: workers whose clocks differ share one queue.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import ConfigDict
from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.asynchronous.change_stream import AsyncChangeStream
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import OperationFailure

from traya_gql.documents.records import NEWEST_FIRST, Position, Record, StoredDocument, find_newest
from traya_gql.documents.transactions import current_session
from traya_gql.domain.jobs import OPEN_STATES, JobState

DONE_KEPT = timedelta(days=7)
"""How long a job that is done can be looked at. A dead one stays until somebody retries or drops it."""

_ANSWER_EVERY_MS = 1000
_LONGEST_DUE = [("due_at", ASCENDING)]
_MOST_LOOKED_AT = 100


class JobRecord(Record):
    """Something to be done once, at or after a time.

    Args:
        name: which function does it.
        payload: what the function is given; ids, never what a person typed.
        due_at: when a worker may take it: of a running job, when its lease ends.
        attempts: how many were begun.
        fence: rises with each lease; what a worker writes holds only while it is the worker's own.
        worker: who runs it, or ran it last.
        error: why the last attempt failed: the type of the fault and its place, no values.
        finished_at: when it was done, or given up.
    """

    name: str
    payload: dict[str, Any]
    state: JobState = JobState.WAITING
    due_at: datetime
    attempts: int = 0
    fence: int = 0
    worker: str | None = None
    error: str | None = None
    finished_at: datetime | None = None


class JobDocument(JobRecord, StoredDocument):
    """The job as written. `expires_at`: when MongoDB deletes one that is done."""

    model_config = ConfigDict(frozen=False)

    expires_at: datetime | None = None

    class Settings:
        """Where it lies."""

        name = "jobs"
        indexes = (
            IndexModel([("name", ASCENDING), ("state", ASCENDING), ("due_at", ASCENDING)], name="due"),
            IndexModel([("state", ASCENDING), *NEWEST_FIRST], name="state"),
            IndexModel(NEWEST_FIRST, name="newest"),
            IndexModel("expires_at", name="expires_at", expireAfterSeconds=0),
        )


async def take(names: Sequence[str], *, lease_s: float, worker: str) -> JobRecord | None:
    """Lease the job that has been due for longest, among those of these names; None when none is due. One command.

    When an open transaction holds that job, as that of a killed worker does, this waits for it: see `take_unheld`.
    """
    return await _lease(_due(names), sort=_LONGEST_DUE, lease_s=lease_s, worker=worker)


async def take_unheld(names: Sequence[str], *, lease_s: float, worker: str) -> JobRecord | None:
    """Do what `take` does, but pass by all that open transactions hold. Three commands and more."""
    due = _collection().find(
        _due(names),
        {"_id": 1},
        sort=_LONGEST_DUE,
        limit=_MOST_LOOKED_AT,
        batch_size=_MOST_LOOKED_AT + 1,
        comment="jobs.due",
    )
    async with _collection().database.client.start_session() as session:
        for one in await due.to_list():
            try:
                # a transaction does not wait: it fails at once
                async with await session.start_transaction():
                    job = await _lease(_due(names) | one, lease_s=lease_s, worker=worker, session=session)
            except OperationFailure as error:
                if not error.has_error_label("TransientTransactionError"):
                    raise
                continue
            if job is not None:
                return job
    return None


async def renew(job: JobRecord, *, lease_s: float) -> bool:
    """Make the lease of a running job end later; return False when it was lost."""
    return await _change(job, {"due_at": _from_now(lease_s)}, comment="jobs.renew")


async def finish(job: JobRecord) -> bool:
    """Note that a running job is done; return False when its lease was lost. Joins the transaction it runs in."""
    return await _change(
        job,
        {
            "state": JobState.DONE,
            "finished_at": "$$NOW",
            "expires_at": _from_now(DONE_KEPT.total_seconds()),
            "error": None,
        },
        comment="jobs.finish",
    )


async def postpone(job: JobRecord, *, wait_s: float, error: str) -> bool:
    """Note that an attempt failed, and when the next one is due; return False when the lease was lost."""
    values = {"state": JobState.WAITING, "due_at": _from_now(wait_s), "error": {"$literal": error}}
    return await _change(job, values, comment="jobs.postpone")


async def bury(job: JobRecord, *, error: str) -> bool:
    """Note that a job is given up, and why; return False when the lease was lost."""
    values = {"state": JobState.DEAD, "finished_at": "$$NOW", "error": {"$literal": error}}
    return await _change(job, values, comment="jobs.bury")


async def release(job: JobRecord) -> bool:
    """Give a job back as if it had not been taken; return False when the lease was lost."""
    values = {"state": JobState.WAITING, "due_at": "$$NOW", "attempts": {"$subtract": ["$attempts", 1]}}
    return await _change(job, values, comment="jobs.release")


async def revive(ids: Sequence[UUID] | None) -> int:
    """Make dead jobs wait again, due now and with all their attempts: those with these ids, or all. Return how many."""
    revived = await _collection().update_many(
        _dead(ids),
        [{"$set": {"state": JobState.WAITING, "due_at": "$$NOW", "attempts": 0, "finished_at": None}}],
        comment="jobs.revive",
    )
    return revived.modified_count


async def drop(ids: Sequence[UUID] | None) -> int:
    """Delete dead jobs: those with these ids, or all. Return how many."""
    dropped = await _collection().delete_many(_dead(ids), comment="jobs.drop")
    return dropped.deleted_count


async def page(*, state: JobState | None, after: Position | None, limit: int) -> list[JobRecord]:
    """Return at most `limit` jobs, in this state if one is named, the newest first."""
    query = {} if state is None else {"state": state}
    return await find_newest(JobDocument, JobRecord, query, after=after, limit=limit, comment="jobs.page")


async def watch() -> AsyncChangeStream[dict[str, Any]]:
    """Open the stream of jobs that came to wait from now on."""
    return await _collection().watch(
        [
            {
                "$match": {
                    "$or": [
                        {"operationType": "insert"},
                        {"updateDescription.updatedFields.state": JobState.WAITING},
                    ]
                }
            },
            {"$project": {"_id": 1}},
        ],
        max_await_time_ms=_ANSWER_EVERY_MS,
        comment="jobs.watch",
    )


def _collection() -> AsyncCollection[dict[str, Any]]:
    return JobDocument.get_pymongo_collection()


def _due(names: Sequence[str]) -> dict[str, Any]:
    return {
        "state": {"$in": OPEN_STATES},
        "name": {"$in": list(names)},
        "$expr": {"$lte": ["$due_at", "$$NOW"]},
    }


async def _lease(
    query: dict[str, Any],
    *,
    lease_s: float,
    worker: str,
    sort: list[tuple[str, int]] | None = None,
    session: AsyncClientSession | None = None,
) -> JobRecord | None:
    raw = await _collection().find_one_and_update(
        query,
        [
            {
                "$set": {
                    "state": JobState.RUNNING,
                    "due_at": _from_now(lease_s),
                    "attempts": {"$add": ["$attempts", 1]},
                    "fence": {"$add": ["$fence", 1]},
                    "worker": worker,
                }
            }
        ],
        sort=sort,
        return_document=ReturnDocument.AFTER,
        session=session,
        comment="jobs.take",
    )
    return None if raw is None else JobRecord.model_validate(raw)


def _dead(ids: Sequence[UUID] | None) -> dict[str, Any]:
    query: dict[str, Any] = {"state": JobState.DEAD}
    return query if ids is None else {**query, "_id": {"$in": list(ids)}}


def _from_now(seconds: float) -> dict[str, Any]:
    return {"$dateAdd": {"startDate": "$$NOW", "unit": "millisecond", "amount": round(seconds * 1000)}}


async def _change(job: JobRecord, values: dict[str, Any], *, comment: str) -> bool:
    changed = await _collection().update_one(
        {"_id": job.id, "fence": job.fence, "state": JobState.RUNNING},
        [{"$set": values}],
        session=current_session(),
        comment=comment,
    )
    return bool(changed.matched_count)
