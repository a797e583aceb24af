"""What an order costs, said before it is placed and when it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from starlette.applications import Starlette

from tests.support import SAFE, GraphClient, SignedIn, counts, hair_test, order, priced
from traya_gql.app import now
from traya_gql.domain.addresses import TypedAddress
from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.days import day_in_india
from traya_gql.domain.delivery import Zone, delivery_rules
from traya_gql.domain.orders import PaymentMethod
from traya_gql.domain.states import IndianState
from traya_gql.schema.common import NodeType, node_id
from traya_gql.services import Services
from traya_gql.services.asker import Asker
from traya_gql.services.orders import PlaceOrder
from traya_gql.services.prices import PreviewPrice, Price
from traya_gql.services.wanted import WantedLine

PRODUCTS = {seed.slug: seed for seed in catalogue()}
OIL, SHAMPOO, SERUM = "stress-relief-hair-oil", "gentle-cleansing-shampoo", "calm-scalp-serum"

TAX = """hsn ratePercent taxableValue { amount } cgst { amount } sgst { amount } igst { amount } total { amount }"""
LINES = f"""lines {{
  productName quantity unitPrice {{ amount }} total {{ amount }} discount {{ amount }}
  kitDiscount {{ amount }} couponDiscount {{ amount }} payable {{ amount }}
  tax {{ {TAX} }} product {{ slug }}
}}"""
PRICING = f"""pricing {{
  subtotal {{ amount }} kitDiscount {{ amount }} couponDiscount {{ amount }} discount {{ amount }}
  shipping {{ amount }} shippingTax {{ {TAX} }}
  tax {{ taxableValue {{ amount }} cgst {{ amount }} sgst {{ amount }} igst {{ amount }} total {{ amount }} }}
  total {{ amount }}
}}"""
SHARED = f"{LINES} {PRICING} kit {{ kind months }} couponCode deliveryEstimate {{ earliest latest }}"
PREVIEW_FIELDS = f"""{SHARED}
  previewKey deliveryZone freeShippingFrom {{ amount }}
  cashOnDelivery {{ isAvailable reason }} warnings {{ code message path }} pricedAt"""
PREVIEW = f"""query ($input: PricePreviewInput!) {{
  pricePreview(input: $input) {{ preview {{ {PREVIEW_FIELDS} }} userErrors {{ code message path }} }}
}}"""
PLACE = f"""mutation ($input: PlaceOrderInput!) {{
  placeOrder(input: $input) {{
    isReplay order {{ number {SHARED} }} preview {{ {PREVIEW_FIELDS} }} warnings {{ code path }}
    userErrors {{ __typename code message path }}
  }}
}}"""
SUBMIT = """mutation ($input: SubmitHairTestInput!) { submitHairTest(input: $input) { accessToken } }"""
OFFERS = """query ($publicId: String!, $accessToken: String) {
  report(publicId: $publicId, accessToken: $accessToken) {
    recovery { expectedMonths }
    kit { price { amount } offers { kind months discountPercent price { amount } lines { quantity product { slug } } } }
  }
}"""


def lines_of(**quantities: int) -> list[dict[str, Any]]:
    """Return lines by slug, with underscores for dashes."""
    return [
        {"productId": node_id(NodeType.PRODUCT, PRODUCTS[slug.replace("_", "-")].id), "quantity": quantity}
        for slug, quantity in quantities.items()
    ]


def paise_of(money: dict[str, str]) -> int:
    return int(Decimal(money["amount"]) * 100)


async def previewed(client: GraphClient, typed: dict[str, Any], *, bearer: str | None = None) -> dict[str, Any]:
    """Return the preview of an order as somebody typed it."""
    answer = (await client.data(PREVIEW, bearer=bearer, input=priced(typed)))["pricePreview"]
    assert answer["userErrors"] == []
    preview: dict[str, Any] = answer["preview"]
    return preview


async def refused(client: GraphClient, typed: dict[str, Any], *, bearer: str | None = None) -> list[tuple[str, str]]:
    """Return code and path of why there is no price; the order is refused for the same."""
    asked = (await client.data(PREVIEW, bearer=bearer, input=priced(typed)))["pricePreview"]
    placed = (await client.data(PLACE, bearer=bearer, input={**typed, "expectedTotal": "1.00"}))["placeOrder"]
    assert (asked["preview"], placed["order"]) == (None, None)
    assert [one["code"] for one in asked["userErrors"]] == [one["code"] for one in placed["userErrors"]]
    return [(one["code"], ".".join(one["path"])) for one in asked["userErrors"]]


async def placed(client: GraphClient, typed: dict[str, Any], *, bearer: str | None = None) -> dict[str, Any]:
    payload: dict[str, Any] = (await client.data(PLACE, bearer=bearer, input=typed))["placeOrder"]
    return payload


def agreeing(preview: dict[str, Any]) -> dict[str, Any]:
    """Return what a customer says who agrees with a preview."""
    return {"expectedTotal": preview["pricing"]["total"]["amount"], "previewKey": preview["previewKey"]}


def own(report: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return an order of who holds the report's token."""
    return order(report["publicId"], reportAccessToken=report["accessToken"], **changes)


