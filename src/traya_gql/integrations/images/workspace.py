"""Where pictures lie on this machine while they are looked at. Nothing stays there, whatever happens to the process."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_LOCK = ".in-use"


class Workspace:
    """A folder of this process, below one that it shares with others. What killed processes left there is removed.

    Args:
        shared: made if need be; readable by this user alone.

    Attributes:
        path: the folder of this process.
    """

    def __init__(self, shared: Path) -> None:
        shared.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_abandoned(shared)
        self.path = Path(tempfile.mkdtemp(dir=shared))
        # held as long as the process lives: who gets it knows that nobody uses the folder
        self._lock = os.open(self.path / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    @contextlib.contextmanager
    def folder(self) -> Iterator[Path]:
        """Give an empty folder for the block."""
        with tempfile.TemporaryDirectory(dir=self.path, ignore_cleanup_errors=True) as name:
            yield Path(name)

    def close(self) -> None:
        """Remove the folder of this process."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _remove_abandoned(shared: Path) -> None:
    for folder in shared.iterdir():
        # one without a lock is being made, or was left before it had one: rare, and empty
        with contextlib.suppress(OSError):
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
