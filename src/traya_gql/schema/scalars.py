"""The scalars of the graph beyond GraphQL's own: times, days, decimals, UUIDs."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import strawberry
from strawberry.types.scalar import ScalarDefinition

_DECIMAL = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,10})?", re.ASCII)
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def format_datetime(value: datetime) -> str:
    """Return a time as RFC 3339 in UTC with milliseconds and Z."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"


def parse_datetime(value: Any) -> datetime:
    """Return a time from RFC 3339 text.

    Raises:
        ValueError: it is not one, or has no zone.
    """
    if isinstance(value, str) and _DATE_TIME.fullmatch(value):
        return datetime.fromisoformat(value)
    raise ValueError("expected a time with its zone, such as 2026-11-21T10:00:00Z")


def parse_date(value: Any) -> date:
    """Return a day from its text.

    Raises:
        ValueError: it is not one.
    """
    if isinstance(value, str) and _DATE.fullmatch(value):
        return date.fromisoformat(value)
    raise ValueError("expected a day, such as 2026-11-21")


def parse_decimal(value: Any) -> Decimal:
    """Return an exact decimal from text or a whole number.

    Raises:
        ValueError: it is not one; floats are not exact.
    """
    if type(value) is int or (isinstance(value, str) and _DECIMAL.fullmatch(value)):
        return Decimal(value)
    raise ValueError('expected a decimal number as text, such as "499.00"')


def parse_uuid(value: Any) -> UUID:
    """Return a UUID from its text.

    Raises:
        ValueError: it is not one.
    """
    if isinstance(value, str) and _UUID.fullmatch(value):
        return UUID(value)
    raise ValueError("expected a UUID, such as 7f8bb7a0-3d5f-4a33-9a1e-2f1d3f0c9f11")


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A time as RFC 3339 text in UTC, such as 2026-11-21T10:00:00.000Z.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339",
        serialize=format_datetime,
        parse_value=parse_datetime,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A day as RFC 3339 text, such as 2026-11-21.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339",
        serialize=date.isoformat,
        parse_value=parse_date,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description='An exact decimal number as text, such as "499.00". Never a float.',
        serialize=str,
        parse_value=parse_decimal,
    ),
    UUID: strawberry.scalar(
        name="UUID",
        description="A UUID as text. Any version will do; make it at random.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc9562",
        serialize=str,
        parse_value=parse_uuid,
    ),
}
"""The scalars of the graph beyond GraphQL's own."""
