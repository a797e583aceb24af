"""Coupons: what staff make of them, and what customers are told."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from starlette.applications import Starlette

from tests.api.couponing import (
    CHANGES,
    COUPON,
    COUPONS,
    CREATE,
    DISABLE,
    ENABLE,
    OIL,
    SHAMPOO,
    UPDATE,
    Shop,
    create,
    done,
    open_shop,
    payload,
    refused,
    terms,
)
from tests.applications import UNLIMITED, own_application
from tests.support import GraphClient, SignedIn, priced
from traya_gql.app import now
from traya_gql.documents.orders import OrderDocument
from traya_gql.documents.transactions import Transactions
from traya_gql.domain.coupons import CouponRefusalReason
from traya_gql.domain.orders import OrderStatus
from traya_gql.domain.rates import Rate
from traya_gql.domain.roles import Role
from traya_gql.schema.common import NodeType, node_id
from traya_gql.services.coupons import CouponRefused, CouponTurns, find_coupon, redeem_coupon
from traya_gql.services.turns import Turns
from traya_gql.settings import Settings

NOBODYS = UUID(int=1)


@pytest.fixture
async def manager(started: tuple[Starlette, GraphClient], client: GraphClient) -> SignedIn:
    """Staff who keep the catalogue."""
    await started[0].state.services.staff.invite("9000000005", [Role.CATALOG_MANAGER], by=None)
    return await client.sign_in("9000000005")


@pytest.fixture
async def products(client: GraphClient) -> dict[str, str]:
    """The ids of two products that suit everybody, by slug."""
    query = "query ($slug: String!) { product(slug: $slug) { id } }"
    return {slug: (await client.data(query, slug=slug))["product"]["id"] for slug in (SHAMPOO, OIL)}


@pytest.fixture
async def shop(client: GraphClient, products: dict[str, str]) -> Shop:
    """Two shampoos and an oil, to be ordered by a guest."""
    return await open_shop(client, products)


@pytest.fixture
async def own_shop(client: GraphClient, products: dict[str, str]) -> Shop:
    """The same by a customer who is signed in."""
    return await open_shop(client, products, (await client.sign_in()).access_token)


# --- staff ------------------------------------------------------------------------------------------------------------


async def test_a_coupon_is_made_with_all_that_it_says(client: GraphClient, manager: SignedIn) -> None:
    made = await create(
        client,
        manager,
        " diwali-26 ",
        startsAt="2026-11-01T00:00:00+05:30",
        endsAt="2099-11-30T00:00:00+05:30",
        minSubtotal="499",
        maxDiscount="150.50",
        categories=["SHAMPOO", "OIL"],
        maxUses=100,
        maxUsesPerCustomer=2,
        isFirstOrderOnly=True,
    )

    read = await client.data(COUPON, bearer=manager.access_token, code="Diwali-26")

    assert read["coupon"] == {"id": made.pop("id"), "uses": 0, "isEnabled": True}
    assert made == {
        "code": "DIWALI-26",
        "kind": "PERCENT",
        "percent": 10,
        "amount": None,
        "freeProduct": None,
        "startsAt": "2026-10-31T18:30:00.000Z",
        "endsAt": "2099-11-29T18:30:00.000Z",
        "minSubtotal": {"amount": "499.00"},
        "maxDiscount": {"amount": "150.50"},
        "categories": ["OIL", "SHAMPOO"],
        "maxUses": 100,
        "maxUsesPerCustomer": 2,
        "isFirstOrderOnly": True,
        "uses": 0,
        "isEnabled": True,
        "version": 1,
        "createdById": (await client.data("{ viewer { customer { id } } }", bearer=manager.access_token))["viewer"][
            "customer"
        ]["id"],
    }


async def test_an_amount_and_a_free_item_are_kinds_of_their_own(
    client: GraphClient, manager: SignedIn, products: dict[str, str]
) -> None:
    amount = await create(client, manager, "AMOUNT", value={"amount": "99.50"})
    item = await create(client, manager, "ITEM", value={"freeProductId": products[SHAMPOO]})

    assert (amount["kind"], amount["amount"], amount["percent"]) == ("FIXED", {"amount": "99.50"}, None)
    assert (item["kind"], item["freeProduct"], item["amount"]) == ("FREE_ITEM", {"slug": SHAMPOO}, None)
    assert (item["minSubtotal"], item["endsAt"], item["maxUses"]) == ({"amount": "0.00"}, None, None)


async def test_a_code_can_be_made_once(client: GraphClient, manager: SignedIn, database: Any) -> None:
    first = await create(client, manager, "WELCOME")
    await done(client, DISABLE, manager, id=first["id"])

    again = await refused(client, CREATE, manager, input={"code": "welcome", "terms": terms()})

    assert again == [("ALREADY_EXISTS", "input.code")]
    assert await database.coupons.count_documents({}) == 1


async def test_of_20_who_make_one_code_at_once_one_does(client: GraphClient, manager: SignedIn, database: Any) -> None:
    typed = {"code": "RUSH", "terms": terms()}

    answers = await asyncio.gather(*(payload(client, CREATE, manager, input=typed) for _ in range(20)))

    codes = [[error["code"] for error in answer["userErrors"]] for answer in answers]
    assert sorted(codes) == [[]] + [["ALREADY_EXISTS"]] * 19
    assert await database.coupons.count_documents({}) == 1


async def test_all_that_is_wrong_with_a_coupon_is_said_at_once(
    client: GraphClient, manager: SignedIn, database: Any
) -> None:
    wrong = terms(
        value={"percent": 101}, endsAt="2020-01-01T00:00:00Z", minSubtotal="-1", maxDiscount="0", categories=["OIL"] * 5
    )

    errors = await refused(client, CREATE, manager, input={"code": "A B", "terms": wrong | {"maxUses": 0}})

    assert errors == [
        ("INVALID_CHARACTERS", "input.code"),
        ("OUT_OF_RANGE", "input.terms.value.percent"),
        ("OUT_OF_RANGE", "input.terms.endsAt"),
        ("OUT_OF_RANGE", "input.terms.minSubtotal"),
        ("OUT_OF_RANGE", "input.terms.maxDiscount"),
        ("TOO_MANY", "input.terms.categories"),
        ("OUT_OF_RANGE", "input.terms.maxUses"),
    ]
    assert await database.coupons.count_documents({}) == 0


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"is_active": False}, "not on sale"),
        ({"is_active": False, "is_draft": True}, "not on sale"),
        ({"regulatory_class": "SCHEDULE_H"}, "on prescription only"),
    ],
)
async def test_a_free_item_is_on_sale_and_needs_no_prescription(
    client: GraphClient,
    manager: SignedIn,
    products: dict[str, str],
    database: Any,
    *,
    state: dict[str, Any],
    words: str,
) -> None:
    made = await create(client, manager)
    await database.products.update_one({"slug": SHAMPOO}, {"$set": state})
    free = terms(value={"freeProductId": products[SHAMPOO]})

    created = await payload(client, CREATE, manager, input={"code": "GIFT", "terms": free})
    updated = await payload(client, UPDATE, manager, id=made["id"], input={"expectedVersion": 1, "terms": free})

    assert created == updated
    [error] = created["userErrors"]
    assert (error["code"], ".".join(error["path"])) == ("INVALID_ID", "input.terms.value.freeProductId")
    assert words in error["message"]
    assert await database.coupons.count_documents({}) == 1
    assert (await database.coupons.find_one({}))["version"] == 1


async def test_a_code_that_promises_what_the_law_forbids_is_refused(
    client: GraphClient, manager: SignedIn, database: Any
) -> None:
    typed = {"code": "hair-growth-20", "terms": terms()}

    assert await refused(client, CREATE, manager, input=typed) == [("FORBIDDEN_CLAIM", "input.code")]
    assert await database.coupons.count_documents({}) == 0


@pytest.mark.parametrize("id_", ["x", node_id(NodeType.ORDER, NOBODYS), node_id(NodeType.PRODUCT, NOBODYS)])
async def test_a_free_item_is_a_product_that_is_there(
    client: GraphClient, manager: SignedIn, database: Any, id_: str
) -> None:
    typed = {"code": "GIFT", "terms": terms(value={"freeProductId": id_})}

    assert await refused(client, CREATE, manager, input=typed) == [("INVALID_ID", "input.terms.value.freeProductId")]
    assert await database.coupons.count_documents({}) == 0


@pytest.mark.parametrize(
    "value", [{}, {"percent": 10, "amount": "5"}, {"percent": None}, {"percent": 10, "amount": None}, None]
)
async def test_a_coupon_takes_off_exactly_one_kind_of_thing(
    client: GraphClient, manager: SignedIn, database: Any, value: object
) -> None:
    typed = {"code": "BOTH", "terms": terms(value=value)}

    assert await client.code(CREATE, bearer=manager.access_token, input=typed) == "BAD_USER_INPUT"
    assert await database.coupons.count_documents({}) == 0


@pytest.mark.parametrize("value", ["{}", '{ percent: 10, amount: "5" }', "{ percent: null }", "{ percent: $percent }"])
async def test_so_it_does_when_it_is_written_into_the_operation(
    client: GraphClient, manager: SignedIn, database: Any, value: str
) -> None:
    operation = f"""mutation ($percent: Int) {{
      createCoupon(input: {{ code: "BOTH", terms: {{ startsAt: "2026-11-21T10:00:00Z", value: {value} }} }}) {{
        coupon {{ percent }} userErrors {{ code }}
      }}
      other: __typename
    }}"""
    if "$" not in value:
        operation = operation.replace("($percent: Int)", "")

    code = await client.code(operation, bearer=manager.access_token)

    assert code in ("BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED")
    assert await database.coupons.count_documents({}) == 0


async def test_an_update_with_the_terms_of_before_is_none(
    client: GraphClient, manager: SignedIn, database: Any
) -> None:
    said = terms(value={"percent": 15}, maxUses=5)
    made = await done(client, CREATE, manager, input={"code": "SAME", "terms": said})
    before = await database.coupons.find_one({})

    same = await done(client, UPDATE, manager, id=made["id"], input={"expectedVersion": 1, "terms": said})
    stale = await refused(client, UPDATE, manager, id=made["id"], input={"expectedVersion": 2, "terms": said})

    assert same == made
    assert stale == [("STALE_VERSION", "input.expectedVersion")]
    assert await database.coupons.find_one({}) == before
    assert await database.coupon_changes.count_documents({}) == 0


async def test_a_coupon_that_has_ended_is_not_made_and_one_that_is_there_can_be_ended(
    client: GraphClient, manager: SignedIn, database: Any
) -> None:
    ended = terms(endsAt=(now() - timedelta(hours=1)).isoformat())

    errors = await refused(client, CREATE, manager, input={"code": "LATE", "terms": ended})
    made = await create(client, manager)
    changed = await done(client, UPDATE, manager, id=made["id"], input={"expectedVersion": 1, "terms": ended})

    assert errors == [("OUT_OF_RANGE", "input.terms.endsAt")]
    assert changed["version"] == 2
    assert await database.coupons.count_documents({}) == 1


async def test_an_update_replaces_all_terms_and_asks_for_the_version(client: GraphClient, manager: SignedIn) -> None:
    made = await create(client, manager, maxUses=5, categories=["OIL"])

    changed = await done(
        client, UPDATE, manager, id=made["id"], input={"expectedVersion": 1, "terms": terms(value={"amount": "50"})}
    )
    stale = await refused(client, UPDATE, manager, id=made["id"], input={"expectedVersion": 1, "terms": terms()})

    assert (changed["kind"], changed["maxUses"], changed["categories"], changed["version"]) == ("FIXED", None, [], 2)
    assert changed["code"] == "WELCOME-10"
    assert stale == [("STALE_VERSION", "input.expectedVersion")]


async def test_of_10_updates_from_one_version_one_is_done(client: GraphClient, manager: SignedIn) -> None:
    made = await create(client, manager)

    answers = await asyncio.gather(
        *(
            payload(client, UPDATE, manager, id=made["id"], input={"expectedVersion": 1, "terms": terms(maxUses=uses)})
            for uses in range(1, 11)
        )
    )

    codes = [[error["code"] for error in answer["userErrors"]] for answer in answers]
    assert sorted(codes) == [[]] + [["STALE_VERSION"]] * 9


async def test_what_a_used_coupon_takes_off_stays_and_the_rest_can_change(
    client: GraphClient, manager: SignedIn, own_shop: Shop
) -> None:
    made = await create(client, manager, maxUses=1)
    assert (await own_shop.place(couponCode="WELCOME-10"))["userErrors"] == []

    other_value = terms(value={"percent": 20}, maxUses=2)
    same_value = terms(maxUses=2, minSubtotal="10")
    in_use = await refused(client, UPDATE, manager, id=made["id"], input={"expectedVersion": 1, "terms": other_value})
    changed = await done(client, UPDATE, manager, id=made["id"], input={"expectedVersion": 1, "terms": same_value})

    assert in_use == [("COUPON_IN_USE", "input.terms.value")]
    assert (changed["percent"], changed["maxUses"], changed["uses"], changed["version"]) == (10, 2, 1, 2)


async def test_a_disabled_coupon_can_be_enabled_again_and_doing_it_twice_changes_nothing(
    client: GraphClient, manager: SignedIn
) -> None:
    made = await create(client, manager)

    states = [await done(client, query, manager, id=made["id"]) for query in (DISABLE, DISABLE, ENABLE, ENABLE)]

    assert [(one["isEnabled"], one["version"]) for one in states] == [(False, 2), (False, 2), (True, 3), (True, 3)]


@pytest.mark.parametrize("id_", ["x", node_id(NodeType.COUPON, NOBODYS), node_id(NodeType.PRODUCT, NOBODYS)])
async def test_a_coupon_that_is_not_there_is_not_found(client: GraphClient, manager: SignedIn, id_: str) -> None:
    update = {"expectedVersion": 1, "terms": terms()}

    for query, variables in ((UPDATE, {"input": update}), (DISABLE, {}), (ENABLE, {})):
        assert await refused(client, query, manager, id=id_, **variables) == [("COUPON_NOT_FOUND", "id")]
    assert await client.data(COUPON, bearer=manager.access_token, code="NOBODY") == {"coupon": None}
    assert await client.data(COUPON, bearer=manager.access_token, code="$ne") == {"coupon": None}


async def test_coupons_are_listed_the_newest_first_and_by_whether_they_are_enabled(
    client: GraphClient, manager: SignedIn
) -> None:
    made = [await create(client, manager, f"NUMBER-{number}") for number in range(5)]
    for one in (made[1], made[3]):
        await done(client, DISABLE, manager, id=one["id"])

    async def codes(**variables: Any) -> list[str]:
        found: list[str] = []
        after = None
        while True:
            page = await payload(client, COUPONS, manager, first=2, after=after, **variables)
            found += [one["code"] for one in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                return found

    assert await codes() == ["NUMBER-4", "NUMBER-3", "NUMBER-2", "NUMBER-1", "NUMBER-0"]
    assert await codes(isEnabled=True) == ["NUMBER-4", "NUMBER-2", "NUMBER-0"]
    assert await codes(isEnabled=False) == ["NUMBER-3", "NUMBER-1"]


async def test_a_coupon_is_read_by_its_id_by_who_keeps_the_catalogue_and_for_others_does_not_exist(
    client: GraphClient, manager: SignedIn
) -> None:
    made = await create(client, manager)
    query = "query ($id: ID!) { node(id: $id) { id ... on Coupon { code uses } } }"

    assert await client.data(query, bearer=manager.access_token, id=made["id"]) == {
        "node": {"id": made["id"], "code": "WELCOME-10", "uses": 0}
    }
    for bearer in (None, (await client.sign_in()).access_token):
        with client.commands.counting() as of_one_that_is_there:
            there = await client.data(query, bearer=bearer, id=made["id"])
        with client.commands.counting() as of_one_that_is_not:
            absent = await client.data(query, bearer=bearer, id=node_id(NodeType.COUPON, NOBODYS))
        assert there == absent == {"node": None}
        assert of_one_that_is_there == of_one_that_is_not == {"find": 1}


# --- customers --------------------------------------------------------------------------------------------------------


async def test_what_the_preview_says_is_what_the_order_costs_and_uses_up_one_use(
    client: GraphClient, manager: SignedIn, shop: Shop
) -> None:
    await create(client, manager)
    before = (await shop.preview())["preview"]["pricing"]

    preview = await shop.preview(couponCode="welcome-10")
    placed = await shop.place(couponCode="welcome-10")

    assert before["couponDiscount"] == {"amount": "0.00"}
    assert preview["userErrors"] == placed["userErrors"] == []
    # 10 % of 2 x 329 + 399
    assert preview["preview"]["pricing"]["couponDiscount"] == {"amount": "105.70"}
    assert preview["preview"]["lines"] == [
        {"product": {"slug": SHAMPOO}, "discount": {"amount": "65.80"}},
        {"product": {"slug": OIL}, "discount": {"amount": "39.90"}},
    ]
    assert placed["order"]["pricing"] == preview["preview"]["pricing"]
    assert placed["order"]["couponCode"] == "WELCOME-10"
    assert (await client.data(COUPON, bearer=manager.access_token, code="WELCOME-10"))["coupon"]["uses"] == 1


async def test_a_free_item_costs_nothing_once(
    client: GraphClient, manager: SignedIn, shop: Shop, products: dict[str, str]
) -> None:
    await create(client, manager, value={"freeProductId": products[SHAMPOO]})

    preview = (await shop.preview(couponCode="WELCOME-10"))["preview"]

    assert [line["discount"] for line in preview["lines"]] == [{"amount": "329.00"}, {"amount": "0.00"}]


async def test_an_order_is_replayed_and_no_second_use_is_used_up(
    client: GraphClient, manager: SignedIn, own_shop: Shop
) -> None:
    await create(client, manager, maxUses=1)
    total = (await own_shop.preview(couponCode="WELCOME-10"))["preview"]["pricing"]["total"]["amount"]
    key = str(uuid4())

    first = await own_shop.place(couponCode="WELCOME-10", idempotencyKey=key, expectedTotal=total)
    again = await own_shop.place(couponCode="WELCOME-10", idempotencyKey=key, expectedTotal=total)

    assert first == again
    assert first["userErrors"] == []
    assert (await client.data(COUPON, bearer=manager.access_token, code="WELCOME-10"))["coupon"]["uses"] == 1


class Refused(NamedTuple):
    """A coupon that does not count, and what is told of it besides its reason."""

    reason: str
    changes: dict[str, Any]
    told: dict[str, Any] = {}  # noqa: RUF012 - nobody changes it
    words: str = "."


TOLD_NOTHING: dict[str, Any] = {
    "minSubtotal": None,
    "categories": [],
    "startsAt": None,
    "endsAt": None,
    "freeProduct": None,
}
_DAY = now().replace(hour=6, minute=0, second=0, microsecond=0)
LATER, EARLIER, ENDED = (f"{_DAY + timedelta(days=days):%Y-%m-%dT%H:%M:%S}.000Z" for days in (2, -2, -1))


@pytest.mark.parametrize(
    "expected",
    [
        Refused("NOT_YET_VALID", {"startsAt": LATER, "categories": ["SERUM"]}, {"startsAt": LATER}),
        Refused("EXPIRED", {"startsAt": EARLIER, "endsAt": ENDED, "minSubtotal": "5000"}, {"endsAt": ENDED}),
        Refused("SIGN_IN_REQUIRED", {"maxUses": 100, "minSubtotal": "5000", "categories": ["SERUM"]}),
        Refused("SIGN_IN_REQUIRED", {"maxUsesPerCustomer": 1}),
        Refused("SIGN_IN_REQUIRED", {"isFirstOrderOnly": True}),
        Refused("BELOW_MINIMUM", {"minSubtotal": "1057.01"}, {"minSubtotal": {"amount": "1057.01"}}, "1057.01"),
        Refused(
            "NOT_FOR_THESE_PRODUCTS",
            {"categories": ["SERUM", "MEDICINE"]},
            {"categories": ["MEDICINE", "SERUM"]},
            "for supplements and serums only",
        ),
    ],
    ids=lambda one: f"{one.reason}-{next(iter(one.changes))}",
)
async def test_a_coupon_that_does_not_count_is_refused_by_preview_and_order_alike(
    client: GraphClient, manager: SignedIn, shop: Shop, database: Any, expected: Refused
) -> None:
    made = await create(client, manager)
    # none is made that has ended
    changed = {"expectedVersion": 1, "terms": terms(**expected.changes)}
    await done(client, UPDATE, manager, id=made["id"], input=changed)

    preview = await shop.preview(couponCode="WELCOME-10")
    placed = await shop.place(couponCode="WELCOME-10", expectedTotal="951.30")

    assert (preview["preview"], placed["order"]) == (None, None)
    assert preview["userErrors"] == placed["userErrors"]
    [error] = placed["userErrors"]
    assert (error["code"], error["path"]) == ("INVALID_COUPON", ["input", "couponCode"])
    assert error["reason"] == expected.reason
    assert {name: error[name] for name in TOLD_NOTHING} == TOLD_NOTHING | expected.told
    assert expected.words in error["message"]
    assert await database.orders.count_documents({}) == 0
    assert (await database.coupons.find_one({}))["uses"] == 0


@pytest.mark.parametrize("code", ["NOBODY-KNOWS", "x", "A" * 10_000, "$ne", "दिवाली"])
async def test_a_code_that_is_none_is_not_found(shop: Shop, database: Any, code: str) -> None:
    preview = await shop.preview(couponCode=code)
    placed = await shop.place(couponCode=code, expectedTotal="1.00")

    assert [error["reason"] for error in (*preview["userErrors"], *placed["userErrors"])] == ["NOT_FOUND"] * 2
    assert await database.orders.count_documents({}) == 0


async def test_the_product_that_would_be_free_is_named_when_no_line_has_it(
    client: GraphClient, manager: SignedIn, shop: Shop, products: dict[str, str]
) -> None:
    await create(client, manager, value={"freeProductId": products[SHAMPOO]})

    refused = await shop.preview(couponCode="WELCOME-10", lines=[{"productId": products[OIL], "quantity": 1}])

    [error] = refused["userErrors"]
    assert (error["reason"], error["freeProduct"]) == ("FREE_ITEM_MISSING", {"slug": SHAMPOO})
    assert error["message"] == (
        "This coupon makes one piece of Stress Defense Shampoo free. Add it to the order, or order without the coupon."
    )


@pytest.mark.parametrize("state", [{"is_active": False}, {"is_in_stock": False}, {"regulatory_class": "SCHEDULE_H"}])
async def test_while_the_free_product_cannot_be_ordered_the_coupon_says_so_and_names_none_to_add(
    client: GraphClient,
    manager: SignedIn,
    shop: Shop,
    products: dict[str, str],
    database: Any,
    *,
    state: dict[str, Any],
) -> None:
    await create(client, manager, value={"freeProductId": products[SHAMPOO]})
    oil = [{"productId": products[OIL], "quantity": 1}]
    before = await database.products.find_one({"slug": SHAMPOO})

    await database.products.update_one({"slug": SHAMPOO}, {"$set": state})
    preview = await shop.preview(couponCode="WELCOME-10", lines=oil)
    placed = await shop.place(couponCode="WELCOME-10", lines=oil, expectedTotal="1.00")
    await database.products.replace_one({"slug": SHAMPOO}, before)
    afterwards = await shop.preview(couponCode="WELCOME-10", lines=oil)

    assert preview["userErrors"] == placed["userErrors"]
    [error] = preview["userErrors"]
    assert (error["reason"], error["freeProduct"]) == ("FREE_ITEM_UNAVAILABLE", None)
    assert "cannot be ordered now" in error["message"]
    assert [error["reason"] for error in afterwards["userErrors"]] == ["FREE_ITEM_MISSING"]
    assert await database.orders.count_documents({}) == 0


async def test_a_coupon_that_is_used_up_is_refused(client: GraphClient, manager: SignedIn, own_shop: Shop) -> None:
    await create(client, manager, maxUses=2)

    reasons = [
        [error["reason"] for error in (await own_shop.place(couponCode="WELCOME-10"))["userErrors"]] for _ in "123"
    ]

    assert reasons == [[], [], ["USED_UP"]]


async def test_a_customer_uses_a_coupon_as_often_as_it_says_and_again_after_calling_an_order_off(
    client: GraphClient, manager: SignedIn, own_shop: Shop, database: Any
) -> None:
    await create(client, manager, maxUsesPerCustomer=2)

    placed = [await own_shop.place(couponCode="WELCOME-10") for _ in range(3)]
    number = placed[0]["order"]["number"]
    await database.orders.update_one({"number": number}, {"$set": {"status": OrderStatus.CANCELLED.value}})
    afterwards = await own_shop.place(couponCode="WELCOME-10")

    assert [[error["reason"] for error in one["userErrors"]] for one in placed] == [[], [], ["ALREADY_USED"]]
    assert afterwards["userErrors"] == []


async def test_a_first_order_is_one_without_an_order_before_that_stands(
    client: GraphClient, manager: SignedIn, own_shop: Shop, database: Any
) -> None:
    await create(client, manager, isFirstOrderOnly=True)
    first = await own_shop.place()

    second = await own_shop.preview(couponCode="WELCOME-10")
    number = first["order"]["number"]
    await database.orders.update_one({"number": number}, {"$set": {"status": OrderStatus.CANCELLED.value}})
    after_it_was_called_off = await own_shop.preview(couponCode="WELCOME-10")

    assert [error["reason"] for error in second["userErrors"]] == ["FIRST_ORDER_ONLY"]
    assert after_it_was_called_off["userErrors"] == []


async def test_others_orders_are_nobodys_uses(
    client: GraphClient, manager: SignedIn, own_shop: Shop, products: dict[str, str]
) -> None:
    """A guest who types the customer's phone uses up nothing of theirs."""
    await create(client, manager, isFirstOrderOnly=True, maxUsesPerCustomer=1)
    other = await open_shop(client, products, (await client.sign_in("9876500077")).access_token)
    guest = await open_shop(client, products)
    assert (await other.place(couponCode="WELCOME-10"))["userErrors"] == []
    assert (await guest.place())["userErrors"] == []

    placed = await own_shop.place(couponCode="WELCOME-10")

    assert placed["userErrors"] == []


