"""Small things that no other test would notice: each was found by changing one place of the code or the rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.domain.products import product
from tests.domain.ruleset.answering import TEXT, all_scores, answers, changed, healthy_man, healthy_woman
from tests.domain.ruleset.products_for_gates import made_of
from tests.domain.ruleset.test_outlook import ALL
from traya_gql.domain.clearances import Clearance, kit_in_force
from traya_gql.domain.customers import Gender
from traya_gql.domain.data_files import FileInvalid, read_toml
from traya_gql.domain.products import ProductCategory, ProductFacts, RegulatoryClass
from traya_gql.domain.ruleset.answers import Answers
from traya_gql.domain.ruleset.codes import CauseCode, Confidence, GateCode
from traya_gql.domain.ruleset.gate_rules import Block
from traya_gql.domain.ruleset.gates import findings
from traya_gql.domain.ruleset.kit import Kit, shared_causes
from traya_gql.domain.ruleset.offers import KitKind, offers
from traya_gql.domain.ruleset.options import Dandruff, HealthCondition, MedicalSafety, Pattern, ScalpSign
from traya_gql.domain.ruleset.outcome import outcome_of
from traya_gql.domain.ruleset.rules import Ruleset, current_ruleset
from traya_gql.domain.ruleset.scores import Months, Point, assess, hypothesis_of, months_of, scores_of

NOW = datetime(2026, 11, 21, tzinfo=UTC)
RULES = current_ruleset()


# --- clearances ---------------------------------------------------------------------------------------------------


def clearance(number: int, *, days: int) -> Clearance:
    return Clearance(
        gate=GateCode.G08_CARDIO,
        doctor_id=UUID(int=9),
        reason="Examined today.",
        made_at=NOW,
        expires_at=NOW + timedelta(days=days),
        kit=Kit(items=(), basic=(UUID(int=number),), excluded=()),
        kit_until=NOW + timedelta(days=days),
    )


def test_of_many_clearances_the_last_ones_kit_holds_and_no_other() -> None:
    own = Kit(items=(), basic=(), excluded=())
    many = [clearance(1, days=30), clearance(2, days=20), clearance(3, days=10)]

    assert kit_in_force(own, many[:1], now=NOW).basic == (UUID(int=1),)
    assert kit_in_force(own, many, now=NOW).basic == (UUID(int=3),)
    assert kit_in_force(own, many, now=NOW + timedelta(days=15)) == own


# --- scores -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cause", "cap"),
    [
        ("GENETIC", 100),
        ("HORMONAL", 100),
        ("TRIGGER_EVENT", 100),
        ("NUTRITIONAL", 85),
        ("STRESS", 85),
        ("SCALP_HEALTH", 85),
        ("SLEEP", 60),
        ("DIGESTION", 40),
    ],
)
def test_a_score_is_cut_at_the_cap_of_its_evidence(cause: str, cap: int) -> None:
    code = CauseCode(cause)
    above = (Point("a rule", "a question", "YES", 60), Point("another", "another question", "YES", 50))

    assert scores_of({code: above}, RULES) == {code: cap}


@pytest.mark.parametrize(("points", "causes"), [(24, []), (25, ["GENETIC"])])
def test_a_cause_of_one_point_too_few_is_not_listed(points: int, causes: list[str]) -> None:
    rule = RULES.points["pattern"].model_copy(update={"answers": {"STAGE_1": points}})
    other = RULES.model_copy(update={"points": {**RULES.points, "pattern": rule}})

    assert [cause.code for cause in assess(answers(), other).causes] == causes


@pytest.mark.parametrize(
    ("pattern", "scores", "hypothesis"),
    [
        ("STAGE_1", {"GENETIC": 44}, "PATTERN_POSSIBLE"),
        ("STAGE_1", {"GENETIC": 45}, "PATTERN_LIKELY"),
        ("STAGE_1", {"TRIGGER_EVENT": 44}, "PATTERN_POSSIBLE"),
        ("STAGE_1", {"TRIGGER_EVENT": 45}, "SHEDDING_LIKELY"),
        ("STAGE_1", {"STRESS": 85, "NUTRITIONAL": 85, "HORMONAL": 100}, "PATTERN_POSSIBLE"),
        ("HAIR_THINNING", {"STRESS": 44, "NUTRITIONAL": 44, "HORMONAL": 44}, "UNDETERMINED"),
        ("HAIR_THINNING", {"STRESS": 45}, "SHEDDING_LIKELY"),
        ("HAIR_THINNING", {"NUTRITIONAL": 45}, "SHEDDING_LIKELY"),
        ("HAIR_THINNING", {"HORMONAL": 45}, "SHEDDING_LIKELY"),
        ("STAGE_1", {"SCALP_HEALTH": 59}, "PATTERN_POSSIBLE"),
        ("STAGE_1", {"SCALP_HEALTH": 60}, "SCALP_INFLAMMATION_LIKELY"),
    ],
)
def test_a_hypothesis_begins_at_exactly_its_points(pattern: str, scores: dict[str, int], hypothesis: str) -> None:
    all_of_them = {cause: scores.get(cause, 0) for cause in CauseCode}

    assert hypothesis_of(answers(Pattern(pattern)), all_of_them, RULES) == hypothesis


@pytest.mark.parametrize(
    ("scores", "added"),
    [
        ({"SCALP_HEALTH": 49, "HORMONAL": 34}, 0),
        ({"SCALP_HEALTH": 50}, 1),
        ({"HORMONAL": 35}, 2),
        ({"STRESS": 59, "SLEEP": 60}, 0),
        ({"STRESS": 85, "SLEEP": 29}, 0),
        ({"STRESS": 60, "SLEEP": 30}, 1),
    ],
)
def test_months_are_added_from_exactly_their_points_on(scores: dict[str, int], added: int) -> None:
    all_of_them = {cause: scores.get(cause, 0) for cause in CauseCode}

    assert sum(step.months for step in months_of(answers(), all_of_them, RULES)) == 5 + added


def test_however_short_or_late_the_months_stay_between_three_and_fifteen() -> None:
    short = RULES.patterns[Pattern.STAGE_1].model_copy(update={"months": 1})
    patterns = {**RULES.patterns, Pattern.STAGE_1: short}
    later = RULES.recovery.model_copy(update={"later": 24})
    other = RULES.model_copy(update={"patterns": patterns, "recovery": later})

    recovery = assess(answers(), other).recovery

    assert (recovery.min_months, recovery.expected_months, recovery.max_months) == (3, 3, 15)


def test_of_two_modifiers_of_a_group_with_as_many_months_the_first_is_named() -> None:
    found = answers(health_conditions=frozenset({HealthCondition.PCOS, HealthCondition.ANAEMIA}))

    assert months_of(found, all_scores(found), RULES) == (
        Months("patterns.STAGE_1", 5),
        Months("recovery.modifiers.hormones", 2),
    )


def test_a_single_point_raises_a_cause() -> None:
    one_point = 'question = "smoker"\nanswers = { YES = 1 }'
    other = read_toml(Ruleset, changed('question = "smoker"\nanswers = { YES = 5 }', one_point))

    (cause,) = assess(answers(Pattern.STAGE_2, smoker=True), other).causes

    assert (cause.score, cause.raised_by) == (26, ("pattern", "smoker"))


@pytest.mark.parametrize(
    ("high", "medium", "confidence"),
    [(94, 60, Confidence.HIGH), (95, 60, Confidence.MEDIUM), (96, 94, Confidence.MEDIUM), (96, 95, Confidence.LOW)],
)
def test_seventeen_of_eighteen_answers_are_94_per_cent_and_not_95(
    high: int, medium: int, confidence: Confidence
) -> None:
    other = read_toml(
        Ruleset,
        TEXT.replace("high_from_percent = 90", f"high_from_percent = {high}").replace(
            "medium_from_percent = 60", f"medium_from_percent = {medium}"
        ),
    )
    seventeen = answers(usable_photos=1, **dict(list(ALL.items())[1:]))

    assert assess(seventeen, other).confidence is confidence


# --- reading rules ------------------------------------------------------------------------------------------------


def test_all_answers_that_nobody_knows_are_named() -> None:
    text = changed(
        'when = { pattern = ["COIN_SIZE_PATCH"] }\nhypothesis', 'when = { pattern = ["A", "B"] }\nhypothesis'
    )

    with pytest.raises(FileInvalid) as caught:
        read_toml(Ruleset, text)

    assert caught.value.problems == ("doctor_only.coin_size_patch.when: A, B is no answer to pattern",)


# --- gates --------------------------------------------------------------------------------------------------------


def held_back(found: Answers, gate: GateCode, product: ProductFacts) -> bool:
    (one,) = (one for one in findings(found, RULES) if one.code is gate)
    return one.holds_back(product)


def test_without_answers_about_safety_every_drug_is_held_back_whatever_its_shelf_and_active() -> None:
    drug = made_of("SHAMPOO", actives=["KETOCONAZOLE"], regulatory_class="SCHEDULE_H")
    cosmetic = made_of("SHAMPOO", actives=["KETOCONAZOLE"])

    assert held_back(answers(), GateCode.G00_SAFETY_UNANSWERED, drug)
    assert not held_back(answers(), GateCode.G00_SAFETY_UNANSWERED, cosmetic)


@pytest.mark.parametrize(
    "found",
    [
        healthy_man(dandruff=Dandruff.SEBORRHEIC),
        healthy_man(dandruff=Dandruff.PSORIASIS),
        healthy_man(scalp_signs=frozenset({ScalpSign.REDNESS})),
    ],
)
@pytest.mark.parametrize("category", ["OIL", "SERUM"])
def test_no_alcohol_stays_on_an_inflamed_scalp_even_without_an_active(found: Answers, category: str) -> None:
    assert held_back(found, GateCode.G05_INFLAMED_SCALP, made_of(category, holds=["ALOE_VERA", "ALCOHOL"]))
    assert not held_back(found, GateCode.G05_INFLAMED_SCALP, made_of(category, holds=["ALOE_VERA"]))


@pytest.mark.parametrize(
    ("parts", "is_alone"),
    [
        ({"ingredients": ("IRON",)}, True),
        ({"ingredients": ("IRON",), "categories": (ProductCategory.OIL,)}, False),
        ({"ingredients": ("IRON",), "classes": (RegulatoryClass.AYURVEDIC,)}, False),
        ({"ingredients": ("IRON",), "with_actives": True}, False),
        ({"ingredients": ("IRON",), "for_men": True}, False),
        ({"everything": True}, False),
    ],
)
def test_an_ingredient_is_named_as_blocked_only_where_it_is_in_every_product(
    parts: dict[str, Any],
    is_alone: bool,  # noqa: FBT001
) -> None:
    assert Block(**parts).names_ingredients_alone is is_alone


# --- kits and offers ----------------------------------------------------------------------------------------------


def test_what_was_bought_counts_in_the_outcome() -> None:
    oil = product("oil", ProductCategory.OIL, affinities={CauseCode.GENETIC: 3})
    found = healthy_man(pattern=Pattern.STAGE_2)

    outcome = outcome_of(found, candidates=[oil], rules=RULES, bought=frozenset({oil.id}))

    assert [item.score for item in outcome.kit.items] == [70]
    assert [item.score for item in outcome_of(found, candidates=[oil], rules=RULES).kit.items] == [75]


def test_with_the_link_a_mans_hormones_are_neither_shown_nor_answered_by_a_product() -> None:
    oil = product("oil", affinities={CauseCode.HORMONAL: 3})
    thyroid = {"health_conditions": frozenset({HealthCondition.THYROID})}
    man, woman = (
        outcome_of(found, candidates=[oil], rules=RULES) for found in (healthy_man(**thyroid), healthy_woman(**thyroid))
    )

    assert [cause.code for cause in man.assessment.causes] == ["HORMONAL"]
    assert shared_causes(man.assessment, Gender.MALE, RULES) == ()
    assert shared_causes(man.assessment, Gender.FEMALE, RULES) == man.assessment.causes
    assert man.shared_kit == ()
    assert [item.product_id for item in woman.shared_kit] == [oil.id]


def test_what_is_left_out_of_a_slot_is_told_by_rank_whatever_the_reason() -> None:
    first, twin, sleepy = (
        product(slug, ProductCategory.MEDICINE, actives=(active,), affinities={CauseCode.GENETIC: affinity})
        for slug, active, affinity in (("first", "ZINC", 3), ("twin", "ZINC", 2), ("sleepy", "ASHWAGANDHA", 2))
    )
    twin = twin.model_copy(update={"price_paise": 100})
    found = healthy_man(pattern=Pattern.STAGE_2, medical_safety=frozenset({MedicalSafety.AUTOIMMUNE_DISEASE}))

    kit = outcome_of(found, candidates=[sleepy, twin, first], rules=RULES).kit

    assert [item.product_id for item in kit.items] == [first.id]
    assert [(one.product_id, one.gate) for one in kit.excluded] == [
        (twin.id, GateCode.G17_DUPLICATE_ACTIVE),
        (sleepy.id, GateCode.G11_THYROID_AUTOIMMUNE_MEDS),
    ]


def test_all_that_share_an_active_with_the_first_are_told_the_best_of_them_first() -> None:
    pills = [
        product(f"pills-{rupees}", ProductCategory.MEDICINE, actives=("ZINC",), affinities={CauseCode.GENETIC: 3})
        for rupees in (300, 100, 200)
    ]
    priced = [pill.model_copy(update={"price_paise": int(pill.slug[6:]) * 100}) for pill in pills]

    kit = outcome_of(healthy_man(pattern=Pattern.STAGE_2), candidates=priced, rules=RULES).kit

    assert [item.product_id for item in kit.items] == [pills[1].id]
    assert [(one.product_id, one.gate) for one in kit.excluded] == [
        (pills[2].id, GateCode.G17_DUPLICATE_ACTIVE),
        (pills[0].id, GateCode.G17_DUPLICATE_ACTIVE),
    ]


@pytest.mark.parametrize(("paise", "left"), [(49, 49), (50, 49), (149, 148), (150, 148)])
def test_a_discount_is_rounded_to_the_nearest_paisa(paise: int, left: int) -> None:
    month = RULES.kit.durations["MONTH"].model_copy(update={"discount_percent": 1})
    rules = RULES.kit.model_copy(update={"durations": {"MONTH": month}})

    (offer,) = offers({KitKind.BASIC: [product(price_paise=paise)]}, expected_months=1, rules=rules)

    assert offer.price_paise == left
