"""What a process gives up before it opens files of strangers. Linux only."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from traya_gql.domain.photos import MOST_BYTES

MEMORY_BYTES: Final = 1 << 30
"""The address space of the process. Source: measured, see `tests/integrations/test_photo_examiners.py`."""

_NICENESS: Final = 10

_PR_SET_PDEATHSIG: Final = 1  # Source: linux/prctl.h
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38

# Source: linux/landlock.h, and https://docs.kernel.org/userspace-api/landlock.html for what came with which version
_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_VERSION_FLAG: Final = 1
_RULE_PATH_BENEATH: Final = 1
_READ_FILE: Final = 1 << 2
_READ_DIR: Final = 1 << 3
# of files: version 1 knew 13 rights; then came links between folders, truncation, and orders to devices
_FILE_RIGHTS: Final = ((1, (1 << 13) - 1), (2, 1 << 13), (3, 1 << 14), (5, 1 << 15))
# of the network: to listen and to connect by TCP
_NET_RIGHTS: Final = ((4, 0b11),)
# what may reach beyond the process: abstract Unix sockets, signals
_SCOPES: Final = ((6, 0b11),)

_LIBRARIES: Final = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")


def confine(*, parent: int) -> None:
    """Bind this process to its parent's life, and to little memory, few and small files, and no core dumps.

    A core would hold pictures of customers. It steps back for whoever else wants a core of the machine. Of files it
    keeps those it has open; see `_shut_in` for the rest. Threads are not forbidden: the decoder of HEIC dies without
    its own.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((_PR_SET_PDEATHSIG, signal.SIGKILL), (_PR_SET_NO_NEW_PRIVS, 1), (_PR_SET_DUMPABLE, 0)):
        if libc.prctl(option, value, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), f"prctl {option}")
    if os.getppid() != parent:  # it died before it could take this process along
        sys.exit(1)
    os.nice(_NICENESS)
    for limit, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 2 * MOST_BYTES),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))
    _shut_in(_code_folders())


def landlock_version() -> int:
    """Return which Landlock the kernel has: 1 or more, or 0 for none."""
    found = _syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_FLAG))
    return max(found, 0)


def _shut_in(readable: Iterable[str]) -> None:
    """Forbid to open, make, link or run files, to read other processes, to use TCP, and to send signals.

    Only what lies in the folders named can be read. Needs no rights, only a kernel with Landlock: TCP is forbidden from
    its version 4 on (Linux 6.7), signals and abstract Unix sockets from 6 on (6.12). Where there is none, nothing is
    forbidden, and nothing is said. Named Unix sockets and UDP stay open everywhere: Landlock does not know them.
    """
    version = landlock_version()
    if version == 0:
        return
    rights = [sum(bits for since, bits in table if since <= version) for table in (_FILE_RIGHTS, _NET_RIGHTS, _SCOPES)]
    # an older kernel takes a longer structure as long as the rest of it is zero
    attributes = struct.pack("=QQQ", *rights)
    ruleset = _checked(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    try:
        for path in readable:
            with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
                _allow(ruleset, path)
        _checked(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str) -> None:
    beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rights = _READ_FILE | _READ_DIR if Path(path).is_dir() else _READ_FILE
        rule = struct.pack("=Qi", rights, beneath)
        _checked(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_RULE_PATH_BENEATH), rule, ctypes.c_uint32(0))
    finally:
        os.close(beneath)


def _code_folders() -> Iterator[str]:
    """Yield where modules and libraries lie that a decoder may load when it first needs them."""
    yield from _LIBRARIES
    yield from (path for path in os.environ.get("LD_LIBRARY_PATH", "").split(":") if path)
    yield str(Path(sys.base_prefix) / "lib")
    yield from (path for path in sys.path if path)


def _checked(number: int, *arguments: object) -> int:
    found = _syscall(number, *arguments)
    if found < 0:
        raise OSError(ctypes.get_errno(), f"landlock {number}")
    return found


def _syscall(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return int(libc.syscall(ctypes.c_long(number), *arguments))