async def test_a_coupon_that_is_disabled_after_the_preview_stops_the_order(
    client: GraphClient, manager: SignedIn, shop: Shop, database: Any
) -> None:
    made = await create(client, manager)
    total = (await shop.preview(couponCode="WELCOME-10"))["preview"]["pricing"]["total"]["amount"]
    await done(client, DISABLE, manager, id=made["id"])

    placed = await shop.place(couponCode="WELCOME-10", expectedTotal=total)

    assert [(error["code"], error["reason"]) for error in placed["userErrors"]] == [("INVALID_COUPON", "DISABLED")]
    assert await database.orders.count_documents({}) == 0


async def test_a_coupon_that_changes_after_the_preview_is_a_changed_price(
    client: GraphClient, manager: SignedIn, shop: Shop, database: Any
) -> None:
    made = await create(client, manager)
    total = (await shop.preview(couponCode="WELCOME-10"))["preview"]["pricing"]["total"]["amount"]
    dearer = {"expectedVersion": 1, "terms": terms(value={"percent": 5})}
    await done(client, UPDATE, manager, id=made["id"], input=dearer)

    placed = await shop.place(couponCode="WELCOME-10", expectedTotal=total)

    assert [error["code"] for error in placed["userErrors"]] == ["PRICE_CHANGED"]
    assert await database.orders.count_documents({}) == 0
    assert await uses(database) == 0


