"""An installation whose rules or questionnaire were changed by hand so that they do not hang together."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import traya_gql
from tests.cli.serving import free_port, run

pytestmark = pytest.mark.slow

Change = Callable[[str, str, str], dict[str, str]]
RULES, QUESTIONNAIRE = "ruleset/rules.toml", "questionnaire/questionnaire.toml"


@pytest.fixture
def change(tmp_path: Path) -> Change:
    """Change one place of a data file in a copy of the code; return the settings that run the copy."""

    def changed(file: str, old: str, new: str) -> dict[str, str]:
        (code,) = traya_gql.__path__
        copy = tmp_path / "code" / "traya_gql"
        shutil.copytree(code, copy, ignore=shutil.ignore_patterns("__pycache__"))
        path = copy / "domain" / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return {"PYTHONPATH": str(copy.parent), "PYTHONDONTWRITEBYTECODE": "1"}

    return changed


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        (
            (RULES, "[kit]\nat_least = 40", '[kit]\nat_least = "forty"'),
            "kit.at_least: Input should be a valid integer",
        ),
        (
            (RULES, "[gates.G02_MINOR]\n", "[gates.G02_MINOR]\ncolour = 1\n"),
            "gates.G02_MINOR.colour: nobody knows this key",
        ),
        ((QUESTIONNAIRE, 'key = "sleep"', 'key = "slumber"'), "ANSWERS has no field slumber"),
        ((QUESTIONNAIRE, "\n[notice]", "\n[notice"), "the whole file: "),
    ],
    ids=("a number", "a key", "a question", "no TOML"),
)
def test_a_broken_file_stops_serve_and_is_told_by_doctor_in_words_with_the_place(
    tmp_path: Path, change: Change, place: tuple[str, str, str], problem: str
) -> None:
    settings = change(*place)
    data = tmp_path / "data"

    served = run("serve", "--port", str(free_port()), "--data", str(data), cwd=tmp_path, **settings)
    doctor = run("doctor", "--data", str(data), cwd=tmp_path, **settings)

    for refused in (served, doctor):
        first, *problems = refused.stderr.splitlines()
        assert (refused.returncode, refused.stdout) == (1, "")
        assert first == f"{Path(place[0]).name} of this installation does not hang together."
        assert len(problems) == 1
        assert problem in problems[0]
    assert not data.exists()


def test_a_copy_of_the_code_that_hangs_together_is_run(tmp_path: Path, change: Change) -> None:
    settings = change(RULES, 'version = "2026.11"', 'version = "2026.12"')

    healthy = run("doctor", "--data", str(tmp_path / "data"), cwd=tmp_path, **settings)

    assert "2026.12: ok" in healthy.stdout, healthy.stderr
