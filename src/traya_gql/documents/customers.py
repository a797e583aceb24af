"""Customers in MongoDB."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from pydantic import ConfigDict
from pymongo import ASCENDING, IndexModel

from traya_gql.documents.records import Record, StoredDocument, find_by_ids
from traya_gql.domain.customers import CustomerDetails


class CustomerRecord(Record):
    """A person as typed with one hair test. `is_verified` tells whether the phone was proven to be theirs."""

    report_id: UUID
    details: CustomerDetails
    is_verified: bool


class CustomerDocument(CustomerRecord, StoredDocument):
    """The customer as written: one for every hair test until the phone is verified, so nobody is overwritten."""

    model_config = ConfigDict(frozen=False)

    class Settings:
        """Where it lies."""

        name = "customers"
        indexes = (
            IndexModel(
                "details.phone",
                unique=True,
                name="verified_phone",
                partialFilterExpression={"is_verified": True},
            ),
            # with the time, as Beanie takes two indexes of the same keys for one
            IndexModel([("details.phone", ASCENDING), ("created_at", ASCENDING)], name="phone"),
        )


async def by_ids(ids: Sequence[UUID]) -> dict[UUID, CustomerRecord]:
    """Return the customers that exist among these ids."""
    return await find_by_ids(CustomerDocument, CustomerRecord, ids, comment="customers.by_ids")
