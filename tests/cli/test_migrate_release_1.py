"""A data folder of the first release, brought up to this one."""

from __future__ import annotations

import json
import subprocess
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from pymongo import MongoClient

from tests.cli.serving import Server, free_port, run, serving
from traya_gql.integrations.mongodb.embedded import attach

# servers and databases of their own: side by side with others they would starve on two cores
pytestmark = pytest.mark.xdist_group("servers")

Finished = subprocess.CompletedProcess[str]

RELEASES = Path(__file__).parent.parent / "releases"
TOLD: dict[str, Any] = json.loads((RELEASES / "release-1.json").read_text(encoding="utf-8"))
OPERATIONS: dict[str, str] = TOLD["operations"]
HAIR_TESTS: list[dict[str, Any]] = TOLD["hairTests"]
ORDERS: list[dict[str, Any]] = TOLD["orders"]
SETTINGS = {"TRAYA_SECRET_KEY": TOLD["secretKey"], "TRAYA_ACCESS_TOKEN_DAYS": str(TOLD["accessTokenDays"])}

PERSON = """query ($publicId: String!, $accessToken: String!) {
  report(publicId: $publicId, accessToken: $accessToken) {
    hairTest { person { name phone age gender } }
  }
}"""


def unpacked(parent: Path) -> Path:
    """Return the data folder as the first release left it."""
    data = parent / "data"
    with tarfile.open(RELEASES / "release-1.tar.xz") as archive:
        archive.extractall(data, filter="data")
    return data


def make_keys_young(uri: str) -> None:
    """Date the idempotency keys of today: they are forgotten after a week, which the archive has outlived."""
    with MongoClient[dict[str, Any]](uri) as client:
        keys = client.get_default_database().idempotency
        changed = keys.update_many({}, {"$set": {"created_at": datetime.now(UTC)}})
    assert changed.modified_count == len(HAIR_TESTS) + len(ORDERS)


def still_valid(token: str) -> str:
    """Return an access token as the first release signed it, but for its end, which it has outlived."""
    claims = jwt.decode(
        token,
        TOLD["secretKey"],
        algorithms=["HS256"],
        options={"verify_exp": False, "verify_iat": False, "verify_aud": False},
    )
    claims["exp"] = int((datetime.now(UTC) + timedelta(hours=1)).timestamp())
    return jwt.encode(claims, TOLD["secretKey"], algorithm="HS256", headers=jwt.get_unverified_header(token))


# One folder goes through the change, on one MongoDB, and each fixture below is its next day.


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder as the first release left it."""
    folder = unpacked(tmp_path_factory.mktemp("release-1"))
    attachment = attach(folder, mongod=None)
    make_keys_young(attachment.uri)
    yield folder
    attachment.release(wait_s=10)


@pytest.fixture(scope="module")
def refused(data: Path) -> Finished:
    """This release, started on the folder by somebody who knows of no change."""
    return run("serve", "--port", str(free_port()), "--data", str(data), cwd=data.parent, **SETTINGS)


@pytest.fixture(scope="module")
def migrations(data: Path, refused: Finished) -> list[Finished]:
    """The command that was named, given twice."""
    return [run("migrate", "--data", str(data), cwd=data.parent, **SETTINGS) for _ in range(2)]


@pytest.fixture(scope="module")
def server(data: Path, migrations: list[Finished]) -> Iterator[Server]:
    """This release, serving. The tests only read, or repeat."""
    with serving(data, **SETTINGS) as started:
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


# --- afterwards, to clients of the first release --------------------------------------------------------------------


@pytest.mark.parametrize("kept", HAIR_TESTS, ids=range(len(HAIR_TESTS)))
def test_a_shared_report_looks_as_before(server: Server, kept: dict[str, Any]) -> None:
    seen = server.ask(OPERATIONS["report"], publicId=kept["submitted"]["report"]["publicId"])

    assert seen["report"] == kept["report"]


@pytest.mark.parametrize("kept", HAIR_TESTS, ids=range(len(HAIR_TESTS)))
def test_the_token_of_a_report_opens_the_same_private_parts(server: Server, kept: dict[str, Any]) -> None:
    seen = server.ask(
        OPERATIONS["private_report"],
        publicId=kept["submitted"]["report"]["publicId"],
        accessToken=still_valid(kept["submitted"]["accessToken"]),
    )

    assert seen["report"] == kept["privateReport"]


@pytest.mark.parametrize("kept", HAIR_TESTS, ids=range(len(HAIR_TESTS)))
def test_the_person_of_a_hair_test_is_the_one_who_took_it(server: Server, kept: dict[str, Any]) -> None:
    seen = server.ask(
        PERSON,
        publicId=kept["submitted"]["report"]["publicId"],
        accessToken=still_valid(kept["submitted"]["accessToken"]),
    )

    typed = kept["input"]["customer"]
    digits = "".join(letter for letter in typed["phone"] if letter.isdecimal())
    assert seen["report"]["hairTest"]["person"] == {
        "name": typed["name"],
        "phone": f"+91{digits[-10:]}",
        "age": typed["age"],
        "gender": typed["gender"],
    }


def test_a_report_stays_closed_without_its_token(server: Server) -> None:
    kept = HAIR_TESTS[0]["submitted"]
    foreign = still_valid(HAIR_TESTS[1]["submitted"]["accessToken"])

    seen = server.ask(PERSON, publicId=kept["report"]["publicId"], accessToken=foreign)

    assert seen == {"report": {"hairTest": None}}


@pytest.mark.parametrize("kept", ORDERS, ids=range(len(ORDERS)))
def test_the_token_of_an_order_opens_the_same_order(server: Server, kept: dict[str, Any]) -> None:
    token = still_valid(kept["placed"]["accessToken"])

    seen = server.ask(OPERATIONS["order"], accessToken=token)
    whole = server.ask(OPERATIONS["whole_order"], accessToken=token)

    assert seen["order"] == kept["order"]
    assert whole["order"] == kept["wholeOrder"]


@pytest.mark.parametrize("kept", HAIR_TESTS, ids=range(len(HAIR_TESTS)))
def test_a_hair_test_repeated_after_the_change_gives_the_first_answer(server: Server, kept: dict[str, Any]) -> None:
    repeated = server.ask(OPERATIONS["submit_hair_test"], input=kept["input"])

    assert repeated["submitHairTest"] == {**kept["submitted"], "isReplay": True}


@pytest.mark.parametrize("kept", ORDERS, ids=range(len(ORDERS)))
def test_an_order_repeated_after_the_change_gives_the_first_answer(server: Server, kept: dict[str, Any]) -> None:
    repeated = server.ask(OPERATIONS["place_order"], input=kept["input"])

    assert repeated["placeOrder"] == {**kept["placed"], "isReplay": True}


def test_the_catalogue_is_still_there_once(server: Server) -> None:
    assert server.ask("{ products { totalCount } }") == {"products": {"totalCount": 15}}
