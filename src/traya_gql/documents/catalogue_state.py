"""Which state the catalogue is in: what was counted in one state need not be counted again."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from traya_gql.documents.records import StoredDocument, find_one
from traya_gql.documents.transactions import current_session

_ID: Literal["catalogue"] = "catalogue"


class CatalogueStateRecord(BaseModel):
    """The one document of its collection. `revision` is another one after each change of the catalogue."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    id: Literal["catalogue"] = Field(alias="_id")
    revision: UUID


class CatalogueStateDocument(CatalogueStateRecord, StoredDocument):
    """The state as written."""

    model_config = ConfigDict(frozen=False)

    class Settings:
        """Where it lies."""

        name = "catalogue_state"
        indexes = ()


async def bump(*, revision: UUID) -> None:
    """Say that the catalogue changes, in the transaction that changes it. `revision` is random and never used before.

    So all changes of the catalogue come one after the other; the transactions of two at once are repeated.
    """
    await CatalogueStateDocument.get_pymongo_collection().update_one(
        {"_id": _ID},
        {"$set": {"revision": revision, "schema_version": 1}},
        upsert=True,
        session=current_session(),
        comment="catalogue_state.bump",
    )


async def revision() -> UUID | None:
    """Return the catalogue's revision; None when nobody has ever said that it changed: then it may change unseen."""
    found = await find_one(CatalogueStateDocument, CatalogueStateRecord, {"_id": _ID}, comment="catalogue_state.read")
    return None if found is None else found.revision
