"""The way to a vendor: what is tried again, what opens the breaker, and what a hanging SDK can hold up."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import stamina
from stamina.instrumentation import get_on_retry_hooks
from structlog.testing import capture_logs

from tests.processes import HANG_GUARD_S
from traya_gql.integrations.vendors import UnavailableReason, Vendor, VendorUnavailable

PHONE = "+919876543210"


class Down(Exception):
    """The vendor's failure."""


class Refused(Exception):
    """The caller's fault."""


def vendor(**changes: Any) -> Vendor:
    """Return a vendor that is tried three times, at once, and has all the time of the world."""
    usual: dict[str, Any] = {
        "name": "stand-in",
        "timeout_s": HANG_GUARD_S,
        "attempts": 3,
        "deadline_s": HANG_GUARD_S,
        "is_worth_retrying": lambda error: isinstance(error, Down),
        "failures_to_open": 100,
        "opens_for_s": HANG_GUARD_S,
        "longest_wait_s": 0.01,
    }
    return Vendor(**{**usual, **changes})


class Work:
    """Does what it was told, call by call; the last for ever."""

    def __init__(self, *outcomes: str | Exception) -> None:
        self.outcomes = list(outcomes)
        self.calls = 0

    async def __call__(self) -> str:
        self.calls += 1
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        if outcome == "hang":
            await asyncio.Event().wait()
        return outcome


async def unavailable(called: Vendor, work: Work) -> UnavailableReason:
    """Return why a call was not done."""
    with pytest.raises(VendorUnavailable) as caught:
        await called.call(work)
    return caught.value.reason


@contextmanager
def hanging() -> Iterator[threading.Event]:
    """An event that blocking work may wait for; set at the end, so that its threads end."""
    released = threading.Event()
    try:
        yield released
    finally:
        released.set()


# --- attempts -----------------------------------------------------------------------------------------------------


async def test_an_answer_is_returned_from_the_first_attempt() -> None:
    work = Work("sent")

    assert await vendor().call(work) == "sent"
    assert work.calls == 1


async def test_a_failure_is_tried_again() -> None:
    work = Work(Down(), Down(), "sent")

    assert await vendor().call(work) == "sent"
    assert work.calls == 3


async def test_a_failure_ends_the_call_after_the_last_attempt() -> None:
    work = Work(Down(f"cannot reach {PHONE}"))

    with pytest.raises(VendorUnavailable) as caught:
        await vendor().call(work)

    assert str(caught.value) == "vendor stand-in: failed"
    assert caught.value.reason is UnavailableReason.FAILED
    assert isinstance(caught.value.__cause__, Down)
    assert work.calls == 3


async def test_the_callers_fault_comes_out_as_it_is_and_is_not_tried_again() -> None:
    fault = Refused()
    work = Work(fault)

    with pytest.raises(Refused) as caught:
        await vendor().call(work)

    assert caught.value is fault
    assert work.calls == 1


async def test_an_attempt_that_hangs_is_given_up_and_tried_again() -> None:
    work = Work("hang", "sent")

    assert await vendor(timeout_s=0.05).call(work) == "sent"
    assert work.calls == 2


async def test_attempts_that_all_hang_time_out() -> None:
    work = Work("hang")

    assert await unavailable(vendor(timeout_s=0.02), work) is UnavailableReason.TIMED_OUT
    assert work.calls == 3


async def test_the_deadline_cuts_an_attempt_short() -> None:
    work = Work("hang")

    async with asyncio.timeout(HANG_GUARD_S):
        reason = await unavailable(vendor(timeout_s=2 * HANG_GUARD_S, deadline_s=0.05), work)

    assert reason is UnavailableReason.TIMED_OUT
    assert work.calls == 1


async def test_no_wait_begins_that_may_end_after_the_deadline() -> None:
    work = Work(Down())

    assert await unavailable(vendor(deadline_s=0.05, longest_wait_s=0.06), work) is UnavailableReason.FAILED
    assert work.calls == 1


