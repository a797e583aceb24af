"""A gate that does not hang together is refused, with the place of what is wrong."""

from __future__ import annotations

import pytest

from tests.domain.ruleset.answering import changed, healthy_man
from traya_gql.domain.data_files import FileInvalid, read_toml
from traya_gql.domain.ruleset.codes import GateCode
from traya_gql.domain.ruleset.explain import explain
from traya_gql.domain.ruleset.gates import findings
from traya_gql.domain.ruleset.rules import Ruleset

AGE = 'blocks = [{ ingredients = ["MINOXIDIL"] }]\ncases = [{ over_age = 65 }]'
STAGE_6 = 'blocks = [{ everything = true }]\ncases = [{ when = { pattern = ["STAGE_6"] } }]'
CHILDBIRTH = '{ when = { lifeStage = ["POST_PREGNANCY"] }, below = { monthsSinceBirth = 12 } }'
EITHER = "either everything, or at least one other part"
KNOWN = " or ".join(", ".join(f"'{code}'" for code in GateCode).rsplit(", ", 1))

BROKEN = {
    "an unknown ingredient": (
        changed(AGE, AGE.replace("MINOXIDIL", "MINOXIDYL")),
        "gates.G14_AGE65.blocks[0].ingredients[0]: this is no ingredient that is known",
    ),
    "an unknown category": (
        changed(AGE, AGE.replace('ingredients = ["MINOXIDIL"]', 'categories = ["SOAP"]')),
        "gates.G14_AGE65.blocks[0].categories[0]: Input should be 'MEDICINE', 'OIL', 'SERUM' or 'SHAMPOO'",
    ),
    "an unknown class": (
        changed(AGE, AGE.replace('ingredients = ["MINOXIDIL"]', 'classes = ["SCHEDULE_X"]')),
        (
            "gates.G14_AGE65.blocks[0].classes[0]: Input should be 'COSMETIC', 'AYURVEDIC', 'NUTRACEUTICAL' or "
            "'SCHEDULE_H'"
        ),
    ),
    "an unknown part": (
        changed(AGE, AGE.replace('ingredients = ["MINOXIDIL"]', 'ingredients = ["MINOXIDIL"], tags = ["STRESS"]')),
        "gates.G14_AGE65.blocks[0].tags: nobody knows this key",
    ),
    "a block of nothing": (
        changed(AGE, AGE.replace('{ ingredients = ["MINOXIDIL"] }', "{}")),
        f"gates.G14_AGE65.blocks[0]: {EITHER}",
    ),
    "a block of no ingredients": (
        changed(AGE, AGE.replace('["MINOXIDIL"]', "[]")),
        f"gates.G14_AGE65.blocks[0]: {EITHER}",
    ),
    "everything and more": (
        changed(STAGE_6, STAGE_6.replace("everything = true", 'everything = true, categories = ["OIL"]')),
        f"gates.G15_ADVANCED.blocks[0]: {EITHER}",
    ),
    "everything, said with a number": (
        changed(STAGE_6, STAGE_6.replace("everything = true", "everything = 1")),
        "gates.G15_ADVANCED.blocks[0].everything: Input should be a valid boolean",
    ),
    "a case that holds nothing back": (
        changed(STAGE_6, 'cases = [{ when = { pattern = ["STAGE_6"] } }]'),
        "gates.G15_ADVANCED: cases[0]: it holds nothing back",
    ),
    "one case of two that holds nothing back": (
        changed(
            STAGE_6,
            'cases = [{ over_age = 90, blocks = [{ everything = true }] }, { when = { pattern = ["STAGE_6"] } }]',
        ),
        "gates.G15_ADVANCED: cases[1]: it holds nothing back",
    ),
    "a block of a case that is none": (
        changed(STAGE_6, "cases = [{ over_age = 90, blocks = [{ everything = false }] }]"),
        f"gates.G15_ADVANCED.cases[0].blocks[0]: {EITHER}",
    ),
    "an unknown answer": (
        changed(STAGE_6, STAGE_6.replace("STAGE_6", "STAGE_7")),
        "gates.G15_ADVANCED.cases[0].when: STAGE_7 is no answer to pattern",
    ),
    "an unknown key of a case": (
        changed(AGE, AGE.replace("over_age", "above_age")),
        "gates.G14_AGE65.cases[0].above_age: nobody knows this key",
    ),
    "an age below nothing": (
        changed(AGE, AGE.replace("65", "-1")),
        "gates.G14_AGE65.cases[0].over_age: Input should be greater than or equal to 0",
    ),
    "a limit for what is no number": (
        changed(CHILDBIRTH, CHILDBIRTH.replace("monthsSinceBirth", "sleep")),
        "gates.G06_PREGNANCY.cases[2].below.sleep: sleep is not answered with a number",
    ),
    "a limit for an unknown question": (
        changed(CHILDBIRTH, CHILDBIRTH.replace("monthsSinceBirth", "monthsSinceBrith")),
        "gates.G06_PREGNANCY.cases[2].below.monthsSinceBrith: monthsSinceBrith is no question",
    ),
    "an exception that always holds": (
        changed('unless = [{ healthConditions = ["ANAEMIA"] }, ', "unless = [{}, "),
        "gates.G12_IRON.cases[0].unless[0]: Value should have at least 1 item after validation, not 0",
    ),
    "an unknown gate": (
        changed("[gates.G20_UNKNOWN_ALLERGY]", "[gates.G21_LUCK]"),
        f"gates.G21_LUCK: Input should be {KNOWN}",
    ),
    "an unknown action": (
        changed('action = "GET_BLOOD_TEST"', 'action = "WAIT"'),
        (
            "gates.G12_IRON.action: Input should be 'BOOK_DERMATOLOGIST', 'TALK_TO_DOCTOR', "
            "'ANSWER_SAFETY_QUESTIONS', 'GIVE_CONSENT', 'GET_BLOOD_TEST', 'GET_PRESCRIPTION' or 'NONE'"
        ),
    ),
    "a gate without a source": (
        changed(f'{AGE}\nsource = "', f'{AGE}\nsauce = "'),
        "gates.G14_AGE65.source: this is missing",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_gate_is_refused_with_the_place(name: str) -> None:
    text, problem = BROKEN[name]

    with pytest.raises(FileInvalid) as refused:
        read_toml(Ruleset, text)

    assert refused.value.problems[0] == problem


def test_a_case_without_a_condition_always_holds() -> None:
    other = read_toml(Ruleset, changed(AGE, AGE.replace("{ over_age = 65 }", "{}")))

    assert [one.code for one in findings(healthy_man(age=18), other)] == ["G12_IRON", "G14_AGE65"]
    assert "  because it always holds\n" in explain(healthy_man(age=18), other, [])


def test_all_that_is_stated_in_a_case_must_hold() -> None:
    narrow = '{ when = { pattern = ["STAGE_6"] }, over_age = 40, below = { durationMonths = 6 } }'
    other = read_toml(Ruleset, changed(STAGE_6, STAGE_6.replace('{ when = { pattern = ["STAGE_6"] } }', narrow)))
    young = healthy_man(age=40, pattern="STAGE_6", duration_months=5)

    found = [
        young,
        healthy_man(age=41, pattern="STAGE_6", duration_months=6),
        healthy_man(age=41, pattern="STAGE_5", duration_months=5),
        healthy_man(age=41, pattern="STAGE_6", duration_months=5),
        healthy_man(age=41, pattern="STAGE_6"),
    ]

    assert [GateCode.G15_ADVANCED in {one.code for one in findings(each, other)} for each in found] == [
        False,
        False,
        False,
        True,
        True,
    ]


def test_what_a_case_holds_back_besides_is_told_once() -> None:
    twice = 'cases = [{ over_age = 65 }, { over_age = 70 }, { over_age = 80, blocks = [{ categories = ["OIL"] }] }]'
    other = read_toml(Ruleset, changed(AGE, AGE.replace("cases = [{ over_age = 65 }]", twice)))

    held = {age: findings(healthy_man(age=age), other)[-1].blocks for age in (66, 71, 81)}

    assert held[66] == held[71]
    assert [block.model_dump(exclude_defaults=True) for block in held[81]] == [
        {"ingredients": ("MINOXIDIL",)},
        {"categories": ("OIL",)},
    ]
    assert len(other.gates[GateCode.G14_AGE65].all_blocks) == 2
