"""Reading a multipart request: an operation whose variables hold files.

Source: https://github.com/jaydenseric/graphql-multipart-request-spec; https://datatracker.ietf.org/doc/html/rfc7578
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any, TypeAlias

import orjson
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from traya_gql.services.uploads import UploadedFile

FILE_PREFIX = "traya-upload-"
"""How the names of the files on disk begin, for whoever clears what a killed process left."""

_ROOM_FOR_HEADERS = 16_384
_PIECE = 16_384
# with a piece and a file's buffer on top, less than 64 KiB lie in memory
_MOST_HELD = 32_768
_MOST_HEADERS = 8
_LONGEST_HEADER = 1_024
_LONGEST_QUOTE = 60
# Source: RFC 2046, section 5.1.1
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_PLAIN_ENCODINGS = frozenset({b"binary", b"8bit", b"7bit"})

Place: TypeAlias = tuple[Any, str | int]
"""Where a file goes: the object or list that holds it, and its name or index there."""

# each malformed request would leave a warning, and the answer says it already
logging.getLogger("python_multipart").setLevel(logging.ERROR)


class BadMultipart(Exception):
    """The body is no multipart request of GraphQL. The message tells the client what is wrong."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class TooManyBytes(BadMultipart):
    """The body, its text or one of its files is longer than it may be."""


@dataclass(frozen=True, kw_only=True)
class MultipartLimits:
    """The most that one multipart request may bring.

    Args:
        file_bytes: one file.
        files: how many; with `operations` and `map` they are all the fields that there can be.
        seconds: how long a request may take to arrive.
        at_a_time: how many requests with files there are at once; further ones wait, unread, as part of their time.
        folder: where files lie while their request runs; None: where the system keeps temporary files.
    """

    file_bytes: int
    files: int = 5
    seconds: float = 60
    at_a_time: int = 20
    folder: Path | None = None

    def body_bytes(self, operation_bytes: int) -> int:
        """Return how long the whole body can be, when `operations` and `map` have so many bytes."""
        return operation_bytes + self.files * self.file_bytes + _ROOM_FOR_HEADERS


@asynccontextmanager
async def read_multipart(
    stream: AsyncIterator[bytes], *, content_type: str, operation_bytes: int, limits: MultipartLimits
) -> AsyncIterator[dict[str, Any]]:
    """Read a body, and yield its operation with an `UploadedFile` in each place of `variables` that `map` names.

    The files are on disk until the block ends, however it ends.

    Args:
        stream: the body, in chunks of any size.
        content_type: the header, with its boundary.
        operation_bytes: what `operations` and `map` can have together.
        limits: for the files.

    Raises:
        TooManyBytes: more came than is taken.
        BadMultipart: anything else is wrong with it.
        OSError: the disk does not take the files.
    """
    most = limits.body_bytes(operation_bytes)
    with ExitStack() as files:
        form = _Form(operation_bytes=operation_bytes, limits=limits, files=files)
        parser = _parser(content_type, form)
        length = 0
        async for chunk in stream:
            length += len(chunk)
            if length > most:
                raise TooManyBytes(f"The request can have at most {most} bytes.")
            for start in range(0, len(chunk), _PIECE):
                try:
                    parser.write(chunk[start : start + _PIECE])
                except FormParserError:
                    raise BadMultipart("The body is not multipart/form-data with the boundary it announces.") from None
                await form.write_held(least=_MOST_HELD)
        yield await form.finish()


def _parser(content_type: str, form: _Form) -> MultipartParser:
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not _BOUNDARY.fullmatch(boundary):
        raise BadMultipart("The header Content-Type needs a `boundary` of 1 to 70 characters.")
    return MultipartParser(
        boundary,
        {
            "on_part_begin": form.begin_part,
            "on_header_field": form.add_to_header_name,
            "on_header_value": form.add_to_header_value,
            "on_header_end": form.end_header,
            "on_headers_finished": form.end_headers,
            "on_part_data": form.add,
            "on_part_end": form.end_part,
            "on_end": form.end,
        },
        max_header_count=_MOST_HEADERS,
        max_header_size=_LONGEST_HEADER,
    )


