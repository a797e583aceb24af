"""The main job: hair test, report, order."""

from __future__ import annotations

from typing import Any

from tests.support import SAFE, GraphClient, address, example, hair_test, order

PRIVATE_REPORT = """query ($publicId: String!, $accessToken: String) {
  report(publicId: $publicId, accessToken: $accessToken) {
    firstName
    causes { answersThatRaisedIt }
    safetyFindings { code action }
    hairTest { answers { key values } person { name phone age } report { publicId } }
  }
}"""


async def submit(client: GraphClient, **changes: Any) -> dict[str, Any]:
    answer = await client.data(example("submit_hair_test"), input=hair_test(**changes))
    payload: dict[str, Any] = answer["submitHairTest"]
    assert payload["userErrors"] == []
    return payload


async def place(client: GraphClient, typed: dict[str, Any]) -> dict[str, Any]:
    payload: dict[str, Any] = (await client.data(example("place_order"), input=typed))["placeOrder"]
    return payload


async def product_id(client: GraphClient, slug: str) -> str:
    found: str = (await client.data("query ($slug: String!) { product(slug: $slug) { id } }", slug=slug))["product"][
        "id"
    ]
    return found


def kit_of(report: dict[str, Any]) -> list[str]:
    return [item["product"]["name"] for item in report["kit"]["items"]]


# --- hair test and report -----------------------------------------------------------------------------------------


async def test_a_hair_test_gives_a_report_with_causes_recovery_and_a_kit(client: GraphClient) -> None:
    payload = await submit(client)

    report = payload["report"]
    assert [(cause["cause"], cause["score"]) for cause in report["causes"]] == [
        ("GENETIC", 55),
        ("STRESS", 35),
        ("SLEEP", 30),
        ("SCALP_HEALTH", 25),
    ]
    assert report["causes"][0]["answersThatRaisedIt"] == ["pattern", "familyHistory"]
    assert report["recovery"] == {"minMonths": 4, "expectedMonths": 5, "maxMonths": 8}
    assert kit_of(report) == ["Genetic Hair Fall Control Oil", "Calm Scalp Serum", "Dandruff Control Shampoo"]
    assert report["kit"]["price"] == {"amount": "1497.00"}
    assert payload["isReplay"] is False


async def test_who_answers_the_safety_questions_gets_the_whole_kit(client: GraphClient) -> None:
    """The price leaves out what needs a prescription: it is listed, and not sold."""
    report = (await submit(client, **SAFE))["report"]

    assert report["safetyFindings"] == report["kit"]["excluded"] == []
    assert kit_of(report) == [
        "Stress Management Supplement",
        "Pattern Care Tablets",
        "Genetic Hair Fall Control Oil",
        "Minoxidil 5% Topical Solution",
        "Dandruff Control Shampoo",
    ]
    assert [item["needsPrescription"] for item in report["kit"]["items"]] == [False, False, False, True, False]
    assert report["kit"]["price"] == {"amount": "2496.00"}


async def test_the_shared_report_shows_first_name_causes_recovery_kit_and_prices(client: GraphClient) -> None:
    submitted = await submit(client, name="Asha Devi Rao", gender="FEMALE", pattern="MEDIUM_WIDENING")
    public_id = submitted["report"]["publicId"]

    report = (await client.data(example("report"), publicId=public_id))["report"]

    assert (report["firstName"], report["gender"]) == ("Asha", "FEMALE")
    assert [cause["cause"] for cause in report["causes"]] == ["GENETIC", "SCALP_HEALTH", "STRESS", "SLEEP"]
    assert [cause["evidence"] for cause in report["causes"]] == ["A", "B", "B", "C"]
    milestones = report["recovery"].pop("milestones")
    assert report["recovery"] == {
        "minMonths": 5,
        "expectedMonths": 6,
        "maxMonths": 9,
        "goal": "IMPROVE",
        "reasonIfNone": None,
    }
    assert [milestone["month"] for milestone in milestones] == [1, 2, 4, 6, 12]
    assert kit_of(report) == ["Early Stage Hair Care Oil", "Stress Defense Shampoo"]
    assert [item["product"]["price"]["amount"] for item in report["kit"]["items"]] == ["399.00", "329.00"]
    assert report["kit"]["price"] == {"amount": "728.00"}
    assert "not a diagnosis" in report["disclaimer"]


