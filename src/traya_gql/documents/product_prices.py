"""What products cost, and since when, in MongoDB."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from traya_gql.documents.records import StoredDocument, find_versions
from traya_gql.documents.transactions import current_session


class ProductPriceRecord(BaseModel):
    """One price of a product, in paise. `previous_price_paise` is None for the first.

    `version` is the product's first one with it. `changed_by` is the customer id of the member of staff who set it;
    None for what came with a release.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    id: UUID = Field(alias="_id")
    product_id: UUID
    version: int
    price_paise: int
    previous_price_paise: int | None
    changed_at: datetime
    changed_by: UUID | None


class ProductPriceDocument(ProductPriceRecord, StoredDocument):
    """The price as it is written: once, and never changed."""

    model_config = ConfigDict(frozen=False)

    class Settings:
        """Where it lies."""

        name = "product_prices"
        indexes = (
            IndexModel([("product_id", ASCENDING), ("version", DESCENDING)], name="product_version", unique=True),
        )


async def page(product_id: UUID, *, before: int | None, limit: int) -> list[ProductPriceRecord]:
    """Return at most `limit` prices of a product, set before version `before`, the newest first. One command."""
    return await find_versions(
        ProductPriceDocument,
        ProductPriceRecord,
        {"product_id": product_id},
        before=before,
        limit=limit,
        comment="product_prices.page",
    )


async def remove_all(product_id: UUID) -> None:
    """Remove the prices of a product that was never sold. Joins the transaction it runs in."""
    await ProductPriceDocument.get_pymongo_collection().delete_many(
        {"product_id": product_id}, session=current_session(), comment="product_prices.remove_all"
    )


async def add_first(product_id: UUID, *, price_paise: int, at: datetime) -> None:
    """Note the price that a product came with, unless that is noted already. It has the product's own id."""
    await ProductPriceDocument.get_pymongo_collection().update_one(
        {"_id": product_id},
        {
            "$setOnInsert": {
                "product_id": product_id,
                "version": 1,
                "price_paise": price_paise,
                "previous_price_paise": None,
                "changed_at": at,
                "changed_by": None,
                "schema_version": 1,
            }
        },
        upsert=True,
        comment="product_prices.add_first",
    )
