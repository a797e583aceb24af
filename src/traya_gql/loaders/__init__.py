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

R = TypeVar("R")


class Loaders:
    """Made anew for each request, each loader when it is first asked. None stands for what does not exist."""

    @cached_property
    def product_by_id(self) -> DataLoader[UUID, ProductRecord | None]:
        """Products, active or not."""
        return _by_id(products.by_ids)

    @cached_property
    def report_by_id(self) -> DataLoader[UUID, ReportRecord | None]:
        """Reports by their inner id."""
        return _by_id(reports.by_ids)

    @cached_property
    def hair_test_by_id(self) -> DataLoader[UUID, HairTestRecord | None]:
        """Hair tests."""
        return _by_id(hair_tests.by_ids)

    @cached_property
    def customer_by_id(self) -> DataLoader[UUID, CustomerRecord | None]:
        """Customers."""
        return _by_id(customers.by_ids)

    @cached_property
    def order_by_id(self) -> DataLoader[UUID, OrderRecord | None]:
        """Orders."""
        return _by_id(orders.by_ids)

    @cached_property
    def product_count_by_query(self) -> DataLoader[ProductQuery, int]:
        """How many products a query finds: one command a query."""

        async def load(queries: list[ProductQuery]) -> list[int]:
            return await asyncio.gather(*(products.count(query) for query in queries))

        return DataLoader(load)


def _by_id(find: Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, R]]]) -> DataLoader[UUID, R | None]:
    async def load(ids: list[UUID]) -> list[R | None]:
        found = await find(ids)
        return [found.get(one) for one in ids]

    return DataLoader(load)