async def test_an_order_that_fails_uses_up_nothing(
    client: GraphClient, manager: SignedIn, own_shop: Shop, database: Any
) -> None:
    """The total is another one than expected, and a line cannot be had."""
    await create(client, manager, maxUses=1)

    changed = await own_shop.place(couponCode="WELCOME-10", expectedTotal="1.00")
    withdrawn = await own_shop.place(
        couponCode="WELCOME-10",
        expectedTotal="1.00",
        lines=[{"productId": node_id(NodeType.PRODUCT, NOBODYS), "quantity": 1}],
    )

    assert [error["code"] for error in changed["userErrors"]] == ["PRICE_CHANGED"]
    assert [error["code"] for error in withdrawn["userErrors"]] == ["PRODUCT_UNAVAILABLE"]
    assert (await database.coupons.find_one({}))["uses"] == 0
    assert await database.orders.count_documents({}) == 0


async def test_the_record_of_an_order_names_its_coupon(
    client: GraphClient, manager: SignedIn, shop: Shop, database: Any
) -> None:
    await create(client, manager)
    await shop.place(couponCode="WELCOME-10")

    [stored] = [OrderDocument.model_validate(one) async for one in database.orders.find()]

    coupon = await database.coupons.find_one({})
    assert stored.coupon is not None
    assert (stored.coupon.coupon_id, stored.coupon.code) == (coupon["_id"], "WELCOME-10")


