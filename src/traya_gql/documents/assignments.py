"""Who treats whom, in MongoDB."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import ConfigDict
from pymongo import ASCENDING, DESCENDING, IndexModel

from traya_gql.documents.records import Position, Record, StoredDocument, find_many, find_newest
from traya_gql.documents.transactions import current_session


class AssignmentRecord(Record):
    """A doctor or coach who treats a customer. `assigned_by` is the member of staff who said so."""

    customer_id: UUID
    staff_id: UUID
    assigned_by: UUID


class AssignmentDocument(AssignmentRecord, StoredDocument):
    """The assignment as written."""

    model_config = ConfigDict(frozen=False)

    class Settings:
        """Where it lies."""

        name = "assignments"
        indexes = (
            IndexModel([("customer_id", ASCENDING), ("staff_id", ASCENDING)], unique=True, name="customer"),
            IndexModel([("staff_id", DESCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)], name="staff"),
        )


async def treated(staff_id: UUID, customer_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the customers whom this doctor or coach treats. One command."""
    found = await find_many(
        AssignmentDocument,
        AssignmentRecord,
        {"customer_id": {"$in": list(customer_ids)}, "staff_id": staff_id},
        comment="assignments.treated",
        limit=len(customer_ids),
        # both indexes fit, and that of a doctor's patients reads them all
        hint="customer",
    )
    return {one.customer_id for one in found}


async def page(staff_id: UUID, *, after: Position | None, limit: int) -> list[AssignmentRecord]:
    """Return at most `limit` assignments of a doctor or coach, the newest first."""
    return await find_newest(
        AssignmentDocument,
        AssignmentRecord,
        {"staff_id": staff_id},
        after=after,
        limit=limit,
        comment="assignments.page",
    )


async def add(*, id_: UUID, customer_id: UUID, staff_id: UUID, assigned_by: UUID, at: datetime) -> None:
    """Note that somebody treats a customer. Joins the transaction it runs in.

    Raises:
        pymongo.errors.DuplicateKeyError: they do already.
    """
    await AssignmentDocument(
        id=id_, created_at=at, customer_id=customer_id, staff_id=staff_id, assigned_by=assigned_by
    ).insert()


async def remove(*, customer_id: UUID, staff_id: UUID) -> None:
    """Note that somebody treats a customer no more; nothing changes when they did not."""
    await AssignmentDocument.get_pymongo_collection().delete_one(
        {"customer_id": customer_id, "staff_id": staff_id}, comment="assignments.remove"
    )


async def remove_all(*, staff_id: UUID) -> None:
    """Note that somebody treats nobody any more. Joins the transaction it runs in."""
    await AssignmentDocument.get_pymongo_collection().delete_many(
        {"staff_id": staff_id}, session=current_session(), comment="assignments.remove_all"
    )
