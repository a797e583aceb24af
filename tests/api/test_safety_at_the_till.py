"""Safety when an order is placed: what is not sold to whom, what they are told, and that nothing is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from starlette.applications import Starlette

from tests.support import NOTICE, SAFE, SAFE_FOR_HER, GraphClient, SignedIn, counts, hair_test, order
from traya_gql.app import now
from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.ruleset.gates import suits_everybody
from traya_gql.domain.ruleset.rules import current_ruleset
from traya_gql.schema.common import NodeType, node_id, read_node_id

SUBMIT = """mutation ($input: SubmitHairTestInput!) {
  submitHairTest(input: $input) {
    accessToken
    report { publicId kit { items { needsPrescription product { slug } } price { amount } } }
    userErrors { code path }
  }
}"""
PLACE = """mutation ($input: PlaceOrderInput!) {
  placeOrder(input: $input) {
    accessToken
    order { lines { quantity product { slug } } pricing { subtotal { amount } total { amount } } }
    userErrors { code message path ... on SafetyBlockError { findings { FINDING } } }
  }
}"""
KIT = """query ($publicId: String!, $accessToken: String) {
  report(publicId: $publicId, accessToken: $accessToken) {
    kit { items { needsPrescription product { slug } } price { amount } }
  }
}"""

PRODUCTS = {seed.slug: seed.product for seed in catalogue()}
FOR_EVERYBODY = sorted(slug for slug, one in PRODUCTS.items() if suits_everybody(one, current_ruleset()))
DRUGS = ["minoxidil-5-solution", "minoxidil-2-solution", "minoxidil-5-finasteride-solution"]
ON_PRESCRIPTION = "G16_PRESCRIPTION"

MAN: dict[str, Any] = {**SAFE}
WOMAN: dict[str, Any] = {
    **SAFE_FOR_HER,
    "gender": "FEMALE",
    "pattern": "MEDIUM_WIDENING",
    "familyHistory": "MOTHER",
}


@dataclass(frozen=True)
class Till:
    """Orders from one report, as whoever holds its token unless another bearer or none is named."""

    client: GraphClient
    public_id: str
    access_token: str
    kit: dict[str, Any]

    async def order(
        self, *slugs: str, token: str | None = "", bearer: str | None = None, language: str = "", finding: str = "code"
    ) -> dict[str, Any]:
        """Return the payload of an order of one of each; of the kit when none is named."""
        typed = order(self.public_id, reportAccessToken=self.access_token if token == "" else token)
        if slugs:
            typed["lines"] = [{"productId": node_id(NodeType.PRODUCT, PRODUCTS[slug].id)} for slug in slugs]
        typed |= await self.client.told(typed, bearer=bearer)
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        response = await self.client.http.post(
            "/graphql",
            json={"query": PLACE.replace("FINDING", finding), "variables": {"input": typed}},
            headers=headers | ({"accept-language": language} if language else {}),
        )
        assert "errors" not in response.json(), response.text
        payload: dict[str, Any] = response.json()["data"]["placeOrder"]
        assert (payload["order"] is None) is bool(payload["userErrors"])
        return payload


async def till(client: GraphClient, *, bearer: str | None = None, **changes: Any) -> Till:
    payload = (await client.data(SUBMIT, bearer=bearer, input=hair_test(**changes)))["submitHairTest"]
    assert payload["userErrors"] == []
    return Till(client, payload["report"]["publicId"], payload["accessToken"], payload["report"]["kit"])


def refusals(payload: dict[str, Any]) -> list[tuple[str, str]]:
    """Return code and line of each refusal."""
    for error in payload["userErrors"]:
        assert (*error["path"][:2], error["path"][3]) == ("input", "lines", "productId")
    return [(error["code"], error["path"][2]) for error in payload["userErrors"]]


def gates(payload: dict[str, Any]) -> list[list[str]]:
    """Return the findings of each refused line."""
    assert {error["code"] for error in payload["userErrors"]} == {"SAFETY_BLOCK"}
    return [[finding["code"] for finding in error["findings"]] for error in payload["userErrors"]]


BLOCKED_AS_A_WHOLE = {
    "code": "SAFETY_BLOCK",
    "message": "This order cannot be placed with this report, for safety. Please talk to a doctor first.",
    "path": ["input", "lines"],
    "findings": [],
}
"""What whoever has the link alone is told: neither which line, nor why."""

# --- what is not sold, and why ------------------------------------------------------------------------------------

BLOCKED: list[tuple[dict[str, Any], str, list[str]]] = [
    ({**MAN, "medicines": None}, "hair-vitamin-capsules", ["G00_SAFETY_UNANSWERED"]),
    ({**MAN, "suddenOnset": "NOT_SURE"}, "density-serum", ["G00_SAFETY_UNANSWERED"]),
    ({**MAN, "pattern": "COIN_SIZE_PATCH"}, "gentle-cleansing-shampoo", ["G03_PATCHY"]),
    ({**MAN, "scalpSigns": "BURNING"}, "gentle-cleansing-shampoo", ["G04_SCARRING_SIGNS"]),
    ({**MAN, "dandruff": "PSORIASIS"}, "dandruff-control-shampoo", ["G05_INFLAMED_SCALP"]),
    ({**WOMAN, "lifeStage": "PREGNANT"}, "anti-dandruff-hair-oil", ["G06_PREGNANCY"]),
    ({**WOMAN, "isBreastfeeding": "NOT_SURE"}, "calm-scalp-serum", ["G06_PREGNANCY"]),
    (WOMAN, "dht-blocker-tablets", ["G07_FEMALE_5ARI"]),
    ({**MAN, "medicalSafety": "LIVER_DISEASE"}, "stress-management-supplement", ["G09_LIVER"]),
    ({**MAN, "medicines": "SEDATIVE"}, "stress-management-supplement", ["G11_THYROID_AUTOIMMUNE_MEDS"]),
    ({**MAN, "medicines": "OTHER"}, "stress-management-supplement", ["G11_THYROID_AUTOIMMUNE_MEDS"]),
    (
        {**MAN, "lastYearEvents": "SURGERY_OR_HEAVY_MEDICATION"},
        "stress-management-supplement",
        ["G11_THYROID_AUTOIMMUNE_MEDS"],
    ),
    *(
        ({**MAN, "medicalSafety": illness}, "stress-management-supplement", ["G11_THYROID_AUTOIMMUNE_MEDS"])
        for illness in ("HIGH_BLOOD_PRESSURE", "LOW_BLOOD_PRESSURE", "EPILEPSY", "DEPRESSION")
    ),
    ({**MAN, "medicalSafety": "PROSTATE_DISEASE"}, "dht-blocker-tablets", ["G10_MOOD_FERTILITY"]),
    ({**MAN, "isTryingForABaby": True}, "dht-blocker-tablets", ["G10_MOOD_FERTILITY"]),
    (MAN, "early-intervention-hair-tonic", ["G12_IRON"]),
    (
        {**MAN, "healthConditions": "ANAEMIA", "medicalSafety": "BLOOD_DISORDER"},
        "early-intervention-hair-tonic",
        ["G12_IRON"],
    ),
    (
        {**WOMAN, "lifeStage": "POST_PREGNANCY", "monthsSinceBirth": 20},
        "minoxidil-2-solution",
        [ON_PRESCRIPTION, "G19_MINOXIDIL_LABEL"],
    ),
    ({**MAN, "allergies": "COCONUT_OIL"}, "early-stage-hair-growth-oil", ["G13_ALLERGY"]),
    ({**MAN, "pattern": "STAGE_6"}, "gentle-cleansing-shampoo", ["G15_ADVANCED"]),
    ({**MAN, "hasOtherAllergy": True}, "gentle-cleansing-shampoo", ["G20_UNKNOWN_ALLERGY"]),
    (
        {**MAN, "medicalSafety": ["STROKE", "DEPRESSION"], "age": 66, "suddenOnset": True},
        "minoxidil-5-finasteride-solution",
        ["G08_CARDIO", "G10_MOOD_FERTILITY", "G14_AGE65", "G16_PRESCRIPTION", "G19_MINOXIDIL_LABEL"],
    ),
]


@pytest.mark.parametrize(
    ("answers", "slug", "expected"), BLOCKED, ids=[f"{gate[0]} {slug}" for _, slug, gate in BLOCKED]
)
async def test_who_may_read_the_report_is_told_what_stands_in_the_way(
    client: GraphClient, database: Any, answers: dict[str, Any], slug: str, expected: list[str]
) -> None:
    person = await till(client, **answers)
    before = await counts(database, without=("products", "rate_limits"))

    refused = await person.order(slug)
    by_link = await person.order(slug, token=None)

    assert [sorted(one) for one in gates(refused)] == [expected]
    if slug in FOR_EVERYBODY:
        assert by_link["userErrors"] == [BLOCKED_AS_A_WHOLE]
    else:
        assert refusals(by_link) == [("REPORT_ACCESS_REQUIRED", "0")]
    assert await counts(database, without=("products", "rate_limits")) == before


@pytest.mark.parametrize("language", ["", "hi"])
async def test_a_finding_says_what_to_do_in_the_readers_language(client: GraphClient, language: str) -> None:
    person = await till(client, **{**MAN, "medicalSafety": "LIVER_DISEASE"})

    finding = "code severity message action"
    refused = await person.order("stress-management-supplement", language=language, finding=finding)

    [[told]] = [error["findings"] for error in refused["userErrors"]]
    assert bool(re.search(r"[\u0900-\u097f]", told.pop("message"))) is (language == "hi")
    assert told == {"code": "G09_LIVER", "severity": "MODERATE", "action": "TALK_TO_DOCTOR"}


async def test_all_of_a_finding_can_be_asked_for_at_once(client: GraphClient) -> None:
    person = await till(client, **{**MAN, "medicalSafety": "LIVER_DISEASE"})

    finding = "code severity message action canBeCleared"
    refused = await person.order("stress-management-supplement", finding=finding)

    assert refused["userErrors"][0]["findings"][0]["canBeCleared"] is True


@pytest.mark.parametrize(
    ("answers", "also"),
    [
        (MAN, [[], [], []]),
        (WOMAN, [["G07_FEMALE_5ARI"], [], ["G07_FEMALE_5ARI"]]),
        ({**WOMAN, "gender": "OTHER"}, [["G07_FEMALE_5ARI"], [], ["G07_FEMALE_5ARI"]]),
    ],
)
async def test_what_needs_a_prescription_is_never_sold(
    client: GraphClient, database: Any, answers: dict[str, Any], also: list[list[str]]
) -> None:
    person = await till(client, **answers)

    refused = [await person.order(slug) for slug in DRUGS]

    assert [gates(payload) for payload in refused] == [[[*more, ON_PRESCRIPTION]] for more in also]
    assert refused[1]["userErrors"][0]["message"] == (
        "Minoxidil 2% Topical Solution is sold on a doctor's prescription only. Remove it from the order."
    )
    assert await database.orders.count_documents({}) == 0


async def test_beside_a_draft_with_the_same_active_its_name_is_not_told(client: GraphClient, database: Any) -> None:
    person = await till(client, **MAN)
    await database.products.update_one(
        {"slug": "scalp-health-capsules"}, {"$set": {"is_active": False, "is_draft": True}}
    )

    refused = await person.order("scalp-health-capsules", "hair-vitamin-capsules")

    assert refusals(refused) == [("PRODUCT_UNAVAILABLE", "0"), ("SAFETY_BLOCK", "1")]
    assert "Scalp Health" not in str(refused)
    assert await database.orders.count_documents({}) == 0


async def test_of_two_lines_with_the_same_active_the_second_is_refused(client: GraphClient, database: Any) -> None:
    person = await till(client, **MAN)

    refused = await person.order("scalp-health-capsules", "gentle-cleansing-shampoo", "hair-vitamin-capsules")
    alone = await person.order("hair-vitamin-capsules")

    assert refusals(refused) == [("SAFETY_BLOCK", "2")]
    assert gates(refused) == [["G17_DUPLICATE_ACTIVE"]]
    assert refused["userErrors"][0]["message"] == (
        "Hair Vitamin Capsules acts by the same substance as Scalp Health Capsules. "
        "Take one of the two out of the order."
    )
    assert alone["userErrors"] == []
    assert await database.orders.count_documents({}) == 1


async def test_a_product_that_makes_a_forbidden_claim_is_not_sold(client: GraphClient, database: Any) -> None:
    person = await till(client, **MAN)
    slug = "gentle-cleansing-shampoo"
    await database.products.update_one({"slug": slug}, {"$set": {"benefits": ["Guaranteed to cure baldness."]}})

    by_reader = await person.order(slug)
    by_link = await person.order(slug, token=None)

    assert gates(by_reader) == [["G18_CLAIMS"]]
    assert refusals(by_link) == [("REPORT_ACCESS_REQUIRED", "0")]


@pytest.mark.parametrize("change", [{"is_in_stock": False}, {"is_active": False}])
async def test_what_cannot_be_sent_is_unavailable_to_everybody_whatever_stands_in_the_way(
    client: GraphClient, database: Any, change: dict[str, bool]
) -> None:
    person = await till(client, **{**WOMAN, "lifeStage": "PREGNANT"})
    slugs = ["gentle-cleansing-shampoo", "hair-vitamin-capsules", "minoxidil-2-solution"]
    await database.products.update_many({"slug": {"$in": slugs}}, {"$set": change})

    for token in (person.access_token, None):
        refused = await person.order(*slugs, "nutrition-boost-shampoo", token=token)

        assert refusals(refused) == [("PRODUCT_UNAVAILABLE", place) for place in "012"]
    assert await database.orders.count_documents({}) == 0


async def test_one_line_that_is_refused_refuses_the_whole_order(client: GraphClient, database: Any) -> None:
    person = await till(client, **{**MAN, "allergies": "FRAGRANCE"})
    before = await counts(database, without=("products", "rate_limits"))

    refused = await person.order("gentle-cleansing-shampoo", "nutrition-boost-shampoo", "minoxidil-5-solution")

    assert gates(refused) == [["G13_ALLERGY"], [ON_PRESCRIPTION]]
    assert refusals(refused) == [("SAFETY_BLOCK", "1"), ("SAFETY_BLOCK", "2")]
    assert refused["accessToken"] is None
    assert await counts(database, without=("products", "rate_limits")) == before


async def test_the_rules_of_today_hold_for_reports_of_yesterday(client: GraphClient, database: Any) -> None:
    """What is sold is looked at when it is sold, and not when the report was made."""
    person = await till(client, **MAN)
    item = {"product_id": PRODUCTS["early-intervention-hair-tonic"].id, "score": 90, "reasons": []}
    await database.reports.update_one({}, {"$set": {"findings": []}, "$push": {"kit.items": item}})

    payload = await person.order()
    named = await person.order("early-intervention-hair-tonic")

    assert "early-intervention-hair-tonic" not in [line["product"]["slug"] for line in payload["order"]["lines"]]
    assert gates(named) == [["G12_IRON"]]


# --- the kit that is shown ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("answers", [MAN, WOMAN, {**WOMAN, "lifeStage": "PREGNANT"}])
async def test_an_order_without_lines_takes_a_month_of_the_kit_that_the_asker_sees(
    client: GraphClient, database: Any, answers: dict[str, Any]
) -> None:
    await database.products.update_many(
        {"category": {"$in": ["MEDICINE", "SHAMPOO"]}}, {"$set": {"monthly_quantity": 2}}
    )
    person = await till(client, **answers)
    shared = (await client.data(KIT, publicId=person.public_id))["report"]["kit"]

    for kit, token in ((person.kit, person.access_token), (shared, None)):
        made = (await person.order(token=token))["order"]

        expected = [one["product"]["slug"] for one in kit["items"] if not one["needsPrescription"]]
        assert [line["product"]["slug"] for line in made["lines"]] == expected
        assert {line["quantity"] for line in made["lines"] if "shampoo" in line["product"]["slug"]} == {2}
        assert made["pricing"]["subtotal"] == kit["price"]
    assert {one["product"]["slug"] for one in shared["items"]} <= set(FOR_EVERYBODY)


async def test_a_kit_that_holds_a_drug_is_ordered_without_it(client: GraphClient) -> None:
    person = await till(client, **{**MAN, "familyHistory": "BOTH"})

    payload = await person.order()

    listed = {one["product"]["slug"]: one["needsPrescription"] for one in person.kit["items"]}
    assert listed.pop("minoxidil-5-solution") is True
    assert [line["product"]["slug"] for line in payload["order"]["lines"]] == list(listed)
    assert not any(listed.values())


# --- who is who ---------------------------------------------------------------------------------------------------

PRIVATE = "hair-vitamin-capsules"


async def test_the_owner_who_is_signed_in_needs_no_token(client: GraphClient) -> None:
    asha = await client.sign_in()
    own = await till(client, bearer=asha.access_token, **MAN)

    ordered = await own.order(PRIVATE, token=None, bearer=asha.access_token)
    refused = await own.order("minoxidil-5-solution", token=None, bearer=asha.access_token)

    assert ordered["userErrors"] == []
    assert gates(refused) == [[ON_PRESCRIPTION]]


async def test_everybody_else_is_a_stranger_even_who_treats_the_owner(
    client: GraphClient, started: tuple[Starlette, GraphClient], database: Any
) -> None:
    asha = await client.sign_in()
    own = await till(client, bearer=asha.access_token, **{**MAN, "allergies": "COCONUT_OIL"})
    staff = started[0].state.services.staff
    strangers: list[SignedIn] = []
    for number, roles in enumerate((["DOCTOR"], ["COACH"], ["ADMIN"], [])):
        phone = f"900000000{number}"
        if roles:
            await staff.invite(phone, roles, by=None)
        strangers.append(await client.sign_in(phone))
    for treating in strangers[:2]:
        await staff.assign(customer_id=key_of(asha), staff_id=key_of(treating), by=key_of(strangers[2]))
    before = await counts(database, without=("products", "rate_limits"))

    for stranger in strangers:
        refused = await own.order(PRIVATE, "early-stage-hair-growth-oil", token=None, bearer=stranger.access_token)

        # while one line needs access no answer is looked at
        assert refusals(refused) == [("REPORT_ACCESS_REQUIRED", "0")]
        alone = await own.order("early-stage-hair-growth-oil", token=None, bearer=stranger.access_token)
        assert alone["userErrors"] == [BLOCKED_AS_A_WHOLE]
    assert await counts(database, without=("products", "rate_limits")) == before
    with_the_token = await own.order(PRIVATE, bearer=strangers[0].access_token)
    assert with_the_token["userErrors"] == []


async def test_no_other_token_opens_the_order(client: GraphClient) -> None:
    person, other = await till(client, **MAN), await till(client, **MAN)
    placed = await other.order()

    for token in (other.access_token, placed["accessToken"], f"{person.access_token}x", " ", "é", "x" * 5000):
        refused = await person.order(PRIVATE, token=token)

        assert refusals(refused) == [("REPORT_ACCESS_REQUIRED", "0")], token


async def test_the_token_opens_the_order_as_bearer_too(client: GraphClient) -> None:
    person = await till(client, **MAN)

    payload = await person.order(PRIVATE, token=None, bearer=person.access_token)

    assert payload["userErrors"] == []


async def test_who_has_the_link_is_told_of_the_whole_order_and_only_when_nothing_else_is_wrong(
    client: GraphClient, database: Any
) -> None:
    person = await till(client, **{**MAN, "allergies": "FRAGRANCE"})
    plain, with_fragrance, gone = "gentle-cleansing-shampoo", "nutrition-boost-shampoo", "early-stage-hair-growth-oil"
    await database.products.update_one({"slug": gone}, {"$set": {"is_in_stock": False}})
    before = await counts(database, without=("products", "rate_limits"))

    assert refusals(await person.order(with_fragrance, gone, token=None)) == [("PRODUCT_UNAVAILABLE", "1")]
    assert refusals(await person.order(with_fragrance, PRIVATE, gone, token=None)) == [
        ("REPORT_ACCESS_REQUIRED", "1"),
        ("PRODUCT_UNAVAILABLE", "2"),
    ]
    for slugs in ((with_fragrance,), (plain, with_fragrance), (with_fragrance, "stress-defense-shampoo", plain)):
        assert (await person.order(*slugs, token=None))["userErrors"] == [BLOCKED_AS_A_WHOLE]
    assert await counts(database, without=("products", "rate_limits")) == before
    assert (await person.order(plain, token=None))["userErrors"] == []


async def test_an_order_of_the_links_kit_is_refused_whole_and_of_the_persons_own_is_not(
    client: GraphClient, database: Any
) -> None:
    """Whoever has the link sees what is in the kit: a line that is left out would tell the allergy."""
    person = await till(client, **{**MAN, "allergies": "FRAGRANCE"})
    shared = (await client.data(KIT, publicId=person.public_id))["report"]["kit"]
    assert [item["product"]["slug"] for item in shared["items"]] == [
        "early-stage-hair-growth-oil",
        "stress-defense-shampoo",
    ]

    refused = await person.order(token=None)
    # of the kit one is not there any more: what is left is still looked at
    await database.products.update_one({"slug": "early-stage-hair-growth-oil"}, {"$set": {"is_in_stock": False}})
    again = await person.order(token=None)

    assert refused["userErrors"] == again["userErrors"] == [BLOCKED_AS_A_WHOLE]
    assert await database.orders.count_documents({}) == 0
    own = (await person.order())["order"]["lines"]
    assert not [line for line in own if "FRAGRANCE" in PRODUCTS[line["product"]["slug"]].ingredients]


# --- what the same person answered since --------------------------------------------------------------------------

WITH_FRAGRANCE = "nutrition-boost-shampoo"
ALLERGIC: dict[str, Any] = {**MAN, "allergies": "FRAGRANCE"}


@pytest.mark.parametrize("name", ["Asha Rao", "ASHA rao"])
async def test_an_older_safer_report_does_not_sell_what_the_newest_forbids(
    client: GraphClient, database: Any, name: str
) -> None:
    bearer = (await client.sign_in()).access_token
    older = await till(client, bearer=bearer, **MAN)
    before = await older.order(WITH_FRAGRANCE, PRIVATE, bearer=bearer)

    await till(client, bearer=bearer, **{**ALLERGIC, "medicines": None, "name": name})

    assert before["userErrors"] == []
    by_owner = await older.order(WITH_FRAGRANCE, PRIVATE, "gentle-cleansing-shampoo", token=None, bearer=bearer)
    assert gates(by_owner) == [["G13_ALLERGY"], ["G00_SAFETY_UNANSWERED"]]
    assert refusals(by_owner) == [("SAFETY_BLOCK", "0"), ("SAFETY_BLOCK", "1")]
    assert gates(await older.order(WITH_FRAGRANCE)) == [["G13_ALLERGY"]]
    assert (await older.order(WITH_FRAGRANCE, token=None))["userErrors"] == [BLOCKED_AS_A_WHOLE]
    assert await database.orders.count_documents({}) == 1
    # what is left of its kit is sold
    rest = [line["product"]["slug"] for line in (await older.order(bearer=bearer))["order"]["lines"]]
    assert rest != []
    assert not [slug for slug in rest if "FRAGRANCE" in PRODUCTS[slug].ingredients]


async def test_a_newer_safer_report_does_not_open_what_the_older_forbids(client: GraphClient) -> None:
    bearer = (await client.sign_in()).access_token
    older = await till(client, bearer=bearer, **ALLERGIC)
    newer = await till(client, bearer=bearer, **MAN)

    assert gates(await older.order(WITH_FRAGRANCE)) == [["G13_ALLERGY"]]
    assert (await newer.order(WITH_FRAGRANCE))["userErrors"] == []


async def test_only_the_last_of_several_newer_reports_counts(client: GraphClient) -> None:
    bearer = (await client.sign_in()).access_token
    oldest = await till(client, bearer=bearer, **MAN)

    sold = []
    for answers in (ALLERGIC, MAN):
        await till(client, bearer=bearer, **answers)
        sold.append((await oldest.order(WITH_FRAGRANCE))["order"] is not None)

    assert sold == [False, True]


async def test_the_report_of_another_in_the_family_does_not_matter(client: GraphClient) -> None:
    bearer = (await client.sign_in()).access_token
    asha = await till(client, bearer=bearer, **MAN)
    ravi = await till(client, bearer=bearer, **{**ALLERGIC, "name": "Ravi Rao"})

    assert (await asha.order(WITH_FRAGRANCE))["userErrors"] == []
    assert (await asha.order(WITH_FRAGRANCE, token=None))["userErrors"] == []
    assert gates(await ravi.order(WITH_FRAGRANCE)) == [["G13_ALLERGY"]]


async def test_a_report_that_nobody_owns_goes_by_its_own_answers(client: GraphClient) -> None:
    """A guest's tests are joined by nothing but a name that anybody can type."""
    bearer = (await client.sign_in()).access_token
    guest = await till(client, **MAN)

    await till(client, **ALLERGIC)
    await till(client, bearer=bearer, **ALLERGIC)

    assert (await guest.order(WITH_FRAGRANCE, bearer=bearer))["userErrors"] == []


