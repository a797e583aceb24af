"""The operations that are measured, and the data they find."""

from __future__ import annotations

import itertools
import json
import random
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4, uuid5

from pymongo import MongoClient
from pymongo.database import Database

from bench.load import ask
from bench.servers import Post, Server
from traya_gql.documents.customers import CustomerRecord
from traya_gql.documents.orders import OrderRecord
from traya_gql.domain.gst import contained_tax
from traya_gql.domain.orders import NUMBER_BITS, order_number
from traya_gql.domain.photo_texts import PHOTO_TEXTS
from traya_gql.domain.pricing import Pricing
from traya_gql.domain.shelves import Findable, name_key

EXAMPLES = Path(__file__).parent.parent / "examples"
PRODUCTS = 75
REPORTS = 300
CUSTOMERS = 240
ORDERS_EACH = 20
_PERCENT = 5
VIEWER_ORDERS = """
query ViewerOrders {
  viewer {
    orders(first: 20) {
      nodes {
        number
        placedAt
        status
        lines { productName quantity total { amount } product { slug name price { amount } } }
        pricing { total { amount } }
      }
    }
  }
}
"""
_phones = itertools.count(random.randrange(6_000_000_000, 9_000_000_000))  # a new one each time


class Operation(NamedTuple):
    """A named operation: what it posts, what every good answer holds, and the aim for ours/plain at 32 connections.

    `makes`: it makes something, with ids that are random.
    """

    name: str
    posts: Callable[[int], list[Post]]
    needed: str
    aim: float | None = None
    makes: bool = False


class Report(NamedTuple):
    """A report with a kit for its person, and one for everybody who has its link.

    `told` is what an order of a month of the person's kit is to expect.
    """

    id: UUID
    public_id: str
    told: dict[str, str]


class Filled(NamedTuple):
    """What the databases hold: reports with kits, and customers with orders."""

    reports: list[Report]
    customer_ids: list[UUID]


def operations(filled: Filled) -> list[Operation]:
    """Return what is measured. Every mutation has a key and a phone of its own; reports and customers take turns."""
    reports, customers = itertools.cycle(filled.reports), itertools.cycle(filled.customer_ids)

    def orders(count: int) -> list[Post]:
        chosen = list(itertools.islice(reports, count))
        posts = _posts("place_order", [order(report.public_id, report.told) for report in chosen])
        return [post._replace(report_id=report.id) for post, report in zip(posts, chosen, strict=True)]

    def viewer_orders(count: int) -> list[Post]:
        body = json.dumps({"query": VIEWER_ORDERS})
        return [Post(body, next(customers)) for _ in range(count)]

    return [
        Operation("__typename", lambda n: [Post(json.dumps({"query": "{__typename}"}))] * n, '"Query"'),
        _report(reports),
        Operation("viewer orders", viewer_orders, '"placedAt"', 2),
        Operation("products", lambda n: _posts("products", [{}] * n), "endCursor", 1.5),
        Operation("submitHairTest", lambda n: _posts("submit_hair_test", hair_tests(n)), "publicId", makes=True),
        Operation("placeOrder", orders, "number", 1.5, makes=True),
    ]


def signed_in_and_not(filled: Filled) -> tuple[Operation, Operation]:
    """Return one query, asked by nobody and by customers in turn, whom it shows no more; the aim is for their ratio."""
    anonymous = _report(itertools.cycle(filled.reports))
    customers = itertools.cycle(filled.customer_ids)

    def posts(count: int) -> list[Post]:
        return [Post(post.body, next(customers)) for post in anonymous.posts(count)]

    return anonymous, Operation("report, signed in", posts, anonymous.needed, 0.87)


def tickets() -> Operation:
    """Return what begins the upload of a photo. The peer has nothing like it."""
    variables = {"input": {"consent": {"isGiven": True, "noticeVersion": PHOTO_TEXTS.notice.version}}}
    return Operation(
        "createScalpPhotoUpload", lambda n: _posts("create_scalp_photo_upload", [variables] * n), "fileField"
    )


