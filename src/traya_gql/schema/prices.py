"""Prices as a client sees them: of an order, and before there is one."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from traya_gql.context import Context, Info, Kind
from traya_gql.documents.orders import OrderLineRecord
from traya_gql.domain.delivery import CashOnDeliveryRefusal, Zone
from traya_gql.domain.gst import Tax, TaxTotal
from traya_gql.domain.orders import MAX_LINES
from traya_gql.domain.pricing import Pricing
from traya_gql.domain.ruleset.offers import KitChoice, KitKind
from traya_gql.domain.states import IndianState
from traya_gql.guards import AT_MOST
from traya_gql.schema.addresses import InputWarning
from traya_gql.schema.common import Money, NodeType, money, read_key
from traya_gql.schema.delivery import DeliveryEstimate
from traya_gql.schema.payloads import Payload
from traya_gql.schema.products import Product, product_of
from traya_gql.services.buyers import ReportAccess
from traya_gql.services.prices import Price
from traya_gql.services.wanted import WantedLine


@strawberry.type(
    name="ContainedTax",
    description=(
        "The GST that lies inside an amount: the amount is `taxableValue` + `cgst` + `sgst` + `igst`. Within the "
        "seller's state it is CGST and SGST, half of the rate each; to other states it is IGST alone."
    ),
)
class ShownTax:
    hsn: str = strawberry.field(description="The tariff heading that decided on the rate, 4, 6 or 8 digits.")
    rate_percent: int = strawberry.field(description="The whole rate, in percent.")
    taxable_value: Money = strawberry.field(description="The amount without tax.")
    cgst: Money = strawberry.field(description="Central tax.")
    sgst: Money = strawberry.field(description="State tax.")
    igst: Money = strawberry.field(description="Tax between states.")
    total: Money = strawberry.field(description="All taxes together.")

    @classmethod
    def of(cls, tax: Tax) -> Self:
        return cls(
            hsn=tax.hsn,
            rate_percent=tax.percent,
            taxable_value=money(tax.taxable_paise),
            cgst=money(tax.cgst_paise),
            sgst=money(tax.sgst_paise),
            igst=money(tax.igst_paise),
            total=money(tax.tax_paise),
        )


@strawberry.type(
    name="TaxTotal", description="The sums of all contained taxes of an order, those of the shipping charge included."
)
class ShownTaxTotal:
    taxable_value: Money = strawberry.field(description="The total without tax.")
    cgst: Money = strawberry.field(description="Central tax.")
    sgst: Money = strawberry.field(description="State tax.")
    igst: Money = strawberry.field(description="Tax between states.")
    total: Money = strawberry.field(description="All taxes together.")

    @classmethod
    def of(cls, tax: TaxTotal) -> Self:
        return cls(
            taxable_value=money(tax.taxable_paise),
            cgst=money(tax.cgst_paise),
            sgst=money(tax.sgst_paise),
            igst=money(tax.igst_paise),
            total=money(tax.tax_paise),
        )


@strawberry.type(description="One product of an order, as it was when the order was placed, or would be now.")
class OrderLine:
    product_id: strawberry.Private[UUID]

    product_name: str = strawberry.field(description="The product's name at that time.")
    unit_price: Money = strawberry.field(description="The price (MRP) of one at that time, with all taxes.")
    quantity: int = strawberry.field(description="How many, 1 to 20.")
    total: Money = strawberry.field(description="Unit price times quantity, before discounts.")
    discount: Money = strawberry.field(description="This line's share of all discounts: of the kit's and the coupon's.")
    kit_discount: Money | None = strawberry.field(
        description="What of `discount` is the kit's. Null in discounted orders of before it was recorded."
    )
    coupon_discount: Money | None = strawberry.field(
        description="What of `discount` is the coupon's. Null in discounted orders of before it was recorded."
    )
    payable: Money = strawberry.field(description="What is paid for the line: `total` less `discount`, with all taxes.")
    tax: ShownTax | None = strawberry.field(
        description="The tax inside `payable`. Null in orders that were placed before taxes were recorded."
    )

    @classmethod
    def of(cls, line: OrderLineRecord) -> Self:
        by_coupon = line.coupon_discount_paise if line.discount_paise else 0
        return cls(
            product_id=line.product_id,
            product_name=line.product_name,
            unit_price=money(line.unit_price_paise),
            quantity=line.quantity,
            total=money(line.total_paise),
            discount=money(line.discount_paise),
            kit_discount=None if by_coupon is None else money(line.discount_paise - by_coupon),
            coupon_discount=None if by_coupon is None else money(by_coupon),
            payable=money(line.total_paise - line.discount_paise),
            tax=None if line.tax is None else ShownTax.of(line.tax),
        )

    @strawberry.field(description="The product as it is now. Null when it left the catalogue.")
    def product(self, info: Info) -> Product | None:
        return product_of(self.product_id, info)


@strawberry.type(
    description=(
        "What an order costs: `total` is `subtotal` less `discount` plus `shipping`. All amounts hold all taxes; "
        "nothing is added later."
    )
)
class OrderPricing:
    subtotal: Money = strawberry.field(description="The sum of the lines before discounts.")
    kit_discount: Money = strawberry.field(description="What is taken off for ordering a kit for months.")
    coupon_discount: Money = strawberry.field(description="What the coupon takes off.")
    discount: Money = strawberry.field(description="All discounts together: the sum of the lines' discounts.")
    shipping: Money = strawberry.field(description="The charge for the parcel; zero when it is free.")
    shipping_tax: ShownTax | None = strawberry.field(
        description="The tax inside `shipping`, at the highest rate among the lines. Null without a charge."
    )
    tax: ShownTaxTotal | None = strawberry.field(
        description="The taxes inside `total`. Null in orders that were placed before taxes were recorded."
    )
    total: Money = strawberry.field(description="What the customer pays.")

    @classmethod
    def of(cls, pricing: Pricing) -> Self:
        return cls(
            subtotal=money(pricing.subtotal_paise),
            kit_discount=money(pricing.kit_discount_paise),
            coupon_discount=money(pricing.coupon_discount_paise),
            discount=money(pricing.kit_discount_paise + pricing.coupon_discount_paise),
            shipping=money(pricing.shipping_paise),
            shipping_tax=None if pricing.shipping_tax is None else ShownTax.of(pricing.shipping_tax),
            tax=None if pricing.tax is None else ShownTaxTotal.of(pricing.tax),
            total=money(pricing.total_paise),
        )


@strawberry.type(name="KitChoice", description="The offer of a report's kit that an order is made of.")
class ShownKitChoice:
    kind: KitKind = strawberry.field(description="Which kit.")
    months: int = strawberry.field(description="For how many months.")

    @classmethod
    def of(cls, choice: KitChoice) -> Self:
        return cls(kind=choice.kind, months=choice.months)


@strawberry.type(
    description=(
        "Whether such an order could be paid in cash when it arrives. For information: `placeOrder` takes no cash yet."
    )
)
class CashOnDelivery:
    is_available: bool = strawberry.field(description="Whether it can.")
    reason: CashOnDeliveryRefusal | None = strawberry.field(description="Why it cannot; null when it can.")


@strawberry.type(description="What an order of this would cost now. Nothing is held back by it: prices may change.")
class PricePreview:
    lines: list[OrderLine] = strawberry.field(
        description="What would be ordered, 1 to 20 lines, each product once.", metadata={AT_MOST: MAX_LINES}
    )
    pricing: OrderPricing = strawberry.field(
        description="What it costs. Send `pricing.total.amount` to `placeOrder` as `expectedTotal`."
    )
    preview_key: str = strawberry.field(
        description=(
            "Stands for what is previewed: each line's product, name, quantity, price, discounts and tax, the kit and "
            "the coupon, the charge and its tax, the zone, and how many working days it takes. Not for `pricedAt`, nor "
            "for the dates of `deliveryEstimate`: ordered after midnight, as many working days may end a day later. "
            "Send it to `placeOrder` with the total. Opaque, of any length."
        )
    )
    kit: ShownKitChoice | None = strawberry.field(description="The offer that was chosen; null without one.")
    coupon_code: str | None = strawberry.field(description="The coupon that counts; null without one.")
    delivery_zone: Zone = strawberry.field(description="How far it goes, which the charge depends on.")
    delivery_estimate: DeliveryEstimate = strawberry.field(description="When it should arrive, ordered today.")
    free_shipping_from: Money = strawberry.field(
        description=(
            "From this much on, after discounts, products are sent for nothing. Below, a parcel never costs more than "
            "what is missing to it."
        )
    )
    cash_on_delivery: CashOnDelivery = strawberry.field(description="Whether it could be paid at the door.")
    warnings: list[InputWarning] = strawberry.field(
        description="What looks wrong with the input, and is no reason to refuse it.", metadata={AT_MOST: 1}
    )
    priced_at: datetime = strawberry.field(description="The time of these prices.")

    @classmethod
    def of(cls, price: Price) -> Self:
        return cls(
            lines=[OrderLine.of(line) for line in price.lines],
            pricing=OrderPricing.of(price.pricing),
            preview_key=price.key,
            kit=None if price.kit is None else ShownKitChoice.of(price.kit),
            coupon_code=None if price.coupon is None else price.coupon.coupon.code,
            delivery_zone=price.zone,
            delivery_estimate=DeliveryEstimate.of(price.estimate),
            free_shipping_from=money(price.free_shipping_from_paise),
            cash_on_delivery=CashOnDelivery(is_available=price.no_cash is None, reason=price.no_cash),
            warnings=InputWarning.all_of(price.warnings),
            priced_at=price.at,
        )


@strawberry.input(description="One product to order.")
class OrderLineInput:
    product_id: strawberry.ID = strawberry.field(description="The `id` of a product. Each product at most once.")
    quantity: int = strawberry.field(default=1, description="How many, 1 to 20.")


@strawberry.input(description="One of the offers of the kit that the report shows to you.")
class KitChoiceInput:
    months: int = strawberry.field(description="For how many months: one of the `months` of `Kit.offers`.")
    kind: KitKind = strawberry.field(default=KitKind.COMPLETE, description="Which kit.")

    def choice(self) -> KitChoice:
        return KitChoice(kind=self.kind, months=self.months)


@strawberry.input(description="What somebody wants of a report.")
class BasketInput:
    report_public_id: str = strawberry.field(description="The `publicId` of the report to order from.")
    report_access_token: str | None = strawberry.field(
        default=None,
        description=(
            "The token that `submitHairTest` returned; it may be sent as `Authorization: Bearer` instead. Who neither "
            "sends it nor is signed in as the report's owner can order what suits everybody."
        ),
    )
    lines: list[OrderLineInput] | None = strawberry.field(
        default=None,
        description=(
            "What to order, 1 to 20 lines. Left out, and no `kit` either: one month of what can be ordered now of the "
            "kit that the report shows to you."
        ),
    )
    kit: KitChoiceInput | None = strawberry.field(
        default=None, description="An offer of the report's kit, with its discount, in place of `lines`."
    )
    coupon_code: str | None = strawberry.field(
        default=None,
        description=(
            "One coupon, in capital or small letters; nothing typed is none. One that does not count is refused with "
            "its reason, and there is no price and no order then. An order uses up one use of it, or nothing of either "
            "is stored. Ask when the customer has typed the whole code, and not for each letter: codes that do not "
            "exist are counted, for who is signed in by account and for guests by network address, and after too many "
            "comes TOO_MANY_TRIES; a coupon that was previewed can be ordered with all the same, with its "
            "`previewKey`, and a repeat of an order that was placed gets that order."
        ),
    )


@strawberry.input(description="What would be ordered, and where it would go.")
class PricePreviewInput(BasketInput):
    pin_code: str = strawberry.field(
        description="PIN code of the delivery: six digits, of whichever script of India. Spaces are ignored."
    )
    state: IndianState | None = strawberry.field(
        default=None,
        description=(
            "State or union territory of the delivery. Left out: that of the PIN code; REQUIRED where it may lie in "
            "several."
        ),
    )


@strawberry.type(description="What `pricePreview` answers.")
class PricePreviewPayload(Payload):
    preview: PricePreview | None = strawberry.field(default=None, description="The price; null when refused.")


def report_access(typed: BasketInput, context: Context) -> ReportAccess:
    """Return the reports that the client opens, with the token of the input or as the bearer."""
    opened = context.viewer_with(typed.report_access_token).opened(Kind.REPORT)
    return ReportAccess(opened, is_token_sent=bool(typed.report_access_token))


def wanted_lines(typed: list[OrderLineInput] | None) -> tuple[WantedLine, ...] | None:
    """Return the lines as a service takes them."""
    if typed is None:
        return None
    return tuple(
        WantedLine(product_id=read_key(line.product_id, NodeType.PRODUCT), quantity=line.quantity)
        for line in typed[: MAX_LINES + 1]  # one more than is allowed, so that the service can say so
    )
