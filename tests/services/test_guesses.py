"""What shows that a coupon's code was no guess."""

from __future__ import annotations

import re

import pytest

from traya_gql.domain.rates import Rate, Rates
from traya_gql.services.asker import Asker
from traya_gql.services.coupons import CouponRefused
from traya_gql.services.guesses import Guesses
from traya_gql.services.keys import Keys
from traya_gql.services.rate_limits import RateLimiter

OLD, NEW, OTHER = "old" * 11, "new" * 11, "oth" * 11
GUEST = Asker("192.0.2.1")
TWICE = Rates(coupon_misses_per_ip=Rate(limit=1, period_s=900))


def guesses(first: str, second: str | None = None) -> Guesses:
    keys = Keys(first=first, second=second)
    limiter = RateLimiter(hide=lambda text: keys.hide("rate-limit", text))
    return Guesses(limiter=limiter, rates=TWICE, keys=keys)


async def may_try(those: Guesses, code: str, seal: str) -> bool:
    """Return whether somebody who has guessed too often may try this code with this seal."""
    counter = those.limiter._id(those._coupon(GUEST))
    those.limiter._refused[counter] = those.limiter.monotonic() + 900
    try:
        async with those.counted(GUEST, coupon_code=code, seal=seal):
            return True
    except CouponRefused:
        return False


def test_a_seal_is_22_characters_that_fit_into_a_key() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", guesses(NEW).seal("WELCOME-10"))


@pytest.mark.parametrize(
    ("sealed_by", "first", "second", "is_good"),
    [(OLD, OLD, None, True), (OLD, NEW, OLD, True), (OLD, NEW, None, False), (OTHER, NEW, OLD, False)],
    ids=["one secret", "while secrets rotate", "after they did", "another server's"],
)
async def test_a_seal_holds_as_long_as_the_secret_that_made_it(
    *, sealed_by: str, first: str, second: str | None, is_good: bool
) -> None:
    seal = guesses(sealed_by).seal("WELCOME-10")

    assert await may_try(guesses(first, second), "WELCOME-10", seal) is is_good
    # and for its own code alone
    assert await may_try(guesses(first, second), "WELCOME-11", seal) is False


async def test_a_seal_is_compared_whatever_was_sent_in_its_place() -> None:
    for sent in ("", "é", "\ud800", "A" * 22, "A" * 100_000):
        assert await may_try(guesses(NEW), "WELCOME-10", sent) is False, sent
