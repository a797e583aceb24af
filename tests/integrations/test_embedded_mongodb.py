"""The embedded MongoDB when nobody kills anything: found, started, shared, stopped, and clear when it cannot be."""

import fcntl
import os
import signal
import socket
import socketserver
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import Any

import psutil
import pytest
from pymongo import MongoClient

from tests.processes import HANG_GUARD_S, eventually, eventually_gone, processes_of
from traya_gql.integrations.mongodb.binary import MongodNotFound, MongodUnusable, find_mongod
from traya_gql.integrations.mongodb.embedded import Attachment, DataFolderUnusable, MongodNotStarted, attach
from traya_gql.integrations.mongodb.wire import is_primary

Attach = Callable[[Path], Attachment]

SERVER = """
import sys
from pathlib import Path
from traya_gql.integrations.mongodb.embedded import attach

attachment = attach(Path(sys.argv[1]), mongod=None)
print(attachment.uri, flush=True)
sys.stdin.read()
attachment.release()
"""


class Foreign(socketserver.TCPServer):
    """A program that is not ours, on a port that was."""

    allow_reuse_address = True


class Chatterbox(socketserver.BaseRequestHandler):
    """Answers whatever it hears with what was put into `answer`."""

    answer = b""

    def handle(self) -> None:
        self.request.recv(1000)
        self.request.sendall(self.answer)


@pytest.fixture(scope="module")
def folders() -> Iterator[set[Path]]:
    """Collect the folders of all tests and see at the end that nothing runs on them any more."""
    used: set[Path] = set()
    yield used
    for folder in used:
        eventually_gone(folder)


@pytest.fixture
def attached(folders: set[Path]) -> Iterator[Attach]:
    """Attach, and let go of everything at the end of the test."""
    attachments: list[Attachment] = []

    def attach_to(data: Path) -> Attachment:
        folders.add(data)
        attachments.append(attach(data, mongod=None, timeout_s=HANG_GUARD_S))
        return attachments[-1]

    yield attach_to
    for attachment in attachments:
        attachment.release()


def disk_bytes(folder: Path) -> int:
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*"))


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return path


class TestFindMongod:
    def test_an_explicit_path_comes_first(self, tmp_path: Path) -> None:
        explicit = program(tmp_path / "mine", "echo db version v7.0.0")
        program(tmp_path / "bin" / "mongod", "echo db version v7.0.0")

        assert find_mongod(explicit, search_path=str(tmp_path / "bin")) == explicit

    def test_the_wheel_comes_before_the_path(self, tmp_path: Path) -> None:
        program(tmp_path / "bin" / "mongod", "echo db version v7.0.0")

        found = find_mongod(None, search_path=str(tmp_path / "bin"))

        assert found.parts[-4:] == ("fiftyone", "db", "bin", "mongod")
        assert "fiftyone" not in sys.modules

    def test_the_path_comes_last(self, tmp_path: Path) -> None:
        on_path = program(tmp_path / "bin" / "mongod", "echo db version v7.0.0")

        assert find_mongod(None, wheel="no_such_wheel", search_path=str(tmp_path / "bin")) == on_path

    def test_the_lack_of_one_says_every_way_to_get_one(self, tmp_path: Path) -> None:
        with pytest.raises(MongodNotFound) as refusal:
            find_mongod(None, wheel="no_such_wheel", search_path=str(tmp_path))

        message = str(refusal.value)
        assert "There is no mongod on this machine." in message
        assert "pip install 'traya-gql[embedded]'" in message
        assert "(Linux x86_64)" in message
        assert "put a mongod on PATH" in message
        assert "TRAYA_MONGOD=/path/to/mongod" in message
        assert "docker run -d --name traya-mongo -p 27017:27017 mongo:7 --replSet rs0" in message
        assert "rs.initiate(" in message
        assert "MONGODB_URI=mongodb://127.0.0.1:27017/traya?replicaSet=rs0" in message

    def test_a_wrong_explicit_path_is_not_replaced_by_another(self, tmp_path: Path) -> None:
        with pytest.raises(MongodNotFound, match=r"nowhere \(TRAYA_MONGOD\) is not a program that can be run"):
            find_mongod(tmp_path / "nowhere")

    def test_a_missing_library_names_the_package_to_install(self, tmp_path: Path) -> None:
        broken = program(
            tmp_path / "mongod",
            "echo 'error while loading shared libraries: libcurl.so.4: cannot open shared object file' >&2; exit 127",
        )

        with pytest.raises(MongodUnusable) as refusal:
            find_mongod(broken)

        assert "libcurl.so.4: cannot open" in str(refusal.value)
        assert "sudo apt-get install libcurl4" in str(refusal.value)

    def test_a_program_that_is_no_mongod_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(MongodUnusable, match="it says: hello"):
            find_mongod(program(tmp_path / "mongod", "echo hello"))


