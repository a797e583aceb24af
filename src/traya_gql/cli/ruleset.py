"""`traya-gql ruleset`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from traya_gql.cli.data_files import RULES
from traya_gql.cli.program import app, fail
from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.data_files import FileInvalid
from traya_gql.domain.ruleset.answers import Answers, read_answers
from traya_gql.domain.ruleset.explain import explain

ruleset_app = typer.Typer(help="The rules of the assessment.", no_args_is_help=True)
app.add_typer(ruleset_app, name="ruleset")

_MOST_BYTES = 1_000_000


@ruleset_app.command("explain")
def ruleset_explain(
    answers: Annotated[
        Path, typer.Option(help="A JSON file; its keys are those of examples/answers.json, most may be left out.")
    ],
) -> None:
    """Print how a report comes about: points, causes, hypothesis, months, gates and the kit, each with its source.

    The kit is put together from the catalogue of a new installation.

    Example: traya-gql ruleset explain --answers examples/answers.json
    """
    found = _read(answers)
    typer.echo(explain(found, RULES, [seed.product for seed in catalogue()]), nl=False)


def _read(file: Path) -> Answers:
    try:
        with file.open("rb") as opened:
            found = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}")
    if len(found) > _MOST_BYTES:
        fail(f"{file} is larger than {_MOST_BYTES:,} bytes: it holds more than answers.")
    try:
        return read_answers(found)
    except FileInvalid as invalid:
        fail("\n".join((f"{file} does not hold answers.", *invalid.problems)))
