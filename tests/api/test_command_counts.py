"""MongoDB commands of the example operations: few, and not more for longer lists."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient
from starlette.applications import Starlette

from tests.support import EXAMPLES, GraphClient, SignedIn, example, hair_test, order, priced, product_document
from traya_gql.app import now
from traya_gql.documents import catalogue_state
from traya_gql.documents.transactions import Transactions, current_session
from traya_gql.domain.roles import Role


async def counted(client: GraphClient, name: str, **variables: Any) -> Counter[str]:
    with client.commands.counting() as commands:
        await client.data(example(name), **variables)
    return commands


async def add_products(database: Any, how_many: int) -> None:
    plain = product_document("product").model_dump(by_alias=True, exclude={"revision_id"})
    await database.products.insert_many(
        {
            **plain,
            "_id": uuid4(),
            "slug": f"product-{number}",
            "name": f"Product {number:04}",
            "price_paise": 10_000 + number,
            "is_active": True,
        }
        for number in range(how_many)
    )


async def test_a_transaction_that_is_run_again_counts_once(
    started: tuple[Starlette, GraphClient], client: GraphClient, database: Any, mongodb_uri: str
) -> None:
    """Of the counts below: MongoDB may end a transaction for a reason that passes, and the driver runs it again."""
    products = database.products
    runs: list[int] = []

    async def work() -> None:
        runs.append(len(runs))
        await products.find_one({"slug": "anti-dandruff-hair-oil"}, session=current_session())
        if len(runs) == 1:
            await asyncio.to_thread(change_elsewhere)
        change = {"$inc": {"version": 1}}
        await products.update_one({"slug": "gentle-cleansing-shampoo"}, change, session=current_session())

    def change_elsewhere() -> None:
        with MongoClient[dict[str, Any]](mongodb_uri) as other:
            slug = {"slug": "gentle-cleansing-shampoo"}
            other[database.name].products.update_one(slug, {"$set": {"is_in_stock": True, "version": 7}})

    with client.commands.counting() as commands:
        await Transactions(started[0].state.storage.client, deadline_s=10).run(work)

    assert runs == [0, 1]
    assert commands == {"find": 1, "update": 1, "commitTransaction": 1}


async def test_a_report_with_its_products_takes_two_commands(client: GraphClient, report: dict[str, Any]) -> None:
    assert await counted(client, "report", publicId=report["publicId"]) == {"find": 2}


@pytest.mark.parametrize(
    ("of_today", "finds"),
    [
        # the report; the products of the kit with those that were left out
        ("", 2),
        # and the answers, for what can be ordered today
        ("offers { price { amount } lines { product { name } } } price { amount }", 3),
        ("items { canBeOrdered }", 3),
    ],
)
async def test_a_report_with_its_private_parts_takes_two_commands_too_and_one_for_what_can_be_ordered(
    client: GraphClient, report: dict[str, Any], of_today: str, finds: int
) -> None:
    private = f"""query ($publicId: String!, $accessToken: String!) {{
      report(publicId: $publicId, accessToken: $accessToken) {{
        hypothesis {{ code }} confidence inputsHash causes {{ level score answersThatRaisedIt }}
        safetyFindings {{ code clearance {{ reason }} }}
        kit {{ isWhole items {{ reason usage cautions product {{ name }} }} excluded {{ finding product {{ name }} }}
              {of_today} }}
      }}
    }}"""

    with client.commands.counting() as commands:
        seen = await client.data(private, publicId=report["publicId"], accessToken=report["accessToken"])

    assert seen["report"]["kit"]["isWhole"] is True
    assert len(seen["report"]["kit"]["excluded"]) == 3
    assert commands == {"find": finds}


async def test_the_questionnaire_takes_no_command(client: GraphClient) -> None:
    assert await counted(client, "questionnaire", language="HI") == {}


async def test_a_draft_takes_a_limit_and_one_command_to_save_and_one_to_read(client: GraphClient) -> None:
    typed: dict[str, Any] = json.loads((EXAMPLES / "save_hair_test_draft.json").read_text(encoding="utf-8"))

    with client.commands.counting() as beginning:
        begun = await client.data(example("save_hair_test_draft"), **typed)
    token = begun["saveHairTestDraft"]["draftToken"]
    saving = await counted(client, "save_hair_test_draft", input=typed["input"] | {"draftToken": token, "version": 1})
    reading = await counted(client, "hair_test_draft", token=token)

    assert beginning == {"findAndModify": 1, "insert": 1}
    assert saving == {"findAndModify": 2}
    assert reading == {"find": 1}


@pytest.mark.parametrize("how_many", [0, 200])
async def test_a_page_of_products_takes_one_command_whatever_its_length(
    client: GraphClient, database: Any, how_many: int
) -> None:
    await add_products(database, how_many) if how_many else None

    assert await counted(client, "products") == {"find": 1}


@pytest.mark.parametrize("how_many", [0, 200])
async def test_a_search_with_facets_takes_three_commands_once_its_kind_was_counted(
    client: GraphClient, database: Any, how_many: int
) -> None:
    await add_products(database, how_many) if how_many else None
    await counted(client, "search_products")

    # the page, and the counts; with a catalogue that never changed unseen, its revision instead of them
    assert sum((await counted(client, "search_products")).values()) == 3
    await catalogue_state.bump(revision=uuid4())
    await counted(client, "search_products")
    assert sum((await counted(client, "search_products")).values()) == 2


async def test_a_hair_test_takes_seven_commands_and_the_commit(client: GraphClient) -> None:
    kit_is_unseen = "mutation ($input: SubmitHairTestInput!) { submitHairTest(input: $input) { isReplay } }"

    commands = await counted(client, "submit_hair_test", input=hair_test())
    of_those = await asked(client, kit_is_unseen, None, input=hair_test())

    # limits of the phone and of the address; key, products, hair test, report
    assert of_those == {"findAndModify": 2, "insert": 3, "find": 1, "commitTransaction": 1}
    # then the products of the kit, shown live, and the answers, as the example asks for the price of today
    assert commands == of_those + Counter(find=2)


async def test_a_hair_test_from_a_draft_takes_two_commands_more(client: GraphClient) -> None:
    typed = hair_test()
    begun = await client.data(
        example("save_hair_test_draft"), input={"answers": typed["answers"], "age": 28, "gender": "MALE"}
    )
    from_draft = {**typed, "answers": None, "draftToken": begun["saveHairTestDraft"]["draftToken"]}

    commands = await counted(client, "submit_hair_test", input=from_draft)

    # reading the draft, and deleting it
    assert commands == {"findAndModify": 2, "insert": 3, "find": 4, "delete": 1, "commitTransaction": 1}


@pytest.mark.parametrize("how_many", [1, 20])
async def test_an_order_takes_seven_commands_and_the_commit_whatever_its_length(
    client: GraphClient, database: Any, report: dict[str, Any], how_many: int
) -> None:
    await add_products(database, 20)
    page = await client.data('{ products(first: 20, search: "Product") { nodes { id } } }')
    lines = [{"productId": node["id"]} for node in page["products"]["nodes"][:how_many]]

    typed = order(report["publicId"], lines=lines)
    typed |= await client.told(typed)
    commands = await counted(client, "place_order", input=typed)

    # limits of the phone and of the address; key, report, hair test, products, order
    assert commands == {"findAndModify": 2, "insert": 2, "find": 3, "commitTransaction": 1}


@pytest.mark.parametrize("how_many", [1, 20])
async def test_a_price_takes_four_commands_whatever_its_length(
    client: GraphClient, database: Any, report: dict[str, Any], how_many: int
) -> None:
    await add_products(database, 20)
    page = await client.data('{ products(first: 20, search: "Product") { nodes { id } } }')
    lines = [{"productId": node["id"]} for node in page["products"]["nodes"][:how_many]]

    commands = await counted(client, "price_preview", input=priced(order(report["publicId"], lines=lines)))

    # the limit of the address; report, hair test, products
    assert commands == {"findAndModify": 1, "find": 3}


async def test_whether_a_pin_code_is_served_takes_no_command(client: GraphClient) -> None:
    assert await counted(client, "serviceability", pinCode="560001") == {}


@pytest.mark.parametrize("how_many", [1, 20])
async def test_reading_an_order_takes_three_commands_whatever_its_length(
    client: GraphClient, database: Any, report: dict[str, Any], how_many: int
) -> None:
    await add_products(database, 20)
    page = await client.data('{ products(first: 20, search: "Product") { nodes { id } } }')
    lines = [{"productId": node["id"]} for node in page["products"]["nodes"][:how_many]]
    placed = await client.data(example("place_order"), input=order(report["publicId"], lines=lines))

    commands = await counted(client, "order", accessToken=placed["placeOrder"]["accessToken"])

    assert commands == {"find": 3}


@pytest.mark.parametrize("how_many", [2, 100])
async def test_nodes_of_one_type_take_one_command(client: GraphClient, database: Any, how_many: int) -> None:
    await add_products(database, 100)
    page = await client.data('{ products(first: 100, search: "Product") { nodes { id } } }')
    ids = [node["id"] for node in page["products"]["nodes"]][:how_many]

    with client.commands.counting() as commands:
        await client.data("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)

    assert commands == {"find": 1}


async def test_nodes_of_many_reports_take_one_command(client: GraphClient) -> None:
    ids = []
    for _ in range(10):
        submitted = await client.data(example("submit_hair_test"), input=hair_test())
        ids.append(submitted["submitHairTest"]["report"]["id"])

    with client.commands.counting() as commands:
        found = await client.data("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)

    assert [node["id"] for node in found["nodes"]] == ids
    assert commands == {"find": 1}


# --- who is signed in ---------------------------------------------------------------------------------------------

ORDERS = """query ($first: Int!) {
  viewer { orders(first: $first) { nodes { number lines { product { slug } } report { publicId } } } }
}"""


@pytest.fixture
async def support(started: tuple[Starlette, GraphClient], client: GraphClient) -> SignedIn:
    """Somebody who is signed in, may assign staff, and may read everybody's orders."""
    await started[0].state.services.staff.invite("9876500001", [Role.SUPPORT], by=None)
    return await client.sign_in("9876500001")


