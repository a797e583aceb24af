"""The kit: which products a report recommends.

Source: the original system's rule (most shared tags, then shelf, then price), cured of its defects: one product a
shelf, ties decided, nothing that a safety finding forbids.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from traya_gql.domain.assessment import Cause, CauseCode
from traya_gql.domain.hair_tests import Dandruff, HairAnswers, HairLossStage
from traya_gql.domain.products import ProductCategory, ProductFacts, ProductTag
from traya_gql.domain.safety import blocks


class KitItem(BaseModel):
    """One recommended product, and the listed causes it was chosen for (may be empty: chosen for the stage)."""

    model_config = ConfigDict(frozen=True)

    product_id: UUID
    causes: tuple[CauseCode, ...]


_TAGS_BY_CAUSE = {
    CauseCode.GENETIC: frozenset({ProductTag.GENETIC}),
    CauseCode.NUTRITIONAL: frozenset({ProductTag.NUTRITIONAL, ProductTag.VITAMIN_DEFICIENCY}),
    CauseCode.STRESS: frozenset({ProductTag.STRESS}),
    CauseCode.SCALP_HEALTH: frozenset({ProductTag.SCALP_HEALTH}),
    CauseCode.SLEEP: frozenset({ProductTag.SLEEP_ISSUES}),
    CauseCode.DIGESTION: frozenset[ProductTag](),  # nothing on the shelf is for the gut
}
_TAGS_BY_DANDRUFF = {
    Dandruff.NO: frozenset[ProductTag](),
    Dandruff.MILD: frozenset({ProductTag.DANDRUFF}),
    Dandruff.HEAVY: frozenset({ProductTag.DANDRUFF}),
    Dandruff.PSORIASIS: frozenset({ProductTag.INFLAMMATION, ProductTag.DRY_SCALP}),
    # alike, so that the public kit does not tell one from the other
    Dandruff.SEBORRHEIC: frozenset({ProductTag.INFLAMMATION, ProductTag.DRY_SCALP}),
}
_EARLY = frozenset({HairLossStage.STAGE_1, HairLossStage.STAGE_2})
_ADVANCED = frozenset({HairLossStage.STAGE_4, HairLossStage.STAGE_5, HairLossStage.STAGE_6})


def recommend(
    *, answers: HairAnswers, causes: Sequence[Cause], candidates: Iterable[ProductFacts]
) -> tuple[KitItem, ...]:
    """Return 0 to 3 items, at most one a shelf, in the order of the shelves (medicine, oil, shampoo).

    Only active products that share a tag with the test and that no safety finding forbids. On one shelf the most
    shared tags win, then the lower price, then the slug, so that the order of `candidates` does not matter.
    """
    wanted = wanted_tags(answers, causes)
    best: dict[ProductCategory, ProductFacts] = {}
    for product in candidates:
        if not product.is_active or not wanted & set(product.tags) or blocks(answers, product):
            continue
        rival = best.get(product.category)
        if rival is None or _rank(product, wanted) < _rank(rival, wanted):
            best[product.category] = product
    return tuple(
        KitItem(product_id=best[shelf].id, causes=_causes_met(best[shelf], answers, causes))
        for shelf in ProductCategory
        if shelf in best
    )


def wanted_tags(answers: HairAnswers, causes: Sequence[Cause]) -> frozenset[ProductTag]:
    """Return the tags that a product for this person may bear."""
    tags = set(_TAGS_BY_DANDRUFF[answers.dandruff])
    for cause in causes:
        tags |= _TAGS_BY_CAUSE[cause.code]
    if answers.hair_loss_stage in _EARLY:
        tags.add(ProductTag.EARLY_STAGE)
    if answers.hair_loss_stage in _ADVANCED:
        tags.add(ProductTag.ADVANCED_STAGE)
    return frozenset(tags)


def _rank(product: ProductFacts, wanted: frozenset[ProductTag]) -> tuple[int, int, str]:
    return (-len(wanted & set(product.tags)), product.price_paise, product.slug)


def _causes_met(product: ProductFacts, answers: HairAnswers, causes: Sequence[Cause]) -> tuple[CauseCode, ...]:
    met = []
    for cause in causes:
        tags = _TAGS_BY_CAUSE[cause.code]
        if cause.code is CauseCode.SCALP_HEALTH:
            tags |= _TAGS_BY_DANDRUFF[answers.dandruff]
        if tags & set(product.tags):
            met.append(cause.code)
    return tuple(met)