def test_a_fresh_folder_has_transactions_and_is_small_and_private(tmp_path: Path, attached: Attach) -> None:
    data = tmp_path / "made" / "data"

    attachment = attached(data)

    with MongoClient[dict[str, Any]](attachment.uri) as client:
        orders = client.get_default_database()["orders"]
        with client.start_session() as session, session.start_transaction():
            orders.insert_one({"_id": 1}, session=session)
            orders.insert_one({"_id": 2}, session=session)
        with client.start_session() as session, session.start_transaction():
            orders.insert_one({"_id": 3}, session=session)
            session.abort_transaction()
        assert orders.full_name == "traya.orders"
        assert orders.distinct("_id") == [1, 2]
        with orders.watch() as changes:
            orders.insert_one({"_id": 4})
            assert changes.next()["documentKey"] == {"_id": 4}
    assert disk_bytes(data) <= 20_000_000
    assert data.stat().st_mode & 0o777 == 0o700
    assert [path for path in data.rglob("*") if path.stat().st_mode & 0o077] == []


def test_mongod_listens_on_the_loopback_address_alone(tmp_path: Path, attached: Attach) -> None:
    attachment = attached(tmp_path)

    sockets = processes_of(tmp_path)["mongod"].net_connections(kind="all")

    listening = [link.laddr for link in sockets if link.status == psutil.CONN_LISTEN]
    assert listening == [("127.0.0.1", attachment.port)]
    assert [link for link in sockets if link.family == socket.AF_UNIX and link.laddr] == []


def test_two_users_share_one_mongod_and_the_last_one_stops_it(tmp_path: Path, attached: Attach) -> None:
    first = attached(tmp_path)
    before = processes_of(tmp_path)

    second = attached(tmp_path)
    first.release(wait_s=HANG_GUARD_S)

    assert second.uri == first.uri
    assert processes_of(tmp_path) == before
    with MongoClient[dict[str, int]](second.uri) as client:
        assert client.admin.command("ping")["ok"] == 1

    second.release(wait_s=HANG_GUARD_S)

    assert processes_of(tmp_path) == {}
    assert "mongod ended with code 0" in (tmp_path / "keeper.log").read_text()


def test_a_second_start_finds_the_data_on_the_same_port(tmp_path: Path, attached: Attach) -> None:
    first = attached(tmp_path)
    with MongoClient[dict[str, int]](first.uri) as client:
        client.traya.orders.insert_one({"_id": 7})
    first.release(wait_s=HANG_GUARD_S)

    second = attached(tmp_path)

    assert second.uri == first.uri
    with MongoClient[dict[str, int]](second.uri) as client:
        assert client.traya.orders.find_one() == {"_id": 7}


def test_one_who_attaches_while_mongod_stops_gets_a_new_one(tmp_path: Path, attached: Attach) -> None:
    first = attached(tmp_path)
    log = tmp_path / "keeper.log"
    first.release()
    eventually(lambda: "stopping mongod" in log.read_text())

    second = attached(tmp_path)

    with MongoClient[dict[str, int]](second.uri) as client:
        client.traya.orders.insert_one({"_id": 1})
    assert second.uri == first.uri
    assert log.read_text().count("is a writable primary") == 2


