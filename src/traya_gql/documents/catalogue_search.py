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
    looked_for = list(words)
    if way is Way.TERMS:
        asked: dict[str, Any] = {"search_terms": {"$in": terms_for_staff(looked_for.pop(rarest))}}
        branches = [{**_state(one), **bound} for one in ([] if status is None else [status]) for bound in bounds]
        branches = branches or [bound for bound in bounds if bound]
    else:
        asked = {}
        # one range of the index a branch, merged in its order
        branches = [
            {**_state(one), **bound} for one in (ProductStatus if status is None else [status]) for bound in bounds
        ]
    texts = [{"search_text": {"$regex": pattern_for_staff(word)}} for word in looked_for]
    if way is Way.TERMS:
        asked |= {"$and": texts} if texts else {}
        asked |= {"$or": branches} if branches else {}
    else:
        asked = {"$or": [{**branch, "$and": texts} for branch in branches]}
    return await find_many(
        ProductDocument,
        ProductRecord,
        asked,
        comment="catalogue_search.page",
        sort=NEWEST_FIRST,
        limit=limit,
        hint=TERMS_INDEX if way is Way.TERMS else CATALOGUE_INDEX,
    )


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
