"""Messages: the SMS adapter against a stand-in vendor over real HTTP, and the developer's console."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from tests.integrations.sms_standin import (
    SmsMode,
    SmsStandIn,
    TakenMessage,
    sms_standin,
    sms_standin_in_a_thread,
)
from tests.processes import HANG_GUARD_S
from traya_gql.integrations.messages import MessageNotSent, Messages
from traya_gql.integrations.messages.console import ConsoleMessages
from traya_gql.integrations.messages.http_sms import HttpSms

PHONE = "+919876543210"
# no digits: the times, threads and ports of a log hold any six of them now and then
CODE = "KXQWZJ"
TEXT = f"Your Traya code is {CODE}.\nNobody from Traya will ask for it."
KEY = UUID("7f1ce0f4-3a1b-4f0e-9a53-5d1a0b9a2c11")
MESSAGE = TakenMessage(phone=PHONE, text=TEXT, key=KEY)

PROGRAM = """
import asyncio, sys, uuid
from traya_gql.integrations.messages.http_sms import HttpSms

async def main():
    sms = HttpSms(url=sys.argv[1], token=sys.argv[2])
    await sms.send(phone="+919876543210", text="hello", key=uuid.uuid4())
    await sms.close()

asyncio.run(main())
"""


@asynccontextmanager
async def sms_to(vendor: SmsStandIn, **changes: Any) -> AsyncIterator[HttpSms]:
    """The adapter for this vendor; it gives up late, so that only the tests of time-outs meet one."""
    usual: dict[str, Any] = {
        "url": vendor.url,
        "token": vendor.token,
        "timeout_s": HANG_GUARD_S,
        "deadline_s": HANG_GUARD_S,
        "opens_for_s": HANG_GUARD_S,
        "longest_wait_s": 0.01,
    }
    sms = HttpSms(**{**usual, **changes})
    yield sms
    await sms.close()


async def send(sms: Messages) -> None:
    await sms.send(phone=PHONE, text=TEXT, key=KEY)


@pytest.mark.parametrize("mode", [SmsMode.OK, SmsMode.SLOW])
async def test_a_message_that_the_vendor_takes_is_sent(mode: SmsMode) -> None:
    async with sms_standin() as vendor, sms_to(vendor) as sms:
        vendor.mode = mode

        await send(sms)

        assert await vendor.next_message() == MESSAGE
        assert vendor.messages == [MESSAGE]
        assert vendor.calls == 1


async def test_an_answer_that_never_ends_is_not_waited_for() -> None:
    async with sms_standin() as vendor, sms_to(vendor) as sms:
        vendor.mode = SmsMode.ENDLESS

        await send(sms)

        assert vendor.messages == [MESSAGE]
        assert vendor.calls == 1


PASSING = [
    SmsMode.ERROR_500,
    SmsMode.HTML_502,
    SmsMode.REQUEST_TIMEOUT_408,
    SmsMode.TOO_MANY_429,
    SmsMode.HALF_CLOSE,
    SmsMode.RESET,
]


@pytest.mark.parametrize("mode", PASSING)
async def test_a_passing_failure_is_tried_again(mode: SmsMode) -> None:
    async with sms_standin() as vendor, sms_to(vendor) as sms:
        vendor.next_modes.append(mode)

        await send(sms)

        assert vendor.messages == [MESSAGE]
        assert vendor.calls == 2


@pytest.mark.parametrize("mode", PASSING)
async def test_a_failure_that_stays_ends_in_not_sent(mode: SmsMode) -> None:
    async with sms_standin() as vendor, sms_to(vendor) as sms:
        vendor.mode = mode

        with pytest.raises(MessageNotSent, match=r"^vendor sms: failed$"):
            await send(sms)

        assert vendor.messages == []
        assert vendor.calls == 2


async def test_a_vendor_that_hangs_ends_in_not_sent() -> None:
    async with sms_standin() as vendor, sms_to(vendor, timeout_s=0.2) as sms:
        vendor.mode = SmsMode.HANG

        with pytest.raises(MessageNotSent, match=r"^vendor sms: timed out$"):
            await send(sms)

        assert vendor.messages == []


async def test_a_vendor_that_cannot_be_reached_ends_in_not_sent() -> None:
    async with sms_standin() as vendor:
        pass

    async with sms_to(vendor) as sms:
        with pytest.raises(MessageNotSent, match=r"^vendor sms: failed$"):
            await send(sms)


async def test_a_message_whose_answer_was_lost_is_sent_again_with_its_key_and_arrives_once() -> None:
    async with sms_standin() as vendor, sms_to(vendor, timeout_s=1) as sms:
        vendor.next_modes.append(SmsMode.TAKE_AND_HANG)

        await send(sms)

        assert vendor.calls == 2
        assert vendor.messages == [MESSAGE]


@pytest.mark.parametrize(
    "mode, reason", [(SmsMode.BAD_REQUEST_400, "refused: HTTP 400"), (SmsMode.REDIRECT_307, "refused: HTTP 307")]
)
async def test_a_refusal_is_not_tried_again_and_does_not_open_the_breaker(mode: SmsMode, reason: str) -> None:
    async with sms_standin() as vendor, sms_to(vendor) as sms:
        vendor.mode = mode
        for _ in range(4):
            with pytest.raises(MessageNotSent, match=f"^{reason}$"):
                await send(sms)

        assert vendor.calls == 4
        vendor.mode = SmsMode.OK
        await send(sms)
        assert vendor.messages == [MESSAGE]


async def test_a_wrong_token_is_a_refusal() -> None:
    async with sms_standin() as vendor, sms_to(vendor, token="another") as sms:
        with pytest.raises(MessageNotSent, match=r"^refused: HTTP 401$"):
            await send(sms)

        assert vendor.messages == []


async def test_after_three_failed_attempts_the_vendor_is_left_alone() -> None:
    async with sms_standin() as vendor, sms_to(vendor) as sms:
        vendor.mode = SmsMode.ERROR_500
        for _ in range(2):
            with pytest.raises(MessageNotSent):
                await send(sms)
        assert vendor.calls == 3

        vendor.mode = SmsMode.OK
        with pytest.raises(MessageNotSent, match=r"^vendor sms: breaker open$"):
            await send(sms)

        assert vendor.calls == 3
        assert vendor.messages == []


async def test_a_vendor_that_is_well_again_gets_messages_again() -> None:
    async with sms_standin() as vendor, sms_to(vendor, opens_for_s=0.02, attempts=1) as sms:
        vendor.next_modes.extend([SmsMode.ERROR_500] * 3)
        for _ in range(3):
            with pytest.raises(MessageNotSent):
                await send(sms)

        async with asyncio.timeout(HANG_GUARD_S):
            while not vendor.messages:
                try:
                    await send(sms)
                except MessageNotSent as error:
                    assert str(error) == "vendor sms: breaker open"  # noqa: PT017  # how often it comes is left open
                    await asyncio.sleep(0.01)

        assert vendor.calls == 4


async def test_a_request_that_goes_away_lets_go_of_the_vendor() -> None:
    async with sms_standin() as vendor, sms_to(vendor) as sms:
        vendor.mode = SmsMode.TAKE_AND_HANG
        call = asyncio.create_task(send(sms))
        await vendor.next_message()

        call.cancel()

        with pytest.raises(asyncio.CancelledError):
            await call
        assert vendor.calls == 1


async def test_logs_hold_no_phone_no_text_and_no_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    with capture_logs() as structured:
        for mode in SmsMode:
            async with sms_standin() as vendor, sms_to(vendor, timeout_s=1) as sms:
                vendor.mode = mode
                with suppress(MessageNotSent):
                    await send(sms)
                assert vendor.calls >= 1

    names = {record.name for record in caplog.records}
    assert {"traya_gql.integrations.vendors", "traya_gql.integrations.messages.http_sms", "httpx"} <= names
    told = [f"{record.getMessage()} {vars(record)}" for record in caplog.records] + [str(line) for line in structured]
    for secret in ("9876543210", CODE, "token-of-the-tests"):
        assert not [line for line in told if secret in line]


async def test_the_adapter_takes_nothing_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a proxy nor a netrc, whose password would replace the token."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password something\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    async with sms_standin() as vendor, sms_to(vendor) as sms:
        await send(sms)

        assert vendor.messages == [MESSAGE]


def test_another_process_can_send_to_a_stand_in_in_a_thread() -> None:
    with sms_standin_in_a_thread() as vendor:
        subprocess.run([sys.executable, "-c", PROGRAM, vendor.url, vendor.token], check=True, timeout=HANG_GUARD_S)

        assert vendor.next_message_blocking().text == "hello"


async def test_the_console_shows_phone_and_text() -> None:
    shown: list[str] = []

    await send(ConsoleMessages(write=shown.append))

    assert shown == [
        f"\nMessage to +919876543210:\n  Your Traya code is {CODE}.\n  Nobody from Traya will ask for it.\n\n"
    ]


async def test_the_console_is_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    await send(ConsoleMessages())

    out, err = capsys.readouterr()
    assert out == ""
    assert CODE in err
