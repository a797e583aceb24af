"""Orders as a client sees them."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from traya_gql.context import Grant, Info, Kind, Viewer
from traya_gql.documents.orders import OrderLineRecord, OrderRecord
from traya_gql.domain.orders import MAX_LINES, OrderStatus, PaymentMethod
from traya_gql.guards import AT_MOST, ORDER_REPORT_READERS, private_field
from traya_gql.schema.addresses import Address, AddressInput
from traya_gql.schema.common import Connection, Money, Node, NodeType, described_enum, money, node_id
from traya_gql.schema.payloads import MadePayload
from traya_gql.schema.products import Product, product_of
from traya_gql.schema.reports import Report

described_enum(
    OrderStatus,
    "Where an order stands. New values may be added.",
    {
        OrderStatus.PENDING: "Placed, not yet paid.",
        OrderStatus.CONFIRMED: "Paid, being packed.",
        OrderStatus.SHIPPED: "On its way.",
        OrderStatus.DELIVERED: "Received.",
        OrderStatus.CANCELLED: "Called off.",
    },
)
described_enum(
    PaymentMethod,
    "How the customer wants to pay.",
    {PaymentMethod.RAZORPAY: "Card, UPI or net banking.", PaymentMethod.SNAPMINT: "Monthly instalments."},
)


@strawberry.type(description="One product of an order, as it was when the order was placed.")
class OrderLine:
    product_id: strawberry.Private[UUID]

    product_name: str = strawberry.field(description="The product's name at that time.")
    unit_price: Money = strawberry.field(description="The price of one at that time, with all taxes.")
    quantity: int = strawberry.field(description="How many, 1 to 20.")
    total: Money = strawberry.field(description="Unit price times quantity.")

    @classmethod
    def of(cls, line: OrderLineRecord) -> Self:
        return cls(
            product_id=line.product_id,
            product_name=line.product_name,
            unit_price=money(line.unit_price_paise),
            quantity=line.quantity,
            total=money(line.total_paise),
        )

    @strawberry.field(description="The product as it is now. Null when it left the catalogue.")
    def product(self, info: Info) -> Product | None:
        return product_of(self.product_id, info)


@strawberry.type(description="What an order costs. All amounts hold all taxes.")
class OrderPricing:
    subtotal: Money = strawberry.field(description="The sum of the lines.")
    total: Money = strawberry.field(description="What the customer pays.")


@strawberry.type(description="An order. Only ever reached by those who may read all of it.")
class Order(Node):
    viewer: strawberry.Private[Viewer]
    opened_by: strawberry.Private[Grant | None]
    owner_id: strawberry.Private[UUID | None]
    report_id: strawberry.Private[UUID]

    number: str = strawberry.field(
        description="The number for people, such as TG-7K3M9-QX2PA. It opens nothing by itself."
    )
    placed_at: datetime = strawberry.field(description="When it was placed.")
    status: OrderStatus = strawberry.field(description="Where it stands.")
    phone: str = strawberry.field(description="Mobile number for the delivery, in E.164.")
    lines: list[OrderLine] = strawberry.field(
        description="What was ordered, 1 to 20 lines, each product once.", metadata={AT_MOST: MAX_LINES}
    )
    pricing: OrderPricing = strawberry.field(description="What it costs, as agreed when it was placed.")
    shipping_address: Address = strawberry.field(description="Where it goes.")
    billing_address: Address = strawberry.field(description="Who is billed; the shipping address if none was given.")
    payment_method: PaymentMethod = strawberry.field(description="How the customer wants to pay.")

    @classmethod
    def of(cls, record: OrderRecord, viewer: Viewer) -> Self:
        return cls(
            viewer=viewer,
            opened_by=Grant(Kind.ORDER, record.id),
            owner_id=record.customer_id,
            report_id=record.report_id,
            id=node_id(NodeType.ORDER, record.id),
            number=record.number,
            placed_at=record.created_at,
            status=record.status,
            phone=record.phone,
            lines=[OrderLine.of(line) for line in record.lines],
            pricing=OrderPricing(
                subtotal=money(record.pricing.subtotal_paise), total=money(record.pricing.total_paise)
            ),
            shipping_address=Address.of(record.shipping_address),
            billing_address=Address.of(record.billing_address),
            payment_method=record.payment_method,
        )

    # not for SUPPORT: its link would show them a summary of the customer's health
    @private_field(
        readers=ORDER_REPORT_READERS,
        description="The report it was ordered from. The order's token opens nothing private of it.",
    )
    async def report(self, info: Info) -> Report | None:
        record = await info.context.loaders.report_by_id.load(self.report_id)
        return None if record is None else Report.of(record, self.viewer, info.context.language)


@strawberry.type(description="A page of orders.")
class OrderConnection(Connection[Order]):
    pass


@strawberry.input(description="One product to order.")
class OrderLineInput:
    product_id: strawberry.ID = strawberry.field(description="The `id` of a product. Each product at most once.")
    quantity: int = strawberry.field(default=1, description="How many, 1 to 20.")


@strawberry.input(description="An order.")
class PlaceOrderInput:
    idempotency_key: UUID = strawberry.field(
        description=(
            "A UUID that the client makes once for this order and sends again with every repeat. A repeat by the "
            "same customer, or the guest with the same phone, and with the same input gets the first answer again; it "
            "is remembered for 7 days. Signing in between makes it a new request."
        )
    )
    report_public_id: str = strawberry.field(description="The `publicId` of the report to order from.")
    report_access_token: str | None = strawberry.field(
        default=None,
        description=(
            "The token that `submitHairTest` returned. Who neither sends it nor is signed in as the report's owner can "
            "order what suits everybody."
        ),
    )
    phone: str = strawberry.field(
        description="Mobile number for the delivery. It need not be the one of the hair test."
    )
    lines: list[OrderLineInput] | None = strawberry.field(
        default=None,
        description=(
            "What to order, 1 to 20 lines. Left out: one month of what can be ordered now of the kit that the report "
            "shows to you."
        ),
    )
    shipping_address: AddressInput = strawberry.field(description="Where it goes.")
    billing_address: AddressInput | None = strawberry.field(
        default=None, description="Who is billed. Left out: the shipping address."
    )
    payment_method: PaymentMethod = strawberry.field(description="How the customer wants to pay.")


@strawberry.type(description="What `placeOrder` answers.")
class PlaceOrderPayload(MadePayload):
    order: Order | None = strawberry.field(default=None, description="The order; null when refused.")
