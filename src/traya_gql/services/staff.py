"""Staff: their roles, and whom they treat."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from pymongo.errors import DuplicateKeyError

from traya_gql.documents import assignments, customers, revocations
from traya_gql.documents.assignments import AssignmentRecord
from traya_gql.documents.customers import CustomerDocument, CustomerRecord
from traya_gql.documents.records import Position
from traya_gql.documents.revocations import Revocation
from traya_gql.documents.transactions import Transactions
from traya_gql.domain.phones import normalise_phone
from traya_gql.domain.refusals import Problem, Problems, Refusal, RefusalCode
from traya_gql.domain.roles import STAFF_ROLES, TREATING_ROLES, Role
from traya_gql.services.customers import CustomerNotFound
from traya_gql.services.revocations import Revocations
from traya_gql.services.sessions import revoked_until


class OwnAccount(Refusal):
    """Staff do not change their own rights."""

    codes = frozenset({RefusalCode.OWN_ACCOUNT})

    def __init__(self, field: str) -> None:
        message = "Staff have no rights over themselves. Name somebody else, or ask somebody else to do it."
        super().__init__(Problem(RefusalCode.OWN_ACCOUNT, message, ("input", field)))


class NotTreatingStaff(Refusal):
    """Only doctors and coaches treat."""

    codes = frozenset({RefusalCode.NOT_TREATING_STAFF})

    def __init__(self) -> None:
        message = "This person is neither a doctor nor a coach here."
        super().__init__(Problem(RefusalCode.NOT_TREATING_STAFF, message, ("input", "staffId")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """The use cases of staff. `by` is the customer id of the member of staff who does it; None: who runs the server."""

    transactions: Transactions
    revocations: Revocations
    now: Callable[[], datetime]

    async def page(self, *, role: Role | None, after: Position | None, limit: int) -> list[CustomerRecord]:
        """Return at most `limit` members of staff, with this role if one is named, the newest first."""
        return await customers.staff_page(role=role, after=after, limit=limit)

    async def invite(self, typed_phone: str, roles: Sequence[Role], *, by: UUID | None) -> CustomerRecord:
        """Give roles to whoever signs in with this phone, besides those they have.

        Raises:
            InvalidInput: not an Indian mobile number, or no role, or CUSTOMER, which is not given.
            OwnAccount: it is the phone of who asks.
        """
        problems = Problems()
        phone = problems.take("phone", lambda: normalise_phone(typed_phone))
        _check_roles(roles, problems, at_least=1)
        problems.refuse_if_any()
        assert phone is not None  # noqa: S101 - no problem was found
        at, new_id = self.now(), uuid4()

        async def work() -> _Changed:
            known = await customers.by_phone(phone)
            if known is None:
                invited = CustomerDocument(
                    id=new_id, created_at=at, phone=phone, verified_at=None, roles=_sorted(roles)
                )
                return _Changed(await invited.insert(), None)
            if known.id == by:
                raise OwnAccount("phone")
            return await _set_roles(known.id, [*known.roles, *roles], at=at)

        try:
            return self._told(await self.transactions.run(work))
        except DuplicateKeyError:
            # they signed in for the first time just now
            return self._told(await self.transactions.run(work))

    async def set_roles(self, customer_id: UUID | None, roles: Sequence[Role], *, by: UUID) -> CustomerRecord:
        """Replace the roles of somebody else, and make their access tokens dead, so that the new roles hold at once.

        Who is neither doctor nor coach any more treats nobody any more.

        `customer_id` is None where the client sent no id of a customer. No roles: they are a customer only.

        Raises:
            InvalidInput: CUSTOMER, which is not given, is among the roles.
            OwnAccount: it is who asks.
            CustomerNotFound: there is none with this id.
        """
        problems = Problems()
        _check_roles(roles, problems, at_least=0)
        problems.refuse_if_any()
        if customer_id == by:
            raise OwnAccount("customerId")
        at = self.now()

        async def work() -> _Changed:
            if customer_id is None:
                raise CustomerNotFound
            return await _set_roles(customer_id, roles, at=at)

        return self._told(await self.transactions.run(work))

    async def assign(
        self, *, customer_id: UUID | None, staff_id: UUID | None, by: UUID
    ) -> tuple[CustomerRecord, CustomerRecord]:
        """Let a doctor or coach treat a customer, and so read their health data. Return customer and staff.

        An id is None where the client sent no id of a customer.

        Raises:
            OwnAccount: nobody assigns themselves, and nobody treats themselves.
            CustomerNotFound: there is no such customer.
            NotTreatingStaff: the other one is no doctor or coach.
        """
        customer, staff = await self._pair(customer_id, staff_id)
        if staff.id in {by, customer.id}:
            raise OwnAccount("staffId")
        if TREATING_ROLES.isdisjoint(staff.roles):
            raise NotTreatingStaff
        at, id_ = self.now(), uuid4()

        async def work() -> None:
            # again, as they may lose the role just now
            if await customers.note_assignment(staff.id, roles=TREATING_ROLES, at=at) is None:
                raise NotTreatingStaff
            await assignments.add(id_=id_, customer_id=customer.id, staff_id=staff.id, assigned_by=by, at=at)

        with contextlib.suppress(DuplicateKeyError):  # assigned already
            await self.transactions.run(work)
        return customer, staff

    async def unassign(
        self, *, customer_id: UUID | None, staff_id: UUID | None
    ) -> tuple[CustomerRecord, CustomerRecord]:
        """End the treatment of a customer by somebody, at once. Return customer and staff.

        Raises:
            CustomerNotFound: there is no such customer.
            NotTreatingStaff: there is no such member of staff.
        """
        customer, staff = await self._pair(customer_id, staff_id)
        await assignments.remove(customer_id=customer.id, staff_id=staff.id)
        return customer, staff

    async def treated_page(self, staff_id: UUID, *, after: Position | None, limit: int) -> list[AssignmentRecord]:
        """Return at most `limit` assignments of a doctor or coach, the newest first."""
        return await assignments.page(staff_id, after=after, limit=limit)

    def _told(self, changed: _Changed) -> CustomerRecord:
        if changed.revoked is not None:
            self.revocations.apply_locally(changed.revoked)
        return changed.customer

    async def _pair(self, customer_id: UUID | None, staff_id: UUID | None) -> tuple[CustomerRecord, CustomerRecord]:
        found = await customers.by_ids([id_ for id_ in (customer_id, staff_id) if id_ is not None])
        if customer_id not in found:
            raise CustomerNotFound
        if staff_id not in found:
            raise NotTreatingStaff
        return found[customer_id], found[staff_id]


class _Changed(NamedTuple):
    customer: CustomerRecord
    revoked: Revocation | None


async def _set_roles(customer_id: UUID, roles: Sequence[Role], *, at: datetime) -> _Changed:
    changed = await customers.set_roles(customer_id, roles=_sorted(roles))
    if changed is None:
        raise CustomerNotFound
    if TREATING_ROLES.isdisjoint(roles):
        # who becomes a doctor again some day starts without patients
        await assignments.remove_all(staff_id=customer_id)
    revoked = await revocations.revoke_before(
        changed.id, min_version=changed.access_version, expires_at=revoked_until(at)
    )
    return _Changed(changed, revoked)


def _sorted(roles: Sequence[Role]) -> tuple[Role, ...]:
    return tuple(sorted(set(roles)))


def _check_roles(roles: Sequence[Role], problems: Problems, *, at_least: int) -> None:
    if len(roles) > len(Role):
        problems.add(RefusalCode.TOO_MANY, f"There are {len(Role)} roles: name each once.", "roles")
        return
    if len(roles) < at_least:
        problems.add(RefusalCode.REQUIRED, "Name at least one role.", "roles")
    for place, role in enumerate(roles):
        if role not in STAFF_ROLES:
            message = "Everybody is a customer: this role is not given or taken."
            problems.add(RefusalCode.OUT_OF_RANGE, message, "roles", str(place))