async def test_a_cancelled_call_is_not_tried_again() -> None:
    """Even if the adapter thinks that everything is worth it."""
    started = asyncio.Event()
    calls = 0

    async def work() -> None:
        nonlocal calls
        calls += 1
        started.set()
        await asyncio.Event().wait()

    call = asyncio.create_task(vendor(is_worth_retrying=lambda _: True).call(work))
    await started.wait()
    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call
    assert calls == 1


# --- breaker ------------------------------------------------------------------------------------------------------


async def test_three_failed_attempts_in_a_row_open_the_breaker() -> None:
    called = vendor(failures_to_open=3)
    await unavailable(called, Work(Down()))
    work = Work("sent")

    assert await unavailable(called, work) is UnavailableReason.BREAKER_OPEN
    assert await unavailable(called, work) is UnavailableReason.BREAKER_OPEN
    assert work.calls == 0


async def test_time_outs_open_the_breaker() -> None:
    called = vendor(failures_to_open=3, timeout_s=0.02)
    await unavailable(called, Work("hang"))
    work = Work("sent")

    assert await unavailable(called, work) is UnavailableReason.BREAKER_OPEN
    assert work.calls == 0


async def test_an_open_breaker_is_not_tried_again() -> None:
    """Even if the adapter thinks that everything is worth it."""
    called = vendor(failures_to_open=2, is_worth_retrying=lambda _: True)
    work = Work(Down())

    assert await unavailable(called, work) is UnavailableReason.BREAKER_OPEN
    assert work.calls == 2


async def test_an_open_breaker_keeps_nothing_of_the_callers_it_turns_away() -> None:
    called = vendor(failures_to_open=3)
    await unavailable(called, Work(Down()))

    frames = []
    for _ in range(3):
        with pytest.raises(VendorUnavailable) as caught:
            await called.call(Work("sent"))
        assert caught.value.__context__ is not None
        frames.append(caught.value.__context__.__traceback__)

    assert frames == [None, None, None]


async def test_an_answer_in_between_keeps_the_breaker_closed() -> None:
    called = vendor(failures_to_open=3, attempts=1)
    for outcome in (Down(), Down(), "sent", Down(), Down()):
        work = Work(outcome)
        if outcome == "sent":
            await called.call(work)
        else:
            await unavailable(called, work)

    assert await called.call(Work("sent")) == "sent"


async def test_the_callers_faults_do_not_open_the_breaker() -> None:
    called = vendor(failures_to_open=3)
    for _ in range(5):
        with pytest.raises(Refused):
            await called.call(Work(Refused()))

    assert await called.call(Work("sent")) == "sent"


async def test_callers_that_go_away_neither_open_the_breaker_nor_keep_it_closed() -> None:
    called = vendor(failures_to_open=3, attempts=1)

    async def go_away() -> None:
        started = asyncio.Event()

        async def work() -> None:
            started.set()
            await asyncio.Event().wait()

        call = asyncio.create_task(called.call(work))
        await started.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    for _ in range(5):
        await go_away()
    for _ in range(2):
        assert await unavailable(called, Work(Down())) is UnavailableReason.FAILED
    await go_away()
    assert await unavailable(called, Work(Down())) is UnavailableReason.FAILED

    assert await unavailable(called, Work(Down())) is UnavailableReason.BREAKER_OPEN


async def test_the_breaker_lets_calls_through_after_its_time_and_closes_on_the_first_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    called = vendor(failures_to_open=1, opens_for_s=0.02, attempts=1)
    await unavailable(called, Work(Down()))

    assert await _once_half_open(called, Work(Down())) is UnavailableReason.FAILED
    assert await _once_half_open(called, Work("sent")) is None

    assert await called.call(Work("sent")) == "sent"
    lines = [line for line in caplog.messages if "breaker" in line]
    assert lines == [
        f"vendor stand-in: breaker {state}" for state in ("opened", "half-opened", "opened", "half-opened", "closed")
    ]


