"""Guests stay welcome: nobody needs an account, and who signs in later claims what is theirs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from starlette.applications import Starlette

from tests.support import GraphClient, SignedIn, address, hair_test, order
from traya_gql.domain.roles import Role
from traya_gql.schema.common import NodeType, node_id, read_node_id
from traya_gql.services.customers import GuestRecordNotFound

ASHA, RAVI = "9876543210", "9123456780"

SUBMIT = """mutation ($input: SubmitHairTestInput!) {
  submitHairTest(input: $input) {
    accessToken isReplay
    report { id publicId firstName gender causes { cause score } hairTest { id person { name phone } } }
    userErrors { code path }
  }
}"""
PLACE = """mutation ($input: PlaceOrderInput!) {
  placeOrder(input: $input) { accessToken isReplay order { id number phone } userErrors { code path } }
}"""
RECORDS = "{ viewer { guestRecords { claimId kind createdAt firstName orderNumber } } }"
CLAIM = """mutation ($input: ClaimGuestRecordsInput!) {
  claimGuestRecords(input: $input) { claimedIds userErrors { code path } }
}"""
OWN = """{ viewer {
  hairTests { nodes { id answers { key values } person { name phone } report { id } } }
  reports { nodes { id publicId causes { score answersThatRaisedIt } safetyFindings { code } hairTest { id } } }
  orders { nodes { id number phone shippingAddress { addressLine } report { id } } }
} }"""


async def submit(client: GraphClient, who: SignedIn | None = None, **changes: Any) -> dict[str, Any]:
    made = await client.data(SUBMIT, bearer=who.access_token if who else None, input=hair_test(**changes))
    payload: dict[str, Any] = made["submitHairTest"]
    assert payload["userErrors"] == []
    return payload


async def place(client: GraphClient, public_id: str, who: SignedIn | None = None, **changes: Any) -> dict[str, Any]:
    made = await client.data(PLACE, bearer=who.access_token if who else None, input=order(public_id, **changes))
    payload: dict[str, Any] = made["placeOrder"]
    assert payload["userErrors"] == []
    return payload


async def guest_records(client: GraphClient, who: SignedIn) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.data(RECORDS, bearer=who.access_token))["viewer"]["guestRecords"]
    return found


async def claim(client: GraphClient, who: SignedIn, *ids: str) -> Any:
    """Return what is claimed, or the codes and paths of the refusal."""
    answer = await client.data(CLAIM, bearer=who.access_token, input={"ids": list(ids)})
    payload = answer["claimGuestRecords"]
    if payload["claimedIds"] is None:
        return [(error["code"], error["path"]) for error in payload["userErrors"]]
    assert payload["userErrors"] == []
    return payload["claimedIds"]


def not_found(*places: int) -> list[tuple[str, list[str]]]:
    return [("GUEST_RECORD_NOT_FOUND", ["input", "ids", str(place)]) for place in places]


async def own(client: GraphClient, who: SignedIn) -> dict[str, list[str]]:
    """Return the ids of what belongs to somebody."""
    shown = (await client.data(OWN, bearer=who.access_token))["viewer"]
    return {name: [node["id"] for node in connection["nodes"]] for name, connection in shown.items()}


NOTHING: dict[str, list[str]] = {"hairTests": [], "reports": [], "orders": []}


async def owners(database: Any) -> set[UUID | None]:
    """Return who owns the records of health and orders."""
    collections = [database.hair_tests, database.reports, database.orders]
    return {one["customer_id"] for records in collections for one in await records.find().to_list()}


def key_of(id_: str) -> UUID:
    return UUID(hex=read_node_id(id_).key)


@asynccontextmanager
async def commands_on_customers(database: Any) -> AsyncIterator[list[dict[str, Any]]]:
    """Fill the list, at the end, with all that MongoDB was asked about customers in the meantime."""
    seen: list[dict[str, Any]] = []
    await database.command("profile", 2)
    try:
        yield seen
    finally:
        await database.command("profile", 0)
        seen += await database["system.profile"].find({"ns": database.customers.full_name}).to_list()
        await database["system.profile"].drop()


# --- without an account -----------------------------------------------------------------------------------------------


async def test_a_guest_needs_no_account_and_gets_none(client: GraphClient, database: Any) -> None:
    submitted = await submit(client)
    await place(client, submitted["report"]["publicId"])

    assert await database.customers.count_documents({}) == 0
    assert await owners(database) == {None}


async def test_a_known_phone_is_neither_changed_nor_revealed(client: GraphClient, database: Any) -> None:
    """The answers are the same as for a phone that nobody has, and the customer is not even looked up."""
    asha = await client.sign_in(ASHA)
    await client.data(
        'mutation { updateProfile(input: { name: "Asha Rao", gender: FEMALE }) { userErrors { code } } }',
        bearer=asha.access_token,
    )
    before = await database.customers.find_raw_batches({}).to_list()

    async with commands_on_customers(database) as commands:
        tests = [await submit(client, name="Mallory", gender="OTHER", phone=phone) for phone in (ASHA, RAVI)]
        orders = [
            await place(client, test["report"]["publicId"], phone=phone, shippingAddress=address(name="Mallory"))
            for test, phone in zip(tests, (ASHA, RAVI), strict=True)
        ]

    assert commands == []
    assert await database.customers.find_raw_batches({}).to_list() == before
    for answers in (tests, orders):
        known, unknown = (_without_what_is_new(answer) for answer in answers)
        assert known == unknown
    assert await own(client, asha) == NOTHING


async def test_the_profiler_would_have_seen_commands_on_customers(client: GraphClient, database: Any) -> None:
    asha = await client.sign_in(ASHA)

    async with commands_on_customers(database) as commands:
        await guest_records(client, asha)

    assert [one["command"]["comment"] for one in commands] == ["customers.by_ids"]


def _without_what_is_new(answer: Any) -> Any:
    """Return an answer without ids, tokens and the phone that was typed."""
    if not isinstance(answer, dict):
        return answer
    kept = {"id", "publicId", "accessToken", "number", "phone"}
    return {name: "…" if name in kept else _without_what_is_new(value) for name, value in answer.items()}


async def test_what_a_customer_submits_is_theirs_at_once_whatever_phone_is_typed(
    client: GraphClient, database: Any
) -> None:
    asha, ravi = await client.sign_in(ASHA), await client.sign_in(RAVI)

    submitted = await submit(client, asha, phone=RAVI)
    placed = await place(client, submitted["report"]["publicId"], asha, phone=RAVI)

    report, test = submitted["report"], submitted["report"]["hairTest"]
    assert await own(client, asha) == {
        "hairTests": [test["id"]],
        "reports": [report["id"]],
        "orders": [placed["order"]["id"]],
    }
    assert await owners(database) == {key_of(asha.customer_id)}
    assert await guest_records(client, ravi) == await guest_records(client, asha) == []
    assert await claim(client, ravi, test["id"], placed["order"]["id"]) == not_found(0, 1)
    assert await own(client, ravi) == NOTHING


async def test_an_order_from_somebody_elses_report_is_the_buyers_and_the_report_is_not(client: GraphClient) -> None:
    submitted = await submit(client, await client.sign_in(RAVI), phone=RAVI)
    asha = await client.sign_in(ASHA)

    placed = await place(client, submitted["report"]["publicId"], asha)

    assert await own(client, asha) == {"hairTests": [], "reports": [], "orders": [placed["order"]["id"]]}
    shown = await client.data(
        "{ viewer { orders { nodes { report { firstName safetyFindings { code } hairTest { id } } } } } }",
        bearer=asha.access_token,
    )
    [bought] = shown["viewer"]["orders"]["nodes"]
    assert bought["report"] == {"firstName": "Asha", "safetyFindings": None, "hairTest": None}


async def test_one_key_of_a_guest_and_of_a_customer_are_two(client: GraphClient, database: Any) -> None:
    """A repeat must come from the same asker: what was done as a guest is claimed, not answered to who signs in."""
    typed = hair_test()
    as_guest = (await client.data(SUBMIT, input=typed))["submitHairTest"]
    asha = await client.sign_in(ASHA)

    signed_in = (await client.data(SUBMIT, bearer=asha.access_token, input=typed))["submitHairTest"]
    again = (await client.data(SUBMIT, bearer=asha.access_token, input=typed))["submitHairTest"]
    as_guest_again = (await client.data(SUBMIT, input=typed))["submitHairTest"]

    assert [one["isReplay"] for one in (as_guest, signed_in, again, as_guest_again)] == [False, False, True, True]
    assert as_guest["report"]["id"] == as_guest_again["report"]["id"]
    assert signed_in["report"]["id"] == again["report"]["id"] != as_guest["report"]["id"]
    assert await database.reports.count_documents({}) == 2
    assert (await own(client, asha))["reports"] == [signed_in["report"]["id"]]


async def test_two_customers_with_one_key_and_one_phone_do_not_meet(client: GraphClient) -> None:
    typed = hair_test()
    asha, ravi = await client.sign_in(ASHA), await client.sign_in(RAVI)

    answers = [
        (await client.data(SUBMIT, bearer=who.access_token, input=typed))["submitHairTest"] for who in (asha, ravi)
    ]

    assert [answer["isReplay"] for answer in answers] == [False, False]
    for who, answer in zip((asha, ravi), answers, strict=True):
        assert (await own(client, who))["reports"] == [answer["report"]["id"]]


# --- what was left ----------------------------------------------------------------------------------------------------


async def test_what_was_typed_with_a_phone_is_listed_with_little_of_it(client: GraphClient, database: Any) -> None:
    submitted = await submit(client, name="Dr. Asha Rao")
    placed = await place(client, submitted["report"]["publicId"], phone="+91 98765-43210")
    await submit(client, phone=RAVI)
    made = {
        one["_id"]: one["created_at"]
        for records in (database.hair_tests, database.orders)
        for one in await records.find().to_list()
    }
    asha = await client.sign_in(ASHA)

    records = await guest_records(client, asha)

    test_id, order_id = submitted["report"]["hairTest"]["id"], placed["order"]["id"]
    for record in records:
        created_at = datetime.fromisoformat(record.pop("createdAt"))
        assert created_at == made[key_of(record["claimId"])].replace(tzinfo=UTC)
    assert records == [
        {"claimId": order_id, "kind": "ORDER", "firstName": None, "orderNumber": placed["order"]["number"]},
        {"claimId": test_id, "kind": "HAIR_TEST", "firstName": "Asha", "orderNumber": None},
    ]


async def test_a_guest_record_has_no_field_for_anything_private(client: GraphClient) -> None:
    shown = await client.data('{ __type(name: "GuestRecord") { fields { name } } }')

    assert {field["name"] for field in shown["__type"]["fields"]} == {
        "claimId",
        "kind",
        "createdAt",
        "firstName",
        "orderNumber",
    }


async def test_the_id_of_a_guest_record_opens_nothing_before_it_is_claimed(client: GraphClient) -> None:
    submitted = await submit(client)
    await place(client, submitted["report"]["publicId"])
    asha = await client.sign_in(ASHA)
    ids = [record["claimId"] for record in await guest_records(client, asha)]
    ask = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"

    before = await client.data(ask, bearer=asha.access_token, ids=ids)
    assert await claim(client, asha, *ids) == ids
    after = await client.data(ask, bearer=asha.access_token, ids=ids)

    assert before == {"nodes": [None, None]}
    assert after == {"nodes": [{"id": id_} for id_ in ids]}


async def test_at_most_the_100_newest_of_each_kind_are_listed_and_claimed_at_once(
    client: GraphClient, database: Any
) -> None:
    submitted = await submit(client)
    test = await database.hair_tests.find_one({})
    await database.hair_tests.insert_many(
        {**test, "_id": uuid4(), "created_at": datetime(2026, 1, 1, 0, number % 60, tzinfo=UTC)}
        for number in range(120)
    )
    asha = await client.sign_in(ASHA)

    records = await guest_records(client, asha)
    first = await claim(client, asha, *(record["claimId"] for record in records))
    rest = await guest_records(client, asha)

    assert len(records) == len(first) == 100
    assert records[0]["claimId"] == submitted["report"]["hairTest"]["id"]
    assert [one["createdAt"] for one in records] == sorted((one["createdAt"] for one in records), reverse=True)
    assert len(rest) == 21
    assert {one["claimId"] for one in rest}.isdisjoint(first)


# --- claiming ---------------------------------------------------------------------------------------------------------


async def test_what_is_claimed_is_the_customers_with_its_private_parts(client: GraphClient, database: Any) -> None:
    submitted = await submit(client)
    placed = await place(client, submitted["report"]["publicId"])
    asha = await client.sign_in(ASHA)
    ids = [record["claimId"] for record in await guest_records(client, asha)]

    claimed = await claim(client, asha, *ids)

    assert claimed == ids
    assert await guest_records(client, asha) == []
    shown = (await client.data(OWN, bearer=asha.access_token))["viewer"]
    [test], [report], [bought] = (shown[name]["nodes"] for name in ("hairTests", "reports", "orders"))
    test_id, report_id = submitted["report"]["hairTest"]["id"], submitted["report"]["id"]
    assert {"key": "stress", "values": ["MODERATE"]} in test.pop("answers")
    assert test == {
        "id": test_id,
        "person": {"name": "Asha Rao", "phone": "+919876543210"},
        "report": {"id": report_id},
    }
    assert (report["id"], report["hairTest"]) == (report_id, {"id": test_id})
    assert (
        [cause["score"] for cause in report["causes"]]
        == [cause["score"] for cause in submitted["report"]["causes"]]
        != [None] * len(report["causes"])
    )
    assert report["safetyFindings"] == [{"code": "G00_SAFETY_UNANSWERED"}]
    assert bought == {
        "id": placed["order"]["id"],
        "number": placed["order"]["number"],
        "phone": "+919876543210",
        "shippingAddress": {"addressLine": "12 MG Road"},
        "report": {"id": report_id},
    }
    assert await owners(database) == {key_of(asha.customer_id)}


async def test_a_hair_test_and_its_order_are_claimed_apart(client: GraphClient) -> None:
    """The order may have been placed by somebody who only held the report's link."""
    submitted = await submit(client)
    placed = await place(client, submitted["report"]["publicId"], phone=RAVI)
    asha, ravi = await client.sign_in(ASHA), await client.sign_in(RAVI)
    test_id, order_id = submitted["report"]["hairTest"]["id"], placed["order"]["id"]

    assert await claim(client, ravi, test_id, order_id) == not_found(0)
    assert await claim(client, ravi, order_id) == [order_id]
    assert await claim(client, asha, order_id) == not_found(0)
    assert await claim(client, asha, test_id) == [test_id]

    assert await own(client, ravi) == {**NOTHING, "orders": [order_id]}
    assert await own(client, asha) == {"hairTests": [test_id], "reports": [submitted["report"]["id"]], "orders": []}


