"""Sending, seeing and deleting scalp photos."""

from __future__ import annotations

from typing import Annotated

import strawberry

from traya_gql.context import Info
from traya_gql.domain.photos import ENDINGS
from traya_gql.guards import ANYONE, PHOTO_OPENED, mutation_field, query_field
from traya_gql.schema.common import NodeType, read_key
from traya_gql.schema.scalp_photos import (
    CompleteScalpPhotoUploadInput,
    CompleteScalpPhotoUploadPayload,
    CreateScalpPhotoUploadInput,
    CreateScalpPhotoUploadPayload,
    DeleteScalpPhotoInput,
    DeleteScalpPhotoPayload,
    ScalpPhoto,
    ScalpPhotoUpload,
    UploadScalpPhotoPayload,
)
from traya_gql.services.consents import ConsentRequired
from traya_gql.services.scalp_photos import PhotoNotFound, PhotoNotUploaded, PhotoStoreUnavailable, Receipt
from traya_gql.services.uploads import UploadedFile


@strawberry.type
class ScalpPhotoQueries:
    @query_field(
        guard=PHOTO_OPENED,
        description="A photo, to see how it stands. Staff find the photos of a hair test in `HairTest.photos`.",
    )
    async def scalp_photo(
        self,
        info: Info,
        id_: Annotated[strawberry.ID, strawberry.argument(name="id", description="The `id` of the `ScalpPhoto`.")],
        access_token: Annotated[
            str | None, strawberry.argument(description="For guests: the photo's token, or that of its report.")
        ] = None,
    ) -> ScalpPhoto | None:
        viewer = info.context.viewer_with(access_token)
        record = await info.context.services.scalp_photos.find(
            read_key(id_, NodeType.SCALP_PHOTO), customer_id=viewer.customer_id, grants=viewer.grants
        )
        return None if record is None else ScalpPhoto.of(record, viewer)


@strawberry.type
class ScalpPhotoMutations:
    @mutation_field(
        guard=ANYONE,
        description=(
            "Begin to send a photo of a scalp: the answer says how to send the file straight to where photos are kept. "
            "Name the photo in `submitHairTest` within 24 hours, at any time after this: no need to wait for anything. "
            "Too many: RATE_LIMITED."
        ),
        refusals=(ConsentRequired,),
    )
    async def create_scalp_photo_upload(
        self,
        info: Info,
        input_: Annotated[CreateScalpPhotoUploadInput, strawberry.argument(name="input", description="The photo.")],
    ) -> CreateScalpPhotoUploadPayload | None:
        context = info.context
        begun = await context.services.scalp_photos.begin(input_.consent.given(context.language), asker=context.asker)
        return CreateScalpPhotoUploadPayload(
            photo=ScalpPhoto.of(begun.photo, context.viewer),
            access_token=begun.access.token,
            access_token_expires_at=begun.access.expires_at,
            upload=ScalpPhotoUpload.of(begun.ticket, ENDINGS),
        )

    @mutation_field(
        guard=PHOTO_OPENED,
        description=(
            "Say that the file was sent: from now on it is looked at, and `state` tells what came of it. Twice changes "
            "nothing. Asked too often without a receipt: RATE_LIMITED."
        ),
        refusals=(PhotoNotFound, PhotoNotUploaded, PhotoStoreUnavailable),
    )
    async def complete_scalp_photo_upload(
        self,
        info: Info,
        input_: Annotated[CompleteScalpPhotoUploadInput, strawberry.argument(name="input", description="Which.")],
    ) -> CompleteScalpPhotoUploadPayload | None:
        viewer = info.context.viewer_with(input_.access_token)
        receipt = input_.receipt
        record = await info.context.services.scalp_photos.complete(
            read_key(input_.photo_id, NodeType.SCALP_PHOTO),
            receipt=None if receipt is None else Receipt(receipt.version, receipt.signature),
            asker=info.context.asker,
            grants=viewer.grants,
        )
        return CompleteScalpPhotoUploadPayload(photo=ScalpPhoto.of(record, viewer))

    @mutation_field(
        guard=ANYONE,
        description=(
            "Send a photo of a scalp, of at most 2 MB, with the request itself. Only where the server takes multipart "
            "requests; `createScalpPhotoUpload` works everywhere and takes larger files. Too many: RATE_LIMITED."
        ),
        refusals=(ConsentRequired, PhotoStoreUnavailable),
    )
    async def upload_scalp_photo(
        self,
        info: Info,
        file: Annotated[UploadedFile, strawberry.argument(description="The photo: JPEG, PNG, WebP or HEIC.")],
        input_: Annotated[
            CreateScalpPhotoUploadInput, strawberry.argument(name="input", description="What belongs to it.")
        ],
    ) -> UploadScalpPhotoPayload | None:
        context = info.context
        uploaded = await context.services.scalp_photos.upload(
            file.path, input_.consent.given(context.language), asker=context.asker
        )
        return UploadScalpPhotoPayload(
            photo=ScalpPhoto.of(uploaded.photo, context.viewer),
            access_token=uploaded.access.token,
            access_token_expires_at=uploaded.access.expires_at,
        )

    @mutation_field(
        guard=PHOTO_OPENED,
        description=(
            "Delete a photo: it is hidden at once; the file and all its sizes are deleted within a minute, at the "
            "company that keeps them too, and then what is known of it. Twice changes nothing."
        ),
        refusals=(PhotoNotFound,),
    )
    async def delete_scalp_photo(
        self,
        info: Info,
        input_: Annotated[DeleteScalpPhotoInput, strawberry.argument(name="input", description="Which.")],
    ) -> DeleteScalpPhotoPayload | None:
        viewer = info.context.viewer_with(input_.access_token)
        record = await info.context.services.scalp_photos.delete(
            read_key(input_.photo_id, NodeType.SCALP_PHOTO), customer_id=viewer.customer_id, grants=viewer.grants
        )
        return DeleteScalpPhotoPayload(photo=ScalpPhoto.of(record, viewer))
