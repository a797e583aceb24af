"""A token opens what it was made for, and nothing by any other door: there it looks like a word that is no token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from starlette.applications import Starlette

from tests.access.people import (
    PLACE,
    SAVE_DRAFT,
    GuestThings,
    begin_draft,
    empty,
    new_phone,
    submit_as_guest,
)
from tests.access.seeing import seen
from tests.support import GraphClient, hair_test, order
from traya_gql.app import now
from traya_gql.services.access_tokens import Grant, Kind

KINDS = ["report", "order", "draft", "photo", "session", "another report", "another order", "another photo"]
DRAFT = "query ($token: String!) { hairTestDraft(token: $token) { version answers { key values } } }"
SUBMIT_DRAFT = """mutation ($input: SubmitHairTestInput!) {
  submitHairTest(input: $input) { accessToken report { id } userErrors { code path message } }
}"""


class World(NamedTuple):
    """What two guests left, a draft, and a customer: the tokens by kind, and a product that does not suit everybody.

    `told` is what an order of one piece costs.
    """

    client: GraphClient
    guest: GuestThings
    tokens: dict[str, str]
    product_id: str
    told: dict[str, str]


class Door(NamedTuple):
    """A place where a token can be shown.

    Args:
        query: what is asked.
        variables: what with, for a token; without a token in it the door is the bearer token.
        opened_by: the kinds of tokens that open it.
        open: what the answer holds then, and never else.
    """

    query: str
    variables: Callable[[World, str], Mapping[str, Any]]
    opened_by: set[str]
    open: bytes
    is_bearer: bool = False


def _wanted(world: World) -> dict[str, Any]:
    return order(world.guest.public_id, lines=[{"productId": world.product_id}], **world.told)


DOORS = {
    "report": Door(
        "query ($key: String!, $token: String) { report(publicId: $key, accessToken: $token) { hairTest { id } } }",
        lambda world, token: {"key": world.guest.public_id, "token": token},
        {"report"},
        b'{"hairTest":{"id":"',
    ),
    "order": Door(
        "query ($token: String!) { order(accessToken: $token) { id } }",
        lambda _, token: {"token": token},
        {"order", "another order"},
        b'{"order":{"id":"',
    ),
    "hairTestDraft": Door(DRAFT, lambda _, token: {"token": token}, {"draft"}, b'{"version":'),
    "saveHairTestDraft": Door(
        SAVE_DRAFT,
        lambda _, token: {"input": {"draftToken": token, "answers": []}},
        {"draft"},
        b'"draft":{"version":',
    ),
    # last: it ends the draft, or would if its answers were whole
    "submitHairTest": Door(
        SUBMIT_DRAFT,
        lambda _, token: {"input": {**hair_test(phone=new_phone()), "answers": None, "draftToken": token}},
        {"draft"},
        b'"code":"REQUIRED","path":["input","draftToken"]',
    ),
    "placeOrder": Door(
        PLACE,
        lambda world, token: {"input": {**_wanted(world), "reportAccessToken": token}},
        {"report"},
        b'"order":{"id":"',
    ),
    "bearer for a report": Door(
        "query ($id: ID!) { node(id: $id) { ... on Report { hairTest { id } } } }",
        lambda world, _: {"id": world.guest.report_id},
        {"report"},
        b'{"hairTest":{"id":"',
        is_bearer=True,
    ),
    "bearer for a hair test": Door(
        "query ($id: ID!) { node(id: $id) { id } }",
        lambda world, _: {"id": world.guest.hair_test_id},
        {"report"},
        b'{"node":{"id":"',
        is_bearer=True,
    ),
    "scalpPhoto": Door(
        "query ($id: ID!, $token: String) { scalpPhoto(id: $id, accessToken: $token) { id } }",
        lambda world, token: {"id": world.guest.photo_id, "token": token},
        {"photo", "report"},
        b'{"scalpPhoto":{"id":"',
    ),
    "completeScalpPhotoUpload": Door(
        """mutation ($input: CompleteScalpPhotoUploadInput!) {
             completeScalpPhotoUpload(input: $input) { photo { id } userErrors { code path } }
           }""",
        lambda world, token: {"input": {"photoId": world.guest.photo_id, "accessToken": token}},
        {"photo", "report"},
        b'"photo":{"id":"',
    ),
    "deleteScalpPhoto": Door(
        """mutation ($input: DeleteScalpPhotoInput!) {
             deleteScalpPhoto(input: $input) { photo { id } userErrors { code path } }
           }""",
        lambda world, token: {"input": {"photoId": world.guest.photo_id, "accessToken": token}},
        {"photo", "report"},
        b'"photo":{"id":"',
    ),
    "bearer for a photo": Door(
        "query ($id: ID!) { node(id: $id) { id } }",
        lambda world, _: {"id": world.guest.photo_id},
        {"photo", "report"},
        b'{"node":{"id":"',
        is_bearer=True,
    ),
    "bearer for an order": Door(
        "query ($id: ID!) { node(id: $id) { id } }",
        lambda world, _: {"id": world.guest.order_id},
        {"order"},
        b'{"node":{"id":"',
        is_bearer=True,
    ),
    "bearer for placing an order": Door(
        PLACE, lambda world, _: {"input": _wanted(world)}, {"report"}, b'"order":{"id":"', is_bearer=True
    ),
    "bearer of who is signed in": Door(
        "{ viewer { roles } }", lambda *_: {}, {"session"}, b'{"viewer":{"roles":', is_bearer=True
    ),
    "bearer that changes a profile": Door(
        'mutation { updateProfile(input: { name: "Asha Rao" }) { customer { id } } }',
        lambda *_: {},
        {"session"},
        b'"customer":{"id":"',
        is_bearer=True,
    ),
}


@pytest.fixture(scope="module")
async def world(started: tuple[Starlette, GraphClient]) -> World:
    app, client = started
    await empty(app)
    guest, another = [await submit_as_guest(client, new_phone()) for _ in range(2)]
    found = await client.data('{ product(slug: "density-serum") { id } }')
    tokens = {
        "report": guest.report_token,
        "order": guest.order_token,
        "draft": await begin_draft(client),
        "photo": guest.photo_token,
        "session": (await client.sign_in(new_phone())).access_token,
        "another report": another.report_token,
        "another order": another.order_token,
        "another photo": another.photo_token,
    }
    assert list(tokens) == KINDS
    product_id = found["product"]["id"]
    lines = [{"productId": product_id}]
    told = await client.told(order(guest.public_id, lines=lines, reportAccessToken=guest.report_token))
    return World(client, guest, tokens, product_id, told)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", DOORS)
async def test_a_token_opens_the_doors_it_was_made_for(world: World, name: str, kind: str) -> None:
    door, token = DOORS[name], world.tokens[kind]
    bearer, shown, nothing = (token, "", "") if door.is_bearer else (None, token, "x")
    # no token at all is a bearer's "nothing": a wrong one is a denial of its own
    closed = await seen(world.client, None, door.query, **door.variables(world, nothing))

    got = await seen(world.client, bearer, door.query, **door.variables(world, shown))

    assert door.open not in closed.body
    if kind in door.opened_by:
        assert door.open in got.body
    else:
        assert got == closed


@pytest.mark.parametrize("bearer", KINDS)
async def test_a_draft_is_opened_by_its_argument_alone_whoever_asks(world: World, bearer: str) -> None:
    for word in ("x", world.tokens["order"]):
        answer = await world.client.data(DRAFT, bearer=world.tokens[bearer], token=word)

        assert answer == {"hairTestDraft": None}


async def test_a_draft_that_was_submitted_looks_like_one_that_never_was(
    started: tuple[Starlette, GraphClient], world: World
) -> None:
    typed = hair_test(phone=new_phone())
    saved = await world.client.data(SAVE_DRAFT, input={"gender": "MALE", "answers": typed["answers"]})
    ended = saved["saveHairTestDraft"]["draftToken"]
    # signed by the application itself, for a draft that nobody has
    never = started[0].state.services.access_tokens.issue(Grant(Kind.DRAFT, uuid4()), made_at=now()).token
    done = await world.client.data(SUBMIT_DRAFT, input={**typed, "answers": None, "draftToken": ended})
    assert done["submitHairTest"]["userErrors"] == []

    for name in ("hairTestDraft", "saveHairTestDraft", "submitHairTest"):
        door = DOORS[name]
        absent = await seen(world.client, None, door.query, **door.variables(world, never))

        assert await seen(world.client, None, door.query, **door.variables(world, ended)) == absent
        assert door.open not in absent.body
