"""Addresses as a client sees them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

import strawberry

from traya_gql.domain.address_book import AddressBook
from traya_gql.domain.addresses import Address as StoredAddress
from traya_gql.domain.addresses import AddressWarning, AddressWarningCode, TypedAddress
from traya_gql.domain.states import IndianState
from traya_gql.schema.common import NodeType, described_enum, node_id

described_enum(
    IndianState,
    "States and union territories of India.",
    {state: f"{state.label}." for state in IndianState},
)
described_enum(
    AddressWarningCode,
    "What may be wrong with an input that was taken all the same. New values may be added.",
    {
        AddressWarningCode.PIN_STATE_MISMATCH: "The PIN code lies in another state than the address names.",
        AddressWarningCode.UNKNOWN_PIN_CODE: "No PIN code begins like this, as far as we know.",
    },
    name="InputWarningCode",
)

MOST_WARNINGS_PER_ADDRESS = 1


@strawberry.type(description="A postal address in India.")
class Address:
    name: str = strawberry.field(description="Who receives the parcel or the bill.")
    address_line: str = strawberry.field(description="House, street, area.")
    city: str = strawberry.field(description="City, town or village.")
    state: IndianState = strawberry.field(description="State or union territory.")
    pin_code: str = strawberry.field(description="PIN code: six digits.")
    country: str = strawberry.field(description='ISO 3166-1 code; always "IN".')

    @classmethod
    def of(cls, stored: StoredAddress) -> Self:
        return cls(
            name=stored.name,
            address_line=stored.address_line,
            city=stored.city,
            state=stored.state,
            pin_code=stored.pin_code,
            country=stored.country,
        )


@strawberry.input(description="A postal address in India, as typed.")
class AddressInput:
    name: str = strawberry.field(description="Who receives the parcel or the bill: 2 to 100 characters.")
    address_line: str = strawberry.field(description="House, street, area: 3 to 200 characters, no line breaks.")
    city: str = strawberry.field(description="City, town or village: 2 to 80 characters.")
    state: IndianState = strawberry.field(description="State or union territory.")
    pin_code: str = strawberry.field(description="PIN code: six digits, the first not 0. Spaces are ignored.")
    country: str = strawberry.field(default="IN", description='ISO 3166-1 code. We deliver to "IN" only.')

    def typed(self) -> TypedAddress:
        return TypedAddress(
            name=self.name,
            address_line=self.address_line,
            city=self.city,
            state=self.state,
            pin_code=self.pin_code,
            country=self.country,
        )


@strawberry.type(
    description="Something that may be wrong with an input that was taken all the same: show it beside the field."
)
class InputWarning:
    code: AddressWarningCode = strawberry.field(description="What a program decides on.")
    message: str = strawberry.field(description="What it says to people.")
    path: list[str] = strawberry.field(
        description='Where, from the argument of the mutation or query: such as `["input", "address", "pinCode"]`.'
    )

    @classmethod
    def all_of(cls, found: Iterable[AddressWarning]) -> list[Self]:
        return [cls(code=one.code, message=one.message, path=list(one.path)) for one in found]


@strawberry.type(description="An address that a customer keeps.")
class SavedAddress:
    id: strawberry.ID = strawberry.field(description="What `updateAddress` and `deleteAddress` name it by.")
    is_default: bool = strawberry.field(description="Whether it is the one to suggest first. Exactly one is.")
    address: Address = strawberry.field(description="The address.")

    @classmethod
    def all_of(cls, book: AddressBook) -> list[Self]:
        return [
            cls(
                id=node_id(NodeType.ADDRESS, saved.id),
                is_default=saved.id == book.default_id,
                address=Address.of(saved.address),
            )
            for saved in book.addresses
        ]
