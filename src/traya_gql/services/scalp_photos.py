"""Scalp photos: sent straight to the image store, shown to few, deleted everywhere."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

from traya_gql.documents import scalp_photos
from traya_gql.documents.scalp_photos import ScalpPhotoDocument, ScalpPhotoRecord
from traya_gql.documents.transactions import Transactions
from traya_gql.domain.consents import ConsentPurpose
from traya_gql.domain.photo_texts import PHOTO_TEXTS
from traya_gql.domain.photos import ENDINGS, MOST_BYTES, PhotoSize
from traya_gql.domain.rates import Rates
from traya_gql.domain.refusals import Problem, Refusal, RefusalCode
from traya_gql.domain.ruleset.rules import Ruleset
from traya_gql.domain.scalp_photos import LIVE_STATES, ORPHAN_LIFETIME, PhotoState
from traya_gql.integrations.images import ImageStore, ImageStoreUnavailable, SignedUrl, Ticket
from traya_gql.services.access_tokens import AccessTokens, Grant, Issued, Kind
from traya_gql.services.asker import Asker
from traya_gql.services.consents import GivenConsent, check_consent
from traya_gql.services.rate_limits import Hit, RateLimiter
from traya_gql.services.scalp_photo_jobs import (
    ARRIVE,
    BUSY,
    DELETE,
    EXPIRE,
    LATE_UPLOADS,
    UPLOAD,
    PhotoJob,
    judge,
    key_of,
    note_arrival,
    settle,
)

# somebody waits, and the whole request has 20 seconds
_ASKED_FOR_S = 8
_SENT_FOR_S = 15

_log = logging.getLogger(__name__)


class PhotoNotFound(Refusal):
    """There is no such photo, or it is not for the asker: both look the same."""

    codes = frozenset({RefusalCode.PHOTO_NOT_FOUND})

    def __init__(self, *path: str) -> None:
        message = "You have no such photo, or it was deleted, or another hair test has it. Send the photo anew."
        super().__init__(Problem(RefusalCode.PHOTO_NOT_FOUND, message, ("input", *path)))


class PhotoNotUploaded(Refusal):
    """The image store holds nothing under the photo's ticket."""

    codes = frozenset({RefusalCode.PHOTO_NOT_UPLOADED})

    def __init__(self) -> None:
        message = "The photo has not arrived. Send the file with the ticket first; if the ticket ended, get a new one."
        super().__init__(Problem(RefusalCode.PHOTO_NOT_UPLOADED, message, ("input", "photoId")))


class PhotoStoreUnavailable(Refusal):
    """The image store does not answer."""

    codes = frozenset({RefusalCode.PHOTO_STORE_UNAVAILABLE})

    def __init__(self, *path: str) -> None:
        message = "Photos cannot be taken right now. Try again in a minute, or send the hair test without this photo."
        super().__init__(Problem(RefusalCode.PHOTO_STORE_UNAVAILABLE, message, ("input", *path)))


class Begun(NamedTuple):
    """A photo whose file is awaited, what sends the file, and the token that opens the photo."""

    photo: ScalpPhotoRecord
    ticket: Ticket
    access: Issued


class Uploaded(NamedTuple):
    """A photo, and the token that opens it."""

    photo: ScalpPhotoRecord
    access: Issued


class Receipt(NamedTuple):
    """What the image store answered to an upload."""

    version: str
    signature: str


class NamedPhoto(NamedTuple):
    """A photo that a hair test names: None for an id of no photo; and what the client may open."""

    id: UUID | None
    grants: frozenset[Grant]


