"""What MongoDB examines for the lists of a shop with 10,000 products.

`pytest -m slow tests/contract/test_search_plans.py`; the small sister of these is in `test_plans.py`.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator
from functools import cache
from random import Random
from statistics import median
from typing import Any

import pytest
from starlette.applications import Starlette

from bench import shop
from tests.contract.test_plans import LIST, examined, forget, watch
from tests.support import GraphClient
from traya_gql.documents import product_words
from traya_gql.documents.collections import prepare
from traya_gql.domain.products import ProductCategory, ProductTag
from traya_gql.domain.roles import Role
from traya_gql.domain.shelves import words_of_product
from traya_gql.services.products import Products

pytestmark = pytest.mark.slow

SEED = 20261121
PRODUCTS = 10_000
BATCH = 500
DEEP = 25
"""Pages of 20 before the one that is looked at."""


@cache
def stored() -> list[dict[str, Any]]:
    return list(shop.stored(PRODUCTS, seed=SEED))


@pytest.fixture
async def large_shop(started: tuple[Starlette, GraphClient], client: GraphClient, database: Any) -> AsyncIterator[Any]:
    """10,000 products of plausible kinds, with MongoDB's profiler on; the catalogue as it was, afterwards."""
    # without indexes at first: one by one, two million keys take minutes
    await database.products.drop()
    sold = stored()
    for place in range(0, PRODUCTS, BATCH):
        await database.products.insert_many(sold[place : place + BATCH])
    await prepare(database)
    words = sorted({word for one in shop.facts(PRODUCTS, seed=SEED) for word in words_of_product(one)})
    for place in range(0, len(words), BATCH):
        await product_words.remember(words[place : place + BATCH])
    forget_sizes(started[0].state.services.products)
    await watch(database, megabytes=64)
    yield database
    await forget(database)
    await database.products.drop()
    await prepare(database)
    forget_sizes(started[0].state.services.products)


def forget_sizes(products: Products) -> None:
    for memory in (products.sizes, products.spellings, products.known, products.letters):
        memory.clear()


async def pages(database: Any) -> list[dict[str, Any]]:
    return [one for one in await examined(database) if one["comment"] == "products.page"]


async def test_lists_by_shelf_read_what_they_show_on_deep_pages_too(client: GraphClient, large_shop: Any) -> None:
    parts: list[dict[str, Any]] = [
        {},
        {"category": "SERUM"},
        {"tag": "SLEEP_ISSUES"},
        {"category": "MEDICINE", "tag": "DANDRUFF"},
        {"isInStock": False},
        {"isInStock": True},
        {"needsPrescription": True},
        {"needsPrescription": False},
        {"category": "OIL", "isInStock": False},
        {"tag": "STRESS", "needsPrescription": True},
        {"category": "SHAMPOO", "tag": "STRESS", "isInStock": False, "needsPrescription": True},
    ]
    for part, is_active, sort_key, reverse in itertools.product(
        parts, (True, False, None), ("NAME", "PRICE", "CREATED_AT"), (False, True)
    ):
        after = None
        for _ in range(2):
            asked = {"filter": {**part, "isActive": is_active}, "sortKey": sort_key, "reverse": reverse}
            page = (await client.data(LIST, after=after, **asked))["products"]
            after = page["pageInfo"]["endCursor"]
    for sort_key in ("NAME", "PRICE", "CREATED_AT"):
        after = None
        for _ in range(DEEP):
            page = (await client.data(LIST, after=after, sortKey=sort_key, reverse=False))["products"]
            after = page["pageInfo"]["endCursor"]

    seen = await pages(large_shop)

    assert len(seen) == len(parts) * 3 * 3 * 2 * 2 + 3 * DEEP
    assert [one for one in seen if one["documents"] > 40 or one["keys"] > 60 or one["sorted"]] == []


