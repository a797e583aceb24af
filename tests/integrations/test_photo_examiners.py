"""What happens when the process that opens photos of strangers misbehaves, and how much it takes.

`pytest -m slow -s tests/integrations/test_photo_examiners.py -k figures` prints how much memory and time photos take.
"""

from __future__ import annotations

import asyncio
import errno
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import uvloop
from PIL import Image

from tests.integrations.examining import COPIES, MODULE, Look
from tests.integrations.pictures import (
    SECRET,
    SKIN,
    blurred,
    heic,
    jpeg,
    png,
    raw_png,
    scalp,
    slow_jpeg,
    webp,
)
from tests.processes import HANG_GUARD_S, eventually, eventually_dead
from traya_gql.domain.photos import (
    MOST_BYTES,
    Inspected,
    PhotoSize,
    RejectionReason,
)
from traya_gql.integrations.images.confinement import MEMORY_BYTES, landlock_version
from traya_gql.integrations.images.handover import MOST_COPY_BYTES
from traya_gql.integrations.images.headers import MOST_SCANS
from traya_gql.integrations.images.inspection import PICTURES_PER_EXAMINER, InspectionFailed, PhotoInspector

Encoder = Callable[..., bytes]
Drawer = Callable[[], bytes]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
async def inspector() -> AsyncIterator[PhotoInspector]:
    """The real one, shared by the tests that only show it pictures."""
    made = PhotoInspector(timeout_s=HANG_GUARD_S)
    yield made
    await made.close()


# --- the child process ------------------------------------------------------------------------------------------------

PRELUDE = """
import json, os, sys, time
from pathlib import Path

notes = Path({notes!r})
with notes.open("a") as file:
    file.write(json.dumps([os.getpid(), sorted(os.environ), sys.argv[1:]]) + "\\n")
starts = len(notes.read_text().splitlines())

def say(line):
    sys.stdout.write(line + "\\n")
    sys.stdout.flush()

def write(line, content=b"\\xff\\xd8\\xff a picture"):
    for one in json.loads(line)["copies"].values():
        os.pwrite(one, content, 0)

say('{{"ready": true}}')
"""
SPINS = "sys.stdin.readline()\nwhile True: pass"
STOPS = "sys.stdin.readline(); os.kill(os.getpid(), 19); time.sleep(1000)"
KILLED = "sys.stdin.readline(); os.kill(os.getpid(), 9); time.sleep(1000)"
KILLED_AND_DIES = "sys.stdin.readline(); os.kill(os.getpid(), 9 if starts == {which} else 6); time.sleep(1000)"
HANGS = "sys.stdin.readline(); time.sleep(1000)"
DIES = "sys.stdin.readline(); os.abort()"
LEAVES_ONE_BEHIND = "sys.stdin.readline(); os.fork() and os.abort(); sys.stdin.read()"
DIES_ONCE = 'sys.stdin.readline(); starts == 1 and os.abort(); say(\'{"rejected": "ANIMATED"}\'); sys.stdin.readline()'
ANSWERS = "for line in sys.stdin: say({line!r})"
SAYS_PID = 'for line in sys.stdin: say(\'{"rejected": "ANIMATED"}\')'

WRITES = "for line in sys.stdin: write(line, {content}); say({answer!r})"

TAKEN = {
    "format": "JPEG",
    "width": 100,
    "height": 100,
    "measures": {"sharpness": 1.5, "brightness": 2.5, "over_exposed_share": 0.5, "shorter_side_px": 100},
    "fingerprint": "3d30bad234b7736a",
}


