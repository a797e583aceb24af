"""How a report came about, as text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.products import any_product, product
from tests.domain.ruleset.answering import (
    answers,
    any_answers,
    assessed,
    healthy_man,
    healthy_woman,
    listed,
    months,
    woman,
)
from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.products import ProductCategory, ProductFacts, RegulatoryClass
from traya_gql.domain.report_texts import DISCLAIMER
from traya_gql.domain.ruleset.answers import Answers, read_answers
from traya_gql.domain.ruleset.codes import CauseCode, EvidenceGrade
from traya_gql.domain.ruleset.explain import explain
from traya_gql.domain.ruleset.gates import findings
from traya_gql.domain.ruleset.kit import compose, shared_kit
from traya_gql.domain.ruleset.options import (
    Constipation,
    Dandruff,
    Deficiency,
    EnergyLevel,
    FamilyHistory,
    Gas,
    HealthCondition,
    LifeStage,
    Medicine,
    Pattern,
    ScalpSign,
    Sleep,
    Stress,
)
from traya_gql.domain.ruleset.rules import current_ruleset

EXAMPLE = Path(__file__).parents[3] / "examples" / "answers.json"
# Source: Drugs Rules, Schedule J, https://en.wikipedia.org/wiki/Schedule_J
CLAIMS = re.compile(
    r"\bcure|guarantee|permanent|100\s*%|regrow|new\s+hair|baldness|side[\s-]*effect|hair[\s-]+growth|stimulates",
    re.IGNORECASE,
)


CATALOGUE = [seed.product for seed in catalogue()]


def explained(found: Answers, products: Sequence[ProductFacts] = ()) -> str:
    return explain(found, current_ruleset(), products)


def part(text: str, heading: str) -> list[str]:
    """Return the lines under a heading."""
    return text.split(f"\n{heading}\n", 1)[1].split("\n\n", 1)[0].split("\n")


def test_the_example_is_a_whole_set_of_answers_and_is_explained() -> None:
    example = read_answers(EXAMPLE.read_bytes())

    assert listed(example) == [("GENETIC", 60), ("HORMONAL", 55), ("SCALP_HEALTH", 40), ("STRESS", 35)]
    assert months(example) == (7, 8, 11)
    assert explained(example).startswith(f"Ruleset 2026.11, inputs {assessed(example).inputs_hash}\n\nCAUSES\n")
    assert "HIGH: 18 of 18 scored questions answered, usable photos: 1" in explained(example)


def test_the_example_shows_what_gates_keep_out_of_each_place_of_a_kit_but_one() -> None:
    lines = part(explained(read_answers(EXAMPLE.read_bytes()), CATALOGUE), "KIT")

    assert [line.strip() for line in lines if line.startswith("  left out by ")] == [
        "left out by G11_THYROID_AUTOIMMUNE_MEDS: Stress Management Supplement",
        "left out by G08_CARDIO: Minoxidil 2% Topical Solution",
        "left out by G13_ALLERGY: Advanced Hair Fall Shampoo",
    ]


def test_each_cause_says_which_answer_gave_which_points_by_which_rule() -> None:
    text = explained(answers(Pattern.STAGE_3, sudden_onset=True, gas=Gas.OFTEN, constipation=Constipation.IBS))

    lines = part(text, "CAUSES")

    assert lines[:5] == [
        "GENETIC: 20 of at most 100, evidence A",
        "  +35  pattern = STAGE_3",
        (
            "        points.pattern: the further along, the clearer the pattern; diffuse pictures say little "
            "(https://healthyfollicles.com/about-hair/hair-loss-grading-scale)"
        ),
        "  -15  suddenOnset = YES",
        (
            "        points.sudden_onset: loss that begins suddenly speaks for shedding after a trigger "
            "(https://doi.org/10.2147/CCID.S200471)"
        ),
    ]
    assert lines[5:7] == ["HORMONAL: 0 of at most 100, evidence A", "  no answer gave points"]
    assert "DIGESTION: 40 of at most 40, evidence TRADITIONAL, MODERATE, 60 before it was cut" in lines


def test_what_is_listed_stands_in_order_with_the_primary_cause() -> None:
    assert part(explained(answers(Pattern.STAGE_2, dandruff=Dandruff.PSORIASIS)), "LISTED") == [
        "At most 4 causes, from 25 points on, the highest first:",
        "  1. SCALP_HEALTH 70, HIGH, evidence B: https://pmc.ncbi.nlm.nih.gov/articles/PMC4852869",
        "  2. GENETIC 25, LOW, evidence A: https://pubmed.ncbi.nlm.nih.gov/15237265/",
        "Primary cause, the first of grade A or B: SCALP_HEALTH",
    ]
    assert part(explained(answers()), "LISTED")[1:] == [
        "  none",
        "Primary cause, the first of grade A or B: UNDETERMINED",
    ]


def test_the_hypothesis_is_compared_with_its_thresholds() -> None:
    text = explained(woman(stress=Stress.MODERATE, health_conditions=frozenset({HealthCondition.THYROID})))

    lines = [line for line in part(text, "HYPOTHESIS (not a diagnosis)") if not line.startswith("        ")]

    assert lines == [
        "SHEDDING_LIKELY",
        "  the picture HAIR_THINNING (diffuse; Sinclair 2 or effluvium) is DIFFUSE",
        "  pattern: not reached, GENETIC 10 of 45",
        "  shedding: not reached, TRIGGER_EVENT 0 of 45",
        "  shedding_when_diffuse: reached, HORMONAL 55 of 45, the highest of STRESS, NUTRITIONAL, HORMONAL",
        "  scalp: not reached, SCALP_HEALTH 0 of 60",
    ]


@pytest.mark.parametrize("found", [answers(Pattern.STAGE_1), woman(Pattern.HAIR_THINNING)])
def test_where_nothing_speaks_for_anything_the_picture_decides(found: Answers) -> None:
    lines = part(explained(found), "HYPOTHESIS (not a diagnosis)")

    assert lines[-1] == "  nothing speaks for anything: the picture alone decides"


def test_a_reached_threshold_is_reached_exactly() -> None:
    lines = part(explained(answers(Pattern.STAGE_5)), "HYPOTHESIS (not a diagnosis)")

    assert lines[2] == "  pattern: reached, GENETIC 45 of 45"
    assert not lines[-1].startswith("  nothing")


def test_months_are_explained_step_by_step() -> None:
    text = explained(answers(Pattern.STAGE_5, 41, smoker=True, dandruff=Dandruff.HEAVY))

    lines = part(text, "RECOVERY")

    assert [line for line in lines if not line.startswith("        ")] == [
        "11 to 15 months, 12 expected; STABILISE",
        "  +10 months",
        "  +1 months",
        "  +1 months",
        "  +1 months",
        "  together 13; expected are 3 to 12, from 1 earlier to 3 later, 15 at most",
        "  month 1: ROUTINE",
        "  month 2: SHEDDING_MAY_RISE_WITH_MINOXIDIL",
        "  month 4: FIRST_REVIEW",
        "  month 6: PHOTO_COMPARISON",
        "  month 12: FULL_REVIEW",
    ]
    places = [line.split(":")[0].strip() for line in lines if line.startswith("        ")]
    assert places[:5] == [
        "patterns.STAGE_5",
        "recovery.modifiers.age_over_35",
        "recovery.modifiers.scalp",
        "recovery.modifiers.smoking",
        "recovery",
    ]


@pytest.mark.parametrize(
    ("pattern", "reason", "place"),
    [
        (Pattern.STAGE_6, "ADVANCED_STAGE", "patterns.STAGE_6"),
        (Pattern.COIN_SIZE_PATCH, "NEEDS_DOCTOR", "doctor_only.coin_size_patch"),
    ],
)
def test_why_there_are_no_months_is_explained(pattern: Pattern, reason: str, place: str) -> None:
    lines = part(explained(answers(pattern)), "RECOVERY")

    assert lines[0] == f"No months are named: {reason}"
    assert lines[1].startswith(f"        {place}: ")
    assert len(lines) == 2


def test_a_doctors_picture_stops_the_explanation_of_the_hypothesis() -> None:
    lines = part(explained(answers(Pattern.COIN_SIZE_PATCH)), "HYPOTHESIS (not a diagnosis)")

    assert lines[:2] == ["PATCHY_NEEDS_DOCTOR", "  a doctor's to judge: the rules stop here"]
    assert lines[2].startswith("        doctor_only.coin_size_patch: round patches need a doctor's eye (https://")
    assert len(lines) == 3


def test_confidence_is_explained() -> None:
    assert part(explained(answers(sleep=Sleep.PEACEFUL, energy_level=EnergyLevel.HIGH)), "CONFIDENCE") == [
        "LOW: 4 of 18 scored questions answered, usable photos: 0",
        "  HIGH from 90 % with usable photos: 1; MEDIUM from 60 %",
        "        confidence: what was not answered was not weighed (design)",
    ]


# --- gates --------------------------------------------------------------------------------------------------------


def gates(found: Answers) -> list[str]:
    """Return what is said about gates, without the sources."""
    return [line for line in part(explained(found), "GATES") if not line.startswith("        ")]


def test_each_finding_says_why_it_holds_what_it_holds_back_and_where_that_comes_from() -> None:
    lines = part(explained(healthy_man(age=70, known_deficiencies=frozenset({Deficiency.IRON}))), "GATES")

    assert lines == [
        "G14_AGE65: MODERATE, TALK_TO_DOCTOR; a treating doctor may lift it",
        "  because age = 70, over 65",
        "  holds back any product with MINOXIDIL",
        (
            "        gates.G14_AGE65: minoxidil was studied mostly between 18 and 65 years "
            "(https://help.numan.com/en/articles/9917323-extra-strength-foam-minoxidil-foam)"
        ),
    ]


def test_where_no_gate_holds_that_is_said() -> None:
    assert part(explained(healthy_man(health_conditions=frozenset({HealthCondition.ANAEMIA}))), "GATES") == [
        "  none holds"
    ]


def test_all_that_makes_a_gate_hold_is_named_with_the_answers() -> None:
    assert gates(
        healthy_woman(
            dandruff=Dandruff.SEBORRHEIC,
            scalp_signs=frozenset({ScalpSign.INFECTION, ScalpSign.REDNESS}),
            life_stage=LifeStage.POST_PREGNANCY,
            months_since_birth=3,
            allergies=frozenset({"SOY_PROTEIN", "ASHWAGANDHA"}),
            has_other_allergy=True,
        )
    ) == [
        "G05_INFLAMED_SCALP: MODERATE, BOOK_DERMATOLOGIST; a treating doctor may lift it",
        "  because dandruff = SEBORRHEIC",
        "  because scalpSigns = REDNESS, INFECTION",
        "  holds back OIL or SERUM with ALCOHOL",
        "  holds back OIL or SERUM with an active",
        "  holds back any product with MINOXIDIL",
        "  holds back SHAMPOO with an active",
        "G06_PREGNANCY: MODERATE, TALK_TO_DOCTOR",
        "  because lifeStage = POST_PREGNANCY and monthsSinceBirth = 3, below 12",
        (
            "  holds back any product with MINOXIDIL or FINASTERIDE or DUTASTERIDE or TRETINOIN or ASHWAGANDHA or "
            "SAW_PALMETTO or PYGEUM or VITAMIN_A"
        ),
        "  holds back MEDICINE or SERUM",
        "  holds back any product of class AYURVEDIC",
        "  holds back any product with an active",
        "G07_FEMALE_5ARI: LOW, NONE, named only where it kept a product away",
        "  because gender = FEMALE",
        "  holds back any product with FINASTERIDE or DUTASTERIDE",
        "  holds back any product labelled for men only",
        "G12_IRON: LOW, GET_BLOOD_TEST, named only where it kept a product away",
        "  because not healthConditions = ANAEMIA and not knownDeficiencies = IRON",
        "  holds back any product with IRON",
        "G13_ALLERGY: MODERATE, NONE",
        "  because allergies = ASHWAGANDHA, SOY_PROTEIN",
        "  holds back any product with ASHWAGANDHA or SOY_PROTEIN",
        "G19_MINOXIDIL_LABEL: MODERATE, TALK_TO_DOCTOR; a treating doctor may lift it",
        "  because lifeStage = POST_PREGNANCY",
        "  holds back any product with MINOXIDIL",
        "G20_UNKNOWN_ALLERGY: MODERATE, TALK_TO_DOCTOR; a treating doctor may lift it",
        "  because hasOtherAllergy = YES",
        "  holds back everything",
    ]


def test_what_was_not_answered_is_named_as_such() -> None:
    found = healthy_woman(life_stage=LifeStage.POST_PREGNANCY, sudden_onset=None)

    assert gates(found)[:5] == [
        "G00_SAFETY_UNANSWERED: MODERATE, ANSWER_SAFETY_QUESTIONS",
        "  because suddenOnset = UNANSWERED",
        "  because lifeStage = POST_PREGNANCY and monthsSinceBirth = UNANSWERED",
        "  holds back MEDICINE",
        "  holds back any product of class SCHEDULE_H",
    ]
    assert "  because lifeStage = POST_PREGNANCY and monthsSinceBirth = UNANSWERED, below 12" in gates(found)


# --- the kit ------------------------------------------------------------------------------------------------------


def kit(found: Answers, products: Sequence[ProductFacts]) -> list[str]:
    """Return what is said about the kit, without the sources."""
    return [line for line in part(explained(found, products), "KIT") if not line.startswith("        ")]


def test_each_product_of_a_kit_says_what_its_points_are_for_and_each_left_out_by_which_gate() -> None:
    found = healthy_man(
        pattern=Pattern.STAGE_3, dandruff=Dandruff.MILD, stress=Stress.HIGH, medicines=frozenset({Medicine.THYROID})
    )
    products = [
        product("calm", ProductCategory.MEDICINE, actives=("ASHWAGANDHA",), affinities={CauseCode.STRESS: 3}),
        product(
            "rich",
            ProductCategory.OIL,
            affinities={CauseCode.SCALP_HEALTH: 1, CauseCode.STRESS: 1, CauseCode.GENETIC: 2, CauseCode.SLEEP: 3},
            stages=(3, 4),
        ),
        product("plain", ProductCategory.OIL, affinities={CauseCode.STRESS: 1}, price_paise=9_900),
        product(
            "drug",
            ProductCategory.SERUM,
            actives=("MINOXIDIL",),
            affinities={CauseCode.GENETIC: 3},
            regulatory_class=RegulatoryClass.SCHEDULE_H,
            evidence=EvidenceGrade.A,
        ),
    ]

    assert kit(found, products) == [
        "At most 6 products, from 40 points on, by place:",
        "MEDICINE, at most 2",
        "  left out by G11_THYROID_AUTOIMMUNE_MEDS: Calm",
        "OIL, at most 1",
        "  Rich: 163 points, evidence C",
        "    +70  GENETIC 35 x 2",
        "    +60  STRESS 60 x 1",
        "    +25  SCALP_HEALTH 25 x 1",
        "    +8  made for this stage",
        "SERUM, at most 1",
        "  Drug: 105 points, evidence A, on prescription: listed, not sold",
        "    +105  GENETIC 35 x 3",
        "SHAMPOO, at most 1",
        "  nothing fits and has points enough",
        "Basic kit, the cheapest of OIL and SHAMPOO: Plain",
        "By the link alone: Rich",
    ]


def test_each_place_of_a_kit_names_its_rule() -> None:
    lines = part(explained(healthy_man()), "KIT")

    places = [line.split(":")[0].strip() for line in lines if line.startswith("        ")]
    assert places == ["kit", "kit.slots.MEDICINE", "kit.slots.OIL", "kit.slots.SERUM", "kit.slots.SHAMPOO"]


def test_a_kit_of_nothing_is_told_as_such() -> None:
    lines = kit(answers(Pattern.COIN_SIZE_PATCH), CATALOGUE)

    assert lines[-2:] == [
        "Basic kit, the cheapest of OIL and SHAMPOO: nothing",
        "By the link alone: nothing",
    ]


@given(found=any_answers(), products=st.lists(any_product(), max_size=8, unique_by=lambda one: one.id))
def test_whatever_is_answered_and_sold_the_kit_is_told_as_it_is(found: Answers, products: list[ProductFacts]) -> None:
    rules, assessment = current_ruleset(), assessed(found)
    composed = compose(
        assessment=assessment,
        pattern=found.pattern,
        found=findings(found, rules),
        candidates=products,
        rules=rules,
    )
    shared = shared_kit(assessment=assessment, gender=found.gender, candidates=products, rules=rules)
    name = {one.id: one.name for one in products}

    lines = kit(found, products)

    told = [line for line in lines if line.startswith("  ") and " points, evidence " in line]
    assert [line.strip().split(" points")[0] for line in told] == [
        f"{name[item.product_id]}: {item.score}" for item in composed.items
    ]
    assert [line for line in lines if line.startswith("  left out by ")] == [
        f"  left out by {one.gate}: {name[one.product_id]}" for one in composed.excluded
    ]
    points = [int(line.split()[0]) for line in lines if line.startswith("    +")]
    assert sum(points) == sum(item.score for item in composed.items)
    assert lines[-2].split(": ")[1] == (", ".join(name[one] for one in composed.basic) or "nothing")
    assert lines[-1].split(": ")[1] == (", ".join(name[item.product_id] for item in shared) or "nothing")


# --- the whole ----------------------------------------------------------------------------------------------------


@given(found=any_answers())
def test_whatever_is_answered_the_explanation_agrees_with_the_assessment_and_claims_nothing(found: Answers) -> None:
    text, result = explained(found, CATALOGUE), assessed(found)

    assert text == explained(found, CATALOGUE[::-1])
    assert text.endswith(f"\n\n{DISCLAIMER.en}\n")
    assert part(text, "HYPOTHESIS (not a diagnosis)")[0] == result.hypothesis
    assert part(text, "CONFIDENCE")[0].startswith(f"{result.confidence}: ")
    for place, cause in enumerate(result.causes, 1):
        assert part(text, "LISTED")[place].startswith(f"  {place}. {cause.code} {cause.score}, {cause.level}, ")
    assert all(f"\n{cause}: " in text for cause in CauseCode)
    told = [line.split(":")[0] for line in gates(found) if not line.startswith(" ")]
    assert told == [one.code for one in findings(found, current_ruleset())]
    assert CLAIMS.search(text) is None


def test_no_reason_in_the_rules_is_a_claim() -> None:
    text = explained(answers(Pattern.STAGE_4, family_history=FamilyHistory.BOTH)) + current_ruleset().model_dump_json()

    assert CLAIMS.search(text) is None
