"""Guesses at links and at coupons: who made too many, and what shows that a code was no guess."""

from __future__ import annotations

import base64
import hmac
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from traya_gql.domain.coupons import CouponRefusalReason, RefusalFacts
from traya_gql.domain.rates import Rates
from traya_gql.services.asker import Asker
from traya_gql.services.coupons import CouponRefused
from traya_gql.services.keys import Keys
from traya_gql.services.rate_limits import Hit, RateLimited, RateLimiter
from traya_gql.services.reports import ReportNotFound

_SEAL_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Guesses:
    """Counts links and coupons that do not exist: links by network address, and coupons of who is signed in by account.

    Thousands may share an address, and the typing errors of one must not take their coupons from all. An account costs
    a phone, so that who guesses with many has less of it than with many addresses. Source: docs/decisions/0029.
    """

    limiter: RateLimiter
    rates: Rates
    keys: Keys

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
            CouponRefused: there were too many coupons before.
        """
        # as much a guess at a report's link as asking for the report
        report = Hit(name="report_misses_per_ip", rate=self.rates.report_misses_per_ip, key=asker.address)
        await self.limiter.check(report)
        try:
            if coupon_code is not None and not self._is_sealed(coupon_code, seal):
                await self.check_coupon(asker)
            yield
        except ReportNotFound:
            await self.limiter.hit(report)
            raise
        except CouponRefused as refused:
            if refused.is_miss:
                await _of_tries(self.limiter.hit(self._coupon(asker)), asker)
            raise

    async def check_coupon(self, asker: Asker) -> None:
        """Do nothing for who may try a coupon.

        Raises:
            CouponRefused: TOO_MANY_TRIES.
        """
        await _of_tries(self.limiter.check(self._coupon(asker)), asker)

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
