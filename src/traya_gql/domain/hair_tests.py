"""The hair test: the questions of the first questionnaire and their answers."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from traya_gql.domain.customers import Gender


class HairLossStage(StrEnum):
    """Six pictures, from slight recession (1) to loss over the whole crown (6)."""

    STAGE_1 = "STAGE_1"
    STAGE_2 = "STAGE_2"
    STAGE_3 = "STAGE_3"
    STAGE_4 = "STAGE_4"
    STAGE_5 = "STAGE_5"
    STAGE_6 = "STAGE_6"


class FamilyHistory(StrEnum):
    """Which side of the family has hair loss."""

    MOTHER = "MOTHER"
    FATHER = "FATHER"
    BOTH = "BOTH"
    NONE = "NONE"


class Dandruff(StrEnum):
    """Flakes and scaling of the scalp."""

    NO = "NO"
    MILD = "MILD"
    HEAVY = "HEAVY"
    PSORIASIS = "PSORIASIS"
    SEBORRHEIC = "SEBORRHEIC"


class Sleep(StrEnum):
    """How the nights are."""

    PEACEFUL = "PEACEFUL"
    DISTURBED = "DISTURBED"
    DIFFICULT = "DIFFICULT"


class Stress(StrEnum):
    """How much stress the person feels."""

    NONE = "NONE"
    LOW = "LOW"
    MODERATE = "MODERATE"
    HIGH = "HIGH"


class EnergyLevel(StrEnum):
    """Energy through the day."""

    HIGH = "HIGH"
    LOW = "LOW"
    VERY_LOW = "VERY_LOW"


class HairAnswers(BaseModel):
    """What a hair test answers about hair, scalp and internal health."""

    model_config = ConfigDict(frozen=True)

    hair_loss_stage: HairLossStage
    family_history: FamilyHistory
    dandruff: Dandruff
    sleep: Sleep
    stress: Stress
    has_acidity_or_gas: bool
    energy_level: EnergyLevel
    is_taking_supplements: bool


class Assessed(BaseModel):
    """All that an assessment is computed from: the answers, and age (years) and gender of the person."""

    model_config = ConfigDict(frozen=True)

    age: int
    gender: Gender
    answers: HairAnswers
