"""Faults are masked, logged without a word of the request, and production tells nothing that it need not."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NoReturn, cast

import httpx
import pytest
import strawberry
from graphql import GraphQLError
from starlette.applications import Starlette
from starlette.routing import Route

from tests.support import GraphClient
from traya_gql.context import ANONYMOUS, Context
from traya_gql.graph import Graph, Refused, build_schema
from traya_gql.graph.limits import Limits
from traya_gql.schema.common import BadUserInput
from traya_gql.services import Services
from traya_gql.services.access_tokens import AccessTokens
from traya_gql.services.hair_tests import HairTests
from traya_gql.services.orders import Orders
from traya_gql.services.products import Products
from traya_gql.web.graphql import GraphQLEndpoint

SECRET = "phone 9876543210 password hunter2"


class DriverError(Exception):
    """As MongoDB's errors are: a code, and a message that quotes the document."""

    code = 11000


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


def nobody() -> Services:
    """Return services that are never asked: no test of this file reaches a database."""

    def now() -> datetime:
        return datetime.now(UTC)

    tokens = AccessTokens(key="a secret of the tests, long enough to sign", lifetime=timedelta(days=1))
    once = cast("Any", None)
    return Services(
        access_tokens=tokens,
        hair_tests=HairTests(once=once, tokens=tokens, now=now),
        orders=Orders(once=once, tokens=tokens, now=now),
        products=Products(),
    )


async def ask(graph: Graph, query: str, name: str | None = None, **variables: Any) -> httpx.Response:
    """Return what the endpoint answers on behalf of this graph."""

    def make_context(bearer: str | None) -> Context:
        return Context(viewer=ANONYMOUS, services=nobody(), now=lambda: datetime.now(UTC))

    endpoint = GraphQLEndpoint(graph=graph, make_context=make_context, page=None)
    app = Starlette(routes=[Route("/graphql", endpoint)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        body = {"query": query, "operationName": name, "variables": variables}
        return await http.post("/graphql", json=body)


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
    """Return all that was logged, with everything that a formatter could add."""
    formatter = logging.Formatter("%(name)s %(levelname)s %(message)s")
    return "\n".join(formatter.format(record) for record in caplog.records)


# --- faults -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("field", ["fails", "failsLater"])
async def test_an_exception_of_a_resolver_is_masked_and_logged_without_what_it_says(
    caplog: pytest.LogCaptureFixture, field: str, *, is_open: bool
) -> None:
    query = f'query Read($v: String!) {{ ok: __typename {field}(typed: $v) other: {field}(typed: "literal-4711") }}'

    response = await ask(failing(is_open=is_open), query, "Read", v="variable-9876543210")

    body = response.json()
    assert response.status_code == 200
    assert body["data"] == {"ok": "Query", field: None, "other": None}
    incidents = [masked(error) for error in body["errors"]]
    assert [error["path"] for error in body["errors"]] == [[field], ["other"]]
    assert len(set(incidents)) == 2
    log = logged(caplog)
    assert all(f"incident={incident}" in log for incident in incidents)
    assert "operation=Read" in log
    assert f"path=['{field}']" in log
    assert f"type={DriverError.__module__}.DriverError code=11000" in log
    assert re.search(r"frames=\S*test_faults\.py:\d+ fails", log)
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
    ],
)
async def test_whatever_has_no_code_of_ours_is_masked(caplog: pytest.LogCaptureFixture, field: str, kind: str) -> None:
    response = await ask(failing(), f"{{ {field} }}")

    body = response.json()
    assert body["data"] == {field: None}
    [error] = body["errors"]
    assert f"incident={masked(error)}" in logged(caplog)
    assert f"type={kind} " in logged(caplog)
    assert "hunter2" not in logged(caplog) + response.text