async def test_the_kit_shows_live_prices_and_leaves_withdrawn_products_out_of_the_total(
    client: GraphClient, report: dict[str, Any], database: Any
) -> None:
    await database.products.update_one({"slug": "stress-defense-shampoo"}, {"$set": {"price_paise": 31_050}})
    await database.products.update_one({"slug": "early-stage-hair-growth-oil"}, {"$set": {"is_active": False}})

    kit = (
        await client.data(
            """query ($id: String!) {
                 report(publicId: $id) { kit { items { product { isActive } } price { amount } } }
               }""",
            id=report["publicId"],
        )
    )["report"]["kit"]

    assert kit["price"] == {"amount": "310.50"}
    assert [item["product"]["isActive"] for item in kit["items"]] == [False, True]


async def test_a_public_id_is_128_random_bits_that_need_no_escaping(client: GraphClient) -> None:
    public_ids = {(await submit(client))["report"]["publicId"] for _ in range(20)}

    assert len(public_ids) == 20
    assert all(len(one) == 22 and one.replace("-", "").replace("_", "").isalnum() for one in public_ids)


async def test_an_unknown_or_malformed_public_id_is_null_and_only_a_wellformed_one_is_looked_up(
    client: GraphClient, report: dict[str, Any]
) -> None:
    unknown = "A" * 21 + "Q"
    malformed = ("", "x", unknown + "Q", report["publicId"][:-1] + "=", "../" * 8, "é" * 22, "\x00" * 22, "x" * 900_000)

    assert (await client.data(example("report"), publicId=unknown))["report"] is None
    with client.commands.counting() as commands:
        answers = [(await client.data(example("report"), publicId=one))["report"] for one in malformed]

    assert answers == [None] * len(malformed)
    assert commands == {}


async def test_typed_text_and_phones_are_cleaned(client: GraphClient) -> None:
    for typed in ("98765 43210", "+91 98765-43210", "09876543210", "0091 9876543210", "919876543210", "(98765) 43210"):
        payload = await submit(client, name="  Asha   Rao ", phone=typed)

        customer = (
            await client.data(
                PRIVATE_REPORT, publicId=payload["report"]["publicId"], accessToken=payload["accessToken"]
            )
        )["report"]["hairTest"]["person"]
        assert customer == {"name": "Asha Rao", "phone": "+919876543210", "age": 28}


async def test_a_second_person_with_the_same_phone_changes_and_sees_nothing_of_the_first(
    client: GraphClient, database: Any
) -> None:
    """Defect 11: submitting a test with somebody's phone overwrote that person."""
    first = await submit(client, name="Asha Rao", age=28)
    second = await submit(client, name="Somebody Else", age=60, gender="FEMALE", pattern="MEDIUM_WIDENING")

    seen = await client.data(PRIVATE_REPORT, publicId=first["report"]["publicId"], accessToken=first["accessToken"])
    assert seen["report"]["hairTest"]["person"] == {"name": "Asha Rao", "phone": "+919876543210", "age": 28}
    denied = await client.data(PRIVATE_REPORT, publicId=first["report"]["publicId"], accessToken=second["accessToken"])
    assert denied["report"]["hairTest"] is None
    assert await database.hair_tests.count_documents({"person.phone": "+919876543210"}) == 2


async def test_two_people_get_different_causes_and_recovery(client: GraphClient) -> None:
    """Defects 3 and 4: everybody got the same two causes, and 4 or 6 months."""
    young = await submit(client, pattern="STAGE_1", familyHistory="NONE", stress="NONE", sleep="PEACEFUL")
    old = await submit(client, age=60, pattern="STAGE_5", familyHistory="BOTH", stress="HIGH", sleep="DIFFICULT")

    assert [cause["cause"] for cause in old["report"]["causes"]] == ["GENETIC", "STRESS", "SLEEP", "SCALP_HEALTH"]
    assert [cause["cause"] for cause in young["report"]["causes"]] == ["SCALP_HEALTH", "DIGESTION"]
    assert old["report"]["recovery"] == {"minMonths": 11, "expectedMonths": 12, "maxMonths": 15}
    assert young["report"]["recovery"] == {"minMonths": 4, "expectedMonths": 5, "maxMonths": 8}


# --- who sees what ------------------------------------------------------------------------------------------------


