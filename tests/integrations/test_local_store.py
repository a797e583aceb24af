"""The folder of pictures alone: what lies on the disk, whole or not at all, and what a ticket allows."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.processes import HANG_GUARD_S, eventually
from traya_gql.integrations.images import ImageStoreUnavailable, TooManyBytes
from traya_gql.integrations.images.files import in_thread, write_chunks
from traya_gql.integrations.images.local_store import (
    AlreadyTaken,
    LocalStore,
    NotATicket,
    TicketEnded,
    Upload,
    WrongFormat,
)

SECRET = "a secret of the tests, long enough to sign"
KEY = "0f3c9a1e/640"
UPLOAD = Upload("0f3c9a1e/upload", 20_000, ("jpg", "png", "webp", "heic"))
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40
AT = datetime(2026, 3, 4, 5, 6, 7, 890_000, tzinfo=UTC)

PUT = """
import asyncio, sys
from pathlib import Path
from traya_gql.integrations.images.local_store import LocalStore
asyncio.run(LocalStore(Path(sys.argv[1]), "secret", "http://test").put("0f3c9a1e/640", Path(sys.argv[2])))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "pictures"


@pytest.fixture
def store(folder: Path) -> LocalStore:
    return LocalStore(folder, SECRET, "https://traya.test/")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(JPEG)
    return path


async def pieces(*contents: bytes | Exception) -> AsyncIterator[bytes]:
    for content in contents:
        if isinstance(content, Exception):
            raise content
        yield content


