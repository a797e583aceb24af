"""Searching and filtering a shop: what is found, in which order, page by page, and how much of each kind there is."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from starlette.applications import Starlette

from tests.domain.products import product
from tests.support import GraphClient
from traya_gql.documents import catalogue_state, product_words
from traya_gql.documents.products import ProductDocument
from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.ingredients import INGREDIENTS
from traya_gql.domain.products import ProductCategory, ProductFacts, ProductTag, RegulatoryClass
from traya_gql.domain.search import is_letter, query_terms
from traya_gql.domain.search_words import words
from traya_gql.domain.shelves import words_of_product
from traya_gql.schema.common import make_cursor
from traya_gql.services.products import Products

SEED = 20261121
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
MANY = 120

PAGE = """query ($filter: ProductFilterInput, $search: String, $sortKey: ProductSortKey,
                 $reverse: Boolean! = false, $first: Int! = 100, $after: String) {
  products(filter: $filter, search: $search, sortKey: $sortKey, reverse: $reverse, first: $first, after: $after) {
    isCorrected totalCount nodes { slug } pageInfo { hasNextPage endCursor }
  }
}"""
FACETS = """query ($filter: ProductFilterInput, $search: String) {
  products(filter: $filter, search: $search, first: 1) {
    isCorrected totalCount
    facets {
      categories { value count } tags { value count }
      priceRanges { minPrice { minorUnits } maxPrice { minorUnits } count }
      inStock { value count } needsPrescription { value count }
    }
  }
}"""


async def sell(products: Iterable[ProductFacts]) -> list[ProductFacts]:
    """Put products into the shop beside those that are there, an hour apart; return them."""
    sold = list(products)
    await product_words.remember({word for one in sold for word in words_of_product(one)})
    for number, one in enumerate(sold):
        await ProductDocument.of(one, created_at=BEGINNING + timedelta(hours=number)).insert()
    return sold


@pytest.fixture
async def fresh(started: tuple[Starlette, GraphClient], client: GraphClient) -> Products:
    """The service that searches, with nothing in its memory."""
    products: Products = started[0].state.services.products
    for memory in (products.sizes, products.spellings, products.known, products.letters):
        memory.clear()
    return products


@pytest.fixture
async def seeded_words(fresh: Products) -> None:
    """The words of the catalogue that a new shop has."""
    await product_words.remember({word for one in catalogue() for word in words_of_product(one.product)})


@pytest.fixture
async def shop(fresh: Products, database: Any) -> list[ProductFacts]:
    """A shop of 120 made-up products, and nothing else."""
    await database.products.delete_many({})
    choose = Random(SEED)
    kinds, ingredients = ["Calm", "rich", "Night", "Daily", "Crème"], list(INGREDIENTS)[:8]
    return await sell(
        product(
            f"product-{number}",
            id=UUID(int=choose.getrandbits(128), version=4),
            name=f"{choose.choice(kinds)} {choose.choice(kinds)} {number}",
            category=choose.choice(list(ProductCategory)),
            tags=tuple(choose.sample(list(ProductTag)[:5], choose.randint(0, 2))),
            benefits=tuple(choose.sample(["Supports a calm scalp.", "Makes hair easy to comb."], choose.randint(0, 2))),
            price_paise=choose.choice([29_900, 29_999, 30_000, 49_950, 60_000, 120_000, 250_000]),
            ingredients=tuple(choose.sample(ingredients, choose.randint(0, 3))),
            is_active=choose.random() < 0.8,
            is_in_stock=choose.random() < 0.8,
            regulatory_class=choose.choice([RegulatoryClass.COSMETIC, RegulatoryClass.SCHEDULE_H]),
        )
        for number in range(MANY)
    )


async def read_all(client: GraphClient, **asked: Any) -> list[str]:
    """Return the slugs on all pages."""
    found: list[str] = []
    after = None
    for _ in range(200):
        page = (await client.data(PAGE, after=after, **asked))["products"]
        found += [node["slug"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] == len(found)
            return found
    raise AssertionError("the list does not end")


async def first_page(client: GraphClient, search: str, **asked: Any) -> tuple[set[str], bool]:
    """Return the slugs of a search's first page, and whether it was corrected."""
    page = (await client.data(PAGE, search=search, **asked))["products"]
    return {node["slug"] for node in page["nodes"]}, page["isCorrected"]


# --- words ------------------------------------------------------------------------------------------------------------


