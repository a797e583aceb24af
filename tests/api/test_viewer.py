"""What is the viewer's own: pages, cursors, and few commands however long the lists are."""

from __future__ import annotations

from collections import Counter
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from starlette.applications import Starlette

from tests.support import GraphClient, SignedIn, hair_test, order
from traya_gql.domain.roles import Role
from traya_gql.schema.common import NodeType, make_cursor, node_id, read_node_id

START = datetime(2026, 1, 1, 10, tzinfo=UTC)
UNIQUE = {"public_id", "hair_test_id", "report_id", "number"}
LISTS = {"hairTests": "hair_tests", "reports": "reports", "orders": "orders"}

MAKE = """mutation ($test: SubmitHairTestInput!) {
  submitHairTest(input: $test) { report { id publicId hairTest { id } } userErrors { code } }
}"""
PLACE = "mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { order { id } userErrors { code } } }"
PAGE = """query ($first: Int!, $after: String) { viewer { LIST(first: $first, after: $after) {
  edges { cursor node { id } }
  nodes { id }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
} } }"""
ORDERS = """query ($first: Int!) { viewer { orders(first: $first) { nodes {
  id number placedAt status
  lines { quantity product { name } }
} pageInfo { hasNextPage endCursor } } } }"""
REPORTS = """query ($first: Int!) { viewer { reports(first: $first) { nodes {
  id causes { score } safetyFindings { code } hairTest { id person { name } } kit { items { product { name } } }
} } } }"""
HAIR_TESTS = """query ($first: Int!) { viewer { hairTests(first: $first) { nodes {
  id person { name } report { id causes { score } kit { items { product { name } } } }
} } } }"""
TREATED = """{ viewer { treatedCustomers(first: 20) { nodes {
  id name
  orders(first: 5) { nodes { id number lines { product { name } } report { id safetyFindings { code } } } }
  hairTests(first: 5) { nodes { id person { name } report { id } } }
  reports(first: 5) { nodes { id safetyFindings { code } } }
} } } }"""
EVERYTHING = """{ viewer {
  roles
  customer { id phone isPhoneVerified name gender roles version }
  hairTests { nodes { id } pageInfo { hasNextPage endCursor } }
  reports { nodes { id } pageInfo { hasNextPage endCursor } }
  orders { nodes { id } pageInfo { hasNextPage endCursor } }
  addresses { id }
  sessions { nodes { device isCurrent } }
  guestRecords { claimId }
  treatedCustomers { nodes { id } }
} }"""


class Owned(NamedTuple):
    """Somebody signed in, and one record of each kind that is theirs, by collection."""

    who: SignedIn
    templates: dict[str, dict[str, Any]]


async def sign_in_with_one_of_each(client: GraphClient, database: Any, phone: str = "9876543210") -> Owned:
    who = await client.sign_in(phone)
    made = await client.data(MAKE, bearer=who.access_token, test=hair_test())
    public_id = made["submitHairTest"]["report"]["publicId"]
    placed = await client.data(PLACE, bearer=who.access_token, input=order(public_id))
    assert made["submitHairTest"]["userErrors"] == placed["placeOrder"]["userErrors"] == []
    owner = {"customer_id": key_of(who.customer_id)}
    return Owned(who, {name: await database[name].find_one(owner) for name in LISTS.values()})


@pytest.fixture
async def asha(client: GraphClient, database: Any) -> Owned:
    return await sign_in_with_one_of_each(client, database)


def key_of(id_: str) -> UUID:
    return UUID(hex=read_node_id(id_).key)


async def give(database: Any, mine: Owned, name: str, times: list[datetime], **changes: Any) -> list[UUID]:
    """Give somebody copies of their record, made at these times; return the keys."""
    template = mine.templates[name]
    copies = [
        {
            **template,
            # other than the id's own, these would be taken
            **{field: _other(template[field]) for field in UNIQUE & set(template) - {"report_id"}},
            **changes,
            "_id": uuid4(),
            "created_at": at,
        }
        for at in times
    ]
    await database[name].insert_many(copies)
    return [one["_id"] for one in copies]


def _other(value: Any) -> Any:
    return uuid4() if isinstance(value, UUID) else uuid4().hex[: len(value)]


