"""A data folder of the second release, brought up to this one."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.cli import released
from tests.cli.released import PRIVATE_REPORT, Released, by_key, shown_by_the_link, shown_to_readers, without_texts
from tests.cli.serving import Server, run, serving
from traya_gql.integrations.mongodb.embedded import attach

pytestmark = pytest.mark.slow

Finished = subprocess.CompletedProcess[str]

RELEASE = Released(2)
OPERATIONS: dict[str, str] = RELEASE.told["operations"]
HAIR_TESTS: list[dict[str, Any]] = RELEASE.told["hairTests"]
ORDERS: list[dict[str, Any]] = RELEASE.told["orders"]
PEOPLE: dict[str, dict[str, Any]] = RELEASE.told["people"]

each_hair_test = pytest.mark.parametrize("kept", HAIR_TESTS, ids=range(len(HAIR_TESTS)))
each_order = pytest.mark.parametrize("kept", ORDERS, ids=range(len(ORDERS)))

# --- what clients of this release ask ---

REFRESH = """mutation ($input: RefreshSessionInput!) {
  refreshSession(input: $input) { accessToken refreshToken customer { id } userErrors { code } }
}"""
REQUEST_OTP = "mutation ($input: RequestOtpInput!) { requestOtp(input: $input) { challenge userErrors { code } } }"
VERIFY_OTP = """mutation ($input: VerifyOtpInput!) {
  verifyOtp(input: $input) { accessToken customer { id roles } userErrors { code } }
}"""
GUEST_RECORDS = "{ viewer { guestRecords { claimId kind createdAt firstName orderNumber } } }"
PLACE_ORDER = """mutation ($input: PlaceOrderInput!) {
  placeOrder(input: $input) {
    order { lines { product { slug } quantity } }
    userErrors { code path ... on SafetyBlockError { findings { code } } }
  }
}"""


def ask_as(bearer: str | None, server: Server, query: str, **variables: Any) -> Any:
    """Return the data that a server answers to who sends this access token, or none."""
    answer = released.ask_as(bearer, server, query, **variables)
    assert "errors" not in answer, answer
    return answer["data"]


def bearer_of(kept: dict[str, Any]) -> str | None:
    """Return the access token of who sent this to the second release, or None for a guest."""
    return RELEASE.still_valid(PEOPLE[kept["by"]]["session"]["accessToken"]) if "by" in kept else None


def sign_in_by_code(server: Server, phone: str) -> Any:
    """Sign in with the code that the server prints."""
    challenge = server.ask(REQUEST_OTP, input={"phone": phone})["requestOtp"]["challenge"]
    # it is printed before the answer is sent
    printed = server.output.read_text(encoding="utf-8")
    code = re.findall(rf"Message to {re.escape(phone)}:\s+(\d{{6}})", printed)[-1]
    signed_in = server.ask(VERIFY_OTP, input={"challenge": challenge, "code": code})["verifyOtp"]
    assert signed_in["userErrors"] == []
    return signed_in


# One folder goes through the change, on one MongoDB, and each fixture below is its next day.


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder as the second release left it."""
    folder = RELEASE.unpacked(tmp_path_factory.mktemp("release-2"))
    attachment = attach(folder, mongod=None)
    RELEASE.make_young(attachment.uri)
    yield folder
    attachment.release(wait_s=10)


@pytest.fixture(scope="module")
def refused(data: Path) -> Finished:
    """A command of this release that writes, given by somebody who knows of no change."""
    return run("seed", "--data", str(data), cwd=data.parent, **RELEASE.settings)


@pytest.fixture(scope="module")
def migrations(data: Path, refused: Finished) -> list[Finished]:
    """The command that was named, given twice."""
    return [run("migrate", "--data", str(data), cwd=data.parent, **RELEASE.settings) for _ in range(2)]


@pytest.fixture(scope="module")
def server(data: Path, migrations: list[Finished]) -> Iterator[Server]:
    """This release, serving. The tests only read, or repeat, or sign in."""
    assert [one.returncode for one in migrations] == [0, 0], [one.stderr for one in migrations]
    with serving(data, **RELEASE.settings) as started:
        yield started


@pytest.fixture(scope="module")
def tokens(server: Server) -> dict[str, str]:
    """The access tokens of those who were signed in, by name, got with the refresh tokens that they kept."""
    given = {
        name: server.ask(REFRESH, input={"refreshToken": person["session"]["refreshToken"]})["refreshSession"]
        for name, person in PEOPLE.items()
    }
    assert {name: (one["customer"], one["userErrors"]) for name, one in given.items()} == {
        name: ({"id": person["session"]["customer"]["id"]}, []) for name, person in PEOPLE.items()
    }
    return {name: one["accessToken"] for name, one in given.items()}