async def test_a_product_is_found_while_any_word_of_its_name_is_typed(client: GraphClient) -> None:
    for one in catalogue():
        for word in one.name.replace("-", " ").split():
            for end in range(1, len(word) + 1):
                found, is_corrected = await first_page(client, word[:end])
                assert one.slug in found, (word[:end], one.slug)
                assert not is_corrected


@pytest.mark.parametrize(
    ("search", "slug"),
    [
        ("finasteride", "minoxidil-5-finasteride-solution"),
        ("dry scalp", "anti-dandruff-hair-oil"),
        ("COCONUT neem oil", "anti-dandruff-hair-oil"),
        ("loosen flakes", "anti-dandruff-hair-oil"),
        ("नीम", "anti-dandruff-hair-oil"),
        ("नारि", "anti-dandruff-hair-oil"),
        ("oil for the scalp with neem", "anti-dandruff-hair-oil"),
    ],
)
async def test_a_product_is_found_by_all_that_is_said_of_it(client: GraphClient, search: str, slug: str) -> None:
    found, is_corrected = await first_page(client, search)

    assert slug in found
    assert not is_corrected


@pytest.mark.parametrize(
    ("search", "same"),
    [
        *(("shampoos", "shampoo"), ("OILS", "oil"), ("serums", "serum"), ("vitamins", "vitamin"), ("hairs", "hair")),
        *(("शैम्पू", "shampoo"), ("शैंपू", "shampoo"), ("शैम", "shampoo"), ("हेयर ऑयल", "hair oil"), ("सीरम", "serum")),
        *(("रूसी", "dandruff"), ("डैंड्रफ", "dandruff"), ("rusi", "dandruff"), ("बाल झड़ना", "hair fall")),
        *(("बालों का झड़ना", "hair fall"), ("baal jhadna", "hair fall"), ("तनाव", "stress"), ("आयुर्वेदिक", "ayurvedic")),
    ],
)
async def test_other_forms_and_other_words_find_the_same(
    client: GraphClient, seeded_words: None, search: str, same: str
) -> None:
    expected, _ = await first_page(client, same)

    assert await first_page(client, search) == (expected, False)
    assert expected


async def test_a_product_is_found_by_what_the_law_takes_it_for(client: GraphClient, seeded_words: None) -> None:
    for search, regulatory_class in (("ayurvedic", "AYURVEDIC"), ("cosmetics", "COSMETIC")):
        expected = {one.product.slug for one in catalogue() if one.product.regulatory_class == regulatory_class}

        assert await first_page(client, search) == (expected, False)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("vitamin d", {"hair-vitamin-capsules"}),
        ("d vitamin", {"hair-vitamin-capsules"}),
        ("vitamin d capsules", {"hair-vitamin-capsules"}),
        ("vitamin c", {"early-intervention-hair-tonic"}),
        ("b 12", {"hair-vitamin-capsules"}),
        ("minoxidil 2", {"minoxidil-2-solution"}),
        # on the way to "serum": no word of the catalogue
        ("density s", {"density-serum"}),
    ],
)
async def test_a_single_letter_beside_a_word_is_a_word(
    client: GraphClient, seeded_words: None, search: str, found: set[str]
) -> None:
    assert await first_page(client, search) == (found, False)


async def test_a_letter_is_found_as_a_word_where_it_begins_another_one_of_the_name(
    client: GraphClient, fresh: Products
) -> None:
    await sell(
        [
            product("zorb-d", name="Dense Zorb", benefits=("With D.",)),
            product("zorb-dry", name="Dry Zorb"),
        ]
    )

    assert await first_page(client, "zorb d") == ({"zorb-d"}, False)
    assert await first_page(client, "zorb de") == ({"zorb-d"}, False)
    assert await first_page(client, "zorb dr") == ({"zorb-dry"}, False)


async def test_lists_by_name_do_not_tell_capitals_from_small_letters(client: GraphClient, fresh: Products) -> None:
    await sell([product(name, name=f"{name} zorb") for name in ("b", "A", "c", "D")])

    assert await read_all(client, search="zorb", sortKey="NAME", first=1) == ["A", "b", "c", "D"]
    assert await read_all(client, search="zorb", first=1) == ["A", "b", "c", "D"]