class StandIn:
    """Makes inspectors whose child is a program of the test; it notes every start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.photo = folder / "photo"
        self.photo.write_bytes(b"what a stranger sent")
        self._notes = folder / "notes"

    @asynccontextmanager
    async def inspector(self, program: str, *, prelude: str = PRELUDE, **options: Any) -> AsyncIterator[PhotoInspector]:
        whole = prelude.format(notes=str(self._notes)) + program
        options = {"timeout_s": HANG_GUARD_S, **options}
        made = PhotoInspector(command=(sys.executable, "-c", whole), **options)
        yield made
        await made.close()
        assert [process for process in self.processes if process.is_running()] == []

    @property
    def starts(self) -> list[tuple[int, list[str], list[str]]]:
        lines = self._notes.read_text().splitlines() if self._notes.exists() else []
        return [tuple(json.loads(line)) for line in lines]

    @property
    def processes(self) -> list[psutil.Process]:
        return [psutil.Process(pid) for pid, *_ in self.starts if psutil.pid_exists(pid)]


@pytest.fixture
def standin(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path)


def examiners(parent: psutil.Process | None = None) -> list[psutil.Process]:
    """Return the real examiners of a process, ended ones included as long as nobody has waited for them."""
    found = []
    for child in (parent or psutil.Process()).children():
        try:
            if MODULE in child.cmdline() or child.status() == psutil.STATUS_ZOMBIE:
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


async def test_no_child_is_started_before_it_is_needed(standin: StandIn) -> None:
    async with standin.inspector(HANGS):
        pass

    assert standin.starts == []


async def patiently(inspector: PhotoInspector, source: Path, folder: Path) -> Inspected | RejectionReason:
    """Look at a photo until the machine gave the child the time to work that it needs."""
    deadline = time.monotonic() + HANG_GUARD_S
    while True:
        try:
            return await inspector.inspect(source, folder)
        except InspectionFailed as failed:
            if str(failed) != "the examiner got no time to work" or time.monotonic() > deadline:
                raise


async def test_a_child_that_works_too_long_is_killed_and_the_photo_is_too_slow(standin: StandIn) -> None:
    async with standin.inspector(SPINS, timeout_s=0.2) as inspector:
        found = await patiently(inspector, standin.photo, standin.folder)

        assert found is RejectionReason.TOO_SLOW
        assert standin.processes == []


@pytest.mark.parametrize("program", [HANGS, STOPS])
async def test_a_child_that_gets_no_time_to_work_is_a_fault_of_ours(standin: StandIn, program: str) -> None:
    async with standin.inspector(program, timeout_s=0.5) as inspector:
        with pytest.raises(InspectionFailed, match="no time"):
            await inspector.inspect(standin.photo, standin.folder)

        assert len(standin.starts) == 1
        assert standin.processes == []


async def test_what_a_child_worked_before_does_not_count_for_a_photo(standin: StandIn) -> None:
    prelude = "import time\nwhile time.process_time() < 1: pass\n" + PRELUDE
    async with standin.inspector(HANGS, prelude=prelude, timeout_s=1) as inspector:
        with pytest.raises(InspectionFailed, match="no time"):
            await inspector.inspect(standin.photo, standin.folder)


@pytest.mark.parametrize(
    "program", [KILLED, KILLED_AND_DIES.format(which=1), KILLED_AND_DIES.format(which=2)], ids=["twice", "1st", "2nd"]
)
async def test_a_photo_whose_children_are_killed_is_not_blamed(standin: StandIn, program: str) -> None:
    async with standin.inspector(program) as inspector:
        with pytest.raises(InspectionFailed, match="killed"):
            await inspector.inspect(standin.photo, standin.folder)

        assert len(standin.starts) == 2
        assert standin.processes == []


async def test_a_child_that_closes_its_pipe_and_lives_on_is_to_blame(standin: StandIn) -> None:
    async with standin.inspector("sys.stdin.readline(); os.close(1); time.sleep(1000)") as inspector:
        found = await inspector.inspect(standin.photo, standin.folder)

        assert found is RejectionReason.DAMAGED
        assert len(standin.starts) == 2


@pytest.mark.parametrize("program", [DIES, LEAVES_ONE_BEHIND])
async def test_a_photo_on_which_two_children_die_is_damaged(standin: StandIn, program: str) -> None:
    async with standin.inspector(program) as inspector:
        found = await inspector.inspect(standin.photo, standin.folder)

        assert found is RejectionReason.DAMAGED
        assert len(standin.starts) == 2
        assert standin.processes == []


async def test_a_photo_whose_child_somebody_killed_is_tried_again(standin: StandIn) -> None:
    async with standin.inspector(DIES_ONCE) as inspector:
        found = await inspector.inspect(standin.photo, standin.folder)

        assert found is RejectionReason.ANIMATED
        assert len(standin.starts) == 2


async def test_a_child_that_dies_between_two_photos_is_replaced(standin: StandIn) -> None:
    async with standin.inspector(SAYS_PID) as inspector:
        await inspector.inspect(standin.photo, standin.folder)
        first = standin.processes[0]
        first.kill()
        eventually(lambda: not first.is_running() or first.status() == psutil.STATUS_ZOMBIE)

        found = await inspector.inspect(standin.photo, standin.folder)

        assert found is RejectionReason.ANIMATED
        assert len(standin.starts) == 2


async def test_a_child_is_replaced_when_it_has_done_its_share(standin: StandIn) -> None:
    async with standin.inspector(SAYS_PID) as inspector:
        for _ in range(PICTURES_PER_EXAMINER):
            await inspector.inspect(standin.photo, standin.folder)
        assert len(standin.starts) == 1

        await inspector.inspect(standin.photo, standin.folder)

        assert len(standin.starts) == 2
        assert len(standin.processes) == 1


@pytest.mark.parametrize(("at_a_time", "children"), [(1, 1), (2, 2)])
async def test_so_many_photos_are_looked_at_at_a_time(standin: StandIn, at_a_time: int, children: int) -> None:
    program = 'for line in sys.stdin: time.sleep(0.05); say(\'{"rejected": "ANIMATED"}\')'
    async with standin.inspector(program, at_a_time=at_a_time) as inspector:
        await asyncio.gather(*(inspector.inspect(standin.photo, standin.folder) for _ in range(6)))

        assert len(standin.starts) == children


@pytest.mark.parametrize(
    "line",
    [
        "",
        "hello",
        "null",
        "{}",
        '{"ready": true}',
        '{"rejected": "BORING"}',
        '{"rejected": "DAMAGED", "failed": "OSError 5"}',
        '{"inspected": null}',
        '{"failed": "OSError 5; DROP TABLE photos"}',
        json.dumps({"inspected": {**TAKEN, "width": 100_000}}),
        json.dumps({"inspected": {**TAKEN, "fingerprint": "3d30bad234b7736a" * 100}}),
        json.dumps({"inspected": {**TAKEN, "measures": {**TAKEN["measures"], "brightness": float("nan")}}}),  # type: ignore[dict-item]
        json.dumps({"inspected": {**TAKEN, "name": "x"}}),
        json.dumps({"inspected": TAKEN}) + " " * 4096,
        # it is right, and there are no pictures
        json.dumps({"inspected": TAKEN}),
    ],
)
async def test_a_child_that_lies_is_not_believed(standin: StandIn, line: str) -> None:
    async with standin.inspector(ANSWERS.format(line=line)) as inspector:
        found = await inspector.inspect(standin.photo, standin.folder)

        assert found is RejectionReason.DAMAGED
        assert len(standin.starts) == 2


async def test_a_child_that_never_ends_its_line_is_not_heard_out(standin: StandIn) -> None:
    # not before it is asked: with its greeting, the flood would be that of a child that does not start
    flood = "sys.stdin.readline()\nwhile True: sys.stdout.write('x' * 65536)"
    async with standin.inspector(flood) as inspector:
        found = await inspector.inspect(standin.photo, standin.folder)

        assert found is RejectionReason.DAMAGED


def saying(answer: dict[str, Any], content: str) -> str:
    """Return a program that writes copies, a Python expression, and answers."""
    return WRITES.format(content=content, answer=json.dumps(answer))


@pytest.mark.parametrize("place", ["symlink_to", "hardlink_to"])
async def test_links_that_lie_where_copies_go_are_replaced(standin: StandIn, place: str) -> None:
    secret = standin.folder / "secret"
    secret.write_bytes(SECRET)
    copies = [standin.folder / name for name in COPIES]
    for copy in copies:
        getattr(copy, place)(secret)
    async with standin.inspector(saying({"inspected": TAKEN}, "b'\\xff\\xd8\\xff a picture'")) as inspector:
        await inspector.inspect(standin.photo, standin.folder)

    assert secret.read_bytes() == SECRET
    assert [(copy.is_symlink(), copy.stat().st_nlink, copy.read_bytes()) for copy in copies] == [
        (False, 1, b"\xff\xd8\xff a picture")
    ] * 3


@pytest.mark.parametrize(
    ("content", "is_taken"),
    [
        ("b''", False),
        ("b'\\xff\\xd8'", False),
        ("b'<script>x</script>'", False),
        ("b' \\xff\\xd8\\xff'", False),
        ("b'\\xff\\xd8\\xff'", True),
        (f"b'\\xff\\xd8\\xff' + bytes({MOST_COPY_BYTES - 3})", True),
        (f"b'\\xff\\xd8\\xff' + bytes({MOST_COPY_BYTES - 2})", False),
    ],
)
async def test_only_what_looks_like_a_jpeg_is_copied(standin: StandIn, content: str, is_taken: bool) -> None:  # noqa: FBT001
    async with standin.inspector(saying({"inspected": TAKEN}, content)) as inspector:
        found = await inspector.inspect(standin.photo, standin.folder)

        assert found == (Inspected.model_validate(TAKEN) if is_taken else RejectionReason.DAMAGED)
        assert [(standin.folder / name).exists() for name in COPIES] == [is_taken] * 3


async def test_one_bad_copy_of_three_spoils_them(standin: StandIn) -> None:
    bad = "\n write(line); os.ftruncate(json.loads(line)['copies']['SMALL'], 2)"
    program = f"for line in sys.stdin:{bad}; say({json.dumps({'inspected': TAKEN})!r})"
    async with standin.inspector(program) as inspector:
        found = await inspector.inspect(standin.photo, standin.folder)

        assert found is RejectionReason.DAMAGED
        assert [(standin.folder / name).exists() for name in COPIES] == [False] * 3


async def test_copies_of_one_photo_are_never_those_of_another(standin: StandIn) -> None:
    answer = json.dumps({"inspected": TAKEN})
    program = f"for at, line in enumerate(sys.stdin): at or starts > 1 or write(line); say({answer!r})"
    async with standin.inspector(program) as inspector:
        first = await inspector.inspect(standin.photo, standin.folder)
        second = await inspector.inspect(standin.photo, standin.folder)

        assert first == Inspected.model_validate(TAKEN)
        assert second is RejectionReason.DAMAGED


async def test_a_child_cannot_change_copies_that_were_taken(standin: StandIn) -> None:
    answer = json.dumps({"inspected": TAKEN})
    program = f"for at, line in enumerate(sys.stdin): write(line, b'\\xff\\xd8\\xff%d' % at); say({answer!r})"
    folders = [standin.folder / "0", standin.folder / "1"]
    async with standin.inspector(program) as inspector:
        for folder in folders:
            folder.mkdir()
            await inspector.inspect(standin.photo, folder)

        written = [(folder / PhotoSize.FULL.file_name).read_bytes() for folder in folders]
        assert written == [b"\xff\xd8\xff0", b"\xff\xd8\xff1"]
        assert len(standin.starts) == 1


async def test_a_child_is_not_told_where_anything_lies(standin: StandIn) -> None:
    program = "line = sys.stdin.readline(); notes.with_name('asked').write_text(line); os.abort()"
    async with standin.inspector(program) as inspector:
        await inspector.inspect(standin.photo, standin.folder)

    asked = json.loads((standin.folder / "asked").read_text())
    assert {name: type(asked[name]) for name in asked} == {"source": int, "copies": dict}
    assert list(asked["copies"]) == list(PhotoSize)


async def test_what_a_child_answers_is_returned(standin: StandIn) -> None:
    async with standin.inspector(saying({"inspected": TAKEN}, "b'\\xff\\xd8\\xff'")) as inspector:
        found = await inspector.inspect(standin.photo, standin.folder)

        assert found == Inspected.model_validate(TAKEN)


@pytest.mark.parametrize(
    ("prelude", "program"),
    [("", "raise SystemExit(1)"), ("", "print('hello', flush=True)"), ("", "import no_such_module")],
)
async def test_a_child_that_does_not_start_is_a_fault_of_ours(standin: StandIn, prelude: str, program: str) -> None:
    async with standin.inspector(program, prelude=prelude) as inspector:
        with pytest.raises(InspectionFailed, match="does not start"):
            await inspector.inspect(standin.photo, standin.folder)


async def test_a_program_that_is_not_there_is_a_fault_of_ours(tmp_path: Path) -> None:
    inspector = PhotoInspector(command=(str(tmp_path / "nothing"),))

    with pytest.raises(InspectionFailed, match="does not start"):
        await inspector.inspect(tmp_path / "photo", tmp_path)


async def test_a_file_that_cannot_be_read_is_a_fault_of_ours(inspector: PhotoInspector, tmp_path: Path) -> None:
    with pytest.raises(InspectionFailed, match="FileNotFoundError 2"):
        await inspector.inspect(tmp_path / "nothing", tmp_path)


async def test_a_folder_that_cannot_be_written_is_a_fault_of_ours(inspector: PhotoInspector, tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(jpeg())

    with pytest.raises(InspectionFailed, match="FileNotFoundError 2"):
        await inspector.inspect(tmp_path / "photo", tmp_path / "nothing")


async def test_a_child_gets_no_secret(standin: StandIn) -> None:
    async with standin.inspector(SAYS_PID) as inspector:
        await inspector.inspect(standin.photo, standin.folder)

    [(_, names, arguments)] = standin.starts
    assert set(names) <= {"PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_CTYPE"}
    assert arguments == [str(psutil.Process().pid)]


async def test_a_cancelled_call_kills_the_child(standin: StandIn) -> None:
    async with standin.inspector(HANGS) as inspector:
        call = asyncio.create_task(inspector.inspect(standin.photo, standin.folder))
        while not standin.starts:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)

        call.cancel()

        with pytest.raises(asyncio.CancelledError):
            await call
        assert standin.processes == []


async def test_no_moment_of_cancelling_leaves_a_process(tmp_path: Path) -> None:
    inspector = PhotoInspector()
    before = examiners()
    files_before = memory_files()
    (tmp_path / "photo").write_bytes(jpeg(scalp(1)))
    outcomes = set()

    for step in range(16):
        call = asyncio.create_task(inspector.inspect(tmp_path / "photo", tmp_path))
        await asyncio.sleep(step * 0.025)
        outcomes.add(call.cancel())
        await asyncio.gather(call, return_exceptions=True)
        if call.cancelled():
            eventually(lambda: examiners() == before)

    assert True in outcomes
    await inspector.close()
    eventually(lambda: examiners() == before)
    assert memory_files() == files_before


async def test_after_a_close_nobody_looks_any_more(standin: StandIn) -> None:
    async with standin.inspector(HANGS) as inspector:
        calls = [asyncio.create_task(inspector.inspect(standin.photo, standin.folder)) for _ in range(2)]
        while not standin.starts:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)

        await inspector.close()

        for call in calls:
            with pytest.raises(InspectionFailed, match="closed"):
                await call
        with pytest.raises(InspectionFailed, match="closed"):
            await inspector.inspect(standin.photo, standin.folder)
        assert len(standin.starts) == 1
        assert standin.processes == []


@pytest.mark.parametrize("moment_s", [0, 0.001, 0.005, 0.02, 0.05])
async def test_a_close_in_the_middle_of_a_start_leaves_no_process(standin: StandIn, moment_s: float) -> None:
    async with standin.inspector(HANGS) as inspector:
        call = asyncio.create_task(inspector.inspect(standin.photo, standin.folder))
        await asyncio.sleep(moment_s)

        await inspector.close()

        with pytest.raises(InspectionFailed):
            await call
    assert [child for child in psutil.Process().children() if str(standin.folder) in "".join(child.cmdline())] == []


async def test_a_photo_that_takes_too_long_is_refused(tmp_path: Path) -> None:
    before = examiners()
    inspector = PhotoInspector(timeout_s=0.4)
    # 0.3 MB, and more than 1 s of a decoder's time
    (tmp_path / "photo").write_bytes(slow_jpeg(scans=MOST_SCANS))

    found = await patiently(inspector, tmp_path / "photo", tmp_path)

    assert found is RejectionReason.TOO_SLOW
    assert examiners() == before
    await inspector.close()


async def test_a_photo_that_does_not_fit_into_memory_has_too_many_pixels(tmp_path: Path) -> None:
    before = examiners()
    inspector = PhotoInspector(timeout_s=HANG_GUARD_S)
    look = Look(inspector, tmp_path)
    await look.at_photo(jpeg())
    [child] = [one for one in examiners() if one not in before]
    less = 200_000_000
    child.rlimit(psutil.RLIMIT_AS, (less, less))

    found = await look.at(png(Image.new("RGB", (7000, 7000), SKIN)))

    assert found is RejectionReason.TOO_MANY_PIXELS
    assert isinstance(await look.at(jpeg()), Inspected), "the child goes on"
    assert [one for one in examiners() if one not in before] == [child]
    await inspector.close()


async def test_a_child_has_little_memory_no_core_no_way_up_and_steps_back(tmp_path: Path) -> None:
    before = examiners()
    inspector = PhotoInspector(timeout_s=HANG_GUARD_S)

    await Look(inspector, tmp_path).at_photo(jpeg())

    [child] = [one for one in examiners() if one not in before]
    limits = {name: child.rlimit(getattr(psutil, f"RLIMIT_{name}")) for name in ("AS", "FSIZE", "NOFILE", "CORE")}
    assert limits == {
        "AS": (MEMORY_BYTES, MEMORY_BYTES),
        "FSIZE": (2 * MOST_BYTES, 2 * MOST_BYTES),
        "NOFILE": (64, 64),
        "CORE": (0, 0),
    }
    assert child.nice() == psutil.Process().nice() + 10
    assert "NoNewPrivs:\t1" in await asyncio.to_thread(Path(f"/proc/{child.pid}/status").read_text)
    await inspector.close()


PRISONER = """
import json, os, socket, sys
from pathlib import Path
from traya_gql.integrations.images.examiner import main

