"""What holds of the gates for all answers and all products: they only take away, and what is unknown takes no less."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.products import any_product
from tests.domain.ruleset.answering import any_answers, some
from tests.domain.ruleset.products_for_gates import SHELF
from traya_gql.domain.products import ProductCategory, ProductFacts
from traya_gql.domain.ruleset.answers import Answers
from traya_gql.domain.ruleset.codes import GateCode
from traya_gql.domain.ruleset.gates import GATES, findings, suits_everybody, why_left_out, why_not_sold
from traya_gql.domain.ruleset.options import (
    Dandruff,
    Deficiency,
    HealthCondition,
    LifeStage,
    MedicalSafety,
    Medicine,
    Pattern,
    ScalpSign,
)
from traya_gql.domain.ruleset.rules import current_ruleset
from traya_gql.domain.ruleset.scores import doctor_only

RULES = current_ruleset()
EVERYTHING = {
    GateCode.G03_PATCHY,
    GateCode.G04_SCARRING_SIGNS,
    GateCode.G15_ADVANCED,
    GateCode.G20_UNKNOWN_ALLERGY,
}

any_products = st.lists(any_product(), max_size=6)
any_gates = st.frozensets(st.sampled_from(GateCode))

SAFEST: dict[str, Any] = {
    "scalp_signs": some(),
    "sudden_onset": False,
    "health_conditions": some(),
    "medical_safety": some(),
    "medicines": some(),
    "allergies": some(),
    "has_other_allergy": False,
    "life_stage": LifeStage.NONE,
    "is_breastfeeding": False,
    "months_since_birth": 12,
    "is_trying_for_a_baby": False,
    "known_deficiencies": some(),
}
RISKIER_AND_RISKIER: dict[str, list[Any]] = {
    "scalp_signs": [some(), some(ScalpSign.REDNESS), some(ScalpSign.REDNESS, ScalpSign.PAIN), some(*ScalpSign)],
    "sudden_onset": [False, True],
    "dandruff": [Dandruff.NO, Dandruff.MILD, Dandruff.SEBORRHEIC, Dandruff.PSORIASIS],
    "medical_safety": [
        some(),
        some(MedicalSafety.STROKE),
        some(MedicalSafety.STROKE, MedicalSafety.LIVER_DISEASE),
        some(*MedicalSafety),
    ],
    "medicines": [some(), some(Medicine.OTHER), some(Medicine.OTHER, Medicine.SCALP), some(*Medicine)],
    "health_conditions": [some(), some(HealthCondition.PCOS), some(HealthCondition.PCOS, HealthCondition.THYROID)],
    "allergies": [some(), some("ALCOHOL"), some("ALCOHOL", "COCONUT_OIL")],
    "has_other_allergy": [False, True],
    "life_stage": [LifeStage.NONE, LifeStage.PLANNING_PREGNANCY, LifeStage.PREGNANT],
    "is_breastfeeding": [False, True],
    "months_since_birth": [48, 12, 11, 0],
    "is_trying_for_a_baby": [False, True],
    "age": [18, 65, 66, 100],
    "pattern": [Pattern.STAGE_5, Pattern.STAGE_6],
    "known_deficiencies": [some(Deficiency.IRON), some(Deficiency.VITAMIN_D)],
}


def allowed(found: Answers, products: list[ProductFacts], cleared: frozenset[GateCode] = frozenset()) -> list[bool]:
    """Return for each product whether a kit may hold it."""
    these = findings(found, RULES, cleared=cleared)
    return [why_left_out(product, these) is None for product in products]


def no_more(fewer: list[bool], more: list[bool]) -> bool:
    """Return whether everything of `fewer` is among `more`."""
    return all(one <= other for one, other in zip(fewer, more, strict=True))


@given(found=any_answers(), cleared=any_gates)
def test_findings_come_in_the_order_of_the_codes_each_with_something_that_it_holds_back(
    found: Answers, cleared: frozenset[GateCode]
) -> None:
    these = findings(found, RULES, cleared=cleared)

    assert [one.code for one in these] == [gate.code for gate in GATES if gate.code in {one.code for one in these}]
    assert all(one.blocks for one in these)
    assert these == findings(found, RULES, cleared=cleared)


@given(found=any_answers(), products=any_products, cleared=any_gates, more=any_gates)
def test_a_clearance_never_adds_a_finding_or_takes_a_product_away(
    found: Answers, products: list[ProductFacts], cleared: frozenset[GateCode], more: frozenset[GateCode]
) -> None:
    before, after = findings(found, RULES, cleared=cleared), findings(found, RULES, cleared=cleared | more)

    assert set(after) <= set(before)
    assert all(one.until_cleared and one.code in more for one in set(before) - set(after))
    assert no_more(allowed(found, products, cleared), allowed(found, products, cleared | more))


@given(found=any_answers(), products=any_products, field=st.sampled_from(sorted(RISKIER_AND_RISKIER)))
def test_a_riskier_answer_never_allows_more(found: Answers, products: list[ProductFacts], field: str) -> None:
    products = [*products, *SHELF.values()]

    shelves = [allowed(found.model_copy(update={field: risk}), products) for risk in RISKIER_AND_RISKIER[field]]

    assert all(no_more(riskier, milder) for milder, riskier in pairwise(shelves))


@given(found=any_answers(), products=any_products, fields=st.sets(st.sampled_from(sorted(SAFEST)), min_size=1))
def test_what_was_not_answered_never_allows_more_than_the_safest_answer(
    found: Answers, products: list[ProductFacts], fields: set[str]
) -> None:
    products = [*products, *SHELF.values()]

    unknown = allowed(found.model_copy(update=dict.fromkeys(fields)), products)
    safest = allowed(found.model_copy(update={field: SAFEST[field] for field in fields}), products)

    assert no_more(unknown, safest)


@given(found=any_answers(), products=any_products)
def test_nothing_swallowed_and_no_drug_is_recommended_before_all_was_asked(
    found: Answers, products: list[ProductFacts]
) -> None:
    silent = found.model_copy(update={"medical_safety": None})

    for product, is_allowed in zip(products, allowed(silent, products), strict=True):
        is_swallowed = product.category is ProductCategory.MEDICINE
        assert not (is_allowed and (is_swallowed or product.needs_prescription))


@given(found=any_answers(), products=any_products)
def test_nothing_that_is_recommended_holds_a_blocked_ingredient(found: Answers, products: list[ProductFacts]) -> None:
    products = [*products, *SHELF.values()]
    blocked = {one for finding in findings(found, RULES) for one in finding.blocked_ingredients}

    for product, is_allowed in zip(products, allowed(found, products), strict=True):
        assert not (is_allowed and blocked & set(product.ingredients))


@given(found=any_answers(), product=any_product())
def test_a_gate_that_left_a_product_out_forbids_its_sale(found: Answers, product: ProductFacts) -> None:
    these = findings(found, RULES)

    why, ((*reasons,),) = why_left_out(product, these), why_not_sold([product], these, RULES)

    assert [one for one in reasons if one is not GateCode.G16_PRESCRIPTION][:1] == ([why] if why else [])
    assert (GateCode.G16_PRESCRIPTION in reasons) is product.needs_prescription


@given(found=any_answers(), products=any_products, cleared=any_gates)
def test_what_is_sold_needs_no_prescription_and_shares_no_active(
    found: Answers, products: list[ProductFacts], cleared: frozenset[GateCode]
) -> None:
    these = findings(found, RULES, cleared=cleared)

    reasons = why_not_sold(products, these, RULES)
    sold = [product for product, why_not in zip(products, reasons, strict=True) if not why_not]

    assert len(reasons) == len(products)
    assert not any(product.needs_prescription for product in sold)
    actives = [active for product in sold for active in product.actives]
    assert len(actives) == len(set(actives))


@given(found=any_answers(), products=any_products)
def test_what_suits_everybody_is_held_back_by_nothing_but_an_allergy_or_a_stop_for_everything(
    found: Answers, products: list[ProductFacts]
) -> None:
    these = findings(found, RULES)
    suitable = [product for product in (*products, *SHELF.values()) if suits_everybody(product, RULES)]

    for product in suitable:
        against = {one.code for one in these if one.holds_back(product)}
        assert against <= {*EVERYTHING, GateCode.G13_ALLERGY}
        assert why_not_sold([product], these, RULES) == (tuple(one.code for one in these if one.code in against),)


@given(found=any_answers())
def test_patches_and_scarring_hold_exactly_where_the_assessment_stops(found: Answers) -> None:
    held = {one.code for one in findings(found, RULES)}

    is_stopped = not held.isdisjoint({GateCode.G03_PATCHY, GateCode.G04_SCARRING_SIGNS})

    assert is_stopped is (doctor_only(found, RULES) is not None)
