"""Which writes were done under which key: what makes a repeat have one effect."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pymongo import IndexModel

from traya_gql.documents.records import StoredDocument, find_one

KEPT_S = 7 * 24 * 3600
"""Seconds a key is remembered: a client that was offline over the weekend may still repeat."""


class IdempotencyRecord(BaseModel):
    """One key. `id` holds the mutation, a hash of who asked, and the client's key; `result_id` what came of it."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    id: str = Field(alias="_id")
    input_hash: str
    result_id: UUID
    created_at: datetime


class IdempotencyDocument(IdempotencyRecord, StoredDocument):
    """The key as written, in the transaction of what it stands for."""

    model_config = ConfigDict(frozen=False)

    class Settings:
        """Where it lies."""

        name = "idempotency"
        indexes = (IndexModel("created_at", name="created_at", expireAfterSeconds=KEPT_S),)


async def by_id(key: str) -> IdempotencyRecord | None:
    """Return what is known of a key."""
    return await find_one(IdempotencyDocument, IdempotencyRecord, {"_id": key}, comment="idempotency.by_id")