async def own(client: GraphClient, who: SignedIn, *, how_many: int) -> None:
    """Submit hair tests and order from each of them."""
    for _ in range(how_many):
        tested = await client.data(example("submit_hair_test"), bearer=who.access_token, input=hair_test())
        typed = order(tested["submitHairTest"]["report"]["publicId"])
        placed = await client.data(example("place_order"), bearer=who.access_token, input=typed)
        assert placed["placeOrder"]["userErrors"] == []


async def asked(client: GraphClient, query: str, who: SignedIn | None, **variables: Any) -> Counter[str]:
    with client.commands.counting() as commands:
        await client.data(query, bearer=None if who is None else who.access_token, **variables)
    return commands


async def test_knowing_who_asks_takes_no_command(client: GraphClient, report: dict[str, Any]) -> None:
    viewer = await client.sign_in()

    with client.commands.counting() as commands:
        await client.data(example("report"), bearer=viewer.access_token, publicId=report["publicId"])

    assert commands == {"find": 2}
    assert await asked(client, "{ viewer { roles } }", viewer) == {}


async def test_writing_for_who_is_signed_in_takes_one_command_more_for_what_they_did_before(
    client: GraphClient,
) -> None:
    viewer = await client.sign_in()
    submit, place = example("submit_hair_test"), example("place_order")

    as_guest = await asked(client, submit, None, input=hair_test())
    as_viewer = await asked(client, submit, viewer, input=hair_test())
    reports = await client.data("{ viewer { reports { nodes { publicId } } } }", bearer=viewer.access_token)
    [mine] = reports["viewer"]["reports"]["nodes"]

    # what was bought lately
    assert as_viewer == as_guest + Counter(find=1)
    # of a report with an owner: their newest hair tests
    for buyer in (viewer, None):
        bearer = None if buyer is None else buyer.access_token
        told = await client.told(order(mine["publicId"]), bearer=bearer)
        assert await asked(client, place, buyer, input=order(mine["publicId"], **told)) == {
            "findAndModify": 2,
            "insert": 2,
            "find": 4,
            "commitTransaction": 1,
        }