async def test_the_link_alone_shows_no_answers_no_findings_and_no_person(
    client: GraphClient, report: dict[str, Any]
) -> None:
    """Defect 9: the public report showed the health answers to anyone with the link."""
    seen = (await client.data(PRIVATE_REPORT, publicId=report["publicId"]))["report"]

    assert seen["hairTest"] is None
    assert seen["safetyFindings"] is None
    assert {cause["answersThatRaisedIt"] for cause in seen["causes"]} == {None}


async def test_the_access_token_opens_the_private_parts(client: GraphClient, report: dict[str, Any]) -> None:
    as_argument = await client.data(PRIVATE_REPORT, publicId=report["publicId"], accessToken=report["accessToken"])
    as_bearer = await client.data(PRIVATE_REPORT, publicId=report["publicId"], bearer=report["accessToken"])

    assert as_argument == as_bearer
    assert as_argument["report"]["hairTest"]["person"]["name"] == "Asha Rao"
    assert as_argument["report"]["hairTest"]["answers"][0] == {"key": "pattern", "values": ["STAGE_2"]}
    assert as_argument["report"]["safetyFindings"] == [
        {"code": "G00_SAFETY_UNANSWERED", "action": "ANSWER_SAFETY_QUESTIONS"}
    ]


async def test_one_part_of_a_query_never_opens_another(client: GraphClient, report: dict[str, Any]) -> None:
    seen = await client.data(
        """query ($id: String!, $token: String!) {
             opened: report(publicId: $id, accessToken: $token) { hairTest { id } }
             closed: report(publicId: $id) { hairTest { id } }
           }""",
        id=report["publicId"],
        token=report["accessToken"],
    )

    assert seen["opened"]["hairTest"] == {"id": report["hairTestId"]}
    assert seen["closed"]["hairTest"] is None


async def test_psoriasis_gets_a_referral_that_only_the_person_sees(client: GraphClient) -> None:
    """Defect 5: psoriasis got no referral."""
    payload = await submit(client, dandruff="PSORIASIS", **SAFE)
    public_id = payload["report"]["publicId"]

    own = (await client.data(PRIVATE_REPORT, publicId=public_id, accessToken=payload["accessToken"]))["report"]
    shared = (await client.data(PRIVATE_REPORT, publicId=public_id))["report"]

    assert own["safetyFindings"] == [{"code": "G05_INFLAMED_SCALP", "action": "BOOK_DERMATOLOGIST"}]
    assert shared["safetyFindings"] is None


async def test_nothing_public_tells_one_inflamed_scalp_from_the_other(client: GraphClient, database: Any) -> None:
    """Causes are public, the answers that raised them are not."""
    seen, refused = [], []
    everything = (await client.data("{ products(first: 100) { nodes { id } } }"))["products"]["nodes"]
    for dandruff in ("PSORIASIS", "SEBORRHEIC"):
        public_id = (await submit(client, dandruff=dandruff))["report"]["publicId"]
        seen.append((await client.data(example("report"), publicId=public_id))["report"])
        lines = [{"productId": product["id"]} for product in everything]
        refused.append((await place(client, order(public_id, lines=lines)))["userErrors"])

    assert seen[0] == seen[1]
    assert refused[0] == refused[1] != []


async def test_points_and_levels_are_private_because_they_tell_the_answer(client: GraphClient) -> None:
    query = """query ($p: String!, $t: String) {
      report(publicId: $p, accessToken: $t) { causes { cause level score } }
    }"""
    payload = await submit(client, stress="HIGH")
    public_id, token = payload["report"]["publicId"], payload["accessToken"]

    shared = (await client.data(query, p=public_id))["report"]["causes"]
    own = (await client.data(query, p=public_id, t=token))["report"]["causes"]

    # the order tells nothing about the points either: it is that of the evidence
    assert shared == [
        {"cause": cause, "level": None, "score": None} for cause in ("GENETIC", "SCALP_HEALTH", "STRESS", "SLEEP")
    ]
    assert own == [
        {"cause": "STRESS", "level": "HIGH", "score": 60},
        {"cause": "GENETIC", "level": "MODERATE", "score": 55},
        {"cause": "SLEEP", "level": "LOW", "score": 30},
        {"cause": "SCALP_HEALTH", "level": "LOW", "score": 25},
    ]


# --- order --------------------------------------------------------------------------------------------------------


