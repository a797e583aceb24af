"""Under what a product is found in the shop: its words, the shelves it stands on, and its traits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product as combinations

from pydantic import BaseModel, ConfigDict

from traya_gql.domain.ingredients import INGREDIENTS
from traya_gql.domain.products import ProductCategory, ProductFacts, ProductTag, RegulatoryClass
from traya_gql.domain.search import searchable
from traya_gql.domain.search_words import words_of


class Findable(BaseModel):
    """What is stored of a product for the lists of the shop, besides its facts.

    Args:
        search_terms: the beginnings of its words, and the words, each with a mark of where it stands.
        search_text: its words: of the name, of all else, and those that only staff search by.
        name_key: what it is sorted by when lists are sorted by name: small and capital letters make no difference.
        shelves: where it stands. A draft has no shelves, and words for staff alone: no list of the shop finds it.
        traits: what a filter may ask for, one bit each.
    """

    model_config = ConfigDict(frozen=True)

    search_terms: tuple[str, ...]
    search_text: str
    name_key: str
    shelves: tuple[str, ...]
    traits: int


def findable(facts: ProductFacts) -> Findable:
    """Return under what a product is found."""
    for_staff = f"{facts.name} {facts.slug}"
    if facts.is_draft:
        found = searchable("", (), staff=for_staff)
    else:
        found = searchable(facts.name, _texts(facts), staff=for_staff)
    return Findable(
        search_terms=found.terms,
        search_text=found.text,
        name_key=name_key(facts.name),
        shelves=() if facts.is_draft else tuple(sorted(_shelves(facts))),
        traits=_traits_of(facts),
    )


def name_key(name: str) -> str:
    """Return what a name is sorted by."""
    return name.casefold()


def words_of_product(facts: ProductFacts) -> tuple[str, ...]:
    """Return all words by which a product can be searched."""
    return words_of(_texts(facts))


_WORDS_OF_CLASS = {
    RegulatoryClass.COSMETIC: "cosmetic",
    RegulatoryClass.AYURVEDIC: "ayurvedic",
    RegulatoryClass.NUTRACEUTICAL: "nutraceutical supplement",
    RegulatoryClass.SCHEDULE_H: "prescription",
}


def _texts(facts: ProductFacts) -> Iterator[str]:
    """Give what a search looks through, what tells most first."""
    yield facts.name
    yield facts.category.replace("_", " ")
    yield from (tag.replace("_", " ") for tag in facts.tags)
    yield _WORDS_OF_CLASS[facts.regulatory_class]
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


def shelves(
    *,
    categories: Sequence[ProductCategory],
    tags: Sequence[ProductTag],
    is_out_of_stock: bool = False,
    needs_prescription: bool = False,
) -> tuple[str, ...]:
    """Return the names of the shelves on which all products stand that are of any of each; none given: of all."""
    return tuple(
        shelf(category=category, tag=tag, is_out_of_stock=is_out_of_stock, needs_prescription=needs_prescription)
        for category in categories or (None,)
        for tag in tags or (None,)
    )


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
