"""The kit: one product a shelf, safe, and the same whatever the order of the catalogue."""

from __future__ import annotations

from itertools import permutations
from itertools import product as every
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.domain.people import (
    answers,
    any_answers,
    any_catalogue,
    any_person,
    person,
    product,
)
from traya_gql.domain.assessment import CauseCode, assess
from traya_gql.domain.hair_tests import (
    Assessed,
    Dandruff,
    EnergyLevel,
    FamilyHistory,
    HairAnswers,
    HairLossStage,
    Sleep,
    Stress,
)
from traya_gql.domain.kit import KitItem, recommend, wanted_tags
from traya_gql.domain.products import ProductCategory, ProductFacts, ProductTag
from traya_gql.domain.safety import blocks

T = ProductTag
OIL, SHAMPOO, MEDICINE = ProductCategory.OIL, ProductCategory.SHAMPOO, ProductCategory.MEDICINE

# the 15 products that the shop starts with
SHOP = [
    product("anti-dandruff-oil", OIL, T.DANDRUFF, T.DRY_SCALP, T.SCALP_HEALTH, price_paise=49_900),
    product("genetic-oil", OIL, T.GENETIC, T.HORMONAL, T.ADVANCED_STAGE, price_paise=59_900),
    product("stress-oil", OIL, T.STRESS, T.SLEEP_ISSUES, T.INFLAMMATION, price_paise=54_900),
    product("nutrition-oil", OIL, T.NUTRITIONAL, T.VITAMIN_DEFICIENCY, price_paise=44_900),
    product("early-oil", OIL, T.EARLY_STAGE, T.SCALP_HEALTH, price_paise=39_900),
    product("dandruff-shampoo", SHAMPOO, T.DANDRUFF, T.OILY_SCALP, T.SCALP_HEALTH, price_paise=29_900),
    product("gentle-shampoo", SHAMPOO, T.EARLY_STAGE, T.DRY_SCALP, price_paise=27_900),
    product("advanced-shampoo", SHAMPOO, T.ADVANCED_STAGE, T.GENETIC, price_paise=34_900),
    product("stress-shampoo", SHAMPOO, T.STRESS, T.INFLAMMATION, price_paise=32_900),
    product("nutrition-shampoo", SHAMPOO, T.NUTRITIONAL, T.VITAMIN_DEFICIENCY, price_paise=37_900),
    product("vitamin-capsules", MEDICINE, T.NUTRITIONAL, T.VITAMIN_DEFICIENCY, price_paise=79_900),
    product("dht-tablets", MEDICINE, T.GENETIC, T.HORMONAL, T.ADVANCED_STAGE, price_paise=89_900),
    product("stress-supplement", MEDICINE, T.STRESS, T.SLEEP_ISSUES, price_paise=69_900),
    product("scalp-capsules", MEDICINE, T.SCALP_HEALTH, T.INFLAMMATION, T.DANDRUFF, price_paise=74_900),
    product("early-tonic", MEDICINE, T.EARLY_STAGE, T.NUTRITIONAL, price_paise=64_900),
]


def kit_of(assessed: Assessed, catalogue: list[ProductFacts]) -> tuple[KitItem, ...]:
    return recommend(answers=assessed.answers, causes=assess(assessed).causes, candidates=catalogue)


def named(assessed: Assessed, catalogue: list[ProductFacts]) -> list[tuple[str, list[str]]]:
    slugs = {item.id: item.slug for item in catalogue}
    return [(slugs[item.product_id], [code.value for code in item.causes]) for item in kit_of(assessed, catalogue)]


