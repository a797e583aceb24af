"""Multipart requests: files on disk while their request runs, and a clear refusal of everything else."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import tempfile
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import strawberry
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route
from starlette.types import Message
from strawberry.schema.config import StrawberryConfig

from tests.processes import HANG_GUARD_S
from traya_gql.app import now
from traya_gql.context import Context
from traya_gql.graph import Graph
from traya_gql.graph.limits import Limits
from traya_gql.observability.logging import JsonLines
from traya_gql.schema.scalars import SCALARS
from traya_gql.schema.uploads import UPLOAD_SCALARS
from traya_gql.services.uploads import UploadedFile
from traya_gql.web.graphql import PREFLIGHT_HEADERS, GraphQLEndpoint
from traya_gql.web.multipart import FILE_PREFIX, BadMultipart, MultipartLimits, TooManyBytes, read_multipart

BOUNDARY = "kIq7xTn2"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
PREFLIGHT = {"GraphQL-Require-Preflight": "1"}
SPECIFICATION = "https://github.com/jaydenseric/graphql-multipart-request-spec"
FILE_BYTES = 2_000_000
OPERATION_BYTES = 1_000_000
KNOWN = b"\xff\xd8\xff\xe0 not really a picture \r\n--kIq7xT\r\n"
SEEN = {"size": len(KNOWN), "sha256": hashlib.sha256(KNOWN).hexdigest()}


# --- a small graph that takes files -------------------------------------------------------------------------------


@strawberry.type
class Seen:
    size: int
    sha256: str


def look(file: UploadedFile) -> Seen:
    data = file.path.read_bytes()
    assert len(data) == file.size_bytes
    return Seen(size=file.size_bytes, sha256=hashlib.sha256(data).hexdigest())


@strawberry.input
class Album:
    title: str
    cover: UploadedFile | None = None
    pages: list[UploadedFile] = strawberry.field(default_factory=list)


@strawberry.type
class Query:
    @strawberry.field
    def length(self, text: str | None = None, id: strawberry.ID | None = None, count: int | None = None) -> int:  # noqa: A002
        return len(text or "")

    @strawberry.field
    def shown(self) -> UploadedFile | None:
        return UploadedFile(path=Path("/nowhere"), size_bytes=0)


@strawberry.type
class Mutation:
    @strawberry.mutation
    def upload(self, file: UploadedFile) -> Seen:
        return look(file)

    @strawberry.mutation
    def maybe_upload(self, file: UploadedFile | None = None) -> Seen | None:
        return None if file is None else look(file)

    @strawberry.mutation
    def make(self, album: Album) -> list[Seen]:
        return [look(file) for file in (*([album.cover] if album.cover else []), *album.pages)]

    @strawberry.mutation
    def move(self, file: UploadedFile) -> bool:
        file.path.rename(file.path.with_name("moved"))
        return True

    @strawberry.mutation
    async def wait(self, file: UploadedFile) -> bool:
        await asyncio.sleep(30)
        return file.path.exists()

    @strawberry.mutation
    def fail(self, file: UploadedFile) -> bool:
        raise ValueError(str(file.path))


SCHEMA = strawberry.Schema(
    query=Query, mutation=Mutation, config=StrawberryConfig(scalar_map={**SCALARS, **UPLOAD_SCALARS})
)
UPLOAD = "mutation ($file: Upload!) { upload(file: $file) { size sha256 } }"
MAKE = "mutation ($album: Album!) { make(album: $album) { size sha256 } }"


@dataclass(frozen=True)
class Asker:
    """An endpoint, and where it puts files."""

    app: Starlette
    folder: Path

    async def post(self, body: Any, content_type: str = FORM, **headers: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://test") as http:
            response = await http.post(
                "/graphql", content=body, headers={**PREFLIGHT, "content-type": content_type, **headers}
            )
        assert left_in(self.folder) == []
        return response


def left_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def sizes_in(folder: Path) -> list[int]:
    return [path.stat().st_size for path in folder.iterdir()]


def asker_on(
    folder: Path,
    *,
    is_on: bool = True,
    limits: Limits | None = None,
    file_bytes: int = FILE_BYTES,
    seconds: float = 60,
    at_a_time: int = 20,
) -> Asker:
    endpoint = GraphQLEndpoint(
        graph=Graph(schema=SCHEMA, limits=limits or Limits(), is_open=True),
        make_context=lambda: Context(services=cast("Any", None), now=now),
        page=None,
        multipart=(
            MultipartLimits(file_bytes=file_bytes, folder=folder, seconds=seconds, at_a_time=at_a_time)
            if is_on
            else None
        ),
    )
    cors = Middleware(
        CORSMiddleware, allow_origins=["https://shop.test"], allow_methods=["POST"], allow_headers=PREFLIGHT_HEADERS
    )
    return Asker(Starlette(routes=[Route("/graphql", endpoint)], middleware=[cors]), folder)


@pytest.fixture
def asker(tmp_path: Path) -> Asker:
    return asker_on(tmp_path)


# --- bodies -------------------------------------------------------------------------------------------------------


def part(name: str | bytes, data: str | bytes, *headers: str, disposition: str | bytes | None = None) -> bytes:
    """Return one field with the line of the boundary before it."""
    given_name = name.encode() if isinstance(name, str) else name
    first = disposition if disposition is not None else b'form-data; name="' + given_name + b'"'
    first = first.encode() if isinstance(first, str) else first
    lines = [b"Content-Disposition: " + first, *(header.encode() for header in headers)]
    return b"--" + BOUNDARY.encode() + b"\r\n" + b"\r\n".join(lines) + b"\r\n\r\n" + encoded(data) + b"\r\n"


def encoded(data: str | bytes) -> bytes:
    return data.encode() if isinstance(data, str) else data


END = f"--{BOUNDARY}--\r\n".encode()


def operations(asked: str = UPLOAD, /, **variables: Any) -> bytes:
    return part("operations", json.dumps({"query": asked, "variables": variables}))


def mapped(places: Any) -> bytes:
    return part("map", json.dumps(places))


def photo(name: str = "0", data: bytes = KNOWN) -> bytes:
    return part(
        name, data, "Content-Type: image/jpeg", disposition=f'form-data; name="{name}"; filename="../../etc/passwd"'
    )


HEAD = operations(file=None)
MAP = mapped({"0": ["variables.file"]})
GOOD = HEAD + MAP + photo() + END


def error_of(response: httpx.Response) -> tuple[int, str, str]:
    """Return the status, the code and the message of an answer that is one error and nothing else."""
    body = response.json()
    assert set(body) == {"errors"}
    [error] = body["errors"]
    return response.status_code, error["extensions"]["code"], error["message"]


# --- files that arrive --------------------------------------------------------------------------------------------


async def test_a_file_arrives_whole_and_is_gone_afterwards(asker: Asker) -> None:
    response = await asker.post(GOOD)

    assert (response.status_code, response.json()) == (200, {"data": {"upload": SEEN}})


async def test_a_usual_client_is_understood(asker: Asker) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(asker.app), base_url="http://test") as http:
        response = await http.post(
            "/graphql",
            data={
                "operations": json.dumps({"query": UPLOAD, "variables": {"file": None}}),
                "map": json.dumps({"photo": ["variables.file"]}),
            },
            files={"photo": ("scalp.jpg", KNOWN, "image/jpeg")},
            headers={"Apollo-Require-Preflight": "true"},
        )

    assert response.json() == {"data": {"upload": SEEN}}
    assert left_in(asker.folder) == []


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, len(GOOD)])
async def test_it_does_not_matter_how_the_body_is_cut(asker: Asker, size: int) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(GOOD), size):
            yield GOOD[start : start + size]

    response = await asker.post(pieces())

    assert response.json() == {"data": {"upload": SEEN}}


async def test_files_go_where_the_map_says_in_any_order(asker: Asker) -> None:
    album = {"title": "Mine", "cover": None, "pages": [None, None]}
    places = {"0": ["variables.album.pages.1"], "b": ["variables.album.cover", "variables.album.pages.0"]}
    body = operations(MAKE, album=album) + mapped(places) + photo("b", b"two") + photo("0", b"one") + END

    response = await asker.post(body)

    hashes = [hashlib.sha256(data).hexdigest() for data in (b"two", b"two", b"one")]
    assert response.json() == {"data": {"make": [{"size": 3, "sha256": one} for one in hashes]}}


async def test_five_files_are_taken_and_an_empty_one_is_a_file(asker: Asker) -> None:
    places = {str(place): [f"variables.album.pages.{place}"] for place in range(5)}
    files = b"".join(photo(str(place), b"x" * place) for place in range(5))

    response = await asker.post(
        operations(MAKE, album={"title": "", "pages": [None] * 5}) + mapped(places) + files + END
    )

    assert [one["size"] for one in response.json()["data"]["make"]] == [0, 1, 2, 3, 4]


async def test_a_request_without_files_is_an_operation_like_any_other(asker: Asker) -> None:
    response = await asker.post(operations('{ length(text: "abc") }') + mapped({}) + END)

    assert response.json() == {"data": {"length": 3}}


@pytest.mark.parametrize(
    "name",
    [
        "__proto__",
        "constructor",
        "Straße",
        "a b",
    ],
)
async def test_names_that_mean_something_elsewhere_are_names_like_any_other(asker: Asker, name: str) -> None:
    body = operations(**dict.fromkeys(("file", name))) + mapped({"0": ["variables.file", f"variables.{name}"]})

    response = await asker.post(body + photo() + END)

    assert response.json() == {"data": {"upload": SEEN}}


async def test_what_stands_around_the_fields_is_passed_over(asker: Asker) -> None:
    response = await asker.post(b"\r\n" + GOOD + b"an epilogue " + photo("1"))

    assert response.json() == {"data": {"upload": SEEN}}


@pytest.mark.parametrize("encoding", ["binary", "8BIT", "7bit \t"])
async def test_an_encoding_that_changes_nothing_may_be_named(asker: Asker, encoding: str) -> None:
    file = part("0", KNOWN, f"Content-Transfer-Encoding: {encoding}")

    response = await asker.post(HEAD + MAP + file + END)

    assert response.json() == {"data": {"upload": SEEN}}


async def test_a_service_may_move_the_file_away(asker: Asker) -> None:
    body = operations("mutation ($file: Upload!) { move(file: $file) }", file=None)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(asker.app), base_url="http://test") as http:
        response = await http.post(
            "/graphql",
            content=body + mapped({"0": ["variables.file"]}) + photo() + END,
            headers={"content-type": FORM, **PREFLIGHT},
        )

    assert response.json() == {"data": {"move": True}}
    assert left_in(asker.folder) == ["moved"]


# --- who may send one ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", ["GraphQL-Require-Preflight", "Apollo-Require-Preflight", "apollo-require-preflight"]
)
async def test_a_preflight_header_of_any_value_opens(asker: Asker, header: str) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(asker.app), base_url="http://test") as http:
        response = await http.post("/graphql", content=GOOD, headers={"content-type": FORM, header: "false"})

    assert response.json() == {"data": {"upload": SEEN}}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"GraphQL-Require-Preflight": ""},
        {"Apollo-Require-Preflight": "  "},
        {"X-Requested-With": "XMLHttpRequest"},
        {"Origin": "https://evil.test", "Cookie": "session=1"},
    ],
)
async def test_what_a_form_of_another_site_can_send_is_403_and_does_nothing(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    asked = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal asked
        asked += 1
        yield GOOD

    async with httpx.AsyncClient(transport=httpx.ASGITransport(asker_on(tmp_path).app), base_url="http://test") as http:
        response = await http.post("/graphql", content=body(), headers={"content-type": FORM, **headers})

    assert error_of(response) == (
        403,
        "PREFLIGHT_REQUIRED",
        "Send the header graphql-require-preflight with any value along with a multipart/form-data request.",
    )
    assert asked == 0


@pytest.mark.parametrize(("origin", "status"), [("https://shop.test", 200), ("https://evil.test", 400)])
async def test_a_browser_asks_first_whether_it_may_send_the_header(asker: Asker, origin: str, status: int) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(asker.app), base_url="http://test") as http:
        response = await http.options(
            "/graphql",
            headers={
                "origin": origin,
                "access-control-request-method": "POST",
                "access-control-request-headers": "graphql-require-preflight",
            },
        )

    assert response.status_code == status


@pytest.mark.parametrize("body", [GOOD, b"x" * 3_000_000, b""], ids=["good", "long", "empty"])
async def test_where_uploads_are_off_it_is_415_and_says_how_to_upload(tmp_path: Path, body: bytes) -> None:
    response = await asker_on(tmp_path, is_on=False).post(body)

    assert error_of(response) == (
        415,
        "UNSUPPORTED_MEDIA_TYPE",
        "Send the request as application/json. For files: `createScalpPhotoUpload` says where to send a photo.",
    )


@pytest.mark.parametrize("content_type", ["multipart/mixed; boundary=x", "multipart/form-data+json", "multipart"])
async def test_other_multipart_types_are_415(asker: Asker, content_type: str) -> None:
    response = await asker.post(GOOD, content_type)

    assert error_of(response)[:2] == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_json_is_still_read_where_uploads_are_on(asker: Asker) -> None:
    response = await asker.post('{"query": "{ length }"}', "application/json")

    assert response.json() == {"data": {"length": 0}}


# --- malformed bodies ---------------------------------------------------------------------------------------------

NOT_A_FORM = "The body is not multipart/form-data with the boundary it announces."
CUT_SHORT = "The body ends too early: its last boundary is missing."
BOTH_NEEDED = "The fields `operations` and `map` are needed, in this order."
FIRST = "The first field must be `operations`, then `map`, then the files."
SECOND = "The second field must be `map`, and the files come after it."
NO_NAME = 'Each field needs a header such as: Content-Disposition: form-data; name="operations"'
NO_BOUNDARY = "The header Content-Type needs a `boundary` of 1 to 70 characters."
MALFORMED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", CUT_SHORT),
    "no field": (END, BOTH_NEEDED),
    "no multipart": (b'{"query": "{ length }"}', NOT_A_FORM),
    "text before": (b"preamble\r\n" + GOOD, NOT_A_FORM),
    "another boundary": (GOOD.replace(BOUNDARY.encode(), b"another"), NOT_A_FORM),
    "bare line feeds": (GOOD.replace(b"\r\n", b"\n"), NOT_A_FORM),
    "a boundary that goes on": (HEAD[: len(BOUNDARY) + 2] + b"X" + HEAD[len(BOUNDARY) + 2 :], NOT_A_FORM),
    "cut in a boundary": (GOOD[: -len(END) + 3], CUT_SHORT),
    "cut before the last dash": (GOOD[:-3], CUT_SHORT),
    "cut in the file": (GOOD[: -len(END) - 10], CUT_SHORT),
    "cut in the headers": ((HEAD + MAP + photo())[: len(HEAD + MAP) + 30], CUT_SHORT),
    "cut after a file": (HEAD + MAP + photo(), CUT_SHORT),
    "only operations": (HEAD + END, BOTH_NEEDED),
    "no map": (HEAD + photo() + END, SECOND),
    "no operations": (MAP + photo() + END, FIRST),
    "map first": (MAP + HEAD + photo() + END, FIRST),
    "file first": (photo() + HEAD + MAP + END, FIRST),
    "file before the map": (HEAD + photo() + MAP + END, SECOND),
    "operations twice": (HEAD + HEAD + MAP + photo() + END, SECOND),
    "operations again": (HEAD + MAP + HEAD + photo() + END, '`map` does not name the file "operations".'),
    "map twice": (HEAD + MAP + MAP + photo() + END, '`map` does not name the file "map".'),
    "the file twice": (HEAD + MAP + photo() + photo() + END, 'The file "0" is sent twice.'),
    "a file too many": (HEAD + MAP + photo() + photo("1") + END, '`map` does not name the file "1".'),
    "an unused file": (operations("{ length }") + mapped({}) + photo() + END, '`map` does not name the file "0".'),
    "a file missing": (HEAD + MAP + END, '`map` names the file "0", and it was not sent.'),
    "5,000 empty fields": (part("", "") * 5_000 + END, NO_NAME),
    "5,000 fields": (part("x", "") * 5_000 + END, FIRST),
    "5,000 fields after the map": (HEAD + MAP + part("x", "") * 5_000 + END, '`map` does not name the file "x".'),
    "a long name": (HEAD + MAP + photo("n" * 900) + END, f'`map` does not name the file "{"n" * 60}…".'),
    "a name in capitals": (part("Operations", "{}") + MAP + END, FIRST),
    "a name in percent signs": (part("%6fperations", "{}") + MAP + END, FIRST),
    "a name in another encoding": (part("é".encode("latin-1"), "") + MAP + END, "The name of a field is not UTF-8."),
    "an extended name": (part("", "", disposition="form-data; name*=UTF-8''operations") + END, NO_NAME),
    "no name": (part("", "", disposition="form-data") + END, NO_NAME),
    "an attachment": (part("", "", disposition='attachment; name="operations"') + END, NO_NAME),
    "no headers": (f"--{BOUNDARY}\r\n\r\n{{}}\r\n".encode() + END, NO_NAME),
    "a header without a name": (f"--{BOUNDARY}\r\n: x\r\n\r\n".encode() + END, NOT_A_FORM),
    "a header with a space": (f"--{BOUNDARY}\r\nContent Disposition: x\r\n\r\n".encode() + END, NOT_A_FORM),
    "a header over two lines": (part("x", "", "X-Long: a\r\n b") + END, NOT_A_FORM),
    "a header twice": (
        part("operations", "{}", 'content-disposition: form-data; name="map"') + END,
        "A field has the same header twice.",
    ),
    "nine headers": (part("operations", "{}", *(f"X-{one}: 1" for one in range(8))) + END, NOT_A_FORM),
    "100,000 headers": (part("operations", "{}", *["X: 1"] * 100_000) + END, "A field has the same header twice."),
    "a long header": (part("operations", "{}", f"X-Long: {'x' * 1_100}") + END, NOT_A_FORM),
    "an endless header name": (f"--{BOUNDARY}\r\n{'X' * 900_000}".encode(), NOT_A_FORM),
    "an endless header": (f"--{BOUNDARY}\r\nX: {'x' * 900_000}".encode(), NOT_A_FORM),
    "base64": (
        HEAD + MAP + part("0", "AAAA", "Content-Transfer-Encoding: BASE64") + END,
        "Fields are sent as they are, without a Content-Transfer-Encoding.",
    ),
}


@pytest.mark.parametrize(("body", "message"), MALFORMED.values(), ids=MALFORMED)
async def test_a_malformed_body_is_400_and_says_what_is_wrong(asker: Asker, body: bytes, message: str) -> None:
    response = await asker.post(body)

    assert error_of(response) == (400, "BAD_REQUEST", message)


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data;",
        "multipart/form-data; boundary",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        "multipart/form-data; boundary*=UTF-8''x",
        f"multipart/form-data; boundary={'x' * 71}",
        "multipart/form-data; boundary=é",
        'multipart/form-data; boundary="a "',
        "multipart/form-data; boundary=a@b",
    ],
)
async def test_a_boundary_that_none_can_be_is_400(asker: Asker, content_type: str) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(asker.app), base_url="http://test") as http:
        header = (b"content-type", content_type.encode("latin-1"))
        response = await http.post("/graphql", content=GOOD, headers=[header, (b"graphql-require-preflight", b"1")])

    assert error_of(response) == (400, "BAD_REQUEST", NO_BOUNDARY)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The field `operations` is not JSON."),
        ("{", "The field `operations` is not JSON."),
        ("{'query': '{ length }'}", "The field `operations` is not JSON."),
        ('{"query": NaN}', "The field `operations` is not JSON."),
        ("[" * 100_000, "The field `operations` is not JSON."),
        ('{"a":' * 100_000, "The field `operations` is not JSON."),
        (b'{"query": "\xff"}', "The field `operations` is not JSON."),
        (b'\xef\xbb\xbf{"query": "{ length }"}', "The field `operations` is not JSON."),
        ('{"query": "{ length }"}'.encode("utf-16"), "The field `operations` is not JSON."),
        ("null", "The field `operations` must be a JSON object."),
        ("5", "The field `operations` must be a JSON object."),
        ('"{ length }"', "The field `operations` must be a JSON object."),
        ("[]", "Send one operation a request: batches are not accepted."),
        ('[{"query": "{ length }"}]', "Send one operation a request: batches are not accepted."),
        ("{}", "`query` must be text with a GraphQL document."),
        ('{"query": ["{ length }"]}', "`query` must be text with a GraphQL document."),
        ('{"query": "{ length }", "operationName": 1}', "`operationName` must be text or null."),
        ('{"query": "{ length }", "variables": [null]}', "`variables` must be a JSON object or null."),
    ],
    ids=lambda value: ascii(value)[:30],
)
async def test_operations_that_are_none_are_400(asker: Asker, text: str | bytes, message: str) -> None:
    response = await asker.post(part("operations", text) + mapped({}) + END)

    assert error_of(response) == (400, "BAD_REQUEST", message)


NULL_NEEDED = 'The path "{}" in `map` must lead to null in `operations`.'
NOWHERE = 'The path "{}" in `map` leads nowhere in `operations`.'
NO_VARIABLE = 'The path "{}" in `map` must begin with `variables.` and name a variable.'
VARIABLES: dict[str, Any] = {
    "file": None,
    "text": "x",
    "zero": 0,
    "no": False,
    "list": [None, [None]],
    "object": {"a": None, "1": 1},
}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", NO_VARIABLE),
        (".", NO_VARIABLE),
        ("query", NO_VARIABLE),
        ("variables", NO_VARIABLE),
        ("file", NO_VARIABLE),
        ("0.variables.file", NO_VARIABLE),
        ("Variables.file", NO_VARIABLE),
        ("operationName", NO_VARIABLE),
        ("__class__.__init__", NO_VARIABLE),
        ("variables.", NOWHERE),
        ("variables..file", NOWHERE),
        ("variables.file.", NOWHERE),
        ("variables.file.a", NOWHERE),
        ("variables.nothing", NOWHERE),
        ("variables.File", NOWHERE),
        ("variables. file", NOWHERE),
        ("variables.__proto__", NOWHERE),
        ("variables.__class__", NOWHERE),
        ("variables.constructor.prototype", NOWHERE),
        ("variables.list.2", NOWHERE),
        ("variables.list.-1", NOWHERE),
        ("variables.list.+0", NOWHERE),
        ("variables.list.00", NOWHERE),
        ("variables.list.0 ", NOWHERE),
        ("variables.list.\u0660", NOWHERE),
        ("variables.list.\u00b2", NOWHERE),
        ("variables.list.0x0", NOWHERE),
        ("variables.list.append", NOWHERE),
        ("variables.list", NULL_NEEDED),
        ("variables.list.1", NULL_NEEDED),
        ("variables.text", NULL_NEEDED),
        ("variables.text.0", NOWHERE),
        ("variables.zero", NULL_NEEDED),
        ("variables.no", NULL_NEEDED),
        ("variables.object", NULL_NEEDED),
        ("variables.object.1", NULL_NEEDED),
        ("variables.object.0", NOWHERE),
    ],
)
async def test_a_path_that_leads_to_no_null_below_variables_is_400(asker: Asker, path: str, message: str) -> None:
    response = await asker.post(operations(**VARIABLES) + mapped({"0": [path]}) + photo() + END)

    assert error_of(response) == (400, "BAD_REQUEST", message.format(path))


@pytest.mark.parametrize(
    "path",
    ["variables.list." + "9" * 10_000, "variables" + ".list" * 100_000, "variables.list" + ".1.0" * 100_000],
    ids=["index", "deep", "zigzag"],
)
async def test_a_huge_path_is_400(asker: Asker, path: str) -> None:
    response = await asker.post(operations(**VARIABLES) + mapped({"0": [path]}) + photo() + END)

    assert error_of(response) == (400, "BAD_REQUEST", NOWHERE.format(f"{path[:60]}…"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The field `map` is not JSON."),
        ('{"0": ["variables.file"]', "The field `map` is not JSON."),
        ("null", "The field `map` must be a JSON object."),
        ("[]", "The field `map` must be a JSON object."),
        ('[["variables.file"]]', "The field `map` must be a JSON object."),
        ('{"0": []}', '`map` must give the file "0" a list with at least one path.'),
        ('{"0": null}', '`map` must give the file "0" a list with at least one path.'),
        ('{"0": "variables.file"}', '`map` must give the file "0" a list with at least one path.'),
        ('{"0": {"0": "variables.file"}}', '`map` must give the file "0" a list with at least one path.'),
        ('{"0": [null]}', "The paths in `map` must be text, such as `variables.file`."),
        ('{"0": [0]}', "The paths in `map` must be text, such as `variables.file`."),
        ('{"0": [["variables", "file"]]}', "The paths in `map` must be text, such as `variables.file`."),
        ('{"0": ["variables.file", "variables.file"]}', '`map` uses the path "variables.file" twice.'),
        ('{"0": ["variables.file"], "1": ["variables.file"]}', '`map` uses the path "variables.file" twice.'),
        (json.dumps({str(one): ["variables.file"] for one in range(6)}), "A request can have at most 5 files."),
    ],
)
async def test_a_map_that_is_none_is_400(asker: Asker, text: str, message: str) -> None:
    response = await asker.post(HEAD + part("map", text) + photo() + END)

    assert error_of(response) == (400, "BAD_REQUEST", message)


@pytest.mark.parametrize("variables", ["", ', "variables": null', ', "variables": [null]', ', "variables": "file"'])
async def test_a_map_into_variables_that_are_no_object_is_400(asker: Asker, variables: str) -> None:
    text = f'{{"query": "{UPLOAD}"{variables}}}'

    response = await asker.post(part("operations", text) + MAP + photo() + END)

    assert error_of(response) == (400, "BAD_REQUEST", NOWHERE.format("variables.file"))


# --- too much -----------------------------------------------------------------------------------------------------


async def test_a_file_of_the_most_bytes_is_taken_and_one_byte_more_is_413(asker: Asker) -> None:
    most = await asker.post(HEAD + MAP + photo(data=bytes(FILE_BYTES)) + END)
    too_much = await asker.post(HEAD + MAP + photo(data=bytes(FILE_BYTES + 1)) + END)

    assert most.json()["data"]["upload"]["size"] == FILE_BYTES
    assert error_of(too_much) == (
        413,
        "PAYLOAD_TOO_LARGE",
        'A file can have at most 2000000 bytes, and "0" has more.',
    )


async def test_operations_and_map_share_the_bytes_of_a_json_request(asker: Asker) -> None:
    start, places = '{"query": "{ length }", "x": "', json.dumps({})
    room = OPERATION_BYTES - len(start) - 2 - len(places)

    most = await asker.post(part("operations", f'{start}{"x" * room}"}}') + part("map", places) + END)
    too_much = await asker.post(part("operations", f'{start}{"x" * room}"}}') + part("map", f"{places} ") + END)

    assert most.json() == {"data": {"length": 0}}
    assert error_of(too_much) == (
        413,
        "PAYLOAD_TOO_LARGE",
        "`operations` and `map` can have at most 1000000 bytes together.",
    )


async def test_a_body_that_announces_too_much_is_not_read(tmp_path: Path) -> None:
    asked = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal asked
        asked += 1
        yield GOOD

    response = await asker_on(tmp_path).post(body(), **{"content-length": str(1_000_000 + 10_000_000 + 16_384 + 1)})

    assert error_of(response) == (413, "PAYLOAD_TOO_LARGE", "The request can have at most 11016384 bytes.")
    assert asked == 0


async def test_an_endless_epilogue_is_counted_while_it_streams(tmp_path: Path) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        yield GOOD
        for _ in range(1_000):
            sent += 65_536
            yield b"-" * 65_536

    response = await asker_on(tmp_path).post(body(), **{"content-length": str(len(GOOD))})

    assert error_of(response)[:2] == (413, "PAYLOAD_TOO_LARGE")
    assert sent < 11_016_384 + 65_536


# --- the scalar ---------------------------------------------------------------------------------------------------

NO_FILE = f"A file is sent with a multipart request; see {SPECIFICATION}"


@pytest.mark.parametrize(
    "value", ["", "x", 0, 1.5, True, {}, {"path": "/etc/passwd", "size_bytes": 1}, {"path": None}], ids=repr
)
async def test_no_json_value_is_a_file(asker: Asker, value: Any) -> None:
    body = json.dumps({"query": UPLOAD, "variables": {"file": value}})

    response = await asker.post(body, "application/json", accept="application/graphql-response+json")

    status, code, message = error_of(response)
    assert (status, code) == (400, "BAD_USER_INPUT")
    assert NO_FILE in message


@pytest.mark.parametrize("literal", ['"x"', "1", "true", "ENUM", "[]", '{path: "/etc/passwd", size_bytes: 1}'])
async def test_no_literal_and_no_default_is_a_file(asker: Asker, literal: str) -> None:
    for query in (
        f"mutation {{ upload(file: {literal}) {{ size }} }}",
        f"mutation ($file: Upload = {literal}) {{ maybeUpload(file: $file) {{ size }} }}",
        f'mutation {{ make(album: {{title: "", pages: [{literal}]}}) {{ size }} }}',
    ):
        response = await asker.post(json.dumps({"query": query}), "application/json")

        _, code, message = error_of(response)
        assert code == "BAD_USER_INPUT"
        assert NO_FILE in message


@pytest.mark.parametrize("literal", ["{a: $file}", "[$file]", "[[$file]]"])
async def test_a_file_inside_a_literal_is_no_file(asker: Asker, literal: str) -> None:
    query = f"mutation ($file: Upload!) {{ upload(file: {literal}) {{ size }} }}"

    response = await asker.post(operations(query, file=None) + MAP + photo() + END)

    assert {error["extensions"]["code"] for error in response.json()["errors"]} <= {
        "BAD_USER_INPUT",
        "GRAPHQL_VALIDATION_FAILED",
    }


async def test_null_is_no_file_where_one_is_needed(asker: Asker) -> None:
    body = json.dumps({"query": UPLOAD, "variables": {"file": None}})

    response = await asker.post(body, "application/json")

    assert error_of(response)[1] == "BAD_USER_INPUT"


async def test_a_file_is_never_shown(asker: Asker) -> None:
    response = await asker.post('{"query": "{ shown }"}', "application/json")

    [error] = response.json()["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["message"] == "A file is never shown: `Upload` is for arguments alone."


def test_the_scalar_says_how_it_is_sent() -> None:
    scalar = SCHEMA._schema.type_map["Upload"]

    assert "GraphQL-Require-Preflight" in (scalar.description or "")
    assert f'scalar Upload @specifiedBy(url: "{SPECIFICATION}")' in SCHEMA.as_str()


@contextmanager
def logged() -> Iterator[list[str]]:
    """Collect every line that is logged, as machines read it."""

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(JsonLines().format(record))

    lines: list[str] = []
    collector, root = Collector(logging.DEBUG), logging.getLogger()
    level = root.level
    root.addHandler(collector)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.removeHandler(collector)
        root.setLevel(level)


@pytest.mark.parametrize(
    "query",
    [
        "query ($file: String) { length(text: $file) }",
        "query ($file: ID) { length(id: $file) }",
        "query ($file: Int) { length(count: $file) }",
        "mutation ($file: Album!) { make(album: $file) { size } }",
        "mutation ($file: Upload!) { fail(file: $file) }",
    ],
)
async def test_where_a_file_lies_reaches_neither_the_client_nor_the_log(asker: Asker, query: str) -> None:
    with logged() as lines:
        response = await asker.post(operations(query, file=None) + MAP + photo() + END)

    assert response.json()["errors"][0]["extensions"]["code"] in {"BAD_USER_INPUT", "INTERNAL_SERVER_ERROR"}
    assert any("operation" in line for line in lines)
    for text in (response.text, *lines):
        assert FILE_PREFIX not in text
        assert str(asker.folder) not in text
        assert "passwd" not in text


async def test_a_malformed_body_leaves_one_line_in_the_log(asker: Asker) -> None:
    with logged() as lines:
        await asker.post(GOOD.replace(BOUNDARY.encode(), b"another"))

    [line] = [read for read in map(json.loads, lines) if read["logger"].startswith(("traya_gql", "python_multipart"))]
    assert (line["event"], line["outcome"], line["codes"]) == ("operation", "refused", ["BAD_REQUEST"])


# --- files on disk, and gone --------------------------------------------------------------------------------------


@dataclass
class Wire:
    """The server's side of a connection: what is received, with something to do before each message."""

    messages: list[Message | Callable[[], None]]
    sent: list[Message] = field(default_factory=list)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self) -> Message:
        while self.messages and callable(step := self.messages.pop(0)):
            step()
        if not callable(step):
            return step
        self.waiting.set()
        await asyncio.sleep(30)
        raise AssertionError

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def ask(self, asker: Asker) -> None:
        headers = [(b"content-type", FORM.encode()), (b"graphql-require-preflight", b"1")]
        scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}
        await asker.app(scope, self.receive, self.send)


