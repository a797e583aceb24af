"""Products as a client sees them."""

from __future__ import annotations

from collections.abc import Awaitable
from decimal import Decimal
from typing import Self
from uuid import UUID

import strawberry

from traya_gql.context import Info
from traya_gql.documents.products import ProductQuery, ProductRecord, ProductSort
from traya_gql.domain.languages import Language
from traya_gql.domain.products import ProductCategory, ProductTag, RegulatoryClass
from traya_gql.domain.ruleset.codes import EvidenceGrade
from traya_gql.guards import AT_MOST
from traya_gql.schema.common import Connection, Money, Node, NodeType, described_enum, money, node_id
from traya_gql.schema.safety import Ingredient

_MOST_INGREDIENTS = 20

described_enum(
    ProductCategory,
    "The shelf a product stands on.",
    {
        ProductCategory.MEDICINE: "Tablets, capsules and tonics: taken by mouth.",
        ProductCategory.OIL: "Oils that stay on the scalp.",
        ProductCategory.SERUM: "Serums and solutions that stay on the scalp.",
        ProductCategory.SHAMPOO: "Shampoos, rinsed off.",
    },
)
described_enum(
    RegulatoryClass,
    "What the law takes a product for.",
    {
        RegulatoryClass.COSMETIC: "A cosmetic.",
        RegulatoryClass.AYURVEDIC: "An Ayurvedic product.",
        RegulatoryClass.NUTRACEUTICAL: "A food supplement.",
        RegulatoryClass.SCHEDULE_H: "A drug that is sold on a doctor's prescription only.",
    },
)
described_enum(
    ProductTag,
    "What a product is meant for.",
    {
        ProductTag.DANDRUFF: "Flakes.",
        ProductTag.GENETIC: "Pattern hair loss that runs in the family.",
        ProductTag.STRESS: "Hair fall in times of stress.",
        ProductTag.NUTRITIONAL: "Hair fall with a poor diet.",
        ProductTag.HORMONAL: "Hair fall with hormonal changes.",
        ProductTag.EARLY_STAGE: "The first stages of hair loss.",
        ProductTag.ADVANCED_STAGE: "Later stages of hair loss.",
        ProductTag.SCALP_HEALTH: "A healthy scalp.",
        ProductTag.INFLAMMATION: "A red or irritated scalp.",
        ProductTag.DRY_SCALP: "A dry scalp.",
        ProductTag.OILY_SCALP: "An oily scalp.",
        ProductTag.VITAMIN_DEFICIENCY: "A lack of vitamins.",
        ProductTag.SLEEP_ISSUES: "Bad sleep.",
    },
)
described_enum(
    ProductSort,
    "What a list of products is sorted by. Ties are decided by id, so that every order is total.",
    {
        ProductSort.NAME: "By name, in code point order.",
        ProductSort.PRICE: "By price, cheapest first.",
        ProductSort.CREATED_AT: "By the time the product was added, oldest first.",
    },
    name="ProductSortKey",
)


@strawberry.type(description="Something the company sells.")
class Product(Node):
    record: strawberry.Private[ProductRecord]
    language: strawberry.Private[Language]

    slug: str = strawberry.field(description="The name in web addresses. It stays when the name changes.")
    name: str = strawberry.field(description="What it is called on the label.")
    category: ProductCategory = strawberry.field(description="The shelf it stands on.")
    tags: list[ProductTag] = strawberry.field(description="What it is meant for; may be empty.")
    benefits: list[str] = strawberry.field(description="What it may do, in lawful sentences; may be empty.")
    price: Money = strawberry.field(description="Today's price (MRP), with all taxes.")
    is_active: bool = strawberry.field(description="Whether it is sold.")
    is_in_stock: bool = strawberry.field(description="Whether it can be sent now.")
    needs_prescription: bool = strawberry.field(
        description="Whether it is sold on a doctor's prescription only. It is listed, and cannot be ordered yet."
    )
    regulatory_class: RegulatoryClass = strawberry.field(description="What the law takes it for.")
    hsn: str = strawberry.field(description="The tariff heading, 4, 6 or 8 digits.")
    evidence: EvidenceGrade = strawberry.field(description="How well its use is shown.")
    monthly_quantity: int = strawberry.field(description="How many pieces last a month.")

    @classmethod
    def of(cls, record: ProductRecord, language: Language) -> Self:
        return cls(
            record=record,
            language=language,
            id=node_id(NodeType.PRODUCT, record.id),
            slug=record.slug,
            name=record.name,
            category=record.category,
            tags=list(record.tags),
            benefits=list(record.benefits),
            price=money(record.price_paise),
            is_active=record.is_active,
            is_in_stock=record.is_in_stock,
            needs_prescription=record.needs_prescription,
            regulatory_class=record.regulatory_class,
            hsn=record.hsn,
            evidence=record.evidence,
            monthly_quantity=record.monthly_quantity,
        )

    @strawberry.field(description="All its ingredients.", metadata={AT_MOST: _MOST_INGREDIENTS})
    def ingredients(self) -> list[Ingredient]:
        return [Ingredient.of(code, self.language) for code in self.record.ingredients]

    @strawberry.field(
        description="Those of the ingredients that act; may be empty.", metadata={AT_MOST: _MOST_INGREDIENTS}
    )
    def actives(self) -> list[Ingredient]:
        return [Ingredient.of(code, self.language) for code in self.record.actives]

    @strawberry.field(description="How to use it, in the language of the report or the request.")
    def usage(self) -> str:
        return self.record.usage.in_(self.language)

    @strawberry.field(description="What to look out for, in the language of the report or the request; may be empty.")
    def cautions(self) -> list[str]:
        return [caution.in_(self.language) for caution in self.record.cautions]


@strawberry.type(description="A page of products.")
class ProductConnection(Connection[Product]):
    query: strawberry.Private[ProductQuery]

    @strawberry.field(
        description="How many products the whole list holds. It is counted when asked for, so ask only when shown."
    )
    async def total_count(self, info: Info) -> int:
        return await info.context.loaders.product_count_by_query.load(self.query)


@strawberry.input(description="Which products. All parts that are given must hold.")
class ProductFilterInput:
    category: ProductCategory | None = strawberry.field(default=None, description="Only this shelf.")
    tag: ProductTag | None = strawberry.field(default=None, description="Only products meant for this.")
    is_active: bool | None = strawberry.field(
        default=True, description="Only those that can be ordered (true), cannot (false), or both (null)."
    )
    min_price: Decimal | None = strawberry.field(
        default=None, description='Only from this price on, in rupees, such as "300" or "299.50".'
    )
    max_price: Decimal | None = strawberry.field(default=None, description="Only up to this price, in rupees.")


def product_of(id_: UUID, info: Info, language: Language | None = None) -> Product | None:
    """Return the product that an object points to; to be awaited unless it is loaded already.

    `language` is that of the object; None: that of the request.
    """
    language = language or info.context.language
    found = info.context.loaders.product_by_id.load(id_)
    if found.done():
        return _shown(found.result(), language)
    return _shown_later(found, language)  # type: ignore[return-value] # graphql-core awaits what can be awaited


def _shown(record: ProductRecord | None, language: Language) -> Product | None:
    return None if record is None else Product.of(record, language)


async def _shown_later(record: Awaitable[ProductRecord | None], language: Language) -> Product | None:
    return _shown(await record, language)