@dataclass(kw_only=True)
class _File:
    name: str
    file: IO[bytes]
    size_bytes: int = 0


@dataclass(kw_only=True)
class _Form:
    """What was read so far. The parser calls it; it refuses at the first thing that is wrong."""

    operation_bytes: int
    limits: MultipartLimits
    files: ExitStack
    _operation: dict[str, Any] | None = None
    _places: dict[str, list[Place]] | None = None
    _received: dict[str, _File] = field(default_factory=dict)
    _is_ended: bool = False
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _header_name: bytes = b""
    _header_value: bytes = b""
    # of the part that comes in now: its text, or its file
    _text: bytearray = field(default_factory=bytearray)
    _text_bytes: int = 0
    _file: _File | None = None
    # bytes of files that are not on disk yet
    _held: list[tuple[IO[bytes], bytes]] = field(default_factory=list)
    _held_bytes: int = 0

    def begin_part(self) -> None:
        self._headers = {}
        self._text.clear()
        self._file = None

    def add_to_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def add_to_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def end_header(self) -> None:
        name = self._header_name.lower()
        if name in self._headers:
            raise BadMultipart("A field has the same header twice.")
        self._headers[name] = self._header_value.strip(b" \t")
        self._header_name = self._header_value = b""

    def end_headers(self) -> None:
        name = self._name()
        if self._operation is None:
            if name != "operations":
                raise BadMultipart("The first field must be `operations`, then `map`, then the files.")
        elif self._places is None:
            if name != "map":
                raise BadMultipart("The second field must be `map`, and the files come after it.")
        elif name not in self._places:
            raise BadMultipart(f"`map` does not name the file {_quoted(name)}.")
        elif name in self._received:
            raise BadMultipart(f"The file {_quoted(name)} is sent twice.")
        else:
            self._file = self._received[name] = self._new_file(name)

    def add(self, data: bytes, start: int, end: int) -> None:
        if self._file is None:
            self._text_bytes += end - start
            if self._text_bytes > (most := self.operation_bytes):
                raise TooManyBytes(f"`operations` and `map` can have at most {most} bytes together.")
            self._text += data[start:end]
            return
        self._file.size_bytes += end - start
        if self._file.size_bytes > (most := self.limits.file_bytes):
            raise TooManyBytes(f"A file can have at most {most} bytes, and {_quoted(self._file.name)} has more.")
        self._held.append((self._file.file, data[start:end]))
        self._held_bytes += end - start

    def end_part(self) -> None:
        if self._operation is None:
            self._operation = _read_operation(self._text)
        elif self._places is None:
            self._places = _read_map(self._text, self._operation, most_files=self.limits.files)

    def end(self) -> None:
        self._is_ended = True

    async def write_held(self, *, least: int = 1) -> None:
        """Write to disk what is held, if it is so many bytes."""
        if self._held_bytes < least:
            return
        held, self._held, self._held_bytes = self._held, [], 0
        # a cancelled request closes the files under this thread: their own lock has the one wait for the other
        await asyncio.to_thread(_write, held)

    async def finish(self) -> dict[str, Any]:
        """Return the operation, when the body is complete and every file is there and on disk."""
        if not self._is_ended:
            raise BadMultipart("The body ends too early: its last boundary is missing.")
        if self._operation is None or self._places is None:
            raise BadMultipart("The fields `operations` and `map` are needed, in this order.")
        for name in self._places:
            if name not in self._received:
                raise BadMultipart(f"`map` names the file {_quoted(name)}, and it was not sent.")
        await self.write_held()
        await asyncio.to_thread(_close, [one.file for one in self._received.values()])
        for name, one in self._received.items():
            uploaded = UploadedFile(path=Path(one.file.name), size_bytes=one.size_bytes)
            for holder, key in self._places[name]:
                holder[key] = uploaded
        return self._operation

    def _new_file(self, name: str) -> _File:
        file = NamedTemporaryFile(prefix=FILE_PREFIX, dir=self.limits.folder, delete=False)  # noqa: SIM115 - `files` closes it
        # whoever took the file may have moved it
        self.files.callback(Path(file.name).unlink, missing_ok=True)
        return _File(name=name, file=self.files.enter_context(file))

    def _name(self) -> str:
        if self._headers.get(b"content-transfer-encoding", b"binary").lower() not in _PLAIN_ENCODINGS:
            raise BadMultipart("Fields are sent as they are, without a Content-Transfer-Encoding.")
        kind, options = parse_options_header(self._headers.get(b"content-disposition"))
        if kind != b"form-data" or not options.get(b"name"):
            raise BadMultipart('Each field needs a header such as: Content-Disposition: form-data; name="operations"')
        try:
            return options[b"name"].decode()
        except UnicodeDecodeError:
            raise BadMultipart("The name of a field is not UTF-8.") from None


