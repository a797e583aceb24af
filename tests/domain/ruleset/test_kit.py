"""The kit of one person, rule by rule, on made-up products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.domain.products import product
from tests.domain.ruleset.answering import healthy_man
from traya_gql.domain.products import ProductCategory, ProductFacts, RegulatoryClass
from traya_gql.domain.ruleset.answers import Answers
from traya_gql.domain.ruleset.codes import CauseCode, CauseLevel, EvidenceGrade, GateCode
from traya_gql.domain.ruleset.gates import findings
from traya_gql.domain.ruleset.kit import Kit, compose
from traya_gql.domain.ruleset.options import MedicalSafety, Pattern
from traya_gql.domain.ruleset.rules import Ruleset, current_ruleset
from traya_gql.domain.ruleset.scores import Assessment, Cause, assess

RULES = current_ruleset()
C = CauseCode
OIL, SERUM = ProductCategory.OIL, ProductCategory.SERUM
SHAMPOO, MEDICINE = ProductCategory.SHAMPOO, ProductCategory.MEDICINE
WELL = healthy_man(pattern=Pattern.STAGE_2)
WITH_HEART_DISEASE = healthy_man(pattern=Pattern.STAGE_2, medical_safety=frozenset({MedicalSafety.HEART_DISEASE}))


def assessment(**scores: int) -> Assessment:
    """Return an assessment that lists these causes with these scores, in this order."""
    causes = tuple(
        Cause(
            code=CauseCode(code),
            score=score,
            level=CauseLevel.HIGH,
            evidence=EvidenceGrade.A,
            source="design",
            raised_by=("pattern",),
        )
        for code, score in scores.items()
    )
    return assess(WELL, RULES).model_copy(update={"causes": causes})


def kit_of(
    *candidates: ProductFacts,
    scores: dict[str, int] | None = None,
    person: Answers = WELL,
    rules: Ruleset = RULES,
    bought: Sequence[ProductFacts] = (),
) -> Kit:
    return compose(
        assessment=assessment(**(scores or {"GENETIC": 50})),
        pattern=person.pattern,
        found=findings(person, RULES),
        candidates=candidates,
        rules=rules,
        bought=frozenset(one.id for one in bought),
    )


def with_kit(**changes: Any) -> Ruleset:
    return RULES.model_copy(update={"kit": RULES.kit.model_copy(update=changes)})


def for_genes(slug: str, category: ProductCategory = OIL, affinity: int = 1, **more: Any) -> ProductFacts:
    return product(slug, category, affinities={C.GENETIC: affinity}, **more)


def prescribed(slug: str, **more: Any) -> ProductFacts:
    return for_genes(slug, SERUM, 3, regulatory_class=RegulatoryClass.SCHEDULE_H, **more)


def items(kit: Kit, *candidates: ProductFacts) -> list[str]:
    names = {one.id: one.slug for one in candidates}
    return [names[item.product_id] for item in kit.items]


def basic(kit: Kit, *candidates: ProductFacts) -> list[str]:
    names = {one.id: one.slug for one in candidates}
    return [names[id_] for id_ in kit.basic]


def excluded(kit: Kit, *candidates: ProductFacts) -> list[tuple[str, str]]:
    names = {one.id: one.slug for one in candidates}
    return [(names[one.product_id], one.gate[:3]) for one in kit.excluded]


# --- scores -------------------------------------------------------------------------------------------------------


def test_a_score_is_the_sum_of_score_times_affinity_over_the_listed_causes() -> None:
    oil = product("oil", affinities={C.STRESS: 3, C.GENETIC: 2, C.SLEEP: 3, C.DIGESTION: 1})

    (item,) = kit_of(oil, scores={"GENETIC": 55, "STRESS": 35, "DIGESTION": 40, "HORMONAL": 90}).items

    assert item.score == 110 + 105 + 40
    assert [(reason.cause.value, reason.points) for reason in item.reasons] == [
        ("GENETIC", 110),
        ("STRESS", 105),
        ("DIGESTION", 40),
    ]


def test_the_reasons_are_told_by_their_points_and_not_by_the_score_of_the_cause() -> None:
    oil = product("oil", affinities={C.GENETIC: 1, C.STRESS: 2})

    (item,) = kit_of(oil, scores={"GENETIC": 55, "STRESS": 35}).items

    assert [(reason.cause.value, reason.points) for reason in item.reasons] == [("STRESS", 70), ("GENETIC", 55)]


@pytest.mark.parametrize(
    ("pattern", "stages", "score"),
    [
        (Pattern.STAGE_2, (1, 2), 58),
        (Pattern.STAGE_2, (3,), 50),
        (Pattern.STAGE_2, (), 50),
        (Pattern.MEDIUM_WIDENING, (3,), 58),
        # a picture without a severity
        (Pattern.HEAVY_HAIR_FALL, (1, 2, 3, 4, 5, 6), 50),
    ],
)
def test_a_product_made_for_the_stage_gets_eight_points_more(
    pattern: Pattern, stages: tuple[int, ...], score: int
) -> None:
    (item,) = kit_of(for_genes("oil", stages=stages), person=healthy_man(pattern=pattern)).items

    assert item.score == score


def test_what_was_bought_and_cannot_be_used_up_gets_five_points_less() -> None:
    oil = for_genes("oil")

    (item,) = kit_of(oil, bought=[oil]).items

    assert item.score == 45


@pytest.mark.parametrize(("score", "found"), [(39, []), (40, ["oil"])])
def test_a_place_stays_empty_below_forty_points(score: int, found: list[str]) -> None:
    oil = for_genes("oil")

    assert items(kit_of(oil, scores={"GENETIC": score}), oil) == found


def test_without_a_listed_cause_nothing_is_recommended() -> None:
    kit = compose(
        assessment=assessment(),
        pattern=WELL.pattern,
        found=(),
        candidates=[for_genes("oil", stages=(2,))],
        rules=RULES,
    )

    assert kit == Kit(items=(), basic=(), excluded=())


def test_where_rules_ask_for_little_the_picture_alone_may_be_the_reason() -> None:
    oil = product("oil", stages=(2,))

    (item,) = kit_of(oil, rules=with_kit(at_least=8)).items

    assert (item.score, item.reasons) == (8, ())


# --- candidates ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"is_active": False},
        {"is_in_stock": False},
        {"pattern_fit": (Pattern.STAGE_1, Pattern.STAGE_3)},
        {"benefits": ("Guaranteed new hair, 100 % permanent.",)},
    ],
)
def test_what_cannot_be_sent_or_does_not_fit_or_makes_a_claim_is_not_even_left_out(changes: dict[str, Any]) -> None:
    assert kit_of(for_genes("oil", **changes)) == Kit(items=(), basic=(), excluded=())


def test_a_product_that_is_offered_twice_is_recommended_once() -> None:
    one, two = for_genes("one", MEDICINE), for_genes("two", MEDICINE)

    kit = kit_of(one, two, one, two)

    assert len(kit.items) == 2
    assert kit.excluded == ()


def test_a_prescription_product_may_be_recommended() -> None:
    serum = prescribed("serum", actives=("MINOXIDIL",))

    assert items(kit_of(serum), serum) == ["serum"]


# --- places -------------------------------------------------------------------------------------------------------


def test_the_items_lie_in_the_order_of_the_slots_the_best_first() -> None:
    shelf = [
        for_genes("shampoo", SHAMPOO, 3),
        for_genes("serum", SERUM, 3),
        for_genes("oil", OIL, 3),
        for_genes("pills", MEDICINE, 1),
        for_genes("powder", MEDICINE, 2),
    ]

    assert items(kit_of(*shelf), *shelf) == ["powder", "pills", "oil", "serum", "shampoo"]


@pytest.mark.parametrize(("category", "most"), [(MEDICINE, 2), (OIL, 1), (SERUM, 1), (SHAMPOO, 1)])
def test_a_slot_holds_no_more_than_its_rule_says(category: ProductCategory, most: int) -> None:
    kit = kit_of(*(for_genes(f"one-{number}", category) for number in range(4)))

    assert len(kit.items) == most
    assert kit.excluded == ()


def test_a_kit_of_few_places_keeps_the_best_of_all_slots() -> None:
    shelf = [
        for_genes("pills", MEDICINE, 1),
        for_genes("oil", OIL, 2),
        for_genes("serum", SERUM, 1),
        for_genes("shampoo", SHAMPOO, 3),
    ]

    kit = kit_of(*shelf, rules=with_kit(most=2))

    assert items(kit, *shelf) == ["oil", "shampoo"]
    assert kit.excluded == ()


def test_equal_scores_are_decided_by_evidence_then_by_the_price_of_a_month_then_by_id() -> None:
    tradition = for_genes("tradition", evidence=EvidenceGrade.TRADITIONAL, price_paise=1)
    dear = for_genes("dear", evidence=EvidenceGrade.B, price_paise=30_000, monthly_quantity=2)
    cheap = for_genes("cheap", evidence=EvidenceGrade.B, price_paise=50_000)
    same = for_genes("same", evidence=EvidenceGrade.B, price_paise=50_000)
    first, second = sorted([cheap, same], key=lambda one: one.id)
    shelf = [tradition, dear, second, first]

    found = []
    while shelf:
        (item,) = kit_of(*shelf).items
        found.append(item.product_id)
        shelf = [one for one in shelf if one.id != item.product_id]

    assert found == [first.id, second.id, dear.id, tradition.id]


# --- actives ------------------------------------------------------------------------------------------------------


def test_of_two_that_share_an_active_the_higher_scored_stays_and_the_next_takes_the_place() -> None:
    shelf = [
        for_genes("strong", MEDICINE, 3, actives=("ZINC", "BIOTIN")),
        for_genes("middling", MEDICINE, 2, actives=("ZINC",)),
        for_genes("weak", MEDICINE, 1, actives=("IRON",)),
    ]
    anaemic = WELL.model_copy(update={"known_deficiencies": frozenset({"IRON"})})

    kit = kit_of(*shelf, person=anaemic)

    assert items(kit, *shelf) == ["strong", "weak"]
    assert excluded(kit, *shelf) == [("middling", "G17")]


def test_an_active_is_shared_across_slots_whatever_their_order() -> None:
    shelf = [
        for_genes("pills", MEDICINE, 1, actives=("CAFFEINE",)),
        for_genes("shampoo", SHAMPOO, 3, actives=("CAFFEINE",)),
    ]

    kit = kit_of(*shelf)

    assert items(kit, *shelf) == ["shampoo"]
    assert excluded(kit, *shelf) == [("pills", "G17")]


def test_an_ingredient_that_is_no_active_may_be_shared() -> None:
    shelf = [for_genes("oil", ingredients=("ALOE_VERA",)), for_genes("shampoo", SHAMPOO, ingredients=("ALOE_VERA",))]

    assert items(kit_of(*shelf), *shelf) == ["oil", "shampoo"]


def test_what_comes_after_a_full_slot_lost_nothing_by_its_active() -> None:
    shelf = [
        for_genes("best", OIL, 3, actives=("NEEM",)),
        for_genes("next", OIL, 2, actives=("NEEM",)),
    ]

    assert kit_of(*shelf).excluded == ()


# --- findings -----------------------------------------------------------------------------------------------------


def test_what_a_finding_holds_back_is_left_out_and_named_and_the_next_takes_its_place() -> None:
    shelf = [for_genes("minoxidil", SERUM, 3, actives=("MINOXIDIL",)), for_genes("calm", SERUM, 1)]

    kit = kit_of(*shelf, person=WITH_HEART_DISEASE)

    assert items(kit, *shelf) == ["calm"]
    assert excluded(kit, *shelf) == [("minoxidil", "G08")]


def test_what_would_not_be_in_the_kit_anyway_is_not_named() -> None:
    shelf = [for_genes("calm", SERUM, 3), for_genes("minoxidil", SERUM, 1, actives=("MINOXIDIL",))]

    kit = kit_of(*shelf, person=WITH_HEART_DISEASE)

    assert items(kit, *shelf) == ["calm"]
    assert kit.excluded == ()


def test_the_first_gate_is_named_and_the_excluded_lie_in_the_order_of_the_slots() -> None:
    pregnant = WITH_HEART_DISEASE.model_copy(update={"life_stage": "PREGNANT"})
    shelf = [
        for_genes("shampoo", SHAMPOO, 3, actives=("CAFFEINE",)),
        for_genes("gentle", SHAMPOO, 1),
        for_genes("minoxidil", SERUM, 3, actives=("MINOXIDIL",)),
        for_genes("pills", MEDICINE, 1),
        for_genes("iron", MEDICINE, 2, actives=("IRON",)),
    ]

    kit = kit_of(*shelf, person=pregnant)

    assert items(kit, *shelf) == ["gentle"]
    assert excluded(kit, *shelf) == [("iron", "G06"), ("pills", "G06"), ("minoxidil", "G06"), ("shampoo", "G06")]


def test_findings_and_shared_actives_are_told_together() -> None:
    shelf = [
        for_genes("minoxidil", SERUM, 3, actives=("MINOXIDIL",)),
        for_genes("serum", SERUM, 1, actives=("CAFFEINE",)),
        for_genes("shampoo", SHAMPOO, 2, actives=("CAFFEINE",)),
    ]

    kit = kit_of(*shelf, person=WITH_HEART_DISEASE)

    assert items(kit, *shelf) == ["shampoo"]
    assert excluded(kit, *shelf) == [("minoxidil", "G08"), ("serum", "G17")]


def test_a_kit_is_empty_when_a_finding_holds_everything_back() -> None:
    shelf = [for_genes("oil"), for_genes("shampoo", SHAMPOO)]

    kit = kit_of(*shelf, person=healthy_man(pattern=Pattern.COIN_SIZE_PATCH))

    assert (kit.items, kit.basic) == ((), ())
    assert [one.gate for one in kit.excluded] == [GateCode.G03_PATCHY, GateCode.G03_PATCHY]


# --- the cheap kit ------------------------------------------------------------------------------------------------


def test_the_cheap_kit_holds_the_cheapest_of_a_month_that_scores_high_enough() -> None:
    shelf = [
        for_genes("best-oil", OIL, 3, price_paise=60_000),
        for_genes("two-a-month", OIL, 1, price_paise=25_000, monthly_quantity=2),
        for_genes("cheap-oil", OIL, 1, price_paise=40_000),
        product("useless-oil", price_paise=1),
        for_genes("shampoo", SHAMPOO, 1),
        for_genes("pills", MEDICINE, 1),
        for_genes("serum", SERUM, 1),
    ]

    kit = kit_of(*shelf)

    assert items(kit, *shelf) == ["pills", "best-oil", "serum", "shampoo"]
    assert basic(kit, *shelf) == ["cheap-oil", "shampoo"]


def test_of_equal_prices_the_cheap_kit_takes_the_better_product() -> None:
    shelf = [for_genes("weak", OIL, 1), for_genes("good", OIL, 2)]

    assert basic(kit_of(*shelf), *shelf) == ["good"]


def test_the_cheap_kit_needs_no_prescription() -> None:
    shelf = [prescribed("drug", price_paise=1), for_genes("serum", SERUM, 1)]

    kit = kit_of(*shelf, rules=with_kit(basic=(SERUM,)))

    assert items(kit, *shelf) == ["drug"]
    assert basic(kit, *shelf) == ["serum"]


def test_a_slot_that_holds_prescription_products_alone_is_empty_in_the_cheap_kit() -> None:
    drug = prescribed("drug")

    assert basic(kit_of(drug, rules=with_kit(basic=(SERUM,))), drug) == []


def test_the_cheap_kit_shares_no_active_either() -> None:
    shelf = [
        for_genes("oil", OIL, 1, actives=("CAFFEINE",), price_paise=1),
        for_genes("best-oil", OIL, 3),
        for_genes("shampoo", SHAMPOO, 2, actives=("CAFFEINE",), price_paise=1),
        for_genes("dear-shampoo", SHAMPOO, 1, price_paise=90_000),
    ]

    assert basic(kit_of(*shelf), *shelf) == ["oil", "dear-shampoo"]


def test_a_slot_of_the_cheap_kit_stays_empty_where_the_kit_has_nothing() -> None:
    shelf = [
        for_genes("pills", MEDICINE, 3, actives=("CAFFEINE",)),
        for_genes("oil", OIL, 1, actives=("CAFFEINE",)),
    ]

    kit = kit_of(*shelf)

    assert items(kit, *shelf) == ["pills"]
    assert basic(kit, *shelf) == []


def test_the_cheap_kit_holds_nothing_that_a_finding_holds_back() -> None:
    shelf = [
        for_genes("serum", SERUM, 1, actives=("MINOXIDIL",), price_paise=1),
        for_genes("calm", SERUM, 2),
    ]

    kit = kit_of(*shelf, person=WITH_HEART_DISEASE, rules=with_kit(basic=(SERUM,)))

    assert basic(kit, *shelf) == ["calm"]


def test_what_lost_its_place_by_an_active_and_is_in_the_cheap_kit_is_not_said_to_be_left_out() -> None:
    shelf = [
        for_genes("serum", SERUM, 3, actives=("CAFFEINE",)),
        for_genes("cheap-oil", OIL, 2, actives=("CAFFEINE",), price_paise=10_000),
        for_genes("dear-oil", OIL, 1, price_paise=90_000),
    ]

    kit = kit_of(*shelf)

    assert items(kit, *shelf) == ["dear-oil", "serum"]
    assert basic(kit, *shelf) == ["cheap-oil"]
    assert excluded(kit, *shelf) == []
