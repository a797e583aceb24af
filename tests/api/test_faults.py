"""Faults are masked, logged without a word of the request, and production tells nothing that it need not."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, NoReturn, TypeAlias, cast

import httpx
import pytest
import strawberry
from graphql import GraphQLError
from pymongo.errors import PyMongoError
from starlette.applications import Starlette
from starlette.routing import Route

from tests.support import GraphClient
from traya_gql.app import now
from traya_gql.context import Context
from traya_gql.graph import Graph, Refused, build_schema
from traya_gql.graph.limits import Limits
from traya_gql.observability.logging import JsonLines, ReadableLines
from traya_gql.schema.common import BadUserInput
from traya_gql.web.graphql import GraphQLEndpoint

SECRET = "phone 9876543210 password hunter2"


class DriverError(PyMongoError):
    """As MongoDB's errors are: a code, and a message that quotes the document."""

    code = 11000


class TypedError(Exception):
    """As an error of anybody else may be: what was typed, under the name that the driver uses for its number."""

    code = 9876543210


def refuse() -> NoReturn:
    raise DriverError(SECRET)


class MuteError(Exception):
    """An exception that cannot even be printed."""

    def __str__(self) -> str:
        raise RuntimeError(SECRET)


@strawberry.type
class Inner:
    @strawberry.field
    def broken(self, typed: str = "") -> str:
        raise DriverError(f"{SECRET} {typed}")

    @strawberry.field
    def fine(self) -> str:
        return "fine"


@strawberry.type
class Query:
    @strawberry.field
    def fails(self, typed: str) -> str | None:
        raise DriverError(f"{SECRET} {typed}")

    @strawberry.field
    async def fails_later(self, typed: str) -> str | None:
        await asyncio.sleep(0)
        raise DriverError(f"{SECRET} {typed}")

    @strawberry.field
    def mute(self) -> str | None:
        raise MuteError

    @strawberry.field
    def typed(self) -> str | None:
        try:
            refuse()
        except DriverError as error:
            raise TypedError(SECRET) from error

    @strawberry.field
    def graphql_error(self) -> str | None:
        raise GraphQLError(SECRET, original_error=ValueError(SECRET))

    @strawberry.field
    def graphql_error_of_a_library(self) -> str | None:
        raise GraphQLError(SECRET)

    @strawberry.field
    def expected(self) -> str | None:
        raise BadUserInput("Say it otherwise.")

    @strawberry.field
    def nothing(self) -> str:
        return cast("str", None)

    @strawberry.field
    def wrong_type(self) -> int | None:
        return cast("int", SECRET)

    @strawberry.field
    def no_list(self) -> list[str] | None:
        return cast("list[str]", 5)

    @strawberry.field
    def inner(self) -> Inner | None:
        return Inner()

    @strawberry.field
    def inners(self) -> list[Inner | None]:
        return [Inner() for _ in range(50)]

    @strawberry.field
    async def slow(self, typed: str) -> str | None:
        await asyncio.sleep(30)
        return typed

    @strawberry.field
    def deep(self) -> str | None:
        def again() -> NoReturn:
            again()

        again()


@cache
def failing_schema() -> strawberry.Schema:
    return strawberry.Schema(Query)


Ask: TypeAlias = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def ask(started: tuple[Starlette, GraphClient]) -> Ask:
    """Ask a graph of the test's own through the endpoint, with the services of the application."""

    def make_context() -> Context:
        return Context(services=started[0].state.services, now=now)

    async def ask(graph: Graph, query: str, name: str | None = None, **variables: Any) -> httpx.Response:
        endpoint = GraphQLEndpoint(graph=graph, make_context=make_context, page=None)
        app = Starlette(routes=[Route("/graphql", endpoint)])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
            body = {"query": query, "operationName": name, "variables": variables}
            return await http.post("/graphql", json=body)

    return ask


def failing(*, seconds: float = 10.0, is_open: bool = True) -> Graph:
    return Graph(schema=failing_schema(), limits=Limits(seconds=seconds), is_open=is_open)


