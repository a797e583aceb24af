"""The addresses that a customer keeps: at most twenty, one of them the default."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, ConfigDict

from traya_gql.domain.addresses import Address
from traya_gql.domain.refusals import Problem, Refusal, RefusalCode

MAX_ADDRESSES = 20


class AddressBookFull(Refusal):
    """The customer keeps as many addresses as one can."""

    codes = frozenset({RefusalCode.ADDRESS_BOOK_FULL})

    def __init__(self) -> None:
        message = f"You can keep at most {MAX_ADDRESSES} addresses. Delete one first."
        super().__init__(Problem(RefusalCode.ADDRESS_BOOK_FULL, message, ("input", "address")))


class AddressNotFound(Refusal):
    """The customer keeps no address with this id."""

    codes = frozenset({RefusalCode.ADDRESS_NOT_FOUND})

    def __init__(self) -> None:
        super().__init__(Problem(RefusalCode.ADDRESS_NOT_FOUND, "There is no such address.", ("id",)))


class SavedAddress(BaseModel):
    """One address of the book."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    address: Address


class AddressBook(BaseModel):
    """The addresses, the oldest first. `default_id` names one of them; None only while there is none."""

    model_config = ConfigDict(frozen=True)

    addresses: tuple[SavedAddress, ...] = ()
    default_id: UUID | None = None

    def add(self, saved: SavedAddress, *, is_default: bool) -> AddressBook:
        """Return the book with one more address; the first one is the default.

        Raises:
            AddressBookFull: there are twenty.
        """
        if len(self.addresses) >= MAX_ADDRESSES:
            raise AddressBookFull
        default_id = saved.id if is_default or self.default_id is None else self.default_id
        return AddressBook(addresses=(*self.addresses, saved), default_id=default_id)

    def change(self, id_: UUID, *, address: Address | None, is_default: bool) -> AddressBook:
        """Return the book with another text of an address (None: as it was), made the default if so asked.

        Raises:
            AddressNotFound: there is no such address.
        """
        self._find(id_)
        changed = tuple(
            SavedAddress(id=id_, address=address) if one.id == id_ and address is not None else one
            for one in self.addresses
        )
        return AddressBook(addresses=changed, default_id=id_ if is_default else self.default_id)

    def remove(self, id_: UUID) -> AddressBook:
        """Return the book without an address. When it was the default, the newest of the others becomes it.

        Raises:
            AddressNotFound: there is no such address.
        """
        self._find(id_)
        left = tuple(one for one in self.addresses if one.id != id_)
        default_id = self.default_id
        if default_id == id_:
            default_id = left[-1].id if left else None
        return AddressBook(addresses=left, default_id=default_id)

    def address(self, id_: UUID) -> Address:
        """Return the text of an address.

        Raises:
            AddressNotFound: there is no such address.
        """
        return self._find(id_).address

    def _find(self, id_: UUID) -> SavedAddress:
        for one in self.addresses:
            if one.id == id_:
                return one
        raise AddressNotFound