# --- kits from the shop -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "kit"),
    [
        pytest.param({}, [("early-oil", []), ("gentle-shampoo", [])], id="G1: chosen for the stage alone"),
        pytest.param(
            {
                "hair_loss_stage": HairLossStage.STAGE_2,
                "family_history": FamilyHistory.FATHER,
                "dandruff": Dandruff.MILD,
                "stress": Stress.MODERATE,
                "sleep": Sleep.DISTURBED,
                "energy_level": EnergyLevel.LOW,
                "has_acidity_or_gas": True,
            },
            # three oils share two tags: the cheapest wins
            [("early-oil", ["SCALP_HEALTH"]), ("dandruff-shampoo", ["SCALP_HEALTH"])],
            id="G2: three oils tie",
        ),
        pytest.param(
            {
                "hair_loss_stage": HairLossStage.STAGE_5,
                "family_history": FamilyHistory.BOTH,
                "dandruff": Dandruff.HEAVY,
            },
            [("anti-dandruff-oil", ["SCALP_HEALTH"]), ("dandruff-shampoo", ["SCALP_HEALTH"])],
            id="G3: advanced, with dandruff",
        ),
        pytest.param(
            {"hair_loss_stage": HairLossStage.STAGE_6, "family_history": FamilyHistory.BOTH},
            [],
            id="G4: a doctor first",
        ),
        pytest.param(
            {"hair_loss_stage": HairLossStage.STAGE_2, "dandruff": Dandruff.PSORIASIS},
            [("gentle-shampoo", ["SCALP_HEALTH"])],
            id="G11: psoriasis gets a mild shampoo and nothing that stays on",
        ),
        pytest.param(
            {"hair_loss_stage": HairLossStage.STAGE_3, "dandruff": Dandruff.SEBORRHEIC},
            [("gentle-shampoo", ["SCALP_HEALTH"])],
            id="seborrhoeic dermatitis gets the same as psoriasis, so that the kit tells neither",
        ),
        pytest.param(
            {"hair_loss_stage": HairLossStage.STAGE_3},
            [("genetic-oil", ["GENETIC"]), ("advanced-shampoo", ["GENETIC"])],
            id="genes alone",
        ),
        pytest.param(
            {"hair_loss_stage": HairLossStage.STAGE_4},
            [("genetic-oil", ["GENETIC"]), ("advanced-shampoo", ["GENETIC"])],
            id="advanced",
        ),
        pytest.param(
            {"stress": Stress.HIGH, "sleep": Sleep.DIFFICULT},
            [("stress-oil", ["STRESS", "SLEEP"]), ("gentle-shampoo", [])],
            id="stress that takes the sleep",
        ),
        pytest.param(
            {"energy_level": EnergyLevel.VERY_LOW},
            [("nutrition-oil", ["NUTRITIONAL"]), ("nutrition-shampoo", ["NUTRITIONAL"])],
            id="little energy",
        ),
        pytest.param(
            {"has_acidity_or_gas": True},
            [("early-oil", []), ("gentle-shampoo", [])],
            id="nothing on the shelf is for the gut",
        ),
    ],
)
def test_the_shop_s_kit_follows_the_answers(changed: dict[str, Any], kit: list[tuple[str, list[str]]]) -> None:
    assert named(person(**changed), SHOP) == kit


@pytest.mark.parametrize(
    ("changed", "tags"),
    [
        ({}, {T.EARLY_STAGE}),
        ({"hair_loss_stage": HairLossStage.STAGE_2}, {T.EARLY_STAGE, T.GENETIC}),
        ({"hair_loss_stage": HairLossStage.STAGE_3}, {T.GENETIC}),
        ({"hair_loss_stage": HairLossStage.STAGE_4}, {T.GENETIC, T.ADVANCED_STAGE}),
        ({"hair_loss_stage": HairLossStage.STAGE_5}, {T.GENETIC, T.ADVANCED_STAGE}),
        ({"hair_loss_stage": HairLossStage.STAGE_6}, {T.GENETIC, T.ADVANCED_STAGE}),
        ({"dandruff": Dandruff.MILD}, {T.EARLY_STAGE, T.DANDRUFF, T.SCALP_HEALTH}),
        ({"dandruff": Dandruff.HEAVY}, {T.EARLY_STAGE, T.DANDRUFF, T.SCALP_HEALTH}),
        ({"dandruff": Dandruff.PSORIASIS}, {T.EARLY_STAGE, T.INFLAMMATION, T.DRY_SCALP, T.SCALP_HEALTH}),
        ({"dandruff": Dandruff.SEBORRHEIC}, {T.EARLY_STAGE, T.INFLAMMATION, T.DRY_SCALP, T.SCALP_HEALTH}),
        ({"stress": Stress.HIGH}, {T.EARLY_STAGE, T.STRESS}),
        ({"sleep": Sleep.DIFFICULT}, {T.EARLY_STAGE, T.SLEEP_ISSUES}),
        ({"energy_level": EnergyLevel.VERY_LOW}, {T.EARLY_STAGE, T.NUTRITIONAL, T.VITAMIN_DEFICIENCY}),
        ({"has_acidity_or_gas": True}, {T.EARLY_STAGE}),
    ],
)
def test_tags_are_wanted_for_stage_scalp_and_listed_causes(changed: dict[str, Any], tags: set[ProductTag]) -> None:
    assessed = person(**changed)

    assert wanted_tags(assessed.answers, assess(assessed).causes) == tags


