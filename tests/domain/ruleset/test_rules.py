"""The data file: what it holds, and that a broken one is refused with the place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from tests.domain.ruleset.answering import TEXT, answers, changed
from traya_gql.domain.customers import Gender
from traya_gql.domain.data_files import read_toml
from traya_gql.domain.ruleset.answers import QUESTIONS
from traya_gql.domain.ruleset.codes import CauseCode, CauseLevel, Confidence, EvidenceGrade, MilestoneCode
from traya_gql.domain.ruleset.options import Deficiency, HealthCondition, Pattern
from traya_gql.domain.ruleset.rule_types import Rule, given, holds
from traya_gql.domain.ruleset.rules import Ruleset, current_ruleset
from traya_gql.domain.ruleset.scores import Point, assess, level_of, points_of


def entries(model: BaseModel) -> Iterator[Rule]:
    """Give every entry of the ruleset."""
    for name in type(model).model_fields:
        value = getattr(model, name)
        for one in value.values() if isinstance(value, dict) else [value]:
            if isinstance(one, Rule):
                yield one
            if isinstance(one, BaseModel):
                yield from entries(one)


# --- what it holds ------------------------------------------------------------------------------------------------


def test_the_ruleset_of_this_release_is_whole() -> None:
    rules = current_ruleset()

    assert rules.version == "2026.11"
    assert read_toml(Ruleset, TEXT) == rules
    assert list(rules.causes) == list(CauseCode)
    assert {cause: rules.cap(cause) for cause in CauseCode} == {
        "GENETIC": 100,
        "HORMONAL": 100,
        "TRIGGER_EVENT": 100,
        "NUTRITIONAL": 85,
        "STRESS": 85,
        "SCALP_HEALTH": 85,
        "SLEEP": 60,
        "DIGESTION": 40,
    }
    assert list(rules.recovery.milestones) == list(MilestoneCode)


def test_every_entry_has_a_source_and_says_why() -> None:
    found = list(entries(current_ruleset()))

    assert len(found) == 103
    assert all(entry.source == "design" or entry.source.startswith("https://") for entry in found)
    assert all(len(entry.why) > 10 for entry in found)


@pytest.mark.parametrize(
    ("pattern", "severity", "equivalent"),
    [
        ("STAGE_1", 1, "Norwood II"),
        ("STAGE_2", 2, "Norwood III"),
        ("STAGE_3", 3, "Norwood III vertex"),
        ("STAGE_4", 4, "Norwood IV"),
        ("STAGE_5", 5, "Norwood V"),
        ("STAGE_6", 6, "Norwood VI to VII"),
        ("HAIR_THINNING", 1, "diffuse; Sinclair 2 or effluvium"),
        ("LESS_VOLUME_ON_SIDES", 1, "diffuse; Sinclair 2 or effluvium"),
        ("MEDIUM_WIDENING", 3, "Ludwig I to II, Sinclair 3"),
        ("ADVANCED_WIDENING", 5, "Ludwig II to III, Sinclair 4 to 5"),
        ("HEAVY_HAIR_FALL", None, "diffuse shedding"),
        ("COIN_SIZE_PATCH", None, "patchy"),
    ],
)
def test_a_picture_has_a_severity_and_an_approximate_equivalent(
    pattern: str, severity: int | None, equivalent: str
) -> None:
    rule = current_ruleset().patterns[Pattern(pattern)]

    assert (rule.severity, rule.equivalent) == (severity, equivalent)


def test_each_scored_question_is_counted_once() -> None:
    questions = current_ruleset().scored_questions
    of_men = [question.field for question in questions[Gender.MALE]]
    of_others = [question.field for question in questions[Gender.OTHER]]

    assert len(of_men) == len(of_others) == 18
    assert set(of_men) - set(of_others) == {"age"}
    assert set(of_others) - set(of_men) == {"life_stage"}
    assert questions[Gender.FEMALE] == questions[Gender.OTHER]


# --- conditions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "is_so"),
    [
        ({}, True),
        ({"pattern": ("STAGE_1",)}, True),
        ({"pattern": ("STAGE_2", "STAGE_1")}, True),
        ({"pattern": ("STAGE_2",)}, False),
        ({"pattern": ("STAGE_1",), "smoker": ("YES",)}, False),
        ({"pattern": ("STAGE_1",), "smoker": ("NO",)}, True),
        ({"itch": ("YES", "NO")}, False),
        ({"itch": ("UNANSWERED",)}, True),
        ({"knownDeficiencies": ("VITAMIN_D",)}, True),
        ({"knownDeficiencies": ("VITAMIN_B12",)}, False),
        ({"healthConditions": tuple(HealthCondition)}, False),
        ({"healthConditions": ("UNANSWERED",)}, False),
        ({"lastYearEvents": ("UNANSWERED",)}, True),
        ({"monthsSinceBirth": ("UNANSWERED",)}, True),
        ({"age": ("UNANSWERED",)}, False),
        ({"allergies": ("UNANSWERED",)}, True),
    ],
)
def test_a_condition_holds_when_one_answer_of_each_question_is_named(when: dict[str, Any], is_so: bool) -> None:  # noqa: FBT001
    found = answers(smoker=False, known_deficiencies=frozenset({Deficiency.VITAMIN_D}), health_conditions=frozenset())

    assert holds(when, found) is is_so


def test_what_was_chosen_is_given_in_the_order_of_the_options_and_a_number_is_no_option() -> None:
    found = answers(known_deficiencies=frozenset(reversed(Deficiency)))

    assert given(found, QUESTIONS["age"]) == ()
    assert given(found, QUESTIONS["knownDeficiencies"]) == ("VITAMIN_D", "VITAMIN_B12", "IRON")


# --- other rules --------------------------------------------------------------------------------------------------


def test_another_ruleset_gives_another_assessment_under_its_own_version() -> None:
    other = read_toml(
        Ruleset, changed("STAGE_2 = 25", "STAGE_2 = 60").replace('version = "2026.11"', 'version = "2027.01-trial"')
    )
    found = answers(Pattern.STAGE_2)

    assert assess(found, other).ruleset_version == "2027.01-trial"
    assert [cause.score for cause in assess(found, other).causes] == [60]
    assert [cause.score for cause in assess(found, current_ruleset()).causes] == [25]
    assert assess(found, other).inputs_hash == assess(found, current_ruleset()).inputs_hash


def test_the_highest_of_several_answers_counts_wherever_it_stands() -> None:
    other = read_toml(Ruleset, changed("{ VITAMIN_D = 25, VITAMIN_B12 = 25 }", "{ VITAMIN_D = 25, VITAMIN_B12 = 35 }"))
    found = answers(known_deficiencies=frozenset(Deficiency))

    assert points_of(found, other)[CauseCode.NUTRITIONAL] == (
        Point("known_deficiencies", "knownDeficiencies", "VITAMIN_B12", 35),
    )
    assert [(cause.code, cause.score) for cause in assess(found, other).causes] == [(CauseCode.NUTRITIONAL, 35)]


def test_of_a_group_of_months_the_largest_counts_wherever_it_stands() -> None:
    other = read_toml(Ruleset, changed("months = 1\nover_age = 35", "months = 4\nover_age = 35"))

    assert assess(answers(age=60), other).recovery.expected_months == 9


def test_nobody_is_told_to_expect_less_than_the_least() -> None:
    other = read_toml(Ruleset, TEXT.replace("months = 5\n", "months = 1\n"))
    recovery = assess(answers(), other).recovery

    assert (recovery.min_months, recovery.expected_months, recovery.max_months) == (3, 3, 6)


@pytest.mark.parametrize(
    ("high", "medium", "confidence"),
    [(50, 40, Confidence.HIGH), (51, 50, Confidence.MEDIUM), (52, 51, Confidence.LOW)],
)
def test_exactly_the_percentage_is_enough(high: int, medium: int, confidence: Confidence) -> None:
    other = read_toml(
        Ruleset,
        TEXT.replace("high_from_percent = 90", f"high_from_percent = {high}").replace(
            "medium_from_percent = 60", f"medium_from_percent = {medium}"
        ),
    )
    nine = answers(
        usable_photos=1,
        duration_months=0,
        sudden_onset=False,
        smoker=False,
        itch=False,
        is_taking_supplements=False,
        known_deficiencies=frozenset(),
        health_conditions=frozenset(),
    )

    assert assess(nine, other).confidence is confidence


def test_levels_are_those_of_the_rules() -> None:
    other = read_toml(Ruleset, changed("HIGH = { at_least = 60,", "HIGH = { at_least = 41,"))

    assert [level_of(points, other) for points in (39, 40, 41)] == [
        CauseLevel.LOW,
        CauseLevel.MODERATE,
        CauseLevel.HIGH,
    ]


def test_which_grades_may_be_primary_is_a_rule() -> None:
    other = read_toml(Ruleset, changed('primary_grades = ["A", "B"]', 'primary_grades = ["A"]'))

    assert EvidenceGrade.B not in other.listing.primary_grades
    assert assess(answers(Pattern.STAGE_2, itch=True), other).primary_cause is CauseCode.GENETIC
