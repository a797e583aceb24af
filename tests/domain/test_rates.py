"""How often who may ask for what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from traya_gql.domain.rates import MAX_LIMIT, MAX_PERIOD_S, Rate, Rates, time_to_wait, too_often


def figures(rates: Rates) -> dict[str, tuple[int, int]]:
    return {name: (rate.limit, rate.period_s) for name, rate in rates}


def test_the_products_limits_are_these() -> None:
    assert figures(Rates()) == {
        "otp_requests_per_phone": (5, 900),
        "otp_requests_per_phone_daily": (15, 86_400),
        "otp_requests_per_ip": (60, 3_600),
        "otp_guesses_per_phone": (15, 3_600),
        "otp_guesses_per_ip": (120, 3_600),
        "hair_tests_per_asker": (20, 86_400),
        "hair_tests_per_ip": (120, 3_600),
        "drafts_per_ip": (120, 3_600),
        "draft_saves_per_draft": (300, 3_600),
        "photos_per_customer": (60, 86_400),
        "photos_per_ip": (120, 3_600),
        "completions_per_photo": (30, 3_600),
        "completions_per_ip": (240, 3_600),
        "orders_per_asker": (20, 3_600),
        "orders_per_ip": (120, 3_600),
        "price_previews_per_ip": (600, 600),
        "clearances_per_doctor": (120, 3_600),
        "report_misses_per_ip": (60, 60),
        "coupon_misses_per_ip": (30, 3_600),
        "coupon_misses_per_customer": (20, 3_600),
        "safety_retries_per_link": (1, 86_400),
        "refreshes_per_session": (120, 3_600),
        "unsealed_refreshes_per_ip": (60, 3_600),
    }


@pytest.mark.parametrize("limit", [0, -1, MAX_LIMIT + 1])
def test_a_limit_is_a_positive_number_that_a_counter_can_hold(limit: int) -> None:
    with pytest.raises(ValidationError, match="limit"):
        Rate(limit=limit, period_s=60)


@pytest.mark.parametrize("period_s", [0, -1, MAX_PERIOD_S + 1])
def test_a_period_is_of_a_second_or_more_and_a_year_at_most(period_s: int) -> None:
    with pytest.raises(ValidationError, match="period_s"):
        Rate(limit=5, period_s=period_s)


def test_a_misspelt_limit_is_refused() -> None:
    with pytest.raises(ValidationError, match="orders_per_adress"):
        Rates.model_validate({"orders_per_adress": {"limit": 1, "period_s": 1}})


@pytest.mark.parametrize(
    ("factor", "limit"),
    [(1, 5), (2, 10), (0.5, 2), (0.7, 4), (0.001, 1), (5e-324, 1), (1e300, MAX_LIMIT), (1.7e308, MAX_LIMIT)],
)
def test_limits_are_scaled_and_periods_stay(factor: float, limit: int) -> None:
    assert Rates().scaled(factor).otp_requests_per_phone == Rate(limit=limit, period_s=900)


@given(factor=st.floats(min_value=0, exclude_min=True, allow_infinity=False))
def test_every_scaled_limit_can_be_used_and_keeps_its_period(factor: float) -> None:
    scaled = Rates().scaled(factor)

    for name, rate in scaled:
        assert 1 <= rate.limit <= MAX_LIMIT
        assert rate.period_s == getattr(Rates(), name).period_s


@pytest.mark.parametrize("factor", [0, -1, float("nan"), float("inf"), float("-inf")])
def test_limits_are_not_scaled_by_what_is_no_positive_number(factor: float) -> None:
    with pytest.raises(ValueError, match="positive number"):
        Rates().scaled(factor)


@pytest.mark.parametrize("name", Rates.model_fields)
def test_every_limit_says_what_was_too_often_and_whether_the_whole_network_shares_it(name: str) -> None:
    told = too_often(name)

    assert told != too_often("no limit of ours") == "This was asked too often."
    assert "too often" in told or "Too many" in told
    assert ("from your network" in told) is name.endswith("_per_ip")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (1, "1 minute"),
        (60, "1 minute"),
        (61, "2 minutes"),
        (3_541, "60 minutes"),
        (3_600, "60 minutes"),
        (7_200, "120 minutes"),
        (7_201, "3 hours"),
        (86_400, "24 hours"),
    ],
)
def test_how_long_to_wait_is_rounded_up_to_minutes_and_of_long_waits_to_hours(seconds: int, told: str) -> None:
    assert time_to_wait(seconds) == told


@given(seconds=st.integers(1, MAX_PERIOD_S))
def test_who_waits_as_long_as_was_said_has_waited_long_enough(seconds: int) -> None:
    number, unit = time_to_wait(seconds).split()

    assert int(number) * (3_600 if unit == "hours" else 60) >= seconds
