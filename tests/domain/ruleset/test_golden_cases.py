"""The eleven golden cases: what the prototype of the rules said, exactly."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.domain.ruleset.answering import answers, assessed, listed, months, woman
from traya_gql.domain.ruleset.answers import Answers
from traya_gql.domain.ruleset.options import (
    Constipation,
    Dandruff,
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

NO_MONTHS = (None, None, None)


class Golden(NamedTuple):
    """Answers and what they must give."""

    answers: Answers
    hypothesis: str
    months: tuple[int | None, int | None, int | None]
    primary: str
    causes: list[tuple[str, int]]


GOLDEN = {
    "G1": Golden(answers(Pattern.STAGE_1, 24), "PATTERN_POSSIBLE", (4, 5, 8), "UNDETERMINED", []),
    "G2": Golden(
        answers(
            Pattern.STAGE_2,
            28,
            family_history=FamilyHistory.FATHER,
            dandruff=Dandruff.MILD,
            stress=Stress.MODERATE,
            sleep=Sleep.DISTURBED,
            energy_level=EnergyLevel.LOW,
            gas=Gas.OFTEN,
        ),
        "PATTERN_LIKELY",
        (4, 5, 8),
        "GENETIC",
        [("GENETIC", 55), ("STRESS", 35), ("SLEEP", 30), ("SCALP_HEALTH", 25)],
    ),
    "G3": Golden(
        answers(
            Pattern.STAGE_5,
            41,
            family_history=FamilyHistory.BOTH,
            duration_months=36,
            smoker=True,
            dandruff=Dandruff.HEAVY,
        ),
        "PATTERN_LIKELY",
        (11, 12, 15),
        "GENETIC",
        [("GENETIC", 100), ("SCALP_HEALTH", 50)],
    ),
    "G4": Golden(
        answers(Pattern.STAGE_6, 25, family_history=FamilyHistory.BOTH),
        "PATTERN_LIKELY",
        NO_MONTHS,
        "GENETIC",
        [("GENETIC", 85)],
    ),
    "G5": Golden(
        answers(Pattern.COIN_SIZE_PATCH, 30, sudden_onset=True), "PATCHY_NEEDS_DOCTOR", NO_MONTHS, "UNDETERMINED", []
    ),
    "G6": Golden(
        woman(
            Pattern.HAIR_THINNING,
            27,
            health_conditions=frozenset({HealthCondition.PCOS, HealthCondition.ANAEMIA}),
            stress=Stress.HIGH,
            sleep=Sleep.DIFFICULT,
            energy_level=EnergyLevel.VERY_LOW,
        ),
        "SHEDDING_LIKELY",
        (8, 9, 12),
        "NUTRITIONAL",
        [("NUTRITIONAL", 85), ("HORMONAL", 60), ("STRESS", 60), ("SLEEP", 40)],
    ),
    "G7": Golden(
        woman(Pattern.HEAVY_HAIR_FALL, 30, life_stage=LifeStage.POST_PREGNANCY, energy_level=EnergyLevel.VERY_LOW),
        "SHEDDING_LIKELY",
        (4, 5, 8),
        "TRIGGER_EVENT",
        [("TRIGGER_EVENT", 80), ("NUTRITIONAL", 30)],
    ),
    "G8": Golden(
        woman(
            Pattern.ADVANCED_WIDENING,
            52,
            life_stage=LifeStage.MENOPAUSE,
            health_conditions=frozenset({HealthCondition.THYROID}),
            family_history=FamilyHistory.MOTHER,
            duration_months=24,
        ),
        "PATTERN_LIKELY",
        (11, 12, 15),
        "HORMONAL",
        [("HORMONAL", 90), ("GENETIC", 70)],
    ),
    "G9": Golden(
        answers(
            Pattern.HEAVY_HAIR_FALL,
            33,
            last_year_events=frozenset({YearEvent.SEVERE_ILLNESS}),
            stress=Stress.MODERATE,
        ),
        "SHEDDING_LIKELY",
        (4, 5, 8),
        "TRIGGER_EVENT",
        [("TRIGGER_EVENT", 75), ("STRESS", 45)],
    ),
    "G10": Golden(
        answers(Pattern.STAGE_1, 22, gas=Gas.OFTEN, constipation=Constipation.IBS),
        "PATTERN_POSSIBLE",
        (4, 5, 8),
        "UNDETERMINED",
        [("DIGESTION", 40)],
    ),
    "G11": Golden(
        answers(Pattern.STAGE_2, 26, dandruff=Dandruff.PSORIASIS),
        "SCALP_INFLAMMATION_LIKELY",
        (5, 6, 9),
        "SCALP_HEALTH",
        [("SCALP_HEALTH", 70), ("GENETIC", 25)],
    ),
}
REASONS = {"G4": "ADVANCED_STAGE", "G5": "NEEDS_DOCTOR"}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_golden_case_is_met_exactly(name: str) -> None:
    golden = GOLDEN[name]

    found = assessed(golden.answers)

    assert found.hypothesis == golden.hypothesis
    assert months(golden.answers) == golden.months
    assert str(found.primary_cause) == golden.primary
    assert listed(golden.answers) == golden.causes
    assert found.recovery.reason_if_none == REASONS.get(name)
    assert found.ruleset_version == "2026.11"


@pytest.mark.parametrize("name", GOLDEN)
def test_six_months_of_hair_loss_change_no_golden_case(name: str) -> None:
    """The prototype took six months where nothing was said."""
    told = GOLDEN[name].answers
    if told.duration_months is None:
        told = told.model_copy(update={"duration_months": 6})

    found = assessed(told)

    assert listed(told) == GOLDEN[name].causes
    assert (found.hypothesis, months(told)) == (GOLDEN[name].hypothesis, GOLDEN[name].months)


def test_a_report_can_be_recomputed_to_the_byte() -> None:
    """These bytes may change with a new version of the rules only."""
    found = assessed(GOLDEN["G10"].answers)

    assert found.model_dump_json() == (
        '{"ruleset_version":"2026.11",'
        '"inputs_hash":"7cf33360f1196fe00f4e78ec85485dc0f1de338a411daa60f3ce98c19047605d",'
        '"causes":[{"code":"DIGESTION","score":40,"level":"MODERATE","evidence":"TRADITIONAL",'
        '"source":"https://traya.health/pages/the-science",'
        '"raised_by":["gas","constipation"]}],'
        '"primary_cause":"UNDETERMINED","hypothesis":"PATTERN_POSSIBLE",'
        '"recovery":{"min_months":4,"expected_months":5,"max_months":8,"goal":"IMPROVE",'
        '"milestones":[[1,"ROUTINE"],[2,"SHEDDING_MAY_RISE_WITH_MINOXIDIL"],[4,"FIRST_REVIEW"],'
        '[6,"PHOTO_COMPARISON"],[12,"FULL_REVIEW"]],"reason_if_none":null},"confidence":"LOW"}'
    )
