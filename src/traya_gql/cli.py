"""The command `traya-gql`. Thin: it calls services and prints."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
import uvicorn
from pydantic import ValidationError
from pymongo.errors import PyMongoError
from rich.console import Console
from rich.panel import Panel
from rich.progress import Progress
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text
from uvicorn.supervisors.multiprocess import Multiprocess

from traya_gql import __version__
from traya_gql.app import (
    ENDPOINT,
    Storage,
    build_messages,
    build_services,
    first_query,
    now,
    open_storage,
    prepare_storage,
)
from traya_gql.documents import collections, migrations
from traya_gql.documents.customers import CustomerRecord
from traya_gql.documents.migrations import DatabaseIsNewer, DatabaseIsOlder
from traya_gql.documents.products import ProductDocument
from traya_gql.domain.refusals import Refusal
from traya_gql.domain.roles import Role
from traya_gql.graph import schema_text
from traya_gql.integrations.mongodb.connection import is_reachable, replica_set_name
from traya_gql.integrations.mongodb.embedded import attach
from traya_gql.integrations.mongodb.folder import MongodFault
from traya_gql.observability.logging import configure_logging
from traya_gql.services.seeding import catalogue, seed_catalogue
from traya_gql.settings import Mode, Settings, unknown_variables, variable_of

T = TypeVar("T")
_MOST_STAFF_SHOWN = 1000

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
schema_app = typer.Typer(help="The GraphQL schema as a file.", no_args_is_help=True)
app.add_typer(schema_app, name="schema")
staff_app = typer.Typer(help="Who has which role. The first administrator is made here.", no_args_is_help=True)
app.add_typer(staff_app, name="staff")
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


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on. 0.0.0.0: all of this machine.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="How many processes answer.", min=1, max=64)] = 1,
    data: DataOption = None,
) -> None:
    """Start the server, and with it an embedded MongoDB unless MONGODB_URI is set.

    A new development database gets the catalogue of 15 products. Ctrl-C stops everything.

    Example: traya-gql serve --port 8123 --data /some/folder
    """
    configure_logging()
    with _faults_in_words():
        settings = _settings(data)
        configure_logging(is_json=settings.mode is Mode.PRODUCTION)
        listening = _listen(host, port)
        with _hold_database(settings):
            asyncio.run(_prepare(settings))
            _greet(host, port, settings)
            config = uvicorn.Config(
                "traya_gql.app:create_app_from_environment",
                factory=True,
                loop="uvloop",
                http="httptools",
                ws="none",
                workers=workers,
                access_log=False,
                log_config=None,
                # whom to believe about addresses is decided in web/client_address.py
                proxy_headers=False,
                timeout_graceful_shutdown=10,
                server_header=False,
            )
            # after its shutdown uvicorn raises the signal again: both kinds must end here, and let the database go
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            with contextlib.suppress(KeyboardInterrupt):
                if workers == 1:
                    uvicorn.Server(config).run(sockets=[listening])
                else:
                    _Workers(config, sockets=[listening]).run()
        out.print("Stopped.")


@app.command()
def seed(data: DataOption = None) -> None:
    """Add the products of the first catalogue that are missing; change none that is there."""
    with _faults_in_words():
        settings = _settings(data)

        async def work(storage: Storage) -> int:
            await prepare_storage(storage)
            return await _seed()

        with _hold_database(settings):
            added = asyncio.run(_with_storage(settings, work))
        out.print(f"{added} products added, {len(catalogue()) - added} were there already.")


@app.command()
def migrate(data: DataOption = None) -> None:
    """Bring the database up to this release: collections, indexes, and the steps between releases."""
    with _faults_in_words():
        settings = _settings(data)

        async def work(storage: Storage) -> list[int]:
            with Progress(console=err, transient=True) as progress:
                task = progress.add_task("Migrating", total=len(migrations.STEPS) + 1)
                reached = await migrations.migrate(storage.database, on_step=lambda _: progress.advance(task))
                # last: a new unique index holds only once the data fits
                await collections.prepare(storage.database)
            return reached

        with _hold_database(settings):
            reached = asyncio.run(_with_storage(settings, work))
        steps = f"migrated to version {reached[-1]}" if reached else "already current"
        out.print(f"The database is {steps}; collections and indexes are there.")


@app.command()
def doctor(data: DataOption = None) -> None:
    """Say what is configured, what is missing, and whether the database is fit. Exit code 1: something is wrong."""
    with _faults_in_words():
        settings = _settings(data)
        _show_settings(settings)
        with _hold_database(settings):
            findings = asyncio.run(_with_storage(settings, _examine))
    table = Table("Check", "Finding", "What to do", title="Health")
    for check, (finding, advice) in findings.items():
        table.add_row(check, finding, f"[red]{advice}[/red]" if advice else "[green]nothing[/green]")
    out.print(table)
    if any(advice for _, advice in findings.values()):
        raise typer.Exit(1)


@schema_app.command("export")
def schema_export(
    file: Annotated[
        Path | None, typer.Argument(help="Where to write it; printed when left out, and with --check schema.graphql.")
    ] = None,
    *,
    is_check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 when the file differs from the schema.")
    ] = False,
) -> None:
    """Write the schema in the schema definition language, sorted.

    Example: traya-gql schema export schema.graphql
    """
    text = schema_text()
    if is_check:
        file = file or Path("schema.graphql")
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            _fail(f"{file} differs from the schema. Run: traya-gql schema export {file}")
    elif file is None:
        typer.echo(text, nl=False)
    else:
        file.write_text(text, encoding="utf-8")


@staff_app.command("invite")
def staff_invite(
    phone: Annotated[str, typer.Argument(help="The Indian mobile number that they sign in with.")],
    role: Annotated[list[Role], typer.Option("--role", help="What they shall be; may be repeated.")],
    data: DataOption = None,
) -> None:
    """Give roles to whoever signs in with this phone, besides those they have.

    Example: traya-gql staff invite 9876543210 --role ADMIN
    """
    with _faults_in_words():
        settings = _settings(data)

        async def work(storage: Storage) -> CustomerRecord:
            await prepare_storage(storage)
            services = build_services(settings, storage, messages=build_messages(settings))
            return await services.staff.invite(phone, role, by=None)

        with _hold_database(settings):
            invited = asyncio.run(_with_storage(settings, work))
        place = settings.data.absolute() if settings.mongodb_uri is None else "MONGODB_URI"
        out.print(f"{invited.phone} is {', '.join(invited.roles)} as soon as they sign in, or refresh their session.")
        out.print(f"This is in the database of {place}.", soft_wrap=True)


@staff_app.command("list")
def staff_list(data: DataOption = None) -> None:
    """Show who has a role besides CUSTOMER, the newest first."""
    with _faults_in_words():
        settings = _settings(data)

        async def work(storage: Storage) -> list[CustomerRecord]:
            await prepare_storage(storage)
            services = build_services(settings, storage, messages=build_messages(settings))
            return await services.staff.page(role=None, after=None, limit=_MOST_STAFF_SHOWN)

        with _hold_database(settings):
            found = asyncio.run(_with_storage(settings, work))
        table = Table("Phone", "Name", "Roles", "Signed in", title="Staff")
        for one in found:
            table.add_row(
                one.phone, Text(one.name or ""), ", ".join(one.roles), "yes" if one.verified_at else "not yet"
            )
        out.print(
            table if found else "There is no staff yet. Make the first: traya-gql staff invite PHONE --role ADMIN"
        )


# --- parts --------------------------------------------------------------------------------------------------------


class _Workers(Multiprocess):
    """Worker processes that leave the terminal's Ctrl-C to their parent, which ends them in order."""

    def init_processes(self) -> None:
        """Start the workers with SIGINT blocked: one that is still importing would die of it with a traceback."""
        resource_tracker.ensure_running()  # before, as its own start unblocks SIGINT
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            super().init_processes()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _settings(data: Path | None) -> Settings:
    if data is not None:
        # the workers read the environment too
        os.environ["TRAYA_DATA"] = str(data)
    return Settings()


