"""The types of the graph, in Strawberry's ordinary way."""

import base64
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Generic, TypeVar
from uuid import UUID

import strawberry

from bench.peers.plain import documents
from traya_gql.domain import assessment, report_texts
from traya_gql.domain.addresses import Address as StoredAddress
from traya_gql.domain.addresses import IndianState
from traya_gql.domain.customers import Gender
from traya_gql.domain.hair_tests import Dandruff, EnergyLevel, FamilyHistory, HairLossStage, Sleep, Stress
from traya_gql.domain.kit import KitItem as StoredKitItem
from traya_gql.domain.money import rupees
from traya_gql.domain.orders import OrderStatus, PaymentMethod
from traya_gql.domain.products import ProductCategory, ProductTag
from traya_gql.domain.refusals import Refusal, RefusalCode

for enum in (
    *(Dandruff, EnergyLevel, FamilyHistory, Gender, HairLossStage, IndianState, OrderStatus, PaymentMethod),
    *(ProductCategory, ProductTag, RefusalCode, Sleep, Stress),
    *(assessment.CauseCode, assessment.CauseLevel, assessment.EvidenceGrade, assessment.NoRecoveryReason),
):
    strawberry.enum(enum)

NodeT = TypeVar("NodeT")


def encode(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@strawberry.enum
class CurrencyCode(Enum):
    INR = "INR"


@strawberry.enum
class ProductSortKey(Enum):
    NAME = "name"
    PRICE = "price_paise"
    CREATED_AT = "created_at"


@strawberry.type
class Money:
    amount: Decimal
    minor_units: int
    currency: CurrencyCode

    @classmethod
    def of(cls, paise: int) -> "Money":
        return cls(amount=rupees(paise), minor_units=paise, currency=CurrencyCode.INR)


@strawberry.type
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Edge(Generic[NodeT]):
    cursor: str
    node: NodeT


@strawberry.type
class Product:
    id: strawberry.ID
    slug: str
    name: str
    category: ProductCategory
    tags: list[ProductTag]
    benefits: list[str]
    price: Money
    is_active: bool

    @classmethod
    def of(cls, document: documents.ProductDocument) -> "Product":
        return cls(
            id=strawberry.ID(encode(f"Product:{document.id.hex}")),
            slug=document.slug,
            name=document.name,
            category=document.category,
            tags=document.tags,
            benefits=document.benefits,
            price=Money.of(document.price_paise),
            is_active=document.is_active,
        )


@strawberry.type
class ProductConnection:
    edges: list[Edge[Product]]
    page_info: PageInfo

    @strawberry.field
    def nodes(self) -> list[Product]:
        return [edge.node for edge in self.edges]


@strawberry.type
class Cause:
    cause: assessment.CauseCode
    score: int
    level: assessment.CauseLevel
    evidence: assessment.EvidenceGrade
    explanation: str
    answers_that_raised_it: list[str] | None

    @classmethod
    def of(cls, listed: assessment.Cause, *, is_owner: bool) -> "Cause":
        return cls(
            cause=listed.code,
            score=listed.score,
            level=listed.level,
            evidence=listed.evidence,
            explanation=report_texts.EXPLANATIONS[listed.code],
            answers_that_raised_it=list(listed.raised_by) if is_owner else None,
        )


@strawberry.type
class Recovery:
    min_months: int | None
    expected_months: int | None
    max_months: int | None
    reason_if_none: assessment.NoRecoveryReason | None


@strawberry.type
class KitItem:
    product_id: strawberry.Private[UUID]
    causes: list[assessment.CauseCode]

    @strawberry.field
    async def product(self, info: strawberry.Info) -> Product | None:
        document = await info.context["product_loader"].load(self.product_id)
        return Product.of(document) if document else None


@strawberry.type
class Kit:
    recommended: strawberry.Private[list[StoredKitItem]]

    @strawberry.field
    def items(self) -> list[KitItem]:
        return [KitItem(product_id=item.product_id, causes=list(item.causes)) for item in self.recommended]

    @strawberry.field
    async def price(self, info: strawberry.Info) -> Money:
        found = await info.context["product_loader"].load_many([item.product_id for item in self.recommended])
        return Money.of(sum(product.price_paise for product in found if product and product.is_active))


@strawberry.type
class Report:
    id: strawberry.ID
    public_id: str
    created_at: datetime
    first_name: str
    gender: Gender
    ruleset_version: str
    causes: list[Cause]
    recovery: Recovery
    kit: Kit
    next_steps: list[str]
    disclaimer: str

    @classmethod
    def of(cls, document: documents.ReportDocument, *, is_owner: bool) -> "Report":
        recovery = document.assessment.recovery
        return cls(
            id=strawberry.ID(encode(f"Report:{document.public_id}")),
            public_id=document.public_id,
            created_at=document.created_at,
            first_name=document.first_name,
            gender=document.gender,
            ruleset_version=document.assessment.ruleset_version,
            causes=[Cause.of(listed, is_owner=is_owner) for listed in document.assessment.causes],
            recovery=Recovery(
                min_months=recovery.min_months,
                expected_months=recovery.expected_months,
                max_months=recovery.max_months,
                reason_if_none=recovery.reason_if_none,
            ),
            kit=Kit(recommended=document.kit),
            next_steps=list(report_texts.NEXT_STEPS),
            disclaimer=report_texts.DISCLAIMER,
        )


@strawberry.type
class Address:
    name: str
    address_line: str
    city: str
    state: IndianState
    pin_code: str
    country: str

    @classmethod
    def of(cls, stored: StoredAddress) -> "Address":
        return cls(**stored.model_dump())


@strawberry.type
class OrderLine:
    product_id: strawberry.Private[UUID]
    product_name: str
    unit_price: Money
    quantity: int
    total: Money

    @strawberry.field
    async def product(self, info: strawberry.Info) -> Product | None:
        document = await info.context["product_loader"].load(self.product_id)
        return Product.of(document) if document else None


@strawberry.type
class OrderPricing:
    subtotal: Money
    total: Money


@strawberry.type
class Order:
    id: strawberry.ID
    number: str
    placed_at: datetime
    status: OrderStatus
    phone: str
    lines: list[OrderLine]
    pricing: OrderPricing
    shipping_address: Address
    billing_address: Address
    payment_method: PaymentMethod

    @classmethod
    def of(cls, document: documents.OrderDocument) -> "Order":
        return cls(
            id=strawberry.ID(encode(f"Order:{document.id.hex}")),
            number=document.number,
            placed_at=document.created_at,
            status=document.status,
            phone=document.phone,
            lines=[
                OrderLine(
                    product_id=line.product_id,
                    product_name=line.product_name,
                    unit_price=Money.of(line.unit_price_paise),
                    quantity=line.quantity,
                    total=Money.of(line.total_paise),
                )
                for line in document.lines
            ],
            pricing=OrderPricing(
                subtotal=Money.of(document.pricing.subtotal_paise), total=Money.of(document.pricing.total_paise)
            ),
            shipping_address=Address.of(document.shipping_address),
            billing_address=Address.of(document.billing_address),
            payment_method=document.payment_method,
        )


@strawberry.type
class OrderConnection:
    edges: list[Edge[Order]]
    page_info: PageInfo

    @strawberry.field
    def nodes(self) -> list[Order]:
        return [edge.node for edge in self.edges]


@strawberry.type
class UserError:
    code: RefusalCode
    message: str
    path: list[str]

    @classmethod
    def of(cls, refusal: Refusal) -> "list[UserError]":
        return [cls(code=one.code, message=one.message, path=list(one.path)) for one in refusal.problems]


@strawberry.type
class SubmitHairTestPayload:
    report: Report | None = None
    access_token: str | None = None
    access_token_expires_at: datetime | None = None
    is_replay: bool = False
    user_errors: list[UserError] = strawberry.field(default_factory=list)


@strawberry.type
class PlaceOrderPayload:
    order: Order | None = None
    access_token: str | None = None
    access_token_expires_at: datetime | None = None
    is_replay: bool = False
    user_errors: list[UserError] = strawberry.field(default_factory=list)


@strawberry.input
class CustomerInput:
    name: str
    phone: str
    age: int
    gender: Gender


@strawberry.input
class HairInput:
    hair_loss_stage: HairLossStage
    family_history: FamilyHistory
    dandruff: Dandruff


@strawberry.input
class InternalHealthInput:
    sleep: Sleep
    stress: Stress
    has_acidity_or_gas: bool
    energy_level: EnergyLevel
    is_taking_supplements: bool


@strawberry.input
class SubmitHairTestInput:
    idempotency_key: UUID
    customer: CustomerInput
    hair: HairInput
    internal_health: InternalHealthInput


@strawberry.input
class AddressInput:
    name: str
    address_line: str
    city: str
    state: IndianState
    pin_code: str
    country: str = "IN"


@strawberry.input
class OrderLineInput:
    product_id: strawberry.ID
    quantity: int = 1


@strawberry.input
class PlaceOrderInput:
    idempotency_key: UUID
    report_public_id: str
    phone: str
    lines: list[OrderLineInput] | None = None
    shipping_address: AddressInput
    billing_address: AddressInput | None = None
    payment_method: PaymentMethod