def files_in(folder: Path) -> list[str]:
    """Return the files below a folder, those in the making too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def modes_in(folder: Path) -> dict[str, int]:
    """Return the permissions of a folder and all that is below it, by name."""
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}


# --- the disk -----------------------------------------------------------------------------------------------------


async def test_only_the_servers_own_user_can_read_the_folder(store: LocalStore, folder: Path, source: Path) -> None:
    before = os.umask(0)
    try:
        await store.put(KEY, source)
        await store.take(UPLOAD, pieces(JPEG), at=AT)
    finally:
        os.umask(before)

    assert modes_in(folder) == {"pictures": 0o700, ".drafts": 0o700, "0f3c9a1e": 0o700, "640": 0o600, "upload": 0o600}


async def test_a_deletion_leaves_no_empty_folder(store: LocalStore, folder: Path, source: Path) -> None:
    await store.put(KEY, source)
    await store.put("0f3c9a1e/320", source)

    await store.delete([KEY])
    assert files_in(folder) == ["0f3c9a1e/320"]
    await store.delete(["0f3c9a1e/320"])

    assert list(modes_in(folder)) == ["pictures", ".drafts"]


async def test_puts_and_deletions_at_the_same_time_do_not_disturb_each_other(store: LocalStore, source: Path) -> None:
    async def come_and_go(width: int) -> None:
        for _ in range(20):
            await store.put(f"0f3c9a1e/{width}", source)
            await store.delete([f"0f3c9a1e/{width}"])

    await asyncio.gather(*(come_and_go(width) for width in range(4)))

    assert not await store.holds("0f3c9a1e/0")


async def test_a_disk_that_fails_is_unavailable_and_logged_without_paths(
    store: LocalStore, source: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copy(source, source.with_name("data"))  # a file where a folder should be

    for call in (
        store.put(KEY, source),
        store.take(UPLOAD, pieces(JPEG), at=AT),
        store.delete([KEY]),
    ):
        with pytest.raises(ImageStoreUnavailable, match=r"^the disk failed: E[A-Z]+$"):
            await call

    ours = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(ours) == 3
    assert not [line for line in ours if "pictures/" in line or KEY in line]


async def test_a_failed_put_keeps_what_lay_there(store: LocalStore, folder: Path, source: Path) -> None:
    await store.put(KEY, source)
    shutil.rmtree(folder / ".drafts")
    (folder / ".drafts").write_text("in the way")

    with pytest.raises(ImageStoreUnavailable):
        await store.put(KEY, source)

    assert (folder / KEY).read_bytes() == JPEG


async def test_a_fetch_that_fails_leaves_nothing(store: LocalStore, source: Path, tmp_path: Path) -> None:
    await store.put(KEY, source)

    with pytest.raises(ImageStoreUnavailable):
        await store.fetch(KEY, tmp_path / "no such folder" / "target", most_bytes=20_000)
    with pytest.raises(TooManyBytes):
        await store.fetch(KEY, tmp_path / "target", most_bytes=10)

    assert files_in(tmp_path) == ["data/pictures/0f3c9a1e/640", "source"]


def test_a_process_that_is_killed_in_the_middle_of_a_put_leaves_nothing_under_the_key(
    folder: Path, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen([sys.executable, "-c", PUT, str(folder), str(pipe)]) as process, pipe.open("wb") as writing:
        writing.write(JPEG * 20)
        writing.flush()
        eventually(lambda: any(path.stat().st_size for path in folder.rglob(".drafts/*")))
        process.send_signal(signal.SIGKILL)
        process.wait(HANG_GUARD_S)

    assert not (folder / KEY).exists()
    [left] = files_in(folder)
    assert left.startswith(".drafts/")


async def test_what_a_killed_process_left_is_swept_away_later(store: LocalStore, folder: Path, source: Path) -> None:
    drafts = folder / ".drafts"
    drafts.mkdir(parents=True)
    (drafts / "old").write_bytes(JPEG)
    (drafts / "new").write_bytes(JPEG)
    os.utime(drafts / "old", (time.time() - 3700,) * 2)

    await store.put(KEY, source)

    assert files_in(folder) == [".drafts/new", KEY]


async def test_a_put_that_is_cancelled_is_over_when_the_caller_goes_on(
    store: LocalStore, folder: Path, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    call = asyncio.create_task(store.put(KEY, pipe))
    writing = await asyncio.to_thread(pipe.open, "wb")

    call.cancel()
    await asyncio.sleep(0)
    assert not call.done()
    writing.close()

    with pytest.raises(asyncio.CancelledError):
        await call
    assert [name for name in files_in(folder) if name != KEY] == []


# --- uploads ------------------------------------------------------------------------------------------------------


async def test_an_upload_lies_under_its_key_and_has_a_receipt(store: LocalStore, folder: Path) -> None:
    receipt = await store.take(UPLOAD, pieces(JPEG[:5], b"", JPEG[5:]), at=AT)

    assert (receipt.version, receipt.length) == ("1772600767", len(JPEG))
    assert store.is_receipt_good(UPLOAD.key, version=receipt.version, signature=receipt.signature)
    assert files_in(folder) == [UPLOAD.key]
    assert (folder / UPLOAD.key).read_bytes() == JPEG


async def test_an_upload_that_breaks_off_leaves_nothing(store: LocalStore, folder: Path) -> None:
    with pytest.raises(RuntimeError, match="gone"):
        await store.take(UPLOAD, pieces(JPEG, RuntimeError("gone")), at=AT)

    assert files_in(folder) == []


async def test_an_upload_that_is_cancelled_leaves_nothing(store: LocalStore, folder: Path) -> None:
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield JPEG
        begun.set()
        await asyncio.Event().wait()

    call = asyncio.create_task(store.take(UPLOAD, endless(), at=AT))
    await begun.wait()
    assert len(files_in(folder)) == 1

    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call
    assert files_in(folder) == []


async def test_an_upload_that_is_too_long_leaves_nothing(store: LocalStore, folder: Path) -> None:
    with pytest.raises(TooManyBytes):
        await store.take(UPLOAD, pieces(JPEG, JPEG), at=AT)

    assert files_in(folder) == []
    exactly = UPLOAD._replace(most_bytes=len(JPEG))
    assert (await store.take(exactly, pieces(JPEG), at=AT)).length == len(JPEG)


async def test_of_two_uploads_at_the_same_time_one_is_taken(store: LocalStore, folder: Path) -> None:
    outcomes = await asyncio.gather(
        *(store.take(UPLOAD, pieces(JPEG + bytes([number])), at=AT) for number in range(4)), return_exceptions=True
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["AlreadyTaken"] * 3 + ["Receipt"]
    assert files_in(folder) == [UPLOAD.key]


async def test_a_key_that_holds_something_takes_no_upload(store: LocalStore, folder: Path) -> None:
    await store.take(UPLOAD, pieces(JPEG), at=AT)

    with pytest.raises(AlreadyTaken):
        await store.take(UPLOAD, pieces(JPEG[:-1]), at=AT)

    assert (folder / UPLOAD.key).read_bytes() == JPEG


@pytest.mark.parametrize(
    "format_, head",
    [
        ("jpg", b"\xff\xd8\xff\xdb"),
        ("png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"),
        ("webp", b"RIFF\x24\x00\x00\x00WEBPVP8 "),
        ("heic", b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"),
        ("heic", b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00"),
    ],
)
async def test_a_format_is_known_by_how_the_file_begins(
    store: LocalStore, folder: Path, format_: str, head: bytes
) -> None:
    others = tuple({"jpg", "png", "webp", "heic"} - {format_})
    with pytest.raises(WrongFormat):
        await store.take(UPLOAD._replace(formats=others), pieces(head), at=AT)
    assert files_in(folder) == []

    assert (await store.take(UPLOAD._replace(formats=(format_,)), pieces(head), at=AT)).length == len(head)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8",
        b"<html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a\x01\x00\x01\x00",
        b"%PDF-1.7",
        b"RIFF\x24\x00\x00\x00WAVE",
        b"\x00\x00\x00\x18ftypavif",
        b"\x00\x00\x00\x18ftypmp42",
    ],
)
async def test_what_begins_otherwise_is_no_picture(store: LocalStore, folder: Path, content: bytes) -> None:
    with pytest.raises(WrongFormat):
        await store.take(UPLOAD, pieces(content), at=AT)

    assert files_in(folder) == []


# --- tickets and URLs ---------------------------------------------------------------------------------------------


def test_a_ticket_says_what_it_allows(store: LocalStore) -> None:
    ticket = store.ticket(UPLOAD.key, at=AT, most_bytes=20_000, formats=UPLOAD.formats)

    assert ticket.url == "https://traya.test/images/upload"
    assert ticket.expires_at == datetime(2026, 3, 4, 5, 16, 7, tzinfo=UTC)
    assert dict(ticket.fields) == {
        "key": "0f3c9a1e/upload",
        "expires": "1772601367",
        "most_bytes": "20000",
        "formats": "jpg,png,webp,heic",
        "signature": ticket.fields["signature"],
    }
    assert store.upload_of(ticket.fields, at=AT) == UPLOAD
    assert store.upload_of({**ticket.fields, "beside": "it"}, at=ticket.expires_at - timedelta(seconds=1)) == UPLOAD
    with pytest.raises(TicketEnded):
        store.upload_of(ticket.fields, at=ticket.expires_at)


@pytest.mark.parametrize("name", ["key", "expires", "most_bytes", "formats", "signature"])
def test_a_ticket_with_a_field_missing_or_changed_is_none(store: LocalStore, name: str) -> None:
    fields = dict(store.ticket(UPLOAD.key, at=AT, most_bytes=20_000, formats=UPLOAD.formats).fields)

    for changed in (
        {**fields, name: f"{fields[name]}0"},
        {**fields, name: ""},
        {**fields, name: "é\ud800"},
        {other: value for other, value in fields.items() if other != name},
    ):
        with pytest.raises(NotATicket):
            store.upload_of(changed, at=AT)


def test_the_parts_of_a_ticket_cannot_be_moved_against_each_other(store: LocalStore) -> None:
    fields = store.ticket("a/b", at=AT, most_bytes=1, formats=["jpg"]).fields
    moved = {**fields, "key": f"a/b\0{fields['expires']}", "expires": "1", "most_bytes": "jpg"}

    with pytest.raises(NotATicket):
        store.upload_of(moved, at=AT)


def test_another_servers_signatures_are_worth_nothing(store: LocalStore, folder: Path) -> None:
    other = LocalStore(folder, f"{SECRET}.", "https://traya.test")
    fields = other.ticket(UPLOAD.key, at=AT, most_bytes=1, formats=["jpg"]).fields
    _, _, query = other.url(KEY, at=AT).url.partition("?")
    expires, signature = (part.partition("=")[2] for part in query.split("&"))

    with pytest.raises(NotATicket):
        store.upload_of(fields, at=AT)
    assert store.shown_until(KEY, expires=expires, signature=signature, at=AT) is None
    assert other.shown_until(KEY, expires=expires, signature=signature, at=AT) == datetime(
        2026, 3, 4, 5, 20, tzinfo=UTC
    )


def test_a_url_ends_to_the_second(store: LocalStore) -> None:
    url, ends = store.url(KEY, at=AT)
    expires, signature = (part.partition("=")[2] for part in url.partition("?")[2].split("&"))

    def shown(at: datetime) -> datetime | None:
        return store.shown_until(KEY, expires=expires, signature=signature, at=at)

    assert url == f"https://traya.test/images/{KEY}?expires={expires}&signature={signature}"
    assert shown(ends - timedelta(microseconds=1)) == ends
    assert shown(ends) is None


@settings(deadline=None)
@given(key=st.text(), expires=st.text(), signature=st.text())
def test_what_a_stranger_makes_up_opens_nothing(key: str, expires: str, signature: str) -> None:
    store = LocalStore(Path("/nowhere"), SECRET, "https://traya.test")
    fields = {"key": key, "expires": expires, "most_bytes": "1", "formats": "jpg", "signature": signature}

    assert store.shown_until(key, expires=expires, signature=signature, at=AT) is None
    with pytest.raises(NotATicket):
        store.upload_of(fields, at=AT)


@settings(deadline=None)
@given(st.text(st.sampled_from("ab./\\\0%~-_\n"), max_size=12))
def test_no_key_leads_out_of_the_folder(key: str) -> None:
    store = LocalStore(Path("/nowhere/pictures"), SECRET, "https://traya.test")

    try:
        path = store.path_of(key)
    except ValueError:
        return
    assert Path(os.path.normpath(path)).parent.parent == Path("/nowhere/pictures")
    assert path.parent.name != ".drafts"


# --- files --------------------------------------------------------------------------------------------------------


async def test_a_new_file_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("whole")
    (tmp_path / "target").symlink_to(tmp_path / "victim")

    with pytest.raises(OSError, match="symbolic links"):
        await write_chunks(tmp_path / "target", pieces(JPEG), most_bytes=20_000)

    assert (tmp_path / "victim").read_text() == "whole"


async def test_the_error_of_work_whose_caller_went_away_is_dropped() -> None:
    begun, goes_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def work() -> None:
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(goes_on.wait(), loop).result(HANG_GUARD_S)
        raise RuntimeError("too late")

    call = asyncio.create_task(in_thread(work))
    await begun.wait()
    call.cancel()
    await asyncio.sleep(0)
    assert not call.done()
    goes_on.set()

    with pytest.raises(asyncio.CancelledError):
        await call
