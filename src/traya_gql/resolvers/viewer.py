"""What is the viewer's own."""

from __future__ import annotations

import strawberry

from traya_gql.context import Info
from traya_gql.documents.records import Position
from traya_gql.domain.address_book import MAX_ADDRESSES
from traya_gql.domain.customers import first_name
from traya_gql.domain.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from traya_gql.domain.roles import Role
from traya_gql.guards import AT_MOST, SIGNED_IN, query_field
from traya_gql.schema.addresses import SavedAddress
from traya_gql.schema.common import NodeType, newest_first, node_id, page_after
from traya_gql.schema.customers import (
    HAIR_TESTS,
    ORDERS,
    REPORTS,
    After,
    Customer,
    CustomerConnection,
    First,
    GuestRecord,
    GuestRecordKind,
    hair_tests_of,
    orders_of,
    reports_of,
)
from traya_gql.schema.hair_tests import HairTestConnection
from traya_gql.schema.orders import OrderConnection
from traya_gql.schema.reports import ReportConnection
from traya_gql.schema.sessions import Session, SessionConnection

_SESSIONS, _TREATED = "sessions", "treatedCustomers"


@strawberry.type(description="Who is signed in, and what is theirs. Nobody else reaches it.")
class Viewer:
    @strawberry.field(description="What they are here, as of the access token; CUSTOMER first.")
    def roles(self, info: Info) -> list[Role]:
        return [Role.CUSTOMER, *sorted(info.context.viewer.roles)]

    @strawberry.field(description="Phone and profile. Null only when the customer is gone.")
    async def customer(self, info: Info) -> Customer | None:
        record = await info.context.loaders.customer_by_id.load(info.context.signed_in.customer_id)
        return None if record is None else Customer.of(record, info.context.viewer)

    @strawberry.field(description="Hair tests, the newest first.")
    async def hair_tests(self, info: Info, first: First = DEFAULT_PAGE_SIZE, after: After = None) -> HairTestConnection:
        viewer = info.context.viewer
        return await hair_tests_of(viewer.customer_id, info, viewer, page_after(first, after, HAIR_TESTS))

    @strawberry.field(description="Reports, the newest first.")
    async def reports(self, info: Info, first: First = DEFAULT_PAGE_SIZE, after: After = None) -> ReportConnection:
        viewer = info.context.viewer
        return await reports_of(viewer.customer_id, info, viewer, page_after(first, after, REPORTS))

    @strawberry.field(description="Orders, the newest first.")
    async def orders(self, info: Info, first: First = DEFAULT_PAGE_SIZE, after: After = None) -> OrderConnection:
        viewer = info.context.viewer
        return await orders_of(viewer.customer_id, info, viewer, page_after(first, after, ORDERS))

    @strawberry.field(description="The address book, the oldest first: at most 20.", metadata={AT_MOST: MAX_ADDRESSES})
    async def addresses(self, info: Info) -> list[SavedAddress]:
        record = await info.context.loaders.customer_by_id.load(info.context.signed_in.customer_id)
        return [] if record is None else SavedAddress.all_of(record.address_book)

    @strawberry.field(description="Sign-ins that last, the newest first.")
    async def sessions(self, info: Info, first: First = DEFAULT_PAGE_SIZE, after: After = None) -> SessionConnection:
        signed_in, page = info.context.signed_in, page_after(first, after, _SESSIONS)
        records = await info.context.services.sessions.page(signed_in.customer_id, after=page.after, limit=page.limit)
        return newest_first(
            SessionConnection,
            records,
            page,
            order=_SESSIONS,
            show=lambda record: Session.of(record, current_id=signed_in.session_id),
        )

    @strawberry.field(
        description=(
            "Hair tests and orders that guests submitted with this phone and nobody has claimed, the newest first: at "
            "most 100 of each kind. `claimGuestRecords` makes them yours."
        ),
        metadata={AT_MOST: 2 * MAX_PAGE_SIZE},
    )
    async def guest_records(self, info: Info) -> list[GuestRecord]:
        customer = await info.context.loaders.customer_by_id.load(info.context.signed_in.customer_id)
        if customer is None:
            return []
        found = await info.context.services.customers.guest_records(customer)
        tests = [
            GuestRecord(
                claim_id=node_id(NodeType.HAIR_TEST, test.id),
                kind=GuestRecordKind.HAIR_TEST,
                created_at=test.created_at,
                first_name=first_name(test.person.name),
                order_number=None,
            )
            for test in found.hair_tests
        ]
        orders = [
            GuestRecord(
                claim_id=node_id(NodeType.ORDER, order.id),
                kind=GuestRecordKind.ORDER,
                created_at=order.created_at,
                first_name=None,
                order_number=order.number,
            )
            for order in found.orders
        ]
        return sorted([*tests, *orders], key=lambda record: record.created_at, reverse=True)

    @strawberry.field(
        description="For doctors and coaches: the customers assigned to them, the last one first; empty for others."
    )
    async def treated_customers(
        self, info: Info, first: First = DEFAULT_PAGE_SIZE, after: After = None
    ) -> CustomerConnection:
        context, page = info.context, page_after(first, after, _TREATED)
        found = []
        if context.viewer.may_treat:
            found = await context.services.staff.treated_page(
                context.signed_in.customer_id, after=page.after, limit=page.limit
            )
        records = await context.loaders.customer_by_id.load_many([one.customer_id for one in found])
        treated = [(one, record) for one, record in zip(found, records, strict=True) if record is not None]
        return newest_first(
            CustomerConnection,
            treated,
            page,
            order=_TREATED,
            show=lambda pair: Customer.of(pair[1], context.viewer),
            place_of=lambda pair: Position(pair[0].created_at, pair[0].id),
        )


@strawberry.type
class ViewerQueries:
    @query_field(guard=SIGNED_IN, description="Who is signed in, and what is theirs.")
    def viewer(self, info: Info) -> Viewer | None:  # noqa: ARG002 - its guard asks for it
        return Viewer()
