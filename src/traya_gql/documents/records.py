"""What all records share, and the ways to read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, Self, TypeVar
from uuid import UUID

from beanie import Document
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pymongo import DESCENDING

from traya_gql.documents.transactions import current_session


class Record(BaseModel):
    """A stored record as reads return it: frozen. `id` is a random key, `_id` in MongoDB."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    id: UUID = Field(alias="_id")
    created_at: datetime


class OwnedRecord(Record):
    """A record with an owner: the customer it belongs to, or None for a guest's that nobody has claimed."""

    customer_id: UUID | None = None


NEWEST_FIRST = (("created_at", DESCENDING), ("_id", DESCENDING))
"""The order of lists of records."""

OWNED_NEWEST_FIRST = (("customer_id", DESCENDING), *NEWEST_FIRST)
"""The keys of the index that lists what a customer owns."""


class Position(NamedTuple):
    """Where a page of records, the newest first, ends: time and id of its last one."""

    created_at: datetime
    id: UUID


class StoredDocument(Document):
    """The base of all documents."""

    model_config = ConfigDict(frozen=False)

    schema_version: int = 1

    async def insert(self, **options: Any) -> Self:
        """Insert the document, in the transaction that this runs in if there is one."""
        # pydantic writes the whole document out at once; Beanie's encoder, field by field in Python, costs a seventh of
        # the CPU of an order
        await self.get_pymongo_collection().insert_one(
            self.model_dump(by_alias=True, exclude={"revision_id"}), session=current_session(), **options
        )
        return self


R = TypeVar("R", bound=BaseModel)
RecordT = TypeVar("RecordT", bound=Record)


@cache
def _adapter(record: type[R]) -> TypeAdapter[list[R]]:
    # one call into pydantic's core for a whole page: 0.9 µs a record, where Beanie's own parsing costs fifty
    return TypeAdapter(list[record])  # type: ignore[valid-type]


def _projection(record: type[BaseModel]) -> dict[str, int] | None:
    """Return what to leave out of what is read: the fields that a record names as `unread`, which it does not have."""
    unread: Sequence[str] = getattr(record, "unread", ())
    return dict.fromkeys(unread, 0) or None


def read_all(record: type[R], raw: list[dict[str, Any]]) -> list[R]:
    """Return records from what MongoDB answered."""
    return _adapter(record).validate_python(raw)


async def find_one(document: type[Document], record: type[R], query: dict[str, Any], *, comment: str) -> R | None:
    """Return the one record that meets the query, or None. One command; joins the transaction it runs in."""
    raw = await document.get_pymongo_collection().find_one(
        query, _projection(record), comment=comment, session=current_session()
    )
    return None if raw is None else record.model_validate(raw)


async def find_many(
    document: type[Document],
    record: type[R],
    query: dict[str, Any],
    *,
    comment: str,
    sort: Sequence[tuple[str, int]] = (),
    limit: int = 0,
    hint: str | None = None,
) -> list[R]:
    """Return the records that meet the query, at most `limit` (0: all). One command up to 16 MB of answer.

    `hint` names the index to use.
    """
    cursor = document.get_pymongo_collection().find(
        query,
        _projection(record),
        comment=comment,
        sort=sort or None,
        limit=limit,
        hint=hint,
        session=current_session(),
    )
    if limit:
        # one batch, so that the cursor closes with its first answer instead of a second command
        cursor = cursor.batch_size(limit + 1)
    return read_all(record, await cursor.to_list())


async def find_newest(
    document: type[Document],
    record: type[R],
    query: dict[str, Any],
    *,
    after: Position | None,
    limit: int,
    comment: str,
    hint: str | None = None,
) -> list[R]:
    """Return at most `limit` records that meet the query and come after the position, the newest first. One command.

    The index must hold the query's fields, then `created_at` and `_id`.
    """
    if after is not None:
        older = {"created_at": {"$lt": after.created_at}}
        query = {
            **query,
            # the range first, so that the index is entered at the position
            "created_at": {"$lte": after.created_at},
            "$or": [older, {"created_at": after.created_at, "_id": {"$lt": after.id}}],
        }
    return await find_many(document, record, query, comment=comment, sort=NEWEST_FIRST, limit=limit, hint=hint)


async def find_versions(
    document: type[Document],
    record: type[R],
    query: dict[str, Any],
    *,
    before: int | None,
    limit: int,
    comment: str,
) -> list[R]:
    """Return at most `limit` records that meet the query, of versions below `before` (None: all), the newest first.

    One command. The index must hold the query's fields, then `version`. By versions and not by times: what one server
    wrote after another may have an earlier time.
    """
    if before is not None:
        query = {**query, "version": {"$lt": before}}
    return await find_many(document, record, query, comment=comment, sort=[("version", DESCENDING)], limit=limit)


async def find_by_ids(
    document: type[Document], record: type[RecordT], ids: Sequence[UUID], *, comment: str
) -> dict[UUID, RecordT]:
    """Return the records that exist among these ids, by id. One command."""
    cursor = document.get_pymongo_collection().find(
        {"_id": {"$in": list(ids)}}, _projection(record), comment=comment, session=current_session()
    )
    cursor = cursor.batch_size(len(ids) + 1)
    found = read_all(record, await cursor.to_list())
    return {one.id: one for one in found}
