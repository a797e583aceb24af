"""Sessions: who signed in where, and how each of them is ended."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.processes import HANG_GUARD_S
from tests.support import VERIFY_OTP, GraphClient, SignedIn
from traya_gql.schema.common import NodeType, node_id, read_node_id

ASHA, RAVI = "9876543210", "9123456780"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)

SESSIONS = """query ($first: Int = 20, $after: String) { viewer { sessions(first: $first, after: $after) {
  nodes { id device createdAt lastUsedAt expiresAt isCurrent } pageInfo { hasNextPage endCursor }
} } }"""
SIGN_OUT = "mutation ($id: ID) { signOut(id: $id) { isSignedOut userErrors { code message path } } }"
SIGN_OUT_EVERYWHERE = "mutation { signOutEverywhere { totalEnded userErrors { code } } }"
REFRESH = """mutation ($token: String!) {
  refreshSession(input: { refreshToken: $token }) { refreshToken userErrors { code } }
}"""
NOT_FOUND = {
    "signOut": {
        "isSignedOut": False,
        "userErrors": [{"code": "SESSION_NOT_FOUND", "message": "There is no such session.", "path": ["id"]}],
    }
}
DONE = {"signOut": {"isSignedOut": True, "userErrors": []}}


async def sessions(client: GraphClient, who: SignedIn) -> list[dict[str, Any]]:
    shown = await client.data(SESSIONS, bearer=who.access_token)
    nodes: list[dict[str, Any]] = shown["viewer"]["sessions"]["nodes"]
    return nodes


async def current(client: GraphClient, who: SignedIn) -> str:
    """Return the id of the session that asks."""
    [id_] = [node["id"] for node in await sessions(client, who) if node["isCurrent"]]
    return str(id_)


async def is_signed_in(client: GraphClient, who: SignedIn) -> bool:
    answer = await client.ask("{ viewer { roles } }", bearer=who.access_token)
    if "errors" not in answer:
        return True
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
    return False


async def can_refresh(client: GraphClient, who: SignedIn) -> bool:
    payload = (await client.data(REFRESH, token=who.refresh_token))["refreshSession"]
    if payload["refreshToken"] is None:
        assert [error["code"] for error in payload["userErrors"]] == ["REFRESH_TOKEN_INVALID"]
    return payload["refreshToken"] is not None


# --- what is shown ----------------------------------------------------------------------------------------------------


async def test_sessions_show_device_and_last_use_the_newest_first(client: GraphClient, database: Any) -> None:
    phone = await client.sign_in(ASHA, device="Asha's phone")
    laptop = await client.sign_in(ASHA, device="Laptop")
    await client.sign_in(RAVI, device="Ravi's phone")
    await database.sessions.update_many({}, {"$set": {"last_used_at": LONG_AGO}})
    await client.data(REFRESH, token=phone.refresh_token)

    seen_by_phone, seen_by_laptop = await sessions(client, phone), await sessions(client, laptop)

    assert [(one["device"], one["isCurrent"]) for one in seen_by_phone] == [("Laptop", False), ("Asha's phone", True)]
    assert [(one["device"], one["isCurrent"]) for one in seen_by_laptop] == [("Laptop", True), ("Asha's phone", False)]
    assert seen_by_phone[0]["lastUsedAt"] == "2026-01-01T00:00:00.000Z"
    assert seen_by_phone[1]["lastUsedAt"] > seen_by_phone[1]["createdAt"]
    assert all(one["expiresAt"] > one["createdAt"] for one in seen_by_phone)


async def test_sessions_that_have_ended_or_expired_are_not_shown(client: GraphClient, database: Any) -> None:
    ended, expired, lasting = [await client.sign_in(ASHA, device) for device in ("Ended", "Expired", "Lasting")]
    await client.data(SIGN_OUT, bearer=ended.access_token)
    await database.sessions.update_one({"device": "Expired"}, {"$set": {"expires_at": LONG_AGO}})

    assert [one["device"] for one in await sessions(client, lasting)] == ["Lasting"]
    assert expired.customer_id == lasting.customer_id


async def test_sessions_come_in_pages(client: GraphClient) -> None:
    *_, who = [await client.sign_in(ASHA, device) for device in ("First", "Second", "Third")]

    page = (await client.data(SESSIONS, bearer=who.access_token, first=2))["viewer"]["sessions"]
    after = page["pageInfo"]["endCursor"]
    rest = (await client.data(SESSIONS, bearer=who.access_token, first=2, after=after))["viewer"]["sessions"]

    assert [one["device"] for one in page["nodes"]] == ["Third", "Second"]
    assert [one["device"] for one in rest["nodes"]] == ["First"]
    assert (page["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Asha's phone", "Asha's phone"),
        ("  आशा   का फ़ोन 📱 ", "आशा का फ़ोन 📱"),
        ("x" * 10_000, "x" * 100),
        ("", "python-httpx"),
        (None, "python-httpx"),
        ("   ", "Unknown device"),
        ("\u200d", "Unknown device"),
        ("Pho\0ne", "Unknown device"),
        ("Phone\x1b[2J", "Unknown device"),
        ("Phone\r\nset-cookie: a=b", "Unknown device"),
        ("Phone \u202eenohp", "Unknown device"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ],
)
async def test_any_text_will_do_for_a_device(client: GraphClient, typed: str | None, shown: str) -> None:
    challenge, code = await client.request_code(ASHA)
    given = await client.data(VERIFY_OTP, input={"challenge": challenge, "code": code, "device": typed})

    who = SignedIn(given["verifyOtp"]["accessToken"], "", "")
    [session] = await sessions(client, who)

    assert session["device"].partition("/")[0] == shown.partition("/")[0]


# --- signing out ------------------------------------------------------------------------------------------------------


async def test_sign_out_ends_the_session_that_asks_and_no_other(client: GraphClient) -> None:
    here, there = await client.sign_in(ASHA), await client.sign_in(ASHA)

    done = await client.data(SIGN_OUT, bearer=here.access_token)

    assert done == DONE
    assert not await is_signed_in(client, here)
    assert not await can_refresh(client, here)
    assert await is_signed_in(client, there)
    assert await can_refresh(client, there)
    assert await client.code(SIGN_OUT, bearer=here.access_token) == "UNAUTHENTICATED"


async def test_sign_out_ends_another_session_by_its_id(client: GraphClient) -> None:
    lost, here = await client.sign_in(ASHA, "Lost phone"), await client.sign_in(ASHA)
    [id_] = [one["id"] for one in await sessions(client, here) if one["device"] == "Lost phone"]

    done = await client.data(SIGN_OUT, bearer=here.access_token, id=id_)
    again = await client.data(SIGN_OUT, bearer=here.access_token, id=id_)

    assert (done, again) == (DONE, NOT_FOUND)
    assert not await is_signed_in(client, lost)
    assert not await can_refresh(client, lost)
    assert await is_signed_in(client, here)


async def test_somebody_elses_session_looks_like_a_missing_one(client: GraphClient) -> None:
    asha, ravi = await client.sign_in(ASHA), await client.sign_in(RAVI)
    foreign = await current(client, ravi)
    ids = [foreign, node_id(NodeType.SESSION, uuid4())]

    answers, counts = [], []
    for id_ in ids:
        with client.commands.counting() as commands:
            answers.append(await client.data(SIGN_OUT, bearer=asha.access_token, id=id_))
        counts.append({name: count for name, count in commands.items() if name != "getMore"})

    assert answers == [NOT_FOUND] * 2
    assert counts[0] == counts[1]
    assert await is_signed_in(client, ravi)
    assert await can_refresh(client, ravi)


async def test_what_is_no_id_of_a_session_is_not_found(client: GraphClient) -> None:
    who = await client.sign_in(ASHA)
    session_id = read_node_id(await current(client, who)).key
    wrong = ["", "x", session_id, str(UUID(session_id)), who.customer_id, node_id(NodeType.ORDER, session_id)]

    answers = [await client.data(SIGN_OUT, bearer=who.access_token, id=id_) for id_ in wrong]

    assert answers == [NOT_FOUND] * len(wrong)
    assert await is_signed_in(client, who)


@pytest.mark.parametrize("mutation", [SIGN_OUT, SIGN_OUT_EVERYWHERE])
async def test_who_is_not_signed_in_cannot_sign_out(client: GraphClient, report: dict[str, Any], mutation: str) -> None:
    assert await client.code(mutation) == "UNAUTHENTICATED"
    assert await client.code(mutation, bearer=report["accessToken"]) == "UNAUTHENTICATED"


async def test_sign_out_everywhere_ends_all_sessions_of_the_customer_and_nobody_elses(client: GraphClient) -> None:
    asha = [await client.sign_in(ASHA) for _ in range(3)]
    ravi = await client.sign_in(RAVI)

    done = await client.data(SIGN_OUT_EVERYWHERE, bearer=asha[1].access_token)

    assert done == {"signOutEverywhere": {"totalEnded": 3, "userErrors": []}}
    assert [await is_signed_in(client, who) for who in asha] == [False] * 3
    assert [await can_refresh(client, who) for who in asha] == [False] * 3
    assert await is_signed_in(client, ravi)
    assert await can_refresh(client, ravi)
    assert await is_signed_in(client, await client.sign_in(ASHA))


async def test_of_many_sign_outs_at_once_each_says_what_is_so(client: GraphClient, database: Any) -> None:
    who = [await client.sign_in(ASHA) for _ in range(10)]

    done = await asyncio.gather(*(client.ask(SIGN_OUT_EVERYWHERE, bearer=one.access_token) for one in who))

    counts = [answer["data"]["signOutEverywhere"]["totalEnded"] for answer in done if "errors" not in answer]
    assert sum(counts) == 10
    assert await database.sessions.count_documents({"ended_at": None}) == 0
    assert not any([await is_signed_in(client, one) for one in who])


async def test_a_dead_token_opens_nothing_and_what_is_open_stays_open(
    client: GraphClient, report: dict[str, Any]
) -> None:
    who = await client.sign_in(ASHA)
    await client.data(SIGN_OUT, bearer=who.access_token)

    answer = await client.ask(
        "query ($id: String!) { products { totalCount } report(publicId: $id) { publicId } viewer { roles } }",
        bearer=who.access_token,
        id=report["publicId"],
    )

    # a report has private parts: whoever sent a token must not take their absence for the truth
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"UNAUTHENTICATED"}
    assert answer["data"] == {"products": {"totalCount": 20}, "report": None, "viewer": None}


# --- how many ---------------------------------------------------------------------------------------------------------


async def test_the_oldest_session_ends_for_the_twenty_first(
    client: GraphClient,
) -> None:
    who = [await client.sign_in(ASHA, device=f"Device {number}") for number in range(1, 23)]

    shown = await sessions(client, who[-1])

    assert [one["device"] for one in shown] == [f"Device {number}" for number in range(22, 2, -1)]
    assert [await can_refresh(client, one) for one in (who[0], who[1], who[2])] == [False, False, True]
    # this process, like all others, learns of it by the stream
    async with asyncio.timeout(HANG_GUARD_S):
        for one in who[:2]:
            # not `changed()` after a look: what changes while the look is under way would be waited for in vain
            while await is_signed_in(client, one):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    assert await is_signed_in(client, who[2])


async def test_sign_ins_at_once_leave_no_more_than_twenty_sessions(client: GraphClient, database: Any) -> None:
    for _ in range(19):
        await client.sign_in(ASHA)
    sent = [await client.request_code(ASHA) for _ in range(8)]

    await asyncio.gather(
        *(client.data(VERIFY_OTP, input={"challenge": challenge, "code": code}) for challenge, code in sent)
    )

    assert await database.sessions.count_documents({"ended_at": None}) == 20
