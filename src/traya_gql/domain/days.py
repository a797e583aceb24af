"""Days, as people in India count them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated

from pydantic import PlainSerializer

INDIA = timezone(timedelta(hours=5, minutes=30), "IST")
"""Indian standard time: one for the whole country, with no summer time since 1945."""

Day = Annotated[date, PlainSerializer(date.isoformat, return_type=str)]
"""A day, written out as 2026-11-21: MongoDB knows times only."""


def day_in_india(at: datetime) -> date:
    """Return the day that it is in India at this moment. A time without a zone is one of UTC, as they are stored."""
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return aware.astimezone(INDIA).date()
