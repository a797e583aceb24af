"""What is done with scalp photos while nobody waits: looked at, forgotten, deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from traya_gql.documents import hair_tests, reports, scalp_photos
from traya_gql.documents.scalp_photos import ScalpPhotoRecord
from traya_gql.domain.photos import MOST_BYTES, Inspected, PhotoSize, RejectionReason
from traya_gql.domain.ruleset.answers import inputs_hash
from traya_gql.domain.ruleset.rules import Ruleset
from traya_gql.domain.ruleset.scores import confidence_of
from traya_gql.domain.scalp_photos import LIVE_STATES, TOMBSTONE_LIFETIME, PhotoState, count_usable, repeated
from traya_gql.integrations.images import TICKET_LIFETIME, ImageStore, TooManyBytes
from traya_gql.integrations.images.inspection import PhotoInspector
from traya_gql.integrations.images.workspace import Workspace
from traya_gql.services.jobs import Job, JobKind, Writing

BUSY = timedelta(minutes=4)
"""How long pictures may be written after somebody began to: an attempt's time-out, and a vendor's last threads."""

LATE_UPLOADS = TICKET_LIFETIME + timedelta(hours=1)
"""How long after its ticket was made an upload may still end: one that began in time, over a slow line."""


STANDSTILL = timedelta(hours=1)
"""How long a process may stand still and then still write what it was about to."""


class PhotoJob(BaseModel):
    """A photo to do something with."""

    model_config = ConfigDict(frozen=True)

    photo_id: UUID


class ClearJob(BaseModel):
    """Pictures of a photo to delete from the store: names such as `upload`."""

    model_config = ConfigDict(frozen=True)

    photo_id: UUID
    names: tuple[str, ...]


# two hours: longer than vendors are down, or a disk is full
CHECK = JobKind(
    name="scalp_photos.check", payload=PhotoJob, timeout_s=120, most_attempts=20, longest_wait_s=600, at_a_time=2
)
ARRIVE = JobKind(name="scalp_photos.arrive", payload=PhotoJob, most_attempts=60, longest_wait_s=600, at_a_time=2)
EXPIRE = JobKind(name="scalp_photos.expire", payload=PhotoJob)
# what a person was promised has no end: these are tried for years
DELETE = JobKind(name="scalp_photos.delete", payload=PhotoJob, most_attempts=100_000, longest_wait_s=3600)
CLEAR = JobKind(name="scalp_photos.clear", payload=ClearJob, most_attempts=100_000, longest_wait_s=3600)

UPLOAD = "upload"
ALL_NAMES = (UPLOAD, *(size.lower() for size in PhotoSize))
"""What lies in the image store of a photo: what was sent, and its sizes."""


def key_of(photo_id: UUID, name: str) -> str:
    """Return the key in the image store of what was sent, or of a size."""
    return f"{photo_id.hex}/{name.lower()}"


class OtherStore(Exception):
    """The pictures lie in another store than the one of the settings: CLOUDINARY_URL or TRAYA_DATA has changed."""


class PictureMissing(Exception):
    """The store does not hold what it took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalpPhotoJobs:
    """The jobs of scalp photos.

    Args:
        images: where the pictures lie.
        inspector: looks at pictures.
        workspace: where pictures lie while they are looked at.
        rules: say how sure a report is.
        now: the clock.
    """

    images: ImageStore
    inspector: PhotoInspector
    workspace: Workspace
    rules: Ruleset
    now: Callable[[], datetime]

    def all(self) -> list[Job[Any]]:
        """Return the jobs for a worker."""
        return [
            Job(kind=CHECK, run=self.check),
            Job(kind=ARRIVE, run=self.arrive),
            Job(kind=EXPIRE, run=self.expire),
            Job(kind=DELETE, run=self.delete),
            Job(kind=CLEAR, run=self.clear),
        ]

    async def arrive(self, job: PhotoJob) -> Writing | None:
        """Look whether a file came of which nobody told us, now that none can come any more.

        PENDING becomes STORED; without a file REJECTED, or DELETING if no hair test named it.
        """
        at = self.now()
        photo = (await scalp_photos.by_ids([job.photo_id])).get(job.photo_id)
        if photo is None or photo.state is not PhotoState.PENDING:
            return None
        self._refuse_other_store(photo)
        is_there = await self.images.holds(key_of(photo.id, UPLOAD))

        async def write() -> None:
            if is_there:
                await note_arrival(photo.id, at=at)
                return
            pending = [PhotoState.PENDING]
            if await scalp_photos.change(photo.id, {"state": PhotoState.DELETING}, states=pending, is_unclaimed=True):
                await DELETE.schedule(job, at=at)
                return
            values = {"state": PhotoState.REJECTED, "rejection": RejectionReason.NOT_SENT}
            await scalp_photos.change(photo.id, values, states=pending)

        return write

    async def check(self, job: PhotoJob) -> Writing | None:
        """Look at what was uploaded, and put its sizes into the store: STORED becomes CHECKED or REJECTED."""
        at = self.now()
        # whoever deletes the photo now waits until nothing of it can be written any more
        photo = await scalp_photos.change(job.photo_id, {"checking_until": at + BUSY}, states=[PhotoState.STORED])
        if photo is None:
            return self._end_of_deleted(job.photo_id, at=at)
        self._refuse_other_store(photo)
        outcome = await self._look_at(photo)

        async def write() -> None:
            values: dict[str, Any] = {"checking_until": None}
            if isinstance(outcome, Inspected):
                values |= {"state": PhotoState.CHECKED, "inspected": outcome.model_dump()}
            else:
                values |= {"state": PhotoState.REJECTED, "rejection": outcome}
            changed = await scalp_photos.change(photo.id, values, states=[PhotoState.STORED])
            if changed is None:
                await self._end_of_deleted(photo.id, at=at)()
                return
            await CLEAR.schedule(ClearJob(photo_id=photo.id, names=(UPLOAD,)), at=at)
            await _clear_late_upload(photo, at=at)
            if changed.hair_test_id is not None:
                await settle(changed.hair_test_id, rules=self.rules)

        return write

    async def expire(self, job: PhotoJob) -> Writing | None:
        """Delete a photo that no hair test has named."""
        at = self.now()

        async def write() -> None:
            values = {"state": PhotoState.DELETING}
            if await scalp_photos.change(job.photo_id, values, states=LIVE_STATES, is_unclaimed=True):
                await DELETE.schedule(job, at=at)

        return write

    async def delete(self, job: PhotoJob) -> Writing | None:
        """Delete all pictures of a photo, and then all that is known of it: DELETING becomes DELETED.

        The pictures of one that is DELETED already are deleted once more: see `_end_of_deleted`.
        """
        at = self.now()
        photo = (await scalp_photos.by_ids([job.photo_id])).get(job.photo_id)
        if photo is None or photo.state in LIVE_STATES:
            return None
        self._refuse_other_store(photo)
        busy_until = photo.checking_until
        if busy_until is not None and busy_until > at:
            return lambda: DELETE.schedule(job, at=at, due_at=busy_until)
        await self.images.delete([key_of(photo.id, name) for name in ALL_NAMES])
        if photo.state is PhotoState.DELETED:
            return None

        async def write() -> None:
            tombstone = {
                "state": PhotoState.DELETED,
                "hair_test_id": None,
                "consent": None,
                "inspected": None,
                "rejection": None,
                "repeats": None,
                "deleted_at": at,
                "expires_at": at + TOMBSTONE_LIFETIME,
            }
            await scalp_photos.change(photo.id, tombstone, states=[PhotoState.DELETING])
            # its ticket may still bring something, and so may a process that stood still all the while
            due_at = max(photo.created_at + LATE_UPLOADS, at + STANDSTILL)
            await CLEAR.schedule(ClearJob(photo_id=photo.id, names=ALL_NAMES), at=at, due_at=due_at)

        return write

    async def clear(self, job: ClearJob) -> None:
        """Delete pictures from the store."""
        photo = (await scalp_photos.by_ids([job.photo_id])).get(job.photo_id)
        if photo is not None:
            self._refuse_other_store(photo)
        await self.images.delete([key_of(job.photo_id, name) for name in job.names])

    def _refuse_other_store(self, photo: ScalpPhotoRecord) -> None:
        """Leave a photo to a worker that reaches its pictures, or to the day when this one does."""
        if photo.store != self.images.name:
            raise OtherStore

    async def _look_at(self, photo: ScalpPhotoRecord) -> Inspected | RejectionReason:
        with self.workspace.folder() as folder:
            upload = folder / UPLOAD
            try:
                is_there = await self.images.fetch(key_of(photo.id, UPLOAD), upload, most_bytes=MOST_BYTES)
            except TooManyBytes:
                return RejectionReason.TOO_MANY_BYTES
            if not is_there:
                # it was there when it was noted: that says something of the store, and nothing of the photo
                raise PictureMissing
            found = await self.inspector.inspect(upload, folder)
            if isinstance(found, Inspected):
                for size in PhotoSize:
                    await self.images.put(key_of(photo.id, size), folder / size.file_name)
            return found

    def _end_of_deleted(self, photo_id: UUID, *, at: datetime) -> Writing:
        """Return what is to be written when a photo was deleted while it was looked at, or before that."""

        async def write() -> None:
            if await scalp_photos.change(photo_id, {"checking_until": None}, states=[PhotoState.DELETING]):
                # whoever deleted it waits no longer; the deletion that waits looks once more when its time comes
                await DELETE.schedule(PhotoJob(photo_id=photo_id), at=at)
                return
            found = (await scalp_photos.by_ids([photo_id])).get(photo_id)
            if found is None or found.state not in LIVE_STATES:
                # an attempt of a worker that died may have put pictures there
                await CLEAR.schedule(ClearJob(photo_id=photo_id, names=ALL_NAMES), at=at)

        return write