@pytest.mark.parametrize("first", [1, 20])
async def test_a_page_of_orders_with_products_and_reports_takes_three_commands_whatever_its_length(
    client: GraphClient, first: int
) -> None:
    viewer = await client.sign_in()
    await own(client, viewer, how_many=20)

    assert await asked(client, ORDERS, viewer, first=first) == {"find": 3}


@pytest.mark.parametrize("how_many", [1, 20])
async def test_the_viewer_takes_six_commands_however_much_is_theirs(client: GraphClient, how_many: int) -> None:
    viewer = await client.sign_in()
    await own(client, viewer, how_many=how_many)

    # customer; pages of reports and orders; products; hair tests and orders that guests left
    assert await asked(client, example("viewer"), viewer) == {"find": 6}


@pytest.mark.parametrize("how_many", [2, 10])
async def test_the_pages_of_many_customers_take_one_command_a_list(
    started: tuple[Starlette, GraphClient], client: GraphClient, support: SignedIn, how_many: int
) -> None:
    for number in range(10):
        await started[0].state.services.staff.invite(f"98765001{number:02}", [Role.COACH], by=None)

    commands = await asked(
        client,
        "query ($first: Int!) { staff(first: $first) { nodes { phone orders(first: 5) { nodes { id } } } } }",
        support,
        first=how_many,
    )

    assert commands == {"find": 1, "aggregate": 1}


