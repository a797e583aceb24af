"""The words of the catalogue, each under what is left of it when it is mistyped."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field
from pymongo import ASCENDING, IndexModel, UpdateOne

from traya_gql.documents.records import StoredDocument, find_many
from traya_gql.domain.search import near

MOST_FOUND = 300
"""Words that are compared with mistyped ones; beyond, some are missed."""


class ProductWordRecord(BaseModel):
    """A word that a product was ever searched by. It stays when its last product goes: it then leads to nothing.

    Taking it away could not be told from a product that gets it just now, and would then not be found by it.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    unread: ClassVar[tuple[str, ...]] = ("near",)

    id: str = Field(alias="_id")


class ProductWordDocument(ProductWordRecord, StoredDocument):
    """The word as written."""

    model_config = ConfigDict(frozen=False)

    near: tuple[str, ...]

    class Settings:
        """Where it lies."""

        name = "product_words"
        indexes = (IndexModel([("near", ASCENDING)], name="near"),)


async def remember(words: Collection[str]) -> None:
    """Add the words that are new. One command.

    Before the transaction that writes their product, and not in it: two products with the same new word would make
    each other wait, and a word without a product does no harm.
    """
    if words:
        await ProductWordDocument.get_pymongo_collection().bulk_write(
            [
                UpdateOne({"_id": word}, {"$setOnInsert": {"near": list(near(word)), "schema_version": 1}}, upsert=True)
                for word in sorted(words)
            ],
            ordered=False,
            comment="product_words.remember",
        )


async def near_to(keys: Sequence[str]) -> list[str]:
    """Return the words that are stored under any of these, at most 300, in no order. One command."""
    found = await find_many(
        ProductWordDocument,
        ProductWordRecord,
        {"near": {"$in": list(keys)}},
        comment="product_words.near",
        limit=MOST_FOUND,
    )
    return [word.id for word in found]


async def known(words: Collection[str]) -> frozenset[str]:
    """Return those of these that are words of the catalogue. One command."""
    cursor = ProductWordDocument.get_pymongo_collection().find(
        {"_id": {"$in": list(words)}}, {"_id": 1}, batch_size=len(words) + 1, comment="product_words.known"
    )
    return frozenset(word["_id"] for word in await cursor.to_list())