def masked(error: dict[str, Any]) -> str:
    """Return the incident id of an error that tells nothing else."""
    incident: str = error["extensions"]["incidentId"]
    assert re.fullmatch("[0-9a-f]{16}", incident)
    assert error["extensions"] == {"code": "INTERNAL_SERVER_ERROR", "incidentId": incident}
    assert error["message"] == (f"Something went wrong on our side. If it stays, tell us the incident id {incident}.")
    assert set(error) <= {"message", "extensions", "path"}
    return incident


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """Return all that was logged, as people read it and as machines do."""
    return "\n".join(
        formatter.format(record) for record in caplog.records for formatter in (ReadableLines(), JsonLines())
    )


def events(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, Any]]:
    """Return the fields of each line of this event."""
    return [vars(record)["fields"] for record in caplog.records if record.getMessage() == event]


# --- faults -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("field", ["fails", "failsLater"])
async def test_an_exception_of_a_resolver_is_masked_and_logged_without_what_it_says(
    ask: Ask, caplog: pytest.LogCaptureFixture, field: str, *, is_open: bool
) -> None:
    query = f'query Read($v: String!) {{ ok: __typename {field}(typed: $v) other: {field}(typed: "literal-4711") }}'

    response = await ask(failing(is_open=is_open), query, "Read", v="variable-9876543210")

    body = response.json()
    assert response.status_code == 200
    assert body["data"] == {"ok": "Query", field: None, "other": None}
    incidents = [masked(error) for error in body["errors"]]
    assert [error["path"] for error in body["errors"]] == [[field], ["other"]]
    assert len(set(incidents)) == 2
    faults = events(caplog, "fault")
    assert [(fault["incident_id"], fault["path"]) for fault in faults] == [
        (incidents[0], [field]),
        (incidents[1], ["other"]),
    ]
    for fault in faults:
        assert set(fault) == {"incident_id", "operation", "path", "type", "code", "frames", "causes"}
        assert fault["operation"] == "Read"
        assert (fault["type"], fault["code"]) == (f"{DriverError.__module__}.DriverError", 11000)
        assert re.match(r"\S*test_faults\.py:\d+ Query\.fails", fault["frames"][0])
        assert fault["causes"] == []
    [line] = events(caplog, "operation")
    assert (line["name"], line["outcome"]) == ("Read", "fault")
    assert (line["codes"], line["incident_ids"]) == (["INTERNAL_SERVER_ERROR"], incidents)
    log = logged(caplog)
    for private in ("9876543210", "hunter2", "password", "literal-4711", "variable-", "query Read", "typed:"):
        assert private not in log
        assert private not in response.text
    assert all(record.exc_info is None for record in caplog.records)


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("graphqlError", "builtins.ValueError"),
        ("graphqlErrorOfALibrary", "graphql.error.graphql_error.GraphQLError"),
        ("wrongType", "graphql.error.graphql_error.GraphQLError"),
        ("noList", "graphql.error.graphql_error.GraphQLError"),
        ("deep", "builtins.RecursionError"),
        ("typed", f"{TypedError.__module__}.TypedError"),
    ],
)
async def test_whatever_has_no_code_of_ours_is_masked(
    ask: Ask, caplog: pytest.LogCaptureFixture, field: str, kind: str
) -> None:
    response = await ask(failing(), f"{{ {field} }}")

    body = response.json()
    assert body["data"] == {field: None}
    [error] = body["errors"]
    [fault] = events(caplog, "fault")
    assert (fault["incident_id"], fault["type"], fault["code"]) == (masked(error), kind, None)
    assert "hunter2" not in logged(caplog) + response.text


