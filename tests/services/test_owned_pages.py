"""Pages of what customers own: read together they are what they are when read one by one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.support import GraphClient, example, hair_test, order
from traya_gql.documents import owned
from traya_gql.documents.hair_tests import HairTestDocument, HairTestRecord
from traya_gql.documents.orders import OrderDocument, OrderRecord
from traya_gql.documents.owned import PageKey
from traya_gql.documents.records import OwnedRecord, Position, StoredDocument
from traya_gql.documents.reports import ReportDocument, ReportRecord
from traya_gql.observability.commands import counting

START = datetime(2026, 11, 21, tzinfo=UTC)
KINDS: list[tuple[type[StoredDocument], type[OwnedRecord], str]] = [
    (HairTestDocument, HairTestRecord, "hair_tests"),
    (ReportDocument, ReportRecord, "reports"),
    (OrderDocument, OrderRecord, "orders"),
]
UNIQUE = {"public_id", "hair_test_id", "number"}
ROUNDS = 20


@pytest.fixture
async def owners(client: GraphClient, database: Any) -> list[UUID]:
    """Ten customers without anything, and one hair test, report and order of a guest to copy."""
    ids = [uuid4() for _ in range(10)]
    await database.customers.insert_many(
        {"_id": id_, "created_at": START, "phone": f"+9198765432{number:02}", "verified_at": START}
        for number, id_ in enumerate(ids)
    )
    submitted = await client.data(example("submit_hair_test"), input=hair_test())
    await client.data(example("place_order"), input=order(submitted["submitHairTest"]["report"]["publicId"]))
    return ids


async def give(database: Any, name: str, times: dict[UUID | None, list[datetime]]) -> None:
    """Give owners (None: guests) copies of the one record there is, made at these times."""
    template = await database[name].find_one({})
    unique = [field for field in template if field in UNIQUE]
    copies = [
        {
            **template,
            **{field: uuid4() if field == "hair_test_id" else str(uuid4()) for field in unique},
            "_id": uuid4(),
            "customer_id": owner,
            "created_at": at,
        }
        for owner, ats in times.items()
        for at in ats
    ]
    if copies:
        await database[name].insert_many(copies)


async def expected_page(database: Any, name: str, key: PageKey) -> list[UUID]:
    """Return the ids of a page as plain Python finds them."""
    found = await database[name].find({"customer_id": key.customer_id}).to_list()
    places = sorted(((one["created_at"], one["_id"].bytes) for one in found), reverse=True)
    if key.after is not None:
        places = [place for place in places if place < (key.after.created_at, key.after.id.bytes)]
    return [UUID(bytes=id_) for _, id_ in places[: key.limit]]


@pytest.mark.parametrize(("document", "record", "name"), KINDS)
async def test_pages_read_together_equal_pages_read_one_by_one(
    owners: list[UUID], database: Any, document: type[StoredDocument], record: type[OwnedRecord], name: str
) -> None:
    seed = Random().randrange(2**32)
    print(f"seed: {seed}")  # noqa: T201 - shown when the test fails
    random = Random(seed)
    # few moments for many records: ids decide
    times: dict[UUID | None, list[datetime]] = {
        owner: [START + timedelta(milliseconds=random.randrange(4)) for _ in range(random.choice((0, 1, 5, 30)))]
        for owner in [*owners, None]
    }
    await give(database, name, times)
    somewhere = [Position(one["created_at"], one["_id"]) for one in await database[name].find().to_list()]

    for _ in range(ROUNDS):
        keys = list(
            {
                PageKey(
                    random.choice([*owners, uuid4()]),
                    random.choice([None, None, None, random.choice(somewhere)]),
                    random.choice((1, 2, 21, 101)),
                )
                for _ in range(random.randrange(1, 25))
            }
        )

        together = await owned.pages(document, record, keys)

        assert set(together) == set(keys)
        for key in keys:
            alone = await owned.pages(document, record, [key])
            assert together[key] == alone[key], (seed, key)
            assert [one.id for one in together[key]] == await expected_page(database, name, key), (seed, key)


async def test_no_keys_take_no_command(owners: list[UUID]) -> None:
    with counting() as commands:
        assert await owned.pages(OrderDocument, OrderRecord, []) == {}

    assert commands.sent == 0


async def test_first_pages_of_one_length_take_one_command_and_all_others_one_each(
    owners: list[UUID],
) -> None:
    position = Position(START, uuid4())

    async def counted(*keys: PageKey) -> int:
        with counting() as commands:
            await owned.pages(OrderDocument, OrderRecord, keys)
        return commands.sent

    first = [PageKey(owner, None, 21) for owner in owners]
    assert await counted(*first) == 1
    assert await counted(first[0]) == 1
    assert await counted(*first, *(PageKey(owner, None, 6) for owner in owners)) == 2
    assert await counted(*first, PageKey(owners[0], None, 6)) == 2
    assert await counted(*(PageKey(owner, position, 21) for owner in owners[:3])) == 3


@pytest.fixture
async def profiled(owners: list[UUID], database: Any) -> AsyncIterator[Any]:
    """Five customers with 200 records of each kind, and guests with as many; the profiler is on."""
    rich: dict[UUID | None, list[datetime]] = {
        owner: [START + timedelta(seconds=number) for number in range(200)] for owner in [*owners[:5], None]
    }
    for _, _, name in KINDS:
        await give(database, name, rich)
    await database.command("profile", 2)
    yield database
    await database.command("profile", 0)
    await database["system.profile"].drop()


@pytest.mark.parametrize(("document", "record", "name"), KINDS)
async def test_first_pages_read_no_more_than_they_return(
    owners: list[UUID], profiled: Any, document: type[StoredDocument], record: type[OwnedRecord], name: str
) -> None:
    found = await owned.pages(document, record, [PageKey(owner, None, 6) for owner in owners])
    await profiled.command("profile", 0)

    [seen] = await profiled["system.profile"].find({"command.comment": f"{name}.first_pages"}).to_list()
    assert sorted(len(page) for page in found.values()) == [0] * 5 + [6] * 5
    # ten customers, and six records of five of them
    assert seen["docsExamined"] <= 10 + 5 * 6
    assert not seen.get("hasSortStage", False)


@pytest.mark.parametrize(("document", "record", "name"), KINDS)
async def test_a_page_anywhere_reads_no_more_than_it_returns(
    owners: list[UUID], profiled: Any, document: type[StoredDocument], record: type[OwnedRecord], name: str
) -> None:
    first = (await owned.pages(document, record, [key := PageKey(owners[0], None, 101)]))[key]
    last = Position(first[-1].created_at, first[-1].id)
    second = (await owned.pages(document, record, [key := PageKey(owners[0], last, 21)]))[key]
    await profiled.command("profile", 0)

    pages = await profiled["system.profile"].find({"command.comment": f"{name}.page"}).to_list()
    assert (len(first), len(second)) == (101, 21)
    assert sorted(page["docsExamined"] - page["nreturned"] for page in pages) in ([0, 0], [0, 1])
    assert [page.get("hasSortStage", False) for page in pages] == [False, False]


async def test_what_guests_left_is_read_from_an_index(owners: list[UUID], profiled: Any) -> None:
    tests = await owned.guest_hair_tests("+919876543210", limit=100)
    orders = await owned.guest_orders("+919876543210", limit=100)
    nobodys = await owned.guest_orders("+919123456780", limit=100)
    await profiled.command("profile", 0)

    seen = await profiled["system.profile"].find({"command.comment": {"$regex": "of_guest$"}}).to_list()
    # the other customers' records were typed with this phone too, and are not read
    assert (len(tests), len(orders), len(nobodys)) == (100, 100, 0)
    assert sorted(one["docsExamined"] for one in seen) == [0, 100, 100]
    assert [one.get("hasSortStage", False) for one in seen] == [False] * 3
