"""What holds in every store: how keys and files look, what is signed, and when URLs end."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final, NamedTuple

from traya_gql.integrations.images import URL_LIFETIME

_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,100}/[A-Za-z0-9_-]{1,100}")
_UPLOAD: Final = "upload"
_VERSION: Final = re.compile(r"[0-9]{1,20}")


class Window(NamedTuple):
    """The time of one URL: `start` is never after the time it was asked for."""

    start: datetime
    end: datetime


def is_key(key: str) -> bool:
    """Whether a text is a key: two parts of letters, digits, `-` and `_`. None of them leads out of a folder."""
    return _KEY.fullmatch(key) is not None


def checked_key(key: str) -> str:
    """Return the key.

    Raises:
        ValueError: it is none.
    """
    if not is_key(key):
        raise ValueError("a key has two parts of letters, digits, - and _, with a slash between them")
    return key


def is_of_upload(key: str) -> bool:
    """Whether a key is one that strangers send files to, by ticket; under all others lies what was looked into."""
    return key.rpartition("/")[2] == _UPLOAD


def is_version(version: str) -> bool:
    """Whether a text is the version of a receipt: digits."""
    return _VERSION.fullmatch(version) is not None


def is_same(given: str, expected: str) -> bool:
    """Compare signatures in a time that says nothing of where they differ. Any text may be given."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def signature_of(secret: bytes, purpose: str, parts: Sequence[str]) -> str:
    """Return the signature of these parts, which may be any texts, with a key for this purpose alone."""
    key = hmac.digest(secret, f"images {purpose}".encode(), sha256)
    return hmac.new(key, "\0".join(parts).encode("utf-8", "replace"), sha256).hexdigest()


def url_window(at: datetime) -> Window:
    """Return the window of a URL made at this time: it lives `URL_LIFETIME` at the least, at most twice as long."""
    length_s = int(URL_LIFETIME.total_seconds())
    start = datetime.fromtimestamp(int(at.timestamp()) // length_s * length_s, UTC)
    return Window(start, start + timedelta(seconds=2 * length_s))
