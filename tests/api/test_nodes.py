"""Global ids: `node` and `nodes`."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.support import GraphClient, example, hair_test, order

NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"


def forged(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.fixture
async def placed(client: GraphClient, report: dict[str, Any]) -> dict[str, Any]:
    payload = (await client.data(example("place_order"), input=order(report["publicId"])))["placeOrder"]
    return {"id": payload["order"]["id"], "accessToken": payload["accessToken"]}


async def test_products_and_reports_answer_to_anyone(client: GraphClient, report: dict[str, Any]) -> None:
    product = (await client.data('{ product(slug: "stress-relief-hair-oil") { id } }'))["product"]["id"]

    answers = (await client.data(NODES, ids=[report["id"], product]))["nodes"]

    assert answers == [{"__typename": "Report", "id": report["id"]}, {"__typename": "Product", "id": product}]


async def test_private_objects_look_missing_without_their_token(
    client: GraphClient, report: dict[str, Any], placed: dict[str, Any]
) -> None:
    missing = forged("Order:" + "0" * 32)
    ids = [report["hairTestId"], placed["id"], missing]

    as_nobody = await client.ask(NODES, ids=ids)

    assert as_nobody == {"data": {"nodes": [None] * 3}}


async def test_a_bearer_token_opens_its_own_objects_and_no_others(
    client: GraphClient, report: dict[str, Any], placed: dict[str, Any]
) -> None:
    ids = [report["hairTestId"], placed["id"]]

    with_report = (await client.data(NODES, ids=ids, bearer=report["accessToken"]))["nodes"]
    with_order = (await client.data(NODES, ids=ids, bearer=placed["accessToken"]))["nodes"]

    assert [node and node["__typename"] for node in with_report] == ["HairTest", None]
    assert [node and node["__typename"] for node in with_order] == [None, "Order"]


async def test_the_token_of_a_draft_opens_no_object_before_or_after_it_is_submitted(
    client: GraphClient, report: dict[str, Any], placed: dict[str, Any]
) -> None:
    typed = hair_test()
    drafted = {"answers": typed["answers"], "age": 28, "gender": "MALE"}
    saved = (await client.data(example("save_hair_test_draft"), input=drafted))["saveHairTestDraft"]
    token = saved["draftToken"]
    ids = [report["hairTestId"], placed["id"]]

    before = await client.data(NODES, ids=ids, bearer=token)
    from_draft = {**typed, "answers": None, "draftToken": token}
    submitted = await client.data(
        "mutation ($input: SubmitHairTestInput!) { submitHairTest(input: $input) { report { hairTest { id } } } }",
        input=from_draft,
    )
    after = await client.data(NODES, ids=[*ids, submitted["submitHairTest"]["report"]["hairTest"]["id"]], bearer=token)

    assert before == {"nodes": [None] * 2}
    assert after == {"nodes": [None] * 3}
    assert await client.code("{ viewer { roles } }", bearer=token) == "UNAUTHENTICATED"


async def test_an_id_is_refused_unless_it_is_exactly_one_of_ours(client: GraphClient, report: dict[str, Any]) -> None:
    garbage = [
        "",
        "x",
        "-1",
        "1",
        "é",
        "\x00",
        "A" * 100_000,
        forged("Product:"),
        forged("Product:-1"),
        forged("Product:" + "g" * 32),
        forged("Product:" + "0" * 31),
        forged("Product:00000000-0000-0000-0000-000000000000"),
        forged("Product:" + "A" * 32),
        forged("Unknown:" + "0" * 32),
        forged("Product:" + "0" * 32) + "=",
        report["id"][:-1],
    ]

    with client.commands.counting() as commands:
        answers = {one: await client.code(NODE, id=one) for one in garbage}

    assert set(answers.values()) == {"BAD_USER_INPUT"}
    assert commands == {}


async def test_what_is_named_in_mutations_only_is_no_node(client: GraphClient) -> None:
    signed_in = await client.sign_in()
    viewer = await client.data("{ viewer { sessions { nodes { id } } } }", bearer=signed_in.access_token)
    [session] = viewer["viewer"]["sessions"]["nodes"]

    named = [forged(f"{name}:" + "0" * 32) for name in ("Session", "SavedAddress", "HairTestDraft")]
    for one in (session["id"], *named):
        with client.commands.counting() as commands:
            assert await client.code(NODE, bearer=signed_in.access_token, id=one) == "BAD_USER_INPUT"
        assert commands == {}


async def test_customers_are_nodes_for_themselves_and_look_missing_to_others(client: GraphClient) -> None:
    asha, other = await client.sign_in("9876543210"), await client.sign_in("9876543211")
    ids = [asha.customer_id, other.customer_id, forged("Customer:" + "0" * 32)]

    as_asha = (await client.data(NODES, ids=ids, bearer=asha.access_token))["nodes"]
    as_nobody = (await client.data(NODES, ids=ids))["nodes"]

    assert as_asha == [{"__typename": "Customer", "id": asha.customer_id}, None, None]
    assert as_nobody == [None] * 3


async def test_one_bad_id_nulls_only_its_own_place(client: GraphClient, report: dict[str, Any]) -> None:
    answer = await client.ask(NODES, ids=[report["id"], "garbage", report["id"]])

    assert [node and node["__typename"] for node in answer["data"]["nodes"]] == ["Report", None, "Report"]
    assert [(error["path"], error["extensions"]["code"]) for error in answer["errors"]] == [
        (["nodes", 1], "BAD_USER_INPUT")
    ]


async def test_at_most_100_ids_at_once(client: GraphClient, report: dict[str, Any]) -> None:
    assert len((await client.data(NODES, ids=[report["id"]] * 100))["nodes"]) == 100
    assert await client.code(NODES, ids=[report["id"]] * 101) == "BAD_USER_INPUT"


async def test_a_foreign_id_is_no_product_id(client: GraphClient, report: dict[str, Any]) -> None:
    query = "query ($id: ID, $slug: String) { product(id: $id, slug: $slug) { id } }"

    assert await client.code(query, id=report["id"]) == "BAD_USER_INPUT"
    assert await client.code(query) == "BAD_USER_INPUT"
    assert await client.code(query, id=report["id"], slug="x") == "BAD_USER_INPUT"
    assert (await client.data(query, id=forged("Product:" + "0" * 32)))["product"] is None
    assert (await client.data(query, slug="x" * 10_000))["product"] is None
