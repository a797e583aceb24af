"""Signing in by phone: a code of six digits, good once, for five guesses and five minutes."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from pymongo.read_concern import ReadConcern
from starlette.applications import Starlette

from tests.applications import own_application
from tests.integrations.sms_standin import SmsMode
from tests.processes import HANG_GUARD_S
from tests.support import GraphClient
from traya_gql.domain.roles import Role
from traya_gql.settings import Settings

ASHA, RAVI = "9876543210", "9123456780"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)

REQUEST = """mutation ($phone: String!) {
  requestOtp(input: { phone: $phone }) { challenge expiresAt resendAt userErrors { code message path } }
}"""
VERIFY = """mutation ($challenge: ID!, $code: String!) {
  verifyOtp(input: { challenge: $challenge, code: $code, device: "Asha's phone" }) {
    accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt
    customer { id phone }
    userErrors { code message path }
  }
}"""
REFUSED = {
    "data": {
        "verifyOtp": {
            "accessToken": None,
            "accessTokenExpiresAt": None,
            "refreshToken": None,
            "refreshTokenExpiresAt": None,
            "customer": None,
            "userErrors": [
                {
                    "code": "OTP_INVALID",
                    "message": (
                        "This code is wrong or has ended. After 5 wrong tries, or 5 minutes, ask for a new one."
                    ),
                    "path": ["input", "code"],
                }
            ],
        }
    }
}


async def verify(client: GraphClient, challenge: str, code: str) -> dict[str, Any]:
    """Return the whole response."""
    return await client.ask(VERIFY, challenge=challenge, code=code)


def is_signed_in(answer: dict[str, Any]) -> bool:
    if answer == REFUSED:
        return False
    payload = answer["data"]["verifyOtp"]
    assert payload["userErrors"] == []
    assert None not in payload.values()
    return True


def other_than(code: str, by: int = 1) -> str:
    return f"{(int(code) + by) % 1_000_000:06}"


async def sent_code(database: Any, challenge: str) -> dict[str, Any]:
    """Return the record of a code as the primary has it."""
    codes = database.one_time_codes.with_options(read_concern=ReadConcern("local"))
    record: dict[str, Any] = await codes.find_one({"_id": UUID(challenge)})
    return record


async def comparisons(database: Any) -> int:
    """Return how many guesses were compared with a code: each that is counts for the phone."""
    counters = database.rate_limits.with_options(read_concern=ReadConcern("local"))
    return sum([one["count"] async for one in counters.find({"_id": {"$regex": "^otp_guesses_per_phone:"}})])


# --- the whole way ----------------------------------------------------------------------------------------------------


async def test_a_code_signs_in_by_two_tokens(client: GraphClient) -> None:
    asked = (await client.ask(REQUEST, phone="+91 98765 43210"))["data"]["requestOtp"]
    message = await client.sms.next_message()

    signed_in = (await verify(client, asked["challenge"], message.text[:6]))["data"]["verifyOtp"]
    viewer = await client.data("{ viewer { roles customer { id phone } } }", bearer=signed_in["accessToken"])

    assert message.phone == "+919876543210"
    assert message.text[:7].strip().isdecimal()
    assert (len(message.text[:6]), message.text[6]) == (6, " ")
    assert asked["userErrors"] == signed_in["userErrors"] == []
    assert viewer == {"viewer": {"roles": ["CUSTOMER"], "customer": signed_in["customer"]}}
    assert signed_in["customer"]["phone"] == "+919876543210"


async def test_the_first_sign_in_makes_a_customer_and_each_later_one_finds_it(
    client: GraphClient, database: Any
) -> None:
    spellings = [ASHA, "+91 98765 43210", "0091-98765-43210", "919876543210", "09876543210", "(98765) 43.210"]

    ids = [(await client.sign_in(phone)).customer_id for phone in spellings]
    other = await client.sign_in(RAVI)

    assert len(set(ids)) == 1
    assert other.customer_id not in ids
    assert await database.customers.count_documents({}) == 2
    assert await database.sessions.count_documents({}) == 7


async def test_nobody_is_a_customer_before_the_code_is_proven(client: GraphClient, database: Any) -> None:
    challenge, code = await client.request_code(ASHA)
    await verify(client, challenge, other_than(code))

    assert await database.customers.count_documents({}) == 0
    assert await database.sessions.count_documents({}) == 0


async def test_who_was_invited_becomes_verified_and_keeps_the_roles(
    started: tuple[Starlette, GraphClient], client: GraphClient, database: Any
) -> None:
    invited = await started[0].state.services.staff.invite(ASHA, [Role.COACH], by=None)

    signed_in = await client.sign_in(ASHA)
    shown = await client.data("{ viewer { roles } }", bearer=signed_in.access_token)

    [customer] = await database.customers.find().to_list()
    assert invited.verified_at is None
    assert customer["_id"] == invited.id
    assert customer["verified_at"] is not None
    assert shown == {"viewer": {"roles": ["CUSTOMER", "COACH"]}}


async def test_concurrent_first_sign_ins_make_one_customer(client: GraphClient, database: Any) -> None:
    sent = [await client.request_code(ASHA) for _ in range(8)]

    answers = await asyncio.gather(*(verify(client, *one) for one in sent))

    assert all(map(is_signed_in, answers))
    assert len({answer["data"]["verifyOtp"]["customer"]["id"] for answer in answers}) == 1
    assert await database.customers.count_documents({}) == 1
    assert await database.sessions.count_documents({}) == 8


async def test_a_dead_bearer_token_does_not_stop_signing_in_anew(client: GraphClient) -> None:
    asked = await client.data(REQUEST, bearer="dead.or.forged", phone=ASHA)
    code = (await client.sms.next_message()).text[:6]
    variables = {"challenge": asked["requestOtp"]["challenge"], "code": code}

    assert is_signed_in(await client.ask(VERIFY, bearer="dead.or.forged", **variables))


# --- what a stranger learns -------------------------------------------------------------------------------------------


async def test_a_known_and_an_unknown_phone_get_the_same_answer_for_the_same_commands(client: GraphClient) -> None:
    await client.sign_in(ASHA)
    await client.request_code(RAVI)

    answers, counts = [], []
    # each has been asked for before, one of them is a customer's
    for phone in (ASHA, RAVI):
        with client.commands.counting() as commands:
            answers.append((await client.ask(REQUEST, phone=phone))["data"]["requestOtp"])
        await client.sms.next_message()
        # the stream of revocations goes on meanwhile
        counts.append(Counter({name: count for name, count in commands.items() if name != "getMore"}))

    assert counts[0] == counts[1] == {"findAndModify": 3, "insert": 1}
    known, unknown = ({name: type(value) for name, value in answer.items()} for answer in answers)
    assert known == unknown
    assert all(answer["userErrors"] == [] for answer in answers)
    assert all(UUID(answer["challenge"]).version == 4 for answer in answers)


async def test_all_bad_guesses_look_the_same(client: GraphClient, database: Any) -> None:
    wrong, wrong_code = await client.request_code(ASHA)
    expired, expired_code = await client.request_code(ASHA)
    await database.one_time_codes.update_one({"_id": UUID(expired)}, {"$set": {"expires_at": LONG_AGO}})
    used, used_code = await client.request_code(ASHA)
    assert is_signed_in(await verify(client, used, used_code))
    guessed, guessed_code = await client.request_code(ASHA)
    for by in range(1, 6):
        assert await verify(client, guessed, other_than(guessed_code, by)) == REFUSED
    guesses = {
        "wrong code": (wrong, other_than(wrong_code)),
        "code of another challenge": (wrong, expired_code if expired_code != wrong_code else other_than(wrong_code)),
        "expired": (expired, expired_code),
        "used": (used, used_code),
        "guessed too often": (guessed, guessed_code),
        "unknown challenge": (str(uuid4()), wrong_code),
        "malformed challenge": ("no challenge", wrong_code),
        "empty challenge": ("", wrong_code),
        "endless challenge": ("f" * 10_000, wrong_code),
    }

    answers = {name: await verify(client, *guess) for name, guess in guesses.items()}

    assert {name: answer for name, answer in answers.items() if answer != REFUSED} == {}
    assert await database.sessions.count_documents({}) == 1


# --- guesses ----------------------------------------------------------------------------------------------------------


async def test_two_hundred_guesses_at_once_are_five(client: GraphClient, database: Any) -> None:
    challenge, code = await client.request_code(ASHA)

    answers = await asyncio.gather(*(verify(client, challenge, other_than(code, by)) for by in range(1, 201)))

    assert answers == [REFUSED] * 200
    assert await comparisons(database) == 5
    assert (await sent_code(database, challenge))["attempts_left"] == 0
    assert await verify(client, challenge, code) == REFUSED
    assert await database.customers.count_documents({}) == 0


async def test_guesses_in_one_request_are_counted_one_by_one(client: GraphClient, database: Any) -> None:
    challenge, code = await client.request_code(ASHA)
    typed = 'verifyOtp(input: {{ challenge: "{}", code: "{}" }}) {{ accessToken }}'
    guesses = [f"g{by}: {typed.format(challenge, other_than(code, by))}" for by in range(1, 9)]

    answers = [await client.data(f"mutation {{ {' '.join(some)} }}") for some in (guesses[:4], guesses[4:])]

    assert [guess for answer in answers for guess in answer.values()] == [{"accessToken": None}] * 8
    assert await comparisons(database) == 5
    assert await verify(client, challenge, code) == REFUSED


async def test_of_two_hundred_right_guesses_at_once_one_signs_in(client: GraphClient, database: Any) -> None:
    challenge, code = await client.request_code(ASHA)

    answers = await asyncio.gather(*(verify(client, challenge, code) for _ in range(200)))

    assert sum(map(is_signed_in, answers)) == 1
    assert await database.sessions.count_documents({}) == 1
    assert await database.customers.count_documents({}) == 1


async def test_the_fifth_guess_still_counts(client: GraphClient) -> None:
    challenge, code = await client.request_code(ASHA)

    wrong = [await verify(client, challenge, other_than(code, by)) for by in range(1, 5)]

    assert wrong == [REFUSED] * 4
    assert is_signed_in(await verify(client, challenge, code))


async def test_guesses_at_one_code_leave_another_code_of_the_phone_alone(client: GraphClient) -> None:
    attacked, attacked_code = await client.request_code(ASHA)
    own, own_code = await client.request_code(ASHA)

    for by in range(1, 8):
        await verify(client, attacked, other_than(attacked_code, by))

    assert is_signed_in(await verify(client, own, own_code))


async def test_spaces_in_a_code_are_ignored(client: GraphClient) -> None:
    challenge, code = await client.request_code(ASHA)

    assert is_signed_in(await verify(client, challenge, f" {code[:3]} {code[3:]} "))


async def test_a_code_may_be_typed_in_the_digits_of_another_script_of_india(client: GraphClient) -> None:
    challenge, code = await client.request_code(ASHA)
    devanagari = "".join(chr(ord(digit) - ord("0") + 0x0966) for digit in code)

    assert is_signed_in(await verify(client, challenge, devanagari))


@pytest.mark.parametrize("form", ["", "{0}0", "0{0}", "+{0}", "{0}\0", "{0}\n", "{wide}", "{0}" * 10_000])
async def test_nothing_but_the_six_digits_is_the_code(client: GraphClient, form: str) -> None:
    challenge, code = await client.request_code(ASHA)
    wide = "".join(chr(ord(digit) - ord("0") + 0xFF10) for digit in code)

    assert await verify(client, challenge, form.format(code, wide=wide)) == REFUSED
    assert is_signed_in(await verify(client, challenge, code))


# --- how a code is kept -----------------------------------------------------------------------------------------------


async def test_a_code_is_stored_as_a_keyed_hash_only(client: GraphClient, database: Any) -> None:
    challenge, code = await client.request_code(ASHA)

    stored = await sent_code(database, challenge)

    salts = ["", challenge, UUID(challenge).hex, stored["phone"], ASHA]
    texts = {f"{a}{gap}{b}" for salt in salts for gap in ("", ":", "\0") for a, b in ((salt, code), (code, salt))}
    assert stored["code_hash"] not in {sha256(text.encode()).hexdigest() for text in texts}
    assert len(stored["code_hash"]) == 64
    assert set(stored) == {"_id", "schema_version", "created_at", "phone", "code_hash", "attempts_left", "expires_at"}
    # counters know the phone by a keyed hash only
    counters = await database.rate_limits.find().to_list()
    assert len(counters) == 3
    assert not any(ASHA in str(counter) for counter in counters)


async def test_equal_codes_of_two_challenges_have_different_hashes(client: GraphClient, database: Any) -> None:
    first, code = await client.request_code(ASHA)
    second, _ = await client.request_code(ASHA)
    copied = (await sent_code(database, first))["code_hash"]

    await database.one_time_codes.update_one({"_id": UUID(second)}, {"$set": {"code_hash": copied}})

    # whoever can write to the database cannot carry a code from one challenge to another
    assert await verify(client, second, code) == REFUSED


async def test_a_code_lives_for_five_minutes_and_mongodb_removes_it(client: GraphClient, database: Any) -> None:
    challenge, _ = await client.request_code(ASHA)

    stored = await sent_code(database, challenge)
    indexes = await database.one_time_codes.index_information()

    assert stored["expires_at"] - stored["created_at"] == timedelta(minutes=5)
    assert (indexes["expires_at"]["key"], indexes["expires_at"]["expireAfterSeconds"]) == ([("expires_at", 1)], 0)


async def test_a_used_code_is_gone(client: GraphClient, database: Any) -> None:
    await client.sign_in(ASHA)

    assert await database.one_time_codes.count_documents({}) == 0


# --- the vendor -------------------------------------------------------------------------------------------------------

NOT_SENT = {
    "challenge": None,
    "expiresAt": None,
    "resendAt": None,
    "userErrors": [
        {
            "code": "MESSAGE_NOT_SENT",
            "message": "We could not send the code just now. Please try again in a minute.",
            "path": ["input", "phone"],
        }
    ],
}


@pytest.mark.parametrize("mood", [SmsMode.ERROR_500, SmsMode.BAD_REQUEST_400, SmsMode.RESET, SmsMode.HANG])
async def test_a_vendor_that_fails_is_told_in_words_and_asking_again_works(
    settings: Settings, database: Any, mood: SmsMode
) -> None:
    async with own_application(settings, database) as (_, client, vendor), asyncio.timeout(HANG_GUARD_S):
        vendor.mode = mood
        failed = await client.data(REQUEST, phone=ASHA)
        vendor.mode = SmsMode.OK
        challenge, code = await client.request_code(ASHA)
        signed_in = await verify(client, challenge, code)

    assert failed == {"requestOtp": NOT_SENT}
    assert is_signed_in(signed_in)


async def test_a_vendor_that_is_down_is_left_alone_and_said_to_be(settings: Settings, database: Any) -> None:
    async with own_application(settings, database) as (_, client, vendor):
        vendor.mode = SmsMode.ERROR_500
        failed = [await client.data(REQUEST, phone=phone) for phone in (ASHA, RAVI)]
        calls = vendor.calls
        vendor.mode = SmsMode.OK
        left_alone = await client.data(REQUEST, phone=ASHA)

        assert failed == [{"requestOtp": NOT_SENT}] * 2
        assert left_alone == {"requestOtp": NOT_SENT}
        assert vendor.calls == calls == 3
