"""Access tokens: nothing in them can be forged, and they stand for one thing each."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest

from tests.support import GraphClient
from traya_gql.domain.roles import Role
from traya_gql.services.access_tokens import AccessTokens, Grant, Kind, SignedIn, TokenExpired
from traya_gql.services.keys import Keys, key_id_of
from traya_gql.settings import Settings

FIRST, SECOND, FOREIGN = (f"the {name} key of the tests, long enough" for name in ("first", "second", "foreign"))
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
WHO = SignedIn(
    customer_id=UUID(int=1), session_id=UUID(int=2), access_version=3, roles=frozenset({Role.COACH, Role.SUPPORT})
)
REPORT = Grant(Kind.REPORT, UUID(int=4))


def tokens(first: str = FIRST, second: str | None = None) -> AccessTokens:
    return AccessTokens(keys=Keys(first=first, second=second), guest_lifetime=timedelta(days=30))


def session_token(by: AccessTokens | None = None) -> str:
    return (by or tokens()).issue_for_session(WHO, made_at=NOON).token


def parts_of(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims."""
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    return header, claims


def encoded(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def read(token: str, by: AccessTokens | None = None) -> Grant | SignedIn | None:
    return (by or tokens()).read(token, now=NOON)


# --- what a token says ------------------------------------------------------------------------------------------------


def test_a_sessions_token_says_who_is_signed_in() -> None:
    assert read(session_token()) == WHO


@pytest.mark.parametrize("kind", list(Kind))
def test_a_guests_token_opens_one_object(kind: Kind) -> None:
    issued = tokens().issue(Grant(kind, UUID(int=4)), made_at=NOON)

    assert read(issued.token) == tokens().read_grant(issued.token, now=NOON) == Grant(kind, UUID(int=4))


def test_a_guests_token_is_the_same_whenever_it_is_made() -> None:
    assert tokens().issue(REPORT, made_at=NOON) == tokens().issue(REPORT, made_at=NOON)


def test_a_sessions_token_opens_no_object_as_a_guests() -> None:
    assert tokens().read_grant(session_token(), now=NOON) is None


def test_a_sessions_token_lasts_15_minutes() -> None:
    issued = tokens().issue_for_session(WHO, made_at=NOON)
    end = NOON + timedelta(minutes=15)

    assert issued.expires_at == end
    assert tokens().read(issued.token, now=end - timedelta(milliseconds=1)) == WHO
    with pytest.raises(TokenExpired):
        tokens().read(issued.token, now=end)


@pytest.mark.parametrize(("given", "lasts"), [(None, timedelta(days=30)), (timedelta(days=1), timedelta(days=1))])
def test_a_guests_token_lasts_as_long_as_all_do_unless_another_time_is_given(
    given: timedelta | None, lasts: timedelta
) -> None:
    issued = tokens().issue(REPORT, made_at=NOON, lifetime=given)

    assert issued.expires_at == NOON + lasts
    assert tokens().read_grant(issued.token, now=issued.expires_at - timedelta(milliseconds=1)) == REPORT
    assert tokens().read_grant(issued.token, now=issued.expires_at) is None


def test_a_guests_token_that_has_ended_looks_like_a_forged_one() -> None:
    issued = tokens().issue(REPORT, made_at=NOON)

    assert tokens().read_grant(issued.token, now=issued.expires_at) is None


def test_a_forged_token_that_has_ended_is_not_said_to_have_been_good() -> None:
    header, claims, _ = session_token().split(".")

    assert tokens().read(f"{header}.{claims}.{'A' * 43}", now=NOON + timedelta(days=1)) is None


def test_no_token_names_a_phone_or_a_person() -> None:
    _, claims = parts_of(session_token())

    assert set(claims) == {"iss", "aud", "sub", "sid", "ver", "roles", "iat", "exp"}


# --- forgery ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"roles": ["ADMIN"]},
        {"roles": []},
        {"ver": 4},
        {"sub": UUID(int=9).hex},
        {"sid": UUID(int=9).hex},
        {"exp": 4_000_000_000},
        {"aud": "report"},
    ],
)
def test_no_claim_can_be_changed(changes: dict[str, Any]) -> None:
    header, claims, signature = session_token().split(".")
    changed = encoded(parts_of(session_token())[1] | changes)
    assert claims != changed

    assert read(f"{header}.{changed}.{signature}") is None


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", "HS384", "HS512", "RS256", "ES256", None, 256])
@pytest.mark.parametrize("key_id", [key_id_of(FIRST), None])
def test_no_other_algorithm_is_taken(algorithm: Any, key_id: str | None) -> None:
    _, claims, signature = session_token().split(".")
    header = encoded({"alg": algorithm, "typ": "JWT", "kid": key_id})

    assert read(f"{header}.{claims}.") is None
    assert read(f"{header}.{claims}.{signature}") is None


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_our_own_key_with_another_algorithm_is_not_taken(algorithm: str) -> None:
    long_key = FIRST * 2
    _, claims = parts_of(session_token(tokens(long_key)))
    token = jwt.encode(claims, long_key, algorithm=algorithm, headers={"kid": key_id_of(long_key)})

    assert read(token, tokens(long_key)) is None


