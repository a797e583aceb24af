"""The catalogue, as shoppers read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from traya_gql.documents import products
from traya_gql.documents.products import ProductPosition, ProductQuery, ProductRecord, ProductSort


class ProductPage(NamedTuple):
    """A page of products, and whether more come after it."""

    products: list[ProductRecord]
    has_next: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Products:
    """The use cases of the catalogue."""

    async def find_by_slug(self, slug: str) -> ProductRecord | None:
        """Return the product with this slug, active or not."""
        return await products.by_slug(slug)

    async def page(
        self, query: ProductQuery, *, sort: ProductSort, is_reverse: bool, after: ProductPosition | None, size: int
    ) -> ProductPage:
        """Return the page of `size` products (1 to 100) that comes after the position."""
        found = await products.page(query, sort=sort, is_reverse=is_reverse, after=after, limit=size + 1)
        return ProductPage(found[:size], has_next=len(found) > size)
