"""Reports: found by the keys of their links, which nobody shall find by guessing."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from traya_gql.documents.reports import ReportRecord
from traya_gql.domain.rates import Rates
from traya_gql.services.rate_limits import Hit, RateLimiter

# 128 random bits in URL-safe base 64; the last letter carries two of them
_PUBLIC_ID = re.compile(r"[A-Za-z0-9_-]{21}[AQgw]", re.ASCII)


def is_public_id(text: str) -> bool:
    """Whether this may be the public id of a report at all; nothing else is looked up."""
    return _PUBLIC_ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """The use cases of a report's link."""

    limiter: RateLimiter
    rates: Rates

    async def find(
        self, public_id: str, *, address: str, load: Callable[[str], Awaitable[ReportRecord | None]]
    ) -> ReportRecord | None:
        """Return what `load` finds behind the link. Misses are counted, finds are not.

        Raises:
            RateLimited: too many misses from this address.
        """
        if not is_public_id(public_id):
            return None
        hit = Hit(name="report_misses_per_ip", rate=self.rates.report_misses_per_ip, key=address)
        await self.limiter.check(hit)
        record = await load(public_id)
        if record is None:
            await self.limiter.hit(hit)
        return record
