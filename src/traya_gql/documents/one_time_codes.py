"""Codes sent to phones, in MongoDB, until they are used up."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import ConfigDict
from pymongo import IndexModel, ReturnDocument

from traya_gql.documents.records import Record, StoredDocument
from traya_gql.documents.transactions import current_session


class OneTimeCodeRecord(Record):
    """One code that was sent: a keyed hash of it, and how often it may still be guessed. `id` is the challenge."""

    phone: str
    code_hash: str
    attempts_left: int
    expires_at: datetime


class OneTimeCodeDocument(OneTimeCodeRecord, StoredDocument):
    """The code as written. MongoDB removes it when it has expired."""

    model_config = ConfigDict(frozen=False)

    class Settings:
        """Where it lies."""

        name = "one_time_codes"
        indexes = (IndexModel("expires_at", name="expires_at", expireAfterSeconds=0),)


async def take_attempt(challenge: UUID, *, now: datetime) -> OneTimeCodeRecord | None:
    """Count one guess and return what it is to be compared with; None when no guess is left. One atomic command."""
    raw = await OneTimeCodeDocument.get_pymongo_collection().find_one_and_update(
        {"_id": challenge, "attempts_left": {"$gt": 0}, "expires_at": {"$gt": now}},
        {"$inc": {"attempts_left": -1}},
        return_document=ReturnDocument.AFTER,
        comment="one_time_codes.take_attempt",
    )
    return None if raw is None else OneTimeCodeRecord.model_validate(raw)


async def use(challenge: UUID) -> bool:
    """Remove a code that was guessed; False when another request did so before. Joins the transaction it runs in."""
    result = await OneTimeCodeDocument.get_pymongo_collection().delete_one(
        {"_id": challenge}, session=current_session(), comment="one_time_codes.use"
    )
    return result.deleted_count == 1
