"""Products in MongoDB."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator
from pymongo import ASCENDING, DESCENDING, IndexModel

from traya_gql.documents.records import Record, StoredDocument, find_by_ids, find_many, find_one
from traya_gql.domain.products import ProductFacts
from traya_gql.domain.ruleset.options import Pattern
from traya_gql.domain.shelves import Findable, findable


class ProductRecord(Record, ProductFacts):
    """A product of the catalogue.

    `changed_by` is the customer id of the member of staff who changed it last; None for what came with a release.
    """

    unread: ClassVar[tuple[str, ...]] = tuple(Findable.model_fields)

    id: UUID = Field(alias="_id")
    changed_at: datetime | None = None
    changed_by: UUID | None = None


CATALOGUE_INDEX = "catalogue"
"""What the staff's list is read from: by status, the newest first."""

_PICTURES = "pictures"


TERMS_INDEX = "terms"
"""What a search for words that few products have is read from."""

SORT_KEYS = ("name_key", "price_paise", "created_at")


def shelf_index(sort_key: str) -> str:
    """Return the name of the index that holds each shelf in this order."""
    return f"shelf-by-{sort_key}"


def _indexes() -> list[IndexModel]:
    """What is equal first, then the sort key and the id, then what is checked on the keys: traits and price."""
    shelves = [
        ["shelves", "is_active", sort_key, "_id", "traits", *(["price_paise"] if sort_key != "price_paise" else [])]
        for sort_key in SORT_KEYS
    ]
    terms = ["search_terms", "is_active", "traits", "price_paise"]
    return [
        IndexModel("slug", unique=True, name="slug"),
        IndexModel("name", unique=True, name="name"),
        IndexModel([("pattern_fit", ASCENDING), ("is_active", ASCENDING), ("is_in_stock", ASCENDING)], name=_PICTURES),
        IndexModel(
            [("is_draft", ASCENDING), ("is_active", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)],
            name=CATALOGUE_INDEX,
        ),
        IndexModel([(key, ASCENDING) for key in terms], name=TERMS_INDEX),
        *(
            IndexModel([(key, ASCENDING) for key in keys], name=shelf_index(sort_key))
            for sort_key, keys in zip(SORT_KEYS, shelves, strict=True)
        ),
    ]


class ProductDocument(ProductRecord, StoredDocument):
    """The product as it is written. Under what it is found follows from its facts, whenever a document is made."""

    model_config = ConfigDict(frozen=False)

    search_terms: tuple[str, ...] = ()
    search_text: str = ""
    name_key: str = ""
    shelves: tuple[str, ...] = ()
    traits: int = 0

    @model_validator(mode="after")
    def _is_found_by_its_facts(self) -> Self:
        found = findable(self)
        self.search_terms, self.search_text = found.search_terms, found.search_text
        self.name_key, self.shelves, self.traits = found.name_key, found.shelves, found.traits
        return self

    @classmethod
    def of(cls, facts: ProductFacts, *, created_at: datetime) -> Self:
        """Return the document of these facts."""
        return cls.model_validate({**facts.model_dump(), "created_at": created_at})

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


async def candidates(pattern: Pattern) -> list[ProductRecord]:
    """Return the products that a kit for this picture can hold, the shared one too, in no order.

    What cannot be sent is in no kit, nor is what does not fit the picture: the products of a shared kit fit every
    picture with months, and for a picture without months there is none.
    """
    return await find_many(
        ProductDocument,
        ProductRecord,
        {"pattern_fit": pattern.value, "is_active": True, "is_in_stock": True},
        comment="products.candidates",
        hint=_PICTURES,
    )
