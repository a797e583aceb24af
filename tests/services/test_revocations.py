"""Revoked access tokens become known to every process, on a real change stream."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pymongo
import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern
from starlette.applications import Starlette

from tests.support import GraphClient
from traya_gql.app import now
from traya_gql.documents import collections, revocations
from traya_gql.documents.revocations import Revocation, revoke_before, revoke_session
from traya_gql.documents.transactions import Transactions
from traya_gql.services.revocations import Revocations

HANG_S = 30.0


@pytest.fixture
def transactions(started: tuple[Starlette, GraphClient], client: GraphClient) -> Transactions:
    return Transactions(started[0].state.storage.client, deadline_s=10)


class Clock:
    """A clock that a test may put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return now() + self.ahead


@asynccontextmanager
async def following(memory: Revocations) -> AsyncIterator[Revocations]:
    """The memory of one process, kept complete."""
    task = asyncio.create_task(memory.follow())
    try:
        assert await memory.ready(within_s=HANG_S)
        yield memory
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def soon() -> datetime:
    return now() + timedelta(minutes=16)


def answer(
    memory: Revocations, *, session: UUID | None = None, customer: UUID | None = None, version: int = 1
) -> bool | None:
    return memory.answer_from_memory(session_id=session or uuid4(), customer_id=customer or uuid4(), version=version)


async def until_revoked(memory: Revocations, *, session: UUID | None = None, customer: UUID | None = None) -> None:
    async with asyncio.timeout(HANG_S):
        while answer(memory, session=session, customer=customer) is not True:
            await memory.changed()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(HANG_S):
        while not is_so():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)


async def open_streams(database: Any) -> set[int]:
    """Return the ids of the streams of revocations that are open in this database."""
    pipeline = [
        {"$currentOp": {"idleCursors": True, "allUsers": True}},
        {"$match": {"ns": f"{database.name}.revocations", "cursor.tailable": True}},
    ]
    admin = database.client.get_database("admin", read_concern=ReadConcern("local"))
    return {one["cursor"]["cursorId"] async for one in await admin.aggregate(pipeline)}


async def kill_a_stream(database: Any) -> None:
    """Kill every stream of revocations of this database, as an operator would: at least one."""
    async with asyncio.timeout(HANG_S):
        while True:
            ids = list(await open_streams(database))
            killed = await database.command({"killCursors": "revocations", "cursors": ids})
            if killed["cursorsKilled"]:
                return


async def test_a_revocation_is_seen_by_every_process_that_follows(transactions: Transactions) -> None:
    session, customer = uuid4(), uuid4()

    async def work() -> None:
        await revoke_session(session, expires_at=soon())
        await revoke_before(customer, min_version=2, expires_at=soon())

    async with following(Revocations(now=now)) as first, following(Revocations(now=now)) as second:
        assert answer(first, session=session, customer=customer) is False
        assert answer(second, session=session, customer=customer) is False

        await transactions.run(work)

        for memory in (first, second):
            await until_revoked(memory, session=session)
            await until_revoked(memory, customer=customer)
            assert answer(memory) is False


async def test_lower_versions_die_and_equal_and_higher_ones_live(client: GraphClient) -> None:
    customer = uuid4()

    async with following(Revocations(now=now)) as memory:
        await revoke_before(customer, min_version=3, expires_at=soon())
        await until_revoked(memory, customer=customer)

        assert [answer(memory, customer=customer, version=version) for version in (1, 2, 3, 4)] == [
            True,
            True,
            False,
            False,
        ]


async def test_a_raised_version_reaches_a_process_that_knows_a_lower_one(client: GraphClient) -> None:
    customer = uuid4()

    async with following(Revocations(now=now)) as memory:
        await revoke_before(customer, min_version=2, expires_at=soon())
        await until_revoked(memory, customer=customer)
        assert answer(memory, customer=customer, version=2) is False

        await revoke_before(customer, min_version=3, expires_at=soon())

        async with asyncio.timeout(HANG_S):
            while not answer(memory, customer=customer, version=2):
                await memory.changed()