# --- many at once -----------------------------------------------------------------------------------------------------


async def uses(database: Any) -> int:
    [coupon] = [one async for one in database.coupons.find()]
    found: int = coupon["uses"]
    return found


async def patient(buyer: Shop, **changes: Any) -> dict[str, Any]:
    """Return the answer to an order of somebody who tries again when told that the coupon is busy."""
    while True:
        placed = await buyer.place(**changes)
        if [error.get("reason") for error in placed["userErrors"]] != ["BUSY"]:
            return placed


async def test_of_200_orders_at_once_with_a_coupon_of_100_uses_exactly_100_have_it(
    client: GraphClient, manager: SignedIn, products: dict[str, str], database: Any
) -> None:
    """Four customers order fifty times each."""
    await create(client, manager, maxUses=100)
    tokens = [(await client.sign_in(f"98765432{number:02}")).access_token for number in range(4)]
    shops = [await open_shop(client, products, token) for token in tokens]
    total = (await shops[0].preview(couponCode="WELCOME-10"))["preview"]["pricing"]["total"]["amount"]

    answers = await asyncio.gather(
        *(patient(shops[number % 4], couponCode="WELCOME-10", expectedTotal=total) for number in range(200))
    )

    reasons = sorted(error.get("reason") or error["code"] for answer in answers for error in answer["userErrors"])
    assert reasons == ["USED_UP"] * 100
    assert [answer["order"]["couponCode"] for answer in answers if answer["order"]] == ["WELCOME-10"] * 100
    assert await database.orders.count_documents({"coupon.code": "WELCOME-10"}) == 100
    assert await database.orders.count_documents({}) == 100
    assert await uses(database) == 100


