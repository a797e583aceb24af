"""How often something was asked for: one counter for each limit and key."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pymongo import IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError
from pymongo.write_concern import WriteConcern

from traya_gql.documents.records import StoredDocument
from traya_gql.documents.transactions import current_session

ATTEMPTS = 3
"""How often a first count is tried: a rival's first count of the same key may have been faster."""

# Source: docs/decisions/0013
_ON_THE_PRIMARY = WriteConcern(w=1)


class RateLimitRecord(BaseModel):
    """A counter. `count` stops at one more than the limit; `at` is the last count, by the database's clock."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    id: str = Field(alias="_id")
    count: int
    at: datetime
    resets_at: datetime


class RateLimitDocument(RateLimitRecord, StoredDocument):
    """The counter as written. MongoDB deletes it some time after its window has ended."""

    model_config = ConfigDict(frozen=False)

    class Settings:
        """Where it lies."""

        name = "rate_limits"
        indexes = (IndexModel("resets_at", name="resets_at", expireAfterSeconds=0),)


async def count(id_: str, *, limit: int, period_s: int) -> RateLimitRecord:
    """Count once more, and return the counter after it. One command.

    A window starts with its first count and ends `period_s` later, by the clock of the database.

    Raises:
        RuntimeError: it runs in a transaction, which would take its count back, or make all others wait for it.
    """
    if current_session() is not None:
        raise RuntimeError("a rate limit is counted before the transaction, not in it")
    is_running = {"$gt": ["$resets_at", "$$NOW"]}  # what is missing is not greater
    one_more = {"$min": [{"$add": ["$count", 1]}, limit + 1]}
    counted = {
        "schema_version": 1,
        "at": "$$NOW",
        "count": {"$cond": [is_running, one_more, 1]},
        "resets_at": {"$cond": [is_running, "$resets_at", {"$add": ["$$NOW", period_s * 1000]}]},
    }
    for _ in range(ATTEMPTS - 1):
        try:
            return await _update(id_, counted)
        except DuplicateKeyError:
            continue
    return await _update(id_, counted)


async def _update(id_: str, counted: dict[str, Any]) -> RateLimitRecord:
    collection = RateLimitDocument.get_pymongo_collection().with_options(write_concern=_ON_THE_PRIMARY)
    raw = await collection.find_one_and_update(
        {"_id": id_},
        [{"$set": counted}],
        upsert=True,
        return_document=ReturnDocument.AFTER,
        comment="rate_limits.count",
    )
    return RateLimitRecord.model_validate(raw)
