"""Load: many requests at once over kept connections, every answer checked. By wrk where it is, else by asyncio.

Each request names an address of its own as its client's, as a proxy in front would: limits that are counted for an
address see many clients, not one.
"""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import subprocess
import tempfile
import time
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple

import uvloop

SCRIPT = Path(__file__).with_name("load.lua")
WRONG = (b'"errors":', b'"userErrors":[{', b'"isReplay":true')


class WrongAnswer(Exception):
    """A benchmark of wrong answers is none."""


class Request(NamedTuple):
    """What is posted: a JSON body, with a bearer token if there is one."""

    body: str
    token: str = ""


class Load(NamedTuple):
    """What a run came to. `sample` is the last wrong answer."""

    requests: int
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    errors: int
    sample: str = ""

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def generator() -> str:
    return "wrk" if shutil.which("wrk") else "asyncio"


def load(port: int, requests: list[Request], *, connections: int, seconds: int, needed: str) -> Load:
    """Post the requests in turn to /graphql of this port. Good is a 200 that holds `needed` and no error."""
    if generator() == "wrk":
        return _wrk(port, requests, connections=connections, seconds=seconds, needed=needed)
    return uvloop.run(_run(port, requests, connections=connections, seconds=seconds, needed=needed.encode()))


def _wrk(port: int, requests: list[Request], *, connections: int, seconds: int, needed: str) -> Load:
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.write("\n".join(f"{one.token}\t{one.body}" for one in requests))
        file.flush()
        # one thread: the requests go round in one order, and the cores are for the server and its database
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s"]
        url = f"http://127.0.0.1:{port}/graphql"
        ran = subprocess.run(
            [*command, "-s", str(SCRIPT), url, "--", file.name, needed], capture_output=True, text=True, check=True
        )
    return Load(**json.loads(ran.stdout.splitlines()[-1]))


async def _run(port: int, requests: list[Request], *, connections: int, seconds: int, needed: bytes) -> Load:
    turn = cycle([_bytes_of(one) for one in requests])
    latencies: list[float] = []
    wrong: list[str] = []
    begin = time.perf_counter()
    end = begin + seconds

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (sent_at := time.perf_counter()) < end:
            writer.write(next(turn))
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            body = await reader.readexactly(length)
            latencies.append(time.perf_counter() - sent_at)
            if b" 200 " not in head[:16] or needed not in body or any(one in body for one in WRONG):
                wrong.append(f"{head[9:12].decode()} {body[:300].decode()}")
        writer.close()

    await asyncio.gather(*(connection() for _ in range(connections)))
    took = time.perf_counter() - begin
    latencies.sort()
    p50, p95, p99 = (latencies[int(len(latencies) * part)] * 1000 for part in (0.50, 0.95, 0.99))
    return Load(len(latencies), took, p50, p95, p99, len(wrong), wrong[-1] if wrong else "")


def _bytes_of(request: Request) -> bytes:
    body = request.body.encode()
    lines = [
        "POST /graphql HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"X-Forwarded-For: 10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}",
    ]
    if request.token:
        lines.append(f"Authorization: Bearer {request.token}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def ask(port: int, request: Request) -> dict[str, Any]:
    """Post one request and return the data of its answer.

    Raises:
        ValueError: the answer is no good one.
    """

    async def once() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_bytes_of(request))
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        answer = await reader.readexactly(length)
        writer.close()
        return answer

    answer = asyncio.run(once())
    if any(one in answer for one in WRONG):
        raise ValueError(f"a wrong answer: {answer[:500].decode()}")
    data: dict[str, Any] = json.loads(answer)["data"]
    return data
