"""Private pictures: a store that takes uploads by ticket, and shows what it holds by URLs that end.

A store keeps blobs under keys, such as `0f3c…/upload` or `0f3c…/640`: letters, digits, `-`, `_`, with one slash. It
knows nothing of whose they are: who may have a ticket or a URL is decided above it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

TICKET_LIFETIME = timedelta(minutes=10)
"""How long a ticket takes a file."""

URL_LIFETIME = timedelta(minutes=10)
"""How long a URL shows a picture at the least; at most twice as long."""


class ImageStoreUnavailable(Exception):
    """The store did not do it in time. It may have done it and not said so; to ask again does no harm."""


class TooManyBytes(Exception):
    """What lies in the store is longer than the caller takes."""


class Ticket(NamedTuple):
    """What a browser or an app needs to send one file to the store: one `multipart/form-data` POST, without cookies.

    `fields` come first, in any order, and the file comes last, in the field `file`. The answer is JSON with `version`
    and `signature`: the receipt.
    """

    url: str
    fields: Mapping[str, str]
    expires_at: datetime


class SignedUrl(NamedTuple):
    """Where a picture can be had by anyone who has the URL, until it ends."""

    url: str
    expires_at: datetime


class ImageStore(Protocol):
    """Keeps pictures privately."""

    @property
    def name(self) -> str:
        """Which store this is, such as `cloudinary:demo`: the same for all that reach the same pictures.

        Raises:
            ImageStoreUnavailable: a folder does not say which it is. Only the first read can, and may take a moment.
        """
        ...

    def ticket(self, key: str, *, at: datetime, most_bytes: int, formats: Sequence[str]) -> Ticket:
        """Return the ticket for one upload under a key that holds nothing yet. Asks nobody.

        Args:
            key: where the file will lie.
            at: when the ticket is made; it ends `TICKET_LIFETIME` later.
            most_bytes: what the file may have.
            formats: the endings of what is taken: `jpg`, `png`, `webp`, `heic`.
        """
        ...

    def is_receipt_good(self, key: str, *, version: str, signature: str) -> bool:
        """Whether the store made this receipt when it took an upload under this key. Asks nobody."""
        ...

    async def holds(self, key: str) -> bool:
        """Ask whether something lies under a key.

        Raises:
            ImageStoreUnavailable: nobody answered.
        """
        ...

    async def put(self, key: str, source: Path) -> None:
        """Store a file under a key, instead of what lies there, whole or not at all.

        Raises:
            ImageStoreUnavailable: it may or may not lie there now.
        """
        ...

    async def fetch(self, key: str, target: Path, *, most_bytes: int) -> bool:
        """Write what lies under a key into a file; return False when nothing does.

        Raises:
            TooManyBytes: it is longer than that. Nothing is left of the file.
            ImageStoreUnavailable: nothing is left of the file.
        """
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete what lies under these keys; what is not there is no fault.

        Raises:
            ImageStoreUnavailable: some of it may be gone.
        """
        ...

    def url(self, key: str, *, at: datetime) -> SignedUrl:
        """Return where what lies under a key can be read, for at least `URL_LIFETIME`. Asks nobody.

        Within `URL_LIFETIME` it is the same one again, so that clients can keep what they loaded.
        """
        ...

    async def close(self) -> None:
        """Let go of connections and threads."""
        ...
