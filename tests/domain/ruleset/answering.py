"""Answers and rules for the tests of the ruleset: made by hand, and made by hypothesis."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

from hypothesis import strategies as st

from traya_gql.domain.customers import Gender
from traya_gql.domain.ruleset.answers import Answers
from traya_gql.domain.ruleset.codes import CauseCode
from traya_gql.domain.ruleset.options import (
    Area,
    Constipation,
    Dandruff,
    Deficiency,
    EnergyLevel,
    FallAmount,
    FamilyHistory,
    Gas,
    HairGoal,
    HairType,
    HealthCondition,
    LifeStage,
    MedicalSafety,
    Medicine,
    OilyAfter,
    Pattern,
    ScalpSign,
    Sleep,
    StrandThickness,
    Stress,
    YearEvent,
)
from traya_gql.domain.ruleset.rules import current_ruleset
from traya_gql.domain.ruleset.scores import Assessment, assess, points_of, scores_of

E = TypeVar("E", bound=StrEnum)

TEXT = files("traya_gql.domain.ruleset").joinpath("rules.toml").read_text(encoding="utf-8")


def changed(old: str, new: str) -> str:
    """Return the file with one place changed."""
    assert TEXT.count(old) == 1, f"{TEXT.count(old)} times: {old}"
    return TEXT.replace(old, new)


def answers(pattern: Pattern = Pattern.STAGE_1, age: int = 24, gender: Gender = Gender.MALE, **more: Any) -> Answers:
    """Return the answers of somebody who answered nothing but this."""
    return Answers(age=age, gender=gender, pattern=pattern, **more)


def woman(pattern: Pattern = Pattern.HAIR_THINNING, age: int = 27, **more: Any) -> Answers:
    """Return the answers of a woman who answered nothing but this."""
    return answers(pattern, age, Gender.FEMALE, **more)


HARMLESS: dict[str, Any] = {
    "scalp_signs": frozenset(),
    "sudden_onset": False,
    "health_conditions": frozenset(),
    "medical_safety": frozenset(),
    "medicines": frozenset(),
    "allergies": frozenset(),
    "has_other_allergy": False,
}


def healthy_man(**more: Any) -> Answers:
    """Return a man who answered every safety question, with nothing that speaks against anything."""
    return answers(**{**HARMLESS, "is_trying_for_a_baby": False, **more})


def healthy_woman(**more: Any) -> Answers:
    """Return a woman who answered every safety question, with nothing that speaks against anything."""
    return woman(**{**HARMLESS, "life_stage": LifeStage.NONE, "is_breastfeeding": False, **more})


def somebody(**more: Any) -> Answers:
    """Return a healthy person who is neither man nor woman."""
    return healthy_woman(**more).model_copy(update={"gender": Gender.OTHER})


def some(*chosen: Any) -> frozenset[Any]:
    """Return what was chosen of several options."""
    return frozenset(chosen)


def assessed(found: Answers) -> Assessment:
    """Return the assessment under the rules of this release."""
    return assess(found, current_ruleset())


def all_scores(found: Answers) -> dict[CauseCode, int]:
    """Return the score of every cause, listed or not."""
    rules = current_ruleset()
    return dict(scores_of(points_of(found, rules), rules))


def listed(found: Answers) -> list[tuple[str, int]]:
    """Return code and score of the listed causes, in order."""
    return [(cause.code.value, cause.score) for cause in assessed(found).causes]


def months(found: Answers) -> tuple[int | None, int | None, int | None]:
    """Return the least, the expected and the most months."""
    recovery = assessed(found).recovery
    return (recovery.min_months, recovery.expected_months, recovery.max_months)


def _one(options: type[E]) -> st.SearchStrategy[E | None]:
    return st.none() | st.sampled_from(options)


def _several(options: type[E]) -> st.SearchStrategy[frozenset[E] | None]:
    return st.none() | st.frozensets(st.sampled_from(options))


@cache
def any_answers() -> st.SearchStrategy[Answers]:
    """All answers that are possible, the contradictory ones too."""
    yes_no = st.none() | st.booleans()
    number = st.none() | st.integers(min_value=0, max_value=48)
    return st.builds(
        Answers,
        age=st.integers(min_value=18, max_value=100),
        gender=st.sampled_from(Gender),
        pattern=st.sampled_from(Pattern),
        area=_one(Area),
        family_history=_one(FamilyHistory),
        duration_months=number,
        sudden_onset=yes_no,
        smoker=yes_no,
        dandruff=_one(Dandruff),
        itch=yes_no,
        scalp_signs=st.none() | st.just(frozenset[ScalpSign]()) | st.frozensets(st.sampled_from(ScalpSign)),
        sleep=_one(Sleep),
        sleeps_under_six_hours=yes_no,
        stress=_one(Stress),
        energy_level=_one(EnergyLevel),
        is_taking_supplements=yes_no,
        known_deficiencies=_several(Deficiency),
        gas=_one(Gas),
        constipation=_one(Constipation),
        last_year_events=_several(YearEvent),
        life_stage=_one(LifeStage),
        is_breastfeeding=yes_no,
        months_since_birth=number,
        health_conditions=_several(HealthCondition),
        medical_safety=_several(MedicalSafety),
        is_trying_for_a_baby=yes_no,
        medicines=_several(Medicine),
        allergies=st.none() | st.frozensets(st.sampled_from(["MINOXIDIL", "SOY_PROTEIN", "WHEAT_PROTEIN"])),
        has_other_allergy=yes_no,
        hair_type=_one(HairType),
        goal=_one(HairGoal),
        fall_amount=_one(FallAmount),
        strand_thickness=_one(StrandThickness),
        is_hair_damaged=yes_no,
        had_chemical_treatment=yes_no,
        oily_after=_one(OilyAfter),
        usable_photos=st.none() | st.integers(min_value=0, max_value=5),
    )
