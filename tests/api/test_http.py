"""GraphQL over HTTP: what is answered to well-formed and to broken requests."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings, strategies
from starlette.applications import Starlette
from starlette.types import Message

from tests.applications import own_application
from tests.support import REQUEST_OTP, VERIFY_OTP, GraphClient, hair_test, order
from traya_gql.app import now
from traya_gql.domain.roles import Role
from traya_gql.services.access_tokens import ACCESS_TOKEN_LIFETIME, Grant, Kind, SignedIn
from traya_gql.settings import Mode, Settings

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
TYPENAME = json.dumps({"query": "{ __typename }"})
PRODUCTS = "{ products(first: 1) { nodes { slug } } }"
FIRST_PRODUCT = {"products": {"nodes": [{"slug": "advanced-hair-fall-shampoo"}]}}
SUBMIT = "mutation Submit($input: SubmitHairTestInput!) { submitHairTest(input: $input) { isReplay } }"


def post(client: GraphClient, body: str | bytes, **headers: str) -> Any:
    given = {"content-type": JSON} | {name.replace("_", "-"): value for name, value in headers.items()}
    return client.http.post("/graphql", content=body, headers=given)


def error_of(response: httpx.Response) -> tuple[int, str]:
    """Return status and code of an answer that has one error and nothing else."""
    body = response.json()
    assert set(body) == {"errors"}
    [error] = body["errors"]
    assert error["message"]
    return response.status_code, error["extensions"]["code"]


@pytest.fixture
def asker(started: tuple[Starlette, GraphClient]) -> GraphClient:
    """A client for questions where what lies in the database does not matter."""
    return started[1]


# --- pages of other origins ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        ("http://localhost:3000", True),
        ("http://127.0.0.1:5173", True),
        ("http://[::1]:8080", True),
        ("https://localhost", True),
        ("http://localhost.evil.test", False),
        ("http://localhost:3000.evil.test", False),
        ("https://shop.test", False),
        ("null", False),
    ],
)
async def test_in_development_pages_of_this_machine_may_ask(
    asker: GraphClient, origin: str, *, is_allowed: bool
) -> None:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization, content-type"}

    preflight = await asker.http.options("/graphql", headers={"origin": origin, **asked})
    answered = await post(asker, TYPENAME, origin=origin)

    assert preflight.status_code == (200 if is_allowed else 400)
    for response in (preflight, answered):
        assert response.headers.get("access-control-allow-origin") == (origin if is_allowed else None)


async def test_in_production_no_page_may_ask_that_was_not_named(settings: Settings, database: Any) -> None:
    async with own_application(settings, database, mode=Mode.PRODUCTION) as parts:
        response = await post(parts[1], TYPENAME, origin="http://localhost:3000")

    assert "access-control-allow-origin" not in response.headers


# --- methods ------------------------------------------------------------------------------------------------------


async def test_a_query_by_post_is_answered(client: GraphClient) -> None:
    response = await client.http.post("/graphql", json={"query": PRODUCTS})

    assert (response.status_code, response.json()) == (200, {"data": FIRST_PRODUCT})
    assert response.headers["content-type"] == "application/json; charset=utf-8"


async def test_a_query_by_get_is_answered(asker: GraphClient) -> None:
    asked = {
        "query": "query A($n: Int!) { products(first: $n) { nodes { slug } } } query B { __typename }",
        "variables": '{"n": 1}',
        "operationName": "A",
    }

    response = await asker.http.get("/graphql", params=asked)

    assert (response.status_code, response.json()) == (200, {"data": FIRST_PRODUCT})


@pytest.mark.parametrize("name", [None, "Submit"])
async def test_a_mutation_by_get_is_405_and_does_nothing(client: GraphClient, database: Any, name: str | None) -> None:
    asked = {"query": SUBMIT, "variables": json.dumps({"input": hair_test()})}
    if name:
        asked = {**asked, "query": f"{SUBMIT} query Other {{ __typename }}", "operationName": name}

    with client.commands.counting() as commands:
        response = await client.http.get("/graphql", params=asked)

    assert error_of(response) == (405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "POST"
    assert commands == {}
    assert await database["hair_tests"].count_documents({}) == 0


async def test_a_query_beside_a_mutation_is_answered_by_get(asker: GraphClient) -> None:
    asked = {"query": f"{SUBMIT} query Other {{ __typename }}", "operationName": "Other"}

    response = await asker.http.get("/graphql", params=asked)

    assert response.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"])
async def test_other_methods_are_405_with_the_allowed_ones(asker: GraphClient, method: str) -> None:
    response = await asker.http.request(method, "/graphql", content=TYPENAME, headers={"content-type": JSON})

    assert error_of(response) == (405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "GET, POST"


async def test_head_is_405_with_the_allowed_methods(asker: GraphClient) -> None:
    response = await asker.http.head("/graphql")

    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


# --- GraphiQL -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accept", ["text/html", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"])
async def test_a_browser_gets_graphiql_under_a_policy_that_reaches_no_other_host(
    asker: GraphClient, accept: str
) -> None:
    response = await asker.http.get("/graphql", headers={"accept": accept})

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"} <= set(policy)
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["vary"] == "Accept, Origin"


async def test_a_browser_that_brings_a_query_gets_json(asker: GraphClient) -> None:
    response = await asker.http.get("/graphql", params={"query": "{__typename}"}, headers={"accept": "text/html"})

    assert response.json() == {"data": {"__typename": "Query"}}


async def test_a_browser_that_posts_gets_json(asker: GraphClient) -> None:
    response = await post(asker, TYPENAME, accept="text/html")

    assert response.json() == {"data": {"__typename": "Query"}}


# --- media types --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "answered", "refused_with"),
    [
        (GRAPHQL_JSON, GRAPHQL_JSON, 400),
        (f"{GRAPHQL_JSON}, {JSON};q=0.9", GRAPHQL_JSON, 400),
        (f"{JSON}, {GRAPHQL_JSON}", GRAPHQL_JSON, 400),
        (JSON, JSON, 200),
        ("*/*", JSON, 200),
        ("", JSON, 200),
        ("image/png", JSON, 200),
        ("\xff;;q=,,", JSON, 200),
    ],
)
async def test_the_media_type_decides_the_status_of_a_refused_document(
    asker: GraphClient, accept: str, answered: str, refused_with: int
) -> None:
    header = accept.encode("latin-1")
    for query, code in (("{", "GRAPHQL_PARSE_FAILED"), ("{ nope }", "GRAPHQL_VALIDATION_FAILED")):
        with asker.commands.counting() as commands:
            response = await asker.http.post("/graphql", json={"query": query}, headers=[(b"accept", header)])

        assert error_of(response) == (refused_with, code)
        assert response.headers["content-type"] == f"{answered}; charset=utf-8"
        assert commands == {}


async def test_unusable_variables_are_a_request_error_without_data(asker: GraphClient) -> None:
    asked = json.dumps({"query": "query ($id: ID!) { node(id: $id) { id } }", "variables": {}})

    new = await post(asker, asked, accept=GRAPHQL_JSON)
    old = await post(asker, asked, accept=JSON)

    assert error_of(new) == (400, "BAD_USER_INPUT")
    assert error_of(old) == (200, "BAD_USER_INPUT")


@pytest.mark.parametrize(
    "asked",
    [
        {"query": SUBMIT, "variables": {"input": {"customer": {"name": "Asha Rao", "phone": "98765 43210"}}}},
        {"query": SUBMIT, "variables": {"input": {"idempotencyKey": "x", "nickname": ["Asha Rao", "98765 43210"]}}},
        {"query": SUBMIT, "variables": {"input": [["Asha Rao", "98765 43210"]]}},
        {"query": SUBMIT, "variables": {"input": {"idempotencyKey": {"phone": "98765 43210"}, "language": ["Asha"]}}},
        {"query": 'mutation { submitHairTest(input: {customer: {phone: "98765 43210", name: "Asha"}}) { isReplay } }'},
    ],
)
async def test_an_error_names_what_is_wrong_and_gives_no_record_back(asker: GraphClient, asked: dict[str, Any]) -> None:
    """A page may send such messages to those who watch its errors."""
    errors = (await asker.http.post("/graphql", json=asked)).json()["errors"]

    assert errors
    assert not [one for one in errors if "Asha" in one["message"] or "43210" in one["message"]]
    assert all(one["message"].endswith(".") for one in errors)


async def test_a_field_error_has_status_200_and_keeps_the_rest(asker: GraphClient) -> None:
    response = await post(asker, json.dumps({"query": '{ __typename node(id: "x") { id } }'}), accept=GRAPHQL_JSON)

    assert response.status_code == 200
    assert response.json()["data"] == {"__typename": "Query", "node": None}
    assert [(error["path"], error["extensions"]["code"]) for error in response.json()["errors"]] == [
        (["node"], "BAD_USER_INPUT")
    ]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json-patch+json",
        "application/json, text/plain",
        "application/json; charset=utf-16",
        "application/json; charset=latin1",
        "",
        ";",
    ],
)
async def test_a_content_type_that_is_not_json_in_utf8_is_415(asker: GraphClient, content_type: str) -> None:
    response = await post(asker, TYPENAME, content_type=content_type)

    assert error_of(response) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_a_missing_content_type_is_415(asker: GraphClient) -> None:
    response = await asker.http.post("/graphql", content=TYPENAME)

    assert "content-type" not in response.request.headers
    assert error_of(response) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON", "application/json;charset=UTF-8", 'application/json ; charset="utf-8"'],
)
async def test_json_in_utf8_is_understood_however_it_is_written(asker: GraphClient, content_type: str) -> None:
    response = await post(asker, TYPENAME, content_type=content_type)

    assert response.json() == {"data": {"__typename": "Query"}}


async def test_every_answer_forbids_caching_and_varies_with_what_is_accepted(asker: GraphClient) -> None:
    answers = [
        await post(asker, TYPENAME),
        await post(asker, "{"),
        await post(asker, json.dumps({"query": "{"}), accept=GRAPHQL_JSON),
        await post(asker, TYPENAME, content_type="text/plain"),
        await asker.http.get("/graphql", params={"query": "{__typename}"}),
        await asker.http.put("/graphql"),
    ]

    assert [one.status_code for one in answers] == [200, 400, 400, 415, 200, 405]
    assert {one.headers["cache-control"] for one in answers} == {"no-store"}
    assert {one.headers["vary"] for one in answers} == {"accept, accept-language, Origin"}


@pytest.mark.parametrize(
    ("preferred", "title"),
    [
        (None, "Before you begin: how we use your answers"),
        ("hi-IN, en;q=0.8", "शुरू करने से पहले: हम आपके जवाबों का उपयोग कैसे करते हैं"),
        ("en-IN, hi;q=0.8", "Before you begin: how we use your answers"),
        ("ta, hi;q=0.5", "शुरू करने से पहले: हम आपके जवाबों का उपयोग कैसे करते हैं"),
        ("ta", "Before you begin: how we use your answers"),
        (";;q=,é" * 500, "Before you begin: how we use your answers"),
    ],
)
async def test_texts_are_in_the_language_that_the_client_prefers(
    asker: GraphClient, preferred: str | None, title: str
) -> None:
    headers = [] if preferred is None else [(b"accept-language", preferred.encode())]
    asked = {"query": "{ questionnaire { notice { title } } }"}

    response = await asker.http.post("/graphql", json=asked, headers=headers)

    assert response.json() == {"data": {"questionnaire": {"notice": {"title": title}}}}


# --- bodies -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="half an object"),
        pytest.param(b"null", id="null"),
        pytest.param(b"5", id="a number"),
        pytest.param(b'"x"', id="a text"),
        pytest.param(b"true", id="a boolean"),
        pytest.param(b"[]", id="an empty batch"),
        pytest.param(f"[{TYPENAME}]".encode(), id="a batch of one"),
        pytest.param(f"[{TYPENAME},{TYPENAME}]".encode(), id="a batch of two"),
        pytest.param(b"[" * 100_000, id="open lists"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, id="deep lists"),
        pytest.param(b'{"variables":' * 50_000 + b"1" + b"}" * 50_000, id="deep objects"),
        pytest.param(b'{"query":"\xff\xfe"}', id="invalid UTF-8"),
        pytest.param('{"query":"{__typename}"}'.encode("utf-16"), id="UTF-16"),
        pytest.param(b'\xef\xbb\xbf{"query":"{__typename}"}', id="a byte order mark"),
        pytest.param(b'{"query":"{__typename}","variables":{"n":' + b"9" * 5000 + b"}}", id="5,000 digits"),
        pytest.param(b'{"query":"\\ud800"}', id="a lone surrogate"),
        pytest.param(b'{"query":"{__typename}","variables":{"\\udfff":1}}', id="a lone surrogate in a name"),
        pytest.param(b'{"query":"\xed\xa0\x80"}', id="an encoded surrogate"),
        pytest.param(b'{"query":"{__typename}","variables":{"n":NaN}}', id="NaN"),
        pytest.param(b'{"query":"{__typename}","variables":{"n":-Infinity}}', id="Infinity"),
        pytest.param(b'{"query":"{__typename}"}{}', id="two objects"),
        pytest.param(b"{'query':'{__typename}'}", id="single quotes"),
        pytest.param(b'{"query":"{__typename}",}', id="a trailing comma"),
        pytest.param(b"{}", id="no query"),
        pytest.param(b'{"query":null}', id="a null query"),
        pytest.param(b'{"query":""}', id="an empty query"),
        pytest.param(b'{"query":5}', id="a query that is a number"),
        pytest.param(b'{"query":["{__typename}"]}', id="a query in a list"),
        pytest.param(b'{"query":"{__typename}","variables":[]}', id="variables in a list"),
        pytest.param(b'{"query":"{__typename}","variables":"{}"}', id="variables as text"),
        pytest.param(b'{"query":"{__typename}","operationName":5}', id="an operation name that is a number"),
        pytest.param(b'{"query":"{__typename}","operationName":{"$ne":null}}', id="an operator as operation name"),
        pytest.param(b'{"documentId":"sha256:00"}', id="a persisted document"),
    ],
)
async def test_a_body_that_is_no_graphql_request_is_a_clear_400(asker: GraphClient, body: bytes) -> None:
    for accept in (JSON, GRAPHQL_JSON):
        with asker.commands.counting() as commands:
            response = await post(asker, body, accept=accept)

        assert error_of(response) == (400, "BAD_REQUEST")
        assert commands == {}


@pytest.mark.parametrize(
    "query_string",
    [
        "",
        "query",
        "query=",
        "operationName=A",
        "query=%FF",
        "query=%ED%A0%80",
        "query={__typename}&variables={",
        "query={__typename}&variables=[]",
        "query={__typename}&variables=5",
        "query={__typename}&variables=NaN",
        "query={__typename}&variables=" + "%5B" * 10_000,
        "query={__typename}&" + "&".join(f"a{n}=1" for n in range(30)),
    ],
)
async def test_a_query_string_that_is_no_graphql_request_is_a_clear_400(asker: GraphClient, query_string: str) -> None:
    response = await asker.http.get(f"/graphql?{query_string}")

    assert error_of(response) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    ("query", "name", "code"),
    [
        ("query A { __typename }", "B", "BAD_USER_INPUT"),
        ("query A { __typename }", "", "BAD_USER_INPUT"),
        ("query A { __typename }", "a", "BAD_USER_INPUT"),
        ("{ __typename }", "A", "BAD_USER_INPUT"),
        ("query A { __typename }", "\u0000$where", "BAD_USER_INPUT"),
        ("query A { __typename }", "A" * 100_000, "BAD_USER_INPUT"),
        ("query A { __typename } query B { __typename }", None, "BAD_USER_INPUT"),
        ("query A { __typename } query A { __typename }", "A", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } { __typename }", "A", "GRAPHQL_VALIDATION_FAILED"),
        ("fragment A on Query { __typename }", "A", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { __typename }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...@defer { __typename } }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("type Query { a: Int }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("   ", None, "GRAPHQL_PARSE_FAILED"),
        ("# nothing", None, "GRAPHQL_PARSE_FAILED"),
        ("{ __typename } \u0000", None, "GRAPHQL_PARSE_FAILED"),
    ],
)
async def test_a_request_without_exactly_one_operation_to_run_is_refused(
    asker: GraphClient, query: str, name: str | None, code: str
) -> None:
    response = await post(asker, json.dumps({"query": query, "operationName": name}), accept=GRAPHQL_JSON)

    assert response.status_code == 400
    assert "data" not in response.json()
    assert {error["extensions"]["code"] for error in response.json()["errors"]} == {code}
    assert len(response.content) < 2000


async def test_unknown_parts_of_the_request_are_ignored(asker: GraphClient) -> None:
    body = {"query": "{__typename}", "variables": {"__proto__": 1}, "extensions": {"$where": "1"}, "x": []}

    response = await post(asker, json.dumps(body))

    assert response.json() == {"data": {"__typename": "Query"}}


# --- sizes --------------------------------------------------------------------------------------------------------


def padded(size: int) -> bytes:
    """Return a good request of exactly this many bytes."""
    start, end = b'{"query":"{__typename}","variables":{"x":"', b'"}}'
    return start + b"x" * (size - len(start) - len(end)) + end


async def test_a_megabyte_is_read_and_one_byte_more_is_413(asker: GraphClient) -> None:
    most = await post(asker, padded(1_000_000))
    too_much = await post(asker, padded(1_000_001))

    assert most.json() == {"data": {"__typename": "Query"}}
    assert error_of(too_much) == (413, "PAYLOAD_TOO_LARGE")


async def test_a_body_that_does_not_tell_its_size_is_413_too(asker: GraphClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        whole = padded(1_000_001)
        for start in range(0, len(whole), 65_536):
            yield whole[start : start + 65_536]

    response = await asker.http.post("/graphql", content=pieces(), headers={"content-type": JSON})

    assert "content-length" not in response.request.headers
    assert error_of(response) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    ("announced", "most_pieces"),
    [
        (None, 17),
        (b"1000001", 0),
        (b"9" * 5000, 0),
        (b"000000000000000000001", 17),
        (b"5", 17),
        (b"-1", 17),
        (b"\xb2", 17),
        (b"1e9", 17),
    ],
)
async def test_an_endless_body_is_not_read_beyond_the_limit(
    started: tuple[Starlette, GraphClient], announced: bytes | None, most_pieces: int
) -> None:
    pieces = 0
    sent: list[Message] = []

    async def receive() -> Message:
        nonlocal pieces
        pieces += 1
        assert pieces < 100
        return {"type": "http.request", "body": b" " * 65_536, "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json")]
    if announced is not None:
        headers.append((b"content-length", announced))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "root_path": "",
        "query_string": b"",
        "headers": headers,
    }
    await started[0](scope, receive, send)

    assert sent[0]["status"] == 413
    assert pieces <= most_pieces


async def test_a_client_that_leaves_in_the_middle_is_no_fault(started: tuple[Starlette, GraphClient]) -> None:
    messages: list[Message] = [
        {"type": "http.request", "body": b'{"query":', "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    await started[0](scope, receive, send)

    assert sent == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("{__typename}" + " " * (64_000 - 12), 200),
        ("{__typename}" + " " * (64_001 - 12), 413),
        ("{__typename}#" + "é" * 32_000, 413),
        ("{__typename}#" + "💇" * 16_000, 413),
    ],
)
async def test_the_query_text_has_64_kilobytes_at_most(asker: GraphClient, query: str, status: int) -> None:
    response = await post(asker, json.dumps({"query": query}))

    assert response.status_code == status
    if status == 413:
        assert error_of(response) == (413, "DOCUMENT_TOO_LARGE")


# --- who asks -----------------------------------------------------------------------------------------------------


NOTHING_SENT = [b"", b"Basic YTpi", b"Digest x", b"x", b"\xff\xfe"]
NO_TOKENS = [
    b"Bearer",
    b"Bearer ",
    b"Bearer x",
    b"Bearer a.b.c",
    b"Bearer ....",
    b"Bearer \xff\xfe",
    b"Bearer \xff.\xff.\xff",
    b"bearer Bearer x",
    b"Bearer " + b"x" * 20_000,
    b"Bearer null",
    b'Bearer {"$ne": null}',
    # unsigned
    b"Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
    # a good header, then lists within lists
    b"Bearer eyJhbGciOiJIUzI1NiJ9." + b"W1tb" * 240 + b".AA",
    b"Bearer " + b"W1tb" * 249 + b".A.A",
    # an operator as the id of the key
    b"Bearer eyJhbGciOlsiSFMyNTYiXSwia2lkIjp7IiRuZSI6bnVsbH19.e30.AA",
]
READ_REPORT = "query ($id: String!, $token: String) { report(publicId: $id, accessToken: $token) { hairTest { id } } }"


def named(raw: bytes) -> str:
    return ascii(raw)[:40]


async def unauthenticated(client: GraphClient, authorization: bytes, report: dict[str, Any]) -> None:
    """Check that this header makes nobody: who asks is told so wherever it matters, and only there."""
    headers = [(b"authorization", authorization)]
    asked = {
        "query": """query ($id: String!, $node: ID!) {
          products(first: 1) { nodes { slug } } product(slug: "nope") { id }
          report(publicId: $id) { firstName } node(id: $node) { id } viewer { roles } staff { nodes { id } }
          customer(phone: "9876543210") { id }
        }""",
        "variables": {"id": report["publicId"], "node": report["id"]},
    }
    listed = {"query": "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", "variables": {"ids": [report["id"]]}}

    response = await client.http.post("/graphql", json=asked, headers=headers)
    of_nodes = await client.http.post("/graphql", json=listed, headers=headers)

    assert (response.status_code, of_nodes.status_code) == (200, 200)
    assert of_nodes.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
    assert not any((of_nodes.json()["data"] or {"nodes": []})["nodes"])
    body = response.json()
    assert body["data"] == FIRST_PRODUCT | dict.fromkeys(("product", "report", "node", "viewer", "staff", "customer"))
    assert {error["path"][0] for error in body["errors"]} == {"report", "node", "viewer", "staff", "customer"}
    assert {error["extensions"]["code"] for error in body["errors"]} == {"UNAUTHENTICATED"}


@pytest.mark.parametrize("authorization", NOTHING_SENT, ids=named)
async def test_a_header_without_a_bearer_token_is_nobody_who_is_signed_in(
    client: GraphClient, report: dict[str, Any], authorization: bytes
) -> None:
    asked = {"query": READ_REPORT, "variables": {"id": report["publicId"]}}

    response = await client.http.post("/graphql", json=asked, headers=[(b"authorization", authorization)])

    assert (response.status_code, response.json()) == (200, {"data": {"report": {"hairTest": None}}})


@pytest.mark.parametrize("authorization", NO_TOKENS, ids=named)
async def test_a_bearer_token_that_cannot_be_read_is_said_so_to_every_field_that_asks_who_it_is(
    client: GraphClient, report: dict[str, Any], authorization: bytes
) -> None:
    with client.commands.counting() as commands:
        await unauthenticated(client, authorization, report)

    # the products; nobody is looked up
    assert commands["find"] <= 3
    assert commands["findAndModify"] == commands["insert"] == 0


async def test_a_forged_bearer_token_is_said_so_too(client: GraphClient, report: dict[str, Any]) -> None:
    good = (await client.sign_in()).access_token
    head, claims, signature = good.split(".")
    read = json.loads(base64.urlsafe_b64decode(claims + "=="))
    raised = base64.urlsafe_b64encode(json.dumps(read | {"roles": ["ADMIN"]}).encode()).decode().rstrip("=")
    turned = signature[:-5] + ("A" if signature[-5] != "A" else "B") + signature[-4:]

    for forged in (
        f"{head}.{raised}.{signature}",
        f"{head}.{claims}.{turned}",
        f"{head}.{claims}.",
        good[:-1],
        f"{good}x",
    ):
        await unauthenticated(client, b"Bearer " + forged.encode(), report)

    assert (await client.data("{ viewer { roles } }", bearer=good)) == {"viewer": {"roles": ["CUSTOMER"]}}


async def test_an_expired_bearer_token_is_said_so_too(
    started: tuple[Starlette, GraphClient], client: GraphClient, report: dict[str, Any]
) -> None:
    tokens = started[0].state.services.access_tokens
    made_at = now() - tokens.guest_lifetime - timedelta(seconds=1)
    signed_in = SignedIn(customer_id=uuid4(), session_id=uuid4(), access_version=1, roles=frozenset({Role.ADMIN}))
    of_guest = tokens.issue(Grant(Kind.REPORT, uuid4()), made_at=made_at)
    of_session = tokens.issue_for_session(signed_in, made_at=now() - ACCESS_TOKEN_LIFETIME - timedelta(seconds=1))

    for issued in (of_guest, of_session):
        await unauthenticated(client, b"Bearer " + issued.token.encode(), report)


async def test_a_revoked_bearer_token_is_said_so_too(client: GraphClient, report: dict[str, Any]) -> None:
    signed_in = await client.sign_in()
    await client.data("mutation { signOut { isSignedOut } }", bearer=signed_in.access_token)

    await unauthenticated(client, b"Bearer " + signed_in.access_token.encode(), report)


async def test_signing_in_works_whatever_old_token_is_sent_along(client: GraphClient) -> None:
    """A client that sends its stale token with everything must be able to get a new one."""
    stale = "a.b.c"
    requested = await client.data(REQUEST_OTP, bearer=stale, input={"phone": "9876543210"})
    code = (await client.sms.next_message()).text[:6]
    challenge = requested["requestOtp"]["challenge"]

    given = (await client.data(VERIFY_OTP, bearer=stale, input={"challenge": challenge, "code": code}))["verifyOtp"]
    refreshed = await client.data(
        """mutation ($input: RefreshSessionInput!) {
             refreshSession(input: $input) { customer { id } userErrors { code } }
           }""",
        bearer=stale,
        input={"refreshToken": given["refreshToken"]},
    )

    assert given["userErrors"] == []
    assert refreshed["refreshSession"] == {"customer": given["customer"], "userErrors": []}


async def test_nothing_is_written_for_a_bearer_token_that_is_not_good(
    client: GraphClient, report: dict[str, Any], database: Any
) -> None:
    submit = "mutation ($input: SubmitHairTestInput!) { submitHairTest(input: $input) { isReplay } }"
    place = "mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { isReplay } }"

    assert await client.code(submit, bearer="a.b.c", input=hair_test()) == "UNAUTHENTICATED"
    assert await client.code(place, bearer="a.b.c", input=order(report["publicId"])) == "UNAUTHENTICATED"
    assert await client.code("mutation { signOutEverywhere { totalEnded } }", bearer="a.b.c") == "UNAUTHENTICATED"
    assert await database.hair_tests.count_documents({}) == 1
    assert await database.orders.count_documents({}) == 0


@pytest.mark.parametrize("token", [header.partition(b" ")[2].decode("latin-1") for header in NO_TOKENS], ids=ascii)
async def test_an_argument_that_is_no_token_opens_nothing_and_refuses_nothing(
    client: GraphClient, report: dict[str, Any], token: str
) -> None:
    seen = await client.data(READ_REPORT, id=report["publicId"], token=token)

    assert seen == {"report": {"hairTest": None}}


# --- anything at all ----------------------------------------------------------------------------------------------

JSON_VALUES = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | strategies.floats() | strategies.text(),
    lambda inner: strategies.lists(inner, max_size=3) | strategies.dictionaries(strategies.text(), inner, max_size=3),
    max_leaves=8,
)
QUERIES = strategies.sampled_from(
    [
        "query ($v: ID!) { node(id: $v) { id } }",
        "query ($v: [ID!]!) { nodes(ids: $v) { id } }",
        "query ($v: String!) { order(accessToken: $v) { id } }",
        "query ($v: String!) { report(publicId: $v, accessToken: $v) { id } }",
        "query ($v: String) { products(search: $v, after: $v) { totalCount } }",
        "query ($v: Int!) { products(first: $v) { nodes { id } } }",
        "query ($v: ProductFilterInput) { products(filter: $v) { totalCount } }",
        "query ($v: Decimal) { products(filter: { minPrice: $v, maxPrice: $v }) { totalCount } }",
        "mutation ($v: SubmitHairTestInput!) { submitHairTest(input: $v) { isReplay } }",
        "mutation ($v: [AnswerInput!]!) { saveHairTestDraft(input: { answers: $v }) { draft { version } } }",
        'mutation ($v: [String!]!) { saveHairTestDraft(input: {answers: {key: "gas", values: $v}}) { __typename } }',
        "query ($v: String!) { hairTestDraft(token: $v) { version } }",
        "query ($v: Language) { questionnaire(language: $v) { version } }",
        "mutation ($v: PlaceOrderInput!) { placeOrder(input: $v) { isReplay } }",
        "mutation ($v: VerifyOtpInput!) { verifyOtp(input: $v) { accessToken } }",
        "mutation ($v: String!) { requestOtp(input: { phone: $v }) { challenge } }",
        'mutation ($v: ID!) { verifyOtp(input: { challenge: $v, code: "1" }) { accessToken } }',
        "mutation ($v: String!) { refreshSession(input: { refreshToken: $v }) { accessToken } }",
    ]
)
FUZZ = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def assert_no_fault(response: httpx.Response) -> None:
    assert response.status_code < 500, response.text
    codes = {error["extensions"]["code"] for error in response.json().get("errors", [])}
    assert "INTERNAL_SERVER_ERROR" not in codes, response.text


@FUZZ
@given(body=strategies.binary(max_size=200))
async def test_no_bytes_at_all_are_a_fault(client: GraphClient, body: bytes) -> None:
    response = await post(client, body)

    assert_no_fault(response)


@FUZZ
@given(query=strategies.text(), name=JSON_VALUES, variables=JSON_VALUES)
async def test_no_json_at_all_is_a_fault(client: GraphClient, query: str, name: object, variables: object) -> None:
    body = json.dumps({"query": query, "operationName": name, "variables": variables})

    assert_no_fault(await post(client, body))


@FUZZ
@given(query=QUERIES, value=JSON_VALUES)
async def test_no_value_at_all_in_a_variable_is_a_fault(client: GraphClient, query: str, value: object) -> None:
    response = await post(client, json.dumps({"query": query, "variables": {"v": value}}))

    assert_no_fault(response)


@FUZZ
@given(
    words=strategies.lists(
        strategies.sampled_from([*'{}()[]:$!@="', "...", "on", "a", "query", "1", "node", "id", "Query"])
    )
)
async def test_no_order_of_graphql_words_is_a_fault(client: GraphClient, words: list[str]) -> None:
    response = await post(client, json.dumps({"query": " ".join(words)}))

    assert_no_fault(response)


@FUZZ
@given(query_string=strategies.text(alphabet='query=variblsoNmAc&%{}[]"0123F_;+ ', max_size=80))
async def test_no_query_string_is_a_fault(client: GraphClient, query_string: str) -> None:
    response = await client.http.get("/graphql", params=httpx.QueryParams(f"query={{__typename}}&{query_string}"))

    assert_no_fault(response)