async def test_a_word_that_products_have_and_another_ending_are_no_mistakes(
    client: GraphClient, seeded_words: None
) -> None:
    # no product has both; "loss" is no mistyped "loosen"
    assert await first_page(client, "loosen loss") == (set(), False)
    assert await first_page(client, "conditioner") == (set(), False)
    assert (await first_page(client, "anti hair loss"))[1] is False


async def test_all_words_must_be_there(client: GraphClient) -> None:
    both, _ = await first_page(client, "shampoo dandruff")
    shampoos, _ = await first_page(client, "shampoo")
    dandruff, _ = await first_page(client, "dandruff")

    assert both == shampoos & dandruff
    assert both not in (shampoos, dandruff)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("dandrufff", "dandruff"),
        ("dndruff", "dandruff"),
        ("dnadruff", "dandruff"),
        ("dandriff", "dandruff"),
        ("dnadr", "dandr"),
        ("SHAPMOO dandruf control", "shampoo dandruff control"),
        ("shampo dnadrufff", "shampoo dandruff"),
        ("भृगराज", "भृंगराज"),
    ],
)
async def test_mistyped_words_find_what_was_meant(
    client: GraphClient, seeded_words: None, typed: str, meant: str
) -> None:
    expected, _ = await first_page(client, meant)

    found, is_corrected = await first_page(client, typed)

    assert expected
    assert found == expected
    assert is_corrected


@pytest.mark.parametrize("typed", ["xylophone", "dnrf", "oxl", "12345", "shmpou xylophone"])
async def test_words_that_are_like_no_other_find_nothing(client: GraphClient, seeded_words: None, typed: str) -> None:
    assert await first_page(client, typed) == (set(), False)


async def test_words_as_typed_go_before_words_that_are_like_them(client: GraphClient) -> None:
    await sell([product("zorb", name="Zorb"), product("yorb", name="Yorb")])

    assert await first_page(client, "yorb") == ({"yorb"}, False)
    assert await first_page(client, "xorb") == ({"yorb", "zorb"}, True)
    assert await first_page(client, "yorb", filter={"minPrice": "50000"}) == (set(), False)


async def test_a_word_whose_last_product_is_gone_corrects_nothing(client: GraphClient, database: Any) -> None:
    await sell([product("zorb", name="Zorb")])
    await database.products.delete_one({"slug": "zorb"})

    assert await first_page(client, "zorp") == (set(), False)


# --- filters, sorts and pages -----------------------------------------------------------------------------------------


def fits(one: ProductFacts, search: str, *, with_words: bool = False) -> bool:
    """Whether a product has words that begin like all that were typed; `with_words`: single letters as words."""
    return all(
        any(word == term if with_words and is_letter(term) else word.startswith(term) for word in words_of_product(one))
        for term in query_terms(search)
    )


def has_letters(products: list[ProductFacts], asked: dict[str, Any], search: str) -> bool:
    """Whether single letters of a search are words, as some product of the shop has them so beside the others."""
    return len(query_terms(search)) > 1 and any(
        fits(one, search, with_words=True) for one in products if asked.get("isActive") in (None, one.is_active)
    )


def naive(products: list[ProductFacts], asked: dict[str, Any], search: str | None) -> list[ProductFacts]:
    """Filter one by one."""
    with_words = has_letters(products, asked, search or "")
    return [
        one
        for one in products
        if asked.get("category") in (None, one.category)
        and (asked.get("tag") is None or asked["tag"] in one.tags)
        and asked.get("isActive") in (None, one.is_active)
        and asked.get("isInStock") in (None, one.is_in_stock)
        and asked.get("needsPrescription") in (None, one.needs_prescription)
        and one.price_paise >= float(asked.get("minPrice") or 0) * 100
        and one.price_paise <= float(asked.get("maxPrice") or 50_000) * 100
        and (not asked.get("categories") or one.category in asked["categories"])
        and (not asked.get("tags") or not set(one.tags).isdisjoint(asked["tags"]))
        and fits(one, search or "", with_words=with_words)
    ]


VALUES: dict[str, list[Any]] = {
    "category": [None, *ProductCategory],
    "tag": [None, *list(ProductTag)[:5]],
    "isActive": [True, True, False, None],
    "isInStock": [None, True, False],
    "needsPrescription": [None, True, False],
    "minPrice": [None, "299.99", "300", "2500"],
    "maxPrice": [None, "299", "299.99", "600"],
    "categories": [None, [], ["OIL", "SERUM"], ["SHAMPOO", "SHAMPOO"], ["OIL", "SERUM", "MEDICINE"]],
    "tags": [None, [], ["DANDRUFF"], ["DANDRUFF", "STRESS"], ["GENETIC", "HORMONAL", "STRESS", "SLEEP_ISSUES"]],
}


