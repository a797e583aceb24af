"""Nothing is lost and nothing is half-written when a server or its database is killed in the middle of work."""

from __future__ import annotations

import itertools
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx
import pytest
from pymongo import MongoClient
from pymongo.database import Database

from tests.cli.serving import Server, serving
from tests.processes import processes_of
from tests.support import example, hair_test, order
from traya_gql.app import now
from traya_gql.documents.coupons import CouponRecord
from traya_gql.domain.coupons import CouponKind, CouponTerms

pytestmark = pytest.mark.slow

CLIENTS = 8
ROUNDS = 4
COUPON = "FIVE-PERCENT"


class Customers:
    """Clients that submit hair tests, every second from a draft, and order from them until they are told to stop.

    Two of three orders use a coupon, all the same one.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._stop = threading.Event()
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.acknowledged: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
        self.enough = threading.Event()

    def _send(self, name: str, field: str, typed: dict[str, Any]) -> dict[str, Any] | None:
        self.sent.append((name, typed))
        try:
            payload: dict[str, Any] = self._server.ask(example(name), input=typed)[field]
        except (httpx.TransportError, AssertionError):
            return None  # the server is gone, or says that its database is: not acknowledged
        if [error.get("reason") for error in payload["userErrors"]] == ["BUSY"]:
            return None  # the coupon's other orders wait for a database that is gone
        assert payload["userErrors"] == []
        self.acknowledged.append((name, typed, payload))
        if len(self.acknowledged) >= 40:
            self.enough.set()
        return payload

    def _keep_draft(self, typed: dict[str, Any]) -> dict[str, Any]:
        """Return the input with a draft in place of the answers, or as it is when none could be kept."""
        saved = {**{name: typed["customer"][name] for name in ("age", "gender")}, "answers": typed["answers"]}
        try:
            token = self._server.ask(example("save_hair_test_draft"), input=saved)["saveHairTestDraft"]["draftToken"]
        except (httpx.TransportError, AssertionError):
            return typed
        return {**{name: value for name, value in typed.items() if name != "answers"}, "draftToken": token}

    def _work(self) -> None:
        for turn in itertools.count():
            if self._stop.is_set():
                return
            typed = self._keep_draft(hair_test()) if turn % 2 else hair_test()
            submitted = self._send("submit_hair_test", "submitHairTest", typed)
            if submitted is not None:
                coupon, told = self._offers[turn % len(self._offers)]
                typed = order(submitted["report"]["publicId"], **coupon, **told)
                self._send("place_order", "placeOrder", typed)

    def __enter__(self) -> Self:
        # asked for while nothing is down; all reports here show the same kit to who has their link
        submitted = self._server.ask(example("submit_hair_test"), input=hair_test())["submitHairTest"]
        coupons: list[dict[str, Any]] = [{}, {"couponCode": COUPON}, {"couponCode": COUPON}]
        public_id = submitted["report"]["publicId"]
        self._offers = [(coupon, self._server.told(order(public_id, **coupon))) for coupon in coupons]
        self._pool = ThreadPoolExecutor(CLIENTS)
        self._running = [self._pool.submit(self._work) for _ in range(CLIENTS)]
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._pool.shutdown()
        for running in self._running:
            running.result()


FIELDS = {"submit_hair_test": "submitHairTest", "place_order": "placeOrder"}


@contextmanager
def database_of(data: Path) -> Iterator[Database[dict[str, Any]]]:
    """The embedded database of a server that runs on this folder."""
    port = (data / "port").read_text(encoding="utf-8").strip()
    with MongoClient[dict[str, Any]](
        f"mongodb://127.0.0.1:{port}/?replicaSet=traya", uuidRepresentation="standard"
    ) as client:
        yield client.traya


def add_coupon(data: Path) -> None:
    """Add the coupon, if it is not there."""
    terms = CouponTerms(kind=CouponKind.PERCENT, percent=5, starts_at=now())
    coupon = CouponRecord(id=uuid4(), created_at=now(), code=COUPON, terms=terms, created_by=uuid4())
    with database_of(data) as database:
        document = coupon.model_dump(by_alias=True) | {"schema_version": 1}
        database.coupons.update_one({"code": COUPON}, {"$setOnInsert": document}, upsert=True)


def using_a_coupon(data: Path, server: Server) -> Customers:
    add_coupon(data)
    return Customers(server)


def check_whole(data: Path) -> None:
    """Every record has what was written with it, and the coupon as many uses as there are orders with it."""
    with database_of(data) as database:
        reports = {one["_id"]: one for one in database.reports.find()}
        tests = {one["_id"]: one for one in database.hair_tests.find()}
        orders = {one["_id"]: one for one in database.orders.find()}
        results = sorted(one["result_id"] for one in database.idempotency.find())
        coupon = database.coupons.find_one({"code": COUPON})
    assert {test["report_id"] for test in tests.values()} == set(reports)
    assert {report["hair_test_id"] for report in reports.values()} == set(tests)
    assert {one["report_id"] for one in orders.values()} <= set(reports)
    assert results == sorted([*reports, *orders])
    assert coupon is not None
    assert coupon["uses"] == sum(one["coupon"] is not None for one in orders.values()) > 0


def check_kept_and_repeat(server: Server, customers: Customers) -> None:
    """What was acknowledged is there, and a repeat of anything sent has one effect; then its draft is gone."""
    for name, typed, payload in customers.acknowledged:
        again = server.ask(example(name), input=typed)[FIELDS[name]]
        assert again.pop("isReplay") is True
        assert again == {key: value for key, value in payload.items() if key != "isReplay"}
    for name, typed in customers.sent:
        once = ask_until_free(server, name, typed)
        twice = server.ask(example(name), input=typed)[FIELDS[name]]
        assert twice.pop("isReplay") is True
        assert {**once, "isReplay": True} == {**twice, "isReplay": True}
    drafts = [typed["draftToken"] for _, typed in customers.sent if "draftToken" in typed]
    assert drafts
    for token in drafts:
        assert server.ask(example("hair_test_draft"), token=token) == {"hairTestDraft": None}


def ask_until_free(server: Server, name: str, typed: dict[str, Any]) -> dict[str, Any]:
    """Repeat as the answer says, while the transaction that a killed server left open still holds the key."""
    for _ in range(12):
        payload: dict[str, Any] = server.ask(example(name), input=typed)[FIELDS[name]]
        if [error["code"] for error in payload["userErrors"]] != ["IDEMPOTENCY_IN_PROGRESS"]:
            assert payload["userErrors"] == []
            return payload
    raise AssertionError("the key stayed locked")


def test_kill_9_of_the_server_loses_no_acknowledged_write_and_leaves_none_in_part(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for _ in range(ROUNDS):
        with serving(data) as server, using_a_coupon(data, server) as customers:
            assert customers.enough.wait(60)
            os.kill(server.process.pid, signal.SIGKILL)
            server.process.wait()

        with serving(data) as server:
            check_whole(data)
            check_kept_and_repeat(server, customers)
            check_whole(data)


def test_kill_9_of_the_database_under_load_loses_nothing_and_the_server_goes_on(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as server:
        for _ in range(ROUNDS):
            with using_a_coupon(data, server) as customers:
                assert customers.enough.wait(60)
                processes_of(data)["mongod"].kill()
                before = len(customers.acknowledged)
                wait_for_more(customers, before + 20)

            check_whole(data)
            check_kept_and_repeat(server, customers)


def wait_for_more(customers: Customers, how_many: int) -> None:
    reached = threading.Event()
    for _ in range(600):
        if len(customers.acknowledged) >= how_many:
            return
        reached.wait(0.1)
    raise AssertionError("the server did not come back")