FIRST_ID = key_id_of(FIRST)


def signed(key: str = FIRST, *, key_id: Any = FIRST_ID, headers: dict[str, Any] | None = None, **changes: Any) -> str:
    """Return a token as whoever has this key would sign it; a change to None drops the claim."""
    claims = parts_of(session_token())[1] | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm="HS256", headers={"kid": key_id, **(headers or {})})


def test_what_is_signed_here_is_what_is_read_here() -> None:
    assert read(signed()) == WHO


@pytest.mark.parametrize("key_id", [key_id_of(FIRST), key_id_of(FOREIGN), "", "../../../dev/null", "0" * 8])
def test_another_key_does_not_sign_whatever_key_it_names(key_id: str) -> None:
    assert read(signed(FOREIGN, key_id=key_id)) is None


@pytest.mark.parametrize("key_id", [key_id_of(FOREIGN), "", key_id_of(FIRST).upper()])
def test_our_key_under_another_name_is_not_taken(key_id: str) -> None:
    assert read(signed(key_id=key_id)) is None


def test_a_token_without_the_name_of_its_key_is_not_taken() -> None:
    assert read(jwt.encode(parts_of(session_token())[1], FIRST, algorithm="HS256")) is None


def test_a_key_inside_the_token_is_not_taken() -> None:
    key = {"kty": "oct", "k": base64.urlsafe_b64encode(FOREIGN.encode()).decode().rstrip("=")}

    assert read(signed(FOREIGN, headers={"jwk": key, "jku": "http://127.0.0.1:1/keys", "x5u": "x"})) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "somebody else"},
        {"iss": None},
        {"aud": None},
        {"aud": "admin"},
        {"aud": ["session", "report"]},
        {"aud": ["session"]},
        {"sub": None},
        {"sub": "nobody"},
        {"sid": None},
        {"sid": 7},
        {"ver": None},
        {"ver": "3"},
        {"exp": None},
        {"exp": "4000000000"},
        {"roles": None},
        {"roles": ["KING"]},
        {"roles": 7},
    ],
)
def test_a_token_of_ours_with_odd_claims_is_none(changes: dict[str, Any]) -> None:
    """Another release, or another program with this key, may have made it: it is no fault."""
    assert read(signed(**changes)) is None


MALFORMED = [
    "",
    ".",
    "..",
    "a.b.c",
    "é.é.é",
    "\0.\0.\0",
    f"{session_token()}.{session_token()}",
    session_token().replace(".", ""),
    session_token()[:-1],
    f" {session_token()}",
    f"{session_token()}\n",
    f"{encoded([])}.{encoded([])}.",
    f"{encoded(None)}.{encoded(None)}.",
    f"{encoded({'alg': 'HS256', 'kid': ['x']})}.{encoded({})}.",
    f"{encoded({'alg': 'HS256', 'kid': {}})}.{encoded({})}.",
    f"{base64.urlsafe_b64encode(b'[' * 600).decode()}.e30.",
    "x" * 100_000,
]


