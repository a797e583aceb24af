"""The two servers under test, each one process."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

import jwt

from bench.load import Request, ask
from traya_gql.services.access_tokens import ACCESS_TOKEN_LIFETIME, AccessTokens, Grant, Kind, SignedIn
from traya_gql.services.keys import Keys

ROOT = Path(__file__).parent.parent
_START_S = 30


REPORT_TOKEN = "put the accessToken of your report here"
"""What stands in a body where the server's own token of the report belongs."""


class Post(NamedTuple):
    """A JSON body, and the customer who posts it; None: nobody is signed in. The body may hold `REPORT_TOKEN`."""

    body: str
    customer_id: UUID | None = None
    report_id: UUID | None = None


class Tokens(NamedTuple):
    """How a server signs: the bearer token of a customer, and the access token of a report."""

    of_customer: Callable[[UUID], str]
    of_report: Callable[[UUID], str]


class Server(NamedTuple):
    """A running server."""

    name: str
    port: int
    pid: int
    tokens: Tokens

    def requests(self, posts: list[Post]) -> list[Request]:
        """Return what to send to this server now: a bearer token lasts for 15 minutes."""
        customers = {one: self.tokens.of_customer(one) for one in {post.customer_id for post in posts} if one}
        reports = {one: self.tokens.of_report(one) for one in {post.report_id for post in posts} if one}
        return [
            Request(
                post.body.replace(REPORT_TOKEN, reports[post.report_id]) if post.report_id else post.body,
                customers.get(post.customer_id, ""),
            )
            for post in posts
        ]

    def memory_mb(self) -> float:
        return self._memory_mb("VmRSS")

    def peak_memory_mb(self) -> float:
        return self._memory_mb("VmHWM")

    def forget_peak_memory(self) -> None:
        """From now on, the peak is that of what comes. Source: proc(5), clear_refs."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5", encoding="ascii")

    def _memory_mb(self, name: str) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(status.partition(f"{name}:")[2].split()[0]) / 1024


def ours(
    uri: str, folder: Path, *, is_probed: bool = False, settings: Mapping[str, str] | None = None
) -> contextlib.AbstractContextManager[Server]:
    """Run `traya-gql serve`; `is_probed`: the same application, which tells how late its loop is (`bench/probed.py`).

    `settings`: further environment variables.
    """
    port = _free_port()
    if is_probed:
        command = [sys.executable, "-m", "uvicorn", "--factory", "bench.probed:create_app", "--port", str(port)]
        # as `serve` runs it
        command += ["--loop", "uvloop", "--http", "httptools", "--ws", "none", "--no-access-log"]
    else:
        command = [sys.executable, "-m", "traya_gql", "serve", "--port", str(port)]
    secret = secrets.token_urlsafe(48)
    tokens = AccessTokens(keys=Keys(first=secret), guest_lifetime=timedelta(days=1))

    def of_customer(customer_id: UUID) -> str:
        signed_in = SignedIn(customer_id, session_id=uuid4(), access_version=1, roles=frozenset())
        return tokens.issue_for_session(signed_in, made_at=datetime.now(UTC)).token

    def of_report(report_id: UUID) -> str:
        return tokens.issue(Grant(Kind.REPORT, report_id), made_at=datetime.now(UTC)).token

    # so that each request can come from an address of its own, and the limits work as they do behind a proxy
    environment = {
        "MONGODB_URI": uri,
        "TRAYA_DATA": str(folder / "ours"),
        "TRAYA_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "TRAYA_SECRET_KEY": secret,
        "TRAYA_TRUSTED_PROXIES": "127.0.0.1",
        **(settings or {}),
    }
    return _running("ours", port, command, environment, folder=folder, tokens=Tokens(of_customer, of_report))


def plain(uri: str, folder: Path, *, is_standard: bool) -> contextlib.AbstractContextManager[Server]:
    """Run the peer as `pip install uvicorn` would; `is_standard`: as `pip install uvicorn[standard]`."""
    port = _free_port()
    loop, http = ("uvloop", "httptools") if is_standard else ("asyncio", "h11")
    command = [sys.executable, "-m", "uvicorn", "bench.peers.plain.app:app", "--port", str(port)]
    secret = secrets.token_urlsafe(48)

    def make_token(id_: UUID) -> str:
        return jwt.encode({"sub": id_.hex, "exp": datetime.now(UTC) + ACCESS_TOKEN_LIFETIME}, secret, "HS256")

    environment = {"PEER_MONGODB_URI": uri, "PEER_SECRET_KEY": secret, "PEER_PHOTOS": str(folder / "plain-photos")}
    options = ["--loop", loop, "--http", http, "--ws", "none"]
    return _running(
        "plain", port, [*command, *options], environment, folder=folder, tokens=Tokens(make_token, make_token)
    )


@contextlib.contextmanager
def _running(
    name: str,
    port: int,
    command: list[str],
    environment: dict[str, str],
    *,
    folder: Path,
    tokens: Tokens,
) -> Iterator[Server]:
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        _wait(process, port, log)
        yield Server(name, port, process.pid, tokens)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            ask(port, Request('{"query":"{__typename}"}'))
            return
        time.sleep(0.05)
    raise RuntimeError(f"{' '.join(process.args)} did not start:\n{log.read_text(errors='replace')[-2000:]}")  # type: ignore[arg-type]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
