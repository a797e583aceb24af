"""Attach a server to the embedded MongoDB of a data folder, and let go of it.

Every server process, and every worker of one, attaches by itself; all of one folder share one mongod, a one-node
replica set on 127.0.0.1. The first one starts the keeper (`keeper.py`), the last one's end lets it stop. The design
and its figures: docs/decisions/0006-embedded-mongodb.md.
"""

import asyncio
import contextlib
import fcntl
import io
import logging
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from traya_gql.integrations.mongodb.binary import find_mongod
from traya_gql.integrations.mongodb.folder import REPLICA_SET, DataFolder, MongodFault, try_lock
from traya_gql.integrations.mongodb.wire import is_primary

WATCH_EVERY_S: Final = 0.3
WATCH_AT_MOST_EVERY_S: Final = 30
_POLL_S: Final = 0.02
_log = logging.getLogger(__name__)


class DataFolderUnusable(MongodFault):
    """The data folder cannot be made or written to."""


class MongodNotStarted(MongodFault):
    """There is no writable primary on the data folder; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """One process's hold on the mongod of a data folder; ends with `release` or with the process."""

    uri: str
    """For clients: one host, the replica set's name, and `traya` as the default database."""
    data: Path
    port: int
    mongod: Path | None = field(repr=False)
    _users_lock: io.FileIO = field(repr=False)

    def release(self, *, wait_s: float = 0) -> None:
        """Let go of mongod, which stops when nobody else uses the folder; a second call does nothing.

        Close the process's clients first. Waits at most `wait_s` seconds for mongod and its keeper to be gone, and
        not at all while another process uses the folder.
        """
        self._users_lock.close()
        folder = DataFolder(self.data)
        deadline = time.monotonic() + wait_s
        with contextlib.suppress(FileNotFoundError):  # the folder itself was removed: nothing to wait for
            while time.monotonic() < deadline and folder.is_owned() and not _is_used(folder):
                time.sleep(_POLL_S)

    def ensure_alive(self) -> None:
        """Start keeper and mongod again, on the same port, when both are gone (somebody killed the keeper).

        Costs a few microseconds when all is well; else returns when there is a writable primary. Does nothing after
        `release`.

        Raises:
            MongodNotFound: mongod was uninstalled since.
            MongodUnusable: it does not run any more.
            MongodNotStarted: it cannot be started, or the keeper has given up.
            OSError: the data folder is gone.
        """
        if self._users_lock.closed:
            return
        folder = DataFolder(self.data)
        owner_lock = folder.try_to_own()
        if owner_lock is None:
            _refuse_if_given_up(folder)
            return
        _log.warning("the keeper of %s is gone: starting it again", self.data)
        if folder.read_port() != self.port:
            folder.write_port(self.port)  # the clients of this process know no other
        _start_keeper(folder, owner_lock=owner_lock, mongod=self.mongod, timeout_s=WATCH_AT_MOST_EVERY_S)


def attach(data: Path, *, mongod: Path | None, timeout_s: float = 30) -> Attachment:
    """Return a hold on a writable primary over the folder `data`, made when missing; start what does not run yet.

    Blocks, at most about `timeout_s` seconds. Any number of processes and threads may call it at once. `mongod` names
    the program to start; None looks for one.

    Raises:
        DataFolderUnusable: the folder cannot be made or written to.
        MongodNotFound: no mongod on this machine.
        MongodUnusable: the mongod found does not run here.
        MongodNotStarted: mongod ended at its start, its port is taken, the keeper gave up, or the time ran out.
    """
    deadline = time.monotonic() + timeout_s
    folder = DataFolder(data.absolute())
    try:
        folder.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        users_lock = io.FileIO(folder.open_lock("users.lock"), "r+")
    except OSError as fault:
        raise DataFolderUnusable(
            f"The data folder {folder.root} cannot be used: {fault.strerror}. Name one that this user may write to."
        ) from fault
    try:
        port = _wait_until_ready(folder, users_lock=users_lock.fileno(), mongod=mongod, deadline=deadline)
    except OSError as fault:
        users_lock.close()
        raise DataFolderUnusable(f"The data folder {folder.root} cannot be used: {fault}.") from fault
    except BaseException:
        users_lock.close()
        raise
    uri = f"mongodb://127.0.0.1:{port}/traya?replicaSet={REPLICA_SET}"
    return Attachment(uri=uri, data=folder.root, port=port, mongod=mongod, _users_lock=users_lock)


