"""Orders as a client sees them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Self
from uuid import UUID

import strawberry

from traya_gql.context import Grant, Info, Kind, Viewer
from traya_gql.documents.orders import OrderRecord
from traya_gql.domain.languages import Language
from traya_gql.domain.orders import MAX_LINES, OrderStatus, PaymentMethod
from traya_gql.domain.refusals import Refusal
from traya_gql.guards import AT_MOST, ORDER_REPORT_READERS, private_field
from traya_gql.schema.addresses import Address, AddressInput, InputWarning
from traya_gql.schema.common import Connection, Node, NodeType, described_enum, node_id
from traya_gql.schema.delivery import DeliveryEstimate
from traya_gql.schema.payloads import MadePayload
from traya_gql.schema.prices import BasketInput, OrderLine, OrderPricing, PricePreview, ShownKitChoice
from traya_gql.schema.reports import Report
from traya_gql.services.orders import PriceChanged

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
    kit: ShownKitChoice | None = strawberry.field(
        description="The offer of the report's kit that it was ordered as; null when `kit` was not sent."
    )
    coupon_code: str | None = strawberry.field(description="The coupon that it used; null without one.")
    delivery_estimate: DeliveryEstimate | None = strawberry.field(
        description="When it should arrive, as said when it was placed. Null in orders of before estimates were made."
    )

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
            pricing=OrderPricing.of(record.pricing),
            shipping_address=Address.of(record.shipping_address),
            billing_address=Address.of(record.billing_address),
            payment_method=record.payment_method,
            kit=None if record.kit is None else ShownKitChoice.of(record.kit),
            coupon_code=None if record.coupon is None else record.coupon.code,
            delivery_estimate=None if record.delivery is None else DeliveryEstimate.of(record.delivery),
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


@strawberry.input(description="An order.")
class PlaceOrderInput(BasketInput):
    idempotency_key: UUID = strawberry.field(
        description=(
            "A UUID that the client makes once for this order and sends again with every repeat. A repeat by the "
            "same customer, or the guest with the same phone, and with the same input gets the first answer again; it "
            "is remembered for 7 days. Signing in between makes it a new request. The same input is the same report, "
            "phone, lines or kit, coupon, addresses and way to pay: `expectedTotal`, `previewKey` and "
            "`reportAccessToken` are no part of it, nor is what was warned of. A refusal is not remembered: put right "
            "what it names, agree to the new price, and send the same key again."
        )
    )
    phone: str = strawberry.field(
        description="Mobile number for the delivery. It need not be the one of the hair test."
    )
    expected_total: Decimal | None = strawberry.field(
        default=None,
        description=(
            "What the customer was told that it costs, in rupees: `pricing.total.amount` of `pricePreview`. Unless it "
            "costs just that, nothing is ordered: PRICE_CHANGED brings the price of now, also when this is left out."
        ),
    )
    preview_key: str | None = strawberry.field(
        default=None,
        description=(
            "`previewKey` of `pricePreview`: unless the order is all that it stands for, nothing is ordered, and "
            "PRICE_CHANGED brings the price of now. It may be left out where `lines` are named. With a coupon it also "
            "shows that the code was no guess."
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
    preview: PricePreview | None = strawberry.field(
        default=None,
        description="With PRICE_CHANGED what it costs now: show it, and order again if the customer agrees. Else null.",
    )
    warnings: list[InputWarning] = strawberry.field(
        default_factory=list,
        description="What looks wrong with the addresses, and was no reason to refuse the order.",
        metadata={AT_MOST: 2},
    )

    @classmethod
    def refused(cls, refusal: Refusal, language: Language) -> Self:
        payload = super().refused(refusal, language)
        if isinstance(refusal, PriceChanged):
            payload.preview = PricePreview.of(refusal.price)
        return payload
