"""Scalp photos as a client sees them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

import strawberry

from traya_gql.context import Info, Viewer
from traya_gql.documents.scalp_photos import ScalpPhotoRecord
from traya_gql.domain.photo_texts import PHOTO_TEXTS
from traya_gql.domain.photos import MOST_BYTES, PhotoHint, PhotoSize, RejectionReason, hints_of
from traya_gql.domain.scalp_photos import PhotoState, is_usable
from traya_gql.guards import AT_MOST
from traya_gql.integrations.images import SignedUrl, Ticket
from traya_gql.schema.common import Node, NodeType, described_enum, node_id
from traya_gql.schema.payloads import Payload
from traya_gql.schema.people import ConsentInput

_MOST_FIELDS = 20

described_enum(
    PhotoState,
    "Where a photo stands. It moves by itself from STORED on, within seconds.",
    {
        PhotoState.PENDING: "Its file is awaited.",
        PhotoState.STORED: "Its file has arrived, and will be looked at.",
        PhotoState.CHECKED: "It was looked at, and can be shown.",
        PhotoState.REJECTED: "It was looked at, and not taken: `rejection` says why. Its file is deleted.",
        PhotoState.DELETING: "Somebody deleted it, or no hair test named it for 24 hours: soon it is gone.",
        PhotoState.DELETED: "It is gone, with all its sizes, everywhere.",
    },
    name="ScalpPhotoState",
)
described_enum(
    PhotoHint,
    "What would make a photo better.",
    {
        PhotoHint.BLURRY: "It is not sharp.",
        PhotoHint.TOO_DARK: "It is too dark.",
        PhotoHint.OVEREXPOSED: "Much of it is too bright.",
        PhotoHint.TOO_SMALL: "It has few pixels.",
    },
    name="ScalpPhotoHintCode",
)
described_enum(
    RejectionReason,
    "Why a photo was not taken. New ones may be added.",
    {
        RejectionReason.NOT_SENT: "Its file never arrived.",
        RejectionReason.NOT_A_PHOTO: "The file is no picture, or empty.",
        RejectionReason.UNSUPPORTED_FORMAT: "A picture, but neither JPEG, PNG, WebP nor HEIC.",
        RejectionReason.ANIMATED: "A picture that moves.",
        RejectionReason.DAMAGED: "It cannot be read to its end.",
        RejectionReason.TOO_MANY_BYTES: "The file is larger than 10 MB.",
        RejectionReason.TOO_MANY_PIXELS: "It has more than 50 megapixels.",
        RejectionReason.TOO_SMALL: "It is too small to show anything.",
        RejectionReason.TOO_SLOW: "It could not be read in time.",
    },
    name="ScalpPhotoRejectionCode",
)
described_enum(
    PhotoSize,
    "The size of a picture, always JPEG, upright, and without any data about place or camera. Never enlarged.",
    {
        PhotoSize.FULL: "The longest side has at most 2048 pixels.",
        PhotoSize.MEDIUM: "The longest side has at most 640 pixels.",
        PhotoSize.SMALL: "The longest side has at most 160 pixels.",
    },
    name="ScalpPhotoSize",
)


@strawberry.type(description="What would make a photo better. Advice only: the photo is taken all the same.")
class ScalpPhotoHint:
    code: PhotoHint = strawberry.field(description="For programs.")
    message: str = strawberry.field(description="For the person, in the language of the request.")


@strawberry.type(description="Why a photo was not taken.")
class ScalpPhotoRejection:
    code: RejectionReason = strawberry.field(description="For programs.")
    message: str = strawberry.field(description="For the person, with what to do, in the language of the request.")


@strawberry.type(description="Where a picture can be seen for a while, by whoever has the address: do not store it.")
class ScalpPhotoUrl:
    url: str = strawberry.field(description="The address.")
    expires_at: datetime = strawberry.field(description="Until when it works: 10 to 20 minutes. Then ask anew.")

    @classmethod
    def of(cls, signed: SignedUrl) -> Self:
        return cls(url=signed.url, expires_at=signed.expires_at)


@strawberry.type(
    description=(
        "A photo of a scalp. Only ever reached by who uploaded it, whose hair test has it, and the doctors and coaches "
        "assigned to them; never through a public report."
    )
)
class ScalpPhoto(Node):
    viewer: strawberry.Private[Viewer]
    record: strawberry.Private[ScalpPhotoRecord]

    state: PhotoState = strawberry.field(description="Where it stands.")
    created_at: datetime = strawberry.field(description="When its upload was begun.")
    width: int | None = strawberry.field(description="Of FULL, in pixels. Null unless CHECKED.")
    height: int | None = strawberry.field(description="Of FULL, in pixels. Null unless CHECKED.")
    is_usable: bool | None = strawberry.field(
        description=(
            "Whether it can be judged: no hint, and no repeat. One such photo can raise the report's `confidence`. "
            "Null unless CHECKED."
        )
    )
    repeats_id: strawberry.ID | None = strawberry.field(
        description="The earlier photo of the same hair test that shows the same picture. Null when there is none."
    )
    deleted_at: datetime | None = strawberry.field(
        description="When everything was gone. This can be read for 30 days; then the photo is null. Null before."
    )

    @classmethod
    def of(cls, record: ScalpPhotoRecord, viewer: Viewer) -> Self:
        found = record.inspected if record.state is PhotoState.CHECKED else None
        return cls(
            viewer=viewer,
            record=record,
            id=node_id(NodeType.SCALP_PHOTO, record.id),
            state=record.state,
            created_at=record.created_at,
            width=None if found is None else found.width,
            height=None if found is None else found.height,
            is_usable=None if found is None else is_usable(found) and record.repeats is None,
            repeats_id=None if record.repeats is None else node_id(NodeType.SCALP_PHOTO, record.repeats),
            deleted_at=record.deleted_at,
        )

    @strawberry.field(
        description="What would make it better. Empty unless CHECKED.", metadata={AT_MOST: len(PhotoHint)}
    )
    def hints(self, info: Info) -> list[ScalpPhotoHint]:
        if self.record.inspected is None or self.state is not PhotoState.CHECKED:
            return []
        language = info.context.language
        return [
            ScalpPhotoHint(code=code, message=PHOTO_TEXTS.hints[code].in_(language))
            for code in hints_of(self.record.inspected.measures)
        ]

    @strawberry.field(description="Why it was not taken. Null unless REJECTED.")
    def rejection(self, info: Info) -> ScalpPhotoRejection | None:
        code = self.record.rejection
        if code is None or self.state is not PhotoState.REJECTED:
            return None
        return ScalpPhotoRejection(code=code, message=PHOTO_TEXTS.rejections[code].in_(info.context.language))

    @strawberry.field(description="Where the picture can be seen. Null unless CHECKED.")
    def url(
        self,
        info: Info,
        size: Annotated[PhotoSize, strawberry.argument(description="How large.")] = PhotoSize.MEDIUM,
    ) -> ScalpPhotoUrl | None:
        signed = info.context.services.scalp_photos.view(self.record, size=size, viewer_id=self.viewer.customer_id)
        return None if signed is None else ScalpPhotoUrl.of(signed)


# --- sending photos -----------------------------------------------------------------------------------------------


@strawberry.type(description="A field of the form that sends a file.")
class ScalpPhotoUploadField:
    name: str = strawberry.field(description="Its name.")
    value: str = strawberry.field(description="Its value: send it unchanged.")


@strawberry.type(
    description=(
        "What sends one file straight to where photos are kept: a `multipart/form-data` POST to `url`, without cookies "
        "or other headers, with all `fields`, and last the file. The answer is JSON with `version` and `signature`: "
        "pass them to `completeScalpPhotoUpload`."
    )
)
class ScalpPhotoUpload:
    url: str = strawberry.field(description="Where to.")
    fields: list[ScalpPhotoUploadField] = strawberry.field(
        description="The fields that come before the file.", metadata={AT_MOST: _MOST_FIELDS}
    )
    file_field: str = strawberry.field(description="The name of the field with the file.")
    formats: list[str] = strawberry.field(description="What is taken, as file endings.")
    max_bytes: int = strawberry.field(description="How large the file can be.")
    expires_at: datetime = strawberry.field(description="Until when it can be sent: 10 minutes.")

    @classmethod
    def of(cls, ticket: Ticket, formats: tuple[str, ...]) -> Self:
        return cls(
            url=ticket.url,
            fields=[ScalpPhotoUploadField(name=name, value=value) for name, value in ticket.fields.items()],
            file_field="file",
            formats=list(formats),
            max_bytes=MOST_BYTES,
            expires_at=ticket.expires_at,
        )


@strawberry.input(description="A photo to be sent.")
class CreateScalpPhotoUploadInput:
    consent: ConsentInput = strawberry.field(
        description="Consent to the storage of photos: to the notice of `questionnaire { photos { notice } }`."
    )


@strawberry.type(description="A photo, and the token that opens it.")
class ScalpPhotoMadePayload(Payload):
    photo: ScalpPhoto | None = strawberry.field(default=None, description="The photo; null when refused.")
    access_token: str | None = strawberry.field(
        default=None,
        description=(
            "For guests: opens the photo for 24 hours, and lets a hair test name it. Keep it secret. Null when refused."
        ),
    )
    access_token_expires_at: datetime | None = strawberry.field(
        default=None, description="When the access token ends. Null when refused."
    )


@strawberry.type(description="What `createScalpPhotoUpload` answers.")
class CreateScalpPhotoUploadPayload(ScalpPhotoMadePayload):
    upload: ScalpPhotoUpload | None = strawberry.field(
        default=None, description="What sends the file; null when refused."
    )


@strawberry.input(description="What was answered when the file was sent.")
class ScalpPhotoReceiptInput:
    version: str = strawberry.field(description="Its `version`, as text.")
    signature: str = strawberry.field(description="Its `signature`.")


@strawberry.input(description="A photo whose file was sent.")
class CompleteScalpPhotoUploadInput:
    photo_id: strawberry.ID = strawberry.field(description="The `id` of the `ScalpPhoto`.")
    access_token: str | None = strawberry.field(default=None, description="The photo's token, for guests.")
    receipt: ScalpPhotoReceiptInput | None = strawberry.field(
        default=None, description="What was answered to the upload. Left out: we ask whether the file is there."
    )


@strawberry.type(description="What `completeScalpPhotoUpload` answers.")
class CompleteScalpPhotoUploadPayload(Payload):
    photo: ScalpPhoto | None = strawberry.field(default=None, description="The photo; null when refused.")


@strawberry.type(description="What `uploadScalpPhoto` answers.")
class UploadScalpPhotoPayload(ScalpPhotoMadePayload):
    pass


@strawberry.input(description="A photo to delete.")
class DeleteScalpPhotoInput:
    photo_id: strawberry.ID = strawberry.field(description="The `id` of the `ScalpPhoto`.")
    access_token: str | None = strawberry.field(
        default=None, description="For guests: the photo's token, or that of the report of its hair test."
    )


@strawberry.type(description="What `deleteScalpPhoto` answers.")
class DeleteScalpPhotoPayload(Payload):
    photo: ScalpPhoto | None = strawberry.field(
        default=None,
        description="The photo, DELETING: ask for its `state` and `deletedAt` to see when it is done.",
    )


@strawberry.input(description="A photo that belongs to a hair test.")
class ScalpPhotoInput:
    id: strawberry.ID = strawberry.field(description="The `id` of the `ScalpPhoto`, in whatever state it is.")
    access_token: str | None = strawberry.field(default=None, description="The photo's token, for guests.")
