"""The first assessment: root causes and recovery time from the answers of a hair test.

Source: docs/assessment.md, which names the studies. The weights are this project's own, and no dermatologist has
reviewed them yet.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from traya_gql.domain.customers import Gender
from traya_gql.domain.hair_tests import (
    Assessed,
    Dandruff,
    EnergyLevel,
    FamilyHistory,
    HairLossStage,
    Sleep,
    Stress,
)
from traya_gql.domain.ruleset.codes import CauseLevel, EvidenceGrade

RULESET_VERSION = "2026.11-first"
"""Stored with every report; changes with every number below."""

LISTED_FROM = 25
"""The score from which a cause is listed. Source: docs/assessment.md."""

MOST_CAUSES = 4
"""Source: docs/assessment.md."""


class CauseCode(StrEnum):
    """What may lie behind the hair loss."""

    GENETIC = "GENETIC"
    NUTRITIONAL = "NUTRITIONAL"
    STRESS = "STRESS"
    SCALP_HEALTH = "SCALP_HEALTH"
    SLEEP = "SLEEP"
    DIGESTION = "DIGESTION"


AnswerKey = Literal[
    "age",
    "gender",
    "hairLossStage",
    "familyHistory",
    "dandruff",
    "sleep",
    "stress",
    "hasAcidityOrGas",
    "energyLevel",
    "isTakingSupplements",
]
"""The names of the answers as the graph spells them."""


class Cause(BaseModel):
    """One listed cause. `score` is points, 25 to 100; `raised_by` names the answers that gave points, at least one."""

    model_config = ConfigDict(frozen=True)

    code: CauseCode
    score: int
    level: CauseLevel
    evidence: EvidenceGrade
    raised_by: tuple[AnswerKey, ...]


class NoRecoveryReason(StrEnum):
    """Why no months are promised."""

    ADVANCED_STAGE = "ADVANCED_STAGE"


class Recovery(BaseModel):
    """Months until a change can be judged: all three numbers, or none and a reason."""

    model_config = ConfigDict(frozen=True)

    min_months: int | None
    expected_months: int | None
    max_months: int | None
    reason_if_none: NoRecoveryReason | None


class Assessment(BaseModel):
    """What the answers say. `causes` holds 0 to 4, highest first."""

    model_config = ConfigDict(frozen=True)

    ruleset_version: str
    causes: tuple[Cause, ...]
    recovery: Recovery


_GRADES = {
    CauseCode.GENETIC: EvidenceGrade.A,
    CauseCode.NUTRITIONAL: EvidenceGrade.B,
    CauseCode.STRESS: EvidenceGrade.B,
    CauseCode.SCALP_HEALTH: EvidenceGrade.B,
    CauseCode.SLEEP: EvidenceGrade.C,
    CauseCode.DIGESTION: EvidenceGrade.TRADITIONAL,
}
# Source: docs/assessment.md: weak evidence cannot score high, whatever is answered
_CAPS = {EvidenceGrade.A: 100, EvidenceGrade.B: 85, EvidenceGrade.C: 60, EvidenceGrade.TRADITIONAL: 40}

# Points. Source: docs/assessment.md.
_STAGE = {
    HairLossStage.STAGE_1: 15,
    HairLossStage.STAGE_2: 25,
    HairLossStage.STAGE_3: 35,
    HairLossStage.STAGE_4: 40,
    HairLossStage.STAGE_5: 45,
    HairLossStage.STAGE_6: 45,
}
_FAMILY_MALE = {FamilyHistory.NONE: 0, FamilyHistory.MOTHER: 20, FamilyHistory.FATHER: 30, FamilyHistory.BOTH: 40}
_FAMILY_OTHERS = {FamilyHistory.NONE: 0, FamilyHistory.MOTHER: 20, FamilyHistory.FATHER: 20, FamilyHistory.BOTH: 30}
_ENERGY = {EnergyLevel.HIGH: 0, EnergyLevel.LOW: 15, EnergyLevel.VERY_LOW: 30}
_ALREADY_SUPPLEMENTED = -10
_STRESS = {Stress.NONE: 0, Stress.LOW: 10, Stress.MODERATE: 35, Stress.HIGH: 60}
_SCALP = {Dandruff.NO: 0, Dandruff.MILD: 25, Dandruff.HEAVY: 50, Dandruff.SEBORRHEIC: 70, Dandruff.PSORIASIS: 70}
_SLEEP = {Sleep.PEACEFUL: 0, Sleep.DISTURBED: 30, Sleep.DIFFICULT: 40}
_ACIDITY_OR_GAS = 25  # `true` of the original is "often"

# Months. Source: docs/assessment.md.
_BASE_MONTHS = {
    HairLossStage.STAGE_1: 5,
    HairLossStage.STAGE_2: 5,
    HairLossStage.STAGE_3: 6,
    HairLossStage.STAGE_4: 8,
    HairLossStage.STAGE_5: 10,
}
_LEAST_MONTHS, _MOST_EXPECTED_MONTHS, _MOST_MONTHS = 3, 12, 15


def assess(person: Assessed) -> Assessment:
    """Return the causes and the recovery time that these answers speak for. The same answers give the same result."""
    points = _points(person)
    scores = {code: max(0, min(_CAPS[_GRADES[code]], sum(parts.values()))) for code, parts in points.items()}
    causes = [
        Cause(
            code=code,
            score=score,
            level=level_of(score),
            evidence=_GRADES[code],
            raised_by=tuple(key for key, value in points[code].items() if value > 0),
        )
        for code, score in scores.items()
        if score >= LISTED_FROM
    ]
    causes.sort(key=lambda cause: (-cause.score, list(EvidenceGrade).index(cause.evidence), cause.code))
    return Assessment(
        ruleset_version=RULESET_VERSION,
        causes=tuple(causes[:MOST_CAUSES]),
        recovery=_recovery(person, scores),
    )


def level_of(score: int) -> CauseLevel:
    """Return the level of a score in points."""
    if score >= 60:  # noqa: PLR2004 - Source: docs/assessment.md
        return CauseLevel.HIGH
    return CauseLevel.MODERATE if score >= 40 else CauseLevel.LOW  # noqa: PLR2004 - Source: docs/assessment.md


def _points(person: Assessed) -> dict[CauseCode, dict[AnswerKey, int]]:
    answers = person.answers
    is_male = person.gender is Gender.MALE
    family = _FAMILY_MALE if is_male else _FAMILY_OTHERS
    return {
        CauseCode.GENETIC: {
            "hairLossStage": _STAGE[answers.hair_loss_stage],
            "familyHistory": family[answers.family_history],
            "age": _age_points(person.age) if is_male else 0,
        },
        CauseCode.NUTRITIONAL: {
            "energyLevel": _ENERGY[answers.energy_level],
            "isTakingSupplements": _ALREADY_SUPPLEMENTED if answers.is_taking_supplements else 0,
        },
        CauseCode.STRESS: {"stress": _STRESS[answers.stress]},
        CauseCode.SCALP_HEALTH: {"dandruff": _SCALP[answers.dandruff]},
        CauseCode.SLEEP: {"sleep": _SLEEP[answers.sleep]},
        CauseCode.DIGESTION: {"hasAcidityOrGas": _ACIDITY_OR_GAS if answers.has_acidity_or_gas else 0},
    }


def _age_points(age: int) -> int:
    """Points of a man's age in years. Source: docs/assessment.md."""
    if age >= 45:  # noqa: PLR2004
        return 10
    return 5 if age >= 30 else 0  # noqa: PLR2004


def _recovery(person: Assessed, scores: dict[CauseCode, int]) -> Recovery:
    """Months from stage, age and answers. Source: docs/assessment.md."""
    base = _BASE_MONTHS.get(person.answers.hair_loss_stage)
    if base is None:
        return Recovery(
            min_months=None,
            expected_months=None,
            max_months=None,
            reason_if_none=NoRecoveryReason.ADVANCED_STAGE,
        )
    months = base
    if person.age > 50:  # noqa: PLR2004
        months += 2
    elif person.age > 35:  # noqa: PLR2004
        months += 1
    if scores[CauseCode.SCALP_HEALTH] >= 50:  # noqa: PLR2004
        months += 1
    if scores[CauseCode.STRESS] >= 60 and scores[CauseCode.SLEEP] >= 30:  # noqa: PLR2004
        months += 1
    expected = max(_LEAST_MONTHS, min(_MOST_EXPECTED_MONTHS, months))
    return Recovery(
        min_months=max(_LEAST_MONTHS, expected - 1),
        expected_months=expected,
        max_months=min(_MOST_MONTHS, expected + 3),
        reason_if_none=None,
    )
