"""What holds for all answers: caps, order, and that worse never counts less."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.ruleset.answering import all_scores, any_answers, assessed
from traya_gql.domain.ruleset.answers import Answers
from traya_gql.domain.ruleset.codes import CauseCode
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
from traya_gql.domain.ruleset.scores import level_of, points_of

CAPS = {
    "GENETIC": 100,
    "HORMONAL": 100,
    "TRIGGER_EVENT": 100,
    "NUTRITIONAL": 85,
    "STRESS": 85,
    "SCALP_HEALTH": 85,
    "SLEEP": 60,
    "DIGESTION": 40,
}
GRADES = dict(zip(CAPS, ["A", "A", "A", "B", "B", "B", "C", "TRADITIONAL"], strict=True))


def score(found: Answers, cause: str) -> int:
    return all_scores(found)[CauseCode(cause)]


def some(*chosen: Any) -> frozenset[Any]:
    return frozenset(chosen)


@given(found=any_answers())
def test_scores_stay_within_their_caps(found: Answers) -> None:
    assert all(0 <= points <= CAPS[cause] for cause, points in all_scores(found).items())


@given(found=any_answers())
def test_listed_causes_keep_their_rules(found: Answers) -> None:
    scores, result = all_scores(found), assessed(found)
    causes = result.causes

    assert len(causes) == min(4, sum(points >= 25 for points in scores.values()))
    order = [(-cause.score, cause.evidence.value, cause.code.value) for cause in causes]
    assert order == sorted(order)
    left_out = [points for code, points in scores.items() if code not in {cause.code for cause in causes}]
    for cause in causes:
        assert cause.score == scores[cause.code]
        assert cause.evidence.value == GRADES[cause.code]
        assert cause.level is level_of(cause.score, current_ruleset())
        assert cause.raised_by
        assert cause.score >= max(left_out, default=0)
    strong = [cause.code for cause in causes if GRADES[cause.code] in {"A", "B"}]
    assert result.primary_cause == (strong[0] if strong else "UNDETERMINED")


@given(found=any_answers())
def test_the_points_of_a_cause_add_up_to_its_score(found: Answers) -> None:
    points = points_of(found, current_ruleset())

    for cause in assessed(found).causes:
        given_by = points[cause.code]
        assert cause.score == min(sum(point.points for point in given_by), CAPS[cause.code])
        assert all(point.points for point in given_by)
        assert set(cause.raised_by) == {point.question for point in given_by if point.points > 0}


MILDER_TO_WORSE: dict[str, tuple[str, list[Any]]] = {
    "pattern": ("GENETIC", [Pattern(f"STAGE_{stage}") for stage in range(1, 7)]),
    "family_history": ("GENETIC", [FamilyHistory.NONE, FamilyHistory.MOTHER, FamilyHistory.FATHER, FamilyHistory.BOTH]),
    "duration_months": ("GENETIC", [0, 6, 11, 12, 48]),
    "age": ("GENETIC", [18, 29, 30, 44, 45, 100]),
    "smoker": ("GENETIC", [False, True]),
    "energy_level": ("NUTRITIONAL", [EnergyLevel.HIGH, EnergyLevel.LOW, EnergyLevel.VERY_LOW]),
    "known_deficiencies": ("NUTRITIONAL", [some(), some(Deficiency.VITAMIN_D), some(*Deficiency)]),
    "stress": ("STRESS", [Stress.NONE, Stress.LOW, Stress.MODERATE, Stress.HIGH]),
    "dandruff": ("SCALP_HEALTH", [Dandruff.NO, Dandruff.MILD, Dandruff.HEAVY, Dandruff.SEBORRHEIC]),
    "itch": ("SCALP_HEALTH", [False, True]),
    "sleep": ("SLEEP", [Sleep.PEACEFUL, Sleep.DISTURBED, Sleep.DIFFICULT]),
    "sleeps_under_six_hours": ("SLEEP", [False, True]),
    "gas": ("DIGESTION", [Gas.NO, Gas.SOMETIMES, Gas.OFTEN]),
    "constipation": ("DIGESTION", [Constipation.NO, Constipation.YES, Constipation.IBS]),
    "last_year_events": ("TRIGGER_EVENT", [some(), some(YearEvent.SEVERE_ILLNESS), some(*YearEvent)]),
    "health_conditions": ("HORMONAL", [some(), some(HealthCondition.THYROID), some(*HealthCondition)]),
    "life_stage": ("HORMONAL", [LifeStage.NONE, LifeStage.POST_PREGNANCY, LifeStage.MENOPAUSE]),
}


@given(found=any_answers(), field=st.sampled_from(sorted(MILDER_TO_WORSE)))
def test_a_worse_answer_never_lowers_its_cause(found: Answers, field: str) -> None:
    cause, worse_and_worse = MILDER_TO_WORSE[field]

    points = [score(found.model_copy(update={field: answer}), cause) for answer in worse_and_worse]

    assert points == sorted(points)


@given(found=any_answers(), field=st.sampled_from(["sudden_onset", "is_taking_supplements"]))
def test_what_the_rules_say_lowers_a_cause_never_raises_one(found: Answers, field: str) -> None:
    without = all_scores(found.model_copy(update={field: False}))
    with_it = all_scores(found.model_copy(update={field: True}))

    assert all(with_it[cause] <= without[cause] for cause in CauseCode)


@given(found=any_answers())
def test_what_only_safety_looks_at_gives_no_points(found: Answers) -> None:
    silent = dict.fromkeys(
        ["area", "scalp_signs", "is_breastfeeding", "months_since_birth", "medical_safety", "medicines", "allergies"]
    )

    assert all_scores(found.model_copy(update=silent)) == all_scores(found)


@given(found=any_answers())
def test_the_same_answers_give_the_same_assessment(found: Answers) -> None:
    again = Answers.model_validate_json(found.model_dump_json())

    assert assessed(again) == assessed(found)
    assert assessed(again).model_dump_json() == assessed(found).model_dump_json()
