"""The follower of revocations, on a real change stream that is killed, dropped, slow or left behind."""

from __future__ import annotations

import asyncio
import threading
import time
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient
from pymongo.read_concern import ReadConcern
from starlette.applications import Starlette

from tests.services.following import HANG_S, answer, following, soon, until, until_revoked
from tests.support import GraphClient
from traya_gql.app import now
from traya_gql.documents import collections
from traya_gql.documents.revocations import revoke_session
from traya_gql.documents.transactions import Transactions
from traya_gql.services.revocations import Revocations

pytestmark = pytest.mark.slow


@pytest.fixture
def transactions(started: tuple[Starlette, GraphClient], client: GraphClient) -> Transactions:
    return Transactions(started[0].state.storage.client, deadline_s=10)


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


async def test_the_database_is_read_when_the_stream_has_been_lost_for_long(client: GraphClient) -> None:
    session = uuid4()
    async with following(Revocations(now=now)) as memory:
        assert answer(memory, session=session) is False
    await revoke_session(session, expires_at=soon())

    await until(lambda: not memory.is_fresh)

    assert answer(memory, session=session) is None
    with client.commands.counting(is_whole=True) as commands:
        assert await memory.is_revoked(session_id=session, customer_id=uuid4(), version=1)
    assert commands["find"] == 1


async def test_a_process_that_stood_still_does_not_trust_its_memory(
    client: GraphClient, database: Any, mongodb_uri: str
) -> None:
    session, fresh_s = uuid4(), 3.0

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
    fresh_s, seen = 3.0, []

    async with following(Revocations(now=now, fresh_s=fresh_s)) as memory:
        # the next answer reaches the socket meanwhile
        thread = threading.Thread(target=time.sleep, args=(2 * fresh_s,))
        thread.start()
        thread.join()
        woke_at = time.monotonic()
        await until(lambda: memory.is_fresh)
        seen.append(memory._complete_at)

    assert seen[0] >= woke_at


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
        # MongoDB shows a cursor, and ends one that waits, in a moment of its own
        async with asyncio.timeout(HANG_S):
            while len(await open_streams(database) - others) != 1:
                pass

    async with asyncio.timeout(HANG_S):
        while await open_streams(database) - others:
            pass


async def test_waiting_for_the_stream_ends_without_it() -> None:
    assert not await Revocations(now=now).ready(within_s=0.01)