def any_filters(choose: Random, part: float) -> dict[str, Any]:
    """Choose about this part of the filters; prices that can be."""
    asked = {name: choose.choice(values) for name, values in VALUES.items() if choose.random() < part}
    if float(asked.get("minPrice") or 0) > float(asked.get("maxPrice") or 50_000):
        del asked["minPrice"]
    return {"isActive": True, **asked}


SEARCHES = [None, None, "calm", "ca", "calm rich", "night 1", "creme", "मिन", "hair comb scalp"]


async def test_any_combination_of_filters_search_and_sort_finds_what_fits_in_its_order(
    client: GraphClient, shop: list[ProductFacts]
) -> None:
    choose = Random(SEED)
    keys: dict[str, Callable[[ProductFacts], Any]] = {
        "NAME": lambda one: (one.name.casefold(), one.id),
        "PRICE": lambda one: (one.price_paise, one.id),
        "CREATED_AT": shop.index,
    }
    for _ in range(150):
        asked = any_filters(choose, 0.35)
        search, sort, reverse = choose.choice(SEARCHES), choose.choice(list(keys)), choose.random() < 0.5
        expected = sorted(naive(shop, asked, search), key=keys[sort], reverse=reverse)

        found = await read_all(
            client, filter=asked, search=search, sortKey=sort, reverse=reverse, first=choose.choice([3, 10, 100])
        )

        assert found == [one.slug for one in expected], (asked, search, sort, reverse)


async def test_each_pair_of_filters_holds_together(client: GraphClient, shop: list[ProductFacts]) -> None:
    for (one, its_values), (other, others_values) in itertools.combinations(VALUES.items(), 2):
        asked = {"isActive": None, one: its_values[-1], other: others_values[-2]}
        if {one, other} == {"minPrice", "maxPrice"}:
            asked["minPrice"] = "100"

        found = await read_all(client, filter=asked)

        assert set(found) == {fitting.slug for fitting in naive(shop, asked, None)}, asked


async def test_pages_of_a_corrected_search_hold_each_product_once(
    client: GraphClient, shop: list[ProductFacts]
) -> None:
    expected = {one.slug for one in naive(shop, {"isActive": True}, "night")}

    for sort, reverse in itertools.product(("NAME", "PRICE", "CREATED_AT"), (False, True)):
        found = await read_all(client, search="nigth", sortKey=sort, reverse=reverse, first=2)

        assert len(found) == len(expected)
        assert set(found) == expected


async def test_a_corrected_list_goes_on_when_its_words_have_come_to_be(
    client: GraphClient, shop: list[ProductFacts]
) -> None:
    first = (await client.data(PAGE, search="nigth", first=2))["products"]
    await sell([product("nigth", name="Zzz Nigth")])

    rest = (await client.data(PAGE, search="nigth", after=first["pageInfo"]["endCursor"]))["products"]

    expected = {one.slug for one in naive(shop, {"isActive": True}, "night")}
    seen = {node["slug"] for node in first["nodes"]}
    assert {node["slug"] for node in rest["nodes"]} == expected - seen | {"nigth"}
    assert rest["isCorrected"]


async def test_a_cursor_goes_on_after_products_that_came_and_went(
    client: GraphClient, shop: list[ProductFacts], database: Any
) -> None:
    first = (await client.data(PAGE, search="calm", sortKey="PRICE", first=5))["products"]
    seen = [node["slug"] for node in first["nodes"]]
    await database.products.delete_one({"slug": seen[-1]})
    await sell([product("calm-late", name="Calm late", price_paise=5_000_000)])

    rest = (await client.data(PAGE, search="calm", sortKey="PRICE", after=first["pageInfo"]["endCursor"]))["products"]

    expected = {one.slug for one in naive(shop, {"isActive": True}, "calm")} - set(seen) | {"calm-late"}
    assert {node["slug"] for node in rest["nodes"]} == expected


