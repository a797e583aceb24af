"""A full run with known secrets in every input: none of them is in anything that the server prints."""

from __future__ import annotations

import base64
import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from pymongo import MongoClient

from tests.cli.serving import Server, serving
from tests.cli.serving import run as command
from tests.integrations.sms_standin import SmsMode, SmsStandIn, sms_standin_in_a_thread
from tests.processes import HANG_GUARD_S, eventually_dead, processes_of
from tests.support import REQUEST_OTP, SAFE, VERIFY_OTP, address, example, given, hair_test, order
from traya_gql.integrations.mongodb.embedded import attach

pytestmark = pytest.mark.slow

CODE_LENGTH = 6
PHONE, DOCTOR, ADMIN = "6123409871", "6123409872", "6123409873"
PLANTED = {
    "phone": PHONE,
    "name": "Plantedname",
    "street": "Plantedstreet",
    "city": "Plantedcity",
    "code": "918273",
    "literal": "Plantedliteral",
    "header": "plantedheader",
    "body": "plantedbody",
    "stored": "Plantedrecord",
    "secret key": "the Planted key of this server, long enough",
    "sms token": "token-of-the-tests",
    "doctor's phone": DOCTOR,
    "administrator's phone": ADMIN,
    "e-mail address": "planted.mail@example.com",
    "scalp": "PSORIASIS",
    "illness": "ANAEMIA",
    "medicine": "IMMUNOSUPPRESSANT",
    "allergy": "ASHWAGANDHA",
    "event": "SEVERE_ILLNESS",
    "clearance reason": "Plantedreason: seen by me in person.",
    "proxy": "203.0.113.77",
}
ILL: dict[str, Any] = {
    **SAFE,
    "isTryingForABaby": True,
    "dandruff": PLANTED["scalp"],
    "healthConditions": PLANTED["illness"],
    "medicines": PLANTED["medicine"],
    "allergies": PLANTED["allergy"],
    "lastYearEvents": PLANTED["event"],
}

ADD_ADDRESS = "mutation ($i: AddAddressInput!) { addAddress(input: $i) { addresses { id } } }"
ASSIGN = "mutation ($i: AssignStaffInput!) { assignStaff(input: $i) { customer { id } } }"
CLAIM = "mutation ($i: ClaimGuestRecordsInput!) { claimGuestRecords(input: $i) { claimedIds } }"
PROFILE = "mutation ($i: UpdateProfileInput!) { updateProfile(input: $i) { customer { id } } }"
REFRESH = "mutation ($t: String!) { refreshSession(input: {refreshToken: $t}) { refreshToken } }"
WHOLE_REPORT = """query ($publicId: String!, $accessToken: String) {
  report(publicId: $publicId, accessToken: $accessToken) {
    inputsHash safetyFindings { message } hairTest { person { email } answers { key values } }
  }
}"""


class Run:
    """A server under a client that plants secrets and collects those it is given."""

    def __init__(self, server: Server, sms: SmsStandIn, database: Any, invite: Callable[[str, str], int]) -> None:
        self.server = server
        self.invite = invite
        self.sms = sms
        self.database = database
        self.secrets = dict(PLANTED)
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=HANG_GUARD_S)

    def ask(self, query: str, *, bearer: str | None = None, **variables: Any) -> Any:
        headers = {
            "user-agent": PLANTED["header"],
            "x-request-id": PLANTED["header"],
            "x-forwarded-for": PLANTED["proxy"],
        }
        if bearer:
            headers["authorization"] = f"Bearer {bearer}"
        return self.http.post("/graphql", json={"query": query, "variables": variables}, headers=headers).json()

    def remember(self, name: str, secret: str) -> None:
        for number, part in enumerate(secret.split(".")):
            if len(part) >= 6:
                self.secrets[f"{name} {number}"] = part

    def sign_in(self, phone: str = PHONE) -> dict[str, Any]:
        challenge = self.ask(REQUEST_OTP, input={"phone": phone})["data"]["requestOtp"]["challenge"]
        code = self.sms.next_message_blocking().text[:6]
        self.remember(f"sent code of {phone}", code)
        typed = {"challenge": challenge, "device": PLANTED["name"]}
        self.ask(VERIFY_OTP, input={**typed, "code": PLANTED["code"]})
        given: dict[str, Any] = self.ask(VERIFY_OTP, input={**typed, "code": code})["data"]["verifyOtp"]
        header, payload, signature = given["accessToken"].split(".")
        assert json.loads(base64.urlsafe_b64decode(payload + "=="))["aud"] == "session"
        self.remember(f"access token of {phone}", f"{payload}.{signature}")
        self.remember(f"refresh token of {phone}", ".".join(given["refreshToken"].split(".")[1:]))
        assert header
        return given