@pytest.mark.parametrize("first", [2, 10])
async def test_what_a_doctor_reads_of_many_customers_takes_one_command_for_the_right_and_one_a_list(
    started: tuple[Starlette, GraphClient], client: GraphClient, support: SignedIn, first: int
) -> None:
    await started[0].state.services.staff.invite("9876500002", [Role.DOCTOR], by=None)
    doctor = await client.sign_in("9876500002")
    for number in range(10):
        patient = await client.sign_in(f"98765002{number:02}")
        await own(client, patient, how_many=1)
        pair = {"customerId": patient.customer_id, "staffId": doctor.customer_id}
        assigned = await client.data(
            "mutation ($input: AssignStaffInput!) { assignStaff(input: $input) { userErrors { code } } }",
            bearer=support.access_token,
            input=pair,
        )
        assert assigned["assignStaff"]["userErrors"] == []

    commands = await asked(
        client,
        """query ($first: Int!) {
             viewer { treatedCustomers(first: $first) { nodes {
               phone hairTests(first: 2) { nodes { answers { key } } } orders(first: 3) { nodes { number } }
             } } }
           }""",
        doctor,
        first=first,
    )

    # the assignments, the customers, whom the doctor treats; all first pages of hair tests, and all of orders
    assert commands == {"find": 3, "aggregate": 2}


async def test_a_doctor_lifts_a_finding_with_eight_commands_and_the_commit(
    started: tuple[Starlette, GraphClient], client: GraphClient, support: SignedIn
) -> None:
    await started[0].state.services.staff.invite("9876500002", [Role.DOCTOR], by=None)
    doctor, patient = await client.sign_in("9876500002"), await client.sign_in("9876500003")
    tested = await client.data(
        example("submit_hair_test"), bearer=patient.access_token, input=hair_test(dandruff="PSORIASIS")
    )
    await client.data(
        "mutation ($input: AssignStaffInput!) { assignStaff(input: $input) { userErrors { code } } }",
        bearer=support.access_token,
        input={"customerId": patient.customer_id, "staffId": doctor.customer_id},
    )
    typed = {
        "reportId": tested["submitHairTest"]["report"]["id"],
        "finding": "G05_INFLAMED_SCALP",
        "reason": "Seen today: the scalp is calm.",
        "expiresAt": (now() + timedelta(days=30)).isoformat(),
    }

    with client.commands.counting() as commands:
        cleared = await client.data(example("clear_safety_finding"), bearer=doctor.access_token, input=typed)

    assert cleared["clearSafetyFinding"]["userErrors"] == []
    # the limit of the doctor; report, whom the doctor treats, hair test, products, clearance
    # then whether the doctor may read it, and the kit's products, shown live
    assert commands == {"findAndModify": 1, "find": 6, "update": 1, "commitTransaction": 1}