async def test_no_list_and_no_count_holds_a_draft(client: GraphClient, shop: list[ProductFacts]) -> None:
    before = await client.data(FACETS, filter={"isActive": None})

    await sell([product("draft", name="Calm Draft", is_active=False, is_draft=True)])

    assert "draft" not in await read_all(client, filter={"isActive": None})
    assert "draft" not in await read_all(client, filter={"isActive": False}, search="calm")
    assert (await first_page(client, "draft", filter={"isActive": None}))[0] == set()
    assert await client.data(FACETS, filter={"isActive": None}) == before


# --- relevance --------------------------------------------------------------------------------------------------------


def rank(one: ProductFacts, search: str, *, with_words: bool) -> int:
    """How badly the worst word of a search fits: 0 and 1 in the name, 2 and 3 elsewhere; 1 and 3 as a beginning."""
    named, all_words, terms = words(one.name), words_of_product(one), query_terms(search)

    def of(term: str) -> int:
        is_whole = with_words and is_letter(term)
        fitting = (
            term in named,
            not is_whole and any(word.startswith(term) for word in named),
            term in all_words,
            not is_whole and any(word.startswith(term) for word in all_words),
        )
        return fitting.index(True)

    return max(map(of, terms))


async def test_the_name_goes_before_what_is_said_and_whole_words_before_beginnings(
    client: GraphClient, fresh: Products
) -> None:
    await sell(
        [
            product("benefit", name="Aa", benefits=("Smells of zorb.",)),
            product("benefit-begun", name="Ab", benefits=("Smells of zorbs.",)),
            product("begun", name="Ac Zorbing"),
            product("named-late", name="Zz Zorb"),
            product("named", name="Ad Zorb", benefits=("Zorbing.",)),
        ]
    )
    in_order = ["named", "named-late", "begun", "benefit", "benefit-begun"]

    assert await read_all(client, search="zorb") == in_order
    assert await read_all(client, search="ZORB", sortKey="RELEVANCE", first=2) == in_order
    assert await read_all(client, search="zorb", reverse=True, first=1) == in_order[::-1]
    assert await read_all(client, search="zor") == ["begun", "named", "named-late", "benefit", "benefit-begun"]
    # by name when it is asked for
    assert await read_all(client, search="zorb", sortKey="NAME") == [
        *("benefit", "benefit-begun", "begun", "named", "named-late")
    ]


async def test_a_product_ranks_by_the_word_that_fits_it_worst(client: GraphClient, fresh: Products) -> None:
    await sell(
        [
            product("one-begun", name="A Zorb Yorba"),
            product("one-elsewhere", name="B Zorb", benefits=("Holds yorb.",)),
            product("both", name="C Zorb Yorb"),
        ]
    )

    assert await read_all(client, search="yorb zorb") == ["both", "one-begun", "one-elsewhere"]


async def test_without_a_search_the_order_is_by_name(client: GraphClient, shop: list[ProductFacts]) -> None:
    by_name = await read_all(client, sortKey="NAME", first=50)

    for asked in ({}, {"sortKey": "RELEVANCE"}, {"sortKey": None}, {"search": " "}):
        assert await read_all(client, first=50, **asked) == by_name
    assert await read_all(client, first=50, reverse=True, sortKey="RELEVANCE") == by_name[::-1]


RANKED = [
    "calm",
    "ca",
    "rich",
    "calm rich",
    "night 1",
    "daily comb",
    "creme",
    "c",
    "s",
    "scalp calm",
    "hair",
    "मिन",
    "12",
]


async def test_every_product_comes_once_in_the_order_of_relevance_whatever_the_page_and_the_way_it_is_read(
    client: GraphClient, shop: list[ProductFacts], fresh: Products
) -> None:
    choose = Random(SEED)
    for _ in range(30):
        asked = any_filters(choose, 0.2)
        search, reverse = choose.choice(RANKED), choose.random() < 0.4
        with_words = has_letters(shop, asked, search)
        expected = sorted(
            naive(shop, asked, search),
            key=lambda one: (rank(one, search, with_words=with_words), one.name.casefold(), one.id),
            reverse=reverse,
        )
        # what is remembered decides how a page is read, and not what is on it
        fresh.sizes.clear()
        if choose.random() < 0.7:
            for term in query_terms(search):
                await remember(fresh, (term,), tuple(choose.choices([1, 30, 5000], k=4)))

        found = await read_all(client, filter=asked, search=search, reverse=reverse, first=choose.choice([2, 7, 100]))

        assert found == [one.slug for one in expected], (asked, search, reverse)


async def remember(products: Products, key: tuple[str, ...], sizes: tuple[int, ...]) -> None:
    async def work_out() -> tuple[int, ...]:
        return sizes

    await products.sizes.get(key, work_out)


