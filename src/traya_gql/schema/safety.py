"""Safety findings as a client sees them."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from traya_gql.domain.clearances import Clearance as GivenClearance
from traya_gql.domain.ingredients import INGREDIENTS
from traya_gql.domain.languages import Language
from traya_gql.domain.report_texts import TEXTS
from traya_gql.domain.ruleset.codes import GateCode, SafetyAction, Severity
from traya_gql.domain.ruleset.outcome import StatedFinding
from traya_gql.domain.ruleset.rules import current_ruleset
from traya_gql.guards import AT_MOST
from traya_gql.schema.common import described_enum

_MOST_BLOCKED = 20

described_enum(
    GateCode,
    "Why something is held back. New codes may be added.",
    {
        GateCode.G00_SAFETY_UNANSWERED: "A question of safety was not answered.",
        GateCode.G01_CONSENT: "No consent to the assessment: the test is refused.",
        GateCode.G02_MINOR: "Younger than 18 years: the test is refused.",
        GateCode.G03_PATCHY: "Hair is lost in patches.",
        GateCode.G04_SCARRING_SIGNS: "Signs of an inflammation that scars.",
        GateCode.G05_INFLAMED_SCALP: "The scalp is inflamed, broken or infected.",
        GateCode.G06_PREGNANCY: "Pregnancy, plans for one, breastfeeding, a birth in the last year, or unknown.",
        GateCode.G07_FEMALE_5ARI: "For men only: finasteride, dutasteride, and what is labelled so.",
        GateCode.G08_CARDIO: "Heart, circulation or blood pressure.",
        GateCode.G09_LIVER: "The liver.",
        GateCode.G10_MOOD_FERTILITY: "Mood, prostate, or a child that is planned.",
        GateCode.G11_THYROID_AUTOIMMUNE_MEDS: "Thyroid, immune system, or medicines that interact.",
        GateCode.G12_IRON: "Iron is for a known lack only.",
        GateCode.G13_ALLERGY: "An allergy to an ingredient.",
        GateCode.G14_AGE65: "Older than 65 years.",
        GateCode.G15_ADVANCED: "Stage 6.",
        GateCode.G16_PRESCRIPTION: "Sold on a doctor's prescription only.",
        GateCode.G17_DUPLICATE_ACTIVE: "Another product holds the same active ingredient.",
        GateCode.G18_CLAIMS: "A text of the product says what may not be said.",
        GateCode.G19_MINOXIDIL_LABEL: "What the label of minoxidil forbids.",
        GateCode.G20_UNKNOWN_ALLERGY: "An allergy to something that cannot be checked.",
    },
    name="SafetyFindingCode",
)
described_enum(
    Severity,
    "How much a finding matters.",
    {Severity.HIGH: "See a doctor soon.", Severity.MODERATE: "Talk to a doctor.", Severity.LOW: "Good to know."},
    name="FindingSeverity",
)
described_enum(
    SafetyAction,
    "What the person should do.",
    {
        SafetyAction.BOOK_DERMATOLOGIST: "See a dermatologist.",
        SafetyAction.TALK_TO_DOCTOR: "Ask a doctor.",
        SafetyAction.ANSWER_SAFETY_QUESTIONS: "Answer the safety questions.",
        SafetyAction.GIVE_CONSENT: "Read the notice, and consent.",
        SafetyAction.GET_BLOOD_TEST: "Have the blood tested.",
        SafetyAction.GET_PRESCRIPTION: "Get a doctor's prescription.",
        SafetyAction.NONE: "Nothing.",
    },
)


@strawberry.type(description="An ingredient of a product.")
class Ingredient:
    code: str = strawberry.field(description="Its name for programs; an option of the question `allergies`.")
    name: str = strawberry.field(description="Its name for people.")

    @classmethod
    def of(cls, code: str, language: Language) -> Self:
        return cls(code=code, name=INGREDIENTS[code].name.in_(language))


@strawberry.type(description="A doctor lifted this finding.")
class Clearance:
    reason: str = strawberry.field(description="The doctor's reason.")
    made_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime = strawberry.field(description="When it ends: from then on the finding holds again.")

    @classmethod
    def of(cls, given: GivenClearance) -> Self:
        return cls(reason=given.reason, made_at=given.made_at, expires_at=given.expires_at)


@strawberry.type(description="Why a product may not be sold to a person.")
class SafetyReason:
    code: GateCode = strawberry.field(description="Which reason.")
    severity: Severity = strawberry.field(description="How much it matters.")
    message: str = strawberry.field(description="For the person.")
    action: SafetyAction = strawberry.field(description="What the person should do.")
    can_be_cleared: bool = strawberry.field(description="Whether a treating doctor can lift it.")

    @classmethod
    def of(cls, code: GateCode, language: Language) -> Self:
        rule = current_ruleset().gates[code]
        return cls(
            code=code,
            severity=rule.severity,
            message=TEXTS.findings[code].in_(language),
            action=rule.action,
            can_be_cleared=rule.until_cleared,
        )


@strawberry.type(description="One reason to hold something back.")
class SafetyFinding:
    code: GateCode = strawberry.field(description="Which reason.")
    severity: Severity = strawberry.field(description="How much it matters.")
    message: str = strawberry.field(description="For the person.")
    blocked_ingredients: list[Ingredient] = strawberry.field(
        description="What is held back by ingredient; empty when it is held back by kind, or when all is.",
        metadata={AT_MOST: _MOST_BLOCKED},
    )
    action: SafetyAction = strawberry.field(description="What the person should do.")
    can_be_cleared: bool = strawberry.field(description="Whether a treating doctor can lift it.")
    clearance: Clearance | None = strawberry.field(description="A doctor's clearance that is in force.")

    @classmethod
    def of(cls, stated: StatedFinding, clearance: GivenClearance | None, language: Language) -> Self:
        return cls(
            code=stated.code,
            severity=stated.severity,
            message=TEXTS.findings[stated.code].in_(language),
            blocked_ingredients=[Ingredient.of(code, language) for code in stated.blocked_ingredients],
            action=stated.action,
            can_be_cleared=stated.until_cleared,
            clearance=None if clearance is None else Clearance.of(clearance),
        )