def some(data: bytes) -> Message:
    return {"type": "http.request", "body": data, "more_body": True}


START = HEAD + MAP + photo(data=bytes(100_000))[:-2]


async def test_a_client_that_leaves_in_the_middle_leaves_no_file(asker: Asker) -> None:
    before: list[list[str]] = []
    wire = Wire([some(START), lambda: before.append(left_in(asker.folder)), {"type": "http.disconnect"}])

    await wire.ask(asker)

    [[name]] = before
    assert name.startswith(FILE_PREFIX)
    assert left_in(asker.folder) == []
    assert wire.sent == []


async def test_a_request_that_takes_too_long_to_arrive_is_ended_and_leaves_no_file(tmp_path: Path) -> None:
    asker = asker_on(tmp_path, seconds=0.1)
    wire = Wire([some(START), lambda: None])

    await wire.ask(asker)

    assert wire.sent[0]["status"] == 408
    assert b"REQUEST_TIMEOUT" in wire.sent[1]["body"]
    assert left_in(tmp_path) == []


async def test_requests_beyond_the_places_wait_unread(tmp_path: Path) -> None:
    asker = asker_on(tmp_path, seconds=1.5, at_a_time=1)
    first, second = Wire([some(START), lambda: None]), Wire([some(START), lambda: None])
    asked = asyncio.create_task(first.ask(asker))
    await asyncio.wait_for(first.waiting.wait(), HANG_GUARD_S)

    await asyncio.gather(asked, second.ask(asker))

    assert [wire.sent[0]["status"] for wire in (first, second)] == [408, 408]
    # what ended the first one gave its place to the second, or its own time was over before
    assert left_in(tmp_path) == []
    answer = await asker.post(HEAD + MAP + photo() + END)
    assert answer.status_code == 200


