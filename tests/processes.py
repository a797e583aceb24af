"""What tests ask of the processes around an embedded MongoDB."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import psutil

HANG_GUARD_S = 60


def processes_of(data: Path) -> dict[str, psutil.Process]:
    """Return the living keeper and mongod of a folder by name; fails when there are two of one kind."""
    found = _processes_of(data)
    if len(dict(found)) < len(found):
        # the first process of a keeper that starts ended in the middle of the look, and its child was an orphan
        found = _processes_of(data)
    assert len(dict(found)) == len(found), f"two of one kind: {found}"
    return dict(found)


def _processes_of(data: Path) -> list[tuple[str, psutil.Process]]:
    parents: dict[psutil.Process, int] = {}
    names: dict[psutil.Process, str] = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            arguments, parent = process.cmdline(), process.ppid()
            is_keeper = str(data) in arguments and "traya_gql.integrations.mongodb.keeper" in arguments
            if is_keeper or str(data / "db") in arguments:
                parents[process], names[process] = parent, "keeper" if is_keeper else "mongod"
    keepers = {process.pid for process, name in names.items() if name == "keeper"}
    # A keeper's child looks like a keeper until it has become mongod.
    return [(name, process) for process, name in names.items() if name == "mongod" or parents[process] not in keepers]


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + HANG_GUARD_S
    while not condition():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.02)


def eventually_gone(data: Path) -> None:
    eventually(lambda: processes_of(data) == {})


def eventually_dead(process: psutil.Process) -> None:
    """Wait for the end of a process; for an orphan, not for its new parent to notice."""

    def is_dead() -> bool:
        try:
            return process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    eventually(is_dead)
