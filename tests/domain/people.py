"""People, answers and products for the tests of the domain: made by hand, and made by hypothesis."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

from hypothesis import strategies as st

from traya_gql.domain.customers import Gender
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
from traya_gql.domain.products import MAX_PRICE_PAISE, ProductCategory, ProductFacts, ProductTag

_NAMESPACE = UUID("00000000-0000-4000-8000-000000000000")
_WELL = {
    "hair_loss_stage": HairLossStage.STAGE_1,
    "family_history": FamilyHistory.NONE,
    "dandruff": Dandruff.NO,
    "sleep": Sleep.PEACEFUL,
    "stress": Stress.NONE,
    "has_acidity_or_gas": False,
    "energy_level": EnergyLevel.HIGH,
    "is_taking_supplements": False,
}


def answers(**changes: Any) -> HairAnswers:
    """Return the answers of somebody at stage 1 and otherwise well, but for `changes`."""
    return HairAnswers.model_validate({**_WELL, **changes})


def person(age: int = 24, gender: Gender = Gender.MALE, **changes: Any) -> Assessed:
    """Return a person with `answers(**changes)`."""
    return Assessed(age=age, gender=gender, answers=answers(**changes))


def product(slug: str, category: ProductCategory, *tags: ProductTag, **changes: Any) -> ProductFacts:
    """Return an active product at 499 rupees, but for `changes`."""
    facts = {
        "id": uuid5(_NAMESPACE, slug),
        "slug": slug,
        "name": slug.replace("-", " ").title(),
        "category": category,
        "tags": tags,
        "benefits": (),
        "price_paise": 49_900,
        "is_active": True,
    }
    return ProductFacts.model_validate({**facts, **changes})


def any_answers() -> st.SearchStrategy[HairAnswers]:
    """All answers that the questionnaire takes."""
    return st.builds(
        HairAnswers,
        hair_loss_stage=st.sampled_from(HairLossStage),
        family_history=st.sampled_from(FamilyHistory),
        dandruff=st.sampled_from(Dandruff),
        sleep=st.sampled_from(Sleep),
        stress=st.sampled_from(Stress),
        has_acidity_or_gas=st.booleans(),
        energy_level=st.sampled_from(EnergyLevel),
        is_taking_supplements=st.booleans(),
    )


def any_person() -> st.SearchStrategy[Assessed]:
    """All people who may take the test."""
    return st.builds(
        Assessed, age=st.integers(min_value=18, max_value=100), gender=st.sampled_from(Gender), answers=any_answers()
    )


def any_product() -> st.SearchStrategy[ProductFacts]:
    """Products that a shop may come to sell: more than those it starts with. Few slugs and prices, so that they tie."""
    return st.builds(
        product_with_tags,
        st.text(alphabet="abc", min_size=1, max_size=4),
        st.sampled_from(ProductCategory),
        st.lists(st.sampled_from(ProductTag), max_size=6),
        price_paise=st.sampled_from([1, 29_900, 49_900, MAX_PRICE_PAISE]),
        # mostly on sale
        is_active=st.sampled_from([True, True, True, False]),
    )


def any_catalogue() -> st.SearchStrategy[list[ProductFacts]]:
    """Catalogues: slugs are unique, as in the database."""
    return st.lists(any_product(), max_size=12, unique_by=lambda found: found.slug)


def product_with_tags(slug: str, category: ProductCategory, tags: list[ProductTag], **changes: Any) -> ProductFacts:
    """Return `product` with its tags as a list."""
    return product(slug, category, *tags, **changes)
