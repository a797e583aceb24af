"""All answers that are scored or that safety looks at.

What contradicts itself or was not asked of this person is the questionnaire's to refuse.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, ValidationError
from pydantic.alias_generators import to_camel

from traya_gql.domain.customers import MAX_AGE, MIN_AGE, Gender
from traya_gql.domain.data_files import FileInvalid, problems_in
from traya_gql.domain.ingredients import Ingredient
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

T = TypeVar("T")


# sorted when written: a set has no order, and the same answers must be the same bytes
Several = Annotated[frozenset[T], PlainSerializer(sorted, return_type=list)]


class Answers(BaseModel):
    """What is known about one person. None: not answered. An empty set: "none of these".

    Age (years), gender and pattern are always known. `usable_photos` counts the scalp photos that can be judged.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
    )

    age: int = Field(ge=MIN_AGE, le=MAX_AGE)
    gender: Gender
    pattern: Pattern
    area: Area | None = None
    family_history: FamilyHistory | None = None
    duration_months: int | None = Field(default=None, ge=0, le=MAX_AGE * 12)
    sudden_onset: bool | None = None
    smoker: bool | None = None
    dandruff: Dandruff | None = None
    itch: bool | None = None
    scalp_signs: Several[ScalpSign] | None = None
    sleep: Sleep | None = None
    sleeps_under_six_hours: bool | None = None
    stress: Stress | None = None
    energy_level: EnergyLevel | None = None
    is_taking_supplements: bool | None = None
    known_deficiencies: Several[Deficiency] | None = None
    gas: Gas | None = None
    constipation: Constipation | None = None
    last_year_events: Several[YearEvent] | None = None
    life_stage: LifeStage | None = None
    is_breastfeeding: bool | None = None
    months_since_birth: int | None = Field(default=None, ge=0, le=MAX_AGE * 12)
    health_conditions: Several[HealthCondition] | None = None
    medical_safety: Several[MedicalSafety] | None = None
    is_trying_for_a_baby: bool | None = None
    medicines: Several[Medicine] | None = None
    allergies: Several[Ingredient] | None = None
    has_other_allergy: bool | None = None
    hair_type: HairType | None = None
    goal: HairGoal | None = None
    fall_amount: FallAmount | None = None
    strand_thickness: StrandThickness | None = None
    is_hair_damaged: bool | None = None
    had_chemical_treatment: bool | None = None
    oily_after: OilyAfter | None = None
    usable_photos: int | None = Field(default=None, ge=0, le=20)


class QuestionKind(StrEnum):
    """What an answer to a question is: one of its options, several of them, yes or no, a number, or words."""

    CHOICE = "CHOICE"
    CHOICES = "CHOICES"
    YES_NO = "YES_NO"
    NUMBER = "NUMBER"
    WORDS = "WORDS"


class Question(NamedTuple):
    """One question as a rule sees it: the field of `Answers`, and the options that a rule may name (empty: numbers)."""

    field: str
    kind: QuestionKind
    options: tuple[str, ...]


def _question(field: str, annotation: Any) -> Question:
    kinds = [kind for kind in get_args(annotation) if kind is not type(None)] or [annotation]
    kind = kinds[0]
    if kind is bool:
        return Question(field, QuestionKind.YES_NO, ("YES", "NO"))
    if kind is int:
        return Question(field, QuestionKind.NUMBER, ())
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return Question(field, QuestionKind.CHOICE, tuple(kind))
    (member,) = get_args(get_args(kind)[0] if get_origin(kind) is Annotated else kind)
    if isinstance(member, type) and issubclass(member, StrEnum):
        return Question(field, QuestionKind.CHOICES, tuple(member))
    return Question(field, QuestionKind.WORDS, ())


QUESTIONS: Mapping[str, Question] = MappingProxyType(
    {to_camel(name): _question(name, field.annotation) for name, field in Answers.model_fields.items()}
)
"""All questions by key, as files and the graph spell it."""


def read_answers(text: bytes | str) -> Answers:
    """Return the answers of a JSON object with the keys of `QUESTIONS`; keys may be missing.

    Raises:
        FileInvalid: it is no JSON, or a key or a value is not one that is known.
    """
    try:
        return Answers.model_validate_json(text, strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        raise FileInvalid(*problems_in(error)) from None


def canonical_json(answers: Answers) -> str:
    """Return the answers as JSON that is the same for the same answers: sorted keys and sets, unanswered left out.

    As the unanswered is left out, a question that is added later changes nothing for answers given before.
    """
    found = answers.model_dump(mode="json", by_alias=True, exclude_none=True)
    return json.dumps(found, sort_keys=True, separators=(",", ":"))


def inputs_hash(answers: Answers) -> str:
    """Return the SHA-256 of the canonical JSON, 64 hexadecimal digits.

    As private as the answers: there are few enough of them to try them all.
    """
    return hashlib.sha256(canonical_json(answers).encode()).hexdigest()
