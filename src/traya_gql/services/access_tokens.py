"""Access tokens: signed, expiring proof that somebody may read one report or one order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

import jwt

_ALGORITHM = "HS256"
_ISSUER = "traya-gql"
_MOST_CHARACTERS = 1000


class Kind(StrEnum):
    """What a token opens."""

    REPORT = "report"
    ORDER = "order"


class Grant(NamedTuple):
    """The right to read one object."""

    kind: Kind
    id: UUID


class Issued(NamedTuple):
    """A token, and when it ends."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class AccessTokens:
    """Makes and reads access tokens.

    A token is a JWT that names one object. It depends on nothing but the object, the time it was made and the key, so
    that a repeated mutation answers with the same token.

    Args:
        key: the secret that signs; at least 32 bytes.
        lifetime: how long a token is valid, from the time the object was made.
    """

    key: str = field(repr=False)
    lifetime: timedelta

    def issue(self, grant: Grant, *, made_at: datetime) -> Issued:
        """Return the token of an object made at that time."""
        expires_at = made_at + self.lifetime
        claims = {
            "iss": _ISSUER,
            "aud": grant.kind.value,
            "sub": grant.id.hex,
            "iat": int(made_at.timestamp()),
            "exp": int(expires_at.timestamp()),
        }
        token = jwt.encode(claims, self.key, algorithm=_ALGORITHM, headers={"kid": self._key_id()})
        return Issued(token, expires_at)

    def read(self, token: str, *, now: datetime) -> Grant | None:
        """Return what the token opens at this time, or None: forged, garbled, expired and foreign look the same."""
        if len(token) > _MOST_CHARACTERS:
            return None
        try:
            claims = jwt.decode(
                token,
                self.key,
                algorithms=[_ALGORITHM],
                audience=list(Kind),
                issuer=_ISSUER,
                # the clock is an argument
                options={"require": ["exp", "sub", "aud"], "verify_exp": False, "verify_iat": False},
            )
            if now.timestamp() >= claims["exp"]:
                return None
            return Grant(Kind(claims["aud"]), UUID(hex=claims["sub"]))
        except (jwt.InvalidTokenError, ValueError, TypeError, RecursionError):
            return None

    def _key_id(self) -> str:
        return sha256(self.key.encode()).hexdigest()[:8]
