"""Customers as a client sees them."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Annotated, Self
from uuid import UUID

import strawberry

from traya_gql.context import Grant, Info, Viewer
from traya_gql.documents.customers import CustomerRecord
from traya_gql.documents.owned import PageKey
from traya_gql.domain.address_book import MAX_ADDRESSES
from traya_gql.domain.customers import Gender
from traya_gql.domain.paging import DEFAULT_PAGE_SIZE
from traya_gql.domain.roles import Role
from traya_gql.guards import AT_MOST, CUSTOMER_ORDER_READERS, HEALTH_READERS, private_field
from traya_gql.schema.addresses import MOST_WARNINGS_PER_ADDRESS, AddressInput, InputWarning, SavedAddress
from traya_gql.schema.common import (
    AFTER,
    FIRST,
    Connection,
    Node,
    NodeType,
    Page,
    described_enum,
    newest_first,
    node_id,
    page_after,
)
from traya_gql.schema.hair_tests import HairTest, HairTestConnection
from traya_gql.schema.orders import Order, OrderConnection
from traya_gql.schema.payloads import Payload
from traya_gql.schema.reports import Report, ReportConnection

described_enum(
    Role,
    "What somebody is here. New values may be added.",
    {
        Role.CUSTOMER: "A customer: everybody who signed in.",
        Role.COACH: "A hair coach: reads the health data of customers assigned to them.",
        Role.DOCTOR: "A doctor: reads the health data of customers assigned to them.",
        Role.PHARMACIST: "A pharmacist.",
        Role.SUPPORT: "Customer support: sees customers and orders, and assigns doctors and coaches.",
        Role.CATALOG_MANAGER: "Keeps the catalogue.",
        Role.FINANCE: "Keeps the accounts.",
        Role.ADMIN: "Manages staff, finds customers, and assigns doctors and coaches; sees no health data.",
    },
)

First = Annotated[int, strawberry.argument(description=FIRST)]
After = Annotated[str | None, strawberry.argument(description=AFTER)]


@strawberry.type(
    description=(
        "Somebody who signed in with their phone, or staff who were invited by it. Only ever reached by themselves, "
        "the doctors and coaches assigned to them, SUPPORT and ADMIN."
    )
)
class Customer(Node):
    viewer: strawberry.Private[Viewer]
    opened_by: strawberry.Private[Grant | None]
    owner_id: strawberry.Private[UUID | None]

    phone: str = strawberry.field(description="Mobile number in E.164, such as +919876543210.")
    is_phone_verified: bool = strawberry.field(
        description="Whether they have signed in with it; false for invited staff who have not."
    )
    name: str | None = strawberry.field(description="Full name; null until they say it.")
    gender: Gender | None = strawberry.field(description="Gender, as they state it; null until they do.")
    roles: list[Role] = strawberry.field(description="What they are here, CUSTOMER first.")
    created_at: datetime = strawberry.field(description="When they were first known here.")
    version: int = strawberry.field(
        description="Grows with every change of profile and address book: the `expectedVersion` of updates."
    )

    @classmethod
    def of(cls, record: CustomerRecord, viewer: Viewer) -> Self:
        return cls(
            viewer=viewer,
            opened_by=None,
            owner_id=record.id,
            id=node_id(NodeType.CUSTOMER, record.id),
            phone=record.phone,
            is_phone_verified=record.verified_at is not None,
            name=record.name,
            gender=record.gender,
            roles=[Role.CUSTOMER, *record.roles],
            created_at=record.created_at,
            version=record.version,
        )

    @private_field(readers=HEALTH_READERS, description="Their hair tests, the newest first.")
    async def hair_tests(
        self, info: Info, first: First = DEFAULT_PAGE_SIZE, after: After = None
    ) -> HairTestConnection | None:
        return await hair_tests_of(self.owner_id, info, self.viewer, page_after(first, after, HAIR_TESTS))

    @private_field(readers=HEALTH_READERS, description="Their reports, the newest first.")
    async def reports(
        self, info: Info, first: First = DEFAULT_PAGE_SIZE, after: After = None
    ) -> ReportConnection | None:
        return await reports_of(self.owner_id, info, self.viewer, page_after(first, after, REPORTS))

    @private_field(readers=CUSTOMER_ORDER_READERS, description="Their orders, the newest first.")
    async def orders(self, info: Info, first: First = DEFAULT_PAGE_SIZE, after: After = None) -> OrderConnection | None:
        return await orders_of(self.owner_id, info, self.viewer, page_after(first, after, ORDERS))


HAIR_TESTS, REPORTS, ORDERS = "hairTests", "reports", "orders"


async def hair_tests_of(owner_id: UUID | None, info: Info, viewer: Viewer, page: Page) -> HairTestConnection:
    """Return a page of what the customer owns."""
    records = await info.context.loaders.hair_tests_by_customer.load(_key(owner_id, page))
    language = info.context.language
    return newest_first(
        HairTestConnection, records, page, order=HAIR_TESTS, show=lambda record: HairTest.of(record, viewer, language)
    )


async def reports_of(owner_id: UUID | None, info: Info, viewer: Viewer, page: Page) -> ReportConnection:
    """Return a page of what the customer owns."""
    records = await info.context.loaders.reports_by_customer.load(_key(owner_id, page))
    language = info.context.language
    return newest_first(
        ReportConnection, records, page, order=REPORTS, show=lambda record: Report.of(record, viewer, language)
    )


async def orders_of(owner_id: UUID | None, info: Info, viewer: Viewer, page: Page) -> OrderConnection:
    """Return a page of what the customer owns."""
    loaders = info.context.loaders
    records = await loaders.orders_by_customer.load(_key(owner_id, page))
    if "product" in info.context.field_names:
        # all at once and before the lines are shown: they need no task each to wait for theirs
        await loaders.product_by_id.load_many([line.product_id for order in records for line in order.lines])
    return newest_first(OrderConnection, records, page, order=ORDERS, show=lambda record: Order.of(record, viewer))


def _key(owner_id: UUID | None, page: Page) -> PageKey:
    assert owner_id is not None  # noqa: S101 - a customer is their own owner
    return PageKey(owner_id, page.after, page.limit)


@strawberry.type(description="A page of customers.")
class CustomerConnection(Connection[Customer]):
    pass


# --- profile and address book -----------------------------------------------------------------------------------------


@strawberry.input(description="A change of the profile: what is left out stays, null clears.")
class UpdateProfileInput:
    name: str | None = strawberry.field(default=strawberry.UNSET, description="Full name: 2 to 100 characters.")
    gender: Gender | None = strawberry.field(default=strawberry.UNSET, description="Gender, as you state it.")
    expected_version: int | None = strawberry.field(
        default=None, description="The `version` that was read. When it has changed since: STALE_VERSION."
    )


@strawberry.type(description="What `updateProfile` answers.")
class UpdateProfilePayload(Payload):
    customer: Customer | None = strawberry.field(default=None, description="The customer; null when refused.")


@strawberry.type
class AddressBookPayload(Payload):
    """The answer of a mutation that changes the address book."""

    addresses: list[SavedAddress] | None = strawberry.field(
        default=None,
        description="The whole address book after it, the oldest first; null when refused.",
        metadata={AT_MOST: MAX_ADDRESSES},
    )
    customer: Customer | None = strawberry.field(
        default=None, description="The customer, with the new `version`; null when refused."
    )


@strawberry.type
class SavedAddressPayload(AddressBookPayload):
    """The answer of a mutation that adds or changes one address."""

    address: SavedAddress | None = strawberry.field(
        default=None, description="The address that was added or changed; null when refused."
    )
    warnings: list[InputWarning] = strawberry.field(
        default_factory=list,
        description="What may be wrong with the address that was typed, though it was kept; mostly empty.",
        metadata={AT_MOST: MOST_WARNINGS_PER_ADDRESS},
    )


@strawberry.input(description="An address to keep.")
class AddAddressInput:
    address: AddressInput = strawberry.field(description="The address.")
    is_default: bool = strawberry.field(
        default=False, description="Whether to suggest it first. The first address always is."
    )


@strawberry.type(description="What `addAddress` answers.")
class AddAddressPayload(SavedAddressPayload):
    pass


@strawberry.input(description="A change of an address.")
class UpdateAddressInput:
    address: AddressInput | None = strawberry.field(
        default=None, description="The whole new address. Left out: it stays as it is."
    )
    is_default: bool = strawberry.field(default=False, description="Whether to suggest it first from now on.")


@strawberry.type(description="What `updateAddress` answers.")
class UpdateAddressPayload(SavedAddressPayload):
    pass


@strawberry.type(description="What `deleteAddress` answers.")
class DeleteAddressPayload(AddressBookPayload):
    pass


# --- what guests left -------------------------------------------------------------------------------------------------


@strawberry.enum(description="What a guest can have left. New values may be added.")
class GuestRecordKind(Enum):
    HAIR_TEST = strawberry.enum_value("HAIR_TEST", description="A hair test with its report.")
    ORDER = strawberry.enum_value("ORDER", description="An order.")


@strawberry.type(
    description=(
        "A hair test or an order that a guest submitted with your phone number, and that belongs to nobody yet. It "
        "shows little until it is claimed, as the number may have been mistyped."
    )
)
class GuestRecord:
    claim_id: strawberry.ID = strawberry.field(
        description="What `claimGuestRecords` names it by. Once it is yours, it is the `id` of the object."
    )
    kind: GuestRecordKind = strawberry.field(description="What it is.")
    created_at: datetime = strawberry.field(description="When it was submitted.")
    first_name: str | None = strawberry.field(description="Of a hair test: the first name of the person. Else null.")
    order_number: str | None = strawberry.field(description="Of an order: its number. Else null.")


@strawberry.input(description="What to claim.")
class ClaimGuestRecordsInput:
    ids: list[strawberry.ID] = strawberry.field(
        description="The `claimId`s of `viewer.guestRecords` that are yours, 1 to 100. All are claimed, or none."
    )


@strawberry.type(description="What `claimGuestRecords` answers.")
class ClaimGuestRecordsPayload(Payload):
    claimed_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="What is yours now; null when refused."
    )