# --- answers that are too old -------------------------------------------------------------------------------------

A_YEAR = timedelta(days=366)


async def made(database: Any, *, ago: timedelta) -> None:
    """Make all hair tests as old as this."""
    await database.hair_tests.update_many({}, {"$set": {"created_at": now() - ago}})


async def test_on_old_answers_what_does_not_suit_everybody_is_not_sold(client: GraphClient, database: Any) -> None:
    bearer = (await client.sign_in()).access_token
    person = await till(client, bearer=bearer, **MAN)
    await made(database, ago=A_YEAR + timedelta(seconds=1))
    before = await counts(database, without=("products", "rate_limits"))

    by_token = await person.order(PRIVATE, "gentle-cleansing-shampoo", "minoxidil-5-solution")
    by_owner = await person.order("calm-scalp-serum", token=None, bearer=bearer)
    by_link = await person.order(PRIVATE, token=None)

    # before a prescription is asked for, too: it would go by answers as well
    assert refusals(by_token) == [("REPORT_TOO_OLD", "0"), ("REPORT_TOO_OLD", "2")]
    assert by_token["userErrors"][0] == {
        "code": "REPORT_TOO_OLD",
        "message": (
            "The answers behind this report are too old to order Hair Vitamin Capsules. Take the hair test again."
        ),
        "path": ["input", "lines", "0", "productId"],
        # of the type that has findings, and with none
        "findings": [],
    }
    assert refusals(by_owner) == [("REPORT_TOO_OLD", "0")]
    assert refusals(by_link) == [("REPORT_ACCESS_REQUIRED", "0")]
    assert await counts(database, without=("products", "rate_limits")) == before


