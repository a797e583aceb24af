"""Points, causes and levels: each rule of rules.toml with its exact numbers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.domain.ruleset.answering import all_scores, answers, assessed, listed, woman
from traya_gql.domain.customers import Gender
from traya_gql.domain.ruleset.answers import Answers
from traya_gql.domain.ruleset.codes import CauseCode, CauseLevel
from traya_gql.domain.ruleset.options import (
    Constipation,
    Dandruff,
    Deficiency,
    EnergyLevel,
    FamilyHistory,
    Gas,
    HealthCondition,
    LifeStage,
    Pattern,
    Sleep,
    Stress,
    YearEvent,
)
from traya_gql.domain.ruleset.rules import current_ruleset
from traya_gql.domain.ruleset.scores import Point, level_of, points_of


def score(found: Answers, cause: str) -> int:
    return all_scores(found)[CauseCode(cause)]


def some(*chosen: Any) -> frozenset[Any]:
    return frozenset(chosen)


# --- points -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "points"),
    [
        ("STAGE_1", 15),
        ("STAGE_2", 25),
        ("STAGE_3", 35),
        ("STAGE_4", 40),
        ("STAGE_5", 45),
        ("STAGE_6", 45),
        ("HAIR_THINNING", 10),
        ("LESS_VOLUME_ON_SIDES", 10),
        ("MEDIUM_WIDENING", 30),
        ("ADVANCED_WIDENING", 40),
        ("HEAVY_HAIR_FALL", 0),
        ("COIN_SIZE_PATCH", 0),
    ],
)
@pytest.mark.parametrize("gender", Gender)
def test_the_picture_alone_speaks_for_genes(gender: Gender, pattern: str, points: int) -> None:
    found = all_scores(answers(Pattern(pattern), gender=gender))

    assert found[CauseCode.GENETIC] == points
    assert found[CauseCode.TRIGGER_EVENT] == (25 if pattern == "HEAVY_HAIR_FALL" else 0)
    assert sum(found.values()) == points + found[CauseCode.TRIGGER_EVENT]


@pytest.mark.parametrize(
    ("gender", "family", "points"),
    [
        ("MALE", "NONE", 0),
        ("MALE", "MOTHER", 20),
        ("MALE", "FATHER", 30),
        ("MALE", "BOTH", 40),
        ("FEMALE", "NONE", 0),
        ("FEMALE", "MOTHER", 20),
        ("FEMALE", "FATHER", 20),
        ("FEMALE", "BOTH", 30),
        ("OTHER", "NONE", 0),
        ("OTHER", "MOTHER", 20),
        ("OTHER", "FATHER", 20),
        ("OTHER", "BOTH", 30),
    ],
)
def test_the_family_weighs_by_side_in_men(gender: str, family: str, points: int) -> None:
    found = answers(gender=Gender(gender), family_history=FamilyHistory(family))

    assert score(found, "GENETIC") == 15 + points


@pytest.mark.parametrize(
    ("gender", "age", "points"),
    [
        (Gender.MALE, 18, 0),
        (Gender.MALE, 29, 0),
        (Gender.MALE, 30, 5),
        (Gender.MALE, 44, 5),
        (Gender.MALE, 45, 10),
        (Gender.MALE, 100, 10),
        (Gender.FEMALE, 60, 0),
        (Gender.OTHER, 60, 0),
    ],
)
def test_a_mans_age_speaks_for_genes(gender: Gender, age: int, points: int) -> None:
    assert score(answers(age=age, gender=gender), "GENETIC") == 15 + points


@pytest.mark.parametrize(
    ("more", "cause", "points"),
    [
        ({"duration_months": 0}, "GENETIC", 15),
        ({"duration_months": 6}, "GENETIC", 15),
        ({"duration_months": 11}, "GENETIC", 15),
        ({"duration_months": 12}, "GENETIC", 25),
        ({"duration_months": 240}, "GENETIC", 25),
        ({"sudden_onset": True}, "GENETIC", 0),
        ({"sudden_onset": False}, "GENETIC", 15),
        ({"smoker": True}, "GENETIC", 20),
        ({"smoker": False}, "GENETIC", 15),
        ({"health_conditions": some(HealthCondition.PCOS)}, "HORMONAL", 60),
        ({"health_conditions": some(HealthCondition.THYROID)}, "HORMONAL", 55),
        ({"health_conditions": some(HealthCondition.PCOS, HealthCondition.THYROID)}, "HORMONAL", 100),
        ({"health_conditions": some(HealthCondition.OTHER_HORMONAL)}, "HORMONAL", 0),
        ({"health_conditions": some(HealthCondition.ASTHMA, HealthCondition.SINUS)}, "HORMONAL", 0),
        ({"health_conditions": some(HealthCondition.ANAEMIA)}, "NUTRITIONAL", 60),
        ({"last_year_events": some(YearEvent.SEVERE_ILLNESS)}, "TRIGGER_EVENT", 50),
        ({"last_year_events": some(YearEvent.SURGERY_OR_HEAVY_MEDICATION)}, "TRIGGER_EVENT", 45),
        ({"last_year_events": some(YearEvent.HEAVY_WEIGHT_CHANGE)}, "TRIGGER_EVENT", 50),
        ({"last_year_events": some(YearEvent.HEAVY_WEIGHT_CHANGE)}, "NUTRITIONAL", 20),
        ({"last_year_events": some(YearEvent.SEVERE_ILLNESS)}, "NUTRITIONAL", 0),
        (
            {"last_year_events": some(YearEvent.SEVERE_ILLNESS, YearEvent.SURGERY_OR_HEAVY_MEDICATION)},
            "TRIGGER_EVENT",
            95,
        ),
        ({"last_year_events": some(*YearEvent)}, "TRIGGER_EVENT", 100),
        ({"known_deficiencies": some(Deficiency.VITAMIN_D)}, "NUTRITIONAL", 25),
        ({"known_deficiencies": some(Deficiency.VITAMIN_B12)}, "NUTRITIONAL", 25),
        ({"known_deficiencies": some(*Deficiency)}, "NUTRITIONAL", 25),
        ({"known_deficiencies": some()}, "NUTRITIONAL", 0),
        ({"energy_level": EnergyLevel.HIGH}, "NUTRITIONAL", 0),
        ({"energy_level": EnergyLevel.LOW}, "NUTRITIONAL", 15),
        ({"energy_level": EnergyLevel.VERY_LOW}, "NUTRITIONAL", 30),
        ({"energy_level": EnergyLevel.VERY_LOW, "is_taking_supplements": True}, "NUTRITIONAL", 20),
        ({"energy_level": EnergyLevel.VERY_LOW, "is_taking_supplements": False}, "NUTRITIONAL", 30),
        ({"is_taking_supplements": True}, "NUTRITIONAL", 0),
        ({"stress": Stress.NONE}, "STRESS", 0),
        ({"stress": Stress.LOW}, "STRESS", 10),
        ({"stress": Stress.MODERATE}, "STRESS", 35),
        ({"stress": Stress.HIGH}, "STRESS", 60),
        ({"pattern": Pattern.HEAVY_HAIR_FALL}, "STRESS", 0),
        ({"pattern": Pattern.HEAVY_HAIR_FALL, "stress": Stress.NONE}, "STRESS", 0),
        ({"pattern": Pattern.HEAVY_HAIR_FALL, "stress": Stress.LOW}, "STRESS", 20),
        ({"pattern": Pattern.HEAVY_HAIR_FALL, "stress": Stress.MODERATE}, "STRESS", 45),
        ({"pattern": Pattern.HEAVY_HAIR_FALL, "stress": Stress.HIGH}, "STRESS", 70),
        ({"dandruff": Dandruff.NO}, "SCALP_HEALTH", 0),
        ({"dandruff": Dandruff.MILD}, "SCALP_HEALTH", 25),
        ({"dandruff": Dandruff.HEAVY}, "SCALP_HEALTH", 50),
        ({"dandruff": Dandruff.SEBORRHEIC}, "SCALP_HEALTH", 70),
        ({"dandruff": Dandruff.PSORIASIS}, "SCALP_HEALTH", 70),
        ({"itch": True}, "SCALP_HEALTH", 15),
        ({"itch": False}, "SCALP_HEALTH", 0),
        ({"itch": True, "dandruff": Dandruff.PSORIASIS}, "SCALP_HEALTH", 85),
        ({"sleep": Sleep.PEACEFUL}, "SLEEP", 0),
        ({"sleep": Sleep.DISTURBED}, "SLEEP", 30),
        ({"sleep": Sleep.DIFFICULT}, "SLEEP", 40),
        ({"sleeps_under_six_hours": True}, "SLEEP", 15),
        ({"sleeps_under_six_hours": False}, "SLEEP", 0),
        ({"sleeps_under_six_hours": True, "sleep": Sleep.DIFFICULT}, "SLEEP", 55),
        ({"gas": Gas.NO}, "DIGESTION", 0),
        ({"gas": Gas.SOMETIMES}, "DIGESTION", 10),
        ({"gas": Gas.OFTEN}, "DIGESTION", 25),
        ({"constipation": Constipation.NO}, "DIGESTION", 0),
        ({"constipation": Constipation.YES}, "DIGESTION", 20),
        ({"constipation": Constipation.UNSATISFACTORY}, "DIGESTION", 20),
        ({"constipation": Constipation.IBS}, "DIGESTION", 35),
        ({"constipation": Constipation.IBS, "gas": Gas.OFTEN}, "DIGESTION", 40),
    ],
)
def test_an_answer_gives_its_points(more: dict[str, Any], cause: str, points: int) -> None:
    assert score(answers(**more), cause) == points


@pytest.mark.parametrize(
    ("stage", "hormonal", "trigger"),
    [
        ("NONE", 0, 0),
        ("PLANNING_PREGNANCY", 0, 0),
        ("PREGNANT", 0, 0),
        ("POST_PREGNANCY", 20, 55),
        ("MENOPAUSE", 35, 0),
    ],
)
@pytest.mark.parametrize("gender", Gender)
def test_the_life_stage_weighs_in_everyone_but_men(gender: Gender, stage: str, hormonal: int, trigger: int) -> None:
    found = answers(gender=gender, life_stage=LifeStage(stage))
    is_asked = gender is not Gender.MALE

    assert (score(found, "HORMONAL"), score(found, "TRIGGER_EVENT")) == ((hormonal, trigger) if is_asked else (0, 0))


def test_each_point_names_rule_question_and_answer() -> None:
    found = answers(
        Pattern.HEAVY_HAIR_FALL,
        30,
        smoker=True,
        sudden_onset=True,
        duration_months=14,
        stress=Stress.HIGH,
        known_deficiencies=some(*Deficiency),
        is_taking_supplements=True,
        last_year_events=some(YearEvent.HEAVY_WEIGHT_CHANGE, YearEvent.SEVERE_ILLNESS),
    )

    points = points_of(found, current_ruleset())

    assert points[CauseCode.GENETIC] == (
        Point("duration", "durationMonths", "14", 10),
        Point("sudden_onset", "suddenOnset", "YES", -15),
        Point("age_of_men", "age", "30", 5),
        Point("smoking", "smoker", "YES", 5),
    )
    assert points[CauseCode.TRIGGER_EVENT] == (
        Point("last_year_events", "lastYearEvents", "SEVERE_ILLNESS", 50),
        Point("last_year_events", "lastYearEvents", "HEAVY_WEIGHT_CHANGE", 50),
        Point("heavy_hair_fall", "pattern", "HEAVY_HAIR_FALL", 25),
    )
    assert points[CauseCode.NUTRITIONAL] == (
        Point("known_deficiencies", "knownDeficiencies", "VITAMIN_D", 25),
        Point("weight_change", "lastYearEvents", "HEAVY_WEIGHT_CHANGE", 20),
        Point("supplements", "isTakingSupplements", "YES", -10),
    )
    assert points[CauseCode.STRESS] == (
        Point("stress", "stress", "HIGH", 60),
        Point("stress_with_heavy_hair_fall", "stress", "HIGH", 10),
    )
    assert points[CauseCode.SLEEP] == ()
    assert list(points) == list(CauseCode)
    assert score(found, "TRIGGER_EVENT") == 100


def test_a_cause_is_raised_by_each_question_once_and_not_by_what_lowers_it() -> None:
    found = assessed(
        answers(
            Pattern.STAGE_3,
            sudden_onset=True,
            family_history=FamilyHistory.BOTH,
            last_year_events=some(*YearEvent),
        )
    )

    assert [(cause.code.value, cause.score, cause.raised_by) for cause in found.causes] == [
        ("TRIGGER_EVENT", 100, ("lastYearEvents",)),
        ("GENETIC", 60, ("pattern", "familyHistory")),
    ]
    assert found.causes[0].source == "https://doi.org/10.2147/CCID.S200471"


# --- what is listed -----------------------------------------------------------------------------------------------


def test_a_tie_goes_to_the_better_evidence_then_to_the_name() -> None:
    found = woman(
        Pattern.MEDIUM_WIDENING,
        dandruff=Dandruff.HEAVY,
        family_history=FamilyHistory.BOTH,
        health_conditions=some(HealthCondition.PCOS),
        stress=Stress.HIGH,
        gas=Gas.OFTEN,
        itch=True,
        sleep=Sleep.DISTURBED,
    )

    assert listed(found) == [("SCALP_HEALTH", 65), ("GENETIC", 60), ("HORMONAL", 60), ("STRESS", 60)]


def test_a_cause_is_listed_from_25_points_on() -> None:
    assert listed(answers(Pattern.STAGE_2)) == [("GENETIC", 25)]
    assert listed(answers(Pattern.STAGE_1, 30, smoker=False, stress=Stress.LOW)) == []
    assert listed(answers(Pattern.STAGE_1, 30, smoker=True)) == [("GENETIC", 25)]
    assert listed(woman(Pattern.HAIR_THINNING, smoker=True)) == []


@pytest.mark.parametrize(
    ("points", "level"),
    [
        (25, CauseLevel.LOW),
        (39, CauseLevel.LOW),
        (40, CauseLevel.MODERATE),
        (59, CauseLevel.MODERATE),
        (60, CauseLevel.HIGH),
        (100, CauseLevel.HIGH),
    ],
)
def test_a_level_begins_at_its_points(points: int, level: CauseLevel) -> None:
    assert level_of(points, current_ruleset()) is level


def test_weak_evidence_is_never_the_primary_cause() -> None:
    asleep = assessed(answers(sleep=Sleep.DIFFICULT, gas=Gas.OFTEN, stress=Stress.LOW))
    stressed = assessed(answers(sleep=Sleep.DIFFICULT, gas=Gas.OFTEN, stress=Stress.MODERATE))

    assert [cause.code.value for cause in asleep.causes] == ["SLEEP", "DIGESTION"]
    assert asleep.primary_cause == "UNDETERMINED"
    assert [cause.code.value for cause in stressed.causes] == ["SLEEP", "STRESS", "DIGESTION"]
    assert stressed.primary_cause is CauseCode.STRESS