async def test_several_values_of_a_filter_read_what_they_show(client: GraphClient, large_shop: Any) -> None:
    several: list[dict[str, Any]] = [
        {"categories": ["OIL", "SERUM"]},
        {"categories": ["OIL", "SERUM", "MEDICINE"], "isInStock": False},
        {"tags": ["SLEEP_ISSUES", "DANDRUFF"]},
        {"tags": list(ProductTag)[:6], "category": "OIL"},
        {"categories": ["OIL", "SERUM", "MEDICINE"], "tags": list(ProductTag)[:12]},
        {"categories": ["OIL", "SERUM"], "tags": ["STRESS", "GENETIC", "DRY_SCALP"], "needsPrescription": True},
    ]
    for some, is_active, sort_key, reverse in itertools.product(
        several, (True, None), ("NAME", "PRICE", "CREATED_AT"), (False, True)
    ):
        after = None
        for _ in range(2):
            asked = {"filter": {**some, "isActive": is_active}, "sortKey": sort_key, "reverse": reverse}
            page = (await client.data(LIST, after=after, **asked))["products"]
            after = page["pageInfo"]["endCursor"]

    seen = await pages(large_shop)

    assert len(seen) == len(several) * 2 * 3 * 2 * 2
    told = json.dumps([{key: max(one[key] for one in seen) for key in ("documents", "keys")}])
    # each shelf is entered, and what stands on several comes once
    assert [one for one in seen if one["documents"] > 60 or one["keys"] > 400 or one["sorted"]] == [], told


async def test_price_ranges_read_a_few_hundred_keys(client: GraphClient, large_shop: Any) -> None:
    ranges = [("150", "1900"), ("299", "299"), ("300", "340"), ("1800", "1950"), ("777", "778"), (None, "150")]
    for (low, high), category, sort_key in itertools.product(ranges, (None, "OIL"), ("NAME", "PRICE", "CREATED_AT")):
        asked = {"minPrice": low, "maxPrice": high, "category": category}
        await client.data(LIST, filter=asked, sortKey=sort_key, reverse=False)

    seen = await pages(large_shop)

    assert len(seen) == len(ranges) * 2 * 3
    assert [one for one in seen if one["documents"] > 250 or one["keys"] > 600] == []