async def _once_half_open(called: Vendor, work: Work) -> UnavailableReason | None:
    deadline = time.monotonic() + HANG_GUARD_S
    while time.monotonic() < deadline:
        try:
            await called.call(work)
        except VendorUnavailable as error:
            if error.reason is not UnavailableReason.BREAKER_OPEN:
                return error.reason
            await asyncio.sleep(0.01)  # the breaker has no event: it looks at the clock when it is asked
        else:
            return None
    pytest.fail("the breaker never opened half")


# --- blocking work ------------------------------------------------------------------------------------------------


async def test_blocking_work_returns_its_answer_and_is_tried_again() -> None:
    outcomes: list[Exception | None] = [Down(), None]

    def work() -> str:
        if outcome := outcomes.pop(0):
            raise outcome
        return threading.current_thread().name

    called = vendor(threads=1)
    assert (await called.call_blocking(work)).startswith("vendor-stand-in")
    assert outcomes == []
    called.close()


async def test_the_loop_goes_on_while_blocking_work_hangs() -> None:
    called = vendor()
    in_thread = asyncio.Event()
    loop = asyncio.get_running_loop()

    with hanging() as released:

        def work() -> str:
            loop.call_soon_threadsafe(in_thread.set)
            assert released.wait(HANG_GUARD_S)
            return "sent"

        call = asyncio.create_task(called.call_blocking(work))
        await in_thread.wait()
        # only a loop that runs can let the work go on
        released.set()
        assert await call == "sent"
    called.close()


async def test_hanging_work_holds_no_more_threads_than_there_are_and_what_finds_none_never_starts() -> None:
    called = vendor(threads=2, attempts=1, timeout_s=1.5)
    started: list[int] = []

    with hanging() as released:

        def work(number: int) -> None:
            started.append(number)
            assert released.wait(HANG_GUARD_S)

        async def call(number: int) -> UnavailableReason:
            with pytest.raises(VendorUnavailable) as caught:
                await called.call_blocking(lambda: work(number))
            return caught.value.reason

        reasons = await asyncio.gather(*(call(number) for number in range(6)))

    assert reasons == [UnavailableReason.TIMED_OUT] * 6
    called._pool.shutdown(wait=True)
    assert sorted(started) == [0, 1]


async def test_a_hanging_vendor_does_not_hold_up_another() -> None:
    slow, quick = vendor(threads=1), vendor(threads=1)

    with hanging() as released:
        call = asyncio.create_task(slow.call_blocking(lambda: released.wait(HANG_GUARD_S)))

        assert await quick.call_blocking(lambda: "sent") == "sent"
        assert not call.done()
        released.set()
        assert await call is True
    slow.close()
    quick.close()


async def test_a_closed_vendor_does_not_wait_for_its_threads_and_takes_no_more_work() -> None:
    called = vendor(threads=1, timeout_s=0.05, attempts=1)

    with hanging() as released:
        with pytest.raises(VendorUnavailable):
            await called.call_blocking(lambda: released.wait(HANG_GUARD_S))
        called.close()

        with pytest.raises(RuntimeError, match="after shutdown"):
            await called.call_blocking(lambda: "sent")


# --- logs ---------------------------------------------------------------------------------------------------------


async def test_logs_hold_the_type_of_a_failure_and_no_value(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    called = vendor(failures_to_open=3)

    with capture_logs() as structured:
        await unavailable(called, Work(Down(f"cannot reach {PHONE}")))
        await unavailable(called, Work("sent"))

    ours = [record.getMessage() for record in caplog.records if record.name.startswith("traya_gql")]
    assert ours == [*["vendor stand-in: an attempt failed: Down"] * 3, "vendor stand-in: breaker opened"]
    assert structured == []
    assert not [record for record in caplog.records if PHONE in str(vars(record))]


def test_stamina_logs_nothing_by_itself() -> None:
    assert stamina.is_active()
    assert get_on_retry_hooks() == ()