secret, folder, port = sys.argv[1:]
own = Path(sys.executable)
main([str(os.getppid())])  # nobody asks it anything

def outcome(deed):
    try:
        deed()
    except OSError as error:
        return error.errno
    return 0

deeds = {
    "read a secret": lambda: open(secret),
    "list a folder": lambda: os.listdir(folder),
    "read the parent's environment": lambda: open(f"/proc/{os.getppid()}/environ").read(),
    "read its memory": lambda: open(f"/proc/{os.getppid()}/mem"),
    "write": lambda: open(folder + "/new", "w"),
    "overwrite": lambda: os.truncate(secret, 0),
    "link": lambda: os.link(secret, folder + "/linked"),
    "lead to": lambda: os.symlink(secret, folder + "/leads"),
    "delete": lambda: os.unlink(secret),
    "make a folder": lambda: os.mkdir(folder + "/made"),
    "run": lambda: os.execv(own, [own, "-c", ""]),
    "connect": lambda: socket.create_connection(("127.0.0.1", int(port)), 5),
    "listen": lambda: socket.create_server(("127.0.0.1", 0)),
    "signal": lambda: os.kill(os.getppid(), 0),
    "load a module": lambda: __import__("wave"),
}
print(json.dumps({name: outcome(deed) for name, deed in deeds.items()}))
"""
SINCE = {"connect": 4, "listen": 4, "signal": 6}
"""Since which version of Landlock something is forbidden."""


@pytest.mark.skipif(landlock_version() == 0, reason="the kernel has no Landlock")
def test_a_child_can_reach_no_file_no_other_process_and_no_network(tmp_path: Path) -> None:
    secret, folder = tmp_path / "secret", tmp_path / "folder"
    secret.write_bytes(SECRET)
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = [sys.executable, "-P", "-c", PRISONER, str(secret), str(folder), str(server.getsockname()[1])]

        ran = subprocess.run(command, input="", capture_output=True, text=True, timeout=HANG_GUARD_S, check=True)

    ready, answer = ran.stdout.splitlines(), ran.stderr.splitlines()
    outcomes = json.loads(answer[-1])
    assert ready == ['{"ready": true}']
    refused = {name for name, found in outcomes.items() if found in {errno.EACCES, errno.EPERM, errno.EXDEV}}
    allowed = {name for name, version in SINCE.items() if landlock_version() < version}
    assert refused == outcomes.keys() - {"load a module"} - allowed, outcomes
    assert outcomes["load a module"] == 0
    assert secret.read_bytes() == SECRET
    assert list(folder.iterdir()) == []


def memory_files() -> int:
    """Return how many files for photos this process has open."""
    found = 0
    for one in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found += "memfd:photo" in str(one.readlink())
    return found


@pytest.mark.parametrize("program", [SAYS_PID, DIES, KILLED, "raise SystemExit", HANGS])
async def test_no_file_stays_open_behind_a_child(standin: StandIn, program: str) -> None:
    before = memory_files()

    async with standin.inspector(program, timeout_s=1) as inspector:
        with suppress(InspectionFailed):
            await inspector.inspect(standin.photo, standin.folder)

    assert memory_files() == before


def test_uvloop_does_the_same(tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(jpeg())
    (tmp_path / "slow").write_bytes(slow_jpeg(scans=MOST_SCANS))

    async def use() -> list[Inspected | RejectionReason | BaseException]:
        inspector = PhotoInspector(timeout_s=0.4)
        taken = await patiently(inspector, tmp_path / "photo", tmp_path)
        slow = await patiently(inspector, tmp_path / "slow", tmp_path)
        call = asyncio.create_task(inspector.inspect(tmp_path / "slow", tmp_path))
        await asyncio.sleep(0.1)
        call.cancel()
        [cancelled] = await asyncio.gather(call, return_exceptions=True)
        await patiently(inspector, tmp_path / "photo", tmp_path)
        await inspector.close()
        return [taken, slow, cancelled]

    before = examiners()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        taken, slow, cancelled = runner.run(use())

    assert isinstance(taken, Inspected)
    assert slow is RejectionReason.TOO_SLOW
    assert isinstance(cancelled, asyncio.CancelledError)
    assert examiners() == before


CALLER = """
import asyncio, sys
from pathlib import Path
from traya_gql.integrations.images.inspection import PhotoInspector

