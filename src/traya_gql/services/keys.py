"""The server's secret keys: one that signs, and a second that is good too while keys rotate."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from hashlib import sha256


@dataclass(frozen=True, kw_only=True)
class Keys:
    """The live keys. Each has at least 32 characters.

    Args:
        first: signs and hides.
        second: what it signed and hid is still known; None when keys do not rotate.
    """

    first: str = field(repr=False)
    second: str | None = field(default=None, repr=False)

    @property
    def live(self) -> tuple[str, ...]:
        """All live keys, the one that signs first."""
        return (self.first,) if self.second is None else (self.first, self.second)

    def by_id(self, key_id: object) -> str | None:
        """Return the live key with this id, or None."""
        return next((key for key in self.live if key_id_of(key) == key_id), None)

    def hide(self, *parts: str) -> str:
        """Return a keyed hash of the parts, 64 hex digits: what a plain hash would not hide, such as a phone."""
        return hide_with(self.first, *parts)

    def hide_with_each(self, *parts: str) -> tuple[str, ...]:
        """Return the keyed hash of the parts by each live key, that of the first one first."""
        return tuple(hide_with(key, *parts) for key in self.live)


def key_id_of(key: str) -> str:
    """Return what names a key in the header of a token."""
    return sha256(key.encode()).hexdigest()[:8]


def hide_with(key: str, *parts: str) -> str:
    """Return the keyed hash of the parts. The first part says what for, so that hashes of two uses never meet."""
    return hmac.new(key.encode(), "\0".join(parts).encode(), sha256).hexdigest()
