"""A kit as it was recommended, shown today: what today's rules, texts and stock still let its reader order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.support import SAFE, GraphClient, hair_test, order
from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.ruleset.gates import suits_everybody
from traya_gql.domain.ruleset.rules import current_ruleset

PRODUCTS = {seed.slug: seed.product for seed in catalogue()}

KIT = """{
  items { canBeOrdered needsPrescription product { slug } }
  price { amount }
  offers { kind months lines { quantity product { slug } } price { amount } }
}"""
SUBMIT = f"""mutation ($input: SubmitHairTestInput!) {{
  submitHairTest(input: $input) {{ accessToken report {{ publicId kit {KIT} }} userErrors {{ code path }} }}
}}"""
REPORT = """query ($publicId: String!, $accessToken: String) {
  report(publicId: $publicId, accessToken: $accessToken) { FIELDS }
}"""
PLACE = """mutation ($input: PlaceOrderInput!) {
  placeOrder(input: $input) {
    order { lines { quantity product { slug } } pricing { subtotal { amount } total { amount } } }
    userErrors { code path }
  }
}"""

PERSON: dict[str, Any] = {**SAFE, "pattern": "STAGE_2", "allergies": "NEEM", "dandruff": "HEAVY"}
OIL, SHAMPOO, DRUG, CAPSULES = (
    "early-stage-hair-growth-oil",
    "dandruff-control-shampoo",
    "minoxidil-5-solution",
    "scalp-health-capsules",
)


@dataclass(frozen=True)
class Page:
    """The page of a report, and what its reader can order from it: with the report's token, or by its link alone."""

    client: GraphClient
    public_id: str
    token: str | None

    async def kit(self, fields: str = f"kit {KIT}") -> dict[str, Any]:
        found = await self.client.data(
            REPORT.replace("FIELDS", fields), publicId=self.public_id, accessToken=self.token
        )
        kit: dict[str, Any] = found["report"]["kit"]
        return kit

    async def order(self) -> dict[str, Any]:
        """Return the payload of an order without lines."""
        typed = order(self.public_id, reportAccessToken=self.token)
        payload: dict[str, Any] = (await self.client.data(PLACE, input=typed))["placeOrder"]
        return payload


async def pages(client: GraphClient, **changes: Any) -> tuple[Page, Page]:
    """Return the page of a new report for its person, and for whoever has its link."""
    made = (await client.data(SUBMIT, input=hair_test(**{**PERSON, **changes})))["submitHairTest"]
    assert made["userErrors"] == []
    public_id = made["report"]["publicId"]
    return Page(client, public_id, made["accessToken"]), Page(client, public_id, None)


def paise_of(money: dict[str, str]) -> int:
    return round(float(money["amount"]) * 100)


def listed(kit: dict[str, Any]) -> list[str]:
    return [item["product"]["slug"] for item in kit["items"]]


def orderable(kit: dict[str, Any]) -> list[str]:
    return [item["product"]["slug"] for item in kit["items"] if item["canBeOrdered"]]


def offered(kit: dict[str, Any], kind: str = "COMPLETE") -> set[str]:
    offers = (offer for offer in kit["offers"] if offer["kind"] == kind)
    return {line["product"]["slug"] for offer in offers for line in offer["lines"]}


async def assert_costs_what_an_order_costs(page: Page) -> None:
    """Check that what can be ordered, the price, the first offer and an order without lines say the same."""
    kit = await page.kit()
    ordered = await page.order()
    wanted = orderable(kit)
    if not wanted:
        assert [(error["code"], error["path"]) for error in ordered["userErrors"]] == [("REQUIRED", ["input", "lines"])]
        assert (kit["price"]["amount"], kit["offers"]) == ("0.00", [])
        return
    lines = [{"quantity": PRODUCTS[slug].monthly_quantity, "product": {"slug": slug}} for slug in wanted]
    assert ordered["userErrors"] == []
    assert ordered["order"]["lines"] == lines
    assert ordered["order"]["pricing"]["subtotal"] == kit["price"]
    first = kit["offers"][0]
    assert (first["kind"], first["months"], first["lines"], first["price"]) == ("COMPLETE", 1, lines, kit["price"])
    assert offered(kit) == set(wanted)
    assert kit["price"]["amount"] == f"{sum(PRODUCTS[slug].monthly_price_paise for slug in wanted) / 100:.2f}"


# --- for its person -----------------------------------------------------------------------------------------------


