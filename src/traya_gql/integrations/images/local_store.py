"""Pictures in a folder of this machine: the store without an account. `web/images.py` takes uploads and shows them."""

from __future__ import annotations

import errno
import hmac
import logging
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from traya_gql.integrations.images import TICKET_LIFETIME, ImageStoreUnavailable, SignedUrl, Ticket
from traya_gql.integrations.images.files import NewFile, in_thread, sync_folder, write_chunks
from traya_gql.integrations.images.rules import checked_key, is_key, is_same, is_version, url_window

T = TypeVar("T")

UPLOAD_PATH: Final = "/images/upload"
SHOW_PATH: Final = "/images/"

# no key can begin with a dot
_DRAFTS: Final = ".drafts"
_DRAFT_LIFETIME: Final = timedelta(hours=1)
_FIELDS: Final = ("key", "expires", "most_bytes", "formats")
_HEAD_BYTES: Final = 12
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
"""What an ISO media file calls itself when it holds HEVC pictures. Source: ISO/IEC 23008-12, annex B."""
_TRIES: Final = 10
_log = logging.getLogger(__name__)


class NotATicket(Exception):
    """These fields were not signed here, or they were changed."""


class TicketEnded(Exception):
    """The ticket was good, and is too old."""


class AlreadyTaken(Exception):
    """Something lies under the key: the ticket was used."""


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
    """

    def __init__(self, folder: Path, secret: str, base_url: str) -> None:
        self._folder = folder
        self._secret = secret.encode()
        self._base_url = base_url.rstrip("/")
        self._is_swept = False

    # --- the port -----------------------------------------------------------------------------------------------------

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
        return is_key(key) and is_version(version) and is_same(signature, self._sign("receipt", key, version))

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
            draft = self._new_draft()
            try:
                _copy(source, draft)
                self._place(draft.replace, path)
            finally:
                draft.unlink(missing_ok=True)

        await self._on_disk(work)

    async def fetch(self, key: str, target: Path, *, most_bytes: int) -> bool:
        """Write what lies under a key into a file; return False when nothing does.

        Raises:
            TooManyBytes: it is longer than that. Nothing is left of the file.
            ImageStoreUnavailable: the disk failed. Nothing is left of the file.
        """
        path = self.path_of(key)

        def work() -> bool:
            if not path.is_file():
                return False
            _copy(path, target, most_bytes=most_bytes)
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
                with suppress(OSError):  # other pictures lie beside it, or the folder is gone
                    path.parent.rmdir()

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
        if not is_same(fields["signature"], self._sign("upload", *signed)):
            raise NotATicket
        key, expires, most_bytes, formats = signed
        if at.timestamp() >= int(expires):
            raise TicketEnded
        return Upload(key, int(most_bytes), tuple(formats.split(",")))

    def shown_until(self, key: str, *, expires: str, signature: str, at: datetime) -> datetime | None:
        """Return when a URL ends, or None when it has ended or was not made here."""
        if not (is_key(key) and is_version(expires) and is_same(signature, self._sign("url", key, expires))):
            return None
        ends = datetime.fromtimestamp(int(expires), UTC)
        return ends if at < ends else None

    async def stat(self, key: str) -> os.stat_result | None:
        """Return what the disk says of the file of a key; None when there is none.

        Raises:
            ImageStoreUnavailable: the disk failed.
        """
        path = self.path_of(key)

        def work() -> os.stat_result | None:
            try:
                return path.stat()
            except FileNotFoundError:
                return None

        return await self._on_disk(work)

    async def take(self, upload: Upload, chunks: AsyncIterable[bytes], *, at: datetime) -> Receipt:
        """Store what comes under the key of a ticket, and return the receipt. Whatever is raised, nothing is stored.

        Errors of `chunks` come out as they are.

        Raises:
            AlreadyTaken: something lies there.
            TooManyBytes: more comes than the ticket allows.
            WrongFormat: it is no picture of the ticket's formats.
            ImageStoreUnavailable: the disk failed.
        """
        if await self.holds(upload.key):
            raise AlreadyTaken
        draft = await self._on_disk(self._new_draft)
        with _disk_errors():
            length = await write_chunks(draft, chunks, most_bytes=upload.most_bytes)
        await self._on_disk(partial(self._accept, draft, upload))
        version = str(int(at.timestamp()))
        return Receipt(version, self._sign("receipt", upload.key, version), length)

    # --- the disk -----------------------------------------------------------------------------------------------------

    def _accept(self, draft: Path, upload: Upload) -> None:
        try:
            if _format_of(draft) not in upload.formats:
                raise WrongFormat
            # a link, unlike a renaming, never replaces what another upload put there meanwhile
            self._place(lambda path: path.hardlink_to(draft), self.path_of(upload.key))
        except FileExistsError:
            raise AlreadyTaken from None
        finally:
            draft.unlink(missing_ok=True)

    def _place(self, place: Callable[[Path], object], path: Path) -> None:
        """Bring a whole file to its place. A deletion beside it may take its empty folder away: then once more."""
        for tries_left in reversed(range(_TRIES)):
            self._make_folder(path.parent)
            try:
                place(path)
            except FileNotFoundError:
                if not tries_left:
                    raise
            else:
                break
        with suppress(FileNotFoundError):  # it was deleted already
            sync_folder(path.parent)
        sync_folder(self._folder)

    def _new_draft(self) -> Path:
        """Return where a new file can be written, on the disk where it will lie."""
        folder = self._folder / _DRAFTS
        self._make_folder(folder)
        if not self._is_swept:
            # what processes left that were killed while they wrote
            self._is_swept = True
            oldest = time.time() - _DRAFT_LIFETIME.total_seconds()
            for left in folder.iterdir():
                with suppress(FileNotFoundError):  # another process sweeps too
                    if left.stat().st_mtime < oldest:
                        left.unlink()
        return folder / secrets.token_hex(16)

    def _make_folder(self, folder: Path) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)

    async def _on_disk(self, work: Callable[[], T]) -> T:
        with _disk_errors():
            return await in_thread(work)

    def _sign(self, purpose: str, *parts: str) -> str:
        key = hmac.digest(self._secret, f"images {purpose}".encode(), sha256)
        # parts may be anything that a stranger sends
        return hmac.new(key, "\0".join(parts).encode("utf-8", "replace"), sha256).hexdigest()


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # neither its text nor its traceback: they hold paths
        name = errno.errorcode.get(error.errno or 0, type(error).__name__)
        _log.error("the folder of pictures failed: %s", name)
        raise ImageStoreUnavailable(f"the disk failed: {name}") from None


def _copy(source: Path, target: Path, *, most_bytes: int | None = None) -> None:
    """Copy a file; nothing is left of a copy that failed."""
    file = NewFile(target, most_bytes=most_bytes)
    try:
        with source.open("rb") as opened:
            file.open()
            shutil.copyfileobj(opened, file)
            file.finish()
    except BaseException:
        file.drop()
        raise


def _format_of(path: Path) -> str | None:
    """Return the format that a file begins like. Whether the rest can be decoded is for others to find out."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp" and head[8:] in _HEIC_BRANDS:
        return "heic"
    return None