async def test_signing_in_and_staying_so_takes_few_commands(client: GraphClient) -> None:
    with client.commands.counting() as requesting:
        requested = await client.data(example("request_otp"), input={"phone": "9876543210"})
    code = (await client.sms.next_message()).text[:6]
    typed = {"challenge": requested["requestOtp"]["challenge"], "code": code}
    with client.commands.counting() as verifying:
        given = await client.data(example("verify_otp"), input=typed)
    refreshing = await asked(
        client,
        "mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { userErrors { code } } }",
        None,
        input={"refreshToken": given["verifyOtp"]["refreshToken"]},
    )

    # three limits and the code
    assert requesting == {"findAndModify": 3, "insert": 1}
    # two limits and the guess; code, customer, sessions beyond the most, new customer and session
    assert verifying == {"findAndModify": 4, "delete": 1, "find": 1, "insert": 2, "commitTransaction": 1}
    # the limit and the rotation; the customer
    assert refreshing == {"findAndModify": 2, "find": 1, "commitTransaction": 1}


async def test_keeping_the_catalogue_takes_few_commands(
    started: tuple[Starlette, GraphClient], client: GraphClient
) -> None:
    await started[0].state.services.staff.invite("9876500002", [Role.CATALOG_MANAGER], by=None)
    keeper = await client.sign_in("9876500002")
    typed: dict[str, Any] = json.loads((EXAMPLES / "create_product.json").read_text(encoding="utf-8"))

    with client.commands.counting() as creating:
        answered = await client.data(example("create_product"), bearer=keeper.access_token, **typed)
    made = answered["createProduct"]["product"]
    changes: list[tuple[str, dict[str, Any]]] = [
        (example("update_product"), {"price": "9"}),
        (example("publish_product"), {}),
        (example("archive_product"), {}),
    ]
    updating, publishing, archiving = [
        await asked(client, query, keeper, id=made["id"], input={"expectedVersion": version, **changed})
        for version, (query, changed) in enumerate(changes, start=1)
    ]

    # whether name or slug is taken; product, price, revision
    assert creating == {"find": 1, "insert": 2, "update": 1, "commitTransaction": 1}
    # the product as it is; the change, the price, revision
    assert updating == {"find": 1, "findAndModify": 1, "insert": 1, "update": 1, "commitTransaction": 1}
    # and its words
    assert publishing == {"find": 1, "update": 2, "findAndModify": 1, "commitTransaction": 1}
    assert archiving == {"find": 1, "update": 2, "findAndModify": 1, "commitTransaction": 1}


@pytest.mark.parametrize("how_many", [1, 5])
async def test_what_is_kept_of_the_catalogue_is_read_with_two_commands_a_page_whatever_its_length(
    started: tuple[Starlette, GraphClient], client: GraphClient, database: Any, how_many: int
) -> None:
    await started[0].state.services.staff.invite("9876500002", [Role.CATALOG_MANAGER], by=None)
    keeper = await client.sign_in("9876500002")
    typed: dict[str, Any] = json.loads((EXAMPLES / "create_product.json").read_text(encoding="utf-8"))
    made = (await client.data(example("create_product"), bearer=keeper.access_token, **typed))["createProduct"]
    id_ = made["product"]["id"]
    coupon = {"terms": {"value": {"percent": 10}, "startsAt": (now() - timedelta(days=1)).isoformat()}}
    for number in range(how_many):
        dearer = {"expectedVersion": number + 1, "price": str(number + 9)}
        await client.data(example("update_product"), bearer=keeper.access_token, id=id_, input=dearer)
        new = {"code": f"CODE-{number}", **coupon}
        await client.data(example("create_coupon"), bearer=keeper.access_token, input=new)

    # the page, and the names of who changed what
    assert await asked(client, example("catalogue"), keeper) == {"find": 2}
    assert await asked(client, example("coupons"), keeper) == {"find": 2}
    assert await asked(client, example("product_prices"), keeper, productId=id_) == {"find": 2}


