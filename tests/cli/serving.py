"""Real servers of the command line, as subprocesses."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.processes import HANG_GUARD_S
from tests.support import PRICE_PREVIEW, is_unpriced, priced, told_by

PROGRAM = Path(sys.executable).parent / "traya-gql"

# half the time of a start is compiling, where the environment forbids Python to keep what it compiled
_BYTECODE = Path(__file__).parents[2] / ".pytest_cache" / "bytecode"


def environment(**changes: str) -> dict[str, str]:
    """Return the environment without settings of whoever runs the tests, and with limits that no test meets."""
    left_out = ("TRAYA_", "MONGODB_", "CLOUDINARY_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    ours = {"COLUMNS": "200", "PYTHONPYCACHEPREFIX": str(_BYTECODE), "TRAYA_RATE_LIMIT_FACTOR": "100"}
    return {**kept, **ours, **changes}


def run(*arguments: str, cwd: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [PROGRAM, *arguments],
        cwd=cwd,
        env=environment(**settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG_GUARD_S,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port that is given to nobody else until the end of the block, while a server of ours may listen on it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        # set only now: who asks for any port is not given this one
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if not sys.platform.startswith("linux"):
            held.close()
        yield port


@dataclass(frozen=True)
class Server:
    """A running server."""

    process: subprocess.Popen[str]
    port: int
    output: Path

    def ask(self, query: str, **variables: Any) -> Any:
        """Return the data of an answer. An order without an expected total asks for its price first."""
        typed: Any = variables.get("input")
        if "placeOrder" in query and is_unpriced(typed):
            variables = {**variables, "input": {**typed, **self.told(typed)}}
        answer = self._post(query, variables)
        assert "errors" not in answer, answer
        return answer["data"]

    def told(self, typed: dict[str, Any]) -> dict[str, str]:
        """Return what the order of a price is to expect."""
        return told_by(self._post(PRICE_PREVIEW, {"input": priced(typed)}))

    def _post(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = httpx.post(
            f"http://127.0.0.1:{self.port}/graphql",
            json={"query": query, "variables": variables},
            timeout=HANG_GUARD_S,
        ).json()
        return answer

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(how)
        return self.process.wait(HANG_GUARD_S)


@contextmanager
def serving(data: Path, *arguments: str, **settings: str) -> Iterator[Server]:
    """A server on this data folder, ready; stopped at the end if it still runs."""
    data.parent.mkdir(parents=True, exist_ok=True)
    with reserved_port() as port:
        output = data.parent / f"output-{port}.txt"
        with output.open("w", encoding="utf-8") as target:
            process = subprocess.Popen(
                [PROGRAM, "serve", "--port", str(port), "--data", str(data), *arguments],
                cwd=data.parent,
                env=environment(**settings),
                stdout=target,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        try:
            wait_until_ready(process, port, output)
            yield Server(process, port, output)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(HANG_GUARD_S)


def wait_until_ready(process: subprocess.Popen[str], port: int, output: Path) -> None:
    deadline = time.monotonic() + HANG_GUARD_S
    while time.monotonic() < deadline:
        assert process.poll() is None, output.read_text(encoding="utf-8")
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"not ready: {output.read_text(encoding='utf-8')}")
