"""What is done now and then: `traya-gql seed | migrate | doctor | schema`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress
from rich.table import Table

from traya_gql import __version__
from traya_gql.app import Storage, prepare_storage
from traya_gql.cli.data_files import QUESTIONNAIRE, RULES
from traya_gql.cli.program import (
    DataOption,
    app,
    err,
    fail,
    faults_in_words,
    hold_database,
    out,
    seed_with_progress,
    settings_of,
    with_storage,
)
from traya_gql.documents import collections, migrations
from traya_gql.documents.jobs import JobDocument
from traya_gql.documents.products import ProductDocument
from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.jobs import JobState
from traya_gql.graph import schema_text
from traya_gql.integrations.mongodb.connection import is_reachable, replica_set_name
from traya_gql.settings import Settings, unknown_variables, variable_of

schema_app = typer.Typer(help="The GraphQL schema as a file.", no_args_is_help=True)
app.add_typer(schema_app, name="schema")


@app.command()
def seed(data: DataOption = None) -> None:
    """Add the products of the first catalogue that are missing; change none that is there."""
    with faults_in_words():
        settings = settings_of(data)

        async def work(storage: Storage) -> int:
            await prepare_storage(storage)
            return await seed_with_progress()

        with hold_database(settings):
            added = asyncio.run(with_storage(settings, work))
        out.print(f"{added} products added, {len(catalogue()) - added} were there already.")


@app.command()
def migrate(data: DataOption = None) -> None:
    """Bring the database up to this release: collections, indexes, and the steps between releases."""
    with faults_in_words():
        settings = settings_of(data)

        async def work(storage: Storage) -> list[int]:
            with Progress(console=err, transient=True) as progress:
                task = progress.add_task("Migrating", total=len(migrations.STEPS) + 1)
                reached = await migrations.migrate(storage.database, on_step=lambda _: progress.advance(task))
                # last: a new unique index holds only once the data fits
                await collections.prepare(storage.database)
            return reached

        with hold_database(settings):
            reached = asyncio.run(with_storage(settings, work))
        steps = f"migrated to version {reached[-1]}" if reached else "already current"
        out.print(f"The database is {steps}; collections and indexes are there.")


@app.command()
def doctor(data: DataOption = None) -> None:
    """Say what is configured, what is missing, and whether the database is fit. Exit code 1: something is wrong."""
    with faults_in_words():
        settings = settings_of(data)
        _show_settings(settings)
        with hold_database(settings):
            findings = asyncio.run(with_storage(settings, _examine))
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
            fail(f"{file} differs from the schema. Run: traya-gql schema export {file}")
    elif file is None:
        typer.echo(text, nl=False)
    else:
        file.write_text(text, encoding="utf-8")


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
    # a broken file ended the command before
    found = {"ruleset": (f"{RULES.version}: ok", ""), "questionnaire": (f"{QUESTIONNAIRE.version}: ok", "")}
    if not await is_reachable(storage.client):
        return {**found, "database": ("does not answer", "Start it, or correct MONGODB_URI.")}
    kind = "embedded" if storage.is_embedded else "MONGODB_URI"
    found["database"] = (f"{kind}, database {storage.database.name}, answers", "")
    name = await replica_set_name(storage.client)
    advice = "" if name else "Start mongod with --replSet and run rs.initiate(): transactions need it."
    found["replica set"] = (name or "no", advice)
    missing = await collections.missing_indexes(storage.database)
    found["indexes"] = (f"missing: {', '.join(missing)}", "Run: traya-gql migrate") if missing else ("all there", "")
    products = await storage.database[ProductDocument.Settings.name].count_documents({})
    found["catalogue"] = (f"{products} products", "" if products else "Run: traya-gql seed")
    dead = await storage.database[JobDocument.Settings.name].count_documents({"state": JobState.DEAD})
    found["jobs"] = (f"{dead} given up", "Look at them: traya-gql jobs list --state DEAD" if dead else "")
    version = await migrations.version(storage.database)
    found["version"] = (f"{version or 'none yet'}", "" if version else "Run: traya-gql migrate")
    return found
