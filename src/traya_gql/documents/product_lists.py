"""The lists of the shop: pages and counts of products by shelf, words, price and traits.

A page is read from an index in one of three ways; `cheapest_way` says which reads least. docs/decisions/0031
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum, StrEnum, auto
from math import prod
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from pymongo import ASCENDING, DESCENDING

from traya_gql.documents.products import TERMS_INDEX, ProductDocument, ProductRecord, shelf_index
from traya_gql.documents.records import find_many
from traya_gql.domain.facets import Filters, Tally, tally_of
from traya_gql.domain.shelves import shelf


class ProductSort(StrEnum):
    """The sort keys that have an index. Ties are decided by the product's id."""

    NAME = "name"
    PRICE = "price_paise"
    CREATED_AT = "created_at"


Word: TypeAlias = tuple[str, ...]
"""The terms of which a product must have one."""


class ProductQuery(Filters):
    """Which products: every part given must hold, and all words. Drafts are in no list."""

    is_active: bool | None = None
    words: tuple[Word, ...] = ()

    @property
    def shelf(self) -> str:
        """The shelf on which all of them stand."""
        return shelf(
            category=self.category,
            tag=self.tag,
            is_out_of_stock=self.is_in_stock is False,
            needs_prescription=self.needs_prescription is True,
        )

    @property
    def has_price_range(self) -> bool:
        """Whether it asks for prices."""
        return self.min_price_paise is not None or self.max_price_paise is not None


class ProductPosition(NamedTuple):
    """Where a page ends: the sort key's value and the id of its last product."""

    value: Any
    id: UUID


# --- how a page is read -----------------------------------------------------------------------------------------------


class Way(Enum):
    """How a page is read.

    SHELF: along the shelf in the order of the page, until it is full. PRICES: the whole price range of the shelf, to be
    sorted. TERMS: all products with the rarest word, to be sorted.
    """

    SHELF = auto()
    PRICES = auto()
    TERMS = auto()


class Sizes(NamedTuple):
    """How many products there are, by and large: in all, on the shelf, in its price range, and with each word."""

    shop: int
    shelf: int
    prices: int
    words: tuple[int, ...]


# Measured of MongoDB 6: against a key of an index, reading a product costs so much, and looking through its text more
_PRODUCT = 2.5
_TEXT = 1.0
# Words and order go together: what begins with "Ra" stands far behind in the order of names. The way along the shelf
# has to be so much shorter than the other before it is taken.
_CAUTION = 5


def cheapest_way(query: ProductQuery, sort: ProductSort, sizes: Sizes, *, limit: int) -> Way:
    """Return how to read a page of this length: what reads least if the kinds are nearly independent of each other."""
    shop, shelf_ = max(sizes.shop, 1), max(sizes.shelf, 1)
    with_words = prod(min(size / shop, 1) for size in sizes.words)
    in_prices = min(sizes.prices / shelf_, 1)
    product = _PRODUCT + (_TEXT if query.words else 0)

    # prices are told by the keys, words by the product; ordered by price, nothing outside of the range is read
    walked = sizes.prices if sort is ProductSort.PRICE else sizes.shelf
    found = max(sizes.shelf * in_prices * with_words, 1)
    part = min(limit / found * (_CAUTION if query.words else 1), 1)
    costs = {Way.SHELF: part * (walked + sizes.shelf * in_prices * product)}
    if query.has_price_range and sort is not ProductSort.PRICE:
        costs[Way.PRICES] = sizes.prices * (1 + product)
    if query.words:
        fetched = min(shelf_ / shop, 1) * in_prices * (_PRODUCT + (_TEXT if len(query.words) > 1 else 0))
        costs[Way.TERMS] = min(sizes.words) * (1 + fetched)
    return min(costs, key=costs.__getitem__)


async def count_word(word: Word) -> int:
    """Return how many products have one of these terms; who has two may count twice. One command."""
    return await ProductDocument.get_pymongo_collection().count_documents(
        {"search_terms": {"$in": list(word)}}, hint=TERMS_INDEX, comment="products.of_word"
    )


async def count_shelf(query: ProductQuery) -> int:
    """Return how many products stand on the shelf of the query, in its price range. One command."""
    return await ProductDocument.get_pymongo_collection().count_documents(
        {"shelves": query.shelf, "is_active": {"$in": _states(query)}, **_price(query)},
        hint=shelf_index(ProductSort.PRICE),
        comment="products.of_shelf",
    )


# --- pages and counts -------------------------------------------------------------------------------------------------