@contextlib.contextmanager
def _faults_in_words() -> Iterator[None]:
    """Turn what a person can mend into a message; let everything else out."""
    try:
        yield
    except ValidationError as error:
        problems = [_problem(one["loc"], one["msg"]) for one in error.errors()]
        _fail("The settings are not right.\n" + "\n".join(problems))
    except (MongodFault, DatabaseIsNewer, DatabaseIsOlder) as error:
        _fail(str(error))
    except Refusal as refusal:
        _fail("\n".join(problem.message for problem in refusal.problems))
    except PyMongoError as error:
        _fail(f"The database does not answer ({type(error).__name__}). Look at MONGODB_URI, or run: traya-gql doctor")


def _problem(place: tuple[int | str, ...], message: str) -> str:
    words = message.removeprefix("Value error, ")
    return f"{variable_of(str(place[0]))}: {words}" if place else words


def _fail(message: str) -> NoReturn:
    err.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(1)


@contextlib.contextmanager
def _hold_database(settings: Settings) -> Iterator[None]:
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


async def _with_storage(settings: Settings, work: Callable[[Storage], Coroutine[Any, Any, T]]) -> T:
    async with open_storage(settings) as storage:
        return await work(storage)


async def _prepare(settings: Settings) -> None:
    async with open_storage(settings) as storage:
        await prepare_storage(storage)
        is_new = await ProductDocument.get_pymongo_collection().find_one({}, {"_id": 1}) is None
        if settings.mode is Mode.DEVELOPMENT and is_new:
            await _seed()


