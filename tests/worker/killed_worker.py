"""A worker that kills itself at a chosen step, or stands still: `python killed_worker.py URI NAME PLAN`.

The plan is JSON. The jobs are done in the outside world too, under names; what they return is written under random
keys, so that a repeat would be seen as two.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import threading
from enum import StrEnum
from typing import Any
from uuid import uuid4

from beanie import init_beanie
from pydantic import BaseModel, ConfigDict
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from traya_gql.documents.jobs import JobDocument
from traya_gql.documents.transactions import Transactions, current_session
from traya_gql.integrations.mongodb.connection import connect
from traya_gql.services.jobs import Job, JobKind, Writing
from traya_gql.worker import Worker

LEASE_S = 1.0
SLOW_S = 0.8
"""How long a slow job runs: its lease is renewed twice."""


class Step(StrEnum):
    """The steps of a worker, by the comment of their command or else by its name."""

    WATCH = "jobs.watch"
    MORE = "getMore"
    TAKE = "jobs.take"
    OUTSIDE_LOG = "outside.log"
    OUTSIDE = "outside.effect"
    RENEW = "jobs.renew"
    FINISH = "jobs.finish"
    WRITE = "effects.insert"
    COMMIT = "commitTransaction"
    ABORT = "abortTransaction"
    POSTPONE = "jobs.postpone"


class When(StrEnum):
    """Before a command is sent, while it is under way, or after it was answered."""

    BEFORE = "before"
    AMID = "amid"
    AFTER = "after"


class Plan(BaseModel):
    """When a worker dies: at the n-th command of a step, or some time after it began to work, or never.

    `is_frozen`: it does not die, but stands still from that step on until it is told to go on.
    """

    model_config = ConfigDict(frozen=True)

    step: Step | None = None
    when: When = When.BEFORE
    nth: int = 1
    after_s: float | None = None
    is_frozen: bool = False
    seed: int = 0


class Numbered(BaseModel):
    """What the jobs are given."""

    number: int


NOTE = JobKind(name="tests.killed", payload=Numbered, most_attempts=1000, first_wait_s=0.01, longest_wait_s=0.1)
POISON = JobKind(name="tests.poison", payload=Numbered, most_attempts=3, first_wait_s=0.01, longest_wait_s=0.1)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def outside_name(number: int) -> str:
    """Return the name under which the outside world knows what a job does there."""
    return f"effect-{number}"


def note(database: Any, chance: random.Random) -> Job[Numbered]:
    """Return a job with an effect outside and one inside. Some fail outside, some when they write, some are slow."""

    async def run(given: Numbered) -> Writing:
        fails_outside, fails_to_write, is_slow = (chance.random() < share for share in (0.1, 0.1, 0.1))
        await database.outside_log.insert_one({"number": given.number}, comment=Step.OUTSIDE_LOG)
        await database.outside.update_one(
            {"_id": outside_name(given.number)},
            {"$setOnInsert": {"number": given.number}},
            upsert=True,
            comment=Step.OUTSIDE,
        )
        if is_slow:
            await asyncio.sleep(SLOW_S)
        if fails_outside:
            raise ConnectionError
        id_ = uuid4()

        async def write() -> None:
            await database.effects.insert_one(
                {"_id": id_, "number": given.number}, session=current_session(), comment=Step.WRITE
            )
            if fails_to_write:
                raise ConnectionError

        return write

    return Job(kind=NOTE, run=run)


async def poison(given: Numbered) -> None:
    die()


class Killer(CommandListener):
    """Kills this process at the step of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._count = 0
        self._last: int | None = None
        self._amid_s = random.Random(plan.seed).uniform(0, 0.004)

    def started(self, event: CommandStartedEvent) -> None:
        step = event.command_name if event.command_name == Step.MORE else event.command.get("comment")
        if self._plan.step is None or self._plan.step not in {step, event.command_name}:
            return
        if self._plan.step is Step.TAKE and self._plan.when is When.AFTER:
            # counted when there was a job to take
            self._last = event.request_id
            return
        self._count += 1
        if self._count != self._plan.nth:
            return
        if self._plan.is_frozen:
            os.kill(os.getpid(), signal.SIGSTOP)
        elif self._plan.when is When.BEFORE:
            die()
        elif self._plan.when is When.AMID:
            threading.Timer(self._amid_s, die).start()
        else:
            self._last = event.request_id

    def succeeded(self, event: CommandSucceededEvent) -> None:
        if event.request_id != self._last:
            return
        if self._plan.step is Step.TAKE:
            self._count += event.reply.get("value") is not None
            if self._count != self._plan.nth:
                return
        die()

    def failed(self, event: CommandFailedEvent) -> None:
        if event.request_id == self._last:
            # MongoDB refused an abort, or a commit, of what it had ended itself: answered all the same
            die()


async def work(uri: str, name: str, plan: Plan) -> None:
    client = connect(uri, listeners=(Killer(plan),))
    database = client.get_default_database()
    # the collection and its indexes are there
    await init_beanie(database=database, document_models=[JobDocument], skip_indexes=True)
    worker = Worker(
        [note(database, random.Random(plan.seed)), Job(kind=POISON, run=poison)],
        transactions=Transactions(client, deadline_s=5),
        name=name,
        at_a_time=3,
        lease_s=LEASE_S,
        poll_s=0.2,
    )
    if plan.after_s is not None:
        threading.Timer(plan.after_s, die).start()
    await worker.run()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2], Plan.model_validate_json(sys.argv[3])))
