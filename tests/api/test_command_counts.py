"""MongoDB commands of the example operations: few, and not more for longer lists."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.support import EXAMPLES, GraphClient, example, hair_test, order
from traya_gql.app import now


async def counted(client: GraphClient, name: str, **variables: Any) -> Counter[str]:
    with client.commands.counting() as commands:
        await client.data(example(name), **variables)
    return commands


async def add_products(database: Any, how_many: int) -> None:
    await database.products.insert_many(
        {
            "_id": uuid4(),
            "created_at": now(),
            "slug": f"product-{number}",
            "name": f"Product {number:04}",
            "category": "OIL",
            "tags": [],
            "benefits": [],
            "price_paise": 10_000 + number,
            "is_active": True,
        }
        for number in range(how_many)
    )


async def test_a_report_with_its_products_takes_two_commands(client: GraphClient, report: dict[str, Any]) -> None:
    assert await counted(client, "report", publicId=report["publicId"]) == {"find": 2}


@pytest.mark.parametrize("how_many", [0, 200])
async def test_a_page_of_products_takes_one_command_whatever_its_length(
    client: GraphClient, database: Any, how_many: int
) -> None:
    await add_products(database, how_many) if how_many else None

    assert await counted(client, "products") == {"find": 1}


async def test_a_hair_test_takes_five_commands_and_the_commit(client: GraphClient) -> None:
    commands = await counted(client, "submit_hair_test", input=hair_test())

    # key, products, customer, hair test, report; then the kit's products, shown live
    assert commands == {"insert": 4, "find": 2, "commitTransaction": 1}


@pytest.mark.parametrize("how_many", [1, 20])
async def test_an_order_takes_five_commands_and_the_commit_whatever_its_length(
    client: GraphClient, database: Any, report: dict[str, Any], how_many: int
) -> None:
    await add_products(database, 20)
    page = await client.data('{ products(first: 20, search: "Product") { nodes { id } } }')
    lines = [{"productId": node["id"]} for node in page["products"]["nodes"][:how_many]]

    commands = await counted(client, "place_order", input=order(report["publicId"], lines=lines))

    # key, report, hair test, products, order
    assert commands == {"insert": 2, "find": 3, "commitTransaction": 1}


@pytest.mark.parametrize("how_many", [1, 20])
async def test_reading_an_order_takes_three_commands_whatever_its_length(
    client: GraphClient, database: Any, report: dict[str, Any], how_many: int
) -> None:
    await add_products(database, 20)
    page = await client.data('{ products(first: 20, search: "Product") { nodes { id } } }')
    lines = [{"productId": node["id"]} for node in page["products"]["nodes"][:how_many]]
    placed = await client.data(example("place_order"), input=order(report["publicId"], lines=lines))

    commands = await counted(client, "order", accessToken=placed["placeOrder"]["accessToken"])

    assert commands == {"find": 3}


@pytest.mark.parametrize("how_many", [2, 100])
async def test_nodes_of_one_type_take_one_command(client: GraphClient, database: Any, how_many: int) -> None:
    await add_products(database, 100)
    page = await client.data('{ products(first: 100, search: "Product") { nodes { id } } }')
    ids = [node["id"] for node in page["products"]["nodes"]][:how_many]

    with client.commands.counting() as commands:
        await client.data("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)

    assert commands == {"find": 1}


async def test_nodes_of_many_reports_take_one_command(client: GraphClient) -> None:
    ids = []
    for _ in range(10):
        submitted = await client.data(example("submit_hair_test"), input=hair_test())
        ids.append(submitted["submitHairTest"]["report"]["id"])

    with client.commands.counting() as commands:
        found = await client.data("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)

    assert [node["id"] for node in found["nodes"]] == ids
    assert commands == {"find": 1}


def test_every_example_is_counted_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    names = [path.stem for path in EXAMPLES.glob("*.graphql")]

    assert [name for name in names if f'"{name}"' not in source] == []
