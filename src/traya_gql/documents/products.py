"""Products in MongoDB."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pymongo import ASCENDING, DESCENDING, TEXT, IndexModel

from traya_gql.documents.records import Record, StoredDocument, find_by_ids, find_many, find_one
from traya_gql.domain.products import ProductCategory, ProductFacts, ProductTag


class ProductRecord(Record, ProductFacts):
    """A product of the catalogue."""

    id: UUID = Field(alias="_id")


class ProductSort(StrEnum):
    """The sort keys that have an index. Ties are decided by the product's id."""

    NAME = "name"
    PRICE = "price_paise"
    CREATED_AT = "created_at"


class ProductQuery(BaseModel):
    """Which products: every part given must hold. Prices in paise, both ends included."""

    model_config = ConfigDict(frozen=True)

    category: ProductCategory | None = None
    tag: ProductTag | None = None
    is_active: bool | None = None
    min_price_paise: int | None = None
    max_price_paise: int | None = None
    words: tuple[str, ...] = ()


class ProductPosition(NamedTuple):
    """Where a page ends: the sort key's value and the id of its last product."""

    value: Any
    id: UUID


def _indexes() -> list[IndexModel]:
    """Equality first, then the sort key and the id, then the price, so that a price range is checked on the keys."""
    indexes = [
        IndexModel("slug", unique=True, name="slug"),
        IndexModel("name", unique=True, name="name"),
        IndexModel([("name", TEXT), ("benefits", TEXT), ("tags", TEXT)], name="text", default_language="english"),
    ]
    for equality in (
        ("is_active",),
        ("is_active", "category"),
        ("is_active", "tags"),
        ("is_active", "category", "tags"),
    ):
        for sort in ProductSort:
            keys = [*equality, sort.value, "_id"]
            if sort is not ProductSort.PRICE:
                keys.append("price_paise")
            indexes.append(IndexModel([(key, ASCENDING) for key in keys], name=_index_name(equality, sort)))
    return indexes


def _index_name(equality: tuple[str, ...], sort: ProductSort) -> str:
    return f"{'-'.join(equality)}-by-{sort.value}"


def _equality(query: ProductQuery) -> tuple[str, ...]:
    """Return the fields that the query asks to be equal, in the order of the index that is made for it."""
    asked = (("is_active", True), ("category", query.category is not None), ("tags", query.tag is not None))
    return tuple(name for name, is_asked in asked if is_asked)


class ProductDocument(ProductRecord, StoredDocument):
    """The product as it is written."""

    model_config = ConfigDict(frozen=False)

    class Settings:
        """Where it lies."""

        name = "products"
        indexes = _indexes()


async def by_ids(ids: Sequence[UUID]) -> dict[UUID, ProductRecord]:
    """Return the products that exist among these ids, active or not."""
    return await find_by_ids(ProductDocument, ProductRecord, ids, comment="products.by_ids")


async def by_slug(slug: str) -> ProductRecord | None:
    """Return the product with this slug, active or not."""
    return await find_one(ProductDocument, ProductRecord, {"slug": slug}, comment="products.by_slug")


async def all_active() -> list[ProductRecord]:
    """Return all active products, in stock or not, in no order."""
    return await find_many(ProductDocument, ProductRecord, {"is_active": True}, comment="products.all_active")


async def page(
    query: ProductQuery, *, sort: ProductSort, is_reverse: bool, after: ProductPosition | None, limit: int
) -> list[ProductRecord]:
    """Return at most `limit` products that come after the position (None: from the start), in order. One command."""
    direction = DESCENDING if is_reverse else ASCENDING
    found = _filter(query)
    bounds = _bounds(sort, after, is_reverse=is_reverse)
    if query.words:
        found |= {"$or": bounds} if bounds else {}
    else:
        # one range of the index a branch, merged in the index's order: nothing before the position is read, however
        # many products share the sort key's value
        states = (True, False) if query.is_active is None else (query.is_active,)
        branches = [{**found, "is_active": state, **bound} for state in states for bound in bounds or [{}]]
        found = {"$or": branches} if len(branches) > 1 else branches[0]
    return await find_many(
        ProductDocument,
        ProductRecord,
        found,
        comment="products.page",
        sort=[(sort.value, direction), ("_id", direction)],
        limit=limit,
        # MongoDB would rather read a whole price range and sort it; a text search has but one index
        hint=None if query.words else _index_name(_equality(query), sort),
    )


def _bounds(sort: ProductSort, after: ProductPosition | None, *, is_reverse: bool) -> list[dict[str, Any]]:
    """Return the two conditions of which a product after the position meets one; none from the start."""
    if after is None:
        return []
    beyond = "$lt" if is_reverse else "$gt"
    # under $and, as the filter may ask for a range of the same field
    return [
        {"$and": [{sort.value: after.value}, {"_id": {beyond: after.id}}]},
        {"$and": [{sort.value: {beyond: after.value}}]},
    ]


async def count(query: ProductQuery) -> int:
    """Return how many products the query finds. One command."""
    return await ProductDocument.get_pymongo_collection().count_documents(_filter(query), comment="products.count")


def search_words(text: str) -> tuple[str, ...]:
    """Return the words of a search text, at most 10: quotes and minus signs mean something to MongoDB's `$text`."""
    return tuple(re.findall(r"\w+", text)[:10])


def _filter(query: ProductQuery) -> dict[str, Any]:
    # both values named where either will do: the indexes begin with it
    found: dict[str, Any] = {"is_active": {"$in": [False, True]} if query.is_active is None else query.is_active}
    if query.category is not None:
        found["category"] = query.category.value
    if query.tag is not None:
        found["tags"] = query.tag.value
    price = {
        operator: value
        for operator, value in (("$gte", query.min_price_paise), ("$lte", query.max_price_paise))
        if value is not None
    }
    if price:
        found["price_paise"] = price
    if query.words:
        # each word quoted: all of them must occur
        found["$text"] = {"$search": " ".join(f'"{word}"' for word in query.words)}
    return found
