"""Looking at photos in child processes, which may hang, die or lie without harm to the server."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, Self, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from traya_gql.domain.photos import Inspected, RejectionReason
from traya_gql.integrations.images.files import in_thread
from traya_gql.integrations.images.handover import Handover, NoPictures

EXAMINER: Final = (sys.executable, "-P", "-m", "traya_gql.integrations.images.examiner")
"""The program of the child; the process id of its parent is added."""

PICTURES_PER_EXAMINER: Final = 20
"""After so many, a child is replaced: what decoders leak, or what one broke, is gone with it."""

MOST_ANSWER_BYTES: Final = 4096
START_TIMEOUT_S: Final = 30

_ATTEMPTS: Final = 2
_LEAST_BUSY_SHARE: Final = 0.5
_EXIT_TIMEOUT_S: Final = 1
# the child needs no secret, so it gets none
_PASSED_ON: Final = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH")

_log = logging.getLogger(__name__)


class InspectionFailed(Exception):
    """Nobody looked at the photo, for a fault of ours: it may be tried again later."""


class _Broken(Exception):
    """The child died, or answered what no examiner answers."""


class _Killed(_Broken):
    """Somebody else killed the child, such as a machine that ran out of memory."""


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    inspected: Inspected | None = None
    rejected: RejectionReason | None = None
    failed: str | None = Field(default=None, pattern=r"^[A-Za-z]{1,40} [0-9]{1,4}$")

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if [self.inspected, self.rejected, self.failed].count(None) != 2:  # noqa: PLR2004 - of three
            raise ValueError("it says one thing")
        return self


class PhotoInspector:
    """Looks at photos, each in a child process that takes one at a time.

    Children start when they are needed and stay. A child dies with its parent, however that ends: with the thread that
    started it, so this belongs to an event loop that lives as long as its process.

    Args:
        timeout_s: how long a child may look at a photo; an honest one of 50 megapixels takes a fifth.
        at_a_time: how many photos are looked at; further ones wait. Each may take a core, and up to
            `examiner.MEMORY_BYTES`.
        command: starts a child.
    """

    def __init__(self, *, timeout_s: float = 10, at_a_time: int = 1, command: Sequence[str] = EXAMINER) -> None:
        self._timeout_s = timeout_s
        self._command = command
        self._turns = asyncio.Semaphore(at_a_time)
        self._idle: list[_Examiner] = []
        self._examiners: set[_Examiner] = set()
        self._is_closed = False

    async def inspect(self, source: Path, folder: Path) -> Inspected | RejectionReason:
        """Look at a photo, and write its copies into a folder; return what was found, or why it was not taken.

        The folder holds `PhotoSize.file_name` of each size when the photo was taken, and otherwise nothing that counts.
        The child never has the folder: it writes into memory, and what of it looks like a JPEG is copied from there.

        A photo on which a child dies is tried once more; then it is DAMAGED, unless a child was killed, as by a machine
        without memory. One at which a child works for too long is TOO_SLOW, unless the machine gave it little time to
        work. A cancelled call leaves no process behind.

        Raises:
            InspectionFailed: no child could be started, children were killed or not given time, a file could not be
                read or written, or `close` was called.
        """
        async with self._turns:
            was_killed = False
            for _ in range(_ATTEMPTS):
                try:
                    return await self._try(source, folder)
                except _Broken as broken:
                    _log.warning("an examiner of photos was replaced: %s", broken)
                    self._refuse_if_closed()
                    was_killed = was_killed or isinstance(broken, _Killed)
            if was_killed:
                raise InspectionFailed("an examiner was killed")
            return RejectionReason.DAMAGED

    async def close(self) -> None:
        """End the children; who waits for one gets InspectionFailed."""
        self._is_closed = True
        await asyncio.gather(*(self._end(examiner) for examiner in tuple(self._examiners)))

    async def _try(self, source: Path, folder: Path) -> Inspected | RejectionReason:
        examiner = await self._take()
        is_good = False
        try:
            await in_thread(partial(examiner.handover.give, source))
            worked_s = examiner.worked_s()
            try:
                async with asyncio.timeout(self._timeout_s):
                    answer = await examiner.ask()
            except TimeoutError:
                if examiner.worked_s() - worked_s < _LEAST_BUSY_SHARE * self._timeout_s:
                    raise InspectionFailed("the examiner got no time to work") from None
                return RejectionReason.TOO_SLOW
            if answer.inspected is not None:
                await in_thread(partial(examiner.handover.take, folder))
            await in_thread(examiner.handover.empty)
            is_good = True
        except NoPictures:
            raise _Broken("it wrote no pictures") from None
        except OSError as fault:
            self._refuse_if_closed()
            raise InspectionFailed(_said(fault)) from fault
        finally:
            if is_good and examiner.pictures < PICTURES_PER_EXAMINER and not self._is_closed:
                self._idle.append(examiner)
            else:
                await self._end(examiner)
        if answer.failed is not None:
            raise InspectionFailed(f"the examiner could not read or write files: {answer.failed}")
        found = answer.inspected or answer.rejected
        assert found is not None  # noqa: S101 - an answer says one thing
        return found

    async def _take(self) -> _Examiner:
        self._refuse_if_closed()
        while self._idle:
            examiner = self._idle.pop()
            if examiner.is_alive:
                return examiner
            await self._end(examiner)
        examiner = await self._start()
        self._examiners.add(examiner)
        try:
            self._refuse_if_closed()  # `close` did not know of this one yet
            async with asyncio.timeout(START_TIMEOUT_S):
                await examiner.greet()
        except BaseException as fault:
            await self._end(examiner)
            if isinstance(fault, _Broken | TimeoutError):
                raise InspectionFailed(f"the examiner does not start: {fault}") from fault
            raise
        return examiner

    async def _start(self) -> _Examiner:
        environment = {name: value for name in _PASSED_ON if (value := os.environ.get(name)) is not None}
        try:
            handover = Handover()
        except OSError as fault:
            raise InspectionFailed(_said(fault)) from fault
        try:
            transport, lines = await asyncio.get_running_loop().subprocess_exec(
                _Lines,
                *self._command,
                str(os.getpid()),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env={**environment, "LANG": "C.UTF-8"},
                pass_fds=handover.all,
                start_new_session=True,  # the terminal's Ctrl-C is for the server alone
            )
        except BaseException as fault:
            handover.close()
            if isinstance(fault, OSError):
                raise InspectionFailed(f"the examiner does not start: {fault}") from fault
            raise
        return _Examiner(transport, lines, handover)

    async def _end(self, examiner: _Examiner) -> None:
        self._examiners.discard(examiner)
        await examiner.kill()

    def _refuse_if_closed(self) -> None:
        if self._is_closed:
            raise InspectionFailed("the inspector is closed")


class _Examiner:
    """A child process."""

    def __init__(self, transport: asyncio.SubprocessTransport, lines: _Lines, handover: Handover) -> None:
        self._transport = transport
        self.handover = handover
        self._lines = lines
        self.pictures = 0

    @property
    def is_alive(self) -> bool:
        return self._lines.fault is None and not self._lines.ended.is_set()

    async def greet(self) -> None:
        """Wait until it is ready."""
        if await self._lines.next() != b'{"ready": true}':
            raise _Broken("it did not say that it is ready")

    async def ask(self) -> _Answer:
        """Let it look at the photo that it was given."""
        self.pictures += 1
        request = json.dumps(self.handover.request())
        cast("asyncio.WriteTransport", self._transport.get_pipe_transport(0)).write(request.encode() + b"\n")
        try:
            return _Answer.model_validate_json(await self._lines.next())
        except ValidationError:
            # what it says is not quoted: a stranger may have written it
            raise _Broken("it answered what no examiner answers") from None
        except _Broken:
            if await self._was_killed():
                raise _Killed("it was killed") from None
            raise

    def worked_s(self) -> float:
        """Return how long the machine has worked for it since its start; nothing when it is gone."""
        try:
            status = Path(f"/proc/{self._transport.get_pid()}/stat").read_text(encoding="ascii", errors="replace")
        except OSError:
            return 0
        # Source: proc_pid_stat(5), fields 14 and 15, of which the second may hold spaces
        user, system = status.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    async def kill(self) -> None:
        """End it, and wait until it is gone; a second call does no harm."""
        with suppress(ProcessLookupError):
            self._transport.kill()
        self._transport.close()
        try:
            await self._lines.ended.wait()
        finally:
            self.handover.close()

    async def _was_killed(self) -> bool:
        """Whether it ended by a signal that no program sends itself. One that still lives gets a moment to end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_EXIT_TIMEOUT_S):
                await self._lines.ended.wait()
        return self._transport.get_returncode() == -signal.SIGKILL


class _Lines(asyncio.SubprocessProtocol):
    """What a child says, a line for each thing it is asked.

    Not asyncio's streams: with them, the end of a child is not noticed while unread text waits in its pipe, or while a
    process that it left behind holds the pipe.
    """

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.fault: str | None = None
        self._received = bytearray()
        self._news = asyncio.Event()

    async def next(self) -> bytes:
        """Return the next line, without its end."""
        while self.fault is None and not self._received.endswith(b"\n"):
            self._news.clear()
            await self._news.wait()
        if self.fault is not None:
            raise _Broken(self.fault)
        line = bytes(self._received[:-1])
        self._received.clear()
        return line

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002 - there is one pipe
        self._received += data[: MOST_ANSWER_BYTES + 1]
        if len(self._received) > MOST_ANSWER_BYTES or b"\n" in self._received[:-1]:
            self._received.clear()
            self.fault = "it says too much"
        self._news.set()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002
        self._die()

    def process_exited(self) -> None:
        self.ended.set()
        self._die()

    def _die(self) -> None:
        self.fault = self.fault or "it died"
        self._news.set()


def _said(fault: OSError) -> str:
    # no paths
    return f"files could not be read or written: {type(fault).__name__} {fault.errno or 0}"
