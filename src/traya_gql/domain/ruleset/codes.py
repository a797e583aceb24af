"""What an assessment can say, as codes."""

from __future__ import annotations

from enum import StrEnum


class CauseCode(StrEnum):
    """What may lie behind the hair loss."""

    GENETIC = "GENETIC"
    HORMONAL = "HORMONAL"
    TRIGGER_EVENT = "TRIGGER_EVENT"
    NUTRITIONAL = "NUTRITIONAL"
    STRESS = "STRESS"
    SCALP_HEALTH = "SCALP_HEALTH"
    SLEEP = "SLEEP"
    DIGESTION = "DIGESTION"


class EvidenceGrade(StrEnum):
    """How well the link between a cause and hair loss is shown, the best first."""

    A = "A"
    B = "B"
    C = "C"
    TRADITIONAL = "TRADITIONAL"


class CauseLevel(StrEnum):
    """How much a listed cause weighs."""

    HIGH = "HIGH"
    MODERATE = "MODERATE"
    LOW = "LOW"


class Hypothesis(StrEnum):
    """What the answers look like. Never a diagnosis."""

    PATCHY_NEEDS_DOCTOR = "PATCHY_NEEDS_DOCTOR"
    MIXED = "MIXED"
    PATTERN_LIKELY = "PATTERN_LIKELY"
    SHEDDING_LIKELY = "SHEDDING_LIKELY"
    SCALP_INFLAMMATION_LIKELY = "SCALP_INFLAMMATION_LIKELY"
    PATTERN_POSSIBLE = "PATTERN_POSSIBLE"
    UNDETERMINED = "UNDETERMINED"


class PatternKind(StrEnum):
    """How the loss lies on the head: along a known pattern, everywhere, or in patches."""

    PATTERN = "PATTERN"
    DIFFUSE = "DIFFUSE"
    PATCHY = "PATCHY"


class Goal(StrEnum):
    """What a routine aims at: an improvement that shows, or keeping what is there."""

    IMPROVE = "IMPROVE"
    STABILISE = "STABILISE"


class NoRecoveryReason(StrEnum):
    """Why no months are named. NEEDS_DOCTOR does not tell which answer it was, as recovery is public."""

    ADVANCED_STAGE = "ADVANCED_STAGE"
    NEEDS_DOCTOR = "NEEDS_DOCTOR"


class MilestoneCode(StrEnum):
    """What happens at a month of the routine."""

    ROUTINE = "ROUTINE"
    SHEDDING_MAY_RISE_WITH_MINOXIDIL = "SHEDDING_MAY_RISE_WITH_MINOXIDIL"
    FIRST_REVIEW = "FIRST_REVIEW"
    PHOTO_COMPARISON = "PHOTO_COMPARISON"
    FULL_REVIEW = "FULL_REVIEW"


class Confidence(StrEnum):
    """How much of what is scored was answered."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class Combine(StrEnum):
    """How several answers to one question add up."""

    SUM = "SUM"
    HIGHEST = "HIGHEST"


class GateCode(StrEnum):
    """The safety gates, in the order in which they are asked. Findings name them; stored, so that none is renamed."""

    G00_SAFETY_UNANSWERED = "G00_SAFETY_UNANSWERED"
    G01_CONSENT = "G01_CONSENT"
    G02_MINOR = "G02_MINOR"
    G03_PATCHY = "G03_PATCHY"
    G04_SCARRING_SIGNS = "G04_SCARRING_SIGNS"
    G05_INFLAMED_SCALP = "G05_INFLAMED_SCALP"
    G06_PREGNANCY = "G06_PREGNANCY"
    G07_FEMALE_5ARI = "G07_FEMALE_5ARI"
    G08_CARDIO = "G08_CARDIO"
    G09_LIVER = "G09_LIVER"
    G10_MOOD_FERTILITY = "G10_MOOD_FERTILITY"
    G11_THYROID_AUTOIMMUNE_MEDS = "G11_THYROID_AUTOIMMUNE_MEDS"
    G12_IRON = "G12_IRON"
    G13_ALLERGY = "G13_ALLERGY"
    G14_AGE65 = "G14_AGE65"
    G15_ADVANCED = "G15_ADVANCED"
    G16_PRESCRIPTION = "G16_PRESCRIPTION"
    G17_DUPLICATE_ACTIVE = "G17_DUPLICATE_ACTIVE"
    G18_CLAIMS = "G18_CLAIMS"
    G19_MINOXIDIL_LABEL = "G19_MINOXIDIL_LABEL"
    G20_UNKNOWN_ALLERGY = "G20_UNKNOWN_ALLERGY"


class Severity(StrEnum):
    """How much a finding matters. HIGH: see a doctor soon."""

    HIGH = "HIGH"
    MODERATE = "MODERATE"
    LOW = "LOW"


class SafetyAction(StrEnum):
    """What the person should do about a finding."""

    BOOK_DERMATOLOGIST = "BOOK_DERMATOLOGIST"
    TALK_TO_DOCTOR = "TALK_TO_DOCTOR"
    ANSWER_SAFETY_QUESTIONS = "ANSWER_SAFETY_QUESTIONS"
    GIVE_CONSENT = "GIVE_CONSENT"
    GET_BLOOD_TEST = "GET_BLOOD_TEST"
    GET_PRESCRIPTION = "GET_PRESCRIPTION"
    NONE = "NONE"
