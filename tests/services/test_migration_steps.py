"""Each step between releases can be cut off anywhere and run again. The whole of one: tests/cli/test_migrate_*.py."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from traya_gql.documents.migrations import STEPS

MADE_AT = datetime(2026, 11, 21, tzinfo=UTC)
HOW_MANY = 1100
"""More than two batches."""


@pytest.fixture
async def first_release(database: Any) -> AsyncIterator[Any]:
    """A database as the first release wrote it, apart from the one that the application uses."""
    apart = database.client.get_database(f"{database.name}_first_release")
    people = [
        {
            "_id": uuid4(),
            "created_at": MADE_AT,
            "report_id": uuid4(),
            "details": {"name": f"Asha {number}", "phone": "+919876543210", "age": 28, "gender": "FEMALE"},
            "is_verified": False,
            "schema_version": 1,
        }
        for number in range(HOW_MANY)
    ]
    tests = [
        {
            "_id": uuid4(),
            "created_at": MADE_AT,
            "customer_id": one["_id"],
            "report_id": one["report_id"],
            "answers": {},
            "schema_version": 1,
        }
        for one in people
    ]
    await apart.customers.insert_many(people)
    await apart.customers.create_index("details.phone", name="phone")
    await apart.hair_tests.insert_many(tests)
    await apart.reports.insert_many({"_id": test["report_id"], "hair_test_id": test["_id"]} for test in tests)
    await apart.orders.insert_one({"_id": uuid4(), "report_id": tests[0]["report_id"], "phone": "+919876543210"})
    yield apart
    await apart.client.drop_database(apart.name)


async def everything(database: Any) -> dict[str, Any]:
    return {
        name: {one["_id"]: one async for one in database[name].find()}
        for name in ("customers", "hair_tests", "reports", "orders")
    }


async def test_version_2_gives_each_hair_test_its_person_and_nobody_an_owner(first_release: Any) -> None:
    before = await everything(first_release)

    await STEPS[2](first_release)

    after = await everything(first_release)
    assert after["customers"] == {}
    assert len(after["hair_tests"]) == HOW_MANY
    for key, test in after["hair_tests"].items():
        old = before["hair_tests"][key]
        person = before["customers"][old["customer_id"]]["details"]
        assert test == {**old, "customer_id": None, "person": person, "schema_version": 2}
    assert {one["customer_id"] for one in [*after["reports"].values(), *after["orders"].values()]} == {None}
    assert list(await first_release.customers.index_information()) == ["_id_"]


async def test_version_2_cut_off_anywhere_can_be_run_again(first_release: Any) -> None:
    before = await everything(first_release)
    # as after a kill -9 in the second batch
    for test in list(before["hair_tests"].values())[:700]:
        person = before["customers"][test["customer_id"]]["details"]
        await first_release.hair_tests.update_one(
            {"_id": test["_id"]}, {"$set": {"person": person, "customer_id": None, "schema_version": 2}}
        )

    await STEPS[2](first_release)
    once = await everything(first_release)
    await STEPS[2](first_release)

    assert await everything(first_release) == once
    assert all(test["person"]["name"].startswith("Asha") for test in once["hair_tests"].values())


async def test_version_2_leaves_customers_who_signed_in_alone(first_release: Any) -> None:
    await STEPS[2](first_release)
    await first_release.customers.insert_one({"_id": uuid4(), "phone": "+919876543210", "version": 1})

    await STEPS[2](first_release)

    assert await first_release.customers.count_documents({}) == 1


async def test_version_2_does_nothing_to_an_empty_database(database: Any) -> None:
    apart = database.client.get_database(f"{database.name}_empty")

    await STEPS[2](apart)

    assert await apart.list_collection_names() == []