async def _seed() -> int:
    with Progress(console=err, transient=True) as progress:
        task = progress.add_task("Seeding the catalogue", total=len(catalogue()))
        return await seed_catalogue(now=now(), on_product=lambda _: progress.advance(task))


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        _fail(f"Cannot listen on {host}:{port}: {error.strerror}. Choose another: make serve PORT={port % 65535 + 1}")
    # from here on a client waits instead of being refused, so that the printed query can be pasted at once
    listening.listen(2048)
    listening.set_inheritable(True)
    return listening


def _greet(host: str, port: int, settings: Settings) -> None:
    shown_host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    base = f"http://{shown_host}:{port}"
    if settings.mode is Mode.PRODUCTION:
        out.print(Panel.fit(f"GraphQL  {base}{ENDPOINT}\nHealth   {base}/health/ready"))
        return
    query = "\n".join(line for line in first_query().splitlines() if not line.startswith("#")).strip()
    out.print(Panel.fit(f"GraphQL and GraphiQL  {base}{ENDPOINT}\nHealth                {base}/health/ready"))
    out.print("Open the first address in a browser, or paste this query into your client:")
    out.print(Syntax(query, "graphql", background_color="default"))
    out.print(f"Ctrl-C stops the server{' and its database' if settings.mongodb_uri is None else ''}.")


def _show_settings(settings: Settings) -> None:
    table = Table("Setting", "Variable", "Value", title=f"traya-gql {__version__}")
    for name in Settings.model_fields:
        value = getattr(settings, name)
        # a secret shows as stars, a default as such
        shown = "not set" if value is None else "none" if value == () else str(value)
        table.add_row(name, variable_of(name), shown if name in settings.model_fields_set else f"{shown} (default)")
    out.print(table)
    if unknown := unknown_variables():
        err.print(f"Unknown settings, ignored: {', '.join(unknown)}", style="red")


async def _examine(storage: Storage) -> dict[str, tuple[str, str]]:
    """Return for each check what was found, and what to do ("" when all is well)."""
    if not await is_reachable(storage.client):
        return {"database": ("does not answer", "Start it, or correct MONGODB_URI.")}
    kind = "embedded" if storage.is_embedded else "MONGODB_URI"
    found = {"database": (f"{kind}, database {storage.database.name}, answers", "")}
    name = await replica_set_name(storage.client)
    advice = "" if name else "Start mongod with --replSet and run rs.initiate(): transactions need it."
    found["replica set"] = (name or "no", advice)
    missing = await collections.missing_indexes(storage.database)
    found["indexes"] = (f"missing: {', '.join(missing)}", "Run: traya-gql migrate") if missing else ("all there", "")
    products = await storage.database[ProductDocument.Settings.name].count_documents({})
    found["catalogue"] = (f"{products} products", "" if products else "Run: traya-gql seed")
    version = await migrations.version(storage.database)
    found["version"] = (f"{version or 'none yet'}", "" if version else "Run: traya-gql migrate")
    return found