async def page(
    query: ProductQuery,
    *,
    sort: ProductSort,
    is_reverse: bool,
    after: ProductPosition | None,
    limit: int,
    way: Way = Way.SHELF,
    rarest: int = 0,
) -> list[ProductRecord]:
    """Return at most `limit` products that come after the position (None: from the start), in order. One command.

    `way` is how to read them, `rarest` the place of the word that the fewest products have: they make no difference to
    what is found.
    """
    direction = DESCENDING if is_reverse else ASCENDING
    bounds = _bounds(sort, after, is_reverse=is_reverse)
    if way is Way.SHELF:
        # one range of the index a branch, merged in the index's order: nothing before the position is read, however
        # many products share the sort key's value
        found = {"shelves": query.shelf, **_traits(query), **_price(query), **_words(query.words)}
        branches = [{"$and": [{**found, "is_active": state}, *bound]} for state in _states(query) for bound in bounds]
        asked = {"$or": branches} if len(branches) > 1 else branches[0]
        index = shelf_index(sort)
    else:
        asked = {"is_active": {"$in": _states(query)}, **_traits(query), **_price(query)}
        if way is Way.PRICES:
            asked |= {"shelves": query.shelf, **_words(query.words)}
            index = shelf_index(ProductSort.PRICE)
        else:
            asked |= _driven_by(query, rarest)
            index = TERMS_INDEX
        if after is not None:
            asked["$or"] = [{"$and": bound} for bound in bounds]
    return await find_many(
        ProductDocument,
        ProductRecord,
        asked,
        comment="products.page",
        sort=[(sort.value, direction), ("_id", direction)],
        limit=limit,
        hint=index,
    )


async def tally(words: Sequence[Word], *, is_active: bool | None, rarest: int = 0) -> Tally:
    """Return how many products with these words there are of each kind, whatever shelf they stand on. One command.

    It answers with two integers a product, some 20 bytes: 700,000 products fill the largest answer.
    """
    query = ProductQuery(words=tuple(words), is_active=is_active)
    asked: dict[str, Any] = {"is_active": {"$in": _states(query)}}
    asked |= _driven_by(query, rarest) if query.words else {"shelves": query.shelf}
    cursor = await ProductDocument.get_pymongo_collection().aggregate(
        [
            {"$match": asked},
            {"$group": {"_id": None, "traits": {"$push": "$traits"}, "prices": {"$push": "$price_paise"}}},
        ],
        hint=TERMS_INDEX if query.words else shelf_index(ProductSort.PRICE),
        comment="products.tally",
    )
    return tally_of(pair for one in await cursor.to_list() for pair in zip(one["traits"], one["prices"], strict=True))


def _bounds(sort: ProductSort, after: ProductPosition | None, *, is_reverse: bool) -> list[list[dict[str, Any]]]:
    """Return the sets of conditions of which a product after the position meets all of one set."""
    if after is None:
        return [[]]
    beyond = "$lt" if is_reverse else "$gt"
    # apart from each other, as the filter may ask for a range of the same field
    return [[{sort.value: after.value}, {"_id": {beyond: after.id}}], [{sort.value: {beyond: after.value}}]]


def _states(query: ProductQuery) -> list[bool]:
    # both values named where either will do: the indexes begin with it
    return [True, False] if query.is_active is None else [query.is_active]


def _traits(query: ProductQuery) -> dict[str, Any]:
    bits = (("$bitsAllSet", query.traits_asked()), ("$bitsAllClear", query.traits_refused()))
    asked = {operator: mask for operator, mask in bits if mask}
    return {"traits": asked} if asked else {}


def _price(query: ProductQuery) -> dict[str, Any]:
    ends = (("$gte", query.min_price_paise), ("$lte", query.max_price_paise))
    price = {operator: paise for operator, paise in ends if paise is not None}
    return {"price_paise": price} if price else {}


def _driven_by(query: ProductQuery, rarest: int) -> dict[str, Any]:
    """Return the words as a filter that enters the index of terms with this one."""
    others = [word for place, word in enumerate(query.words) if place != rarest]
    return {"search_terms": {"$in": list(query.words[rarest])}, **_words(others)}


def _words(words: Sequence[Word]) -> dict[str, Any]:
    """Return the words as a filter of products that are read anyway.

    Not by their terms: looking through 150 strings takes longer than reading the product, and MongoDB would try each
    word as a way into their index first.
    """
    return {"$and": [{"search_text": {"$regex": _after_a_space(word)}} for word in words]} if words else {}


def _after_a_space(word: Word) -> str:
    return f" (?:{'|'.join(map(re.escape, word))})"