# --- ties ---------------------------------------------------------------------------------------------------------


def test_more_shared_tags_beat_a_lower_price() -> None:
    one = product("one", OIL, T.EARLY_STAGE, price_paise=1)
    two = product("two", OIL, T.EARLY_STAGE, T.GENETIC, price_paise=99_900)

    assert named(person(hair_loss_stage=HairLossStage.STAGE_2), [one, two]) == [("two", ["GENETIC"])]


def test_a_tag_written_twice_counts_once() -> None:
    twice = product("twice", OIL, T.EARLY_STAGE, T.EARLY_STAGE, price_paise=200)
    once = product("once", OIL, T.EARLY_STAGE, price_paise=100)

    assert named(person(), [twice, once]) == [("once", [])]


def test_tags_that_nobody_asked_for_do_not_count() -> None:
    broad = product("broad", OIL, T.EARLY_STAGE, T.HORMONAL, T.OILY_SCALP, price_paise=200)
    narrow = product("narrow", OIL, T.EARLY_STAGE, price_paise=100)

    assert named(person(), [broad, narrow]) == [("narrow", [])]


def test_ties_are_decided_whatever_the_order() -> None:
    """Defect 16: in the original, equal products came in whatever order the database gave them."""
    dear = product("a-dear", OIL, T.EARLY_STAGE, price_paise=200)
    first = product("b-cheap", OIL, T.EARLY_STAGE, price_paise=100)
    second = product("c-cheap", OIL, T.EARLY_STAGE, price_paise=100)

    kits = [named(person(), list(order)) for order in permutations([dear, first, second])]

    assert kits == [[("b-cheap", [])]] * 6


@given(assessed=any_person(), catalogue=any_catalogue(), data=st.data())
def test_shuffling_the_catalogue_never_changes_the_kit(
    assessed: Assessed, catalogue: list[ProductFacts], data: st.DataObject
) -> None:
    """Defect 16: in the original, ties were not decided."""
    shuffled = data.draw(st.permutations(catalogue))

    assert kit_of(assessed, shuffled) == kit_of(assessed, catalogue)


@given(assessed=any_person(), catalogue=any_catalogue())
def test_a_catalogue_may_be_read_only_once_and_hold_doubles(assessed: Assessed, catalogue: list[ProductFacts]) -> None:
    found = recommend(
        answers=assessed.answers, causes=assess(assessed).causes, candidates=iter([*catalogue, *catalogue])
    )

    assert found == kit_of(assessed, catalogue)


# --- safety -------------------------------------------------------------------------------------------------------


@given(assessed=any_person(), catalogue=any_catalogue())
def test_nothing_to_swallow_is_recommended_to_anybody(assessed: Assessed, catalogue: list[ProductFacts]) -> None:
    """Defect 6: the original offered tablets to any woman, and never asked about pregnancy, medicines or allergies."""
    shelves = {item.id: item.category for item in catalogue}

    assert all(not shelves[item.product_id].is_ingestible for item in kit_of(assessed, catalogue))


def test_nothing_to_swallow_is_recommended_for_any_stage_scalp_and_cause() -> None:
    """Defect 6, all that the choice depends on: a shop that sells nothing but medicines, good for everything."""
    pills = [product("pills", MEDICINE, *ProductTag)]
    for stage, dandruff, stress, sleep, energy in every(HairLossStage, Dandruff, Stress, Sleep, EnergyLevel):
        assessed = person(hair_loss_stage=stage, dandruff=dandruff, stress=stress, sleep=sleep, energy_level=energy)

        assert kit_of(assessed, pills) == ()


@given(assessed=any_person(), catalogue=any_catalogue())
@example(assessed=person(stress=Stress.HIGH), catalogue=SHOP)
def test_a_kit_holds_at_most_one_product_a_shelf_in_their_order(
    assessed: Assessed, catalogue: list[ProductFacts]
) -> None:
    """Defect 16: the original's best three could be three tablets."""
    shelves = {item.id: item.category for item in catalogue}

    found = [list(ProductCategory).index(shelves[item.product_id]) for item in kit_of(assessed, catalogue)]

    assert found == sorted(set(found))


