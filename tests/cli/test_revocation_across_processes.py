"""A sign-out in one process holds in every other, within about a second.

`pytest -o log_cli=true -o log_cli_level=INFO` prints how long it took.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.serving import Server, serving
from tests.integrations.sms_standin import SmsStandIn, sms_standin_in_a_thread
from tests.processes import HANG_GUARD_S, eventually
from tests.support import REQUEST_OTP, VERIFY_OTP, SignedIn

_log = logging.getLogger(__name__)

SIGN_OUT = "mutation { signOut { isSignedOut } }"
VIEWER = "{ viewer { customer { id } } }"
REFRESH = "mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) { accessToken } }"
REQUESTS = 40


@pytest.fixture(scope="module")
def sms() -> Iterator[SmsStandIn]:
    with sms_standin_in_a_thread() as vendor:
        yield vendor


@pytest.fixture
def variables(sms: SmsStandIn, elsewhere: dict[str, str]) -> dict[str, str]:
    return {"TRAYA_SMS_URL": sms.url, "TRAYA_SMS_TOKEN": sms.token, **elsewhere}


@dataclass(frozen=True)
class Somebody:
    """Asks servers, over a fresh connection each time: any worker may answer."""

    sms: SmsStandIn
    http: httpx.Client

    def ask(self, server: Server, query: str, *, bearer: str = "", **variables: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.http.post(
            f"http://127.0.0.1:{server.port}/graphql",
            json={"query": query, "variables": variables},
            headers={"authorization": f"Bearer {bearer}"} if bearer else {},
        ).json()
        return answer

    def sign_in(self, server: Server) -> SignedIn:
        asked = self.ask(server, REQUEST_OTP, input={"phone": "9876543210"})["data"]["requestOtp"]
        code = self.sms.next_message_blocking().text[:6]
        given = self.ask(server, VERIFY_OTP, input={"challenge": asked["challenge"], "code": code})
        payload = given["data"]["verifyOtp"]
        assert payload["userErrors"] == []
        return SignedIn(payload["accessToken"], payload["refreshToken"], payload["customer"]["id"])

    def is_seen(self, server: Server, who: SignedIn) -> bool:
        answer = self.ask(server, VIEWER, bearer=who.access_token)
        if "errors" not in answer:
            assert answer["data"] == {"viewer": {"customer": {"id": who.customer_id}}}
            return True
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
        return False

    def how_often_seen(self, server: Server, who: SignedIn) -> int:
        """Return in how many of `REQUESTS`, eight at a time, so that no worker can answer them all."""
        with ThreadPoolExecutor(8) as pool:
            return sum(pool.map(lambda _: self.is_seen(server, who), range(REQUESTS)))


@pytest.fixture
def somebody(sms: SmsStandIn) -> Iterator[Somebody]:
    with httpx.Client(timeout=HANG_GUARD_S, limits=httpx.Limits(max_keepalive_connections=0)) as http:
        yield Somebody(sms, http)


def seconds_until(condition: Callable[[], bool]) -> float:
    began = time.monotonic()
    eventually(condition)
    return time.monotonic() - began


def test_a_sign_out_at_one_server_holds_at_another(
    tmp_path: Path, somebody: Somebody, variables: dict[str, str]
) -> None:
    data = tmp_path / "data"
    with serving(data, **variables) as here, serving(data, **variables) as there:
        leaving, staying = somebody.sign_in(here), somebody.sign_in(there)
        assert somebody.is_seen(there, leaving)

        signed_out = somebody.ask(here, SIGN_OUT, bearer=leaving.access_token)
        refused_here = not somebody.is_seen(here, leaving)
        seconds = seconds_until(lambda: not somebody.is_seen(there, leaving))
        refreshed = somebody.ask(there, REFRESH, token=leaving.refresh_token)

        _log.info("the other server refused after %.3f s", seconds)
        assert signed_out == {"data": {"signOut": {"isSignedOut": True}}}
        assert refused_here
        assert refreshed == {"data": {"refreshSession": {"accessToken": None}}}
        # of the same customer, by another session
        assert somebody.is_seen(here, staying)
        assert somebody.is_seen(there, staying)


def test_a_sign_out_holds_in_every_worker_of_a_server(
    tmp_path: Path, somebody: Somebody, variables: dict[str, str]
) -> None:
    with serving(tmp_path / "data", "--workers", "2", **variables) as server:
        leaving, staying = somebody.sign_in(server), somebody.sign_in(server)
        assert somebody.how_often_seen(server, leaving) == REQUESTS

        somebody.ask(server, SIGN_OUT, bearer=leaving.access_token)
        # one worker may refuse while the other does not know yet
        seconds = seconds_until(lambda: somebody.how_often_seen(server, leaving) == 0)

        _log.info("every worker refused after %.3f s", seconds)
        assert somebody.how_often_seen(server, leaving) == 0
        assert somebody.how_often_seen(server, staying) == REQUESTS
