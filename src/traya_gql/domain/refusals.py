"""Refusals: what a caller may have to correct. They are answers, not faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import ClassVar, NamedTuple, TypeVar

from traya_gql.domain.ruleset.codes import GateCode

T = TypeVar("T")


class RefusalCode(StrEnum):
    """What a program decides on; the message is for people."""

    REQUIRED = "REQUIRED"
    TOO_SHORT = "TOO_SHORT"
    TOO_LONG = "TOO_LONG"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    INVALID_CHARACTERS = "INVALID_CHARACTERS"
    INVALID_PHONE = "INVALID_PHONE"
    INVALID_PIN_CODE = "INVALID_PIN_CODE"
    INVALID_ID = "INVALID_ID"
    UNSUPPORTED_COUNTRY = "UNSUPPORTED_COUNTRY"
    UNDER_AGE = "UNDER_AGE"
    INVALID_EMAIL = "INVALID_EMAIL"
    UNKNOWN_QUESTION = "UNKNOWN_QUESTION"
    UNKNOWN_OPTION = "UNKNOWN_OPTION"
    NOT_ASKED = "NOT_ASKED"
    CONTRADICTORY = "CONTRADICTORY"
    CONSENT_REQUIRED = "CONSENT_REQUIRED"
    DRAFT_NOT_FOUND = "DRAFT_NOT_FOUND"
    PHOTO_NOT_FOUND = "PHOTO_NOT_FOUND"
    PHOTO_NOT_UPLOADED = "PHOTO_NOT_UPLOADED"
    PHOTO_STORE_UNAVAILABLE = "PHOTO_STORE_UNAVAILABLE"
    DUPLICATE = "DUPLICATE"
    TOO_MANY = "TOO_MANY"
    REPORT_NOT_FOUND = "REPORT_NOT_FOUND"
    PRODUCT_UNAVAILABLE = "PRODUCT_UNAVAILABLE"
    SAFETY_BLOCK = "SAFETY_BLOCK"
    REPORT_ACCESS_REQUIRED = "REPORT_ACCESS_REQUIRED"
    REPORT_TOO_OLD = "REPORT_TOO_OLD"
    PRICE_CHANGED = "PRICE_CHANGED"
    INVALID_COUPON = "INVALID_COUPON"
    NOT_SERVICEABLE = "NOT_SERVICEABLE"
    PRODUCT_NOT_FOUND = "PRODUCT_NOT_FOUND"
    COUPON_NOT_FOUND = "COUPON_NOT_FOUND"
    COUPON_IN_USE = "COUPON_IN_USE"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    UNKNOWN_HSN = "UNKNOWN_HSN"
    UNKNOWN_INGREDIENT = "UNKNOWN_INGREDIENT"
    NOT_PUBLISHABLE = "NOT_PUBLISHABLE"
    NOT_PUBLISHED = "NOT_PUBLISHED"
    ALREADY_PUBLISHED = "ALREADY_PUBLISHED"
    FINDING_NOT_CLEARABLE = "FINDING_NOT_CLEARABLE"
    FORBIDDEN_CLAIM = "FORBIDDEN_CLAIM"
    ADDRESS_NOT_FOUND = "ADDRESS_NOT_FOUND"
    ADDRESS_BOOK_FULL = "ADDRESS_BOOK_FULL"
    CUSTOMER_NOT_FOUND = "CUSTOMER_NOT_FOUND"
    GUEST_RECORD_NOT_FOUND = "GUEST_RECORD_NOT_FOUND"
    SESSION_NOT_FOUND = "SESSION_NOT_FOUND"
    STALE_VERSION = "STALE_VERSION"
    OTP_INVALID = "OTP_INVALID"
    MESSAGE_NOT_SENT = "MESSAGE_NOT_SENT"
    REFRESH_TOKEN_INVALID = "REFRESH_TOKEN_INVALID"  # noqa: S105 - the name of a code
    OWN_ACCOUNT = "OWN_ACCOUNT"
    NOT_TREATING_STAFF = "NOT_TREATING_STAFF"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"
    IDEMPOTENCY_IN_PROGRESS = "IDEMPOTENCY_IN_PROGRESS"


class Problem(NamedTuple):
    """One thing that is wrong with an input, and where: `path` leads from the mutation's argument to the field.

    `gates` are the safety gates behind a SAFETY_BLOCK, for an asker who may know them. `detail` is what else the code's
    own type of error tells; which class it has, the code decides.
    """

    code: RefusalCode
    message: str
    path: tuple[str, ...]
    gates: tuple[GateCode, ...] = ()
    detail: object = None


class Refusal(Exception):
    """The base of all refusals. `problems` holds at least one."""

    codes: ClassVar[frozenset[RefusalCode]] = frozenset()
    """Every code that this class may carry."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{p.code}: {p.message}" for p in problems))
        self.problems = problems


class InvalidValue(ValueError):
    """One value breaks its rule. Raised by the functions that check a single value; `Problems` gives it its place."""

    def __init__(self, code: RefusalCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class InvalidInput(Refusal):
    """The input breaks rules: all of them at once, so that a form can mark every field.

    Which codes it may carry depends on the input: the modules that check inputs say so (`PERSON_CODES`).
    """


class Problems:
    """Collects what is wrong with one input, so that everything is said at once."""

    def __init__(self) -> None:
        self._found: list[Problem] = []
        self._path: tuple[str, ...] = ("input",)

    @contextmanager
    def under(self, *names: str) -> Iterator[None]:
        """Place what is found inside the block below these names."""
        outer = self._path
        self._path = (*outer, *names)
        try:
            yield
        finally:
            self._path = outer

    def add(self, code: RefusalCode, message: str, *names: str) -> None:
        """Note a problem at these names, below where the collector stands."""
        self._found.append(Problem(code, message, (*self._path, *names)))

    def take(self, name: str, check: Callable[[], T]) -> T | None:
        """Return what `check` returns; where it raises InvalidValue, note that at `name` and return None."""
        try:
            return check()
        except InvalidValue as wrong:
            self.add(wrong.code, wrong.message, name)
            return None

    def refuse_if_any(self) -> None:
        """Raise InvalidInput with all that was found; do nothing when all is well."""
        if self._found:
            raise InvalidInput(*self._found)
