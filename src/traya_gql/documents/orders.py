"""Orders in MongoDB."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pymongo import DESCENDING, IndexModel

from traya_gql.documents.records import OWNED_NEWEST_FIRST, OwnedRecord, StoredDocument, find_by_ids, find_many
from traya_gql.documents.transactions import current_session
from traya_gql.domain.addresses import Address
from traya_gql.domain.delivery import DeliveryEstimate
from traya_gql.domain.gst import Tax
from traya_gql.domain.orders import OrderStatus, PaymentMethod
from traya_gql.domain.pricing import Pricing
from traya_gql.domain.ruleset.offers import KitChoice

_KEPT = {"status": {"$ne": OrderStatus.CANCELLED.value}}


class OrderLineRecord(BaseModel):
    """One product as it was at the time of the order. Prices in paise, with all taxes.

    `total_paise` is before the discount. `coupon_discount_paise` is what of the discount is the coupon's, the rest is
    the kit's; None in orders from before that was recorded. `tax` lies in what is left; None in orders from before
    taxes were recorded.
    """

    model_config = ConfigDict(frozen=True)

    product_id: UUID
    product_name: str
    unit_price_paise: int
    quantity: int
    total_paise: int
    discount_paise: int = 0
    coupon_discount_paise: int | None = None
    tax: Tax | None = None


class UsedCoupon(BaseModel):
    """The coupon that an order used up one use of."""

    model_config = ConfigDict(frozen=True)

    coupon_id: UUID
    code: str


class OrderRecord(OwnedRecord):
    """An order. `phone` is E.164, as typed with the order; it need not be the report's.

    `kit`: the offer that it was ordered as, None for lines. `delivery` is what was said when it was placed; None in
    orders from before.
    """

    number: str
    report_id: UUID
    phone: str
    status: OrderStatus
    lines: tuple[OrderLineRecord, ...]
    shipping_address: Address
    billing_address: Address
    payment_method: PaymentMethod
    pricing: Pricing
    kit: KitChoice | None = None
    coupon: UsedCoupon | None = None
    delivery: DeliveryEstimate | None = None


class OrderDocument(OrderRecord, StoredDocument):
    """The order as written."""

    model_config = ConfigDict(frozen=False)

    class Settings:
        """Where it lies."""

        name = "orders"
        indexes = (
            IndexModel("number", unique=True, name="number"),
            IndexModel("report_id", name="report_id"),
            IndexModel(OWNED_NEWEST_FIRST, name="customer"),
            IndexModel([("phone", DESCENDING), *OWNED_NEWEST_FIRST], name="phone"),
        )


async def by_ids(ids: Sequence[UUID]) -> dict[UUID, OrderRecord]:
    """Return the orders that exist among these ids."""
    return await find_by_ids(OrderDocument, OrderRecord, ids, comment="orders.by_ids")


async def products_bought(customer_id: UUID, *, since: datetime) -> frozenset[UUID]:
    """Return the products that a customer ordered since this time and did not call off. One command."""
    found = await find_many(
        OrderDocument,
        OrderRecord,
        {
            "customer_id": customer_id,
            "created_at": {"$gte": since},
            **_KEPT,
        },
        comment="orders.products_bought",
        hint="customer",
    )
    return frozenset(line.product_id for order in found for line in order.lines)


async def coupon_uses(customer_id: UUID, coupon_id: UUID) -> int:
    """Return how many orders of a customer used a coupon and were not called off. Joins the transaction it runs in."""
    return await OrderDocument.get_pymongo_collection().count_documents(
        {"customer_id": customer_id, "coupon.coupon_id": coupon_id, **_KEPT},
        session=current_session(),
        comment="orders.coupon_uses",
        hint="customer",
    )


async def has_ordered(customer_id: UUID) -> bool:
    """Return whether a customer has an order that was not called off. Joins the transaction it runs in."""
    found = await OrderDocument.get_pymongo_collection().find_one(
        {"customer_id": customer_id, **_KEPT},
        {"_id": 1},
        session=current_session(),
        comment="orders.has_ordered",
        hint="customer",
    )
    return found is not None
