"""`traya-gql worker` and `traya-gql jobs`: what the server does by itself, run alone, looked at and mended."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from pymongo import MongoClient

from tests.cli.serving import PROGRAM, environment, run
from tests.processes import HANG_GUARD_S, eventually, processes_of
from traya_gql.domain.jobs import JobState

# each command costs more than a second of a core
pytestmark = pytest.mark.xdist_group("servers")

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
UNKNOWN = "tests.of_another_release"
REASON = "ValueError at [red]x.py[/red]:1 f"

Jobs = Any
"""The collection of jobs."""


@pytest.fixture
def jobs(elsewhere: dict[str, str]) -> Iterator[Jobs]:
    with MongoClient[dict[str, Any]](elsewhere["MONGODB_URI"], uuidRepresentation="standard", tz_aware=True) as client:
        yield client.get_default_database().jobs


def add(jobs: Jobs, state: JobState, *, minutes: int = 0, **changes: Any) -> UUID:
    """Store a job that came so many minutes after the first; return its id."""
    at = AT + timedelta(minutes=minutes)
    id_ = uuid4()
    plain = {"_id": id_, "schema_version": 1, "created_at": at, "name": UNKNOWN, "payload": {}, "due_at": at}
    jobs.insert_one({**plain, "state": state, "attempts": 0, "fence": 0, **changes})
    return id_


def dead(jobs: Jobs, **changes: Any) -> UUID:
    return add(jobs, JobState.DEAD, **{"attempts": 10, "fence": 10, "error": REASON, "finished_at": AT, **changes})


def states(jobs: Jobs) -> dict[UUID, str]:
    return {one["_id"]: one["state"] for one in jobs.find({})}


@dataclass(frozen=True)
class Working:
    """A running `traya-gql worker`."""

    process: subprocess.Popen[str]
    output: Path

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def stop(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        return self.process.wait(HANG_GUARD_S)


@contextmanager
def working(cwd: Path, *arguments: str, **settings: str) -> Iterator[Working]:
    """A worker at work; killed at the end if it still runs."""
    output = cwd / "worker.txt"
    with output.open("w", encoding="utf-8") as target:
        process = subprocess.Popen(
            [PROGRAM, "worker", *arguments],
            cwd=cwd,
            env=environment(**settings),
            stdout=target,
            stderr=subprocess.STDOUT,
            text=True,
        )
    worker = Working(process, output)
    try:
        eventually(lambda: process.poll() is not None or "Running jobs" in worker.said())
        assert process.poll() is None, worker.said()
        yield worker
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            process.wait(HANG_GUARD_S)


# --- worker -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_ends_cleanly_and_the_embedded_database_with_it(tmp_path: Path, how: signal.Signals) -> None:
    data = tmp_path / "data"
    with working(tmp_path, "--data", str(data)) as worker:
        assert "mongod" in processes_of(data)

        code = worker.stop(how)

        assert worker.said().splitlines()[-2:] == ["Running jobs, 4 at a time. Ctrl-C stops.", "Stopped."]
    assert code == 0
    assert processes_of(data) == {}


@pytest.mark.slow
def test_a_worker_leaves_jobs_of_other_releases_alone(tmp_path: Path, elsewhere: dict[str, str], jobs: Jobs) -> None:
    run("jobs", "list", cwd=tmp_path, **elsewhere)
    add(jobs, JobState.WAITING)
    add(jobs, JobState.RUNNING, attempts=1, fence=1, worker="gone")
    before = jobs.find({}).to_list()

    with working(tmp_path, "--at-a-time", "2", **elsewhere) as worker:
        # what it could have taken is looked for at once, and when its stream is open
        eventually(lambda: has_stream(jobs))
        assert worker.stop(signal.SIGTERM) == 0

        assert "Running jobs, 2 at a time." in worker.said()
    assert jobs.find({}).to_list() == before


def has_stream(jobs: Jobs) -> bool:
    """Whether somebody follows the jobs of this database."""
    pipeline = [
        {"$currentOp": {"idleCursors": True, "allUsers": True}},
        {"$match": {"ns": f"{jobs.database.name}.jobs", "cursor.tailable": True}},
    ]
    return bool(jobs.database.client.admin.aggregate(pipeline).to_list())


@pytest.mark.slow
def test_a_worker_that_would_run_nothing_says_so(tmp_path: Path, elsewhere: dict[str, str]) -> None:
    refused = run("worker", cwd=tmp_path, TRAYA_JOBS_AT_A_TIME="0", **elsewhere)

    assert refused.returncode == 1
    assert refused.stderr.strip() == (
        "TRAYA_JOBS_AT_A_TIME is 0: no jobs would run. Say how many: traya-gql worker --at-a-time 4"
    )


# --- jobs -------------------------------------------------------------------------------------------------------------


def rows(shown: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines() if UNKNOWN in line]


@pytest.mark.slow
def test_jobs_are_listed_the_newest_first(tmp_path: Path, elsewhere: dict[str, str], jobs: Jobs) -> None:
    nothing = run("jobs", "list", cwd=tmp_path, **elsewhere)
    first = add(jobs, JobState.WAITING)
    second = dead(jobs, minutes=1)
    third = add(jobs, JobState.RUNNING, minutes=2, attempts=2)

    listed = run("jobs", "list", cwd=tmp_path, TZ="Asia/Kolkata", **elsewhere)
    of_a_state = run("jobs", "list", "--state", "dead", cwd=tmp_path, **elsewhere)
    one = run("jobs", "list", "--first", "1", cwd=tmp_path, **elsewhere)

    assert nothing.stdout.strip() == "There are no such jobs."
    assert rows(listed.stdout) == [
        [str(third), UNKNOWN, "RUNNING", "2", "2026-11-21 15:32:00", ""],
        # text, and not for the terminal to obey
        [str(second), UNKNOWN, "DEAD", "10", "2026-11-21 15:31:00", REASON],
        [str(first), UNKNOWN, "WAITING", "0", "2026-11-21 15:30:00", ""],
    ]
    assert [row[0] for row in rows(of_a_state.stdout)] == [str(second)]
    assert [row[0] for row in rows(one.stdout)] == [str(third)]
    assert {one.returncode for one in (nothing, listed, of_a_state, one)} == {0}


def test_what_was_given_up_waits_again_when_it_is_named(tmp_path: Path, elsewhere: dict[str, str], jobs: Jobs) -> None:
    one, other = dead(jobs), dead(jobs)

    retried = run("jobs", "retry", str(one), cwd=tmp_path, **elsewhere)

    assert (retried.returncode, retried.stdout.strip()) == (0, "1 jobs wait again.")
    assert states(jobs) == {one: "WAITING", other: "DEAD"}
    assert jobs.find_one({"_id": one})["attempts"] == 0


@pytest.mark.slow
def test_all_that_was_given_up_is_retried_or_dropped_and_nothing_else(
    tmp_path: Path, elsewhere: dict[str, str], jobs: Jobs
) -> None:
    ids = [dead(jobs) for _ in range(3)]
    done, running = add(jobs, JobState.DONE), add(jobs, JobState.RUNNING)

    retried = run("jobs", "retry", "--all", cwd=tmp_path, **elsewhere)
    after = states(jobs)
    jobs.update_one({"_id": ids[0]}, {"$set": {"state": "DEAD"}})
    dropped = run("jobs", "drop", "--all", cwd=tmp_path, **elsewhere)
    none = run("jobs", "drop", "--all", cwd=tmp_path, **elsewhere)

    assert retried.stdout.strip() == "3 jobs wait again."
    assert after == {**dict.fromkeys(ids, "WAITING"), done: "DONE", running: "RUNNING"}
    assert [one.stdout.strip() for one in (dropped, none)] == ["1 jobs deleted.", "0 jobs deleted."]
    assert states(jobs) == {**dict.fromkeys(ids[1:], "WAITING"), done: "DONE", running: "RUNNING"}
    assert [one.returncode for one in (retried, dropped, none)] == [0, 0, 0]


@pytest.mark.slow
@pytest.mark.parametrize(("command", "said"), [("retry", "1 jobs wait again."), ("drop", "1 jobs deleted.")])
def test_ids_that_are_unknown_or_not_given_up_are_said(
    tmp_path: Path, elsewhere: dict[str, str], jobs: Jobs, command: str, said: str
) -> None:
    one, waiting, done = dead(jobs), add(jobs, JobState.WAITING), add(jobs, JobState.DONE)

    partly = run("jobs", command, str(one), str(one), str(waiting), str(done), cwd=tmp_path, **elsewhere)
    unknown = run("jobs", command, str(uuid4()), cwd=tmp_path, **elsewhere)

    assert partly.stdout.strip() == said
    for ended in (partly, unknown):
        assert ended.returncode == 1
        assert ended.stderr.strip() == (
            "The others are not there, or were not given up: traya-gql jobs list --state DEAD"
        )
    left = {waiting: "WAITING", done: "DONE"}
    assert states(jobs) == ({one: "WAITING", **left} if command == "retry" else left)


@pytest.mark.slow
@pytest.mark.parametrize("command", ["retry", "drop"])
@pytest.mark.parametrize("arguments", [[], ["--all", str(UUID(int=1))]], ids=["nothing named", "both named"])
def test_it_must_be_clear_which_jobs_are_meant(
    tmp_path: Path, elsewhere: dict[str, str], jobs: Jobs, command: str, arguments: list[str]
) -> None:
    one = dead(jobs)

    refused = run("jobs", command, *arguments, cwd=tmp_path, **elsewhere)

    assert refused.returncode == 1
    assert refused.stderr.strip() == (
        f"Name jobs, or all of them: traya-gql jobs {command} ID… or traya-gql jobs {command} --all"
    )
    assert states(jobs) == {one: "DEAD"}


@pytest.mark.slow
def test_what_is_no_id_of_a_job_is_refused(tmp_path: Path, elsewhere: dict[str, str]) -> None:
    refused = run("jobs", "drop", "all", cwd=tmp_path, **elsewhere)

    assert refused.returncode == 2
    assert "should be a valid UUID" in refused.stderr
