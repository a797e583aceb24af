"""`traya-gql jobs` and `traya-gql worker`."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from rich.table import Table
from rich.text import Text

from traya_gql.app import Storage, build_images, prepare_storage, running_worker
from traya_gql.cli.program import DataOption, app, fail, faults_in_words, hold_database, out, settings_of, with_storage
from traya_gql.documents.jobs import JobRecord
from traya_gql.domain.jobs import JobState
from traya_gql.observability.faults import install_excepthooks, install_loop_handler
from traya_gql.observability.logging import configure_logging
from traya_gql.services.jobs import Jobs
from traya_gql.settings import Mode, Settings

T = TypeVar("T")

jobs_app = typer.Typer(help="What the server does by itself: look at it, and mend what was given up.")
app.add_typer(jobs_app, name="jobs", no_args_is_help=True)

IdsArgument = Annotated[list[UUID] | None, typer.Argument(help="The ids, as `jobs list` shows them.")]
AllOption = Annotated[bool, typer.Option("--all", help="All that were given up.")]


@app.command()
def worker(
    at_a_time: Annotated[
        int | None, typer.Option(help="How many jobs run at once; TRAYA_JOBS_AT_A_TIME by default.", min=1, max=64)
    ] = None,
    data: DataOption = None,
) -> None:
    """Run jobs until Ctrl-C. `traya-gql serve` does it too, unless TRAYA_JOBS_AT_A_TIME=0.

    Example: TRAYA_JOBS_AT_A_TIME=0 traya-gql serve, and beside it: traya-gql worker --at-a-time 8
    """
    with faults_in_words():
        settings = settings_of(data)
        configure_logging(is_json=settings.mode is Mode.PRODUCTION)
        install_excepthooks()
        count = at_a_time or settings.jobs_at_a_time
        if not count:
            fail("TRAYA_JOBS_AT_A_TIME is 0: no jobs would run. Say how many: traya-gql worker --at-a-time 4")
        # both kinds of ending let the database go, and give back what is not done
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with hold_database(settings), contextlib.suppress(KeyboardInterrupt):
            asyncio.run(with_storage(settings, lambda storage: _work(settings, storage, at_a_time=count)))
        out.print("Stopped.")


async def _work(settings: Settings, storage: Storage, *, at_a_time: int) -> None:
    install_loop_handler(asyncio.get_running_loop())
    await prepare_storage(storage)
    images = build_images(settings)
    try:
        # read once, and now: it may have to be written, and a folder that cannot be used stops the start
        await asyncio.to_thread(lambda: images.name)
        async with running_worker(settings, storage, images=images, at_a_time=at_a_time) as task:
            # an interrupt may come in the middle of a step, whose job is then not given back; a cancellation never does
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
            out.print(f"Running jobs, {at_a_time} at a time. Ctrl-C stops.")
            with contextlib.suppress(asyncio.CancelledError):
                await task
    finally:
        await images.close()


@jobs_app.command("list")
def jobs_list(
    state: Annotated[JobState | None, typer.Option(help="Only those in this state.", case_sensitive=False)] = None,
    first: Annotated[int, typer.Option(help="How many, the newest first.", min=1, max=1000)] = 50,
    data: DataOption = None,
) -> None:
    """Show jobs, the newest first: what waits, runs, was done, or was given up and why.

    Example: traya-gql jobs list --state DEAD
    """
    found = _with_jobs(lambda jobs: jobs.page(state=state, after=None, limit=first), data=data)
    out.print(_table(found) if found else "There are no such jobs.")


@jobs_app.command("retry")
def jobs_retry(ids: IdsArgument = None, *, is_all: AllOption = False, data: DataOption = None) -> None:
    """Have jobs tried again that were given up.

    Example: traya-gql jobs retry --all
    """
    named = _named(ids, is_all=is_all, command="retry")
    count = _with_jobs(lambda jobs: jobs.retry(named), data=data)
    out.print(f"{count} jobs wait again.")
    _end(count, named)


@jobs_app.command("drop")
def jobs_drop(ids: IdsArgument = None, *, is_all: AllOption = False, data: DataOption = None) -> None:
    """Delete jobs that were given up. What they should have done is then never done.

    Example: traya-gql jobs drop 0190d2c4-8f5e-4d2a-9a53-0f6f3a1f2b11
    """
    named = _named(ids, is_all=is_all, command="drop")
    count = _with_jobs(lambda jobs: jobs.drop(named), data=data)
    out.print(f"{count} jobs deleted.")
    _end(count, named)


def _named(ids: list[UUID] | None, *, is_all: bool, command: str) -> list[UUID] | None:
    """Return the ids; None for all."""
    if is_all is bool(ids):
        fail(f"Name jobs, or all of them: traya-gql jobs {command} ID… or traya-gql jobs {command} --all")
    return None if is_all else ids


def _end(count: int, named: list[UUID] | None) -> None:
    if named is not None and count < len(set(named)):
        fail("The others are not there, or were not given up: traya-gql jobs list --state DEAD")


def _with_jobs(work: Callable[[Jobs], Coroutine[Any, Any, T]], *, data: Any) -> T:
    with faults_in_words():
        settings = settings_of(data)

        async def prepared(storage: Storage) -> T:
            await prepare_storage(storage)
            return await work(Jobs())

        with hold_database(settings):
            return asyncio.run(with_storage(settings, prepared))


def _table(found: list[JobRecord]) -> Table:
    table = Table("Job", "What", "State", "Attempts", "Due", "Why the last attempt failed")
    for one in found:
        due = one.due_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(str(one.id), one.name, one.state, str(one.attempts), due, Text(one.error or ""))
    return table