async def test_at_first_all_can_be_ordered_but_what_needs_a_prescription(client: GraphClient) -> None:
    own, by_link = await pages(client)

    kit = await own.kit()

    assert [item["canBeOrdered"] for item in kit["items"]] == [not item["needsPrescription"] for item in kit["items"]]
    assert set(listed(kit)) - set(orderable(kit)) == {DRUG}
    assert {SHAMPOO, CAPSULES} <= set(orderable(kit))
    await assert_costs_what_an_order_costs(own)
    assert orderable(await by_link.kit()) == listed(await by_link.kit()) != []
    await assert_costs_what_an_order_costs(by_link)


async def test_an_offer_shows_what_its_price_is_made_of_and_holds_no_more_than_its_labels_allow(
    client: GraphClient, database: Any
) -> None:
    await database.products.update_one({"slug": CAPSULES}, {"$set": {"most_months": 2}})
    own, by_link = await pages(client)
    fields = "kit { offers { months subtotal { amount } discountPercent discount { amount } price { amount } FIELDS } }"
    lines = "lines { quantity product { slug monthlyQuantity mostMonths price { amount } } }"

    for page in (own, by_link):
        found = (await page.kit(fields.replace("FIELDS", lines)))["offers"]

        assert found
        for offer in found:
            wholes = 0
            for line in offer["lines"]:
                one = line["product"]
                limit = one["mostMonths"] or offer["months"]
                assert line["quantity"] == one["monthlyQuantity"] * min(offer["months"], limit)
                wholes += line["quantity"] * paise_of(one["price"])
            assert paise_of(offer["subtotal"]) == wholes
            assert paise_of(offer["discount"]) == (wholes * offer["discountPercent"] + 50) // 100
            assert paise_of(offer["price"]) == wholes - paise_of(offer["discount"])
    limits = {
        line["product"]["mostMonths"]
        for offer in (await own.kit(fields.replace("FIELDS", lines)))["offers"]
        for line in offer["lines"]
    }
    assert limits >= {2, None}


async def test_a_cheap_kit_that_is_the_whole_one_is_offered_once(client: GraphClient, database: Any) -> None:
    first, _ = await pages(client)
    on_the_scalp = [one for one in orderable(await first.kit()) if PRODUCTS[one].category.value in {"OIL", "SHAMPOO"}]
    await database.products.update_many({"slug": {"$in": on_the_scalp}}, {"$set": {"price_paise": 10_000}})
    own, _ = await pages(client)
    before = await own.kit()
    assert offered(before, "BASIC") == set(on_the_scalp) < offered(before)

    await database.products.update_many({"slug": {"$nin": on_the_scalp}}, {"$set": {"is_in_stock": False}})

    after = await own.kit()
    assert offered(after) == set(on_the_scalp)
    assert {offer["kind"] for offer in after["offers"]} == {"COMPLETE"}


SINCE: dict[str, dict[str, Any]] = {
    "got an allergen": {"$push": {"ingredients": "NEEM"}},
    "got a claim": {"$set": {"benefits": ["Guaranteed to cure baldness."]}},
    "got a claim in Hindi": {"$set": {"usage.hi": "इससे गंजापन जड़ से ख़त्म हो जाएगा, गारंटी है।"}},
    "is out of stock": {"$set": {"is_in_stock": False}},
    "is not sold any more": {"$set": {"is_active": False}},
    "needs a prescription now": {"$set": {"regulatory_class": "SCHEDULE_H"}},
    "got iron": {"$push": {"ingredients": "IRON", "actives": "IRON"}},
}


@pytest.mark.parametrize("since", SINCE)
async def test_what_may_not_be_sold_today_is_listed_and_counts_into_no_price(
    client: GraphClient, database: Any, since: str
) -> None:
    own, _ = await pages(client)
    before = await own.kit()

    await database.products.update_one({"slug": SHAMPOO}, SINCE[since])

    after = await own.kit()
    assert listed(after) == listed(before)
    assert orderable(after) == [slug for slug in orderable(before) if slug != SHAMPOO]
    assert float(before["price"]["amount"]) - float(after["price"]["amount"]) == (
        PRODUCTS[SHAMPOO].monthly_price_paise / 100
    )
    assert SHAMPOO in offered(before)
    assert SHAMPOO not in offered(after)
    await assert_costs_what_an_order_costs(own)


@pytest.mark.parametrize("since", SINCE)
async def test_the_cheap_kit_is_offered_without_it_too(client: GraphClient, database: Any, since: str) -> None:
    own, _ = await pages(client)
    before = offered(await own.kit(), "BASIC")
    assert OIL in before

    await database.products.update_one({"slug": OIL}, SINCE[since])

    assert offered(await own.kit(), "BASIC") == before - {OIL}


