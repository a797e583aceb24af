"""Measure ours against a plain Strawberry and Beanie application, side by side: `python -m bench`.

Both servers run as one process each, on one mongod, in databases of their own that hold the same data. Their answers
are compared first; then each operation is measured in pairs (plain, ours, ours, plain), so that the ratio holds on a
machine that drifts. In the same way a query of ours is measured against itself, asked by nobody and by customers who
are signed in. What one core assesses is measured before: `bench/assessments.py`. Photos and jobs come last, each with
servers of their own: `bench/multipart.py`, `bench/checks.py` and `bench/jobs.py`. A wrong answer ends the run with exit
code 1. What the peer is: `bench/peers/plain/__init__.py`.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import os
import platform
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pymongo import MongoClient
from rich.progress import Progress

from bench import checks, jobs, multipart, search
from bench.assessments import figures
from bench.load import Load, WrongAnswer, ask, generator, load
from bench.operations import (
    Filled,
    Operation,
    commands,
    difference,
    fill,
    operations,
    settled_commands,
    signed_in_and_not,
    tickets,
)
from bench.servers import Server, ours, plain
from bench.showing import out, show_assessed, show_checked, show_compared, show_searched, show_uploads, show_worked
from traya_gql.integrations.mongodb.embedded import attach

CONNECTIONS = (1, 32)
MOST_RATE = 3000
"""Requests a second that are made ready; when they are used up, they go round."""
EXACT = 10
"""Requests one after the other, to count their MongoDB commands."""
COUNTS = 3
"""How often they are counted."""
PAIRS = 4
"""Pairs of measurements a round, of half the length, where the same query is measured against itself."""
WARM_UP_S = 1
RESULTS = Path(__file__).parent / "results"
PACKAGES = ("strawberry-graphql", "graphql-core", "beanie", "pymongo", "pydantic", "starlette", "uvicorn", "uvloop")


def main() -> None:
    options = _options()
    assessed = figures() if options.only in "assessments" else []
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="traya-bench-")))
        attachment = attach(folder / "mongodb", mongod=None)
        stack.callback(attachment.release, wait_s=15)
        client: MongoClient[dict[str, Any]] = stack.enter_context(
            MongoClient(attachment.uri, uuidRepresentation="standard", tz_aware=True)
        )

        def uri_of(name: str) -> str:
            return urlunsplit(urlsplit(attachment.uri)._replace(path=f"/{name}"))

        facts = _facts(options, client)
        compared = _compare(client, uri_of, folder, options)
        searched = _measure_search(client, uri_of, folder, options)
        uploads, checked, worked = _measure_photos_and_jobs(client, uri_of, folder, options)
    show_compared(compared, facts)
    show_assessed(assessed)
    show_searched(searched)
    show_uploads(uploads)
    show_checked(checked)
    show_worked(worked)
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{facts['time'].replace(':', '')}.json"
    parts = {"search": searched, "uploads": uploads, "checked": checked, "jobs": worked}
    written = {"facts": facts, **compared, **parts, "assessments": [one._asdict() for one in assessed]}
    file.write_text(json.dumps(written, indent=1))
    out.print(f"Written to {file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file}")


def _compare(
    client: MongoClient[dict[str, Any]], uri_of: Callable[[str], str], folder: Path, options: argparse.Namespace
) -> dict[str, Any]:
    """Measure what is asked of both servers, and of ours alone."""
    unfilled = Filled([], [])
    names = [one.name for one in (*operations(unfilled), *signed_in_and_not(unfilled), tickets())]
    if not any(options.only in name for name in names):
        return {"peak_memory_mb": {}, "results": [], "signed_in": [], "tickets": []}
    with (
        ours(uri_of("bench_ours"), folder) as first,
        plain(uri_of("bench_plain"), folder, is_standard=options.standard) as second,
    ):
        filled = fill(client["bench_ours"], client["bench_plain"], server=first)
        chosen = [one for one in operations(filled) if options.only in one.name]
        _refuse_differences(chosen, first, second)
        results = _measure(chosen, first, second, client, options)
        anonymous, signed_in = signed_in_and_not(filled)
        signings = _measure_signing(anonymous, signed_in, first, options) if options.only in signed_in.name else []
        # before what only one of them does
        memory = {server.name: round(server.peak_memory_mb(), 1) for server in (first, second)}
        begun = _measure_alone(tickets(), first, client, options) if options.only in tickets().name else []
    return {"peak_memory_mb": memory, "results": results, "signed_in": signings, "tickets": begun}


def _measure_search(
    client: MongoClient[dict[str, Any]], uri_of: Callable[[str], str], folder: Path, options: argparse.Namespace
) -> dict[str, Any]:
    """Return what came of the search of a large shop; empty if it was not asked for."""
    if options.only not in search.NAME:
        return {}
    with out.status(search.NAME):
        return search.measure(client, uri_of("bench_search"), folder, seconds=options.seconds, rounds=options.rounds)


def _measure_photos_and_jobs(
    client: MongoClient[dict[str, Any]], uri_of: Callable[[str], str], folder: Path, options: argparse.Namespace
) -> tuple[list[dict[str, Any]], dict[str, Any], dict[str, Any]]:
    """Return what came of uploads, of checks and of jobs: each is empty if it was not asked for."""
    uploads: list[dict[str, Any]] = []
    checked: dict[str, Any] = {}
    worked: dict[str, Any] = {}
    if options.only in multipart.NAME:
        with out.status(multipart.NAME):
            uploads = multipart.measure(
                uri_of, folder, seconds=options.seconds, rounds=options.rounds, is_standard=options.standard
            )
    if options.only in checks.NAME:
        with out.status(checks.NAME):
            checked = checks.measure(client, uri_of("bench_checks"), folder, seconds=options.seconds)
    if options.only in jobs.NAME:
        with out.status(jobs.NAME):
            worked = jobs.measure(uri_of("bench_jobs"))
    return uploads, checked, worked


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--seconds", type=int, default=4, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=2, help="pairs of measurements; the medians are shown")
    parser.add_argument("--only", default="", help="only what has a name that holds this text")
    parser.add_argument("--standard", action="store_true", help="give the peer uvicorn[standard]: uvloop and httptools")
    return parser.parse_args()


def _refuse_differences(chosen: list[Operation], first: Server, second: Server) -> None:
    for operation in chosen:
        if found := difference(first, second, operation):
            raise WrongAnswer(f"The two applications do not answer the same.\n{found}")


def _measure(
    chosen: list[Operation], first: Server, second: Server, client: MongoClient[dict[str, Any]], options: Any
) -> list[dict[str, Any]]:
    rows = []
    with Progress(console=out, transient=True) as progress:
        task = progress.add_task("", total=len(chosen) * len(CONNECTIONS) * options.rounds * 2)
        for operation in chosen:
            counts = {server.name: _commands_each(operation, server, client) for server in (first, second)}
            for connections in CONNECTIONS:
                runs: dict[str, list[Load]] = {first.name: [], second.name: []}
                for turn in range(options.rounds):
                    for server in (second, first) if turn % 2 == 0 else (first, second):
                        progress.update(task, description=f"{operation.name}, {connections} connections")
                        runs[server.name].append(_run(operation, server, connections, options.seconds))
                        progress.advance(task)
                measured = {name: _median(loads) | {"commands": counts[name]} for name, loads in runs.items()}
                rows.append(
                    {
                        "operation": operation.name,
                        "connections": connections,
                        "ratio": measured["ours"]["rate"] / measured["plain"]["rate"],
                        "aim": operation.aim if connections > 1 else None,
                        **measured,
                    }
                )
    return rows


def _measure_signing(
    anonymous: Operation, signed_in: Operation, server: Server, options: argparse.Namespace
) -> list[dict[str, Any]]:
    """Measure one operation with and without a bearer token, in many short pairs: the difference is small."""
    rows = []
    for connections in CONNECTIONS:
        for operation in (anonymous, signed_in):
            _load(operation, server, connections, WARM_UP_S, is_warm_up=True)
        runs: dict[str, list[Load]] = {anonymous.name: [], signed_in.name: []}
        for turn in range(options.rounds * PAIRS):
            for operation in (anonymous, signed_in) if turn % 2 == 0 else (signed_in, anonymous):
                runs[operation.name].append(_load(operation, server, connections, max(options.seconds // 2, 1)))
        pairs = zip(runs[signed_in.name], runs[anonymous.name], strict=True)
        rows.append(
            {
                "operation": signed_in.name,
                "connections": connections,
                "ratio": statistics.median(one.rate / other.rate for one, other in pairs),
                "aim": signed_in.aim if connections > 1 else None,
                "anonymous": _median(runs[anonymous.name]),
                "authenticated": _median(runs[signed_in.name]),
            }
        )
    return rows


def _measure_alone(
    operation: Operation, server: Server, client: MongoClient[dict[str, Any]], options: argparse.Namespace
) -> list[dict[str, Any]]:
    """Measure what the peer does not have."""
    count = _commands_each(operation, server, client)
    rows = []
    for connections in CONNECTIONS:
        runs = [_run(operation, server, connections, options.seconds) for _ in range(options.rounds)]
        rows.append({"operation": operation.name, "connections": connections, **_median(runs), "commands": count})
    return rows


def _run(operation: Operation, server: Server, connections: int, seconds: int) -> Load:
    _load(operation, server, connections, WARM_UP_S, is_warm_up=True)
    return _load(operation, server, connections, seconds)


def _load(operation: Operation, server: Server, connections: int, seconds: int, *, is_warm_up: bool = False) -> Load:
    requests = server.requests(operation.posts(seconds * MOST_RATE))
    run = load(server.port, requests, connections=connections, seconds=seconds, needed=operation.needed)
    if not (run.requests or run.errors or is_warm_up):
        # on a busy machine no answer may be ready so soon
        run = load(server.port, requests, connections=connections, seconds=seconds * 5, needed=operation.needed)
    if run.errors or not (run.requests or is_warm_up):
        raise WrongAnswer(
            f"{server.name}, {operation.name}: {run.errors} of {run.requests} answers are wrong: {run.sample}"
        )
    return run


def _commands_each(operation: Operation, server: Server, client: MongoClient[dict[str, Any]]) -> float:
    counts = []
    for _ in range(COUNTS):
        requests = server.requests(operation.posts(EXACT))
        before = settled_commands(client)
        for request in requests:
            ask(server.port, request)
        counts.append((commands(client) - before) / EXACT)
    # mongod now and then asks itself something, and ours what is revoked: the least is what the requests sent
    return min(counts)


def _median(loads: list[Load]) -> dict[str, float]:
    figures = ("rate", "p50_ms", "p95_ms", "p99_ms")
    return {
        **{name: statistics.median(getattr(one, name) for one in loads) for name in figures},
        "requests": sum(one.requests for one in loads),
        "errors": sum(one.errors for one in loads),
    }


def _facts(options: argparse.Namespace, client: MongoClient[dict[str, Any]]) -> dict[str, Any]:
    model = Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("model name")[2].partition("\n")[0]
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpus": os.cpu_count(),
        "cpu": model.strip("\t :"),
        "load_average": os.getloadavg()[0],
        "python": platform.python_version(),
        "mongod": client.server_info()["version"],
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "generator": generator(),
        "seconds": options.seconds,
        "rounds": options.rounds,
        "peer": "uvicorn[standard]" if options.standard else "uvicorn",
    }


if __name__ == "__main__":
    # whose time has run out ends the servers and leaves no folder behind
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        main()
    except WrongAnswer as wrong:
        out.print(str(wrong), style="red", markup=False, highlight=False)
        sys.exit(1)
