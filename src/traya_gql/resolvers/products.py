"""Asking for products."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Annotated, NamedTuple, TypeVar

import strawberry

from traya_gql.context import Info
from traya_gql.documents.product_reads import Band, ProductPosition, ProductQuery, ProductSort
from traya_gql.documents.products import ProductRecord
from traya_gql.domain.facets import Facets
from traya_gql.domain.money import paise
from traya_gql.domain.paging import DEFAULT_PAGE_SIZE
from traya_gql.domain.products import ProductCategory, ProductTag
from traya_gql.domain.refusals import InvalidValue
from traya_gql.domain.search import MAX_WORDS, Rank, Word, query_words
from traya_gql.domain.shelves import name_key
from traya_gql.guards import ANYONE, query_field
from traya_gql.schema.common import (
    BadUserInput,
    NodeType,
    check_first,
    make_cursor,
    read_cursor,
    read_node_id,
)
from traya_gql.schema.products import Product, ProductConnection, ProductFilterInput
from traya_gql.services.products import ProductPage

_LONGEST_SEARCH = 100
"""Characters of a search that count."""
_LONGEST_SLUG = 100

Kind = TypeVar("Kind", bound=StrEnum)
_MOST_PAISE = 2**63 - 1  # what MongoDB's integers hold


@strawberry.type
class ProductQueries:
    @query_field(
        guard=ANYONE,
        description="One product, by exactly one of its id and its slug. Null when there is no such product.",
    )
    async def product(
        self,
        info: Info,
        id_: Annotated[
            strawberry.ID | None, strawberry.argument(name="id", description="The product's global id.")
        ] = None,
        slug: Annotated[str | None, strawberry.argument(description="The product's slug.")] = None,
    ) -> Product | None:
        if (id_ is None) == (slug is None):
            raise BadUserInput("Give exactly one of `id` and `slug`.")
        record: ProductRecord | None
        if id_ is not None:
            key = read_node_id(id_)
            if key.type is not NodeType.PRODUCT:
                raise BadUserInput(f"This is the id of a {key.type}, not of a Product.")
            record = await info.context.loaders.product_by_id.load(key.uuid())
        else:
            assert slug is not None  # noqa: S101 - exactly one is given
            record = None
            if len(slug) <= _LONGEST_SLUG:
                record = await info.context.services.products.find_by_slug(slug)
        return Product.seen_in(info.context, record)

    @query_field(
        guard=ANYONE,
        description=(
            "The catalogue. Every combination of filter, search, sort key and direction is served from an index, with "
            "pages of any depth. Without `isActive` in the filter only products on sale (PUBLISHED) are listed."
        ),
    )
    async def products(
        self,
        info: Info,
        filter_: Annotated[
            ProductFilterInput | None, strawberry.argument(name="filter", description="Which products.")
        ] = None,
        search: Annotated[
            str | None,
            strawberry.argument(
                description=(
                    "Only products with all of these words: of the first 100 characters the first "
                    f"{MAX_WORDS} words count. In English in the name, category, tags, benefits, ingredients and "
                    "regulatory class, in Hindi in the ingredients; the common Hindi words for categories, tags and "
                    "classes count as the English ones (`रूसी`, `हेयर ऑयल`), some in Latin letters, too (`baal jhadna`). "
                    "The beginning of a word is enough, so ask while it is typed; beside other words a single letter "
                    "or digit that is a word of the catalogue is the whole word (`vitamin d`). Case, accents and the s "
                    "of a plural make no difference, nor whether two words are typed as one: `hairfall` finds what "
                    "`hair fall` does. If nothing in the shop has these words, words of 4 letters or more may have one "
                    "letter wrong, missing, too much or changed with its neighbour, those of 8 or more two, and whole "
                    "words of 3 two letters changed with each other: see `isCorrected`. A text without a word is no "
                    "search."
                )
            ),
        ] = None,
        sort_key: Annotated[
            ProductSort | None,
            strawberry.argument(
                description="What to sort by. Left out or null: RELEVANCE with a `search`, NAME without one."
            ),
        ] = None,
        reverse: Annotated[bool, strawberry.argument(description="Whether to turn the order round.")] = False,  # noqa: FBT002
        first: Annotated[int, strawberry.argument(description="How many, 1 to 100.")] = DEFAULT_PAGE_SIZE,
        after: Annotated[
            str | None,
            strawberry.argument(description="The cursor after which the page starts, from the same sort key."),
        ] = None,
    ) -> ProductConnection:
        size = check_first(first)
        query = _query(filter_ or ProductFilterInput(), search)
        sort = sort_key or ProductSort.RELEVANCE
        if sort is ProductSort.RELEVANCE and not query.words:
            sort = ProductSort.NAME
        place = None if after is None else _read_cursor(after, sort)
        products = info.context.services.products
        if query.words:
            query = await products.understood(query)
        count = _once(partial(products.count, query))
        if not info.context.field_names.isdisjoint(_COUNTED):
            count()
        found = await products.page(
            query,
            sort=sort,
            is_reverse=reverse,
            after=None if place is None else place.position,
            size=size,
            is_corrected=place is not None and place.is_corrected,
        )
        return ProductConnection(
            items=[Product.of(record, info.context.language) for record in found.products],
            cursor_of=lambda place: _cursor(found, place, sort),
            has_next=found.has_next,
            is_first_page=after is None,
            count=count if found.query == query else _once(partial(products.count, found.query)),
            is_corrected=found.is_corrected,
        )


_COUNTED = frozenset({"facets", "totalCount"})
"""The fields that count: the counting begins with the page, and not after it."""


def _once(work_out: Callable[[], Awaitable[Facets]]) -> Callable[[], Awaitable[Facets]]:
    """Return the same for one request that asks for several parts of it."""
    working: asyncio.Future[Facets] | None = None

    def given() -> Awaitable[Facets]:
        nonlocal working
        if working is None:
            working = asyncio.ensure_future(work_out())
            # of a page that fails nobody asks for the count; its failure is then no fault of its own
            working.add_done_callback(lambda done: done.cancelled() or done.exception())
        return working

    return given


def read_search(search: str) -> tuple[Word, ...]:
    """Return the words of a search.

    Raises:
        BadUserInput: it is too long, or holds none.
    """
    if len(search) > _LONGEST_SEARCH:
        raise BadUserInput(f"`search` can have at most {_LONGEST_SEARCH} characters.")
    words = query_words(search)
    if not words:
        raise BadUserInput("`search` holds no word. Leave it out to list all products.")
    return words


def _query(filter_: ProductFilterInput, search: str | None) -> ProductQuery:
    lowest, highest = _paise(filter_.min_price, "minPrice"), _paise(filter_.max_price, "maxPrice")
    if lowest is not None and highest is not None and lowest > highest:
        raise BadUserInput("`minPrice` is higher than `maxPrice`: no product can have such a price.")
    category, categories = _one_or_several(filter_.category, filter_.categories, ProductCategory)
    tag, tags = _one_or_several(filter_.tag, filter_.tags, ProductTag)
    return ProductQuery(
        category=category,
        categories=categories,
        tag=tag,
        tags=tags,
        is_active=filter_.is_active,
        is_in_stock=filter_.is_in_stock,
        needs_prescription=filter_.needs_prescription,
        min_price_paise=lowest,
        max_price_paise=highest,
        # a search box that is cleared while somebody types asks for everything, and one with a dash in it, too; what is
        # pasted is cut, as the page around the list must not be lost
        words=query_words((search or "")[:_LONGEST_SEARCH]),
    )


def _one_or_several(
    one: Kind | None, several: list[Kind] | None, all_of_kind: type[Kind]
) -> tuple[Kind | None, tuple[Kind, ...]]:
    """Return a filter in one form, whichever way it was asked for."""
    chosen = set(several or ())
    if one in chosen:
        return one, ()
    if one is None and len(chosen) == 1:
        return chosen.pop(), ()
    return one, tuple(value for value in all_of_kind if value in chosen)


def _paise(amount: Decimal | None, name: str) -> int | None:
    try:
        return None if amount is None else paise(amount)
    except InvalidValue as wrong:
        raise BadUserInput(f"`{name}`: {wrong.message}") from None


# --- cursors: a name, a price in paise, a time in milliseconds, or ranks and name; and whether words were corrected ---


class _Place(NamedTuple):
    position: ProductPosition
    is_corrected: bool


def _cursor(page: ProductPage, place: int, sort: ProductSort) -> str:
    record = page.products[place]
    value: str | int
    if sort is ProductSort.RELEVANCE:
        band = page.bands[place]
        value = f"{band.first.value}{band.last.value}{name_key(record.name)}"
    elif sort is ProductSort.CREATED_AT:
        value = round(record.created_at.timestamp() * 1000)
    else:
        value = record.price_paise if sort is ProductSort.PRICE else name_key(record.name)
    return make_cursor(_order(sort, is_corrected=page.is_corrected), value, record.id)


def _order(sort: ProductSort, *, is_corrected: bool) -> str:
    return f"products:{sort.name}:corrected" if is_corrected else f"products:{sort.name}"


def _read_cursor(after: str, sort: ProductSort) -> _Place:
    try:
        return _Place(_position(after, sort, is_corrected=False), is_corrected=False)
    except BadUserInput:
        return _Place(_position(after, sort, is_corrected=True), is_corrected=True)


def _position(after: str, sort: ProductSort, *, is_corrected: bool) -> ProductPosition:
    is_text = sort in (ProductSort.NAME, ProductSort.RELEVANCE)
    value, key = read_cursor(after, _order(sort, is_corrected=is_corrected), str if is_text else int)
    if sort is ProductSort.CREATED_AT:
        return ProductPosition(_time(int(value)), key)
    if sort is ProductSort.PRICE and not 0 <= int(value) <= _MOST_PAISE:
        raise BadUserInput("`after` is not a cursor of this list.")
    if sort is ProductSort.RELEVANCE:
        band, name = str(value)[:2], str(value)[2:]
        if band not in _BANDS:
            raise BadUserInput("`after` is not a cursor of this list.")
        return ProductPosition(name, key, _BANDS[band])
    return ProductPosition(value, key)


_BANDS = {f"{first.value}{last.value}": Band(first, last) for first in Rank for last in Rank if first <= last}


def _time(milliseconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        raise BadUserInput("`after` is not a cursor of this list.") from None
