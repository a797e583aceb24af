"""The lists of the shop: pages and counts of products by shelf, words, price and traits.

How to read them is in `product_reads`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pymongo import ASCENDING, DESCENDING

from traya_gql.documents.product_reads import EVERY, Band, ProductPosition, ProductQuery, ProductSort, Read, Way
from traya_gql.documents.products import TERMS_INDEX, ProductDocument, ProductRecord, shelf_index
from traya_gql.documents.records import find_many, read_all
from traya_gql.domain.facets import Tally, tally_of
from traya_gql.domain.search import Rank, Word, pattern_at, terms_at


async def count_words(words: Sequence[Word]) -> list[tuple[int, ...]]:
    """Return of each word how many products have terms of it, by rank; who has two may count twice. One command."""
    counts: list[list[dict[str, Any]]] = [
        [
            {"$match": {"search_terms": {"$in": terms_at(word, rank)}}},
            {"$group": {"_id": {"$literal": place * len(Rank) + rank}, "count": {"$sum": 1}}},
        ]
        for place, word in enumerate(words)
        for rank in Rank
    ]
    name = ProductDocument.get_settings().name
    cursor = await ProductDocument.get_pymongo_collection().aggregate(
        [*counts[0], *({"$unionWith": {"coll": name, "pipeline": one}} for one in counts[1:])],
        hint=TERMS_INDEX,
        batchSize=len(counts) + 1,
        comment="products.of_word",
    )
    found = {one["_id"]: int(one["count"]) for one in await cursor.to_list()}
    return [tuple(found.get(place * len(Rank) + rank, 0) for rank in Rank) for place in range(len(words))]


async def count_shelf(query: ProductQuery) -> int:
    """Return how many products stand on the shelves of the query, in its price range. One command."""
    return await ProductDocument.get_pymongo_collection().count_documents(
        {"shelves": {"$in": query.shelves}, "is_active": {"$in": _states(query)}, **_price(query)},
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
    rarest: int | None = 0,
    band: Band = EVERY,
) -> list[ProductRecord]:
    """Return at most `limit` products that come after the position (None: from the start), in order. One command.

    `way` is how to read them, `rarest` the place of the word that the fewest products have: they make no difference to
    what is found. Of the products of other ranks than those of the `band` there is none.
    """
    direction = DESCENDING if is_reverse else ASCENDING
    bounds = _bounds(sort, after, is_reverse=is_reverse)
    if way is Way.SHELF:
        # one range of the index a branch, merged in the index's order: nothing before the position is read, however
        # many products share the sort key's value
        found = {**_traits(query, is_of_shelf=True), **_price(query), **_words(query.words, band)}
        branches = [
            {"$and": [{**found, "shelves": shelf, "is_active": state}, *bound]}
            for shelf in query.shelves
            for state in _states(query)
            for bound in bounds
        ]
        asked = {"$or": branches} if len(branches) > 1 else branches[0]
        index = shelf_index(sort)
    else:
        asked = {"is_active": {"$in": _states(query)}, **_price(query)}
        if way is Way.PRICES:
            asked |= {
                "shelves": {"$in": query.shelves},
                **_traits(query, is_of_shelf=True),
                **_words(query.words, band),
            }
            index = shelf_index(ProductSort.PRICE)
        else:
            asked |= {**_traits(query), **_driven_by(query, rarest, band)}
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


class Ranked(NamedTuple):
    """A product, and how well the words fit it: the band that it was read with."""

    product: ProductRecord
    band: Band


async def ranked_page(
    query: ProductQuery, read: Read, *, is_reverse: bool, after: ProductPosition | None, limit: int
) -> list[Ranked]:
    """Return at most `limit` products that come after the position, in order of relevance. One command.

    A position is one of the first band.
    """
    if len(read.bands) == 1:
        band = read.bands[0]
        found = await page(
            query,
            sort=ProductSort.NAME,
            is_reverse=is_reverse,
            after=after,
            limit=limit,
            way=read.way,
            rarest=read.rarest,
            band=band,
        )
        return [Ranked(product, band) for product in found]
    direction = DESCENDING if is_reverse else ASCENDING
    asked = {"is_active": {"$in": _states(query)}, **_traits(query), **_price(query)}
    steps: list[dict[str, Any]] = [
        {"$match": asked | _driven_by(query, read.rarest, read.whole)},
        {"$addFields": {"band": _band(query, read.bands)}},
    ]
    if after is not None:
        bounds = _bounds(ProductSort.NAME, after, is_reverse=is_reverse)
        here = [{"$and": [{"band": 0}, *bound]} for bound in bounds]
        steps.append({"$match": {"$or": [{"band": {"$gt": 0}}, *here]}})
    steps += [
        {"$sort": {"band": ASCENDING, ProductSort.NAME.value: direction, "_id": direction}},
        {"$limit": limit},
        {"$unset": list(ProductRecord.unread)},
    ]
    cursor = await ProductDocument.get_pymongo_collection().aggregate(
        steps, hint=TERMS_INDEX, batchSize=limit + 1, comment="products.page"
    )
    raw = await cursor.to_list()
    products = read_all(ProductRecord, raw)
    return [Ranked(product, read.bands[one["band"]]) for product, one in zip(products, raw, strict=True)]


def _band(query: ProductQuery, bands: Sequence[Band]) -> dict[str, Any]:
    """Return the expression that finds the place of a product's band among these."""
    best_first = sorted(enumerate(bands), key=lambda one: one[1])

    def fits(rank: Rank) -> dict[str, Any]:
        return {
            "$and": [
                {"$regexMatch": {"input": "$search_text", "regex": pattern_at(word, rank)}} for word in query.words
            ]
        }

    return {
        "$switch": {
            "branches": [{"case": fits(band.last), "then": place} for place, band in best_first[:-1]],
            "default": best_first[-1][0],
        }
    }


