"""What MongoDB examines for the product's queries: a small multiple of what they return."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from functools import cache, partial
from itertools import product as combinations
from random import Random
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from pymongo.errors import CollectionInvalid, OperationFailure
from starlette.applications import Starlette

from tests.domain.products import product
from tests.support import EXAMPLES, GraphClient, SignedIn, example, hair_test, order
from traya_gql.app import now
from traya_gql.documents import jobs, revocations
from traya_gql.documents.coupons import CouponDocument
from traya_gql.documents.jobs import JobDocument, JobRecord
from traya_gql.documents.products import ProductDocument
from traya_gql.domain.coupons import CouponKind, CouponTerms
from traya_gql.domain.jobs import JobState
from traya_gql.domain.products import ProductCategory, ProductTag
from traya_gql.domain.roles import Role
from traya_gql.domain.shelves import IN_STOCK
from traya_gql.schema.common import read_node_id

SEED = 20261121
PRODUCTS = 2000

LIST = """query ($filter: ProductFilterInput, $search: String, $sortKey: ProductSortKey!, $reverse: Boolean!,
                 $after: String) {
  products(filter: $filter, search: $search, sortKey: $sortKey, reverse: $reverse, first: 20, after: $after) {
    nodes { id slug }
    pageInfo { endCursor }
  }
}"""


_NAMESPACE_EXISTS = 48


async def forget(database: Any) -> None:
    """Turn the profiler off, and drop what it has seen."""
    await database.command("profile", 0)
    await database["system.profile"].drop()


async def watch(database: Any, *, megabytes: int) -> None:
    """Turn the profiler on, with room for all that it sees: by itself it keeps the last megabyte."""
    while True:
        await forget(database)
        try:
            await database.create_collection("system.profile", capped=True, size=megabytes * 2**20)
            break
        except (CollectionInvalid, OperationFailure) as error:
            # a command that began before the profiler was off has ended just now, and was written down
            if isinstance(error, OperationFailure) and error.code != _NAMESPACE_EXISTS:
                raise
    await database.command("profile", 2)


@cache
def large_catalogue() -> list[dict[str, Any]]:
    """2,000 products as they are stored, for several tests: making them takes a while."""
    random = Random(SEED)
    return [
        ProductDocument.of(
            product(
                f"product-{number}",
                name=f"Product {random.randrange(10**9):09} {number}",
                category=random.choice(list(ProductCategory)),
                tags=tuple(random.sample(list(ProductTag), 2)),
                price_paise=random.randrange(100, 2000) * 100,
                is_active=random.random() < 0.9,
                pattern_fit=(),
            ),
            created_at=now(),
        ).model_dump(by_alias=True, exclude={"revision_id"})
        for number in range(PRODUCTS)
    ]


@pytest.fixture
async def profiled(started: tuple[Starlette, GraphClient], client: GraphClient, database: Any) -> AsyncIterator[Any]:
    """A large catalogue, with MongoDB's profiler on."""
    await forget(database)
    await database.products.insert_many(large_catalogue())
    started[0].state.services.products.sizes.clear()
    await database.command("profile", 2)
    yield database
    await forget(database)


# a stream reads the database's log from where it starts: there is no other way, and no collection is read
STREAM = "revocations.watch"


async def examined(database: Any) -> list[dict[str, Any]]:
    """What the profiler saw of the product's own commands: they carry a comment, fixtures' do not."""
    return [
        {
            "comment": entry["command"]["comment"],
            "documents": entry.get("docsExamined", 0),
            "keys": entry.get("keysExamined", 0),
            # what was read, changed or removed
            "returned": sum(entry.get(kind, 0) for kind in ("nreturned", "nMatched", "ndeleted")),
            "plan": entry.get("planSummary", ""),
            "sorted": entry.get("hasSortStage", False),
            "command": {key: entry["command"].get(key) for key in ("filter", "sort", "query", "q")},
        }
        async for entry in database["system.profile"].find({"command.comment": {"$exists": True, "$ne": STREAM}})
    ]


@pytest.mark.slow
async def test_every_list_of_products_is_read_from_an_index_in_its_order(client: GraphClient, profiled: Any) -> None:
    filters: list[dict[str, Any]] = [
        {"category": category, "tag": tag, "isActive": is_active}
        for category, tag, is_active in combinations((None, "OIL"), (None, "STRESS"), (True, None))
    ]
    for filter_, sort_key, reverse in combinations(filters, ("NAME", "PRICE", "CREATED_AT"), (False, True)):
        asked = {"filter": filter_, "sortKey": sort_key, "reverse": reverse}
        page = (await client.data(LIST, **asked))["products"]
        await client.data(LIST, after=page["pageInfo"]["endCursor"], **asked)

    pages = await examined(profiled)

    assert len(pages) == 8 * 3 * 2 * 2
    # a page reads one document more than it shows, and two at a seam between index ranges
    wasteful = [page for page in pages if page["documents"] > 24 or page["keys"] > 30 or page["sorted"]]
    assert wasteful == []


