"""The pictures of a folder over HTTP: what an upload may be, and how a picture is shown."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.types import Message

from traya_gql.integrations.images import Ticket
from traya_gql.integrations.images.local_store import LocalStore
from traya_gql.web import images

KEY = "0f3c9a1e/640"
UPLOAD_KEY = "0f3c9a1e/upload"
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40
MOST_BYTES = 20_000
AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ORDER = "Send the fields of a ticket first, then the file as the field `file`, and nothing after it."


class Clock:
    """Shows the time that a test sets."""

    def __init__(self) -> None:
        self.at = AT

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "pictures"


@pytest.fixture
def store(folder: Path) -> LocalStore:
    return LocalStore(folder, "a secret of the tests, long enough to sign", "http://test")


@pytest.fixture
def app(store: LocalStore, clock: Clock) -> Starlette:
    return Starlette(routes=images.routes(store, now=clock))


@pytest.fixture
async def http(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


@pytest.fixture
def ticket(store: LocalStore) -> Ticket:
    return store.ticket(UPLOAD_KEY, at=AT, most_bytes=MOST_BYTES, formats=["jpg", "png"])


@pytest.fixture
async def shown(store: LocalStore, tmp_path: Path) -> str:
    """The address of a picture that lies there."""
    source = tmp_path / "source"
    source.write_bytes(JPEG)
    await store.put(KEY, source)
    return store.url(KEY, at=AT).url


def body(*parts: tuple[str, bytes], end: bytes = b"--b--\r\n") -> bytes:
    """Return a multipart body with these parts, in this order."""
    return b"".join(
        b'--b\r\nContent-Disposition: form-data; name="' + head.encode() + b'"\r\n\r\n' + value + b"\r\n"
        for head, value in parts
    ) + (end)


def fields_of(ticket: Ticket, **changes: str) -> list[tuple[str, bytes]]:
    return [(name, value.encode()) for name, value in {**ticket.fields, **changes}.items()]


async def halted(ticket: Ticket, begun: asyncio.Event, goes_on: asyncio.Event) -> AsyncIterator[bytes]:
    """Give the body of an upload that stops in the middle of the file until it may go on."""
    whole = body(*fields_of(ticket), ('file"; filename="a.jpg', JPEG))
    yield whole[:-9000]
    yield whole[-9000:-8000]
    begun.set()
    await goes_on.wait()
    yield whole[-8000:]


async def post(http: httpx.AsyncClient, content: Any, **headers: str | bytes) -> tuple[int, str]:
    """Send a body as it is; return the status and what is said."""
    sent: dict[str, str | bytes] = {"content-type": "multipart/form-data; boundary=b", **headers}
    raw = [(name.encode(), value.encode() if isinstance(value, str) else value) for name, value in sent.items()]
    answered = await http.post("/images/upload", content=content, headers=raw)
    return answered.status_code, _message(answered)


async def send(http: httpx.AsyncClient, fields: Mapping[str, str], content: bytes = JPEG) -> tuple[int, str]:
    """Send a file as a plain client would."""
    answered = await http.post("/images/upload", data=dict(fields), files={"file": ("a.jpg", content)})
    return answered.status_code, _message(answered)


def _message(answered: httpx.Response) -> str:
    assert answered.headers["content-type"] == "application/json"
    assert answered.headers["cache-control"] == "no-store"
    said: dict[str, Any] = answered.json()
    return "" if answered.status_code == 200 else str(said["error"]["message"])


def is_open(path: Path) -> bool:
    """Whether this process has a file open."""
    for opened in Path("/dev/fd").iterdir():
        with suppress(OSError):  # it was closed meanwhile
            if opened.samefile(path):
                return True
    return False


def files_in(folder: Path) -> list[str]:
    """Return the files below a folder, those in the making too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# --- uploads ------------------------------------------------------------------------------------------------------


async def test_an_upload_is_answered_with_its_receipt(
    http: httpx.AsyncClient, store: LocalStore, folder: Path, ticket: Ticket
) -> None:
    answered = await http.post(ticket.url, data=dict(ticket.fields), files={"file": ("a.jpg", JPEG)})

    taken = answered.json()
    assert answered.status_code == 200
    assert taken == {
        "public_id": UPLOAD_KEY,
        "version": 1772600767,
        "signature": taken["signature"],
        "bytes": len(JPEG),
    }
    assert store.is_receipt_good(UPLOAD_KEY, version=str(taken["version"]), signature=taken["signature"])
    assert "set-cookie" not in answered.headers
    assert (folder / UPLOAD_KEY).read_bytes() == JPEG


