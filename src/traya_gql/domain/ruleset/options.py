"""What can be chosen as an answer. A multiple choice without any is an empty set: "none of these"."""

from __future__ import annotations

from enum import StrEnum


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
    IRON = "IRON"


class HairType(StrEnum):
    """How the hair falls by itself."""

    STRAIGHT = "STRAIGHT"
    WAVY = "WAVY"
    CURLY = "CURLY"
    COILY = "COILY"


class HairGoal(StrEnum):
    """What the person hopes for. REGROW is their word; no text of ours promises it."""

    CONTROL_FALL = "CONTROL_FALL"
    REGROW = "REGROW"
    QUALITY = "QUALITY"


class FallAmount(StrEnum):
    """How much hair falls, by what is left in a comb or a drain."""

    NORMAL = "NORMAL"
    SOME_MORE = "SOME_MORE"
    MUCH_MORE = "MUCH_MORE"


class StrandThickness(StrEnum):
    """How thick a single hair is."""

    FINE = "FINE"
    MEDIUM = "MEDIUM"
    COARSE = "COARSE"


class OilyAfter(StrEnum):
    """When the scalp is oily again after a wash: within a day, after two or three, after four or more."""

    ONE_DAY = "ONE_DAY"
    TWO_OR_THREE_DAYS = "TWO_OR_THREE_DAYS"
    FOUR_DAYS_OR_MORE = "FOUR_DAYS_OR_MORE"
