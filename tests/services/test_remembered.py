"""What is worked out once: by key, for a while, for all who ask at once."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from traya_gql.services.remembered import Remembered


class Work:
    """Counts how often it was done, and fails while it is told to."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.fails = False
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def __call__(self, key: str) -> str:
        await self.may_go_on.wait()
        self.done[key] += 1
        if self.fails:
            raise ValueError(key)
        return f"{key} {self.done[key]}"


async def ask(remembered: Remembered[str], work: Work, key: str) -> str:
    return await remembered.get(key, lambda: work(key))


async def test_a_value_is_worked_out_once_for_each_key() -> None:
    remembered, work = Remembered[str](most=10), Work()

    assert [await ask(remembered, work, key) for key in "abab"] == ["a 1", "b 1", "a 1", "b 1"]


async def test_those_who_ask_at_once_wait_for_one() -> None:
    remembered, work = Remembered[str](most=10), Work()
    work.may_go_on.clear()
    waiting = [asyncio.create_task(ask(remembered, work, "a")) for _ in range(20)]
    await asyncio.sleep(0)

    work.may_go_on.set()

    assert set(await asyncio.gather(*waiting)) == {"a 1"}


async def test_who_stops_waiting_takes_nothing_from_the_others() -> None:
    remembered, work = Remembered[str](most=10), Work()
    work.may_go_on.clear()
    first, second = [asyncio.create_task(ask(remembered, work, "a")) for _ in range(2)]
    await asyncio.sleep(0)

    first.cancel()
    work.may_go_on.set()

    assert await second == "a 1"
    assert first.cancelled()


async def test_a_value_lasts_for_its_lifetime() -> None:
    now = 100.0
    remembered, work = Remembered[str](most=10, lifetime_s=60, clock=lambda: now), Work()
    await ask(remembered, work, "a")

    now = 159.9
    assert await ask(remembered, work, "a") == "a 1"
    now = 160.0
    assert await ask(remembered, work, "a") == "a 2"


async def test_what_was_asked_for_last_is_kept() -> None:
    remembered, work = Remembered[str](most=2), Work()
    for key in ("a", "b", "a", "c"):
        await ask(remembered, work, key)

    assert [await ask(remembered, work, key) for key in ("a", "c", "b")] == ["a 1", "c 1", "b 2"]


async def test_a_failure_is_told_and_not_remembered() -> None:
    remembered, work = Remembered[str](most=10), Work()
    work.fails = True
    told = await asyncio.gather(*(ask(remembered, work, "a") for _ in range(3)), return_exceptions=True)
    work.fails = False

    assert [str(one) for one in told] == ["a", "a", "a"]
    assert await ask(remembered, work, "a") == "a 2"


async def test_cleared_it_knows_nothing() -> None:
    remembered, work = Remembered[str](most=10), Work()
    await ask(remembered, work, "a")

    remembered.clear()

    assert await ask(remembered, work, "a") == "a 2"


@pytest.mark.parametrize("most", [1, 3])
async def test_it_never_holds_more_than_it_may(most: int) -> None:
    remembered, work = Remembered[str](most=most), Work()

    for key in "abcdef":
        await ask(remembered, work, key)

    assert [await ask(remembered, work, key) for key in "fedcba"[:most]] == [f"{key} 1" for key in "fedcba"[:most]]


async def test_what_is_missing_of_several_is_worked_out_together() -> None:
    remembered, asked = Remembered[str](most=10), list[list[str]]()

    async def work_out(keys: list[str]) -> list[str]:
        asked.append(keys)
        return [key.upper() for key in keys]

    assert await remembered.get_all(["a", "b", "a"], work_out) == ["A", "B", "A"]
    assert await remembered.get_all(["b", "c"], work_out) == ["B", "C"]
    assert await remembered.get_all(["a", "c"], work_out) == ["A", "C"]
    assert asked == [["a", "b"], ["c"]]


async def test_one_that_is_forgotten_while_others_are_worked_out_is_worked_out_alone() -> None:
    remembered = Remembered[str](most=1)

    async def work_out(keys: list[str]) -> list[str]:
        return [key.upper() for key in keys]

    assert await remembered.get_all(["a"], work_out) == ["A"]
    assert await remembered.get_all(["b", "a"], work_out) == ["B", "A"]


async def test_several_that_could_not_be_worked_out_are_not_remembered() -> None:
    remembered, work = Remembered[str](most=10), Work()
    work.fails = True

    async def work_out(keys: list[str]) -> list[str]:
        return [await work(key) for key in keys]

    with pytest.raises(ValueError, match="a"):
        await remembered.get_all(["a", "b"], work_out)
    work.fails = False

    assert await remembered.get_all(["b"], work_out) == ["b 1"]
