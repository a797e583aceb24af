"""Fetching an object again by its global id."""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

import strawberry

from traya_gql.context import Context, Grant, Info, Kind, Viewer
from traya_gql.documents.records import OwnedRecord
from traya_gql.documents.scalp_photos import ScalpPhotoRecord
from traya_gql.guards import (
    ANYONE,
    COUPON_READERS,
    CUSTOMER_READERS,
    ORDER_READERS,
    PHOTO_READERS,
    REPORT_READERS,
    query_field,
)
from traya_gql.resolvers.reports import find_report
from traya_gql.schema.common import BadUserInput, Node, NodeKey, NodeType, read_node_id
from traya_gql.schema.coupons import Coupon
from traya_gql.schema.customers import Customer
from traya_gql.schema.hair_tests import HairTest
from traya_gql.schema.orders import Order
from traya_gql.schema.products import Product
from traya_gql.schema.reports import Report
from traya_gql.schema.scalp_photos import ScalpPhoto
from traya_gql.services.rate_limits import RateLimited

_MOST_NODES = 100
_WHO = (
    "Products and reports answer to anyone, but drafts of products to CATALOG_MANAGER alone. Hair tests, photos and "
    "orders answer to their owner, to the doctors and coaches assigned to the owner, and to who sends their access "
    "token as a bearer token (orders also to SUPPORT); customers to themselves, their doctors and coaches, SUPPORT and "
    "ADMIN; coupons to CATALOG_MANAGER. For all others they look like something that does not exist. Too many misses "
    "of reports from one network address: RATE_LIMITED."
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


async def _find_or_refuse(raw: str, context: Context) -> Node | Exception | None:
    try:
        return await _find(read_node_id(raw), context)
    except (BadUserInput, RateLimited) as wrong:
        return wrong


async def _find(key: NodeKey, context: Context) -> Node | None:
    """Return the object if the viewer may see it; what is missing takes the same commands as what is foreign."""
    loaders, viewer = context.loaders, context.viewer
    match key.type:
        case NodeType.COUPON | NodeType.PRODUCT:
            return await _find_in_shop(key, context)
        case NodeType.REPORT:
            report = await find_report(key.key, context)
            return None if report is None else Report.of(report, viewer, context.language)
        case NodeType.HAIR_TEST:
            test = await loaders.hair_test_by_id.load(key.uuid())
            grant = None if test is None else Grant(Kind.REPORT, test.report_id)
            may_read = await REPORT_READERS.admits_soon(viewer, owner_id=_owner(test), opened_by=grant)
            return HairTest.of(test, viewer, context.language) if may_read and test is not None else None
        case NodeType.SCALP_PHOTO:
            photo = await loaders.scalp_photo_by_id.load(key.uuid())
            may_read = await PHOTO_READERS.admits_soon(
                viewer, owner_id=_owner(photo), opened_by=_photo_grant(photo, viewer)
            )
            return ScalpPhoto.of(photo, viewer) if may_read and photo is not None else None
        case NodeType.CUSTOMER:
            customer = await loaders.customer_by_id.load(key.uuid())
            owner_id = None if customer is None else customer.id
            may_read = await CUSTOMER_READERS.admits_soon(viewer, owner_id=owner_id, opened_by=None)
            return Customer.of(customer, viewer) if may_read and customer is not None else None
        case NodeType.ORDER:
            order = await loaders.order_by_id.load(key.uuid())
            grant = Grant(Kind.ORDER, key.uuid())
            may_read = await ORDER_READERS.admits_soon(viewer, owner_id=_owner(order), opened_by=grant)
            return Order.of(order, viewer) if may_read and order is not None else None
        case NodeType.ADDRESS | NodeType.SESSION:
            raise BadUserInput(f"A {key.type} is named in mutations only, and read with `viewer`.")


async def _find_in_shop(key: NodeKey, context: Context) -> Node | None:
    if key.type is NodeType.PRODUCT:
        product = await context.loaders.product_by_id.load(key.uuid())
        return Product.seen_in(context, product)
    coupon = await context.loaders.coupon_by_id.load(key.uuid())
    may_read = await COUPON_READERS.admits_soon(context.viewer, owner_id=None, opened_by=None)
    return Coupon.of(coupon) if may_read and coupon is not None else None


def _photo_grant(photo: ScalpPhotoRecord | None, viewer: Viewer) -> Grant | None:
    """Return the right that opens a photo to this viewer: that of its report if they hold it, else its own."""
    if photo is None:
        return None
    by_report = None if photo.report_id is None else Grant(Kind.REPORT, photo.report_id)
    return by_report if by_report is not None and viewer.holds(by_report) else Grant(Kind.PHOTO, photo.id)


def _owner(record: OwnedRecord | None) -> UUID | None:
    return None if record is None else record.customer_id
