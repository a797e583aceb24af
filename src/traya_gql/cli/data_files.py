"""The data files that an installation cannot work without.

They are read when this is imported, and this is imported before the application: its schema is built from them, and
would fail with a traceback where a person who changed one needs words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import typer

from traya_gql.domain.data_files import FileInvalid
from traya_gql.domain.questionnaire.model import current_questionnaire
from traya_gql.domain.ruleset.rules import current_ruleset

T = TypeVar("T")


def _read(file: str, read: Callable[[], T]) -> T:
    """Return what the file holds, or end with exit code 1 and every problem with its place."""
    try:
        return read()
    except FileInvalid as invalid:
        problems = "\n".join((f"{file} of this installation does not hang together.", *invalid.problems))
        typer.secho(problems, fg=typer.colors.RED, err=True)
        raise SystemExit(1) from None


RULES = _read("rules.toml", current_ruleset)
QUESTIONNAIRE = _read("questionnaire.toml", current_questionnaire)