async def test_a_draft_is_deleted_with_few_commands(
    started: tuple[Starlette, GraphClient], client: GraphClient
) -> None:
    await started[0].state.services.staff.invite("9876500002", [Role.CATALOG_MANAGER], by=None)
    keeper = await client.sign_in("9876500002")
    typed: dict[str, Any] = json.loads((EXAMPLES / "create_product.json").read_text(encoding="utf-8"))
    made = await client.data(example("create_product"), bearer=keeper.access_token, **typed)
    delete = "mutation ($id: ID!, $input: DeleteProductInput!) { deleteProduct(id: $id, input: $input) { deletedId } }"

    id_ = made["createProduct"]["product"]["id"]
    deleting = await asked(client, delete, keeper, id=id_, input={"expectedVersion": 1})

    # the product as it is; the product and its prices go, revision
    assert deleting == {"find": 1, "delete": 2, "update": 1, "commitTransaction": 1}


async def test_a_coupon_is_changed_with_three_commands_and_the_commit(
    started: tuple[Starlette, GraphClient], client: GraphClient
) -> None:
    await started[0].state.services.staff.invite("9876500002", [Role.CATALOG_MANAGER], by=None)
    manager = await client.sign_in("9876500002")
    typed: dict[str, Any] = json.loads((EXAMPLES / "create_coupon.json").read_text(encoding="utf-8"))
    changed: dict[str, Any] = json.loads((EXAMPLES / "update_coupon.json").read_text(encoding="utf-8"))
    made = await client.data(example("create_coupon"), bearer=manager.access_token, **typed)
    changed["id"] = made["createCoupon"]["coupon"]["id"]

    commands = await asked(client, example("update_coupon"), manager, **changed)

    # the coupon as it is; the change, and what it was before
    assert commands == {"find": 1, "findAndModify": 1, "insert": 1, "commitTransaction": 1}


async def test_a_coupon_takes_one_command_to_make_and_five_of_an_order_for_all_its_rules(
    started: tuple[Starlette, GraphClient], client: GraphClient
) -> None:
    await started[0].state.services.staff.invite("9876500002", [Role.CATALOG_MANAGER], by=None)
    manager, buyer = [(await client.sign_in(phone)).access_token for phone in ("9876500002", "9876500003")]
    terms = {
        "value": {"percent": 10},
        "startsAt": (now() - timedelta(days=1)).isoformat(),
        "maxUsesPerCustomer": 1,
        "isFirstOrderOnly": True,
    }
    with client.commands.counting() as making:
        new = await client.data(example("create_coupon"), bearer=manager, input={"code": "FIRST", "terms": terms})
    made = await client.data(example("submit_hair_test"), bearer=buyer, input=hair_test())
    without = order(made["submitHairTest"]["report"]["publicId"])
    using = order(without["reportPublicId"], couponCode="FIRST")
    using |= await client.told(using, bearer=buyer)
    without |= await client.told(without, bearer=buyer)

    with client.commands.counting() as with_one:
        used = await client.data(example("place_order"), bearer=buyer, input=using)
    with client.commands.counting() as with_none:
        await client.data(example("place_order"), bearer=buyer, input=without)
    with client.commands.counting() as disabling:
        await client.data(example("disable_coupon"), bearer=manager, id=new["createCoupon"]["coupon"]["id"])

    assert used["placeOrder"]["userErrors"] == []
    # the coupon as it is; the change, and what it was before
    assert disabling == {"find": 1, "findAndModify": 1, "insert": 1, "commitTransaction": 1}
    assert making == {"insert": 1}
    # the coupon and whether there is an order; how many used it; the customer; the use
    assert with_one - with_none == {"find": 2, "aggregate": 1, "findAndModify": 1, "update": 1}


def test_every_example_is_counted_here() -> None:
    here = Path(__file__)
    source = "".join(one.read_text(encoding="utf-8") for one in (here, here.with_name("test_photo_commands.py")))
    asked_for = set(re.findall(r'(?:example\(|counted\(client, )"(\w+)"', source))

    assert {path.stem for path in EXAMPLES.glob("*.graphql")} <= asked_for
