"""Looking at photos in child processes, which may hang, die or lie without harm to the server."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG
from typing import Final, Self, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from traya_gql.domain.photos import Inspected, PhotoSize, RejectionReason

EXAMINER: Final = (sys.executable, "-P", "-m", "traya_gql.integrations.images.examiner")
"""The program of the child; the process id of its parent is added."""

PICTURES_PER_EXAMINER: Final = 200
"""After so many, a child is replaced: what decoders leak, or what one broke, is gone with it."""

MOST_ANSWER_BYTES: Final = 4096
START_TIMEOUT_S: Final = 30

_ATTEMPTS: Final = 2
# the child needs no secret, so it gets none
_PASSED_ON: Final = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH")

_log = logging.getLogger(__name__)


class InspectionFailed(Exception):
    """Nobody looked at the photo, for a fault of ours: it may be tried again later."""


class _Broken(Exception):
    """The child died, or answered what no examiner answers."""


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
        timeout_s: how long a child may look at a photo.
        at_a_time: how many photos are looked at; further ones wait. Each may take a core, and up to
            `examiner.MEMORY_BYTES`.
        command: starts a child.
    """

    def __init__(self, *, timeout_s: float = 20, at_a_time: int = 1, command: Sequence[str] = EXAMINER) -> None:
        self._timeout_s = timeout_s
        self._command = command
        self._turns = asyncio.Semaphore(at_a_time)
        self._idle: list[_Examiner] = []
        self._examiners: set[_Examiner] = set()
        self._is_closed = False

    async def inspect(self, source: Path, folder: Path) -> Inspected | RejectionReason:
        """Look at a photo, and write its copies into a folder; return what was found, or why it was not taken.

        The folder holds `PhotoSize.file_name` of each size when the photo was taken, and otherwise nothing that counts.
        A photo on which a child dies is tried once more, as somebody else may have killed the child; then it is
        DAMAGED. A cancelled call leaves no process behind.

        Raises:
            InspectionFailed: no child could be started, a file could not be read or written, or `close` was called.
        """
        async with self._turns:
            for _ in range(_ATTEMPTS):
                try:
                    return await self._try(source, folder)
                except _Broken as broken:
                    _log.warning("an examiner of photos was replaced: %s", broken)
                    self._refuse_if_closed()
            return RejectionReason.DAMAGED

    async def close(self) -> None:
        """End the children; who waits for one gets InspectionFailed."""
        self._is_closed = True
        await asyncio.gather(*(self._end(examiner) for examiner in tuple(self._examiners)))

    async def _try(self, source: Path, folder: Path) -> Inspected | RejectionReason:
        examiner = await self._take()
        is_good = False
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await examiner.ask(source, folder)
            if answer.inspected is not None and not await asyncio.to_thread(_has_copies, folder):
                raise _Broken("it wrote no pictures")
            is_good = True
        except TimeoutError:
            return RejectionReason.TOO_SLOW
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
            transport, lines = await asyncio.get_running_loop().subprocess_exec(
                _Lines,
                *self._command,
                str(os.getpid()),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env={**environment, "LANG": "C.UTF-8"},
                start_new_session=True,  # the terminal's Ctrl-C is for the server alone
            )
        except OSError as fault:
            raise InspectionFailed(f"the examiner does not start: {fault}") from fault
        return _Examiner(transport, lines)

    async def _end(self, examiner: _Examiner) -> None:
        self._examiners.discard(examiner)
        await examiner.kill()

    def _refuse_if_closed(self) -> None:
        if self._is_closed:
            raise InspectionFailed("the inspector is closed")


class _Examiner:
    """A child process."""

    def __init__(self, transport: asyncio.SubprocessTransport, lines: _Lines) -> None:
        self._transport = transport
        self._lines = lines
        self.pictures = 0

    @property
    def is_alive(self) -> bool:
        return self._lines.fault is None and not self._lines.ended.is_set()

    async def greet(self) -> None:
        """Wait until it is ready."""
        if await self._lines.next() != b'{"ready": true}':
            raise _Broken("it did not say that it is ready")

    async def ask(self, source: Path, folder: Path) -> _Answer:
        """Let it look at a photo."""
        self.pictures += 1
        request = json.dumps({"source": str(source), "folder": str(folder)})
        cast("asyncio.WriteTransport", self._transport.get_pipe_transport(0)).write(request.encode() + b"\n")
        try:
            return _Answer.model_validate_json(await self._lines.next())
        except ValidationError:
            # what it says is not quoted: a stranger may have written it
            raise _Broken("it answered what no examiner answers") from None

    async def kill(self) -> None:
        """End it, and wait until it is gone; a second call does no harm."""
        with suppress(ProcessLookupError):
            self._transport.kill()
        self._transport.close()
        await self._lines.ended.wait()


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


def _has_copies(folder: Path) -> bool:
    """Whether a file lies there for each size: no link, as one could lead to what is no photo."""
    for size in PhotoSize:
        try:
            found = (folder / size.file_name).lstat()
        except OSError:
            return False
        if not (S_ISREG(found.st_mode) and found.st_size):
            return False
    return True
