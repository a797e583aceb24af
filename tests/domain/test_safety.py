"""Safety: findings only ever take away."""

from __future__ import annotations

from itertools import product as every

import pytest
from hypothesis import given

from tests.domain.people import answers, any_answers, any_product, product
from traya_gql.domain.hair_tests import Dandruff, HairAnswers, HairLossStage
from traya_gql.domain.products import ProductCategory, ProductFacts, ProductTag
from traya_gql.domain.safety import SafetyAction, SafetyFindingCode, blocks, findings

CAPSULES = product("capsules", ProductCategory.MEDICINE, ProductTag.NUTRITIONAL)
OIL = product("oil", ProductCategory.OIL, ProductTag.EARLY_STAGE)
MILD_SHAMPOO = product("mild", ProductCategory.SHAMPOO, ProductTag.INFLAMMATION)
MEDICATED_SHAMPOO = product("medicated", ProductCategory.SHAMPOO, ProductTag.DANDRUFF)
MEDICATED_OIL = product("medicated-oil", ProductCategory.OIL, ProductTag.DANDRUFF)
EVERY_KIND = [CAPSULES, OIL, MILD_SHAMPOO, MEDICATED_SHAMPOO, MEDICATED_OIL]

UNANSWERED = SafetyFindingCode.SAFETY_QUESTIONS_UNANSWERED
INFLAMED = SafetyFindingCode.INFLAMED_SCALP
ADVANCED = SafetyFindingCode.ADVANCED_STAGE


@pytest.mark.parametrize(
    ("stage", "dandruff", "codes"),
    [
        (HairLossStage.STAGE_1, Dandruff.NO, [UNANSWERED]),
        (HairLossStage.STAGE_5, Dandruff.HEAVY, [UNANSWERED]),
        (HairLossStage.STAGE_1, Dandruff.PSORIASIS, [INFLAMED, UNANSWERED]),
        (HairLossStage.STAGE_1, Dandruff.SEBORRHEIC, [INFLAMED, UNANSWERED]),
        (HairLossStage.STAGE_6, Dandruff.NO, [ADVANCED, UNANSWERED]),
        (HairLossStage.STAGE_6, Dandruff.PSORIASIS, [ADVANCED, INFLAMED, UNANSWERED]),
    ],
)
def test_findings_come_weightiest_first(
    stage: HairLossStage, dandruff: Dandruff, codes: list[SafetyFindingCode]
) -> None:
    found = findings(answers(hair_loss_stage=stage, dandruff=dandruff))

    assert [finding.code for finding in found] == codes


@pytest.mark.parametrize("dandruff", [Dandruff.PSORIASIS, Dandruff.SEBORRHEIC])
def test_an_inflamed_scalp_is_sent_to_a_dermatologist(dandruff: Dandruff) -> None:
    """Defect 5: the original sent nobody with psoriasis to a doctor."""
    first = findings(answers(dandruff=dandruff))[0]

    assert first.action is SafetyAction.SEE_DERMATOLOGIST
    assert first.message == (
        "You told us about psoriasis or seborrhoeic dermatitis. Please let a dermatologist look at your scalp before "
        "you leave any product on it."
    )


def test_stage_6_is_sent_to_a_dermatologist() -> None:
    first = findings(answers(hair_loss_stage=HairLossStage.STAGE_6))[0]

    assert (first.code, first.action) == (ADVANCED, SafetyAction.SEE_DERMATOLOGIST)


@given(found=any_answers())
def test_everybody_is_asked_for_the_safety_answers(found: HairAnswers) -> None:
    last = findings(found)[-1]

    assert (last.code, last.action) == (UNANSWERED, SafetyAction.ANSWER_SAFETY_QUESTIONS)


