"""Pictures at Cloudinary, of the type `authenticated`: nothing is public, every URL is signed.

Source: https://cloudinary.com/documentation/image_upload_api_reference and
https://cloudinary.com/documentation/control_access_to_media
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import httpx
import urllib3

from traya_gql.integrations.images import TICKET_LIFETIME, ImageStoreUnavailable, SignedUrl, Ticket
from traya_gql.integrations.images.files import NewFile, write_chunks
from traya_gql.integrations.images.rules import checked_key, is_key, is_of_upload, is_same, is_version, url_window
from traya_gql.integrations.vendors import Vendor, VendorUnavailable


@contextmanager
def _nothing_in_the_environment() -> Iterator[None]:
    hidden = {name: os.environ.pop(name) for name in tuple(os.environ) if name.startswith("CLOUDINARY_")}
    try:
        yield
    finally:
        os.environ.update(hidden)


# on import the SDK takes an account, a token and a proxy from the environment, and fails on a CLOUDINARY_URL that it
# does not understand. Nothing but settings.py reads the environment
with _nothing_in_the_environment():
    from cloudinary import exceptions, uploader, utils  # type: ignore[import-untyped]

T = TypeVar("T")

_FOLDER: Final = "traya/scalp_images"
_TYPE: Final = "authenticated"
_SIGNATURE_LIFETIME: Final = timedelta(hours=1)
"""How long Cloudinary takes a signature, from its `timestamp`.

Source: https://cloudinary.com/documentation/authentication_signatures
"""
_INCOMING: Final = "a_exif/c_limit,fl_force_strip,h_4096,w_4096"
"""What is done to an upload before it is stored: turned as its metadata says, at most 4096 x 4096, no metadata.

Source: https://cloudinary.com/documentation/transformation_reference (`fl_force_strip`: clears Exif, IPTC and XMP while
an incoming transformation is applied)
"""
_IMAGE: Final = "image"
_KINDS: Final = (_IMAGE, "raw", "video")
"""The resource types. Each has names of its own: one public id can lie there three times."""
_FETCH_LIFETIME_S: Final = 120
_THREADS: Final = 4
_PASSING: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS, 420})
_ALGORITHMS: Final = {40: "sha1", 64: "sha256"}
"""The algorithms of a receipt, by the length of the signature: the account chooses. No upload can choose what is
hashed, so that SHA-1 is no weakness here.

