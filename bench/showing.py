"""What was measured, for people."""

from __future__ import annotations

import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import checks, multipart, search
from bench.assessments import Figure

out = Console(width=None if sys.stdout.isatty() else 120)


def show_compared(compared: dict[str, Any], facts: dict[str, Any]) -> None:
    results, signings, memory = (compared[name] for name in ("results", "signed_in", "peak_memory_mb"))
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
    for row in compared["tickets"]:
        latencies = " / ".join(f"{row[key]:.1f}" for key in ("p50_ms", "p95_ms", "p99_ms"))
        out.print(
            f"{row['operation']}, ours, {row['connections']} at once: {row['rate']:,.0f} req/s, p50 / p95 / p99 "
            f"{latencies} ms, {row['commands']:g} commands; the peer has nothing like it",
            highlight=False,
        )
    if memory:
        out.print("Commands: what MongoDB answered for one operation, without heartbeats.")
        out.print("Peak memory of the server process: " + ", ".join(f"{name} {mb} MB" for name, mb in memory.items()))
    out.print(
        f"{facts['cpus']} CPUs for server, mongod and load; load average {facts['load_average']:.1f} before; Python "
        f"{facts['python']}; mongod {facts['mongod']}; {facts['generator']}; {facts['rounds']} rounds of "
        f"{facts['seconds']} s; the peer on {facts['peer']}. Read ratios, not rates.",
        highlight=False,
    )


def show_assessed(assessed: list[Figure]) -> None:
    for figure in assessed:
        out.print(f"{figure}; all questions answered, median and range of rounds", highlight=False)


def show_searched(found: dict[str, Any]) -> None:
    if not found:
        return
    table = Table("Questions", "At once", title=f"{search.NAME}: ours, {found['products']:,} products")
    for heading in ("req/s", "p50 ms", "p95 ms", "p99 ms", "Aim p95"):
        table.add_column(heading, justify="right")
    for row in found["rows"]:
        has_aim = row["kind"] == search.MIXED and row["connections"] > 1
        table.add_row(
            row["kind"],
            str(row["connections"]),
            f"{row['rate']:,.0f}",
            *(f"{row[key]:.1f}" for key in ("p50_ms", "p95_ms", "p99_ms")),
            _at_most(row["p95_ms"], search.AIM_P95_MS) if has_aim else "",
        )
    out.print(table)
    for row in found["mongodb"]:
        out.print(
            f"MongoDB alone, first page, {row['kind']}, {row['way']}: p50 {row['p50_ms']:.2f} ms, p95 "
            f"{row['p95_ms']:.2f} ms",
            highlight=False,
        )
    sizes = ", ".join(f"{name} {size:.1f}" for name, size in found["sizes_mb"].items())
    out.print(f"MB: {sizes}; a product is written in {found['write_ms']:.1f} ms", highlight=False)


def show_uploads(rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    table = Table("At once", "Server", title=f"{multipart.NAME}: photos of {rows[0]['file_bytes'] / 1e6:.2f} MB")
    for heading in ("MB/s", "Photos", "Peak memory above idle, MB", "ours/plain"):
        table.add_column(heading, justify="right")
    for row in rows:
        for name in ("plain", "ours"):
            one, is_ours = row[name], name == "ours"
            table.add_row(
                "" if is_ours else str(row["connections"]),
                name,
                f"{one['mb_a_second']:.1f}",
                str(one["photos"]),
                f"{one['memory_mb']:.1f}",
                f"[bold]{row['ratio']:.2f}[/bold]" if is_ours else "",
                end_section=is_ours,
            )
    out.print(table)
    growth = {name: multipart.growth_mb(rows, name) for name in ("plain", "ours")}
    out.print(
        f"Peak memory of a further connection, from {rows[0]['connections']} to {rows[-1]['connections']}: ours "
        f"[bold]{growth['ours']:.2f} MB[/bold], aim {_at_most(growth['ours'], multipart.AIM_MB)} MB; plain "
        f"{growth['plain']:.2f} MB",
        highlight=False,
    )


def show_checked(checked: dict[str, Any]) -> None:
    if not checked:
        return
    table = Table("While", title=f"{checks.NAME}: ours with its worker inside, {checked['photos']} photos")
    for heading in ("Lag p50 ms", "p99", "max", "max own", "Query p50 ms", "p99", "max", "p50 / quiet", "Aim"):
        table.add_column(heading, justify="right")
    quiet = checked["phases"][0]["latency_ms"]
    for row in checked["phases"]:
        lag, latency = row["lag_ms"], row["latency_ms"]
        table.add_row(
            row["phase"],
            *(f"{lag[key]:.1f}" for key in ("p50", "p99", "max")),
            f"{row['own_lag_ms']['max']:.1f}",
            *(f"{latency[key]:.1f}" for key in ("p50", "p99", "max")),
            f"{latency['p50'] / quiet['p50']:.2f}",
            f"max lag {_at_most(lag['max'], checks.AIM_MS)}" if row["phase"] == checks.CHECKING else "",
        )
    out.print(table)
    out.print(
        f"{checked['photos_a_second']:.2f} photos a second, of 12 megapixels and {checked['mean_mb']:.1f} MB, from the "
        "first one's ticket to the last one's check, by one process that looks at photos. Own lag: without the wait "
        "for a core",
        highlight=False,
    )


def show_worked(worked: dict[str, Any]) -> None:
    if not worked:
        return
    one, two = worked["jobs_a_second"].values()
    out.print(
        f"jobs a second, {worked['jobs']:,} jobs of one document each, {worked['at_a_time']} at a time: {one:,.0f} by "
        f"one worker, {two:,.0f} by two ([bold]{two / one:.2f}[/bold])",
        highlight=False,
    )
    latency = worked["latency_ms"]
    out.print(
        f"from a job's commit to its effect, idle: p50 {latency['p50']:.1f} ms, max {latency['max']:.1f} ms",
        highlight=False,
    )


def _at_most(found: float, aim: float) -> str:
    return f"[{'green' if found <= aim else 'yellow'}]<= {aim:g}[/]"


def _aim(row: dict[str, Any]) -> str:
    if row["aim"] is None:
        return ""
    colour = "green" if row["ratio"] >= row["aim"] else "yellow"
    return f"[{colour}]>= {row['aim']:g}[/{colour}]"
