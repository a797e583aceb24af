"""What a customer changes about themselves, and finding a customer."""

from __future__ import annotations

from typing import Annotated, TypeVar
from uuid import UUID

import strawberry

from traya_gql.context import Info
from traya_gql.documents.customers import CustomerRecord
from traya_gql.domain.address_book import AddressBookFull, AddressNotFound
from traya_gql.domain.addresses import ADDRESS_CODES, warnings_of
from traya_gql.domain.paging import MAX_PAGE_SIZE
from traya_gql.domain.phones import normalise_phone
from traya_gql.domain.refusals import InvalidValue, RefusalCode
from traya_gql.domain.text import TEXT_CODES
from traya_gql.guards import SIGNED_IN, SUPPORT_OR_ADMIN, mutation_field, query_field
from traya_gql.schema.addresses import InputWarning, SavedAddress
from traya_gql.schema.common import BadUserInput, NodeType, node_id, read_key
from traya_gql.schema.customers import (
    AddAddressInput,
    AddAddressPayload,
    ClaimGuestRecordsInput,
    ClaimGuestRecordsPayload,
    Customer,
    DeleteAddressPayload,
    SavedAddressPayload,
    UpdateAddressInput,
    UpdateAddressPayload,
    UpdateProfileInput,
    UpdateProfilePayload,
)
from traya_gql.services.customers import (
    UNSET,
    GuestRecordNotFound,
    UpdateProfile,
)
from traya_gql.services.versions import StaleVersion

PayloadT = TypeVar("PayloadT", bound=SavedAddressPayload)


@strawberry.type
class CustomerQueries:
    @query_field(guard=SUPPORT_OR_ADMIN, description="The customer with this phone, or null.")
    async def customer(
        self, info: Info, phone: Annotated[str, strawberry.argument(description="Indian mobile number.")]
    ) -> Customer | None:
        try:
            normalised = normalise_phone(phone)
        except InvalidValue as wrong:
            raise BadUserInput(wrong.message) from None
        record = await info.context.services.customers.find_by_phone(normalised)
        return None if record is None else Customer.of(record, info.context.viewer)


@strawberry.type
class CustomerMutations:
    @mutation_field(
        guard=SIGNED_IN,
        description="Change your profile.",
        input_codes=frozenset(TEXT_CODES),
        refusals=(StaleVersion,),
    )
    async def update_profile(
        self,
        info: Info,
        input_: Annotated[UpdateProfileInput, strawberry.argument(name="input", description="The change.")],
    ) -> UpdateProfilePayload | None:
        command = UpdateProfile(
            name=UNSET if input_.name is strawberry.UNSET else input_.name,
            gender=UNSET if input_.gender is strawberry.UNSET else input_.gender,
            expected_version=input_.expected_version,
        )
        context = info.context
        record = await context.services.customers.update_profile(context.signed_in.customer_id, command)
        return UpdateProfilePayload(customer=Customer.of(record, context.viewer))

    @mutation_field(
        guard=SIGNED_IN,
        description="Keep an address: at most 20.",
        input_codes=ADDRESS_CODES,
        refusals=(AddressBookFull,),
    )
    async def add_address(
        self,
        info: Info,
        input_: Annotated[AddAddressInput, strawberry.argument(name="input", description="The address.")],
    ) -> AddAddressPayload | None:
        record = await info.context.services.customers.add_address(
            info.context.signed_in.customer_id, input_.address.typed(), is_default=input_.is_default
        )
        return _book(AddAddressPayload, record, info, address_id=record.address_book.addresses[-1].id, is_typed=True)

    @mutation_field(
        guard=SIGNED_IN,
        description="Change an address that you keep. Orders that went to it stay as they are.",
        input_codes=ADDRESS_CODES,
        refusals=(AddressNotFound,),
    )
    async def update_address(
        self,
        info: Info,
        id_: Annotated[strawberry.ID, strawberry.argument(name="id", description="One of `viewer.addresses`.")],
        input_: Annotated[UpdateAddressInput, strawberry.argument(name="input", description="The change.")],
    ) -> UpdateAddressPayload | None:
        if (address_id := read_key(id_, NodeType.ADDRESS)) is None:
            raise AddressNotFound
        record = await info.context.services.customers.update_address(
            info.context.signed_in.customer_id,
            address_id=address_id,
            typed=None if input_.address is None else input_.address.typed(),
            is_default=input_.is_default,
        )
        is_typed = input_.address is not None
        return _book(UpdateAddressPayload, record, info, address_id=address_id, is_typed=is_typed)

    @mutation_field(
        guard=SIGNED_IN,
        description=(
            "Delete an address that you keep. When it was the default, the newest of the others becomes it. Orders "
            "that went to it stay as they are."
        ),
        refusals=(AddressNotFound,),
    )
    async def delete_address(
        self,
        info: Info,
        id_: Annotated[strawberry.ID, strawberry.argument(name="id", description="One of `viewer.addresses`.")],
    ) -> DeleteAddressPayload | None:
        if (address_id := read_key(id_, NodeType.ADDRESS)) is None:
            raise AddressNotFound
        record = await info.context.services.customers.delete_address(
            info.context.signed_in.customer_id, address_id=address_id
        )
        return DeleteAddressPayload(
            addresses=SavedAddress.all_of(record.address_book), customer=Customer.of(record, info.context.viewer)
        )

    @mutation_field(
        guard=SIGNED_IN,
        description=(
            "Make hair tests (with their reports) and orders yours that were submitted with your phone by a guest. All "
            "are claimed, or none. Access tokens that the guest was given stay good."
        ),
        input_codes=frozenset({RefusalCode.REQUIRED, RefusalCode.TOO_MANY}),
        refusals=(GuestRecordNotFound,),
    )
    async def claim_guest_records(
        self,
        info: Info,
        input_: Annotated[ClaimGuestRecordsInput, strawberry.argument(name="input", description="What to claim.")],
    ) -> ClaimGuestRecordsPayload | None:
        named = input_.ids[: MAX_PAGE_SIZE + 1]  # one more than is allowed, so that the service can say so
        ids = [(read_key(raw, NodeType.HAIR_TEST), read_key(raw, NodeType.ORDER)) for raw in named]
        await info.context.services.customers.claim(info.context.signed_in.customer_id, ids)
        return ClaimGuestRecordsPayload(claimed_ids=list(dict.fromkeys(input_.ids)))


def _book(payload: type[PayloadT], record: CustomerRecord, info: Info, *, address_id: UUID, is_typed: bool) -> PayloadT:
    addresses = SavedAddress.all_of(record.address_book)
    found = warnings_of(record.address_book.address(address_id), "address") if is_typed else ()
    return payload(
        addresses=addresses,
        address=next(one for one in addresses if one.id == node_id(NodeType.ADDRESS, address_id)),
        warnings=InputWarning.all_of(found),
        customer=Customer.of(record, info.context.viewer),
    )
