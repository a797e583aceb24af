"""Stored data outlives versions: what brings an older database up to this release."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pymongo import UpdateOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

Database = AsyncDatabase[dict[str, Any]]
Step = Callable[[Database], Awaitable[None]]

FIRST_VERSION = 1
_META = "meta"
_KEY = "schema"
_BATCH = 500
_INDEX_NOT_FOUND = 27
_COLLECTION_NOT_FOUND = 26


class DatabaseIsNewer(RuntimeError):
    """The database was written by a newer release."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(
            f"The database is of version {found}, and this release knows versions up to {known}. "
            "Install the newer release again, or use another database."
        )


class DatabaseIsOlder(RuntimeError):
    """The database was written by an older release and has to be migrated first."""

    def __init__(self, missing: list[int]) -> None:
        steps = ", ".join(map(str, missing))
        super().__init__(f"The database is of an older release (missing: version {steps}). Run: traya-gql migrate")


async def _give_hair_tests_their_person(database: Database) -> None:
    """Version 2: a hair test holds who it is about, and `customers` holds those who signed in.

    Before, each hair test had a customer of its own, as typed. Nothing that was written has an owner yet.
    """
    hair_tests, customers = database["hair_tests"], database["customers"]
    missing = {"person": {"$exists": False}}
    while batch := await hair_tests.find(missing, {"customer_id": 1}).limit(_BATCH).to_list():
        ids = [test["customer_id"] for test in batch]
        people = {one["_id"]: one["details"] async for one in customers.find({"_id": {"$in": ids}}, {"details": 1})}
        await hair_tests.bulk_write(
            [
                UpdateOne(
                    {"_id": test["_id"], **missing},
                    {"$set": {"person": people[test["customer_id"]], "customer_id": None, "schema_version": 2}},
                )
                for test in batch
            ],
            ordered=False,
        )
    for name in ("reports", "orders"):
        await database[name].update_many({"customer_id": {"$exists": False}}, {"$set": {"customer_id": None}})
    # last: until here the step can be run again from what they hold
    await customers.delete_many({"details": {"$exists": True}})
    # made anew with other keys, some under the same name
    for name, indexes in {
        "customers": ("verified_phone", "phone"),
        "hair_tests": ("customer_id",),
        "orders": ("phone",),
    }.items():
        for index in indexes:
            await _drop_index(database, name, index)


async def _drop_index(database: Database, name: str, index: str) -> None:
    try:
        await database[name].drop_index(index)
    except OperationFailure as error:
        if error.code not in (_INDEX_NOT_FOUND, _COLLECTION_NOT_FOUND):
            raise


STEPS: Mapping[int, Step] = {2: _give_hair_tests_their_person}
"""What brings a database from the version before to this one; may be run again after a fault."""


async def version(database: Database) -> int | None:
    """Return the version of the stored data; None for a database that was never used."""
    found = await database[_META].find_one({"_id": _KEY}, comment="migrations.version")
    return None if found is None else int(found["version"])


async def check_version(database: Database, *, steps: Mapping[int, Step] = STEPS) -> list[int]:
    """Return the versions that the database has yet to be brought to, oldest first; a new one is marked as current.

    Raises:
        DatabaseIsNewer: another release wrote it.
    """
    latest = max(steps, default=FIRST_VERSION)
    await database[_META].update_one(
        {"_id": _KEY}, {"$setOnInsert": {"version": latest}}, upsert=True, comment="migrations.check"
    )
    found = await version(database) or latest
    if found > latest:
        raise DatabaseIsNewer(found, latest)
    return [step for step in sorted(steps) if step > found]


async def refuse_unless_current(database: Database, *, steps: Mapping[int, Step] = STEPS) -> None:
    """Do nothing for a current database.

    Raises:
        DatabaseIsNewer: another release wrote it.
        DatabaseIsOlder: it must be migrated first.
    """
    if missing := await check_version(database, steps=steps):
        raise DatabaseIsOlder(missing)


async def migrate(
    database: Database, *, steps: Mapping[int, Step] = STEPS, on_step: Callable[[int], None] = lambda _: None
) -> list[int]:
    """Run the missing steps in order, and return the versions reached. A fault leaves the version before it."""
    missing = await check_version(database, steps=steps)
    for target in missing:
        on_step(target)
        await steps[target](database)
        await database[_META].update_one({"_id": _KEY}, {"$set": {"version": target}}, comment="migrations.done")
    return missing
