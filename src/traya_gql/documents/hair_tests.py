"""Hair tests in MongoDB."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from pydantic import ConfigDict
from pymongo import DESCENDING, IndexModel

from traya_gql.documents.records import OWNED_NEWEST_FIRST, OwnedRecord, StoredDocument, find_by_ids, find_newest
from traya_gql.documents.transactions import current_session
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
    """The hair test as written. Its owner changes once, when a guest's is claimed, and its usable photos are counted.

    `photo_changes` rises with each change of its photos, so that two changes at the same time see one another.
    """

    model_config = ConfigDict(frozen=False)

    schema_version: int = 3
    photo_changes: int = 0

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


async def note_photo_change(id_: UUID) -> HairTestRecord | None:
    """Note that a photo changes, and return the hair test; None when there is none. Joins its transaction."""
    raw = await HairTestDocument.get_pymongo_collection().find_one_and_update(
        {"_id": id_}, {"$inc": {"photo_changes": 1}}, session=current_session(), comment="hair_tests.note_photo_change"
    )
    return None if raw is None else HairTestRecord.model_validate(raw)


async def set_usable_photos(id_: UUID, count: int) -> None:
    """Note how many photos can be judged. Joins the transaction it runs in."""
    await HairTestDocument.get_pymongo_collection().update_one(
        {"_id": id_},
        # answers are stored under the keys of their questions
        {"$set": {"answers.usablePhotos": count}},
        session=current_session(),
        comment="hair_tests.set_usable_photos",
    )


async def by_ids(ids: Sequence[UUID]) -> dict[UUID, HairTestRecord]:
    """Return the hair tests that exist among these ids."""
    return await find_by_ids(HairTestDocument, HairTestRecord, ids, comment="hair_tests.by_ids")
