"""Messages by SMS, through any vendor or gateway that takes one JSON request a message."""

from __future__ import annotations

import logging
from http import HTTPStatus
from uuid import UUID

import httpx

from traya_gql.integrations.messages import MessageNotSent
from traya_gql.integrations.vendors import Vendor, VendorUnavailable

_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
_log = logging.getLogger(__name__)


class _Failed(Exception):
    """An answer that another attempt may change."""


class _Refused(Exception):
    """An answer that stays as it is: the request is wrong, or our account is."""


class HttpSms:
    """Sends a message as `POST {"to", "text", "key"}`, with the key as the header `Idempotency-Key` too.

    Any 2xx means sent; the rest of the answer is not read. 5xx, 408, 429 and lost connections are tried again, other
    answers are not. Redirects are not followed: they would hand the token and the code to another place.

    Put no secret into the URL: httpx logs it at INFO.

    Args:
        url: where to post to.
        token: the bearer token.
        timeout_s: when an attempt is given up.
        attempts: how many there are at most; fewer than open the breaker, so that no single message does.
        deadline_s: when a message is given up. Somebody waits for it.
        failures_to_open: so many failed attempts in a row stop all messages for `opens_for_s`.
        opens_for_s: how long the vendor is then left alone.
        longest_wait_s: the longest wait between two attempts.
    """

    def __init__(
        self,
        *,
        url: str,
        token: str,
        timeout_s: float = 2.0,
        attempts: int = 2,
        deadline_s: float = 4.0,
        failures_to_open: int = 3,
        opens_for_s: float = 10.0,
        longest_wait_s: float = 0.3,
    ) -> None:
        self._url = url
        self._vendor = Vendor(
            name="sms",
            timeout_s=timeout_s,
            attempts=attempts,
            deadline_s=deadline_s,
            is_worth_retrying=lambda error: isinstance(error, httpx.TransportError | _Failed),
            failures_to_open=failures_to_open,
            opens_for_s=opens_for_s,
            longest_wait_s=longest_wait_s,
        )
        self._http = httpx.AsyncClient(
            headers={"authorization": f"Bearer {token}"},
            follow_redirects=False,
            timeout=None,  # noqa: S113  # `Vendor` times the whole attempt, httpx only each read
            # nothing but settings.py reads the environment, and a ~/.netrc would replace the token
            trust_env=False,
        )

    async def send(self, *, phone: str, text: str, key: UUID) -> None:
        """Hand the message to the vendor. A repeat sends no second one if the vendor heeds `Idempotency-Key`.

        Raises:
            MessageNotSent: the vendor refused, failed, was late, or is being left alone.
        """
        try:
            await self._vendor.call(lambda: self._post(phone, text, key))
        except _Refused as error:
            # `Vendor` logs failed attempts; a refusal is our own fault, and somebody has to mend it
            _log.error("the SMS vendor refused a message: %s", error)
            raise MessageNotSent(f"refused: {error}") from error
        except VendorUnavailable as error:
            raise MessageNotSent(str(error)) from error

    async def close(self) -> None:
        """Close the connections."""
        self._vendor.close()
        await self._http.aclose()

    async def _post(self, phone: str, text: str, key: UUID) -> None:
        request = self._http.build_request(
            "POST",
            self._url,
            json={"to": phone, "text": text, "key": str(key)},
            headers={"idempotency-key": str(key)},
        )
        # streamed and then dropped: the status says it all, and a body may be endless
        response = await self._http.send(request, stream=True)
        await response.aclose()
        status = response.status_code
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _PASSING:
            raise _Failed(f"HTTP {status}")
        if not response.is_success:
            raise _Refused(f"HTTP {status}")
