"""The stored documents, in Beanie's ordinary way."""

# ruff: noqa: RUF012 - Beanie's documents write `Settings` like this

from datetime import datetime
from uuid import UUID

from beanie import Document
from pydantic import BaseModel, ConfigDict
from pymongo import ASCENDING, DESCENDING, IndexModel

from traya_gql.domain.addresses import Address
from traya_gql.domain.clearances import Clearance
from traya_gql.domain.consents import Consent
from traya_gql.domain.customers import Gender, Person
from traya_gql.domain.delivery import DeliveryEstimate
from traya_gql.domain.gst import Tax
from traya_gql.domain.orders import OrderStatus, PaymentMethod
from traya_gql.domain.pricing import Pricing
from traya_gql.domain.products import ProductFacts
from traya_gql.domain.ruleset.answers import Answers
from traya_gql.domain.ruleset.kit import Kit, KitItem
from traya_gql.domain.ruleset.outcome import StatedFinding
from traya_gql.domain.ruleset.scores import Assessment
from traya_gql.domain.scalp_photos import PhotoState

KEPT_S = 7 * 24 * 3600
NEWEST_OF_CUSTOMER = [("customer_id", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)]


class ProductDocument(ProductFacts, Document):
    model_config = ConfigDict(frozen=False)

    id: UUID
    created_at: datetime
    schema_version: int = 1

    class Settings:
        name = "products"
        indexes = [
            IndexModel("slug", unique=True),
            IndexModel("name", unique=True),
            IndexModel([("is_active", ASCENDING), ("name", ASCENDING), ("_id", ASCENDING)]),
            IndexModel([("is_active", ASCENDING), ("price_paise", ASCENDING), ("_id", ASCENDING)]),
            IndexModel([("is_active", ASCENDING), ("created_at", ASCENDING), ("_id", ASCENDING)]),
        ]


class HairTestDocument(Document):
    id: UUID
    created_at: datetime
    customer_id: UUID | None = None
    report_id: UUID
    person: Person
    answers: Answers
    questionnaire_version: str
    consent: Consent
    schema_version: int = 3

    class Settings:
        name = "hair_tests"
        indexes = [IndexModel(NEWEST_OF_CUSTOMER), IndexModel("person.phone")]


class ReportDocument(Document):
    id: UUID
    created_at: datetime
    customer_id: UUID | None = None
    public_id: str
    hair_test_id: UUID
    first_name: str
    gender: Gender
    assessment: Assessment
    findings: list[StatedFinding]
    kit: Kit
    shared_kit: list[KitItem]
    clearances: list[Clearance] = []
    schema_version: int = 2

    class Settings:
        name = "reports"
        indexes = [
            IndexModel("public_id", unique=True),
            IndexModel("hair_test_id", unique=True),
            IndexModel(NEWEST_OF_CUSTOMER),
        ]


class OrderLine(BaseModel):
    product_id: UUID
    product_name: str
    unit_price_paise: int
    quantity: int
    total_paise: int
    discount_paise: int
    tax: Tax


class OrderDocument(Document):
    id: UUID
    created_at: datetime
    customer_id: UUID | None = None
    number: str
    report_id: UUID
    phone: str
    status: OrderStatus
    lines: list[OrderLine]
    shipping_address: Address
    billing_address: Address
    payment_method: PaymentMethod
    pricing: Pricing
    delivery: DeliveryEstimate
    schema_version: int = 1

    class Settings:
        name = "orders"
        indexes = [
            IndexModel("number", unique=True),
            IndexModel("report_id"),
            IndexModel("phone"),
            IndexModel(NEWEST_OF_CUSTOMER),
        ]


class IdempotencyDocument(Document):
    id: str
    result_id: UUID
    created_at: datetime

    class Settings:
        name = "idempotency"
        indexes = [IndexModel("created_at", expireAfterSeconds=KEPT_S)]


class ScalpPhotoDocument(Document):
    id: UUID
    created_at: datetime
    customer_id: UUID | None = None
    state: PhotoState
    consent: Consent
    schema_version: int = 1

    class Settings:
        name = "scalp_photos"


DOCUMENTS = [
    ProductDocument,
    HairTestDocument,
    ReportDocument,
    OrderDocument,
    IdempotencyDocument,
    ScalpPhotoDocument,
]
