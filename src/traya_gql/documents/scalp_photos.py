"""Photos of scalps in MongoDB: what is known of them. The pictures themselves lie in the image store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict
from pymongo import ASCENDING, IndexModel, ReturnDocument

from traya_gql.documents.records import OwnedRecord, StoredDocument, find_by_ids, find_many
from traya_gql.documents.transactions import current_session
from traya_gql.domain.consents import Consent
from traya_gql.domain.photos import Inspected, RejectionReason
from traya_gql.domain.scalp_photos import LIVE_STATES, PhotoState


class ScalpPhotoRecord(OwnedRecord):
    """A photo, whose it is, and what was found when it was looked at.

    Args:
        hair_test_id: the hair test that named it; None before, and when it is deleted.
        store: where the pictures lie, see `ImageStore.name`.
        report_id: the report of that hair test: its access token opens the photo.
        consent: to its storage; None when it is deleted.
        inspected: what a CHECKED one is like.
        rejection: why a REJECTED one was.
        repeats: the earlier photo of the hair test that shows the same picture.
        checking_until: while somebody looks at it: then its pictures may be written anew.
        deleted_at: when everything was gone.
    """

    store: str
    state: PhotoState = PhotoState.PENDING
    hair_test_id: UUID | None = None
    report_id: UUID | None = None
    consent: Consent | None
    inspected: Inspected | None = None
    rejection: RejectionReason | None = None
    repeats: UUID | None = None
    checking_until: datetime | None = None
    deleted_at: datetime | None = None


class ScalpPhotoDocument(ScalpPhotoRecord, StoredDocument):
    """The photo as written. `expires_at`: when MongoDB forgets one that was deleted."""

    model_config = ConfigDict(frozen=False)

    expires_at: datetime | None = None

    class Settings:
        """Where it lies."""

        name = "scalp_photos"
        indexes = (
            IndexModel([("hair_test_id", ASCENDING), ("created_at", ASCENDING), ("_id", ASCENDING)], name="hair_test"),
            IndexModel("expires_at", name="expires_at", expireAfterSeconds=0),
        )


async def by_ids(ids: Sequence[UUID]) -> dict[UUID, ScalpPhotoRecord]:
    """Return the photos that exist among these ids."""
    return await find_by_ids(ScalpPhotoDocument, ScalpPhotoRecord, ids, comment="scalp_photos.by_ids")


async def of_hair_tests(hair_test_ids: Sequence[UUID]) -> dict[UUID, list[ScalpPhotoRecord]]:
    """Return the photos of each hair test, the oldest first; at most five each. One command."""
    found: dict[UUID, list[ScalpPhotoRecord]] = {id_: [] for id_ in hair_test_ids}
    for photo in await find_many(
        ScalpPhotoDocument,
        ScalpPhotoRecord,
        {"hair_test_id": {"$in": list(hair_test_ids)}},
        comment="scalp_photos.of_hair_tests",
        sort=(("created_at", ASCENDING), ("_id", ASCENDING)),
    ):
        assert photo.hair_test_id is not None  # noqa: S101 - it was asked for
        found[photo.hair_test_id].append(photo)
    return found


async def change(
    id_: UUID, values: dict[str, Any], *, states: Iterable[PhotoState], is_unclaimed: bool = False
) -> ScalpPhotoRecord | None:
    """Change a photo that is in one of these states, and return it; None when it is not. Joins its transaction.

    `is_unclaimed`: only if no hair test has named it.
    """
    query: dict[str, Any] = {"_id": id_, "state": {"$in": list(states)}}
    if is_unclaimed:
        query["hair_test_id"] = None
    raw = await ScalpPhotoDocument.get_pymongo_collection().find_one_and_update(
        query,
        {"$set": values},
        return_document=ReturnDocument.AFTER,
        session=current_session(),
        comment="scalp_photos.change",
    )
    return None if raw is None else ScalpPhotoRecord.model_validate(raw)


async def claim(ids: Sequence[UUID], *, hair_test_id: UUID, report_id: UUID, customer_id: UUID | None) -> int:
    """Give photos that no hair test has named to this one and its owner; return how many. Joins its transaction."""
    claimed = await ScalpPhotoDocument.get_pymongo_collection().update_many(
        {"_id": {"$in": list(ids)}, "hair_test_id": None, "state": {"$in": LIVE_STATES}},
        {"$set": {"hair_test_id": hair_test_id, "report_id": report_id, "customer_id": customer_id}},
        session=current_session(),
        comment="scalp_photos.claim",
    )
    return claimed.modified_count


async def give_to(customer_id: UUID, *, hair_test_ids: Sequence[UUID]) -> None:
    """Make a customer the owner of the photos of hair tests that are theirs now. Joins its transaction."""
    await ScalpPhotoDocument.get_pymongo_collection().update_many(
        {"hair_test_id": {"$in": list(hair_test_ids)}},
        {"$set": {"customer_id": customer_id}},
        session=current_session(),
        comment="scalp_photos.give_to",
    )


async def note_repeats(repeats: dict[UUID, UUID | None]) -> None:
    """Note for each of these photos which earlier one it repeats. Joins its transaction."""
    for id_, earlier in repeats.items():
        await ScalpPhotoDocument.get_pymongo_collection().update_one(
            {"_id": id_}, {"$set": {"repeats": earlier}}, session=current_session(), comment="scalp_photos.repeats"
        )
