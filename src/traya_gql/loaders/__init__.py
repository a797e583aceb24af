"""Many asks, one command: the relations of the graph, batched for one request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from typing import TypeVar
from uuid import UUID

from aiodataloader import DataLoader

from traya_gql.documents import customers, hair_tests, orders, products, reports
from traya_gql.documents.customers import CustomerRecord
from traya_gql.documents.hair_tests import HairTestRecord
from traya_gql.documents.orders import OrderRecord
from traya_gql.documents.products import ProductQuery, ProductRecord
from traya_gql.documents.reports import ReportRecord

K = TypeVar("K", UUID, str)
R = TypeVar("R")


class Loaders:
    """Made anew for each request, each loader when it is first asked. None stands for what does not exist."""

    @cached_property
    def product_by_id(self) -> DataLoader[UUID, ProductRecord | None]:
        """Products, active or not."""
        return _batched(products.by_ids)

    @cached_property
    def report_by_id(self) -> DataLoader[UUID, ReportRecord | None]:
        """Reports by their inner id."""
        return _batched(reports.by_ids)

    @cached_property
    def report_by_public_id(self) -> DataLoader[str, ReportRecord | None]:
        """Reports by the key of their link."""
        return _batched(reports.by_public_ids)

    @cached_property
    def hair_test_by_id(self) -> DataLoader[UUID, HairTestRecord | None]:
        """Hair tests."""
        return _batched(hair_tests.by_ids)

    @cached_property
    def customer_by_id(self) -> DataLoader[UUID, CustomerRecord | None]:
        """Customers."""
        return _batched(customers.by_ids)

    @cached_property
    def order_by_id(self) -> DataLoader[UUID, OrderRecord | None]:
        """Orders."""
        return _batched(orders.by_ids)

    @cached_property
    def product_count_by_query(self) -> DataLoader[ProductQuery, int]:
        """How many products a query finds: one command a query."""

        async def load(queries: list[ProductQuery]) -> list[int]:
            return await asyncio.gather(*(products.count(query) for query in queries))

        return DataLoader(load)


def _batched(find: Callable[[Sequence[K]], Awaitable[Mapping[K, R]]]) -> DataLoader[K, R | None]:
    async def load(keys: list[K]) -> list[R | None]:
        found = await find(keys)
        return [found.get(key) for key in keys]

    return DataLoader(load)