async def give_whole(database: Any, mine: Owned, how_many: int) -> None:
    """Give somebody hair tests with their reports, and orders of 20 lines with a report each."""
    products = await database.products.find().to_list()
    line = mine.templates["orders"]["lines"][0]
    lines = [{**line, "product_id": product["_id"]} for product in products]
    tests, reports, orders = [], [], []
    for number in range(how_many):
        at = START + timedelta(minutes=number)
        test_id, report_id = uuid4(), uuid4()
        tests.append({**mine.templates["hair_tests"], "_id": test_id, "report_id": report_id, "created_at": at})
        report = mine.templates["reports"]
        public_id = _other(report["public_id"])
        reports.append({**report, "_id": report_id, "hair_test_id": test_id, "public_id": public_id, "created_at": at})
        bought = mine.templates["orders"]
        orders.append(
            {
                **bought,
                "_id": uuid4(),
                "number": _other(bought["number"]),
                "report_id": report_id,
                "lines": lines,
                "created_at": at,
            }
        )
    await database.hair_tests.insert_many(tests)
    await database.reports.insert_many(reports)
    await database.orders.insert_many(orders)


async def page(client: GraphClient, who: SignedIn, name: str, first: int, after: str | None = None) -> Any:
    shown = await client.data(PAGE.replace("LIST", name), bearer=who.access_token, first=first, after=after)
    return shown["viewer"][name]


async def walk(client: GraphClient, who: SignedIn, name: str, size: int) -> list[str]:
    """Return the ids of a list, read page by page."""
    found, after = list[str](), None
    while True:
        shown = await page(client, who, name, size, after)
        info, ids = shown["pageInfo"], [node["id"] for node in shown["nodes"]]
        assert [edge["node"]["id"] for edge in shown["edges"]] == ids
        assert info["startCursor"] == (shown["edges"][0]["cursor"] if ids else None)
        assert info["endCursor"] == (shown["edges"][-1]["cursor"] if ids else None)
        assert info["hasPreviousPage"] == (after is not None)
        found += ids
        if not info["hasNextPage"]:
            return found
        assert len(ids) == size
        after = info["endCursor"]


_is_counting: ContextVar[bool] = ContextVar("is_counting", default=False)


class _OfThisTask(Counter[str]):
    """Counts what this task and those it starts send: the follower of revocations asks every half second."""

    def __setitem__(self, name: str, number: int) -> None:
        if _is_counting.get():
            super().__setitem__(name, number)


async def counted(client: GraphClient, query: str, who: SignedIn, **variables: Any) -> tuple[Counter[str], Any]:
    """Return the commands of a query, and the viewer it showed."""
    commands = _OfThisTask()
    client.commands._counters.append(commands)
    token = _is_counting.set(True)
    try:
        shown = await client.data(query, bearer=who.access_token, **variables)
    finally:
        _is_counting.reset(token)
        client.commands._counters.remove(commands)
    return commands, shown["viewer"]


# --- who is asking ----------------------------------------------------------------------------------------------------