def is_opened_by(photo: ScalpPhotoRecord, *, customer_id: UUID | None, grants: frozenset[Grant]) -> bool:
    """Whether somebody is who uploaded the photo, or whose hair test has it."""
    if customer_id is not None and photo.customer_id == customer_id:
        return True
    if photo.report_id is not None and Grant(Kind.REPORT, photo.report_id) in grants:
        return True
    return Grant(Kind.PHOTO, photo.id) in grants


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalpPhotos:
    """The use cases of a scalp photo. No transaction is open while the image store is asked."""

    transactions: Transactions
    tokens: AccessTokens
    limiter: RateLimiter
    rates: Rates
    rules: Ruleset
    images: ImageStore
    now: Callable[[], datetime]

    async def begin(self, consent: GivenConsent, *, asker: Asker) -> Begun:
        """Note a photo whose file is awaited, and return the ticket that sends it straight to the image store.

        It belongs to the customer who is signed in; a guest's to whoever has the token. Without a hair test that names
        it, it is deleted after `ORPHAN_LIFETIME`.

        Raises:
            ConsentRequired: no consent to the storage of photos, or to words that are not the present ones.
            RateLimited: too many from this customer, or this address.
        """
        photo = await self._note(consent, asker=asker)
        ticket = self.images.ticket(
            key_of(photo.id, UPLOAD), at=photo.created_at, most_bytes=MOST_BYTES, formats=ENDINGS
        )
        return Begun(photo, ticket, self._token(photo))

    async def complete(
        self, photo_id: UUID | None, *, receipt: Receipt | None, asker: Asker, grants: frozenset[Grant]
    ) -> ScalpPhotoRecord:
        """Note that a photo's file has arrived, and have it looked at. A repeat changes nothing.

        Args:
            photo_id: the photo; None for an id of no photo.
            receipt: the image store's; without one, or with one that is not good, the store is asked.
            asker: who asks.
            grants: what the client's tokens open.

        Raises:
            PhotoNotFound: no such photo of theirs.
            PhotoNotUploaded: the store holds nothing.
            PhotoStoreUnavailable: the store does not answer.
            RateLimited: asked for this photo, or from this address, too often.
        """
        photo = await self._find(photo_id, customer_id=asker.customer_id, grants=grants)
        if photo.state is not PhotoState.PENDING:
            return photo
        key = key_of(photo.id, UPLOAD)
        is_known = receipt is not None and self.images.is_receipt_good(
            key, version=receipt.version, signature=receipt.signature
        )
        if not is_known and photo.store != self.images.name:
            raise PhotoStoreUnavailable("photoId")
        if not is_known:
            await self.limiter.hit(
                Hit(name="completions_per_photo", rate=self.rates.completions_per_photo, key=photo.id.hex),
                Hit(name="completions_per_ip", rate=self.rates.completions_per_ip, key=asker.address),
            )
            try:
                async with asyncio.timeout(_ASKED_FOR_S):
                    is_known = await self.images.holds(key)
            except (ImageStoreUnavailable, TimeoutError) as error:
                raise PhotoStoreUnavailable("photoId") from error
        if not is_known:
            raise PhotoNotUploaded
        return await self._note_arrival(photo)

    async def upload(self, file: Path, consent: GivenConsent, *, asker: Asker) -> Uploaded:
        """Note a photo, put its file into the image store, and have it looked at.

        Raises:
            ConsentRequired, RateLimited: as in `begin`.
            PhotoStoreUnavailable: the store did not take it; nothing is left but a photo that will be deleted.
        """
        # a deletion waits until the file cannot arrive any more
        photo = await self._note(consent, asker=asker, is_busy=True)
        try:
            async with asyncio.timeout(_SENT_FOR_S):
                await self.images.put(key_of(photo.id, UPLOAD), file)
        except (ImageStoreUnavailable, TimeoutError) as error:
            raise PhotoStoreUnavailable from error
        return Uploaded(await self._note_arrival(photo), self._token(photo))

    async def find(
        self, photo_id: UUID | None, *, customer_id: UUID | None, grants: frozenset[Grant]
    ) -> ScalpPhotoRecord | None:
        """Return a photo that somebody uploaded, or whose hair test is theirs."""
        photo = None if photo_id is None else (await scalp_photos.by_ids([photo_id])).get(photo_id)
        if photo is None or not is_opened_by(photo, customer_id=customer_id, grants=grants):
            return None
        return photo

    async def delete(
        self, photo_id: UUID | None, *, customer_id: UUID | None, grants: frozenset[Grant]
    ) -> ScalpPhotoRecord:
        """Have a photo deleted: hidden at once, and soon gone everywhere, with all its sizes. A repeat changes nothing.

        Raises:
            PhotoNotFound: no such photo of theirs.
        """
        photo = await self._find(photo_id, customer_id=customer_id, grants=grants)
        at = self.now()

        async def work() -> ScalpPhotoRecord:
            changed = await scalp_photos.change(photo.id, {"state": PhotoState.DELETING}, states=LIVE_STATES)
            if changed is None:
                return (await scalp_photos.by_ids([photo.id])).get(photo.id, photo)
            await DELETE.schedule(PhotoJob(photo_id=photo.id), at=at)
            if changed.hair_test_id is not None:
                await settle(changed.hair_test_id, rules=self.rules)
            return changed

        return await self.transactions.run(work)

    def view(self, photo: ScalpPhotoRecord, *, size: PhotoSize, viewer_id: UUID | None) -> SignedUrl | None:
        """Return where the picture can be seen for some minutes; None unless the photo is CHECKED.

        The one way to a picture: whoever comes here may see it, and what staff see is noted here.

        `viewer_id`: the customer id of who looks; None for a guest with a token.
        """
        if photo.state is not PhotoState.CHECKED or photo.store != self.images.name:
            return None
        if viewer_id is not None and viewer_id != photo.customer_id:
            _log.info("scalp photo %s: shown to %s", photo.id, viewer_id)
        return self.images.url(key_of(photo.id, size), at=self.now())

    async def _note(self, consent: GivenConsent, *, asker: Asker, is_busy: bool = False) -> ScalpPhotoRecord:
        at = self.now()
        given = check_consent(consent, notice=PHOTO_TEXTS.notice, purpose=ConsentPurpose.PHOTO_STORAGE, at=at)
        hits = [Hit(name="photos_per_ip", rate=self.rates.photos_per_ip, key=asker.address)]
        if asker.customer_id is not None:
            rate = self.rates.photos_per_customer
            hits.append(Hit(name="photos_per_customer", rate=rate, key=asker.customer_id.hex))
        await self.limiter.hit(*hits)
        photo = ScalpPhotoDocument(
            id=uuid4(),
            created_at=at,
            customer_id=asker.customer_id,
            consent=given,
            store=self.images.name,
            checking_until=at + BUSY if is_busy else None,
        )

        async def work() -> ScalpPhotoRecord:
            await ARRIVE.schedule(PhotoJob(photo_id=photo.id), at=at, due_at=at + LATE_UPLOADS)
            await EXPIRE.schedule(PhotoJob(photo_id=photo.id), at=at, due_at=at + ORPHAN_LIFETIME)
            return await photo.insert()

        return await self.transactions.run(work)

    async def _note_arrival(self, photo: ScalpPhotoRecord) -> ScalpPhotoRecord:
        at = self.now()

        async def work() -> ScalpPhotoRecord:
            changed = await note_arrival(photo.id, at=at)
            # else a repeat was faster, or somebody deleted it
            return changed or (await scalp_photos.by_ids([photo.id])).get(photo.id, photo)

        return await self.transactions.run(work)

    async def _find(
        self, photo_id: UUID | None, *, customer_id: UUID | None, grants: frozenset[Grant]
    ) -> ScalpPhotoRecord:
        photo = await self.find(photo_id, customer_id=customer_id, grants=grants)
        if photo is None:
            raise PhotoNotFound("photoId")
        return photo

    def _token(self, photo: ScalpPhotoRecord) -> Issued:
        # afterwards the photo is gone, or its report's token opens it
        return self.tokens.issue(Grant(Kind.PHOTO, photo.id), made_at=photo.created_at, lifetime=ORPHAN_LIFETIME)


async def claim(named: Sequence[NamedPhoto], *, hair_test_id: UUID, report_id: UUID, customer_id: UUID | None) -> int:
    """Give photos to the hair test that names them, in whatever state they are; return how many are usable by now.

    Joins the transaction it runs in.

    Raises:
        PhotoNotFound: one of them is not the asker's, was deleted, or another hair test has it.
    """
    ids = [one.id for one in named if one.id is not None]
    found = await scalp_photos.by_ids(ids)
    for place, one in enumerate(named):
        photo = None if one.id is None else found.get(one.id)
        if (
            photo is None
            or photo.hair_test_id is not None
            or photo.state not in LIVE_STATES
            or not is_opened_by(photo, customer_id=customer_id, grants=one.grants)
        ):
            raise PhotoNotFound("scalpPhotos", str(place), "id")
    await scalp_photos.claim(ids, hair_test_id=hair_test_id, report_id=report_id, customer_id=customer_id)
    in_order = sorted(found.values(), key=lambda photo: (photo.created_at, photo.id))
    count, repeats = judge(in_order)
    await scalp_photos.note_repeats({id_: earlier for id_, earlier in repeats.items() if earlier is not None})
    return count
