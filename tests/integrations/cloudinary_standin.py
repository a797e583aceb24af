"""A stand-in Cloudinary: real HTTP on loopback, in a thread, with the checks and the moods of the real one.

`with cloudinary_standin() as vendor:` gives `vendor.prefix` to the store as its `upload_prefix`. What it knows of the
real one: https://cloudinary.com/documentation/image_upload_api_reference and the signatures described beside it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, TypeAlias

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tests.processes import HANG_GUARD_S

CLOUD = "hair-of-the-tests"
API_KEY = "194837261845"
API_SECRET = "secret-of-the-tests-Zx81"
SLOW_S = 0.05
STALE_S = 3600
_UNSIGNED = {"file", "api_key", "cloud_name", "resource_type", "signature"}
KINDS = ("image", "raw", "video")
"""The resource types, each with names of its own. Which one is meant stands in the path, which no signature holds."""


class CloudinaryMode(Enum):
    """What the vendor does with a call."""

    OK = auto()
    SLOW = auto()
    """Does it, and says so after `SLOW_S`."""
    ERROR_500 = auto()
    ERROR_503 = auto()
    ODD_503 = auto()
    """Answers 503 with JSON that tells of no error."""
    ODD_ERROR = auto()
    """Tells of an error in a shape of its own."""
    HTML = auto()
    HTML_200 = auto()
    HANG = auto()
    """Does not answer for as long as the mode stays."""
    HALF_CLOSE = auto()
    """Closes the connection in the middle of the answer's body."""
    BAD_REQUEST_400 = auto()
    UNAUTHORIZED = auto()
    """Says that the account is none, and quotes what it was asked."""
    LIMITED_420 = auto()
    LIMITED_429 = auto()
    REDIRECT = auto()
    """Sends the client of a download elsewhere."""


_ERRORS = {
    CloudinaryMode.ERROR_500: (500, "Internal error"),
    CloudinaryMode.ERROR_503: (503, "Try later"),
    CloudinaryMode.BAD_REQUEST_400: (400, "Invalid image file"),
    CloudinaryMode.UNAUTHORIZED: (401, f"Unknown API key {API_KEY}, not {API_SECRET}"),
    CloudinaryMode.LIMITED_420: (420, "Rate limit exceeded"),
    CloudinaryMode.LIMITED_429: (429, "Rate limit exceeded"),
}


@dataclass(frozen=True)
class Stored:
    """A file that lies there."""

    content: bytes
    version: int
    transformation: str | None


_Action: TypeAlias = Callable[[dict[str, Any], str], Response]
"""Answers a call whose signature is right, from its parameters and the resource type."""


