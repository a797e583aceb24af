"""The other commands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from tests.cli.serving import free_port, run
from tests.processes import processes_of
from traya_gql import __version__
from traya_gql.documents.migrations import STEPS
from traya_gql.domain.questionnaire.model import current_questionnaire
from traya_gql.domain.ruleset.rules import current_ruleset
from traya_gql.graph import schema_text
from traya_gql.integrations.mongodb.embedded import attach


def test_help_teaches(tmp_path: Path) -> None:
    shown = run("--help", cwd=tmp_path)

    assert shown.returncode == 0
    for command in ("serve", "seed", "schema", "doctor", "migrate", "ruleset"):
        assert command in shown.stdout
    assert "traya-gql serve --port 8123" in run("serve", "--help", cwd=tmp_path).stdout
    assert run("--version", cwd=tmp_path).stdout.strip() == __version__


@pytest.mark.slow
def test_the_schema_is_exported_and_checked(tmp_path: Path) -> None:
    file = tmp_path / "schema.graphql"

    missing = run("schema", "export", "--check", str(file), cwd=tmp_path)
    run("schema", "export", str(file), cwd=tmp_path)
    # the file that is checked when none is named
    fresh = run("schema", "export", "--check", cwd=tmp_path)
    file.write_text(file.read_text(encoding="utf-8") + "# drift\n", encoding="utf-8")
    drifted = run("schema", "export", "--check", str(file), cwd=tmp_path)

    assert (missing.returncode, fresh.returncode, drifted.returncode) == (1, 0, 1)
    assert "Run: traya-gql schema export" in drifted.stderr
    assert run("schema", "export", cwd=tmp_path).stdout == schema_text()


def test_seed_adds_what_is_missing_and_changes_nothing_else(tmp_path: Path) -> None:
    data = tmp_path / "data"

    first = run("seed", "--data", str(data), cwd=tmp_path)
    second = run("seed", "--data", str(data), cwd=tmp_path)

    assert first.stdout.strip() == "20 products added, 0 were there already."
    assert second.stdout.strip() == "0 products added, 20 were there already."
    assert processes_of(data) == {}


def test_doctor_finds_a_healthy_database_healthy_and_hides_secrets(tmp_path: Path) -> None:
    data, secret = tmp_path / "data", "a secret that nobody may see, ever!"
    attachment = attach(data, mongod=None)  # three commands, one start of MongoDB
    run("migrate", "--data", str(data), cwd=tmp_path)
    run("seed", "--data", str(data), cwd=tmp_path)

    healthy = run("doctor", "--data", str(data), cwd=tmp_path, TRAYA_SECRET_KEY=secret)

    attachment.release()
    assert healthy.returncode == 0, healthy.stdout
    assert "all there" in healthy.stdout
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in healthy.stdout.splitlines()]
    assert ["ruleset", f"{current_ruleset().version}: ok", "nothing"] in rows
    assert ["questionnaire", f"{current_questionnaire().version}: ok", "nothing"] in rows
    assert secret not in healthy.stdout + healthy.stderr


def test_doctor_names_what_is_missing(tmp_path: Path, elsewhere: dict[str, str]) -> None:
    ill = run("doctor", cwd=tmp_path, **elsewhere)

    assert ill.returncode == 1
    assert "products.slug" in ill.stdout
    assert "traya-gql seed" in ill.stdout
    assert "traya-gql migrate" in ill.stdout


def test_doctor_says_when_a_cluster_is_unreachable_without_its_password(tmp_path: Path) -> None:
    uri = "mongodb://user:hunter2@127.0.0.1:9/traya?serverSelectionTimeoutMS=300"

    ill = run("doctor", cwd=tmp_path, MONGODB_URI=uri)

    assert ill.returncode == 1
    assert "does not answer" in ill.stdout
    assert "hunter2" not in ill.stdout + ill.stderr


def test_a_database_of_a_newer_release_is_left_alone(tmp_path: Path, elsewhere: dict[str, str]) -> None:
    with MongoClient[dict[str, Any]](elsewhere["MONGODB_URI"]) as client:
        database = client.get_default_database()
        database.meta.insert_one({"_id": "schema", "version": 99})

        served = run("serve", "--port", str(free_port()), cwd=tmp_path, **elsewhere)
        migrated = run("migrate", cwd=tmp_path, **elsewhere)

        assert database.list_collection_names() == ["meta"]
    for refused in (served, migrated):
        assert refused.returncode == 1
        assert f"of version 99, and this release knows versions up to {max(STEPS)}" in refused.stderr


def test_a_misspelt_setting_is_named(tmp_path: Path, elsewhere: dict[str, str]) -> None:
    shown = run("doctor", cwd=tmp_path, TRAYA_MODEE="production", **elsewhere)

    assert "Unknown settings, ignored: TRAYA_MODEE" in shown.stderr


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"TRAYA_SECRET_KEY": "short"}, ["at least 32 characters"]),
        ({"TRAYA_MODE": "staging", "TRAYA_ACCESS_TOKEN_DAYS": "0"}, ["TRAYA_MODE: ", "TRAYA_ACCESS_TOKEN_DAYS: "]),
        ({"TRAYA_MODE": "production"}, ["production mode needs MONGODB_URI and TRAYA_SECRET_KEY"]),
    ],
)
def test_each_wrong_setting_is_named(tmp_path: Path, settings: dict[str, str], said: list[str]) -> None:
    refused = run("doctor", cwd=tmp_path, **settings)

    assert refused.returncode == 1
    assert [one for one in said if one not in refused.stderr] == []