async def test_an_exception_that_cannot_be_printed_is_masked(caplog: pytest.LogCaptureFixture) -> None:
    response = await ask(failing(), "{ mute }")

    body = response.json()
    assert body["data"] is None
    [error] = body["errors"]
    assert f"incident={masked(error)}" in logged(caplog)
    assert "hunter2" not in logged(caplog) + response.text


async def test_endless_recursion_is_logged_with_its_last_frames_only(caplog: pytest.LogCaptureFixture) -> None:
    await ask(failing(), "{ deep }")

    [record] = caplog.records
    assert record.getMessage().count("test_faults.py") == 30


async def test_a_null_where_none_is_allowed_is_our_fault_and_masked(caplog: pytest.LogCaptureFixture) -> None:
    response = await ask(failing(), "{ nothing }")

    body = response.json()
    assert body["data"] is None
    [error] = body["errors"]
    assert error["path"] == ["nothing"]
    assert f"incident={masked(error)}" in logged(caplog)
    assert "type=builtins.TypeError" in logged(caplog)
    assert "Cannot return null" not in response.text + logged(caplog)


async def test_a_fault_nulls_its_own_place_only(caplog: pytest.LogCaptureFixture) -> None:
    response = await ask(failing(), "{ inner { fine } other: inner { fine broken } }")

    body = response.json()
    assert body["data"] == {"inner": {"fine": "fine"}, "other": None}
    assert [error["path"] for error in body["errors"]] == [["other", "broken"]]


async def test_many_faults_at_once_are_20_errors_and_20_lines(caplog: pytest.LogCaptureFixture) -> None:
    response = await ask(failing(), "{ inners { fine broken } }")

    body = response.json()
    assert body["data"] == {"inners": [None] * 50}
    assert len(body["errors"]) == len(caplog.records) == 20


async def test_an_expected_error_is_shown_and_not_logged_as_a_fault(caplog: pytest.LogCaptureFixture) -> None:
    response = await ask(failing(), '{ expected fails(typed: "") }')

    shown, hidden = response.json()["errors"]
    assert (shown["message"], shown["extensions"], shown["path"]) == (
        "Say it otherwise.",
        {"code": "BAD_USER_INPUT"},
        ["expected"],
    )
    masked(hidden)
    assert len(caplog.records) == 1


async def test_an_operation_that_takes_too_long_is_ended_and_named(caplog: pytest.LogCaptureFixture) -> None:
    response = await ask(failing(seconds=0.05), 'query Slow { slow(typed: "literal-4711") }', "Slow")

    body = response.json()
    assert response.status_code == 200
    assert body["data"] is None
    assert [error["extensions"]["code"] for error in body["errors"]] == ["TIMEOUT"]
    assert "timeout operation=Slow seconds=0.05" in logged(caplog)
    assert "literal-4711" not in logged(caplog)


async def test_an_operation_name_cannot_forge_lines_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    name = "A" * 101

    await ask(failing(), f'query {name} {{ fails(typed: "") }}', name)

    [record] = caplog.records
    assert "operation=None" in record.getMessage()
    assert "\n" not in record.getMessage()


# --- a client's null is not a fault of ours -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        'query ($v: ID = "x") { node(id: $v) { id } }',
        "query ($v: Int) { products(first: $v) { totalCount } }",
        "query ($v: Int = 3) { products(first: $v) { totalCount } }",
        "query ($v: Boolean = false) { products(reverse: $v) { totalCount } }",
        "query ($v: ProductSortKey) { products(sortKey: $v) { totalCount } }",
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


async def test_production_still_tells_the_type_of_an_object() -> None:
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
async def test_production_gives_no_hints(query: str, variables: dict[str, Any]) -> None:
    response = await ask(production(), query, **variables)

    codes = {error["extensions"]["code"] for error in response.json()["errors"]}
    assert codes <= {"GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"}
    assert "data" not in response.json()
    assert not re.search("did you mean|perhaps|suggest", response.text, re.IGNORECASE)


async def test_development_gives_hints() -> None:
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