async def test_where_nothing_was_a_moment_ago_a_new_product_is_listed_once_on_all_pages(
    client: GraphClient, shop: list[ProductFacts], fresh: Products
) -> None:
    expected = {one.slug for one in naive(shop, {"isActive": True}, "calm")} | {"new-one", "new-two"}
    for reverse in (False, True):
        # nothing begins with it in a name, and nothing has it elsewhere
        await remember(fresh, ("ca",), (0, 50, 0, 0))
        first = (await client.data(PAGE, search="ca", first=4, reverse=reverse))["products"]
        if not reverse:
            await sell([product("new-one", name="Zz Ca"), product("new-two", name="Zz", benefits=("Ca.",))])
        fresh.sizes.clear()
        rest, after = [], first["pageInfo"]["endCursor"]
        while after:
            page = (await client.data(PAGE, search="ca", first=4, reverse=reverse, after=after))["products"]
            rest += [node["slug"] for node in page["nodes"]]
            after = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None

        found = [*(node["slug"] for node in first["nodes"]), *rest]
        assert len(found) == len(set(found))
        assert set(found) == expected


async def test_a_cursor_of_relevance_goes_on_after_products_that_came_and_went(
    client: GraphClient, shop: list[ProductFacts], database: Any
) -> None:
    first = (await client.data(PAGE, search="calm", first=5))["products"]
    seen = [node["slug"] for node in first["nodes"]]
    await database.products.delete_one({"slug": seen[-1]})
    await sell([product("calm-late", name="Zz Calm"), product("calm-first", name="Aa Calm")])

    rest = (await client.data(PAGE, search="calm", after=first["pageInfo"]["endCursor"]))["products"]

    expected = {one.slug for one in naive(shop, {"isActive": True}, "calm")} - set(seen) | {"calm-late"}
    assert {node["slug"] for node in rest["nodes"]} == expected


async def test_a_cursor_of_no_rank_is_refused(client: GraphClient) -> None:
    for value in ("", "0", "10Calm", "04Calm", "xxCalm", "2\u0663Calm"):
        forged = make_cursor("products:RELEVANCE", value, UUID(int=1))

        assert await client.code(PAGE, search="calm", after=forged) == "BAD_USER_INPUT"


async def test_a_page_by_relevance_takes_few_commands(client: GraphClient, shop: list[ProductFacts]) -> None:
    for search in ("calm", "ca", "calm rich", "c", "scalp calm"):
        await client.data(PAGE.replace("totalCount", ""), search=search, first=10)
        with client.commands.counting() as commands:
            await client.data(PAGE.replace("totalCount", ""), search=search, first=10)

        assert sum(commands.values()) <= 2, search


# --- words that are joined, split or short ----------------------------------------------------------------------------


@pytest.fixture
async def spelled(fresh: Products, database: Any) -> None:
    """A shop that spells its words in all ways."""
    await database.products.delete_many({})
    await sell(
        [
            product("split", ProductCategory.SHAMPOO, name="Hair Fall Control"),
            product("joined", ProductCategory.SHAMPOO, name="Hairfall Tonic"),
            product("apart", ProductCategory.SHAMPOO, name="Fall Colours", benefits=("Makes hair easy to comb.",)),
            product("anti-split", ProductCategory.SHAMPOO, name="Anti Dandruff Wash"),
            product("anti-hyphen", ProductCategory.SHAMPOO, name="Anti-Dandruff Lotion"),
            product("anti-joined", ProductCategory.SHAMPOO, name="Antidandruff Gel"),
            product("other", ProductCategory.OIL, name="Oil"),
            product("only-hair", ProductCategory.SHAMPOO, name="Hair Gel"),
        ]
    )


async def test_words_are_found_joined_and_split(client: GraphClient, spelled: None) -> None:
    hair_fall, anti = {"split", "joined", "apart"}, {"anti-split", "anti-hyphen", "anti-joined"}
    for search, found in (
        *((search, hair_fall) for search in ("hairfall", "hair fall", "Hair-Fall", "hair fal")),
        *((search, anti) for search in ("antidandruff", "anti-dandruff", "anti dandruff")),
        ("hairfall control", {"split"}),
        ("antidandruff wash", {"anti-split"}),
    ):
        page = (await client.data(PAGE, search=search))["products"]

        assert {node["slug"] for node in page["nodes"]} == found, search
        assert page["totalCount"] == len(found)
        assert not page["isCorrected"]


