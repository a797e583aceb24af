"""What one request holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

import strawberry
from graphql import GraphQLError

from traya_gql.domain.languages import Language
from traya_gql.domain.roles import TREATING_ROLES, Role
from traya_gql.loaders import Loaders, TreatmentKey
from traya_gql.services import Services
from traya_gql.services.access_tokens import Grant, Kind, SignedIn, TokenExpired
from traya_gql.services.asker import Asker

_NOBODY = UUID(int=0)


class Denial(StrEnum):
    """Why somebody may not ask."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"


class Denied(GraphQLError):
    """Somebody may not ask this: a top-level error with the denial as its code."""

    def __init__(self, denial: Denial, message: str) -> None:
        super().__init__(message, extensions={"code": denial.value})


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: somebody who is signed in, who holds access tokens of guests, both, or neither.

    Immutable: a field that learns of a token makes a new viewer and hands it to what lies below, so that one part of a
    query never opens another.
    """

    grants: frozenset[Grant] = frozenset()
    signed_in: SignedIn | None = None
    loaders: Loaders | None = field(default=None, repr=False, compare=False)

    def with_grant(self, grant: Grant) -> Viewer:
        """Return this viewer with one more right."""
        return Viewer(self.grants | {grant}, self.signed_in, self.loaders)

    def holds(self, grant: Grant) -> bool:
        """Whether this viewer holds the access token of an object."""
        return grant in self.grants

    def opened(self, kind: Kind) -> frozenset[UUID]:
        """Return the ids of the objects of a kind whose access tokens this viewer holds."""
        return frozenset(grant.id for grant in self.grants if grant.kind is kind)

    def is_customer(self, customer_id: UUID | None) -> bool:
        """Whether this is the viewer's own customer; nobody is None."""
        return self.signed_in is not None and self.signed_in.customer_id == customer_id

    @property
    def customer_id(self) -> UUID | None:
        """The viewer's customer; None when not signed in."""
        return None if self.signed_in is None else self.signed_in.customer_id

    @property
    def roles(self) -> frozenset[Role]:
        """The viewer's roles besides CUSTOMER, as of the access token."""
        return frozenset() if self.signed_in is None else self.signed_in.roles

    @property
    def may_treat(self) -> bool:
        """Whether the viewer may be assigned to customers."""
        return not TREATING_ROLES.isdisjoint(self.roles)

    async def treats(self, customer_id: UUID | None) -> bool:
        """Whether the viewer is a doctor or coach assigned to this customer; one command for all asked together.

        None costs as much as any other, so that time does not tell an object that is missing from a foreign one.
        """
        if self.signed_in is None or self.loaders is None or not self.may_treat:
            return False
        key = TreatmentKey(self.signed_in.customer_id, customer_id or _NOBODY)
        return await self.loaders.treatment.load(key)


ANONYMOUS = Viewer()


@dataclass(slots=True)
class Context:
    """The viewer, the services of the process, and loaders of this request alone.

    Args:
        address: what limits count for the client: its IPv4 address, or the /64 of its IPv6 address.
        device: what the client says it is.
        denied: why the bearer token is not good; raised when a field asks who the viewer is, so that what is open to
            anyone, and signing in anew, works all the same.
        language: what the client prefers to read.
        refused_with: the codes of user errors so far, for the log.
        field_names: the names of all fields of the document, so that a list can load at once what its items will show.
    """

    services: Services
    now: Callable[[], datetime]
    address: str = "unknown"
    device: str = ""
    loaders: Loaders = field(default_factory=Loaders)
    denied: Denied | None = None
    known_viewer: Viewer = ANONYMOUS
    language: Language = Language.EN
    refused_with: list[str] = field(default_factory=list)
    field_names: frozenset[str] = frozenset()

    @property
    def viewer(self) -> Viewer:
        """Who asks.

        Raises:
            Denied: a bearer token was sent, and it is forged, expired or revoked.
        """
        if self.denied is not None:
            raise self.denied
        return self.known_viewer

    @property
    def signed_in(self) -> SignedIn:
        """Who is signed in, in a field whose guard has seen to it."""
        signed_in = self.viewer.signed_in
        assert signed_in is not None  # noqa: S101 - the guard refuses all others
        return signed_in

    @property
    def asker(self) -> Asker:
        """The viewer as services know them."""
        return Asker(self.address, self.viewer.customer_id)

    async def authenticate(self, bearer: str) -> None:
        """Find out whom a bearer token stands for. Reads no database, unless the news of revocations has ceased."""
        try:
            read = self.services.access_tokens.read(bearer, now=self.now())
        except TokenExpired:
            read = None
            message = "The access token has ended. Get a new one with `refreshSession`, or sign in again."
        else:
            message = "The access token is not good. Sign in again, or send no token."
        if isinstance(read, SignedIn):
            is_revoked = await self.services.revocations.is_revoked(
                session_id=read.session_id, customer_id=read.customer_id, version=read.access_version
            )
            if is_revoked:
                read = None
                message = "This access token has ended early. Get a new one with `refreshSession`, or sign in again."
        if read is None:
            self.denied = Denied(Denial.UNAUTHENTICATED, message)
        elif isinstance(read, SignedIn):
            self.known_viewer = Viewer(signed_in=read, loaders=self.loaders)
        else:
            self.known_viewer = ANONYMOUS.with_grant(read)

    def read_token(self, token: str) -> Grant | None:
        """Return what a guest's access token opens now, or None."""
        return self.services.access_tokens.read_grant(token, now=self.now())

    def viewer_with(self, token: str | None) -> Viewer:
        """Return the viewer, with what a guest's token opens if there is one and it is good."""
        grant = None if token is None else self.read_token(token)
        return self.viewer if grant is None else self.viewer.with_grant(grant)


Info: TypeAlias = strawberry.Info[Context, None]

__all__ = ["ANONYMOUS", "Context", "Denial", "Denied", "Grant", "Info", "Kind", "Viewer"]