async def test_what_is_not_there_to_be_claimed_is_named_and_nothing_is_half_claimed(
    client: GraphClient, database: Any
) -> None:
    submitted, ravis, claimed = await submit(client), await submit(client, phone=RAVI), await submit(client)
    placed = await place(client, submitted["report"]["publicId"])
    asha = await client.sign_in(ASHA)
    good = [submitted["report"]["hairTest"]["id"], placed["order"]["id"]]
    of_before = claimed["report"]["hairTest"]["id"]
    assert await claim(client, asha, of_before) == [of_before]
    products = await client.data("{ products(first: 1) { nodes { id } } }")
    before = [await records.find().to_list() for records in (database.hair_tests, database.reports, database.orders)]
    bad = [
        ravis["report"]["hairTest"]["id"],
        "garbage",
        "",
        "x" * 100_000,
        products["products"]["nodes"][0]["id"],
        submitted["report"]["id"],
        asha.customer_id,
        node_id(NodeType.HAIR_TEST, uuid4()),
        good[0].lower(),
        good[0] + "=",
    ]

    for id_ in bad:
        assert await claim(client, asha, id_) == not_found(0), id_[:100]
        assert await claim(client, asha, good[0], id_, good[1]) == not_found(1), id_[:100]
    assert await claim(client, asha, bad[0], good[0], *bad[1:]) == not_found(0, *range(2, len(bad) + 1))

    after = [await records.find().to_list() for records in (database.hair_tests, database.reports, database.orders)]
    assert after == before
    assert await claim(client, asha, *good) == good
    assert await claim(client, asha, *good, of_before) == [*good, of_before], "a repeat changes nothing"


