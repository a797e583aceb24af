"""The folder of pictures alone: what lies on the disk, whole or not at all, and what a ticket allows."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.processes import HANG_GUARD_S, eventually
from traya_gql.integrations.images import ImageStoreUnavailable, TooManyBytes
from traya_gql.integrations.images.files import (
    BeingWritten,
    Draft,
    NewFile,
    in_thread,
    sweep,
    sync_folder,
    write_chunks,
)
from traya_gql.integrations.images.local_store import (
    AlreadyTaken,
    LocalStore,
    NotATicket,
    TicketEnded,
    TooManyUploads,
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

TAKE = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from traya_gql.integrations.images.local_store import LocalStore, Upload

async def endless():
    yield bytes(20_000)
    print("begun", flush=True)
    await asyncio.Event().wait()

store = LocalStore(Path(sys.argv[1]), "secret", "http://test")
asyncio.run(store.take(Upload("0f3c9a1e/upload", 30_000, ("jpg",)), endless(), at=datetime.now(UTC)))
"""

NAME = """
import sys
from pathlib import Path
from traya_gql.integrations.images.local_store import LocalStore
sys.stdin.read()
print(LocalStore(Path(sys.argv[1]), "secret", "http://test").name)
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


class Slow:
    """An upload that stops after its first piece until it is told to go on."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.goes_on = asyncio.Event()

    async def pieces(self) -> AsyncIterator[bytes]:
        yield JPEG[:100]
        self.begun.set()
        await self.goes_on.wait()
        yield JPEG[100:]


def leave(folder: Path, name: str) -> None:
    """Leave a draft, as a process that is killed does."""
    drafts = folder / ".drafts"
    drafts.mkdir(parents=True, exist_ok=True)
    (drafts / name).write_bytes(JPEG * 2)


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


