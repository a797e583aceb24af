"""Managing staff as a client sees it."""

from __future__ import annotations

import strawberry

from traya_gql.domain.roles import Role
from traya_gql.schema.customers import Customer
from traya_gql.schema.payloads import Payload


@strawberry.input(description="Somebody to make staff.")
class InviteStaffInput:
    phone: str = strawberry.field(description="The Indian mobile number that they will sign in with.")
    roles: list[Role] = strawberry.field(
        description="The roles to give them besides those they have, 1 to 8. CUSTOMER is not given."
    )


@strawberry.input(description="The roles of somebody.")
class SetRolesInput:
    customer_id: strawberry.ID = strawberry.field(description="The `id` of the `Customer`.")
    roles: list[Role] = strawberry.field(
        description="All roles they shall have besides CUSTOMER, at most 8. Empty: they are a customer only."
    )


@strawberry.input(description="Who shall treat whom.")
class AssignStaffInput:
    customer_id: strawberry.ID = strawberry.field(description="The `id` of the `Customer` to treat.")
    staff_id: strawberry.ID = strawberry.field(description="The `id` of the `Customer` who is a DOCTOR or COACH.")


@strawberry.input(description="Who shall treat whom no more.")
class UnassignStaffInput:
    customer_id: strawberry.ID = strawberry.field(description="The `id` of the `Customer`.")
    staff_id: strawberry.ID = strawberry.field(description="The `id` of the doctor or coach.")


@strawberry.type
class StaffPayload(Payload):
    """The answer of a mutation that changes a member of staff."""

    staff: Customer | None = strawberry.field(default=None, description="The member of staff; null when refused.")


@strawberry.type(description="What `inviteStaff` answers.")
class InviteStaffPayload(StaffPayload):
    pass


@strawberry.type(description="What `setRoles` answers.")
class SetRolesPayload(StaffPayload):
    pass


@strawberry.type
class TreatmentPayload(StaffPayload):
    """The answer of a mutation that changes who treats whom."""

    customer: Customer | None = strawberry.field(default=None, description="The customer; null when refused.")


@strawberry.type(description="What `assignStaff` answers.")
class AssignStaffPayload(TreatmentPayload):
    pass


@strawberry.type(description="What `unassignStaff` answers.")
class UnassignStaffPayload(TreatmentPayload):
    pass