@settings(deadline=None, max_examples=50)
@given(data=st.data())
async def test_a_body_may_come_in_any_pieces(data: st.DataObject) -> None:
    store = _StoreOfOne()
    ticket = store.ticket(UPLOAD_KEY, at=AT, most_bytes=MOST_BYTES, formats=["jpg"])
    content = JPEG[:300] + b"\r\n--b" + JPEG[:300] + b"\r\n"
    whole = body(*fields_of(ticket), ('file"; filename="a.jpg', content))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=30)))
    app = Starlette(routes=images.routes(store, now=lambda: AT))

    async def pieces() -> AsyncIterator[bytes]:
        for begin, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
            yield whole[begin:end]

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        assert await post(http, pieces()) == (200, "")

    assert store.taken == content


class _StoreOfOne(LocalStore):
    """Keeps the upload in memory: many examples need no disk."""

    def __init__(self) -> None:
        super().__init__(Path("/nowhere"), "a secret of the tests, long enough to sign", "http://test")
        self.taken = b""

    async def take(self, upload: Any, chunks: Any, *, at: datetime) -> Any:
        from traya_gql.integrations.images.local_store import Receipt

        self.taken = b"".join([chunk async for chunk in chunks])
        return Receipt("1", f"{upload.key} at {at}", len(self.taken))


async def test_a_ticket_is_used_once(http: httpx.AsyncClient, folder: Path, ticket: Ticket) -> None:
    assert await send(http, ticket.fields) == (200, "")

    again = await send(http, ticket.fields, JPEG[:-1])

    assert again == (409, "This ticket was used. Ask for a new one to send another file.")
    assert (folder / UPLOAD_KEY).read_bytes() == JPEG


async def test_a_ticket_takes_one_upload_at_a_time(http: httpx.AsyncClient, folder: Path, ticket: Ticket) -> None:
    begun, goes_on = asyncio.Event(), asyncio.Event()
    first = asyncio.create_task(post(http, halted(ticket, begun, goes_on)))
    await begun.wait()

    again = await send(http, ticket.fields)

    assert again == (409, "This ticket was used. Ask for a new one to send another file.")
    goes_on.set()
    assert await first == (200, "")
    assert (folder / UPLOAD_KEY).read_bytes() == JPEG


async def test_more_uploads_than_the_server_takes_at_a_time_are_told_to_come_again(
    folder: Path, ticket: Ticket
) -> None:
    store = LocalStore(folder, "a secret of the tests, long enough to sign", "http://test", most_uploads=1)
    other = store.ticket("another1/upload", at=AT, most_bytes=MOST_BYTES, formats=["jpg"])
    app = Starlette(routes=images.routes(store, now=lambda: AT))
    begun, goes_on = asyncio.Event(), asyncio.Event()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        first = asyncio.create_task(post(http, halted(ticket, begun, goes_on)))
        await begun.wait()

        refused = await http.post("/images/upload", data=dict(other.fields), files={"file": ("a.jpg", JPEG)})

        assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
        assert _message(refused) == "Many files come in just now. Send yours again in 10 seconds."
        goes_on.set()
        assert await first == (200, "")
        assert await send(http, other.fields) == (200, "")


async def test_a_disk_that_is_nearly_full_is_said(folder: Path, ticket: Ticket) -> None:
    store = LocalStore(folder, "a secret of the tests, long enough to sign", "http://test", least_free_bytes=1 << 62)
    app = Starlette(routes=images.routes(store, now=lambda: AT))

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        assert await send(http, ticket.fields) == (503, "The file could not be stored. Send it again.")

    assert files_in(folder) == []


async def test_a_ticket_that_has_ended_is_refused(
    http: httpx.AsyncClient, clock: Clock, folder: Path, ticket: Ticket
) -> None:
    clock.at = ticket.expires_at

    assert await send(http, ticket.fields) == (403, "This ticket has ended. Ask for a new one.")
    assert files_in(folder) == []


@pytest.mark.parametrize(
    "changes", [{"signature": "0" * 64}, {"key": "0f3c9a1e/640"}, {"most_bytes": "99999999"}, {"key": "../../etc/x"}]
)
async def test_fields_that_are_no_ticket_are_refused(
    http: httpx.AsyncClient, folder: Path, ticket: Ticket, changes: dict[str, str]
) -> None:
    refused = await send(http, {**ticket.fields, **changes})

    assert refused == (403, "These are not the fields of a ticket. Send them all, unchanged.")
    assert files_in(folder) == []


