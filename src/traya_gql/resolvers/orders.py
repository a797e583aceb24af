"""Placing an order and reading it."""

from __future__ import annotations

from typing import Annotated

import strawberry

from traya_gql.context import Grant, Info, Kind
from traya_gql.domain.orders import MAX_LINES
from traya_gql.guards import ANYONE, ORDER_TOKEN, mutation_field, query_field
from traya_gql.schema.common import NodeType, read_key
from traya_gql.schema.orders import Order, PlaceOrderInput, PlaceOrderPayload
from traya_gql.services.idempotency import IdempotencyConflict, IdempotencyInProgress
from traya_gql.services.orders import ORDER_INPUT_CODES, LinesRefused, OrderedLine, PlaceOrder
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
            "Order from a report at today's prices. The safety rules of today are applied to the final lines: "
            "SAFETY_BLOCK says what stands in the way. Who has nothing but the report's link can order what suits "
            "everybody; for all else REPORT_ACCESS_REQUIRED. The order is stored as a whole or not at all. It belongs "
            "to the customer who is signed in; a guest's can be claimed by whoever signs in with the phone. Too many: "
            "RATE_LIMITED."
        ),
        input_codes=ORDER_INPUT_CODES,
        refusals=(
            ReportNotFound,
            LinesRefused,
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
        opened = context.viewer_with(input_.report_access_token).opened(Kind.REPORT)
        placed = await context.services.orders.place(_command(input_), asker=context.asker, opened_reports=opened)
        viewer = context.viewer.with_grant(Grant(Kind.ORDER, placed.order.id))
        return PlaceOrderPayload(
            order=Order.of(placed.order, viewer),
            access_token=placed.access.token,
            access_token_expires_at=placed.access.expires_at,
            is_replay=placed.is_replay,
        )


def _command(typed: PlaceOrderInput) -> PlaceOrder:
    lines = None
    if typed.lines is not None:
        lines = tuple(
            OrderedLine(product_id=read_key(line.product_id, NodeType.PRODUCT), quantity=line.quantity)
            for line in typed.lines[: MAX_LINES + 1]  # one more than is allowed, so that the service can say so
        )
    return PlaceOrder(
        idempotency_key=typed.idempotency_key,
        report_public_id=typed.report_public_id,
        phone=typed.phone,
        lines=lines,
        shipping_address=typed.shipping_address.typed(),
        billing_address=None if typed.billing_address is None else typed.billing_address.typed(),
        payment_method=typed.payment_method,
    )
