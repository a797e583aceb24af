"""Which writes were done under which key: what makes a repeat have one effect."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pymongo import IndexModel

from traya_gql.documents.records import StoredDocument, find_many

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


async def by_ids(ids: Sequence[str]) -> dict[str, IdempotencyRecord]:
    """Return what is known of these keys."""
    found = await find_many(
        IdempotencyDocument, IdempotencyRecord, {"_id": {"$in": list(ids)}}, comment="idempotency.by_ids"
    )
    return {one.id: one for one in found}
