"""Customers as a client sees them."""

from __future__ import annotations

from typing import Self

import strawberry

from traya_gql.documents.customers import CustomerRecord
from traya_gql.domain.customers import Gender, first_name
from traya_gql.schema.common import Node, NodeType, described_enum, node_id

described_enum(
    Gender,
    "Gender, as the person states it.",
    {Gender.MALE: "Male.", Gender.FEMALE: "Female.", Gender.OTHER: "Another gender."},
)


@strawberry.type(
    description=(
        "A person as they described themselves with one hair test. Only ever reached by those who may read all of it."
    )
)
class Customer(Node):
    name: str = strawberry.field(description="Full name.")
    first_name: str = strawberry.field(description="The name up to its first space.")
    phone: str = strawberry.field(description="Mobile number in E.164, such as +919876543210. Not verified.")
    age: int = strawberry.field(description="Age in years at the time of the hair test.")
    gender: Gender = strawberry.field(description="Gender, as the person states it.")

    @classmethod
    def of(cls, record: CustomerRecord) -> Self:
        details = record.details
        return cls(
            id=node_id(NodeType.CUSTOMER, record.id),
            name=details.name,
            first_name=first_name(details.name),
            phone=details.phone,
            age=details.age,
            gender=details.gender,
        )


@strawberry.input(description="Who takes the hair test.")
class CustomerInput:
    name: str = strawberry.field(description="Full name: 2 to 100 characters in any script.")
    phone: str = strawberry.field(
        description="Indian mobile number. Spaces, hyphens, +91 and a leading 0 are understood."
    )
    age: int = strawberry.field(description="Age in years: 18 to 100.")
    gender: Gender = strawberry.field(description="Gender, as the person states it.")