async def test_versions_and_ends_only_grow(client: GraphClient) -> None:
    customer, session, late = uuid4(), uuid4(), soon()
    early = late - timedelta(minutes=10)

    first = await revoke_before(customer, min_version=5, expires_at=late)
    second = await revoke_before(customer, min_version=4, expires_at=early)
    third = await revoke_before(customer, min_version=6, expires_at=late + timedelta(minutes=1))
    ended = [await revoke_session(session, expires_at=end) for end in (late, early)]

    assert second == first
    assert (first.min_version, first.expires_at) == (5, late)
    assert (third.min_version, third.expires_at) == (6, late + timedelta(minutes=1))
    assert third.created_at == first.created_at
    assert [(one.min_version, one.expires_at) for one in ended] == [(None, late), (None, late)]


async def test_an_aborted_transaction_revokes_nothing(transactions: Transactions, database: Any) -> None:
    aborted, committed = uuid4(), uuid4()

    async def work() -> None:
        await revoke_session(aborted, expires_at=soon())
        raise LookupError

    async with following(Revocations(now=now)) as memory:
        with pytest.raises(LookupError):
            await transactions.run(work)
        # the stream keeps the order: once this is known, the other would be
        await revoke_session(committed, expires_at=soon())
        await until_revoked(memory, session=committed)

        assert answer(memory, session=aborted) is False
        assert await database.revocations.count_documents({}) == 1


async def test_what_was_revoked_before_the_start_is_loaded(client: GraphClient) -> None:
    session, customer = uuid4(), uuid4()
    await revoke_session(session, expires_at=soon())
    await revoke_before(customer, min_version=2, expires_at=soon())

    async with following(Revocations(now=now)) as memory:
        assert answer(memory, session=session) is True
        assert answer(memory, customer=customer) is True
        assert len(memory) == 2


async def test_a_killed_stream_goes_on_without_missing_what_was_revoked_meanwhile(
    client: GraphClient, database: Any
) -> None:
    sessions = [uuid4() for _ in range(5)]

    async with following(Revocations(now=now)) as memory:
        for session in sessions:
            await kill_a_stream(database)
            await revoke_session(session, expires_at=soon())
            await until_revoked(memory, session=session)

        await until(lambda: memory.is_fresh)
        assert answer(memory) is False


async def test_a_token_of_the_stream_that_is_refused_leads_to_a_new_load(client: GraphClient) -> None:
    session, later = uuid4(), uuid4()
    await revoke_session(session, expires_at=soon())
    memory = Revocations(now=now)
    memory._token = {"_data": "8200000000"}

    async with following(memory):
        assert answer(memory, session=session) is True
        await revoke_session(later, expires_at=soon())
        await until_revoked(memory, session=later)


async def test_the_follower_outlives_a_document_that_it_cannot_read(client: GraphClient, database: Any) -> None:
    session = uuid4()

    async with following(Revocations(now=now)) as memory:
        await database.revocations.insert_one({"_id": "nonsense"})
        await until(lambda: not memory._is_up.is_set())
        await database.revocations.delete_one({"_id": "nonsense"})

        await revoke_session(session, expires_at=soon())
        await until_revoked(memory, session=session)


async def test_a_dropped_collection_leads_to_a_new_load(client: GraphClient, database: Any) -> None:
    before, after = uuid4(), uuid4()

    async with following(Revocations(now=now)) as memory:
        await revoke_session(before, expires_at=soon())
        await until_revoked(memory, session=before)
        await database.revocations.drop()
        await collections.prepare(database)
        await revoke_session(after, expires_at=soon())
        await until_revoked(memory, session=after)

        # what was revoked stays so
        assert answer(memory, session=before) is True