async def test_who_just_signed_in_sees_themselves_and_empty_lists(client: GraphClient) -> None:
    asha = await client.sign_in("9876543210", device="Asha's phone")

    shown = (await client.data(EVERYTHING, bearer=asha.access_token))["viewer"]

    empty = {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    assert shown == {
        "roles": ["CUSTOMER"],
        "customer": {
            "id": asha.customer_id,
            "phone": "+919876543210",
            "isPhoneVerified": True,
            "name": None,
            "gender": None,
            "roles": ["CUSTOMER"],
            "version": 1,
        },
        "hairTests": empty,
        "reports": empty,
        "orders": empty,
        "addresses": [],
        "sessions": {"nodes": [{"device": "Asha's phone", "isCurrent": True}]},
        "guestRecords": [],
        "treatedCustomers": {"nodes": []},
    }


async def test_nobody_is_no_viewer(client: GraphClient, report: dict[str, Any]) -> None:
    for bearer in (None, report["accessToken"], "garbage"):
        answer = await client.ask("{ viewer { roles } products(first: 1) { totalCount } }", bearer=bearer)

        assert answer["data"]["viewer"] is None
        [denied] = answer["errors"]
        assert (denied["path"], denied["extensions"]["code"]) == (["viewer"], "UNAUTHENTICATED")
        assert answer["data"]["products"]["totalCount"] == 20


async def test_each_sees_their_own(client: GraphClient, database: Any, asha: Owned) -> None:
    ravi = await sign_in_with_one_of_each(client, database, "9123456780")

    for mine in (asha, ravi):
        shown = (await client.data(EVERYTHING, bearer=mine.who.access_token))["viewer"]

        assert shown["customer"]["id"] == mine.who.customer_id
        assert {name: [key_or_public_id(node["id"]) for node in shown[name]["nodes"]] for name in LISTS} == {
            "hairTests": [mine.templates["hair_tests"]["_id"]],
            "reports": [mine.templates["reports"]["public_id"]],
            "orders": [mine.templates["orders"]["_id"]],
        }


def key_or_public_id(id_: str) -> UUID | str:
    key = read_node_id(id_)
    return key.key if key.type is NodeType.REPORT else key.uuid()


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 7, 44, 45, 100])
async def test_walking_45_orders_of_few_moments_sees_each_once_the_newest_first(
    client: GraphClient, database: Any, asha: Owned, size: int
) -> None:
    await database.orders.delete_many({})
    moments = [START + timedelta(milliseconds=number // 15) for number in range(45)]
    keys = await give(database, asha, "orders", moments)
    await give(database, asha, "orders", moments, customer_id=None)
    await give(database, asha, "orders", moments, customer_id=uuid4())

    found = await walk(client, asha.who, "orders", size)

    newest_first = sorted(zip(moments, (key.bytes for key in keys), strict=True), reverse=True)
    assert found == [node_id(NodeType.ORDER, UUID(bytes=key)) for _, key in newest_first]


@pytest.mark.parametrize("name", LISTS)
async def test_every_list_is_walked_whole(client: GraphClient, database: Any, asha: Owned, name: str) -> None:
    await give(database, asha, LISTS[name], [START] * 10)

    found = await walk(client, asha.who, name, 3)

    assert len(set(found)) == len(found) == 11
    assert found == [node["id"] for node in (await page(client, asha.who, name, 100))["nodes"]]


@pytest.mark.parametrize("name", LISTS)
async def test_a_cursor_keeps_its_place_when_records_come_and_go(
    client: GraphClient, database: Any, asha: Owned, name: str
) -> None:
    records = database[LISTS[name]]
    await records.delete_many({})
    await give(database, asha, LISTS[name], [START + timedelta(seconds=number) for number in range(9)])
    all_before = await walk(client, asha.who, name, 100)
    first = await page(client, asha.who, name, 3)

    await give(database, asha, LISTS[name], [START + timedelta(hours=1)] * 3)
    # the record that the cursor names
    at = START + timedelta(seconds=6)
    assert (await records.delete_one({"created_at": at})).deleted_count == 1
    second = await page(client, asha.who, name, 3, first["pageInfo"]["endCursor"])

    assert [node["id"] for node in first["nodes"]] == all_before[:3]
    assert [node["id"] for node in second["nodes"]] == all_before[3:6]
    assert second["pageInfo"]["hasPreviousPage"] is True


@pytest.mark.parametrize(("how_many", "has_next"), [(99, False), (100, False), (101, True)])
async def test_a_page_of_100_knows_whether_more_follow(
    client: GraphClient, database: Any, asha: Owned, how_many: int, *, has_next: bool
) -> None:
    await database.orders.delete_many({})
    await give(database, asha, "orders", [START + timedelta(seconds=number) for number in range(how_many)])

    shown = await page(client, asha.who, "orders", 100)

    assert len(shown["nodes"]) == min(how_many, 100)
    assert shown["pageInfo"]["hasNextPage"] is has_next


@pytest.mark.parametrize("name", [*LISTS, "sessions", "treatedCustomers"])
@pytest.mark.parametrize("first", [0, -1, 101, 2**31 - 1])
async def test_a_page_has_1_to_100_items(client: GraphClient, asha: Owned, name: str, first: int) -> None:
    query = f"query ($first: Int!) {{ viewer {{ {name}(first: $first) {{ nodes {{ id }} }} }} }}"

    code = await client.code(query, bearer=asha.who.access_token, first=first)

    assert code == "BAD_USER_INPUT"


@pytest.mark.parametrize("name", [*LISTS, "sessions", "treatedCustomers"])
async def test_what_is_no_cursor_of_the_list_is_refused(
    client: GraphClient, database: Any, asha: Owned, name: str
) -> None:
    query = f"query ($after: String) {{ viewer {{ {name}(after: $after) {{ nodes {{ id }} }} }} }}"
    of_products = await client.data("{ products(first: 1) { pageInfo { endCursor } } }")
    others = [other for other in (*LISTS, "sessions") if other != name]
    shown = (
        await client.data(
            "{ viewer { " + " ".join(f"{other} {{ pageInfo {{ endCursor }} }}" for other in others) + " } }",
            bearer=asha.who.access_token,
        )
    )["viewer"]
    wrong = {
        "empty": "",
        "garbage": "garbage",
        "not ASCII": "हिन्दी",
        "too long": "A" * 100_000,
        "an id": asha.who.customer_id,
        "JSON of another shape": "e30",
        "of the products": of_products["products"]["pageInfo"]["endCursor"],
        "a moment that is text": make_cursor(name, "yesterday", uuid4()),
        "a moment beyond all calendars": make_cursor(name, 10**18, uuid4()),
        "a moment before all calendars": make_cursor(name, -(10**18), uuid4()),
        **{f"of {other}": connection["pageInfo"]["endCursor"] for other, connection in shown.items()},
    }

    for what, after in wrong.items():
        assert isinstance(after, str), what
        assert await client.code(query, bearer=asha.who.access_token, after=after) == "BAD_USER_INPUT", what


async def test_somebody_elses_cursor_shows_nothing_of_theirs(client: GraphClient, database: Any, asha: Owned) -> None:
    """A cursor is a moment and a key: it says where to start, not whose list it is."""
    ravi = await sign_in_with_one_of_each(client, database, "9123456780")
    await give(database, asha, "orders", [START - timedelta(days=1)])
    after = (await page(client, ravi.who, "orders", 1))["pageInfo"]["endCursor"]

    shown = await page(client, asha.who, "orders", 100, after)

    mine = await walk(client, asha.who, "orders", 100)
    assert {node["id"] for node in shown["nodes"]} <= set(mine)


# --- commands ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how_many", [20, 100])
async def test_orders_with_lines_and_products_take_two_commands_whatever_their_length(
    client: GraphClient, database: Any, asha: Owned, how_many: int
) -> None:
    await give_whole(database, asha, how_many)

    commands, shown = await counted(client, ORDERS, asha.who, first=how_many)

    nodes = shown["orders"]["nodes"]
    assert [len(node["lines"]) for node in nodes[1:]] == [20] * (how_many - 1)
    assert all(line["product"] for node in nodes for line in node["lines"])
    # orders, products
    assert commands == {"find": 2}


@pytest.mark.parametrize("how_many", [2, 20, 100])
@pytest.mark.parametrize("name", ["reports", "hairTests"])
async def test_reports_and_hair_tests_take_three_commands_whatever_their_length(
    client: GraphClient, database: Any, asha: Owned, name: str, how_many: int
) -> None:
    query = {"reports": REPORTS, "hairTests": HAIR_TESTS}[name]
    await give_whole(database, asha, how_many)

    commands, shown = await counted(client, query, asha.who, first=how_many)

    assert len(shown[name]["nodes"]) == how_many
    # the page, its reports or hair tests, the products of the kits
    assert commands == {"find": 3}


@pytest.mark.parametrize("how_many", [0, 15])
async def test_the_whole_viewer_takes_as_many_commands_however_much_is_theirs(
    client: GraphClient, database: Any, asha: Owned, how_many: int
) -> None:
    if how_many:
        await give_whole(database, asha, how_many)
        for _ in range(3):
            await client.data(MAKE, test=hair_test())

    commands, shown = await counted(client, EVERYTHING, asha.who)

    assert [len(shown[name]["nodes"]) for name in LISTS] == [how_many + 1] * 3
    assert len(shown["guestRecords"]) == (3 if how_many else 0)
    # customer, three lists, sessions, two lists of guest records
    assert commands == {"find": 7}


async def test_the_viewer_who_asks_for_no_record_takes_no_command(client: GraphClient, asha: Owned) -> None:
    commands, shown = await counted(client, "{ viewer { roles __typename } }", asha.who)

    assert shown == {"roles": ["CUSTOMER"], "__typename": "Viewer"}
    assert commands == {}


# --- whom a doctor treats ---------------------------------------------------------------------------------------------


@pytest.fixture
async def doctor(client: GraphClient, started: tuple[Starlette, GraphClient]) -> SignedIn:
    await started[0].state.services.staff.invite("9000000001", [Role.DOCTOR], by=None)
    return await client.sign_in("9000000001")


async def treat(database: Any, doctor: SignedIn, template: Owned, how_many: int) -> list[UUID]:
    """Give a doctor customers who have three hair tests, reports and orders each; return their keys."""
    ids = [uuid4() for _ in range(how_many)]
    customer = await database.customers.find_one({"_id": key_of(template.who.customer_id)})
    await database.customers.insert_many(
        {**customer, "_id": id_, "phone": f"+9180000000{number:02}"} for number, id_ in enumerate(ids)
    )
    for id_ in ids:
        await give_whole(
            database, Owned(template.who, {k: {**v, "customer_id": id_} for k, v in template.templates.items()}), 3
        )
    await database.assignments.insert_many(
        {
            "_id": uuid4(),
            "created_at": START + timedelta(minutes=number),
            "customer_id": id_,
            "staff_id": key_of(doctor.customer_id),
            "assigned_by": uuid4(),
        }
        for number, id_ in enumerate(ids)
    )
    return ids


@pytest.mark.parametrize("how_many", [2, 20])
async def test_what_a_doctor_sees_takes_as_many_commands_for_20_customers_as_for_2(
    client: GraphClient, database: Any, asha: Owned, doctor: SignedIn, how_many: int
) -> None:
    treated = await treat(database, doctor, asha, how_many)

    commands, shown = await counted(client, TREATED, doctor)

    nodes = shown["treatedCustomers"]["nodes"]
    assert [key_of(node["id"]) for node in nodes] == treated[::-1]
    for node in nodes:
        assert [len(node[name]["nodes"]) for name in ("orders", "hairTests", "reports")] == [3, 3, 3]
        assert all(one["report"]["safetyFindings"] for one in node["orders"]["nodes"])
        assert all(one["safetyFindings"] for one in node["reports"]["nodes"])
    # three lists of all customers together; assignments, customers, whether they are treated, reports of the orders,
    # their products
    assert commands == {"aggregate": 3, "find": 5}


async def test_treated_customers_are_paged_the_last_assigned_first(
    client: GraphClient, database: Any, asha: Owned, doctor: SignedIn
) -> None:
    treated = await treat(database, doctor, asha, 7)
    # as when many are assigned at once
    await database.assignments.update_many({}, {"$set": {"created_at": START}})

    found = await walk(client, doctor, "treatedCustomers", 2)

    assert sorted(found) == sorted(node_id(NodeType.CUSTOMER, id_) for id_ in treated)


async def test_treated_customers_are_listed_for_doctors_and_coaches_only(
    client: GraphClient, database: Any, asha: Owned, started: tuple[Starlette, GraphClient]
) -> None:
    staff = started[0].state.services.staff
    query = "{ viewer { treatedCustomers { nodes { id hairTests { nodes { id } } } } } }"
    for number, role in enumerate(Role):
        phone = f"900000001{number}"
        if role is not Role.CUSTOMER:
            await staff.invite(phone, [role], by=None)
        who = await client.sign_in(phone)
        await database.assignments.insert_one(
            {
                "_id": uuid4(),
                "created_at": START,
                "customer_id": key_of(asha.who.customer_id),
                "staff_id": key_of(who.customer_id),
                "assigned_by": uuid4(),
            }
        )

        shown = (await client.data(query, bearer=who.access_token))["viewer"]["treatedCustomers"]["nodes"]

        may_treat = role in {Role.DOCTOR, Role.COACH}
        assert [node["id"] for node in shown] == ([asha.who.customer_id] if may_treat else []), role
        assert [len(node["hairTests"]["nodes"]) for node in shown] == ([1] if may_treat else []), role