def _report(reports: Iterator[Report]) -> Operation:
    def posts(count: int) -> list[Post]:
        return _posts("report", [{"publicId": next(reports).public_id} for _ in range(count)])

    return Operation("report", posts, "disclaimer", 3)


def hair_tests(count: int) -> list[dict[str, Any]]:
    """Return the variables of hair tests: the example's, with answers that lead to many different reports."""
    example = json.loads((EXAMPLES / "submit_hair_test.json").read_text(encoding="utf-8"))["input"]
    told = {answer["key"]: answer["values"] for answer in example["answers"]}
    men = [("MALE", f"STAGE_{stage}") for stage in range(1, 6)]
    women = [("FEMALE", one) for one in ("HAIR_THINNING", "MEDIUM_WIDENING", "ADVANCED_WIDENING", "HEAVY_HAIR_FALL")]
    people = itertools.product(men + women, ("NONE", "MOTHER", "BOTH"), ("MILD", "HEAVY"), ("MODERATE", "HIGH"))
    tests = []
    for ((gender, pattern), family, dandruff, stress), _ in zip(itertools.cycle(people), range(count), strict=False):
        answers = {**told, "pattern": [pattern], "familyHistory": [family], "dandruff": [dandruff], "stress": [stress]}
        if gender == "MALE":
            answers = {key: values for key, values in answers.items() if key not in {"lifeStage", "isBreastfeeding"}}
            answers["isTryingForABaby"] = ["NO"]
        own = {
            "idempotencyKey": str(uuid4()),
            "customer": {**example["customer"], "phone": str(next(_phones)), "gender": gender},
            "answers": [{"key": key, "values": values} for key, values in answers.items()],
        }
        tests.append({"input": {**example, **own}})
    return tests


def price(public_id: str) -> dict[str, Any]:
    """Return the variables of the price of a month of a report's kit; the token is the server's to put in."""
    example = json.loads((EXAMPLES / "price_preview.json").read_text(encoding="utf-8"))["input"]
    return {"input": {**example, "reportPublicId": public_id}}


def order(public_id: str, told: dict[str, str]) -> dict[str, Any]:
    """Return the variables of an order of a report's kit, as its person; the token is the server's to put in."""
    example = json.loads((EXAMPLES / "place_order.json").read_text(encoding="utf-8"))["input"]
    own = {"idempotencyKey": str(uuid4()), "phone": str(next(_phones)), "reportPublicId": public_id}
    return {"input": {**example, **own, **told}}


def _posts(name: str, variables: list[dict[str, Any]]) -> list[Post]:
    own = Path(__file__).parent / f"{name}.graphql"
    query = (own if own.exists() else EXAMPLES / f"{name}.graphql").read_text(encoding="utf-8")
    head = json.dumps({"query": query})[:-1]
    return [Post(f'{head}, "variables": {json.dumps(one)}}}') for one in variables]


def fill(ours: Database[dict[str, Any]], plain: Database[dict[str, Any]], *, server: Server) -> Filled:
    """Give both databases the same products, and the same reports and orders made by our server."""
    _add_products(ours)
    for variables in hair_tests(REPORTS):
        _tell(server, Post(_posts("submit_hair_test", [variables])[0].body))
    found = ours["reports"].find({"kit.items": {"$ne": []}, "shared_kit": {"$ne": []}}, {"public_id": 1})
    reports = [Report(one["_id"], one["public_id"], _told(server, one["_id"], one["public_id"])) for one in found]
    first = reports[0]
    _tell(server, _posts("place_order", [order(first.public_id, first.told)])[0]._replace(report_id=first.id))
    customer_ids = _add_customers(ours)
    for name in ("products", "hair_tests", "reports", "orders"):
        plain[name].insert_many(list(ours[name].find({}, dict.fromkeys(Findable.model_fields, 0))))
    return Filled(reports, customer_ids)


def _told(server: Server, report_id: UUID, public_id: str) -> dict[str, str]:
    post = _posts("price_preview", [price(public_id)])[0]._replace(report_id=report_id)
    preview = _tell(server, post)["pricePreview"]["preview"]
    return {"expectedTotal": preview["pricing"]["total"]["amount"], "previewKey": preview["previewKey"]}


