"""Limits on how often something may be asked for: exact, and shared by all processes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil

from cachetools import LRUCache

from traya_gql.documents import rate_limits as counters
from traya_gql.domain.rates import Rate, time_to_wait, too_often

REMEMBERED = 10_000
"""How many refusals a process remembers. One that is forgotten early costs a command, and is refused all the same."""

_HIDDEN_LENGTH = 32  # 128 bits


class RateLimited(Exception):
    """It was asked for too often.

    Args:
        retry_after_s: after how many seconds it may be asked for again; at least 1.
        name: the limit's name.
    """

    def __init__(self, retry_after_s: int, name: str) -> None:
        super().__init__(f"{name}: to be repeated after {retry_after_s} s")
        self.retry_after_s = retry_after_s
        self.name = name

    @property
    def message(self) -> str:
        """For people: what was too often, and how long to wait."""
        return f"{too_often(self.name)} Try again in {time_to_wait(self.retry_after_s)}."


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One use of a limit.

    Args:
        name: the limit's name; equal keys of different limits do not meet.
        rate: what the limit allows.
        key: whose use it is: a phone, a customer's id, an address. It is stored hidden only.
    """

    name: str
    rate: Rate
    key: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class RateLimiter:
    """Counts uses in the database, and remembers refusals in this process.

    Args:
        hide: a keyed hash in hexadecimal, of 128 bits or more: without the server's secret no phone can be found by
            trying all of them.
        monotonic: the clock of what is remembered, in seconds.
    """

    hide: Callable[[str], str] = field(repr=False)
    monotonic: Callable[[], float] = time.monotonic
    # until when a counter refuses, by its id
    _refused: LRUCache[str, float] = field(default_factory=lambda: LRUCache(REMEMBERED), init=False, repr=False)

    async def hit(self, *hits: Hit) -> None:
        """Count all hits; return if every one is within its limit.

        To be called before the transaction of the work, never in it. When one hit is refused the others may have been
        counted: once a window and process, and in calls under way at that moment, as from then on the process remembers
        the refusal and sends no command.

        Raises:
            RateLimited: at least one is over its limit.
            pymongo.errors.PyMongoError: the database did not count, so nobody passes.
        """
        ids = [self._id(hit) for hit in hits]
        self._refuse_remembered(hits, ids)
        if len(hits) == 1:
            waits = [await self._count(hits[0], ids[0])]
        else:
            # all are awaited before an error leaves: none goes on behind the caller's back
            outcomes = await asyncio.gather(*map(self._count, hits, ids), return_exceptions=True)
            waits = []
            for outcome in outcomes:
                if isinstance(outcome, BaseException):
                    raise outcome
                waits.append(outcome)
        _refuse(hits, waits)

    async def check(self, *hits: Hit) -> None:
        """Refuse what this process remembers as refused. Sends no command and counts nothing.

        For limits on failures only: `check` before the attempt, `hit` after it has failed. Failures are counted
        exactly and shared; but a process learns of a refusal by a failure of its own, so each lets at most one more
        attempt through than the limit allows, and besides it those that were already under way.

        Raises:
            RateLimited: at least one is remembered as over its limit.
        """
        if self._refused:
            self._refuse_remembered(hits, [self._id(hit) for hit in hits])

    def _refuse_remembered(self, hits: Sequence[Hit], ids: list[str]) -> None:
        now = self.monotonic()
        _refuse(hits, [self._refused.get(id_, now) - now for id_ in ids])

    async def _count(self, hit: Hit, id_: str) -> float:
        """Return for how many seconds the hit is refused; 0 if it passes."""
        # before the database reads its clock: memory must not refuse longer than the window lasts
        sent_at = self.monotonic()
        counter = await counters.count(id_, limit=hit.rate.limit, period_s=hit.rate.period_s)
        if counter.count <= hit.rate.limit:
            return 0
        wait_s = (counter.resets_at - counter.at).total_seconds()
        self._refused[id_] = sent_at + wait_s
        return wait_s

    def _id(self, hit: Hit) -> str:
        # hidden together with the name, so that not even equal keys can be told from two limits
        return f"{hit.name}:{self.hide(f'{hit.name}:{hit.key}')[:_HIDDEN_LENGTH]}"


def _refuse(hits: Sequence[Hit], waits_s: list[float]) -> None:
    refused = [(wait_s, hit.name) for wait_s, hit in zip(waits_s, hits, strict=True) if wait_s > 0]
    if refused:
        longest, name = max(refused)
        raise RateLimited(ceil(longest), name)
