"""Hair tests in MongoDB."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from pydantic import ConfigDict
from pymongo import IndexModel

from traya_gql.documents.records import Record, StoredDocument, find_by_ids
from traya_gql.domain.hair_tests import HairAnswers


class HairTestRecord(Record):
    """The answers of one submission."""

    customer_id: UUID
    report_id: UUID
    answers: HairAnswers


class HairTestDocument(HairTestRecord, StoredDocument):
    """The hair test as written, never changed."""

    model_config = ConfigDict(frozen=False)

    class Settings:
        """Where it lies."""

        name = "hair_tests"
        indexes = (IndexModel("customer_id", name="customer_id"),)


async def by_ids(ids: Sequence[UUID]) -> dict[UUID, HairTestRecord]:
    """Return the hair tests that exist among these ids."""
    return await find_by_ids(HairTestDocument, HairTestRecord, ids, comment="hair_tests.by_ids")