# --- the preview is the order -----------------------------------------------------------------------------------------

KARNATAKA = {"state": "KARNATAKA", "pinCode": "560001"}
MUMBAI = {"state": "MAHARASHTRA", "pinCode": "400001", "city": "Mumbai"}
LEH = {"state": "LADAKH", "pinCode": "194101", "city": "Leh"}

WANTED: dict[str, Callable[[], dict[str, Any]]] = {
    "a month of the kit": dict,
    "a quarter": lambda: {"kit": {"months": 3}},
    "the cheap kit": lambda: {"kit": {"kind": "BASIC", "months": 3}},
    "lines": lambda: {"lines": lines_of(stress_relief_hair_oil=2, gentle_cleansing_shampoo=1)},
    "one cheap line": lambda: {"lines": lines_of(gentle_cleansing_shampoo=1)},
}


@pytest.mark.parametrize("place", [KARNATAKA, MUMBAI, LEH], ids=["Bengaluru", "Mumbai", "Leh"])
@pytest.mark.parametrize("wanted", WANTED)
async def test_an_order_costs_what_the_preview_says_and_what_is_shown_adds_up(
    client: GraphClient, report: dict[str, Any], wanted: str, place: dict[str, str]
) -> None:
    typed = own(report, **WANTED[wanted]())
    typed["shippingAddress"] |= place

    preview = await previewed(client, typed)
    made = (await placed(client, {**typed, **agreeing(preview)}))["order"]

    shared = {"lines", "pricing", "kit", "couponCode", "deliveryEstimate"}
    assert {name: made[name] for name in shared} == {name: preview[name] for name in shared}
    check_sums(preview, is_intra_state=place is MUMBAI)


def check_sums(price: dict[str, Any], *, is_intra_state: bool) -> None:
    """Assert that all amounts of a price are the sums of what is shown."""
    pricing, lines = price["pricing"], price["lines"]
    for line in lines:
        assert paise_of(line["total"]) == paise_of(line["unitPrice"]) * line["quantity"]
        assert paise_of(line["payable"]) == paise_of(line["total"]) - paise_of(line["discount"])
        assert paise_of(line["discount"]) == paise_of(line["kitDiscount"]) + paise_of(line["couponDiscount"])
    taxes = [(line["tax"], paise_of(line["payable"])) for line in lines]
    if pricing["shippingTax"] is not None:
        taxes.append((pricing["shippingTax"], paise_of(pricing["shipping"])))
    for tax, gross in taxes:
        parts = {name: paise_of(tax[name]) for name in ("taxableValue", "cgst", "sgst", "igst")}
        assert sum(parts.values()) == gross
        assert paise_of(tax["total"]) == gross - parts["taxableValue"]
        assert (parts["igst"] == 0) if is_intra_state else (parts["cgst"] == parts["sgst"] == 0)
    assert paise_of(pricing["subtotal"]) == sum(paise_of(line["total"]) for line in lines)
    assert paise_of(pricing["discount"]) == sum(paise_of(line["discount"]) for line in lines)
    assert paise_of(pricing["discount"]) == paise_of(pricing["kitDiscount"]) + paise_of(pricing["couponDiscount"])
    for name in ("kitDiscount", "couponDiscount"):
        assert paise_of(pricing[name]) == sum(paise_of(line[name]) for line in lines)
    assert paise_of(pricing["total"]) == (
        paise_of(pricing["subtotal"]) - paise_of(pricing["discount"]) + paise_of(pricing["shipping"])
    )
    for name in ("taxableValue", "cgst", "sgst", "igst", "total"):
        assert paise_of(pricing["tax"][name]) == sum(paise_of(tax[name]) for tax, _ in taxes), name


async def test_a_price_stores_nothing(client: GraphClient, database: Any, report: dict[str, Any]) -> None:
    before = await counts(database, without=("rate_limits", "products"))

    await previewed(client, own(report, kit={"months": 3}))

    assert await counts(database, without=("rate_limits", "products")) == before


async def test_nothing_is_in_the_basket_that_nobody_asked_for(client: GraphClient, report: dict[str, Any]) -> None:
    preview = await previewed(client, own(report, lines=lines_of(gentle_cleansing_shampoo=2)))

    assert [(line["product"]["slug"], line["quantity"]) for line in preview["lines"]] == [(SHAMPOO, 2)]