async def test_of_20_orders_at_once_a_customer_uses_a_coupon_for_one_each_in_exactly_one(
    client: GraphClient, manager: SignedIn, own_shop: Shop, database: Any
) -> None:
    await create(client, manager, maxUsesPerCustomer=1)
    total = (await own_shop.preview(couponCode="WELCOME-10"))["preview"]["pricing"]["total"]["amount"]

    answers = await asyncio.gather(
        *(patient(own_shop, couponCode="WELCOME-10", expectedTotal=total) for _ in range(20))
    )

    reasons = sorted(error.get("reason") or error["code"] for answer in answers for error in answer["userErrors"])
    assert reasons == ["ALREADY_USED"] * 19
    assert await database.orders.count_documents({}) == 1
    assert await uses(database) == 1


async def test_of_first_orders_at_once_with_different_coupons_exactly_one_is_placed(
    client: GraphClient, manager: SignedIn, own_shop: Shop, products: dict[str, str], database: Any
) -> None:
    """They meet in nothing but the customer: each has a report and a previewed coupon of its own."""
    codes = [f"FIRST-{number}" for number in range(5)]
    for code in codes:
        await create(client, manager, code, isFirstOrderOnly=True)
    shops = [await open_shop(client, products, own_shop.bearer) for _ in codes]
    told = [await agreed(own_shop, code) for code in codes]

    answers = await asyncio.gather(*(shop.place(**one) for shop, one in zip(shops, told, strict=True)))

    reasons = sorted(error.get("reason") or error["code"] for answer in answers for error in answer["userErrors"])
    assert reasons == ["FIRST_ORDER_ONLY"] * 4
    assert await database.orders.count_documents({}) == 1
    assert sorted([one["uses"] async for one in database.coupons.find()]) == [0, 0, 0, 0, 1]


