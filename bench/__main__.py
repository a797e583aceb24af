"""Measure ours against a plain Strawberry and Beanie application, side by side: `python -m bench`.

Both servers run as one process each, on one mongod, in databases of their own that hold the same data. Their answers
are compared first; then each operation is measured in pairs (plain, ours, ours, plain), so that the ratio holds on a
machine that drifts. In the same way a query of ours is measured against itself, asked by nobody and by customers who
are signed in. What one core assesses is measured before: `bench/assessments.py`. A wrong answer ends the run with exit
code 1. What the peer is: `bench/peers/plain/__init__.py`.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import os
import platform
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pymongo import MongoClient
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.assessments import Figure, figures
from bench.load import Load, ask, generator, load
from bench.operations import Operation, commands, difference, fill, operations, settled_commands, signed_in_and_not
from bench.servers import Server, ours, plain
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
out = Console(width=None if sys.stdout.isatty() else 120)


class WrongAnswer(Exception):
    """A benchmark of wrong answers is none."""


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
        ours_uri, plain_uri = (_database(attachment.uri, name) for name in ("bench_ours", "bench_plain"))
        first = stack.enter_context(ours(ours_uri, folder))
        second = stack.enter_context(plain(plain_uri, folder, is_standard=options.standard))
        filled = fill(client["bench_ours"], client["bench_plain"], port=first.port)
        chosen = [one for one in operations(filled) if options.only in one.name]
        _refuse_differences(chosen, first, second)
        facts = _facts(options, client)
        results = _measure(chosen, first, second, client, options)
        anonymous, signed_in = signed_in_and_not(filled)
        signings = _measure_signing(anonymous, signed_in, first, options) if options.only in signed_in.name else []
        memory = {server.name: round(server.peak_memory_mb(), 1) for server in (first, second)}
    _show(results, signings, memory, facts)
    _show_assessed(assessed)
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{facts['time'].replace(':', '')}.json"
    written = {"facts": facts, "peak_memory_mb": memory, "results": results, "signed_in": signings}
    file.write_text(json.dumps(written | {"assessments": [one._asdict() for one in assessed]}, indent=1))
    out.print(f"Written to {file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--seconds", type=int, default=4, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=2, help="pairs of measurements; the medians are shown")
    parser.add_argument("--only", default="", help="operations whose name holds this text")
    parser.add_argument("--standard", action="store_true", help="give the peer uvicorn[standard]: uvloop and httptools")
    return parser.parse_args()


def _database(uri: str, name: str) -> str:
    return urlunsplit(urlsplit(uri)._replace(path=f"/{name}"))


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


def _run(operation: Operation, server: Server, connections: int, seconds: int) -> Load:
    _load(operation, server, connections, WARM_UP_S, is_warm_up=True)
    return _load(operation, server, connections, seconds)


def _load(operation: Operation, server: Server, connections: int, seconds: int, *, is_warm_up: bool = False) -> Load:
    requests = server.requests(operation.posts(seconds * MOST_RATE))
    run = load(server.port, requests, connections=connections, seconds=seconds, needed=operation.needed)
    # on a busy machine no answer may be ready within a short warm-up
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


def _show(
    results: list[dict[str, Any]], signings: list[dict[str, Any]], memory: dict[str, float], facts: dict[str, Any]
) -> None:
    table = Table("Operation", "At once", "Server", title="ours and a plain Strawberry + Beanie application")
    for heading in ("req/s", "p50 ms", "p95 ms", "p99 ms", "Commands", "Errors", "ours/plain", "Aim"):
        table.add_column(heading, justify="right")
    for row in results:
        for name in ("plain", "ours"):
            one, is_ours = row[name], name == "ours"
            table.add_row(
                "" if is_ours else row["operation"],
                "" if is_ours else str(row["connections"]),
                name,
                f"{one['rate']:,.0f}",
                *(f"{one[key]:.1f}" for key in ("p50_ms", "p95_ms", "p99_ms")),
                f"{one['commands']:g}",
                str(one["errors"]),
                f"[bold]{row['ratio']:.2f}[/bold]" if is_ours else "",
                _aim(row) if is_ours else "",
                end_section=is_ours,
            )
    if results:
        out.print(table)
    for row in signings:
        rates = " and ".join(f"{row[one]['rate']:,.0f} req/s {one}" for one in ("anonymous", "authenticated"))
        aim = f", aim {_aim(row)}" if row["aim"] else ""
        out.print(
            f"{row['operation']}, ours, {row['connections']} at once: {rates}, [bold]{row['ratio']:.2f}[/bold]{aim}"
        )
    out.print("Commands: what MongoDB answered for one operation, without heartbeats.")
    out.print("Peak memory of the server process: " + ", ".join(f"{name} {mb} MB" for name, mb in memory.items()))
    out.print(
        f"{facts['cpus']} CPUs for server, mongod and load; load average {facts['load_average']:.1f} before; Python "
        f"{facts['python']}; mongod {facts['mongod']}; {facts['generator']}; {facts['rounds']} rounds of "
        f"{facts['seconds']} s; the peer on {facts['peer']}. Read ratios, not rates.",
        highlight=False,
    )


def _show_assessed(assessed: list[Figure]) -> None:
    for figure in assessed:
        out.print(f"{figure}; all questions answered, median and range of rounds", highlight=False)


def _aim(row: dict[str, Any]) -> str:
    if row["aim"] is None:
        return ""
    colour = "green" if row["ratio"] >= row["aim"] else "yellow"
    return f"[{colour}]>= {row['aim']:g}[/{colour}]"


if __name__ == "__main__":
    try:
        main()
    except WrongAnswer as wrong:
        out.print(str(wrong), style="red", markup=False, highlight=False)
        sys.exit(1)
