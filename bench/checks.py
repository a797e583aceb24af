"""How late a server's loop is while its worker looks at photos, and how many it looks at.

A server with its worker inside, as `traya-gql serve` has by default, is asked a cheap query all the time, by a process
of its own; a task on the server's loop notes how late it wakes. Both are done three times: quiet; while a process keeps
one core busy, which shows what this machine does to any server; and while photos are sent and looked at.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvloop
from pymongo import MongoClient
from pymongo.database import Database

from bench import probed
from bench.load import WrongAnswer
from bench.photos import CONSENT, TWELVE_MEGAPIXELS, Connection, form, jpegs
from bench.servers import ROOT, Server, ours

NAME = "loop lag"
PHOTOS = 24
AIM_MS = 50
QUIET, CORE_BUSY, CHECKING = "quiet", "one core busy", "photos checked"

_PICTURES = 6
_SENDERS = 2
_POLL_S = 0.02
_HANG_S = 300
_BEGIN = """mutation ($input: CreateScalpPhotoUploadInput!) {
  createScalpPhotoUpload(input: $input) {
    photo { id } accessToken upload { url fields { name value } fileField } userErrors { code message }
  }
}"""
_COMPLETE = """mutation ($input: CompleteScalpPhotoUploadInput!) {
  completeScalpPhotoUpload(input: $input) { photo { id state } userErrors { code message } }
}"""


def measure(client: MongoClient[dict[str, Any]], uri: str, folder: Path, *, seconds: int) -> dict[str, Any]:
    """Return photos a second, and for each of the three phases the latencies and the lags.

    `seconds`: how long the two phases without photos are; with photos, it takes as long as `PHOTOS` photos take.
    """
    pictures = jpegs(_PICTURES, size=TWELVE_MEGAPIXELS, quality=90)
    database = client[urlsplit(uri).path.strip("/")]
    own = folder / "checks"
    own.mkdir()
    with ours(uri, own, is_probed=True) as server:
        # the child that looks at photos starts with the first one
        _check(server, database, pictures[:1])
        _lags(server)
        phases = [
            {"phase": QUIET, **_during(server, lambda: time.sleep(seconds))},
            {"phase": CORE_BUSY, **_during(server, lambda: _keep_a_core_busy(seconds))},
        ]
        photos = [pictures[number % _PICTURES] for number in range(PHOTOS)]
        took_s: list[float] = []
        phases.append({"phase": CHECKING, **_during(server, lambda: took_s.append(_check(server, database, photos)))})
    return {
        "photos": PHOTOS,
        "mean_mb": sum(len(one) for one in photos) / PHOTOS / 1e6,
        "photos_a_second": PHOTOS / took_s[0],
        "phases": phases,
    }


def _during(server: Server, work: Callable[[], object]) -> dict[str, Any]:
    """Return the figures of latency and lag while the work is done."""
    with _asking(server) as latencies_ms:
        _lags(server)
        work()
        lags_ms = _lags(server)
    return {
        "latency_ms": _figures(latencies_ms),
        "lag_ms": _figures([lag for lag, _ in lags_ms]),
        "own_lag_ms": _figures([lag - waited for lag, waited in lags_ms]),
    }


@contextlib.contextmanager
def _asking(server: Server) -> Iterator[list[float]]:
    """Ask a cheap query during the block; afterwards, the list holds how long each took."""
    latencies_ms: list[float] = []
    command = [sys.executable, "-m", "bench.latency", str(server.port)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as asker:
        assert asker.stdout is not None
        try:
            if asker.stdout.readline() != "ready\n":
                raise WrongAnswer("the cheap query failed")
            yield latencies_ms
            told, _ = asker.communicate(timeout=60)
        finally:
            asker.kill()
    if asker.returncode:
        raise WrongAnswer("the cheap query failed")
    latencies_ms += json.loads(told)


def _lags(server: Server) -> list[tuple[float, float]]:
    """Return what the loop's task noted since this was called last: lags, and how much of each was want of a core."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", probed.PATH)
        found: list[tuple[float, float]] = json.loads(connection.getresponse().read())
    return found


def _keep_a_core_busy(seconds: int) -> None:
    burning = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        time.sleep(seconds)
    finally:
        burning.kill()
        burning.wait()


def _check(server: Server, database: Database[dict[str, Any]], photos: list[bytes]) -> float:
    """Send photos, wait until all are looked at, and return how many seconds that took."""
    looked_at = {"state": {"$in": ["CHECKED", "REJECTED"]}}
    expected = database["scalp_photos"].count_documents(looked_at) + len(photos)
    begin = time.perf_counter()
    uvloop.run(_send_all(server, photos))
    while database["scalp_photos"].count_documents(looked_at) < expected:
        if time.perf_counter() - begin > _HANG_S:
            raise WrongAnswer(f"the photos were not looked at within {_HANG_S} s")
        time.sleep(_POLL_S)
    took_s = time.perf_counter() - begin
    if database["scalp_photos"].count_documents({"state": "REJECTED"}):
        raise WrongAnswer("a photo was rejected")
    return took_s


async def _send_all(server: Server, photos: list[bytes]) -> None:
    left = iter(photos)

    async def send() -> None:
        with contextlib.closing(await Connection.open(server.port)) as connection:
            for photo in left:
                await _send(connection, photo)

    async with asyncio.timeout(_HANG_S):
        await asyncio.gather(*(send() for _ in range(_SENDERS)))


async def _send(connection: Connection, photo: bytes) -> None:
    begun = await connection.ask(_BEGIN, {"input": {"consent": CONSENT}})
    upload = begun["upload"]
    fields = {one["name"]: one["value"] for one in upload["fields"]}
    sent = await connection.post(
        urlsplit(upload["url"]).path, form(fields, file_field=upload["fileField"], content=photo)
    )
    if sent.status != 200:
        raise WrongAnswer(f"the photo was not taken: {sent.status} {sent.body[:300].decode()}")
    taken = json.loads(sent.body)
    receipt = {"version": str(taken["version"]), "signature": taken["signature"]}
    named = {"photoId": begun["photo"]["id"], "accessToken": begun["accessToken"], "receipt": receipt}
    await connection.ask(_COMPLETE, {"input": named})


def _figures(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "samples": len(ordered),
        "p50": ordered[len(ordered) // 2],
        "p99": ordered[len(ordered) * 99 // 100],
        "max": ordered[-1],
    }