@pytest.mark.slow
async def test_rare_products_are_read_from_a_shelf_of_their_own(client: GraphClient, profiled: Any) -> None:
    await profiled.products.update_many(
        {"category": "OIL", "tags": "STRESS"},
        {"$push": {"shelves": "/OIL//out"}, "$bit": {"traits": {"and": ~IN_STOCK}}},
    )
    for sort_key in ("NAME", "PRICE", "CREATED_AT"):
        await client.data(LIST, filter={"category": "OIL", "isInStock": False}, sortKey=sort_key, reverse=False)
        await client.data(LIST, filter={"needsPrescription": True, "isActive": None}, sortKey=sort_key, reverse=True)

    pages = [page for page in await examined(profiled) if page["comment"] == "products.page"]

    assert len(pages) == 6
    assert [page for page in pages if page["documents"] > 24 or page["keys"] > 60 or page["sorted"]] == []


@pytest.mark.slow
async def test_a_wide_price_range_is_checked_on_the_keys_and_a_narrow_one_read_whole(
    client: GraphClient, profiled: Any
) -> None:
    for sort_key in ("NAME", "PRICE", "CREATED_AT"):
        for low, high in (("300", "1700"), ("500", "530")):
            filter_ = {"minPrice": low, "maxPrice": high}
            await client.data(LIST, filter=filter_, sortKey=sort_key, reverse=False)

    pages = [page for page in await examined(profiled) if page["comment"] == "products.page"]

    # by price both are a part of the index; by another key the narrow one has some 28 products to be sorted
    assert [page["sorted"] for page in pages] == [False, True, False, False, False, True]
    assert [page for page in pages if page["documents"] > 45 or page["keys"] > 45] == []


@pytest.mark.slow
async def test_a_search_reads_the_products_with_its_rarest_word_or_few_in_the_order_of_the_list(
    client: GraphClient, profiled: Any
) -> None:
    for search in ("product", "prod oil", "shampoo dandruff", "stress 19", "product 123"):
        for sort_key in ("NAME", "PRICE", "CREATED_AT"):
            page = (await client.data(LIST, search=search, sortKey=sort_key, reverse=False))["products"]
            await client.data(LIST, search=search, sortKey=sort_key, reverse=False, after=page["pageInfo"]["endCursor"])

    seen = await examined(profiled)

    # of what may be two words in one ("shampoo", "dandruff", "product") the halves are looked for among known words
    assert {entry["comment"] for entry in seen} - {"product_words.known"} == {
        *("products.page", "products.of_word", "products.of_shelf")
    }
    # 13 tags, two each: some 280 of 1,800 have one of them
    assert [entry for entry in seen if entry["comment"] == "products.page" and entry["documents"] > 350] == []
    # what was counted for the first page is remembered, and read from keys alone
    counted = [entry for entry in seen if entry["comment"] in {"products.of_word", "products.of_shelf"}]
    # the shop, and once for each search with a word that was not counted yet, or which was not seen beside this one
    assert len(counted) == 1 + 5
    assert [entry for entry in counted if entry["documents"]] == []


