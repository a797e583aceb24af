"""Limits on how often something may be asked for, counted in a real MongoDB."""

from __future__ import annotations

import asyncio
import hmac
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from bson import encode
from pymongo import MongoClient
from pymongo.errors import DuplicateKeyError, OperationFailure
from pymongo.read_concern import ReadConcern

from tests.support import GraphClient
from traya_gql.documents.rate_limits import ATTEMPTS, RateLimitDocument
from traya_gql.documents.transactions import Transactions
from traya_gql.domain.rates import Rate
from traya_gql.services.rate_limits import REMEMBERED, Hit, RateLimited, RateLimiter

PHONE = "+919876543210"
COUNT = "findAndModify"


def hide(text: str) -> str:
    return hmac.new(b"a secret of the tests", text.encode(), sha256).hexdigest()


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.time = 1_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limiter(client: GraphClient, clock: Clock) -> RateLimiter:
    return RateLimiter(hide=hide, monotonic=clock)


@pytest.fixture
def other(client: GraphClient) -> RateLimiter:
    """The limiter of another process: it shares nothing but the database."""
    return RateLimiter(hide=hide)


@pytest.fixture
def counters(database: Any) -> Any:
    """The collection as the primary has it: a majority read may not see the last counts yet."""
    return database.rate_limits.with_options(read_concern=ReadConcern("local"))


@pytest.fixture
async def one_counter_of_each_count(database: Any) -> AsyncIterator[None]:
    """Two keys cannot have the same count: each first count after the first meets a duplicate key."""
    await database.rate_limits.create_index("count", unique=True, name="rival")
    yield
    await database.rate_limits.drop_index("rival")


@pytest.fixture
async def full_database(database: Any) -> AsyncIterator[None]:
    """The database refuses to store counters."""
    await database.command("collMod", "rate_limits", validator={"count": {"$lt": 0}})
    yield
    await database.command("collMod", "rate_limits", validator={})


def use(key: str = PHONE, *, limit: int = 1, name: str = "orders_per_asker", period_s: int = 3_600) -> Hit:
    return Hit(name=name, rate=Rate(limit=limit, period_s=period_s), key=key)


async def passes(limiter: RateLimiter, *hits: Hit) -> bool:
    try:
        await limiter.hit(*hits)
    except RateLimited:
        return False
    return True


async def how_many_pass(*calls: Coroutine[Any, Any, bool]) -> int:
    """Return how many of these calls pass, made at the same time; none goes on when one fails."""
    # as many as there are connections: each has its ten seconds from then on, however slow the machine is
    places = asyncio.Semaphore(100)

    async def passed(call: Coroutine[Any, Any, bool]) -> bool:
        async with places:
            return await call

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(passed(call)) for call in calls]
    return sum(task.result() for task in tasks)


async def end_windows(database: Any) -> None:
    """As if the period had passed."""
    await database.rate_limits.update_many({}, {"$set": {"resets_at": datetime(2026, 1, 1, tzinfo=UTC)}})


async def test_of_a_thousand_parallel_hits_exactly_the_limit_passes(limiter: RateLimiter) -> None:
    passed = await how_many_pass(*(passes(limiter, use(limit=100)) for _ in range(1_000)))

    assert passed == 100


async def test_two_processes_share_one_limit(limiter: RateLimiter, other: RateLimiter) -> None:
    passed = await how_many_pass(*(passes(one, use(limit=100)) for _ in range(500) for one in (limiter, other)))

    assert passed == 100


async def test_what_one_process_remembers_does_not_free_the_other(limiter: RateLimiter, other: RateLimiter) -> None:
    passed = [await passes(one, use(limit=2)) for one in (limiter, limiter, limiter, other, other, limiter)]

    assert passed == [True, True, False, False, False, False]


async def test_a_counter_is_one_small_document_whatever_is_counted(limiter: RateLimiter, counters: Any) -> None:
    for _ in range(5):
        await limiter.hit(use(limit=5))
    await asyncio.gather(*(passes(limiter, use(limit=5)) for _ in range(20)))

    [counter] = await counters.find().to_list()
    assert set(counter) == {"_id", "schema_version", "count", "at", "resets_at"}
    assert (counter["schema_version"], counter["count"]) == (1, 6)


async def test_a_hit_is_one_command(limiter: RateLimiter, client: GraphClient) -> None:
    with client.commands.counting() as commands:
        await limiter.hit(use(limit=5))
        await limiter.hit(use(limit=5))

    assert commands == {COUNT: 2}


async def test_after_a_refusal_no_command_is_sent(limiter: RateLimiter, client: GraphClient) -> None:
    await limiter.hit(use())
    refused_first = not await passes(limiter, use())

    with client.commands.counting() as commands:
        passed = [await passes(limiter, use()) for _ in range(10)]

    assert refused_first
    assert not any(passed)
    assert commands == {}


