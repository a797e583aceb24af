"""Guesses at coupons, many at once, and the orders that are repeated meanwhile."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from starlette.applications import Starlette

from tests.api.couponing import SHAMPOO, Shop, create, open_shop
from tests.applications import UNLIMITED, client_at, own_application
from tests.support import GraphClient, SignedIn, priced
from traya_gql.app import now
from traya_gql.domain.rates import Rate
from traya_gql.domain.roles import Role
from traya_gql.services.coupons import CouponTurns
from traya_gql.services.turns import Turns
from traya_gql.settings import Settings

FEW = UNLIMITED.model_copy(
    update={
        name: Rate(limit=3, period_s=900)
        for name in ("coupon_misses_per_ip", "coupon_misses_per_customer", "report_misses_per_ip")
    }
)
PREVIEW = """query ($input: PricePreviewInput!) { pricePreview(input: $input) {
  preview { previewKey pricing { total { amount } } } userErrors { code ... on CouponError { reason } }
} }"""


@pytest.fixture
async def manager(started: tuple[Starlette, GraphClient], client: GraphClient) -> SignedIn:
    """Staff who keep the catalogue."""
    await started[0].state.services.staff.invite("9000000005", [Role.CATALOG_MANAGER], by=None)
    return await client.sign_in("9000000005")


@pytest.fixture
async def products(client: GraphClient) -> dict[str, str]:
    """The ids of what a shop sells, by slug."""
    query = "query ($slug: String!) { product(slug: $slug) { id } }"
    return {
        slug: (await client.data(query, slug=slug))["product"]["id"]
        for slug in (SHAMPOO, "early-stage-hair-growth-oil")
    }


def told(answer: dict[str, Any]) -> str:
    """Return what one answer tells; "" for a price or an order."""
    return ", ".join(error.get("reason") or error["code"] for error in answer["userErrors"])


async def previewed(shop: Shop, code: str) -> dict[str, Any]:
    asked = priced(shop.typed) | {"couponCode": code}
    answer: dict[str, Any] = (await shop.client.data(PREVIEW, bearer=shop.bearer, input=asked))["pricePreview"]
    return answer


async def agreed(shop: Shop, code: str) -> dict[str, Any]:
    """Return what an order says of a coupon that was previewed."""
    preview = (await previewed(shop, code))["preview"]
    total = preview["pricing"]["total"]["amount"]
    return {"couponCode": code, "expectedTotal": total, "previewKey": preview["previewKey"]}


# --- repeats ----------------------------------------------------------------------------------------------------------


async def test_a_repeat_of_an_order_with_a_coupon_is_its_replay_whatever_was_guessed_and_however_many_wait(
    settings: Settings, manager: SignedIn, products: dict[str, str], client: GraphClient, database: Any
) -> None:
    """A refusal that says "order without it" would else have the client order twice."""
    await create(client, manager)
    guest, customer = None, (await client.sign_in()).access_token
    shops = [await open_shop(client, products, bearer) for bearer in (guest, customer)]

    async with own_application(settings, database, rates=FEW) as (app, network, _vendor):
        services = app.state.services
        busy = CouponTurns(turns=Turns(wait_s=0.001))
        first: dict[str, list[Any]] = {}
        for buyer in [shop._replace(client=network) for shop in shops]:
            agreeing = await agreed(buyer, "WELCOME-10")
            orders = [
                {**agreeing, "idempotencyKey": str(uuid4())},
                {**agreeing, "idempotencyKey": str(uuid4()), "previewKey": None},
            ]
            new = {**orders[1], "idempotencyKey": str(uuid4())}
            placed = [await buyer.place(**one) for one in orders]
            first |= {one["idempotencyKey"]: [buyer, one, answer] for one, answer in zip(orders, placed, strict=True)}

            guesses = [told(await previewed(buyer, f"GUESS-{number}")) for number in range(4)]
            after_guesses = [await buyer.place(**one) for one in (*orders, new)]

            app.state.services = replace(services, orders=replace(services.orders, turns=busy))
            async with client_at(app, "192.0.2.7", network.sms) as elsewhere, busy.take("WELCOME-10"):
                patient = buyer._replace(client=elsewhere)
                while_busy = [await patient.place(**one) for one in (*orders, {**new, **agreeing})]
            app.state.services = services

            assert [told(one) for one in placed] == ["", ""]
            assert guesses == ["NOT_FOUND"] * 3 + ["TOO_MANY_TRIES"]
            assert after_guesses[:2] == while_busy[:2] == placed
            # what is no repeat is refused as before
            assert [told(after_guesses[2]), told(while_busy[2])] == ["TOO_MANY_TRIES", "BUSY"]

        for _ in range(4):
            await network.ask('{ report(publicId: "AAAAAAAAAAAAAAAAAAAAAA") { publicId } }')
        after_links = [await buyer.place(**one) == answer for buyer, one, answer in first.values()]

    assert after_links == [True] * 4
    # and leaves nothing behind: there are the hair tests' keys, and those of the orders
    assert await database.orders.count_documents({}) == 4
    assert await database.idempotency.count_documents({}) == 2 + 4


# --- many at once -----------------------------------------------------------------------------------------------------

CODES = 9
HITS: dict[int, tuple[str, dict[str, Any]]] = {
    0: ("SIGN_IN_REQUIRED", {"maxUses": 100}),
    CODES // 2: ("EXPIRED", {"endsAt": (now() - timedelta(hours=1)).isoformat()}),
    CODES - 1: ("", {}),
}
"""Where the coupon that is there stands among the codes that are tried at once, and what is told of it."""


async def test_of_codes_that_are_guessed_at_once_no_more_are_looked_up_than_one_after_the_other(
    settings: Settings, manager: SignedIn, products: dict[str, str], client: GraphClient, database: Any
) -> None:
    shop = await open_shop(client, products)
    for place, (_, terms) in HITS.items():
        await create(client, manager, f"REAL-{place}", **terms)

    async with own_application(settings, database, rates=FEW) as (app, network, _vendor):
        for number, (field, place) in enumerate(product(("pricePreview", "placeOrder"), HITS)):
            codes = [f"REAL-{place}" if one == place else f"GUESS-{one}" for one in range(CODES)]
            async with client_at(app, f"192.0.2.{number + 1}", network.sms) as guesser:
                with network.commands.counting() as commands:
                    ended = await guessed_at_once(shop._replace(client=guesser), field, codes)

            hit, answers = dict(ended)[f"REAL-{place}"], [answer for _, answer in ended]
            looked_up = 4 + (hit != "TOO_MANY_TRIES")
            assert answers.count("NOT_FOUND") == 3
            assert answers.count("TOO_MANY_TRIES") == CODES - looked_up + 1
            assert hit in {HITS[place][0], "TOO_MANY_TRIES"}
            # report, hair test, products and coupon of each that was looked up
            assert commands["find"] == 4 * looked_up
            # and a hit is told of before the limit is reached, or not at all
            assert set(answers[answers.index("TOO_MANY_TRIES") :]) == {"TOO_MANY_TRIES"}
    assert await database.orders.count_documents({}) == 0


async def guessed_at_once(guest: Shop, field: str, codes: list[str]) -> list[tuple[str, str]]:
    """Return the codes with what was told of each, in the order in which it was."""
    ended: list[tuple[str, str]] = []

    async def guess(code: str) -> None:
        if field == "pricePreview":
            answer = await previewed(guest, code)
        else:
            # a wrong total: of a coupon that counts, the discount would be told with PRICE_CHANGED
            answer = await guest.place(couponCode=code, expectedTotal="1.00")
        ended.append((code, told(answer).replace("PRICE_CHANGED", "")))

    await asyncio.gather(*map(guess, codes))
    return ended