# --- kits by months ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_reader", [True, False], ids=["reader", "by link"])
async def test_every_offer_of_a_report_is_sold_at_its_price(
    client: GraphClient, report: dict[str, Any], *, is_reader: bool
) -> None:
    token = report["accessToken"] if is_reader else None
    shown = (await client.data(OFFERS, publicId=report["publicId"], accessToken=token))["report"]
    offers = shown["kit"]["offers"]

    found = []
    for offer in offers:
        typed = order(
            report["publicId"], reportAccessToken=token, kit={name: offer[name] for name in ("kind", "months")}
        )
        found.append((await placed(client, typed))["order"])

    assert {offer["months"]: offer["discountPercent"] for offer in offers} == {
        1: 0,
        3: 5,
        shown["recovery"]["expectedMonths"]: 10,
    }
    assert {offer["kind"] for offer in offers} == ({"COMPLETE", "BASIC"} if is_reader else {"COMPLETE"})
    for offer, made in zip(offers, found, strict=True):
        assert made["kit"] == {name: offer[name] for name in ("kind", "months")}
        assert [(line["product"]["slug"], line["quantity"]) for line in made["lines"]] == [
            (line["product"]["slug"], line["quantity"]) for line in offer["lines"]
        ]
        goods = paise_of(made["pricing"]["subtotal"]) - paise_of(made["pricing"]["discount"])
        assert goods == paise_of(offer["price"])
        assert paise_of(made["pricing"]["couponDiscount"]) == 0


async def test_a_kit_is_sold_for_the_months_that_the_report_offers_and_for_no_others(
    client: GraphClient, database: Any, report: dict[str, Any]
) -> None:
    shown = (await client.data(OFFERS, publicId=report["publicId"]))["report"]
    months = shown["recovery"]["expectedMonths"]

    for wrong in (0, -1, 2, months + 1, 2**31 - 1):
        typed = own(report, kit={"months": wrong})
        assert await refused(client, typed) == [("OUT_OF_RANGE", "input.kit.months")], wrong
    answer = (await client.data(PREVIEW, input=priced(own(report, kit={"months": 2}))))["pricePreview"]

    assert answer["userErrors"][0]["message"] == (
        f"A kit of this report is offered for these numbers of months: 1, 3, {months}."
    )
    assert await database.orders.count_documents({}) == 0


async def test_a_kit_and_lines_together_are_refused(client: GraphClient, report: dict[str, Any]) -> None:
    typed = own(report, kit={"months": 3}, lines=lines_of(gentle_cleansing_shampoo=1))

    assert await refused(client, typed) == [("CONTRADICTORY", "input.kit")]


async def test_the_cheap_kit_is_for_who_may_read_the_report(client: GraphClient, report: dict[str, Any]) -> None:
    typed = order(report["publicId"], kit={"kind": "BASIC", "months": 1})

    assert await refused(client, typed) == [("OUT_OF_RANGE", "input.kit.kind")]


async def test_a_report_without_months_offers_no_kits_by_months(client: GraphClient) -> None:
    submitted = await client.data(
        """mutation ($input: SubmitHairTestInput!) {
             submitHairTest(input: $input) { accessToken report { publicId recovery { expectedMonths } } }
           }""",
        input=hair_test(pattern="STAGE_6"),
    )
    public_id = submitted["submitHairTest"]["report"]["publicId"]
    assert submitted["submitHairTest"]["report"]["recovery"]["expectedMonths"] is None

    answer = (await client.data(PREVIEW, input=priced(order(public_id, kit={"months": 3}))))["pricePreview"]

    assert [(one["code"], one["path"]) for one in answer["userErrors"]] == [
        ("OUT_OF_RANGE", ["input", "kit", "months"])
    ]
    assert answer["userErrors"][0]["message"].startswith("No kits by months are offered from this report now.")


# --- what is charged is what was told ---------------------------------------------------------------------------------


async def test_an_order_at_another_price_is_refused_with_the_price_of_now(
    client: GraphClient, database: Any, report: dict[str, Any]
) -> None:
    typed = own(report, lines=lines_of(stress_relief_hair_oil=2))
    told = await previewed(client, typed)
    await database.products.update_one({"slug": OIL}, {"$inc": {"price_paise": 5_000}})
    before = await counts(database, without=("rate_limits", "products"))

    old = {**typed, **agreeing(told)}
    changed = await placed(client, old)
    after = await counts(database, without=("rate_limits", "products"))
    fresh = changed["preview"]
    agreed = await placed(client, {**typed, **agreeing(fresh)})

    assert changed["order"] is None
    assert [(one["code"], one["path"]) for one in changed["userErrors"]] == [
        ("PRICE_CHANGED", ["input", "expectedTotal"])
    ]
    assert after == before
    assert paise_of(fresh["pricing"]["total"]) == paise_of(told["pricing"]["total"]) + 10_000
    assert {**fresh, "pricedAt": None} == {**await previewed(client, typed), "pricedAt": None}
    # the same key: nothing was done under it before
    assert agreed["userErrors"] == []
    assert agreed["order"]["pricing"] == fresh["pricing"]


@pytest.mark.parametrize("expected", [None, "0", "0.01", "1497.01"])
async def test_an_order_is_placed_at_the_expected_total_and_at_no_other(
    client: GraphClient, database: Any, report: dict[str, Any], expected: str | None
) -> None:
    refused_ = await placed(client, own(report, expectedTotal=expected))

    assert [one["code"] for one in refused_["userErrors"]] == ["PRICE_CHANGED"]
    assert refused_["preview"]["pricing"]["total"]["amount"] == "1497.00"
    assert refused_["userErrors"][0]["message"] == (
        "This order costs 1497.00 rupees now. Look at the price, and order again if you agree."
    )
    assert await database.orders.count_documents({}) == 0


