"""The pictures of a store in a folder: uploads by ticket come in here, and signed URLs lead here."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Final

import orjson
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from traya_gql.integrations.images import ImageStoreUnavailable, TooManyBytes
from traya_gql.integrations.images.local_store import (
    SHOW_PATH,
    UPLOAD_PATH,
    AlreadyTaken,
    LocalStore,
    NotATicket,
    TicketEnded,
    TooManyUploads,
    WrongFormat,
)
from traya_gql.integrations.images.rules import is_of_upload

_ROOM_FOR_THE_REST: Final = 16_384
"""What a request may have beside its file, in bytes."""
_MOST_FIELDS: Final = 16
_FILE: Final = "file"
_COME_AGAIN_S: Final = 10
# Source: RFC 2046, section 5.1.1
_BOUNDARY: Final = re.compile(rb"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
_ORDER: Final = f"Send the fields of a ticket first, then the file as the field `{_FILE}`, and nothing after it."
_ERROR_HEADERS: Final = {
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
}
_PICTURE_HEADERS: Final = {
    "content-disposition": 'inline; filename="photo.jpg"',
    # should the file be no picture after all, nothing in it runs
    "content-security-policy": "default-src 'none'; sandbox",
    # pages of front ends lie on other origins
    "cross-origin-resource-policy": "cross-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

# each malformed request would leave a warning, and the answer says it already
logging.getLogger("python_multipart").setLevel(logging.ERROR)


class _Refused(Exception):
    """What is wrong with a request, and what to do, in words for the front end's developer."""

    def __init__(self, status: int, message: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after_s = retry_after_s


def _now() -> datetime:
    return datetime.now(UTC)


def routes(store: LocalStore, *, now: Callable[[], datetime] = _now, longest_upload_s: float = 300.0) -> list[Route]:
    """Return `POST /images/upload`, which takes one file with its ticket, and `GET /images/<key>`, which shows one.

    Errors are JSON: `{"error": {"message"}}`. Whatever a picture came as, what is shown is said to be JPEG: the service
    above the store puts nothing else under keys that are shown.

    Args:
        store: where the files lie.
        now: the clock.
        longest_upload_s: when an upload is given up; enough for 15 MB at 50 kB a second.
    """

    async def upload(request: Request) -> Response:
        try:
            async with asyncio.timeout(longest_upload_s):
                return await _upload(store, request, now())
        except _Refused as refused:
            return _error(refused)
        except TimeoutError:
            return _error(_Refused(408, "The upload took too long. Send a smaller file, or use a faster network."))
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it

    async def show(request: Request) -> Response:
        try:
            return await _show(store, request, now())
        except _Refused as refused:
            return _error(refused)

    return [
        _route(UPLOAD_PATH, upload, methods=["POST"]),
        _route(f"{SHOW_PATH}{{key:path}}", show, methods=["GET", "HEAD"]),
    ]


def _route(path: str, endpoint: Callable[[Request], Awaitable[Response]], *, methods: list[str]) -> Route:
    """Return a route that its whole path leads to: Starlette's `$` lets a line break follow."""
    route = Route(path, endpoint, methods=methods)
    route.path_regex = re.compile(rf"{route.path_regex.pattern.removesuffix('$')}\Z")
    return route


async def _upload(store: LocalStore, request: Request, at: datetime) -> Response:
    body = _Body(_parser_boundary(request.headers.get("content-type", "")), request.stream())
    fields = await body.fields()
    with _told_what_to_do(fields):
        ticket = store.upload_of(fields, at=at)
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced[:18]) > ticket.most_bytes + _ROOM_FOR_THE_REST:
            raise TooManyBytes
        receipt = await store.take(ticket, body.file(), at=at)
    taken = {
        "public_id": ticket.key,
        # a number, as Cloudinary sends it: a front end that works with one store works with the other
        "version": int(receipt.version),
        "signature": receipt.signature,
        "bytes": receipt.length,
    }
    return Response(orjson.dumps(taken), headers=_ERROR_HEADERS)


async def _show(store: LocalStore, request: Request, at: datetime) -> Response:
    key = request.path_params["key"]
    query = request.query_params
    until = store.shown_until(key, expires=query.get("expires", ""), signature=query.get("signature", ""), at=at)
    if until is None:
        raise _Refused(403, "This address has ended, or it was changed. Ask for a new one.")
    try:
        # what nobody has looked into yet is never shown
        file = None if is_of_upload(key) else await store.open(key)
    except ImageStoreUnavailable:
        raise _Refused(503, "The picture could not be read. Try again.") from None
    if file is None:
        raise _Refused(404, "There is no picture here.")
    headers = {**_PICTURE_HEADERS, "cache-control": f"private, max-age={int((until - at).total_seconds())}"}
    return _OpenFileResponse(file, headers=headers, media_type="image/jpeg")


