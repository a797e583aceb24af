"""Products as a client sees them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Self
from uuid import UUID

import strawberry

from traya_gql.context import Context, Info
from traya_gql.documents.product_reads import ProductSort
from traya_gql.documents.products import ProductRecord
from traya_gql.domain.facets import PRICE_RANGES, Facets
from traya_gql.domain.languages import Language
from traya_gql.domain.products import ProductCategory, ProductStatus, ProductTag, RegulatoryClass
from traya_gql.domain.roles import Role
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
    ProductStatus,
    "Where a product stands. New values may be added.",
    {
        ProductStatus.DRAFT: "Written, and never sold: CATALOG_MANAGERs alone see it.",
        ProductStatus.PUBLISHED: "On sale, if it is in stock.",
        ProductStatus.ARCHIVED: "Not sold any more; orders and reports still show it.",
    },
)
described_enum(
    ProductSort,
    "What a list of products is sorted by. Ties are decided by id, so that every order is total.",
    {
        ProductSort.NAME: "By name, in code point order of its small letters: capitals make no difference.",
        ProductSort.PRICE: "By price, cheapest first.",
        ProductSort.CREATED_AT: "By the time the product was added, oldest first.",
        ProductSort.RELEVANCE: (
            "How well the words of `search` fit: first products with all of them in the name as whole words, then as "
            "beginnings of words of the name, then with some elsewhere (category, tags, benefits, and so on) as "
            "whole words, then as beginnings. Products that fit alike are sorted by name. Without `search`: as NAME."
        ),
    },
    name="ProductSortKey",
)


@strawberry.type(description="Something the company sells. All its texts are plain, not HTML: show them as they are.")
class Product(Node):
    record: strawberry.Private[ProductRecord]
    language: strawberry.Private[Language]

    slug: str = strawberry.field(description="The name in web addresses. It stays when the name changes.")
    name: str = strawberry.field(description="What it is called on the label.")
    category: ProductCategory = strawberry.field(description="The shelf it stands on.")
    tags: list[ProductTag] = strawberry.field(description="What it is meant for; may be empty.")
    benefits: list[str] = strawberry.field(description="What it may do, in lawful sentences; may be empty.")
    price: Money = strawberry.field(description="Today's price (MRP), with all taxes.")
    status: ProductStatus = strawberry.field(description="Whether it is sold, or was, or never yet.")
    version: int = strawberry.field(description="Grows with every change: the `expectedVersion` of changes.")
    is_active: bool = strawberry.field(
        description="Whether it is on sale: PUBLISHED, in stock or not, on prescription or not."
    )
    is_in_stock: bool = strawberry.field(
        description="Whether there is some to send. Look at `status`, too: nothing that is ARCHIVED can be ordered."
    )
    needs_prescription: bool = strawberry.field(
        description="Whether it is sold on a doctor's prescription only. It is listed, and cannot be ordered yet."
    )
    regulatory_class: RegulatoryClass = strawberry.field(description="What the law takes it for.")
    hsn: str = strawberry.field(description="The tariff heading, 4, 6 or 8 digits.")
    evidence: EvidenceGrade = strawberry.field(description="How well its use is shown.")
    monthly_quantity: int = strawberry.field(description="How many pieces last a month.")
    most_months: int | None = strawberry.field(
        description=(
            "For how many months at a stretch its label lets somebody take it, or take it before a new check: no kit "
            "and no order holds more. Null: the label names no such time."
        )
    )
    weight_grams: int = strawberry.field(description="What one piece weighs as it is sent, with its packing.")

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
            status=record.status,
            version=record.version,
            is_active=record.is_active,
            is_in_stock=record.is_in_stock,
            needs_prescription=record.needs_prescription,
            regulatory_class=record.regulatory_class,
            hsn=record.hsn,
            evidence=record.evidence,
            monthly_quantity=record.monthly_quantity,
            most_months=record.most_months,
            weight_grams=record.weight_g,
        )

    @classmethod
    def seen_in(cls, context: Context, record: ProductRecord | None, language: Language | None = None) -> Self | None:
        """Return the product as this viewer sees it: a draft is there for who keeps the catalogue alone.

        `language` is that of the texts; None: that of the request.
        """
        # not `viewer`: a bearer token that has ended shall not hide what is open to anyone
        if record is None or (record.is_draft and Role.CATALOG_MANAGER not in context.known_viewer.roles):
            return None
        return cls.of(record, language or context.language)

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


@strawberry.type(description="How many products of a list are of a category.")
class CategoryCount:
    value: ProductCategory = strawberry.field(description="The category.")
    count: int = strawberry.field(description="How many.")


@strawberry.type(description="How many products of a list are meant for something.")
class TagCount:
    value: ProductTag = strawberry.field(description="What they are meant for.")
    count: int = strawberry.field(description="How many.")


@strawberry.type(description="How many products of a list have a price in a range.")
class PriceRangeCount:
    min_price: Money = strawberry.field(description="The lowest price of the range: for `minPrice` of the filter.")
    max_price: Money | None = strawberry.field(
        description="The highest price of the range: for `maxPrice` of the filter. Null: the range has no end."
    )
    count: int = strawberry.field(description="How many.")


@strawberry.type(description="How many products of a list are so, or are not.")
class YesNoCount:
    value: bool = strawberry.field(description="Whether they are.")
    count: int = strawberry.field(description="How many.")


@strawberry.type(
    description=(
        "How many products a list would hold if one of its filters had another value, and all others stayed as they "
        "are: what a shop shows beside its filters. With several values chosen (`categories`, `tags`) each counts as "
        "if it were chosen alone. All values are there, in the same order always, also those with 0. "
        "The numbers are exact, and hold for the whole list, not for the page."
    )
)
class ProductFacets:
    counted: strawberry.Private[Facets]

    @strawberry.field(description="By `category` and `categories`.", metadata={AT_MOST: len(ProductCategory)})
    def categories(self) -> list[CategoryCount]:
        return [CategoryCount(value=value, count=count) for value, count in self.counted.categories.items()]

    @strawberry.field(
        description="By `tag` and `tags`. A product counts for each of its tags.", metadata={AT_MOST: len(ProductTag)}
    )
    def tags(self) -> list[TagCount]:
        return [TagCount(value=value, count=count) for value, count in self.counted.tags.items()]

    @strawberry.field(
        description="By `minPrice` and `maxPrice`, from the lowest range to the highest.",
        metadata={AT_MOST: len(PRICE_RANGES)},
    )
    def price_ranges(self) -> list[PriceRangeCount]:
        return [
            PriceRangeCount(
                min_price=money(one.min_paise),
                max_price=None if one.max_paise is None else money(one.max_paise),
                count=count,
            )
            for one, count in self.counted.price_ranges.items()
        ]

    @strawberry.field(description="By `isInStock`: true, then false.", metadata={AT_MOST: 2})
    def in_stock(self) -> list[YesNoCount]:
        return _yes_and_no(self.counted.in_stock)

    @strawberry.field(description="By `needsPrescription`: true, then false.", metadata={AT_MOST: 2})
    def needs_prescription(self) -> list[YesNoCount]:
        return _yes_and_no(self.counted.needs_prescription)


def _yes_and_no(counts: Mapping[bool, int]) -> list[YesNoCount]:
    return [YesNoCount(value=value, count=count) for value, count in counts.items()]


@strawberry.type(description="A page of products.")
class ProductConnection(Connection[Product]):
    count: strawberry.Private[Callable[[], Awaitable[Facets]]]

    is_corrected: bool = strawberry.field(
        description=(
            "Whether nothing in the shop has the words of `search` as they were typed, whatever the other filters say, "
            "and these are the products that have words much like them: `dandrufff shampo` finds what `dandruff "
            "shampoo` does. The counts are of the same words. False without `search`."
        )
    )

    @strawberry.field(
        description="How many products the whole list holds. It is counted when asked for, so ask only when shown."
    )
    async def total_count(self) -> int:
        return (await self.count()).total

    @strawberry.field(
        description="How many products of each kind there are. Counted when asked for, so ask only when shown."
    )
    async def facets(self) -> ProductFacets:
        return ProductFacets(counted=await self.count())


@strawberry.input(description="Which products. All parts that are given must hold.")
class ProductFilterInput:
    category: ProductCategory | None = strawberry.field(default=None, description="Only this shelf.")
    tag: ProductTag | None = strawberry.field(default=None, description="Only products meant for this.")
    categories: list[ProductCategory] | None = strawberry.field(
        default=None, description="Only products of any of these categories. None at all: of every category."
    )
    tags: list[ProductTag] | None = strawberry.field(
        default=None, description="Only products meant for at least one of these. None at all: for anything."
    )
    is_active: bool | None = strawberry.field(
        default=True,
        description=(
            "Only those on sale (true: PUBLISHED, in stock or not, on prescription or not), those not sold any more "
            "(false: ARCHIVED), or both (null)."
        ),
    )
    is_in_stock: bool | None = strawberry.field(
        default=None, description="Only those that can be sent now (true), or cannot (false)."
    )
    needs_prescription: bool | None = strawberry.field(
        default=None, description="Only those that are sold on a doctor's prescription (true), or without (false)."
    )
    min_price: Decimal | None = strawberry.field(
        default=None, description='Only from this price on, in rupees, such as "300" or "299.50".'
    )
    max_price: Decimal | None = strawberry.field(default=None, description="Only up to this price, in rupees.")


def product_of(id_: UUID, info: Info, language: Language | None = None) -> Product | None:
    """Return the product that an object points to; to be awaited unless it is loaded already.

    `language` is that of the object; None: that of the request.
    """
    context = info.context
    found = context.loaders.product_by_id.load(id_)
    if found.done():
        return Product.seen_in(context, found.result(), language)
    return _seen_later(context, found, language)  # type: ignore[return-value] # graphql-core awaits what can be awaited


async def _seen_later(
    context: Context, record: Awaitable[ProductRecord | None], language: Language | None
) -> Product | None:
    return Product.seen_in(context, await record, language)