async def test_searches_read_hundreds_of_products_and_not_the_shop(client: GraphClient, large_shop: Any) -> None:
    choose = Random(SEED)
    for _ in range(400):
        words = choose.choice(stored())["name"].split()
        typed = choose.choice([words[0], words[-5], words[2], " ".join(choose.sample(words[:5], 2))])
        begun = typed[: choose.randint(2, len(typed))]
        filter_ = choose.choice(
            [
                {},
                {},
                {"category": choose.choice(list(ProductCategory))},
                {"tag": choose.choice(list(ProductTag)), "isInStock": False},
                {"needsPrescription": True},
                {"minPrice": "777", "maxPrice": "900"},
            ]
        )
        sort_key, reverse = choose.choice(["NAME", "PRICE", "CREATED_AT"]), choose.random() < 0.5
        await client.data(LIST, search=begun, filter=filter_, sortKey=sort_key, reverse=reverse)

    seen = await pages(large_shop)

    assert len(seen) >= 400
    documents = sorted(one["documents"] for one in seen)
    told = json.dumps({"median": median(documents), "95 of 100": documents[len(documents) * 95 // 100]})
    assert median(documents) <= 150, told
    assert documents[len(documents) * 95 // 100] <= 1_200, told
    # a word and the order of names may go together: the whole shop is never read
    assert documents[-1] <= PRODUCTS / 3, seen


async def test_by_relevance_a_page_is_read_with_few_commands_and_hundreds_of_products(
    client: GraphClient, large_shop: Any
) -> None:
    choose = Random(SEED)
    asked = 0
    for _ in range(150):
        words = choose.choice(stored())["name"].split()
        typed = choose.choice([words[0], words[-5], words[2], " ".join(choose.sample(words[:5], 2)), "scalp", "oil"])
        begun = typed[: choose.randint(1, len(typed))]
        filter_ = choose.choice([{}, {}, {"category": choose.choice(list(ProductCategory))}, {"maxPrice": "900"}])
        reverse, after = choose.random() < 0.3, None
        for _ in range(choose.choice([1, 1, 5])):
            page = (
                await client.data(LIST, search=begun, filter=filter_, sortKey="RELEVANCE", reverse=reverse, after=after)
            )["products"]
            after = page["pageInfo"]["endCursor"]
            asked += 1
            if after is None:
                break

    seen = await pages(large_shop)

    documents = sorted(one["documents"] for one in seen)
    told = json.dumps(
        {
            "asked": asked,
            "commands": len(seen),
            "median": median(documents),
            "95 of 100": documents[len(documents) * 95 // 100],
            "most": documents[-1],
        }
    )
    assert len(seen) <= 1.5 * asked, told
    assert median(documents) <= 200, told
    assert documents[len(documents) * 95 // 100] <= 1_200, told
    # thousands are never read, also at the end of a rank
    assert documents[-1] <= PRODUCTS / 3, told
    # a word of a third of the shop that nothing on the shelf has with this rank: all of the shelf is read to see that
    assert sum(one["documents"] > 2_000 for one in seen) <= len(seen) / 100, told
    assert [one for one in seen if "COLLSCAN" in one["plan"]] == []


async def test_staff_find_products_without_reading_all_of_them(
    started: tuple[Starlette, GraphClient], client: GraphClient, large_shop: Any
) -> None:
    await started[0].state.services.staff.invite("9876500004", [Role.CATALOG_MANAGER], by=None)
    bearer = (await client.sign_in("9876500004")).access_token
    listed = """query ($search: String, $status: ProductStatus, $after: String) {
      catalogue(search: $search, status: $status, first: 20, after: $after) {
        nodes { product { id } } pageInfo { endCursor }
      }
    }"""
    for search in ("oil", "o", "hair oil", stored()[7]["name"].split()[0], "made", "4711", "nothinglikeit"):
        for status in (None, "PUBLISHED", "ARCHIVED", "DRAFT"):
            page = (await client.data(listed, bearer=bearer, search=search, status=status))["catalogue"]
            if page["pageInfo"]["endCursor"]:
                after = page["pageInfo"]["endCursor"]
                await client.data(listed, bearer=bearer, search=search, status=status, after=after)

    seen = [one for one in await examined(large_shop) if one["comment"].startswith("catalogue_search.")]

    read = [one for one in seen if one["comment"] == "catalogue_search.page"]
    # a tenth is not sold any more, and nothing is a draft: these pages look further
    assert [one for one in read if one["documents"] > PRODUCTS / 5] == []
    assert [one for one in seen if "COLLSCAN" in one["plan"]] == []


async def test_counts_and_corrections_read_keys_or_what_has_the_rarest_word(
    client: GraphClient, large_shop: Any
) -> None:
    counted = "query ($search: String) { products(search: $search) { facets { tags { count } } isCorrected } }"
    for search in (None, "oil", "shampo", "sahmpoo", "dandruf contorl"):
        await client.data(counted, search=search)

    seen = await examined(large_shop)

    of_words = [one for one in seen if one["comment"] == "product_words.near"]
    # one for each word that is looked up; `oil` and `shampo` are there as they were typed
    assert len(of_words) == 3
    assert [one for one in of_words if one["keys"] > 300 or one["documents"] > 150] == []
    # the count of the words as typed, begun with the page, finds nothing and reads nothing
    tallies = [one for one in seen if one["comment"] == "products.tally" and one["returned"]]
    assert len(tallies) == 5
    # of one word from the keys alone
    assert [one for one in tallies if one["documents"] > 2_000] == []
    assert sum(one["documents"] == 0 for one in tallies) >= 3
    assert [one for one in seen if "COLLSCAN" in one["plan"]] == []
