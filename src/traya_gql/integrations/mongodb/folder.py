"""The data folder of an embedded mongod: its files, its two locks and its port."""

import contextlib
import fcntl
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

REPLICA_SET = "traya"
PORTS = range(27100, 29000)  # below the range from which Linux gives ports to outgoing connections
MAX_LOG_BYTES = 8_000_000


class MongodFault(Exception):
    """What is wrong with the embedded MongoDB, and what to do, in words for the person who started the server."""


@dataclass(frozen=True, slots=True)
class DataFolder:
    """One data folder. `root` is absolute.

    `users.lock` is held shared by every server that uses the folder; `owner.lock` exclusively by the keeper and the
    mongod it started, so it is free exactly when both are gone. The kernel drops both locks however a process ends.
    """

    root: Path

    @property
    def db(self) -> Path:
        """The folder of mongod's own files."""
        return self.root / "db"

    @property
    def port_file(self) -> Path:
        """Where the port is kept: chosen once, used ever after."""
        return self.root / "port"

    @property
    def keeper_log(self) -> Path:
        """What the keeper did, and what mongod said before it had a log."""
        return self.root / "keeper.log"

    @property
    def mongod_log(self) -> Path:
        """The log of mongod: a JSON object a line."""
        return self.root / "mongod.log"

    @property
    def gave_up_file(self) -> Path:
        """Why mongod is not started any more: there only while a keeper that gave up waits for its users to leave."""
        return self.root / "gave_up"

    @property
    def unfinished_file(self) -> Path:
        """There from before mongod's files are first made until they have once been a writable primary."""
        return self.root / "db.unfinished"

    def open_lock(self, name: str) -> int:
        """Open `users.lock` or `owner.lock` and return the descriptor, which child processes do not inherit."""
        return os.open(self.root / name, os.O_RDWR | os.O_CREAT, 0o600)

    def try_to_own(self) -> int | None:
        """Take `owner.lock` and return its descriptor, or None when a keeper or a mongod lives."""
        descriptor = self.open_lock("owner.lock")
        if try_lock(descriptor, fcntl.LOCK_EX):
            return descriptor
        os.close(descriptor)
        return None

    def is_owned(self) -> bool:
        """Tell whether a keeper or a mongod lives on this folder."""
        descriptor = self.try_to_own()
        if descriptor is None:
            return True
        os.close(descriptor)
        return False

    def read_port(self) -> int | None:
        """Return the kept port, or None when there is none that can be read."""
        try:
            port = int(self.port_file.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return None
        return port if 0 < port < 2**16 else None

    def write_port(self, port: int) -> None:
        """Keep the port; a reader sees the old file or the new one, never a part."""
        draft = self.port_file.with_suffix(".new")
        with draft.open("w", encoding="ascii") as file:
            file.write(f"{port}\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.port_file)

    def prepare_db(self) -> None:
        """Make the folder of mongod's files; make it anew when its first start was cut off. Call it as the owner.

        A mongod that is killed while it makes its first files can leave some that no mongod reads. Nothing is lost
        with them: nobody is told of a primary before `finish_db`.
        """
        if not self.db.exists():
            self.unfinished_file.touch(mode=0o600)
            self._sync()
        elif self.unfinished_file.exists():
            shutil.rmtree(self.db)
        self.db.mkdir(mode=0o700, exist_ok=True)

    def finish_db(self) -> None:
        """Note, proof against a power cut, that mongod's files are whole: from now on they are never thrown away."""
        self.unfinished_file.unlink(missing_ok=True)
        self._sync()

    def _sync(self) -> None:
        descriptor = os.open(self.root, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def why_given_up(self) -> str | None:
        """Return why the keeper stopped starting mongod, or None when it did not."""
        with contextlib.suppress(FileNotFoundError):
            return self.gave_up_file.read_text(encoding="utf-8")
        return None

    def put_long_logs_aside(self) -> None:
        """Rename each log longer than 8 MB to `*.log.old`. Call it as the owner, before mongod starts."""
        for log in (self.keeper_log, self.mongod_log):
            with contextlib.suppress(FileNotFoundError):
                if log.stat().st_size > MAX_LOG_BYTES:
                    log.replace(log.with_suffix(".log.old"))


def try_lock(descriptor: int, kind: int) -> bool:
    """Take the lock (fcntl.LOCK_SH or LOCK_EX) at once, or return False when another process holds it."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
