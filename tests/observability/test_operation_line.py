"""The one line that an operation leaves, and the commands that it counts."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import pytest
from aiodataloader import DataLoader
from pymongo import AsyncMongoClient

from traya_gql.integrations.mongodb.connection import connect
from traya_gql.observability import operations
from traya_gql.observability.commands import CommandCount, counting
from traya_gql.observability.logging import JsonLines
from traya_gql.observability.operations import OperationLog, Outcome, loggable_name


@pytest.fixture(autouse=True)
def _information_is_kept(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.INFO, logger="traya_gql"):
        yield


def written(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    """Return the one line that was written, as production writes it."""
    [line] = lines(caplog)
    return line


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return the lines of operations: an application that other tests share may write its own meanwhile."""
    written = [record for record in caplog.records if record.name == operations.__name__]
    return [json.loads(JsonLines().format(record)) for record in written]


# --- the line -----------------------------------------------------------------------------------------------------


def test_an_operation_is_one_line_with_all_that_is_known_of_it(caplog: pytest.LogCaptureFixture) -> None:
    with OperationLog() as operation:
        operation.name = "PlaceOrder"
        operation.kind = "mutation"
        operation.document = "0f" * 16
        operation.viewer_id = UUID(int=7)
        operation.outcome = Outcome.USER_ERRORS
        operation.codes += ["OUT_OF_STOCK", "OUT_OF_STOCK", "PHONE_INVALID"]

    line = written(caplog)
    assert line.pop("time")
    assert line.pop("duration_ms") >= 0
    assert len(line.pop("request_id")) == 32
    assert line == {
        "level": "info",
        "logger": "traya_gql.observability.operations",
        "event": "operation",
        "name": "PlaceOrder",
        "kind": "mutation",
        "document": "0f" * 16,
        "viewer_id": "00000000-0000-0000-0000-000000000007",
        "outcome": "user_errors",
        "commands": 0,
        "codes": ["OUT_OF_STOCK", "PHONE_INVALID"],
        "incident_ids": [],
    }


@pytest.mark.parametrize("outcome", list(Outcome))
def test_faults_and_timeouts_are_warnings(caplog: pytest.LogCaptureFixture, outcome: Outcome) -> None:
    OperationLog(outcome=outcome, incident_ids=["0123456789abcdef"]).finish()

    line = written(caplog)
    assert (line["level"] == "warning") is (outcome in {Outcome.FAULT, Outcome.TIMEOUT})
    assert (line["outcome"], line["incident_ids"]) == (outcome.value, ["0123456789abcdef"])


def test_the_line_is_written_once(caplog: pytest.LogCaptureFixture) -> None:
    with OperationLog() as operation:
        operation.finish()
        operation.outcome = Outcome.FAULT

    assert written(caplog)["outcome"] == "ok"


def test_request_ids_are_our_own_and_all_different() -> None:
    assert len({OperationLog().request_id for _ in range(1000)}) == 1000


def test_an_exception_out_of_an_operation_is_a_fault_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ValueError, match="9876543210"), OperationLog(name="Report"):
        raise ValueError("9876543210")

    assert written(caplog)["outcome"] == "fault"
    assert "9876543210" not in caplog.text


async def test_an_operation_that_is_cancelled_says_so(caplog: pytest.LogCaptureFixture) -> None:
    has_started = asyncio.Event()

    async def request() -> None:
        with OperationLog(name="Report"):
            has_started.set()
            await asyncio.Event().wait()

    running = asyncio.create_task(request())
    await has_started.wait()
    running.cancel()
    await asyncio.wait([running])

    assert written(caplog)["outcome"] == "cancelled"


@pytest.mark.parametrize("name", ["Report", "_private", "placeOrderV2", "Orders2024", "A" * 60])
def test_a_name_that_a_front_end_gives_is_kept(name: str) -> None:
    assert loggable_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        None,
        "",
        "A" * 61,
        "Phone9876543210",
        "p9h8o7n6e5",
        "Code48291",
        "two words",
        "Report\n",
        "2Report",
        "Rüport",
        "eyJhbGciOi.eyJzdWIi",
    ],
)
def test_a_name_that_may_hold_a_phone_a_code_or_a_token_is_not(
    caplog: pytest.LogCaptureFixture, name: str | None
) -> None:
    OperationLog(name=name).finish()

    assert loggable_name(name) is None
    assert written(caplog)["name"] is None


# --- the commands -------------------------------------------------------------------------------------------------


@pytest.fixture
async def database(mongodb_uri: str) -> AsyncIterator[Any]:
    client: AsyncMongoClient[dict[str, Any]] = connect(mongodb_uri, listeners=(CommandCount(),))
    async with client:
        yield client.get_default_database()


async def test_commands_of_a_block_are_counted_and_those_around_it_are_not(database: Any) -> None:
    await database.none.find_one({})
    with counting() as commands:
        await database.none.find_one({})
        await database.none.count_documents({})
    await database.none.find_one({})

    assert commands.sent == 2


async def test_commands_that_fail_are_counted(database: Any) -> None:
    with counting() as commands, pytest.raises(Exception, match="unknown operator"):
        await database.none.find_one({"a": {"$nothing": 1}})

    assert commands.sent == 1


async def test_requests_at_the_same_time_count_their_own_commands_with_those_of_their_tasks(
    database: Any, caplog: pytest.LogCaptureFixture
) -> None:
    both = asyncio.Barrier(2)

    async def load(keys: list[int]) -> list[int]:
        await database.none.find_one({"_id": {"$in": keys}})
        return keys

    async def request(name: str, *, gathered: int) -> None:
        with OperationLog(name=name):
            loader: DataLoader[int, int] = DataLoader(load)
            await both.wait()
            await database.none.find_one({})
            await both.wait()
            await asyncio.gather(*(database.none.find_one({}) for _ in range(gathered)))
            # a batch: one command for three keys
            assert await asyncio.gather(*(loader.load(key) for key in range(3))) == [0, 1, 2]
            await asyncio.create_task(database.none.find_one({}))
            await both.wait()

    await asyncio.gather(request("Few", gathered=2), request("Many", gathered=20))

    assert {line["name"]: line["commands"] for line in lines(caplog)} == {"Few": 5, "Many": 23}