class _OpenFileResponse(FileResponse):
    """Shows a file that is open already, and closes it: it may be deleted meanwhile, and still has all its bytes."""

    def __init__(self, file: IO[bytes], *, headers: Mapping[str, str], media_type: str) -> None:
        # Starlette opens a path, after it has sent the headers: this one leads to the open file itself
        path = f"/dev/fd/{file.fileno()}"
        super().__init__(path, headers=headers, media_type=media_type, stat_result=os.fstat(file.fileno()))
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._file:
            await super().__call__(scope, receive, send)


@contextmanager
def _told_what_to_do(fields: Mapping[str, str]) -> Iterator[None]:
    """Turn what the store refuses into answers."""
    try:
        yield
    except NotATicket:
        raise _Refused(403, "These are not the fields of a ticket. Send them all, unchanged.") from None
    except TicketEnded:
        raise _Refused(403, "This ticket has ended. Ask for a new one.") from None
    except AlreadyTaken:
        raise _Refused(409, "This ticket was used. Ask for a new one to send another file.") from None
    except TooManyUploads:
        message = f"Many files come in just now. Send yours again in {_COME_AGAIN_S} seconds."
        raise _Refused(503, message, retry_after_s=_COME_AGAIN_S) from None
    except TooManyBytes:
        most = fields["most_bytes"]
        raise _Refused(413, f"The file can have at most {most} bytes. Send a smaller one.") from None
    except WrongFormat:
        raise _Refused(415, f"The file is none of these: {fields['formats']}. Send one that is.") from None
    except ImageStoreUnavailable:
        raise _Refused(503, "The file could not be stored. Send it again.") from None


def _error(refused: _Refused) -> Response:
    headers = dict(_ERROR_HEADERS)
    if refused.retry_after_s is not None:
        headers["retry-after"] = str(refused.retry_after_s)
    return Response(orjson.dumps({"error": {"message": refused.message}}), refused.status, headers)


def _parser_boundary(content_type: str) -> bytes:
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        raise _Refused(415, "Send the upload as multipart/form-data.")
    boundary = options.get(b"boundary", b"")
    if _BOUNDARY.fullmatch(boundary) is None:
        raise _Refused(400, "The content-type has no boundary that can be used. Let your HTTP client make it.")
    return boundary


@dataclass
class _Part:
    """One part of the body: its header lines, and its text if it is no file."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    header: bytes = b""
    value: bytes = b""
    name: str = ""
    text: bytearray = field(default_factory=bytearray)


class _Body:
    """Reads a multipart body in one go: the fields, then the file, of which at most one piece is in memory.

    Args:
        boundary: what stands between the parts.
        pieces: the body as it comes.
    """

    def __init__(self, boundary: bytes, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
        )
        self._fields: dict[str, str] = {}
        self._part = _Part()
        self._of_file: list[bytes] = []
        self._bytes = 0
        self._file_bytes = 0
        self._has_file = False
        self._has_ended = False

    async def fields(self) -> dict[str, str]:
        """Read up to the file and return what stands before it."""
        while not self._has_file:
            await self._read()
        return self._fields

    async def file(self) -> AsyncIterator[bytes]:
        """Read the rest of the body and give the file piece by piece; raise at the end when it is not whole."""
        while True:
            if self._of_file:
                piece = b"".join(self._of_file)
                self._of_file.clear()
                yield piece
            if self._has_ended:
                return
            await self._read()

    async def _read(self) -> None:
        """Read one more piece."""
        try:
            piece = await anext(self._pieces)
        except StopAsyncIteration:
            raise _Refused(400, f"The body ends too early. {_ORDER}") from None
        self._bytes += len(piece)
        try:
            self._parser.write(piece)
        except FormParserError:
            raise _Refused(400, f"The body is no multipart/form-data. {_ORDER}") from None
        if self._bytes - self._file_bytes > _ROOM_FOR_THE_REST:
            raise _Refused(413, f"The fields can have at most {_ROOM_FOR_THE_REST} bytes together. {_ORDER}")

    # --- what the parser calls ----------------------------------------------------------------------------------------

    def _on_part_begin(self) -> None:
        if self._has_file or len(self._fields) == _MOST_FIELDS:
            raise _Refused(400, _ORDER)
        self._part = _Part()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._part.header += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.value += data[start:end]

    def _on_header_end(self) -> None:
        self._part.headers[self._part.header.lower()] = self._part.value
        self._part.header = self._part.value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._part.headers.get(b"content-disposition"))
        self._part.name = _text(options.get(b"name", b""))
        self._has_file = self._part.name == _FILE

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._has_file:
            self._file_bytes += end - start
            self._of_file.append(data[start:end])
        else:
            self._part.text += data[start:end]

    def _on_part_end(self) -> None:
        if not self._has_file:
            if self._part.name in self._fields:
                raise _Refused(400, f"A field comes twice. {_ORDER}")
            self._fields[self._part.name] = _text(bytes(self._part.text))

    def _on_end(self) -> None:
        self._has_ended = True


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise _Refused(400, "The fields are no UTF-8. Send them as the ticket has them.") from None
