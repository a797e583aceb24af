"""Giving a new installation its catalogue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

from pymongo.errors import DuplicateKeyError

from traya_gql.documents import catalogue_state, product_prices, product_words
from traya_gql.documents.products import ProductDocument
from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.shelves import words_of_product


async def seed_catalogue(
    *,
    now: datetime,
    on_product: Callable[[str], None] = lambda _: None,
    on_skipped: Callable[[str], None] = lambda _: None,
) -> int:
    """Add the products that are missing, and return how many were; what is there already is left as it is.

    Args:
        now: when they are added.
        on_product: is told the name of each product of the release, before it is looked at.
        on_skipped: is told the name of each that is not added, as a product of staff has its name or its slug.
    """
    collection = ProductDocument.get_pymongo_collection()
    added = 0
    await product_words.remember({word for seed in catalogue() for word in words_of_product(seed.product)})
    for seed in catalogue():
        on_product(seed.name)
        document = ProductDocument.of(seed.product, created_at=now)
        product = document.model_dump(by_alias=True, exclude={"revision_id"}, mode="python")
        key = product.pop("_id")
        try:
            result = await collection.update_one(
                {"_id": key}, {"$setOnInsert": product}, upsert=True, comment="seeding.product"
            )
        except DuplicateKeyError as taken:
            # by its own id: another process added it just now
            if "_id" not in (taken.details or {}).get("keyPattern", {}):
                on_skipped(seed.name)
                continue
        else:
            added += result.upserted_id is not None
        # of those that are there too: whoever added them may have been cut off before this
        await product_prices.add_first(seed.id, price_paise=seed.product.price_paise, at=now)
    # also when none was missing: whoever added them may have been cut off before this
    await catalogue_state.bump(revision=uuid4())
    return added
