"""A worker runs each job once that anyone can see, whatever happens to it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from starlette.applications import Starlette

from tests.support import GraphClient
from tests.worker.working import (
    HANG_S,
    Note,
    job,
    kind,
    notes,
    noting,
    transactions,
    until,
    until_ended,
    working,
)
from traya_gql.app import now
from traya_gql.services.jobs import GiveUp, JobKind, Writing


@pytest.fixture
async def app(started: tuple[Starlette, GraphClient], database: Any) -> AsyncIterator[Starlette]:
    # made before: no transaction may have to
    await database.notes.drop()
    await database.create_collection("notes")
    yield started[0]
    await database.notes.drop()


async def schedule(text: str = "a", *, of: JobKind[Note] | None = None, later_s: float = 0) -> None:
    await (of or kind()).schedule(Note(text=text), at=now(), due_at=now() + timedelta(seconds=later_s))


async def test_a_job_is_there_if_what_causes_it_is_committed(app: Starlette, database: Any) -> None:
    async def work() -> None:
        await noting(database, "cause")()
        await schedule()

    await transactions(app).run(work)

    async with working(app, [job(database)]):
        done = await until_ended(database)
    assert await notes(database) == ["a", "cause"]
    assert (done[0]["attempts"], done[0]["fence"], done[0]["worker"], done[0]["error"]) == (1, 1, "one", None)
    assert done[0]["expires_at"] - done[0]["finished_at"] == timedelta(days=7)


async def test_a_job_is_not_there_if_what_causes_it_is_rolled_back(app: Starlette, database: Any) -> None:
    async def work() -> None:
        await schedule()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await transactions(app).run(work)

    assert await database.jobs.count_documents({}) == 0


async def test_what_a_failed_attempt_wrote_is_gone_and_the_next_one_writes_it(app: Starlette, database: Any) -> None:
    attempts = 0

    async def run(note: Note) -> Writing:
        nonlocal attempts
        attempts += 1
        is_first = attempts == 1

        async def write() -> None:
            await noting(database, note.text)()
            if is_first:
                raise ZeroDivisionError

        return write

    await schedule()

    async with working(app, [job(database, run)]):
        done = await until_ended(database)
    assert await notes(database) == ["a"]
    assert (done[0]["attempts"], done[0]["error"]) == (2, None)


async def test_a_job_that_always_fails_is_dead_with_its_reason_and_without_values(
    app: Starlette, database: Any
) -> None:
    async def run(note: Note) -> None:
        raise ValueError(f"9876543210 {note.text}")

    of = kind(most_attempts=3)
    await schedule(of=of)

    async with working(app, [job(database, run, of=of)]):
        dead = await until_ended(database, "DEAD")
    assert dead[0]["attempts"] == 3
    assert dead[0]["error"].startswith("ValueError at ")
    assert "9876543210" not in str(dead)


async def test_a_job_that_gives_up_is_dead_at_once(app: Starlette, database: Any) -> None:
    async def run(note: Note) -> None:
        raise GiveUp("there is nothing to do it with")

    await schedule()

    async with working(app, [job(database, run)]):
        dead = await until_ended(database, "DEAD")
    assert (dead[0]["attempts"], dead[0]["error"]) == (1, "there is nothing to do it with")


async def test_a_job_that_takes_too_long_is_stopped_and_tried_again(app: Starlette, database: Any) -> None:
    of = kind(timeout_s=0.05, most_attempts=2)

    async def run(note: Note) -> None:
        await asyncio.sleep(HANG_S)

    await schedule(of=of)

    async with working(app, [job(database, run, of=of)]):
        dead = await until_ended(database, "DEAD")
    assert dead[0]["error"].startswith("TimeoutError")


async def test_a_job_that_cancels_itself_has_failed(app: Starlette, database: Any) -> None:
    of = kind(most_attempts=2)

    async def run(note: Note) -> None:
        raise asyncio.CancelledError

    await schedule(of=of)

    async with working(app, [job(database, run, of=of)]):
        dead = await until_ended(database, "DEAD")
    assert dead[0]["attempts"] == 2


async def test_a_job_whose_attempts_never_end_is_given_up(app: Starlette, database: Any) -> None:
    of = kind(most_attempts=3)
    await schedule(of=of)
    await database.jobs.update_one({}, {"$set": {"attempts": 3, "state": "RUNNING", "due_at": now()}})

    async with working(app, [job(database, of=of)]):
        dead = await until_ended(database, "DEAD")
    assert dead[0]["error"].startswith("the last attempt never ended")
    assert await notes(database) == []


async def test_a_worker_that_lost_its_lease_stops_and_writes_nothing(app: Starlette, database: Any) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def run(note: Note) -> Writing:
        begun.set()
        try:
            await asyncio.sleep(HANG_S)
        finally:
            ended.set()
        return noting(database, note.text)

    await schedule()
    async with working(app, [job(database, run)], lease_s=0.3, at_a_time=1):
        await begun.wait()

        # another worker's lease, long
        await database.jobs.update_one({}, {"$inc": {"fence": 1}, "$set": {"due_at": now() + timedelta(hours=1)}})

        async with asyncio.timeout(HANG_S):
            await ended.wait()
    assert await notes(database) == []
    assert (await database.jobs.find_one({}))["state"] == "RUNNING"


async def test_of_two_workers_with_one_job_the_one_that_holds_the_lease_writes(app: Starlette, database: Any) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def run(note: Note) -> Writing:
        begun.set()
        await go_on.wait()
        return noting(database, "late")

    await schedule()
    # one at a time, or it takes its own job again
    async with working(app, [job(database, run)], name="late", at_a_time=1):
        await begun.wait()
        # its lease has ended without its knowledge
        await database.jobs.update_one({}, {"$set": {"due_at": now()}})
        async with working(app, [job(database)], name="other"):
            await until_ended(database)

        go_on.set()
        await schedule("b")
        await until_ended(database, count=2)
    assert await notes(database) == ["a", "late"]
    assert (await database.jobs.find_one({"payload.text": "a"}))["worker"] == "other"


async def test_a_lease_is_renewed_as_long_as_the_job_runs(app: Starlette, database: Any) -> None:
    runs = 0

    async def run(note: Note) -> Writing:
        nonlocal runs
        runs += 1
        # until it was renewed twice
        first = (await database.jobs.find_one({}))["due_at"]
        await until(lambda: database.jobs.find_one({"due_at": {"$gt": first + timedelta(seconds=1.5)}}))
        return noting(database, note.text)

    await schedule()
    # so long that a machine that stands still for a second does not end it
    async with (
        working(app, [job(database, run)], lease_s=3),
        working(app, [job(database, run)], lease_s=3, name="two"),
    ):
        await until_ended(database)
    assert (runs, await notes(database)) == (1, ["a"])


async def test_a_worker_that_is_told_to_end_gives_its_jobs_back_at_once(app: Starlette, database: Any) -> None:
    begun = asyncio.Event()

    async def run(note: Note) -> None:
        begun.set()
        await asyncio.sleep(HANG_S)

    await schedule()
    async with working(app, [job(database, run)]):
        await begun.wait()

    left = await database.jobs.find_one({})
    assert (left["state"], left["attempts"], left["fence"]) == ("WAITING", 0, 1)
    assert left["due_at"] <= now()


async def test_an_idle_worker_is_woken_by_the_stream(app: Starlette, database: Any) -> None:
    async with working(app, [job(database)], poll_s=10 * HANG_S):
        await schedule("first")
        await until_ended(database)

        await schedule("second")
        await until_ended(database, count=2)


async def test_a_retried_job_wakes_an_idle_worker(app: Starlette, database: Any) -> None:
    async with working(app, [job(database)], poll_s=10 * HANG_S):
        await schedule("first")
        await until_ended(database)
        await schedule("far", later_s=3600)

        await database.jobs.update_one({"payload.text": "far"}, {"$set": {"state": "DEAD"}})
        await app.state.services.jobs.retry(None)
        await until_ended(database, count=2)


async def test_the_poll_finds_what_becomes_due_without_news(app: Starlette, database: Any) -> None:
    await schedule(later_s=0.2)

    async with working(app, [job(database)]):
        done = await until_ended(database)
    assert done[0]["finished_at"] >= done[0]["created_at"] + timedelta(seconds=0.2)


async def test_jobs_of_other_releases_are_left_alone(app: Starlette, database: Any) -> None:
    await schedule("newer", of=kind("tests.unknown"))
    await schedule()

    async with working(app, [job(database)]):
        await until_ended(database)
    assert (await database.jobs.find_one({"name": "tests.unknown"}))["attempts"] == 0


async def test_many_workers_do_each_of_many_jobs_once(app: Starlette, database: Any) -> None:
    for number in range(200):
        await schedule(str(number))

    async with (
        working(app, [job(database)], at_a_time=8),
        working(app, [job(database)], at_a_time=8, name="two"),
        working(app, [job(database)], at_a_time=8, name="three"),
    ):
        done = await until_ended(database, count=200)
    assert Counter(await notes(database)) == Counter(map(str, range(200)))
    assert {one["fence"] for one in done} == {1}


async def test_a_kind_of_which_many_wait_leaves_places_for_others(app: Starlette, database: Any) -> None:
    many, go_on = kind("tests.many", at_a_time=2), asyncio.Event()
    running, most = 0, 0

    async def run(note: Note) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await go_on.wait()
        running -= 1

    for number in range(6):
        await schedule(str(number), of=many)
    await schedule("other")

    async with working(app, [job(database, run, of=many), job(database)], at_a_time=4, poll_s=10 * HANG_S):
        await until_ended(database)
        assert await notes(database) == ["other"]

        go_on.set()
        await until_ended(database, count=7)
    assert most == 2


async def test_a_job_that_cannot_be_read_is_passed_by(app: Starlette, database: Any) -> None:
    await schedule("damaged")
    await database.jobs.update_one({}, {"$unset": {"payload": 1}})
    await schedule("good")

    async with working(app, [job(database)]):
        await until_ended(database)
    assert await notes(database) == ["good"]


async def test_a_worker_outlives_a_database_that_refuses(
    app: Starlette, database: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def was_refused() -> bool:
        return "jobs: cannot be taken (OperationFailure)" in caplog.text

    async with working(app, [job(database)]):
        await schedule("before")
        await until_ended(database)

        # every command of the collection fails while it is a view
        await database.jobs.rename("jobs_away")
        await database.create_collection("jobs", viewOn="jobs_away", pipeline=[])
        await until(was_refused)
        await database.jobs.drop()
        await database.jobs_away.rename("jobs")

        await schedule("after")
        await until_ended(database, count=2)
    assert await notes(database) == ["after", "before"]


async def test_only_dead_jobs_are_retried_and_dropped(app: Starlette, database: Any) -> None:
    jobs = app.state.services.jobs
    for text in ("dead", "gone", "waiting"):
        await schedule(text, later_s=3600)
    await database.jobs.update_many({"payload.text": {"$ne": "waiting"}}, {"$set": {"state": "DEAD", "attempts": 10}})
    ids = {one["payload"]["text"]: one["_id"] async for one in database.jobs.find({})}

    assert await jobs.retry([ids["dead"], ids["waiting"], uuid4()]) == 1
    assert await jobs.drop(None) == 1

    left = {one["payload"]["text"]: one async for one in database.jobs.find({})}
    assert {text: one["state"] for text, one in left.items()} == {"dead": "WAITING", "waiting": "WAITING"}
    assert (left["dead"]["attempts"], left["dead"]["due_at"] <= now()) == (0, True)
