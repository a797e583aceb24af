"""The person: what was typed about them, checked."""

from __future__ import annotations

import re
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from traya_gql.domain.emails import check_email
from traya_gql.domain.phones import normalise_phone
from traya_gql.domain.refusals import InvalidValue, Problems, RefusalCode
from traya_gql.domain.text import TEXT_CODES, clean_text

# guardians cannot be verified yet. Source: DPDP Act 2023, section 9: verifiable consent
MIN_AGE = 18
MAX_AGE = 100
NAME_MIN_LENGTH = 2
NAME_MAX_LENGTH = 100
_MOST_DIGITS = 3  # "Asha Rao 2nd" is a name
_TITLES = frozenset({"dr", "mr", "mrs", "ms", "prof", "shri", "smt"})

PERSON_CODES = frozenset(
    {
        *TEXT_CODES,
        RefusalCode.INVALID_PHONE,
        RefusalCode.INVALID_EMAIL,
        RefusalCode.OUT_OF_RANGE,
        RefusalCode.UNDER_AGE,
    }
)
"""What `check_person` may find."""


class Gender(StrEnum):
    """As the person states it."""

    MALE = "MALE"
    FEMALE = "FEMALE"
    OTHER = "OTHER"


class Person(BaseModel):
    """Who a hair test is about, as typed and checked: `phone` is E.164 and unverified, `age` in years at submission.

    `email` is unverified; None when none was given.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    phone: str
    age: int
    gender: Gender
    email: str | None = None


def first_name(name: str) -> str:
    """Return what a public report may show of a name: its first part that is no title; it ends at any punctuation."""
    parts = [part for part in re.split(r"[ ,.;:/|_]+", name) if part]
    return next((part for part in parts if part.lower() not in _TITLES), name.split(" ", 1)[0])


def check_name(raw: str) -> str:
    """Return the cleaned name.

    Raises:
        InvalidValue: as `clean_text`; INVALID_CHARACTERS too for a phone number or an e-mail address, as the first name
            is public.
    """
    name = clean_text(raw, what="Name", min_length=NAME_MIN_LENGTH, max_length=NAME_MAX_LENGTH)
    if "@" in name or sum(character.isdigit() for character in name) > _MOST_DIGITS:
        message = "Enter a name only, without a phone number or an e-mail address: the first name is shown publicly."
        raise InvalidValue(RefusalCode.INVALID_CHARACTERS, message)
    return name


def check_age(age: int) -> int:
    """Return the age in years.

    Raises:
        InvalidValue: UNDER_AGE below 18, OUT_OF_RANGE above 100 or below 0.
    """
    if not 0 <= age <= MAX_AGE:
        raise InvalidValue(RefusalCode.OUT_OF_RANGE, f"Age must be between {MIN_AGE} and {MAX_AGE} years.")
    if age < MIN_AGE:
        message = f"The hair test is for people of {MIN_AGE} years or older. Please ask a doctor instead."
        raise InvalidValue(RefusalCode.UNDER_AGE, message)
    return age


def check_person(
    *, name: str, phone: str, age: int, gender: Gender, email: str | None, problems: Problems
) -> Person | None:
    """Return the checked details, or None after noting every problem at its field. An empty e-mail address is none."""
    clean_name = problems.take("name", lambda: check_name(name))
    clean_phone = problems.take("phone", lambda: normalise_phone(phone))
    clean_age = problems.take("age", lambda: check_age(age))
    clean_email = problems.take("email", lambda: check_email(email)) if email else None
    if clean_name is None or clean_phone is None or clean_age is None or (email and clean_email is None):
        return None
    return Person(name=clean_name, phone=clean_phone, age=clean_age, gender=gender, email=clean_email)