async def test_an_upload_without_a_ticket_is_refused_before_its_file_is_read(http: httpx.AsyncClient) -> None:
    read = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal read
        yield body(('file"; filename="a.jpg', JPEG), end=b"")[:-2]
        while True:
            read += 1
            yield JPEG

    status, _ = await post(http, pieces())

    assert status == 403
    assert read == 0


@pytest.mark.parametrize("end", ["%0a", "/", "%00", "x"])
async def test_an_address_that_only_begins_like_that_of_uploads_takes_none(
    http: httpx.AsyncClient, folder: Path, ticket: Ticket, end: str
) -> None:
    address = f"/images/upload{end}"

    answered = await http.post(address, data=dict(ticket.fields), files={"file": ("a.jpg", JPEG)})

    assert answered.status_code in {404, 405}
    assert files_in(folder) == []


async def test_a_file_that_is_too_long_is_refused(http: httpx.AsyncClient, folder: Path, ticket: Ticket) -> None:
    exactly = JPEG + bytes(MOST_BYTES - len(JPEG))

    refused = await send(http, ticket.fields, exactly + b"0")
    assert refused == (413, "The file can have at most 20000 bytes. Send a smaller one.")
    assert files_in(folder) == []
    assert await send(http, ticket.fields, exactly) == (200, "")


async def test_a_length_that_is_announced_is_believed_at_once(http: httpx.AsyncClient, ticket: Ticket) -> None:
    read = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal read
        yield body(*fields_of(ticket), ('file"; filename="a.jpg', JPEG), end=b"")[:-2]
        while True:
            read += 1
            yield JPEG

    status, _ = await post(http, pieces(), **{"content-length": str(MOST_BYTES + 16_385)})

    assert (status, read) == (413, 0)


async def test_an_endless_body_is_read_no_further_than_the_ticket_allows(
    http: httpx.AsyncClient, folder: Path, ticket: Ticket
) -> None:
    read = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal read
        yield body(*fields_of(ticket), ('file"; filename="a.jpg', JPEG[:4]), end=b"")[:-2]
        while True:
            read += 1000
            yield bytes(1000)

    status, _ = await post(http, pieces())

    assert status == 413
    assert read <= MOST_BYTES + 16_384
    assert files_in(folder) == []


@pytest.mark.parametrize("where", ["before", "within", "after"])
async def test_what_stands_beside_the_file_is_limited(
    http: httpx.AsyncClient, folder: Path, ticket: Ticket, where: str
) -> None:
    long = bytes(b"x" * 16_384)
    fields = fields_of(ticket)
    parts = {
        "before": body(*fields, ("padding", long), ('file"; filename="a.jpg', JPEG)),
        "within": body(*fields, ('file"; filename="' + "x" * 16_384, JPEG)),
        "after": body(*fields, ('file"; filename="a.jpg', JPEG), end=b"--b\r\n" + long),
    }

    status, _ = await post(http, parts[where])

    assert status in {400, 413}
    assert files_in(folder) == []


async def test_a_file_of_another_format_is_refused(http: httpx.AsyncClient, folder: Path, ticket: Ticket) -> None:
    for content in (b"RIFF\x24\x00\x00\x00WEBPVP8 ", b"<script>alert(1)</script>", b""):
        refused = await send(http, ticket.fields, content)
        assert refused == (415, "The file is none of these: jpg,png. Send one that is.")

    assert files_in(folder) == []


@pytest.mark.parametrize("kind", ["", "application/json", "application/x-www-form-urlencoded", "multipart/mixed"])
async def test_a_request_of_another_kind_is_refused(http: httpx.AsyncClient, kind: str) -> None:
    assert await post(http, b"{}", **{"content-type": kind}) == (415, "Send the upload as multipart/form-data.")


@pytest.mark.parametrize("boundary", [b"", b"; boundary=", b"; boundary=\xe9", b"; boundary=" + b"b" * 71])
async def test_a_boundary_that_is_none_is_refused(http: httpx.AsyncClient, boundary: bytes) -> None:
    status, message = await post(http, b"", **{"content-type": b"multipart/form-data" + boundary})

    assert (status, message[:40]) == (400, "The content-type has no boundary that ca")


def _malformed(ticket: Ticket) -> dict[str, bytes]:
    fields = fields_of(ticket)
    file = ('file"; filename="a.jpg', JPEG)
    return {
        "empty": b"",
        "no multipart": b"key=1&signature=2",
        "no file": body(*fields),
        "no end": body(*fields, file, end=b""),
        "cut in the file": body(*fields, file)[:-200],
        "cut in a field": body(*fields)[:50],
        "the file first": body(file, *fields),
        "a field after the file": body(*fields, file, ("caption", b"x")),
        "two files": body(*fields, file, file),
        "a field twice": body(*fields, fields[0], file),
        "many fields": body(*fields, *((f"f{number}", b"") for number in range(20)), file),
        "a part without a name": body(*fields).replace(b'name="formats"', b"x=1"),
        "no UTF-8": body(*fields, ("caption", b"\xff"), file),
    }