async def test_a_stopped_process_goes_on_where_it_was(client: GraphClient) -> None:
    meanwhile = uuid4()
    memory = Revocations(now=now)
    async with following(memory):
        await until(lambda: memory._token is not None)

    await revoke_session(meanwhile, expires_at=soon())

    async with following(memory):
        await until_revoked(memory, session=meanwhile)


async def test_no_command_is_sent_while_the_memory_is_fresh(client: GraphClient) -> None:
    session, customer = uuid4(), uuid4()
    await revoke_session(session, expires_at=soon())

    async with following(Revocations(now=now)) as memory:
        with client.commands.counting() as commands:
            assert await memory.is_revoked(session_id=session, customer_id=customer, version=1)
            assert not await memory.is_revoked(session_id=uuid4(), customer_id=customer, version=1)

    assert commands.total() == 0


async def test_the_database_is_read_while_nothing_follows(client: GraphClient) -> None:
    session, customer = uuid4(), uuid4()
    await revoke_session(session, expires_at=soon())
    await revoke_before(customer, min_version=2, expires_at=soon())
    memory = Revocations(now=now)

    with client.commands.counting() as commands:
        alive = await memory.is_revoked(session_id=uuid4(), customer_id=customer, version=2)
        dead = [
            await memory.is_revoked(session_id=session, customer_id=uuid4(), version=9),
            await memory.is_revoked(session_id=uuid4(), customer_id=customer, version=1),
        ]
        again = await memory.is_revoked(session_id=session, customer_id=customer, version=9)

    assert (alive, dead, again) == (False, [True, True], True)
    # the customer was known after the first read, and the session after the second
    assert commands["find"] == 2


async def test_the_database_is_read_when_the_stream_has_been_lost_for_long(client: GraphClient) -> None:
    session = uuid4()
    async with following(Revocations(now=now)) as memory:
        assert answer(memory, session=session) is False
    await revoke_session(session, expires_at=soon())

    await until(lambda: not memory.is_fresh)

    assert answer(memory, session=session) is None
    with client.commands.counting() as commands:
        assert await memory.is_revoked(session_id=session, customer_id=uuid4(), version=1)
    assert commands["find"] == 1


async def test_a_process_that_stood_still_does_not_trust_its_memory(
    client: GraphClient, database: Any, mongodb_uri: str
) -> None:
    session, fresh_s = uuid4(), 1.5

    def revoke_from_another_process() -> None:
        with MongoClient[dict[str, Any]](mongodb_uri, w="majority", uuidRepresentation="standard") as other:
            document = {"_id": f"session:{session.hex}", "created_at": now(), "expires_at": soon()}
            other[database.name]["revocations"].insert_one(document)
        time.sleep(fresh_s)

    async with following(Revocations(now=now, fresh_s=fresh_s)) as memory:
        assert answer(memory, session=session) is False

        # the event loop stands still until then
        thread = threading.Thread(target=revoke_from_another_process)
        thread.start()
        thread.join()

        assert answer(memory, session=session) is None
        assert await memory.is_revoked(session_id=session, customer_id=uuid4(), version=1)


async def test_an_answer_that_lay_about_while_the_process_stood_still_proves_nothing(client: GraphClient) -> None:
    fresh_s, seen = 1.5, []

    async with following(Revocations(now=now, fresh_s=fresh_s)) as memory:
        # the next answer reaches the socket meanwhile
        thread = threading.Thread(target=time.sleep, args=(2 * fresh_s,))
        thread.start()
        thread.join()
        woke_at = time.monotonic()
        await until(lambda: memory.is_fresh)
        seen.append(memory._complete_at)

    assert seen[0] >= woke_at


async def test_an_error_comes_out_when_neither_memory_nor_database_can_tell(client: GraphClient) -> None:
    session = uuid4()
    memory = Revocations(now=now)

    with pytest.raises(PyMongoError), pymongo.timeout(1e-6):
        await memory.is_revoked(session_id=session, customer_id=uuid4(), version=1)