async def test_another_kit_that_costs_the_same_is_not_sold_in_place_of_the_one_that_was_shown(
    client: GraphClient, database: Any, report: dict[str, Any]
) -> None:
    typed = own(report, kit={"months": 1})
    told = await previewed(client, typed)
    gone, dearer = (line["product"]["slug"] for line in told["lines"][:2])
    missing = paise_of(told["lines"][0]["total"])
    await database.products.update_one({"slug": gone}, {"$set": {"is_in_stock": False}})
    await database.products.update_one({"slug": dearer}, {"$inc": {"price_paise": missing}})

    changed = await placed(client, {**typed, **agreeing(told)})

    assert [(one["code"], one["path"]) for one in changed["userErrors"]] == [("PRICE_CHANGED", ["input", "previewKey"])]
    assert changed["preview"]["pricing"]["total"] == told["pricing"]["total"]
    assert len(changed["preview"]["lines"]) == len(told["lines"]) - 1
    assert await database.orders.count_documents({}) == 0


@pytest.mark.parametrize("wanted", [{}, {"kit": {"months": 1}}], ids=["a month", "a kit"])
async def test_an_order_that_names_no_lines_brings_the_key_of_its_preview(
    client: GraphClient, database: Any, report: dict[str, Any], wanted: dict[str, Any]
) -> None:
    typed = own(report, **wanted)
    told = agreeing(await previewed(client, typed))

    missing = "Send the `previewKey` of `pricePreview`: without `lines` the total alone does not say what is meant."
    other = "What is ordered is not what was previewed. Look at it again, and order if you agree."
    for key, words in ((None, missing), ("", missing), ("x", other), (told["previewKey"][:-1], other), (".", other)):
        changed = await placed(client, {**typed, **told, "previewKey": key})
        assert changed["userErrors"] == [
            {
                "__typename": "PriceChangedError",
                "code": "PRICE_CHANGED",
                "message": words,
                "path": ["input", "previewKey"],
            }
        ], key
        assert changed["preview"]["previewKey"] == told["previewKey"]
        # whatever the key is, a wrong total is said of the total
        dearer = await placed(client, {**typed, "expectedTotal": "1.00", "previewKey": key})
        assert [one["path"] for one in dearer["userErrors"]] == [["input", "expectedTotal"]], key

    assert await database.orders.count_documents({}) == 0


async def test_an_order_that_names_its_lines_needs_no_key_and_keeps_to_one_that_it_brings(
    client: GraphClient, report: dict[str, Any]
) -> None:
    typed = own(report, lines=lines_of(stress_relief_hair_oil=1))
    told = agreeing(await previewed(client, typed))

    changed = await placed(client, {**typed, **told, "previewKey": "x"})
    made = await placed(client, {**typed, **told, "previewKey": None})

    assert [one["code"] for one in changed["userErrors"]] == ["PRICE_CHANGED"]
    assert made["userErrors"] == []


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ({"hsn": "33059090"}, {}),
        ({"name": "Another Calming Oil"}, {}),
        ({}, {"shippingAddress": {**MUMBAI}}),
        ({}, {"shippingAddress": {**KARNATAKA, "state": "MAHARASHTRA"}}),
    ],
    ids=["another tax rate", "another name", "another place", "another state alone"],
)
async def test_a_key_stands_for_names_taxes_and_days_too_when_the_total_is_the_same(
    client: GraphClient, database: Any, report: dict[str, Any], *, stored: dict[str, str], typed: dict[str, Any]
) -> None:
    wanted = own(report, lines=lines_of(stress_relief_hair_oil=2))
    told = await previewed(client, wanted)
    address = wanted["shippingAddress"] | typed.get("shippingAddress", {})
    if stored:
        await database.products.update_one({"slug": OIL}, {"$set": stored})

    changed = await placed(client, {**wanted, **agreeing(told), "shippingAddress": address})

    assert [(one["code"], one["path"]) for one in changed["userErrors"]] == [("PRICE_CHANGED", ["input", "previewKey"])]
    assert changed["preview"]["pricing"]["total"] == told["pricing"]["total"]
    assert await database.orders.count_documents({}) == 0


async def test_the_same_lines_in_another_order_are_the_same_price(client: GraphClient, report: dict[str, Any]) -> None:
    lines = lines_of(stress_relief_hair_oil=2, gentle_cleansing_shampoo=1, calm_scalp_serum=1)
    told = await previewed(client, own(report, lines=lines))

    made = await placed(client, own(report, lines=lines[::-1], **agreeing(told)))

    assert made["userErrors"] == []
    # shown as they were named
    assert [line["product"]["slug"] for line in made["order"]["lines"]] == [SERUM, SHAMPOO, OIL]