async def main(source, folder):
    inspector = PhotoInspector(timeout_s=1000)
    print("started", flush=True)
    for _ in range(int(sys.argv[3])):
        await inspector.inspect(source, folder)
    print("idle", flush=True)
    await asyncio.sleep(1000)

asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
"""


@pytest.mark.parametrize("doing", ["idle", "busy"])
def test_a_child_dies_with_a_killed_caller(tmp_path: Path, doing: str) -> None:
    (tmp_path / "photo").write_bytes(jpeg() if doing == "idle" else slow_jpeg(scans=MOST_SCANS))
    times = "1" if doing == "idle" else "1000"
    command = [sys.executable, "-c", CALLER, str(tmp_path / "photo"), str(tmp_path), times]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdout is not None
        assert caller.stdout.readline() == "started\n"
        process = psutil.Process(caller.pid)
        eventually(lambda: any(MODULE in child.cmdline() for child in process.children()))
        [child] = process.children()
        if doing == "idle":
            assert caller.stdout.readline() == "idle\n"
        else:
            # past its start, and at work
            eventually(lambda: child.cpu_times().user > 0.6)

        caller.send_signal(signal.SIGKILL)
        caller.wait()

        eventually_dead(child)


# --- figures ----------------------------------------------------------------------------------------------------------


def large_photos() -> dict[str, bytes]:
    scene = scalp(1, size=(8160, 6120))
    smooth = blurred(scene.resize((2040, 1530)), 20).resize(scene.size, Image.Resampling.NEAREST)
    deep_row = b"\0" + b"\x80\x10" * 4 * 8160
    return {
        "12 MP JPEG": jpeg(scalp(1, size=(4032, 3024))),
        "12 MP HEIC": heic(scalp(1, size=(4032, 3024)), quality=60),
        "50 MP JPEG": jpeg(scene, quality=85),
        "50 MP JPEG, progressive": jpeg(scene, quality=85, progressive=True),
        "50 MP JPEG, progressive CMYK": jpeg(blurred(scene, 6).convert("CMYK"), quality=60, progressive=True),
        "50 MP PNG": png(smooth, compress_level=6),
        "50 MP PNG with alpha": png(smooth.convert("RGBA"), compress_level=6),
        "50 MP PNG with alpha, 16 bits": raw_png(8160, 6120, deep_row * 6120, depth=16, colours=6),
        "50 MP WebP": webp(smooth, quality=70),
        "50 MP WebP with alpha": webp(smooth.convert("RGBA"), quality=70),
        "50 MP HEIC": heic(smooth, quality=40),
    }


def peak_mib(process: psutil.Process) -> tuple[int, int]:
    """Return the most memory and the most address space that a process ever had."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    found = {name: int(kib) // 1024 for name, kib in re.findall(r"^(VmHWM|VmPeak):\s+(\d+)", status, re.MULTILINE)}
    return found["VmHWM"], found["VmPeak"]


