"""Bad input never reaches MongoDB, is never a fault, and is answered where it stands."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import uuid4

import pytest
from starlette.applications import Starlette

from tests.api.bad_input import MALFORMED_IDS, NOTHING, codes, forged, nothing_written, packed, refused
from tests.support import NOTICE, GraphClient, address, hair_test, order

SUBMIT = """mutation ($input: SubmitHairTestInput!) {
  submitHairTest(input: $input) { accessToken report { id } isReplay userErrors { __typename code path message } }
}"""
PLACE = """mutation ($input: PlaceOrderInput!) {
  placeOrder(input: $input) { accessToken order { id } isReplay userErrors { __typename code path message } }
}"""
SAVE = """mutation ($input: SaveHairTestDraftInput!) {
  saveHairTestDraft(input: $input) { draftToken draft { version } userErrors { __typename code path message } }
}"""
CUSTOMER = ["input", "customer"]
# as one writes them into the text of a query
ANSWERS = json.dumps(hair_test()["answers"]).replace('"key":', "key:").replace('"values":', "values:")


@pytest.fixture
def asker(started: tuple[Starlette, GraphClient]) -> GraphClient:
    """A client for questions that no command may follow: what lies in the database does not matter."""
    return started[1]


# --- the person of a hair test ------------------------------------------------------------------------------------

WRONG_CUSTOMERS = [
    ("phone", "", "INVALID_PHONE"),
    ("phone", "12345", "INVALID_PHONE"),
    ("phone", "5876543210", "INVALID_PHONE"),
    ("phone", "98765432101", "INVALID_PHONE"),
    ("phone", "+1 9876543210", "INVALID_PHONE"),
    ("phone", "98765٤٣210", "INVALID_PHONE"),
    ("phone", "\uff19876543210", "INVALID_PHONE"),
    ("phone", "9876543210\n", "INVALID_PHONE"),
    ("phone", "9876543210\u0000", "INVALID_PHONE"),
    ("phone", "\u202e9876543210", "INVALID_PHONE"),
    ("phone", "9876543210" * 50_000, "INVALID_PHONE"),
    ("phone", '{"$gt": ""}', "INVALID_PHONE"),
    ("phone", "$where", "INVALID_PHONE"),
    ("phone", "__proto__", "INVALID_PHONE"),
    ("age", -(2**31), "OUT_OF_RANGE"),
    ("age", -1, "OUT_OF_RANGE"),
    ("age", 0, "UNDER_AGE"),
    ("age", 17, "UNDER_AGE"),
    ("age", 101, "OUT_OF_RANGE"),
    ("age", 2**31 - 1, "OUT_OF_RANGE"),
    ("name", "", "TOO_SHORT"),
    ("name", " ", "TOO_SHORT"),
    ("name", "A", "TOO_SHORT"),
    ("name", " A ", "TOO_SHORT"),
    ("name", "A" * 101, "TOO_LONG"),
    ("name", "A" * 900_000, "TOO_LONG"),
    ("name", "💇" * 101, "TOO_LONG"),
    ("name", "Asha\u0000Rao", "INVALID_CHARACTERS"),
    ("name", "Asha\nRao", "INVALID_CHARACTERS"),
    ("name", "Asha\tRao", "INVALID_CHARACTERS"),
    ("name", "Asha\u001bRao", "INVALID_CHARACTERS"),
    ("name", "Asha\u202eoaR", "INVALID_CHARACTERS"),
    ("name", "Asha\u2066Rao", "INVALID_CHARACTERS"),
    ("name", "Asha\u2028Rao", "INVALID_CHARACTERS"),
    ("name", "Asha\ufeffRao", "INVALID_CHARACTERS"),
    ("name", "Asha\ue000Rao", "INVALID_CHARACTERS"),
    ("name", "Asha\uffffRao", "INVALID_CHARACTERS"),
    ("email", " ", "INVALID_EMAIL"),
    ("email", "asha", "INVALID_EMAIL"),
    ("email", "asha@", "INVALID_EMAIL"),
    ("email", "@example.com", "INVALID_EMAIL"),
    ("email", "asha@localhost", "INVALID_EMAIL"),
    ("email", "asha@example.com, rao@example.com", "INVALID_EMAIL"),
    ("email", "Asha <asha@example.com>", "INVALID_EMAIL"),
    ("email", "asha@example.com\n", "INVALID_EMAIL"),
    ("email", "asha@example.com\r\nBcc: rao@example.com", "INVALID_EMAIL"),
    ("email", "asha\u0000@example.com", "INVALID_EMAIL"),
    ("email", "\u202easha@example.com", "INVALID_EMAIL"),
    ("email", "asha@ex\u0430mple.com", "INVALID_EMAIL"),
    ("email", "a" * 900_000 + "@example.com", "INVALID_EMAIL"),
    ("email", "a@" + "a." * 400_000 + "com", "INVALID_EMAIL"),
    ("email", '{"$gt": ""}', "INVALID_EMAIL"),
    ("email", "$where", "INVALID_EMAIL"),
]


@pytest.mark.parametrize(
    ("field", "value", "code"), [pytest.param(*one, id=f"{one[0]}-{ascii(one[1])[:30]}") for one in WRONG_CUSTOMERS]
)
async def test_a_wrong_detail_of_the_person_is_refused_at_its_field_before_any_command(
    asker: GraphClient, field: str, value: object, code: str
) -> None:
    with asker.commands.counting() as commands:
        payload = await asker.data(SUBMIT, input=hair_test(**{field: value}))

    assert refused(payload) == [(code, [*CUSTOMER, field])]
    assert commands == NOTHING


async def test_all_wrong_details_of_the_person_are_refused_at_once(client: GraphClient, database: Any) -> None:
    async with nothing_written(database):
        payload = await client.data(SUBMIT, input=hair_test(name="\n\n", phone="1", age=17, email="asha"))

    assert refused(payload) == [
        ("INVALID_CHARACTERS", [*CUSTOMER, "name"]),
        ("INVALID_PHONE", [*CUSTOMER, "phone"]),
        ("UNDER_AGE", [*CUSTOMER, "age"]),
        ("INVALID_EMAIL", [*CUSTOMER, "email"]),
    ]


@pytest.mark.parametrize(
    "name",
    ["💇 Asha", "आशा राव", "עדי כהן", "ஆஷா", "Zoë", "O'Neil-Rao Jr.", "$where", "__proto__", "{$ne: null}", "<b>x</b>"],
)
async def test_a_name_in_any_script_is_stored_as_it_was_typed(client: GraphClient, database: Any, name: str) -> None:
    payload = await client.data(SUBMIT, input=hair_test(name=name))

    assert payload["submitHairTest"]["userErrors"] == []
    [test] = await database["hair_tests"].find().to_list()
    assert test["person"]["name"] == name


@pytest.mark.parametrize(
    "age", [1.5, "28", None, True, 2**31, -(2**31) - 1, 2**63, 1e300, [28], [], {"$gt": 0}, "18-100"]
)
async def test_an_age_that_is_no_whole_number_is_bad_user_input(asker: GraphClient, age: object) -> None:
    with asker.commands.counting() as commands:
        assert await codes(asker, SUBMIT, input=hair_test(age=age)) == ["BAD_USER_INPUT"]

    assert commands == NOTHING


@pytest.mark.parametrize(
    "literal", ["1.5", '"28"', "null", "true", str(2**31), "9" * 5000, "{}", "ADULT", "$nope", "{_ne: null}", "0x1c"]
)
async def test_an_age_that_is_no_whole_number_is_refused_in_the_text_too(asker: GraphClient, literal: str) -> None:
    query = f"""mutation {{ submitHairTest(input: {{
        idempotencyKey: "{uuid4()}"
        customer: {{ name: "Asha Rao", phone: "9876543210", age: {literal}, gender: MALE }}
        consent: {{ isGiven: true, noticeVersion: "{NOTICE}" }}
        answers: {ANSWERS}
    }}) {{ isReplay }} }}"""

    with asker.commands.counting() as commands:
        found = await codes(asker, query)

    assert set(found) <= {"GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"}
    assert commands == NOTHING


async def test_wrong_details_in_the_text_are_refused_like_those_in_variables(asker: GraphClient) -> None:
    query = f"""mutation {{ submitHairTest(input: {{
        idempotencyKey: "{uuid4()}"
        customer: {{ name: "\\u202eA", phone: \"\"\"
        98765\"\"\", age: -1, gender: OTHER, email: "\\u202e@" }}
        consent: {{ isGiven: true, noticeVersion: "{NOTICE}" }}
        answers: {ANSWERS}
    }}) {{ accessToken report {{ id }} userErrors {{ __typename code path message }} }} }}"""

    with asker.commands.counting() as commands:
        payload = await asker.data(query)

    assert refused(payload) == [
        ("INVALID_CHARACTERS", [*CUSTOMER, "name"]),
        ("INVALID_PHONE", [*CUSTOMER, "phone"]),
        ("OUT_OF_RANGE", [*CUSTOMER, "age"]),
        ("INVALID_EMAIL", [*CUSTOMER, "email"]),
    ]
    assert commands == NOTHING


@pytest.mark.parametrize("consent", [None, "true", "YES", 1, 0, 1.0, [], [True], {}, {"$ne": False}], ids=repr)
async def test_nothing_but_true_and_false_is_taken_for_consent(asker: GraphClient, consent: object) -> None:
    typed = hair_test(consent={"isGiven": consent, "noticeVersion": NOTICE})

    with asker.commands.counting() as commands:
        assert await codes(asker, SUBMIT, input=typed) == ["BAD_USER_INPUT"]

    assert commands == NOTHING


@pytest.mark.parametrize("literal", ['"true"', "1", "null", "YES", "[true]", "{}"])
async def test_nothing_but_true_and_false_is_taken_for_consent_in_the_text_too(
    asker: GraphClient, literal: str
) -> None:
    query = f"""mutation {{ submitHairTest(input: {{
        idempotencyKey: "{uuid4()}"
        customer: {{ name: "Asha Rao", phone: "9876543210", age: 28, gender: MALE }}
        consent: {{ isGiven: {literal}, noticeVersion: "{NOTICE}" }}
        answers: {ANSWERS}
    }}) {{ isReplay }} }}"""

    with asker.commands.counting() as commands:
        assert await codes(asker, query) == ["GRAPHQL_VALIDATION_FAILED"]

    assert commands == NOTHING


@pytest.mark.parametrize(
    "version",
    ["", " ", f"{NOTICE} ", f"{NOTICE}\n", "$where", '{"$ne":null}', "\u0000", "é", "A" * 900_000],
    ids=lambda text: ascii(text)[:30],
)
async def test_a_garbled_notice_is_not_the_one_that_was_shown(asker: GraphClient, version: str) -> None:
    with asker.commands.counting() as commands:
        payload = await asker.data(SUBMIT, input=hair_test(consent={"isGiven": True, "noticeVersion": version}))

    assert refused(payload, "ConsentRequiredError") == [("CONSENT_REQUIRED", ["input", "consent", "noticeVersion"])]
    assert commands == NOTHING


# --- answers, and drafts of them ----------------------------------------------------------------------------------

STRANGE = [
    "", " ", "x", "$where", "$ne", "__proto__", "constructor", '{"$ne":null}', "a.b", "$.", "\u0000", "\n", "💇",
    "\u017fleep", "\u202epeels", "१२", "ⅷ", "A" * 101, "A" * 300_000,
]  # fmt: skip


@pytest.mark.parametrize("key", [*STRANGE, "age", "gender", "name", "phone", "email"], ids=lambda key: ascii(key)[:30])
async def test_what_is_no_question_is_refused_at_its_key_before_any_command(asker: GraphClient, key: str) -> None:
    typed, wrong = hair_test(), {"key": key, "values": ["NONE"]}

    with asker.commands.counting() as commands:
        saved = await asker.data(SAVE, input={"answers": [wrong]})
        submitted = await asker.data(SUBMIT, input={**typed, "answers": [*typed["answers"], wrong]})

    assert refused(saved) == [("UNKNOWN_QUESTION", ["input", "answers", "0", "key"])]
    assert refused(submitted) == [("UNKNOWN_QUESTION", ["input", "answers", "8", "key"])]
    assert commands == NOTHING


@pytest.mark.parametrize("value", STRANGE, ids=lambda value: ascii(value)[:30])
@pytest.mark.parametrize("key", ["sleep", "medicines"])
async def test_what_is_no_option_is_refused_at_its_values_before_any_command(
    asker: GraphClient, key: str, value: str
) -> None:
    wrong = {"key": key, "values": [value]}
    typed = hair_test(**{key: value})
    place = [answer["key"] for answer in typed["answers"]].index(key)

    with asker.commands.counting() as commands:
        saved = await asker.data(SAVE, input={"answers": [wrong]})
        submitted = await asker.data(SUBMIT, input=typed)

    assert refused(saved) == [("UNKNOWN_OPTION", ["input", "answers", "0", "values"])]
    assert refused(submitted) == [("UNKNOWN_OPTION", ["input", "answers", str(place), "values"])]
    assert commands == NOTHING


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("-1", "OUT_OF_RANGE"),
        ("961", "OUT_OF_RANGE"),
        ("9" * 100, "OUT_OF_RANGE"),
        ("9" * 101, "UNKNOWN_OPTION"),
        ("1.5", "INVALID_CHARACTERS"),
        ("1e2", "INVALID_CHARACTERS"),
        ("1_0", "INVALID_CHARACTERS"),
        ("+1", "INVALID_CHARACTERS"),
        (" 1", "INVALID_CHARACTERS"),
        ("1\n", "INVALID_CHARACTERS"),
        ("0x1", "INVALID_CHARACTERS"),
        ("१२", "INVALID_CHARACTERS"),
        ("²", "INVALID_CHARACTERS"),
        ("NaN", "INVALID_CHARACTERS"),
        ("", "INVALID_CHARACTERS"),
    ],
    ids=lambda text: ascii(text)[:20],
)
async def test_what_is_no_number_of_months_is_refused_at_its_values_before_any_command(
    asker: GraphClient, number: str, code: str
) -> None:
    with asker.commands.counting() as commands:
        saved = await asker.data(SAVE, input={"answers": [{"key": "durationMonths", "values": [number]}]})
        submitted = await asker.data(SUBMIT, input=hair_test(durationMonths=number))

    assert refused(saved) == [(code, ["input", "answers", "0", "values"])]
    assert refused(submitted) == [(code, ["input", "answers", "8", "values"])]
    assert commands == NOTHING


@pytest.mark.parametrize(("how_many", "code"), [(101, "TOO_MANY"), (200, "TOO_MANY")])
async def test_more_than_100_answers_are_refused_whole(asker: GraphClient, how_many: int, code: str) -> None:
    answers = [{"key": "sleep", "values": ["DISTURBED"]}] * how_many

    with asker.commands.counting() as commands:
        saved = await asker.data(SAVE, input={"answers": answers})
        submitted = await asker.data(SUBMIT, input={**hair_test(), "answers": answers})

    assert refused(saved) == refused(submitted) == [(code, ["input", "answers"])]
    assert commands == NOTHING


@pytest.mark.parametrize("where", ["answers", "values"])
async def test_more_than_200_of_anything_are_bad_user_input(asker: GraphClient, where: str) -> None:
    answers = [{"key": "sleep", "values": ["DISTURBED"] * (201 if where == "values" else 1)}]
    answers *= 201 if where == "answers" else 1

    with asker.commands.counting() as commands:
        for query, typed in ((SAVE, {"answers": answers}), (SUBMIT, {**hair_test(), "answers": answers})):
            assert await codes(asker, query, input=typed) == ["BAD_USER_INPUT"]

    assert commands == NOTHING


@pytest.mark.parametrize("age", [-(2**31), -1, 0, 17, 101, 2**31 - 1])
async def test_the_age_of_a_draft_is_18_to_100_years(asker: GraphClient, age: int) -> None:
    with asker.commands.counting() as commands:
        payload = await asker.data(SAVE, input={"age": age, "answers": []})

    code = "UNDER_AGE" if age in {0, 17} else "OUT_OF_RANGE"
    assert refused(payload) == [(code, ["input", "age"])]
    assert commands == NOTHING


@pytest.mark.parametrize(
    "token", ["", " ", "x", "a.b.c", "\u0000", "$where", "é.é.é", "💇", "A" * 900_000, '{"$ne":null}']
)
async def test_a_garbled_token_is_no_draft_and_is_never_looked_up(asker: GraphClient, token: str) -> None:
    typed = {**hair_test(), "answers": None, "draftToken": token}

    with asker.commands.counting() as commands:
        read = await asker.data("query ($t: String!) { hairTestDraft(token: $t) { version } }", t=token)
        saved = await asker.data(SAVE, input={"draftToken": token, "answers": []})
        submitted = await asker.data(SUBMIT, input=typed)

    assert read == {"hairTestDraft": None}
    for payload in (saved, submitted):
        assert refused(payload, "NotFoundError") == [("DRAFT_NOT_FOUND", ["input", "draftToken"])]
    assert commands == NOTHING


@pytest.mark.parametrize("version", [0, -1, 2, 2**31 - 1, -(2**31)])
async def test_a_version_of_a_draft_that_never_was_is_stale(client: GraphClient, database: Any, version: int) -> None:
    token = (await client.data(SAVE, input={"answers": []}))["saveHairTestDraft"]["draftToken"]
    before = await database.hair_test_drafts.find().to_list()

    payload = await client.data(SAVE, input={"draftToken": token, "version": version, "age": 28, "answers": []})

    assert refused(payload, "StaleVersionError") == [("STALE_VERSION", ["input", "version"])]
    assert await database.hair_test_drafts.find().to_list() == before


# --- the order ----------------------------------------------------------------------------------------------------


@pytest.fixture
async def products(client: GraphClient) -> list[str]:
    """The ids of the products that can be put on the skin, the cheapest first."""
    found = await client.data("{ products(first: 100, sortKey: PRICE) { nodes { id category } } }")
    return [one["id"] for one in found["products"]["nodes"] if one["category"] != "MEDICINE"]


@pytest.mark.parametrize("quantity", [0, -1, 21, 10**9, 2**31 - 1, -(2**31)])
async def test_a_quantity_that_is_not_1_to_20_is_refused_at_its_line(
    client: GraphClient, report: dict[str, Any], products: list[str], quantity: int
) -> None:
    lines = [{"productId": products[0]}, {"productId": products[1], "quantity": quantity}]

    with client.commands.counting() as commands:
        payload = await client.data(PLACE, input=order(report["publicId"], lines=lines))

    assert refused(payload) == [("OUT_OF_RANGE", ["input", "lines", "1", "quantity"])]
    # for price and order, the limit of the address and the names of the products: nothing else is looked at
    assert commands == {"findAndModify": 2, "find": 2}


async def test_a_product_twice_is_refused_at_the_second_line(
    client: GraphClient, report: dict[str, Any], products: list[str]
) -> None:
    lines = [{"productId": products[0]}, {"productId": products[1]}, {"productId": products[0], "quantity": 2}]

    with client.commands.counting() as commands:
        payload = await client.data(PLACE, input=order(report["publicId"], lines=lines))

    assert refused(payload) == [("DUPLICATE", ["input", "lines", "2", "productId"])]
    assert commands == {"findAndModify": 2, "find": 2}


@pytest.mark.parametrize(("lines", "code"), [(0, "REQUIRED"), (21, "TOO_MANY"), (200, "TOO_MANY")])
async def test_an_order_has_1_to_20_lines(
    client: GraphClient, report: dict[str, Any], products: list[str], lines: int, code: str
) -> None:
    typed = [{"productId": products[0], "quantity": 1}] * lines

    with client.commands.counting() as commands:
        payload = await client.data(PLACE, input=order(report["publicId"], lines=typed))

    assert refused(payload) == [(code, ["input", "lines"])]
    assert commands == NOTHING


async def test_an_inactive_or_unknown_product_is_unavailable_at_its_line(
    client: GraphClient, report: dict[str, Any], products: list[str], database: Any
) -> None:
    found = await client.data("query ($id: ID!) { product(id: $id) { slug } }", id=products[1])
    await database["products"].update_one({"slug": found["product"]["slug"]}, {"$set": {"is_active": False}})
    lines = [{"productId": one} for one in (products[0], products[1], packed(f"Product:{uuid4().hex}"))]

    async with nothing_written(database):
        payload = await client.data(PLACE, input=order(report["publicId"], lines=lines))

    assert refused(payload, "ProductUnavailableError") == [
        ("PRODUCT_UNAVAILABLE", ["input", "lines", "1", "productId"]),
        ("PRODUCT_UNAVAILABLE", ["input", "lines", "2", "productId"]),
    ]


async def test_an_unknown_report_is_not_found_and_nothing_is_written(client: GraphClient, database: Any) -> None:
    async with nothing_written(database):
        payload = await client.data(PLACE, input=order("A" * 22))

    assert refused(payload, "ReportNotFoundError") == [("REPORT_NOT_FOUND", ["input", "reportPublicId"])]


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "\u0000", "$where", "é", "A" * 900_000, '{"$ne":null}'])
async def test_a_garbled_report_token_is_as_good_as_none_for_an_order(
    client: GraphClient, report: dict[str, Any], token: str
) -> None:
    plain = await client.data(PLACE, input=order(report["publicId"]))

    placed = await client.data(PLACE, input=order(report["publicId"], reportAccessToken=token))

    assert plain["placeOrder"]["userErrors"] == placed["placeOrder"]["userErrors"] == []


MALFORMED_PUBLIC_IDS = [
    "",
    " ",
    "x",
    "A" * 21,
    "A" * 23,
    "A" * 21 + "B",
    "A" * 21 + "\n",
    "A" * 22 + "\n",
    "A" * 900_000,
    "../../../etc/passwd",
    "$where",
    "__proto__",
    '{"$ne":null}',
    "\u0000" * 22,
    "é" * 22,
    "\uff11" * 22,
]


@pytest.mark.parametrize("public_id", MALFORMED_PUBLIC_IDS, ids=lambda text: ascii(text)[:30])
async def test_a_malformed_public_id_is_never_looked_up(asker: GraphClient, public_id: str) -> None:
    with asker.commands.counting() as commands:
        read = await asker.data("query ($id: String!) { report(publicId: $id) { id } }", id=public_id)
        payload = await asker.data(PLACE, input=order(public_id))

    assert read == {"report": None}
    assert refused(payload, "ReportNotFoundError") == [("REPORT_NOT_FOUND", ["input", "reportPublicId"])]
    assert commands == NOTHING


async def test_the_id_of_anything_but_a_product_is_refused_at_its_line(
    client: GraphClient, report: dict[str, Any]
) -> None:
    foreign = [report["id"], report["hairTestId"], report["publicId"]]
    typed = [*foreign, packed(f"Order:{uuid4().hex}"), "", "x", "$where", '{"$ne":null}', "\u0000", "A" * 100_000, 5]

    with client.commands.counting() as commands:
        payload = await client.data(PLACE, input=order(report["publicId"], lines=[{"productId": one} for one in typed]))

    assert refused(payload) == [("INVALID_ID", ["input", "lines", str(n), "productId"]) for n in range(len(typed))]
    assert commands == NOTHING


async def test_everything_that_is_wrong_with_an_order_is_refused_at_once(
    client: GraphClient, report: dict[str, Any], products: list[str]
) -> None:
    typed = order(
        report["publicId"],
        phone="12345",
        lines=[{"productId": "x", "quantity": 0}, {"productId": products[0]}, {"productId": products[0]}],
        shippingAddress=address(name="", addressLine="12\nMG Road", city="B" * 81, pinCode="056001", country="US"),
        billingAddress=address(name="\u202e\u202e", addressLine="1", city=" ", pinCode="०५६००१", country=""),
    )

    with client.commands.counting() as commands:
        payload = await client.data(PLACE, input=typed)

    assert refused(payload) == [
        ("INVALID_PHONE", ["input", "phone"]),
        ("OUT_OF_RANGE", ["input", "lines", "0", "quantity"]),
        ("INVALID_ID", ["input", "lines", "0", "productId"]),
        ("DUPLICATE", ["input", "lines", "2", "productId"]),
        ("TOO_SHORT", ["input", "shippingAddress", "name"]),
        ("INVALID_CHARACTERS", ["input", "shippingAddress", "addressLine"]),
        ("TOO_LONG", ["input", "shippingAddress", "city"]),
        ("INVALID_PIN_CODE", ["input", "shippingAddress", "pinCode"]),
        ("UNSUPPORTED_COUNTRY", ["input", "shippingAddress", "country"]),
        ("INVALID_CHARACTERS", ["input", "billingAddress", "name"]),
        ("TOO_SHORT", ["input", "billingAddress", "addressLine"]),
        ("TOO_SHORT", ["input", "billingAddress", "city"]),
        ("INVALID_PIN_CODE", ["input", "billingAddress", "pinCode"]),
        ("UNSUPPORTED_COUNTRY", ["input", "billingAddress", "country"]),
    ]
    # for price and order, the limit of the address and the name of the product that is there twice
    assert commands == {"findAndModify": 2, "find": 2}


# --- ids ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", MALFORMED_IDS, ids=lambda raw: ascii(raw)[:40])
async def test_what_is_no_id_is_bad_user_input_and_nulls_its_own_place(asker: GraphClient, raw: str) -> None:
    query = "query ($id: ID!) { one: node(id: $id) { id } product(id: $id) { id } nodes(ids: [$id]) { id } }"

    with asker.commands.counting() as commands:
        answer = await asker.ask(query, id=raw)

    assert answer["data"] == {"one": None, "product": None, "nodes": [None]}
    assert sorted((error["path"], error["extensions"]["code"]) for error in answer["errors"]) == [
        (["nodes", 0], "BAD_USER_INPUT"),
        (["one"], "BAD_USER_INPUT"),
        (["product"], "BAD_USER_INPUT"),
    ]
    assert commands == NOTHING


async def test_each_flipped_bit_of_an_id_is_another_object_or_no_id(
    client: GraphClient, report: dict[str, Any]
) -> None:
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    whole = base64.urlsafe_b64decode(report["id"] + "=" * (-len(report["id"]) % 4))
    flipped = [
        packed(whole[:place] + bytes([whole[place] ^ (1 << bit)]) + whole[place + 1 :])
        for place in range(len(whole))
        for bit in range(8)
    ]

    for start in range(0, len(flipped), 100):
        answer = await client.ask(query, ids=flipped[start : start + 100])

        assert {one for one in answer["data"]["nodes"] if one} == set()
        assert {error["extensions"]["code"] for error in answer.get("errors", [])} <= {"BAD_USER_INPUT"}


async def test_the_id_of_another_type_is_no_product(client: GraphClient, report: dict[str, Any]) -> None:
    for one in (report["id"], report["hairTestId"], packed(f"Order:{uuid4().hex}")):
        with client.commands.counting() as commands:
            assert await codes(client, "query ($id: ID!) { product(id: $id) { id } }", id=one) == ["BAD_USER_INPUT"]

        assert commands == NOTHING


@pytest.mark.parametrize("arguments", ["", '(id: "x", slug: "x")', "(id: null, slug: null)", "(slug: null)"])
async def test_a_product_is_asked_for_by_exactly_one_of_id_and_slug(asker: GraphClient, arguments: str) -> None:
    with asker.commands.counting() as commands:
        assert await codes(asker, f"{{ product{arguments} {{ id }} }}") == ["BAD_USER_INPUT"]

    assert commands == NOTHING


@pytest.mark.parametrize("slug", ["", "$where", "__proto__", "\u0000", '{"$ne":null}', ".*", "é", "A" * 900_000])
async def test_a_strange_slug_is_no_product(asker: GraphClient, slug: str) -> None:
    assert await asker.data("query ($slug: String) { product(slug: $slug) { id } }", slug=slug) == {"product": None}


@pytest.mark.parametrize("length", [101, 10_000])
async def test_more_than_100_ids_are_bad_user_input(asker: GraphClient, length: int) -> None:
    with asker.commands.counting() as commands:
        found = await codes(asker, "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["x"] * length)

    assert found == ["BAD_USER_INPUT"]
    assert commands == NOTHING


async def test_no_ids_are_no_nodes(client: GraphClient) -> None:
    assert await client.data("{ nodes(ids: []) { id } }") == {"nodes": []}


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "\u0000", "$where", "é.é.é", "💇", "A" * 900_000, '{"$ne":null}'])
async def test_a_garbled_access_token_opens_nothing(client: GraphClient, report: dict[str, Any], token: str) -> None:
    query = """query ($id: String!, $token: String!) {
      report(publicId: $id, accessToken: $token) { firstName hairTest { id } }
      order(accessToken: $token) { id }
    }"""

    data = await client.data(query, id=report["publicId"], token=token)

    assert data == {"report": {"firstName": "Asha", "hairTest": None}, "order": None}


# --- cursors ------------------------------------------------------------------------------------------------------

PAGE = """query ($key: ProductSortKey!, $after: String, $reverse: Boolean = false) {
  products(first: 3, sortKey: $key, after: $after, reverse: $reverse) { nodes { slug } pageInfo { endCursor } }
}"""


async def cursor_of(client: GraphClient, key: str) -> str:
    found = await client.data(PAGE, key=key)
    cursor: str = found["products"]["pageInfo"]["endCursor"]
    return cursor


GARBAGE_CURSORS = [
    "",
    "x",
    "-1",
    "0",
    "=",
    "\u0000",
    "é",
    "💇",
    "$where",
    '{"$gt":""}',
    "A" * 1001,
    "A" * 900_000,
    packed("null"),
    packed("{}"),
    packed("[]"),
    packed('{"$gt":""}'),
    packed("[" * 700),
    packed("arrayconnection:0"),
    packed('[1,"products:PRICE",NaN,"' + "0" * 32 + '"]'),
    packed('[1,"products:PRICE",' + "9" * 600 + ',"' + "0" * 32 + '"]'),
    packed('[1,"products:PRICE",1e999,"' + "0" * 32 + '"]'),
    packed(b"\xff\xfe"),
    forged("products:PRICE", 1)[:-1],
    forged("products:PRICE", 1, version=2),
    forged("products:PRICE", 1, version=None),
    forged("products:PRICE", 1, version={"$ne": None}),
    forged("products:PRICE", "1"),
    forged("products:PRICE", 1.5),
    forged("products:PRICE", None),
    packed('[1,"products:PRICE",true,"' + "0" * 32 + '"]'),
    forged("products:PRICE", {"$gt": 0}),
    forged("products:PRICE", [1]),
    forged("products:PRICE", -1),
    forged("products:PRICE", 2**63),
    forged("products:PRICE", 2**64 - 1),
    forged("products:PRICE", 1, key=""),
    forged("products:PRICE", 1, key="x" * 32),
    forged("products:PRICE", 1, key=None),
    forged("products:PRICE", 1, key=5),
    forged("products:PRICE", 1, key={"$gt": ""}),
    forged("products:NAME", 5),
    forged("products:NAME", {"$gt": ""}),
    forged("products:NAME", None),
    forged("products:CREATED_AT", 2**63),
    forged("products:CREATED_AT", -(2**63)),
    forged("products:CREATED_AT", 10**18),
    forged("products:CREATED_AT", "2026"),
    forged("products:CREATED_AT", {"$gt": 0}),
    forged("orders:PRICE", 1),
    forged("PRICE", 1),
]


@pytest.mark.parametrize("cursor", GARBAGE_CURSORS, ids=lambda cursor: ascii(cursor)[:60])
async def test_what_is_no_cursor_of_a_list_is_bad_user_input(asker: GraphClient, cursor: str) -> None:
    with asker.commands.counting() as commands:
        for key in ("NAME", "PRICE", "CREATED_AT"):
            assert await codes(asker, PAGE, key=key, after=cursor) == ["BAD_USER_INPUT"]

    assert commands == NOTHING


async def test_a_cursor_of_another_sort_key_is_bad_user_input(client: GraphClient) -> None:
    cursors = {key: await cursor_of(client, key) for key in ("NAME", "PRICE", "CREATED_AT")}

    with client.commands.counting() as commands:
        for key in cursors:
            for other, cursor in cursors.items():
                if other != key:
                    assert await codes(client, PAGE, key=key, after=cursor) == ["BAD_USER_INPUT"]

    assert commands == NOTHING


@pytest.mark.parametrize("key", ["NAME", "PRICE", "CREATED_AT"])
async def test_each_flipped_bit_of_a_cursor_is_another_place_or_bad_user_input(client: GraphClient, key: str) -> None:
    cursor = await cursor_of(client, key)
    whole = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    flipped = [
        packed(whole[:place] + bytes([whole[place] ^ (1 << bit)]) + whole[place + 1 :])
        for place in range(len(whole))
        for bit in range(0, 8, 2)
    ]
    every = [*flipped, *(cursor[:place] for place in range(len(cursor))), *(cursor + one for one in "A=\n ")]

    # 25 questions in one document: each is answered or refused on its own
    for start in range(0, len(every), 25):
        some = dict(enumerate(every[start : start + 25]))
        fields = " ".join(f"c{n}: products(first: 1, sortKey: {key}, after: $c{n}) {{ nodes {{ id }} }}" for n in some)
        variables = ", ".join(f"$c{n}: String" for n in some)
        answer = await client.ask(f"query ({variables}) {{ {fields} }}", **{f"c{n}": text for n, text in some.items()})

        assert {error["extensions"]["code"] for error in answer.get("errors", [])} <= {"BAD_USER_INPUT"}


@pytest.mark.parametrize(
    "cursor",
    [
        forged("products:NAME", ""),
        forged("products:NAME", "\u0000"),
        forged("products:NAME", "$where"),
        forged("products:NAME", "x" * 600),
        forged("products:NAME", "\U0010ffff"),
    ],
)
async def test_a_forged_cursor_is_only_ever_a_place_in_the_list(client: GraphClient, cursor: str) -> None:
    for is_reverse in (False, True):
        found = await client.data(PAGE, key="NAME", after=cursor, reverse=is_reverse)

        assert len(found["products"]["nodes"]) in {0, 3}


# --- pages, filters, search ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [0, -1, 101, 2**31 - 1, -(2**31)])
async def test_a_page_has_1_to_100_products(asker: GraphClient, first: int) -> None:
    with asker.commands.counting() as commands:
        variable = await codes(asker, "query ($n: Int!) { products(first: $n) { totalCount } }", n=first)
        literal = await codes(asker, f"{{ products(first: {first}) {{ totalCount }} }}")

    assert (variable, literal) == (["BAD_USER_INPUT"], ["BAD_USER_INPUT"])
    assert commands == NOTHING


@pytest.mark.parametrize("first", [2**31, -(2**31) - 1, 2**63, 1.5, "1", True, None, [], {"$gt": 0}])
async def test_a_page_size_that_is_no_whole_number_is_refused(asker: GraphClient, first: object) -> None:
    literal = json.dumps(first) if not isinstance(first, dict) else "{a: 0}"

    with asker.commands.counting() as commands:
        variable = await codes(asker, "query ($n: Int!) { products(first: $n) { totalCount } }", n=first)
        text = await codes(asker, f"{{ products(first: {literal}) {{ totalCount }} }}")

    assert (variable, set(text)) == (["BAD_USER_INPUT"], {"GRAPHQL_VALIDATION_FAILED"})
    assert commands == NOTHING


FILTERED = "query ($filter: ProductFilterInput) { products(filter: $filter) { totalCount } }"


@pytest.mark.parametrize("field", ["minPrice", "maxPrice"])
@pytest.mark.parametrize(
    "price",
    [
        "NaN", "sNaN", "-NaN", "nan123", "Infinity", "-Infinity", "inf", "1E+999999", "1E+400", "1E-999999", "-1",
        "-0.01", "20000000.01", "1e8", "0.001", "1.005", "", " ", "x", "1,000", "0x10", "$gt", "\u0000", "1\n2",
        "9" * 31, "9" * 900_000, 1.5, 299.0, 1e300, True, [], {}, {"$gt": 0}, -1, 2 * 10**7 + 1, 2**63,
    ],
    ids=lambda price: ascii(price)[:30],
)  # fmt: skip
async def test_a_price_that_is_no_amount_of_rupees_is_bad_user_input(
    asker: GraphClient, field: str, price: object
) -> None:
    with asker.commands.counting() as commands:
        assert await codes(asker, FILTERED, filter={field: price}) == ["BAD_USER_INPUT"]

    assert commands == NOTHING


@pytest.mark.parametrize(
    "literal", ["1.5", "1e3", "1e999999", "9" * 5000, '"NaNs"', '"NaN"', '"1E+999999"', "true", "OIL", "[1]", "{a: 1}"]
)
async def test_a_price_that_is_no_decimal_is_refused_in_the_text_too(asker: GraphClient, literal: str) -> None:
    query = f"{{ products(filter: {{ minPrice: {literal} }}) {{ totalCount }} }}"

    with asker.commands.counting() as commands:
        found = await codes(asker, query)

    assert found == ["GRAPHQL_VALIDATION_FAILED"]
    assert commands == NOTHING


@pytest.mark.parametrize("literal", ["-1", '"-1"', "20000001", '"0.001"'])
async def test_a_decimal_in_the_text_that_is_no_price_is_bad_user_input(asker: GraphClient, literal: str) -> None:
    query = f"{{ products(filter: {{ maxPrice: {literal} }}) {{ totalCount }} }}"

    with asker.commands.counting() as commands:
        found = await codes(asker, query)

    assert found == ["BAD_USER_INPUT"]
    assert commands == NOTHING


async def test_a_price_range_that_nothing_can_be_in_is_bad_user_input(asker: GraphClient) -> None:
    with asker.commands.counting() as commands:
        assert await codes(asker, FILTERED, filter={"minPrice": "500", "maxPrice": "100"}) == ["BAD_USER_INPUT"]

    assert commands == NOTHING


SEARCHED = "query ($search: String) { products(search: $search) { nodes { slug } } }"


@pytest.mark.parametrize("search", ["-", "_", '"', '""', "$", "{}", ".*", "^$", "\\", "\u0000", "💇", "-" * 100])
async def test_a_search_without_a_word_is_no_search(asker: GraphClient, search: str) -> None:
    assert await asker.data(SEARCHED, search=search) == await asker.data(SEARCHED)


@pytest.mark.parametrize("length", [101, 10_000, 900_000])
async def test_of_a_search_the_first_100_characters_count(asker: GraphClient, length: int) -> None:
    await asker.data(SEARCHED, search="a" * 100)
    with asker.commands.counting() as commands:
        await asker.data(SEARCHED, search="a" * length)

    # what was counted and looked up for the first 100 is remembered
    assert set(commands) == {"find"}


@pytest.mark.parametrize(
    "search",
    ["$where", "__proto__", '{"$ne": null}', '"$gt":""', "a" * 100, "the", "१२३", "ⅷ", "x " * 50, "\u202eoil"],
)
async def test_a_search_for_operators_is_a_search_for_words(asker: GraphClient, search: str) -> None:
    await asker.data(SEARCHED, search=search)


@pytest.mark.parametrize("search", ["-dandruff", '"dandruff', 'dandruff"', "(dandruff)", "dandruff.*", "\\dandruff"])
async def test_signs_around_a_word_mean_nothing(client: GraphClient, search: str) -> None:
    plain = await client.data(SEARCHED, search="dandruff")

    assert await client.data(SEARCHED, search=search) == plain
    assert plain["products"]["nodes"] != []