def _tell(server: Server, post: Post) -> dict[str, Any]:
    [request] = server.requests([post])
    return ask(server.port, request)


def _add_products(ours: Database[dict[str, Any]]) -> None:
    seeded = list(ours["products"].find())
    extra = []
    for number, product in zip(range(PRODUCTS - len(seeded)), itertools.cycle(seeded), strict=False):
        suffix = number // len(seeded) + 2
        changes = {"_id": uuid5(product["_id"], str(suffix)), "slug": f"{product['slug']}-{suffix}"}
        # dearer, so that the kits stay those of the first catalogue
        name = f"{product['name']} {suffix}"
        dearer = {"price_paise": product["price_paise"] + 10_000 * suffix}
        extra.append(product | changes | dearer | {"name": name, "name_key": name_key(name)})
    ours["products"].insert_many(extra)


def _add_customers(ours: Database[dict[str, Any]]) -> list[UUID]:
    """Add customers with orders of 2 to 4 lines, after the one order that is there, and return their ids."""
    template = ours["orders"].find_one()
    assert template is not None
    products = list(ours["products"].find({"is_active": True}))
    choose = random.Random(CUSTOMERS)
    customers, orders = [], []
    for _ in range(CUSTOMERS):
        phone, first_at = f"+91{next(_phones)}", template["created_at"] - timedelta(days=ORDERS_EACH)
        record = CustomerRecord(id=uuid4(), created_at=first_at, phone=phone, verified_at=first_at)
        customers.append(record.model_dump(by_alias=True) | {"schema_version": 2})
        for day in range(ORDERS_EACH):
            own = {"customer_id": record.id, "phone": phone, "created_at": first_at + timedelta(days=day)}
            orders.append(template | own | _ordered(choose.sample(products, choose.randint(2, 4)), choose))
    for one in orders:
        OrderRecord.model_validate(one)
    ours["customers"].insert_many(customers)
    ours["orders"].insert_many(orders)
    return [one["_id"] for one in customers]


def _ordered(products: list[dict[str, Any]], choose: random.Random) -> dict[str, Any]:
    lines = []
    for product in products:
        price, quantity = product["price_paise"], choose.randint(1, 3)
        tax = contained_tax(price * quantity, hsn=product["hsn"], percent=_PERCENT, is_intra_state=False)
        own = {"product_id": product["_id"], "product_name": product["name"], "unit_price_paise": price}
        paid = {"quantity": quantity, "total_paise": price * quantity, "discount_paise": 0, "tax": tax.model_dump()}
        lines.append({**own, **paid})
    subtotal = sum(line["total_paise"] for line in lines)
    pricing = Pricing(subtotal_paise=subtotal, total_paise=subtotal).model_dump()
    return {"_id": uuid4(), "number": order_number(choose.getrandbits(NUMBER_BITS)), "lines": lines, "pricing": pricing}


def difference(ours: Server, plain: Server, operation: Operation) -> str | None:
    """Return how the two answers to the same posts differ, or None. What is random or secret may differ."""
    posts = operation.posts(20)
    for to_ours, to_plain in zip(ours.requests(posts), plain.requests(posts), strict=True):
        answers = ask(ours.port, to_ours), ask(plain.port, to_plain)
        first, second = (_steady(one, is_made=operation.makes) for one in answers)
        if first != second:
            return f"{operation.name}: ours {json.dumps(first)[:1000]}\nplain {json.dumps(second)[:1000]}"
    return None


def _steady(data: Any, *, is_made: bool) -> Any:
    if isinstance(data, list):
        return [_steady(one, is_made=is_made) for one in data]
    if not isinstance(data, dict):
        return data
    # a cursor says where a list goes on, in each application's own way
    left_out = {"endCursor"}
    if is_made:
        left_out |= {"accessToken", "accessTokenExpiresAt", "number"}
        left_out |= {"id", "publicId"} if data.keys() & _MADE else set()
    return {
        # Strawberry's own way to write a time is another one; it is the instant that counts
        key: _instant(value) if key == "placedAt" else _steady(value, is_made=is_made)
        for key, value in data.items()
        if key not in left_out
    }


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


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