async def test_joined_and_split_words_rank_alike(client: GraphClient, spelled: None) -> None:
    for search in ("hairfall", "hair fall"):
        assert await read_all(client, search=search, first=1) == ["split", "joined", "apart"]


async def test_joined_words_are_found_while_they_are_typed_and_mistyped(client: GraphClient, spelled: None) -> None:
    hair_fall, anti = {"split", "joined", "apart"}, {"anti-split", "anti-hyphen", "anti-joined"}
    for search, found, is_corrected in (
        # while something begins so, it alone
        ("hairfa", {"joined"}, False),
        ("hairea", {"apart", "joined"}, True),
        ("anti hair fall", hair_fall, False),
        ("antidandrufff", anti, True),
        ("hairfalll", hair_fall, True),
        ("hairdandruff", set(), False),
        ("gelhair", {"only-hair"}, False),
    ):
        assert await first_page(client, search) == (found, is_corrected), search


async def test_two_letters_of_three_that_changed_places_are_put_right(client: GraphClient, spelled: None) -> None:
    gels = {"anti-joined", "only-hair"}
    for search, found in (("oli", {"other"}), ("iol", {"other"}), ("gle", gels), ("ila", set()), ("ol", set())):
        assert await first_page(client, search) == (found, bool(found)), search


async def test_a_word_without_a_product_hides_none_that_is_further_away(
    client: GraphClient, fresh: Products, database: Any
) -> None:
    await sell([product("zorbalin", name="Zorbaline"), product("gone", name="Zerbelene")])
    await database.products.delete_one({"slug": "gone"})

    assert await first_page(client, "zorbelene") == ({"zorbalin"}, True)


# --- facets -----------------------------------------------------------------------------------------------------------


async def test_facets_count_exactly_what_each_value_would_list(client: GraphClient, shop: list[ProductFacts]) -> None:
    choose = Random(SEED)
    for _ in range(40):
        asked = any_filters(choose, 0.35)
        search = choose.choice(SEARCHES)

        page = (await client.data(FACETS, filter=asked, search=search))["products"]

        check_facets(page, shop, asked, search)


def check_facets(page: dict[str, Any], shop: list[ProductFacts], asked: dict[str, Any], search: str | None) -> None:
    """Count what each value of each filter would list if the others stayed."""

    def count(**instead: Any) -> int:
        return len(naive(found, {**asked, **instead}, None))

    with_words = has_letters(shop, asked, search or "")
    found = [one for one in shop if fits(one, search or "", with_words=with_words)]
    facets = page["facets"]
    assert page["totalCount"] == count()
    for name, kind, several in (
        ("categories", "category", "categories"),
        ("tags", "tag", "tags"),
        ("inStock", "isInStock", ""),
        ("needsPrescription", "needsPrescription", ""),
    ):
        assert facets[name] == [
            {"value": one["value"], "count": count(**{several: None, kind: one["value"]})} for one in facets[name]
        ], (asked, search)
    assert [one["value"] for one in facets["categories"]] == list(ProductCategory)
    assert [one["value"] for one in facets["tags"]] == list(ProductTag)
    assert [one["value"] for one in facets["inStock"]] == [True, False]
    for one in facets["priceRanges"]:
        low, high = (end and f"{end['minorUnits'] / 100:.2f}" for end in (one["minPrice"], one["maxPrice"]))
        assert one["count"] == count(minPrice=low, maxPrice=high)
    assert len(facets["priceRanges"]) == 5


MISTYPED = {"nigth": "night", "riche calmm": "rich calm", "dialy": "daily", "scapl nigth": "scalp night", "xyzzy": None}


async def test_counts_and_lists_are_of_the_same_words_whatever_the_filters(
    client: GraphClient, shop: list[ProductFacts]
) -> None:
    choose = Random(SEED)
    for _ in range(25):
        asked = any_filters(choose, 0.3)
        typed = choose.choice(list(MISTYPED))
        meant = MISTYPED[typed] or typed
        is_corrected = any(fits(one, meant) and asked["isActive"] in (None, one.is_active) for one in shop)

        page = (await client.data(FACETS, filter=asked, search=typed))["products"]

        check_facets(page, shop, asked, meant)
        assert page["isCorrected"] == is_corrected, (asked, typed)


