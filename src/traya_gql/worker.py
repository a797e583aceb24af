"""The worker: takes due jobs, runs them, and writes what came of them."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import pymongo
from pydantic import ValidationError
from pymongo.errors import PyMongoError

from traya_gql.documents import jobs
from traya_gql.documents.jobs import JobRecord
from traya_gql.documents.transactions import Transactions
from traya_gql.domain.jobs import wait_before_retry_s
from traya_gql.integrations.mongodb.cancelling import end_if_cancelled
from traya_gql.observability.faults import describe_fault
from traya_gql.services.jobs import GiveUp, Job, JobKind, Writing

LEASE_S = 30.0
"""How long a job lies idle after its worker was killed. A living worker renews its leases three times as often."""

POLL_S = 5.0
"""How often an idle worker looks for jobs that nobody told it of: those whose time has come, and those of the dead."""

_NEVER_ENDED = "the last attempt never ended: its worker died, or lost touch with the database"
_ANSWER_DEADLINE_S = 5.0
_CLOSE_DEADLINE_S = 1.0
_PAUSE_S = 1.0
_HELD_S = 60.0
"""How long a killed worker's transaction may hold a job: MongoDB's own default."""

_log = logging.getLogger(__name__)


class _LeaseLost(Exception):
    """Another worker has the job."""


class Worker:
    """Runs jobs, several at a time, until it is cancelled. Any number of workers share one queue.

    Args:
        done_by: all jobs that this worker knows. Others are left to workers of other releases.
        transactions: commit what jobs write.
        name: who it is, for staff.
        at_a_time: how many jobs run at once.
        lease_s: see `LEASE_S`.
        poll_s: see `POLL_S`.
        chance: a number in [0, 1), which spreads retries.
    """

    def __init__(
        self,
        done_by: Sequence[Job[Any]],
        *,
        transactions: Transactions,
        name: str,
        at_a_time: int,
        lease_s: float = LEASE_S,
        poll_s: float = POLL_S,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._jobs = {job.kind.name: job for job in done_by}
        self._transactions = transactions
        self._name = name
        self._lease_s = lease_s
        self._poll_s = poll_s
        self._chance = chance
        self._free = asyncio.Semaphore(at_a_time)
        self._news = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._running_of: Counter[str] = Counter()
        self._held_until = 0.0

    async def run(self) -> None:
        """Work until cancelled: outlives every failure of the database. At the end, gives back what is not done."""
        listener = asyncio.create_task(self._listen())
        try:
            while True:
                await self._free.acquire()
                record = await self._next()
                task = asyncio.create_task(self._work(record))
                self._running.add(task)
                self._running_of[record.name] += 1
                task.add_done_callback(partial(self._ended, record.name))
        finally:
            tasks = [listener, *self._running]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._running_of[name] -= 1
        self._free.release()
        # one of its kind may have waited for this place
        self._news.set()

    def _wanted(self) -> list[str]:
        """Return the names of the jobs that there is a place for."""
        kinds = (job.kind for job in self._jobs.values())
        return [kind.name for kind in kinds if kind.at_a_time is None or self._running_of[kind.name] < kind.at_a_time]

    async def _next(self) -> JobRecord:
        """Wait for a job, and lease it."""
        while True:
            end_if_cancelled()
            # before the look: news that come while it is under way are not slept over
            self._news.clear()
            try:
                job = await self._take()
            except PyMongoError as error:
                _log.warning("jobs: cannot be taken (%s)", type(error).__name__)
                if error.timeout:
                    self._held_until = asyncio.get_running_loop().time() + _HELD_S
                await asyncio.sleep(_PAUSE_S)
                continue
            except ValidationError:
                # of another release, or damaged by hand: its lease ends, and others go on
                _log.error("jobs: one cannot be read, see its `worker`: %s", self._name)
                continue
            if job is not None:
                return job
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll_s):
                    await self._news.wait()

    async def _take(self) -> JobRecord | None:
        # one job that is held must not keep all others waiting
        is_held = asyncio.get_running_loop().time() < self._held_until
        take = jobs.take_unheld if is_held else jobs.take
        with pymongo.timeout(_ANSWER_DEADLINE_S):
            taking = asyncio.create_task(take(self._wanted(), lease_s=self._lease_s, worker=self._name))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            with suppress(PyMongoError):
                # or it would lie idle until the lease ends
                if (job := await taking) is not None:
                    await jobs.release(job)
            raise

    async def _listen(self) -> None:
        while True:
            end_if_cancelled()
            try:
                await self._follow_a_stream()
            except PyMongoError as error:
                # not lost, but later: the poll finds them
                _log.warning("jobs: lost the stream (%s)", type(error).__name__)
            await asyncio.sleep(_PAUSE_S)

    async def _follow_a_stream(self) -> None:
        with pymongo.timeout(_ANSWER_DEADLINE_S):
            stream = await jobs.watch()
        # of what came before the stream, the poll may know nothing yet
        self._news.set()
        try:
            while stream.alive:
                end_if_cancelled()
                with pymongo.timeout(_ANSWER_DEADLINE_S):
                    change = await stream.try_next()
                if change is not None:
                    self._news.set()
        finally:
            with suppress(PyMongoError), pymongo.timeout(_CLOSE_DEADLINE_S):
                await stream.close()

    async def _work(self, record: JobRecord) -> None:
        job = self._jobs[record.name]
        try:
            await self._do(job, record)
        except _LeaseLost:
            _log.warning("job %s %s: the lease was lost", record.name, record.id)
        except asyncio.CancelledError:
            # whoever is told to end gives the job to others at once, instead of when the lease ends
            with suppress(PyMongoError):
                await jobs.release(record)
            raise
        except PyMongoError as error:
            # nobody can say now what became of it: the lease ends, and then it is seen
            _log.warning("job %s %s: the database failed (%s)", record.name, record.id, type(error).__name__)

    async def _do(self, job: Job[Any], record: JobRecord) -> None:
        kind = job.kind
        if record.attempts > kind.most_attempts:
            # such a job would go on killing workers for ever
            await self._bury(record, _NEVER_ENDED)
            return
        try:
            writing = await self._run(job, record)
            await self._commit(record, writing)
        except _LeaseLost:
            raise
        except GiveUp as given_up:
            await self._bury(record, given_up.reason)
        except Exception as fault:  # noqa: BLE001 - whatever a job raises must not end the worker
            await self._failed(kind, record, _reason(fault))

    async def _run(self, job: Job[Any], record: JobRecord) -> Writing | None:
        """Run the job's function under its lease.

        Raises:
            _LeaseLost: another worker may have taken the job: the function was stopped.
        """
        function = asyncio.ensure_future(_timed(job, record))
        renewer = asyncio.create_task(self._renew(record))
        try:
            await asyncio.wait({function, renewer}, return_when=asyncio.FIRST_COMPLETED)
            if not function.done():
                raise _LeaseLost
            if function.cancelled():
                raise RuntimeError("the job ended itself by a cancellation")
            return function.result()
        finally:
            function.cancel()
            renewer.cancel()
            await asyncio.gather(function, renewer, return_exceptions=True)

    async def _renew(self, record: JobRecord) -> None:
        """Renew the lease until it is lost."""
        lost_at = asyncio.get_running_loop().time() + self._lease_s
        while True:
            await asyncio.sleep(self._lease_s / 3)
            end_if_cancelled()
            asked_at = asyncio.get_running_loop().time()
            try:
                if not await jobs.renew(record, lease_s=self._lease_s):
                    return
                lost_at = asked_at + self._lease_s
            except PyMongoError as error:
                _log.warning("job %s %s: not renewed (%s)", record.name, record.id, type(error).__name__)
                if asked_at > lost_at:
                    return

    async def _commit(self, record: JobRecord, writing: Writing | None) -> None:
        """Write what the job returned, and that it is done: both, or neither.

        Raises:
            _LeaseLost: nothing was written.
        """

        async def work() -> None:
            # first: of two workers with one job, the second one's transaction ends here
            if not await jobs.finish(record):
                raise _LeaseLost
            if writing is not None:
                await writing()

        if writing is None:
            await work()
        else:
            await self._transactions.run(work)

    async def _failed(self, kind: JobKind[Any], record: JobRecord, reason: str) -> None:
        if record.attempts >= kind.most_attempts:
            await self._bury(record, reason)
            return
        wait_s = wait_before_retry_s(
            attempts=record.attempts, first_s=kind.first_wait_s, most_s=kind.longest_wait_s, chance=self._chance()
        )
        _log.warning("job %s %s: attempt %d failed: %s", record.name, record.id, record.attempts, reason)
        await jobs.postpone(record, wait_s=wait_s, error=reason)

    async def _bury(self, record: JobRecord, reason: str) -> None:
        _log.error("job %s %s: given up after %d attempts: %s", record.name, record.id, record.attempts, reason)
        await jobs.bury(record, error=reason)


async def _timed(job: Job[Any], record: JobRecord) -> Writing | None:
    async with asyncio.timeout(job.kind.timeout_s):
        return await job.do(record.payload)


def _reason(fault: Exception) -> str:
    """Return the type and the place of a fault: its message may quote what somebody typed."""
    said = describe_fault(fault)
    return " at ".join([said["type"].removeprefix("builtins."), *said["frames"][:1]])