async def is_there(query: ProductQuery, *, rarest: int) -> bool:
    """Return whether any product has all words of the query, which has no filter. One command."""
    found = await ProductDocument.get_pymongo_collection().find_one(
        {"is_active": {"$in": _states(query)}, **_driven_by(query, rarest)},
        {"_id": 1},
        hint=TERMS_INDEX,
        comment="products.is_there",
    )
    return found is not None


async def tally(words: Sequence[Word], *, is_active: bool | None, rarest: int = 0) -> Tally:
    """Return how many products with these words there are of each kind, whatever shelf they stand on. One command.

    It answers with two integers a product, some 20 bytes: 700,000 products fill the largest answer.
    """
    query = ProductQuery(words=tuple(words), is_active=is_active)
    asked: dict[str, Any] = {"is_active": {"$in": _states(query)}}
    asked |= _driven_by(query, rarest) if query.words else {"shelves": {"$in": query.shelves}}
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


def _traits(query: ProductQuery, *, is_of_shelf: bool = False) -> dict[str, Any]:
    """Return the traits as a filter; `is_of_shelf`: without those that the shelves tell already."""
    bits = [("$bitsAllSet", query.traits_asked()), ("$bitsAllClear", query.traits_refused())]
    asked: dict[str, Any] = {operator: mask for operator, mask in bits if mask}
    some = query.traits_of_any()
    if some and not (is_of_shelf and query.is_any_told_by_shelves):
        asked["$bitsAnySet"] = some[0]
        if len(some) > 1:
            asked["$not"] = {"$bitsAllClear": some[1]}
    return {"traits": asked} if asked else {}


def _price(query: ProductQuery) -> dict[str, Any]:
    ends = (("$gte", query.min_price_paise), ("$lte", query.max_price_paise))
    price = {operator: paise for operator, paise in ends if paise is not None}
    return {"price_paise": price} if price else {}


def _driven_by(query: ProductQuery, rarest: int | None, band: Band = EVERY) -> dict[str, Any]:
    """Return the words as a filter that enters the index of terms: with one of them, or any that is of the band."""
    if rarest is None and len(query.words) == 1 and len(query.words[0]) == 1 and band.first is not Rank.WORD:
        # of one word a product has terms of one rank alone; but for a whole word that begins one of the name, too
        ranks = list(Rank)[band.first : band.last + 1]
        return {"search_terms": {"$in": [term for rank in ranks for term in terms_at(query.words[0], rank)]}}
    if rarest is None:
        driving, ranks = query.words, list(Rank)[band.first : band.last + 1]
        others = query.words if len(query.words) > 1 else ()
    else:
        driving, ranks = (query.words[rarest],), list(Rank)[: band.last + 1]
        others = tuple(word for place, word in enumerate(query.words) if place != rarest)
    terms = list(dict.fromkeys(term for word in driving for rank in ranks for term in terms_at(word, rank)))
    return {"search_terms": {"$in": terms}, **_words(query.words, band, others)}


def _words(words: Sequence[Word], band: Band = EVERY, looked_for: Sequence[Word] | None = None) -> dict[str, Any]:
    """Return the words as a filter of products that are read anyway; `looked_for`: those that are not found already.

    Not by their terms: looking through 150 strings takes longer than reading the product, and MongoDB would try each
    word as a way into their index first.
    """
    asked: dict[str, Any] = {}
    if looked_for is None:
        looked_for = words
    if looked_for:
        asked["$and"] = [{"search_text": {"$regex": pattern_at(word, band.last)}} for word in looked_for]
    if band.first is not Rank.NAME:
        better = Rank(band.first - 1)
        asked["$nor"] = [{"$and": [{"search_text": {"$regex": pattern_at(word, better)}} for word in words]}]
    return asked
