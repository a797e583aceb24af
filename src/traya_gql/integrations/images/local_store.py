"""Pictures in a folder of this machine: the store without an account. `web/images.py` takes uploads and shows them."""

from __future__ import annotations

import errno
import io
import math
import os
import re
import secrets
import time
from collections.abc import AsyncIterable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Final, NamedTuple, TypeVar

from traya_gql.domain.photos import HEAD_BYTES, format_of
from traya_gql.integrations.images import TICKET_LIFETIME, ImageStoreUnavailable, SignedUrl, Ticket
from traya_gql.integrations.images.files import (
    BeingWritten,
    Draft,
    NewFile,
    copy,
    disk_errors,
    in_thread,
    locked,
    sweep,
    sync_folder,
    write_chunks,
)
from traya_gql.integrations.images.rules import (
    checked_key,
    is_key,
    is_same,
    is_version,
    signature_of,
    url_window,
)

T = TypeVar("T")

UPLOAD_PATH: Final = "/images/upload"
SHOW_PATH: Final = "/images/"

# no key can begin with a dot
_DRAFTS: Final = ".drafts"
_ID_FILE: Final = ".id"
_ID: Final = re.compile(r"[0-9a-f]{32}")
_FIELDS: Final = ("key", "expires", "most_bytes", "formats")


class NotATicket(Exception):
    """These fields were not signed here, or they were changed."""


class TicketEnded(Exception):
    """The ticket was good, and is too old."""


class AlreadyTaken(Exception):
    """Something lies under the key, or is on its way there: the ticket was used."""


class TooManyUploads(Exception):
    """So many come in already that the store takes no other one just now."""


class WrongFormat(Exception):
    """The file is none of the formats that the ticket is for."""


class Upload(NamedTuple):
    """What a ticket allows."""

    key: str
    most_bytes: int
    formats: tuple[str, ...]


class Receipt(NamedTuple):
    """What tells the server that an upload was taken."""

    version: str
    signature: str
    length: int