Source: https://cloudinary.com/documentation/response_signatures
"""
_log = logging.getLogger(__name__)

# it warns of each connection beyond the one that the SDK keeps; and `Vendor` tells of what fails
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)


class _Failed(Exception):
    """An answer that another attempt may change."""


class _Refused(Exception):
    """An answer that stays as it is: the request is wrong, or our account is."""


class CloudinaryStore:
    """Keeps pictures at Cloudinary, under `traya/scalp_images/`.

    All of it goes through the Upload API, which has no hourly limit; the Admin API has (500 calls on the free plan).

    Args:
        cloud_name: the account's product environment.
        api_key: names the key that signs.
        api_secret: signs.
        upload_prefix: where the API is; None for Cloudinary's own place.
        timeout_s: when an attempt is given up.
        attempts: how many there are at most; fewer than open the breaker, so that no single call does.
        deadline_s: when a call is given up.
        failures_to_open: so many failed attempts in a row stop all calls for `opens_for_s`.
        opens_for_s: how long Cloudinary is then left alone.
        longest_wait_s: the longest wait between two attempts.
    """

    def __init__(
        self,
        *,
        cloud_name: str,
        api_key: str,
        api_secret: str,
        upload_prefix: str | None = None,
        timeout_s: float = 10.0,
        attempts: int = 2,
        deadline_s: float = 22.0,
        failures_to_open: int = 3,
        opens_for_s: float = 10.0,
        longest_wait_s: float = 0.3,
    ) -> None:
        self._api_key = api_key
        self._api_secret = api_secret
        self._place = {
            "cloud_name": cloud_name,
            "upload_prefix": upload_prefix.rstrip("/") if upload_prefix else None,
            "resource_type": _IMAGE,
        }
        # each call says everything, what it does not use too: what is missing, the SDK takes from its global state
        self._options: dict[str, Any] = {
            **self._place,
            "api_key": api_key,
            "api_secret": api_secret,
            "oauth_token": None,
            "upload_preset": None,
            "signature_algorithm": "sha256",
            "signature_version": 2,
            "type": _TYPE,
            # ends before the attempt does: urllib3 connects up to four times, and sends and waits once
            "timeout": urllib3.Timeout(connect=timeout_s * 0.1, read=timeout_s * 0.5),
        }
        self._vendor = Vendor(
            name="cloudinary",
            timeout_s=timeout_s,
            attempts=attempts,
            deadline_s=deadline_s,
            is_worth_retrying=lambda error: isinstance(error, httpx.TransportError | _Failed),
            failures_to_open=failures_to_open,
            opens_for_s=opens_for_s,
            longest_wait_s=longest_wait_s,
            threads=_THREADS,
        )
        # not a client: that logs URLs, and whoever has such a URL sees the picture. A transport follows no redirects
        # either, and Cloudinary makes none here: its API delivers the bytes itself
        self._http = httpx.AsyncHTTPTransport(trust_env=False)

    @property
    def name(self) -> str:
        """Which store this is: `cloudinary:` and the name of the cloud."""
        return f"cloudinary:{self._place['cloud_name']}"

    def ticket(self, key: str, *, at: datetime, most_bytes: int, formats: Sequence[str]) -> Ticket:
        """Return the ticket for one upload, straight to Cloudinary.

        Cloudinary cannot be told the size by signature, so `most_bytes` is not in the ticket: `fetch` enforces it.

        A second upload with the same ticket changes nothing: Cloudinary answers with the first one, and its receipt.
        But it may be sent as a raw file or a video too, which is stored beside the picture: see `delete`.
        """
        del most_bytes
        # Cloudinary takes a signature for an hour from its timestamp, so this one is dated back: 10 minutes are left
        timestamp = int((at - (_SIGNATURE_LIFETIME - TICKET_LIFETIME)).timestamp())
        signed = {
            "allowed_formats": ",".join(formats),
            # names of files may tell whose they are
            "discard_original_filename": "true",
            "overwrite": "false",
            "public_id": _public_id(key),
            "timestamp": str(timestamp),
            "transformation": _INCOMING,
            "type": _TYPE,
        }
        fields = {**signed, "api_key": self._api_key, "signature": self._sign(signed)}
        expires_at = datetime.fromtimestamp(timestamp, UTC) + _SIGNATURE_LIFETIME
        return Ticket(utils.cloudinary_api_url("upload", **self._place), fields, expires_at)

    def is_receipt_good(self, key: str, *, version: str, signature: str) -> bool:
        """Whether Cloudinary signed this answer: not by the SDK's own check, which compares with `==`.

        The answer to an upload of a raw file or a video cannot be told from that of an image: the `resource_type` in
        it is not signed. `holds` and `fetch` then find nothing: they ask for images alone.
        """
        algorithm = _ALGORITHMS.get(len(signature))
        if algorithm is None or not is_key(key) or not is_version(version):
            return False
        answered = {"public_id": _public_id(key), "version": version}
        # answers are signed the older way, which does not escape `&`: neither value can hold one
        expected = utils.api_sign_request(answered, self._api_secret, algorithm, 1)
        return is_same(signature, expected)

    async def holds(self, key: str) -> bool:
        """Ask Cloudinary whether something lies under a key.

        Raises:
            ImageStoreUnavailable: nobody answered.
        """
        public_id = _public_id(key)

        def work() -> bool:
            # `explicit` without anything to do tells what there is, in the Upload API: see the class
            answer = _ask(partial(uploader.explicit, public_id, **self._options))
            return answer is not None and _is_about(answer, public_id)

        return await self._done("look for a picture", self._vendor.call_blocking(work))

    async def put(self, key: str, source: Path) -> None:
        """Store a file under a key, instead of what lies there. It is in memory while it is sent.

        Raises:
            ImageStoreUnavailable: it may or may not lie there now.
        """
        public_id = _public_id(key)
        send = partial(uploader.upload, public_id=public_id, overwrite=True, invalidate=True)

        def work() -> None:
            picture = source.read_bytes()
            answer = _ask(partial(send, ("photo", picture), **self._options))
            if answer is None:
                raise _Failed("NotFound")
            _is_about(answer, public_id)

        await self._done("store a picture", self._vendor.call_blocking(work))

    async def fetch(self, key: str, target: Path, *, most_bytes: int) -> bool:
        """Write what lies under a key into a file, as it was uploaded; return False when nothing does.

        Raises:
            TooManyBytes: it is longer than that. Nothing is left of the file.
            ImageStoreUnavailable: nothing is left of the file.
        """
        public_id = _public_id(key)

        async def work() -> bool:
            now = int(time.time())
            url = self._download_url(public_id, timestamp=now, expires_at=now + _FETCH_LIFETIME_S)
            # the bytes as they lie there: what is counted is what is written
            request = httpx.Request("GET", url, headers={"accept-encoding": "identity"})
            response = await self._http.handle_async_request(request)
            try:
                if response.status_code == HTTPStatus.NOT_FOUND:
                    return False
                _check(response)
                await write_chunks(NewFile(target, most_bytes=most_bytes), response.aiter_raw())
            finally:
                await response.aclose()
            return True

        return await self._done("send a picture", self._vendor.call(work))

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete what lies under these keys, at the content network too; what is not there is no fault.

        Where uploads go, raw files and videos are deleted as well. No signature holds the `resource_type`, which is
        part of the path: whoever has a ticket can send a file to `/raw/upload` and `/video/upload` too.
        Source: https://cloudinary.com/documentation/authentication_signatures

        Raises:
            ImageStoreUnavailable: some of it may be gone.
        """
        targets = [(_public_id(key), kind) for key in keys for kind in (_KINDS if is_of_upload(key) else (_IMAGE,))]

        def work(public_id: str, kind: str) -> None:
            options = {**self._options, "resource_type": kind, "invalidate": True}
            answer = _ask(partial(uploader.destroy, public_id, **options))
            if answer is not None and answer.get("result") not in {"ok", "not found"}:
                raise _Failed("an odd answer")

        # so many at a time as there are threads: the wait for a thread is part of an attempt
        for first in range(0, len(targets), _THREADS):
            some = targets[first : first + _THREADS]
            calls = (self._done("delete a picture", self._vendor.call_blocking(partial(work, *one))) for one in some)
            for outcome in await asyncio.gather(*calls, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    raise outcome

    def url(self, key: str, *, at: datetime) -> SignedUrl:
        """Return where the API itself delivers the picture, as JPEG, until the URL ends.

        This works on every plan. URLs of the content network that end need token authentication, a paid add-on.
        """
        window = url_window(at)
        # a signature does not say for which call it is: one that is fresh could delete or replace the picture too.
        # Dated back, it is stale everywhere but here, where `expires_at` counts instead of the timestamp
        timestamp = int((window.start - 2 * _SIGNATURE_LIFETIME).timestamp())
        ends = int(window.end.timestamp())
        return SignedUrl(
            self._download_url(_public_id(key), timestamp=timestamp, expires_at=ends, format_="jpg"), window.end
        )

    async def close(self) -> None:
        """Let go of connections and threads."""
        self._vendor.close()
        await self._http.aclose()

    def _sign(self, parameters: dict[str, str]) -> str:
        signature: str = utils.api_sign_request(parameters, self._api_secret, "sha256", 2)
        return signature

    def _download_url(self, public_id: str, *, timestamp: int, expires_at: int, format_: str | None = None) -> str:
        """Return what the SDK's `private_download_url` does, at a time of ours: that takes the clock's."""
        signed = {"expires_at": str(expires_at), "public_id": public_id, "timestamp": str(timestamp), "type": _TYPE}
        if format_ is not None:
            signed["format"] = format_
        query = {**signed, "signature": self._sign(signed), "api_key": self._api_key}
        return f"{utils.cloudinary_api_url('download', **self._place)}?{urlencode(query)}"

    async def _done(self, what: str, call: Awaitable[T]) -> T:
        try:
            return await call
        except _Refused as error:
            # `Vendor` logs failed attempts; a refusal is our own fault, and somebody has to mend it
            _log.error("Cloudinary refused to %s: %s", what, error)
            raise ImageStoreUnavailable(f"refused: {error}") from error
        except VendorUnavailable as error:
            raise ImageStoreUnavailable(str(error)) from error


def _public_id(key: str) -> str:
    return f"{_FOLDER}/{checked_key(key)}"


def _ask(call: Callable[[], Any]) -> dict[str, Any] | None:
    """Return the answer to a call of the SDK; None when nothing lies there. Blocks."""
    problem: Exception
    try:
        answer = call()
    except exceptions.NotFound:
        return None
    except (
        exceptions.AlreadyExists,
        exceptions.AuthorizationRequired,
        exceptions.BadRequest,
        exceptions.NotAllowed,
    ) as error:
        problem = _Refused(type(error).__name__)
    except exceptions.Error as error:
        problem = _Failed(type(error).__name__)
    except (AttributeError, LookupError, TypeError, ValueError):
        # the SDK looks into answers without checking them
        problem = _Failed("an odd answer")
    else:
        if isinstance(answer, dict):
            return answer
        problem = _Failed("an odd answer")
    # here, not above: the SDK's errors quote answers, which quote what was sent
    raise problem


def _is_about(answer: dict[str, Any], public_id: str) -> bool:
    if answer.get("public_id") != public_id:
        # a 5xx whose JSON has no error passes the SDK
        raise _Failed("an odd answer")
    return True


def _check(response: httpx.Response) -> None:
    """Raise unless a picture comes."""
    status = response.status_code
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _PASSING:
        raise _Failed(f"HTTP {status}")
    if status != HTTPStatus.OK:
        raise _Refused(f"HTTP {status}")
    if response.headers.get("content-type", "").startswith(("text/", "application/json")):
        raise _Failed("an odd answer")
