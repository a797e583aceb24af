"""The stored documents, in Beanie's ordinary way."""

# ruff: noqa: RUF012 - Beanie's documents write `Settings` like this

from datetime import datetime
from uuid import UUID

from beanie import Document
from pydantic import BaseModel
from pymongo import ASCENDING, IndexModel

from traya_gql.domain.addresses import Address
from traya_gql.domain.assessment import Assessment
from traya_gql.domain.customers import Person, Gender
from traya_gql.domain.hair_tests import HairAnswers
from traya_gql.domain.kit import KitItem
from traya_gql.domain.orders import OrderStatus, PaymentMethod
from traya_gql.domain.pricing import Quote
from traya_gql.domain.products import ProductCategory, ProductTag

KEPT_S = 7 * 24 * 3600


class ProductDocument(Document):
    id: UUID
    created_at: datetime
    slug: str
    name: str
    category: ProductCategory
    tags: list[ProductTag]
    benefits: list[str]
    price_paise: int
    is_active: bool
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


class CustomerDocument(Document):
    id: UUID
    created_at: datetime
    report_id: UUID
    details: Person
    is_verified: bool
    schema_version: int = 1

    class Settings:
        name = "customers"
        indexes = [IndexModel("details.phone")]


class HairTestDocument(Document):
    id: UUID
    created_at: datetime
    customer_id: UUID
    report_id: UUID
    answers: HairAnswers
    schema_version: int = 1

    class Settings:
        name = "hair_tests"
        indexes = [IndexModel("customer_id")]


class ReportDocument(Document):
    id: UUID
    created_at: datetime
    public_id: str
    hair_test_id: UUID
    first_name: str
    gender: Gender
    assessment: Assessment
    kit: list[KitItem]
    schema_version: int = 1

    class Settings:
        name = "reports"
        indexes = [IndexModel("public_id", unique=True), IndexModel("hair_test_id", unique=True)]


class OrderLine(BaseModel):
    product_id: UUID
    product_name: str
    unit_price_paise: int
    quantity: int
    total_paise: int


class OrderDocument(Document):
    id: UUID
    created_at: datetime
    number: str
    report_id: UUID
    phone: str
    status: OrderStatus
    lines: list[OrderLine]
    shipping_address: Address
    billing_address: Address
    payment_method: PaymentMethod
    pricing: Quote
    schema_version: int = 1

    class Settings:
        name = "orders"
        indexes = [IndexModel("number", unique=True), IndexModel("report_id"), IndexModel("phone")]


class IdempotencyDocument(Document):
    id: str
    result_id: UUID
    created_at: datetime

    class Settings:
        name = "idempotency"
        indexes = [IndexModel("created_at", expireAfterSeconds=KEPT_S)]


DOCUMENTS = [ProductDocument, CustomerDocument, HairTestDocument, ReportDocument, OrderDocument, IdempotencyDocument]
