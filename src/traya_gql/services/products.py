"""The catalogue, as shoppers read it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from traya_gql.documents import catalogue_search, catalogue_state, product_lists, product_words, products
from traya_gql.documents.product_lists import Ranked
from traya_gql.documents.product_reads import (
    Band,
    ProductPosition,
    ProductQuery,
    ProductSort,
    Sizes,
    Way,
    bands_of,
    cheapest_reads,
    cheapest_way,
)
from traya_gql.documents.products import ProductRecord
from traya_gql.documents.records import Position
from traya_gql.domain.facets import Facets, Tally, facets
from traya_gql.domain.products import ProductStatus
from traya_gql.domain.search import (
    Parts,
    Rank,
    Spellings,
    Word,
    as_typed,
    is_letter,
    near_of_typed,
    parts,
    parts_of_typed,
    spellings,
    with_letters,
)
from traya_gql.domain.search_words import PREFIXES
from traya_gql.services.remembered import Remembered

_HOLD_S = 60
_MOST_SIZES = 10_000
_MOST_SPELLINGS = 10_000
_MOST_KNOWN = 10_000
_FEW = 4
"""Of a word that may be so many others, each is counted alone."""
_MOST_TALLIES = 64
_MOST_COUNTS = 2_000


class ProductPage(NamedTuple):
    """A page of products, and whether more come after it.

    Args:
        query: what was found: with other words than typed if `is_corrected`.
        bands: how well the words fit each product, in a page by relevance.
    """

    products: list[ProductRecord]
    has_next: bool
    query: ProductQuery
    is_corrected: bool
    bands: tuple[Band, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Products:
    """The use cases of the catalogue.

    It remembers for a minute what it needs to choose an index, which words are like a mistyped one, of which two a
    word may be made, and where a single letter is a word; and what it counted for shoppers until the catalogue changes.
    """

    sizes: Remembered[tuple[int, ...]] = field(
        default_factory=partial(Remembered, most=_MOST_SIZES, lifetime_s=_HOLD_S)
    )
    spellings: Remembered[Spellings] = field(
        default_factory=partial(Remembered, most=_MOST_SPELLINGS, lifetime_s=_HOLD_S)
    )
    known: Remembered[frozenset[str]] = field(default_factory=partial(Remembered, most=_MOST_KNOWN, lifetime_s=_HOLD_S))
    letters: Remembered[bool] = field(default_factory=partial(Remembered, most=_MOST_KNOWN, lifetime_s=_HOLD_S))
    tallies: Remembered[Tally] = field(default_factory=partial(Remembered, most=_MOST_TALLIES))
    counts: Remembered[Facets] = field(default_factory=partial(Remembered, most=_MOST_COUNTS))

    async def find_by_slug(self, slug: str) -> ProductRecord | None:
        """Return the product with this slug, active or not."""
        return await products.by_slug(slug)

    async def staff_page(
        self, words: Sequence[Word], status: ProductStatus | None, *, after: Position | None, limit: int
    ) -> list[ProductRecord]:
        """Return at most `limit` products, drafts too, with all words in name or slug, the newest first."""
        understood = await self._parted([as_typed(word) for word in words])
        shop = (await self._of_shelf(ProductQuery()))[0]
        sizes = [(await self.sizes.get(("staff", word), partial(_for_staff, word)))[0] for word in understood]
        way = catalogue_search.cheapest_way(sizes, of=shop, limit=limit)
        return await catalogue_search.page(
            understood, status, after=after, limit=limit, way=way, rarest=sizes.index(min(sizes))
        )

    async def understood(self, query: ProductQuery) -> ProductQuery:
        """Return the query as it is searched for.

        With two words, besides the one, where two of the catalogue were typed as one; and a single letter beside other
        words as a whole word, where any product has it with them.
        """
        words = tuple(await self._parted(query.words))
        if len(words) > 1 and any(is_letter(word[0]) for word in words):
            whole = ProductQuery(is_active=query.is_active, words=with_letters(words, are_words=True))
            is_there = await self.letters.get((whole.words, whole.is_active), partial(self._is_there, whole))
            words = whole.words if is_there else with_letters(words, are_words=False)
        return query if words == query.words else query.model_copy(update={"words": words})

    async def _parted(self, asked: Sequence[Word]) -> list[Word]:
        words: list[Word] = []
        for word in asked:
            two = parts(word[0], await self._known(word[0]))
            words += [word] if two is None else _parts_besides(word, two, (two.second,))
        return words

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
        """Return the page of `size` products (1 to 100) that comes after the position. By relevance: of a search alone.

        Where nothing has the words as they were typed, the page is of what they may have been meant for. `is_corrected`
        says of a position that it is in such a list.
        """
        read = partial(self._read, sort=sort, is_reverse=is_reverse, after=after, size=size)
        if is_corrected:
            return (await read(await self._meant(query)))._replace(is_corrected=True)
        if after is not None or not query.words:
            return await read(query)
        return await self._read_or_correct(query, read)

    async def _read_or_correct(
        self, query: ProductQuery, read: Callable[[ProductQuery], Awaitable[ProductPage]]
    ) -> ProductPage:
        # words alone decide, and no filter: who takes a filter away must not see other words, nor count by others
        is_filtered = query != query.unfiltered
        if 0 in (await self._sizes(query)).words:
            # it was so a moment ago: likely the second is needed, and nobody waits for one after the other
            meant = await self._meant(query)
            page, corrected, is_there = await asyncio.gather(
                read(query), read(meant), self._is_there(query.unfiltered) if is_filtered else _no()
            )
        else:
            page = await read(query)
            if page.products or (is_filtered and await self._is_there(query.unfiltered)):
                return page
            meant, is_there = await self._meant(query), False
            corrected = page if meant == query else await read(meant)
        if page.products or is_there or meant == query:
            return page
        if corrected.products or (is_filtered and await self._is_there(meant.unfiltered)):
            return corrected._replace(is_corrected=True)
        return page

    async def _is_there(self, query: ProductQuery) -> bool:
        """Return whether there is any product of the query, which has no filter."""
        return await product_lists.is_there(query, rarest=(await self._sizes(query)).rarest)

    async def _meant(self, query: ProductQuery) -> ProductQuery:
        """Return the query with all that its words may have been meant for, besides what they are."""
        words: list[Word] = []
        typed = [word[0] for word in query.words]
        for word in query.words:
            meant = await self._spelled(word)
            # what is made of two whole words was found to be before
            two = parts(word[0], await self._known(word[0]), is_begun=True) if typed.count(word[0]) == 1 else None
            if two is None:
                words.append(meant)
            else:
                words += _parts_besides(meant, two, await self._spelled((two.second,)))
        return query.model_copy(update={"words": tuple(words)})

    async def _spelled(self, word: Word) -> Word:
        """Return the word with what it may be a slip of: one slip, or two if that is no product's.

        What a product has as a whole word is no slip.
        """
        of_typed = (await self._of_words([word[:1]]))[0]
        if of_typed[Rank.NAME] or of_typed[Rank.WORD]:
            return word
        found = await self.spellings.get(word[0], partial(_spellings, word[0]))
        once = _each_once((*word, *found.once))
        # a word that its last product has lost stays known, and must not hide one that is there
        if found.twice and (not found.once or not sum(*await self._of_words([once]))):
            return _each_once((*word, *found.twice))
        return once

    async def _known(self, typed: str) -> frozenset[str]:
        """Return those of the parts of a typed word that are words of the catalogue."""
        found = parts_of_typed(typed)
        return await self.known.get(typed, partial(product_words.known, found)) if found else frozenset()

    async def _read(
        self, query: ProductQuery, *, sort: ProductSort, is_reverse: bool, after: ProductPosition | None, size: int
    ) -> ProductPage:
        if sort is ProductSort.RELEVANCE:
            return await self._read_ranked(query, is_reverse=is_reverse, after=after, size=size)
        way, rarest = Way.SHELF, 0
        if query.words or (query.has_price_range and sort is not ProductSort.PRICE):
            sizes = await self._sizes(query)
            way = cheapest_way(query, sort, sizes, limit=size + 1)
            rarest = sizes.rarest
        found = await product_lists.page(
            query, sort=sort, is_reverse=is_reverse, after=after, limit=size + 1, way=way, rarest=rarest
        )
        return ProductPage(found[:size], has_next=len(found) > size, query=query, is_corrected=False)

    async def _read_ranked(
        self, query: ProductQuery, *, is_reverse: bool, after: ProductPosition | None, size: int
    ) -> ProductPage:
        sizes = await self._sizes(query)
        order = list(Rank)[::-1] if is_reverse else list(Rank)
        bands = bands_of(sizes, order)
        if after is not None:
            # the band that the list was cut into goes on as it is
            last = after.band.first if is_reverse else after.band.last
            bands = [after.band, *bands_of(sizes, order[order.index(last) + 1 :])]
        found: list[Ranked] = []
        while bands and len(found) <= size:
            limit = size + 1 - len(found)
            reads = cheapest_reads(query, sizes, bands, limit=limit)
            ranked = partial(product_lists.ranked_page, query, is_reverse=is_reverse, limit=limit)
            pages = await _all_of(
                [ranked(read, after=after if place == 0 else None) for place, read in enumerate(reads)]
            )
            found += [one for page in pages for one in page]
            bands, after = bands[sum(len(read.bands) for read in reads) :], None
        shown = found[:size]
        return ProductPage(
            [one.product for one in shown],
            has_next=len(found) > size,
            query=query,
            is_corrected=False,
            bands=tuple(one.band for one in shown),
        )

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
        rarest = (await self._sizes(query)).rarest if len(query.words) > 1 else 0
        return await product_lists.tally(query.words, is_active=query.is_active, rarest=rarest)

    async def _sizes(self, query: ProductQuery) -> Sizes:
        """Return about how many products there are of each kind: at most a minute old."""
        everything = ProductQuery(is_active=query.is_active)
        shop = shelf = (await self._of_shelf(everything))[0]
        if query.shelves != everything.shelves:
            unpriced = query.model_copy(update={"min_price_paise": None, "max_price_paise": None})
            shelf = (await self._of_shelf(unpriced))[0]
        prices = (await self._of_shelf(query))[0] if query.has_price_range else shelf
        return Sizes(shop=shop, shelf=shelf, prices=prices, ranks=await self._of_words(query.words))

    async def _of_shelf(self, query: ProductQuery) -> tuple[int, ...]:
        key = (query.shelves, query.is_active, query.min_price_paise, query.max_price_paise)
        return await self.sizes.get(key, partial(_on_shelf, query))

    async def _of_words(self, words: Sequence[Word]) -> tuple[tuple[int, ...], ...]:
        # of few each alone, as others ask for them as well
        units = [[(one,) for one in word] if len(word) <= _FEW else [word] for word in words]
        keys = [unit for some in units for unit in some]
        found = iter(await self.sizes.get_all(keys, product_lists.count_words))
        return tuple(tuple(map(sum, zip(*(next(found) for _ in some), strict=True))) for some in units)


def _parts_besides(word: Word, two: Parts, second: Word) -> list[Word]:
    """Return what to ask for where a word may be two: `second` is what the second may stand for."""
    in_second = _each_once((*word, *second))
    # a prefix says nothing that the word after it does not say
    return [in_second] if two.first in PREFIXES else [_each_once((*word, two.first)), in_second]


async def _no() -> bool:
    return False


def _each_once(word: Word) -> Word:
    return tuple(dict.fromkeys(word))


async def _all_of(reads: Sequence[Awaitable[list[Ranked]]]) -> Sequence[list[Ranked]]:
    # a task of its own for one that nothing waits beside is work for nothing
    return [await reads[0]] if len(reads) == 1 else await asyncio.gather(*reads)


async def _on_shelf(query: ProductQuery) -> tuple[int]:
    return (await product_lists.count_shelf(query),)


async def _for_staff(word: Word) -> tuple[int]:
    return (await catalogue_search.count_word(word),)


async def _spellings(typed: str) -> Spellings:
    keys = near_of_typed(typed)
    return spellings(typed, await product_words.near_to(keys)) if keys else Spellings((), ())
