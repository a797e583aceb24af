"""Days, as people in India count them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traya_gql.domain.days import day_in_india

MIDNIGHT = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
"""When 21 November 2026 begins in India."""


@pytest.mark.parametrize(
    ("at", "day"),
    [
        pytest.param(MIDNIGHT, date(2026, 11, 21), id="midnight in India"),
        pytest.param(MIDNIGHT - timedelta(microseconds=1), date(2026, 11, 20), id="just before it"),
        pytest.param(datetime(2026, 11, 21, tzinfo=UTC), date(2026, 11, 21), id="midnight in Greenwich"),
        pytest.param(datetime(2026, 12, 31, 23, tzinfo=UTC), date(2027, 1, 1), id="new year"),
        pytest.param(
            datetime(2026, 11, 20, 8, tzinfo=timezone(timedelta(hours=-11))), date(2026, 11, 21), id="another zone"
        ),
    ],
)
def test_a_day_begins_at_midnight_in_india(at: datetime, day: date) -> None:
    assert day_in_india(at) == day


@given(at=st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001 - of UTC
def test_a_time_without_a_zone_is_one_of_utc(at: datetime) -> None:
    assert day_in_india(at) == day_in_india(at.replace(tzinfo=UTC))