async def test_a_code_is_believed_of_the_driver_only_and_causes_are_types_and_places(
    ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    await ask(failing(), "{ typed }")

    [fault] = events(caplog, "fault")
    [cause] = fault["causes"]
    assert fault["code"] is None
    assert re.fullmatch(rf"{DriverError.__module__}\.DriverError at \S*test_faults\.py:\d+ refuse", cause)
    assert "9876543210" not in logged(caplog)


async def test_an_exception_that_cannot_be_printed_is_masked(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    response = await ask(failing(), "{ mute }")

    body = response.json()
    assert body["data"] is None
    [error] = body["errors"]
    [fault] = events(caplog, "fault")
    assert fault["incident_id"] == masked(error)
    assert "hunter2" not in logged(caplog) + response.text


async def test_endless_recursion_is_logged_with_its_last_frames_only(
    ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    await ask(failing(), "{ deep }")

    [fault] = events(caplog, "fault")
    assert len(fault["frames"]) == 30
    assert all("test_faults.py:" in frame for frame in fault["frames"])


async def test_a_null_where_none_is_allowed_is_our_fault_and_masked(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    response = await ask(failing(), "{ nothing }")

    body = response.json()
    assert body["data"] is None
    [error] = body["errors"]
    assert error["path"] == ["nothing"]
    [fault] = events(caplog, "fault")
    assert (fault["incident_id"], fault["type"]) == (masked(error), "builtins.TypeError")
    assert "Cannot return null" not in response.text + logged(caplog)


async def test_a_fault_nulls_its_own_place_only(ask: Ask) -> None:
    response = await ask(failing(), "{ inner { fine } other: inner { fine broken } }")

    body = response.json()
    assert body["data"] == {"inner": {"fine": "fine"}, "other": None}
    assert [error["path"] for error in body["errors"]] == [["other", "broken"]]


async def test_many_faults_at_once_are_20_errors_and_20_lines_and_the_line_of_the_operation(
    ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    response = await ask(failing(), "{ inners { fine broken } }")

    body = response.json()
    assert body["data"] == {"inners": [None] * 50}
    assert len(body["errors"]) == len(events(caplog, "fault")) == 20
    [line] = events(caplog, "operation")
    assert line["incident_ids"] == [masked(error) for error in body["errors"]]
    assert len(caplog.records) == 21


async def test_an_expected_error_is_shown_and_not_logged_as_a_fault(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    response = await ask(failing(), '{ expected fails(typed: "") }')

    shown, hidden = response.json()["errors"]
    assert (shown["message"], shown["extensions"], shown["path"]) == (
        "Say it otherwise.",
        {"code": "BAD_USER_INPUT"},
        ["expected"],
    )
    [fault] = events(caplog, "fault")
    assert fault["incident_id"] == masked(hidden)
    [line] = events(caplog, "operation")
    assert (line["outcome"], line["codes"]) == ("fault", ["BAD_USER_INPUT", "INTERNAL_SERVER_ERROR"])
    assert len(caplog.records) == 2


async def test_an_operation_that_takes_too_long_is_ended_and_named(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    response = await ask(failing(seconds=0.05), 'query Slow { slow(typed: "literal-4711") }', "Slow")

    body = response.json()
    assert response.status_code == 200
    assert body["data"] is None
    assert [error["extensions"]["code"] for error in body["errors"]] == ["TIMEOUT"]
    assert events(caplog, "timeout") == [{"operation": "Slow", "seconds": 0.05}]
    [line] = events(caplog, "operation")
    assert (line["name"], line["outcome"], line["codes"]) == ("Slow", "timeout", ["TIMEOUT"])
    assert "literal-4711" not in logged(caplog)


@pytest.mark.parametrize("name", ["A" * 61, "Code123456", "Of_9876543210"])
async def test_an_operation_name_cannot_carry_values_into_the_log(
    ask: Ask, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    await ask(failing(), f'query {name} {{ fails(typed: "") }}', name)

    assert [fault["operation"] for fault in events(caplog, "fault")] == [None]
    assert [line["name"] for line in events(caplog, "operation")] == [None]
    assert name not in logged(caplog)


async def test_an_operation_name_cannot_forge_lines_in_the_log(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    name = 'A\n{"event": "forged"}\r\u2028'

    await ask(failing(), 'query A { fails(typed: "") }', name)
    await ask(failing(), 'query A { fails(typed: "") } query B { __typename }', "A")

    assert [fault["operation"] for fault in events(caplog, "fault")] == ["A"]
    assert "forged" not in logged(caplog)
    assert len(logged(caplog).splitlines()) == 2 * len(caplog.records)


# --- a client's null is not a fault of ours -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        'query ($v: ID = "x") { node(id: $v) { id } }',
        "query ($v: Int) { products(first: $v) { totalCount } }",
        "query ($v: Int = 3) { products(first: $v) { totalCount } }",
        "query ($v: Boolean = false) { products(reverse: $v) { totalCount } }",
        'query ($v: ID = "x") { nodes(ids: [$v]) { id } }',
        "query ($v: Boolean = true) { __typename @include(if: $v) }",
        "query ($v: Boolean = true) { __schema { queryType @skip(if: $v) { name } } }",
    ],
)
async def test_a_null_variable_where_the_argument_allows_none_is_bad_user_input(
    started: tuple[Starlette, GraphClient], caplog: pytest.LogCaptureFixture, query: str
) -> None:
    client = started[1]

    with client.commands.counting() as commands:
        code = await client.code(query, v=None)

    assert code == "BAD_USER_INPUT"
    assert commands == {}
    assert caplog.records == []


# --- production ---------------------------------------------------------------------------------------------------


@cache
def production() -> Graph:
    return Graph(schema=build_schema(), limits=Limits(), is_open=False)


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("{ __schema { types { name } } }", "__schema"),
        ('{ __type(name: "Query") { name } }', "__type"),
        ("{ ...A } fragment A on Query { __schema { queryType { name } } }", "__schema"),
        ("{ ... { x: __schema { queryType { name } } } }", "__schema"),
    ],
)
def test_production_does_not_describe_itself(query: str, part: str) -> None:
    with pytest.raises(Refused) as refused:
        production().prepare(query)

    assert {error["extensions"]["code"] for error in refused.value.errors} == {"GRAPHQL_VALIDATION_FAILED"}
    assert f"the requested query contained the field '{part}'." in refused.value.errors[0]["message"]


async def test_production_still_tells_the_type_of_an_object(ask: Ask) -> None:
    response = await ask(production(), "{ __typename }")

    assert response.json() == {"data": {"__typename": "Query"}}


NEAR_MISSES: list[tuple[str, dict[str, Any]]] = [
    ("{ product { id } productz { id } }", {}),
    ('{ node(id: "x") { slug } }', {}),
    ("{ products { nodes { nam } } }", {}),
    ("{ products(sortKe: NAME) { totalCount } }", {}),
    ("{ products(sortKey: NAM) { totalCount } }", {}),
    ("{ products(filter: { categor: OIL }) { totalCount } }", {}),
    ("{ products(filter: { category: OILL }) { totalCount } }", {}),
    ('{ products(filter: { category: "OIL" }) { totalCount } }', {}),
    ("{ ... on Produc { id } }", {}),
    ("query ($v: ProductFilterInpu) { products(filter: $v) { totalCount } }", {}),
    ("query ($v: Product) { products(filter: $v) { totalCount } }", {}),
    ("{ __typename @includ(if: true) }", {}),
    ("{ __typename @include(iff: true) }", {}),
    ("{ ...Produc } fragment Product on Query { __typename }", {}),
    ("query ($first: Int) { products(first: $firs) { totalCount } }", {}),
    ("query A { __typename } query B { __typename }", {}),
    ("query ($v: ProductFilterInput) { products(filter: $v) { totalCount } }", {"v": {"categor": "OIL"}}),
    ("query ($v: ProductFilterInput) { products(filter: $v) { totalCount } }", {"v": {"category": "OILL"}}),
    ("query ($v: ProductFilterInput) { products(filter: $v) { totalCount } }", {"v": {"tag": "DANDRUF"}}),
    ("query ($v: ProductSortKey!) { products(sortKey: $v) { totalCount } }", {"v": "NAM"}),
    ("mutation ($v: SubmitHairTestInput!) { submitHairTest(input: $v) { isReplay } }", {"v": {"custome": {}}}),
    ("mutation ($v: SubmitHairTestInput!) { submitHairTest(input: $v) { isReplay } }", {"v": {"x" * 480: {}}}),
]


@pytest.mark.parametrize(("query", "variables"), NEAR_MISSES)
async def test_production_gives_no_hints(ask: Ask, query: str, variables: dict[str, Any]) -> None:
    response = await ask(production(), query, **variables)

    codes = {error["extensions"]["code"] for error in response.json()["errors"]}
    assert codes <= {"GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"}
    assert "data" not in response.json()
    assert not re.search("did you mean|perhaps|suggest", response.text, re.IGNORECASE)


async def test_development_gives_hints(ask: Ask) -> None:
    graph = Graph(schema=build_schema(), limits=Limits(), is_open=True)

    response = await ask(graph, "{ productz { id } }")

    assert "Did you mean" in response.json()["errors"][0]["message"]


async def test_production_offers_no_page() -> None:
    endpoint = GraphQLEndpoint(graph=production(), make_context=cast("Any", None), page=None)
    app = Starlette(routes=[Route("/graphql", endpoint)])

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        response = await http.get("/graphql", headers={"accept": "text/html"})

    assert response.status_code == 400
    assert json.loads(response.content)["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}