class LocalStore:
    """Keeps pictures as files, which only the server's own user can read.

    A file lies there whole or not at all: it is written aside and renamed.

    Args:
        folder: where they lie; made when it is not there.
        secret: what signatures are made with, each kind with a key of its own derived from it.
        base_url: where this server is, as clients see it.
        second_secret: what it signed is good too: another process may sign with it still, or already.
        most_uploads: how many are taken at a time, in this process.
        least_free_bytes: with less on the disk no upload is taken. By default more than `most_uploads` of 15 MB have.
        sweeps_every_s: how often what killed processes left is deleted; at the first use in any case.
        sync: makes a folder proof against a power cut.
    """

    def __init__(
        self,
        folder: Path,
        secret: str,
        base_url: str,
        *,
        second_secret: str | None = None,
        most_uploads: int = 50,
        least_free_bytes: int = 1_000_000_000,
        sweeps_every_s: float = 3600.0,
        sync: Callable[[Path], None] = sync_folder,
    ) -> None:
        self._folder = folder
        self._secrets = [one.encode() for one in (secret, second_secret) if one is not None]
        self._base_url = base_url.rstrip("/")
        self._most_uploads = most_uploads
        self._least_free_bytes = least_free_bytes
        self._sweeps_every_s = sweeps_every_s
        self._sync = sync
        self._name: str | None = None
        self._uploads = 0
        self._sweeps_at = -math.inf

    # --- the port -----------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Which store this is: `local:` and the id that the folder keeps. Blocks for a moment, the first time.

        Raises:
            ImageStoreUnavailable: the disk failed, or the id is damaged.
        """
        if self._name is None:
            with disk_errors():
                self._name = f"local:{self._read_id()}"
        return self._name

    def ticket(self, key: str, *, at: datetime, most_bytes: int, formats: Sequence[str]) -> Ticket:
        """Return the ticket for one upload to this server."""
        ends = int((at + TICKET_LIFETIME).timestamp())
        fields = {
            "key": checked_key(key),
            "expires": str(ends),
            "most_bytes": str(most_bytes),
            "formats": ",".join(formats),
        }
        fields["signature"] = self._sign("upload", *(fields[name] for name in _FIELDS))
        return Ticket(f"{self._base_url}{UPLOAD_PATH}", fields, datetime.fromtimestamp(ends, UTC))

    def is_receipt_good(self, key: str, *, version: str, signature: str) -> bool:
        """Whether this store made the receipt."""
        return is_key(key) and is_version(version) and self._is_ours(signature, "receipt", key, version)

    async def holds(self, key: str) -> bool:
        """Look whether something lies under a key.

        Raises:
            ImageStoreUnavailable: the disk failed.
        """
        return await self._on_disk(self.path_of(key).is_file)

    async def put(self, key: str, source: Path) -> None:
        """Store a file under a key, instead of what lies there.

        Raises:
            ImageStoreUnavailable: the disk failed, and what lay there lies there still.
        """
        path = self.path_of(key)
        # a missing source is the caller's fault, not the disk's
        await in_thread(source.stat)

        def work() -> None:
            draft = self._draft(secrets.token_hex(16))
            try:
                with source.open("rb") as opened:
                    copy(opened, draft)
                self._place(draft.path.replace, path)
            finally:
                draft.drop()

        await self._on_disk(work)

    async def fetch(self, key: str, target: Path, *, most_bytes: int) -> bool:
        """Write what lies under a key into a file; return False when nothing does.

        Raises:
            TooManyBytes: it is longer than that. Nothing is left of the file.
            ImageStoreUnavailable: the disk failed. Nothing is left of the file.
        """
        path = self.path_of(key)

        def work() -> bool:
            source = _open(path)
            if source is None:
                return False
            with source:
                copy(source, NewFile(target, most_bytes=most_bytes))
            return True

        return await self._on_disk(work)

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete what lies under these keys; what is not there is no fault.

        Raises:
            ImageStoreUnavailable: the disk failed; some of it may be gone.
        """
        paths = [self.path_of(key) for key in keys]

        def work() -> None:
            for path in paths:
                path.unlink(missing_ok=True)
            for parent in dict.fromkeys(path.parent for path in paths):
                with suppress(OSError), locked(self._folder):  # other pictures lie there, or it is gone
                    parent.rmdir()
                # what is not there is synced as well: the call that deleted it may not have come so far
                with suppress(FileNotFoundError):
                    self._sync(parent)
            with suppress(FileNotFoundError):  # nothing was ever put
                self._sync(self._folder)
                self._sweep_if_due()

        await self._on_disk(work)

    def url(self, key: str, *, at: datetime) -> SignedUrl:
        """Return where this server shows the picture, until the URL ends."""
        end = url_window(at).end
        expires = str(int(end.timestamp()))
        signature = self._sign("url", checked_key(key), expires)
        return SignedUrl(f"{self._base_url}{SHOW_PATH}{key}?expires={expires}&signature={signature}", end)

    async def close(self) -> None:
        """Do nothing: nothing is held open."""

    # --- for the web --------------------------------------------------------------------------------------------------

    def path_of(self, key: str) -> Path:
        """Return where the file of a key lies, or would.

        Raises:
            ValueError: it is no key.
        """
        return self._folder / checked_key(key)

    def upload_of(self, fields: Mapping[str, str], *, at: datetime) -> Upload:
        """Return what these fields of an upload allow.

        Raises:
            NotATicket: a field is missing, or the signature is not ours.
            TicketEnded: the ticket is too old.
        """
        if not {*_FIELDS, "signature"} <= fields.keys():
            raise NotATicket
        signed = [fields[name] for name in _FIELDS]
        if not self._is_ours(fields["signature"], "upload", *signed):
            raise NotATicket
        key, expires, most_bytes, formats = signed
        if at.timestamp() >= int(expires):
            raise TicketEnded
        return Upload(key, int(most_bytes), tuple(formats.split(",")))

    def shown_until(self, key: str, *, expires: str, signature: str, at: datetime) -> datetime | None:
        """Return when a URL ends, or None when it has ended or was not made here."""
        if not (is_key(key) and is_version(expires) and self._is_ours(signature, "url", key, expires)):
            return None
        ends = datetime.fromtimestamp(int(expires), UTC)
        return ends if at < ends else None

    async def open(self, key: str) -> IO[bytes] | None:
        """Open the file of a key, for the caller to read and close; return None when there is none.

        Raises:
            ImageStoreUnavailable: the disk failed.
        """
        return await self._on_disk(partial(_open, self.path_of(key)))

    async def take(self, upload: Upload, chunks: AsyncIterable[bytes], *, at: datetime) -> Receipt:
        """Store what comes under the key of a ticket, and return the receipt. Whatever is raised, nothing is stored.

        Errors of `chunks` come out as they are.

        Raises:
            AlreadyTaken: something lies there, or another upload is on its way there.
            TooManyUploads: so many come in at this time.
            TooManyBytes: more comes than the ticket allows.
            WrongFormat: it is no picture of the ticket's formats.
            ImageStoreUnavailable: the disk failed, or is nearly full.
        """
        if self._uploads >= self._most_uploads:
            raise TooManyUploads
        self._uploads += 1
        try:
            if await self.holds(upload.key):
                raise AlreadyTaken
            draft = await self._on_disk(partial(self._upload_draft, upload))
            with disk_errors():
                length = await write_chunks(draft, chunks)
            await self._on_disk(partial(self._accept, draft, upload))
        except BeingWritten:
            raise AlreadyTaken from None
        finally:
            self._uploads -= 1
        version = str(int(at.timestamp()))
        return Receipt(version, self._sign("receipt", upload.key, version), length)

    # --- the disk -----------------------------------------------------------------------------------------------------

    def _accept(self, draft: Draft, upload: Upload) -> None:
        try:
            with draft.path.open("rb") as file:
                found = format_of(file.read(HEAD_BYTES))
            if found is None or found.ending not in upload.formats:
                raise WrongFormat
            # a link, unlike a renaming, never replaces what another upload put there meanwhile
            self._place(lambda path: path.hardlink_to(draft.path), self.path_of(upload.key))
        except FileExistsError:
            raise AlreadyTaken from None
        finally:
            draft.drop()

    def _place(self, place: Callable[[Path], object], path: Path) -> None:
        """Bring a whole file to its place."""
        with locked(self._folder):  # or a deletion beside it takes the empty folder away
            self._make_folder(path.parent)
            place(path)
        with suppress(FileNotFoundError):  # it was deleted already
            self._sync(path.parent)
        self._sync(self._folder)

    def _upload_draft(self, upload: Upload) -> Draft:
        """Return the one draft that uploads under a key have: they cannot fill the disk by coming at the same time."""
        # no other draft has a dot in its name
        draft = self._draft(upload.key.replace("/", "."), most_bytes=upload.most_bytes)
        disk = os.statvfs(self._folder)
        if disk.f_bavail * disk.f_frsize < self._least_free_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return draft

    def _draft(self, name: str, *, most_bytes: int | None = None) -> Draft:
        """Return where a new file can be written, on the disk where it will lie."""
        folder = self._folder / _DRAFTS
        self._make_folder(folder)
        self._sweep_if_due()
        return Draft(folder / name, most_bytes=most_bytes)

    def _sweep_if_due(self) -> None:
        if time.monotonic() >= self._sweeps_at:
            self._sweeps_at = time.monotonic() + self._sweeps_every_s
            sweep(self._folder / _DRAFTS)

    def _read_id(self) -> str:
        path = self._folder / _ID_FILE
        if not path.exists():
            draft = self._draft(secrets.token_hex(16))
            try:
                copy(io.BytesIO(secrets.token_hex(16).encode()), draft)
                with suppress(FileExistsError):  # somebody else was first
                    path.hardlink_to(draft.path)
            finally:
                draft.drop()
        # whoever made it may not have come so far, and the name is about to be written down elsewhere
        self._sync(self._folder)
        written = path.read_bytes().decode("ascii", "replace")
        if _ID.fullmatch(written) is None:
            raise ImageStoreUnavailable("the folder's .id is damaged")
        return written

    def _make_folder(self, folder: Path) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)

    async def _on_disk(self, work: Callable[[], T]) -> T:
        with disk_errors():
            return await in_thread(work)

    def _sign(self, purpose: str, *parts: str) -> str:
        return signature_of(self._secrets[0], purpose, parts)

    def _is_ours(self, signature: str, purpose: str, *parts: str) -> bool:
        return any(is_same(signature, signature_of(secret, purpose, parts)) for secret in self._secrets)


def _open(path: Path) -> IO[bytes] | None:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None