async def test_a_filter_that_leaves_nothing_corrects_nothing(client: GraphClient, shop: list[ProductFacts]) -> None:
    await sell([product("nigth", ProductCategory.OIL, name="Nigth")])

    for category, count in (("OIL", 1), ("SERUM", 0)):
        page = (await client.data(FACETS, filter={"category": category}, search="nigth"))["products"]

        assert (page["totalCount"], page["isCorrected"]) == (count, False)
        assert [one["count"] for one in page["facets"]["categories"]] == [
            int(value is ProductCategory.OIL) for value in ProductCategory
        ]


async def test_facets_of_a_corrected_search_are_those_of_what_it_lists(
    client: GraphClient, shop: list[ProductFacts]
) -> None:
    meant = await client.data(FACETS, search="night")

    assert await client.data(FACETS, search="nigth") == {"products": {**meant["products"], "isCorrected": True}}
    assert meant["products"]["totalCount"] > 0


async def test_counts_are_taken_once_until_the_catalogue_changes(client: GraphClient, shop: list[ProductFacts]) -> None:
    await catalogue_state.bump(revision=uuid4())
    before = await client.data(FACETS, search="calm")
    with client.commands.counting() as commands:
        again = await client.data(FACETS, search="calm")

    await sell([product("calm-new", name="Calm New")])
    await catalogue_state.bump(revision=uuid4())
    after = await client.data(FACETS, search="calm")

    assert again == before
    # the page, and the catalogue's revision
    assert commands == {"find": 2}
    assert after["products"]["totalCount"] == before["products"]["totalCount"] + 1


# --- what people and programs type ------------------------------------------------------------------------------------

GARBAGE = [
    "a" * 100,
    "(a+)+$" * 16,
    ".*" * 50,
    "[" * 100,
    "\\" * 100,
    " ".join("abcdefgh" for _ in range(11)),
    "x" * 16 + " " + "y" * 16 + " " + "z" * 16 + " " + "abcdefghijklmnop" + " " + "qrstuvwxyzabcdef" * 2,
    "$where: 1",
    "{$ne: 1}",
    "नमस्ते" * 16,
    "\u202e\u200dabc",
    "ﷺ" * 100,
    "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
]


@pytest.mark.parametrize("search", GARBAGE)
async def test_whatever_is_typed_takes_few_commands(client: GraphClient, shop: list[ProductFacts], search: str) -> None:
    with client.commands.counting() as commands:
        answer = await client.ask(PAGE, search=search)

    if "errors" in answer:
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        assert commands == {}
    else:
        # sizes of the shop and of at most 10 words, twice with corrections, and a count; what each word is like, two
        # pages and a revision
        assert commands["aggregate"] <= 1 + 2 * 10 + 2
        assert commands["find"] <= 10 + 2 + 2


async def test_of_a_long_search_the_first_100_characters_count(client: GraphClient) -> None:
    oils = await client.data(PAGE, search="oil")

    assert await client.data(PAGE, search="oil" + "\n" * 97 + "shampoo") == oils
    assert await client.data(PAGE, search="oil" + " " * 90 + "xylophone" * 10_000) != oils


async def test_prices_that_cannot_be_are_refused(client: GraphClient) -> None:
    answer = await client.ask(PAGE, filter={"minPrice": "400", "maxPrice": "300"})

    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert answer["errors"][0]["message"] == "`minPrice` is higher than `maxPrice`: no product can have such a price."
    assert "errors" not in await client.ask(PAGE, filter={"minPrice": "300", "maxPrice": "300"})


async def test_a_cursor_of_a_list_that_was_not_corrected_is_none_of_one_that_was(
    client: GraphClient, shop: list[ProductFacts]
) -> None:
    cursor = (await client.data(PAGE, search="nigth", first=2))["products"]["pageInfo"]["endCursor"]

    assert await client.code(PAGE, search="nigth", sortKey="PRICE", after=cursor) == "BAD_USER_INPUT"
    # of another search in the same order: a place in the order, whatever the words
    assert "errors" not in await client.ask(PAGE, search="calm", after=cursor)


@pytest.mark.parametrize("blank", ["", " ", "\n\t", "-", "%", "*", "!?", "\u0301"])
async def test_nothing_typed_is_no_search(client: GraphClient, blank: str) -> None:
    everything = await client.data(PAGE, first=100)

    assert await client.data(PAGE, first=100, search=blank) == everything
