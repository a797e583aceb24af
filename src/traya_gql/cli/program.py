"""The program itself, and what its commands share: settings, the database, faults told in words."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from pydantic import ValidationError
from pymongo.errors import PyMongoError
from rich.console import Console
from rich.progress import Progress

from traya_gql import __version__
from traya_gql.app import Storage, now, open_storage
from traya_gql.documents.migrations import DatabaseIsNewer, DatabaseIsOlder
from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.refusals import Refusal
from traya_gql.integrations.mongodb.embedded import attach
from traya_gql.integrations.mongodb.folder import MongodFault
from traya_gql.services.seeding import seed_catalogue
from traya_gql.settings import Settings, variable_of

T = TypeVar("T")

app = typer.Typer(
    name="traya-gql",
    help=(
        "The backend of a hair-treatment company as one GraphQL graph.\n\n"
        "Start with: traya-gql serve\n\n"
        "Settings are environment variables, or lines of a file .env; `traya-gql doctor` shows them."
    ),
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
out = Console()
err = Console(stderr=True)

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="The folder of the embedded MongoDB. Unused when MONGODB_URI is set."),
]


def _version(is_asked: bool) -> None:  # noqa: FBT001 - Typer's form of a flag
    if is_asked:
        out.print(__version__)
        raise typer.Exit


@app.callback()
def main(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,  # noqa: FBT002
) -> None:
    """Take the options that stand before a command."""


def settings_of(data: Path | None) -> Settings:
    """Return the settings of the environment, with this data folder if one is given.

    Raises:
        ValidationError: a setting is missing or wrong.
    """
    if data is not None:
        # the workers read the environment too
        os.environ["TRAYA_DATA"] = str(data)
    return Settings()


@contextlib.contextmanager
def faults_in_words() -> Iterator[None]:
    """Turn what a person can mend into a message; let everything else out."""
    try:
        yield
    except ValidationError as error:
        problems = [_problem(one["loc"], one["msg"]) for one in error.errors()]
        fail("The settings are not right.\n" + "\n".join(problems))
    except (MongodFault, DatabaseIsNewer, DatabaseIsOlder) as error:
        fail(str(error))
    except Refusal as refusal:
        fail("\n".join(problem.message for problem in refusal.problems))
    except PyMongoError as error:
        fail(f"The database does not answer ({type(error).__name__}). Look at MONGODB_URI, or run: traya-gql doctor")


def _problem(place: tuple[int | str, ...], message: str) -> str:
    words = message.removeprefix("Value error, ")
    return f"{variable_of(str(place[0]))}: {words}" if place else words


def fail(message: str) -> NoReturn:
    """Print the message in red on stderr, and end with exit code 1."""
    err.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(1)


@contextlib.contextmanager
def hold_database(settings: Settings) -> Iterator[None]:
    """Keep the embedded MongoDB running for the block; afterwards wait until it is gone, if nobody else uses it."""
    if settings.mongodb_uri is not None:
        yield
        return
    with err.status("Starting MongoDB"):
        attachment = attach(settings.data, mongod=settings.mongod)
    try:
        yield
    finally:
        attachment.release(wait_s=15)


async def with_storage(settings: Settings, work: Callable[[Storage], Coroutine[Any, Any, T]]) -> T:
    """Return what the work returns with the database open."""
    async with open_storage(settings) as storage:
        return await work(storage)


async def seed_with_progress() -> int:
    """Add the products that are missing, with a bar on stderr; return how many were added."""
    with Progress(console=err, transient=True) as progress:
        task = progress.add_task("Seeding the catalogue", total=len(catalogue()))
        return await seed_catalogue(
            now=now(),
            on_product=lambda _: progress.advance(task),
            on_skipped=lambda name: err.print(f"Not added: {name}. A product of yours has its name or its slug."),
        )
