"""Postal addresses in India."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from traya_gql.domain.pins import states_of
from traya_gql.domain.refusals import InvalidValue, Problems, RefusalCode
from traya_gql.domain.states import IndianState
from traya_gql.domain.text import TEXT_CODES, clean_text, plain_digits

# Source: https://regexvault.io/library/indian-pin-code/python
_PIN_CODE = re.compile(r"[1-9][0-9]{5}", re.ASCII)
_MOST_TYPED_PIN = 20
COUNTRY = "IN"

ADDRESS_CODES = frozenset({*TEXT_CODES, RefusalCode.INVALID_PIN_CODE, RefusalCode.UNSUPPORTED_COUNTRY})
"""What `check_address` may find."""


class AddressWarningCode(StrEnum):
    """What may be wrong with an address that is taken all the same."""

    PIN_STATE_MISMATCH = "PIN_STATE_MISMATCH"
    UNKNOWN_PIN_CODE = "UNKNOWN_PIN_CODE"


class AddressWarning(NamedTuple):
    """One thing that may be wrong, and where: `path` leads from the mutation's argument to the field."""

    code: AddressWarningCode
    message: str
    path: tuple[str, ...]


class Address(BaseModel):
    """A checked address. `pin_code` has six digits, `country` is ISO 3166-1 alpha-2."""

    model_config = ConfigDict(frozen=True)

    name: str
    address_line: str
    city: str
    state: IndianState
    pin_code: str
    country: str


class TypedAddress(BaseModel):
    """An address as somebody typed it, not yet checked."""

    model_config = ConfigDict(frozen=True)

    name: str
    address_line: str
    city: str
    state: IndianState
    pin_code: str
    country: str


def check_pin_code(raw: str) -> str:
    """Return the six digits, of whichever script of India; spaces are ignored.

    Raises:
        InvalidValue: INVALID_PIN_CODE.
    """
    typed = plain_digits(raw.replace(" ", "")) if len(raw) <= _MOST_TYPED_PIN else ""
    if not _PIN_CODE.fullmatch(typed):
        message = "Enter the 6-digit PIN code, such as 560001. It does not start with 0."
        raise InvalidValue(RefusalCode.INVALID_PIN_CODE, message)
    return typed


def check_country(raw: str) -> str:
    """Return the country code.

    Raises:
        InvalidValue: UNSUPPORTED_COUNTRY for all but India.
    """
    if raw.strip().upper() != COUNTRY:
        raise InvalidValue(RefusalCode.UNSUPPORTED_COUNTRY, 'We deliver within India only: country must be "IN".')
    return COUNTRY


def check_address(typed: TypedAddress, problems: Problems) -> Address | None:
    """Return the checked address, or None after noting every problem at its field."""
    name = problems.take("name", lambda: clean_text(typed.name, what="Name", min_length=2, max_length=100))
    line = problems.take(
        "addressLine",
        lambda: clean_text(typed.address_line, what="Address", min_length=3, max_length=200),
    )
    city = problems.take("city", lambda: clean_text(typed.city, what="City", min_length=2, max_length=80))
    pin_code = problems.take("pinCode", lambda: check_pin_code(typed.pin_code))
    country = problems.take("country", lambda: check_country(typed.country))
    if name is None or line is None or city is None or pin_code is None or country is None:
        return None
    return Address(name=name, address_line=line, city=city, state=typed.state, pin_code=pin_code, country=country)


def warnings_of(address: Address, *names: str) -> tuple[AddressWarning, ...]:
    """Return what may be wrong with a checked address, in the input at these names; mostly nothing."""
    return pin_warnings(address.pin_code, address.state, *names)


def pin_warnings(pin_code: str, state: IndianState, *names: str) -> tuple[AddressWarning, ...]:
    """Return what may be wrong with a checked PIN code in this state: at most one thing, at its field `pinCode`.

    The table of PIN codes knows their first digits only, so that this is a warning and no refusal.
    """
    states = states_of(pin_code)
    if state in states:
        return ()
    path = ("input", *names, "pinCode")
    if not states:
        message = f"We know no PIN code that begins like {pin_code}. Please check it."
        return (AddressWarning(AddressWarningCode.UNKNOWN_PIN_CODE, message, path),)
    places = " or ".join(sorted(one.label for one in states))
    message = f"PIN code {pin_code} lies in {places}, not in {state.label}. Please check both."
    return (AddressWarning(AddressWarningCode.PIN_STATE_MISMATCH, message, path),)
