"""How a photo and its copies pass between the server and the child that looks at it."""

from __future__ import annotations

import errno
import os
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from traya_gql.domain.photos import MOST_BYTES, PhotoSize

MOST_COPY_BYTES: Final = 8_000_000
"""Of a copy that a child makes. The largest honest one, of noise, has half of it."""

_JPEG: Final = b"\xff\xd8\xff"


class NoPictures(Exception):
    """What the child wrote is not what it was to write."""


class Handover:
    """What a child is given, and where it writes: memory, which has no name, no links and no neighbours. Methods block.

    The child has the same files open. Here they are only written and read as a whole: it may do with them what it
    likes, at any time.

    Raises:
        OSError: there are no more files, no memory, or `close` was called; or the disk failed.
    """

    def __init__(self) -> None:
        # calls in threads may go on while `close` is called
        self._lock = threading.Lock()
        with ExitStack() as made:
            self.all = tuple(_memory_file(made) for _ in range(1 + len(PhotoSize)))
            self._open = made.pop_all()
        self._is_closed = False
        self._source, *copies = self.all
        self._copies = dict(zip(PhotoSize, copies, strict=True))

    def request(self) -> dict[str, object]:
        """Return what the child is told."""
        return {"source": self._source, "copies": self._copies}

    def give(self, source: Path) -> None:
        """Put a photo there. Nothing may lie there any more: see `empty`."""
        with source.open("rb") as file:
            # one byte too many tells the child that there are too many
            data = file.read(MOST_BYTES + 1)
        with self._lock:
            self._refuse_if_closed()
            _write(self._source, data)

    def take(self, folder: Path) -> None:
        """Copy what the child wrote into a folder, each as its `PhotoSize.file_name`, instead of what lies there.

        Raises:
            NoPictures: one is no JPEG, or too large. Nothing was copied.
        """
        with self._lock:
            self._refuse_if_closed()
            copies = {size: os.pread(one, MOST_COPY_BYTES + 1, 0) for size, one in self._copies.items()}
        if not all(copy.startswith(_JPEG) and len(copy) <= MOST_COPY_BYTES for copy in copies.values()):
            raise NoPictures
        for size, copy in copies.items():
            path = folder / size.file_name
            # a link that lies there is not followed, nor is what it leads to changed
            path.unlink(missing_ok=True)
            with path.open("xb") as file:
                file.write(copy)

    def empty(self) -> None:
        """Forget all pictures: the next photo is not to be answered with what is left of this one."""
        with self._lock:
            self._refuse_if_closed()
            for one in self.all:
                os.ftruncate(one, 0)

    def close(self) -> None:
        """Let go of the memory; a second call does no harm."""
        with self._lock:
            self._is_closed = True
            self._open.close()

    def _refuse_if_closed(self) -> None:
        if self._is_closed:
            raise OSError(errno.EBADF, "closed")


def _memory_file(opened: ExitStack) -> int:
    found = os.memfd_create("photo", os.MFD_CLOEXEC)
    opened.callback(os.close, found)
    return found


def _write(descriptor: int, data: bytes) -> None:
    written = 0
    while written < len(data):
        written += os.pwrite(descriptor, data[written:], written)
