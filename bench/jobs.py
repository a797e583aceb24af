"""How many jobs workers do a second, and how soon an idle one does what was just committed.

`python -m bench.jobs URI` is one worker, until SIGTERM. Its only job writes one document; each job of the product does
at least that, as what a job writes is committed together with its end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import uvloop
from pydantic import BaseModel
from pymongo.asynchronous.database import AsyncDatabase

from bench.load import WrongAnswer
from bench.servers import ROOT
from traya_gql.documents import collections
from traya_gql.documents.transactions import Transactions, current_session
from traya_gql.integrations.mongodb.connection import connect
from traya_gql.services.idempotency import WAIT_S
from traya_gql.services.jobs import Job, JobKind, Writing
from traya_gql.worker import Worker

NAME = "jobs"
JOBS = 2000
AT_A_TIME = 8
WORKERS = (1, 2)
ALONE = 100
"""Jobs that come one by one, for the latency."""

_DEADLINE_S = 60
_HANG_S = 120
_WARM_UPS = 40
_POLL_S = 0.02
_LOOK_S = 0.001


class Note(BaseModel):
    """What the job is given: the id of the document that it writes."""

    id: int


KIND = JobKind(name="bench.note", payload=Note)


def measure(uri: str) -> dict[str, Any]:
    """Return the jobs a second of one worker and of two, each a process, and the latency of one that is idle."""
    return uvloop.run(_measure(uri))


async def _measure(uri: str) -> dict[str, Any]:
    client = connect(uri)
    try:
        database = client.get_default_database()
        await collections.prepare(database)
        await database.create_collection("notes")
        queue = _Queue(database, Transactions(client, deadline_s=_DEADLINE_S))
        rates = {}
        latencies_ms: list[float] = []
        for count in WORKERS:
            with contextlib.ExitStack() as stack:
                pids = [stack.enter_context(_worker(uri)) for _ in range(count)]
                await queue.warm_up(pids)
                if count == 1:
                    latencies_ms = [await queue.latency_ms() for _ in range(ALONE)]
                rates[count] = await queue.rate()
    finally:
        await client.close()
    return {
        "jobs": JOBS,
        "at_a_time": AT_A_TIME,
        "jobs_a_second": rates,
        "latency_ms": {"p50": statistics.median(latencies_ms), "max": max(latencies_ms)},
    }


class _Queue:
    """Schedules jobs, and sees them done."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]], transactions: Transactions) -> None:
        self._database = database
        self._transactions = transactions
        self._scheduled = 0

    async def warm_up(self, pids: Sequence[int]) -> None:
        """Return when each of these workers has done a job: then all have their connections, and listen."""
        names = {f"bench:{pid}" for pid in pids}

        async def have_all_worked() -> bool:
            await self._schedule(_WARM_UPS)
            await _until(self._is_all_done)
            return names <= set(await self._database["jobs"].distinct("worker"))

        await _until(have_all_worked)

    async def rate(self) -> float:
        """Return the jobs a second, from the commit that scheduled them all to the last one's end."""
        await self._schedule(JOBS)
        begin = time.perf_counter()
        await _until(self._is_all_done)
        took_s = time.perf_counter() - begin
        if (done := await self._database["jobs"].count_documents({"state": "DONE"})) != self._scheduled:
            raise WrongAnswer(f"{done} jobs of {self._scheduled} are done")
        return JOBS / took_s

    async def latency_ms(self) -> float:
        """Return the milliseconds from the commit of one job to the moment when all can read what it wrote."""
        # not in step with any round of the worker
        await asyncio.sleep(random.uniform(0.03, 0.13))
        await self._schedule(1)
        begin = time.perf_counter()
        wanted = {"_id": self._scheduled}
        while await self._database["notes"].find_one(wanted) is None:
            if time.perf_counter() - begin > _HANG_S:
                raise WrongAnswer(f"a job was not done within {_HANG_S} s")
            await asyncio.sleep(_LOOK_S)
        return (time.perf_counter() - begin) * 1000

    async def _schedule(self, count: int) -> None:
        at = datetime.now(UTC)
        ids = range(self._scheduled + 1, self._scheduled + count + 1)

        async def work() -> None:
            for id_ in ids:
                await KIND.schedule(Note(id=id_), at=at)

        await self._transactions.run(work)
        self._scheduled += count

    async def _is_all_done(self) -> bool:
        return await self._database["notes"].estimated_document_count() >= self._scheduled


async def _until(is_so: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.perf_counter() + _HANG_S
    while not await is_so():
        if time.perf_counter() > deadline:
            raise WrongAnswer(f"the jobs were not done within {_HANG_S} s")
        await asyncio.sleep(_POLL_S)


@contextlib.contextmanager
def _worker(uri: str) -> Iterator[int]:
    """Run a worker during the block, in a process with this id."""
    process = subprocess.Popen([sys.executable, "-m", "bench.jobs", uri], cwd=ROOT, stdin=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def _work(uri: str) -> None:
    client = connect(uri)
    database = client.get_default_database()
    await collections.prepare(database)

    async def write_note(note: Note) -> Writing:
        async def write() -> None:
            await database["notes"].insert_one({"_id": note.id}, session=current_session())

        return write

    worker = Worker(
        [Job(kind=KIND, run=write_note)],
        transactions=Transactions(client, deadline_s=WAIT_S),
        name=f"bench:{os.getpid()}",
        at_a_time=AT_A_TIME,
    )
    working = asyncio.create_task(worker.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, working.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await working
    await client.close()


if __name__ == "__main__":
    uvloop.run(_work(sys.argv[1]))
