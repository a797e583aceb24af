"""The types of the graph, in Strawberry's ordinary way."""

import base64
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Generic, TypeVar
from uuid import UUID

import strawberry

from bench.peers.plain import documents
from traya_gql.domain import report_texts
from traya_gql.domain.addresses import Address as StoredAddress
from traya_gql.domain.customers import Gender
from traya_gql.domain.money import rupees
from traya_gql.domain.orders import OrderStatus, PaymentMethod
from traya_gql.domain.pricing import Pricing
from traya_gql.domain.products import ProductCategory, ProductTag
from traya_gql.domain.refusals import Refusal, RefusalCode
from traya_gql.domain.ruleset import codes, kit, scores
from traya_gql.domain.ruleset.gates import findings, suits_everybody, why_left_out
from traya_gql.domain.ruleset.outcome import StatedFinding
from traya_gql.domain.ruleset.rules import current_ruleset
from traya_gql.domain.scalp_photos import PhotoState
from traya_gql.domain.states import IndianState

for enum in (
    *(Gender, IndianState, OrderStatus, PaymentMethod, ProductCategory, ProductTag, RefusalCode),
    *(codes.CauseCode, codes.CauseLevel, codes.Confidence, codes.EvidenceGrade, codes.GateCode, codes.Goal),
    *(codes.NoRecoveryReason, codes.SafetyAction, codes.Severity, PhotoState),
):
    strawberry.enum(enum)
strawberry.enum(codes.Hypothesis, name="HypothesisCode")

TEXTS = report_texts.TEXTS
RULES = current_ruleset()

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
    cause: codes.CauseCode
    evidence: codes.EvidenceGrade
    explanation: str
    source: str
    score: int | None
    level: codes.CauseLevel | None
    answers_that_raised_it: list[str] | None

    @classmethod
    def of(cls, listed: scores.Cause, *, is_reader: bool) -> "Cause":
        return cls(
            cause=listed.code,
            evidence=listed.evidence,
            explanation=TEXTS.explanations[listed.code].en,
            source=listed.source,
            score=listed.score if is_reader else None,
            level=listed.level if is_reader else None,
            answers_that_raised_it=list(listed.raised_by) if is_reader else None,
        )


@strawberry.type
class Hypothesis:
    code: codes.Hypothesis
    explanation: str


@strawberry.type
class Milestone:
    month: int
    text: str


@strawberry.type
class Recovery:
    min_months: int | None
    expected_months: int | None
    max_months: int | None
    goal: codes.Goal | None
    milestones: list[Milestone]
    reason_if_none: codes.NoRecoveryReason | None

    @classmethod
    def of(cls, recovery: scores.Recovery) -> "Recovery":
        return cls(
            min_months=recovery.min_months,
            expected_months=recovery.expected_months,
            max_months=recovery.max_months,
            goal=recovery.goal,
            milestones=[Milestone(month=one.month, text=TEXTS.milestones[one.code].en) for one in recovery.milestones],
            reason_if_none=recovery.reason_if_none,
        )


@strawberry.type
class SafetyFinding:
    code: codes.GateCode
    severity: codes.Severity
    message: str
    action: codes.SafetyAction

    @classmethod
    def of(cls, stated: StatedFinding) -> "SafetyFinding":
        return cls(
            code=stated.code,
            severity=stated.severity,
            message=TEXTS.findings[stated.code].en,
            action=stated.action,
        )


@strawberry.type
class KitItem:
    causes: list[codes.CauseCode]
    reason: str
    usage: str | None
    needs_prescription: bool
    product: Product | None

    @classmethod
    def of(cls, item: kit.KitItem, product: documents.ProductDocument | None) -> "KitItem":
        reason = TEXTS.kit_reasons[item.reasons[0].cause] if item.reasons else TEXTS.shared_kit_note
        return cls(
            causes=[reason.cause for reason in item.reasons],
            reason=reason.en,
            usage=product.usage.en if product else None,
            needs_prescription=product is not None and product.needs_prescription,
            product=Product.of(product) if product else None,
        )


@strawberry.type
class ExcludedProduct:
    finding: codes.GateCode
    product: Product | None


