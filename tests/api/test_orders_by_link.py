"""Orders by a report's link alone: they must not become a way to learn what its person may not have."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from pymongo.read_concern import ReadConcern

from tests.applications import UNLIMITED, client_at, own_application
from tests.support import SAFE, GraphClient, hair_test, order, priced
from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.rates import Rate, Rates
from traya_gql.schema.common import NodeType, node_id
from traya_gql.settings import Settings

RATES = UNLIMITED.model_copy(update={"safety_retries_per_link": Rates().safety_retries_per_link})
SUBMIT = """mutation ($input: SubmitHairTestInput!) {
  submitHairTest(input: $input) { accessToken report { publicId } }
}"""
PLACE = """mutation ($input: PlaceOrderInput!) {
  placeOrder(input: $input) { isReplay order { number } userErrors { code path message } }
}"""
PREVIEW = """query ($input: PricePreviewInput!) {
  pricePreview(input: $input) { preview { previewKey pricing { total { amount } } } userErrors { code } }
}"""
IDS = {seed.slug: node_id(NodeType.PRODUCT, seed.product.id) for seed in catalogue()}
PLAIN, WITH_COCONUT, FOR_SOME = "gentle-cleansing-shampoo", "early-stage-hair-growth-oil", "density-serum"
"""The first two suit everybody who is not allergic."""

BLOCKED = [("SAFETY_BLOCK", "input.lines")]
CLOSED = [("REPORT_ACCESS_REQUIRED", "input.lines")]


async def submitted(client: GraphClient, bearer: str | None = None, **changes: Any) -> dict[str, Any]:
    """Return the report of somebody who is allergic to coconut."""
    answers = hair_test(**{**SAFE, "allergies": "COCONUT_OIL", **changes})
    made: dict[str, Any] = (await client.data(SUBMIT, bearer=bearer, input=answers))["submitHairTest"]
    return made


def of(report: dict[str, Any], slug: str, **changes: Any) -> dict[str, Any]:
    """Return an order of one product by the report's link."""
    return order(report["report"]["publicId"], lines=[{"productId": IDS[slug]}], **changes)


async def placed(client: GraphClient, typed: dict[str, Any], bearer: str | None = None) -> dict[str, Any]:
    agreeing = await client.told(typed, bearer=bearer)
    answer: dict[str, Any] = (await client.data(PLACE, bearer=bearer, input={**agreeing, **typed}))["placeOrder"]
    return answer


def codes(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error["code"], ".".join(error["path"])) for error in answer["userErrors"]]


async def test_after_two_refusals_for_safety_nothing_is_sold_by_the_link_and_no_line_is_looked_at(
    settings: Settings, database: Any
) -> None:
    async with own_application(settings, database, rates=RATES) as (app, client, vendor):
        report, other = [await submitted(client) for _ in "12"]
        stranger = (await client.sign_in("9876500001")).access_token
        asked = priced(of(report, PLAIN))
        price = await client.data(PREVIEW, input=asked)
        before = await placed(client, ordered := of(report, PLAIN))
        refused = [await placed(client, of(report, WITH_COCONUT, phone=f"987650000{number}")) for number in (2, 3)]

        async with client_at(app, "192.0.2.7", vendor) as elsewhere:
            after = [
                await placed(client, of(report, PLAIN)),
                await placed(elsewhere, of(report, WITH_COCONUT)),
                await placed(elsewhere, of(report, PLAIN), stranger),
                await placed(client, of(report, FOR_SOME)),
                await placed(client, of(report, PLAIN, expectedTotal="1.00")),
                await placed(client, of(report, PLAIN, reportAccessToken=other["accessToken"])),
            ]
        with client.commands.counting() as commands:
            await client.data(PLACE, input=of(report, PLAIN, expectedTotal="1.00"))
        repeated = await placed(client, ordered)
        of_another = await placed(client, of(other, PLAIN))
        price_after = await client.data(PREVIEW, input=asked)

    assert codes(before) == codes(of_another) == []
    assert [codes(one) for one in refused] == [BLOCKED] * 2
    assert [codes(one) for one in after] == [CLOSED] * 6
    assert after[0]["userErrors"][0]["message"] == (
        "Only the person of the report can order from it now: sign in as the report's owner, or send "
        "`reportAccessToken`. By the link alone an order can be tried again in 24 hours."
    )
    assert after[5]["userErrors"][0]["message"].startswith(
        "Only the person of the report can order from it now, and the `reportAccessToken` that was sent is wrong or has"
    )
    # the report and its hair test, and no product
    assert commands["find"] == 2
    # a price would else tell that something stands in the way
    assert price_after == price
    # what was placed before stays placed
    assert (repeated["isReplay"], repeated["order"]) == (True, before["order"])
    assert await database.orders.count_documents({}) == 2


