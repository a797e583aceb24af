"""A stand-in SMS vendor: real HTTP on loopback, with the moods of a real one.

`async with sms_standin() as vendor:` runs it in the test's own loop, `with sms_standin_in_a_thread() as vendor:` beside
a test that blocks. In both, the server under test may be another process: give it `vendor.url` and `vendor.token`.
"""

from __future__ import annotations

import asyncio
import json
import queue
import socket
import struct
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from uuid import UUID

from tests.processes import HANG_GUARD_S

TOKEN = "token-of-the-tests"
SLOW_S = 0.05


class SmsMode(Enum):
    """What the vendor does with a request."""

    OK = auto()
    SLOW = auto()
    """Takes the message, and says so after `SLOW_S`."""
    ERROR_500 = auto()
    HTML_502 = auto()
    BAD_REQUEST_400 = auto()
    REQUEST_TIMEOUT_408 = auto()
    TOO_MANY_429 = auto()
    REDIRECT_307 = auto()
    """Sends the client to this same address."""
    ENDLESS = auto()
    """Takes the message, and answers 200 with a body that never ends."""
    HANG = auto()
    """Never answers."""
    TAKE_AND_HANG = auto()
    """Takes the message, and never says so."""
    HALF_CLOSE = auto()
    """Ends its answer in the middle of the headers, and still listens."""
    RESET = auto()
    """Breaks the connection."""


_TAKING = {SmsMode.OK, SmsMode.SLOW, SmsMode.ENDLESS, SmsMode.TAKE_AND_HANG}
_STATUSES = {
    SmsMode.ERROR_500: HTTPStatus.INTERNAL_SERVER_ERROR,
    SmsMode.HTML_502: HTTPStatus.BAD_GATEWAY,
    SmsMode.BAD_REQUEST_400: HTTPStatus.BAD_REQUEST,
    SmsMode.REQUEST_TIMEOUT_408: HTTPStatus.REQUEST_TIMEOUT,
    SmsMode.TOO_MANY_429: HTTPStatus.TOO_MANY_REQUESTS,
    SmsMode.REDIRECT_307: HTTPStatus.TEMPORARY_REDIRECT,
}


@dataclass(frozen=True)
class TakenMessage:
    """A message that reached its customer."""

    phone: str
    text: str
    key: UUID


class SmsStandIn:
    """The vendor, listening on `url`."""

    def __init__(self) -> None:
        self.url = ""
        self.token = TOKEN
        self.mode = SmsMode.OK
        self.next_modes: deque[SmsMode] = deque()
        """The modes of the next calls; `mode` is that of all later ones."""
        self.calls = 0
        """All requests, whatever came of them."""
        self.messages: list[TakenMessage] = []
        """Each key once, in order."""
        self._unread: queue.SimpleQueue[TakenMessage] = queue.SimpleQueue()
        self._tasks: set[asyncio.Task[None]] = set()

    def next_message_blocking(self) -> TakenMessage:
        """Return the first message not read before; wait for it if need be."""
        return self._unread.get(timeout=HANG_GUARD_S)

    async def next_message(self) -> TakenMessage:
        """Return the first message not read before; wait for it if need be."""
        with suppress(queue.Empty):
            return self._unread.get_nowait()
        return await asyncio.to_thread(self.next_message_blocking)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/messages"
        try:
            yield
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            # the client may go away at any time
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._answer(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        start, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))

        self.calls += 1
        mode = self.next_modes.popleft() if self.next_modes else self.mode
        status = _STATUSES.get(mode, HTTPStatus.OK)
        if headers.get("authorization") != f"Bearer {self.token}":
            mode, status = SmsMode.OK, HTTPStatus.UNAUTHORIZED
        elif mode in _TAKING:
            status = self._take(start, headers, body)
        await self._say(status, mode, reader, writer)

    def _take(self, start: str, headers: dict[str, str], body: bytes) -> HTTPStatus:
        try:
            typed = json.loads(body)
            message = TakenMessage(phone=typed["to"], text=typed["text"], key=UUID(typed["key"]))
        except (ValueError, KeyError, TypeError):
            return HTTPStatus.UNPROCESSABLE_ENTITY
        if start != "POST /messages HTTP/1.1" or headers.get("idempotency-key") != str(message.key):
            return HTTPStatus.UNPROCESSABLE_ENTITY
        if message.key not in {taken.key for taken in self.messages}:
            self.messages.append(message)
            self._unread.put(message)
        return HTTPStatus.OK

    async def _say(
        self, status: HTTPStatus, mode: SmsMode, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        match mode:
            case SmsMode.HANG | SmsMode.TAKE_AND_HANG:
                await reader.read()  # returns when the client goes away
            case SmsMode.HALF_CLOSE:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")
                writer.write_eof()
                await reader.read()
            case SmsMode.RESET:
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            case SmsMode.ENDLESS:
                writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                while True:
                    writer.write(b"400\r\n" + b"x" * 0x400 + b"\r\n")
                    await writer.drain()
            case _:
                if mode is SmsMode.SLOW:
                    await asyncio.sleep(SLOW_S)
                page = b"<html>Bad gateway</html>" if mode is SmsMode.HTML_502 else b"{}"
                kind = "text/html" if mode is SmsMode.HTML_502 else "application/json"
                location = f"Location: {self.url}\r\n" if mode is SmsMode.REDIRECT_307 else ""
                head = (
                    f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {kind}\r\n{location}"
                    f"Content-Length: {len(page)}\r\nConnection: close\r\n\r\n"
                )
                writer.write(head.encode("ascii") + page)
                await writer.drain()


@asynccontextmanager
async def sms_standin() -> AsyncIterator[SmsStandIn]:
    """A vendor in the loop of the test."""
    vendor = SmsStandIn()
    async with vendor.listening():
        yield vendor


@contextmanager
def sms_standin_in_a_thread() -> Iterator[SmsStandIn]:
    """A vendor that answers while the test itself blocks."""
    vendor = SmsStandIn()
    listens = threading.Event()
    loop = asyncio.new_event_loop()
    ends = asyncio.Event()

    async def live() -> None:
        async with vendor.listening():
            listens.set()
            await ends.wait()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(live())

    thread = threading.Thread(target=run, name="sms-standin")
    thread.start()
    assert listens.wait(HANG_GUARD_S)
    try:
        yield vendor
    finally:
        loop.call_soon_threadsafe(ends.set)
        thread.join(HANG_GUARD_S)
