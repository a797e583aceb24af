"""Units of work on a real replica set."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from pymongo.errors import DuplicateKeyError, OperationFailure
from starlette.applications import Starlette

from tests.support import GraphClient, product_document
from traya_gql.documents import products
from traya_gql.documents.products import ProductDocument
from traya_gql.documents.transactions import Transactions, current_session


@pytest.fixture
def transactions(started: tuple[Starlette, GraphClient], client: GraphClient) -> Transactions:
    return Transactions(started[0].state.storage.client, deadline_s=10)


class BrokenError(Exception):
    """Something goes wrong in the middle."""


async def test_an_exception_leaves_nothing_written(transactions: Transactions, database: Any) -> None:
    async def work() -> None:
        await product_document("first").insert()
        await product_document("second").insert()
        raise BrokenError

    with pytest.raises(BrokenError):
        await transactions.run(work)

    assert await database.products.count_documents({"slug": {"$in": ["first", "second"]}}) == 0


async def test_all_is_written_when_the_work_ends(transactions: Transactions, database: Any) -> None:
    async def work() -> str:
        await product_document("first").insert()
        await product_document("second").insert()
        return "done"

    assert await transactions.run(work) == "done"
    assert await database.products.count_documents({"slug": {"$in": ["first", "second"]}}) == 2


async def test_reads_inside_see_their_own_writes_and_others_do_not(transactions: Transactions, database: Any) -> None:
    has_written, was_counted = asyncio.Event(), asyncio.Event()

    async def count_outside() -> int:
        await has_written.wait()
        found: int = await database.products.count_documents({"slug": "mine"})
        was_counted.set()
        return found

    async def work() -> bool:
        await product_document("mine").insert()
        has_written.set()
        await was_counted.wait()
        return await products.by_slug("mine") is not None

    outside = asyncio.create_task(count_outside())
    is_seen_inside = await transactions.run(work)

    assert is_seen_inside
    assert await outside == 0


async def test_a_call_that_forgets_the_session_fails_loudly_and_writes_nothing(
    transactions: Transactions, database: Any
) -> None:
    """Beanie drops the session in some calls: such a write must not escape from the transaction."""

    async def work() -> None:
        await product_document("inside").insert()
        await ProductDocument.find({"category": "SHAMPOO"}).delete()

    with pytest.raises(OperationFailure):
        await transactions.run(work)

    assert await database.products.count_documents({"slug": "inside"}) == 0
    assert await database.products.count_documents({"category": "SHAMPOO"}) == 5


async def test_work_is_run_again_after_a_write_conflict(transactions: Transactions, database: Any) -> None:
    runs, first_has_read, may_commit = [0, 0], asyncio.Event(), asyncio.Event()
    key = uuid4()
    await product_document("counter", id_=key).insert()

    async def add(place: int) -> None:
        runs[place] += 1
        record = (await products.by_ids([key]))[key]
        if place == 0 and runs[0] == 1:
            first_has_read.set()
            await may_commit.wait()
        await database.products.update_one(
            {"_id": key}, {"$set": {"price_paise": record.price_paise + 1}}, session=current_session()
        )

    first = asyncio.create_task(transactions.run(lambda: add(0)))
    await first_has_read.wait()
    await transactions.run(lambda: add(1))
    may_commit.set()
    await first

    assert (await products.by_ids([key]))[key].price_paise == 3
    assert runs == [2, 1]


async def test_a_duplicate_comes_out_and_leaves_nothing(transactions: Transactions, database: Any) -> None:
    async def work() -> None:
        await product_document("new").insert()
        await product_document("stress-relief-hair-oil").insert()

    with pytest.raises(DuplicateKeyError):
        await transactions.run(work)

    assert await database.products.count_documents({"slug": "new"}) == 0


async def test_a_cancelled_unit_of_work_leaves_nothing_and_holds_nothing(
    transactions: Transactions, database: Any
) -> None:
    has_written = asyncio.Event()

    async def work() -> None:
        await product_document("cancelled").insert()
        has_written.set()
        await asyncio.Event().wait()

    running = asyncio.create_task(transactions.run(work))
    await has_written.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert await database.products.count_documents({"slug": "cancelled"}) == 0
    await product_document("cancelled").insert()
