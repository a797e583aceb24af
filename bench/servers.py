"""The two servers under test, each one process."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bench.load import ask

ROOT = Path(__file__).parent.parent
_START_S = 30


class Server(NamedTuple):
    """A running server."""

    name: str
    port: int
    pid: int

    def peak_memory_mb(self) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def ours(uri: str, folder: Path) -> contextlib.AbstractContextManager[Server]:
    """Run `traya-gql serve`."""
    port = _free_port()
    command = [sys.executable, "-m", "traya_gql", "serve", "--port", str(port), "--data", str(folder / "ours")]
    return _running("ours", port, command, {"MONGODB_URI": uri}, folder)


def plain(uri: str, folder: Path, *, is_standard: bool) -> contextlib.AbstractContextManager[Server]:
    """Run the peer as `pip install uvicorn` would; `is_standard`: as `pip install uvicorn[standard]`."""
    port = _free_port()
    loop, http = ("uvloop", "httptools") if is_standard else ("asyncio", "h11")
    command = [sys.executable, "-m", "uvicorn", "bench.peers.plain.app:app", "--port", str(port)]
    return _running(
        "plain", port, [*command, "--loop", loop, "--http", http, "--ws", "none"], {"PEER_MONGODB_URI": uri}, folder
    )


@contextlib.contextmanager
def _running(name: str, port: int, command: list[str], environment: dict[str, str], folder: Path) -> Iterator[Server]:
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        _wait(process, port, log)
        yield Server(name, port, process.pid)
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
            ask(port, '{"query":"{__typename}"}')
            return
        time.sleep(0.05)
    raise RuntimeError(f"{' '.join(process.args)} did not start:\n{log.read_text(errors='replace')[-2000:]}")  # type: ignore[arg-type]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
