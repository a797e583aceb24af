"""What holds in every store: how keys look, and when URLs end."""

from __future__ import annotations

import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from traya_gql.integrations.images import URL_LIFETIME

_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,100}/[A-Za-z0-9_-]{1,100}")
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


def is_version(version: str) -> bool:
    """Whether a text is the version of a receipt: digits."""
    return _VERSION.fullmatch(version) is not None


def is_same(given: str, expected: str) -> bool:
    """Compare signatures in a time that says nothing of where they differ. Any text may be given."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def url_window(at: datetime) -> Window:
    """Return the window of a URL made at this time: it lives `URL_LIFETIME` at the least, at most twice as long."""
    length_s = int(URL_LIFETIME.total_seconds())
    start = datetime.fromtimestamp(int(at.timestamp()) // length_s * length_s, UTC)
    return Window(start, start + timedelta(seconds=2 * length_s))
