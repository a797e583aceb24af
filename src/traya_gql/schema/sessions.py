"""Signing in as a client sees it."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from traya_gql.documents.sessions import SessionRecord
from traya_gql.schema.common import Connection, NodeType, node_id
from traya_gql.schema.customers import Customer
from traya_gql.schema.payloads import Payload


@strawberry.type(description="One sign-in of yours.")
class Session:
    id: strawberry.ID = strawberry.field(description="What `signOut` names it by.")
    device: str = strawberry.field(description="What the device said it was when it signed in.")
    created_at: datetime = strawberry.field(description="When it signed in.")
    last_used_at: datetime = strawberry.field(
        description="When it last got new tokens, which a client in use does every 15 minutes."
    )
    expires_at: datetime = strawberry.field(description="When it ends unless it is used before.")
    is_current: bool = strawberry.field(description="Whether it is the one that asks.")

    @classmethod
    def of(cls, record: SessionRecord, *, current_id: UUID) -> Self:
        return cls(
            id=node_id(NodeType.SESSION, record.id),
            device=record.device,
            created_at=record.created_at,
            last_used_at=record.last_used_at,
            expires_at=record.expires_at,
            is_current=record.id == current_id,
        )


@strawberry.type(description="A page of sessions.")
class SessionConnection(Connection[Session]):
    pass


@strawberry.input(description="Whom to send a code.")
class RequestOtpInput:
    phone: str = strawberry.field(
        description="Indian mobile number. Spaces, hyphens, +91 and a leading 0 are understood."
    )


@strawberry.type(description="What `requestOtp` answers: the same for every phone, known here or not.")
class RequestOtpPayload(Payload):
    challenge: strawberry.ID | None = strawberry.field(
        default=None, description="Names the code that was sent: pass it to `verifyOtp`. Null when refused."
    )
    expires_at: datetime | None = strawberry.field(
        default=None, description="When the code ends, 5 minutes from now. Null when refused."
    )
    resend_at: datetime | None = strawberry.field(
        default=None, description="When to offer to send another code. Null when refused."
    )


@strawberry.input(description="A code that was received.")
class VerifyOtpInput:
    challenge: strawberry.ID = strawberry.field(description="The `challenge` that `requestOtp` answered.")
    code: str = strawberry.field(description="The six digits of the message. Spaces are ignored.")
    device: str | None = strawberry.field(
        default=None,
        description=(
            "What to show for this device in the list of sessions, such as `Asha's phone`; at most 100 characters are "
            "kept. Left out: what the client sends as User-Agent."
        ),
    )


@strawberry.type
class SignedInPayload(Payload):
    """The answer of a mutation that hands out tokens."""

    access_token: str | None = strawberry.field(
        default=None,
        description="Send it as `Authorization: Bearer` with every request, for 15 minutes. Null when refused.",
    )
    access_token_expires_at: datetime | None = strawberry.field(
        default=None, description="When the access token ends. Null when refused."
    )
    refresh_token: str | None = strawberry.field(
        default=None,
        description=(
            "Gets new tokens from `refreshSession`, once: keep it secret and safe, and replace it with the one that "
            "comes with them. Null when refused."
        ),
    )
    refresh_token_expires_at: datetime | None = strawberry.field(
        default=None, description="When the session ends unless it is refreshed before. Null when refused."
    )
    customer: Customer | None = strawberry.field(default=None, description="Who is signed in; null when refused.")


@strawberry.type(description="What `verifyOtp` answers.")
class VerifyOtpPayload(SignedInPayload):
    pass


@strawberry.input(description="A refresh token.")
class RefreshSessionInput:
    refresh_token: str = strawberry.field(description="The newest refresh token of the session.")


@strawberry.type(description="What `refreshSession` answers.")
class RefreshSessionPayload(SignedInPayload):
    pass


@strawberry.type(description="What `signOut` answers.")
class SignOutPayload(Payload):
    is_signed_out: bool = strawberry.field(default=False, description="Whether it was done; false when refused.")


@strawberry.type(description="What `signOutEverywhere` answers.")
class SignOutEverywherePayload(Payload):
    total_ended: int | None = strawberry.field(
        default=None, description="How many sessions were ended, this one too; null when refused."
    )
