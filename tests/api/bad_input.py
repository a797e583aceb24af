"""What tests of bad input share: what is refused how, and what is no id and no cursor."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from pymongo.asynchronous.database import AsyncDatabase

from tests.support import GraphClient, counts

NOTHING: dict[str, int] = {}

Found = list[tuple[str, list[str]]]


@asynccontextmanager
async def nothing_written(database: AsyncDatabase[dict[str, Any]]) -> AsyncIterator[None]:
    """Check that what happens inside leaves every collection as long as it was."""
    # counters of limits are no records of the business
    before = await counts(database, without=["rate_limits"])
    yield
    assert await counts(database, without=["rate_limits"]) == before


def refused(payload: dict[str, Any], error: str = "InvalidInputError") -> Found:
    """Return code and path of each error of a payload that holds nothing else."""
    [refusal] = payload.values()
    errors = refusal.pop("userErrors")
    assert not any(refusal.values())
    assert {one["__typename"] for one in errors} == {error}
    assert all(0 < len(one["message"]) <= 200 for one in errors)
    return [(one["code"], one["path"]) for one in errors]


async def codes(client: GraphClient, query: str, **variables: Any) -> list[str]:
    """Return the codes of the top-level errors; nothing else may have been answered."""
    answer = await client.ask(query, **variables)
    assert not any((answer.get("data") or {}).values()), answer
    return [error["extensions"]["code"] for error in answer["errors"]]


def packed(text: str | bytes) -> str:
    """Return text as ids and cursors are packed."""
    raw = text if isinstance(text, bytes) else text.encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


MALFORMED_IDS = [
    "",
    "x",
    "=",
    "====",
    "1",
    "\u0000",
    "é",
    "💇",
    "$where",
    "__proto__",
    "../..",
    '{"$ne":null}',
    "A" * 201,
    "A" * 900_000,
    packed("Product"),
    packed("Product:"),
    packed("Product:x"),
    packed("Product:" + "0" * 31),
    packed("Product:" + "0" * 33),
    packed("Product:" + "G" * 32),
    packed("Product:" + "A" * 32),
    packed("product:" + "0" * 32),
    packed("Product:" + "0" * 32 + ":x"),
    packed("Product:{" + "0" * 32 + "}"),
    packed("Product:00000000-0000-0000-0000-000000000000"),
    packed("Product:" + "0" * 32) + "=",
    packed("Product:" + "0" * 32) + "\n",
    packed(" Product:" + "0" * 32),
    packed("Nope:" + "0" * 32),
    packed("__proto__:" + "0" * 32),
    packed(":" + "0" * 32),
    packed(b"\xff\xfe\xfd"),
    packed("Product:é" + "0" * 31),
]


def forged(order_: str, value: object, key: object = "0" * 32, version: object = 1) -> str:
    return packed(orjson.dumps([version, order_, value, key]))