async def test_midnight_alone_moves_the_days_of_delivery_and_is_no_other_price(
    client: GraphClient, started: tuple[Starlette, GraphClient], report: dict[str, Any]
) -> None:
    async def price_at(at: datetime) -> Price:
        asked = PreviewPrice(
            report_public_id=report["publicId"],
            lines=(WantedLine(product_id=PRODUCTS[SHAMPOO].id, quantity=1),),
            kit=None,
            coupon_code=None,
            pin_code="560001",
            state=IndianState.KARNATAKA,
        )
        return await on(started[0].state.services, at).prices.preview(asked, asker=Asker("192.0.2.1"))

    # half an hour before midnight in India, and half an hour after
    before, after = [await price_at(datetime(2026, 11, 19, hour, tzinfo=UTC)) for hour in (18, 19)]
    # the night in which the rate fell: the total stays, what is inside does not
    old, new = [await price_at(datetime(2025, 9, 21, hour, tzinfo=UTC)) for hour in (18, 19)]

    assert after.estimate.latest > before.estimate.latest
    assert after.key == before.key
    assert old.pricing.total_paise == new.pricing.total_paise
    assert old.key != new.key


async def test_a_lower_price_is_told_too_before_it_is_charged(client: GraphClient, report: dict[str, Any]) -> None:
    changed = await placed(client, own(report, expectedTotal="9999.00"))

    assert [one["code"] for one in changed["userErrors"]] == ["PRICE_CHANGED"]


@pytest.mark.parametrize("expected", ["-1", "0.001", "20000001"])
async def test_a_total_that_no_order_has_is_an_error_of_its_field(
    client: GraphClient, report: dict[str, Any], expected: str
) -> None:
    answer = await placed(client, own(report, expectedTotal=expected))

    assert [(one["code"], one["path"]) for one in answer["userErrors"]] == [
        ("OUT_OF_RANGE", ["input", "expectedTotal"])
    ]


async def test_a_repeat_gets_the_first_order_whatever_things_cost_since(
    client: GraphClient, database: Any, report: dict[str, Any]
) -> None:
    typed = own(report, lines=lines_of(stress_relief_hair_oil=1), idempotencyKey=str(uuid4()))
    first = await placed(client, typed)
    await database.products.update_one({"slug": OIL}, {"$inc": {"price_paise": 5_000}})

    same = await placed(client, {**typed, "expectedTotal": first["order"]["pricing"]["total"]["amount"]})
    asked_again = await placed(client, typed)
    without = await placed(client, {**typed, "expectedTotal": None})

    assert first["userErrors"] == []
    for repeat in (same, asked_again, without):
        assert (repeat["isReplay"], repeat["order"]) == (True, first["order"])
    assert await database.orders.count_documents({}) == 1


async def test_a_repeat_with_another_kit_or_coupon_is_another_input(
    client: GraphClient, report: dict[str, Any]
) -> None:
    typed = own(report)
    await placed(client, typed)

    for change in ({"kit": {"months": 3}}, {"couponCode": "NEW-10"}):
        answer = await placed(client, {**typed, **change, "expectedTotal": "1497.00"})
        assert [one["code"] for one in answer["userErrors"]] == ["IDEMPOTENCY_CONFLICT"]


# --- where it goes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "quantity", "zone", "shipping"),
    [
        (MUMBAI, 1, "LOCAL", "29.00"),
        (KARNATAKA, 1, "NATIONAL", "49.00"),
        (LEH, 1, "REMOTE", "79.00"),
        # 279 rupees of shampoo; two are 558, and free
        (LEH, 2, "REMOTE", "0.00"),
    ],
)
async def test_the_parcel_is_charged_by_zone_and_weight_until_it_is_free(
    client: GraphClient, report: dict[str, Any], *, place: dict[str, str], quantity: int, zone: str, shipping: str
) -> None:
    typed = own(report, lines=lines_of(gentle_cleansing_shampoo=quantity))
    typed["shippingAddress"] |= place

    preview = await previewed(client, typed)

    assert (preview["deliveryZone"], preview["pricing"]["shipping"]["amount"]) == (zone, shipping)
    assert (preview["pricing"]["shippingTax"] is None) is (shipping == "0.00")
    estimate = delivery_rules(day_in_india(now())).estimate(Zone(zone), on=day_in_india(now()))
    assert preview["deliveryEstimate"] == {
        "earliest": estimate.earliest.isoformat(),
        "latest": estimate.latest.isoformat(),
    }


async def test_a_heavier_parcel_costs_more(client: GraphClient, database: Any, report: dict[str, Any]) -> None:
    typed = own(report, lines=lines_of(gentle_cleansing_shampoo=1))
    light = await previewed(client, typed)

    await database.products.update_one({"slug": SHAMPOO}, {"$set": {"weight_g": 1_001}})
    heavy = await previewed(client, typed)

    assert (light["pricing"]["shipping"]["amount"], heavy["pricing"]["shipping"]["amount"]) == ("49.00", "89.00")


async def test_cash_on_delivery_is_said_and_why_not(client: GraphClient, report: dict[str, Any]) -> None:
    found = []
    for place, quantity in ((KARNATAKA, 1), (LEH, 1), (KARNATAKA, 20)):
        typed = own(report, lines=lines_of(gentle_cleansing_shampoo=quantity))
        typed["shippingAddress"] |= place
        found.append((await previewed(client, typed))["cashOnDelivery"])

    assert found == [
        {"isAvailable": True, "reason": None},
        {"isAvailable": False, "reason": "ZONE"},
        {"isAvailable": False, "reason": "AMOUNT"},
    ]