async def keep_alive(attachment: Attachment, *, every_s: float = WATCH_EVERY_S) -> None:
    """Call `ensure_alive` every `every_s` seconds for ever, beside the event loop; cancel the task to end it.

    A failure is logged as an error and tried again ever less often, at last every 30 s.
    """
    delay_s = every_s
    while True:
        await asyncio.sleep(delay_s)
        try:
            await asyncio.to_thread(attachment.ensure_alive)
        except (MongodFault, OSError) as fault:
            delay_s = min(2 * delay_s, WATCH_AT_MOST_EVERY_S)
            _log.error("the embedded MongoDB is down, next try in %.1f s: %s", delay_s, fault)
        else:
            delay_s = every_s


def _wait_until_ready(folder: DataFolder, *, users_lock: int, mongod: Path | None, deadline: float) -> int:
    """Take the users lock, start a keeper when there is none, and return the port of the writable primary."""
    is_user = False
    while (left_s := deadline - time.monotonic()) > 0:
        # A keeper that is stopping holds this lock; from here on, none stops for want of users.
        is_user = is_user or try_lock(users_lock, fcntl.LOCK_SH)
        if is_user:
            owner_lock = folder.try_to_own()
            if owner_lock is not None:
                _start_keeper(folder, owner_lock=owner_lock, mongod=mongod, timeout_s=left_s)
            _refuse_if_given_up(folder)
            port = folder.read_port()
            with contextlib.suppress(OSError):
                if port is not None and not folder.unfinished_file.exists() and is_primary(port):
                    return port
        time.sleep(_POLL_S)
    raise MongodNotStarted(
        f"mongod of {folder.root} was not ready in time. What it did: {folder.mongod_log} and {folder.keeper_log}."
    )


def _start_keeper(folder: DataFolder, *, owner_lock: int, mongod: Path | None, timeout_s: float) -> None:
    """Start a keeper, hand it the owner lock, and return when it has a writable primary or was itself killed."""
    try:
        program = find_mongod(mongod)
        folder.gave_up_file.unlink(missing_ok=True)
        folder.put_long_logs_aside()
        folder.keeper_log.touch(mode=0o600)
        with folder.keeper_log.open("ab") as log:
            keeper = subprocess.run(  # noqa: S603 - our own module
                [
                    *(sys.executable, "-m", "traya_gql.integrations.mongodb.keeper"),
                    *(str(folder.root), str(program), str(owner_lock)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                check=False,
                timeout=timeout_s,
                pass_fds=(owner_lock,),
                start_new_session=True,  # the terminal's Ctrl-C is for the server alone
            )
    except subprocess.TimeoutExpired as late:
        raise MongodNotStarted(
            f"mongod of {folder.root} was not ready after {timeout_s:.0f} s. "
            f"What it did: {folder.mongod_log} and {folder.keeper_log}."
        ) from late
    finally:
        os.close(owner_lock)
    if keeper.stdout:
        raise MongodNotStarted(keeper.stdout)
    if keeper.returncode != 0:
        raise MongodNotStarted(f"The keeper of mongod failed with code {keeper.returncode}: see {folder.keeper_log}.")


def _refuse_if_given_up(folder: DataFolder) -> None:
    reason = folder.why_given_up()
    if reason is not None:
        raise MongodNotStarted(reason)


def _is_used(folder: DataFolder) -> bool:
    """Tell whether a server holds the users lock."""
    descriptor = folder.open_lock("users.lock")
    try:
        # Shared first: that alone is refused while the keeper holds it to stop, so what refuses the rest is a server.
        return try_lock(descriptor, fcntl.LOCK_SH) and not try_lock(descriptor, fcntl.LOCK_EX)
    finally:
        os.close(descriptor)
