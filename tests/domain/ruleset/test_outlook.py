"""Hypothesis, months and confidence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from tests.domain.ruleset.answering import all_scores, answers, any_answers, assessed, months, woman
from traya_gql.domain.customers import Gender
from traya_gql.domain.ruleset.answers import Answers
from traya_gql.domain.ruleset.codes import CauseCode, Confidence, Goal, Hypothesis, MilestoneCode, NoRecoveryReason
from traya_gql.domain.ruleset.options import (
    Area,
    Constipation,
    Dandruff,
    EnergyLevel,
    FamilyHistory,
    Gas,
    HealthCondition,
    LifeStage,
    Pattern,
    ScalpSign,
    Sleep,
    Stress,
    YearEvent,
)
from traya_gql.domain.ruleset.rules import current_ruleset
from traya_gql.domain.ruleset.scores import Milestone, Months, answered, months_of

ILLNESS = frozenset({YearEvent.SEVERE_ILLNESS})
SURGERY = frozenset({YearEvent.SURGERY_OR_HEAVY_MEDICATION})
ANAEMIA = frozenset({HealthCondition.ANAEMIA})
PCOS = frozenset({HealthCondition.PCOS})
NO_MONTHS = (None, None, None)


def expected(found: Answers) -> int | None:
    return assessed(found).recovery.expected_months


# --- hypothesis ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "hypothesis"),
    [
        (answers(Pattern.STAGE_5), "PATTERN_LIKELY"),
        (answers(Pattern.STAGE_4), "PATTERN_POSSIBLE"),
        (answers(Pattern.STAGE_4, smoker=True), "PATTERN_LIKELY"),
        (answers(Pattern.STAGE_5, last_year_events=SURGERY), "MIXED"),
        (answers(Pattern.STAGE_1, last_year_events=SURGERY), "SHEDDING_LIKELY"),
        (answers(Pattern.STAGE_1, stress=Stress.HIGH), "PATTERN_POSSIBLE"),
        (answers(Pattern.STAGE_5, dandruff=Dandruff.PSORIASIS), "PATTERN_LIKELY"),
        (answers(Pattern.STAGE_1, dandruff=Dandruff.PSORIASIS), "SCALP_INFLAMMATION_LIKELY"),
        (answers(Pattern.STAGE_1, dandruff=Dandruff.HEAVY), "PATTERN_POSSIBLE"),
        (answers(Pattern.STAGE_1, dandruff=Dandruff.HEAVY, itch=True), "SCALP_INFLAMMATION_LIKELY"),
        (answers(Pattern.STAGE_1, dandruff=Dandruff.PSORIASIS, last_year_events=ILLNESS), "SHEDDING_LIKELY"),
        (answers(Pattern.HEAVY_HAIR_FALL), "UNDETERMINED"),
        (answers(Pattern.HEAVY_HAIR_FALL, stress=Stress.LOW), "UNDETERMINED"),
        (answers(Pattern.HEAVY_HAIR_FALL, stress=Stress.MODERATE), "SHEDDING_LIKELY"),
        (answers(Pattern.HEAVY_HAIR_FALL, dandruff=Dandruff.PSORIASIS), "SCALP_INFLAMMATION_LIKELY"),
        (woman(Pattern.HAIR_THINNING), "UNDETERMINED"),
        (woman(Pattern.LESS_VOLUME_ON_SIDES), "UNDETERMINED"),
        (woman(Pattern.HAIR_THINNING, stress=Stress.MODERATE), "UNDETERMINED"),
        (woman(Pattern.HAIR_THINNING, stress=Stress.HIGH), "SHEDDING_LIKELY"),
        (woman(Pattern.LESS_VOLUME_ON_SIDES, health_conditions=ANAEMIA), "SHEDDING_LIKELY"),
        (woman(Pattern.LESS_VOLUME_ON_SIDES, health_conditions=PCOS), "SHEDDING_LIKELY"),
        (woman(Pattern.LESS_VOLUME_ON_SIDES, sleep=Sleep.DIFFICULT, sleeps_under_six_hours=True), "UNDETERMINED"),
        (woman(Pattern.MEDIUM_WIDENING), "PATTERN_POSSIBLE"),
        (woman(Pattern.MEDIUM_WIDENING, stress=Stress.HIGH, health_conditions=PCOS), "PATTERN_POSSIBLE"),
        (woman(Pattern.MEDIUM_WIDENING, family_history=FamilyHistory.MOTHER), "PATTERN_LIKELY"),
        (woman(Pattern.MEDIUM_WIDENING, life_stage=LifeStage.POST_PREGNANCY), "SHEDDING_LIKELY"),
        (
            woman(
                Pattern.HAIR_THINNING,
                stress=Stress.HIGH,
                family_history=FamilyHistory.BOTH,
                smoker=True,
            ),
            "MIXED",
        ),
    ],
)
def test_the_hypothesis_follows_the_scores_and_the_picture(found: Answers, hypothesis: str) -> None:
    assert assessed(found).hypothesis == hypothesis


def test_the_threshold_of_the_mixed_case_is_exact() -> None:
    """Ten of the picture, thirty of the family, five of smoking."""
    assert all_scores(woman(family_history=FamilyHistory.BOTH, smoker=True))[CauseCode.GENETIC] == 45


@pytest.mark.parametrize("pattern", Pattern)
@pytest.mark.parametrize("sudden", [None, True, False])
def test_patches_that_came_suddenly_or_may_have_are_for_a_doctor(pattern: Pattern, sudden: bool | None) -> None:  # noqa: FBT001
    found = assessed(answers(pattern, area=Area.PATCHES, sudden_onset=sudden))
    is_patchy = sudden is not False or pattern is Pattern.COIN_SIZE_PATCH

    assert (found.hypothesis is Hypothesis.PATCHY_NEEDS_DOCTOR) is is_patchy
    assert (found.recovery.reason_if_none is NoRecoveryReason.NEEDS_DOCTOR) is is_patchy


@pytest.mark.parametrize("area", [None, *(area for area in Area if area is not Area.PATCHES)])
def test_a_sudden_onset_elsewhere_is_not_patchy(area: Area | None) -> None:
    assert assessed(answers(area=area, sudden_onset=True)).hypothesis is Hypothesis.PATTERN_POSSIBLE


@pytest.mark.parametrize(
    ("sign", "is_scarring"),
    [
        ("PAIN", True),
        ("BURNING", True),
        ("PUSTULES", True),
        ("SHINY_PATCHES", True),
        ("BROW_OR_LASH_LOSS", True),
        ("BROKEN_SKIN", False),
        ("REDNESS", False),
        ("INFECTION", False),
    ],
)
def test_signs_of_scarring_stop_the_rules(sign: str, is_scarring: bool) -> None:  # noqa: FBT001
    found = assessed(answers(Pattern.STAGE_6, scalp_signs=frozenset({ScalpSign(sign)})))

    assert found.hypothesis == ("UNDETERMINED" if is_scarring else "PATTERN_LIKELY")
    assert found.recovery.reason_if_none is not None
    assert found.recovery.reason_if_none.value == ("NEEDS_DOCTOR" if is_scarring else "ADVANCED_STAGE")


def test_a_patch_with_signs_of_scarring_stays_a_patch() -> None:
    found = assessed(answers(Pattern.COIN_SIZE_PATCH, scalp_signs=frozenset({ScalpSign.PUSTULES})))

    assert found.hypothesis is Hypothesis.PATCHY_NEEDS_DOCTOR


# --- months -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "shown"),
    [
        ("STAGE_1", (4, 5, 8)),
        ("STAGE_2", (4, 5, 8)),
        ("STAGE_3", (5, 6, 9)),
        ("STAGE_4", (7, 8, 11)),
        ("STAGE_5", (9, 10, 13)),
        ("STAGE_6", NO_MONTHS),
        ("HAIR_THINNING", (5, 6, 9)),
        ("LESS_VOLUME_ON_SIDES", (5, 6, 9)),
        ("MEDIUM_WIDENING", (5, 6, 9)),
        ("ADVANCED_WIDENING", (8, 9, 12)),
        ("HEAVY_HAIR_FALL", (4, 5, 8)),
        ("COIN_SIZE_PATCH", NO_MONTHS),
    ],
)
def test_months_follow_the_picture(pattern: str, shown: tuple[int | None, int | None, int | None]) -> None:
    assert months(answers(Pattern(pattern))) == shown


@pytest.mark.parametrize(
    ("more", "added"),
    [
        ({"age": 35}, 0),
        ({"age": 36}, 1),
        ({"age": 50}, 1),
        ({"age": 51}, 2),
        ({"dandruff": Dandruff.MILD, "itch": True}, 0),
        ({"dandruff": Dandruff.HEAVY}, 1),
        ({"dandruff": Dandruff.PSORIASIS}, 1),
        ({"health_conditions": PCOS}, 2),
        ({"health_conditions": ANAEMIA}, 2),
        ({"health_conditions": PCOS | ANAEMIA}, 2),
        ({"energy_level": EnergyLevel.VERY_LOW}, 0),
        ({"gender": Gender.FEMALE, "life_stage": LifeStage.POST_PREGNANCY}, 0),
        ({"gender": Gender.FEMALE, "life_stage": LifeStage.MENOPAUSE}, 2),
        ({"gender": Gender.FEMALE, "life_stage": LifeStage.MENOPAUSE, "health_conditions": ANAEMIA}, 2),
        ({"smoker": True}, 1),
        ({"smoker": False}, 0),
        ({"stress": Stress.HIGH}, 0),
        ({"sleep": Sleep.DIFFICULT}, 0),
        ({"stress": Stress.HIGH, "sleep": Sleep.DISTURBED}, 1),
        ({"stress": Stress.HIGH, "sleeps_under_six_hours": True}, 0),
        ({"stress": Stress.MODERATE, "sleep": Sleep.DIFFICULT}, 0),
        ({"age": 51, "smoker": True, "dandruff": Dandruff.HEAVY}, 4),
        ({"age": 51, "smoker": True, "dandruff": Dandruff.HEAVY, "health_conditions": PCOS}, 6),
    ],
)
def test_months_are_added(more: dict[str, Any], added: int) -> None:
    assert months(answers(**more)) == (4 + added, 5 + added, 8 + added)


def test_nobody_is_told_to_expect_more_than_twelve_months() -> None:
    found = answers(Pattern.STAGE_5, 70, smoker=True, health_conditions=PCOS)

    assert months(found) == (11, 12, 15)
    assert months_of(found, all_scores(found), current_ruleset()) == (
        Months("patterns.STAGE_5", 10),
        Months("recovery.modifiers.age_over_50", 2),
        Months("recovery.modifiers.hormones", 2),
        Months("recovery.modifiers.smoking", 1),
    )


def test_a_picture_without_months_has_nothing_to_add_up() -> None:
    found = answers(Pattern.STAGE_6, 70, smoker=True)

    assert months_of(found, all_scores(found), current_ruleset()) == ()


def test_only_stage_5_aims_at_keeping_what_is_there() -> None:
    goals = {pattern: assessed(answers(pattern)).recovery.goal for pattern in Pattern}

    assert goals.pop(Pattern.STAGE_5) is Goal.STABILISE
    assert goals.pop(Pattern.STAGE_6) is None
    assert goals.pop(Pattern.COIN_SIZE_PATCH) is None
    assert set(goals.values()) == {Goal.IMPROVE}


def test_milestones_are_the_same_for_everybody_with_months() -> None:
    assert assessed(answers()).recovery.milestones == (
        Milestone(1, MilestoneCode.ROUTINE),
        Milestone(2, MilestoneCode.SHEDDING_MAY_RISE_WITH_MINOXIDIL),
        Milestone(4, MilestoneCode.FIRST_REVIEW),
        Milestone(6, MilestoneCode.PHOTO_COMPARISON),
        Milestone(12, MilestoneCode.FULL_REVIEW),
    )
    assert assessed(answers(Pattern.STAGE_6)).recovery.milestones == ()


@given(found=any_answers())
def test_months_are_in_order_and_in_bounds_or_missing_with_a_reason(found: Answers) -> None:
    recovery = assessed(found).recovery
    least, likely, most = months(found)

    if recovery.reason_if_none is not None:
        assert (least, likely, most, recovery.goal, recovery.milestones) == (None, None, None, None, ())
        return
    assert least is not None
    assert likely is not None
    assert most is not None
    assert 3 <= least <= likely <= most <= 15
    assert likely <= 12
    assert recovery.goal is not None


@given(found=any_answers())
def test_what_is_a_doctors_to_judge_is_promised_no_months(found: Answers) -> None:
    result = assessed(found)

    if result.hypothesis is Hypothesis.PATCHY_NEEDS_DOCTOR or found.pattern is Pattern.COIN_SIZE_PATCH:
        assert result.hypothesis is Hypothesis.PATCHY_NEEDS_DOCTOR
        assert result.recovery.reason_if_none is NoRecoveryReason.NEEDS_DOCTOR
    if found.pattern is Pattern.STAGE_6:
        assert result.recovery.expected_months is None


@given(found=any_answers())
def test_growing_older_or_smoking_never_shortens_the_time(found: Answers) -> None:
    if (young := expected(found.model_copy(update={"age": 18, "smoker": False}))) is None:
        return

    times = [young, *(expected(found.model_copy(update={"age": age, "smoker": True})) or 0 for age in (18, 36, 51))]

    assert times == sorted(times)


# --- confidence ---------------------------------------------------------------------------------------------------

ALL: dict[str, Any] = {
    "family_history": FamilyHistory.NONE,
    "duration_months": 0,
    "sudden_onset": False,
    "smoker": False,
    "health_conditions": frozenset(),
    "last_year_events": frozenset(),
    "known_deficiencies": frozenset(),
    "energy_level": EnergyLevel.HIGH,
    "is_taking_supplements": False,
    "stress": Stress.NONE,
    "dandruff": Dandruff.NO,
    "itch": False,
    "sleep": Sleep.PEACEFUL,
    "sleeps_under_six_hours": False,
    "gas": Gas.NO,
    "constipation": Constipation.NO,
}


@pytest.mark.parametrize(
    ("left_out", "photos", "confidence"),
    [
        (0, 1, Confidence.HIGH),
        (0, 5, Confidence.HIGH),
        (0, 0, Confidence.MEDIUM),
        (0, None, Confidence.MEDIUM),
        (1, 1, Confidence.HIGH),
        (2, 1, Confidence.MEDIUM),
        (7, 1, Confidence.MEDIUM),
        (8, 1, Confidence.LOW),
        (16, 5, Confidence.LOW),
    ],
)
@pytest.mark.parametrize("gender", Gender)
def test_confidence_follows_what_was_answered(
    gender: Gender, left_out: int, photos: int | None, confidence: Confidence
) -> None:
    """Eighteen questions are scored: of men also age, which is always known, of others the life stage."""
    told = dict(list(ALL.items())[left_out:])
    if gender is not Gender.MALE:
        told["life_stage"] = LifeStage.NONE
    found = answers(gender=gender, usable_photos=photos, **told)

    assert answered(found, current_ruleset()) == (18 - left_out, 18)
    assert assessed(found).confidence is confidence


def test_somebody_who_is_not_a_man_is_asked_about_the_life_stage() -> None:
    assert answered(woman(**ALL), current_ruleset()) == (17, 18)
    assert answered(answers(**ALL, life_stage=LifeStage.NONE), current_ruleset()) == (18, 18)
