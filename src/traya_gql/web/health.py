"""Health: for load balancers and people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_HEADERS = {"content-type": "application/json", "cache-control": "no-store"}


def routes(*, is_ready: Callable[[], Awaitable[bool]]) -> list[Route]:
    """Return `/health/live` (the process answers) and `/health/ready` (the database does too; 503 when not)."""

    async def live(_: Request) -> Response:
        return Response(orjson.dumps({"status": "live"}), headers=_HEADERS)

    async def ready(_: Request) -> Response:
        if await is_ready():
            return Response(orjson.dumps({"status": "ready"}), headers=_HEADERS)
        return Response(orjson.dumps({"status": "database unreachable"}), 503, _HEADERS)

    return [Route("/health/live", live), Route("/health/ready", ready)]
