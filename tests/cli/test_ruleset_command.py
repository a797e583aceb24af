"""`traya-gql ruleset explain`: how a report came about. It needs no database and no settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.serving import run
from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.ruleset.answers import read_answers
from traya_gql.domain.ruleset.explain import explain
from traya_gql.domain.ruleset.rules import current_ruleset

EXAMPLE = Path(__file__).parents[2] / "examples" / "answers.json"


def test_the_example_is_explained(tmp_path: Path) -> None:
    shown = run("ruleset", "explain", "--answers", str(EXAMPLE), cwd=tmp_path)

    assert (shown.returncode, shown.stderr) == (0, "")
    products = [seed.product for seed in catalogue()]
    assert shown.stdout == explain(read_answers(EXAMPLE.read_bytes()), current_ruleset(), products)
    assert list(tmp_path.iterdir()) == []


def test_help_teaches(tmp_path: Path) -> None:
    shown = run("ruleset", "explain", "--help", cwd=tmp_path)

    assert "traya-gql ruleset explain --answers examples/answers.json" in shown.stdout


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        (
            b'{"age": 24, "gender": "MALE", "pattern": "STAGE_1", "stress": "SOME", "simling": true}',
            ["stress: Input should be 'NONE', 'LOW', 'MODERATE' or 'HIGH'", "simling: nobody knows this key"],
        ),
        (
            b'{"age": 24,',
            ["the whole file: Invalid JSON: EOF while parsing a value at line 1 column 11"],
        ),
        (b"\x89PNG\r\n", ["the whole file: Invalid JSON: expected value at line 1 column 1"]),
    ],
)
def test_a_wrong_file_is_told_in_words_with_the_place(tmp_path: Path, content: bytes, problems: list[str]) -> None:
    file = tmp_path / "answers.json"
    file.write_bytes(content)

    refused = run("ruleset", "explain", "--answers", str(file), cwd=tmp_path)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.splitlines() == [f"{file} does not hold answers.", *problems]


def test_a_file_that_cannot_be_read_is_told_in_words(tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    large.write_bytes(b" " * 1_000_001)

    missing = run("ruleset", "explain", "--answers", "nowhere.json", cwd=tmp_path)
    folder = run("ruleset", "explain", "--answers", str(tmp_path), cwd=tmp_path)
    too_large = run("ruleset", "explain", "--answers", str(large), cwd=tmp_path)

    assert (missing.returncode, folder.returncode, too_large.returncode) == (1, 1, 1)
    assert missing.stderr.strip() == "nowhere.json cannot be read: No such file or directory"
    assert folder.stderr.strip() == f"{tmp_path} cannot be read: Is a directory"
    assert too_large.stderr.strip() == f"{large} is larger than 1,000,000 bytes: it holds more than answers."
