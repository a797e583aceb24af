"""What a customer does with what is theirs: profile, address book, and what they left as a guest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID, uuid4
from weakref import WeakValueDictionary

from traya_gql.documents import customers, owned
from traya_gql.documents.customers import CustomerRecord
from traya_gql.documents.hair_tests import HairTestRecord
from traya_gql.documents.orders import OrderRecord
from traya_gql.documents.transactions import Transactions
from traya_gql.domain.address_book import AddressBook, SavedAddress
from traya_gql.domain.addresses import Address, TypedAddress, check_address
from traya_gql.domain.customers import Gender, check_name
from traya_gql.domain.paging import MAX_PAGE_SIZE
from traya_gql.domain.refusals import Problem, Problems, Refusal, RefusalCode
from traya_gql.services.versions import StaleVersion

_TRIES = 50


class CustomerNotFound(Refusal):
    """There is no such customer."""

    codes = frozenset({RefusalCode.CUSTOMER_NOT_FOUND})

    def __init__(self) -> None:
        path = ("input", "customerId")
        super().__init__(Problem(RefusalCode.CUSTOMER_NOT_FOUND, "There is no such customer.", path))


class GuestRecordNotFound(Refusal):
    """No hair test or order with such an id is there to be claimed by this customer."""

    codes = frozenset({RefusalCode.GUEST_RECORD_NOT_FOUND})

    def __init__(self, places: list[int]) -> None:
        message = "There is nothing with this id for you to claim."
        super().__init__(
            *(Problem(RefusalCode.GUEST_RECORD_NOT_FOUND, message, ("input", "ids", str(place))) for place in places)
        )


class Unset:
    """The type of `UNSET`."""


UNSET = Unset()
"""Stands for what an update leaves as it is; None clears."""


class UpdateProfile(NamedTuple):
    """A change of the profile."""

    name: str | Unset | None
    gender: Gender | Unset | None
    expected_version: int | None


class GuestRecords(NamedTuple):
    """What was typed with a phone by guests and belongs to nobody yet, the newest first."""

    hair_tests: list[HairTestRecord]
    orders: list[OrderRecord]


@dataclass(frozen=True, kw_only=True)
class Customers:
    """The use cases of a customer who is signed in."""

    transactions: Transactions
    # changes of one customer within this process wait here, instead of undoing each other's tries
    _changing: WeakValueDictionary[UUID, asyncio.Lock] = field(default_factory=WeakValueDictionary, repr=False)

    async def find_by_phone(self, phone: str) -> CustomerRecord | None:
        """Return the customer with this E.164 phone."""
        return await customers.by_phone(phone)

    async def update_profile(self, customer_id: UUID, command: UpdateProfile) -> CustomerRecord:
        """Change name and gender, as far as they are given.

        Raises:
            InvalidInput: the name breaks rules.
            StaleVersion: the customer is not of the expected version.
        """
        fields: dict[str, Any] = {}
        if not isinstance(command.gender, Unset):
            fields["gender"] = command.gender
        if not isinstance(name := command.name, Unset):
            problems = Problems()
            fields["name"] = None if name is None else problems.take("name", lambda: check_name(name))
            problems.refuse_if_any()
        return await self._change(customer_id, lambda _: fields, expected_version=command.expected_version)

    async def add_address(self, customer_id: UUID, typed: TypedAddress, *, is_default: bool) -> CustomerRecord:
        """Add an address to the book.

        Raises:
            InvalidInput: the address breaks rules.
            AddressBookFull: there are twenty.
        """
        saved = SavedAddress(id=uuid4(), address=_checked(typed))
        return await self._change_book(customer_id, lambda book: book.add(saved, is_default=is_default))

    async def update_address(
        self, customer_id: UUID, *, address_id: UUID, typed: TypedAddress | None, is_default: bool
    ) -> CustomerRecord:
        """Replace the text of an address (None: leave it), and make it the default if so asked.

        Raises:
            InvalidInput: the address breaks rules.
            AddressNotFound: the customer keeps none with this id.
        """
        address = None if typed is None else _checked(typed)
        return await self._change_book(
            customer_id, lambda book: book.change(address_id, address=address, is_default=is_default)
        )

    async def delete_address(self, customer_id: UUID, *, address_id: UUID) -> CustomerRecord:
        """Remove an address. When it was the default, the newest of the others becomes it.

        Raises:
            AddressNotFound: the customer keeps none with this id.
        """
        return await self._change_book(customer_id, lambda book: book.remove(address_id))

    async def guest_records(self, customer: CustomerRecord) -> GuestRecords:
        """Return what was typed with the customer's phone and nobody has claimed: at most 100 of each kind."""
        # an invited member of staff has not shown yet that the phone is theirs
        if customer.verified_at is None:
            return GuestRecords([], [])
        return GuestRecords(
            hair_tests=await owned.guest_hair_tests(customer.phone, limit=MAX_PAGE_SIZE),
            orders=await owned.guest_orders(customer.phone, limit=MAX_PAGE_SIZE),
        )

    async def claim(self, customer_id: UUID, ids: Sequence[tuple[UUID | None, UUID | None]]) -> None:
        """Make the customer the owner of hair tests (with their reports) and orders, all of them or none.

        What is theirs already stays so. Each of `ids` is the id of a hair test, or of an order, or neither where the
        client sent something else.

        Raises:
            InvalidInput: none, or more than 100.
            GuestRecordNotFound: one does not exist, was typed with another phone, or is somebody else's.
        """
        problems = Problems()
        if not ids:
            problems.add(RefusalCode.REQUIRED, "Name at least one id.", "ids")
        if len(ids) > MAX_PAGE_SIZE:
            problems.add(RefusalCode.TOO_MANY, f"At most {MAX_PAGE_SIZE} can be claimed at once.", "ids")
        problems.refuse_if_any()
        tests = {test for test, _ in ids if test is not None}
        bought = {order for _, order in ids if order is not None}

        async def work() -> None:
            customer = await customers.by_id(customer_id)
            claimed_tests: set[UUID] = set()
            claimed_orders: set[UUID] = set()
            if customer is not None and customer.verified_at is not None:
                phone = customer.phone
                claimed_tests = await owned.claim_hair_tests([*tests], phone=phone, customer_id=customer_id)
                claimed_orders = await owned.claim_orders([*bought], phone=phone, customer_id=customer_id)
            missing = [
                place
                for place, (test, order) in enumerate(ids)
                if test not in claimed_tests and order not in claimed_orders
            ]
            if missing:
                raise GuestRecordNotFound(missing)

        await self.transactions.run(work)

    async def _change_book(self, customer_id: UUID, change: Callable[[AddressBook], AddressBook]) -> CustomerRecord:
        return await self._change(
            customer_id, lambda customer: {"address_book": change(customer.address_book).model_dump()}
        )

    async def _change(
        self,
        customer_id: UUID,
        fields_of: Callable[[CustomerRecord], dict[str, Any]],
        *,
        expected_version: int | None = None,
    ) -> CustomerRecord:
        """Change one customer by what follows from it; again when another process was faster."""
        async with self._changing.setdefault(customer_id, asyncio.Lock()):
            for _ in range(_TRIES):
                customer = await customers.by_id(customer_id)
                if customer is None:
                    raise RuntimeError("the customer of a session is gone")
                if expected_version not in (None, customer.version):
                    raise StaleVersion
                fields = fields_of(customer)
                if not fields:
                    return customer
                changed = await customers.change(customer_id, from_version=customer.version, fields=fields)
                if changed is not None:
                    return changed
        raise RuntimeError(f"a customer was changed by others {_TRIES} times in a row")


def _checked(typed: TypedAddress) -> Address:
    problems = Problems()
    with problems.under("address"):
        address = check_address(typed, problems)
    problems.refuse_if_any()
    assert address is not None  # noqa: S101 - no problem was found
    return address
