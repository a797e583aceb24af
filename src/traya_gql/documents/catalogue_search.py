"""The staff's list of products by words: of their names and slugs, drafts too, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from traya_gql.documents.product_reads import Way
from traya_gql.documents.products import CATALOGUE_INDEX, TERMS_INDEX, ProductDocument, ProductRecord
from traya_gql.documents.records import NEWEST_FIRST, Position, find_many
from traya_gql.domain.products import ProductStatus
from traya_gql.domain.search import Word, pattern_for_staff, terms_for_staff

# New products stand together. The way along the list has to be so much shorter than the other before it is taken.
_CAUTION = 5


def cheapest_way(sizes: Sequence[int], *, of: int, limit: int) -> Way:
    """Return how to read a page: of so many products with each word, of so many in all."""
    found = prod(min(size / max(of, 1), 1) for size in sizes) * of
    return Way.SHELF if limit * _CAUTION * of < min(sizes) * found else Way.TERMS


async def count_word(word: Word) -> int:
    """Return how many products have the word in name or slug. One command."""
    return await ProductDocument.get_pymongo_collection().count_documents(
        {"search_terms": {"$in": terms_for_staff(word)}}, hint=TERMS_INDEX, comment="catalogue_search.of_word"
    )


async def page(
    words: Sequence[Word],
    status: ProductStatus | None,
    *,
    after: Position | None,
    limit: int,
    way: Way,
    rarest: int,
) -> list[ProductRecord]:
    """Return at most `limit` products (None: of any status) with all words, the newest first. One command.

    `way` is how to read them, SHELF along all products, `rarest` the place of the word that the fewest have: they make
    no difference to what is found.
    """
    bounds = _bounds(after)
    if way is Way.SHELF:
        # one range of the index a branch, merged in its order
        statuses = ProductStatus if status is None else [status]
        asked: dict[str, Any] = {
            "$or": [{**_state(one), **bound, **_texts(words)} for one in statuses for bound in bounds]
        }
        index = CATALOGUE_INDEX
    else:
        others = [word for place, word in enumerate(words) if place != rarest]
        asked = {"search_terms": {"$in": terms_for_staff(words[rarest])}, **_texts(others)}
        if status is not None:
            asked |= _state(status)
        if after is not None:
            asked["$or"] = bounds
        index = TERMS_INDEX
    return await find_many(
        ProductDocument,
        ProductRecord,
        asked,
        comment="catalogue_search.page",
        sort=NEWEST_FIRST,
        limit=limit,
        hint=index,
    )


def _texts(words: Sequence[Word]) -> dict[str, Any]:
    return {"$and": [{"search_text": {"$regex": pattern_for_staff(word)}} for word in words]} if words else {}


def _state(status: ProductStatus) -> dict[str, Any]:
    return {"is_draft": status is ProductStatus.DRAFT, "is_active": status is ProductStatus.PUBLISHED}


def _bounds(after: Position | None) -> list[dict[str, Any]]:
    """Return the conditions of which a product after the position meets one; from the start any does."""
    if after is None:
        return [{}]
    return [
        {"created_at": after.created_at, "_id": {"$lt": after.id}},
        {"created_at": {"$lt": after.created_at}},
    ]
