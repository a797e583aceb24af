"""Managing staff, and who treats whom."""

from __future__ import annotations

from typing import Annotated

import strawberry

from traya_gql.context import Info
from traya_gql.domain.paging import DEFAULT_PAGE_SIZE
from traya_gql.domain.refusals import RefusalCode
from traya_gql.domain.roles import Role
from traya_gql.guards import ADMIN, SUPPORT_OR_ADMIN, mutation_field, query_field
from traya_gql.schema.common import NodeType, newest_first, page_after, read_key
from traya_gql.schema.customers import After, Customer, CustomerConnection, First
from traya_gql.schema.staff import (
    AssignStaffInput,
    AssignStaffPayload,
    InviteStaffInput,
    InviteStaffPayload,
    SetRolesInput,
    SetRolesPayload,
    UnassignStaffInput,
    UnassignStaffPayload,
)
from traya_gql.services.customers import CustomerNotFound
from traya_gql.services.staff import NotTreatingStaff, OwnAccount

_STAFF = "staff"


@strawberry.type
class StaffQueries:
    @query_field(guard=SUPPORT_OR_ADMIN, description="Everybody who has a role besides CUSTOMER, the newest first.")
    async def staff(
        self,
        info: Info,
        role: Annotated[Role | None, strawberry.argument(description="Only those with this role.")] = None,
        first: First = DEFAULT_PAGE_SIZE,
        after: After = None,
    ) -> CustomerConnection | None:
        page = page_after(first, after, _STAFF)
        records = await info.context.services.staff.page(role=role, after=page.after, limit=page.limit)
        viewer = info.context.viewer
        return newest_first(
            CustomerConnection, records, page, order=_STAFF, show=lambda record: Customer.of(record, viewer)
        )


@strawberry.type
class StaffMutations:
    @mutation_field(
        guard=ADMIN,
        description="Give roles to whoever signs in with a phone. They hold from the next access token on.",
        input_codes=frozenset(
            {RefusalCode.INVALID_PHONE, RefusalCode.REQUIRED, RefusalCode.OUT_OF_RANGE, RefusalCode.TOO_MANY}
        ),
        refusals=(OwnAccount,),
    )
    async def invite_staff(
        self,
        info: Info,
        input_: Annotated[InviteStaffInput, strawberry.argument(name="input", description="Whom, and as what.")],
    ) -> InviteStaffPayload | None:
        context = info.context
        record = await context.services.staff.invite(input_.phone, input_.roles, by=context.signed_in.customer_id)
        return InviteStaffPayload(staff=Customer.of(record, context.viewer))

    @mutation_field(
        guard=ADMIN,
        description=(
            "Replace the roles of somebody else. Their access tokens end within about a second; with the next ones the "
            "new roles hold. Who is neither doctor nor coach any more treats nobody any more."
        ),
        input_codes=frozenset({RefusalCode.OUT_OF_RANGE, RefusalCode.TOO_MANY}),
        refusals=(OwnAccount, CustomerNotFound),
    )
    async def set_roles(
        self,
        info: Info,
        input_: Annotated[SetRolesInput, strawberry.argument(name="input", description="Whose, and which.")],
    ) -> SetRolesPayload | None:
        context = info.context
        record = await context.services.staff.set_roles(
            read_key(input_.customer_id, NodeType.CUSTOMER), input_.roles, by=context.signed_in.customer_id
        )
        return SetRolesPayload(staff=Customer.of(record, context.viewer))

    @mutation_field(
        guard=SUPPORT_OR_ADMIN,
        description="Let a doctor or coach treat a customer, and so read their health data. Twice changes nothing.",
        refusals=(OwnAccount, CustomerNotFound, NotTreatingStaff),
    )
    async def assign_staff(
        self,
        info: Info,
        input_: Annotated[AssignStaffInput, strawberry.argument(name="input", description="Who and whom.")],
    ) -> AssignStaffPayload | None:
        context = info.context
        customer, staff = await context.services.staff.assign(
            customer_id=read_key(input_.customer_id, NodeType.CUSTOMER),
            staff_id=read_key(input_.staff_id, NodeType.CUSTOMER),
            by=context.signed_in.customer_id,
        )
        return AssignStaffPayload(
            customer=Customer.of(customer, context.viewer), staff=Customer.of(staff, context.viewer)
        )

    @mutation_field(
        guard=SUPPORT_OR_ADMIN,
        description="End the treatment of a customer by a doctor or coach, at once. Twice changes nothing.",
        refusals=(CustomerNotFound, NotTreatingStaff),
    )
    async def unassign_staff(
        self,
        info: Info,
        input_: Annotated[UnassignStaffInput, strawberry.argument(name="input", description="Who and whom.")],
    ) -> UnassignStaffPayload | None:
        context = info.context
        customer, staff = await context.services.staff.unassign(
            customer_id=read_key(input_.customer_id, NodeType.CUSTOMER),
            staff_id=read_key(input_.staff_id, NodeType.CUSTOMER),
        )
        return UnassignStaffPayload(
            customer=Customer.of(customer, context.viewer), staff=Customer.of(staff, context.viewer)
        )
