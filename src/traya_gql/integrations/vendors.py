"""The one way to a vendor: bounded in time, tried again, and left alone while it is down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import Final, Literal, TypeVar

import stamina
from purgatory import AsyncCircuitBreakerFactory, ContextChanged, Event
from purgatory.domain.model import OpenedState
from stamina.instrumentation import set_on_retry_hooks

T = TypeVar("T")

FIRST_WAIT_S: Final = 0.1
"""The wait before the second attempt, in seconds; each further one doubles, and as much again is random."""

_log = logging.getLogger(__name__)

# stamina's own hooks log the text of exceptions, which may quote phones and tokens. Attempts are logged here instead
set_on_retry_hooks([])


class UnavailableReason(StrEnum):
    """Why a vendor could not be had."""

    TIMED_OUT = "timed out"
    FAILED = "failed"
    BREAKER_OPEN = "breaker open"


class VendorUnavailable(Exception):
    """A vendor did not do its work; unless the breaker was open, it may have done it and not said so.

    The message names the vendor and the reason only. The cause is the last attempt's error: its text may quote what
    was sent, so log its type.
    """

    def __init__(self, name: str, reason: UnavailableReason) -> None:
        super().__init__(f"vendor {name}: {reason}")
        self.name = name
        self.reason = reason


class Vendor:
    """Makes the calls to one vendor.

    The breaker lives in this object: each process finds out by itself that a vendor is down. After `opens_for_s` the
    next calls are let through; the first of them to end decides.

    Args:
        name: names the vendor in errors and logs.
        timeout_s: when an attempt is given up.
        attempts: how many there are at most, the first included.
        deadline_s: when the call is given up, whatever it is doing.
        is_worth_retrying: tells the vendor's failures from the caller's faults and from bugs. Time-outs are not asked
            about: they are the vendor's.
        failures_to_open: so many failed attempts in a row, of all calls together, open the breaker.
        opens_for_s: how long the vendor is then left alone.
        longest_wait_s: the longest wait between two attempts.
        threads: how many blocking calls run at a time.
    """

    def __init__(
        self,
        *,
        name: str,
        timeout_s: float,
        attempts: int,
        deadline_s: float,
        is_worth_retrying: Callable[[Exception], bool],
        failures_to_open: int = 3,
        opens_for_s: float = 10.0,
        longest_wait_s: float = 0.5,
        threads: int = 4,
    ) -> None:
        self.name = name
        self._timeout_s = timeout_s
        self._deadline_s = deadline_s
        self._is_worth_retrying = is_worth_retrying
        self._longest_wait_s = longest_wait_s
        self._retrying = stamina.AsyncRetryingCaller(
            attempts=attempts,
            timeout=deadline_s,
            wait_initial=FIRST_WAIT_S,
            wait_jitter=FIRST_WAIT_S,
            wait_max=longest_wait_s,
        )
        self._breakers = AsyncCircuitBreakerFactory(default_threshold=failures_to_open, default_ttl=opens_for_s)
        self._breakers.add_listener(_log_breaker)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"vendor-{name}")

    async def call(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work, again after a failure that is the vendor's, and return what it returned.

        The work may be run several times, so the vendor must be able to tell a repeat. The caller's faults come out as
        they are, at once; they count as answers: the vendor is up.

        Raises:
            VendorUnavailable: the vendor did not do it, or it was not asked as its breaker is open.
        """
        deadline = asyncio.get_running_loop().time() + self._deadline_s
        try:
            return await self._retrying(self._is_worth_another_attempt(deadline), self._attempt, work, deadline)
        except Exception as error:
            if not self._is_vendors_failure(error):
                raise
            is_late = isinstance(error, TimeoutError)
            reason = UnavailableReason.TIMED_OUT if is_late else UnavailableReason.FAILED
            raise VendorUnavailable(self.name, reason) from error

    async def call_blocking(self, work: Callable[[], T]) -> T:
        """Do blocking work like `call`, each attempt in a thread. The wait for a free thread is part of the attempt.

        A thread cannot be ended: after a time-out the work runs on, beside the next attempt, and holds up the end of
        the process. So give the SDK a time-out of its own, a little shorter than `timeout_s`. Work that found no
        thread in time never starts.

        Raises:
            VendorUnavailable: as in `call`.
        """
        loop = asyncio.get_running_loop()
        # not asyncio.to_thread: its pool is shared with the whole process, which one hanging vendor would stop
        return await self.call(lambda: loop.run_in_executor(self._pool, work))

    def close(self) -> None:
        """Take no more blocking work, and drop what waits for a thread. Does not wait for the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _attempt(self, work: Callable[[], Awaitable[T]], deadline: float) -> T:
        breaker = await self._breakers.get_breaker(self.name)
        try:
            await breaker.__aenter__()
        except OpenedState as opened:
            # purgatory raises one and the same object each time: it would collect the frames of every caller
            opened.__traceback__ = None
            raise VendorUnavailable(self.name, UnavailableReason.BREAKER_OPEN) from None
        # not `async with breaker`: it takes a caller that went away for a failure, or for a success if told to ignore
        # it. Both are wrong: callers that give up early say nothing of the vendor
        try:
            async with asyncio.timeout_at(min(asyncio.get_running_loop().time() + self._timeout_s, deadline)):
                answer = await work()
        except Exception as error:
            if self._is_vendors_failure(error):
                _log.warning("vendor %s: an attempt failed: %s", self.name, type(error).__qualname__)
                await breaker.__aexit__(type(error), error, None)
            else:
                await breaker.__aexit__(None, None, None)
            raise
        await breaker.__aexit__(None, None, None)
        return answer

    def _is_worth_another_attempt(self, deadline: float) -> Callable[[Exception], bool]:
        loop = asyncio.get_running_loop()
        # stamina looks at the time before its wait, which would then end after the deadline
        return lambda error: self._is_vendors_failure(error) and loop.time() + self._longest_wait_s < deadline

    def _is_vendors_failure(self, error: BaseException) -> bool:
        # stamina asks about cancellations too
        if not isinstance(error, Exception) or isinstance(error, VendorUnavailable):
            return False
        return isinstance(error, TimeoutError) or self._is_worth_retrying(error)


def _log_breaker(
    name: str, kind: Literal["circuit_breaker_created", "state_changed", "failed", "recovered"], event: Event
) -> None:
    if kind == "state_changed" and isinstance(event, ContextChanged):
        _log.warning("vendor %s: breaker %s", name, event.state)
