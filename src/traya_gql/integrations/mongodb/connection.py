"""Connecting to MongoDB."""

from __future__ import annotations

from typing import Any

import pymongo
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError
from pymongo.monitoring import CommandListener

OPERATION_DEADLINE_S = 10
"""How long any one operation may take, repeats after a change of primary included."""

CONNECT_DEADLINE_S = 5
"""How long a connection may take to open, and how late MongoDB's answer to the driver's look, due every 10 s, may be.

A look without an answer ends every operation that is under way: most are sent again, and the others fail. So it is
longer than a process that is paused, or starved, stands still. A server that is gone refuses at once.
"""

PING_DEADLINE_S = 2
"""How long a health check waits: longer than a change of primary of an embedded MongoDB takes."""


def connect(uri: str, *, listeners: tuple[CommandListener, ...] = ()) -> AsyncMongoClient[dict[str, Any]]:
    """Return a client of this process's event loop: reads and writes are what a majority has."""
    return AsyncMongoClient(
        uri,
        appname="traya-gql",
        tz_aware=True,
        uuidRepresentation="standard",
        w="majority",
        readConcernLevel="majority",
        connectTimeoutMS=CONNECT_DEADLINE_S * 1000,
        serverSelectionTimeoutMS=OPERATION_DEADLINE_S * 1000,
        timeoutMS=OPERATION_DEADLINE_S * 1000,
        event_listeners=listeners,
    )


def database_of(client: AsyncMongoClient[dict[str, Any]], default: str) -> AsyncDatabase[dict[str, Any]]:
    """Return the database that the URI names, or else the default."""
    return client.get_default_database(default)


async def is_reachable(client: AsyncMongoClient[dict[str, Any]]) -> bool:
    """Whether the database answers within `PING_DEADLINE_S`."""
    try:
        with pymongo.timeout(PING_DEADLINE_S):
            await client.admin.command("ping")
    except PyMongoError:
        return False
    return True


async def replica_set_name(client: AsyncMongoClient[dict[str, Any]]) -> str | None:
    """Return the replica set's name; None for a lone mongod, which has no transactions."""
    hello = await client.admin.command("hello")
    name = hello.get("setName") or ("sharded cluster" if hello.get("msg") == "isdbgrid" else None)
    return str(name) if name else None
