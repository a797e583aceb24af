"""What a list of the shop is asked for, and how it is read: which index, and in which order.

A page is read in one of three ways; `cheapest_way` says which reads least. By relevance it is read band by band:
`cheapest_reads` says which ranks are read together. docs/decisions/0031
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, StrEnum, auto
from math import prod
from typing import Any, NamedTuple
from uuid import UUID

from traya_gql.domain.facets import Filters
from traya_gql.domain.search import Rank, Word
from traya_gql.domain.shelves import shelves


class ProductSort(StrEnum):
    """What lists are sorted by: three fields that have an index each, and how well the words fit.

    Ties are decided by the product's id, those of relevance by its name first.
    """

    NAME = "name_key"
    PRICE = "price_paise"
    CREATED_AT = "created_at"
    RELEVANCE = "relevance"


class ProductQuery(Filters):
    """Which products: every part given must hold, and all words. Drafts are in no list."""

    is_active: bool | None = None
    words: tuple[Word, ...] = ()

    @property
    def shelves(self) -> tuple[str, ...]:
        """The shelves on one of which each of them stands."""
        return shelves(
            categories=self.categories if self.category is None else (self.category,),
            tags=self.tags if self.tag is None else (self.tag,),
            is_out_of_stock=self.is_in_stock is False,
            needs_prescription=self.needs_prescription is True,
        )

    @property
    def is_any_told_by_shelves(self) -> bool:
        """Whether who stands on one of the shelves has one of `categories` and of `tags`."""
        return not (self.categories and self.category) and not (self.tags and self.tag)

    @property
    def unfiltered(self) -> ProductQuery:
        """The same words, whatever else is asked for."""
        return ProductQuery(is_active=self.is_active, words=self.words)

    @property
    def has_price_range(self) -> bool:
        """Whether it asks for prices."""
        return self.min_price_paise is not None or self.max_price_paise is not None


class Band(NamedTuple):
    """Ranks that follow each other, the best first; both ends included."""

    first: Rank
    last: Rank


EVERY = Band(Rank.NAME, Rank.WORD_BEGUN)


class ProductPosition(NamedTuple):
    """Where a page ends: the sort key's value and the id of its last product.

    By name the value is its key, and so by relevance, where `band` holds the ranks that it was read with as if they
    were one.
    """

    value: Any
    id: UUID
    band: Band = EVERY


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
    """How many products there are, by and large: in all, on the shelf, in its price range, and with each word.

    Args:
        ranks: of each word, how many it fits with each rank; one product may count with several.
    """

    shop: int
    shelf: int
    prices: int
    ranks: tuple[Sequence[int], ...]

    @property
    def words(self) -> tuple[int, ...]:
        """How many products have each word."""
        return tuple(map(sum, self.ranks))

    @property
    def rarest(self) -> int:
        """The place of the word that the fewest products have; 0 without words."""
        return _rarest(self.words)


# Measured of MongoDB 6: against a key of an index, reading a product costs so much, looking through its text more, and
# finding its rank still more; a command of its own as much as many keys
_PRODUCT = 2.5
_TEXT = 1.0
_RANK = 4.0
_COMMAND = 400
# Words and order go together: what begins with "Ra" stands far behind in the order of names. The way along the shelf
# has to be so much shorter than the other before it is taken.
_CAUTION = 5
# how many times the page should be there before less is read
_PLENTY = 3


def cheapest_way(query: ProductQuery, sort: ProductSort, sizes: Sizes, *, limit: int) -> Way:
    """Return how to read a page of this length: what reads least if the kinds are nearly independent of each other."""
    shop = max(sizes.shop, 1)
    found = sizes.shelf * _in_prices(sizes) * prod(min(size / shop, 1) for size in sizes.words)
    costs = _costs(query, sort, sizes, found=found, driven=min(sizes.words, default=0), limit=limit)
    return min(costs, key=costs.__getitem__)


def _costs(
    query: ProductQuery, sort: ProductSort, sizes: Sizes, *, found: float, driven: float, limit: int
) -> dict[Way, float]:
    """Return what each way costs: `found` is how many products the list has, `driven` what the rarest word leads to."""
    in_prices = _in_prices(sizes)
    product = _PRODUCT + (_TEXT if query.words else 0)
    # prices are told by the keys, words by the product; ordered by price, nothing outside of the range is read
    walked = sizes.prices if sort is ProductSort.PRICE else sizes.shelf
    part = min(limit / max(found, 1) * (_CAUTION if query.words else 1), 1)
    costs = {Way.SHELF: part * (walked + sizes.shelf * in_prices * product)}
    if query.has_price_range and sort is not ProductSort.PRICE:
        costs[Way.PRICES] = sizes.prices * (1 + product)
    if query.words:
        fetched = min(sizes.shelf / max(sizes.shop, 1), 1) * in_prices
        costs[Way.TERMS] = driven * (1 + fetched * (_PRODUCT + (_TEXT if len(query.words) > 1 else 0)))
    return costs


def _in_prices(sizes: Sizes) -> float:
    return min(sizes.prices / max(sizes.shelf, 1), 1)


class Read(NamedTuple):
    """One of the commands that a page by relevance is read with.

    Args:
        bands: what it reads, in the order of the page; the products of one band are sorted by name alone.
        way: how one band is read; several are read by TERMS.
        rarest: the place of the word that the fewest products have; None to begin with any word of just these ranks,
            as a product has the rank of its worst word.
    """

    bands: tuple[Band, ...]
    way: Way
    rarest: int | None

    @property
    def whole(self) -> Band:
        """All ranks that it reads."""
        return Band(min(band.first for band in self.bands), max(band.last for band in self.bands))


def bands_of(sizes: Sizes, order: Sequence[Rank]) -> list[Band]:
    """Return the ranks of a page, in its order, as bands: one that no product has goes with the next.

    It is remembered for a minute that there is none, so there may be one by now: it is listed, and by its name.
    """
    bands: list[Band] = []
    run: list[Rank] = []
    for rank in order:
        run.append(rank)
        is_empty = all(of_word[rank] == 0 for of_word in sizes.ranks) or any(
            not any(of_word[: rank + 1]) for of_word in sizes.ranks
        )
        if not is_empty:
            bands.append(Band(min(run), max(run)))
            run = []
    if run:
        before = bands.pop() if bands else Band(run[0], run[0])
        bands.append(Band(min(before.first, *run), max(before.last, *run)))
    return bands


def cheapest_reads(query: ProductQuery, sizes: Sizes, bands: Sequence[Band], *, limit: int) -> tuple[Read, ...]:
    """Return what to read at once for a page of this length: of as many bands as will likely fill it."""
    shop = max(sizes.shop, 1)
    in_prices = _in_prices(sizes)
    # with each rank or a better one: of each word, and of all
    fitting = [[sum(of_word[: rank + 1]) for of_word in sizes.ranks] for rank in Rank]
    found = [sizes.shelf * in_prices * prod(min(size / shop, 1) for size in of_words) for of_words in fitting]

    def found_in(band: Band) -> float:
        return found[band.last] - (found[band.first - 1] if band.first else 0)

    def read(some: tuple[Band, ...]) -> tuple[float, Read]:
        whole = Read(some, Way.TERMS, 0).whole
        of_one = min(fitting[whole.last])
        of_any = sum(sum(of_word[whole.first : whole.last + 1]) for of_word in sizes.ranks)
        driven, rarest = (of_any, None) if of_any <= of_one else (of_one, _rarest(fitting[whole.last]))
        if len(some) > 1:
            fetched = min(sizes.shelf / shop, 1) * in_prices
            return driven * (1 + fetched * (_PRODUCT + _TEXT + _RANK)), Read(some, Way.TERMS, rarest)
        costs = _costs(query, ProductSort.NAME, sizes, found=found_in(whole), driven=driven, limit=limit)
        way = min(costs, key=costs.__getitem__)
        return costs[way], Read(some, way, rarest)

    needed, expected = 0, 0.0
    while needed < len(bands) and expected < _PLENTY * limit:
        expected += found_in(bands[needed])
        needed += 1
    # the cheapest cut into commands: there are at most four bands
    best: list[tuple[float, tuple[Read, ...]]] = [(0.0, ())]
    for end in range(1, needed + 1):
        options = []
        for start in range(end):
            cost, one = read(tuple(bands[start:end]))
            before, reads = best[start]
            options.append((before + cost + _COMMAND, (*reads, one)))
        best.append(min(options, key=lambda option: option[0]))
    return best[-1][1]


def _rarest(sizes: Sequence[int]) -> int:
    return min(range(len(sizes)), key=sizes.__getitem__, default=0)
