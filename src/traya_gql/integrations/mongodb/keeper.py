"""The keeper: a small detached process that owns the mongod of one data folder.

Run by `embedded.attach` as `python -m traya_gql.integrations.mongodb.keeper DATA MONGOD LOCK`, where LOCK is the
descriptor of the owner lock, already taken. Standard output is a pipe to whoever started it: an empty end of file
means a writable primary, a text says why there is none. It starts mongod again when it dies, stops it when no server
uses the folder, and takes it along when it is killed itself.
"""

import ctypes
import fcntl
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from traya_gql.integrations.mongodb.folder import PORTS, REPLICA_SET, DataFolder, MongodFault, try_lock
from traya_gql.integrations.mongodb.wire import command, is_primary

GRACE_S: Final = 0.5  # a server that restarts finds its mongod again
POLL_S: Final = 0.1
START_POLL_S: Final = 0.01
STOP_TIMEOUT_S: Final = 20
PORT_PATIENCE_S: Final = 1  # a killed mongod loses its lock a moment before its port
MAX_DEATHS: Final = 5
DEATHS_WINDOW_S: Final = 60

_NOT_YET_INITIALIZED: Final = 94  # Source: error_codes.yml of mongod
_INVALID_REPLICA_SET_CONFIG: Final = 93
_PR_SET_PDEATHSIG: Final = 1  # Source: linux/prctl.h

_IS_LINUX = sys.platform.startswith("linux")
_LIBC = ctypes.CDLL(None) if _IS_LINUX else None
_log = logging.getLogger("keeper")


class Keeper:
    """Owns one mongod until it is told to stop or no server uses the folder any more."""

    def __init__(self, folder: DataFolder, *, mongod: Path, owner_lock: int, when_ready: Callable[[], None]) -> None:
        self._folder = folder
        self._program = mongod
        self._owner_lock = owner_lock
        self._when_ready = when_ready
        self._users_lock = folder.open_lock("users.lock")
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self._is_ready = False
        self._was_ready = False
        self._unused_since: float | None = None
        self._deaths: deque[float] = deque(maxlen=MAX_DEATHS + 1)
        self._is_told_to_stop = False

    def run(self) -> None:
        """Start mongod and keep it until it is no longer wanted; then stop it.

        Raises:
            MongodFault: it never became a writable primary; nothing runs any more.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop_soon)
        self._port, reservation = _take_port(self._folder)
        with reservation:
            if not _IS_LINUX:
                reservation.close()  # elsewhere a reserved port cannot be listened on by another process
            self._start()
            while not self._is_told_to_stop and not self._is_unused():
                self._look_after()
                time.sleep(POLL_S if self._is_ready or self._process is None else START_POLL_S)
            self._stop()
        self._folder.gave_up_file.unlink(missing_ok=True)

    def _stop_soon(self, number: int, _frame: FrameType | None) -> None:
        _log.info("told to stop by signal %d", number)
        self._is_told_to_stop = True

    def _is_unused(self) -> bool:
        """Tell whether no server holds the users lock since the grace; if so, keep new ones waiting until the end."""
        if not try_lock(self._users_lock, fcntl.LOCK_EX):
            self._unused_since = None
            return False
        now = time.monotonic()
        self._unused_since = self._unused_since or now
        if now - self._unused_since >= GRACE_S:
            return True  # the lock stays held: who attaches now waits, then starts a keeper of its own
        fcntl.flock(self._users_lock, fcntl.LOCK_UN)
        return False

    def _look_after(self) -> None:
        if self._process is None:
            return
        if self._process.poll() is not None:
            self._after_death()
        elif not self._is_ready and _is_made_primary(self._port):
            self._is_ready = True
            _log.info("mongod %d is a writable primary on port %d", self._process.pid, self._port)
            if not self._was_ready:
                self._was_ready = True
                self._folder.finish_db()
                self._when_ready()

    def _after_death(self) -> None:
        reason = self._why_dead()
        was_killed = self._process is not None and self._process.returncode == -signal.SIGKILL
        if not self._was_ready and not was_killed:
            raise MongodFault(reason)
        _log.warning("%s", reason)
        now = time.monotonic()
        self._deaths.append(now)
        if len(self._deaths) > MAX_DEATHS and now - self._deaths[0] < DEATHS_WINDOW_S:
            message = (
                f"mongod of {self._folder.root} died {len(self._deaths)} times within {DEATHS_WINDOW_S} s and is not "
                f"started again until every server that uses this folder has stopped. The last time: {reason}"
            )
            if not self._was_ready:
                raise MongodFault(message)
            _log.error("gave up: %s", message)
            self._folder.gave_up_file.write_text(message, encoding="utf-8")
            self._process = None
            return
        self._start()

    def _start(self) -> None:
        self._folder.prepare_db()
        log = self._folder.mongod_log
        self._log_start = log.stat().st_size if log.exists() else 0
        self._is_ready = False
        arguments = [
            *(str(self._program), "--replSet", REPLICA_SET, "--port", str(self._port), "--bind_ip", "127.0.0.1"),
            *("--nounixsocket", "--dbpath", str(self._folder.db), "--logpath", str(log), "--logappend", "--quiet"),
            # A fresh folder takes 9 MB instead of 300 MB, and memory stays small beside a developer's other programs.
            *("--wiredTigerEngineConfigString", "log=(file_max=8MB,prealloc=false)"),
            *("--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "128"),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            # A killed server leaves its transactions open, and with them its clients' keys; ours take 10 s at most.
            *("--setParameter", "transactionLifetimeLimitSeconds=15"),
        ]
        self._process = subprocess.Popen(  # noqa: S603 - the program passed the preflight of `find_mongod`
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,  # keeper.log
            pass_fds=(self._owner_lock,),
            preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509 - the keeper has one thread
        )

    def _stop(self) -> None:
        if self._process is None:
            return
        _log.info("stopping mongod %d", self._process.pid)
        self._process.terminate()
        try:
            code = self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            _log.warning("mongod did not stop within %d s: killed (its journal keeps the data)", STOP_TIMEOUT_S)
            self._process.kill()
            code = self._process.wait()
        _log.info("mongod ended with code %d", code)

    def _why_dead(self) -> str:
        code = self._process.returncode if self._process else None
        how = f"was ended by signal {-code}" if code is not None and code < 0 else f"ended with code {code}"
        line = _first_error(self._folder.mongod_log, start=self._log_start)
        said = f" Its first error: {line}." if line else ""
        return f"mongod {how}.{said} See {self._folder.mongod_log} and {self._folder.keeper_log}."


def _take_port(folder: DataFolder) -> tuple[int, socket.socket]:
    """Return the folder's port and a socket that reserves it for mongod (bound, never listening).

    The port is never changed behind running servers: their address of the database would stay wrong for ever.
    """
    port = folder.read_port()
    if port is not None:
        return port, _reserve_kept_port(folder, port)
    offset = int.from_bytes(os.urandom(4), "little")
    for step in range(len(PORTS)):
        port = PORTS[(offset + step) % len(PORTS)]
        reservation = socket.socket()
        try:
            reservation.bind(("127.0.0.1", port))
        except OSError:
            reservation.close()
            continue
        # Set only now: another keeper's bind is refused, while mongod, which sets it too, may listen.
        reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        folder.write_port(port)
        return port, reservation
    raise MongodFault(f"No port from {PORTS[0]} to {PORTS[-1]} is free on 127.0.0.1. Stop a program that holds one.")


def _reserve_kept_port(folder: DataFolder, port: int) -> socket.socket:
    reservation = socket.socket()
    # Connections of the last mongod may still be in TIME_WAIT.
    reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    deadline = time.monotonic() + PORT_PATIENCE_S
    while True:
        try:
            reservation.bind(("127.0.0.1", port))
        except OSError as fault:
            if time.monotonic() > deadline:
                reservation.close()
                raise MongodFault(
                    f"Port {port}, kept in {folder.port_file}, is in use by another program. Stop it; or stop "
                    f"every server that uses {folder.root}, delete that file and start again: a new port is chosen."
                ) from fault
            time.sleep(START_POLL_S)
        else:
            return reservation


def _is_made_primary(port: int) -> bool:
    """Bring the replica set one step nearer to a writable primary; return whether it is there."""
    try:
        if is_primary(port):
            return True
        code = command({"replSetGetStatus": 1}, port=port).get("code")
        config = {"_id": REPLICA_SET, "version": 1, "members": [{"_id": 0, "host": f"127.0.0.1:{port}"}]}
        if code == _NOT_YET_INITIALIZED:
            command({"replSetInitiate": config}, port=port)
        elif code == _INVALID_REPLICA_SET_CONFIG:  # the folder has a new port: the set knows its member by the old one
            command({"replSetReconfig": config, "force": True}, port=port)
    except OSError:
        pass  # it does not listen yet
    return False


def _die_with(keeper: int) -> Callable[[], None] | None:
    """Return what mongod's process does before it becomes mongod: ask the kernel to be killed with its keeper."""
    if _LIBC is None:
        return None
    prctl = _LIBC.prctl

    def before_exec() -> None:
        # Not SIGTERM: a mongod that hangs would keep the folder for ever, and the journal holds what was acknowledged.
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != keeper:
            os._exit(1)

    return before_exec


