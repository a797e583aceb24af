"""Who may ask and read what: each place of the graph, asked by each person of the cast, against `matrix.md`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from tests.access.people import Cast, Person, build_cast, empty
from tests.access.rows import Row, private_fields, rows
from tests.access.samples import PRIVATE_FIELDS, SAMPLES, Sample
from tests.support import GraphClient
from traya_gql.app import now

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
        elif first == "Asked":
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
    assert set(SAMPLE_OF) - {row.entry for row in ROWS.values()} == set()


def test_each_private_field_is_asked_on_some_way() -> None:
    assert {row.private for row in ROWS.values()} - {None} == private_fields() == set(PRIVATE_FIELDS)


# --- and is true --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SAMPLES)
async def test_each_person_gets_what_the_table_says(name: str, readers: Cast, writers: Cast) -> None:
    sample = SAMPLES[name]
    cast = writers if sample.is_mutation else readers
    asked = [row for row in ROWS.values() if SAMPLE_OF.get(row.entry) == name]
    wrong = []

    for person in Person:
        variables = await sample.prepare(cast, person)
        answer = await cast.ask(person, sample.text, **variables)
        if sample.after is not None:
            await sample.after(cast, person)
        cells = {row.name: cell(answer, sample, row) for row in asked}
        wrong += [
            f"{row} as {person.name}: the table says {GOLDEN[row][person]}, it is {got}"
            for row, got in cells.items()
            if got != GOLDEN[row][person]
        ]
        wrong += [f"{name} as {person.name}: {code}" for code in codes_of(answer) if code not in cells.values()]

    assert asked
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("person", Person)
async def test_the_whole_kit_and_the_order_of_scores_are_for_who_may_read_the_scores(
    person: Person, readers: Cast
) -> None:
    query = """query ($key: String!) { report(publicId: $key) {
      causes { cause } kit { isWhole items { product { slug } } }
    } }"""

    report = (await readers.data(person, query, key=readers.owner.public_id))["report"]

    may_read = GOLDEN["Query.report > Cause.score"][person] == "DATA"
    assert report["kit"]["isWhole"] is may_read
    assert [item["product"]["slug"] for item in report["kit"]["items"]] == (
        [
            "dht-blocker-tablets",
            "scalp-health-capsules",
            "genetic-hair-fall-control-oil",
            "density-serum",
            "dandruff-control-shampoo",
        ]
        if may_read
        else ["early-stage-hair-growth-oil", "stress-defense-shampoo"]
    )
    assert [cause["cause"] for cause in report["causes"]] == (
        ["GENETIC", "STRESS", "SLEEP", "SCALP_HEALTH"] if may_read else ["GENETIC", "SCALP_HEALTH", "STRESS", "SLEEP"]
    )


async def test_only_the_owner_and_who_treats_them_know_of_a_clearance(writers: Cast) -> None:
    query = """query ($key: String!) { report(publicId: $key) {
      safetyFindings { code clearance { reason } } kit { items { product { slug } } }
    } }"""
    typed = {
        "reportId": writers.owner.report_id,
        "finding": "G08_CARDIO",
        "reason": "The pressure is well controlled.",
        "expiresAt": (now() + timedelta(days=1)).isoformat(),
    }
    cleared = await writers.data(Person.TREATING_DOCTOR, SAMPLES["Mutation.clearSafetyFinding"].text, input=typed)
    assert cleared["clearSafetyFinding"]["userErrors"] == []

    reports = {person: (await writers.data(person, query, key=writers.owner.public_id))["report"] for person in Person}

    told = {person: report for person, report in reports.items() if report["safetyFindings"] is not None}
    assert {
        person: next(one["clearance"] for one in report["safetyFindings"] if one["code"] == "G08_CARDIO")
        for person, report in told.items()
    } == {
        Person.REPORT_TOKEN: None,
        Person.OWNER: {"reason": "The pressure is well controlled."},
        Person.TREATING_COACH: {"reason": "The pressure is well controlled."},
        Person.TREATING_DOCTOR: {"reason": "The pressure is well controlled."},
    }
    listing = {
        person
        for person, report in reports.items()
        if "minoxidil-5-solution" in [item["product"]["slug"] for item in report["kit"]["items"]]
    }
    assert listing == {Person.OWNER, Person.TREATING_COACH, Person.TREATING_DOCTOR}


def cell(answer: dict[str, Any], sample: Sample, row: Row) -> str:
    """Return what the table would have for this answer."""
    found = follow(answer.get("data"), sample.places[row.entry])
    if row.private is not None and found:
        first = found[0] if isinstance(found, list) else found
        found = follow(first, PRIVATE_FIELDS[row.private].place)
    match found:
        case None:
            # no operation asks for two things that can be denied each for itself
            return next(iter(codes_of(answer)), "null")
        case []:
            # what the askers of mutations own by now depends on what they were asked before
            return "DATA" if sample.is_mutation else "empty"
        case {"userErrors": [_, *_]}:
            return "errors"
    return "DATA"


def follow(value: Any, place: str) -> Any:
    """Return what lies there, of a page its items; None when there is a null on the way."""
    for step in place.split("."):
        if value is None:
            return None
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value["nodes"] if isinstance(value, dict) and "nodes" in value else value


def codes_of(answer: dict[str, Any]) -> list[str]:
    codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
    return [_CELLS.get(code, code) for code in codes]
