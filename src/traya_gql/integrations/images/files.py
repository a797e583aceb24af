"""Files that stores write: in threads, never on the loop, and gone when anything goes wrong."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterable, Callable
from functools import partial
from pathlib import Path
from typing import IO, TypeVar

from traya_gql.integrations.images import TooManyBytes

T = TypeVar("T")


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
    """

    def __init__(self, path: Path, *, most_bytes: int | None) -> None:
        self.length = 0
        self._path = path
        self._most_bytes = most_bytes
        self._file: IO[bytes] | None = None

    def open(self) -> None:
        """Make the file, empty."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
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
            self._path.unlink(missing_ok=True)

    @property
    def _opened(self) -> IO[bytes]:
        if self._file is None:
            raise ValueError("the file was never opened")
        return self._file


async def write_chunks(path: Path, chunks: AsyncIterable[bytes], *, most_bytes: int) -> int:
    """Write what comes into a file and return how many bytes it has. Whatever goes wrong, nothing is left of it.

    Raises:
        TooManyBytes: more comes than that.
    """
    file = NewFile(path, most_bytes=most_bytes)
    try:
        await in_thread(file.open)
        async for chunk in chunks:
            await in_thread(partial(file.write, chunk))
        await in_thread(file.finish)
    except BaseException:
        await in_thread(file.drop)
        raise
    return file.length


def sync_folder(folder: Path) -> None:
    """Make what was renamed or linked in a folder proof against a power cut. Blocks."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
