"""Under what a product is found in the shop: its words, the shelves it stands on, and its traits."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product as combinations

from pydantic import BaseModel, ConfigDict

from traya_gql.domain.ingredients import INGREDIENTS
from traya_gql.domain.products import ProductCategory, ProductFacts, ProductTag
from traya_gql.domain.search import searchable, words_of


class Findable(BaseModel):
    """What is stored of a product for the lists of the shop, besides its facts.

    Args:
        search_terms: the beginnings of its words.
        search_text: its words, each after a space.
        shelves: where it stands. A draft has neither words nor shelves: no list finds it.
        traits: what a filter may ask for, one bit each.
    """

    model_config = ConfigDict(frozen=True)

    search_terms: tuple[str, ...]
    search_text: str
    shelves: tuple[str, ...]
    traits: int


def findable(facts: ProductFacts) -> Findable:
    """Return under what a product is found."""
    if facts.is_draft:
        return Findable(search_terms=(), search_text="", shelves=(), traits=_traits_of(facts))
    found = searchable(_texts(facts))
    return Findable(
        search_terms=found.terms,
        search_text=found.text,
        shelves=tuple(sorted(_shelves(facts))),
        traits=_traits_of(facts),
    )


def words_of_product(facts: ProductFacts) -> tuple[str, ...]:
    """Return all words by which a product can be searched."""
    return words_of(_texts(facts))


def _texts(facts: ProductFacts) -> Iterator[str]:
    """Give what a search looks through, what tells most first."""
    yield facts.name
    yield facts.category.replace("_", " ")
    yield from (tag.replace("_", " ") for tag in facts.tags)
    names = [INGREDIENTS[code].name for code in facts.ingredients]
    yield from (name.en for name in names)
    yield from facts.benefits
    yield from (name.hi for name in names)


# --- shelves ----------------------------------------------------------------------------------------------------------


def shelf(
    *,
    category: ProductCategory | None = None,
    tag: ProductTag | None = None,
    is_out_of_stock: bool = False,
    needs_prescription: bool = False,
) -> str:
    """Return the name of the shelf on which all products stand for which this holds."""
    name = f"/{category or ''}/{tag or ''}"
    return name + ("/out" if is_out_of_stock else "") + ("/prescription" if needs_prescription else "")


def _shelves(facts: ProductFacts) -> Iterator[str]:
    """Give all shelves a product stands on.

    What is rare has shelves of its own: a list would else pass by nearly the whole shop to show it. What is common (in
    stock, without prescription) is told by its trait.
    """
    for category, tag, is_out_of_stock, needs_prescription in combinations(
        (None, facts.category),
        (None, *facts.tags),
        {False, not facts.is_in_stock},
        {False, facts.needs_prescription},
    ):
        yield shelf(category=category, tag=tag, is_out_of_stock=is_out_of_stock, needs_prescription=needs_prescription)


# --- traits: stored, so that a bit never changes its meaning; new ones come last --------------------------------------

IN_STOCK = 1 << 0
PRESCRIPTION = 1 << 1
TRAIT_OF_CATEGORY = {
    ProductCategory.MEDICINE: 1 << 2,
    ProductCategory.OIL: 1 << 3,
    ProductCategory.SERUM: 1 << 4,
    ProductCategory.SHAMPOO: 1 << 5,
}
TRAIT_OF_TAG = {
    ProductTag.DANDRUFF: 1 << 10,
    ProductTag.GENETIC: 1 << 11,
    ProductTag.STRESS: 1 << 12,
    ProductTag.NUTRITIONAL: 1 << 13,
    ProductTag.HORMONAL: 1 << 14,
    ProductTag.EARLY_STAGE: 1 << 15,
    ProductTag.ADVANCED_STAGE: 1 << 16,
    ProductTag.SCALP_HEALTH: 1 << 17,
    ProductTag.INFLAMMATION: 1 << 18,
    ProductTag.DRY_SCALP: 1 << 19,
    ProductTag.OILY_SCALP: 1 << 20,
    ProductTag.VITAMIN_DEFICIENCY: 1 << 21,
    ProductTag.SLEEP_ISSUES: 1 << 22,
}


def _traits_of(facts: ProductFacts) -> int:
    traits = TRAIT_OF_CATEGORY[facts.category]
    for tag in facts.tags:
        traits |= TRAIT_OF_TAG[tag]
    traits |= IN_STOCK if facts.is_in_stock else 0
    return traits | (PRESCRIPTION if facts.needs_prescription else 0)
