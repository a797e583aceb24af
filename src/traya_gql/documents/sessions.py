"""Sessions in MongoDB: who is signed in, on which device."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pymongo import DESCENDING, IndexModel, ReturnDocument

from traya_gql.documents.records import Position, Record, StoredDocument, find_newest, find_one
from traya_gql.documents.transactions import current_session


class UsedRefreshToken(BaseModel):
    """The refresh token before the present one, for a client that sent it twice."""

    model_config = ConfigDict(frozen=True)

    hash: str
    used_at: datetime


class SessionRecord(Record):
    """One sign-in. `refresh_hash` is of the one refresh token that is good; `ended_at` None while it lasts.

    `expires_at` moves with every refresh.
    """

    customer_id: UUID
    device: str
    refresh_hash: str
    used: UsedRefreshToken | None = None
    last_used_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None


class SessionDocument(SessionRecord, StoredDocument):
    """The session as written. MongoDB removes it when it has expired."""

    model_config = ConfigDict(frozen=False)

    class Settings:
        """Where it lies."""

        name = "sessions"
        indexes = (
            IndexModel(
                [
                    ("customer_id", DESCENDING),
                    ("ended_at", DESCENDING),
                    ("created_at", DESCENDING),
                    ("_id", DESCENDING),
                ],
                name="customer",
            ),
            IndexModel("expires_at", name="expires_at", expireAfterSeconds=0),
        )


async def by_id(id_: UUID) -> SessionRecord | None:
    """Return a session, ended or not. Joins the transaction it runs in."""
    return await find_one(SessionDocument, SessionRecord, {"_id": id_}, comment="sessions.by_id")


async def page(customer_id: UUID, *, now: datetime, after: Position | None, limit: int) -> list[SessionRecord]:
    """Return at most `limit` sessions of a customer that last, the newest first."""
    return await find_newest(
        SessionDocument,
        SessionRecord,
        {"customer_id": customer_id, "ended_at": None, "expires_at": {"$gt": now}},
        after=after,
        limit=limit,
        comment="sessions.page",
    )


async def rotate(
    id_: UUID, *, from_hash: str, to_hash: str, now: datetime, expires_at: datetime
) -> SessionRecord | None:
    """Put the successor in the place of the good refresh token; None when `from_hash` is not (or no longer) that."""
    raw = await SessionDocument.get_pymongo_collection().find_one_and_update(
        {"_id": id_, "refresh_hash": from_hash, "ended_at": None, "expires_at": {"$gt": now}},
        {
            "$set": {
                "refresh_hash": to_hash,
                "used": {"hash": from_hash, "used_at": now},
                "last_used_at": now,
                "expires_at": expires_at,
            }
        },
        return_document=ReturnDocument.AFTER,
        session=current_session(),
        comment="sessions.rotate",
    )
    return None if raw is None else SessionRecord.model_validate(raw)


async def end(id_: UUID, *, customer_id: UUID, now: datetime) -> bool:
    """End a session of this customer; False when there is none that lasts. Joins the transaction it runs in."""
    return await _end({"_id": id_, "customer_id": customer_id, "expires_at": {"$gt": now}}, now=now) > 0


async def end_all(customer_id: UUID, *, now: datetime) -> int:
    """End all sessions of a customer and return how many. Joins the transaction it runs in."""
    return await _end({"customer_id": customer_id}, now=now)


async def _end(query: dict[str, Any], *, now: datetime) -> int:
    result = await SessionDocument.get_pymongo_collection().update_many(
        {**query, "ended_at": None}, {"$set": {"ended_at": now}}, session=current_session(), comment="sessions.end"
    )
    return result.modified_count
