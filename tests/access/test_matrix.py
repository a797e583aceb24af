"""Who may ask and read what: each place of the graph, asked by each person of the cast, against `matrix.md`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from tests.access.people import Cast, Person, build_cast, empty
from tests.access.rows import private_fields, rows
from tests.access.samples import PRIVATE_FIELDS, SAMPLES, fragment
from tests.support import GraphClient

# one worker builds one cast
pytestmark = pytest.mark.xdist_group("access")

TABLE = Path(__file__).with_name("matrix.md")
ROWS = rows()
SAMPLE_OF = {entry: name for name, sample in SAMPLES.items() for entry in sample.places}

_CELLS = {
    "UNAUTHENTICATED": "401",
    "FORBIDDEN": "403",
    "BAD_USER_INPUT": "bad",
}


def read_table() -> dict[str, dict[str, str]]:
    """Return the cells of each row, by person."""
    found: dict[str, dict[str, str]] = {}
    heads: list[str] = []
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            continue
        first, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        if first.startswith("`"):
            assert first not in found, f"{first} is in the table twice"
            assert len(cells) == len(heads), f"{first} has {len(cells)} cells"
            found[first.strip("`")] = dict(zip(heads, cells, strict=True))
        elif not first.startswith("-"):
            heads = cells
            assert heads == list(Person)
    return found


GOLDEN = read_table()


@pytest.fixture(scope="module")
async def readers(started: tuple[Starlette, GraphClient]) -> Cast:
    """A cast that only reads: whoever owns nothing at first owns nothing at last."""
    await empty(started[0])
    return await build_cast(*started)


@pytest.fixture(scope="module")
async def writers(started: tuple[Starlette, GraphClient], readers: Cast) -> Cast:
    """A cast that changes things, beside the other."""
    return await build_cast(*started)


# --- the table is whole -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROWS)
def test_whatever_can_be_asked_is_in_the_table_and_has_an_operation(name: str) -> None:
    row = ROWS[name]

    assert name in GOLDEN, f"{name}: decide who may, and write it into {TABLE.name}"
    assert row.entry in SAMPLE_OF, f"{name}: write an operation that asks {row.entry} into samples.py"
    assert row.private is None or row.private in PRIVATE_FIELDS, f"{name}: tell samples.py how to ask {row.private}"


def test_the_table_holds_nothing_that_cannot_be_asked() -> None:
    assert set(GOLDEN) - set(ROWS) == set()
    assert set(SAMPLE_OF) - {row.entry for row in ROWS.values()} == private_fields() & set(SAMPLE_OF)


def test_each_private_field_is_asked_on_some_way() -> None:
    assert {row.private for row in ROWS.values()} - {None} == private_fields() == set(PRIVATE_FIELDS)


# --- and is true --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SAMPLES)
async def test_each_person_gets_what_the_table_says(name: str, request: pytest.FixtureRequest) -> None:
    sample = SAMPLES[name]
    cast: Cast = request.getfixturevalue("writers" if sample.is_mutation else "readers")
    asked = [row for row in ROWS.values() if SAMPLE_OF.get(row.entry) == name]
    types = [type_ for type_ in ("Report", "Customer") if f"...Of{type_}" in sample.query]
    query = sample.query.replace("{ id ...Of", "{ id ... on ") if False else sample.query
    wrong = []

    for person in Person:
        variables = await sample.prepare(cast, person)
        answer = await cast.ask(person, query + "".join(map(fragment, types)), **variables)
        if sample.after is not None:
            await sample.after(cast, person)
        for row in asked:
            got = cell(answer, sample.places[row.entry], row.private, is_mutation=sample.is_mutation)
            if got != (said := GOLDEN[row.name][person]):
                wrong.append(f"{row.name} as {person.name}: the table says {said}, it is {got}")

    assert asked
    assert wrong == []


def cell(answer: dict[str, Any], place: str, private: str | None, *, is_mutation: bool) -> str:
    """Return what the table has for this answer at this place."""
    steps = place.split(".")
    if private is not None:
        found = reach(answer, steps)
        if found == "empty":
            return "DATA" if is_mutation else found
        steps += first_of(answer, steps)
        steps += PRIVATE_FIELDS[private].place.split(".")
    found = reach(answer, steps)
    # what askers of mutations own by now depends on what they were asked before
    return "DATA" if is_mutation and found == "empty" else found


def reach(answer: dict[str, Any], steps: list[str]) -> str:
    """Return what somebody finds who follows these steps."""
    value = answer.get("data")
    for step in steps:
        if value is None:
            return why_null(answer)
        value = value[int(step)] if isinstance(value, list) else value[step]
    if value is None:
        return why_null(answer)
    items = value.get("nodes") if isinstance(value, dict) and "nodes" in value else value
    if items == []:
        return "empty"
    if isinstance(value, dict) and value.get("userErrors"):
        return "errors"
    return "DATA"


def first_of(answer: dict[str, Any], steps: list[str]) -> list[str]:
    """Return the steps from a list or a page to its first item; none from a single object."""
    value = answer.get("data")
    for step in steps:
        if value is None:
            return []
        value = value[int(step)] if isinstance(value, list) else value[step]
    if isinstance(value, list):
        return ["0"]
    return ["nodes", "0"] if isinstance(value, dict) and "nodes" in value else []


def why_null(answer: dict[str, Any]) -> str:
    codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
    # no operation asks for two things that can fail each for itself
    return _CELLS.get(codes[0], codes[0]) if codes else "null"
