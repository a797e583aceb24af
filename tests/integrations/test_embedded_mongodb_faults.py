"""The embedded MongoDB under kill -9: of a server, of mongod, of the keeper, of all at once.

`pytest -m slow -s tests/integrations/test_embedded_mongodb_faults.py -k figures` prints how long things take here.
"""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from pymongo import AsyncMongoClient, MongoClient
from pymongo.errors import PyMongoError

from tests.processes import HANG_GUARD_S, eventually, eventually_dead, processes_of
from traya_gql.integrations.mongodb.embedded import Attachment, MongodNotStarted, attach, keep_alive

pytestmark = pytest.mark.slow

Client = MongoClient[dict[str, Any]]
Launch = Callable[[Path], subprocess.Popen[str]]

SERVER = """
import asyncio, sys
from pathlib import Path
from traya_gql.integrations.mongodb.embedded import attach, keep_alive

async def serve():
    attachment = attach(Path(sys.argv[1]), mongod=None)
    print(attachment.uri, flush=True)
    await keep_alive(attachment)

asyncio.run(serve())
"""

WRITER = """
import sys
from pymongo import MongoClient
from pymongo.errors import PyMongoError

with MongoClient(sys.argv[1], w="majority", serverSelectionTimeoutMS=15000) as client:
    for number in range(int(sys.argv[2]), 1_000_000_000):
        try:
            client.traya.acknowledged.insert_one({"_id": number})
        except PyMongoError:
            continue
        print(number, flush=True)
"""


