"""Placing an order and reading it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import strawberry

from traya_gql.context import Grant, Info, Kind
from traya_gql.domain.addresses import TypedAddress
from traya_gql.guards import ANYONE, ORDER_TOKEN, mutation_field, query_field
from traya_gql.schema.addresses import AddressInput
from traya_gql.schema.common import BadUserInput, NodeType, read_node_id
from traya_gql.schema.orders import Order, PlaceOrderInput, PlaceOrderPayload
from traya_gql.services.idempotency import IdempotencyConflict, IdempotencyInProgress
from traya_gql.services.orders import (
    ORDER_INPUT_CODES,
    LinesRefused,
    OrderedLine,
    PlaceOrder,
    ReportNotFound,
)


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
        grant = info.context.read_token(access_token)
        if grant is None or grant.kind is not Kind.ORDER:
            return None
        record = await info.context.loaders.order_by_id.load(grant.id)
        return None if record is None else Order.of(record, info.context.viewer.with_grant(grant))


@strawberry.type
class OrderMutations:
    @mutation_field(
        guard=ANYONE,
        description=(
            "Order from a report at today's prices. The answers behind the report are checked again on the final "
            "lines. The order is stored as a whole or not at all."
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
    ) -> PlaceOrderPayload:
        placed = await info.context.services.orders.place(_command(input_))
        viewer = info.context.viewer.with_grant(Grant(Kind.ORDER, placed.order.id))
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
            OrderedLine(product_id=_product_key(line.product_id), quantity=line.quantity) for line in typed.lines
        )
    return PlaceOrder(
        idempotency_key=typed.idempotency_key,
        report_public_id=typed.report_public_id,
        phone=typed.phone,
        lines=lines,
        shipping_address=_address(typed.shipping_address),
        billing_address=None if typed.billing_address is None else _address(typed.billing_address),
        payment_method=typed.payment_method,
    )


def _product_key(raw: str) -> UUID | None:
    """Return the key of a product's id; None for anything else, so that the refusal can name its line."""
    try:
        key = read_node_id(raw)
    except BadUserInput:
        return None
    return key.uuid() if key.type is NodeType.PRODUCT else None


def _address(typed: AddressInput) -> TypedAddress:
    return TypedAddress(
        name=typed.name,
        address_line=typed.address_line,
        city=typed.city,
        state=typed.state,
        pin_code=typed.pin_code,
        country=typed.country,
    )
