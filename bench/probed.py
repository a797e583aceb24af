"""The application of `traya-gql serve`, with one task more on its loop that notes how late it is.

`uvicorn --factory bench.probed:create_app`. Each `GET /loop-lag` answers with what was noted since the one before, as
JSON: pairs of milliseconds, how late the task woke, and how much of that the loop's thread was ready to run but had no
core. The first begins it.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import orjson
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from traya_gql.app import create_app_from_environment

PATH = "/loop-lag"
EVERY_S = 0.005
_SCHEDSTAT = Path("/proc/thread-self/schedstat")


class Probed:
    """An application that tells how late its loop is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._lags_ms: list[tuple[float, float]] = []
        self._probe: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH:
            await self._app(scope, receive, send)
            return
        if self._probe is None:
            self._probe = asyncio.create_task(self._note_lags())
        noted, self._lags_ms = self._lags_ms, []
        await Response(orjson.dumps(noted), media_type="application/json")(scope, receive, send)

    async def _note_lags(self) -> None:
        while True:
            # uvloop's own time stands still while its loop is held up
            asleep_at, kept_waiting_ns = time.perf_counter(), _kept_waiting_ns()
            await asyncio.sleep(EVERY_S)
            lag_s = time.perf_counter() - asleep_at - EVERY_S
            self._lags_ms.append((lag_s * 1000, min((_kept_waiting_ns() - kept_waiting_ns) / 1e6, lag_s * 1000)))


def _kept_waiting_ns() -> int:
    """Return how long this thread has waited for a core until now. Source: the kernel's sched-stats.rst."""
    return int(_SCHEDSTAT.read_bytes().split()[1])


def create_app() -> Probed:
    return Probed(create_app_from_environment())