async def test_a_cart_that_knows_the_pin_code_alone_has_its_price(client: GraphClient, report: dict[str, Any]) -> None:
    typed = priced(own(report))
    found, asked = [], []
    for pin_code in ("400001", "560001", "160017", "990001", "५६०००१", "540001"):
        where = {**typed, "pinCode": pin_code, "state": None}
        answer = (await client.data(PREVIEW, input=where))["pricePreview"]
        preview = answer["preview"]
        found.append(preview["deliveryZone"] if preview else answer["userErrors"][0]["message"])
        asked.append([(one["code"], one["path"]) for one in answer["userErrors"]])

    assert found == [
        "LOCAL",
        "NATIONAL",
        "This PIN code may lie in Chandigarh or Haryana or Punjab. Name the state.",
        "This is a PIN code of the Army Postal Service. Name the state.",
        # written in Devanagari
        "NATIONAL",
        "We do not deliver to this PIN code. Check it, or name another address.",
    ]
    state = [("REQUIRED", ["input", "state"])]
    assert asked == [[], [], state, state, [], [("NOT_SERVICEABLE", ["input", "pinCode"])]]


async def test_nothing_typed_is_no_coupon(client: GraphClient, report: dict[str, Any]) -> None:
    for blank in ("", "  "):
        preview = await previewed(client, own(report, couponCode=blank))
        assert preview["couponCode"] is None


async def test_nothing_is_sold_to_a_pin_code_that_does_not_exist(
    client: GraphClient, database: Any, report: dict[str, Any]
) -> None:
    typed = own(report)
    typed["shippingAddress"] |= {"pinCode": "540001"}

    asked = (await client.data(PREVIEW, input=priced(typed)))["pricePreview"]["userErrors"]
    answer = (await placed(client, {**typed, "expectedTotal": "1497.00"}))["userErrors"]

    assert [(one["code"], one["path"]) for one in asked] == [("NOT_SERVICEABLE", ["input", "pinCode"])]
    assert [(one["code"], one["path"]) for one in answer] == [
        ("NOT_SERVICEABLE", ["input", "shippingAddress", "pinCode"])
    ]
    assert await database.orders.count_documents({}) == 0


async def test_a_pin_code_of_another_state_is_a_warning_and_no_refusal(
    client: GraphClient, report: dict[str, Any]
) -> None:
    typed = own(report)
    typed["shippingAddress"] |= {"state": "KERALA"}
    typed["billingAddress"] = {**typed["shippingAddress"], "state": "GOA"}

    preview = await previewed(client, typed)
    made = await placed(client, typed)

    assert [(one["code"], one["path"]) for one in preview["warnings"]] == [("PIN_STATE_MISMATCH", ["input", "pinCode"])]
    assert made["userErrors"] == []
    assert made["warnings"] == [
        {"code": "PIN_STATE_MISMATCH", "path": ["input", "shippingAddress", "pinCode"]},
        {"code": "PIN_STATE_MISMATCH", "path": ["input", "billingAddress", "pinCode"]},
    ]


async def test_the_tax_goes_by_where_it_is_delivered_and_not_by_who_is_billed(
    client: GraphClient, report: dict[str, Any]
) -> None:
    typed = own(report, lines=lines_of(gentle_cleansing_shampoo=2))
    mumbai = {**typed["shippingAddress"], **MUMBAI}

    billed_there = await placed(client, {**typed, "billingAddress": mumbai})
    sent_there = await placed(
        client, own(report, lines=typed["lines"], shippingAddress=mumbai, billingAddress=typed["shippingAddress"])
    )

    # 558.00 with 5 percent inside
    assert {name: one["amount"] for name, one in billed_there["order"]["pricing"]["tax"].items()} == {
        "taxableValue": "531.43",
        "cgst": "0.00",
        "sgst": "0.00",
        "igst": "26.57",
        "total": "26.57",
    }
    assert {name: one["amount"] for name, one in sent_there["order"]["pricing"]["tax"].items()} == {
        "taxableValue": "531.42",
        "cgst": "13.29",
        "sgst": "13.29",
        "igst": "0.00",
        "total": "26.58",
    }


async def test_each_line_has_the_rate_of_its_heading_and_the_parcel_the_highest(
    client: GraphClient, database: Any, report: dict[str, Any]
) -> None:
    await database.products.update_many({}, {"$set": {"price_paise": 10_000}})
    typed = own(report, lines=lines_of(gentle_cleansing_shampoo=1, calm_scalp_serum=1))

    preview = await previewed(client, typed)

    assert [(line["tax"]["hsn"], line["tax"]["ratePercent"]) for line in preview["lines"]] == [
        ("33051090", 5),
        ("33059090", 18),
    ]
    assert preview["pricing"]["shippingTax"]["ratePercent"] == 18


# --- on which day -----------------------------------------------------------------------------------------------------


