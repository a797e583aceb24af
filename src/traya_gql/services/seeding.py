"""Giving a new installation its catalogue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from traya_gql.documents.products import ProductDocument
from traya_gql.domain.catalogue import catalogue


async def seed_catalogue(*, now: datetime, on_product: Callable[[str], None] = lambda _: None) -> int:
    """Add the products that are missing, and return how many were; what is there already is left as it is."""
    collection = ProductDocument.get_pymongo_collection()
    added = 0
    for seed in catalogue():
        on_product(seed.name)
        document = ProductDocument.model_validate({**seed.product.model_dump(), "created_at": now})
        product = document.model_dump(by_alias=True, exclude={"revision_id"}, mode="python")
        key = product.pop("_id")
        result = await collection.update_one(
            {"_id": key}, {"$setOnInsert": product}, upsert=True, comment="seeding.product"
        )
        added += result.upserted_id is not None
    return added