@strawberry.type
class Kit:
    report: strawberry.Private[documents.ReportDocument]
    is_whole: bool

    @strawberry.field
    async def items(self, info: strawberry.Info) -> list[KitItem]:
        found = await self.products(info)
        return [KitItem.of(item, product) for item, product in zip(self.recommended, found, strict=True)]

    @strawberry.field
    async def excluded(self, info: strawberry.Info) -> list[ExcludedProduct] | None:
        if not self.is_whole:
            return None
        left_out = self.report.kit.excluded
        found = await info.context["product_loader"].load_many([one.product_id for one in left_out])
        return [
            ExcludedProduct(finding=one.gate, product=Product.of(product) if product else None)
            for one, product in zip(left_out, found, strict=True)
        ]

    @strawberry.field
    async def price(self, info: strawberry.Info) -> Money:
        products = [one for one in await self.products(info) if one and one.can_be_sent and not one.needs_prescription]
        if self.is_whole:
            test = await info.context["hair_test_loader"].load(self.report.hair_test_id)
            held = findings(test.answers, RULES)
            sold = [product for product in products if why_left_out(product, held) is None]
        else:
            sold = [product for product in products if suits_everybody(product, RULES)]
        return Money.of(sum(product.monthly_price_paise for product in sold))

    @property
    def recommended(self) -> Sequence[kit.KitItem]:
        return self.report.kit.items if self.is_whole else self.report.shared_kit

    async def products(self, info: strawberry.Info) -> list[documents.ProductDocument | None]:
        return await info.context["product_loader"].load_many([item.product_id for item in self.recommended])


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
    hypothesis: Hypothesis | None
    confidence: codes.Confidence | None
    safety_findings: list[SafetyFinding] | None

    @classmethod
    def of(cls, document: documents.ReportDocument, *, is_reader: bool) -> "Report":
        found = document.assessment
        causes = found.causes if is_reader else kit.shared_causes(found, document.gender, RULES)
        hypothesis = None
        if is_reader and found.hypothesis:
            hypothesis = Hypothesis(code=found.hypothesis, explanation=TEXTS.hypotheses[found.hypothesis].en)
        return cls(
            id=strawberry.ID(encode(f"Report:{document.public_id}")),
            public_id=document.public_id,
            created_at=document.created_at,
            first_name=document.first_name,
            gender=document.gender,
            ruleset_version=found.ruleset_version,
            causes=[Cause.of(listed, is_reader=is_reader) for listed in causes],
            recovery=Recovery.of(found.recovery),
            kit=Kit(report=document, is_whole=is_reader),
            next_steps=[step.en for step in TEXTS.next_steps[found.recovery.reason_if_none or "EVERYBODY"]],
            disclaimer=TEXTS.disclaimer.en,
            hypothesis=hypothesis,
            confidence=found.confidence if is_reader else None,
            safety_findings=[SafetyFinding.of(one) for one in document.findings] if is_reader else None,
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
    discount: Money

    @strawberry.field
    async def product(self, info: strawberry.Info) -> Product | None:
        document = await info.context["product_loader"].load(self.product_id)
        return Product.of(document) if document else None


@strawberry.type
class OrderPricing:
    subtotal: Money
    discount: Money
    shipping: Money
    total: Money

    @classmethod
    def of(cls, pricing: Pricing) -> "OrderPricing":
        return cls(
            subtotal=Money.of(pricing.subtotal_paise),
            discount=Money.of(pricing.kit_discount_paise + pricing.coupon_discount_paise),
            shipping=Money.of(pricing.shipping_paise),
            total=Money.of(pricing.total_paise),
        )


@strawberry.type
class DeliveryEstimate:
    earliest: date
    latest: date


@strawberry.type
class PricePreview:
    preview_key: str
    pricing: OrderPricing


@strawberry.type
class InputWarning:
    message: str
    path: list[str]


@strawberry.type
class Order:
    id: strawberry.ID
    number: str
    placed_at: datetime
    status: OrderStatus
    phone: str
    lines: list[OrderLine]
    pricing: OrderPricing
    delivery_estimate: DeliveryEstimate
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
                    discount=Money.of(line.discount_paise),
                )
                for line in document.lines
            ],
            pricing=OrderPricing.of(document.pricing),
            delivery_estimate=DeliveryEstimate(earliest=document.delivery.earliest, latest=document.delivery.latest),
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
    preview: PricePreview | None = None
    warnings: list[InputWarning] = strawberry.field(default_factory=list)
    access_token: str | None = None
    access_token_expires_at: datetime | None = None
    is_replay: bool = False
    user_errors: list[UserError] = strawberry.field(default_factory=list)


@strawberry.type
class ScalpPhoto:
    id: strawberry.ID
    state: PhotoState


@strawberry.type
class UploadScalpPhotoPayload:
    photo: ScalpPhoto | None = None
    access_token: str | None = None
    access_token_expires_at: datetime | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)


@strawberry.input
class CustomerInput:
    name: str
    phone: str
    age: int
    gender: Gender
    email: str | None = None


@strawberry.input
class ConsentInput:
    is_given: bool
    notice_version: str


@strawberry.input
class CreateScalpPhotoUploadInput:
    consent: ConsentInput


@strawberry.input
class AnswerInput:
    key: str
    values: list[str]


@strawberry.input
class SubmitHairTestInput:
    idempotency_key: UUID
    customer: CustomerInput
    consent: ConsentInput
    answers: list[AnswerInput]


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
    report_access_token: str | None = None
    phone: str
    lines: list[OrderLineInput] | None = None
    expected_total: Decimal
    preview_key: str
    shipping_address: AddressInput
    billing_address: AddressInput | None = None
    payment_method: PaymentMethod
