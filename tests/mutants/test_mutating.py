"""Mutants of the rules and of functions with a decorator."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tools.mutating import decorated_mutants, rule_mutants

RULES = """
# 5 apples, "true"
[points.stress]
answers = { LOW_2 = 10, HIGH = -6 }
when = { gender = ["FEMALE", "OTHER"] }
lowers = true
why = "at least 40, [not] false"

[gates.G01]
cases = [
  { when = { stress = ["HIGH"] }, blocks = [{ classes = ["A"] }] },
  { over_age = 65 },
]
"""


def changes(folder: Path, text: str) -> list[tuple[str, str]]:
    path = folder / "rules.toml"
    path.write_text(text, encoding="utf-8")
    return [(mutant.change.place, mutant.change.becomes) for mutant in rule_mutants(path)]


def test_each_number_flag_and_element_of_the_rules_is_changed_and_no_word(tmp_path: Path) -> None:
    assert changes(tmp_path, RULES) == [
        ("points.stress", "answers = { LOW_2 = 11, HIGH = -6 }"),
        ("points.stress", "answers = { LOW_2 = 9, HIGH = -6 }"),
        ("points.stress", "answers = { LOW_2 = 10, HIGH = -5 }"),
        ("points.stress", "answers = { LOW_2 = 10, HIGH = -7 }"),
        ("points.stress", 'when = { gender = [ "OTHER"] }'),
        ("points.stress", 'when = { gender = ["FEMALE",] }'),
        ("points.stress", "lowers = false"),
        ("gates.G01", "cases = ["),
        ("gates.G01", '{ when = { stress = [] }, blocks = [{ classes = ["A"] }] },'),
        ("gates.G01", '{ when = { stress = ["HIGH"] }, blocks = [] },'),
        ("gates.G01", '{ when = { stress = ["HIGH"] }, blocks = [{ classes = [] }] },'),
        ("gates.G01", '{ when = { stress = ["HIGH"] }, blocks = [{ classes = ["A"] }] },'),
        ("gates.G01", "{ over_age = 64 },"),
        ("gates.G01", "{ over_age = 66 },"),
    ]


def test_every_mutant_of_the_rules_is_another_file_that_can_be_read() -> None:
    path = Path(__file__).parents[2] / "src/traya_gql/domain/ruleset/rules.toml"

    mutants = list(rule_mutants(path))

    assert len({mutant.change for mutant in mutants}) == len(mutants) > 400
    assert path.read_text(encoding="utf-8") not in {mutant.text for mutant in mutants}
    for mutant in mutants:
        tomllib.loads(mutant.text)


@pytest.mark.parametrize(
    ("body", "becomes"),
    [
        ("a < 3", ["a <= 3", "4"]),
        ("a is None", ["a is not None"]),
        ("a and b", ["a or b", "b", "a"]),
        ("not a", ["a"]),
        ("(a, -b)", ["(-b,)", "(a,)", "b"]),
        ("any(x for x in a if x)", ["(x for x in a)"]),
        ("a * True", ["a + True", "False"]),
        ("a | b", ["a & b"]),
    ],
)
def test_each_operator_and_constant_of_a_decorated_function_is_changed(
    tmp_path: Path, body: str, becomes: list[str]
) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        f"@property\ndef one(a, b):\n    return {body}\n\ndef two(a):\n    return not a\n", encoding="utf-8"
    )

    mutants = list(decorated_mutants(path, "module.py"))

    assert [mutant.change.becomes for mutant in mutants] == becomes
    assert {(mutant.change.file, mutant.change.place) for mutant in mutants} == {("module.py", "one")}
    for mutant in mutants:
        compile(mutant.text, "module.py", "exec")
        assert f"({mutant.change.becomes})" in mutant.text


def test_letters_of_several_bytes_before_a_change_do_not_move_it(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text('@property\ndef one(a):\n    return "ñ हि" + (not a)\n', encoding="utf-8")

    (mutant,) = decorated_mutants(path, "module.py")

    assert mutant.text == '@property\ndef one(a):\n    return "ñ हि" + ((a))\n'
