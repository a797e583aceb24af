"""Photos of 2 MB that come with a GraphQL request: how fast they are taken, and what memory that needs.

Each run has a server of its own, which has just started, on an empty folder: memory that an earlier run needed would
hide what this one needs. It runs no jobs: `bench/checks.py` measures those.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import uvloop

from bench.load import WrongAnswer
from bench.photos import CONSENT, EIGHT_MEGAPIXELS, Connection, Form, graphql_form, jpegs
from bench.servers import Server, ours, plain
from traya_gql.domain.photos import MOST_MULTIPART_BYTES

NAME = "uploadScalpPhoto"
CONNECTIONS = (1, 8, 32)
AIM_MB = 1
"""How much memory a further connection may need: half a photo. What the server has read ahead, and no more."""

_UPLOAD = """mutation ($file: Upload!, $input: CreateScalpPhotoUploadInput!) {
  uploadScalpPhoto(file: $file, input: $input) { photo { id state } accessToken userErrors { code message } }
}"""
_WARM_UPS = 5
_SETTLE_S = 0.5
_HANG_S = 120


class Run(NamedTuple):
    """What a run came to. `memory_mb`: the server's peak, above what it had before."""

    photos: int
    seconds: float
    file_bytes: int
    memory_mb: float

    @property
    def mb_a_second(self) -> float:
        return self.photos * self.file_bytes / self.seconds / 1e6


def measure(
    uri_of: Callable[[str], str], folder: Path, *, seconds: int, rounds: int, is_standard: bool
) -> list[dict[str, Any]]:
    """Return a row for each number of connections, with both servers.

    Args:
        uri_of: the address of a database, by its name.
        folder: where servers may keep files; nothing is left there.
        seconds: the length of a run.
        rounds: runs of each server; the medians are returned.
        is_standard: as in `servers.plain`.
    """
    (content,) = jpegs(1, size=EIGHT_MEGAPIXELS)
    if not 0.9 * MOST_MULTIPART_BYTES < len(content) <= MOST_MULTIPART_BYTES:
        raise WrongAnswer(f"the photo has {len(content)} bytes")
    rows = []
    for connections in CONNECTIONS:
        runs: dict[str, list[Run]] = {"plain": [], "ours": []}
        for turn in range(rounds):
            for name in ("plain", "ours") if turn % 2 == 0 else ("ours", "plain"):
                with _fresh(name, uri_of(f"bench_{name}_photos"), folder, is_standard=is_standard) as server:
                    runs[name].append(uvloop.run(_measured(server, content, connections=connections, seconds=seconds)))
        measured = {name: _median(of) for name, of in runs.items()}
        ratio = measured["ours"]["mb_a_second"] / measured["plain"]["mb_a_second"]
        rows.append({"connections": connections, "file_bytes": len(content), "ratio": ratio, **measured})
    return rows


def growth_mb(rows: list[dict[str, Any]], name: str) -> float:
    """Return how much more memory a server needs for each connection, from the fewest to the most."""
    first, last = rows[0], rows[-1]
    growth: float = last[name]["memory_mb"] - first[name]["memory_mb"]
    connections: int = last["connections"] - first["connections"]
    return growth / connections


@contextlib.contextmanager
def _fresh(name: str, uri: str, folder: Path, *, is_standard: bool) -> Iterator[Server]:
    own = folder / "multipart"
    own.mkdir()
    settings = {"TRAYA_MULTIPART_UPLOADS": "true", "TRAYA_JOBS_AT_A_TIME": "0"}
    starting = ours(uri, own, settings=settings) if name == "ours" else plain(uri, own, is_standard=is_standard)
    try:
        with starting as server:
            yield server
    finally:
        shutil.rmtree(own)


async def _measured(server: Server, content: bytes, *, connections: int, seconds: int) -> Run:
    # little of it, so that only what a photo needs is measured, and not what a first request needs
    small = graphql_form(_UPLOAD, {"input": {"consent": CONSENT}}, content=content[:1000])
    async with asyncio.timeout(seconds + _HANG_S):
        await _send(server, small, connections=1, is_enough=lambda sent: sent >= _WARM_UPS)
        await asyncio.sleep(_SETTLE_S)
        before_mb = server.memory_mb()
        server.forget_peak_memory()
        begin = time.perf_counter()
        sent = await _send(
            server,
            graphql_form(_UPLOAD, {"input": {"consent": CONSENT}}, content=content),
            connections=connections,
            is_enough=lambda _: time.perf_counter() - begin > seconds,
        )
        took_s = time.perf_counter() - begin
    return Run(sent, took_s, len(content), server.peak_memory_mb() - before_mb)


async def _send(server: Server, form: Form, *, connections: int, is_enough: Callable[[int], bool]) -> int:
    """Send over so many connections until it is enough; return how many were taken."""
    sent = 0

    async def send() -> None:
        nonlocal sent
        connection = await Connection.open(server.port)
        with contextlib.closing(connection):
            while not is_enough(sent):
                answer = await connection.post("/graphql", form)
                if answer.status != 200 or b'"STORED"' not in answer.body or b'"errors"' in answer.body:
                    raise WrongAnswer(f"{server.name}, {NAME}: {answer.status} {answer.body[:300].decode()}")
                sent += 1

    try:
        await asyncio.gather(*(send() for _ in range(connections)))
    except (OSError, EOFError) as error:
        raise WrongAnswer(f"{server.name}, {NAME}: the connection broke: {error}") from error
    return sent


def _median(runs: list[Run]) -> dict[str, float]:
    return {
        "photos": sum(one.photos for one in runs),
        "mb_a_second": statistics.median(one.mb_a_second for one in runs),
        "memory_mb": statistics.median(one.memory_mb for one in runs),
    }
