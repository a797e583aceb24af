"""All answers that are scored or that safety looks at.

Six of the first test's eight questions keep key and values; `hairLossStage` lives on in `pattern`, with the same
values, and `hasAcidityOrGas` in `gas`. What contradicts itself or was not asked of this person is the questionnaire's
to refuse.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from traya_gql.domain.customers import MAX_AGE, MIN_AGE, Gender
from traya_gql.domain.hair_tests import Assessed, Dandruff, EnergyLevel, FamilyHistory, Sleep, Stress
from traya_gql.domain.ruleset.places import FileInvalid, problems_in

T = TypeVar("T")


class Pattern(StrEnum):
    """The picture that looks most like the hair loss. STAGE_1 to STAGE_6 are the first test's stages."""

    STAGE_1 = "STAGE_1"
    STAGE_2 = "STAGE_2"
    STAGE_3 = "STAGE_3"
    STAGE_4 = "STAGE_4"
    STAGE_5 = "STAGE_5"
    STAGE_6 = "STAGE_6"
    HAIR_THINNING = "HAIR_THINNING"
    LESS_VOLUME_ON_SIDES = "LESS_VOLUME_ON_SIDES"
    MEDIUM_WIDENING = "MEDIUM_WIDENING"
    ADVANCED_WIDENING = "ADVANCED_WIDENING"
    HEAVY_HAIR_FALL = "HEAVY_HAIR_FALL"
    COIN_SIZE_PATCH = "COIN_SIZE_PATCH"


class Area(StrEnum):
    """Where on the head hair is lost."""

    HAIRLINE = "HAIRLINE"
    CROWN = "CROWN"
    HAIRLINE_AND_CROWN = "HAIRLINE_AND_CROWN"
    PATCHES = "PATCHES"
    WHOLE_HEAD = "WHOLE_HEAD"


class ScalpSign(StrEnum):
    """What the scalp shows besides dandruff."""

    PAIN = "PAIN"
    BURNING = "BURNING"
    PUSTULES = "PUSTULES"
    SHINY_PATCHES = "SHINY_PATCHES"
    BROW_OR_LASH_LOSS = "BROW_OR_LASH_LOSS"
    BROKEN_SKIN = "BROKEN_SKIN"
    REDNESS = "REDNESS"
    INFECTION = "INFECTION"


class Gas(StrEnum):
    """Gas, acidity or bloating. SOMETIMES: once or twice a week; OFTEN: three times or more."""

    NO = "NO"
    SOMETIMES = "SOMETIMES"
    OFTEN = "OFTEN"


class Constipation(StrEnum):
    """How the bowels move. NO includes rarely; IBS includes dysentery."""

    NO = "NO"
    YES = "YES"
    UNSATISFACTORY = "UNSATISFACTORY"
    IBS = "IBS"


class YearEvent(StrEnum):
    """What happened in the last year. SEVERE_ILLNESS: dengue, malaria, typhoid, covid and the like."""

    SEVERE_ILLNESS = "SEVERE_ILLNESS"
    SURGERY_OR_HEAVY_MEDICATION = "SURGERY_OR_HEAVY_MEDICATION"
    HEAVY_WEIGHT_CHANGE = "HEAVY_WEIGHT_CHANGE"


class LifeStage(StrEnum):
    """Asked of everyone but men. POST_PREGNANCY: the child is younger than two years."""

    NONE = "NONE"
    PLANNING_PREGNANCY = "PLANNING_PREGNANCY"
    PREGNANT = "PREGNANT"
    POST_PREGNANCY = "POST_PREGNANCY"
    MENOPAUSE = "MENOPAUSE"


class HealthCondition(StrEnum):
    """Illnesses that the person knows of. THYROID: underactive or overactive."""

    ANAEMIA = "ANAEMIA"
    THYROID = "THYROID"
    PCOS = "PCOS"
    OTHER_HORMONAL = "OTHER_HORMONAL"
    ASTHMA = "ASTHMA"
    SINUS = "SINUS"


class MedicalSafety(StrEnum):
    """What decides whether a product may be used at all. LIVER_DISEASE includes abnormal liver tests."""

    HIGH_BLOOD_PRESSURE = "HIGH_BLOOD_PRESSURE"
    LOW_BLOOD_PRESSURE = "LOW_BLOOD_PRESSURE"
    HEART_DISEASE = "HEART_DISEASE"
    STROKE = "STROKE"
    EPILEPSY = "EPILEPSY"
    LIVER_DISEASE = "LIVER_DISEASE"
    BLOOD_DISORDER = "BLOOD_DISORDER"
    AUTOIMMUNE_DISEASE = "AUTOIMMUNE_DISEASE"
    DEPRESSION = "DEPRESSION"
    PROSTATE_DISEASE = "PROSTATE_DISEASE"


class Medicine(StrEnum):
    """Kinds of medicine taken now. SCALP: anything put on the scalp that a doctor prescribed."""

    BLOOD_PRESSURE = "BLOOD_PRESSURE"
    DIABETES = "DIABETES"
    IMMUNOSUPPRESSANT = "IMMUNOSUPPRESSANT"
    SEDATIVE = "SEDATIVE"
    THYROID = "THYROID"
    SCALP = "SCALP"
    OTHER = "OTHER"


class Deficiency(StrEnum):
    """What a blood test found to be low."""

    VITAMIN_D = "VITAMIN_D"
    VITAMIN_B12 = "VITAMIN_B12"


# sorted when written: a set has no order, and the same answers must be the same bytes
Several = Annotated[frozenset[T], PlainSerializer(sorted, return_type=list)]
Ingredient = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=60)]


class Answers(BaseModel):
    """What is known about one person. None: not answered. An empty set: "none of these".

    Age (years), gender and pattern are always known. `usable_photos` counts the scalp photos that can be judged.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
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


def from_first_test(person: Assessed) -> Answers:
    """Return the answers of the first questionnaire in the new one's words. What it did not ask stays unanswered."""
    first = person.answers
    return Answers(
        age=person.age,
        gender=person.gender,
        pattern=Pattern(first.hair_loss_stage.value),
        family_history=first.family_history,
        dandruff=first.dandruff,
        sleep=first.sleep,
        stress=first.stress,
        gas=Gas.OFTEN if first.has_acidity_or_gas else Gas.NO,
        energy_level=first.energy_level,
        is_taking_supplements=first.is_taking_supplements,
    )


def read_answers(text: bytes | str) -> Answers:
    """Return the answers of a JSON object with the keys of `QUESTIONS`; keys may be missing.

    Raises:
        FileInvalid: it is no JSON, or a key or a value is not one that is known.
    """
    try:
        return Answers.model_validate_json(text, by_alias=True, by_name=False)
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