async def test_the_key_of_a_hair_test_under_the_name_of_an_order_is_no_id(client: GraphClient) -> None:
    submitted = await submit(client)
    asha = await client.sign_in(ASHA)
    id_ = submitted["report"]["hairTest"]["id"]

    assert await claim(client, asha, id_, node_id(NodeType.ORDER, key_of(id_))) == not_found(1)
    assert await own(client, asha) == NOTHING


async def test_none_and_more_than_100_are_refused(client: GraphClient, database: Any) -> None:
    submitted = await submit(client)
    asha = await client.sign_in(ASHA)
    id_ = submitted["report"]["hairTest"]["id"]

    assert await claim(client, asha) == [("REQUIRED", ["input", "ids"])]
    assert await claim(client, asha, *[id_] * 101) == [("TOO_MANY", ["input", "ids"])]
    assert await owners(database) == {None}

    assert await claim(client, asha, *[id_] * 100) == [id_]


async def test_20_concurrent_claims_make_the_record_owned_once(client: GraphClient, database: Any) -> None:
    """One claims it, and to all others it is the customer's already: a repeat has no other effect."""
    submitted = await submit(client)
    asha = await client.sign_in(ASHA)
    id_ = submitted["report"]["hairTest"]["id"]

    answers = await asyncio.gather(*(claim(client, asha, id_) for _ in range(20)))

    assert answers == [[id_]] * 20
    assert await owners(database) == {key_of(asha.customer_id)}
    assert (await own(client, asha))["hairTests"] == [id_]


