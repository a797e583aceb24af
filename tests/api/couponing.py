"""Coupons in tests: what staff make of them, and a shop to use them in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

from tests.support import GraphClient, SignedIn, hair_test, order, priced
from traya_gql.app import now

_COUPON = """coupon {
  id code kind percent amount { amount } freeProduct { slug } startsAt endsAt minSubtotal { amount }
  maxDiscount { amount } categories maxUses maxUsesPerCustomer isFirstOrderOnly uses isEnabled version
  createdById
} userErrors { code path message }"""
CREATE = f"mutation ($input: CreateCouponInput!) {{ createCoupon(input: $input) {{ {_COUPON} }} }}"
UPDATE = f"mutation ($id: ID!, $input: UpdateCouponInput!) {{ updateCoupon(id: $id, input: $input) {{ {_COUPON} }} }}"
DISABLE = f"mutation ($id: ID!) {{ disableCoupon(id: $id) {{ {_COUPON} }} }}"
ENABLE = f"mutation ($id: ID!) {{ enableCoupon(id: $id) {{ {_COUPON} }} }}"
COUPON = "query ($code: String!) { coupon(code: $code) { id uses isEnabled } }"
CHANGES = """query ($id: ID!, $first: Int! = 20, $after: String) {
  couponChanges(couponId: $id, first: $first, after: $after) {
    nodes { version kind percent freeProduct { slug } maxUses isEnabled changedById changedAt }
    pageInfo { hasNextPage endCursor }
  }
}"""
COUPONS = """query ($isEnabled: Boolean, $first: Int! = 20, $after: String) {
  coupons(isEnabled: $isEnabled, first: $first, after: $after) {
    nodes { code } pageInfo { hasNextPage endCursor }
  }
}"""
_ERRORS = """userErrors {
  code path message ... on CouponError { reason minSubtotal { amount } categories startsAt endsAt freeProduct { slug } }
}"""
PREVIEW = f"""query ($input: PricePreviewInput!) {{ pricePreview(input: $input) {{
  preview {{
    lines {{ product {{ slug }} discount {{ amount }} }} pricing {{ couponDiscount {{ amount }} total {{ amount }} }}
  }}
  {_ERRORS}
}} }}"""
PLACE = f"""mutation ($input: PlaceOrderInput!) {{ placeOrder(input: $input) {{
  order {{ number couponCode pricing {{ couponDiscount {{ amount }} total {{ amount }} }} }} {_ERRORS}
}} }}"""
SUBMIT = """mutation ($input: SubmitHairTestInput!) {
  submitHairTest(input: $input) { accessToken report { publicId } userErrors { code } }
}"""
SHAMPOO, OIL = "stress-defense-shampoo", "early-stage-hair-growth-oil"
"""Both suit everybody."""


def terms(**changes: Any) -> dict[str, Any]:
    """Return 10 % off everything, since yesterday; `changes` replace fields."""
    return {"value": {"percent": 10}, "startsAt": (now() - timedelta(days=1)).isoformat(), **changes}


async def payload(client: GraphClient, query: str, who: SignedIn, **variables: Any) -> dict[str, Any]:
    [answer] = (await client.data(query, bearer=who.access_token, **variables)).values()
    assert isinstance(answer, dict)
    return answer


async def done(client: GraphClient, query: str, who: SignedIn, **variables: Any) -> dict[str, Any]:
    """Return the coupon that a mutation made or changed."""
    answer = await payload(client, query, who, **variables)
    assert answer["userErrors"] == []
    coupon: dict[str, Any] = answer["coupon"]
    return coupon


async def create(client: GraphClient, manager: SignedIn, code: str = "WELCOME-10", **changes: Any) -> dict[str, Any]:
    """Make a coupon; one that has ended already is ended after it was made."""
    said = terms(**changes)
    ends_at = said.get("endsAt")
    has_ended = ends_at is not None and datetime.fromisoformat(ends_at) <= now()
    made = await done(
        client, CREATE, manager, input={"code": code, "terms": said | ({"endsAt": None} if has_ended else {})}
    )
    if not has_ended:
        return made
    return await done(client, UPDATE, manager, id=made["id"], input={"expectedVersion": 1, "terms": said})


async def refused(client: GraphClient, query: str, who: SignedIn, **variables: Any) -> list[tuple[str, str]]:
    """Return codes and paths of a mutation that did nothing."""
    answer = await payload(client, query, who, **variables)
    assert answer["coupon"] is None
    return [(error["code"], ".".join(error["path"])) for error in answer["userErrors"]]


class Shop(NamedTuple):
    """A report to order from, of a customer or of a guest (`bearer` None)."""

    client: GraphClient
    typed: dict[str, Any]
    bearer: str | None

    async def preview(self, **changes: Any) -> dict[str, Any]:
        asked = await self.client.data(PREVIEW, bearer=self.bearer, input=priced(self.typed | changes))
        answer: dict[str, Any] = asked["pricePreview"]
        return answer

    async def place(self, **changes: Any) -> dict[str, Any]:
        typed = {**self.typed, "idempotencyKey": str(uuid4()), **changes}
        answer: dict[str, Any] = (await self.client.data(PLACE, bearer=self.bearer, input=typed))["placeOrder"]
        return answer


async def open_shop(client: GraphClient, products: dict[str, str], bearer: str | None = None) -> Shop:
    submitted = (await client.data(SUBMIT, bearer=bearer, input=hair_test()))["submitHairTest"]
    lines = [{"productId": products[SHAMPOO], "quantity": 2}, {"productId": products[OIL], "quantity": 1}]
    return Shop(client, order(submitted["report"]["publicId"], lines=lines), bearer)