@pytest.fixture(params=["development", "production"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    attachment = attach(tmp_path / "mongodb", mongod=None)
    settings = {
        "MONGODB_URI": attachment.uri,
        "TRAYA_MODE": request.param,
        "TRAYA_SECRET_KEY": PLANTED["secret key"],
    }
    with (
        sms_standin_in_a_thread() as sms,
        MongoClient[dict[str, Any]](attachment.uri, uuidRepresentation="standard") as client,
    ):
        settings |= {"TRAYA_SMS_URL": sms.url, "TRAYA_SMS_TOKEN": sms.token}
        assert command("seed", cwd=tmp_path, **settings).returncode == 0
        with serving(tmp_path / "data", **settings) as server:

            def invite(phone: str, role: str) -> int:
                return command("staff", "invite", phone, "--role", role, cwd=tmp_path, **settings).returncode

            run = Run(server, sms, client.get_default_database(), invite)
            with run.http:
                yield run
    attachment.release(wait_s=15)


def use_everything(run: Run) -> dict[str, Any]:
    """Ask what the product is for, well and badly, and return what was made."""
    draft = keep_a_draft(run)
    submitted = submit(run, draft)
    public_id = submitted["report"]["publicId"]
    reader = {"publicId": public_id, "accessToken": submitted["accessToken"]}
    seen = run.ask(WHOLE_REPORT, **reader)["data"]["report"]
    run.remember("hash of the answers", seen["inputsHash"])
    assert seen["hairTest"]["person"]["email"] == PLANTED["e-mail address"]
    bought = order(public_id, phone=PHONE, shippingAddress=address(addressLine=PLANTED["street"], city=PLANTED["city"]))
    slug = '{ product(slug: "gentle-cleansing-shampoo") { id } }'
    bought["lines"] = [{"productId": run.ask(slug)["data"]["product"]["id"], "quantity": 1}]
    bought |= run.server.told(bought)
    placed = run.ask(example("place_order"), input=bought)["data"]["placeOrder"]
    assert placed["userErrors"] == []
    refuse(run, public_id, submitted["accessToken"])
    signed_in = run.sign_in()
    bearer = signed_in["accessToken"]
    account = "{ viewer { customer { phone } guestRecords { claimId firstName } sessions { nodes { device } } } }"
    offered = run.ask(account, bearer=bearer)["data"]["viewer"]["guestRecords"]
    run.ask(CLAIM, bearer=bearer, i={"ids": [one["claimId"] for one in offered]})
    run.ask(ADD_ADDRESS, bearer=bearer, i={"address": address(addressLine=PLANTED["street"]), "isDefault": True})
    run.ask(PROFILE, bearer=bearer, i={"name": PLANTED["name"], "gender": "OTHER"})
    clearance = clear_a_finding(run, customer_id=signed_in["customer"]["id"], report_id=submitted["report"]["id"])
    renewed = run.ask(REFRESH, t=signed_in["refreshToken"])["data"]["refreshSession"]["refreshToken"]
    run.remember("next refresh token", ".".join(renewed.split(".")[1:]))
    return {"publicId": public_id, "bearer": bearer, "order": bought, "clearance": clearance}


def keep_a_draft(run: Run) -> str:
    """Keep answers half given, and return the draft's token."""
    saved = {"gender": "MALE", "age": 31, "answers": given({"dandruff": PLANTED["scalp"]})}
    token: str = run.ask(example("save_hair_test_draft"), input=saved)["data"]["saveHairTestDraft"]["draftToken"]
    run.remember("draft token", token.split(".", 1)[1])
    whole = {**saved, "draftToken": token, "answers": hair_test(**ILL)["answers"]}
    again = run.ask(example("save_hair_test_draft"), input=whole)["data"]["saveHairTestDraft"]
    assert again["userErrors"] == []
    assert len(run.ask(example("hair_test_draft"), token=token)["data"]["hairTestDraft"]["answers"]) > 10
    return token


def submit(run: Run, draft: str) -> dict[str, Any]:
    person = {"name": f"{PLANTED['name']} Rao", "phone": PHONE, "age": 31, "gender": "MALE"}
    typed = hair_test(customer={**person, "email": PLANTED["e-mail address"]})
    del typed["answers"]
    submitted: dict[str, Any] = run.ask(example("submit_hair_test"), input={**typed, "draftToken": draft})["data"][
        "submitHairTest"
    ]
    assert submitted["userErrors"] == []
    run.remember("guest token", submitted["accessToken"].split(".", 1)[1])
    run.remember("public id", submitted["report"]["publicId"])
    return submitted


def refuse(run: Run, public_id: str, token: str) -> None:
    """Order what is held back: the answer names illnesses."""
    slug = '{ product(slug: "stress-management-supplement") { id } }'
    lines = [{"productId": run.ask(slug)["data"]["product"]["id"], "quantity": 1}]
    refused = run.ask(example("place_order"), input=order(public_id, lines=lines, reportAccessToken=token))
    assert [one["code"] for one in refused["data"]["placeOrder"]["userErrors"]] == ["SAFETY_BLOCK"]


def clear_a_finding(run: Run, *, customer_id: str, report_id: str) -> dict[str, Any]:
    """Let a doctor lift a finding of the customer; return what was sent, with the doctor's access token."""
    for phone, role in ((ADMIN, "ADMIN"), (DOCTOR, "DOCTOR")):
        assert run.invite(phone, role) == 0
    admin, doctor = run.sign_in(ADMIN), run.sign_in(DOCTOR)
    staff_id = doctor["customer"]["id"]
    run.ask(ASSIGN, bearer=admin["accessToken"], i={"customerId": customer_id, "staffId": staff_id})
    typed = {
        "reportId": report_id,
        "finding": "G05_INFLAMED_SCALP",
        "reason": PLANTED["clearance reason"],
        "expiresAt": (datetime.now(UTC) + timedelta(days=30)).isoformat(),
    }
    for more, errors in (("", 0), (" A cure!", 1)):
        said = {**typed, "reason": f"{typed['reason']}{more}"}
        answer = run.ask(example("clear_safety_finding"), bearer=doctor["accessToken"], input=said)
        assert len(answer["data"]["clearSafetyFinding"]["userErrors"]) == errors
    return {"input": typed, "bearer": doctor["accessToken"]}


def ask_badly(run: Run) -> None:
    literal, phone, header = PLANTED["literal"], PLANTED["phone"], PLANTED["header"]
    bad = [
        {"query": f'{{ report(publicId: "{literal}") {{ firstName }} }}'},
        {"query": f'query Find {{ report(publicId: "{literal}", accessToken: "{literal}") {{ firstName }} }}'},
        {"query": f'mutation {{ requestOtp(input: {{phone: "{literal}{phone}"}}) {{ userErrors {{ code }} }} }}'},
        {"query": f"{{ {literal} }}"},
        {"query": f'{{ products(search: "{literal}"'},
        {"query": "query A { __typename }", "operationName": f"n{phone}"},
        {"query": f"query n{phone} {{ __typename }}"},
        {"query": "query ($i: RequestOtpInput!) { __typename }", "variables": {"i": {"phone": [literal, phone]}}},
        {"query": example("submit_hair_test"), "variables": {"input": hair_test(name=PLANTED["name"], phone=literal)}},
        {"query": example("submit_hair_test"), "variables": {"input": hair_test(age=literal)}},
        {"query": '{ node(id: "' + literal + '") { id } }'},
        {"query": example("submit_hair_test"), "variables": {"input": hair_test(**ILL, stress=literal)}},
        {"query": example("submit_hair_test"), "variables": {"input": hair_test(**{**ILL, literal: phone})}},
        {"query": example("submit_hair_test"), "variables": {"input": hair_test(email=f"{literal}@{phone}")}},
        {"query": example("submit_hair_test"), "variables": {"input": {**hair_test(), "draftToken": literal}}},
        {"query": example("hair_test_draft"), "variables": {"token": f"draft.{literal}.{phone}"}},
        {"query": f'{{ hairTestDraft(token: "{literal}") {{ version }} }}'},
        {"query": example("save_hair_test_draft"), "variables": {"input": {"answers": given({literal: literal})}}},
        {"query": example("clear_safety_finding"), "variables": {"input": {"reason": PLANTED["clearance reason"]}}},
    ]
    for body in bad:
        run.http.post("/graphql", json=body, headers={"authorization": f"Bearer {header}.{header}.{header}"})
    run.http.post("/graphql", content=f'{{"query": "{PLANTED["body"]}', headers={"content-type": "application/json"})
    run.http.post("/graphql", content=PLANTED["body"].encode() * 200_000, headers={"content-type": "application/json"})
    run.http.get("/graphql", params={"query": f'{{ report(publicId: "{literal}") {{ id }} }}', "variables": literal})
    run.http.get(f"/{PLANTED['body']}?token={literal}")
    # what is no HTTP at all, and a client that leaves in the middle: uvicorn speaks of both
    for raw in (f"{literal} {phone}\r\n\r\n", f"POST /graphql HTTP/1.1\r\nContent-Length: 99999\r\n\r\n{literal}"):
        with socket.create_connection(("127.0.0.1", run.server.port)) as wire:
            wire.sendall(raw.encode())


def break_down(run: Run, made: dict[str, Any]) -> list[str]:
    """Cause faults whose messages quote what was sent and stored; return the incident ids that the client got."""
    faults = []
    # the driver quotes the document that a collection refuses
    run.database.command("collMod", "orders", validator={"phone": PLANTED["stored"]})
    retry = {**made["order"], "idempotencyKey": hair_test()["idempotencyKey"]}
    faults.append(run.ask(example("place_order"), input=retry))
    run.database.command("collMod", "hair_test_drafts", validator={"age": PLANTED["stored"]})
    draft = {"answers": given({"dandruff": PLANTED["scalp"]})}
    faults.append(run.ask(example("save_hair_test_draft"), input=draft))
    run.database.command("collMod", "reports", validator={"gender": PLANTED["stored"]})
    typed = {**made["clearance"]["input"], "reason": f"{PLANTED['clearance reason']} Again."}
    faults.append(run.ask(example("clear_safety_finding"), bearer=made["clearance"]["bearer"], input=typed))
    run.database.command("collMod", "reports", validator={})
    # pydantic quotes the value that it cannot read
    run.database.reports.update_one({"public_id": made["publicId"]}, {"$set": {"gender": PLANTED["stored"]}})
    faults.append(run.ask(example("report"), publicId=made["publicId"]))
    run.database.hair_tests.update_many({}, {"$set": {"answers.dandruff": PLANTED["stored"]}})
    run.database.reports.update_one({"public_id": made["publicId"]}, {"$set": {"gender": "MALE"}})
    faults.append(run.ask(WHOLE_REPORT, bearer=made["bearer"], publicId=made["publicId"]))
    run.database.customers.update_one({"phone": f"+91{PHONE}"}, {"$set": {"roles": PLANTED["stored"]}})
    faults.append(run.ask("{ viewer { customer { id } } }", bearer=made["bearer"]))
    # the vendor refuses, and hangs up
    for mode in (SmsMode.BAD_REQUEST_400, SmsMode.RESET, SmsMode.ERROR_500):
        run.sms.mode = mode
        run.ask(REQUEST_OTP, input={"phone": PHONE})
    run.sms.mode = SmsMode.OK
    return [error["extensions"]["incidentId"] for answer in faults for error in answer["errors"]]


def told_in(printed: str, secrets: dict[str, str]) -> list[str]:
    """Return the names of the secrets that were printed.

    Six digits of a code stand in some random id now and then: a code counts where it stands by itself.
    """
    patterns = {
        name: rf"(?<![0-9a-f]){secret}(?![0-9a-f])"
        if secret.isdecimal() and len(secret) == CODE_LENGTH
        else re.escape(secret)
        for name, secret in secrets.items()
    }
    return [name for name, pattern in patterns.items() if re.search(pattern, printed, re.IGNORECASE)]


def test_no_planted_secret_is_in_the_output(run: Run) -> None:
    made = use_everything(run)
    ask_badly(run)
    incidents = break_down(run, made)
    ends = run.server.output
    run.server.stop()

    printed = ends.read_text(encoding="utf-8")

    found = told_in(printed, run.secrets)
    assert found == [], [line for line in printed.splitlines() if any(run.secrets[name] in line for name in found)]
    # and it is not for want of lines
    assert len(incidents) == 6
    assert all(incident in printed for incident in incidents)
    assert printed.count("operation") >= 25
    assert len(run.secrets) > len(PLANTED) + 8


@pytest.mark.slow
def test_a_dead_database_is_told_without_secrets(run: Run, tmp_path: Path) -> None:
    made = use_everything(run)
    processes = processes_of(tmp_path / "mongodb")
    for name in ("keeper", "mongod"):
        # the keeper takes mongod along
        with suppress(psutil.NoSuchProcess):
            processes[name].kill()
    eventually_dead(processes["mongod"])

    answer = run.ask(example("place_order"), input={**made["order"], "idempotencyKey": hair_test()["idempotencyKey"]})
    run.server.stop()

    assert answer["errors"][0]["extensions"]["code"] in {"INTERNAL_SERVER_ERROR", "TIMEOUT"}
    printed = run.server.output.read_text(encoding="utf-8")
    assert told_in(printed, run.secrets) == []