async def test_on_old_answers_what_suits_everybody_is_still_sold_but_not_against_an_allergy(
    client: GraphClient, database: Any
) -> None:
    person = await till(client, **ALLERGIC)
    await made(database, ago=3 * A_YEAR)

    refused = await person.order("gentle-cleansing-shampoo", WITH_FRAGRANCE, PRIVATE)

    assert refusals(refused) == [("SAFETY_BLOCK", "1"), ("REPORT_TOO_OLD", "2")]
    for token in (person.access_token, None):
        assert (await person.order("gentle-cleansing-shampoo", token=token))["userErrors"] == []


async def test_of_a_kit_on_old_answers_what_suits_everybody_is_ordered(client: GraphClient, database: Any) -> None:
    # all of her kit suits everybody, and nothing of his
    gentle = await till(client, **{**WOMAN, "lifeStage": "PREGNANT"})
    person = await till(client, **MAN)
    slugs = [item["product"]["slug"] for item in gentle.kit["items"]]
    await made(database, ago=A_YEAR + timedelta(seconds=1))

    ordered = await gentle.order()
    nothing = await person.order()

    assert set(slugs) <= set(FOR_EVERYBODY)
    assert [line["product"]["slug"] for line in ordered["order"]["lines"]] == slugs != []
    assert {item["product"]["slug"] for item in person.kit["items"]}.isdisjoint(FOR_EVERYBODY)
    assert [(error["code"], error["path"]) for error in nothing["userErrors"]] == [("REQUIRED", ["input", "lines"])]


async def test_answers_hold_for_a_year(client: GraphClient, database: Any) -> None:
    person = await till(client, **MAN)
    await made(database, ago=A_YEAR - timedelta(minutes=1))

    assert (await person.order(PRIVATE))["userErrors"] == []


# --- consent goes before all --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "header", "kept"),
    [("HI", "", "HI"), ("EN", "hi", "EN"), ("HI", "hi", "HI"), (None, "hi", "HI"), (None, "", "EN")],
)
async def test_consent_is_kept_in_the_language_in_which_the_notice_was_shown(
    client: GraphClient, database: Any, stated: str | None, header: str, kept: str
) -> None:
    """A client may show the notice in another language than it asks for texts in."""
    consent = {"isGiven": True, "noticeVersion": NOTICE, "language": stated}

    response = await client.http.post(
        "/graphql",
        json={"query": SUBMIT, "variables": {"input": hair_test(consent=consent)}},
        headers={"accept-language": header} if header else {},
    )

    assert response.json()["data"]["submitHairTest"]["userErrors"] == []
    [stored] = await database.hair_tests.find().to_list()
    assert stored["consent"]["language"] == kept


def key_of(who: SignedIn) -> UUID:
    return UUID(hex=read_node_id(who.customer_id).key)
