"""Which access tokens are dead before their time, and the stream that tells it to every process."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from bson import Timestamp
from pydantic import BaseModel, ConfigDict, Field
from pymongo import IndexModel, ReturnDocument
from pymongo.asynchronous.change_stream import AsyncChangeStream

from traya_gql.documents.records import StoredDocument, find_many
from traya_gql.documents.transactions import current_session

ANSWER_EVERY_MS = 500
"""How long the database waits for a change before it answers the stream that there is none."""


class Revocation(BaseModel):
    """Tokens that are dead: those of a session, or those of a customer below a version.

    Args:
        id: `session:<hex>` or `customer:<hex>`.
        min_version: the lowest `access_version` of the customer's tokens that live; None for a session.
        expires_at: when the last of these tokens has ended by itself.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    id: str = Field(alias="_id")
    min_version: int | None = None
    expires_at: datetime
    created_at: datetime


class RevocationDocument(Revocation, StoredDocument):
    """The revocation as written, in the transaction of what it follows from."""

    model_config = ConfigDict(frozen=False)

    class Settings:
        """Where it lies."""

        name = "revocations"
        indexes = (IndexModel("expires_at", name="expires_at", expireAfterSeconds=0),)


class Loaded(NamedTuple):
    """All that is revoked, and a time from which on a stream misses nothing that is not in it."""

    live: list[Revocation]
    at: Timestamp | None


def session_key(session_id: UUID) -> str:
    """Return the id of a session's revocation."""
    return f"session:{session_id.hex}"


def customer_key(customer_id: UUID) -> str:
    """Return the id of a customer's revocation."""
    return f"customer:{customer_id.hex}"


async def revoke_session(session_id: UUID, *, expires_at: datetime) -> Revocation:
    """Make all access tokens of a session dead. Joins the transaction it runs in.

    `expires_at`: the end of the session's last token, and a minute for clocks that differ.
    """
    return await _revoke(
        session_key(session_id), min_version=None, expires_at=expires_at, comment="revocations.session"
    )


async def revoke_before(customer_id: UUID, *, min_version: int, expires_at: datetime) -> Revocation:
    """Make all access tokens of a customer below a version dead, and return what holds now.

    The version only grows: a lower one changes nothing. Joins the transaction it runs in.

    `expires_at`: the end of the customer's last token, and a minute for clocks that differ.
    """
    return await _revoke(
        customer_key(customer_id), min_version=min_version, expires_at=expires_at, comment="revocations.before"
    )


async def by_keys(session_id: UUID, customer_id: UUID) -> list[Revocation]:
    """Return what is revoked of a session and of a customer: none, one or both, in any order. One command."""
    keys = [session_key(session_id), customer_key(customer_id)]
    return await find_many(
        RevocationDocument, Revocation, {"_id": {"$in": keys}}, comment="revocations.by_keys", limit=len(keys)
    )


async def all_live(*, now: datetime) -> Loaded:
    """Return all that is revoked and still matters at this time."""
    collection = RevocationDocument.get_pymongo_collection()
    async with collection.database.client.start_session() as session:
        # A new stream starts at what the primary has, a majority read ends at what a majority has: a write between the
        # two would be in neither. So the time is taken first; the session makes the read wait until a majority has all
        # up to it, and the stream starts there.
        await collection.database.command("ping", session=session)
        at = session.operation_time
        cursor = collection.find({"expires_at": {"$gt": now}}, session=session, comment="revocations.all_live")
        return Loaded([Revocation.model_validate(raw) async for raw in cursor], at)


async def watch(
    *, resume_after: Mapping[str, Any] | None, start_at: Timestamp | None
) -> AsyncChangeStream[dict[str, Any]]:
    """Open the stream of revocations, after a token of an earlier stream or at a time.

    A change holds the whole revocation as `fullDocument`, as it is when the change is read: None if it is gone.
    """
    return await RevocationDocument.get_pymongo_collection().watch(
        [
            # what expires is deleted, and nobody need know
            {"$match": {"operationType": {"$in": ["insert", "update", "replace"]}}},
            {"$project": {"fullDocument": 1}},
        ],
        full_document="updateLookup",
        resume_after=resume_after,
        start_at_operation_time=start_at,
        max_await_time_ms=ANSWER_EVERY_MS,
        comment="revocations.watch",
    )


async def _revoke(key: str, *, min_version: int | None, expires_at: datetime, comment: str) -> Revocation:
    values = {
        # $max passes over null and over what is missing
        "min_version": {"$max": ["$min_version", min_version]},
        "expires_at": {"$max": ["$expires_at", expires_at]},
        # the database's clock: a unit of work reads none
        "created_at": {"$ifNull": ["$created_at", "$$NOW"]},
        "schema_version": 1,
    }
    raw = await RevocationDocument.get_pymongo_collection().find_one_and_update(
        {"_id": key},
        [{"$set": values}],
        upsert=True,
        return_document=ReturnDocument.AFTER,
        session=current_session(),
        comment=comment,
    )
    return Revocation.model_validate(raw)
