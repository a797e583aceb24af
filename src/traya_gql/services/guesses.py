"""Guesses at links, coupons and answers: who made too many, and what shows that a code was no guess."""

from __future__ import annotations

import base64
import hmac
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from math import ceil

from traya_gql.domain.coupons import CouponRefusalReason, RefusalFacts
from traya_gql.domain.rates import Rates
from traya_gql.services.asker import Asker
from traya_gql.services.buyers import UnsafeByLink
from traya_gql.services.coupons import CouponRefused
from traya_gql.services.keys import Keys
from traya_gql.services.rate_limits import Hit, RateLimited, RateLimiter
from traya_gql.services.reports import ReportNotFound
from traya_gql.services.turns import TurnMissed, Turns

_SEAL_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Guesses:
    """Counts links and coupons that do not exist: links by network address, and coupons of who is signed in by account.

    Thousands may share an address, and the typing errors of one must not take their coupons from all. An account costs
    a phone, so that who guesses with many has less of it than with many addresses. Source: docs/decisions/0029.

    Who guesses at many at once gets one answer after the other: all that was found out before is counted by then.
    """

    limiter: RateLimiter
    rates: Rates
    keys: Keys
    turns: Turns = field(default_factory=Turns, repr=False)

    def seal(self, coupon_code: str) -> str:
        """Return what shows that this code was found to count: 22 characters that nobody else can make.

        Whoever brings it learns nothing by trying the code, so that no limit on guesses stands in the way.
        """
        return _seals(self.keys, coupon_code)[0]

    @asynccontextmanager
    async def counted(self, asker: Asker, *, coupon_code: str | None, seal: str = "") -> AsyncIterator[None]:
        """Count the link and the coupon that the block does not find: each is a guess.

        Who guessed too many coupons may go on without one, or with one whose seal they bring.

        Raises:
            RateLimited: there were too many links before.
            CouponRefused: there were too many coupons before, or others of the same asker took too long.
        """
        # as much a guess at a report's link as asking for the report
        report = Hit(name="report_misses_per_ip", rate=self.rates.report_misses_per_ip, key=asker.address)
        await self.limiter.check(report)
        try:
            if coupon_code is None or self._is_sealed(coupon_code, seal):
                yield
            else:
                async with self._counted_coupon(asker):
                    yield
        except ReportNotFound:
            await self.limiter.hit(report)
            raise

    @asynccontextmanager
    async def _counted_coupon(self, asker: Asker) -> AsyncIterator[None]:
        coupon = self._coupon(asker)
        try:
            # or the answer to a hit would come before its many misses are counted
            async with self.turns.take(f"{coupon.name}:{coupon.key}"):
                await _of_tries(self.limiter.check(coupon), asker)
                try:
                    yield
                except CouponRefused as refused:
                    if refused.is_miss:
                        await _of_tries(self.limiter.hit(coupon), asker)
                    raise
        except TurnMissed:
            raise CouponRefused(CouponRefusalReason.BUSY) from None

    @asynccontextmanager
    async def by_link(self, public_id: str) -> AsyncIterator[int]:
        """Count the order of the block if it is refused for the answers of this report, which its asker may not read.

        Yields for how many seconds nothing is sold by the report's link alone; 0: it is. That is so from the refusal on
        that is one too many, which tells as much as those before, whoever asks. Source: docs/decisions/0032.

        Raises:
            RateLimited: others of the same report took too long.
        """
        retry = Hit(name="safety_retries_per_link", rate=self.rates.safety_retries_per_link, key=public_id)
        closed_for_s = 0
        try:
            # or of many at once each would be answered before the others are counted
            async with self.turns.take(f"{retry.name}:{public_id}"):
                try:
                    await self.limiter.check(retry)
                except RateLimited as limited:
                    closed_for_s = limited.retry_after_s
                try:
                    yield closed_for_s
                except UnsafeByLink:
                    with suppress(RateLimited):
                        await self.limiter.hit(retry)
                    raise
        except TurnMissed:
            raise RateLimited(ceil(self.turns.wait_s), "orders_per_report") from None

    def _is_sealed(self, coupon_code: str, seal: str) -> bool:
        return any(
            hmac.compare_digest(one.encode(), seal.encode(errors="replace")) for one in _seals(self.keys, coupon_code)
        )

    def _coupon(self, asker: Asker) -> Hit:
        if asker.customer_id is None:
            return Hit(name="coupon_misses_per_ip", rate=self.rates.coupon_misses_per_ip, key=asker.address)
        return Hit(
            name="coupon_misses_per_customer", rate=self.rates.coupon_misses_per_customer, key=asker.customer_id.hex
        )


def _seals(keys: Keys, coupon_code: str) -> list[str]:
    hidden = keys.hide_with_each("previewed-coupon", coupon_code)
    return [base64.urlsafe_b64encode(bytes.fromhex(one)[:_SEAL_BYTES]).decode().rstrip("=") for one in hidden]


async def _of_tries(counting: Awaitable[None], asker: Asker) -> None:
    """Say of too many coupons what would help: to go on without one."""
    try:
        await counting
    except RateLimited as limited:
        facts = RefusalFacts(
            tried_too_often=limited.name, wait_s=limited.retry_after_s, is_signed_in=asker.customer_id is not None
        )
        raise CouponRefused(CouponRefusalReason.TOO_MANY_TRIES, facts=facts) from None
