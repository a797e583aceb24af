"""`traya-gql serve`, as a newcomer runs it."""

from __future__ import annotations

import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from tests.cli.serving import PROGRAM, run, serving
from tests.processes import HANG_GUARD_S, eventually_gone, processes_of
from tests.support import example, hair_test, order


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "a folder" / "data"


def test_the_first_start_seeds_the_catalogue_and_prints_a_query_that_works(data: Path) -> None:
    with serving(data) as server:
        shown = server.output.read_text(encoding="utf-8")
        query = shown[shown.index("query FirstProducts {") : shown.index("Ctrl-C")]

        answer = server.ask(query)

    assert f"http://127.0.0.1:{server.port}/graphql" in shown
    assert len(answer["products"]["nodes"]) == 3
    assert answer["products"]["totalCount"] == 20


@pytest.mark.slow
def test_restarting_keeps_data_secret_and_tokens_and_seeds_nothing_again(data: Path) -> None:
    with serving(data) as server:
        submitted = server.ask(example("submit_hair_test"), input=hair_test())["submitHairTest"]
        placed = server.ask(example("place_order"), input=order(submitted["report"]["publicId"]))["placeOrder"]

    with serving(data) as server:
        seen = server.ask(example("order"), accessToken=placed["accessToken"])["order"]
        total = server.ask("{ products { totalCount } }")

    assert seen["number"] == placed["order"]["number"]
    assert total == {"products": {"totalCount": 20}}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_everything_the_database_too(data: Path, how: signal.Signals) -> None:
    with serving(data) as server:
        assert processes_of(data)

        code = server.stop(how)

        assert processes_of(data) == {}
        assert code == 0
        assert "Stopped." in server.output.read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_second_server_on_the_same_folder_shares_the_database(data: Path) -> None:
    with serving(data) as first, serving(data) as second:
        public_id = first.ask(example("submit_hair_test"), input=hair_test())["submitHairTest"]["report"]["publicId"]
        databases = processes_of(data)
        first.stop()

        seen = second.ask(example("report"), publicId=public_id)["report"]

    assert seen["firstName"] == "Asha"
    assert "mongod" in databases


@pytest.mark.slow
def test_several_workers_share_the_database_and_repeats_have_one_effect(data: Path) -> None:
    with serving(data, "--workers", "2") as server, ThreadPoolExecutor(16) as pool:
        typed = hair_test()

        def submit(_: int) -> Any:
            return server.ask(example("submit_hair_test"), input=typed)["submitHairTest"]

        answers = list(pool.map(submit, range(50)))
        stopped = server.stop()

    assert [answer["userErrors"] for answer in answers] == [[]] * 50
    assert sorted(answer.pop("isReplay") for answer in answers) == [False] + [True] * 49
    assert all(answer == answers[0] for answer in answers)
    assert stopped == 0
    assert processes_of(data) == {}


@pytest.mark.slow
def test_ctrl_c_while_workers_are_starting_ends_them_quietly(data: Path) -> None:
    with serving(data, "--workers", "2") as server:
        # to the whole group, as a terminal does; the second worker may still be starting
        os.killpg(server.process.pid, signal.SIGINT)
        code = server.process.wait(HANG_GUARD_S)

        shown = server.output.read_text(encoding="utf-8")

    assert code == 0
    assert "Traceback" not in shown
    assert processes_of(data) == {}


@pytest.mark.slow
def test_no_process_is_left_after_kill_9_of_the_server(data: Path) -> None:
    with serving(data) as server:
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()

        eventually_gone(data)


def test_a_taken_port_is_said_in_words_and_leaves_nothing_running(data: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        refused = run("serve", "--port", str(port), "--data", str(data), cwd=tmp_path)

    assert refused.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in refused.stderr
    assert "PORT=" in refused.stderr
    assert processes_of(data) == {}


def test_production_refuses_to_start_without_its_secrets(tmp_path: Path) -> None:
    refused = run("serve", cwd=tmp_path, TRAYA_MODE="production")

    assert refused.returncode == 1
    assert "MONGODB_URI and TRAYA_SECRET_KEY" in refused.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_named_cluster_is_used_and_nothing_is_embedded(data: Path, elsewhere: dict[str, str]) -> None:
    with serving(data, **elsewhere) as server:
        total = server.ask("{ products { totalCount } }")
        started = processes_of(data)

    # it is there, with what was written, when the server is gone
    with MongoClient[dict[str, Any]](elsewhere["MONGODB_URI"]) as cluster:
        assert cluster.get_default_database().products.count_documents({}) == 20
    assert total == {"products": {"totalCount": 20}}
    assert started == {}


def test_a_machine_without_mongod_is_told_what_to_do(tmp_path: Path) -> None:
    refused = run("serve", cwd=tmp_path, TRAYA_MONGOD="/nowhere/mongod")

    assert refused.returncode == 1
    for advice in ("traya-gql[embedded]", "on PATH", "TRAYA_MONGOD", "docker run", "MONGODB_URI"):
        assert advice in refused.stderr


def test_the_command_is_installed() -> None:
    assert PROGRAM.exists()