async def test_concurrent_claims_that_overlap_are_all_done(client: GraphClient, database: Any) -> None:
    ids = [(await submit(client))["report"]["hairTest"]["id"] for _ in range(3)]
    asha = await client.sign_in(ASHA)

    pairs = [pair for pair in (ids[:2], ids[1:], [ids[2], ids[0]]) for _ in range(3)]

    answers = await asyncio.gather(*(claim(client, asha, *pair) for pair in pairs))

    assert answers == pairs
    assert sorted((await own(client, asha))["hairTests"]) == sorted(ids)
    assert await database.reports.count_documents({"customer_id": None}) == 0


async def test_a_guests_access_tokens_stay_good_after_the_claim(client: GraphClient) -> None:
    submitted = await submit(client)
    placed = await place(client, submitted["report"]["publicId"])
    report = """query ($p: String!, $t: String!) {
      report(publicId: $p, accessToken: $t) { safetyFindings { code } hairTest { id person { phone } } }
    }"""
    ordered = "query ($t: String!) { order(accessToken: $t) { id phone report { safetyFindings { code } } } }"

    async def read() -> tuple[Any, Any, Any]:
        return (
            await client.data(report, p=submitted["report"]["publicId"], t=submitted["accessToken"]),
            await client.data(ordered, t=placed["accessToken"]),
            await client.data(
                "query ($id: ID!) { node(id: $id) { id } }",
                bearer=submitted["accessToken"],
                id=submitted["report"]["hairTest"]["id"],
            ),
        )

    before = await read()
    asha = await client.sign_in(ASHA)
    await claim(client, asha, *(record["claimId"] for record in await guest_records(client, asha)))

    assert await read() == before
    assert before[0]["report"]["hairTest"]["person"] == {"phone": "+919876543210"}
    assert before[1]["order"]["report"] == {"safetyFindings": None}
    assert before[2]["node"] is not None


