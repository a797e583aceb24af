"""The catalogue that a new installation starts with."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, TypeAdapter

from traya_gql.documents.products import ProductDocument
from traya_gql.domain.products import ProductCategory, ProductTag

# made once, at random: ids of seeded products follow from their slugs, so that examples hold on every installation
_NAMESPACE = UUID("5b0ffca3-9d3f-4a3a-8a36-4f6e3c0b7c11")
_PAISE = 100


class SeedProduct(BaseModel):
    """One entry of `catalogue.toml`. The price is in whole rupees there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slug: str
    name: str
    category: ProductCategory
    rupees: int
    tags: tuple[ProductTag, ...]
    benefits: tuple[str, ...]

    @property
    def id(self) -> UUID:
        """The product's id on every installation."""
        return uuid5(_NAMESPACE, self.slug)


def catalogue() -> tuple[SeedProduct, ...]:
    """Return the products of `catalogue.toml`, in its order."""
    text = files("traya_gql.services").joinpath("catalogue.toml").read_text(encoding="utf-8")
    return TypeAdapter(tuple[SeedProduct, ...]).validate_python(tomllib.loads(text)["product"])


async def seed_catalogue(*, now: datetime, on_product: Callable[[str], None] = lambda _: None) -> int:
    """Add the products that are missing, and return how many were; what is there already is left as it is."""
    collection = ProductDocument.get_pymongo_collection()
    added = 0
    for product in _documents(now):
        on_product(product["name"])
        key = product.pop("_id")
        result = await collection.update_one(
            {"_id": key}, {"$setOnInsert": product}, upsert=True, comment="seeding.product"
        )
        added += result.upserted_id is not None
    return added


def _documents(now: datetime) -> Iterator[dict[str, Any]]:
    for seed in catalogue():
        document = ProductDocument(
            id=seed.id,
            created_at=now,
            slug=seed.slug,
            name=seed.name,
            category=seed.category,
            tags=seed.tags,
            benefits=seed.benefits,
            price_paise=seed.rupees * _PAISE,
            is_active=True,
        )
        yield document.model_dump(by_alias=True, exclude={"revision_id"}, mode="python")
