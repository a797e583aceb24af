"""Reports in MongoDB."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from pydantic import ConfigDict
from pymongo import IndexModel

from traya_gql.documents.records import (
    OWNED_NEWEST_FIRST,
    OwnedRecord,
    StoredDocument,
    find_by_ids,
    find_many,
)
from traya_gql.domain.assessment import Assessment
from traya_gql.domain.customers import Gender
from traya_gql.domain.kit import KitItem


class ReportRecord(OwnedRecord):
    """What a hair test came to. First name and gender are copied, so that the public page needs no private record."""

    public_id: str
    hair_test_id: UUID
    first_name: str
    gender: Gender
    assessment: Assessment
    kit: tuple[KitItem, ...]


class ReportDocument(ReportRecord, StoredDocument):
    """The report as written; only its owner changes, with that of its hair test."""

    model_config = ConfigDict(frozen=False)

    class Settings:
        """Where it lies."""

        name = "reports"
        indexes = (
            IndexModel("public_id", unique=True, name="public_id"),
            IndexModel("hair_test_id", unique=True, name="hair_test_id"),
            IndexModel(OWNED_NEWEST_FIRST, name="customer"),
        )


async def by_ids(ids: Sequence[UUID]) -> dict[UUID, ReportRecord]:
    """Return the reports that exist among these ids."""
    return await find_by_ids(ReportDocument, ReportRecord, ids, comment="reports.by_ids")


async def by_public_ids(public_ids: Sequence[str]) -> dict[str, ReportRecord]:
    """Return the reports that exist behind these links, by public id."""
    found = await find_many(
        ReportDocument,
        ReportRecord,
        {"public_id": {"$in": list(public_ids)}},
        comment="reports.by_public_ids",
        limit=len(public_ids),
    )
    return {report.public_id: report for report in found}
