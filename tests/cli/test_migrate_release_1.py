"""A data folder of the first release, brought up to this one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.released import (
    PRIVATE_REPORT,
    Released,
    ask_as,
    by_key,
    shown_by_the_link,
    shown_to_readers,
    without_texts,
)
from tests.cli.serving import Server, free_port, run, serving
from traya_gql.integrations.mongodb.embedded import attach

pytestmark = pytest.mark.slow

Finished = subprocess.CompletedProcess[str]

RELEASE = Released(1)
OPERATIONS: dict[str, str] = RELEASE.told["operations"]
HAIR_TESTS: list[dict[str, Any]] = RELEASE.told["hairTests"]
ORDERS: list[dict[str, Any]] = RELEASE.told["orders"]

each_hair_test = pytest.mark.parametrize("kept", HAIR_TESTS, ids=range(len(HAIR_TESTS)))
each_order = pytest.mark.parametrize("kept", ORDERS, ids=range(len(ORDERS)))


# One folder goes through the change, on one MongoDB, and each fixture below is its next day.


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder as the first release left it."""
    folder = RELEASE.unpacked(tmp_path_factory.mktemp("release-1"))
    attachment = attach(folder, mongod=None)
    RELEASE.make_young(attachment.uri)
    yield folder
    attachment.release(wait_s=10)


@pytest.fixture(scope="module")
def refused(data: Path) -> Finished:
    """This release, started on the folder by somebody who knows of no change."""
    return run("serve", "--port", str(free_port()), "--data", str(data), cwd=data.parent, **RELEASE.settings)


@pytest.fixture(scope="module")
def migrations(data: Path, refused: Finished) -> list[Finished]:
    """The command that was named, given twice."""
    return [run("migrate", "--data", str(data), cwd=data.parent, **RELEASE.settings) for _ in range(2)]


@pytest.fixture(scope="module")
def seeded(data: Path, migrations: list[Finished]) -> Finished:
    """The command that adds what the catalogue has gained."""
    return run("seed", "--data", str(data), cwd=data.parent, **RELEASE.settings)


@pytest.fixture(scope="module")
def server(data: Path, seeded: Finished) -> Iterator[Server]:
    """This release, serving. The tests only read, or repeat."""
    with serving(data, **RELEASE.settings) as started:
        yield started


# --- the commands -------------------------------------------------------------------------------------------------


def test_serve_refuses_a_folder_of_the_first_release_and_names_the_command(refused: Finished) -> None:
    assert refused.returncode == 1
    assert "of an older release" in refused.stderr
    assert "Run: traya-gql migrate" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_migrate_brings_the_folder_up_once(migrations: list[Finished]) -> None:
    first, second = migrations

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "The database is migrated to version " in first.stdout
    assert "The database is already current" in second.stdout


def test_seed_adds_the_products_that_the_first_release_did_not_have(seeded: Finished) -> None:
    assert seeded.stdout.strip() == "5 products added, 15 were there already."


def test_the_catalogue_is_there_once_and_all_of_it_can_be_ordered(server: Server) -> None:
    assert server.ask("{ products { totalCount } }") == {"products": {"totalCount": 20}}


# --- afterwards, to clients of the first release --------------------------------------------------------------------


@each_hair_test
def test_a_shared_report_looks_as_before_but_for_how_strong_the_causes_are(
    server: Server, kept: dict[str, Any]
) -> None:
    seen = server.ask(OPERATIONS["report"], publicId=kept["submitted"]["report"]["publicId"])

    assert without_texts(seen["report"]) == shown_by_the_link(kept)


@each_order
def test_the_token_of_an_order_opens_the_same_order(server: Server, kept: dict[str, Any]) -> None:
    token = RELEASE.still_valid(kept["placed"]["accessToken"])

    seen = server.ask(OPERATIONS["order"], accessToken=token)
    whole = server.ask(OPERATIONS["whole_order"], accessToken=token)

    assert seen["order"] == kept["order"]
    assert whole["order"] == kept["wholeOrder"]


@each_order
def test_an_order_repeated_after_the_change_gives_the_first_answer(server: Server, kept: dict[str, Any]) -> None:
    # as its client sends it, which knows of no expected total
    repeated = ask_as(None, server, OPERATIONS["place_order"], input=kept["input"])["data"]

    assert repeated["placeOrder"] == {**kept["placed"], "isReplay": True}


def test_the_first_questionnaires_input_is_refused_as_bad_input(server: Server) -> None:
    answer = ask_as(None, server, OPERATIONS["submit_hair_test"], input=HAIR_TESTS[0]["input"])

    assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}


# --- afterwards, to clients of this release -------------------------------------------------------------------------


@each_hair_test
def test_the_token_of_a_report_opens_what_that_release_said_and_nothing_that_it_did_not(
    server: Server, kept: dict[str, Any]
) -> None:
    seen = server.ask(PRIVATE_REPORT, **RELEASE.opened(kept))

    assert by_key(seen["report"]) == shown_to_readers(kept)


def test_a_report_stays_closed_without_its_token(server: Server) -> None:
    public_id = HAIR_TESTS[0]["submitted"]["report"]["publicId"]
    foreign = RELEASE.opened(HAIR_TESTS[1])["accessToken"]

    seen = server.ask(PRIVATE_REPORT, publicId=public_id, accessToken=foreign)["report"]

    assert [seen[name] for name in ("safetyFindings", "hairTest")] == [None, None]
    assert {(cause["level"], cause["score"], cause["answersThatRaisedIt"]) for cause in seen["causes"]} == {
        (None, None, None)
    }
    assert (seen["kit"]["isWhole"], seen["kit"]["excluded"]) == (False, None)