def _first_error(log: Path, *, start: int) -> str | None:
    """Return the first error that mongod wrote after the byte `start`, else its first fatal line, or None.

    The first is the cause; those after it only say that mongod ends.
    """
    try:
        with log.open("rb") as file:
            file.seek(start)
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return None
    fatal: str | None = None
    for line in lines:
        try:
            record = json.loads(line)
            severity, said = record["s"], f"{record['msg']} {json.dumps(record.get('attr', {}))}"
        except (ValueError, KeyError, TypeError):
            continue  # cut off by a kill
        if severity == "E":
            return said
        if severity == "F":
            fatal = fatal or said
    return fatal


def main(arguments: Sequence[str]) -> int:
    """Go into the background and keep the mongod of a folder; see the module."""
    data, mongod, owner_lock = arguments
    if os.fork():
        os._exit(0)  # whoever started the keeper is not its parent: nobody has to wait for it
    os.umask(0o077)
    os.chdir(data)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s keeper[%(process)d] %(message)s")
    lock = int(owner_lock)
    os.set_inheritable(lock, False)  # noqa: FBT003 - only mongod gets it, by name
    keeper = Keeper(DataFolder(Path(data)), mongod=Path(mongod), owner_lock=lock, when_ready=_close_pipe)
    try:
        keeper.run()
    except MongodFault as fault:
        _log.error("%s", fault)
        sys.stdout.write(str(fault))
        return 1
    except Exception as fault:  # noqa: BLE001 - whoever waits at the pipe must be told
        _log.exception("the keeper failed")
        sys.stdout.write(f"The keeper of mongod failed: {fault!r}. See {data}/keeper.log.")
        return 1
    return 0


def _close_pipe() -> None:
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
