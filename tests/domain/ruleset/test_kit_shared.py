"""The kit that whoever has the link sees: nothing about the person can be read from it."""

from __future__ import annotations

import pytest

from tests.domain.products import product
from tests.domain.ruleset.answering import answers, assessed, healthy_man, woman
from traya_gql.domain.products import ProductCategory, ProductFacts, RegulatoryClass
from traya_gql.domain.ruleset.answers import Answers
from traya_gql.domain.ruleset.codes import CauseCode, EvidenceGrade
from traya_gql.domain.ruleset.kit import KitItem, shared_kit
from traya_gql.domain.ruleset.options import Dandruff, LifeStage, Pattern, ScalpSign, Sleep, Stress
from traya_gql.domain.ruleset.rules import current_ruleset

RULES = current_ruleset()
C = CauseCode
WITH_MONTHS = [one for one in Pattern if one not in {Pattern.STAGE_6, Pattern.COIN_SIZE_PATCH}]

GENTLE = product("gentle", affinities={C.STRESS: 1, C.SLEEP: 2})
SHAMPOO = product("shampoo", ProductCategory.SHAMPOO, affinities={C.STRESS: 2})
STRESSED = answers(stress=Stress.HIGH)


def shared(found: Answers, *candidates: ProductFacts) -> tuple[KitItem, ...]:
    return shared_kit(assessment=assessed(found), gender=found.gender, candidates=candidates, rules=RULES)


def slugs(found: Answers, *candidates: ProductFacts) -> list[str]:
    names = {one.id: one.slug for one in candidates}
    return [names[item.product_id] for item in shared(found, *candidates)]


def test_it_names_the_listed_causes_and_no_points() -> None:
    (item,) = shared(answers(stress=Stress.HIGH, sleep=Sleep.DISTURBED), GENTLE)

    assert [(reason.cause.value, reason.points) for reason in item.reasons] == [("SLEEP", None), ("STRESS", None)]
    assert item.score == 150


def test_causes_that_it_suits_alike_are_named_in_an_order_that_tells_no_score() -> None:
    both = product("both", affinities={C.STRESS: 1, C.GENETIC: 1})
    more_genes = answers(Pattern.STAGE_5, stress=Stress.MODERATE)
    more_stress = answers(Pattern.STAGE_5, stress=Stress.HIGH)

    (item,) = shared(more_stress, both)

    assert [reason.cause.value for reason in item.reasons] == ["GENETIC", "STRESS"]
    assert shared(more_genes, both) == (item,)


def test_of_one_slot_the_product_that_suits_more_wins_then_evidence_then_price() -> None:
    better = product("better", affinities={C.STRESS: 2}, evidence=EvidenceGrade.TRADITIONAL)
    proven = product("proven", affinities={C.STRESS: 1}, evidence=EvidenceGrade.B)
    cheap = product("cheap", affinities={C.STRESS: 1}, price_paise=1)

    assert slugs(STRESSED, better, proven, cheap) == ["better"]
    assert slugs(STRESSED, proven, cheap) == ["proven"]
    assert slugs(STRESSED, GENTLE, cheap) == ["cheap"]


@pytest.mark.parametrize(
    "changed",
    [
        {"is_active": False},
        {"is_in_stock": False},
        {"affinities": {C.GENETIC: 3}},
        {"pattern_fit": tuple(WITH_MONTHS[1:])},
        {"actives": ("CAFFEINE",), "ingredients": ("CAFFEINE",)},
        {"category": ProductCategory.MEDICINE},
        {"category": ProductCategory.SERUM},
        {"regulatory_class": RegulatoryClass.AYURVEDIC},
        {"regulatory_class": RegulatoryClass.SCHEDULE_H},
        {"ingredients": ("ALCOHOL",)},
        {"benefits": ("Guaranteed new hair, 100 % permanent.",)},
    ],
)
def test_what_does_not_suit_everybody_and_every_picture_is_not_in_it(changed: dict[str, object]) -> None:
    other = ProductFacts.model_validate({**GENTLE.model_dump(), **changed})

    assert slugs(STRESSED, other) == []
    assert slugs(STRESSED, GENTLE) == ["gentle"]


def test_a_product_need_not_fit_pictures_without_months() -> None:
    assert slugs(STRESSED, product("fits", affinities={C.STRESS: 1}, pattern_fit=tuple(WITH_MONTHS))) == ["fits"]


@pytest.mark.parametrize(
    "person",
    [
        healthy_man(stress=Stress.HIGH),
        answers(Pattern.STAGE_1, 70, stress=Stress.HIGH, has_other_allergy=True),
        woman(stress=Stress.HIGH, life_stage=LifeStage.PREGNANT, allergies=frozenset({"SOY_PROTEIN"})),
        answers(stress=Stress.MODERATE, scalp_signs=frozenset({ScalpSign.REDNESS})),
    ],
)
def test_it_is_the_same_for_all_with_the_same_causes_whatever_was_found(person: Answers) -> None:
    assert shared(person, GENTLE, SHAMPOO) == shared(STRESSED, GENTLE, SHAMPOO)
    assert slugs(person, GENTLE, SHAMPOO) == ["gentle", "shampoo"]


@pytest.mark.parametrize(
    "person",
    [
        answers(Pattern.STAGE_6, stress=Stress.HIGH),
        answers(Pattern.COIN_SIZE_PATCH, stress=Stress.HIGH),
        answers(stress=Stress.HIGH, scalp_signs=frozenset({ScalpSign.PAIN})),
    ],
)
def test_it_is_empty_where_no_months_are_named(person: Answers) -> None:
    assert shared(person, GENTLE, SHAMPOO) == ()


def test_it_is_empty_where_no_cause_is_listed() -> None:
    assert shared(answers(dandruff=Dandruff.NO), GENTLE, SHAMPOO) == ()
