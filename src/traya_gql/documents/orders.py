"""Orders in MongoDB."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pymongo import DESCENDING, IndexModel

from traya_gql.documents.records import OWNED_NEWEST_FIRST, OwnedRecord, StoredDocument, find_by_ids, find_many
from traya_gql.domain.addresses import Address
from traya_gql.domain.orders import OrderStatus, PaymentMethod
from traya_gql.domain.pricing import Quote


class OrderLineRecord(BaseModel):
    """One product as it was at the time of the order. Prices in paise, with all taxes."""

    model_config = ConfigDict(frozen=True)

    product_id: UUID
    product_name: str
    unit_price_paise: int
    quantity: int
    total_paise: int


class OrderRecord(OwnedRecord):
    """An order. `phone` is E.164, as typed with the order; it need not be the report's."""

    number: str
    report_id: UUID
    phone: str
    status: OrderStatus
    lines: tuple[OrderLineRecord, ...]
    shipping_address: Address
    billing_address: Address
    payment_method: PaymentMethod
    pricing: Quote


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
            "status": {"$ne": OrderStatus.CANCELLED.value},
        },
        comment="orders.products_bought",
        hint="customer",
    )
    return frozenset(line.product_id for order in found for line in order.lines)