async def test_a_cancelled_request_leaves_no_file(asker: Asker) -> None:
    wire = Wire([some(START), lambda: None])
    asked = asyncio.create_task(wire.ask(asker))
    await wire.waiting.wait()
    before = left_in(asker.folder)

    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked

    assert len(before) == 1
    assert left_in(asker.folder) == []


@pytest.mark.parametrize("turns", range(0, 60, 3))
async def test_a_request_cancelled_at_any_time_leaves_no_file(asker: Asker, turns: int) -> None:
    wire = Wire([some(START[:50_000]), some(START[50_000:]), some(b"\r\n" + END), {"type": "http.request"}])
    asked = asyncio.create_task(wire.ask(asker))
    for _ in range(turns):
        await asyncio.sleep(0)

    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)

    assert left_in(asker.folder) == []


async def test_a_file_is_gone_when_the_operation_takes_too_long(tmp_path: Path) -> None:
    asker = asker_on(tmp_path, limits=Limits(seconds=0.2))
    query = "mutation ($file: Upload!) { wait(file: $file) }"

    response = await asker.post(operations(query, file=None) + MAP + photo() + END)

    assert response.json()["errors"][0]["extensions"]["code"] == "TIMEOUT"


async def test_a_disk_that_takes_no_files_is_a_masked_fault(tmp_path: Path) -> None:
    folder = tmp_path / "missing"
    app = asker_on(folder).app

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        response = await http.post("/graphql", content=GOOD, headers={"content-type": FORM, **PREFLIGHT})

    status, code, message = error_of(response)
    assert (status, code) == (500, "INTERNAL_SERVER_ERROR")
    assert "missing" not in message