async def lag_ms(work: asyncio.Task[Any]) -> list[float]:
    """Return by how much each millisecond of the event loop was late until the work was done, the least first."""
    found = []
    while not work.done():
        due = time.perf_counter() + 0.001
        await asyncio.sleep(0.001)
        found.append(1000 * (time.perf_counter() - due))
    return sorted(found)


@pytest.mark.slow
async def test_figures_of_large_photos_fit_into_the_limits(tmp_path: Path) -> None:
    source = tmp_path / "photo"
    before = examiners()
    for name, data in large_photos().items():
        source.write_bytes(data)
        inspector = PhotoInspector(timeout_s=HANG_GUARD_S)
        started = time.monotonic()

        found = await inspector.inspect(source, tmp_path)

        taken_s = time.monotonic() - started
        [child] = [one for one in examiners() if one not in before]
        rss, space = peak_mib(child)
        print(f"{name:32} {len(data) / 1e6:5.1f} MB {taken_s:5.2f} s  peak {rss:4} MiB, address space {space:4} MiB")  # noqa: T201
        assert isinstance(found, Inspected), name
        assert space * 1024**2 < MEMORY_BYTES
        await inspector.close()


@pytest.mark.slow
async def test_figures_of_the_event_loop_stay_small_while_photos_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(jpeg(scalp(1, size=(4032, 3024))))
    for at_a_time in (1, 2):
        inspector = PhotoInspector(timeout_s=HANG_GUARD_S, at_a_time=at_a_time)

        async def look_at_all(inspector: PhotoInspector = inspector) -> None:
            folders = [tmp_path / str(number) for number in range(20)]
            for folder in folders:
                folder.mkdir(exist_ok=True)
            await asyncio.gather(*(inspector.inspect(tmp_path / "photo", folder) for folder in folders))

        lags = await lag_ms(asyncio.create_task(look_at_all()))

        middle, late = lags[len(lags) // 2], lags[len(lags) * 99 // 100]
        print(f"{at_a_time} at a time: lag {middle:.2f} ms, 99 % below {late:.2f} ms, most {lags[-1]:.2f} ms")  # noqa: T201
        assert late < 100
        await inspector.close()
    idle = await lag_ms(asyncio.create_task(asyncio.sleep(2)))
    print(f"idle: lag {idle[len(idle) // 2]:.2f} ms, most {idle[-1]:.2f} ms")  # noqa: T201