@given(assessed=any_person(), catalogue=any_catalogue())
def test_no_kit_holds_a_blocked_or_inactive_or_useless_product(
    assessed: Assessed, catalogue: list[ProductFacts]
) -> None:
    by_id = {item.id: item for item in catalogue}
    wanted = wanted_tags(assessed.answers, assess(assessed).causes)

    for item in kit_of(assessed, catalogue):
        chosen = by_id[item.product_id]
        assert chosen.is_active
        assert blocks(assessed.answers, chosen) is None
        assert wanted & set(chosen.tags)


@given(found=any_answers(), catalogue=any_catalogue())
def test_stage_6_gets_no_kit(found: HairAnswers, catalogue: list[ProductFacts]) -> None:
    advanced = found.model_copy(update={"hair_loss_stage": HairLossStage.STAGE_6})

    assert kit_of(Assessed(age=40, gender=person().gender, answers=advanced), catalogue) == ()


@given(found=any_answers(), catalogue=any_catalogue())
def test_psoriasis_gets_at_most_a_shampoo_that_is_not_medicated(
    found: HairAnswers, catalogue: list[ProductFacts]
) -> None:
    psoriasis = found.model_copy(update={"dandruff": Dandruff.PSORIASIS})
    by_id = {item.id: item for item in catalogue}

    kit = kit_of(Assessed(age=40, gender=person().gender, answers=psoriasis), catalogue)

    assert len(kit) <= 1
    assert all(by_id[item.product_id].category is SHAMPOO for item in kit)
    assert all(T.DANDRUFF not in by_id[item.product_id].tags for item in kit)


@given(found=any_answers(), catalogue=any_catalogue())
def test_seborrhoeic_dermatitis_gets_at_most_a_shampoo(found: HairAnswers, catalogue: list[ProductFacts]) -> None:
    seborrhoeic = found.model_copy(update={"dandruff": Dandruff.SEBORRHEIC})
    by_id = {item.id: item for item in catalogue}

    kit = kit_of(Assessed(age=40, gender=person().gender, answers=seborrhoeic), catalogue)

    assert all(by_id[item.product_id].category is SHAMPOO for item in kit)


# --- the whole rule -----------------------------------------------------------------------------------------------


@given(assessed=any_person(), catalogue=any_catalogue())
@example(assessed=person(stress=Stress.HIGH), catalogue=SHOP)
def test_each_shelf_gives_its_best_product_or_none(assessed: Assessed, catalogue: list[ProductFacts]) -> None:
    wanted = wanted_tags(assessed.answers, assess(assessed).causes)
    allowed = [
        item
        for item in catalogue
        if item.is_active and wanted & set(item.tags) and blocks(assessed.answers, item) is None
    ]
    best = [
        min(on_shelf, key=lambda item: (-len(wanted & set(item.tags)), item.price_paise, item.slug))
        for shelf in ProductCategory
        if (on_shelf := [item for item in allowed if item.category is shelf])
    ]

    assert [item.product_id for item in kit_of(assessed, catalogue)] == [item.id for item in best]


@given(assessed=any_person(), catalogue=any_catalogue())
def test_an_item_names_only_listed_causes_in_the_order_of_the_report(
    assessed: Assessed, catalogue: list[ProductFacts]
) -> None:
    listed = [cause.code for cause in assess(assessed).causes]

    for item in kit_of(assessed, catalogue):
        assert list(item.causes) == [code for code in listed if code in item.causes]
        assert CauseCode.DIGESTION not in item.causes


@given(assessed=any_person(), catalogue=any_catalogue())
def test_a_product_that_is_taken_off_sale_leaves_the_other_shelves_as_they_are(
    assessed: Assessed, catalogue: list[ProductFacts]
) -> None:
    kit = kit_of(assessed, catalogue)
    by_id = {item.id: item for item in catalogue}

    for gone in kit:
        without = [
            item.model_copy(update={"is_active": False}) if item.id == gone.product_id else item for item in catalogue
        ]
        left = kit_of(assessed, without)
        kept = [item for item in kit if item is not gone]
        assert [item for item in left if by_id[item.product_id].category is not by_id[gone.product_id].category] == kept


@given(assessed=any_person())
def test_an_empty_shop_gives_an_empty_kit(assessed: Assessed) -> None:
    assert kit_of(assessed, []) == ()


def test_a_shop_with_nothing_fitting_gives_an_empty_kit() -> None:
    assert recommend(answers=answers(), causes=(), candidates=[product("hormones", OIL, T.HORMONAL)]) == ()
