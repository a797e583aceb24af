"""A full run with known secrets in every input: none of them is in anything that the server prints."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from tests.cli.serving import Server, serving
from tests.cli.serving import run as command
from tests.integrations.sms_standin import SmsMode, SmsStandIn, sms_standin_in_a_thread
from tests.processes import HANG_GUARD_S, eventually, processes_of
from tests.support import REQUEST_OTP, VERIFY_OTP, address, example, hair_test, order
from traya_gql.integrations.mongodb.embedded import attach

pytestmark = pytest.mark.xdist_group("servers")

PHONE = "6123409871"
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
    "answer": "PSORIASIS",
    "proxy": "203.0.113.77",
}


class Run:
    """A server under a client that plants secrets and collects those it is given."""

    def __init__(self, server: Server, sms: SmsStandIn, database: Any) -> None:
        self.server = server
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

    def sign_in(self) -> dict[str, Any]:
        challenge = self.ask(REQUEST_OTP, input={"phone": PHONE})["data"]["requestOtp"]["challenge"]
        code = self.sms.next_message_blocking().text[:6]
        self.remember("sent code", code)
        typed = {"challenge": challenge, "device": PLANTED["name"]}
        self.ask(VERIFY_OTP, input={**typed, "code": PLANTED["code"]})
        given: dict[str, Any] = self.ask(VERIFY_OTP, input={**typed, "code": code})["data"]["verifyOtp"]
        header, payload, signature = given["accessToken"].split(".")
        assert json.loads(base64.urlsafe_b64decode(payload + "=="))["aud"] == "session"
        self.remember("access token", f"{payload}.{signature}")
        self.remember("refresh token", ".".join(given["refreshToken"].split(".")[1:]))
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
            run = Run(server, sms, client.get_default_database())
            with run.http:
                yield run
    attachment.release(wait_s=15)


def use_everything(run: Run) -> dict[str, Any]:
    """Ask what the product is for, well and badly, and return what was made."""
    person = {"name": f"{PLANTED['name']} Rao", "phone": PHONE, "age": 31, "gender": "OTHER"}
    typed = hair_test(customer=person) | {"customer": person}
    typed["hair"]["dandruff"] = PLANTED["answer"]
    submitted = run.ask(example("submit_hair_test"), input=typed)["data"]["submitHairTest"]
    run.remember("guest token", submitted["accessToken"].split(".", 1)[1])
    public_id = submitted["report"]["publicId"]
    run.remember("public id", public_id)
    bought = order(public_id, phone=PHONE, shippingAddress=address(addressLine=PLANTED["street"], city=PLANTED["city"]))
    slug = '{ product(slug: "gentle-cleansing-shampoo") { id } }'
    bought["lines"] = [{"productId": run.ask(slug)["data"]["product"]["id"]}]
    placed = run.ask(example("place_order"), input=bought)["data"]["placeOrder"]
    assert placed["userErrors"] == []
    signed_in = run.sign_in()
    bearer = signed_in["accessToken"]
    run.ask(
        "{ viewer { customer { phone } guestRecords { claimId firstName } sessions { nodes { device } } } }",
        bearer=bearer,
    )
    book = {"address": address(addressLine=PLANTED["street"]), "isDefault": True}
    run.ask("mutation ($i: AddAddressInput!) { addAddress(input: $i) { addresses { id } } }", bearer=bearer, i=book)
    profile = {"name": PLANTED["name"], "gender": "OTHER"}
    run.ask(
        "mutation ($i: UpdateProfileInput!) { updateProfile(input: $i) { customer { id } } }", bearer=bearer, i=profile
    )
    refresh = "mutation ($t: String!) { refreshSession(input: {refreshToken: $t}) { refreshToken } }"
    renewed = run.ask(refresh, t=signed_in["refreshToken"])["data"]["refreshSession"]["refreshToken"]
    run.remember("next refresh token", ".".join(renewed.split(".")[1:]))
    return {"publicId": public_id, "bearer": bearer, "placed": placed, "typed": typed, "order": bought}


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
    # pydantic quotes the value that it cannot read
    run.database.reports.update_one({"public_id": made["publicId"]}, {"$set": {"gender": PLANTED["stored"]}})
    faults.append(run.ask(example("report"), publicId=made["publicId"]))
    run.database.customers.update_one({"phone": f"+91{PHONE}"}, {"$set": {"roles": PLANTED["stored"]}})
    faults.append(run.ask("{ viewer { customer { id } } }", bearer=made["bearer"]))
    # the vendor refuses, and hangs up
    for mode in (SmsMode.BAD_REQUEST_400, SmsMode.RESET, SmsMode.ERROR_500):
        run.sms.mode = mode
        run.ask(REQUEST_OTP, input={"phone": PHONE})
    run.sms.mode = SmsMode.OK
    return [error["extensions"]["incidentId"] for answer in faults for error in answer["errors"]]


def test_no_planted_secret_is_in_the_output(run: Run) -> None:
    made = use_everything(run)
    ask_badly(run)
    incidents = break_down(run, made)
    ends = run.server.output
    run.server.stop()

    printed = ends.read_text(encoding="utf-8")

    found = [name for name, secret in run.secrets.items() if secret.lower() in printed.lower()]
    assert found == [], [line for line in printed.splitlines() if any(run.secrets[name] in line for name in found)]
    # and it is not for want of lines
    assert len(incidents) == 3
    assert all(incident in printed for incident in incidents)
    assert printed.count("operation") >= 25
    assert len(run.secrets) > len(PLANTED) + 8


@pytest.mark.slow
def test_a_dead_database_is_told_without_secrets(run: Run, tmp_path: Path) -> None:
    made = use_everything(run)
    processes = processes_of(tmp_path / "mongodb")
    for name in ("keeper", "mongod"):
        processes[name].kill()
    eventually(lambda: not processes["mongod"].is_running())

    answer = run.ask(example("place_order"), input={**made["order"], "idempotencyKey": hair_test()["idempotencyKey"]})
    run.server.stop()

    assert answer["errors"][0]["extensions"]["code"] in {"INTERNAL_SERVER_ERROR", "TIMEOUT"}
    printed = run.server.output.read_text(encoding="utf-8")
    assert [name for name, secret in run.secrets.items() if secret.lower() in printed.lower()] == []