def _write(held: list[tuple[IO[bytes], bytes]]) -> None:
    for file, data in held:
        file.write(data)


def _close(files: list[IO[bytes]]) -> None:
    for file in files:
        file.close()


def _read_operation(text: bytes | bytearray) -> dict[str, Any]:
    try:
        operation = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BadMultipart("The field `operations` is not JSON.") from None
    if isinstance(operation, list):
        raise BadMultipart("Send one operation a request: batches are not accepted.")
    if not isinstance(operation, dict):
        raise BadMultipart("The field `operations` must be a JSON object.")
    return operation


def _read_map(text: bytes | bytearray, operation: dict[str, Any], *, most_files: int) -> dict[str, list[Place]]:
    """Return where each file goes, by its name: at least one place each, and no place twice."""
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BadMultipart("The field `map` is not JSON.") from None
    if not isinstance(given, dict):
        raise BadMultipart("The field `map` must be a JSON object.")
    if len(given) > most_files:
        raise BadMultipart(f"A request can have at most {most_files} files.")
    places: dict[str, list[Place]] = {}
    taken: set[tuple[int, str | int]] = set()
    for name, paths in given.items():
        if not isinstance(paths, list) or not paths:
            raise BadMultipart(f"`map` must give the file {_quoted(name)} a list with at least one path.")
        places[name] = [_place(operation, path) for path in paths]
        for path, (holder, key) in zip(paths, places[name], strict=True):
            if (id(holder), key) in taken:
                raise BadMultipart(f"`map` uses the path {_quoted(path)} twice.")
            taken.add((id(holder), key))
    return places


def _place(operation: dict[str, Any], path: object) -> Place:
    if not isinstance(path, str):
        raise BadMultipart("The paths in `map` must be text, such as `variables.file`.")
    root, *steps = path.split(".")
    if root != "variables" or not steps:
        raise BadMultipart(f"The path {_quoted(path)} in `map` must begin with `variables.` and name a variable.")
    found: Any = operation.get(root)
    place: Place | None = None
    for step in steps:
        if isinstance(found, dict) and step in found:
            place = (found, step)
            found = found[step]
        elif isinstance(found, list) and _INDEX.fullmatch(step) and int(step) < len(found):
            place = (found, int(step))
            found = found[int(step)]
        else:
            raise BadMultipart(f"The path {_quoted(path)} in `map` leads nowhere in `operations`.")
    if place is None or found is not None:
        raise BadMultipart(f"The path {_quoted(path)} in `map` must lead to null in `operations`.")
    return place


def _quoted(text: str) -> str:
    return f'"{text}"' if len(text) <= _LONGEST_QUOTE else f'"{text[:_LONGEST_QUOTE]}…"'
