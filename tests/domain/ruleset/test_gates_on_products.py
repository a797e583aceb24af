"""What the safety gates mean for products: what is held back, left out of kits, and not sold."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.domain.ruleset.answering import answers, healthy_man, healthy_woman, some
from tests.domain.ruleset.products_for_gates import SHELF, made_of
from traya_gql.domain.languages import LocalText
from traya_gql.domain.products import ProductFacts
from traya_gql.domain.ruleset.answers import Answers
from traya_gql.domain.ruleset.codes import GateCode
from traya_gql.domain.ruleset.gates import GATES, Finding, findings, suits_everybody, why_left_out, why_not_sold
from traya_gql.domain.ruleset.options import (
    Dandruff,
    HealthCondition,
    LifeStage,
    MedicalSafety,
    Medicine,
    Pattern,
    ScalpSign,
)
from traya_gql.domain.ruleset.rules import current_ruleset

RULES = current_ruleset()
CLAIM = "Guaranteed cure for baldness: 100 % permanent new hair growth."


def one_finding(found: Answers, number: str) -> Finding:
    (finding,) = (one for one in findings(found, RULES) if one.code.startswith(number))
    return finding


# --- what they hold back ------------------------------------------------------------------------------------------

GENTLE = {"gentle oil", "oil with alcohol", "gentle shampoo", "shampoo with alcohol", "soy shampoo"}
SWALLOWED_OR_DRUG = {
    *("minoxidil", "finasteride", "dutasteride", "ashwagandha"),
    *("iron", "amla", "biotin", "saw palmetto"),
}


FOR_MEN = {"finasteride", "dutasteride", "solution for men"}


class Held(NamedTuple):
    """One gate that holds, the ingredients that it blocks everywhere, and what of the shelf it holds back."""

    answers: Answers
    number: str
    ingredients: tuple[str, ...]
    products: set[str]


HELD = {
    "unanswered": Held(
        answers(),
        "G00",
        ("MINOXIDIL", "FINASTERIDE", "DUTASTERIDE", "TRETINOIN", "ASHWAGANDHA"),
        SWALLOWED_OR_DRUG | {"oil with ashwagandha", "oil with alcohol", "serum with alcohol"},
    ),
    "patchy": Held(healthy_man(pattern=Pattern.COIN_SIZE_PATCH), "G03", (), set(SHELF)),
    "scarring": Held(healthy_man(scalp_signs=some(ScalpSign.PUSTULES)), "G04", (), set(SHELF)),
    "seborrhoeic": Held(
        healthy_man(dandruff=Dandruff.SEBORRHEIC),
        "G05",
        ("MINOXIDIL",),
        {"oil with alcohol", "medicated oil", "serum with alcohol", "minoxidil", "finasteride"},
    ),
    "psoriasis": Held(
        healthy_man(dandruff=Dandruff.PSORIASIS),
        "G05",
        ("MINOXIDIL",),
        {"oil with alcohol", "medicated oil", "serum with alcohol", "minoxidil", "finasteride", "medicated shampoo"},
    ),
    "seborrhoeic and red": Held(
        healthy_man(dandruff=Dandruff.SEBORRHEIC, scalp_signs=some(ScalpSign.REDNESS)),
        "G05",
        ("MINOXIDIL",),
        {"oil with alcohol", "medicated oil", "serum with alcohol", "minoxidil", "finasteride", "medicated shampoo"},
    ),
    "pregnant": Held(
        healthy_woman(life_stage=LifeStage.PREGNANT),
        "G06",
        (
            "MINOXIDIL",
            "FINASTERIDE",
            "DUTASTERIDE",
            "TRETINOIN",
            "ASHWAGANDHA",
            "SAW_PALMETTO",
            "PYGEUM",
            "VITAMIN_A",
        ),
        set(SHELF) - GENTLE,
    ),
    "not a man": Held(healthy_woman(), "G07", ("FINASTERIDE", "DUTASTERIDE"), FOR_MEN),
    "heart": Held(healthy_man(medical_safety=some(MedicalSafety.STROKE)), "G08", ("MINOXIDIL",), {"minoxidil"}),
    "liver": Held(
        healthy_man(medical_safety=some(MedicalSafety.LIVER_DISEASE)),
        "G09",
        ("FINASTERIDE", "DUTASTERIDE", "ASHWAGANDHA"),
        {"finasteride", "dutasteride", "ashwagandha", "oil with ashwagandha"},
    ),
    "mood": Held(
        healthy_man(medical_safety=some(MedicalSafety.DEPRESSION)),
        "G10",
        ("FINASTERIDE", "DUTASTERIDE", "SAW_PALMETTO", "PYGEUM"),
        {"finasteride", "dutasteride", "saw palmetto"},
    ),
    "thyroid": Held(
        healthy_man(health_conditions=some(HealthCondition.THYROID)),
        "G11",
        ("ASHWAGANDHA",),
        {"ashwagandha", "oil with ashwagandha"},
    ),
    "no lack of iron": Held(healthy_man(), "G12", ("IRON",), {"iron"}),
    "allergies": Held(
        healthy_man(allergies=some("SOY_PROTEIN", "ALCOHOL", "MINOXIDIL")),
        "G13",
        ("MINOXIDIL", "SOY_PROTEIN", "ALCOHOL"),
        {"minoxidil", "soy shampoo", "oil with alcohol", "shampoo with alcohol", "serum with alcohol"},
    ),
    "age": Held(healthy_man(age=70), "G14", ("MINOXIDIL",), {"minoxidil"}),
    "advanced": Held(healthy_man(pattern=Pattern.STAGE_6), "G15", (), set(SHELF)),
    "label": Held(healthy_man(sudden_onset=True), "G19", ("MINOXIDIL",), {"minoxidil"}),
    "unknown allergy": Held(healthy_man(has_other_allergy=True), "G20", (), set(SHELF)),
}


@pytest.mark.parametrize("name", HELD)
def test_a_gate_holds_back_exactly_these_products(name: str) -> None:
    held = HELD[name]

    finding = one_finding(held.answers, held.number)

    assert finding.blocked_ingredients == held.ingredients
    assert {name for name, one in SHELF.items() if finding.holds_back(one)} == held.products


def test_every_gate_about_the_person_is_in_the_table() -> None:
    assert {held.number for held in HELD.values()} == {gate.code[:3] for gate in GATES}


@pytest.mark.parametrize(
    ("ingredient", "category", "is_held"),
    [
        ("TRETINOIN", "OIL", True),
        ("SAW_PALMETTO", "SHAMPOO", True),
        ("PYGEUM", "OIL", True),
        ("VITAMIN_A", "SHAMPOO", True),
        ("VITAMIN_E", "OIL", False),
    ],
)
def test_what_harms_a_child_is_held_back_even_where_it_is_no_active(
    ingredient: str,
    category: str,
    is_held: bool,  # noqa: FBT001
) -> None:
    finding = one_finding(healthy_woman(is_breastfeeding=True), "G06")

    assert finding.holds_back(made_of(category, holds=[ingredient])) is is_held


# --- kits and orders ----------------------------------------------------------------------------------------------


def test_the_first_finding_says_why_a_product_is_left_out() -> None:
    found = findings(healthy_man(age=70, sudden_onset=True, dandruff=Dandruff.PSORIASIS), RULES)

    assert why_left_out(SHELF["minoxidil"], found) is GateCode.G05_INFLAMED_SCALP
    assert why_left_out(SHELF["iron"], found) is GateCode.G12_IRON
    assert why_left_out(SHELF["calm serum"], found) is None


def test_a_product_on_prescription_may_be_in_a_kit_and_is_never_sold() -> None:
    found = findings(healthy_man(), RULES)

    assert why_left_out(SHELF["minoxidil"], found) is None
    assert why_not_sold([SHELF["minoxidil"]], found, RULES) == ((GateCode.G16_PRESCRIPTION,),)


def claiming() -> dict[str, ProductFacts]:
    harmless = LocalText(en="Keep it out of the eyes.", hi="आँखों से दूर रखें।")
    claim, lawful = LocalText(en=CLAIM, hi="हफ़्ते में एक बार।"), LocalText(en="Once a week.", hi=CLAIM)
    return {
        "name": made_of(name=CLAIM),
        "benefits": made_of(benefits=("Keeps the hair soft.", CLAIM)),
        "usage in English": made_of(usage=claim),
        "usage in Hindi": made_of(usage=lawful),
        "cautions in English": made_of(cautions=(harmless, claim)),
        "cautions in Hindi": made_of(cautions=(harmless, lawful)),
    }


@pytest.mark.parametrize("place", claiming())
def test_what_makes_a_claim_anywhere_is_neither_recommended_nor_sold_nor_shown(place: str) -> None:
    made_up = claiming()[place]
    healthy, patchy = findings(healthy_man(), RULES), findings(answers(Pattern.COIN_SIZE_PATCH), RULES)

    assert why_left_out(made_up, healthy) is GateCode.G18_CLAIMS
    assert why_left_out(made_up, patchy) is GateCode.G03_PATCHY
    assert why_not_sold([made_up], healthy, RULES) == ((GateCode.G18_CLAIMS,),)
    assert not suits_everybody(made_up, RULES)


def test_every_line_is_told_everything_that_forbids_it() -> None:
    found = findings(healthy_man(age=70, medicines=some(Medicine.SCALP)), RULES)
    twice = made_of("SERUM", actives=["REDENSYL", "MINOXIDIL"], regulatory_class="SCHEDULE_H", name=CLAIM)

    assert why_not_sold([SHELF["minoxidil"], SHELF["gentle oil"], twice, SHELF["iron"]], found, RULES) == (
        (GateCode.G14_AGE65, GateCode.G19_MINOXIDIL_LABEL, GateCode.G16_PRESCRIPTION),
        (),
        (
            GateCode.G14_AGE65,
            GateCode.G19_MINOXIDIL_LABEL,
            GateCode.G16_PRESCRIPTION,
            GateCode.G17_DUPLICATE_ACTIVE,
            GateCode.G18_CLAIMS,
        ),
        (GateCode.G12_IRON,),
    )


def test_of_two_lines_with_the_same_active_the_later_one_is_not_sold() -> None:
    one = made_of("SHAMPOO", actives=["KETOCONAZOLE"])
    other = made_of("OIL", holds=["KETOCONAZOLE"], actives=["TEA_TREE_OIL", "KETOCONAZOLE"])
    carrier = made_of("OIL", holds=["KETOCONAZOLE"])
    found = findings(healthy_man(), RULES)

    assert why_not_sold([one, other], found, RULES) == ((), (GateCode.G17_DUPLICATE_ACTIVE,))
    assert why_not_sold([other, one], found, RULES) == ((), (GateCode.G17_DUPLICATE_ACTIVE,))
    assert why_not_sold([one, carrier], found, RULES) == ((), ())
    assert why_not_sold([], found, RULES) == ()


def test_what_suits_everybody_is_a_gentle_oil_or_shampoo() -> None:
    assert {name for name, one in SHELF.items() if suits_everybody(one, RULES)} == {
        "gentle oil",
        "gentle shampoo",
        "shampoo with alcohol",
        "soy shampoo",
    }
    assert not suits_everybody(made_of("OIL", holds=["COCONUT_OIL", "VITAMIN_A"]), RULES)
    assert not suits_everybody(made_of("SHAMPOO", regulatory_class="AYURVEDIC"), RULES)
    assert not suits_everybody(made_of("OIL", regulatory_class="SCHEDULE_H"), RULES)