async def test_who_may_read_the_report_is_not_counted_and_not_kept_from_ordering(
    settings: Settings, database: Any
) -> None:
    async with own_application(settings, database, rates=RATES) as (_, client, _vendor):
        owner = (await client.sign_in()).access_token
        report = await submitted(client, owner)
        token = {"reportAccessToken": report["accessToken"]}
        own = [await placed(client, of(report, WITH_COCONUT), owner) for _ in "12"]
        by_token = [await placed(client, of(report, WITH_COCONUT, **token)) for _ in "12"]
        still_open = await placed(client, of(report, PLAIN))
        for _ in "12":
            await placed(client, of(report, WITH_COCONUT))
        closed = await placed(client, of(report, PLAIN))
        her_own, with_token = (
            await placed(client, of(report, PLAIN), owner),
            await placed(client, of(report, PLAIN, **token)),
        )

    # told by line, as who may know
    assert [codes(one) for one in own + by_token] == [[("SAFETY_BLOCK", "input.lines.0.productId")]] * 4
    assert (codes(still_open), codes(closed)) == ([], CLOSED)
    assert codes(her_own) == codes(with_token) == []


async def test_a_link_is_closed_for_a_day_at_most_however_often_it_is_tried(settings: Settings, database: Any) -> None:
    """Nobody can keep others from ordering for long; and of who may have everything, nobody can at all."""
    assert Rates().safety_retries_per_link == Rate(limit=1, period_s=24 * 3600)

    async with own_application(settings, database, rates=RATES) as (_, client, _vendor):
        report, safe = await submitted(client), await submitted(client, allergies="NONE")
        for _ in "12":
            await placed(client, of(report, WITH_COCONUT))
        counter = {"_id": {"$regex": "^safety_retries_per_link:"}}
        # counters are not written with a majority
        counters = database.rate_limits.with_options(read_concern=ReadConcern("local"))
        [first] = await counters.find(counter).to_list()
        for _ in "12":
            await placed(client, of(report, WITH_COCONUT))
        [last] = await counters.find(counter).to_list()
        everything = [await placed(client, of(safe, slug)) for slug in (WITH_COCONUT, PLAIN, WITH_COCONUT)]

    assert last == first
    assert [codes(one) for one in everything] == [[]] * 3


async def test_of_orders_at_once_two_are_refused_for_safety_and_what_comes_after_is_not_looked_at(
    settings: Settings, database: Any
) -> None:
    async with own_application(settings, database, rates=RATES) as (_, client, _vendor):
        report = await submitted(client)
        agreed = {slug: await client.told(of(report, slug)) for slug in (WITH_COCONUT, PLAIN)}
        answers = await asyncio.gather(
            *(client.data(PLACE, input=of(report, slug, **told)) for slug, told in list(agreed.items()) * 4)
        )

    found = Counter(str(codes(answer["placeOrder"])) for answer in answers)
    orders = await database.orders.count_documents({})
    assert found == Counter({str(BLOCKED): 2, str(CLOSED): 6 - orders, "[]": orders}) + Counter()