@pytest.fixture(scope="module")
def accounts(server: Server, tokens: dict[str, str]) -> dict[str, Any]:
    """What those who were signed in find of theirs, by name, before they sign in anywhere else."""
    return {name: ask_as(token, server, OPERATIONS["account"])["viewer"] for name, token in tokens.items()}


# --- the commands -------------------------------------------------------------------------------------------------


def test_a_command_that_writes_refuses_a_folder_of_the_second_release_and_names_what_to_do(refused: Finished) -> None:
    assert refused.returncode == 1
    assert "of an older release" in refused.stderr
    assert "Run: traya-gql migrate" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_migrate_brings_the_folder_up_once(migrations: list[Finished]) -> None:
    first, second = migrations

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "The database is migrated to version " in first.stdout
    assert "The database is already current" in second.stdout


# --- reports and hair tests ---------------------------------------------------------------------------------------


@each_hair_test
def test_the_link_of_a_report_shows_what_it_showed_but_for_how_strong_the_causes_are(
    server: Server, kept: dict[str, Any]
) -> None:
    seen = server.ask(OPERATIONS["report"], publicId=kept["submitted"]["report"]["publicId"])

    assert without_texts(seen["report"]) == shown_by_the_link(kept)


@each_hair_test
def test_the_token_of_a_report_opens_what_that_release_said_and_nothing_that_it_did_not(
    server: Server, kept: dict[str, Any]
) -> None:
    seen = server.ask(PRIVATE_REPORT, **RELEASE.opened(kept))

    assert by_key(seen["report"]) == shown_to_readers(kept)


def test_a_hair_test_stays_closed_without_its_token(server: Server) -> None:
    public_id = HAIR_TESTS[0]["report"]["publicId"]
    foreign = RELEASE.opened(HAIR_TESTS[1])["accessToken"]

    seen = [server.ask(PRIVATE_REPORT, publicId=public_id, accessToken=token) for token in (None, foreign)]

    assert [one["report"]["hairTest"] for one in seen] == [None, None]


def test_the_first_questionnaires_input_is_refused_as_bad_input(server: Server) -> None:
    answer = released.ask_as(None, server, OPERATIONS["submit_hair_test"], input=HAIR_TESTS[0]["input"])

    assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}


# --- orders -------------------------------------------------------------------------------------------------------


@each_order
def test_the_token_of_an_order_opens_the_same_order(server: Server, kept: dict[str, Any]) -> None:
    token = RELEASE.still_valid(kept["placed"]["accessToken"])

    seen = server.ask(OPERATIONS["order"], accessToken=token)
    whole = server.ask(OPERATIONS["whole_order"], accessToken=token)

    assert seen["order"] == kept["order"]
    assert whole["order"] == kept["wholeOrder"]


@each_order
def test_an_order_repeated_after_the_change_gives_the_first_answer(server: Server, kept: dict[str, Any]) -> None:
    repeated = ask_as(bearer_of(kept), server, OPERATIONS["place_order"], input=kept["input"])

    assert repeated["placeOrder"] == {**kept["placed"], "isReplay": True}


def test_a_key_of_an_order_is_still_taken_for_another_input(server: Server) -> None:
    typed = {**ORDERS[0]["input"], "paymentMethod": "SNAPMINT"}

    refused = server.ask(OPERATIONS["place_order"], input=typed)

    assert refused["placeOrder"]["order"] is None
    assert [error["code"] for error in refused["placeOrder"]["userErrors"]] == ["IDEMPOTENCY_CONFLICT"]


