"""The operations that are measured, and the data they find."""

from __future__ import annotations

import itertools
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4, uuid5

from pymongo import MongoClient
from pymongo.database import Database

from bench.load import ask

EXAMPLES = Path(__file__).parent.parent / "examples"
PRODUCTS = 75
REPORTS = 300
_phones = itertools.count(random.randrange(6_000_000_000, 9_000_000_000))  # a new one each time


class Operation(NamedTuple):
    """A named operation: what it posts, what every good answer holds, and the aim for ours/plain at 32 connections."""

    name: str
    bodies: Callable[[int], list[str]]
    needed: str
    aim: float | None = None


def operations(public_ids: list[str]) -> list[Operation]:
    """Return what is measured. Every mutation has a key and a phone of its own; reports come in rotation."""
    ids = itertools.cycle(public_ids)
    return [
        Operation("__typename", lambda n: [json.dumps({"query": "{__typename}"})] * n, '"Query"'),
        Operation("report", lambda n: _bodies("report", [{"publicId": next(ids)} for _ in range(n)]), "disclaimer", 3),
        Operation("products", lambda n: _bodies("products", [{}] * n), "endCursor", 1.5),
        Operation("submitHairTest", lambda n: _bodies("submit_hair_test", hair_tests(n)), "publicId"),
        Operation("placeOrder", lambda n: _bodies("place_order", [order(next(ids)) for _ in range(n)]), "number", 1.5),
    ]


def hair_tests(count: int) -> list[dict[str, Any]]:
    """Return the variables of hair tests: the example's, with answers that lead to many different reports."""
    example = json.loads((EXAMPLES / "submit_hair_test.json").read_text(encoding="utf-8"))["input"]
    answers = itertools.product(
        ("STAGE_1", "STAGE_2", "STAGE_3", "STAGE_4", "STAGE_5"),
        ("NONE", "MOTHER", "BOTH"),
        ("MILD", "HEAVY"),
        ("MALE", "FEMALE"),
    )
    return [
        {
            "input": {
                **example,
                "idempotencyKey": str(uuid4()),
                "customer": {**example["customer"], "phone": str(next(_phones)), "gender": gender},
                "hair": {"hairLossStage": stage, "familyHistory": family, "dandruff": dandruff},
            }
        }
        for (stage, family, dandruff, gender), _ in zip(itertools.cycle(list(answers)), range(count), strict=False)
    ]


def order(public_id: str) -> dict[str, Any]:
    """Return the variables of an order of a report's kit."""
    example = json.loads((EXAMPLES / "place_order.json").read_text(encoding="utf-8"))["input"]
    own = {"idempotencyKey": str(uuid4()), "phone": str(next(_phones)), "reportPublicId": public_id}
    return {"input": {**example, **own}}


def _bodies(name: str, variables: list[dict[str, Any]]) -> list[str]:
    query = (EXAMPLES / f"{name}.graphql").read_text(encoding="utf-8")
    head = json.dumps({"query": query})[:-1]
    return [f'{head}, "variables": {json.dumps(one)}}}' for one in variables]


def fill(ours: Database[dict[str, Any]], plain: Database[dict[str, Any]], *, port: int) -> list[str]:
    """Give both databases the same products, and the same reports made by ours. Return the reports' public ids."""
    seeded = list(ours["products"].find())
    extra = []
    for number, product in zip(range(PRODUCTS - len(seeded)), itertools.cycle(seeded), strict=False):
        suffix = number // len(seeded) + 2
        changes = {"_id": uuid5(product["_id"], str(suffix)), "slug": f"{product['slug']}-{suffix}"}
        # dearer, so that the kits stay those of the first catalogue
        dearer = {"name": f"{product['name']} {suffix}", "price_paise": product["price_paise"] + 10_000 * suffix}
        extra.append(product | changes | dearer)
    ours["products"].insert_many(extra)
    for variables in hair_tests(REPORTS):
        ask(port, _bodies("submit_hair_test", [variables])[0])
    for name in ("products", "customers", "hair_tests", "reports"):
        plain[name].insert_many(list(ours[name].find()))
    return [report["public_id"] for report in ours["reports"].find({"kit": {"$ne": []}}, {"public_id": 1})]


def difference(ours: int, plain: int, operation: Operation) -> str | None:
    """Return how the two answers to the same bodies differ, or None. What is random or secret may differ."""
    for body in operation.bodies(20):
        first, second = _steady(ask(ours, body)), _steady(ask(plain, body))
        if first != second:
            return f"{operation.name}: ours {json.dumps(first)[:1000]}\nplain {json.dumps(second)[:1000]}"
    return None


def _steady(data: Any) -> Any:
    if isinstance(data, list):
        return [_steady(one) for one in data]
    if not isinstance(data, dict):
        return data
    made = {"accessToken", "accessTokenExpiresAt", "number"} | ({"id", "publicId"} if data.keys() & _MADE else set())
    return {key: _steady(value) for key, value in data.items() if key not in made}


_MADE = {"publicId", "number"}
"""Fields of what a mutation made: its id is random."""

_NOISE = {"hello", "isMaster", "ismaster", "ping", "serverStatus", "buildInfo", "endSessions", "replSetGetStatus"}


def commands(client: MongoClient[dict[str, Any]]) -> int:
    """Return how many commands mongod has answered, without heartbeats and our own questions."""
    counted = client.admin.command("serverStatus")["metrics"]["commands"]
    return sum(one["total"] for name, one in counted.items() if isinstance(one, dict) and name not in _NOISE)


def settled_commands(client: MongoClient[dict[str, Any]]) -> int:
    """Return the same, once mongod is idle: servers go on with what a load generator left behind."""
    count = -1
    while (found := commands(client)) != count:
        count = found
        time.sleep(0.3)
    return count