async def test_a_repeat_by_the_guest_after_the_claim_gets_the_first_answer(client: GraphClient, database: Any) -> None:
    typed = hair_test()
    first = (await client.data(SUBMIT, input=typed))["submitHairTest"]
    asha = await client.sign_in(ASHA)
    await claim(client, asha, first["report"]["hairTest"]["id"])

    again = (await client.data(SUBMIT, input=typed))["submitHairTest"]

    assert again == {**first, "isReplay": True}
    assert await owners(database) == {key_of(asha.customer_id)}


async def test_who_is_not_signed_in_lists_and_claims_nothing(client: GraphClient, database: Any) -> None:
    submitted = await submit(client)
    id_ = submitted["report"]["hairTest"]["id"]

    for bearer in (None, submitted["accessToken"]):
        assert await client.code(RECORDS, bearer=bearer) == "UNAUTHENTICATED"
        assert await client.code(CLAIM, bearer=bearer, input={"ids": [id_]}) == "UNAUTHENTICATED"
    assert await owners(database) == {None}


async def test_staff_who_were_invited_claim_nothing_before_they_prove_the_phone(
    client: GraphClient, started: tuple[Starlette, GraphClient], database: Any
) -> None:
    """Whoever invites could have mistyped the number, or typed a customer's."""
    services = started[0].state.services
    submitted = await submit(client)
    id_ = submitted["report"]["hairTest"]["id"]
    invited = await services.staff.invite(ASHA, [Role.COACH], by=None)

    assert await services.customers.guest_records(invited) == ([], [])
    with pytest.raises(GuestRecordNotFound):
        await services.customers.claim(invited.id, [(key_of(id_), None)])
    assert await owners(database) == {None}

    asha = await client.sign_in(ASHA)
    assert [record["claimId"] for record in await guest_records(client, asha)] == [id_]
    assert await claim(client, asha, id_) == [id_]
    assert await owners(database) == {invited.id}


async def test_staff_see_guest_records_of_their_own_phone_only(
    client: GraphClient, started: tuple[Starlette, GraphClient]
) -> None:
    await started[0].state.services.staff.invite(RAVI, [*set(Role) - {Role.CUSTOMER}], by=None)
    submitted = await submit(client)
    ravi = await client.sign_in(RAVI)

    assert await guest_records(client, ravi) == []
    assert await claim(client, ravi, submitted["report"]["hairTest"]["id"]) == not_found(0)