class _Halved(Response):
    """Promises more than it sends; the server then breaks the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"image/jpeg"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"public_id": ', "more_body": True})


class CloudinaryStandIn:
    """The vendor, listening on `prefix`."""

    def __init__(self) -> None:
        self.prefix = ""
        self.answers_with = "sha1"
        """The algorithm of the receipts."""
        self.reset()
        self._versions = itertools.count(1_700_000_001)

    def reset(self) -> None:
        """Forget everything, and be well."""
        self.mode = CloudinaryMode.OK
        self.next_modes: deque[CloudinaryMode] = deque()
        """The modes of the next calls; `mode` is that of all later ones."""
        self.calls = 0
        """All requests, whatever came of them."""
        self.asked: list[dict[str, str]] = []
        """The parameters of the calls whose signature was right, in order."""
        self.assets: dict[str, dict[str, Stored]] = {kind: {} for kind in KINDS}
        """By resource type and public id; all of them of the type `authenticated`."""

    @property
    def pictures(self) -> dict[str, Stored]:
        """What lies there as an image, by public id."""
        return self.assets["image"]

    @property
    def application(self) -> Starlette:
        def route(action: str, do: _Action, method: str = "POST") -> Route:
            return Route(f"/v1_1/{CLOUD}/{{kind}}/{action}", self._endpoint(do), methods=[method])

        return Starlette(
            routes=[
                route("upload", self._upload),
                route("explicit", self._explicit),
                route("destroy", self._destroy),
                route("download", self._download, "GET"),
            ]
        )

    def _endpoint(self, do: _Action) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            kind = request.path_params["kind"]
            if kind not in KINDS:
                return _error(404, f"Unknown resource type {kind}")
            self.calls += 1
            mode = self.next_modes.popleft() if self.next_modes else self.mode
            if mode is CloudinaryMode.HANG and await self._hangs_to_the_end(request):
                return Response()  # to nobody
            if mode is CloudinaryMode.SLOW:
                await asyncio.sleep(SLOW_S)
            if (fault := _fault(mode)) is not None:
                return fault
            parameters = await _parameters(request)
            refusal = _refusal(parameters, is_download=request.method == "GET")
            return refusal or self._note(parameters, kind, do)

        return answer

    async def _hangs_to_the_end(self, request: Request) -> bool:
        """Wait for another mode, and return False; or for the client to go away, and return True."""
        await request.body()  # or the look for the connection's end would swallow it
        # the mode changes in another thread, and a connection's end has no event either
        while self.mode is CloudinaryMode.HANG and not await request.is_disconnected():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        return await request.is_disconnected()

    def _note(self, parameters: dict[str, Any], kind: str, do: _Action) -> Response:
        self.asked.append({name: value for name, value in parameters.items() if isinstance(value, str)})
        if parameters.get("type") != "authenticated":
            return _error(404, f"Resource not found - {parameters.get('public_id')}")
        return do(parameters, kind)

    def _upload(self, parameters: dict[str, Any], kind: str) -> Response:
        assets = self.assets[kind]
        public_id, content = parameters["public_id"], parameters.get("file", b"")
        if not content:
            return _error(400, "Empty file")
        is_new = public_id not in assets
        if is_new or parameters.get("overwrite") not in {"false", "0"}:
            allowed = parameters.get("allowed_formats")
            # nothing promises that it looks into what is no image
            if kind == "image" and allowed is not None and _format(content) not in allowed.split(","):
                return _error(400, f"Image file format {_format(content)} not allowed")
            assets[public_id] = Stored(content, next(self._versions), parameters.get("transformation"))
            return JSONResponse(self._told(public_id, kind))
        return JSONResponse({**self._told(public_id, kind), "existing": True})

    def _explicit(self, parameters: dict[str, Any], kind: str) -> Response:
        public_id = parameters["public_id"]
        if public_id not in self.assets[kind]:
            return _error(404, f"Resource not found - {public_id}")
        return JSONResponse(self._told(public_id, kind))

    def _destroy(self, parameters: dict[str, Any], kind: str) -> Response:
        found = self.assets[kind].pop(parameters["public_id"], None)
        return JSONResponse({"result": "not found" if found is None else "ok"})

    def _download(self, parameters: dict[str, Any], kind: str) -> Response:
        found = self.assets[kind].get(parameters["public_id"])
        if found is None:
            return _error(404, f"Resource not found - {parameters['public_id']}")
        return Response(found.content, media_type=f"image/{parameters.get('format', _format(found.content))}")

    def _told(self, public_id: str, kind: str) -> dict[str, Any]:
        stored = self.assets[kind][public_id]
        receipt = {"public_id": public_id, "version": str(stored.version)}
        return {
            "public_id": public_id,
            "version": stored.version,
            "signature": _signature(receipt, self.answers_with),
            "bytes": len(stored.content),
            "resource_type": kind,
            "type": "authenticated",
        }


async def _parameters(request: Request) -> dict[str, Any]:
    if request.method == "GET":
        return dict(request.query_params)
    async with request.form(max_part_size=1 << 20) as form:
        return {
            name: await value.read() if isinstance(value, UploadFile) else value for name, value in form.multi_items()
        }


def _fault(mode: CloudinaryMode) -> Response | None:
    """Return what a vendor in this mood says to anything; None when it works."""
    if mode in _ERRORS:
        return _error(*_ERRORS[mode])
    return {
        CloudinaryMode.ODD_503: lambda: JSONResponse({"status": "overloaded"}, 503),
        CloudinaryMode.ODD_ERROR: lambda: JSONResponse({"error": "overloaded"}, 503),
        CloudinaryMode.HTML: lambda: HTMLResponse("<html>Bad gateway</html>", 502),
        CloudinaryMode.HTML_200: lambda: HTMLResponse("<html>Welcome</html>"),
        CloudinaryMode.HALF_CLOSE: _Halved,
        CloudinaryMode.REDIRECT: lambda: Response(status_code=302, headers={"location": "/elsewhere"}),
    }.get(mode, lambda: None)()


def _refusal(parameters: Mapping[str, Any], *, is_download: bool) -> Response | None:
    """Check who asks and when. A signature does not say for which call it is."""
    signed = {name: value for name, value in parameters.items() if name not in _UNSIGNED}
    given = parameters.get("signature", "")
    if parameters.get("api_key") != API_KEY:
        return _error(401, "Unknown API key")
    if not any(hmac.compare_digest(given.encode(), _signature(signed, name).encode()) for name in ("sha1", "sha256")):
        return _error(401, f"Invalid Signature {given}. String to sign - {signed}")
    now = time.time()
    if is_download and "expires_at" in signed:
        return _error(401, "Expired") if now >= int(signed["expires_at"]) else None
    if now - int(signed.get("timestamp", "0")) > STALE_S:
        return _error(400, "Stale request")
    return None


def _signature(signed: Mapping[str, str], algorithm: str) -> str:
    text = "&".join(f"{name}={value}".replace("&", "%26") for name, value in sorted(signed.items()) if value != "")
    return hashlib.new(algorithm, (text + API_SECRET).encode()).hexdigest()


def _error(status: int, message: str) -> Response:
    return JSONResponse({"error": {"message": message}}, status)


def _format(content: bytes) -> str:
    if content.startswith(b"\xff\xd8\xff"):
        return "jpg"
    return "png" if content.startswith(b"\x89PNG") else "unknown"


@contextmanager
def cloudinary_standin() -> Iterator[CloudinaryStandIn]:
    """A vendor in a thread, so that it answers whatever the test's own loop does."""
    vendor = CloudinaryStandIn()
    # uvicorn sets them for the whole process
    levels = {name: logging.getLogger(name).level for name in ("uvicorn.error", "uvicorn.access", "uvicorn.asgi")}
    with socket.create_server(("127.0.0.1", 0)) as listening:
        vendor.prefix = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(
            vendor.application,
            loop="asyncio",
            lifespan="off",
            ws="none",
            log_config=None,
            log_level="critical",
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), name="cloudinary-standin")
        thread.start()
        try:
            yield vendor
        finally:
            vendor.reset()
            server.should_exit = True
            thread.join(HANG_GUARD_S)
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)