def on(services: Services, at: datetime) -> Services:
    """Return the services as they were at this time."""
    return replace(
        services,
        prices=replace(services.prices, now=lambda: at),
        orders=replace(services.orders, now=lambda: at),
    )


@pytest.mark.parametrize(
    ("at", "rate", "igst"),
    [
        (datetime(2025, 9, 20, 12, tzinfo=UTC), 18, 4256),
        # half past midnight in India, and half an hour before
        (datetime(2025, 9, 21, 18, 0, tzinfo=UTC), 18, 4256),
        (datetime(2025, 9, 21, 19, 0, tzinfo=UTC), 5, 1329),
        (datetime(2025, 9, 25, 12, tzinfo=UTC), 5, 1329),
    ],
)
async def test_an_order_is_taxed_by_the_rates_of_its_day(
    client: GraphClient,
    started: tuple[Starlette, GraphClient],
    report: dict[str, Any],
    *,
    at: datetime,
    rate: int,
    igst: int,
) -> None:
    services = on(started[0].state.services, at)
    wanted = (WantedLine(product_id=PRODUCTS[SHAMPOO].id, quantity=1),)
    asker = Asker("192.0.2.1")
    place = {"name": "Asha Rao", "address_line": "12 MG Road", "city": "Bengaluru", "country": "IN"}

    price = await services.prices.preview(
        PreviewPrice(
            report_public_id=report["publicId"],
            lines=wanted,
            kit=None,
            coupon_code=None,
            pin_code="560001",
            state=IndianState.KARNATAKA,
        ),
        asker=asker,
    )
    made = await services.orders.place(
        PlaceOrder(
            idempotency_key=uuid4(),
            report_public_id=report["publicId"],
            phone="9876543210",
            lines=wanted,
            kit=None,
            coupon_code=None,
            expected_total=Decimal(price.pricing.total_paise) / 100,
            preview_key=price.key,
            shipping_address=TypedAddress(**place, state=IndianState.KARNATAKA, pin_code="560001"),
            billing_address=None,
            payment_method=PaymentMethod.RAZORPAY,
        ),
        asker=asker,
    )

    [line] = made.order.lines
    assert made.order.lines == price.lines
    assert line.tax is not None
    # 279.00 rupees
    assert (line.tax.percent, line.tax.igst_paise, line.tax.taxable_paise) == (rate, igst, 27_900 - igst)
    assert made.order.pricing.tax == price.pricing.tax


# --- who asks ---------------------------------------------------------------------------------------------------------


async def test_signed_in_owners_get_the_price_of_what_they_may_order(client: GraphClient) -> None:
    asha: SignedIn = await client.sign_in()
    submitted = await client.data(
        "mutation ($input: SubmitHairTestInput!) { submitHairTest(input: $input) { report { publicId } } }",
        bearer=asha.access_token,
        input=hair_test(),
    )
    typed = order(submitted["submitHairTest"]["report"]["publicId"])

    hers = await previewed(client, typed, bearer=asha.access_token)
    by_link = await previewed(client, typed)

    assert hers["pricing"]["total"]["amount"] == "1497.00"
    assert by_link["lines"] != hers["lines"]


async def test_by_the_link_alone_prices_tell_nothing_of_an_allergy_and_orders_only_when_all_else_fits(
    client: GraphClient, database: Any
) -> None:
    """Whoever has the link could else learn of answers by asking for prices, and leave no order behind."""
    answers = {"allergies": ["NONE"]}, {"allergies": ["COCONUT_OIL"]}
    seen = []
    for answered in answers:
        submitted = await client.data(
            "mutation ($input: SubmitHairTestInput!) { submitHairTest(input: $input) { report { publicId } } }",
            input=hair_test(**SAFE | answered),
        )
        typed = order(
            submitted["submitHairTest"]["report"]["publicId"],
            lines=lines_of(early_stage_hair_growth_oil=1),
            phone="9876543219",
        )
        preview = await previewed(client, typed)
        told = agreeing(preview)
        steps = []
        for change in ({"expectedTotal": None}, {"expectedTotal": "1.00"}, {**told, "previewKey": "x"}, told):
            payload = await placed(client, {**typed, **change})
            steps.append([one["code"] for one in payload["userErrors"]])
        seen.append(({**preview, "pricedAt": None}, steps))

    (plain, plain_steps), (allergic, allergic_steps) = seen
    assert plain == allergic
    assert plain_steps == [["PRICE_CHANGED"]] * 3 + [[]]
    assert allergic_steps == [["PRICE_CHANGED"]] * 3 + [["SAFETY_BLOCK"]]


async def test_a_product_without_a_known_tax_rate_is_not_sold(
    client: GraphClient, database: Any, report: dict[str, Any]
) -> None:
    await database.products.update_one({"slug": SHAMPOO}, {"$set": {"hsn": "9999"}})
    typed = own(report, lines=lines_of(stress_relief_hair_oil=1, gentle_cleansing_shampoo=1))

    assert await refused(client, typed) == [("PRODUCT_UNAVAILABLE", "input.lines.1.productId")]