async def test_orders_of_other_processes_with_one_coupon_take_turns_in_the_database(
    client: GraphClient, manager: SignedIn, shop: Shop, started: tuple[Starlette, GraphClient], database: Any
) -> None:
    """Processes do not wait for each other's turns: the transactions alone keep to the limit."""
    await create(client, manager, maxUses=3)
    transactions = Transactions(started[0].state.storage.client, deadline_s=30)

    async def use() -> CouponRefusalReason | None:
        async def work() -> None:
            await redeem_coupon(await find_coupon("WELCOME-10", customer_id=None), customer_id=None)

        try:
            await transactions.run(work)
        except CouponRefused as refused_use:
            return refused_use.reason
        return None

    outcomes = await asyncio.gather(*(use() for _ in range(10)))

    assert Counter(outcomes) == {None: 3, CouponRefusalReason.USED_UP: 7}
    assert await uses(database) == 3


async def test_what_a_transaction_used_up_that_fails_afterwards_is_there_again(
    client: GraphClient, manager: SignedIn, started: tuple[Starlette, GraphClient], database: Any
) -> None:
    await create(client, manager, maxUses=1)
    transactions = Transactions(started[0].state.storage.client, deadline_s=5)

    async def work() -> None:
        await redeem_coupon(await find_coupon("WELCOME-10", customer_id=None), customer_id=None)
        raise LookupError("the order fails")

    with pytest.raises(LookupError):
        await transactions.run(work)

    assert await uses(database) == 0


async def test_an_order_waits_for_its_turn_for_a_while_and_is_then_told_to_try_again() -> None:
    """Whoever holds the turn goes on, and the next one gets it afterwards."""
    turns = CouponTurns(turns=Turns(wait_s=0.01))

    async with turns.take("WELCOME-10"):
        with pytest.raises(CouponRefused, match="Try again in a few seconds") as busy:
            async with turns.take(" welcome-10 "):
                pass
        async with turns.take("OTHER"), turns.take(None), turns.take("no code"):
            pass
    async with turns.take("WELCOME-10"):
        pass

    assert (busy.value.reason, busy.value.is_miss) == (CouponRefusalReason.BUSY, False)


async def test_orders_with_one_coupon_take_their_turns_in_the_order_in_which_they_came() -> None:
    turns = CouponTurns(turns=Turns(wait_s=30))
    has_begun, may_end = asyncio.Event(), asyncio.Event()
    done_by: list[str] = []

    async def first() -> None:
        async with turns.take("WELCOME-10"):
            has_begun.set()
            await may_end.wait()
            done_by.append("first")

    async def second() -> None:
        await has_begun.wait()
        may_end.set()
        async with turns.take("WELCOME-10"):
            done_by.append("second")

    await asyncio.gather(second(), first())

    assert done_by == ["first", "second"]


# --- what it was before -----------------------------------------------------------------------------------------------


async def test_what_a_coupon_was_before_is_kept_with_who_changed_it(
    started: tuple[Starlette, GraphClient], client: GraphClient, manager: SignedIn
) -> None:
    """10 %, then 100 %, then 10 % again."""
    await started[0].state.services.staff.invite("9000000006", [Role.CATALOG_MANAGER], by=None)
    other = await client.sign_in("9000000006")
    viewer = "{ viewer { customer { id } } }"
    ids = [(await client.data(viewer, bearer=one.access_token))["viewer"]["customer"]["id"] for one in (manager, other)]
    made = await create(client, manager, maxUses=5)

    for version, (who, percent) in enumerate(((other, 100), (manager, 10)), start=1):
        changed = {"expectedVersion": version, "terms": terms(value={"percent": percent})}
        await done(client, UPDATE, who, id=made["id"], input=changed)
    await done(client, DISABLE, other, id=made["id"])
    await done(client, DISABLE, manager, id=made["id"])
    await done(client, ENABLE, manager, id=made["id"])
    found = (await payload(client, CHANGES, manager, id=made["id"]))["nodes"]

    shown = [(one["version"], one["percent"], one["maxUses"], one["isEnabled"], one["changedById"]) for one in found]
    assert shown == [
        (5, 10, None, False, ids[0]),
        (4, 10, None, True, ids[1]),
        (3, 100, None, True, ids[0]),
        (2, 10, 5, True, ids[1]),
    ]
    assert all(one["changedAt"] for one in found)


