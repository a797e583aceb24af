"""Guesses that are counted, and what shows that a coupon's code was none."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import pytest

from tests.support import GraphClient
from traya_gql.domain.coupons import CouponRefusalReason
from traya_gql.domain.rates import Rate, Rates
from traya_gql.services.asker import Asker
from traya_gql.services.buyers import UnsafeByLink
from traya_gql.services.coupons import CouponRefused
from traya_gql.services.guesses import Guesses
from traya_gql.services.keys import Keys
from traya_gql.services.rate_limits import RateLimited, RateLimiter
from traya_gql.services.turns import Turns

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


# --- many at once -----------------------------------------------------------------------------------------------------

REASONS = {True: CouponRefusalReason.EXPIRED, False: CouponRefusalReason.NOT_FOUND}


@pytest.mark.parametrize(("place", "is_told"), [(0, True), (3, True), (4, False), (5, False), (11, False)])
async def test_a_hit_among_guesses_at_once_is_told_of_only_when_its_turn_came_before_the_limit(
    client: GraphClient, *, place: int, is_told: bool
) -> None:
    those = replace(guesses(NEW), rates=Rates(coupon_misses_per_ip=Rate(limit=3, period_s=900)))

    async def guess(number: int) -> None:
        async with those.counted(GUEST, coupon_code=f"GUESS-{number}"):
            # the misses take longer than the hit
            await asyncio.sleep(0 if number == place else 0.001)
            raise CouponRefused(REASONS[number == place])

    refused = await asyncio.gather(*map(guess, range(12)), return_exceptions=True)

    told = [one.reason for one in refused if isinstance(one, CouponRefused)]
    assert (told[place] is CouponRefusalReason.EXPIRED) is is_told
    assert told.count(CouponRefusalReason.NOT_FOUND) == 3
    assert told.count(CouponRefusalReason.TOO_MANY_TRIES) == 9 - is_told


async def test_who_waits_too_long_for_other_guesses_of_theirs_is_told_that_it_is_busy(client: GraphClient) -> None:
    those = replace(guesses(NEW), turns=Turns(wait_s=0.001))
    other = Asker("192.0.2.2")

    async with those.counted(GUEST, coupon_code="WELCOME-10"):
        with pytest.raises(CouponRefused) as busy:
            async with those.counted(GUEST, coupon_code="WELCOME-11"):
                pass
        # neither somebody else, nor who brings a seal, nor who has no coupon
        async with those.counted(other, coupon_code="WELCOME-10"):
            pass
        async with those.counted(GUEST, coupon_code="WELCOME-10", seal=those.seal("WELCOME-10")):
            pass
        async with those.counted(GUEST, coupon_code=None):
            pass

    assert busy.value.reason is CouponRefusalReason.BUSY
    assert busy.value.is_of_the_moment


async def test_orders_of_one_report_wait_for_each_other_and_not_for_ever(client: GraphClient) -> None:
    those = replace(guesses(NEW), turns=Turns(wait_s=0.001))

    async with those.by_link("one report"):
        with pytest.raises(RateLimited) as limited:
            async with those.by_link("one report"):
                pass
        async with those.by_link("another report") as closed_for_s:
            pass

    assert limited.value.message == "Too many orders of this report are under way. Try again in 1 minute."
    assert closed_for_s == 0


async def test_another_process_learns_that_a_link_is_closed_by_one_refusal_of_its_own(client: GraphClient) -> None:
    here, there = guesses(NEW), guesses(NEW)

    async def refused_by(those: Guesses) -> bool:
        async with those.by_link("one report") as closed_for_s:
            if not closed_for_s:
                raise UnsafeByLink
            return False

    looked_at = []
    for those in (here, here, here, there, there):
        try:
            looked_at.append(await refused_by(those))
        except UnsafeByLink:
            looked_at.append(True)

    assert looked_at == [True, True, False, True, False]
