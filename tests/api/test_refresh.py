"""Staying signed in: refresh tokens are good once, twice in ten seconds, and never in a thief's hands for long."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from pydantic import SecretStr
from pymongo import MongoClient, WriteConcern
from pymongo.client_session import ClientSession
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent
from starlette.applications import Starlette

from tests.applications import own_application
from tests.processes import HANG_GUARD_S
from tests.support import GraphClient, SignedIn
from traya_gql.app import build_images, build_services, now
from traya_gql.documents.revocations import Revocation
from traya_gql.domain.roles import Role
from traya_gql.schema.common import read_node_id
from traya_gql.services import Services
from traya_gql.services.access_tokens import TokenExpired
from traya_gql.services.sessions import Opened, RefreshTokenInvalid, Sessions
from traya_gql.settings import Settings

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)

REFRESH = """mutation ($token: String!) {
  refreshSession(input: { refreshToken: $token }) {
    accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt customer { id }
    userErrors { code message path }
  }
}"""
REFUSED = {
    "accessToken": None,
    "accessTokenExpiresAt": None,
    "refreshToken": None,
    "refreshTokenExpiresAt": None,
    "customer": None,
    "userErrors": [
        {
            "code": "REFRESH_TOKEN_INVALID",
            "message": "This session has ended. Please sign in again.",
            "path": ["input", "refreshToken"],
        }
    ],
}


async def refresh(client: GraphClient, token: str, *, bearer: str | None = None) -> dict[str, Any]:
    """Return the payload."""
    payload: dict[str, Any] = (await client.data(REFRESH, bearer=bearer, token=token))["refreshSession"]
    return payload


async def refreshed(client: GraphClient, token: str) -> SignedIn:
    """Return new tokens for one that is good."""
    payload = await refresh(client, token)
    assert payload["userErrors"] == []
    return SignedIn(payload["accessToken"], payload["refreshToken"], payload["customer"]["id"])


async def can_refresh(client: GraphClient, token: str) -> bool:
    return await refresh(client, token) != REFUSED


async def is_signed_in(client: GraphClient, access_token: str) -> bool:
    answer = await client.ask("{ viewer { roles } }", bearer=access_token)
    if "errors" not in answer:
        return True
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
    return False


async def use_was_earlier(database: Any, seconds: float) -> None:
    """As if the last use of a refresh token were so much longer ago."""
    [session] = await database.sessions.find({"used": {"$ne": None}}).to_list()
    earlier = session["used"]["used_at"] - timedelta(seconds=seconds)
    await database.sessions.update_one({"_id": session["_id"]}, {"$set": {"used.used_at": earlier}})


# --- by the clock -----------------------------------------------------------------------------------------------------


class Clock:
    """A clock that a test may put forward."""

    def __init__(self) -> None:
        self.time = now()

    def __call__(self) -> datetime:
        return self.time


@dataclass(frozen=True)
class Timed:
    """Services with a clock of their own, on the database of the client."""

    client: GraphClient
    services: Services
    clock: Clock

    @property
    def sessions(self) -> Sessions:
        return self.services.sessions

    async def sign_in(self) -> Opened:
        challenge, code = await self.client.request_code("9876543210")
        return await self.sessions.open(challenge=UUID(challenge), code=code, device="Test", address="203.0.113.7")

    async def refresh(self, token: str) -> Opened:
        return await self.sessions.refresh(token, address="203.0.113.7")


@pytest.fixture
def timed(started: tuple[Starlette, GraphClient], client: GraphClient, settings: Settings) -> Timed:
    clock = Clock()
    running = started[0].state
    messages = running.services.one_time_codes.messages
    return Timed(
        client,
        build_services(settings, running.storage, messages=messages, images=build_images(settings), clock=clock),
        clock,
    )


async def test_an_access_token_lasts_15_minutes_and_a_refresh_token_30_days(timed: Timed) -> None:
    opened = await timed.sign_in()
    tokens = timed.services.access_tokens

    claims = jwt.decode(opened.access.token, options={"verify_signature": False})
    last_second = datetime.fromtimestamp(claims["exp"], UTC) - timedelta(milliseconds=1)

    assert claims["exp"] - claims["iat"] == 15 * 60
    assert opened.access.expires_at - timed.clock.time == timedelta(minutes=15)
    assert opened.refresh.expires_at - timed.clock.time == timedelta(days=30)
    assert tokens.read(opened.access.token, now=last_second) is not None
    with pytest.raises(TokenExpired):
        tokens.read(opened.access.token, now=last_second + timedelta(milliseconds=1))


async def test_a_session_lasts_while_it_is_used_within_30_days(timed: Timed) -> None:
    opened = await timed.sign_in()
    for _ in range(3):
        timed.clock.time += timedelta(days=30) - timedelta(milliseconds=1)
        opened = await timed.refresh(opened.refresh.token)
        assert opened.refresh.expires_at - timed.clock.time == timedelta(days=30)

    timed.clock.time += timedelta(days=30)

    with pytest.raises(RefreshTokenInvalid):
        await timed.refresh(opened.refresh.token)


async def test_the_grace_is_ten_seconds_to_the_millisecond(timed: Timed) -> None:
    opened = await timed.sign_in()
    successor = await timed.refresh(opened.refresh.token)

    timed.clock.time += timedelta(seconds=10)
    again = await timed.refresh(opened.refresh.token)
    timed.clock.time += timedelta(milliseconds=1)
    with pytest.raises(RefreshTokenInvalid):
        await timed.refresh(opened.refresh.token)

    assert again.refresh.token == successor.refresh.token
    # the thief and the customer cannot be told apart: the session has ended for both
    with pytest.raises(RefreshTokenInvalid):
        await timed.refresh(successor.refresh.token)


async def test_keys_rotate_under_a_session_and_under_a_double_submit(
    timed: Timed, started: tuple[Starlette, GraphClient], settings: Settings
) -> None:
    old, new = settings.secret_key, SecretStr("another secret of the tests, long enough to sign")
    assert old is not None
    swapped = settings.model_copy(update={"secret_key": new, "second_secret_key": old})
    messages = timed.services.one_time_codes.messages
    storage = started[0].state.storage
    services = build_services(swapped, storage, messages=messages, images=build_images(swapped), clock=timed.clock)
    rotated = Timed(timed.client, services, timed.clock)
    first = await timed.sign_in()

    second = await timed.refresh(first.refresh.token)
    repeated = await rotated.refresh(first.refresh.token)
    third = await rotated.refresh(second.refresh.token)

    assert secret_of(repeated.refresh.token) == secret_of(second.refresh.token)
    assert rotated.services.access_tokens.read(first.access.token, now=timed.clock.time) is not None
    assert rotated.services.access_tokens.read(third.access.token, now=timed.clock.time) is not None
    # a token that the old key sealed is known as an old one of ours
    with pytest.raises(RefreshTokenInvalid):
        await rotated.refresh(first.refresh.token)
    with pytest.raises(RefreshTokenInvalid):
        await rotated.refresh(third.refresh.token)


def secret_of(token: str) -> str:
    return token.split(".")[1]


# --- rotation ---------------------------------------------------------------------------------------------------------


async def test_a_refresh_token_is_replaced_by_its_use(client: GraphClient, database: Any) -> None:
    first = await client.sign_in()
    await database.sessions.update_one({}, {"$set": {"last_used_at": LONG_AGO}})

    second = await refreshed(client, first.refresh_token)
    [session] = await database.sessions.find().to_list()
    third = await refreshed(client, second.refresh_token)

    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert {first.customer_id, second.customer_id, third.customer_id} == {first.customer_id}
    assert session["last_used_at"] > LONG_AGO
    assert session["expires_at"] - session["last_used_at"] == timedelta(days=30)
    for signed_in in (first, second, third):
        assert await is_signed_in(client, signed_in.access_token)
    assert await database.sessions.count_documents({}) == 1


async def test_an_access_token_that_has_ended_does_not_stop_a_refresh(client: GraphClient) -> None:
    signed_in = await client.sign_in()

    payload = await refresh(client, signed_in.refresh_token, bearer="dead.or.forged")

    assert payload["userErrors"] == []


async def test_twenty_refreshes_at_once_get_one_successor(client: GraphClient) -> None:
    signed_in = await client.sign_in()

    many = await asyncio.gather(*(refreshed(client, signed_in.refresh_token) for _ in range(20)))

    [successor] = {one.refresh_token for one in many}
    assert successor != signed_in.refresh_token
    assert all([await is_signed_in(client, one.access_token) for one in many])
    assert await can_refresh(client, successor)


async def test_a_token_sent_again_within_the_grace_gets_the_same_successor(client: GraphClient) -> None:
    first = await client.sign_in()
    second = await refreshed(client, first.refresh_token)

    again = await refreshed(client, first.refresh_token)

    assert again.refresh_token == second.refresh_token


async def test_reuse_after_the_grace_ends_the_session_with_its_access_tokens(
    client: GraphClient, database: Any
) -> None:
    first = await client.sign_in()
    second = await refreshed(client, first.refresh_token)
    elsewhere = await client.sign_in()
    await use_was_earlier(database, 11)

    reused = await refresh(client, first.refresh_token)

    assert reused == REFUSED
    assert await refresh(client, second.refresh_token) == REFUSED
    assert not await is_signed_in(client, first.access_token)
    assert not await is_signed_in(client, second.access_token)
    # a session of another device is another family
    assert await is_signed_in(client, elsewhere.access_token)
    assert await can_refresh(client, elsewhere.refresh_token)


async def test_a_token_two_generations_old_ends_the_session_within_the_grace_too(client: GraphClient) -> None:
    first = await client.sign_in()
    second = await refreshed(client, first.refresh_token)
    third = await refreshed(client, second.refresh_token)

    assert await refresh(client, first.refresh_token) == REFUSED
    assert await refresh(client, third.refresh_token) == REFUSED
    assert not await is_signed_in(client, third.access_token)


async def test_a_forged_token_ends_nobodys_session(client: GraphClient, database: Any) -> None:
    victim, mallory = await client.sign_in("9876543210"), await client.sign_in("9123456780")
    used = await refreshed(client, mallory.refresh_token)
    key, secret, seal = victim.refresh_token.split(".")
    _, own_secret, own_seal = mallory.refresh_token.split(".")
    forged = [
        f"{key}.{own_secret}.{own_seal}",
        f"{key}.{own_secret}.{seal}",
        f"{key}.{'x' * len(secret)}.{seal}",
        f"{key}.{secret[:-1]}.{seal}",
        f"{key}.{secret}.{seal}.",
        f"{key}..{seal}",
        f"{key}..",
        f"{key}.{seal}.{secret}",
        key,
        *(f"{key}.{text}.{text}" for text in [*await stored_texts(database)]),
    ]

    answers = [await refresh(client, token) for token in forged]

    assert answers == [REFUSED] * len(forged)
    assert await is_signed_in(client, victim.access_token)
    assert await can_refresh(client, victim.refresh_token)
    assert await can_refresh(client, used.refresh_token)


async def stored_texts(database: Any) -> set[str]:
    """Return the hashes of all sessions: what a thief of the database would try."""
    sessions = await database.sessions.find().to_list()
    used = {session["used"]["hash"] for session in sessions if session["used"]}
    return used | {session["refresh_hash"] for session in sessions}


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "x" * 10_000, "{0}.é.é", "{0}.\0.\0", "{0}.a.b", "0.a.b"])
async def test_what_is_no_refresh_token_is_refused_like_an_old_one(client: GraphClient, token: str) -> None:
    assert await refresh(client, token.replace("{0}", uuid4().hex)) == REFUSED


async def test_refresh_tokens_are_stored_hashed_only(client: GraphClient, database: Any) -> None:
    first = await client.sign_in()
    second = await refreshed(client, first.refresh_token)

    names = await database.list_collection_names()
    stored = b"".join([raw for name in names for raw in await database[name].find_raw_batches({}).to_list()])

    assert len(stored) > 1_000
    for token in (first.refresh_token, second.refresh_token):
        _, secret, seal = token.split(".")
        assert secret.encode() not in stored
        assert seal.encode() not in stored
    for token in (first.access_token, second.access_token):
        assert token.split(".")[2].encode() not in stored


async def test_mongodb_removes_sessions_that_have_ended_by_themselves(database: Any) -> None:
    indexes = await database.sessions.index_information()

    assert (indexes["expires_at"]["key"], indexes["expires_at"]["expireAfterSeconds"]) == ([("expires_at", 1)], 0)


@pytest.mark.parametrize("field", ["ended_at", "expires_at"])
async def test_a_session_that_has_ended_or_expired_is_not_refreshed(
    client: GraphClient, database: Any, field: str
) -> None:
    first = await client.sign_in()
    second = await refreshed(client, first.refresh_token)
    await database.sessions.update_one({}, {"$set": {field: LONG_AGO}})

    assert await refresh(client, second.refresh_token) == REFUSED
    assert await refresh(client, first.refresh_token) == REFUSED


# --- what refreshes meet ----------------------------------------------------------------------------------------------


async def test_new_roles_hold_at_once_and_come_with_the_next_refresh(
    started: tuple[Starlette, GraphClient], client: GraphClient
) -> None:
    staff = started[0].state.services.staff
    asha, by = await client.sign_in(), uuid4()
    customer_id = UUID(hex=read_node_id(asha.customer_id).key)

    await staff.set_roles(customer_id, [Role.DOCTOR, Role.ADMIN], by=by)
    was_dead_at_once = not await is_signed_in(client, asha.access_token)
    promoted = await refreshed(client, asha.refresh_token)
    roles = await client.data("{ viewer { roles } }", bearer=promoted.access_token)
    await staff.set_roles(customer_id, [], by=by)

    assert was_dead_at_once
    assert roles == {"viewer": {"roles": ["CUSTOMER", "ADMIN", "DOCTOR"]}}
    assert not await is_signed_in(client, promoted.access_token)
    demoted = await refreshed(client, promoted.refresh_token)
    assert await client.data("{ viewer { roles } }", bearer=demoted.access_token) == {"viewer": {"roles": ["CUSTOMER"]}}


@pytest.mark.parametrize("mutation", ["signOut { isSignedOut }", "signOutEverywhere { totalEnded }"])
async def test_a_refresh_beside_a_sign_out_leaves_nothing_that_works(client: GraphClient, mutation: str) -> None:
    """Whoever comes first, no token of the session outlives both."""
    for _ in range(25):
        signed_in = await client.sign_in()

        signing_out = asyncio.create_task(client.data(f"mutation {{ {mutation} }}", bearer=signed_in.access_token))
        payload = await refresh(client, signed_in.refresh_token)
        await signing_out

        assert not await is_signed_in(client, signed_in.access_token)
        if payload["refreshToken"] is not None:
            assert await refresh(client, payload["refreshToken"]) == REFUSED
            assert not await is_signed_in(client, payload["accessToken"])


class SignOutEverywhereElsewhere(CommandListener):
    """Another process signs everybody out just before this one reads who they are, if the database lets it."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self.thread = Thread(target=self._sign_out)

    def started(self, event: CommandStartedEvent) -> None:
        if event.command.get("comment") == "customers.by_id" and self.thread.ident is None:
            self.thread.start()
            # half a second is long for three writes; when they wait for us they come after us
            self.thread.join(0.5)

    def _sign_out(self) -> None:
        with (
            MongoClient[dict[str, Any]](self._uri, uuidRepresentation="standard") as client,
            client.start_session() as session,
        ):
            session.with_transaction(
                lambda session: _end_all_sessions(client.get_default_database(), session),
                write_concern=WriteConcern("majority"),
            )

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


