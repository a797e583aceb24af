"""How many products of a list there are of each kind: what a shop shows beside its filters."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from traya_gql.domain.products import MAX_PRICE_PAISE, ProductCategory, ProductTag
from traya_gql.domain.shelves import IN_STOCK, PRESCRIPTION, TRAIT_OF_CATEGORY, TRAIT_OF_TAG

PRICE_STEPS_PAISE = (0, 30_000, 60_000, 100_000, 200_000)
"""Where the price ranges begin; each ends a paisa before the next, and the last has no end."""


class Tally(NamedTuple):
    """How many products there are of each pair of traits and price in paise: columns of one length.

    Columns of plain integers take a tenth of the memory of a mapping, and many tallies are kept.

    Args:
        steps: in which price range each price lies.
    """

    traits: array[int]
    prices: array[int]
    steps: array[int]
    counts: array[int]


def tally_of(pairs: Iterable[tuple[int, int]]) -> Tally:
    """Return the tally of products, given by their traits and prices."""
    counted = Counter(pairs)
    return Tally(
        traits=array("q", (traits for traits, _ in counted)),
        prices=array("q", (price_paise for _, price_paise in counted)),
        steps=array("b", (bisect_right(PRICE_STEPS_PAISE, price_paise) - 1 for _, price_paise in counted)),
        counts=array("q", counted.values()),
    )


class Filters(BaseModel):
    """What a list is narrowed to besides words: every part given must hold. Prices in paise, both ends included.

    Args:
        categories: any of these, if there are some.
        tags: at least one of these, if there are some.
    """

    model_config = ConfigDict(frozen=True)

    category: ProductCategory | None = None
    tag: ProductTag | None = None
    categories: tuple[ProductCategory, ...] = ()
    tags: tuple[ProductTag, ...] = ()
    is_in_stock: bool | None = None
    needs_prescription: bool | None = None
    min_price_paise: int | None = None
    max_price_paise: int | None = None

    def traits_asked(self) -> int:
        """Return the traits that a product must have."""
        asked = 0 if self.category is None else TRAIT_OF_CATEGORY[self.category]
        asked |= 0 if self.tag is None else TRAIT_OF_TAG[self.tag]
        asked |= IN_STOCK if self.is_in_stock else 0
        return asked | (PRESCRIPTION if self.needs_prescription else 0)

    def traits_refused(self) -> int:
        """Return the traits that a product must not have."""
        refused = IN_STOCK if self.is_in_stock is False else 0
        return refused | (PRESCRIPTION if self.needs_prescription is False else 0)

    def traits_of_any(self) -> tuple[int, ...]:
        """Return sets of traits of each of which a product must have one."""
        sets = (
            sum(TRAIT_OF_CATEGORY[category] for category in set(self.categories)),
            sum(TRAIT_OF_TAG[tag] for tag in set(self.tags)),
        )
        return tuple(some for some in sets if some)


class PriceRange(NamedTuple):
    """A range of prices in paise, both ends included; None: without an end."""

    min_paise: int
    max_paise: int | None


PRICE_RANGES = tuple(
    PriceRange(start, None if end is None else end - 1)
    for start, end in zip(PRICE_STEPS_PAISE, (*PRICE_STEPS_PAISE[1:], None), strict=True)
)


class Facets(NamedTuple):
    """How many products there are in all, and of each kind when what is asked of this kind is left out."""

    total: int
    categories: Mapping[ProductCategory, int]
    tags: Mapping[ProductTag, int]
    price_ranges: Mapping[PriceRange, int]
    in_stock: Mapping[bool, int]
    needs_prescription: Mapping[bool, int]


# what of a product's traits each filter looks at
_CATEGORIES = sum(TRAIT_OF_CATEGORY.values())
_TAGS = sum(TRAIT_OF_TAG.values())


def facets(tally: Tally, filters: Filters) -> Facets:
    """Return the counts of a tally that was taken without these filters.

    A count says how many products the list would hold if its own kind of filter were set to this value alone and all
    others stayed. Every value is there, also with 0, in its fixed order.
    """
    asked = filters.traits_asked()
    told = asked | filters.traits_refused()
    any_of = filters.traits_of_any()
    lowest = filters.min_price_paise or 0
    highest = MAX_PRICE_PAISE if filters.max_price_paise is None else filters.max_price_paise
    by_step = [0] * len(PRICE_RANGES)
    fitting: defaultdict[int, int] = defaultdict(int)
    for traits, price_paise, step, count in zip(*tally, strict=True):
        if traits & told == asked and all(traits & some for some in any_of):
            by_step[step] += count
        if lowest <= price_paise <= highest:
            fitting[traits] += count

    # by the traits of which a product lacks what was asked: one that lacks several is in no count
    sums = dict.fromkeys((0, _CATEGORIES, _TAGS, IN_STOCK, PRESCRIPTION), 0)
    for traits, count in fitting.items():
        wrong = (traits & told) ^ asked
        for some in any_of:
            wrong |= 0 if traits & some else some
        for kind in (0,) if not wrong else sums:
            if not wrong & ~kind:
                sums[kind] += count * _lanes(traits)

    def count_of(trait: int, kind: int) -> int:
        return _lane(sums[0] + (sums[kind] if kind else 0), trait)

    return Facets(
        total=count_of(_EVERY, 0),
        categories={category: count_of(trait, _CATEGORIES) for category, trait in TRAIT_OF_CATEGORY.items()},
        tags={tag: count_of(trait, _TAGS) for tag, trait in TRAIT_OF_TAG.items()},
        price_ranges=dict(zip(PRICE_RANGES, by_step, strict=True)),
        in_stock=_yes_and_no(count_of(IN_STOCK, IN_STOCK), count_of(_EVERY, IN_STOCK)),
        needs_prescription=_yes_and_no(count_of(PRESCRIPTION, PRESCRIPTION), count_of(_EVERY, PRESCRIPTION)),
    )


def _yes_and_no(yes: int, of: int) -> dict[bool, int]:
    return {True: yes, False: of - yes}


# Sums of all traits at once: one long integer with a lane of 32 bits for each trait, which counts up to 4 billion
_LANE = 32
_EVERY = 1 << 40
"""A trait that every product has."""


@lru_cache(maxsize=20_000)
def _lanes(traits: int) -> int:
    """Return 1 in the lane of each trait."""
    return sum(1 << (bit * _LANE) for bit in range(_EVERY.bit_length()) if (traits | _EVERY) >> bit & 1)


def _lane(lanes: int, trait: int) -> int:
    """Return what is in the lane of one trait."""
    return lanes >> ((trait.bit_length() - 1) * _LANE) & (1 << _LANE) - 1
