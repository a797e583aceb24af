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
from traya_gql.domain.search import query_terms
from traya_gql.domain.shelves import words_of_product

SEED = 20261121
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
MANY = 120

PAGE = """query ($filter: ProductFilterInput, $search: String, $sortKey: ProductSortKey! = NAME,
                 $reverse: Boolean! = false, $first: Int! = 100, $after: String) {
  products(filter: $filter, search: $search, sortKey: $sortKey, reverse: $reverse, first: $first, after: $after) {
    isCorrected totalCount nodes { slug } pageInfo { hasNextPage endCursor }
  }
}"""
FACETS = """query ($filter: ProductFilterInput, $search: String) {
  products(filter: $filter, search: $search, first: 1) {
    totalCount
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
async def seeded_words(started: tuple[Starlette, GraphClient], client: GraphClient) -> None:
    """The words of the catalogue that a new shop has."""
    started[0].state.services.products.spellings.clear()
    await product_words.remember({word for one in catalogue() for word in words_of_product(one.product)})


@pytest.fixture
async def shop(started: tuple[Starlette, GraphClient], client: GraphClient, database: Any) -> list[ProductFacts]:
    """A shop of 120 made-up products, and nothing else."""
    started[0].state.services.products.spellings.clear()
    await database.products.delete_many({})
    choose = Random(SEED)
    kinds, ingredients = ["Calm", "Rich", "Night", "Daily", "Crème"], list(INGREDIENTS)[:8]
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


def naive(products: list[ProductFacts], asked: dict[str, Any], search: str | None) -> list[ProductFacts]:
    """Filter one by one."""
    terms = query_terms(search or "")
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
        and all(any(word.startswith(term) for word in words_of_product(one)) for term in terms)
    ]


VALUES: dict[str, list[Any]] = {
    "category": [None, *ProductCategory],
    "tag": [None, *list(ProductTag)[:5]],
    "isActive": [True, True, False, None],
    "isInStock": [None, True, False],
    "needsPrescription": [None, True, False],
    "minPrice": [None, "299.99", "300", "2500"],
    "maxPrice": [None, "299", "299.99", "600"],
}
SEARCHES = [None, None, "calm", "ca", "calm rich", "night 1", "creme", "मिन", "hair comb scalp"]


async def test_any_combination_of_filters_search_and_sort_finds_what_fits_in_its_order(
    client: GraphClient, shop: list[ProductFacts]
) -> None:
    choose = Random(SEED)
    keys: dict[str, Callable[[ProductFacts], Any]] = {
        "NAME": lambda one: (one.name, one.id),
        "PRICE": lambda one: (one.price_paise, one.id),
        "CREATED_AT": shop.index,
    }
    for _ in range(150):
        asked = {name: choose.choice(values) for name, values in VALUES.items() if choose.random() < 0.4}
        asked.setdefault("isActive", True)
        search, sort, reverse = choose.choice(SEARCHES), choose.choice(list(keys)), choose.random() < 0.5
        expected = sorted(naive(shop, asked, search), key=keys[sort], reverse=reverse)

        found = await read_all(
            client, filter=asked, search=search, sortKey=sort, reverse=reverse, first=choose.choice([3, 10, 100])
        )

        assert found == [one.slug for one in expected], (asked, search, sort, reverse)


async def test_each_pair_of_filters_holds_together(client: GraphClient, shop: list[ProductFacts]) -> None:
    for (one, its_values), (other, others_values) in itertools.combinations(VALUES.items(), 2):
        asked = {"isActive": None, one: its_values[-1], other: others_values[1]}

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


# --- facets -----------------------------------------------------------------------------------------------------------


async def test_facets_count_exactly_what_each_value_would_list(client: GraphClient, shop: list[ProductFacts]) -> None:
    choose = Random(SEED)
    for _ in range(40):
        asked = {name: choose.choice(values) for name, values in VALUES.items() if choose.random() < 0.4}
        asked.setdefault("isActive", True)
        search = choose.choice(SEARCHES)

        page = (await client.data(FACETS, filter=asked, search=search))["products"]

        def count(**instead: Any) -> int:
            return len(naive(shop, {**asked, **instead}, search))  # noqa: B023 - called at once

        facets = page["facets"]
        assert page["totalCount"] == count()
        for name, kind in (
            ("categories", "category"),
            ("tags", "tag"),
            ("inStock", "isInStock"),
            ("needsPrescription", "needsPrescription"),
        ):
            assert facets[name] == [
                {"value": one["value"], "count": count(**{kind: one["value"]})} for one in facets[name]
            ], (asked, search)
        assert [one["value"] for one in facets["categories"]] == list(ProductCategory)
        assert [one["value"] for one in facets["tags"]] == list(ProductTag)
        assert [one["value"] for one in facets["inStock"]] == [True, False]
        for one in facets["priceRanges"]:
            low, high = (end and f"{end['minorUnits'] / 100:.2f}" for end in (one["minPrice"], one["maxPrice"]))
            assert one["count"] == count(minPrice=low, maxPrice=high)
        assert len(facets["priceRanges"]) == 5


async def test_facets_of_a_corrected_search_are_those_of_what_it_lists(
    client: GraphClient, shop: list[ProductFacts]
) -> None:
    meant = await client.data(FACETS, search="night")

    assert await client.data(FACETS, search="nigth") == meant
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


@pytest.mark.parametrize("search", ["!?", "\u0301", "x" * 101])
async def test_a_search_without_a_word_and_a_long_one_are_refused(client: GraphClient, search: str) -> None:
    assert await client.code(PAGE, search=search) == "BAD_USER_INPUT"


async def test_a_cursor_of_a_list_that_was_not_corrected_is_none_of_one_that_was(
    client: GraphClient, shop: list[ProductFacts]
) -> None:
    cursor = (await client.data(PAGE, search="nigth", first=2))["products"]["pageInfo"]["endCursor"]

    assert await client.code(PAGE, search="nigth", sortKey="PRICE", after=cursor) == "BAD_USER_INPUT"
    # of another search in the same order: a place in the order, whatever the words
    assert "errors" not in await client.ask(PAGE, search="calm", after=cursor)


@pytest.mark.parametrize("blank", ["", " ", "\n\t"])
async def test_nothing_typed_is_no_search(client: GraphClient, blank: str) -> None:
    everything = await client.data(PAGE, first=100)

    assert await client.data(PAGE, first=100, search=blank) == everything