@pytest.mark.slow
def test_many_processes_at_once_get_one_mongod(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SERVER, str(tmp_path)]
    servers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(5)]
    uris = [server.stdout.readline() for server in servers if server.stdout]

    alive = processes_of(tmp_path)

    assert len(uris) == 5
    assert len(set(uris)) == 1
    assert uris[0].startswith("mongodb://127.0.0.1:")
    assert set(alive) == {"keeper", "mongod"}
    for server in servers:
        server.communicate(timeout=HANG_GUARD_S)
        assert server.returncode == 0
    eventually_gone(tmp_path)


@pytest.mark.slow
def test_several_folders_at_once_get_different_ports(tmp_path: Path, attached: Attach) -> None:
    long_name = "a" * 120  # longer than the address of a Unix socket may be
    folders = [tmp_path / "one", tmp_path / "with some spaces", tmp_path / long_name]

    with ThreadPoolExecutor(max_workers=3) as pool:
        attachments = list(pool.map(attached, folders))

    assert len({attachment.port for attachment in attachments}) == 3
    for attachment in attachments:
        with MongoClient[dict[str, int]](attachment.uri) as client:
            assert client.admin.command("ping")["ok"] == 1


@pytest.mark.slow
def test_a_taken_port_is_an_error_and_a_deleted_port_file_moves_the_folder(tmp_path: Path, attached: Attach) -> None:
    first = attached(tmp_path)
    with MongoClient[dict[str, int]](first.uri) as client:
        client.traya.orders.insert_one({"_id": 7})
    first.release(wait_s=HANG_GUARD_S)
    with Foreign(("127.0.0.1", first.port), socketserver.BaseRequestHandler) as foreign:
        Thread(target=foreign.serve_forever, kwargs={"poll_interval": 0.01}).start()

        with pytest.raises(MongodNotStarted) as refusal:
            attached(tmp_path)
        (tmp_path / "port").unlink()
        second = attached(tmp_path)
        foreign.shutdown()

    assert f"Port {first.port}, kept in {tmp_path / 'port'}, is in use by another program." in str(refusal.value)
    assert second.port != first.port
    with MongoClient[dict[str, int]](second.uri) as client:
        assert client.traya.orders.find_one() == {"_id": 7}


def test_a_port_file_that_cannot_be_read_is_made_anew(tmp_path: Path, attached: Attach) -> None:
    (tmp_path / "port").write_bytes(b"\xff27")
    (tmp_path / "port.new").write_text("2")
    (tmp_path / "gave_up").write_text("a note that a killed keeper left")

    attachment = attached(tmp_path)

    assert (tmp_path / "port").read_text() == f"{attachment.port}\n"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(DataFolderUnusable) as refusal:
        attach(tmp_path / "file" / "data", mongod=None)
    with pytest.raises(DataFolderUnusable, match="The data folder /sys cannot be used: "):
        attach(Path("/sys"), mongod=None)  # even root may not write there

    assert str(refusal.value) == (
        f"The data folder {tmp_path}/file/data cannot be used: Not a directory. Name one that this user may write to."
    )


def test_a_folder_without_room_for_the_data_is_named(tmp_path: Path) -> None:
    (tmp_path / "db").write_text("a file where mongod's folder should be")

    with pytest.raises(MongodNotStarted, match=r"The keeper of mongod failed: FileExistsError.*/keeper\.log"):
        attach(tmp_path, mongod=None)


def test_no_mongod_is_told_to_the_one_who_attaches(tmp_path: Path) -> None:
    with pytest.raises(MongodNotFound):
        attach(tmp_path / "data", mongod=tmp_path / "nowhere")

    assert processes_of(tmp_path / "data") == {}


@pytest.mark.slow
def test_damaged_data_is_told_with_the_first_error_and_the_log(tmp_path: Path, attached: Attach) -> None:
    attached(tmp_path).release(wait_s=HANG_GUARD_S)
    (tmp_path / "db" / "WiredTiger.turtle").write_text("no turtle")

    with pytest.raises(MongodNotStarted) as refusal:
        attached(tmp_path)

    assert "Its first error: WiredTiger error message {" in str(refusal.value)
    assert "WT_TRY_SALVAGE: database corruption detected" in str(refusal.value)
    assert f"See {tmp_path / 'mongod.log'} and {tmp_path / 'keeper.log'}." in str(refusal.value)
    assert (tmp_path / "db" / "WiredTiger.turtle").read_text() == "no turtle"
    assert processes_of(tmp_path) == {}


