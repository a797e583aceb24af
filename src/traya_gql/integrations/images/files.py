"""Files that stores write: in threads, never on the loop, and gone when anything goes wrong."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import logging
import os
import shutil
from collections.abc import AsyncIterable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TypeVar

from traya_gql.integrations.images import ImageStoreUnavailable, TooManyBytes

T = TypeVar("T")

_log = logging.getLogger(__name__)


class BeingWritten(Exception):
    """Somebody else writes this draft, in this process or in another one."""


@contextmanager
def disk_errors() -> Iterator[None]:
    """Log what the disk says, and raise `ImageStoreUnavailable` instead."""
    try:
        yield
    except OSError as error:
        _log.error("the folder of pictures failed: %s", _name_of(error))
        raise ImageStoreUnavailable(f"the disk failed: {_name_of(error)}") from None


def _name_of(error: OSError) -> str:
    # neither its text nor its traceback: they hold paths
    return errno.errorcode.get(error.errno or 0, type(error).__name__)


async def in_thread(work: Callable[[], T]) -> T:
    """Do short work with files in a thread.

    A caller that is cancelled waits for the end of the work all the same: nothing is written after its clean-up.
    """
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        if not running.cancelled():
            running.exception()  # nobody else asks for it, and asyncio would report that
        raise


class NewFile:
    """A file in the making, only for the server's own user. All methods block.

    Args:
        path: where it will lie. What lies there is replaced from the first byte on.
        most_bytes: what it may have; None for any number.

    Attributes:
        path: as given.
        length: how many bytes came.
    """

    def __init__(self, path: Path, *, most_bytes: int | None = None) -> None:
        self.path = path
        self.length = 0
        self._most_bytes = most_bytes
        self._file: IO[bytes] | None = None

    def open(self) -> None:
        """Make the file, empty."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        self._file = os.fdopen(descriptor, "wb")

    def write(self, chunk: bytes) -> None:
        """Write at the end.

        Raises:
            TooManyBytes: it would be longer than it may.
        """
        self.length += len(chunk)
        if self._most_bytes is not None and self.length > self._most_bytes:
            raise TooManyBytes
        self._opened.write(chunk)

    def finish(self) -> None:
        """Close the file, proof against a power cut."""
        self._opened.flush()
        os.fsync(self._opened.fileno())
        self._opened.close()

    def drop(self) -> None:
        """Delete the file, open or not, made or not."""
        try:
            if self._file is not None:
                self._file.close()
        finally:
            self.path.unlink(missing_ok=True)

    @property
    def _opened(self) -> IO[bytes]:
        if self._file is None:
            raise ValueError("the file was never opened")
        return self._file


class Draft(NewFile):
    """A file in the making that lies aside, and that one writer has at a time, whatever process it is in.

    It is held from `open` to `drop`, with a lock that goes with its process. What a killed one left is held by nobody:
    whoever opens it next begins anew, and `sweep` deletes it. Its folder has to be there, and holds nothing but drafts.
    """

    def open(self) -> None:
        """Make the file, empty, and hold it.

        Raises:
            BeingWritten: somebody else holds it.
        """
        with locked(self.path.parent):
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.ftruncate(descriptor, 0)
            except BaseException as error:
                os.close(descriptor)
                if isinstance(error, BlockingIOError):
                    raise BeingWritten from None
                raise
        self._file = os.fdopen(descriptor, "wb")

    def finish(self) -> None:
        """Make the file proof against a power cut, and hold it still."""
        self._opened.flush()
        os.fsync(self._opened.fileno())

    def drop(self) -> None:
        """Delete the file if it is held here and was not brought elsewhere, and let go of it."""
        if self._file is None:
            return
        file, self._file = self._file, None
        try:
            with locked(self.path.parent):
                self.path.unlink(missing_ok=True)
        finally:
            file.close()


def sweep(folder: Path) -> None:
    """Delete the drafts of a folder that nobody holds. Blocks."""
    with locked(folder):
        for path in folder.iterdir():
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink()
                finally:
                    os.close(descriptor)
            except (BlockingIOError, FileNotFoundError):
                pass  # it is being written, or it was brought to its place just now
            except OSError as error:
                # a photo of somebody may lie there: it needs a look
                _log.error("what a killed process left of a picture could not be deleted: %s", _name_of(error))


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Have a folder alone for the block, among all who ask for it here, whatever process they are in. Blocks.

    Without it, a draft could be swept, or be deleted by who let go of it, between its making and its locking; and an
    empty folder could be deleted between its making and the coming of its first file.

    Raises:
        OSError: it is not there, or no folder.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


async def write_chunks(file: NewFile, chunks: AsyncIterable[bytes]) -> int:
    """Write what comes into a file and return how many bytes it has. Whatever goes wrong, nothing is left of it.

    Raises:
        BeingWritten: somebody else writes this draft.
        TooManyBytes: more comes than it may have.
    """
    try:
        await in_thread(file.open)
        async for chunk in chunks:
            await in_thread(partial(file.write, chunk))
        await in_thread(file.finish)
    except BaseException:
        await in_thread(file.drop)
        raise
    return file.length


def copy(source: IO[bytes], file: NewFile) -> None:
    """Copy an open file; nothing is left of a copy that failed. Blocks.

    Raises:
        TooManyBytes: it is longer than the new one may be.
    """
    try:
        file.open()
        shutil.copyfileobj(source, file)
        file.finish()
    except BaseException:
        file.drop()
        raise


def sync_folder(folder: Path) -> None:
    """Make what was renamed, linked or deleted in a folder proof against a power cut. Blocks."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