async def test_a_window_begins_with_its_first_hit_and_lasts_the_period(limiter: RateLimiter, counters: Any) -> None:
    await limiter.hit(use(limit=5, period_s=900))
    first = await counters.find_one()
    await limiter.hit(use(limit=5, period_s=900))
    second = await counters.find_one()

    assert (first["resets_at"] - first["at"]).total_seconds() == 900
    assert second["resets_at"] == first["resets_at"]
    assert second["at"] >= first["at"]


async def test_a_new_window_allows_the_whole_limit_again(other: RateLimiter, database: Any) -> None:
    before = [await passes(RateLimiter(hide=hide), use(limit=2)) for _ in range(3)]

    await end_windows(database)
    after = [await passes(other, use(limit=2)) for _ in range(3)]

    assert before == after == [True, True, False]


async def test_a_refusal_is_remembered_until_its_window_ends(
    limiter: RateLimiter, database: Any, client: GraphClient, clock: Clock
) -> None:
    await limiter.hit(use(period_s=60))
    assert not await passes(limiter, use(period_s=60))
    await end_windows(database)

    clock.time += 58
    with client.commands.counting() as early:
        assert not await passes(limiter, use(period_s=60))
    clock.time += 2
    with client.commands.counting() as late:
        assert await passes(limiter, use(period_s=60))

    assert (early, late) == ({}, {COUNT: 1})


async def test_it_says_when_to_come_back(limiter: RateLimiter, clock: Clock) -> None:
    await limiter.hit(use(period_s=3_600))

    with pytest.raises(RateLimited) as counted:
        await limiter.hit(use(period_s=3_600))
    clock.time += 3_000
    with pytest.raises(RateLimited) as remembered:
        await limiter.hit(use(period_s=3_600))

    assert 3_500 < counted.value.retry_after_s <= 3_600
    assert remembered.value.retry_after_s == pytest.approx(counted.value.retry_after_s - 3_000, abs=1)


async def test_it_never_says_to_come_back_at_once(limiter: RateLimiter, clock: Clock) -> None:
    await limiter.hit(use(period_s=60))
    assert not await passes(limiter, use(period_s=60))
    until = limiter._refused[next(iter(limiter._refused))]

    clock.time = until - 0.001
    with pytest.raises(RateLimited) as refused:
        await limiter.hit(use(period_s=60))

    assert refused.value.retry_after_s == 1


async def test_the_longest_wait_counts(limiter: RateLimiter) -> None:
    short, long = use(name="short", period_s=60), use(name="long", period_s=3_600)
    await limiter.hit(short, long)

    with pytest.raises(RateLimited) as counted:
        await limiter.hit(short, long)
    with pytest.raises(RateLimited) as remembered:
        await limiter.hit(long, short)

    assert 3_500 < counted.value.retry_after_s <= 3_600
    assert 3_500 < remembered.value.retry_after_s <= 3_600


async def test_all_hits_of_a_call_must_pass(limiter: RateLimiter) -> None:
    narrow, wide = use(name="narrow", limit=1), use(name="wide", limit=10)

    passed = [await passes(limiter, narrow, wide), await passes(limiter, wide, narrow), await passes(limiter, wide)]

    assert passed == [True, False, True]


async def test_a_refused_call_counts_its_other_hits_once_at_most(limiter: RateLimiter, counters: Any) -> None:
    address, phone = use("203.0.113.7", name="address", limit=1), use(PHONE, name="phone", limit=10)
    await limiter.hit(address, phone)

    passed = [await passes(limiter, address, phone) for _ in range(5)]

    counter = await counters.find_one({"_id": {"$regex": "^phone:"}})
    assert not any(passed)
    assert counter["count"] == 2


async def test_a_call_without_hits_passes(limiter: RateLimiter, client: GraphClient) -> None:
    with client.commands.counting() as commands:
        await limiter.hit()
        await limiter.check()

    assert commands == {}


async def test_names_and_keys_do_not_meet(limiter: RateLimiter) -> None:
    hits = [use(key, name=name) for name in ("a", "a:b", "b") for key in ("x", "b:x", "y", "")]

    first = [await passes(limiter, hit) for hit in hits]
    second = [await passes(limiter, hit) for hit in hits]

    assert all(first)
    assert not any(second)


async def test_a_key_is_stored_hidden_only(limiter: RateLimiter, counters: Any) -> None:
    await limiter.hit(use(PHONE, name="one"), use(PHONE, name="two"))

    stored = await counters.find().to_list()
    names = sorted(counter["_id"].split(":")[0] for counter in stored)
    hidden = {counter["_id"].split(":")[1] for counter in stored}
    assert not any(b"9876543210" in encode(counter) for counter in stored)
    assert names == ["one", "two"]
    # one person's counters cannot be told from two limits
    assert len(hidden) == 2
    assert all(len(bytes.fromhex(part)) == 16 for part in hidden)


def test_a_key_does_not_show_in_a_log() -> None:
    assert PHONE not in repr(use(PHONE))
    assert "9876543210" not in str(RateLimited(5, "orders_per_asker"))


async def test_mongodb_deletes_a_counter_when_its_window_has_ended(client: GraphClient, database: Any) -> None:
    indexes = await database.rate_limits.index_information()

    assert indexes["resets_at"]["key"] == [("resets_at", 1)]
    assert indexes["resets_at"]["expireAfterSeconds"] == 0
    assert [index.document["name"] for index in RateLimitDocument.Settings.indexes] == ["resets_at"]