async def test_a_folder_is_made_and_deleted_by_one_at_a_time(
    store: LocalStore, folder: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deletion once took a folder away between two looks of the put that was making it."""
    await store.put("another/640", source)
    seen = []

    def watch(name: str) -> None:
        real = getattr(os, name)

        def watched(path: Path, *arguments: int) -> None:
            if path == (folder / KEY).parent:
                descriptor = os.open(folder, os.O_RDONLY)
                with pytest.raises(BlockingIOError):
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.close(descriptor)
                seen.append(name)
            real(path, *arguments)

        monkeypatch.setattr(os, name, watched)

    for name in ("mkdir", "rmdir"):
        watch(name)
    await store.put(KEY, source)
    await store.delete([KEY])

    assert seen == ["mkdir", "rmdir"]


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


@pytest.mark.parametrize("use", ["put", "take", "delete"])
async def test_what_killed_processes_left_is_swept_away_at_the_first_use_and_once_an_hour(
    folder: Path, source: Path, use: str
) -> None:
    async def do(store: LocalStore, key: str) -> None:
        if use == "put":
            await store.put(key, source)
        elif use == "take":
            await store.take(UPLOAD._replace(key=key), pieces(JPEG), at=AT)
        else:
            await store.delete([key])

    leave(folder, "0f3c9a1e.upload")
    leave(folder, "5d41402abc4b2a76b9719d911017c592")
    patient = LocalStore(folder, SECRET, "https://traya.test")
    restless = LocalStore(folder, SECRET, "https://traya.test", sweeps_every_s=0)

    await do(patient, "a/1")
    assert files_in(folder / ".drafts") == []
    await do(restless, "a/2")
    leave(folder, "0f3c9a1e.upload")

    await do(patient, "a/3")
    assert files_in(folder / ".drafts") == ["0f3c9a1e.upload"]
    await do(restless, "a/4")
    assert files_in(folder / ".drafts") == []


async def test_what_is_being_written_is_not_swept_away(folder: Path, source: Path) -> None:
    store = LocalStore(folder, SECRET, "https://traya.test", sweeps_every_s=0)
    slow = Slow()
    call = asyncio.create_task(store.take(UPLOAD, slow.pieces(), at=AT))
    await slow.begun.wait()

    await store.put(KEY, source)
    await LocalStore(folder, SECRET, "https://traya.test").delete([KEY])
    assert files_in(folder) == [".drafts/0f3c9a1e.upload"]
    slow.goes_on.set()

    assert (await call).length == len(JPEG)
    assert files_in(folder) == [UPLOAD.key]


async def test_puts_and_uploads_and_sweeps_of_several_stores_do_not_disturb_each_other(
    folder: Path, source: Path
) -> None:
    stores = [LocalStore(folder, SECRET, "https://traya.test", sweeps_every_s=0) for _ in range(3)]

    async def take(store: LocalStore, number: int) -> bool:
        try:
            await store.take(UPLOAD._replace(key=f"{number}/upload"), pieces(JPEG), at=AT)
        except AlreadyTaken:
            return False
        return True

    async def put(store: LocalStore, number: int) -> bool:
        await store.put(f"{number}/640", source)
        return False

    calls = [do(store, number) for number in range(20) for store in stores for do in (take, put)]
    taken = await asyncio.gather(*calls)

    assert taken.count(True) == 20
    assert files_in(folder) == sorted(f"{number}/{name}" for number in range(20) for name in ("640", "upload"))


async def test_what_cannot_be_swept_away_is_logged_and_stops_nothing(
    store: LocalStore, folder: Path, source: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / ".drafts" / "a folder").mkdir(parents=True)

    await store.put(KEY, source)

    ours = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert ours == ["what a killed process left of a picture could not be deleted: EISDIR"]


async def test_a_deletion_is_proof_against_a_power_cut(folder: Path, source: Path) -> None:
    synced: list[str] = []

    def sync(path: Path) -> None:
        sync_folder(path)
        synced.append(str(path.relative_to(folder)))

    store = LocalStore(folder, SECRET, "https://traya.test", sync=sync)
    for key in ("a/1", "a/2", "b/1"):
        await store.put(key, source)
    assert synced == ["a", ".", "a", ".", "b", "."]
    synced.clear()

    await store.delete(["a/1", "b/1"])
    assert synced == ["a", "."]
    synced.clear()
    # the first one may not have come so far
    await store.delete(["a/1", "b/1"])

    assert synced == ["a", "."]


async def test_a_deletion_in_a_folder_that_was_never_made_is_no_fault(store: LocalStore, folder: Path) -> None:
    await store.delete([KEY])

    assert files_in(folder.parent.parent) == []


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


async def test_a_ticket_has_one_draft_however_many_uploads_come_at_the_same_time(folder: Path) -> None:
    stores = [LocalStore(folder, SECRET, "https://traya.test") for _ in range(2)]
    slow = Slow()
    first = asyncio.create_task(stores[0].take(UPLOAD, slow.pieces(), at=AT))
    await slow.begun.wait()

    others = await asyncio.gather(
        *(stores[number % 2].take(UPLOAD, Slow().pieces(), at=AT) for number in range(40)), return_exceptions=True
    )

    assert [type(other) for other in others] == [AlreadyTaken] * 40
    assert files_in(folder) == [".drafts/0f3c9a1e.upload"]
    slow.goes_on.set()
    assert (await first).length == len(JPEG)
    assert (folder / UPLOAD.key).read_bytes() == JPEG


async def test_an_upload_replaces_nothing_that_came_meanwhile(store: LocalStore, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    await asyncio.to_thread(other.write_bytes, JPEG[:50])
    slow = Slow()
    call = asyncio.create_task(store.take(UPLOAD, slow.pieces(), at=AT))
    await slow.begun.wait()
    await store.put(UPLOAD.key, other)

    slow.goes_on.set()

    with pytest.raises(AlreadyTaken):
        await call
    assert files_in(folder) == [UPLOAD.key]
    assert (folder / UPLOAD.key).read_bytes() == JPEG[:50]


async def test_an_upload_that_broke_off_can_be_sent_again(store: LocalStore, folder: Path) -> None:
    with pytest.raises(RuntimeError, match="gone"):
        await store.take(UPLOAD, pieces(JPEG, RuntimeError("gone")), at=AT)

    await store.take(UPLOAD, pieces(JPEG), at=AT)

    assert (folder / UPLOAD.key).read_bytes() == JPEG


async def test_a_draft_that_nobody_holds_is_taken_over(store: LocalStore, folder: Path, source: Path) -> None:
    await store.put(KEY, source)  # sweeps, for an hour
    leave(folder, "0f3c9a1e.upload")

    await store.take(UPLOAD, pieces(JPEG), at=AT)

    assert (folder / UPLOAD.key).read_bytes() == JPEG
    assert files_in(folder) == [KEY, UPLOAD.key]


async def test_a_draft_of_another_process_is_left_alone_until_that_is_killed(folder: Path, source: Path) -> None:
    store = LocalStore(folder, SECRET, "https://traya.test", sweeps_every_s=0)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", TAKE, str(folder), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"begun\n"

    with pytest.raises(AlreadyTaken):
        await store.take(UPLOAD, pieces(JPEG), at=AT)
    await store.put(KEY, source)
    assert files_in(folder) == [".drafts/0f3c9a1e.upload", KEY]
    process.kill()
    await process.wait()

    await store.take(UPLOAD, pieces(JPEG), at=AT)

    assert (folder / UPLOAD.key).read_bytes() == JPEG
    assert files_in(folder) == [KEY, UPLOAD.key]


async def test_only_so_many_uploads_are_taken_at_a_time(folder: Path) -> None:
    store = LocalStore(folder, SECRET, "https://traya.test", most_uploads=2)
    slow = Slow(), Slow()
    under_way = [
        asyncio.create_task(store.take(UPLOAD._replace(key=f"{number}/upload"), one.pieces(), at=AT))
        for number, one in enumerate(slow)
    ]
    await asyncio.gather(*(one.begun.wait() for one in slow))

    with pytest.raises(TooManyUploads):
        await store.take(UPLOAD, pieces(JPEG), at=AT)
    assert files_in(folder) == [".drafts/0.upload", ".drafts/1.upload"]
    under_way[0].cancel()
    await asyncio.wait([under_way[0]])

    assert (await store.take(UPLOAD, pieces(JPEG), at=AT)).length == len(JPEG)
    slow[1].goes_on.set()
    await under_way[1]


async def test_a_disk_that_is_nearly_full_takes_no_upload_and_what_the_server_puts(
    folder: Path, source: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = LocalStore(folder, SECRET, "https://traya.test", least_free_bytes=1 << 62)

    with pytest.raises(ImageStoreUnavailable, match=r"^the disk failed: ENOSPC$"):
        await store.take(UPLOAD, pieces(JPEG), at=AT)
    await store.put(KEY, source)

    assert files_in(folder) == [KEY]
    assert [record.getMessage() for record in caplog.records] == ["the folder of pictures failed: ENOSPC"]


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


def test_what_the_second_secret_signed_is_good_and_new_is_signed_with_the_first(folder: Path) -> None:
    """While keys rotate, some processes know the new one as the first already, and others as the second still."""
    older = LocalStore(folder, "the older secret", "https://traya.test")
    rotating = LocalStore(folder, "the newer secret", "https://traya.test", second_secret="the older secret")
    newer = LocalStore(folder, "the newer secret", "https://traya.test")

    def good(signing: LocalStore, checking: LocalStore) -> set[bool]:
        fields = signing.ticket(UPLOAD.key, at=AT, most_bytes=20_000, formats=UPLOAD.formats).fields
        try:
            is_ticket_good = checking.upload_of(fields, at=AT) == UPLOAD
        except NotATicket:
            is_ticket_good = False
        query = dict(part.split("=") for part in signing.url(KEY, at=AT).url.partition("?")[2].split("&"))
        return {is_ticket_good, checking.shown_until(KEY, at=AT, **query) is not None}

    assert good(older, rotating) == good(rotating, rotating) == good(rotating, newer) == {True}
    assert good(rotating, older) == good(older, newer) == {False}


async def test_a_receipt_of_the_second_secret_is_good(folder: Path) -> None:
    older = LocalStore(folder, "the older secret", "https://traya.test")
    rotating = LocalStore(folder, "the newer secret", "https://traya.test", second_secret="the older secret")
    newer = LocalStore(folder, "the newer secret", "https://traya.test")

    first = await older.take(UPLOAD, pieces(JPEG), at=AT)
    second = await rotating.take(UPLOAD._replace(key="a/upload"), pieces(JPEG), at=AT)

    def good(store: LocalStore) -> list[bool]:
        return [
            store.is_receipt_good(UPLOAD.key, version=first.version, signature=first.signature),
            store.is_receipt_good("a/upload", version=second.version, signature=second.signature),
        ]

    assert [good(older), good(rotating), good(newer)] == [[True, False], [True, True], [False, True]]


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


# --- the name -----------------------------------------------------------------------------------------------------


def test_a_folder_has_a_name_that_stays(store: LocalStore, folder: Path) -> None:
    name = store.name

    assert re.fullmatch(r"local:[0-9a-f]{32}", name)
    assert LocalStore(folder, "another secret", "https://elsewhere.test").name == name
    assert LocalStore(folder.with_name("others"), SECRET, "https://traya.test").name != name
    assert (folder / ".id").read_text() == name.removeprefix("local:")
    assert modes_in(folder) == {"pictures": 0o700, ".drafts": 0o700, ".id": 0o600}


def test_the_name_is_read_once(store: LocalStore, folder: Path) -> None:
    name = store.name
    (folder / ".id").unlink()

    assert store.name == name
    assert not (folder / ".id").exists()


def test_processes_that_start_at_the_same_time_give_a_folder_one_name(folder: Path) -> None:
    program = [sys.executable, "-c", NAME, str(folder)]
    processes = [subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for process in processes:  # they wait for this
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None

    names = {process.communicate(timeout=HANG_GUARD_S)[0].strip() for process in processes}

    assert len(names) == 1
    assert files_in(folder) == [".id"]


def test_threads_that_ask_at_the_same_time_get_one_name(folder: Path) -> None:
    stores = [LocalStore(folder, SECRET, "https://traya.test", sweeps_every_s=0) for _ in range(16)]

    with ThreadPoolExecutor(16) as threads:
        names = set(threads.map(lambda store: store.name, stores))

    assert len(names) == 1


@pytest.mark.parametrize("content", [b"", b"0" * 31, b"0" * 33, b"0" * 32 + b"\n", b"A" * 32, b"\xff" * 32])
def test_a_damaged_name_is_said_and_not_replaced(store: LocalStore, folder: Path, content: bytes) -> None:
    folder.mkdir(parents=True)
    (folder / ".id").write_bytes(content)

    with pytest.raises(ImageStoreUnavailable, match=r"^the folder's \.id is damaged$"):
        _ = store.name

    assert (folder / ".id").read_bytes() == content


def test_a_name_that_the_disk_does_not_give_is_unavailable(store: LocalStore, folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("in the way")

    with pytest.raises(ImageStoreUnavailable, match=r"^the disk failed: E[A-Z]+$"):
        _ = store.name


# --- files --------------------------------------------------------------------------------------------------------


async def test_a_new_file_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("whole")
    (tmp_path / "target").symlink_to(tmp_path / "victim")

    with pytest.raises(OSError, match="symbolic links"):
        await write_chunks(NewFile(tmp_path / "target", most_bytes=20_000), pieces(JPEG))

    assert (tmp_path / "victim").read_text() == "whole"


async def test_a_draft_follows_no_link(store: LocalStore, folder: Path, source: Path) -> None:
    await store.put(KEY, source)
    (folder / ".drafts" / "0f3c9a1e.upload").symlink_to(folder / KEY)

    with pytest.raises(ImageStoreUnavailable, match="ELOOP"):
        await store.take(UPLOAD, pieces(JPEG[:50]), at=AT)

    assert (folder / KEY).read_bytes() == JPEG


def test_a_draft_has_one_writer_at_a_time_however_quickly_they_come_and_go(tmp_path: Path) -> None:
    path = tmp_path / "draft"

    def write(writer: int) -> None:
        held = 0
        while held < 100:
            draft = Draft(path)
            try:
                draft.open()
            except BeingWritten:
                continue
            draft.write(str(writer).encode())
            draft.finish()
            assert path.read_text() == str(writer)
            draft.drop()
            held += 1

    with ThreadPoolExecutor(4) as threads:
        for writing in [threads.submit(write, writer) for writer in range(4)]:
            writing.result(HANG_GUARD_S)

    assert files_in(tmp_path) == []


def test_sweeping_never_takes_what_is_just_made(tmp_path: Path) -> None:
    ends = threading.Event()

    def sweep_on() -> None:
        while not ends.is_set():
            sweep(tmp_path)

    def write(writer: int) -> None:
        for number in range(300):
            draft = Draft(tmp_path / f"{writer}-{number}")
            draft.open()
            assert draft.path.exists()
            draft.drop()

    with ThreadPoolExecutor(4) as threads:
        sweeping = [threads.submit(sweep_on) for _ in range(2)]
        try:
            for writing in [threads.submit(write, writer) for writer in range(2)]:
                writing.result(HANG_GUARD_S)
        finally:
            ends.set()
        for one in sweeping:
            one.result(HANG_GUARD_S)


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
