"""Stored data outlives versions: what brings an older database up to this release."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

Database = AsyncDatabase[dict[str, Any]]
Step = Callable[[Database], Awaitable[None]]

STEPS: Mapping[int, Step] = {}
"""What brings a database from the version before to this one; may be run again after a fault. None yet."""

FIRST_VERSION = 1
_META = "meta"
_KEY = "schema"


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