# --- the reader by itself -----------------------------------------------------------------------------------------


async def once(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def test_a_file_is_on_disk_for_the_block_and_no_longer(tmp_path: Path) -> None:
    limits = MultipartLimits(file_bytes=1_000, folder=tmp_path)

    async with read_multipart(once(GOOD), content_type=FORM, operation_bytes=1_000, limits=limits) as operation:
        file = operation["variables"]["file"]
        data, mode = file.path.read_bytes(), file.path.stat().st_mode & 0o777

    assert (data, file.size_bytes, mode) == (KNOWN, len(KNOWN), 0o600)
    assert file.path.parent == tmp_path
    assert not file.path.exists()


async def test_a_file_is_gone_when_the_block_fails(tmp_path: Path) -> None:
    limits = MultipartLimits(file_bytes=1_000, folder=tmp_path)

    with pytest.raises(ZeroDivisionError):
        async with read_multipart(once(GOOD), content_type=FORM, operation_bytes=1_000, limits=limits):
            raise ZeroDivisionError

    assert left_in(tmp_path) == []


async def test_files_lie_with_the_temporary_ones_where_no_folder_is_named() -> None:
    limits = MultipartLimits(file_bytes=1_000)

    async with read_multipart(once(GOOD), content_type=FORM, operation_bytes=1_000, limits=limits) as operation:
        path = operation["variables"]["file"].path

    assert path.parent == Path(tempfile.gettempdir())
    assert not path.exists()


async def test_a_large_file_streams_to_disk_and_not_into_memory(tmp_path: Path) -> None:
    limits = MultipartLimits(file_bytes=FILE_BYTES, folder=tmp_path)
    chunk = bytes(65_536)
    on_disk: list[int] = []
    peaks: list[int] = []

    async def stream() -> AsyncIterator[bytes]:
        yield HEAD + MAP + part("0", "")[:-2]
        tracemalloc.reset_peak()
        start, _ = tracemalloc.get_traced_memory()
        for _ in range(FILE_BYTES // len(chunk)):
            yield chunk
            on_disk.extend(sizes_in(tmp_path))
        peaks.append(tracemalloc.get_traced_memory()[1] - start)
        yield b"\r\n" + END

    tracemalloc.start()
    try:
        async with read_multipart(stream(), content_type=FORM, operation_bytes=1_000, limits=limits) as operation:
            size = operation["variables"]["file"].size_bytes
    finally:
        tracemalloc.stop()

    assert size == 30 * 65_536
    held = [(place + 1) * len(chunk) - size for place, size in enumerate(on_disk)]
    assert len(held) == 30
    assert 0 <= min(held) <= max(held) < 65_536
    # what lies in memory, with the threads that write and their queue
    assert peaks[0] < 200_000


async def test_one_long_chunk_is_taken_in_small_pieces(tmp_path: Path) -> None:
    limits = MultipartLimits(file_bytes=FILE_BYTES, folder=tmp_path)
    body = HEAD + MAP + photo(data=bytes(FILE_BYTES)) + END

    tracemalloc.start()
    try:
        async with read_multipart(once(body), content_type=FORM, operation_bytes=1_000, limits=limits) as operation:
            peak = tracemalloc.get_traced_memory()[1]
            size = operation["variables"]["file"].size_bytes
    finally:
        tracemalloc.stop()

    assert size == FILE_BYTES
    assert peak < 200_000


async def test_the_body_is_counted_while_it_streams(tmp_path: Path) -> None:
    limits = MultipartLimits(file_bytes=1_000, files=2, folder=tmp_path)
    most = limits.body_bytes(500)
    rest = b"-" * (most - len(GOOD))

    async with read_multipart(once(GOOD, rest), content_type=FORM, operation_bytes=500, limits=limits) as operation:
        assert operation["variables"]["file"].size_bytes == len(KNOWN)
    with pytest.raises(TooManyBytes, match="at most 18884 bytes"):
        async with read_multipart(once(GOOD, rest, b"-"), content_type=FORM, operation_bytes=500, limits=limits):
            pass

    assert most == 500 + 2 * 1_000 + 16_384
    assert left_in(tmp_path) == []


# --- anything at all ----------------------------------------------------------------------------------------------

FUZZ = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
JSON_TEXTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
).map(json.dumps)
NAMES = st.sampled_from(["operations", "map", "0", "1", "", "é", '"', "a;b", "\\"]) | st.text(max_size=5)
PATHS = st.lists(st.sampled_from(["variables", "file", "list", "0", "1", "-1", "__proto__", ""]), max_size=4).map(
    ".".join
)
MAPS = st.dictionaries(NAMES, st.lists(PATHS, max_size=3), max_size=3).map(json.dumps)
OPERATIONS = st.sampled_from(
    [
        json.dumps({"query": UPLOAD, "variables": {"file": None}}),
        json.dumps({"query": UPLOAD, "variables": {"file": None, "list": [None, None]}}),
        json.dumps({"query": "{ length }"}),
    ]
)
PARTS = st.one_of(
    st.builds(part, st.just("operations"), OPERATIONS | JSON_TEXTS),
    st.builds(part, st.just("map"), MAPS | JSON_TEXTS),
    st.builds(photo, st.sampled_from(["0", "1"]), st.binary(max_size=40)),
    st.builds(part, NAMES, st.binary(max_size=40)),
    st.builds(lambda header: part("operations", "{}", header), st.text(max_size=20)),
    st.sampled_from([HEAD, MAP, END, b"\r\n", b"--", f"--{BOUNDARY}".encode(), b"--" + BOUNDARY.encode() + b"\r\n"]),
    st.binary(max_size=20),
)


def fine(response: httpx.Response) -> bool:
    """Whether an answer says what is wrong, or an operation ran."""
    body = response.json()
    if response.status_code != 200:
        return response.status_code in {400, 413} and body["errors"][0]["extensions"]["code"] != "INTERNAL_SERVER_ERROR"
    codes = {error["extensions"]["code"] for error in body.get("errors", [])}
    return "INTERNAL_SERVER_ERROR" not in codes


def cut(body: bytes, places: list[int]) -> list[bytes]:
    marks = [0, *sorted(place % (len(body) + 1) for place in places), len(body)]
    return [body[start:end] for start, end in pairwise(marks)]


@FUZZ
@given(parts=st.lists(PARTS, max_size=6), places=st.lists(st.integers(0, 2_000), max_size=4))
@example(parts=[GOOD], places=[])
@example(parts=[HEAD, MAP, photo(), END], places=[1, 100, 300])
async def test_no_fields_at_all_are_a_fault(asker: Asker, parts: list[bytes], places: list[int]) -> None:
    response = await asker.post(once(*cut(b"".join(parts), places)))

    assert fine(response), response.text


@FUZZ
@given(place=st.integers(0, len(GOOD)), length=st.integers(0, 12), instead=st.binary(max_size=12))
async def test_no_damage_to_a_good_body_is_a_fault(asker: Asker, place: int, length: int, instead: bytes) -> None:
    response = await asker.post(GOOD[:place] + instead + GOOD[place + length :])

    assert fine(response), response.text


@FUZZ
@given(data=st.binary(max_size=400).map(lambda data: data.replace(BOUNDARY.encode(), b"")), size=st.integers(1, 64))
@example(data=f"\r\n--{BOUNDARY[:-1]}\r\n--\r".encode(), size=1)
async def test_every_file_arrives_as_it_is(asker: Asker, data: bytes, size: int) -> None:
    body = HEAD + MAP + photo(data=data) + END

    response = await asker.post(once(*(body[start : start + size] for start in range(0, len(body), size))))

    assert response.json() == {"data": {"upload": {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}}}


@FUZZ
@given(content_type=st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=80))
async def test_no_boundary_at_all_is_a_fault(tmp_path: Path, content_type: str) -> None:
    limits = MultipartLimits(file_bytes=1_000, folder=tmp_path)

    with pytest.raises(BadMultipart):
        async with read_multipart(
            once(GOOD), content_type=f"multipart/form-data;{content_type}", operation_bytes=1_000, limits=limits
        ):
            pass