@pytest.fixture
def launch() -> Iterator[Launch]:
    """Start a server process, and kill what is left of them at the end of the test."""
    servers: list[subprocess.Popen[str]] = []

    def launch_server(data: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", SERVER, str(data)]
        servers.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return servers[-1]

    yield launch_server
    for server in servers:
        kill(server)


@pytest.fixture
def attachment(tmp_path: Path) -> Iterator[Attachment]:
    made = attach(tmp_path, mongod=None, timeout_s=HANG_GUARD_S)
    yield made
    made.release(wait_s=HANG_GUARD_S)
    assert processes_of(tmp_path) == {}


@pytest.fixture
async def watched(attachment: Attachment) -> AsyncIterator[Attachment]:
    """An attachment with its watchdog running."""
    watchdog = asyncio.create_task(keep_alive(attachment))
    yield attachment
    watchdog.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watchdog


def kill_mongod(data: Path) -> None:
    """Kill the mongod of a folder, if need be when it has been started again; return when it is dead."""
    eventually(lambda: "mongod" in processes_of(data))
    mongod = processes_of(data)["mongod"]
    mongod.kill()
    eventually_dead(mongod)


def has_attached(server: subprocess.Popen[str]) -> bool:
    return server.stdout is not None and server.stdout.readline().startswith("mongodb://")


def kill(server: subprocess.Popen[str]) -> None:
    if server.poll() is None:
        server.kill()
        server.communicate(timeout=HANG_GUARD_S)


def test_a_killed_server_leaves_mongod_to_the_others(tmp_path: Path, attachment: Attachment, launch: Launch) -> None:
    server = launch(tmp_path)
    assert has_attached(server)
    before = processes_of(tmp_path)

    kill(server)

    with Client(attachment.uri) as client:
        client.traya.orders.insert_one({"_id": 1})
        assert client.traya.orders.find_one() == {"_id": 1}
    assert processes_of(tmp_path) == before


def test_mongod_ends_when_every_server_was_killed(tmp_path: Path, launch: Launch) -> None:
    servers = [launch(tmp_path), launch(tmp_path)]
    assert all(map(has_attached, servers))
    assert set(processes_of(tmp_path)) == {"keeper", "mongod"}

    for server in servers:
        kill(server)

    eventually(lambda: processes_of(tmp_path) == {})
    assert "mongod ended with code 0" in (tmp_path / "keeper.log").read_text()


def test_a_killed_mongod_comes_back_and_has_every_acknowledged_write(tmp_path: Path, attachment: Attachment) -> None:
    acknowledged: list[int] = []
    command = [sys.executable, "-c", WRITER, attachment.uri, "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        for _ in range(4):
            acknowledged.extend(int(writer.stdout.readline()) for _ in range(150))

            kill_mongod(tmp_path)

        acknowledged.extend(int(writer.stdout.readline()) for _ in range(50))  # its next request is answered
        kill_mongod(tmp_path)
        writer.kill()
        acknowledged.extend(int(line) for line in writer.stdout if line.endswith("\n"))

    with Client(attachment.uri) as client:
        stored = set(client.traya.acknowledged.distinct("_id"))
    assert len(acknowledged) >= 650
    assert set(acknowledged) <= stored
    assert (tmp_path / "keeper.log").read_text().count("was ended by signal 9") == 5


async def test_a_killed_keeper_takes_mongod_along_and_the_watchdog_starts_both(
    tmp_path: Path, watched: Attachment
) -> None:
    async with AsyncMongoClient[dict[str, Any]](watched.uri) as client:
        orders = client.traya.orders
        await orders.insert_one({"_id": 1})
        for number in (2, 3):
            before = processes_of(tmp_path)

            before["keeper"].kill()
            await asyncio.to_thread(eventually_dead, before["mongod"])

            await orders.insert_one({"_id": number})
            after = processes_of(tmp_path)
            assert set(after) == {"keeper", "mongod"}
            assert before["keeper"].pid != after["keeper"].pid
        assert await orders.distinct("_id") == [1, 2, 3]


def test_several_watchdogs_start_one_keeper(tmp_path: Path, launch: Launch) -> None:
    servers = [launch(tmp_path) for _ in range(3)]
    assert all(map(has_attached, servers))
    before = processes_of(tmp_path)

    before["keeper"].kill()
    eventually(lambda: before["keeper"] not in (now := processes_of(tmp_path)).values() and len(now) == 2)

    attachment = attach(tmp_path, mongod=None)
    with Client(attachment.uri) as client:
        assert client.admin.command("ping")["ok"] == 1
    for server in servers:
        kill(server)
    attachment.release(wait_s=HANG_GUARD_S)
    assert processes_of(tmp_path) == {}


async def test_a_watchdog_keeps_the_port_even_if_its_file_is_lost(tmp_path: Path, watched: Attachment) -> None:
    (tmp_path / "port").unlink()

    processes_of(tmp_path)["keeper"].kill()

    async with AsyncMongoClient[dict[str, Any]](watched.uri) as client:
        await client.traya.orders.insert_one({"_id": 1})
    assert (tmp_path / "port").read_text() == f"{watched.port}\n"


def test_after_everything_was_killed_the_next_start_has_the_data_on_the_same_port(
    tmp_path: Path, launch: Launch
) -> None:
    first = attach(tmp_path, mongod=None)
    server = launch(tmp_path)
    assert has_attached(server)
    with Client(first.uri, w="majority") as client:
        client.traya.orders.insert_many([{"_id": number} for number in range(100)])

    for process in processes_of(tmp_path).values():
        # the keeper takes mongod along
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    kill(server)
    first.release()

    eventually(lambda: processes_of(tmp_path) == {})
    second = attach(tmp_path, mongod=None)
    with Client(second.uri) as client:
        assert client.traya.orders.count_documents({}) == 100
    assert second.uri == first.uri
    second.release(wait_s=HANG_GUARD_S)
    assert processes_of(tmp_path) == {}


@pytest.mark.parametrize("delay_ms", range(20, 420, 40))
def test_a_first_start_that_is_killed_can_be_started_again(delay_ms: int, tmp_path: Path, launch: Launch) -> None:
    data = tmp_path / "data"
    server = launch(data)
    eventually((data / "owner.lock").exists)
    time.sleep(delay_ms / 1000)  # the moment of the kill is the parameter

    kill(server)
    for process in processes_of(data).values():
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()

    attachment = attach(data, mongod=None, timeout_s=HANG_GUARD_S)
    with Client(attachment.uri) as client:
        client.traya.orders.insert_one({"_id": 1})
    attachment.release(wait_s=HANG_GUARD_S)
    assert processes_of(data) == {}


async def test_a_mongod_that_dies_again_and_again_is_given_up(
    tmp_path: Path, watched: Attachment, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(6):
        await asyncio.to_thread(kill_mongod, tmp_path)
    eventually((tmp_path / "gave_up").exists)

    with pytest.raises(MongodNotStarted, match="died 6 times within 60 s and is not started again until every server"):
        attach(tmp_path, mongod=None)
    with pytest.raises(MongodNotStarted, match="died 6 times within 60 s"):
        watched.ensure_alive()
    await asyncio.to_thread(eventually, lambda: "the embedded MongoDB is down, next try in" in caplog.text)
    assert "gave up: mongod of" in (tmp_path / "keeper.log").read_text()
    assert set(processes_of(tmp_path)) == {"keeper"}

    watched.release(wait_s=HANG_GUARD_S)

    assert processes_of(tmp_path) == {}
    again = attach(tmp_path, mongod=None)
    assert again.uri == watched.uri
    again.release(wait_s=HANG_GUARD_S)


def test_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Print the figures of docs/decisions/0006-embedded-mongodb.md; only a hang fails."""
    figures: list[str] = []

    def measured(name: str, since: float) -> None:
        figures.append(f"{time.perf_counter() - since:6.2f} s  {name}")

    start = time.perf_counter()
    attachment = attach(tmp_path, mongod=None)
    measured("attach to a fresh folder, until a writable primary", start)
    fresh_bytes = sum(path.lstat().st_blocks * 512 for path in tmp_path.rglob("*"))
    figures.append(f"{fresh_bytes / 1e6:6.1f} MB a fresh folder on disk")
    for name, process in sorted(processes_of(tmp_path).items()):
        figures.append(f"{process.memory_info().rss / 1e6:6.1f} MB memory of {name}")
    start = time.perf_counter()
    second = attach(tmp_path, mongod=None)
    measured("attach a second server", start)
    second.release()
    with Client(attachment.uri, connectTimeoutMS=1000, serverSelectionTimeoutMS=300) as client:
        client.traya.orders.insert_one({"_id": 0})
        for name in ("mongod", "keeper"):
            killed = processes_of(tmp_path)
            killed[name].kill()
            start = time.perf_counter()
            eventually_dead(killed["mongod"])
            answered = False
            while not answered:
                attachment.ensure_alive()
                with contextlib.suppress(PyMongoError):
                    client.traya.orders.insert_one({})
                    answered = True
            measured(f"kill -9 of {name} until the next write is acknowledged", start)
    start = time.perf_counter()
    attachment.release(wait_s=HANG_GUARD_S)
    measured("release by the last user, until keeper and mongod are gone", start)
    start = time.perf_counter()
    attachment = attach(tmp_path, mongod=None)
    measured("attach to a folder that has data", start)
    attachment.release(wait_s=HANG_GUARD_S)

    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(figures) + "\n")
    assert processes_of(tmp_path) == {}