# --- words ------------------------------------------------------------------------------------------------------------


async def words(client: GraphClient, typed: dict[str, Any]) -> list[str]:
    """Return what is said about an order that is refused, by price and order alike."""
    asked = (await client.data(PREVIEW, input=priced(typed)))["pricePreview"]
    answer = await placed(client, {**typed, "expectedTotal": "1.00"})
    assert (asked["preview"], answer["order"]) == (None, None)
    told: list[str] = [one["message"] for one in asked["userErrors"]]
    assert told == [one["message"] for one in answer["userErrors"]]
    return told


async def test_what_is_wrong_with_a_line_names_its_product(client: GraphClient, report: dict[str, Any]) -> None:
    [oil, shampoo] = lines_of(stress_relief_hair_oil=21, gentle_cleansing_shampoo=1)

    told = await words(client, own(report, lines=[oil, shampoo, shampoo]))

    assert told == [
        "Stress Relief Hair Oil: quantity must be between 1 and 20.",
        "Gentle Cleansing Shampoo: this product is in another line already. Raise the quantity there instead.",
    ]


async def test_a_product_that_cannot_be_ordered_is_named(
    client: GraphClient, database: Any, report: dict[str, Any]
) -> None:
    await database.products.update_one({"slug": SHAMPOO}, {"$set": {"is_in_stock": False}})

    told = await words(client, own(report, lines=lines_of(stress_relief_hair_oil=1, gentle_cleansing_shampoo=1)))

    assert told == ["Gentle Cleansing Shampoo cannot be ordered now. Take it out of the order."]


async def test_of_a_draft_no_name_is_told(client: GraphClient, database: Any, report: dict[str, Any]) -> None:
    await database.products.update_one({"slug": SHAMPOO}, {"$set": {"is_active": False, "is_draft": True}})
    [line] = lines_of(gentle_cleansing_shampoo=1)
    nobodys = {"productId": node_id(NodeType.PRODUCT, uuid4()), "quantity": 1}

    told = [await words(client, own(report, lines=[one])) for one in (line, nobodys)]
    told += [await words(client, own(report, lines=[one | {"quantity": 0}])) for one in (line, nobodys)]
    told += [await words(client, own(report, lines=[one, one])) for one in (line, nobodys)]

    assert told[::2] == told[1::2]
    assert told[0] == ["This product cannot be ordered now. Take it out of the order."]


async def test_a_token_that_opens_nothing_is_said_to_be_wrong_or_to_have_ended(
    client: GraphClient, started: tuple[Starlette, GraphClient], report: dict[str, Any]
) -> None:
    tokens = started[0].state.services.access_tokens
    of_another = (await client.data(SUBMIT, input=hair_test()))["submitHairTest"]["accessToken"]
    grant = tokens.read_grant(report["accessToken"], now=now())
    ended = tokens.issue(grant, made_at=datetime(2025, 1, 1, tzinfo=UTC)).token
    typed = order(report["publicId"], lines=lines_of(stress_management_supplement=1))
    start = "Stress Management Supplement does not suit everybody. Only the person of the report can order it"

    without = [await words(client, {**typed, "reportAccessToken": token}) for token in (None, "")]
    # a stranger is not told which of these a token is
    wrong = [await words(client, {**typed, "reportAccessToken": token}) for token in ("x", of_another, ended)]
    cheap = await words(client, order(report["publicId"], reportAccessToken="x", kit={"kind": "BASIC", "months": 1}))

    assert without == [[f"{start}: sign in as the report's owner, or send `reportAccessToken`."]] * 2
    but = "and the `reportAccessToken` that was sent is wrong or has ended"
    send = "sign in as the report's owner, or send the one that `submitHairTest` returned."
    assert wrong == [[f"{start}, {but}: {send}"]] * 3
    assert cheap == [f"No cheaper kit is offered here, {but}. Choose the COMPLETE one, or name lines."]


async def test_an_order_of_before_the_split_of_discounts_was_recorded_shows_what_is_sure(
    client: GraphClient, database: Any, report: dict[str, Any]
) -> None:
    query = f"query ($token: String!) {{ order(accessToken: $token) {{ {LINES} }} }}"
    place = "mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { accessToken } }"
    typed = own(report, kit={"months": 3})
    dear, plain = [
        (await client.data(place, input=one))["placeOrder"]["accessToken"]
        for one in (typed, own(report, lines=lines_of(gentle_cleansing_shampoo=1)))
    ]

    shown = (await client.data(query, token=dear))["order"]["lines"]
    await database.orders.update_many({}, {"$unset": {"lines.$[].coupon_discount_paise": ""}})
    older = (await client.data(query, token=dear))["order"]["lines"]
    [undiscounted] = (await client.data(query, token=plain))["order"]["lines"]

    assert all(line["kitDiscount"] == line["discount"] != {"amount": "0.00"} for line in shown)
    assert older == [line | {"kitDiscount": None, "couponDiscount": None} for line in shown]
    assert undiscounted["kitDiscount"] == undiscounted["couponDiscount"] == {"amount": "0.00"}