@pytest.mark.slow
async def test_a_kit_is_put_together_from_what_fits_the_picture_and_can_be_sent_alone(
    client: GraphClient, profiled: Any
) -> None:
    some = [one["_id"] async for one in profiled.products.find({"slug": {"$regex": "^product-"}}, {"_id": 1})]
    half = {"_id": {"$in": some[: PRODUCTS // 2]}}
    await profiled.products.update_many(half, {"$set": {"pattern_fit": ["STAGE_5"]}})
    sold_out = {"_id": {"$in": some[PRODUCTS // 2 :]}}
    await profiled.products.update_many(sold_out, {"$set": {"pattern_fit": ["STAGE_2"], "is_in_stock": False}})

    await client.data(example("submit_hair_test"), input=hair_test(pattern="STAGE_2"))

    [read] = [entry for entry in await examined(profiled) if entry["comment"] == "products.candidates"]
    assert read["documents"] == read["returned"] == 18
    assert read["keys"] <= read["returned"] + 1


@pytest.mark.slow
async def test_keeping_the_catalogue_examines_what_it_shows_or_changes(
    started: tuple[Starlette, GraphClient], client: GraphClient, profiled: Any
) -> None:
    await started[0].state.services.staff.invite("9876500004", [Role.CATALOG_MANAGER], by=None)
    bearer = (await client.sign_in("9876500004")).access_token
    typed = json.loads((EXAMPLES / "create_product.json").read_text(encoding="utf-8"))
    made = (await client.data(example("create_product"), bearer=bearer, **typed))["createProduct"]["product"]
    change = """mutation ($id: ID!, $input: UpdateProductInput!) {
      updateProduct(id: $id, input: $input) { userErrors { code } }
    }"""
    for version in range(1, 31):
        changed = await client.data(
            change, bearer=bearer, id=made["id"], input={"expectedVersion": version, "price": str(version)}
        )
        assert changed["updateProduct"]["userErrors"] == []
    prices = """query ($id: ID!, $after: String) {
      productPrices(productId: $id, first: 10, after: $after) { pageInfo { endCursor } }
    }"""
    page = (await client.data(prices, bearer=bearer, id=made["id"]))["productPrices"]["pageInfo"]
    await client.data(prices, bearer=bearer, id=made["id"], after=page["endCursor"])
    listed = """query ($status: ProductStatus, $after: String) {
      catalogue(status: $status, first: 10, after: $after) { nodes { product { id } } pageInfo { endCursor } }
    }"""
    for status in ("DRAFT", "PUBLISHED", "ARCHIVED", None):
        page = (await client.data(listed, bearer=bearer, status=status))["catalogue"]["pageInfo"]
        await client.data(listed, bearer=bearer, status=status, after=page["endCursor"])

    delete = """mutation ($id: ID!, $input: DeleteProductInput!) {
      deleteProduct(id: $id, input: $input) { userErrors { code } }
    }"""
    deleted = await client.data(delete, bearer=bearer, id=made["id"], input={"expectedVersion": 31})
    assert deleted["deleteProduct"]["userErrors"] == []

    seen = [one for one in await examined(profiled) if one["comment"].startswith(("catalogue.", "product_prices."))]

    assert Counter(one["comment"] for one in seen) == {
        "catalogue.by_id": 31,
        "catalogue.change": 30,
        "catalogue.page": 8,
        "catalogue.remove_draft": 1,
        "catalogue.taken": 1,
        "product_prices.page": 2,
        "product_prices.remove_all": 1,
    }
    # a page reads one further than it shows, and one at each seam between index ranges
    assert [one for one in seen if one["documents"] > one["returned"] + 5 or one["keys"] > one["returned"] + 8] == []
    assert [one for one in seen if one["sorted"] or "COLLSCAN" in one["plan"]] == []


@pytest.mark.slow
async def test_all_other_queries_examine_what_they_return(client: GraphClient, profiled: Any) -> None:
    for _ in range(30):
        await client.data(example("submit_hair_test"), input=hair_test())
    submitted = (await client.data(example("submit_hair_test"), input=hair_test()))["submitHairTest"]
    public_id = submitted["report"]["publicId"]
    await client.data(example("report"), publicId=public_id)
    placed = (await client.data(example("place_order"), input=order(public_id)))["placeOrder"]
    await client.data(example("order"), accessToken=placed["accessToken"])
    await client.data('{ product(slug: "stress-relief-hair-oil") { id } }')
    await client.data("query ($id: ID!) { node(id: $id) { id } }", id=submitted["report"]["id"])
    await client.data(
        "query ($p: String!, $t: String!) { report(publicId: $p, accessToken: $t) { hairTest { person { name } } } }",
        p=public_id,
        t=submitted["accessToken"],
    )

    seen = await examined(profiled)

    assert {entry["comment"] for entry in seen} >= {
        "hair_tests.by_ids",
        "orders.by_ids",
        "products.candidates",
        "products.by_ids",
        "products.by_slug",
        "reports.by_ids",
        "reports.by_public_ids",
    }
    assert [entry for entry in seen if entry["documents"] > entry["returned"] + 1] == []


@pytest.mark.slow
async def test_a_draft_is_found_by_its_key_among_all_others(client: GraphClient, profiled: Any) -> None:
    typed = hair_test()
    drafted = {"answers": typed["answers"], "age": 28, "gender": "MALE"}
    tokens = []
    for _ in range(30):
        begun = await client.data(example("save_hair_test_draft"), input=drafted)
        tokens.append(begun["saveHairTestDraft"]["draftToken"])
    mine = tokens[15]
    await client.data(example("save_hair_test_draft"), input={**drafted, "draftToken": mine, "version": 1})
    stale = await client.data(example("save_hair_test_draft"), input={**drafted, "draftToken": mine, "version": 1})
    assert [error["code"] for error in stale["saveHairTestDraft"]["userErrors"]] == ["STALE_VERSION"]
    read = await client.data(example("hair_test_draft"), token=mine)
    assert read["hairTestDraft"]["version"] == 2
    submitted = await client.data(example("submit_hair_test"), input={**typed, "answers": None, "draftToken": mine})
    assert submitted["submitHairTest"]["userErrors"] == []

    seen = [entry for entry in await examined(profiled) if entry["comment"].startswith("hair_test_drafts.")]

    # saving twice, of which one is stale and looks why; reading; submitting
    assert sorted(entry["comment"] for entry in seen) == [
        *["hair_test_drafts.by_id"] * 3,
        "hair_test_drafts.remove",
        *["hair_test_drafts.replace"] * 2,
    ]
    assert [entry for entry in seen if entry["documents"] > 1 or entry["keys"] > 1] == []
    assert [entry for entry in seen if "COLLSCAN" in entry["plan"]] == []


@pytest.mark.slow
async def test_no_query_of_the_product_scans_a_collection(client: GraphClient, profiled: Any) -> None:
    await client.data(LIST, search="product oil", sortKey="NAME", reverse=False)
    await client.data("{ products { totalCount facets { tags { count } } } }")
    await client.data(example("submit_hair_test"), input=hair_test())

    assert [entry for entry in await examined(profiled) if "COLLSCAN" in entry["plan"]] == []


# --- records of people --------------------------------------------------------------------------------------------

OTHERS = 300
OWN = 30
PHONE = "+919876543210"

HAVING = """query ($first: Int!, $reports: String, $orders: String, $hairTests: String, $sessions: String) {
  viewer {
    customer { name } addresses { id } guestRecords { claimId }
    reports(first: $first, after: $reports) { pageInfo { endCursor } }
    orders(first: $first, after: $orders) { pageInfo { endCursor } }
    hairTests(first: $first, after: $hairTests) { pageInfo { endCursor } }
    sessions(first: $first, after: $sessions) { pageInfo { endCursor } }
  }
}"""
TREATED = """query ($first: Int!, $after: String) {
  viewer { treatedCustomers(first: $first, after: $after) {
    nodes {
      phone
      orders(first: 5) { nodes { id } } hairTests(first: 5) { nodes { id } } reports(first: 5) { nodes { id } }
    }
    pageInfo { endCursor }
  } }
}"""
STAFF = """query ($role: Role, $after: String) {
  staff(first: 10, role: $role, after: $after) { nodes { id } pageInfo { endCursor } }
}"""


class People(NamedTuple):
    """Who asks: a customer with much behind them, a doctor with many patients, and an admin."""

    asha: SignedIn
    doctor: SignedIn
    admin: SignedIn


def another(record: dict[str, Any], number: int, **changes: Any) -> dict[str, Any]:
    """Return a record like this one, a second older with each number."""
    unique: dict[str, Any] = {
        name: f"{number}-{uuid4().hex}" for name in ("public_id", "number", "phone", "refresh_hash") if name in record
    }
    unique |= {
        name: uuid4() for name in ("_id", "hair_test_id", "report_id", "customer_id", "staff_id") if name in record
    }
    return record | unique | {"created_at": record["created_at"] - timedelta(seconds=number)} | changes


@pytest.fixture
async def people(started: tuple[Starlette, GraphClient], client: GraphClient, database: Any) -> People:
    """Three people among hundreds of others, whose records lie around theirs."""
    staff = started[0].state.services.staff
    invited = await staff.invite("9876500002", [Role.DOCTOR], by=None)
    await staff.invite("9876500003", [Role.ADMIN], by=None)
    asha, doctor, admin = [await client.sign_in(phone) for phone in (PHONE, "9876500002", "9876500003")]
    own = await client.data(example("submit_hair_test"), bearer=asha.access_token, input=hair_test())
    typed = order(own["submitHairTest"]["report"]["publicId"])
    await client.data(example("place_order"), bearer=asha.access_token, input=typed)
    me = await database.customers.find_one({"phone": PHONE})
    for name in ("hair_tests", "reports", "orders"):
        record = await database[name].find_one({})
        of_phone = (
            {"person": record["person"]} if name == "hair_tests" else {"phone": PHONE} if name == "orders" else {}
        )
        many = [another(record, number, customer_id=me["_id"]) for number in range(OWN)]
        # others', others' with this phone, guests', and guests' with this phone
        many += [another(record, number) for number in range(OTHERS)]
        many += [another(record, number, **of_phone) for number in range(OTHERS)]
        many += [another(record, number, customer_id=None) for number in range(OTHERS)]
        many += [another(record, number, customer_id=None, **of_phone) for number in range(3)]
        if name == "hair_tests":
            for place, one in enumerate(many):
                is_of_another = OWN <= place < OWN + OTHERS or OWN + 2 * OTHERS <= place < OWN + 3 * OTHERS
                one["person"] = record["person"] | ({"phone": f"+9198{place:08}"} if is_of_another else {})
        await database[name].insert_many(many)
    session = await database.sessions.find_one({"customer_id": me["_id"]})
    await database.sessions.insert_many(
        [
            *(another(session, number, customer_id=me["_id"]) for number in range(OWN)),
            *(another(session, number, customer_id=me["_id"], ended_at=now()) for number in range(OTHERS)),
            *(another(session, number) for number in range(OTHERS)),
        ]
    )
    patients = [another(me, number) for number in range(OTHERS)]
    colleagues = [another(me, number, roles=[Role.COACH.value]) for number in range(OWN)]
    await database.customers.insert_many([*patients, *colleagues])
    assigned = [
        {
            "_id": uuid4(),
            "created_at": patient["created_at"],
            "customer_id": patient["_id"],
            "staff_id": staff_id,
            "assigned_by": me["_id"],
            "schema_version": 1,
        }
        for patient in patients
        for staff_id in (invited.id, colleagues[0]["_id"])
    ]
    await database.assignments.insert_many(assigned)
    codes = await database.one_time_codes.find_one({}) or {"code_hash": "x", "attempts_left": 5}
    made = {"created_at": now(), "expires_at": now() + timedelta(minutes=5), "phone": PHONE}
    await database.one_time_codes.insert_many(codes | made | {"_id": uuid4()} for _ in range(OTHERS))
    return People(asha, doctor, admin)


@pytest.fixture
async def watched(people: People, database: Any) -> AsyncIterator[Any]:
    """The same database, with MongoDB's profiler on and room for all that it sees."""
    await watch(database, megabytes=32)
    yield database
    await forget(database)


def wasteful(seen: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what examined more than it has to do with: a page reads one further, and one at a seam of ranges."""
    return [
        entry
        for entry in seen
        if entry["documents"] > entry["returned"] + 2 or entry["keys"] > 3 * entry["returned"] + 4 or entry["sorted"]
    ]


async def test_what_is_ones_own_is_found_without_looking_at_others(
    client: GraphClient, people: People, watched: Any
) -> None:
    bearer = people.asha.access_token
    first = (await client.data(HAVING, bearer=bearer, first=10))["viewer"]
    after = {name: first[name]["pageInfo"]["endCursor"] for name in ("reports", "orders", "hairTests", "sessions")}
    assert None not in after.values()
    await client.data(HAVING, bearer=bearer, first=10, **after)
    records = await client.data("{ viewer { guestRecords { claimId } } }", bearer=bearer)
    ids = [record["claimId"] for record in records["viewer"]["guestRecords"]]
    assert len(ids) == 6
    claimed = await client.data(
        "mutation ($input: ClaimGuestRecordsInput!) { claimGuestRecords(input: $input) { userErrors { code } } }",
        bearer=bearer,
        input={"ids": ids},
    )
    assert claimed["claimGuestRecords"]["userErrors"] == []
    renamed = await client.data(
        'mutation { updateProfile(input: { name: "Asha Rao" }) { userErrors { code } } }', bearer=bearer
    )
    assert renamed["updateProfile"]["userErrors"] == []

    seen = await examined(watched)

    assert {entry["comment"] for entry in seen} >= {
        "customers.change",
        "hair_tests.claim",
        "hair_tests.claimable",
        "hair_tests.of_guest",
        "hair_tests.page",
        "orders.claim",
        "orders.claimable",
        "orders.of_guest",
        "orders.page",
        "reports.claim",
        "reports.page",
        "sessions.page",
    }
    assert wasteful(seen) == []
    assert [entry for entry in seen if "COLLSCAN" in entry["plan"]] == []


async def test_what_was_bought_lately_is_found_without_looking_at_others_or_at_what_is_long_ago(
    client: GraphClient, people: People, watched: Any
) -> None:
    mine = {"customer_id": UUID(hex=read_node_id(people.asha.customer_id).key)}
    newest_first = await watched.orders.find(mine).sort("created_at", -1).to_list()
    assert len(newest_first) == OWN + 1
    long_ago = [one["_id"] for one in newest_first[10:]]
    await watched.orders.update_many({"_id": {"$in": long_ago}}, {"$set": {"created_at": now() - timedelta(days=31)}})

    await client.data(example("submit_hair_test"), bearer=people.asha.access_token, input=hair_test())

    [entry] = [entry for entry in await examined(watched) if entry["comment"] == "orders.products_bought"]
    assert (entry["returned"], entry["documents"]) == (10, 10)
    assert wasteful([entry]) == []
    assert "COLLSCAN" not in entry["plan"]


async def test_the_last_answers_of_who_owns_a_report_are_found_without_looking_at_others(
    client: GraphClient, people: People, watched: Any
) -> None:
    made = await client.data(example("submit_hair_test"), bearer=people.asha.access_token, input=hair_test())
    typed = order(made["submitHairTest"]["report"]["publicId"])

    placed = await client.data(example("place_order"), bearer=people.asha.access_token, input=typed)

    assert placed["placeOrder"]["userErrors"] == []
    # for the price, and for the order; of more than 30
    entries = [entry for entry in await examined(watched) if entry["comment"] == "hair_tests.newest_of"]
    assert [(entry["returned"], entry["documents"]) for entry in entries] == [(20, 20)] * 2
    assert wasteful(entries) == []
    assert not [entry for entry in entries if "COLLSCAN" in entry["plan"]]


async def test_a_finding_is_lifted_without_looking_at_other_reports(
    client: GraphClient, people: People, watched: Any
) -> None:
    made = await client.data(
        example("submit_hair_test"), bearer=people.asha.access_token, input=hair_test(dandruff="PSORIASIS")
    )
    await client.data(
        "mutation ($input: AssignStaffInput!) { assignStaff(input: $input) { userErrors { code } } }",
        bearer=people.admin.access_token,
        input={"customerId": people.asha.customer_id, "staffId": people.doctor.customer_id},
    )
    await forget(watched)
    await watched.command("profile", 2)
    cleared = await client.data(
        example("clear_safety_finding"),
        bearer=people.doctor.access_token,
        input={
            "reportId": made["submitHairTest"]["report"]["id"],
            "finding": "G05_INFLAMED_SCALP",
            "reason": "Seen today: the scalp is calm.",
            "expiresAt": (now() + timedelta(days=30)).isoformat(),
        },
    )
    assert cleared["clearSafetyFinding"]["userErrors"] == []

    seen = await examined(watched)

    assert {entry["comment"] for entry in seen} == {
        "assignments.treated",
        "hair_tests.by_ids",
        "products.candidates",
        "products.by_ids",
        "rate_limits.count",
        "reports.add_clearance",
        "reports.by_public_ids",
    }
    assert wasteful(seen) == []
    assert [entry for entry in seen if "COLLSCAN" in entry["plan"]] == []


async def test_signing_in_and_out_looks_at_ones_own_sessions_and_codes_only(
    client: GraphClient, people: People, watched: Any
) -> None:
    refresh = "mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { userErrors { code } } }"
    second = await client.sign_in(PHONE)
    newcomer = await client.sign_in("9876500004")
    used = {"refreshToken": newcomer.refresh_token}
    for _ in range(2):
        await client.data(refresh, input=used)
    sessions = await client.data("{ viewer { sessions(first: 2) { nodes { id } } } }", bearer=second.access_token)
    id_ = sessions["viewer"]["sessions"]["nodes"][-1]["id"]
    await client.data("mutation ($id: ID) { signOut(id: $id) { isSignedOut } }", bearer=second.access_token, id=id_)
    await client.data("mutation { signOutEverywhere { totalEnded } }", bearer=newcomer.access_token)
    await revocations.by_keys(uuid4(), uuid4())

    seen = await examined(watched)

    assert {entry["comment"] for entry in seen} >= {
        "customers.note_sign_in",
        "customers.raise_access_version",
        "one_time_codes.take_attempt",
        "one_time_codes.use",
        "rate_limits.count",
        "revocations.before",
        "revocations.by_keys",
        "revocations.session",
        "sessions.by_id",
        "sessions.end",
        "sessions.page",
        "sessions.rotate",
    }
    assert wasteful(seen) == []
    assert [entry for entry in seen if "COLLSCAN" in entry["plan"]] == []


async def test_staff_find_whom_they_ask_for_without_looking_at_others(
    client: GraphClient, people: People, watched: Any
) -> None:
    doctor, admin = people.doctor.access_token, people.admin.access_token
    page = (await client.data(TREATED, bearer=doctor, first=10))["viewer"]["treatedCustomers"]
    assert len(page["nodes"]) == 10
    await client.data(TREATED, bearer=doctor, first=10, after=page["pageInfo"]["endCursor"])
    listed = (await client.data(STAFF, bearer=admin))["staff"]
    assert len(listed["nodes"]) == 10
    await client.data(STAFF, bearer=admin, after=listed["pageInfo"]["endCursor"])
    await client.data("query ($phone: String!) { customer(phone: $phone) { name } }", bearer=admin, phone=PHONE)
    pair = {"customerId": people.asha.customer_id, "staffId": people.doctor.customer_id}
    for mutation, input_type in (("assignStaff", "AssignStaffInput"), ("unassignStaff", "UnassignStaffInput")):
        query = f"mutation ($input: {input_type}!) {{ {mutation}(input: $input) {{ userErrors {{ code }} }} }}"
        assert await client.data(query, bearer=admin, input=pair) == {mutation: {"userErrors": []}}
    await client.data(
        "mutation ($input: SetRolesInput!) { setRoles(input: $input) { userErrors { code } } }",
        bearer=admin,
        input={"customerId": people.doctor.customer_id, "roles": ["COACH"]},
    )

    seen = await examined(watched)

    first_pages = [entry for entry in seen if entry["comment"].endswith(".first_pages")]
    others = [entry for entry in seen if entry not in first_pages]
    assert {entry["comment"] for entry in first_pages} == {
        "hair_tests.first_pages",
        "orders.first_pages",
        "reports.first_pages",
    }
    # each customer once, and of each list no more than the six that tell whether there is another page
    assert [entry for entry in first_pages if entry["documents"] > 10 * (1 + 6)] == []
    assert {entry["comment"] for entry in others} >= {
        "assignments.page",
        "assignments.remove",
        "assignments.treated",
        "customers.by_ids",
        "customers.by_phone",
        "customers.set_roles",
        "customers.staff_page",
    }
    assert wasteful(others) == []
    assert [entry for entry in seen if "COLLSCAN" in entry["plan"]] == []


async def test_staff_of_one_role_are_looked_for_among_staff_only(
    client: GraphClient, people: People, watched: Any
) -> None:
    """A role has no index of its own: staff are few, and customers many."""
    found = await client.data(STAFF, bearer=people.admin.access_token, role="DOCTOR")
    assert len(found["staff"]["nodes"]) == 1

    [entry] = [entry for entry in await examined(watched) if entry["comment"] == "customers.staff_page"]

    assert entry["documents"] <= OWN + 2
    assert "COLLSCAN" not in entry["plan"]


# --- jobs -------------------------------------------------------------------------------------------------------------

NAMES = ("tests.one", "tests.two")
JOBS = """query ($state: JobState, $after: String) {
  jobs(first: 10, state: $state, after: $after) { nodes { id } pageInfo { endCursor } }
}"""


@pytest.fixture
async def busy(people: People, database: Any) -> AsyncIterator[Any]:
    """Thousands of jobs, most of them done, with MongoDB's profiler on."""
    at = now()
    counts = {
        (JobState.DONE, -3600): 3000,
        (JobState.DEAD, -1800): 300,
        # not yet due, due, leased, and left by a worker that died
        (JobState.WAITING, 3600): 500,
        (JobState.WAITING, -60): 400,
        (JobState.RUNNING, 30): 50,
        (JobState.RUNNING, -30): 50,
    }
    job = JobDocument(id=uuid4(), created_at=at, name=NAMES[0], payload={}, due_at=at)
    plain = job.model_dump(by_alias=True, exclude={"revision_id"})
    await database.jobs.insert_many(
        plain
        | {
            "_id": uuid4(),
            "created_at": at - timedelta(seconds=number, milliseconds=group),
            "name": NAMES[number % 2],
            "state": state,
            "due_at": at + timedelta(seconds=later_s, milliseconds=number),
        }
        for group, ((state, later_s), count) in enumerate(counts.items())
        for number in range(count)
    )
    await forget(database)
    await database.command("profile", 2)
    yield database
    await forget(database)


async def test_a_job_is_taken_and_ended_without_looking_at_others(client: GraphClient, busy: Any) -> None:
    endings: list[Callable[[JobRecord], Awaitable[bool]]] = [
        jobs.finish,
        partial(jobs.postpone, wait_s=1, error="x"),
        partial(jobs.bury, error="x"),
        jobs.release,
    ]
    for end in endings:
        job = await jobs.take(NAMES, lease_s=30, worker="one")
        assert job is not None
        assert await jobs.renew(job, lease_s=30)
        assert await end(job)

    seen = await examined(busy)

    assert Counter(entry["comment"] for entry in seen) == {
        "jobs.take": 4,
        "jobs.renew": 4,
        "jobs.finish": 1,
        "jobs.postpone": 1,
        "jobs.bury": 1,
        "jobs.release": 1,
    }
    # of each kind and each state that can be taken, the one that was due first is compared
    compared = 2 * len(NAMES)
    assert [entry for entry in seen if entry["documents"] > (compared if entry["comment"] == "jobs.take" else 1)] == []
    assert [entry for entry in seen if entry["keys"] > (2 * compared if entry["comment"] == "jobs.take" else 1)] == []
    assert [entry for entry in seen if "COLLSCAN" in entry["plan"] or entry["sorted"]] == []


async def test_what_is_due_is_looked_for_up_to_a_hundred(client: GraphClient, busy: Any) -> None:
    assert await jobs.take_unheld(NAMES, lease_s=30, worker="one") is not None

    seen = await examined(busy)

    assert sorted(entry["comment"] for entry in seen) == ["jobs.due", "jobs.take"]
    [due] = [entry for entry in seen if entry["comment"] == "jobs.due"]
    assert due["returned"] == 100
    assert wasteful(seen) == []
    assert [entry for entry in seen if "COLLSCAN" in entry["plan"]] == []


@pytest.mark.parametrize("state", [None, *JobState])
async def test_a_page_of_jobs_is_read_from_an_index_in_its_order(
    client: GraphClient, people: People, busy: Any, state: JobState | None
) -> None:
    bearer = people.admin.access_token
    first = (await client.data(JOBS, bearer=bearer, state=state))["jobs"]
    assert len(first["nodes"]) == 10
    await client.data(JOBS, bearer=bearer, state=state, after=first["pageInfo"]["endCursor"])

    pages = [entry for entry in await examined(busy) if entry["comment"] == "jobs.page"]

    assert len(pages) == 2
    assert wasteful(pages) == []
    assert [entry for entry in pages if "COLLSCAN" in entry["plan"]] == []


async def test_no_job_is_looked_at_when_none_is_due(client: GraphClient, busy: Any) -> None:
    await busy.jobs.update_many({}, {"$set": {"due_at": now() + timedelta(hours=1)}})

    assert await jobs.take(NAMES, lease_s=30, worker="one") is None

    [entry] = await examined(busy)
    assert entry["documents"] == 0
    assert "COLLSCAN" not in entry["plan"]


async def test_dead_jobs_are_found_among_all_others(client: GraphClient, busy: Any) -> None:
    [one, two] = [job.id for job in await jobs.page(state=JobState.DEAD, after=None, limit=2)]
    assert await jobs.revive([one]) == 1
    assert await jobs.drop([two]) == 1
    assert await jobs.drop(None) == 298

    seen = [entry for entry in await examined(busy) if entry["comment"] != "jobs.page"]

    assert sorted(entry["comment"] for entry in seen) == ["jobs.drop", "jobs.drop", "jobs.revive"]
    assert wasteful(seen) == []
    assert [entry for entry in seen if "COLLSCAN" in entry["plan"]] == []


# --- coupons ------------------------------------------------------------------------------------------------------

COUPONS = """query ($isEnabled: Boolean, $after: String) {
  coupons(first: 10, isEnabled: $isEnabled, after: $after) { nodes { id } pageInfo { endCursor } }
}"""


@pytest.fixture
async def couponed(people: People, watched: Any) -> Any:
    """The database of `people` with 300 coupons, of which a tenth is disabled."""
    for number in range(OTHERS):
        terms = CouponTerms(
            kind=CouponKind.PERCENT,
            percent=10,
            starts_at=now() - timedelta(days=1),
            max_uses_per_customer=5,
            is_first_order_only=number == 7,
        )
        coupon = CouponDocument(
            id=uuid4(),
            created_at=now() - timedelta(seconds=number),
            code=f"COUPON-{number}",
            terms=terms,
            is_enabled=number % 10 != 0,
            created_by=uuid4(),
        )
        await watched.coupons.insert_one(coupon.model_dump(by_alias=True, exclude={"revision_id"}))
    return watched


@pytest.mark.parametrize("is_enabled", [None, True, False])
async def test_a_page_of_coupons_is_read_from_an_index_in_its_order(
    started: tuple[Starlette, GraphClient], people: People, couponed: Any, *, is_enabled: bool | None
) -> None:
    app, client = started
    await app.state.services.staff.invite("9876500004", [Role.CATALOG_MANAGER], by=None)
    bearer = (await client.sign_in("9876500004")).access_token
    first = (await client.data(COUPONS, bearer=bearer, isEnabled=is_enabled))["coupons"]
    assert len(first["nodes"]) == 10
    await client.data(COUPONS, bearer=bearer, isEnabled=is_enabled, after=first["pageInfo"]["endCursor"])

    pages = [entry for entry in await examined(couponed) if entry["comment"] == "coupons.page"]

    assert len(pages) == 2
    assert wasteful(pages) == []
    assert [entry for entry in pages if "COLLSCAN" in entry["plan"]] == []


async def test_a_page_of_the_changes_of_a_coupon_is_read_from_an_index_in_its_order(
    started: tuple[Starlette, GraphClient], people: People, couponed: Any
) -> None:
    app, client = started
    await app.state.services.staff.invite("9876500004", [Role.CATALOG_MANAGER], by=None)
    bearer = (await client.sign_in("9876500004")).access_token
    found = await client.data("{ coupons(first: 2) { nodes { id } } }", bearer=bearer)
    for coupon in found["coupons"]["nodes"]:
        for _ in range(15):
            for mutation in ("disableCoupon", "enableCoupon"):
                switch = f"mutation ($id: ID!) {{ {mutation}(id: $id) {{ coupon {{ version }} }} }}"
                await client.data(switch, bearer=bearer, id=coupon["id"])
    query = """query ($id: ID!, $after: String) {
      couponChanges(couponId: $id, first: 10, after: $after) { nodes { version } pageInfo { endCursor } }
    }"""
    first = (await client.data(query, bearer=bearer, id=coupon["id"]))["couponChanges"]
    assert len(first["nodes"]) == 10
    await client.data(query, bearer=bearer, id=coupon["id"], after=first["pageInfo"]["endCursor"])

    pages = [entry for entry in await examined(couponed) if entry["comment"] == "coupon_changes.page"]

    assert len(pages) == 2
    assert [entry for entry in pages if entry["documents"] > entry["returned"] + 1 or entry["sorted"]] == []
    assert [entry for entry in pages if "COLLSCAN" in entry["plan"]] == []


async def test_whether_a_customer_may_use_a_coupon_is_found_among_their_own_orders(
    client: GraphClient, people: People, couponed: Any
) -> None:
    bearer = people.asha.access_token
    made = await client.data(example("submit_hair_test"), bearer=bearer, input=hair_test())
    typed = order(made["submitHairTest"]["report"]["publicId"])
    for code, refused in (("COUPON-1", []), ("COUPON-7", ["INVALID_COUPON"])):
        bought = {**typed, "couponCode": code, "idempotencyKey": str(uuid4())}
        placed = await client.data(example("place_order"), bearer=bearer, input=bought)
        assert [error["code"] for error in placed["placeOrder"]["userErrors"]] == refused

    asked = {"coupons.by_code", "coupons.redeem", "orders.coupon_uses", "orders.has_ordered"}
    seen = [entry for entry in await examined(couponed) if entry["comment"] in asked]

    assert {entry["comment"] for entry in seen} == asked
    # a count looks at all orders of the customer, and at nobody else's
    assert max(entry["documents"] for entry in seen if entry["comment"] == "orders.coupon_uses") <= OWN + 2
    assert wasteful([entry for entry in seen if entry["comment"] != "orders.coupon_uses"]) == []
    assert [entry for entry in seen if "COLLSCAN" in entry["plan"]] == []
