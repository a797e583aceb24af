"""People as they describe themselves."""

from __future__ import annotations

from typing import Self

import strawberry

from traya_gql.domain.customers import Gender, first_name
from traya_gql.domain.customers import Person as TypedPerson
from traya_gql.domain.languages import Language
from traya_gql.schema.common import described_enum
from traya_gql.services.consents import GivenConsent

described_enum(
    Gender,
    "Gender, as the person states it.",
    {Gender.MALE: "Male.", Gender.FEMALE: "Female.", Gender.OTHER: "Another gender."},
)


@strawberry.type(description="A person as somebody described them with one hair test.")
class Person:
    name: str = strawberry.field(description="Full name.")
    first_name: str = strawberry.field(description="What a public report shows of the name.")
    phone: str = strawberry.field(description="Mobile number in E.164, such as +919876543210. Not verified.")
    age: int = strawberry.field(description="Age in years at the time of the hair test.")
    gender: Gender = strawberry.field(description="Gender, as the person states it.")
    email: str | None = strawberry.field(description="E-mail address, if one was given. Not verified.")

    @classmethod
    def of(cls, typed: TypedPerson) -> Self:
        return cls(
            name=typed.name,
            first_name=first_name(typed.name),
            phone=typed.phone,
            age=typed.age,
            gender=typed.gender,
            email=typed.email,
        )


@strawberry.input(description="Who takes the hair test.")
class CustomerInput:
    name: str = strawberry.field(description="Full name: 2 to 100 characters in any script.")
    phone: str = strawberry.field(
        description="Indian mobile number. Spaces, hyphens, +91 and a leading 0 are understood."
    )
    age: int = strawberry.field(description="Age in years: 18 to 100.")
    gender: Gender = strawberry.field(description="Gender, as the person states it.")
    email: str | None = strawberry.field(
        default=None, description="E-mail address, for messages about the report. It may be left out."
    )


@strawberry.input(description="A person's consent, after they were shown a notice.")
class ConsentInput:
    is_given: bool = strawberry.field(description="Whether the person agreed. Without it nothing is assessed or kept.")
    notice_version: str = strawberry.field(description="The version of the notice that was shown: its `version`.")
    language: Language | None = strawberry.field(
        default=None, description="The language it was shown in. Left out: that of the request."
    )

    def given(self, language: Language) -> GivenConsent:
        return GivenConsent(self.is_given, self.notice_version, self.language or language)