@pytest.mark.slow
def test_what_a_killed_first_start_left_is_made_anew(tmp_path: Path, attached: Attach) -> None:
    (tmp_path / "db.unfinished").touch()
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "WiredTiger").write_text("WiredTiger")
    (tmp_path / "db" / "WiredTiger.turtle").touch()  # seen: killed between making and writing it

    attached(tmp_path)

    assert (tmp_path / "db" / "WiredTiger.turtle").stat().st_size > 0
    assert not (tmp_path / "db.unfinished").exists()


def test_a_mongod_that_never_gets_ready_ends_with_the_time(tmp_path: Path) -> None:
    fake = program(tmp_path / "mongod", '[ "$1" = --version ] && echo db version v0 || exec sleep 600')

    with pytest.raises(MongodNotStarted, match=r"was not ready after 1 s\. What it did: .*mongod\.log"):
        attach(tmp_path / "data", mongod=fake, timeout_s=1)

    owner_lock = os.open(tmp_path / "data" / "owner.lock", os.O_RDWR)
    fcntl.flock(owner_lock, fcntl.LOCK_EX)  # waits until the keeper has stopped the fake and gone
    os.close(owner_lock)


def test_the_keeper_inherits_nothing_and_is_out_of_reach_of_the_terminal(tmp_path: Path, attached: Attach) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, (tmp_path / "secret").open("w") as secret:
        server.set_inheritable(True)
        os.set_inheritable(secret.fileno(), True)  # noqa: FBT003 - it takes no name
        attached(tmp_path / "data")

        alive = processes_of(tmp_path / "data")

        sessions = {os.getsid(process.pid) for process in alive.values()}
        files = {Path(file.path).name for file in alive["keeper"].open_files()}
        # three standard ones, two locks, and the socket that reserves the port; its word to us may still close
        eventually(lambda: alive["keeper"].num_fds() == 6)
    assert os.getsid(0) not in sessions
    assert alive["keeper"].terminal() is None
    assert files <= {"keeper.log", "owner.lock", "users.lock"}


def test_the_keeper_imports_neither_driver_nor_framework() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", "import sys, traya_gql.integrations.mongodb.keeper; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=HANG_GUARD_S,
    )

    heavy = {"pymongo", "beanie", "strawberry", "starlette", "pydantic", "asyncio"}
    assert heavy.isdisjoint(answer.stdout.split())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_keeper_stops_mongod_cleanly(number: signal.Signals, tmp_path: Path, attached: Attach) -> None:
    attached(tmp_path)

    processes_of(tmp_path)["keeper"].send_signal(number)

    eventually_gone(tmp_path)
    assert "mongod ended with code 0" in (tmp_path / "keeper.log").read_text()
    assert (tmp_path / "db" / "mongod.lock").read_text() == ""


def test_a_long_log_is_put_aside(tmp_path: Path, attached: Attach) -> None:
    with (tmp_path / "mongod.log").open("wb") as log:
        log.truncate(8_000_001)

    attached(tmp_path)

    assert (tmp_path / "mongod.log.old").stat().st_size == 8_000_001
    assert (tmp_path / "mongod.log").stat().st_size < 1_000_000


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        struct.pack("<iiii", 60, 1, 1, 2013) + bytes(20),
        struct.pack("<iiii", 26, 1, 1, 2013) + bytes(10),
    ],
    ids=["nothing", "HTTP", "a part", "no BSON"],
)
def test_what_is_no_mongod_is_not_taken_for_one(answer: bytes) -> None:
    handler = type("Handler", (Chatterbox,), {"answer": answer})
    with Foreign(("127.0.0.1", 0), handler) as foreign, ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(foreign.handle_request)

        with pytest.raises(ConnectionError):
            is_primary(foreign.server_address[1])


def test_release_and_ensure_alive_after_it_do_nothing(tmp_path: Path, attached: Attach) -> None:
    attachment = attached(tmp_path)
    attachment.release(wait_s=HANG_GUARD_S)

    attachment.release(wait_s=HANG_GUARD_S)
    attachment.ensure_alive()

    assert processes_of(tmp_path) == {}