async def test_a_kit_of_which_nothing_is_left_costs_nothing_and_cannot_be_ordered(
    client: GraphClient, database: Any
) -> None:
    own, by_link = await pages(client)
    before = [await page.kit() for page in (own, by_link)]

    await database.products.update_many({}, {"$set": {"is_in_stock": False}})

    for page, kit in zip((own, by_link), before, strict=True):
        after = await page.kit()
        assert (listed(after), orderable(after)) == (listed(kit), [])
        await assert_costs_what_an_order_costs(page)


async def test_a_price_that_changed_is_todays(client: GraphClient, database: Any) -> None:
    own, _ = await pages(client)

    await database.products.update_many({}, {"$set": {"price_paise": 10_000}})

    kit = await own.kit()
    months = sum(PRODUCTS[slug].monthly_quantity for slug in orderable(kit))
    pricing = (await own.order())["order"]["pricing"]
    assert kit["price"]["amount"] == f"{100 * months}.00" == pricing["subtotal"]["amount"]


@pytest.mark.parametrize(
    "fields",
    [
        "kit { price { amount } }",
        "kit { items { canBeOrdered } }",
        "kit { offers { price { amount } } }",
        "kit { costs: price { amount } }",
        "kit { items { ...Today } } } } fragment Today on KitItem { canBeOrdered",
    ],
)
async def test_what_is_said_of_today_does_not_depend_on_what_else_is_asked(
    client: GraphClient, database: Any, fields: str
) -> None:
    """The hair test is loaded for those alone who ask for what depends on it."""
    own, by_link = await pages(client)
    await database.products.update_one({"slug": SHAMPOO}, SINCE["got an allergen"])
    await database.products.update_one({"slug": OIL}, SINCE["got a claim"])
    query = REPORT.replace("FIELDS", fields)
    if "fragment" in fields:
        query = query.removesuffix("}\n}") + "}"

    for page in (own, by_link):
        whole = await page.kit()
        asked = await client.data(query, publicId=page.public_id, accessToken=page.token)

        for name, value in asked["report"]["kit"].items():
            if name == "items":
                assert value == [{"canBeOrdered": item["canBeOrdered"]} for item in whole["items"]]
            elif name == "offers":
                assert value == [{"price": offer["price"]} for offer in whole["offers"]]
            else:
                assert value == whole["price"]


# --- by link ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("since", sorted(set(SINCE) - {"got an allergen"}))
async def test_by_link_too_what_may_not_be_sold_today_is_listed_and_counts_into_no_price(
    client: GraphClient, database: Any, since: str
) -> None:
    _, by_link = await pages(client)
    before = await by_link.kit()

    await database.products.update_one({"slug": OIL}, SINCE[since])

    after = await by_link.kit()
    assert listed(after) == listed(before)
    assert orderable(after) == [slug for slug in orderable(before) if slug != OIL]
    assert OIL in offered(before)
    assert OIL not in offered(after)
    await assert_costs_what_an_order_costs(by_link)


async def test_by_link_an_allergen_is_not_told_by_the_page_and_the_order_is_refused_whole(
    client: GraphClient, database: Any
) -> None:
    own, by_link = await pages(client)
    _, of_somebody_else = await pages(client, allergies="NONE")

    await database.products.update_one({"slug": OIL}, SINCE["got an allergen"])

    kit = await by_link.kit()
    assert kit == await of_somebody_else.kit()
    assert OIL in orderable(kit)
    assert [(error["code"], error["path"]) for error in (await by_link.order())["userErrors"]] == [
        ("SAFETY_BLOCK", ["input", "lines"])
    ]
    await assert_costs_what_an_order_costs(of_somebody_else)
    assert OIL not in orderable(await own.kit())


async def test_by_link_what_no_longer_suits_everybody_is_held_back_from_all_alike(
    client: GraphClient, database: Any
) -> None:
    """Whether it may be sold to this person would tell what was answered."""
    _, by_link = await pages(client)
    _, of_somebody_else = await pages(client, healthConditions="ASTHMA", medicines="OTHER")
    assert OIL in orderable(await by_link.kit())
    changed = {"actives": ("ROSEMARY_OIL",), "ingredients": ("ROSEMARY_OIL",)}
    assert not suits_everybody(PRODUCTS[OIL].model_copy(update=changed), current_ruleset())

    await database.products.update_one({"slug": OIL}, {"$set": changed})

    kit = await by_link.kit()
    assert OIL in listed(kit)
    assert OIL not in orderable(kit)
    assert kit == await of_somebody_else.kit()
    await assert_costs_what_an_order_costs(by_link)