@pytest.mark.parametrize("token", MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_no_token_is_none(token: str) -> None:
    assert read(token) is None
    assert tokens().read_grant(token, now=NOON) is None


# --- keys -------------------------------------------------------------------------------------------------------------


def test_both_live_keys_are_good_and_the_first_signs() -> None:
    rotating = tokens(SECOND, FIRST)

    assert read(session_token(tokens(FIRST)), rotating) == WHO
    assert read(session_token(tokens(SECOND)), rotating) == WHO
    assert read(session_token(rotating), tokens(SECOND)) == WHO
    assert read(session_token(rotating), tokens(FIRST)) is None


def test_a_key_that_is_not_live_is_not_good() -> None:
    assert read(session_token(tokens(FOREIGN)), tokens(FIRST, SECOND)) is None


def test_a_key_that_was_dropped_is_not_good_any_more() -> None:
    assert read(session_token(tokens(FIRST)), tokens(SECOND)) is None


def test_keys_are_not_in_what_is_printed_of_them() -> None:
    shown = repr(tokens(FIRST, SECOND))

    assert FIRST not in shown
    assert SECOND not in shown


def test_hashes_of_two_uses_and_of_two_keys_never_meet() -> None:
    keys = Keys(first=FIRST, second=SECOND)
    hashes = [
        *keys.hide_with_each("rate-limit", "a", "b"),
        *keys.hide_with_each("one-time-code", "a", "b"),
        *keys.hide_with_each("one-time-code", "ab"),
        *keys.hide_with_each("one-time-code", "", "ab"),
    ]

    assert len(set(hashes)) == 8
    assert keys.hide("rate-limit", "a", "b") == hashes[0]


# --- as bearer tokens -------------------------------------------------------------------------------------------------


def forged_roles(claims: dict[str, Any], good: str) -> str:
    header, _, signature = good.split(".")
    return f"{header}.{encoded(claims | {'roles': ['ADMIN']})}.{signature}"


def unsigned(claims: dict[str, Any], good: str) -> str:
    return f"{encoded({'alg': 'none', 'typ': 'JWT', 'kid': parts_of(good)[0]['kid']})}.{encoded(claims)}."


def signed_by_another(claims: dict[str, Any], good: str) -> str:
    return jwt.encode(claims, FOREIGN, algorithm="HS256", headers={"kid": parts_of(good)[0]["kid"]})


def without_signature(_: dict[str, Any], good: str) -> str:
    return good.rsplit(".", 1)[0]


@pytest.mark.parametrize("forge", [forged_roles, unsigned, signed_by_another, without_signature])
async def test_a_forged_bearer_token_is_unauthenticated(
    client: GraphClient, forge: Callable[[dict[str, Any], str], str]
) -> None:
    good = (await client.sign_in()).access_token
    forged = forge(parts_of(good)[1], good)

    assert await client.code("{ viewer { roles } }", bearer=forged) == "UNAUTHENTICATED"
    assert await client.code("{ staff { nodes { id } } }", bearer=forged) == "UNAUTHENTICATED"
    assert await client.data("{ viewer { roles } }", bearer=good) == {"viewer": {"roles": ["CUSTOMER"]}}


async def test_an_expired_bearer_token_is_unauthenticated_and_says_what_to_do(
    client: GraphClient, settings: Settings
) -> None:
    _, claims = parts_of((await client.sign_in()).access_token)
    assert settings.secret_key is not None
    key = settings.secret_key.get_secret_value()
    expired = jwt.encode(claims | {"exp": claims["iat"]}, key, algorithm="HS256", headers={"kid": key_id_of(key)})

    answer = await client.ask("{ viewer { roles } }", bearer=expired)

    [error] = answer["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert "refreshSession" in error["message"]


async def test_the_token_of_a_report_signs_nobody_in(client: GraphClient, report: dict[str, Any]) -> None:
    assert await client.code("{ viewer { roles } }", bearer=report["accessToken"]) == "UNAUTHENTICATED"


async def test_a_sessions_token_or_a_refresh_token_opens_no_report(client: GraphClient, report: dict[str, Any]) -> None:
    signed_in = await client.sign_in()
    query = "query ($id: String!, $token: String) { report(publicId: $id, accessToken: $token) { hairTest { id } } }"

    for token in (signed_in.access_token, signed_in.refresh_token):
        shown = await client.data(query, id=report["publicId"], token=token)
        assert shown == {"report": {"hairTest": None}}
    assert await client.code("{ viewer { roles } }", bearer=signed_in.refresh_token) == "UNAUTHENTICATED"
