"""Where pictures lie while they are looked at: nothing of a killed process stays there, nothing in use is touched."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_IMODE

import pytest

from traya_gql.integrations.images.workspace import Workspace

PROGRAM = """
import sys, time
from pathlib import Path
from traya_gql.integrations.images.workspace import Workspace

workspace = Workspace(Path(sys.argv[1]))
with workspace.folder() as folder:
    (folder / "upload").write_bytes(b"a picture of somebody")
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    return tmp_path / "data" / "photo-checks"


@contextmanager
def another_process(shared: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process that looks at a picture, and the folder where that lies."""
    with subprocess.Popen([sys.executable, "-c", PROGRAM, str(shared)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, Path(process.stdout.readline().strip())
        finally:
            process.kill()


def files_in(shared: Path) -> list[str]:
    """Return what lies in a folder and below it, but for folders and locks."""
    return sorted(one.name for one in shared.rglob("*") if one.is_file() and one.name != ".in-use")


def test_only_the_servers_own_user_can_read_it(shared: Path) -> None:
    workspace = Workspace(shared)

    with workspace.folder() as folder:
        modes = [S_IMODE(one.stat().st_mode) for one in (shared, *shared.iterdir(), folder)]

    assert modes == [0o700, 0o700, 0o700]
    workspace.close()


def test_each_block_gets_an_empty_folder_of_its_own_that_is_gone_afterwards(shared: Path) -> None:
    workspace = Workspace(shared)

    with workspace.folder() as first, workspace.folder() as second:
        (first / "upload").write_bytes(b"one")
        seen = list(second.iterdir())

    assert first != second
    assert seen == []
    assert files_in(shared) == []
    workspace.close()


def test_a_block_that_fails_leaves_nothing(shared: Path) -> None:
    workspace = Workspace(shared)

    def fail() -> None:
        with workspace.folder() as folder:
            (folder / "upload").write_bytes(b"one")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert files_in(shared) == []
    workspace.close()


def test_nothing_is_left_when_it_is_closed(shared: Path) -> None:
    workspace = Workspace(shared)
    with workspace.folder() as folder:
        (folder / "upload").write_bytes(b"one")

        workspace.close()

    assert list(shared.iterdir()) == []


def test_what_a_killed_process_left_is_removed_by_the_next_one(shared: Path) -> None:
    with another_process(shared) as (process, folder):
        process.kill()
        assert process.wait() == -signal.SIGKILL
        left = files_in(shared)

        workspace = Workspace(shared)

    assert left == ["upload"]
    assert not folder.exists()
    assert files_in(shared) == []
    assert len(list(shared.iterdir())) == 1
    workspace.close()


def test_what_another_process_uses_stays(shared: Path) -> None:
    with another_process(shared) as (process, folder):
        workspace = Workspace(shared)
        is_there = (folder / "upload").read_bytes()

        assert process.poll() is None

    assert is_there == b"a picture of somebody"
    workspace.close()


def test_what_the_same_process_uses_stays(shared: Path) -> None:
    first = Workspace(shared)
    with first.folder() as folder:
        (folder / "upload").write_bytes(b"one")

        second = Workspace(shared)

        assert (folder / "upload").read_bytes() == b"one"
    first.close()
    second.close()


def test_what_has_no_lock_or_is_no_folder_stays(shared: Path) -> None:
    shared.mkdir(parents=True)
    (shared / "being-made").mkdir()
    (shared / "a-file").write_text("somebody's")

    workspace = Workspace(shared)
    workspace.close()

    assert sorted(one.name for one in shared.iterdir()) == ["a-file", "being-made"]