async def test_an_order_without_lines_takes_the_kit_at_todays_prices(
    client: GraphClient, report: dict[str, Any]
) -> None:
    payload = await place(client, order(report["publicId"], reportAccessToken=report["accessToken"]))

    assert payload["userErrors"] == []
    assert [(line["productName"], line["quantity"]) for line in payload["order"]["lines"]] == [
        ("Genetic Hair Fall Control Oil", 1),
        ("Calm Scalp Serum", 1),
        ("Dandruff Control Shampoo", 1),
    ]
    assert payload["order"]["pricing"] == {
        "subtotal": {"amount": "1497.00"},
        "discount": {"amount": "0.00"},
        "shipping": {"amount": "0.00"},
        "total": {"amount": "1497.00"},
    }
    assert payload["order"]["status"] == "PENDING"
    assert len(payload["order"]["number"]) == 14


async def test_whoever_has_the_link_alone_orders_the_kit_that_the_link_shows(
    client: GraphClient, report: dict[str, Any]
) -> None:
    of_another = (await submit(client))["accessToken"]

    for token in (None, "a.b.c", of_another):
        payload = await place(client, order(report["publicId"], reportAccessToken=token))

        assert [(line["productName"], line["quantity"]) for line in payload["order"]["lines"]] == [
            ("Early Stage Hair Care Oil", 1),
            ("Stress Defense Shampoo", 1),
        ]
        assert payload["order"]["pricing"]["total"] == {"amount": "728.00"}


async def test_the_owner_orders_the_whole_kit_without_a_token_of_the_report(client: GraphClient) -> None:
    asha = await client.sign_in()
    submitted = await client.data(example("submit_hair_test"), bearer=asha.access_token, input=hair_test(**SAFE))
    typed = order(submitted["submitHairTest"]["report"]["publicId"])

    placed = (await client.data(example("place_order"), bearer=asha.access_token, input=typed))["placeOrder"]

    assert placed["userErrors"] == []
    assert [line["productName"] for line in placed["order"]["lines"]] == [
        "Stress Management Supplement",
        "Pattern Care Tablets",
        "Genetic Hair Fall Control Oil",
        "Dandruff Control Shampoo",
    ]
    assert placed["order"]["pricing"]["total"] == {"amount": "2496.00"}


async def test_lines_and_quantities_may_be_changed(client: GraphClient, report: dict[str, Any]) -> None:
    """Defects 8 and 13: quantity was always 1, and 18 % tax came on top in floats."""
    lines = [
        {"productId": await product_id(client, "gentle-cleansing-shampoo"), "quantity": 3},
        {"productId": await product_id(client, "stress-relief-hair-oil")},
    ]

    payload = await place(client, order(report["publicId"], reportAccessToken=report["accessToken"], lines=lines))

    assert [line["total"]["amount"] for line in payload["order"]["lines"]] == ["837.00", "549.00"]
    assert payload["order"]["pricing"]["total"] == {"amount": "1386.00"}


async def test_billing_falls_back_to_shipping(client: GraphClient, report: dict[str, Any]) -> None:
    """Defect 13: billing was compulsory although it fell back to shipping."""
    query = "query ($t: String!) { order(accessToken: $t) { shippingAddress { city } billingAddress { name city } } }"
    without = await place(client, order(report["publicId"]))
    with_billing = await place(client, order(report["publicId"], billingAddress=address(name="Rao Ltd", city="Mysuru")))

    fallen_back = (await client.data(query, t=without["accessToken"]))["order"]
    given = (await client.data(query, t=with_billing["accessToken"]))["order"]

    assert fallen_back["billingAddress"] == {"name": "Asha Rao", "city": "Bengaluru"}
    assert given["billingAddress"] == {"name": "Rao Ltd", "city": "Mysuru"}
    assert given["shippingAddress"] == {"city": "Bengaluru"}


async def test_an_order_keeps_its_prices_when_the_catalogue_changes(
    client: GraphClient, report: dict[str, Any], database: Any
) -> None:
    placed = await place(client, order(report["publicId"]))
    await database.products.update_many({}, {"$set": {"price_paise": 1, "is_active": False}})

    seen = (await client.data(example("order"), accessToken=placed["accessToken"]))["order"]

    assert seen["pricing"]["total"] == {"amount": "728.00"}
    assert [line["product"]["isActive"] for line in seen["lines"]] == [False, False]


