"""Looking at photos in child processes, which may hang, die or lie without harm to the server."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG
from typing import Final, Self

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
        examiner = _Examiner(await self._start())
        self._examiners.add(examiner)
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await examiner.greet()
        except BaseException as fault:
            await self._end(examiner)
            if isinstance(fault, _Broken | TimeoutError):
                raise InspectionFailed(f"the examiner does not start: {fault}") from fault
            raise
        return examiner

    async def _start(self) -> Process:
        environment = {name: value for name in _PASSED_ON if (value := os.environ.get(name)) is not None}
        try:
            return await asyncio.create_subprocess_exec(
                *self._command,
                str(os.getpid()),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                limit=MOST_ANSWER_BYTES,
                env={**environment, "LANG": "C.UTF-8"},
                start_new_session=True,  # the terminal's Ctrl-C is for the server alone
            )
        except OSError as fault:
            raise InspectionFailed(f"the examiner does not start: {fault}") from fault

    async def _end(self, examiner: _Examiner) -> None:
        self._examiners.discard(examiner)
        await examiner.kill()

    def _refuse_if_closed(self) -> None:
        if self._is_closed:
            raise InspectionFailed("the inspector is closed")


class _Examiner:
    """A child process. Asked and answered line by line."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        self._process = process
        self._requests = process.stdin
        self._answers = process.stdout
        self.pictures = 0

    @property
    def is_alive(self) -> bool:
        return self._process.returncode is None

    async def greet(self) -> None:
        """Wait until it is ready."""
        if await self._read() != b'{"ready": true}\n':
            raise _Broken("it did not say that it is ready")

    async def ask(self, source: Path, folder: Path) -> _Answer:
        """Let it look at a photo."""
        self.pictures += 1
        request = json.dumps({"source": str(source), "folder": str(folder)})
        try:
            self._requests.write(request.encode() + b"\n")
            await self._requests.drain()
        except ConnectionError:
            raise _Broken("it is gone") from None
        try:
            return _Answer.model_validate_json(await self._read())
        except ValidationError:
            # what it says is not quoted: a stranger may have written it
            raise _Broken("it answered what no examiner answers") from None

    async def kill(self) -> None:
        """End it, and wait until it is gone; a second call does no harm."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def _read(self) -> bytes:
        try:
            return await self._answers.readuntil(b"\n")
        except asyncio.IncompleteReadError:
            raise _Broken("it died") from None
        except (asyncio.LimitOverrunError, ConnectionError):
            raise _Broken("it says too much") from None


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
