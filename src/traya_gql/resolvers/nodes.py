"""Fetching an object again by its global id."""

from __future__ import annotations

import asyncio
from typing import Annotated

import strawberry

from traya_gql.context import Context, Grant, Info, Kind
from traya_gql.guards import ANYONE, query_field
from traya_gql.schema.common import BadUserInput, Node, NodeKey, NodeType, read_node_id
from traya_gql.schema.customers import Customer
from traya_gql.schema.hair_tests import HairTest
from traya_gql.schema.orders import Order
from traya_gql.schema.products import Product
from traya_gql.schema.reports import Report
from traya_gql.services.reports import is_public_id

_MOST_NODES = 100
_WHO = (
    "Products and reports answer to anyone. Hair tests, customers and orders answer to who sends their access token "
    "as a bearer token; for all others they look like something that does not exist."
)


@strawberry.type
class NodeQueries:
    @query_field(guard=ANYONE, description=f"The object with this id, or null. {_WHO}")
    async def node(
        self,
        info: Info,
        id_: Annotated[strawberry.ID, strawberry.argument(name="id", description="A global id.")],
    ) -> Node | None:
        return await _find(read_node_id(id_), info.context)

    @query_field(
        guard=ANYONE,
        description=f"The objects with these ids, in their order; null where there is none. {_WHO}",
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID],
            strawberry.argument(description="Global ids, at most 100. One bad id nulls only its own place."),
        ],
    ) -> list[Node | None]:
        if len(ids) > _MOST_NODES:
            raise BadUserInput(f"`ids` can hold at most {_MOST_NODES} ids.")
        # an error in a list is the error of its own place
        return await asyncio.gather(*(_find_or_refuse(one, info.context) for one in ids))  # type: ignore[return-value]


async def _find_or_refuse(raw: str, context: Context) -> Node | BadUserInput | None:
    try:
        key = read_node_id(raw)
    except BadUserInput as wrong:
        return wrong
    return await _find(key, context)


async def _find(key: NodeKey, context: Context) -> Node | None:  # noqa: PLR0911 - one return a type
    loaders, viewer = context.loaders, context.viewer
    match key.type:
        case NodeType.PRODUCT:
            product = await loaders.product_by_id.load(key.uuid())
            return None if product is None else Product.of(product)
        case NodeType.REPORT:
            report = await loaders.report_by_public_id.load(key.key) if is_public_id(key.key) else None
            return None if report is None else Report.of(report, viewer)
        case NodeType.HAIR_TEST:
            test = await loaders.hair_test_by_id.load(key.uuid())
            if test is None or not viewer.holds(Grant(Kind.REPORT, test.report_id)):
                return None
            return HairTest.of(test, viewer)
        case NodeType.CUSTOMER:
            customer = await loaders.customer_by_id.load(key.uuid())
            if customer is None or not viewer.holds(Grant(Kind.REPORT, customer.report_id)):
                return None
            return Customer.of(customer)
        case NodeType.ORDER:
            if not viewer.holds(grant := Grant(Kind.ORDER, key.uuid())):
                return None
            order = await loaders.order_by_id.load(grant.id)
            return None if order is None else Order.of(order, viewer)