async def test_who_made_and_changed_coupons_is_told_by_name_in_one_command(
    started: tuple[Starlette, GraphClient], client: GraphClient, manager: SignedIn, database: Any
) -> None:
    await started[0].state.services.staff.invite("9000000006", [Role.CATALOG_MANAGER], by=None)
    other = await client.sign_in("9000000006")
    await database.customers.update_one({"phone": "+919000000006"}, {"$set": {"name": "Meera Nair"}})
    made = await create(client, manager)
    for _ in range(3):
        await done(client, DISABLE, other, id=made["id"])
        await done(client, ENABLE, manager, id=made["id"])
    query = """query ($id: ID!) {
      coupons { nodes { createdBy { name } } }
      couponChanges(couponId: $id) { nodes { changedBy { name } } }
    }"""

    with client.commands.counting() as commands:
        found = await client.data(query, bearer=manager.access_token, id=made["id"])

    # nobody has to say their name
    assert found["coupons"]["nodes"] == [{"createdBy": {"name": None}}]
    nameless, named = {"changedBy": {"name": None}}, {"changedBy": {"name": "Meera Nair"}}
    assert found["couponChanges"]["nodes"] == [nameless, named] * 3
    # the two lists, and who did it, for each list
    assert commands["find"] <= 4


async def test_the_changes_of_a_coupon_are_read_page_by_page_and_of_one_coupon_alone(
    client: GraphClient, manager: SignedIn, products: dict[str, str]
) -> None:
    made = await create(client, manager, value={"freeProductId": products[SHAMPOO]})
    other = await create(client, manager, "OTHER")
    for query in (DISABLE, ENABLE, DISABLE):
        await done(client, query, manager, id=made["id"])
    await done(client, DISABLE, manager, id=other["id"])

    first = await payload(client, CHANGES, manager, id=made["id"], first=2)
    second = await payload(client, CHANGES, manager, id=made["id"], first=2, after=first["pageInfo"]["endCursor"])

    assert [[one["version"] for one in page["nodes"]] for page in (first, second)] == [[4, 3], [2]]
    assert [page["pageInfo"]["hasNextPage"] for page in (first, second)] == [True, False]
    assert {one["freeProduct"]["slug"] for one in first["nodes"]} == {SHAMPOO}


@pytest.mark.parametrize("variables", [{"id": "x"}, {"id": node_id(NodeType.PRODUCT, NOBODYS)}])
async def test_changes_are_those_of_a_coupon(client: GraphClient, manager: SignedIn, variables: dict[str, Any]) -> None:
    assert await client.code(CHANGES, bearer=manager.access_token, **variables) == "BAD_USER_INPUT"


async def test_a_change_that_is_refused_leaves_no_trace(client: GraphClient, manager: SignedIn, database: Any) -> None:
    made = await create(client, manager)

    await refused(client, UPDATE, manager, id=made["id"], input={"expectedVersion": 9, "terms": terms()})
    await done(client, ENABLE, manager, id=made["id"])

    assert await database.coupon_changes.count_documents({}) == 0


async def test_of_changes_at_once_each_is_kept(client: GraphClient, manager: SignedIn, database: Any) -> None:
    made = await create(client, manager)

    await asyncio.gather(*(payload(client, query, manager, id=made["id"]) for query in (DISABLE, ENABLE) * 5))

    coupon = await database.coupons.find_one({})
    versions = [one["version"] async for one in database.coupon_changes.find().sort("version")]
    assert versions == list(range(2, coupon["version"] + 1))


# --- guessing ---------------------------------------------------------------------------------------------------------


def guessing(
    settings: Settings, database: Any, *, guests: int = 3, customers: int = 3
) -> AbstractAsyncContextManager[tuple[Starlette, GraphClient, Any]]:
    """An application with so many guesses at coupons in a quarter of an hour, and no other limits."""
    limits = {"coupon_misses_per_ip": guests, "coupon_misses_per_customer": customers}
    rates = UNLIMITED.model_copy(update={name: Rate(limit=limit, period_s=900) for name, limit in limits.items()})
    return own_application(settings, database, rates=rates)


def reasons(answer: dict[str, Any]) -> list[str]:
    return [error.get("reason", error["code"]) for error in answer["userErrors"]]


async def guess(shop: Shop, times: int) -> list[list[str]]:
    return [reasons(await shop.preview(couponCode=f"GUESS-{number}")) for number in range(times)]


PRICED_TO_THE_KEY = """query ($input: PricePreviewInput!) { pricePreview(input: $input) {
  preview { previewKey pricing { total { amount } } } userErrors { code }
} }"""


async def agreed(shop: Shop, code: str | None) -> dict[str, Any]:
    """Return what an order says of a coupon that was previewed."""
    asked = priced(shop.typed) | {"couponCode": code}
    answer = await shop.client.data(PRICED_TO_THE_KEY, bearer=shop.bearer, input=asked)
    preview = answer["pricePreview"]["preview"]
    return {
        "couponCode": code,
        "expectedTotal": preview["pricing"]["total"]["amount"],
        "previewKey": preview["previewKey"],
    }


async def test_who_guesses_codes_is_stopped_and_can_still_order_without_one(
    settings: Settings, manager: SignedIn, shop: Shop, client: GraphClient, database: Any
) -> None:
    await create(client, manager)

    async with guessing(settings, database) as (_, guesser, _vendor):
        guest = shop._replace(client=guesser)
        guesses = await guess(guest, 5)
        hit = await guest.preview(couponCode="WELCOME-10")
        without = await guest.preview()
        ordered = await guest.place()

    assert guesses == [["NOT_FOUND"]] * 3 + [["TOO_MANY_TRIES"]] * 2
    # whoever guesses does not learn of a hit either
    assert reasons(hit) == ["TOO_MANY_TRIES"]
    assert hit["userErrors"][0]["message"] == (
        "Too many coupon codes were tried from your network. Sign in to use a coupon, order without one, or try again "
        "in 15 minutes."
    )
    assert reasons(without) == reasons(ordered) == []