async def test_what_is_known_as_revoked_needs_no_database(client: GraphClient) -> None:
    session = uuid4()
    memory = Revocations(now=now)

    memory.apply_locally(await revoke_session(session, expires_at=soon()))

    assert not memory.is_fresh
    assert answer(memory, session=session) is True
    assert answer(memory) is None


async def test_a_late_change_does_not_lower_a_version(client: GraphClient) -> None:
    customer = uuid4()
    memory = Revocations(now=now)
    key = revocations.customer_key(customer)

    for version in (3, 2):
        memory.apply_locally(Revocation(id=key, min_version=version, expires_at=soon(), created_at=now()))

    assert answer(memory, customer=customer, version=2) is True


async def test_expired_revocations_are_forgotten(client: GraphClient) -> None:
    clock, session, customer, later = Clock(), uuid4(), uuid4(), uuid4()

    async with following(Revocations(now=clock)) as memory:
        await revoke_session(session, expires_at=soon())
        await revoke_before(customer, min_version=2, expires_at=soon())
        await revoke_session(later, expires_at=soon() + timedelta(hours=1))
        await until_revoked(memory, session=later)
        assert len(memory) == 3

        clock.ahead = timedelta(minutes=17)

        await until(lambda: len(memory) == 1)
        assert answer(memory, session=session) is False
        assert answer(memory, customer=customer) is False
        assert answer(memory, session=later) is True


async def test_what_expired_before_the_start_is_not_loaded(client: GraphClient) -> None:
    clock, expired, live = Clock(), uuid4(), uuid4()
    await revoke_session(expired, expires_at=soon())
    await revoke_session(live, expires_at=soon() + timedelta(hours=1))
    clock.ahead = timedelta(minutes=17)

    async with following(Revocations(now=clock)) as memory:
        assert answer(memory, session=live) is True
        assert answer(memory, session=expired) is False


async def test_many_revocations_at_once_are_all_seen_and_the_memory_stays_fresh(
    transactions: Transactions,
) -> None:
    sessions = [uuid4() for _ in range(250)]

    async def work() -> None:
        for session in sessions:
            await revoke_session(session, expires_at=soon())

    async with following(Revocations(now=now)) as memory:
        await transactions.run(work)
        for session in sessions:
            await until_revoked(memory, session=session)

        complete_at = memory._complete_at
        await until(lambda: memory._complete_at > complete_at)


async def test_an_idle_stream_asks_about_twice_a_second(client: GraphClient) -> None:
    moments: list[float] = []

    async with following(Revocations(now=now)) as memory:
        for _ in range(4):
            last = memory._complete_at
            await until(lambda last=last: memory._complete_at > last)  # type: ignore[misc]
            moments.append(memory._complete_at)

    # not faster: the database waits for a change; slower only on a starved machine
    assert all(later - earlier > 0.4 for earlier, later in pairwise(moments[1:]))


@pytest.mark.parametrize("is_ready", [True, False])
async def test_a_follower_ends_cleanly_whenever_it_is_cancelled(client: GraphClient, *, is_ready: bool) -> None:
    """Python 3.11 loses a cancellation that comes when the driver has just sent something."""
    for turns in range(15):
        memory = Revocations(now=now)
        task = asyncio.create_task(memory.follow())
        if is_ready:
            assert await memory.ready(within_s=HANG_S)
        for _ in range(turns):
            await asyncio.sleep(0)

        task.cancel()

        done, _ = await asyncio.wait([task], timeout=HANG_S)
        assert done
        assert task.cancelled()


async def test_a_cancelled_follower_leaves_no_stream_open(client: GraphClient, database: Any) -> None:
    others = await open_streams(database)

    async with following(Revocations(now=now)):
        assert len(await open_streams(database) - others) == 1

    # MongoDB ends a cursor that waits in a moment of its own
    async with asyncio.timeout(HANG_S):
        while await open_streams(database) - others:
            pass


async def test_waiting_for_the_stream_ends_without_it() -> None:
    assert not await Revocations(now=now).ready(within_s=0.01)
