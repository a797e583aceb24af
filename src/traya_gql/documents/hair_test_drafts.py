"""Unfinished hair tests in MongoDB. They end by themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict
from pymongo import IndexModel, ReturnDocument

from traya_gql.documents.records import Record, StoredDocument, find_one
from traya_gql.documents.transactions import current_session
from traya_gql.domain.customers import Gender
from traya_gql.domain.questionnaire.checks import GivenAnswer


class HairTestDraftRecord(Record):
    """Answers so far, without a name or a phone. `version` rises with every save; it is deleted at `expires_at`."""

    saved_at: datetime
    expires_at: datetime
    version: int
    questionnaire_version: str
    age: int | None
    gender: Gender | None
    answers: tuple[GivenAnswer, ...]


class HairTestDraftDocument(HairTestDraftRecord, StoredDocument):
    """The draft as written."""

    model_config = ConfigDict(frozen=False)

    class Settings:
        """Where it lies."""

        name = "hair_test_drafts"
        indexes = (IndexModel("expires_at", name="expires_at", expireAfterSeconds=0),)


async def by_id(id_: UUID, *, now: datetime) -> HairTestDraftRecord | None:
    """Return a draft that has not ended."""
    # MongoDB deletes once a minute: what has ended may still lie there
    return await find_one(
        HairTestDraftDocument,
        HairTestDraftRecord,
        {"_id": id_, "expires_at": {"$gt": now}},
        comment="hair_test_drafts.by_id",
    )


async def replace(
    id_: UUID, changes: dict[str, Any], *, version: int | None, now: datetime
) -> HairTestDraftRecord | None:
    """Change a draft that has not ended, of this version if one is named; None when there is none. One command."""
    query: dict[str, Any] = {"_id": id_, "expires_at": {"$gt": now}}
    if version is not None:
        query["version"] = version
    found = await HairTestDraftDocument.get_pymongo_collection().find_one_and_update(
        query,
        {"$set": changes, "$inc": {"version": 1}},
        return_document=ReturnDocument.AFTER,
        comment="hair_test_drafts.replace",
    )
    return None if found is None else HairTestDraftRecord.model_validate(found)


async def remove(id_: UUID) -> None:
    """Delete a draft. Joins the transaction it runs in."""
    await HairTestDraftDocument.get_pymongo_collection().delete_one(
        {"_id": id_}, session=current_session(), comment="hair_test_drafts.remove"
    )
