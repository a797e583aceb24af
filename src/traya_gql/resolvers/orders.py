"""Placing an order and reading it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import strawberry

from traya_gql.context import Grant, Info, Kind
from traya_gql.documents.orders import OrderRecord
from traya_gql.domain.addresses import AddressWarning, warnings_of
from traya_gql.guards import ANYONE, ORDER_TOKEN, mutation_field, query_field
from traya_gql.schema.addresses import InputWarning
from traya_gql.schema.orders import Order, PlaceOrderInput, PlaceOrderPayload
from traya_gql.schema.prices import report_access, wanted_lines
from traya_gql.services.buyers import LinesRefused
from traya_gql.services.coupons import CouponRefused
from traya_gql.services.idempotency import IdempotencyConflict, IdempotencyInProgress
from traya_gql.services.orders import ORDER_INPUT_CODES, PlaceOrder, PriceChanged
from traya_gql.services.prices import NotServiceable
from traya_gql.services.reports import ReportNotFound


@strawberry.type
class OrderQueries:
    @query_field(
        guard=ORDER_TOKEN,
        description="The order that an access token opens. Null when the token is expired, forged or not an order's.",
    )
    async def order(
        self,
        info: Info,
        access_token: Annotated[
            str, strawberry.argument(description="The token that `placeOrder` returned with the order.")
        ],
    ) -> Order | None:
        viewer = info.context.viewer
        grant = info.context.read_token(access_token)
        if grant is None or grant.kind is not Kind.ORDER:
            return None
        record = await info.context.loaders.order_by_id.load(grant.id)
        return None if record is None else Order.of(record, viewer.with_grant(grant))


@strawberry.type
class OrderMutations:
    @mutation_field(
        guard=ANYONE,
        description=(
            "Order from a report at the price that `pricePreview` told: if it costs anything else now, PRICE_CHANGED "
            "brings the new price, and nothing is ordered. The safety rules of today are applied to the final lines: "
            "SAFETY_BLOCK says what stands in the way. Who has nothing but the report's link can order what suits "
            "everybody; for all else REPORT_ACCESS_REQUIRED, and for a day for everything, when two such orders from "
            "it were a SAFETY_BLOCK. The order is stored as a whole or not at all. It belongs to the customer who "
            "is signed in; a guest's can be claimed by whoever signs in with the phone. Too many, refused ones among "
            "them: RATE_LIMITED."
        ),
        input_codes=ORDER_INPUT_CODES,
        refusals=(
            ReportNotFound,
            LinesRefused,
            NotServiceable,
            CouponRefused,
            PriceChanged,
            IdempotencyConflict,
            IdempotencyInProgress,
        ),
    )
    async def place_order(
        self,
        info: Info,
        input_: Annotated[PlaceOrderInput, strawberry.argument(name="input", description="The order.")],
    ) -> PlaceOrderPayload | None:
        context = info.context
        access = report_access(input_, context)
        placed = await context.services.orders.place(_command(input_), asker=context.asker, access=access)
        viewer = context.viewer.with_grant(Grant(Kind.ORDER, placed.order.id))
        return PlaceOrderPayload(
            order=Order.of(placed.order, viewer),
            access_token=placed.access.token,
            access_token_expires_at=placed.access.expires_at,
            is_replay=placed.is_replay,
            warnings=InputWarning.all_of(_warnings(placed.order, is_billing_typed=input_.billing_address is not None)),
        )


def _warnings(order: OrderRecord, *, is_billing_typed: bool) -> Sequence[AddressWarning]:
    found = warnings_of(order.shipping_address, "shippingAddress")
    return found + (warnings_of(order.billing_address, "billingAddress") if is_billing_typed else ())


def _command(typed: PlaceOrderInput) -> PlaceOrder:
    return PlaceOrder(
        idempotency_key=typed.idempotency_key,
        report_public_id=typed.report_public_id,
        phone=typed.phone,
        lines=wanted_lines(typed.lines),
        kit=None if typed.kit is None else typed.kit.choice(),
        coupon_code=typed.coupon_code,
        expected_total=typed.expected_total,
        preview_key=typed.preview_key,
        shipping_address=typed.shipping_address.typed(),
        billing_address=None if typed.billing_address is None else typed.billing_address.typed(),
        payment_method=typed.payment_method,
    )