def order_now(kept: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the input of a new order from the report of an old hair test."""
    typed = {"idempotencyKey": str(uuid4()), "reportPublicId": kept["report"]["publicId"], "phone": "9876543219"}
    return {
        **ORDERS[0]["input"],
        **typed,
        "reportAccessToken": RELEASE.opened(kept)["accessToken"],
        **more,
    }


def lines_of(server: Server, *slugs: str) -> list[dict[str, Any]]:
    found = [server.ask("query ($s: String!) { product(slug: $s) { id } }", s=slug)["product"]["id"] for slug in slugs]
    return [{"productId": one, "quantity": 1} for one in found]


def test_an_order_from_an_old_report_obeys_the_gates_of_today(server: Server) -> None:
    # she was never asked whether she is pregnant, nor about her scalp or her medicines
    kept = HAIR_TESTS[0]
    lines = lines_of(server, "dandruff-control-shampoo", "hair-vitamin-capsules")

    refused = server.ask(PLACE_ORDER, input=order_now(kept, lines=lines))["placeOrder"]
    by_the_link = server.ask(PLACE_ORDER, input=order_now(kept, lines=lines, reportAccessToken=None))["placeOrder"]

    assert refused["order"] is None
    assert [(one["code"], one["path"]) for one in refused["userErrors"]] == [
        ("SAFETY_BLOCK", ["input", "lines", "0", "productId"]),
        ("SAFETY_BLOCK", ["input", "lines", "1", "productId"]),
    ]
    assert [[gate["code"] for gate in one["findings"]] for one in refused["userErrors"]] == [
        ["G06_PREGNANCY"],
        ["G00_SAFETY_UNANSWERED", "G06_PREGNANCY"],
    ]
    assert by_the_link["order"] is None
    assert [one["code"] for one in by_the_link["userErrors"]] == ["REPORT_ACCESS_REQUIRED"] * 2


def test_what_is_still_safe_of_an_old_kit_is_ordered(server: Server) -> None:
    kept = HAIR_TESTS[0]
    assert [item["product"]["slug"] for item in kept["report"]["kit"]["items"]] == [
        "early-stage-hair-growth-oil",
        "dandruff-control-shampoo",
    ]

    placed = server.ask(PLACE_ORDER, input=order_now(kept))["placeOrder"]

    assert placed["userErrors"] == []
    assert placed["order"]["lines"] == [{"product": {"slug": "early-stage-hair-growth-oil"}, "quantity": 1}]


# --- who was signed in --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PEOPLE)
def test_who_was_signed_in_stays_so_and_finds_what_was_theirs(accounts: dict[str, Any], name: str) -> None:
    assert accounts[name] == PEOPLE[name]["account"]


@pytest.mark.parametrize("name", PEOPLE)
def test_the_access_token_of_a_session_is_still_read(server: Server, name: str) -> None:
    bearer = RELEASE.still_valid(PEOPLE[name]["session"]["accessToken"])

    seen = ask_as(bearer, server, "{ viewer { roles customer { id } } }")

    account = PEOPLE[name]["account"]
    assert seen["viewer"] == {"roles": account["roles"], "customer": {"id": account["customer"]["id"]}}


def test_a_session_that_was_ended_stays_ended(server: Server) -> None:
    given = server.ask(REFRESH, input={"refreshToken": RELEASE.told["endedSession"]["refreshToken"]})["refreshSession"]

    assert given["accessToken"] is None
    assert [error["code"] for error in given["userErrors"]] == ["REFRESH_TOKEN_INVALID"]


def test_the_staff_are_who_they_were(server: Server, tokens: dict[str, str]) -> None:
    seen = ask_as(tokens["admin"], server, OPERATIONS["staff"])

    assert seen["staff"] == RELEASE.told["staff"]


@pytest.mark.parametrize(("name", "is_open"), [("customer", True), ("doctor", True), ("admin", False)])
def test_the_customers_reports_open_to_her_and_her_doctor_alone(
    server: Server, tokens: dict[str, str], name: str, *, is_open: bool
) -> None:
    hers = {report["publicId"] for report in PEOPLE["customer"]["account"]["reports"]["nodes"]}
    kept = [one for one in HAIR_TESTS if one["report"]["publicId"] in hers]

    seen = [
        ask_as(tokens[name], server, PRIVATE_REPORT, publicId=one["report"]["publicId"])["report"]["causes"]
        for one in kept
    ]

    assert len(hers) == 2
    assert [[cause["score"] for cause in causes] for causes in seen] == [
        [cause["score"] if is_open else None for cause in one["privateReport"]["causes"]] for one in kept
    ]


def test_an_administrator_signs_in_again_as_who_they_were(server: Server, accounts: dict[str, Any]) -> None:
    admin = PEOPLE["admin"]["account"]["customer"]

    signed_in = sign_in_by_code(server, admin["phone"])

    assert signed_in["customer"] == {"id": admin["id"], "roles": ["CUSTOMER", "ADMIN"]}


def test_a_guest_who_signs_in_now_is_offered_what_they_did_then(server: Server) -> None:
    # the first one took two tests, and two orders go to her phone
    orders = [one["wholeOrder"]["id"] for one in ORDERS[:2]]
    tests = [one["privateReport"]["hairTest"]["id"] for one in (HAIR_TESTS[0], HAIR_TESTS[3])]
    phone = ORDERS[0]["order"]["phone"]

    signed_in = sign_in_by_code(server, phone)
    offered = ask_as(signed_in["accessToken"], server, GUEST_RECORDS)["viewer"]["guestRecords"]

    assert {(one["claimId"], one["kind"], one["firstName"], one["orderNumber"]) for one in offered} == {
        *((test, "HAIR_TEST", "Asha", None) for test in tests),
        *((order, "ORDER", None, kept["order"]["number"]) for order, kept in zip(orders, ORDERS, strict=False)),
    }
