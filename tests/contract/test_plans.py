"""What MongoDB examines for the product's queries: a small multiple of what they return."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import product as combinations
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from tests.support import GraphClient, example, hair_test, order
from traya_gql.app import now
from traya_gql.domain.products import ProductCategory, ProductTag

SEED = 20261121
PRODUCTS = 2000

LIST = """query ($filter: ProductFilterInput, $search: String, $sortKey: ProductSortKey!, $reverse: Boolean!,
                 $after: String) {
  products(filter: $filter, search: $search, sortKey: $sortKey, reverse: $reverse, first: 20, after: $after) {
    nodes { id slug }
    pageInfo { endCursor }
  }
}"""


@pytest.fixture
async def profiled(client: GraphClient, database: Any) -> AsyncIterator[Any]:
    """A large catalogue, with MongoDB's profiler on."""
    random = Random(SEED)
    await database.products.insert_many(
        {
            "_id": uuid4(),
            "created_at": now(),
            "slug": f"product-{number}",
            "name": f"Product {random.randrange(10**9):09} {number}",
            "category": random.choice(list(ProductCategory)).value,
            "tags": [tag.value for tag in random.sample(list(ProductTag), 2)],
            "benefits": ["May help to keep hair clean."],
            "price_paise": random.randrange(100, 2000) * 100,
            "is_active": random.random() < 0.9,
        }
        for number in range(PRODUCTS)
    )
    await database.command("profile", 2)
    yield database
    await database.command("profile", 0)
    await database["system.profile"].drop()


async def examined(database: Any) -> list[dict[str, Any]]:
    """What the profiler saw of the product's own commands: they carry a comment, fixtures' do not."""
    return [
        {
            "comment": entry["command"]["comment"],
            "documents": entry.get("docsExamined", 0),
            "keys": entry.get("keysExamined", 0),
            "returned": entry.get("nreturned", 0),
            "plan": entry.get("planSummary", ""),
            "sorted": entry.get("hasSortStage", False),
            "command": {key: entry["command"].get(key) for key in ("filter", "sort", "query")},
        }
        async for entry in database["system.profile"].find({"command.comment": {"$exists": True}})
    ]


async def test_every_list_of_products_is_read_from_an_index_in_its_order(client: GraphClient, profiled: Any) -> None:
    filters: list[dict[str, Any]] = [
        {"category": category, "tag": tag, "isActive": is_active}
        for category, tag, is_active in combinations((None, "OIL"), (None, "STRESS"), (True, None))
    ]
    for filter_, sort_key, reverse in combinations(filters, ("NAME", "PRICE", "CREATED_AT"), (False, True)):
        asked = {"filter": filter_, "sortKey": sort_key, "reverse": reverse}
        page = (await client.data(LIST, **asked))["products"]
        await client.data(LIST, after=page["pageInfo"]["endCursor"], **asked)

    pages = await examined(profiled)

    assert len(pages) == 8 * 3 * 2 * 2
    # a page reads one document more than it shows, and two at a seam between index ranges
    wasteful = [page for page in pages if page["documents"] > 24 or page["keys"] > 30 or page["sorted"]]
    assert wasteful == []


async def test_a_price_range_is_checked_on_the_keys(client: GraphClient, profiled: Any) -> None:
    for sort_key in ("NAME", "PRICE", "CREATED_AT"):
        filter_ = {"minPrice": "500", "maxPrice": "600"}
        await client.data(LIST, filter=filter_, sortKey=sort_key, reverse=False)

    pages = await examined(profiled)

    assert [page for page in pages if page["documents"] > 21 or page["sorted"]] == []


async def test_all_other_queries_examine_what_they_return(client: GraphClient, profiled: Any) -> None:
    for _ in range(30):
        await client.data(example("submit_hair_test"), input=hair_test())
    submitted = (await client.data(example("submit_hair_test"), input=hair_test()))["submitHairTest"]
    public_id = submitted["report"]["publicId"]
    await client.data(example("report"), publicId=public_id)
    placed = (await client.data(example("place_order"), input=order(public_id)))["placeOrder"]
    await client.data(example("order"), accessToken=placed["accessToken"])
    await client.data('{ product(slug: "stress-relief-hair-oil") { id } }')
    await client.data("query ($id: ID!) { node(id: $id) { id } }", id=submitted["report"]["id"])
    await client.data(
        "query ($p: String!, $t: String!) { report(publicId: $p, accessToken: $t) { hairTest { person { name } } } }",
        p=public_id,
        t=submitted["accessToken"],
    )

    seen = await examined(profiled)

    assert {entry["comment"] for entry in seen} >= {
        "customers.by_ids",
        "hair_tests.by_ids",
        "orders.by_ids",
        "products.by_ids",
        "products.by_slug",
        "reports.by_ids",
        "reports.by_public_ids",
    }
    assert [entry for entry in seen if entry["documents"] > entry["returned"] + 1] == []


async def test_no_query_of_the_product_scans_a_collection(client: GraphClient, profiled: Any) -> None:
    await client.data(LIST, search="hair clean", sortKey="NAME", reverse=False)
    await client.data("{ products { totalCount } }")
    await client.data(example("submit_hair_test"), input=hair_test())

    assert [entry for entry in await examined(profiled) if "COLLSCAN" in entry["plan"]] == []