@pytest.mark.parametrize("name", list(_malformed(Ticket("", {"key": "x"}, AT))))
async def test_a_malformed_body_is_refused_with_what_to_do(
    http: httpx.AsyncClient, folder: Path, ticket: Ticket, name: str
) -> None:
    status, message = await post(http, _malformed(ticket)[name])

    assert (status, name) in {(400, name), (403, "the file first")}
    assert message
    assert files_in(folder) == []


@settings(deadline=None, max_examples=100)
@given(content=st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(lambda noise: b"--b\r\n" + noise)))
async def test_noise_is_refused(content: bytes) -> None:
    app = Starlette(routes=images.routes(_StoreOfOne(), now=lambda: AT))

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        status, message = await post(http, content)

    assert status in {400, 403}
    assert message


async def test_an_upload_whose_sender_goes_away_leaves_nothing(app: Starlette, folder: Path, ticket: Ticket) -> None:
    begun = body(*fields_of(ticket), ('file"; filename="a.jpg', JPEG))[:-500]
    messages: list[Message] = [
        {"type": "http.request", "body": begun, "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send_(message: Message) -> None:
        sent.append(message)

    await app(
        {
            "type": "http",
            "method": "POST",
            "path": "/images/upload",
            "query_string": b"",
            "headers": [(b"content-type", b"multipart/form-data; boundary=b")],
        },
        receive,
        send_,
    )

    assert sent[0]["status"] == 400
    assert files_in(folder) == []


async def test_an_upload_that_takes_too_long_is_given_up(store: LocalStore, folder: Path, ticket: Ticket) -> None:
    app = Starlette(routes=images.routes(store, now=lambda: AT, longest_upload_s=0.05))

    async def pieces() -> AsyncIterator[bytes]:
        yield body(*fields_of(ticket), ('file"; filename="a.jpg', JPEG))[:-500]
        await asyncio.Event().wait()

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        refused = await post(http, pieces())

    assert refused == (408, "The upload took too long. Send a smaller file, or use a faster network.")
    assert files_in(folder) == []


async def test_a_disk_that_fails_is_said(http: httpx.AsyncClient, folder: Path, ticket: Ticket) -> None:
    await asyncio.to_thread(folder.touch)

    assert await send(http, ticket.fields) == (503, "The file could not be stored. Send it again.")


# --- pictures -----------------------------------------------------------------------------------------------------


async def test_a_picture_is_shown_privately_and_runs_nothing(http: httpx.AsyncClient, shown: str) -> None:
    answered = await http.get(shown)

    assert (answered.status_code, answered.content) == (200, JPEG)
    headers = dict(answered.headers)
    assert headers.pop("etag")
    assert headers.pop("last-modified")
    assert headers == {
        "accept-ranges": "bytes",
        "cache-control": "private, max-age=833",
        "content-disposition": 'inline; filename="photo.jpg"',
        "content-length": str(len(JPEG)),
        "content-security-policy": "default-src 'none'; sandbox",
        "content-type": "image/jpeg",
        "cross-origin-resource-policy": "cross-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }


async def test_only_the_headers_can_be_asked_for(http: httpx.AsyncClient, shown: str) -> None:
    answered = await http.head(shown)

    assert (answered.status_code, answered.content) == (200, b"")
    assert answered.headers["content-length"] == str(len(JPEG))


@pytest.mark.parametrize(
    "asked, content, range_",
    [
        ("bytes=0-3", JPEG[:4], f"bytes 0-3/{len(JPEG)}"),
        ("bytes=-5", JPEG[-5:], f"bytes {len(JPEG) - 5}-{len(JPEG) - 1}/{len(JPEG)}"),
        ("bytes=10000-", JPEG[10_000:], f"bytes 10000-{len(JPEG) - 1}/{len(JPEG)}"),
    ],
)
async def test_a_part_of_a_picture_can_be_asked_for(
    http: httpx.AsyncClient, shown: str, asked: str, content: bytes, range_: str
) -> None:
    answered = await http.get(shown, headers={"range": asked})

    assert (answered.status_code, answered.content) == (206, content)
    assert answered.headers["content-range"] == range_
    assert answered.headers["x-content-type-options"] == "nosniff"
    assert answered.headers["cache-control"] == "private, max-age=833"


async def test_a_part_that_is_not_there_is_refused(http: httpx.AsyncClient, shown: str) -> None:
    answered = await http.get(shown, headers={"range": "bytes=999999-"})

    assert answered.status_code == 416
    assert answered.headers["content-range"] == f"bytes */{len(JPEG)}"


async def test_an_address_that_has_ended_shows_nothing(
    http: httpx.AsyncClient, clock: Clock, store: LocalStore, shown: str
) -> None:
    clock.at = store.url(KEY, at=AT).expires_at - timedelta(seconds=1)
    last = await http.get(shown)
    assert (last.status_code, last.headers["cache-control"]) == (200, "private, max-age=1")

    clock.at += timedelta(seconds=1)

    answered = await http.get(shown)
    assert answered.status_code == 403
    assert _message(answered) == "This address has ended, or it was changed. Ask for a new one."


async def test_a_picture_that_is_gone_is_not_found(http: httpx.AsyncClient, store: LocalStore, shown: str) -> None:
    await store.delete([KEY])

    answered = await http.get(shown)

    assert answered.status_code == 404
    assert _message(answered) == "There is no picture here."


@pytest.mark.parametrize("range_", [b"", b"bytes=0-9", b"bytes=0-9,20-29"])
async def test_a_picture_that_goes_while_it_is_shown_is_shown_to_its_end(
    app: Starlette, store: LocalStore, shown: str, range_: bytes
) -> None:
    path, _, query = shown.removeprefix("http://test").partition("?")
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send_(message: Message) -> None:
        if message["type"] == "http.response.start":
            await store.delete([KEY])
        sent.append(message)

    await app(
        {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": query.encode(),
            "headers": [(b"range", range_)] if range_ else [],
            "asgi": {"spec_version": "2.4"},
        },
        receive,
        send_,
    )

    length = next(int(value) for name, value in sent[0]["headers"] if name == b"content-length")
    content = b"".join(message["body"] for message in sent[1:])
    assert sent[0]["status"] == (206 if range_ else 200)
    assert len(content) == length
    assert JPEG[20:30] in content if b"," in range_ else JPEG.startswith(content)
    assert not await store.holds(KEY)


async def test_a_picture_is_closed_when_it_was_shown(http: httpx.AsyncClient, folder: Path, shown: str) -> None:
    with (folder / KEY).open("rb"):
        assert is_open(folder / KEY)

    for headers in ({}, {"range": "bytes=0-9"}, {"range": "bytes=999999-"}, {"range": "nonsense"}):
        await http.get(shown, headers=headers)
        await http.head(shown, headers=headers)

    assert not is_open(folder / KEY)


async def test_an_upload_that_nobody_has_looked_into_is_never_shown(
    http: httpx.AsyncClient, store: LocalStore, ticket: Ticket
) -> None:
    assert await send(http, ticket.fields) == (200, "")
    assert await store.holds(UPLOAD_KEY)

    assert (await http.get(store.url(UPLOAD_KEY, at=AT).url)).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/images/",
        "/images/x",
        "/images/upload",
        "/images/../settings.py",
        "/images/%2e%2e/%2e%2e/etc/passwd",
        "/images/0f3c9a1e/..%2f..%2fsource",
        "/images/.drafts/x",
        "/images//etc/passwd",
        "/images/0f3c9a1e/640%00",
        "/images/0f3c9a1e/640/",
        "/images/0f3c9a1e%5c640",
        "/images/0f3c9a1e/640%0a",
        "/images/0f3c9a1e/640%0a%0a",
        "/images/0f3c9a1e/640%0d%0a",
        "/images/%0a0f3c9a1e/640",
        "/images/0f3c9a1e/640%e2%80%a8",
    ],
)
async def test_no_path_leads_elsewhere(http: httpx.AsyncClient, shown: str, path: str) -> None:
    answered = await http.get(f"{path}?{shown.partition('?')[2]}")

    assert answered.status_code in {403, 404, 405}
    assert JPEG not in answered.content


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_a_picture_can_only_be_looked_at(http: httpx.AsyncClient, folder: Path, shown: str, method: str) -> None:
    assert (await http.request(method, shown)).status_code == 405
    assert (folder / KEY).read_bytes() == JPEG


async def test_a_picture_that_cannot_be_read_is_said(
    http: httpx.AsyncClient, folder: Path, store: LocalStore, shown: str
) -> None:
    await store.delete([KEY])
    os.symlink("640", folder / "loop")  # noqa: PTH211
    (folder / "0f3c9a1e").symlink_to("0f3c9a1e")

    answered = await http.get(shown)

    assert answered.status_code == 503
    assert _message(answered) == "The picture could not be read. Try again."
