"""The catalogue as a list."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import GraphClient
from traya_gql.domain.products import ProductCategory, ProductTag

SEED = 20261121
# products of the catalogue that is seeded
SEEDED = 20

PAGE = """query ($filter: ProductFilterInput, $search: String, $sortKey: ProductSortKey! = NAME,
                 $reverse: Boolean! = false, $first: Int! = 4, $after: String) {
  products(filter: $filter, search: $search, sortKey: $sortKey, reverse: $reverse, first: $first, after: $after) {
    totalCount
    nodes { slug name category tags isActive price { minorUnits } }
    edges { cursor node { slug } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""


async def read_all(client: GraphClient, **asked: Any) -> list[dict[str, Any]]:
    """Walk the pages to the end."""
    found: list[dict[str, Any]] = []
    after = None
    for _ in range(50):
        page = (await client.data(PAGE, after=after, **asked))["products"]
        assert [edge["node"]["slug"] for edge in page["edges"]] == [node["slug"] for node in page["nodes"]]
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] == len(found)
            return found
    raise AssertionError("the list does not end")


async def slugs(client: GraphClient, **asked: Any) -> list[str]:
    return [product["slug"] for product in await read_all(client, **asked)]


@pytest.mark.parametrize("first", [1, 4, 20, 100])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("sort_key", ["NAME", "PRICE", "CREATED_AT"])
async def test_pages_hold_each_product_once_in_order(
    client: GraphClient, sort_key: str, *, reverse: bool, first: int
) -> None:
    found = await read_all(client, sortKey=sort_key, reverse=reverse, first=first)

    assert len({product["slug"] for product in found}) == len(found) == SEEDED
    keys = {
        "NAME": [product["name"] for product in found],
        "PRICE": [product["price"]["minorUnits"] for product in found],
        "CREATED_AT": [],
    }[sort_key]
    assert keys == sorted(keys, reverse=reverse)


@pytest.mark.parametrize("reverse", [False, True])
async def test_products_are_listed_by_the_time_they_were_added(
    client: GraphClient, database: Any, *, reverse: bool
) -> None:
    slugs_in_order = sorted(await slugs(client), key=lambda slug: slug[::-1])
    for minute, slug in enumerate(slugs_in_order):
        at = datetime(2026, 1, 1, 0, minute, tzinfo=UTC)
        await database.products.update_one({"slug": slug}, {"$set": {"created_at": at}})

    found = await slugs(client, sortKey="CREATED_AT", reverse=reverse, first=4)

    assert found == (slugs_in_order[::-1] if reverse else slugs_in_order)


async def test_equal_sort_keys_lose_and_repeat_nothing(client: GraphClient, database: Any) -> None:
    await database.products.update_many({}, {"$set": {"price_paise": 10_000}})

    for reverse in (False, True):
        assert len(set(await slugs(client, sortKey="PRICE", reverse=reverse, first=2))) == SEEDED


async def test_a_cursor_stays_valid_when_products_come_and_go(client: GraphClient, database: Any) -> None:
    first_page = (await client.data(PAGE, sortKey="PRICE"))["products"]
    await database.products.delete_one({"slug": first_page["nodes"][-1]["slug"]})
    await database.products.update_one({"slug": "dht-blocker-tablets"}, {"$set": {"price_paise": 1}})

    rest = (await client.data(PAGE, sortKey="PRICE", first=100, after=first_page["pageInfo"]["endCursor"]))["products"]

    # the product that moved before the cursor is gone from what follows; nothing else is lost or seen again
    assert len(rest["nodes"]) == SEEDED - 4 - 1
    assert not {node["slug"] for node in rest["nodes"]} & {node["slug"] for node in first_page["nodes"]}


async def test_filters_hold_together(client: GraphClient, database: Any) -> None:
    await database.products.update_one({"slug": "stress-relief-hair-oil"}, {"$set": {"is_active": False}})
    everything = await read_all(client, filter={"isActive": None}, first=100)
    assert len(everything) == SEEDED

    prices = (None, "299", "499.00"), (None, "499", "650.5")
    combinations = list(itertools.product((None, *ProductCategory), (None, *ProductTag), (None, True, False), *prices))
    for category, tag, is_active, low, high in Random(SEED).sample(combinations, 200):
        expected = {
            product["slug"]
            for product in everything
            if category in (None, product["category"])
            and (tag is None or tag in product["tags"])
            and is_active in (None, product["isActive"])
            and (low is None or product["price"]["minorUnits"] >= float(low) * 100)
            and (high is None or product["price"]["minorUnits"] <= float(high) * 100)
        }
        filters = {"category": category, "tag": tag, "isActive": is_active, "minPrice": low, "maxPrice": high}
        assert set(await slugs(client, filter=filters, sortKey="PRICE", first=100)) == expected, (SEED, filters)


async def test_inactive_products_are_left_out_unless_asked_for(client: GraphClient, database: Any) -> None:
    await database.products.update_one({"slug": "stress-relief-hair-oil"}, {"$set": {"is_active": False}})

    assert len(await slugs(client)) == SEEDED - 1
    assert await slugs(client, filter={"isActive": False}) == ["stress-relief-hair-oil"]


async def test_search_finds_products_that_hold_all_words(client: GraphClient) -> None:
    assert await slugs(client, search="vitamin capsules") == ["hair-vitamin-capsules"]
    assert await slugs(client, search="CAPSULE scalp") == ["scalp-health-capsules"]
    assert await slugs(client, search="nonsenseword") == []


async def test_search_goes_with_filter_sort_and_pages(client: GraphClient) -> None:
    found = await slugs(client, search="shampoo", filter={"tag": "DANDRUFF"}, sortKey="PRICE", reverse=True, first=1)

    assert found == ["dandruff-control-shampoo"]


@pytest.mark.parametrize("search", ['"vitamin', "-hair oil", "hair -oil", '"hair" "oil"', "$where oil", "oil; drop"])
async def test_signs_in_a_search_mean_nothing(client: GraphClient, search: str) -> None:
    answer = await client.ask(PAGE, search=search)

    assert "errors" not in answer


@given(st.text(max_size=120))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_search_text_is_answered_or_refused_clearly(client: GraphClient, search: str) -> None:
    answer = await client.ask(PAGE, search=search.encode("utf-8", "replace").decode())

    assert (
        answer.get("errors", [{"extensions": {"code": "BAD_USER_INPUT"}}])[0]["extensions"]["code"] == "BAD_USER_INPUT"
    )


async def test_page_sizes_are_1_to_100(client: GraphClient) -> None:
    for first in (0, -1, 101, 2**31 - 1):
        assert await client.code(PAGE, first=first) == "BAD_USER_INPUT"


async def test_a_cursor_of_another_order_is_refused(client: GraphClient) -> None:
    cursor = (await client.data(PAGE, sortKey="PRICE"))["products"]["pageInfo"]["endCursor"]

    assert await client.code(PAGE, sortKey="NAME", after=cursor) == "BAD_USER_INPUT"
