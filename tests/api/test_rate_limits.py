"""Who asks too often is told so, and when to come back; nobody else notices."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from secrets import token_urlsafe
from typing import Any
from uuid import uuid4

import pytest
from starlette.applications import Starlette

from tests.applications import UNLIMITED, client_at, own_application
from tests.integrations.sms_standin import SmsStandIn
from tests.support import PRICE_PREVIEW, REQUEST_OTP, VERIFY_OTP, GraphClient, hair_test, order, priced
from traya_gql.domain.rates import Rate, time_to_wait
from traya_gql.schema.common import NodeType, node_id
from traya_gql.settings import Settings

ASHA, RAVI, MEERA = "9876543210", "9123456780", "9000000001"
ELSEWHERE = "203.0.113.7"
PERIOD_S = 900

SUBMIT = "mutation ($input: SubmitHairTestInput!) { submitHairTest(input: $input) { report { publicId } } }"
PLACE = """mutation ($input: PlaceOrderInput!) {
  placeOrder(input: $input) { order { id } userErrors { code } }
}"""
REPORT = "query ($publicId: String!) { report(publicId: $publicId) { publicId } }"
NODE = "query ($id: ID!) { node(id: $id) { id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
REFRESH = "mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) { userErrors { code } } }"


def limited(
    settings: Settings, database: Any, *, factor: float = 1.0, trusted: tuple[str, ...] = (), **limits: int
) -> AbstractAsyncContextManager[tuple[Starlette, GraphClient, SmsStandIn]]:
    """An application with these limits in a quarter of an hour, and none but these."""
    # a factor multiplies what has no limit too
    rates = UNLIMITED.scaled(1 / factor).model_copy(
        update={name: Rate(limit=limit, period_s=PERIOD_S) for name, limit in limits.items()}
    )
    return own_application(settings, database, rates=rates, rate_limit_factor=factor, trusted_proxies=trusted)


def is_refused(answer: dict[str, Any]) -> bool:
    """Whether it is the refusal of who asks too often; fails when it is another error."""
    if "errors" not in answer:
        return False
    for error in answer["errors"]:
        wait = error["extensions"]["retryAfter"]
        assert type(wait) is int
        assert 1 <= wait <= PERIOD_S
        assert error["extensions"] == {"code": "RATE_LIMITED", "retryAfter": wait}
        assert error["message"].endswith(f" Try again in {time_to_wait(wait)}.")
        assert "Too many" in error["message"] or "too often" in error["message"]
    return True


async def refusals(client: GraphClient, query: str, *asked: dict[str, Any], bearer: str | None = None) -> list[bool]:
    """Ask one after the other; return which were refused."""
    return [is_refused(await client.ask(query, bearer=bearer, **variables)) for variables in asked]


def phone(number: str) -> dict[str, Any]:
    return {"input": {"phone": number}}


def guess(challenge: str, code: str = "000000") -> dict[str, Any]:
    return {"input": {"challenge": challenge, "code": code}}


def public_id() -> str:
    """Return the public id of a report that does not exist."""
    return token_urlsafe(16)


async def submitted(client: GraphClient) -> str:
    made = await client.data(SUBMIT, input=hair_test())
    found: str = made["submitHairTest"]["report"]["publicId"]
    return found


# --- codes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", ["otp_requests_per_phone", "otp_requests_per_phone_daily"])
async def test_codes_are_sent_so_often_to_a_phone_however_it_is_written(
    settings: Settings, database: Any, limit: str
) -> None:
    rates = UNLIMITED.model_copy(update={limit: Rate(limit=2, period_s=PERIOD_S)})
    async with own_application(settings, database, rates=rates) as (app, client, vendor):
        asked = [phone(ASHA), phone(f"+91 {ASHA}"), phone(f"0{ASHA}"), phone(ASHA), phone(RAVI)]
        refused = await refusals(client, REQUEST_OTP, *asked)
        async with client_at(app, ELSEWHERE, vendor) as elsewhere:
            refused_elsewhere = await refusals(elsewhere, REQUEST_OTP, phone(ASHA))

        assert refused == [False, False, True, True, False]
        assert refused_elsewhere == [True]
        assert [message.phone for message in vendor.messages] == [f"+91{number}" for number in (ASHA, ASHA, RAVI)]


async def test_codes_are_sent_so_often_for_an_address(settings: Settings, database: Any) -> None:
    async with limited(settings, database, otp_requests_per_ip=2) as (app, client, vendor):
        refused = await refusals(client, REQUEST_OTP, phone(ASHA), phone(RAVI), phone(MEERA), phone(ASHA))
        async with client_at(app, ELSEWHERE, vendor) as elsewhere:
            refused_elsewhere = await refusals(elsewhere, REQUEST_OTP, phone(MEERA))

        assert refused == [False, False, True, True]
        assert refused_elsewhere == [False]
        assert len(vendor.messages) == 3


async def test_what_is_no_phone_counts_for_nobody(settings: Settings, database: Any) -> None:
    async with limited(settings, database, otp_requests_per_ip=1) as (_, client, _vendor):
        refused = await refusals(client, REQUEST_OTP, *[phone("12345")] * 5, phone(ASHA), phone(ASHA))

    assert refused == [False] * 6 + [True]


async def test_of_sixty_requests_at_once_exactly_five_send_a_message(settings: Settings, database: Any) -> None:
    async with limited(settings, database, otp_requests_per_phone=5) as (_, client, vendor):
        answers = await asyncio.gather(*(client.ask(REQUEST_OTP, **phone(ASHA)) for _ in range(60)))

        assert sum(map(is_refused, answers)) == 55
        assert len(vendor.messages) == vendor.calls == 5
        assert await database.one_time_codes.count_documents({}) == 5


async def test_a_refusal_names_the_field_and_nothing_is_done(settings: Settings, database: Any) -> None:
    async with limited(settings, database, otp_requests_per_phone=1) as (_, client, _vendor):
        two = f'sent: requestOtp(input: {{ phone: "{ASHA}" }}) {{ challenge }}'
        answer = await client.ask(f"mutation {{ {two} {two.replace('sent', 'refused')} }}")

    [error] = answer["errors"]
    assert error["path"] == ["refused"]
    assert is_refused(answer)
    # what was done is not lost for what was refused
    assert answer["data"]["sent"]["challenge"]
    assert answer["data"]["refused"] is None
    assert await database.one_time_codes.count_documents({}) == 1


async def test_guesses_are_counted_for_an_address(settings: Settings, database: Any) -> None:
    async with limited(settings, database, otp_guesses_per_ip=3) as (app, client, vendor):
        challenge, code = await client.request_code(ASHA)
        strangers = [guess(str(uuid4())), guess("no challenge"), guess(challenge)]
        refused = await refusals(client, VERIFY_OTP, *strangers, guess(challenge, code))
        [record] = await database.one_time_codes.find().to_list()
        async with client_at(app, ELSEWHERE, vendor) as elsewhere:
            refused_elsewhere = await refusals(elsewhere, VERIFY_OTP, guess(challenge, code))

    assert refused == [False, False, False, True]
    # a refused guess is not one of the five
    assert record["attempts_left"] == 4
    assert refused_elsewhere == [False]
    assert await database.sessions.count_documents({}) == 1


async def test_guesses_at_all_codes_of_a_phone_are_counted_together(settings: Settings, database: Any) -> None:
    async with limited(settings, database, otp_guesses_per_phone=3) as (app, client, vendor):
        first, _ = await client.request_code(ASHA)
        second, code = await client.request_code(ASHA)
        other, other_code = await client.request_code(RAVI)
        refused = await refusals(client, VERIFY_OTP, guess(first), guess(first), guess(second), guess(second, code))
        async with client_at(app, ELSEWHERE, vendor) as elsewhere:
            refused += await refusals(elsewhere, VERIFY_OTP, guess(second, code), guess(other, other_code))

    assert refused == [False, False, False, True, True, False]
    assert await database.customers.count_documents({}) == 1


async def test_tokens_that_are_not_ours_are_counted_for_an_address_and_hinder_nobody_there(
    settings: Settings, database: Any
) -> None:
    async with limited(settings, database, unsealed_refreshes_per_ip=2) as (_, client, _vendor):
        signed_in = await client.sign_in(ASHA)
        forged = {"token": f"{uuid4().hex}.secret.seal"}
        refused = await refusals(client, REFRESH, *[forged] * 3, {"token": signed_in.refresh_token})

    assert refused == [False, False, True, False]


async def test_refreshes_are_counted_for_a_session(settings: Settings, database: Any) -> None:
    async with limited(settings, database, refreshes_per_session=2) as (_, client, _vendor):
        busy, other = await client.sign_in(ASHA), await client.sign_in(ASHA)
        # sent twice, it is used once: the limit counts both
        refused = await refusals(client, REFRESH, *[{"token": busy.refresh_token}] * 3, {"token": other.refresh_token})

    assert refused == [False, False, True, False]


def typed_by(number: str) -> dict[str, Any]:
    return {"input": hair_test(phone=number)}


async def test_hair_tests_are_counted_for_a_guests_phone_and_for_a_customer(settings: Settings, database: Any) -> None:
    async with limited(settings, database, hair_tests_per_asker=2) as (app, client, vendor):
        customer = await client.sign_in(ASHA)
        guest = await refusals(client, SUBMIT, *map(typed_by, (ASHA, f"+91{ASHA}", ASHA, RAVI)))
        own = await refusals(client, SUBMIT, *map(typed_by, (ASHA, RAVI, MEERA)), bearer=customer.access_token)
        async with client_at(app, ELSEWHERE, vendor) as elsewhere:
            refused_elsewhere = await refusals(elsewhere, SUBMIT, typed_by(ASHA), typed_by(MEERA))

    assert guest == [False, False, True, False]
    # a customer's are counted for the customer, whatever phone is typed, and not with a guest's of that phone
    assert own == [False, False, True]
    assert refused_elsewhere == [True, False]
    assert await database.hair_tests.count_documents({}) == await database.reports.count_documents({}) == 6


async def test_hair_tests_are_counted_for_an_address(settings: Settings, database: Any) -> None:
    async with limited(settings, database, hair_tests_per_ip=2) as (_, client, _vendor):
        refused = await refusals(client, SUBMIT, *map(typed_by, (ASHA, RAVI, MEERA)))

    assert refused == [False, False, True]
    assert await database.hair_tests.count_documents({}) == 2


async def test_orders_are_counted_for_a_guests_phone_and_for_a_customer(settings: Settings, database: Any) -> None:
    async with limited(settings, database, orders_per_asker=2) as (_, client, _vendor):
        report = await submitted(client)
        customer = await client.sign_in(ASHA)

        def order_of(number: str) -> dict[str, Any]:
            return {"input": order(report, phone=number)}

        guest = await refusals(client, PLACE, *map(order_of, (ASHA, f"0{ASHA}", ASHA, RAVI)))
        own = await refusals(client, PLACE, *map(order_of, (ASHA, RAVI, MEERA)), bearer=customer.access_token)

    assert guest == [False, False, True, False]
    assert own == [False, False, True]
    assert await database.orders.count_documents({}) == 5


async def test_orders_are_counted_for_an_address(settings: Settings, database: Any) -> None:
    async with limited(settings, database, orders_per_ip=2) as (_, client, _vendor):
        report = await submitted(client)
        asked = [{"input": order(report, phone=number)} for number in (ASHA, RAVI, MEERA)]
        refused = await refusals(client, PLACE, *asked)

    assert refused == [False, False, True]
    assert await database.orders.count_documents({}) == 2


@pytest.mark.parametrize(("query", "made"), [(PLACE, dict), (PRICE_PREVIEW, priced)], ids=["order", "price"])
async def test_bad_lines_are_counted_for_an_address_as_their_products_are_looked_up(
    settings: Settings, database: Any, *, query: str, made: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    async with limited(settings, database, orders_per_ip=2, price_previews_per_ip=2) as (_, client, _vendor):
        product = (await client.data("{ products(first: 1) { nodes { id } } }"))["products"]["nodes"][0]["id"]
        typed = {"expectedTotal": "1.00", "lines": [{"productId": product, "quantity": 21}]}
        elsewhere = order(public_id())["shippingAddress"] | {"pinCode": "1"}
        cheap = {"input": made(order(public_id(), expectedTotal="1.00", shippingAddress=elsewhere))}
        dear = {"input": made(order(public_id(), **typed))}
        refused = await refusals(client, query, *[cheap] * 5, *[dear] * 3)

    assert refused == [False] * 7 + [True]


async def test_the_refusal_says_what_was_too_often_and_when_to_come_back(settings: Settings, database: Any) -> None:
    async with limited(settings, database, orders_per_asker=1, otp_requests_per_ip=1) as (_, client, _vendor):
        report = await submitted(client)
        await client.ask(REQUEST_OTP, **phone(ASHA))
        # refused for its price, and counted all the same
        changed = order(report, phone=RAVI, expectedTotal="1.00")
        answers = [await client.ask(PLACE, input=changed) for _ in "12"]
        code = await client.ask(REQUEST_OTP, **phone(MEERA))

    assert answers[0]["data"]["placeOrder"]["userErrors"] == [{"code": "PRICE_CHANGED"}]
    assert [error["message"] for error in answers[1]["errors"]] == [
        "Too many orders were tried. Try again in 15 minutes."
    ]
    assert [error["message"] for error in code["errors"]] == [
        "Too many codes were asked for from your network. Try again in 15 minutes."
    ]


# --- guesses at public ids --------------------------------------------------------------------------------------------


async def test_misses_are_counted_together_however_a_report_is_asked_for(settings: Settings, database: Any) -> None:
    async with limited(settings, database, report_misses_per_ip=5) as (app, client, vendor):
        report = await submitted(client)
        refused = [
            *await refusals(client, REPORT, {"publicId": public_id()}),
            *await refusals(client, NODE, {"id": node_id(NodeType.REPORT, public_id())}),
            *await refusals(client, NODES, {"ids": [node_id(NodeType.REPORT, public_id())]}),
            *await refusals(client, PLACE, {"input": order(public_id(), expectedTotal="1.00")}),
            *await refusals(client, PRICE_PREVIEW, {"input": priced(order(public_id()))}),
        ]
        over = [
            *await refusals(client, REPORT, {"publicId": public_id()}),
            *await refusals(client, NODE, {"id": node_id(NodeType.REPORT, public_id())}),
            *await refusals(client, NODES, {"ids": [node_id(NodeType.REPORT, public_id())]}),
            *await refusals(client, PLACE, {"input": order(public_id(), expectedTotal="1.00")}),
            *await refusals(client, PRICE_PREVIEW, {"input": priced(order(public_id()))}),
        ]
        # whoever guesses does not learn of a hit either
        hit = await refusals(client, REPORT, {"publicId": report})
        async with client_at(app, ELSEWHERE, vendor) as elsewhere:
            seen_elsewhere = await elsewhere.data(REPORT, publicId=report)

    assert refused == [False] * 5
    assert over == [True] * 5
    assert hit == [True]
    assert seen_elsewhere == {"report": {"publicId": report}}


async def test_hits_are_not_counted_nor_is_what_no_public_id_can_be(settings: Settings, database: Any) -> None:
    async with limited(settings, database, report_misses_per_ip=1) as (_, client, _vendor):
        report = await submitted(client)
        product = (await client.data("{ products(first: 1) { nodes { id } } }"))["products"]["nodes"][0]["id"]
        strange = [{"publicId": text} for text in ("", "x", "no public id at all", report + "A", "é" * 22)]

        refused = [
            *await refusals(client, REPORT, *[{"publicId": report}] * 10, *strange),
            *await refusals(client, NODE, *[{"id": node_id(NodeType.REPORT, report)}] * 5, {"id": product}),
            *await refusals(client, NODES, {"ids": [node_id(NodeType.REPORT, report)] * 20}),
            *await refusals(client, PLACE, {"input": order("no public id at all")}, {"input": order(report)}),
        ]
        first_misses = await refusals(client, REPORT, {"publicId": public_id()}, {"publicId": public_id()})

    assert refused == [False] * len(refused)
    assert first_misses == [False, True]


async def test_all_misses_of_one_list_are_counted(settings: Settings, database: Any) -> None:
    async with limited(settings, database, report_misses_per_ip=10) as (_, client, _vendor):
        answer = await client.ask(NODES, ids=[node_id(NodeType.REPORT, public_id()) for _ in range(50)])
        after = await refusals(client, REPORT, {"publicId": public_id()})

    assert is_refused(answer)
    assert after == [True]


async def test_a_list_with_misses_within_the_limit_keeps_all_its_places(settings: Settings, database: Any) -> None:
    async with limited(settings, database, report_misses_per_ip=10) as (_, client, _vendor):
        report = node_id(NodeType.REPORT, await submitted(client))
        missing = [node_id(NodeType.REPORT, public_id()) for _ in range(2)]
        found = await client.data(NODES, ids=[missing[0], report, missing[1]])

    assert found == {"nodes": [None, {"id": report}, None]}


# --- whose address it is ----------------------------------------------------------------------------------------------


async def ask_from(client: GraphClient, forwarded: str) -> bool:
    """Return whether a guess by a client that a header names is refused."""
    answer = await client.http.post(
        "/graphql",
        json={"query": VERIFY_OTP, "variables": guess(str(uuid4()))},
        headers={"x-forwarded-for": forwarded, "forwarded": f"for={forwarded}", "x-real-ip": forwarded},
    )
    return is_refused(answer.json())


async def test_no_header_gives_a_client_another_address(settings: Settings, database: Any) -> None:
    async with limited(settings, database, otp_guesses_per_ip=2, trusted=("10.0.0.0/8",)) as (_, client, _vendor):
        refused = [await ask_from(client, f"198.51.100.{number}") for number in range(5)]

    assert refused == [False, False, True, True, True]


async def test_a_trusted_proxy_tells_clients_apart_and_they_cannot_add_to_it(settings: Settings, database: Any) -> None:
    async with limited(settings, database, otp_guesses_per_ip=2, trusted=("127.0.0.1/32",)) as (
        _,
        client,
        _vendor,
    ):
        # what a proxy appends stands last; the rest was sent by the client
        asked = ["198.51.100.1", "192.0.2.1, 198.51.100.1", "192.0.2.2, 198.51.100.1", "198.51.100.2", "198.51.100.1"]
        refused = [await ask_from(client, forwarded) for forwarded in asked]

    assert refused == [False, False, True, False, True]


async def test_one_holder_of_an_ipv6_network_is_one_address(settings: Settings, database: Any) -> None:
    async with limited(settings, database, otp_guesses_per_ip=2, trusted=("127.0.0.1/32",)) as (
        _,
        client,
        _vendor,
    ):
        asked = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:2::3", "2001:db8:1:3::1"]
        refused = [await ask_from(client, forwarded) for forwarded in asked]

    assert refused == [False, False, True, False]


async def test_the_factor_of_the_settings_multiplies_limits(settings: Settings, database: Any) -> None:
    async with limited(settings, database, factor=2.0, otp_requests_per_phone=2) as (_, client, _vendor):
        refused = await refusals(client, REQUEST_OTP, *[phone(ASHA)] * 5)

    assert refused == [False] * 4 + [True]