async def note_arrival(photo_id: UUID, *, at: datetime) -> ScalpPhotoRecord | None:
    """Note that a file has arrived, and have it looked at: PENDING becomes STORED; None when it is not PENDING.

    Joins the transaction it runs in.
    """
    values = {"state": PhotoState.STORED, "checking_until": None}
    changed = await scalp_photos.change(photo_id, values, states=[PhotoState.PENDING])
    if changed is not None:
        await CHECK.schedule(PhotoJob(photo_id=photo_id), at=at)
    return changed


async def _clear_late_upload(photo: ScalpPhotoRecord, *, at: datetime) -> None:
    """Have deleted what the photo's ticket may still bring: it cannot be taken back. Joins its transaction."""
    uploads_end_at = photo.created_at + LATE_UPLOADS
    if at < uploads_end_at:
        await CLEAR.schedule(ClearJob(photo_id=photo.id, names=(UPLOAD,)), at=at, due_at=uploads_end_at)


async def settle(hair_test_id: UUID, *, rules: Ruleset) -> None:
    """Count the usable photos of a hair test anew, and say how sure its report is. Joins the transaction it runs in."""
    # first, and always a change: of two photos checked at the same time, the second counts the first one too
    test = await hair_tests.note_photo_change(hair_test_id)
    if test is None:
        return
    photos = (await scalp_photos.of_hair_tests([hair_test_id]))[hair_test_id]
    count, repeats = judge(photos)
    await scalp_photos.note_repeats({one.id: repeats[one.id] for one in photos if one.repeats != repeats[one.id]})
    if count == (test.answers.usable_photos or 0):
        return
    answers = test.answers.model_copy(update={"usable_photos": count})
    await hair_tests.set_usable_photos(hair_test_id, count)
    confidence = confidence_of(answers, rules)
    await reports.set_confidence(test.report_id, confidence, inputs_hash=inputs_hash(answers))


def judge(photos: Sequence[ScalpPhotoRecord]) -> tuple[int, dict[UUID, UUID | None]]:
    """Return how many photos of one hair test are usable, and for each which earlier one it repeats."""
    inspected = [one.inspected if one.state is PhotoState.CHECKED else None for one in photos]
    places = repeated(inspected)
    repeats = {one.id: None if place is None else photos[place].id for one, place in zip(photos, places, strict=True)}
    return count_usable(inspected), repeats
