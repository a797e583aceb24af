"""Access tokens: signed, expiring proof of who is signed in, or that somebody may read one report or one order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import jwt
from cachetools import LRUCache

from traya_gql.domain.roles import Role
from traya_gql.services.keys import Keys, key_id_of

ACCESS_TOKEN_LIFETIME = timedelta(minutes=15)
"""How long the access token of a session lasts. Source: docs/decisions/0016."""

_ALGORITHM = "HS256"
_ISSUER = "traya-gql"
_SESSION = "session"
_MOST_CHARACTERS = 1000
_MOST_REMEMBERED = 10_000


class Kind(StrEnum):
    """What a guest's token opens."""

    REPORT = "report"
    ORDER = "order"
    DRAFT = "draft"
    PHOTO = "photo"


class Grant(NamedTuple):
    """The right to read one object."""

    kind: Kind
    id: UUID


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is signed in, by which session. `roles` are those beside CUSTOMER, when the token was made."""

    customer_id: UUID
    session_id: UUID
    access_version: int
    roles: frozenset[Role]


class Issued(NamedTuple):
    """A token, and when it ends."""

    token: str
    expires_at: datetime


class TokenExpired(Exception):
    """The token was good once."""


class _Verified(NamedTuple):
    found: Grant | SignedIn
    expires_at: float


@dataclass(frozen=True, kw_only=True)
class AccessTokens:
    """Makes and reads access tokens.

    A token is a JWT. A guest's names one object and depends on nothing but that, the time it was made and the key, so
    that a repeated mutation answers with the same token.

    Args:
        keys: what signs.
        guest_lifetime: how long a guest's token is valid, from the time the object was made.
    """

    keys: Keys
    guest_lifetime: timedelta
    # a client sends one token many times: what was verified stays so, as it names its own end
    _verified: LRUCache[str, _Verified] = field(
        default_factory=lambda: LRUCache(_MOST_REMEMBERED), init=False, repr=False
    )

    def issue(self, grant: Grant, *, made_at: datetime, lifetime: timedelta | None = None) -> Issued:
        """Return the token of an object made at that time, for the usual lifetime unless another is given."""
        return self._signed(
            {"aud": grant.kind.value, "sub": grant.id.hex}, made_at=made_at, lifetime=lifetime or self.guest_lifetime
        )

    def issue_for_session(self, signed_in: SignedIn, *, made_at: datetime) -> Issued:
        """Return a token of a session."""
        claims = {
            "aud": _SESSION,
            "sub": signed_in.customer_id.hex,
            "sid": signed_in.session_id.hex,
            "ver": signed_in.access_version,
            "roles": sorted(signed_in.roles),
        }
        return self._signed(claims, made_at=made_at, lifetime=ACCESS_TOKEN_LIFETIME)

    def read_grant(self, token: str, *, now: datetime) -> Grant | None:
        """Return what a guest's token opens at this time, or None: forged, expired and foreign look the same."""
        try:
            read = self.read(token, now=now)
        except TokenExpired:
            return None
        return read if isinstance(read, Grant) else None

    def read(self, token: str, *, now: datetime) -> Grant | SignedIn | None:
        """Return what a token of any kind stands for, or None when it is none of ours. Knows nothing of revocations.

        Raises:
            TokenExpired: it was one of ours, and has ended.
        """
        if len(token) > _MOST_CHARACTERS:
            return None
        verified = self._verified.get(token)
        if verified is None:
            verified = self._verify(token)
            if verified is None:
                return None
            self._verified[token] = verified
        if now.timestamp() >= verified.expires_at:
            raise TokenExpired
        return verified.found

    def _verify(self, token: str) -> _Verified | None:
        try:
            key = self.keys.by_id(jwt.get_unverified_header(token).get("kid"))
            if key is None:
                return None
            claims = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=[*Kind, _SESSION],
                issuer=_ISSUER,
                # the clock is an argument
                options={"require": ["exp", "sub", "aud"], "verify_exp": False, "verify_iat": False},
            )
            return _Verified(_found(claims), _whole(claims["exp"]))
        except (jwt.InvalidTokenError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None

    def _signed(self, claims: dict[str, Any], *, made_at: datetime, lifetime: timedelta) -> Issued:
        expires_at = made_at + lifetime
        # in this order since the first release: a repeat gets the same token, letter for letter
        claims = {"iss": _ISSUER, **claims, "iat": int(made_at.timestamp()), "exp": int(expires_at.timestamp())}
        key = self.keys.first
        return Issued(jwt.encode(claims, key, algorithm=_ALGORITHM, headers={"kid": key_id_of(key)}), expires_at)


def _found(claims: dict[str, Any]) -> Grant | SignedIn:
    if claims["aud"] != _SESSION:
        return Grant(Kind(claims["aud"]), UUID(hex=claims["sub"]))
    return SignedIn(
        customer_id=UUID(hex=claims["sub"]),
        session_id=UUID(hex=claims["sid"]),
        access_version=_whole(claims["ver"]),
        roles=frozenset(map(Role, claims["roles"])),
    )


def _whole(claim: Any) -> int:
    if type(claim) is not int:
        raise TypeError("not a whole number")
    return claim
