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
from traya_gql.documents.transactions import current_session
from traya_gql.domain.clearances import Clearance
from traya_gql.domain.customers import Gender
from traya_gql.domain.ruleset.codes import Confidence
from traya_gql.domain.ruleset.kit import Kit, KitItem
from traya_gql.domain.ruleset.outcome import StatedFinding
from traya_gql.domain.ruleset.scores import Assessment


class ReportRecord(OwnedRecord):
    """What a hair test came to. First name and gender are copied, so that the public page needs no private record.

    `findings` is what was held back when the report was made. `kit` is for those who may read private parts,
    `shared_kit` for whoever has the link. `clearances` are what doctors lifted, the oldest first.
    """

    public_id: str
    hair_test_id: UUID
    first_name: str
    gender: Gender
    assessment: Assessment
    findings: tuple[StatedFinding, ...]
    kit: Kit
    shared_kit: tuple[KitItem, ...]
    clearances: tuple[Clearance, ...] = ()


class ReportDocument(ReportRecord, StoredDocument):
    """The report as written. Its owner changes with that of its hair test, its confidence with photos that are checked.

    Doctors add clearances.
    """

    model_config = ConfigDict(frozen=False)

    schema_version: int = 2

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


async def set_confidence(id_: UUID, confidence: Confidence, *, inputs_hash: str) -> None:
    """Note how sure the assessment is now, and of which answers; one of the first assessment never said it.

    Joins the transaction it runs in.
    """
    await ReportDocument.get_pymongo_collection().update_one(
        {"_id": id_, "assessment.confidence": {"$ne": None}},
        {"$set": {"assessment.confidence": confidence, "assessment.inputs_hash": inputs_hash}},
        session=current_session(),
        comment="reports.set_confidence",
    )


async def add_clearance(id_: UUID, clearance: Clearance) -> None:
    """Add what a doctor lifted. Joins the transaction it runs in."""
    await ReportDocument.get_pymongo_collection().update_one(
        {"_id": id_},
        {"$push": {"clearances": clearance.model_dump()}},
        session=current_session(),
        comment="reports.add_clearance",
    )