async def test_an_order_phone_may_differ_from_the_reports(client: GraphClient, report: dict[str, Any]) -> None:
    """Never refused, as a refusal would tell whose phone the report has."""
    payload = await place(client, order(report["publicId"], phone="6000000000"))

    assert payload["userErrors"] == []


async def test_an_order_opens_only_with_its_own_token(client: GraphClient, report: dict[str, Any]) -> None:
    """Defect 10: an order was readable by number without login."""
    placed = await place(client, order(report["publicId"]))
    token = placed["accessToken"]
    query = "query ($t: String!) { order(accessToken: $t) { number } }"

    opened = (await client.data(query, t=token))["order"]
    wrong = (placed["order"]["number"], report["accessToken"], token[:-2], f"{token}x", "", "a.b.c", "é" * 2000)
    answers = [(await client.data(query, t=one))["order"] for one in wrong]

    assert opened == {"number": placed["order"]["number"]}
    assert answers == [None] * len(wrong)


async def test_an_order_shows_its_report_as_the_public_sees_it(client: GraphClient, report: dict[str, Any]) -> None:
    placed = await place(client, order(report["publicId"]))

    seen = await client.data(
        "query ($t: String!) { order(accessToken: $t) { report { firstName hairTest { id } } } }",
        t=placed["accessToken"],
    )

    assert seen["order"]["report"] == {"firstName": "Asha", "hairTest": None}


# --- refusals -----------------------------------------------------------------------------------------------------


async def test_all_field_errors_of_an_input_come_at_once(client: GraphClient, report: dict[str, Any]) -> None:
    bad = order(
        report["publicId"],
        phone="12345",
        lines=[{"productId": "x", "quantity": 0}],
        shippingAddress=address(pinCode="012345", name=" ", country="US"),
        billingAddress=address(city="\u202eevil"),
    )

    payload = await place(client, bad)

    assert payload["order"] is None
    assert [(error["code"], ".".join(error["path"])) for error in payload["userErrors"]] == [
        ("INVALID_PHONE", "input.phone"),
        ("OUT_OF_RANGE", "input.lines.0.quantity"),
        ("INVALID_ID", "input.lines.0.productId"),
        ("TOO_SHORT", "input.shippingAddress.name"),
        ("INVALID_PIN_CODE", "input.shippingAddress.pinCode"),
        ("UNSUPPORTED_COUNTRY", "input.shippingAddress.country"),
        ("INVALID_CHARACTERS", "input.billingAddress.city"),
    ]


async def test_an_unavailable_product_is_named_by_its_line(
    client: GraphClient, report: dict[str, Any], database: Any
) -> None:
    await database.products.update_one({"slug": "stress-relief-hair-oil"}, {"$set": {"is_active": False}})
    lines = [
        {"productId": await product_id(client, "gentle-cleansing-shampoo")},
        {"productId": await product_id(client, "stress-relief-hair-oil")},
    ]

    payload = await place(client, order(report["publicId"], lines=lines))

    assert [(error["code"], error["path"]) for error in payload["userErrors"]] == [
        ("PRODUCT_UNAVAILABLE", ["input", "lines", "1", "productId"])
    ]
    assert await database.orders.count_documents({}) == 0


async def test_the_kit_is_ordered_without_what_was_withdrawn(
    client: GraphClient, report: dict[str, Any], database: Any
) -> None:
    """What an order without lines costs is what the report's total says."""
    await database.products.update_one({"slug": "early-stage-hair-growth-oil"}, {"$set": {"is_active": False}})

    payload = await place(client, order(report["publicId"]))
    shown = await client.data(
        "query ($id: String!) { report(publicId: $id) { kit { price { amount } } } }", id=report["publicId"]
    )

    assert [line["productName"] for line in payload["order"]["lines"]] == ["Stress Defense Shampoo"]
    assert payload["order"]["pricing"]["subtotal"] == shown["report"]["kit"]["price"] == {"amount": "329.00"}


