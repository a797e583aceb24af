"""Hair tests in MongoDB."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from pydantic import ConfigDict
from pymongo import DESCENDING, IndexModel

from traya_gql.documents.records import OWNED_NEWEST_FIRST, OwnedRecord, StoredDocument, find_by_ids, find_newest
from traya_gql.domain.consents import Consent
from traya_gql.domain.customers import Person
from traya_gql.domain.ruleset.answers import Answers


class HairTestRecord(OwnedRecord):
    """The answers of one submission, and whom they are about, as typed.

    The first questionnaire had no version, and asked for no consent.
    """

    report_id: UUID
    person: Person
    answers: Answers
    questionnaire_version: str | None
    consent: Consent | None


class HairTestDocument(HairTestRecord, StoredDocument):
    """The hair test as written; only its owner changes, once, when a guest's is claimed."""

    model_config = ConfigDict(frozen=False)

    schema_version: int = 3

    class Settings:
        """Where it lies."""

        name = "hair_tests"
        indexes = (
            IndexModel(OWNED_NEWEST_FIRST, name="customer"),
            IndexModel([("person.phone", DESCENDING), *OWNED_NEWEST_FIRST], name="phone"),
        )


async def newest_of(customer_id: UUID, *, limit: int) -> list[HairTestRecord]:
    """Return at most `limit` hair tests that a customer owns, the newest first. One command."""
    return await find_newest(
        HairTestDocument,
        HairTestRecord,
        {"customer_id": customer_id},
        after=None,
        limit=limit,
        comment="hair_tests.newest_of",
    )


async def by_ids(ids: Sequence[UUID]) -> dict[UUID, HairTestRecord]:
    """Return the hair tests that exist among these ids."""
    return await find_by_ids(HairTestDocument, HairTestRecord, ids, comment="hair_tests.by_ids")
