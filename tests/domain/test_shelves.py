"""Under what a product is found: words, shelves and traits."""

from __future__ import annotations

import re
from itertools import product as combinations

from hypothesis import given

from tests.domain.products import any_product, product
from traya_gql.domain.facets import Filters
from traya_gql.domain.products import ProductCategory, ProductFacts, ProductTag, RegulatoryClass
from traya_gql.domain.search import Rank, pattern_at, query_words
from traya_gql.domain.shelves import TRAIT_OF_CATEGORY, TRAIT_OF_TAG, findable, shelf, shelves, words_of_product

OIL = product(
    "amla-oil",
    name="Cooling Amla Oil",
    tags=(ProductTag.DRY_SCALP,),
    benefits=("May help to loosen flakes.",),
    ingredients=("AMLA", "COCONUT_OIL"),
)


def test_a_product_is_found_by_name_category_tags_ingredients_and_benefits() -> None:
    text = findable(OIL).search_text

    for typed in ("cooling aml", "OIL", "dry scalp", "coconut", "loos flakes", "आंवला", "नारियल"):
        assert all(re.search(pattern_at(word, Rank.WORD_BEGUN), text) for word in query_words(typed)), typed
    assert "sesame" not in text


def test_its_words_are_those_of_the_same_texts() -> None:
    assert words_of_product(OIL)[:8] == ("cooling", "amla", "oil", "dry", "scalp", "cosmetic", "coconut", "may")


def test_a_product_stands_on_every_shelf_that_a_filter_can_ask_for() -> None:
    assert findable(OIL).shelves == ("//", "//DRY_SCALP", "/OIL/", "/OIL/DRY_SCALP")


def test_who_asks_for_any_of_several_looks_on_a_shelf_for_each_pair() -> None:
    oils_and_serums = (ProductCategory.OIL, ProductCategory.SERUM)

    assert shelves(categories=(), tags=()) == ("//",)
    assert shelves(categories=oils_and_serums, tags=(), is_out_of_stock=True) == ("/OIL//out", "/SERUM//out")
    assert shelves(categories=oils_and_serums, tags=(ProductTag.STRESS, ProductTag.DRY_SCALP)) == (
        *("/OIL/STRESS", "/OIL/DRY_SCALP", "/SERUM/STRESS", "/SERUM/DRY_SCALP"),
    )


def test_what_is_rare_has_shelves_of_its_own() -> None:
    facts = product(category=ProductCategory.SERUM, is_in_stock=False, regulatory_class=RegulatoryClass.SCHEDULE_H)

    assert findable(facts).shelves == (
        "//",
        "///out",
        "///out/prescription",
        "///prescription",
        "/SERUM/",
        "/SERUM//out",
        "/SERUM//out/prescription",
        "/SERUM//prescription",
    )


def test_a_draft_is_found_by_staff_alone_and_by_its_name_and_slug() -> None:
    draft = findable(OIL.model_copy(update={"is_draft": True, "is_active": False, "name": "Zed", "slug": "zed-oil"}))

    assert draft.search_terms == ("~o", "~oi", "~oil", "~z", "~ze", "~zed")
    assert draft.search_text == "~zed~oil"
    assert draft.shelves == ()


def test_what_is_sold_is_found_by_staff_by_a_name_that_only_its_slug_still_has() -> None:
    renamed = findable(OIL.model_copy(update={"name": "Cooling Oil"}))

    assert [term for term in renamed.search_terms if term.startswith("~")] == ["~a", "~am", "~aml", "~amla"]


def test_traits_are_stored_so_their_bits_never_change() -> None:
    assert TRAIT_OF_CATEGORY == {"MEDICINE": 4, "OIL": 8, "SERUM": 16, "SHAMPOO": 32}
    assert list(TRAIT_OF_TAG.values()) == [1 << bit for bit in range(10, 23)]
    assert list(TRAIT_OF_TAG) == list(ProductTag)
    assert set(TRAIT_OF_CATEGORY) == set(ProductCategory)
    assert findable(OIL).traits == 1 + 8 + (1 << 19)


@given(any_product())
def test_a_product_stands_on_the_shelf_of_a_filter_and_has_its_traits_if_and_only_if_it_fits(
    facts: ProductFacts,
) -> None:
    found = findable(facts)

    for category, tag, is_in_stock, needs_prescription in combinations(
        (None, *ProductCategory), (None, *ProductTag), (None, True, False), (None, True, False)
    ):
        asked = Filters(category=category, tag=tag, is_in_stock=is_in_stock, needs_prescription=needs_prescription)
        fits_but_for_what_is_common = (
            category in (None, facts.category)
            and (tag is None or tag in facts.tags)
            and not (is_in_stock is False and facts.is_in_stock)
            and not (needs_prescription and not facts.needs_prescription)
        )
        fits = (
            fits_but_for_what_is_common
            and is_in_stock in (None, facts.is_in_stock)
            and needs_prescription in (None, facts.needs_prescription)
        )
        its_shelf = shelf(
            category=category,
            tag=tag,
            is_out_of_stock=is_in_stock is False,
            needs_prescription=needs_prescription is True,
        )
        told = asked.traits_asked() | asked.traits_refused()
        assert (its_shelf in found.shelves) == fits_but_for_what_is_common
        assert (found.traits & told == asked.traits_asked()) == fits
