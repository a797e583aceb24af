"""The catalogue, as shoppers read it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from traya_gql.documents import catalogue_state, product_lists, product_words, products
from traya_gql.documents.product_lists import ProductPosition, ProductQuery, ProductSort, Sizes, Way, Word
from traya_gql.documents.products import ProductRecord
from traya_gql.domain.facets import Facets, Tally, facets
from traya_gql.domain.search import near_of_typed, spellings
from traya_gql.services.remembered import Remembered

_HOLD_S = 60
_MOST_SIZES = 10_000
_MOST_SPELLINGS = 10_000
_MOST_TALLIES = 64
_MOST_COUNTS = 2_000


class ProductPage(NamedTuple):
    """A page of products, and whether more come after it.

    Args:
        query: what was found: with other words than typed if `is_corrected`.
    """

    products: list[ProductRecord]
    has_next: bool
    query: ProductQuery
    is_corrected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Products:
    """The use cases of the catalogue.

    It remembers for a minute what it needs to choose an index, and which words are like a mistyped one; and what it
    counted for shoppers until the catalogue changes.
    """

    sizes: Remembered[int] = field(default_factory=partial(Remembered, most=_MOST_SIZES, lifetime_s=_HOLD_S))
    spellings: Remembered[tuple[str, ...]] = field(
        default_factory=partial(Remembered, most=_MOST_SPELLINGS, lifetime_s=_HOLD_S)
    )
    tallies: Remembered[Tally] = field(default_factory=partial(Remembered, most=_MOST_TALLIES))
    counts: Remembered[Facets] = field(default_factory=partial(Remembered, most=_MOST_COUNTS))

    async def find_by_slug(self, slug: str) -> ProductRecord | None:
        """Return the product with this slug, active or not."""
        return await products.by_slug(slug)

    async def page(
        self,
        query: ProductQuery,
        *,
        sort: ProductSort,
        is_reverse: bool,
        after: ProductPosition | None,
        size: int,
        is_corrected: bool = False,
    ) -> ProductPage:
        """Return the page of `size` products (1 to 100) that comes after the position.

        Where nothing has the words as they were typed, the page is of what they may have been meant for. `is_corrected`
        says of a position that it is in such a list.
        """
        read = partial(self._read, sort=sort, is_reverse=is_reverse, after=after, size=size)
        if is_corrected:
            return (await read(await self._meant(query)))._replace(is_corrected=True)
        if after is not None or not query.words:
            return await read(query)
        if 0 in (await self._sizes(query)).words:
            # it was so a moment ago: likely the second is needed, and nobody waits for one after the other
            meant = await self._meant(query)
            page, corrected = await asyncio.gather(read(query), read(meant))
        else:
            page = await read(query)
            if page.products:
                return page
            meant = await self._meant(query)
            corrected = page if meant == query else await read(meant)
        if page.products or not corrected.products:
            return page
        return corrected._replace(is_corrected=True)

    async def _meant(self, query: ProductQuery) -> ProductQuery:
        """Return the query with all that its words may have been meant for, besides what they are."""
        words = []
        for word in query.words:
            typed = word[0]
            known = await self.spellings.get(typed, partial(_spellings, typed))
            words.append(tuple(dict.fromkeys((*word, *known))))
        return query.model_copy(update={"words": tuple(words)})

    async def _read(
        self, query: ProductQuery, *, sort: ProductSort, is_reverse: bool, after: ProductPosition | None, size: int
    ) -> ProductPage:
        way, rarest = Way.SHELF, 0
        if query.words or (query.has_price_range and sort is not ProductSort.PRICE):
            sizes = await self._sizes(query)
            way = product_lists.cheapest_way(query, sort, sizes, limit=size + 1)
            rarest = _rarest(sizes.words)
        found = await product_lists.page(
            query, sort=sort, is_reverse=is_reverse, after=after, limit=size + 1, way=way, rarest=rarest
        )
        return ProductPage(found[:size], has_next=len(found) > size, query=query, is_corrected=False)

    async def count(self, query: ProductQuery) -> Facets:
        """Return how many products the list holds, in all and of each kind."""
        revision = await catalogue_state.revision()
        if revision is None:
            return facets(await self._tally(query), query)

        async def work_out() -> Facets:
            key = (revision, query.words, query.is_active)
            return facets(await self.tallies.get(key, partial(self._tally, query)), query)

        return await self.counts.get((revision, query), work_out)

    async def _tally(self, query: ProductQuery) -> Tally:
        rarest = 0
        if len(query.words) > 1:
            rarest = _rarest((await self._sizes(query)).words)
        return await product_lists.tally(query.words, is_active=query.is_active, rarest=rarest)

    async def _sizes(self, query: ProductQuery) -> Sizes:
        """Return about how many products there are of each kind: at most a minute old."""
        shop = ProductQuery(is_active=query.is_active)
        shelf = query.model_copy(update={"min_price_paise": None, "max_price_paise": None, "words": ()})
        prices = query.model_copy(update={"words": ()})

        async def of_shelf(one: ProductQuery) -> int:
            key = (one.shelf, one.is_active, one.min_price_paise, one.max_price_paise)
            return await self.sizes.get(key, partial(product_lists.count_shelf, one))

        async def of_word(word: Word) -> int:
            return await self.sizes.get(word, partial(product_lists.count_word, word))

        # one after the other: most are remembered
        return Sizes(
            shop=await of_shelf(shop),
            shelf=await of_shelf(shelf),
            prices=await of_shelf(prices),
            words=tuple([await of_word(word) for word in query.words]),
        )


def _rarest(sizes: Sequence[int]) -> int:
    return min(range(len(sizes)), key=sizes.__getitem__, default=0)


async def _spellings(typed: str) -> tuple[str, ...]:
    keys = near_of_typed(typed)
    return spellings(typed, await product_words.near_to(keys)) if keys else ()