async def test_parallel_first_hits_of_many_keys_are_all_counted(limiter: RateLimiter) -> None:
    passed = await asyncio.gather(*(passes(limiter, use(str(key), limit=3)) for key in range(20) for _ in range(5)))

    assert [sum(passed[start : start + 5]) for start in range(0, 100, 5)] == [3] * 20


class _AtSecondTry(Counter[str]):
    """Counts commands, and lets something happen just before the second try is sent."""

    def __init__(self, happen: Callable[[], object]) -> None:
        super().__init__()
        self._happen = happen

    def __setitem__(self, name: str, number: int) -> None:
        super().__setitem__(name, number)
        if (name, number) == (COUNT, 2):
            self._happen()


@pytest.mark.usefixtures("one_counter_of_each_count")
async def test_a_duplicate_key_is_tried_again(
    limiter: RateLimiter, client: GraphClient, database: Any, mongodb_uri: str
) -> None:
    await limiter.hit(use("rival"))
    with MongoClient[dict[str, Any]](mongodb_uri) as rival:
        commands = _AtSecondTry(lambda: rival[database.name].rate_limits.delete_many({}))
        client.commands._counters.append(commands)

        await limiter.hit(use("late"))

        client.commands._counters.remove(commands)

    assert commands == {COUNT: 2}
    assert not await passes(limiter, use("late"))


@pytest.mark.usefixtures("one_counter_of_each_count")
async def test_a_duplicate_key_is_not_tried_for_ever(limiter: RateLimiter, client: GraphClient) -> None:
    await limiter.hit(use("rival"))

    with client.commands.counting() as commands, pytest.raises(DuplicateKeyError):
        await limiter.hit(use("late"))

    assert commands == {COUNT: ATTEMPTS}


@pytest.mark.usefixtures("full_database")
async def test_nobody_passes_when_the_database_cannot_count(limiter: RateLimiter, counters: Any) -> None:
    with pytest.raises(OperationFailure):
        await limiter.hit(use())
    with pytest.raises(OperationFailure):
        await limiter.hit(use(name="one"), use(name="two"))

    assert await counters.count_documents({}) == 0


async def test_it_is_not_counted_in_a_transaction(limiter: RateLimiter, database: Any, counters: Any) -> None:
    transactions = Transactions(database.client, deadline_s=10)

    with pytest.raises(RuntimeError, match="before the transaction"):
        await transactions.run(lambda: limiter.hit(use()))
    with pytest.raises(RuntimeError, match="before the transaction"):
        await transactions.run(lambda: limiter.hit(use(name="one"), use(name="two")))

    assert await counters.count_documents({}) == 0


async def test_a_limit_that_was_lowered_holds_at_once(limiter: RateLimiter) -> None:
    for _ in range(10):
        await limiter.hit(use(limit=20))

    assert not await passes(limiter, use(limit=5))


async def test_checking_counts_nothing_and_sends_nothing(
    limiter: RateLimiter, client: GraphClient, counters: Any
) -> None:
    with client.commands.counting() as commands:
        for _ in range(10):
            await limiter.check(use())

    assert commands == {}
    assert await counters.count_documents({}) == 0


async def test_only_failures_are_counted_when_they_are_checked_before_and_hit_after(
    limiter: RateLimiter, other: RateLimiter, client: GraphClient
) -> None:
    """Each process learns of the refusal by a failure of its own."""
    for _ in range(3):
        await limiter.check(use(limit=3))
        await limiter.hit(use(limit=3))

    for process in (limiter, other):
        await process.check(use(limit=3))
        assert not await passes(process, use(limit=3))
        with client.commands.counting() as commands, pytest.raises(RateLimited):
            await process.check(use(limit=3))
        assert commands == {}


async def test_no_more_refusals_are_remembered_than_fit_and_a_forgotten_one_is_refused_all_the_same(
    limiter: RateLimiter, client: GraphClient
) -> None:
    await limiter.hit(use())
    assert not await passes(limiter, use())
    for number in range(REMEMBERED):
        limiter._refused[f"orders_per_asker:{number}"] = float("inf")

    with client.commands.counting() as commands:
        assert not await passes(limiter, use())

    assert commands == {COUNT: 1}
    assert len(limiter._refused) == REMEMBERED


async def test_a_refusal_names_the_limit_that_refuses_the_longest(limiter: RateLimiter) -> None:
    hits = [use(name="orders_per_asker", period_s=900), use(name="orders_per_ip"), use(name="photos_per_ip", limit=9)]
    await limiter.hit(*hits)

    refused = []
    for call in (limiter.hit, limiter.hit, limiter.check):
        with pytest.raises(RateLimited) as refusal:
            await call(*hits)
        refused.append((refusal.value.name, refusal.value.message))

    assert (
        refused
        == [
            ("orders_per_ip", "Too many orders were tried from your network. Try again in 60 minutes."),
        ]
        * 3
    )
