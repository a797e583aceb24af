"""Jobs whose workers are killed with -9, at every step and at any moment: each is done once that anyone can see."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import pytest
from starlette.applications import Starlette

from tests.support import GraphClient
from tests.worker.killed_worker import NOTE, POISON, Numbered, Plan, Step, When, note, outside_name
from tests.worker.working import HANG_S, transactions, until, until_ended, working
from traya_gql.app import now
from traya_gql.documents.transactions import current_session

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("killed_worker.py")
SEED = 20261121
AT_LEAST = 100
ROUNDS = 3
AT_RANDOM = 15
LONGEST_S = 20.0
"""How long a worker lives that never comes to its step: some steps are rare. Then it is killed where it stands."""

MOST_OPEN = 40
COLLECTIONS = ("causes", "effects", "outside", "outside_log")


@pytest.fixture
async def app(started: tuple[Starlette, GraphClient], database: Any) -> AsyncIterator[Starlette]:
    # made before: no transaction may have to
    for name in COLLECTIONS:
        await database.drop_collection(name)
        await database.create_collection(name)
    yield started[0]
    for name in COLLECTIONS:
        await database.drop_collection(name)


@pytest.fixture
async def short_transactions(database: Any) -> AsyncIterator[None]:
    """MongoDB ends what a killed worker left open soon, or each kill in a transaction holds its job for long."""
    admin, name = database.client.admin, "transactionLifetimeLimitSeconds"
    before = (await admin.command({"getParameter": 1, name: 1}))[name]
    await admin.command({"setParameter": 1, name: 1})
    yield
    await admin.command({"setParameter": 1, name: before})


async def begin(uri: str, name: str, plan: Plan) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), uri, name, plan.model_dump_json(), stderr=asyncio.subprocess.PIPE
    )


async def end_of(process: asyncio.subprocess.Process, *, within_s: float) -> bool:
    """Wait until a process has killed itself; return whether it had to be killed from here, as it was overdue."""
    is_overdue = False
    try:
        async with asyncio.timeout(within_s):
            _, said = await process.communicate()
    except TimeoutError:
        is_overdue = True
        process.kill()
        _, said = await process.communicate()
    assert process.returncode == -signal.SIGKILL, said.decode()
    return is_overdue


def plans(chance: random.Random) -> list[Plan]:
    """Return when workers die: at each step, before, amid and after, several times; and at random moments."""
    systematic = [
        # a stream is opened once
        Plan(step=step, when=when, nth=1 if step is Step.WATCH else chance.randint(1, 3), seed=chance.randrange(2**32))
        for step in Step
        for when in When
        for _ in range(ROUNDS)
    ]
    at_random = [Plan(after_s=chance.uniform(0, 1.5), seed=chance.randrange(2**32)) for _ in range(AT_RANDOM)]
    made = systematic + at_random
    chance.shuffle(made)
    return made


@asynccontextmanager
async def scheduling(app: Starlette, database: Any) -> AsyncIterator[tuple[list[int], list[int]]]:
    """Jobs, scheduled by transactions of which every tenth rolls back: numbers of those that are there, and are not."""
    kept: list[int] = []
    rolled_back: list[int] = []

    async def schedule(number: int) -> None:
        async def work() -> None:
            await database.causes.insert_one({"_id": number}, session=current_session())
            await NOTE.schedule(Numbered(number=number), at=now())
            if number % 10 == 0:
                raise ZeroDivisionError

        try:
            await transactions(app).run(work)
            kept.append(number)
        except ZeroDivisionError:
            rolled_back.append(number)

    is_over = asyncio.Event()

    async def go_on() -> None:
        for number in count():
            while await open_jobs(database) >= MOST_OPEN and not is_over.is_set():  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.02)
            if is_over.is_set():
                # not cancelled: whether the last one was committed would be unknown
                return
            await schedule(number)

    task = asyncio.create_task(go_on())
    try:
        yield kept, rolled_back
    finally:
        is_over.set()
        await task


async def open_jobs(database: Any) -> int:
    found: int = await database.jobs.count_documents({"state": {"$in": ["WAITING", "RUNNING"]}})
    return found


async def numbers_in(collection: Any) -> list[int]:
    return [one["number"] async for one in collection.find({})]


async def until_none_is_open(database: Any) -> None:
    async with asyncio.timeout(4 * HANG_S):
        while await open_jobs(database):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.05)


async def test_jobs_are_done_once_whenever_their_workers_are_killed(
    app: Starlette, database: Any, mongodb_uri: str, short_transactions: None
) -> None:
    began_at = time.monotonic()
    kills: Counter[str] = Counter()
    waiting = iter(plans(random.Random(SEED)))
    names = map(str, count())

    async def work_and_die(queue: Iterator[Plan]) -> None:
        for plan in queue:
            process = await begin(mongodb_uri, next(names), plan)
            is_overdue = await end_of(process, within_s=LONGEST_S)
            where = "a random moment" if plan.step is None else f"{plan.when} {plan.step}"
            kills["where it stood, far from its step" if is_overdue else where] += 1

    async with scheduling(app, database) as (kept, rolled_back):
        await asyncio.gather(*(work_and_die(waiting) for _ in range(2)))
    killed_for_s = time.monotonic() - began_at
    async with working(app, [note(database, random.Random(SEED))], name="healthy", at_a_time=8, lease_s=10):
        await until_none_is_open(database)

    jobs = await database.jobs.find({}).to_list()
    effects = await numbers_in(database.effects)
    calls = Counter(await numbers_in(database.outside_log))
    repeats = calls.total() - len(kept)
    most = max(one["attempts"] for one in jobs)
    figures = [
        f"seed {SEED}: {sum(kills.values())} kills in {killed_for_s:.0f} s",
        f"{len(kept)} jobs, {len(rolled_back)} rolled back, at most {most} attempts for one job",
        f"{calls.total()} calls of the outside, {repeats} of them again",
        *(f"  {times:3} {where}" for where, times in sorted(kills.items())),
    ]
    sys.stdout.write("\n" + "\n".join(figures) + "\n")
    # none lost
    assert Counter(one["state"] for one in jobs) == {"DONE": len(kept)}
    assert sorted(one["payload"]["number"] for one in jobs) == sorted(kept)
    # none twice, and none without its cause
    assert sorted(effects) == sorted(kept)
    assert sorted(await database.outside.distinct("_id")) == sorted(map(outside_name, kept))
    assert set(calls) == set(kept)
    assert sorted(await database.causes.distinct("_id")) == sorted(kept)
    # and all of this was put to the proof
    assert len(rolled_back) >= 10
    assert sum(kills.values()) >= AT_LEAST
    assert {f"{when} {step}" for step in Step for when in When} <= set(kills)


async def test_a_job_that_kills_its_workers_is_given_up_and_the_others_are_done(
    app: Starlette, database: Any, mongodb_uri: str, short_transactions: None
) -> None:
    await POISON.schedule(Numbered(number=0), at=now())
    killed = 0

    async def is_dead() -> bool:
        dead: int = await database.jobs.count_documents({"name": POISON.name, "state": "DEAD"})
        return dead == 1

    while not await is_dead():
        assert killed <= POISON.most_attempts, "it goes on killing"
        await NOTE.schedule(Numbered(number=killed + 1), at=now())
        process = await begin(mongodb_uri, str(killed), Plan(seed=killed))
        ended = asyncio.create_task(process.wait())
        given_up = asyncio.create_task(until(is_dead))
        await asyncio.wait({ended, given_up}, return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            killed += ended.result() == -signal.SIGKILL
            given_up.cancel()
        else:
            await until_none_is_open(database)
            process.kill()
            await process.wait()

    [poison] = await database.jobs.find({"name": POISON.name}).to_list()
    others = await database.jobs.find({"name": NOTE.name}).to_list()
    assert (killed, poison["attempts"]) == (3, 4)
    assert poison["error"].startswith("the last attempt never ended")
    assert [one["state"] for one in others] == ["DONE"] * 4
    assert sorted(await numbers_in(database.effects)) == [1, 2, 3, 4]


async def test_a_job_that_the_transaction_of_a_dead_worker_holds_keeps_no_other_waiting(
    app: Starlette, database: Any
) -> None:
    for number in range(20):
        await NOTE.schedule(Numbered(number=number), at=now())
    held = await database.jobs.find_one({}, sort=[("due_at", 1)])
    async with database.client.start_session() as session:
        # what a worker leaves behind that is killed before its commit: MongoDB ends it 15 s later
        await session.start_transaction()
        await database.jobs.update_one({"_id": held["_id"]}, {"$set": {"state": "DONE"}}, session=session)

        async with working(app, [note(database, random.Random(SEED))]):
            await until_ended(database, count=19)

        # it was held all the time
        await session.commit_transaction()
    assert held["payload"]["number"] not in await numbers_in(database.effects)


@pytest.mark.parametrize("step", [Step.OUTSIDE, Step.FINISH, Step.WRITE, Step.COMMIT])
async def test_a_worker_that_stood_still_for_longer_than_its_lease_writes_nothing_late(
    app: Starlette, database: Any, mongodb_uri: str, short_transactions: None, step: Step
) -> None:
    for number in range(5):
        await NOTE.schedule(Numbered(number=number), at=now())
    process = await begin(mongodb_uri, "frozen", Plan(step=step, is_frozen=True, seed=SEED))
    await until(is_stopped(process))
    async with working(app, [note(database, random.Random(SEED))], name="healthy"):
        await until_none_is_open(database)

    process.send_signal(signal.SIGCONT)
    # it is alive, and through with what it had begun
    await NOTE.schedule(Numbered(number=5), at=now())
    await until_none_is_open(database)
    process.kill()
    await process.communicate()

    jobs = {one["payload"]["number"]: one for one in await database.jobs.find({}).to_list()}
    assert {one["state"] for one in jobs.values()} == {"DONE"}
    assert jobs[5]["worker"] == "frozen"
    # the one that it had in hand was done by the other
    assert [one["worker"] for one in jobs.values() if one["fence"] > 1].count("healthy") >= 1
    assert sorted(await numbers_in(database.effects)) == list(range(6))


def is_stopped(process: asyncio.subprocess.Process) -> Callable[[], Awaitable[bool]]:
    async def ask() -> bool:
        return psutil.Process(process.pid).status() == psutil.STATUS_STOPPED

    return ask