async def test_lines_that_cannot_be_ordered_are_named_all_at_once(
    client: GraphClient, report: dict[str, Any], database: Any
) -> None:
    await database.products.update_one({"slug": "stress-relief-hair-oil"}, {"$set": {"is_active": False}})
    await database.products.update_one({"slug": "calm-scalp-serum"}, {"$set": {"is_in_stock": False}})
    slugs = ("stress-relief-hair-oil", "gentle-cleansing-shampoo", "dht-blocker-tablets", "calm-scalp-serum")
    lines = [{"productId": await product_id(client, slug)} for slug in slugs]

    as_reader = await place(client, order(report["publicId"], reportAccessToken=report["accessToken"], lines=lines))
    by_link = await place(client, order(report["publicId"], lines=lines))

    assert [(error["code"], error["path"][2]) for error in as_reader["userErrors"]] == [
        ("PRODUCT_UNAVAILABLE", "0"),
        ("SAFETY_BLOCK", "2"),
        ("PRODUCT_UNAVAILABLE", "3"),
    ]
    assert [(error["code"], error["path"][2]) for error in by_link["userErrors"]] == [
        ("PRODUCT_UNAVAILABLE", "0"),
        ("REPORT_ACCESS_REQUIRED", "2"),
        ("PRODUCT_UNAVAILABLE", "3"),
    ]
    assert await database.orders.count_documents({}) == 0


async def test_nothing_to_swallow_can_be_ordered_before_the_safety_questions(
    client: GraphClient, report: dict[str, Any], database: Any
) -> None:
    """Defect 6: the client's lines pass the same gates as the kit."""
    lines = [{"productId": await product_id(client, "dht-blocker-tablets")}]
    query = """mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) {
      userErrors { code path ... on SafetyBlockError { findings { code severity action canBeCleared } } }
    } }"""

    as_reader = await client.data(
        query, input=order(report["publicId"], reportAccessToken=report["accessToken"], lines=lines)
    )
    by_link = await client.data(query, input=order(report["publicId"], lines=lines))

    [blocked], [closed] = as_reader["placeOrder"]["userErrors"], by_link["placeOrder"]["userErrors"]
    assert blocked == {
        "code": "SAFETY_BLOCK",
        "path": ["input", "lines", "0", "productId"],
        "findings": [
            {
                "code": "G00_SAFETY_UNANSWERED",
                "severity": "MODERATE",
                "action": "ANSWER_SAFETY_QUESTIONS",
                "canBeCleared": False,
            }
        ],
    }
    assert closed == {"code": "REPORT_ACCESS_REQUIRED", "path": ["input", "lines", "0", "productId"]}
    assert await database.orders.count_documents({}) == 0
    assert await database.idempotency.count_documents({"_id": {"$regex": "^placeOrder"}}) == 0


async def test_tablets_are_sold_to_whom_nothing_stands_in_the_way_and_only_with_the_reports_token(
    client: GraphClient, database: Any
) -> None:
    submitted = await submit(client, **SAFE)
    public_id, token = submitted["report"]["publicId"], submitted["accessToken"]
    lines = [{"productId": await product_id(client, "dht-blocker-tablets")}]

    by_link = await place(client, order(public_id, lines=lines))
    as_reader = await place(client, order(public_id, reportAccessToken=token, lines=lines))

    assert [error["code"] for error in by_link["userErrors"]] == ["REPORT_ACCESS_REQUIRED"]
    assert [line["productName"] for line in as_reader["order"]["lines"]] == ["Pattern Care Tablets"]
    assert await database.orders.count_documents({}) == 1


async def test_nothing_that_needs_a_prescription_is_sold(client: GraphClient, database: Any) -> None:
    submitted = await submit(client, **SAFE)
    public_id, token = submitted["report"]["publicId"], submitted["accessToken"]
    lines = [{"productId": await product_id(client, "minoxidil-5-solution")}]

    payload = await place(client, order(public_id, reportAccessToken=token, lines=lines))

    assert [error["code"] for error in payload["userErrors"]] == ["SAFETY_BLOCK"]
    assert await database.orders.count_documents({}) == 0


async def test_a_report_without_a_kit_asks_for_lines(client: GraphClient) -> None:
    submitted = await submit(client, pattern="STAGE_6")

    for token in (None, submitted["accessToken"]):
        payload = await place(client, order(submitted["report"]["publicId"], reportAccessToken=token))

        assert [(error["code"], error["path"]) for error in payload["userErrors"]] == [("REQUIRED", ["input", "lines"])]


async def test_an_unknown_report_is_refused(client: GraphClient, database: Any) -> None:
    for public_id in ("A" * 21 + "Q", "nonsense", ""):
        payload = await place(client, order(public_id))

        assert [error["code"] for error in payload["userErrors"]] == ["REPORT_NOT_FOUND"]
    assert await database.orders.count_documents({}) == 0
