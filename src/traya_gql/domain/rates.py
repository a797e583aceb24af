"""How often who may ask for what."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, isfinite

from pydantic import BaseModel, ConfigDict, Field

MAX_LIMIT = 1_000_000_000
MAX_PERIOD_S = 366 * 24 * 3600

_MINUTE_S = 60
_HOUR_S = 3600
_DAY_S = 24 * _HOUR_S


class Rate(BaseModel):
    """At most `limit` times in `period_s` seconds."""

    model_config = ConfigDict(frozen=True)

    limit: int = Field(ge=1, le=MAX_LIMIT)
    period_s: int = Field(ge=1, le=MAX_PERIOD_S)


class Rates(BaseModel):
    """The product's limits, named for what is counted and for whom.

    An asker is the signed-in customer, or the phone that a guest typed. Limits of an address are generous: mobile
    networks put many customers behind one. Source: docs/decisions/0013.

    `safety_retries_per_link`: how many refusals for safety, of orders by a report's link alone, are followed by another
    try. Source: docs/decisions/0032.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    otp_requests_per_phone: Rate = Rate(limit=5, period_s=15 * _MINUTE_S)
    otp_requests_per_phone_daily: Rate = Rate(limit=15, period_s=_DAY_S)
    otp_requests_per_ip: Rate = Rate(limit=60, period_s=_HOUR_S)
    otp_guesses_per_phone: Rate = Rate(limit=15, period_s=_HOUR_S)
    otp_guesses_per_ip: Rate = Rate(limit=120, period_s=_HOUR_S)
    hair_tests_per_asker: Rate = Rate(limit=20, period_s=_DAY_S)
    hair_tests_per_ip: Rate = Rate(limit=120, period_s=_HOUR_S)
    drafts_per_ip: Rate = Rate(limit=120, period_s=_HOUR_S)
    draft_saves_per_draft: Rate = Rate(limit=300, period_s=_HOUR_S)
    photos_per_customer: Rate = Rate(limit=60, period_s=_DAY_S)
    photos_per_ip: Rate = Rate(limit=120, period_s=_HOUR_S)
    completions_per_photo: Rate = Rate(limit=30, period_s=_HOUR_S)
    completions_per_ip: Rate = Rate(limit=240, period_s=_HOUR_S)
    orders_per_asker: Rate = Rate(limit=20, period_s=_HOUR_S)
    orders_per_ip: Rate = Rate(limit=120, period_s=_HOUR_S)
    price_previews_per_ip: Rate = Rate(limit=600, period_s=10 * _MINUTE_S)
    clearances_per_doctor: Rate = Rate(limit=120, period_s=_HOUR_S)
    report_misses_per_ip: Rate = Rate(limit=60, period_s=_MINUTE_S)
    coupon_misses_per_ip: Rate = Rate(limit=30, period_s=_HOUR_S)
    coupon_misses_per_customer: Rate = Rate(limit=20, period_s=_HOUR_S)
    safety_retries_per_link: Rate = Rate(limit=1, period_s=_DAY_S)
    refreshes_per_session: Rate = Rate(limit=120, period_s=_HOUR_S)
    unsealed_refreshes_per_ip: Rate = Rate(limit=60, period_s=_HOUR_S)

    def scaled(self, factor: float) -> Rates:
        """Return these limits times `factor`, rounded, each between 1 and `MAX_LIMIT`; the periods stay.

        Raises:
            ValueError: the factor is not a positive, finite number.
        """
        if not (isfinite(factor) and factor > 0):
            raise ValueError(f"limits are scaled by a positive number, not by {factor}")
        return Rates(**{name: _scaled(getattr(self, name), factor) for name in Rates.model_fields})


_FROM_NETWORK = " from your network"
_TOO_OFTEN: Mapping[str, str] = {
    "otp_requests_per_phone": "Too many codes were asked for",
    "otp_requests_per_phone_daily": "Too many codes were asked for",
    "otp_requests_per_ip": f"Too many codes were asked for{_FROM_NETWORK}",
    "otp_guesses_per_phone": "Too many codes were tried",
    "otp_guesses_per_ip": f"Too many codes were tried{_FROM_NETWORK}",
    "hair_tests_per_asker": "Too many hair tests were sent",
    "hair_tests_per_ip": f"Too many hair tests were sent{_FROM_NETWORK}",
    "drafts_per_ip": f"Too many hair tests were begun{_FROM_NETWORK}",
    "draft_saves_per_draft": "This hair test was saved too often",
    "photos_per_customer": "Too many photos were sent",
    "photos_per_ip": f"Too many photos were sent{_FROM_NETWORK}",
    "completions_per_photo": "This photo was asked about too often",
    "completions_per_ip": f"Photos were asked about too often{_FROM_NETWORK}",
    "orders_per_asker": "Too many orders were tried",
    "orders_per_ip": f"Too many orders were tried{_FROM_NETWORK}",
    "price_previews_per_ip": f"Too many prices were asked for{_FROM_NETWORK}",
    "clearances_per_doctor": "Too many findings were cleared",
    "report_misses_per_ip": f"Too many links to reports were tried{_FROM_NETWORK}",
    "coupon_misses_per_ip": f"Too many coupon codes were tried{_FROM_NETWORK}",
    "coupon_misses_per_customer": "Too many coupon codes were tried",
    "safety_retries_per_link": "Too many orders were tried by this link",
    "orders_per_report": "Too many orders of this report are under way",
    "refreshes_per_session": "This session was refreshed too often",
    "unsealed_refreshes_per_ip": f"Too many sessions that do not exist were refreshed{_FROM_NETWORK}",
}
_LONGEST_IN_MINUTES = 120


def too_often(name: str) -> str:
    """Return what somebody is told whom the limit of this name refuses: a sentence, for people."""
    return f"{_TOO_OFTEN.get(name, 'This was asked too often')}."


def time_to_wait(seconds: int) -> str:
    """Return how long somebody is told to wait, rounded up: "1 minute", "60 minutes", "5 hours"."""
    minutes = max(ceil(seconds / _MINUTE_S), 1)
    if minutes > _LONGEST_IN_MINUTES:
        return f"{ceil(seconds / _HOUR_S)} hours"
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def _scaled(rate: Rate, factor: float) -> Rate:
    # cut before rounding: the product of a huge factor is infinite
    limit = round(min(rate.limit * factor, MAX_LIMIT))
    return Rate(limit=max(limit, 1), period_s=rate.period_s)
