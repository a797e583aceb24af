"""Revoked access tokens become known to every process: what is revoked, and what a memory says of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pymongo
import pytest
from pymongo.errors import PyMongoError
from starlette.applications import Starlette

from tests.services.following import HANG_S, answer, following, soon, until, until_revoked
from tests.support import GraphClient
from traya_gql.app import now
from traya_gql.documents import revocations
from traya_gql.documents.revocations import Revocation, revoke_before, revoke_session
from traya_gql.documents.transactions import Transactions
from traya_gql.services.revocations import Revocations


@pytest.fixture
def transactions(started: tuple[Starlette, GraphClient], client: GraphClient) -> Transactions:
    return Transactions(started[0].state.storage.client, deadline_s=10)


class Clock:
    """A clock that a test may put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return now() + self.ahead


def fresh_for_long(clock: Callable[[], datetime] = now) -> Revocations:
    """A memory that is trusted even when the machine stands still for seconds."""
    return Revocations(now=clock, fresh_s=HANG_S)


async def test_a_revocation_is_seen_by_every_process_that_follows(transactions: Transactions) -> None:
    session, customer = uuid4(), uuid4()

    async def work() -> None:
        await revoke_session(session, expires_at=soon())
        await revoke_before(customer, min_version=2, expires_at=soon())

    async with following(fresh_for_long()) as first, following(fresh_for_long()) as second:
        assert answer(first, session=session, customer=customer) is False
        assert answer(second, session=session, customer=customer) is False

        await transactions.run(work)

        for memory in (first, second):
            await until_revoked(memory, session=session)
            await until_revoked(memory, customer=customer)
            assert answer(memory) is False


async def test_lower_versions_die_and_equal_and_higher_ones_live(client: GraphClient) -> None:
    customer = uuid4()

    async with following(fresh_for_long()) as memory:
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

    async with following(fresh_for_long()) as memory:
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

    async with following(fresh_for_long()) as memory:
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

    async with following(fresh_for_long()) as memory:
        assert answer(memory, session=session) is True
        assert answer(memory, customer=customer) is True
        assert len(memory) == 2


async def test_no_command_is_sent_while_the_memory_is_fresh(client: GraphClient) -> None:
    session, customer = uuid4(), uuid4()
    await revoke_session(session, expires_at=soon())

    async with following(fresh_for_long()) as memory:
        with client.commands.counting(is_whole=True) as commands:
            assert await memory.is_revoked(session_id=session, customer_id=customer, version=1)
            assert not await memory.is_revoked(session_id=uuid4(), customer_id=customer, version=1)

    assert commands.total() == 0


async def test_the_database_is_read_while_nothing_follows(client: GraphClient) -> None:
    session, customer = uuid4(), uuid4()
    await revoke_session(session, expires_at=soon())
    await revoke_before(customer, min_version=2, expires_at=soon())
    memory = Revocations(now=now)

    with client.commands.counting(is_whole=True) as commands:
        alive = await memory.is_revoked(session_id=uuid4(), customer_id=customer, version=2)
        dead = [
            await memory.is_revoked(session_id=session, customer_id=uuid4(), version=9),
            await memory.is_revoked(session_id=uuid4(), customer_id=customer, version=1),
        ]
        again = await memory.is_revoked(session_id=session, customer_id=customer, version=9)

    assert (alive, dead, again) == (False, [True, True], True)
    # the customer was known after the first read, and the session after the second
    assert commands["find"] == 2


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

    async with following(fresh_for_long(clock)) as memory:
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

    async with following(fresh_for_long(clock)) as memory:
        assert answer(memory, session=live) is True
        assert answer(memory, session=expired) is False
