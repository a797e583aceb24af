"""Many asks, one command: the relations of the graph, batched for one request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple, TypeVar
from uuid import UUID

from aiodataloader import DataLoader

from traya_gql.documents import (
    assignments,
    coupons,
    customers,
    hair_tests,
    orders,
    owned,
    products,
    reports,
    scalp_photos,
)
from traya_gql.documents.coupons import CouponRecord
from traya_gql.documents.customers import CustomerRecord
from traya_gql.documents.hair_tests import HairTestDocument, HairTestRecord
from traya_gql.documents.orders import OrderDocument, OrderRecord
from traya_gql.documents.owned import PageKey
from traya_gql.documents.products import ProductRecord
from traya_gql.documents.records import OwnedRecord, StoredDocument
from traya_gql.documents.reports import ReportDocument, ReportRecord
from traya_gql.documents.scalp_photos import ScalpPhotoRecord

K = TypeVar("K", UUID, str)
R = TypeVar("R")
O = TypeVar("O", bound=OwnedRecord)  # noqa: E741 - O for owned


class TreatmentKey(NamedTuple):
    """Whether this doctor or coach treats this customer."""

    staff_id: UUID
    customer_id: UUID


class Loaders:
    """Made anew for each request, each loader when it is first asked. None stands for what does not exist."""

    def forget(self) -> None:
        """Let go of all that was read.

        graphql-core's executor lies in a reference cycle and holds the context: what was read would wait for the
        garbage collector, hundreds of thousands of objects under load.
        """
        self.__dict__.clear()

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
    def scalp_photo_by_id(self) -> DataLoader[UUID, ScalpPhotoRecord | None]:
        """Scalp photos."""
        return _batched(scalp_photos.by_ids)

    @cached_property
    def scalp_photos_by_hair_test(self) -> DataLoader[UUID, list[ScalpPhotoRecord] | None]:
        """The photos of hair tests."""
        return _batched(scalp_photos.of_hair_tests)

    @cached_property
    def coupon_by_id(self) -> DataLoader[UUID, CouponRecord | None]:
        """Coupons."""
        return _batched(coupons.by_ids)

    @cached_property
    def customer_by_id(self) -> DataLoader[UUID, CustomerRecord | None]:
        """Customers."""
        return _batched(customers.by_ids)

    @cached_property
    def order_by_id(self) -> DataLoader[UUID, OrderRecord | None]:
        """Orders."""
        return _batched(orders.by_ids)

    @cached_property
    def hair_tests_by_customer(self) -> DataLoader[PageKey, list[HairTestRecord]]:
        """Pages of a customer's hair tests."""
        return _paged(HairTestDocument, HairTestRecord)

    @cached_property
    def reports_by_customer(self) -> DataLoader[PageKey, list[ReportRecord]]:
        """Pages of a customer's reports."""
        return _paged(ReportDocument, ReportRecord)

    @cached_property
    def orders_by_customer(self) -> DataLoader[PageKey, list[OrderRecord]]:
        """Pages of a customer's orders."""
        return _paged(OrderDocument, OrderRecord)

    @cached_property
    def treatment(self) -> DataLoader[TreatmentKey, bool]:
        """Whether staff treat customers: one command a member of staff."""

        async def load(keys: list[TreatmentKey]) -> list[bool]:
            found: set[TreatmentKey] = set()
            for staff_id in {key.staff_id for key in keys}:
                asked = [key.customer_id for key in keys if key.staff_id == staff_id]
                treated = await assignments.treated(staff_id, asked)
                found.update(TreatmentKey(staff_id, customer_id) for customer_id in treated)
            return [key in found for key in keys]

        return DataLoader(load)


def _batched(find: Callable[[Sequence[K]], Awaitable[Mapping[K, R]]]) -> DataLoader[K, R | None]:
    async def load(keys: list[K]) -> list[R | None]:
        found = await find(keys)
        return [found.get(key) for key in keys]

    return DataLoader(load)


def _paged(document: type[StoredDocument], record: type[O]) -> DataLoader[PageKey, list[O]]:
    async def load(keys: list[PageKey]) -> list[list[O]]:
        found = await owned.pages(document, record, keys)
        return [found[key] for key in keys]

    return DataLoader(load)