async def test_a_neighbours_typing_errors_take_no_coupon_from_who_is_signed_in(
    settings: Settings, manager: SignedIn, own_shop: Shop, shop: Shop, database: Any
) -> None:
    await create(shop.client, manager)

    async with guessing(settings, database) as (_, network, _vendor):
        guesses = await guess(shop._replace(client=network), 4)
        hers = own_shop._replace(client=network)
        told = await agreed(hers, "WELCOME-10")
        placed = await hers.place(**told)

    assert guesses[-1] == ["TOO_MANY_TRIES"]
    assert placed["userErrors"] == []
    assert placed["order"]["couponCode"] == "WELCOME-10"


async def test_who_is_signed_in_has_guesses_of_their_own_and_takes_nobody_elses(
    settings: Settings, manager: SignedIn, own_shop: Shop, products: dict[str, str], database: Any
) -> None:
    client = own_shop.client
    await create(client, manager)
    other = await open_shop(client, products, (await client.sign_in("9876500077")).access_token)
    guest = await open_shop(client, products)

    async with guessing(settings, database, customers=2) as (_, network, _vendor):
        hers = own_shop._replace(client=network)
        guesses = await guess(hers, 3)
        hit = await hers.preview(couponCode="WELCOME-10")
        ordered = await hers.place(couponCode="WELCOME-10", expectedTotal="951.30")
        # signing in anew is no new account
        again = await network.sign_in()
        hit_again = await hers._replace(bearer=again.access_token).preview(couponCode="WELCOME-10")
        of_others = [await one._replace(client=network).preview(couponCode="WELCOME-10") for one in (other, guest)]

    assert guesses == [["NOT_FOUND"]] * 2 + [["TOO_MANY_TRIES"]]
    assert reasons(hit) == reasons(ordered) == reasons(hit_again) == ["TOO_MANY_TRIES"]
    assert hit["userErrors"][0]["message"] == (
        "Too many coupon codes were tried. Order without a coupon, or try again in 15 minutes."
    )
    assert [reasons(one) for one in of_others] == [[], []]
    assert await database.orders.count_documents({}) == 0


async def test_a_coupon_that_was_previewed_can_be_ordered_with_whatever_others_guessed_since(
    settings: Settings, manager: SignedIn, shop: Shop, client: GraphClient, database: Any
) -> None:
    made = await create(client, manager)
    dearer = {"expectedVersion": 1, "terms": terms(maxDiscount="50")}

    async with guessing(settings, database) as (_, network, _vendor):
        guest = shop._replace(client=network)
        told = await agreed(guest, "welcome-10")
        await guess(guest, 4)
        key = str(uuid4())
        placed, repeated = [await guest.place(**told, idempotencyKey=key) for _ in "12"]
        await done(network, UPDATE, manager, id=made["id"], input=dearer)
        changed = await guest.place(**told)
        await done(network, DISABLE, manager, id=made["id"])
        disabled = await guest.place(**told)

    assert placed["userErrors"] == []
    assert repeated == placed
    # what happened to the coupon is told to who has seen it count
    assert (reasons(changed), reasons(disabled)) == (["PRICE_CHANGED"], ["DISABLED"])
    assert await uses(database) == 1


async def test_who_guessed_too_much_learns_nothing_with_keys_of_other_previews(
    settings: Settings, manager: SignedIn, shop: Shop, client: GraphClient, database: Any
) -> None:
    """What a key stands for can be worked out by who knows the prices; its seal can not."""
    await create(client, manager)
    await create(client, manager, "OTHER-10")

    async with guessing(settings, database) as (_, network, _vendor):
        guest = shop._replace(client=network)
        plain, other, true = [await agreed(guest, code) for code in (None, "OTHER-10", "WELCOME-10")]
        await guess(guest, 4)
        digest, seal = true["previewKey"].split(".")
        keys = {
            "of no coupon": plain["previewKey"],
            "of another coupon": other["previewKey"],
            "worked out": digest,
            "with another's seal": f"{digest}.{other['previewKey'].split('.')[1]}",
            "with a seal cut short": f"{digest}.{seal[:-1]}",
            "with no seal": f"{digest}.",
            "with a made-up seal": f"{digest}.{'A' * 22}",
            "with a strange seal": f"{digest}.é",
            "without": None,
        }
        refused_ = {
            name: [reasons(await guest.place(**true | {"previewKey": key, "couponCode": code})) for code in CODES]
            for name, key in keys.items()
        }
        with network.commands.counting() as commands:
            await guest.place(**true | {"previewKey": digest})
        # the seal alone is as good: who has it has the code
        sealed = await guest.place(**true | {"previewKey": f"x.{seal}"})

    assert refused_ == dict.fromkeys(keys, [["TOO_MANY_TRIES"]] * 2)
    # the limits of orders, and whether it is a repeat: no code is looked up
    assert commands == {"findAndModify": 2, "insert": 1, "abortTransaction": 1}
    assert reasons(sealed) == ["PRICE_CHANGED"]
    assert await database.orders.count_documents({}) == 0
    assert [one["uses"] async for one in database.coupons.find()] == [0, 0]


CODES = ("WELCOME-10", "NOBODY-KNOWS")


async def test_a_coupon_that_is_there_and_does_not_count_is_no_guess(
    settings: Settings, manager: SignedIn, shop: Shop, client: GraphClient, database: Any
) -> None:
    await create(client, manager, minSubtotal="100000")

    async with guessing(settings, database, guests=1) as (_, asker, _vendor):
        answers = [await shop._replace(client=asker).preview(couponCode="WELCOME-10") for _ in range(4)]

    assert [reasons(one) for one in answers] == [["BELOW_MINIMUM"]] * 4