@pytest.mark.parametrize(
    ("dandruff", "item", "code"),
    [
        (Dandruff.NO, CAPSULES, UNANSWERED),
        (Dandruff.NO, OIL, None),
        (Dandruff.NO, MILD_SHAMPOO, None),
        (Dandruff.NO, MEDICATED_SHAMPOO, None),
        (Dandruff.MILD, MEDICATED_OIL, None),
        (Dandruff.HEAVY, MEDICATED_OIL, None),
        (Dandruff.HEAVY, MEDICATED_SHAMPOO, None),
        (Dandruff.SEBORRHEIC, CAPSULES, UNANSWERED),
        (Dandruff.SEBORRHEIC, OIL, INFLAMED),
        (Dandruff.SEBORRHEIC, MEDICATED_OIL, INFLAMED),
        (Dandruff.SEBORRHEIC, MILD_SHAMPOO, None),
        (Dandruff.SEBORRHEIC, MEDICATED_SHAMPOO, INFLAMED),
        (Dandruff.PSORIASIS, CAPSULES, UNANSWERED),
        (Dandruff.PSORIASIS, OIL, INFLAMED),
        (Dandruff.PSORIASIS, MEDICATED_OIL, INFLAMED),
        (Dandruff.PSORIASIS, MILD_SHAMPOO, None),
        (Dandruff.PSORIASIS, MEDICATED_SHAMPOO, INFLAMED),
    ],
)
def test_an_inflamed_scalp_gets_nothing_that_stays_on_it(
    dandruff: Dandruff, item: ProductFacts, code: SafetyFindingCode | None
) -> None:
    """Gate G05: a medicated shampoo is for seborrhoeic dermatitis, not for psoriasis."""
    assert blocks(answers(dandruff=dandruff), item) is code


@pytest.mark.parametrize("item", EVERY_KIND, ids=lambda item: item.slug)
@pytest.mark.parametrize("dandruff", Dandruff)
def test_stage_6_may_have_nothing_before_a_doctor_was_seen(item: ProductFacts, dandruff: Dandruff) -> None:
    """Gate G15. The weightiest finding is the one that is named."""
    assert blocks(answers(hair_loss_stage=HairLossStage.STAGE_6, dandruff=dandruff), item) is ADVANCED


@given(found=any_answers(), item=any_product())
def test_nothing_to_swallow_passes_whatever_was_answered(found: HairAnswers, item: ProductFacts) -> None:
    """Defect 6: the original offered tablets to any woman, and never asked about pregnancy, medicines or allergies."""
    swallowed = item.model_copy(update={"category": ProductCategory.MEDICINE})

    assert blocks(found, swallowed) is not None


@given(found=any_answers(), item=any_product())
def test_what_blocks_a_product_is_said_among_the_findings(found: HairAnswers, item: ProductFacts) -> None:
    assert blocks(found, item) in {None, *(finding.code for finding in findings(found))}


@given(found=any_answers(), item=any_product())
def test_a_block_does_not_depend_on_price_name_or_stock(found: HairAnswers, item: ProductFacts) -> None:
    twin = item.model_copy(update={"slug": "twin", "name": "Twin", "price_paise": 1, "is_active": not item.is_active})

    assert blocks(found, twin) is blocks(found, item)


@given(found=any_answers(), item=any_product())
def test_becoming_worse_never_unblocks_a_product(found: HairAnswers, item: ProductFacts) -> None:
    if blocks(found, item) is None:
        return

    for stage, dandruff in every((found.hair_loss_stage, HairLossStage.STAGE_6), (found.dandruff, Dandruff.PSORIASIS)):
        worse = found.model_copy(update={"hair_loss_stage": stage, "dandruff": dandruff})
        assert blocks(worse, item) is not None


@pytest.mark.parametrize(
    ("shelf", "is_ingestible"),
    [(ProductCategory.MEDICINE, True), (ProductCategory.OIL, False), (ProductCategory.SHAMPOO, False)],
)
def test_medicines_are_swallowed_oils_and_shampoos_are_not(shelf: ProductCategory, is_ingestible: bool) -> None:  # noqa: FBT001
    assert shelf.is_ingestible is is_ingestible