def _end_all_sessions(database: Any, session: ClientSession) -> None:
    database.sessions.update_many({}, {"$set": {"ended_at": now()}}, session=session)
    database.customers.update_many({}, {"$inc": {"access_version": 1}}, session=session)
    customer = database.customers.find_one({}, session=session)
    database.revocations.insert_one(
        {
            "_id": f"customer:{customer['_id'].hex}",
            "schema_version": 1,
            "min_version": customer["access_version"],
            "expires_at": now() + timedelta(minutes=16),
            "created_at": now(),
        },
        session=session,
    )


async def test_a_sign_out_everywhere_in_the_middle_of_a_refresh_leaves_nothing_that_works(
    settings: Settings, mongodb_uri: str, client: GraphClient, database: Any
) -> None:
    signed_in = await client.sign_in()
    elsewhere = SignOutEverywhereElsewhere(mongodb_uri)

    async with own_application(settings, database, listeners=(elsewhere,)) as (app, own, _):
        payload = await refresh(own, signed_in.refresh_token)
        elsewhere.thread.join(HANG_GUARD_S)
        [revoked] = await database.revocations.find().to_list()
        app.state.services.revocations.apply_locally(Revocation.model_validate(revoked))

        assert not await is_signed_in(own, signed_in.access_token)
        if payload["accessToken"] is not None:
            assert await refresh(own, payload["refreshToken"]) == REFUSED
            assert not await is_signed_in(own, payload["accessToken"])
