"""The whole of what a hair test comes to."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from tests.domain.products import any_catalogue, product
from tests.domain.ruleset.answering import answers, any_answers, woman
from traya_gql.domain.products import ProductCategory, ProductFacts
from traya_gql.domain.ruleset.answers import Answers
from traya_gql.domain.ruleset.codes import CauseCode, GateCode
from traya_gql.domain.ruleset.options import HealthCondition, MedicalSafety, Pattern, Stress
from traya_gql.domain.ruleset.outcome import outcome_of
from traya_gql.domain.ruleset.rules import current_ruleset

RULES = current_ruleset()
SAFE: dict[str, Any] = {
    "scalp_signs": frozenset(),
    "sudden_onset": False,
    "health_conditions": frozenset(),
    "medical_safety": frozenset(),
    "medicines": frozenset(),
    "allergies": frozenset(),
    "has_other_allergy": False,
    "is_trying_for_a_baby": False,
}
IRON = product("iron", ProductCategory.MEDICINE, actives=("IRON",), affinities={CauseCode.STRESS: 3})
FINASTERIDE = product("finasteride", ProductCategory.SERUM, actives=("FINASTERIDE",), affinities={CauseCode.STRESS: 3})


def told(found: Answers, *candidates: ProductFacts) -> list[GateCode]:
    return [one.code for one in outcome_of(found, candidates=candidates, rules=RULES).findings]


def test_a_finding_is_told_with_what_it_holds_back() -> None:
    found = answers(**{**SAFE, "medical_safety": frozenset({MedicalSafety.HEART_DISEASE})})

    (one,) = outcome_of(found, candidates=[], rules=RULES).findings

    assert (one.code, one.until_cleared, one.blocked_ingredients) == (GateCode.G08_CARDIO, True, ("MINOXIDIL",))


def test_a_quiet_finding_is_told_only_where_it_kept_a_product_from_the_person() -> None:
    found = answers(**SAFE, stress=Stress.HIGH)

    assert told(found) == []
    assert told(found, IRON) == [GateCode.G12_IRON]


def test_findings_are_told_in_the_order_of_the_gates() -> None:
    safe = {key: value for key, value in SAFE.items() if key != "is_trying_for_a_baby"}
    found = woman(**{**safe, "health_conditions": frozenset({HealthCondition.THYROID})}, stress=Stress.HIGH)

    assert told(found, IRON, FINASTERIDE) == [
        GateCode.G00_SAFETY_UNANSWERED,
        GateCode.G06_PREGNANCY,
        GateCode.G11_THYROID_AUTOIMMUNE_MEDS,
    ]


def test_two_products_with_one_active_are_told_without_an_ingredient() -> None:
    twin = IRON.model_copy(update={"id": FINASTERIDE.id, "slug": "twin"})
    found = answers(**{**SAFE, "health_conditions": frozenset({HealthCondition.ANAEMIA})}, stress=Stress.HIGH)

    (one,) = outcome_of(found, candidates=[IRON, twin], rules=RULES).findings

    assert (one.code, one.blocked_ingredients) == (GateCode.G17_DUPLICATE_ACTIVE, ())


@given(any_answers(), any_catalogue())
def test_the_same_answers_and_catalogue_come_to_the_same_bytes(found: Answers, catalogue: list[ProductFacts]) -> None:
    first = outcome_of(found, candidates=catalogue, rules=RULES)
    second = outcome_of(found, candidates=list(reversed(catalogue)), rules=RULES)

    assert first.model_dump_json() == second.model_dump_json()


@given(any_answers(), any_catalogue())
def test_whoever_has_the_link_learns_nothing_from_the_picture_but_whether_a_doctor_must_look(
    found: Answers, catalogue: list[ProductFacts]
) -> None:
    other = found.model_copy(update={"pattern": Pattern.STAGE_6, "scalp_signs": frozenset()})
    first = outcome_of(found, candidates=catalogue, rules=RULES)

    assert outcome_of(other, candidates=catalogue, rules=RULES).shared_kit == ()
    if first.assessment.recovery.reason_if_none is not None:
        assert first.shared_kit == ()
