"""Signing in and out."""

from __future__ import annotations

from typing import Annotated, TypeVar
from uuid import UUID

import strawberry

from traya_gql.context import Info, Viewer
from traya_gql.domain.refusals import RefusalCode
from traya_gql.guards import ANYONE, SIGNED_IN, mutation_field
from traya_gql.schema.common import NodeType, read_key
from traya_gql.schema.customers import Customer
from traya_gql.schema.scalars import parse_uuid
from traya_gql.schema.sessions import (
    RefreshSessionInput,
    RefreshSessionPayload,
    RequestOtpInput,
    RequestOtpPayload,
    SignedInPayload,
    SignOutEverywherePayload,
    SignOutPayload,
    VerifyOtpInput,
    VerifyOtpPayload,
)
from traya_gql.services.one_time_codes import CodeInvalid, CodeNotSent
from traya_gql.services.sessions import Opened, RefreshTokenInvalid, SessionNotFound

PayloadT = TypeVar("PayloadT", bound=SignedInPayload)


@strawberry.type
class SessionMutations:
    @mutation_field(
        guard=ANYONE,
        description=(
            "Send a code of six digits to a phone, to sign in with. The answer is the same whether anybody is known by "
            "that phone or not. Too many for one phone or from one network address: RATE_LIMITED."
        ),
        input_codes=frozenset({RefusalCode.INVALID_PHONE}),
        refusals=(CodeNotSent,),
    )
    async def request_otp(
        self,
        info: Info,
        input_: Annotated[RequestOtpInput, strawberry.argument(name="input", description="Whom to send it.")],
    ) -> RequestOtpPayload | None:
        requested = await info.context.services.one_time_codes.request(input_.phone, address=info.context.address)
        return RequestOtpPayload(
            challenge=strawberry.ID(str(requested.challenge)),
            expires_at=requested.expires_at,
            resend_at=requested.resend_at,
        )

    @mutation_field(
        guard=ANYONE,
        description=(
            "Sign in with a code. Whoever signs in for the first time becomes a customer. A code is good once, for 5 "
            "minutes and 5 guesses. Too many guesses from one network address, or for one phone: RATE_LIMITED."
        ),
        refusals=(CodeInvalid,),
    )
    async def verify_otp(
        self,
        info: Info,
        input_: Annotated[VerifyOtpInput, strawberry.argument(name="input", description="The code.")],
    ) -> VerifyOtpPayload | None:
        context = info.context
        opened = await context.services.sessions.open(
            challenge=_challenge(input_.challenge),
            code=input_.code,
            device=input_.device or context.device,
            address=context.address,
        )
        return _payload(VerifyOtpPayload, opened, info)

    @mutation_field(
        guard=ANYONE,
        description=(
            "Get new tokens for a refresh token, which is good once. Sent twice within 10 seconds it gets the same "
            "refresh token again, with a new access token; used later, it ends the session, as somebody else may hold "
            "it. Too many from one network address: RATE_LIMITED."
        ),
        refusals=(RefreshTokenInvalid,),
    )
    async def refresh_session(
        self,
        info: Info,
        input_: Annotated[RefreshSessionInput, strawberry.argument(name="input", description="The refresh token.")],
    ) -> RefreshSessionPayload | None:
        context = info.context
        opened = await context.services.sessions.refresh(input_.refresh_token, address=context.address)
        return _payload(RefreshSessionPayload, opened, info)

    @mutation_field(
        guard=SIGNED_IN,
        description="End a session of yours, with its access tokens, within about a second.",
        refusals=(SessionNotFound,),
    )
    async def sign_out(
        self,
        info: Info,
        id_: Annotated[
            strawberry.ID | None,
            strawberry.argument(name="id", description="One of `viewer.sessions`. Left out: the one that asks."),
        ] = None,
    ) -> SignOutPayload | None:
        signed_in = info.context.signed_in
        session_id = signed_in.session_id if id_ is None else read_key(id_, NodeType.SESSION)
        if session_id is None:
            raise SessionNotFound
        await info.context.services.sessions.end(session_id, customer_id=signed_in.customer_id)
        return SignOutPayload(is_signed_out=True)

    @mutation_field(
        guard=SIGNED_IN,
        description="End all sessions of yours, with their access tokens, within about a second.",
        refusals=(),
    )
    async def sign_out_everywhere(self, info: Info) -> SignOutEverywherePayload | None:
        ended = await info.context.services.sessions.end_all(info.context.signed_in.customer_id)
        return SignOutEverywherePayload(total_ended=ended)


def _challenge(raw: str) -> UUID | None:
    try:
        return parse_uuid(raw)
    except ValueError:
        return None


def _payload(payload: type[PayloadT], opened: Opened, info: Info) -> PayloadT:
    viewer = Viewer(signed_in=opened.signed_in, loaders=info.context.loaders)
    return payload(
        access_token=opened.access.token,
        access_token_expires_at=opened.access.expires_at,
        refresh_token=opened.refresh.token,
        refresh_token_expires_at=opened.refresh.expires_at,
        customer=Customer.of(opened.customer, viewer),
    )
