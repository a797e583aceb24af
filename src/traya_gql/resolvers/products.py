"""Asking for products."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, NamedTuple

import strawberry

from traya_gql.context import Info
from traya_gql.documents.product_lists import ProductPosition, ProductQuery, ProductSort, Word
from traya_gql.documents.products import ProductRecord
from traya_gql.domain.facets import Facets
from traya_gql.domain.money import paise
from traya_gql.domain.paging import DEFAULT_PAGE_SIZE
from traya_gql.domain.refusals import InvalidValue
from traya_gql.domain.search import MAX_WORDS, query_terms
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

_LONGEST_SEARCH = 100
_LONGEST_SLUG = 100
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
            "pages of any depth. Without `isActive` in the filter only products that can be ordered are listed."
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
                    "Only products with all of these words, at most 100 characters, of which the first "
                    f"{MAX_WORDS} words count: in the name, category, tags, benefits, or ingredients in English or "
                    "Hindi. The beginning of a word is enough, so ask while it is typed. Case and accents make no "
                    "difference. If nothing has these words, words of 4 letters or more may have one letter wrong, "
                    "missing, too much or changed with its neighbour, and those of 8 or more two: see `isCorrected`. "
                    "Nothing typed is no search."
                )
            ),
        ] = None,
        sort_key: Annotated[ProductSort, strawberry.argument(description="What to sort by.")] = ProductSort.NAME,
        reverse: Annotated[bool, strawberry.argument(description="Whether to turn the order round.")] = False,  # noqa: FBT002
        first: Annotated[int, strawberry.argument(description="How many, 1 to 100.")] = DEFAULT_PAGE_SIZE,
        after: Annotated[
            str | None,
            strawberry.argument(description="The cursor after which the page starts, from the same sort key."),
        ] = None,
    ) -> ProductConnection:
        size = check_first(first)
        query = _query(filter_ or ProductFilterInput(), search)
        place = None if after is None else _read_cursor(after, sort_key)
        products = info.context.services.products
        count = _once(partial(products.count, query))
        if not info.context.field_names.isdisjoint(_COUNTED):
            count()
        found = await products.page(
            query,
            sort=sort_key,
            is_reverse=reverse,
            after=None if place is None else place.position,
            size=size,
            is_corrected=place is not None and place.is_corrected,
        )
        return ProductConnection(
            items=[Product.of(record, info.context.language) for record in found.products],
            cursor_of=lambda place: _cursor(found.products[place], sort_key, is_corrected=found.is_corrected),
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


def _query(filter_: ProductFilterInput, search: str | None) -> ProductQuery:
    words: tuple[Word, ...] = ()
    # a search box that is cleared while somebody types asks for everything
    if search is not None and search.strip():
        if len(search) > _LONGEST_SEARCH:
            raise BadUserInput(f"`search` can have at most {_LONGEST_SEARCH} characters.")
        words = tuple((term,) for term in query_terms(search))
        if not words:
            raise BadUserInput("`search` holds no word. Leave it out to list all products.")
    return ProductQuery(
        category=filter_.category,
        tag=filter_.tag,
        is_active=filter_.is_active,
        is_in_stock=filter_.is_in_stock,
        needs_prescription=filter_.needs_prescription,
        min_price_paise=_paise(filter_.min_price, "minPrice"),
        max_price_paise=_paise(filter_.max_price, "maxPrice"),
        words=words,
    )


def _paise(amount: Decimal | None, name: str) -> int | None:
    try:
        return None if amount is None else paise(amount)
    except InvalidValue as wrong:
        raise BadUserInput(f"`{name}`: {wrong.message}") from None


# --- cursors: a name, a price in paise, or a time in milliseconds; and whether the words were corrected ---------------


class _Place(NamedTuple):
    position: ProductPosition
    is_corrected: bool


def _cursor(record: ProductRecord, sort: ProductSort, *, is_corrected: bool) -> str:
    return make_cursor(_order(sort, is_corrected=is_corrected), _cursor_value(record, sort), record.id)


def _order(sort: ProductSort, *, is_corrected: bool) -> str:
    return f"products:{sort.name}:corrected" if is_corrected else f"products:{sort.name}"


def _cursor_value(record: ProductRecord, sort: ProductSort) -> str | int:
    value: Any = getattr(record, sort.value)
    key: str | int = round(value.timestamp() * 1000) if sort is ProductSort.CREATED_AT else value
    return key


def _read_cursor(after: str, sort: ProductSort) -> _Place:
    try:
        return _Place(_position(after, sort, is_corrected=False), is_corrected=False)
    except BadUserInput:
        return _Place(_position(after, sort, is_corrected=True), is_corrected=True)


def _position(after: str, sort: ProductSort, *, is_corrected: bool) -> ProductPosition:
    order = _order(sort, is_corrected=is_corrected)
    value, key = read_cursor(after, order, str if sort is ProductSort.NAME else int)
    if sort is ProductSort.CREATED_AT:
        return ProductPosition(_time(int(value)), key)
    if sort is ProductSort.PRICE and not 0 <= int(value) <= _MOST_PAISE:
        raise BadUserInput("`after` is not a cursor of this list.")
    return ProductPosition(value, key)


def _time(milliseconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        raise BadUserInput("`after` is not a cursor of this list.") from None
