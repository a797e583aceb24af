"""Stored data outlives versions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from traya_gql.documents.migrations import (
    DatabaseIsNewer,
    DatabaseIsOlder,
    check_version,
    migrate,
    refuse_unless_current,
    version,
)


@pytest.fixture
async def old(database: Any) -> AsyncIterator[Any]:
    """A database of version 1, apart from the one that the application uses."""
    apart = database.client.get_database(f"{database.name}_old")
    await check_version(apart, steps={})
    yield apart
    await apart.client.drop_database(apart.name)


async def double(database: Any) -> None:
    await database.things.update_many({}, {"$mul": {"n": 2}})


async def add_one(database: Any) -> None:
    await database.things.update_many({}, {"$inc": {"n": 1}})


async def break_down(database: Any) -> None:
    raise RuntimeError("no room on the disk")


async def test_a_new_database_is_of_the_latest_version(old: Any) -> None:
    fresh = old.client.get_database(f"{old.name}_fresh")

    missing = await check_version(fresh, steps={2: double, 3: add_one})

    assert (missing, await version(fresh)) == ([], 3)
    await fresh.client.drop_database(fresh.name)


async def test_steps_run_once_and_in_order(old: Any) -> None:
    await old.things.insert_one({"n": 5})
    steps = {3: add_one, 2: double}
    seen: list[int] = []

    first = await migrate(old, steps=steps, on_step=seen.append)
    second = await migrate(old, steps=steps)

    assert (first, second, seen) == ([2, 3], [], [2, 3])
    assert (await old.things.find_one())["n"] == 11
    assert await version(old) == 3


async def test_a_fault_leaves_the_version_before_it_and_the_rest_can_be_done_later(old: Any) -> None:
    await old.things.insert_one({"n": 5})
    with pytest.raises(RuntimeError, match="no room"):
        await migrate(old, steps={2: double, 3: break_down})
    left = await version(old)

    reached = await migrate(old, steps={2: double, 3: add_one})

    assert (left, reached) == (2, [3])
    assert (await old.things.find_one())["n"] == 11


async def test_a_server_refuses_a_database_that_is_older_or_newer(old: Any) -> None:
    with pytest.raises(DatabaseIsOlder, match="Run: traya-gql migrate"):
        await refuse_unless_current(old, steps={2: double})
    await migrate(old, steps={2: double})

    await refuse_unless_current(old, steps={2: double})
    with pytest.raises(DatabaseIsNewer, match="of version 2"):
        await refuse_unless_current(old, steps={})
