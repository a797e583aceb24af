"""What a link shows: the same for everybody with the same public causes and months, whatever else they answered."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from graphql import GraphQLObjectType, GraphQLSchema, build_schema, get_named_type, is_leaf_type, is_required_argument
from starlette.applications import Starlette

from tests.support import SAFE, SAFE_FOR_HER, GraphClient, hair_test, order
from traya_gql.app import now
from traya_gql.documents.collections import DOCUMENTS
from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.products import ProductFacts
from traya_gql.domain.ruleset.answers import QUESTIONS
from traya_gql.domain.ruleset.gates import suits_everybody
from traya_gql.domain.ruleset.rules import current_ruleset
from traya_gql.services.seeding import seed_catalogue

SCHEMA = build_schema((Path(__file__).parent.parent.parent / "schema.graphql").read_text(encoding="utf-8"))
OWN = {"id", "publicId", "createdAt"}
"""What is every report's own."""

SUBMIT = """mutation ($input: SubmitHairTestInput!) {
  submitHairTest(input: $input) { report { publicId } userErrors { code path } }
}"""
PLACE = """mutation ($input: PlaceOrderInput!) {
  placeOrder(input: $input) {
    order { lines { productName quantity } }
    userErrors { __typename code message path ... on SafetyBlockError { findings { code } } }
  }
}"""


def everything_of(schema: GraphQLSchema, name: str, above: tuple[str, ...] = ()) -> Iterator[str]:
    """Give the selection of all fields of a type, and of theirs; a type is not entered again below itself."""
    type_ = schema.type_map[name]
    assert isinstance(type_, GraphQLObjectType)
    for field, definition in type_.fields.items():
        required = [argument for argument, one in definition.args.items() if is_required_argument(one)]
        assert not required, f"{name}.{field}: say what its arguments are"
        inner = get_named_type(definition.type)
        if is_leaf_type(inner):
            yield field
        elif inner.name not in (*above, name):
            yield f"{field} {{ {' '.join(everything_of(schema, inner.name, (*above, name)))} }}"


FIELDS = " ".join(everything_of(SCHEMA, "Report"))
WHOLE = f"query ($publicId: String!) {{ report(publicId: $publicId) {{ {FIELDS} }} }}"
NODE = f"query ($id: ID!) {{ node(id: $id) {{ ... on Report {{ {FIELDS} }} }} }}"

# --- who there is -------------------------------------------------------------------------------------------------

PLAIN: dict[str, Any] = {
    "dandruff": "NO",
    "sleep": "PEACEFUL",
    "stress": "NONE",
    "gas": "NO",
    "energyLevel": "HIGH",
    "isTakingSupplements": False,
}
BASES: dict[str, dict[str, Any]] = {
    "man": {**PLAIN, **SAFE, "gender": "MALE", "age": 28, "pattern": "STAGE_2", "familyHistory": "FATHER"},
    "woman": {
        **PLAIN,
        **SAFE_FOR_HER,
        "gender": "FEMALE",
        "age": 28,
        "pattern": "MEDIUM_WIDENING",
        "familyHistory": "MOTHER",
    },
}
PRODUCTS = [seed.product for seed in catalogue()]
FOR_EVERYBODY = {one.slug for one in PRODUCTS if suits_everybody(one, current_ruleset())}
ALLERGENS = sorted({str(one) for product in PRODUCTS for one in product.ingredients})
SCARRING = ("PAIN", "BURNING", "PUSTULES", "SHINY_PATCHES", "BROW_OR_LASH_LOSS")
ONLY = {"PCOS": "woman", "PROSTATE_DISEASE": "man"}


def conditions(base: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each condition that a person may state, by name, as changes of the answers of the base."""
    for key in ("healthConditions", "medicalSafety", "medicines", "knownDeficiencies", "lastYearEvents", "scalpSigns"):
        for value in QUESTIONS[key].options:
            if ONLY.get(value, base) == base:
                yield f"{key} {value}", {key: value}
    for allergen in ALLERGENS:
        yield f"allergies {allergen}", {"allergies": allergen}
    for key in ("suddenOnset", "hasOtherAllergy", "itch"):
        yield f"{key} YES", {key: True}
    for key in BASES[base].keys() & {*SAFE, *SAFE_FOR_HER}:
        yield f"{key} unanswered", {key: None}
    if base == "man":
        yield "isTryingForABaby YES", {"isTryingForABaby": True}
        return
    yield "isBreastfeeding YES", {"isBreastfeeding": True}
    yield "isBreastfeeding NOT_SURE", {"isBreastfeeding": "NOT_SURE"}
    for stage in set(QUESTIONS["lifeStage"].options) - {"NONE"}:
        yield f"lifeStage {stage}", {"lifeStage": stage}
    for months in (0, 11, 12, 24):
        yield f"monthsSinceBirth {months}", {"lifeStage": "POST_PREGNANCY", "monthsSinceBirth": months}


class Seen(NamedTuple):
    """What whoever has the link sees and is told, for the base and for each of its conditions.

    Answers to three orders: of all 20 products (`all_ordered`), of those that suit everybody (`plain`), of the kit.
    """

    base: str
    pages: dict[str, str]
    whole: dict[str, dict[str, Any]]
    all_ordered: dict[str, Any]
    plain: dict[str, Any]
    kits: dict[str, Any]


async def look(client: GraphClient, base: str) -> Seen:
    ids = {
        node["slug"]: node["id"]
        for node in (await client.data("{ products(first: 100) { nodes { slug id } } }"))["products"]["nodes"]
    }
    lines = [{"productId": ids[product.slug]} for product in PRODUCTS]
    plain = [{"productId": ids[product.slug]} for product in PRODUCTS if product.slug in FOR_EVERYBODY]
    seen = Seen(base, {}, {}, {}, {}, {})
    for name, changes in [("base", {}), *conditions(base)]:
        submitted = (await client.data(SUBMIT, input=hair_test(**{**BASES[base], **changes})))["submitHairTest"]
        assert submitted["userErrors"] == [], name
        public_id = submitted["report"]["publicId"]
        report = (await client.data(WHOLE, publicId=public_id))["report"]
        seen.whole[name] = report
        seen.pages[name] = json.dumps({key: value for key, value in report.items() if key not in OWN})
        seen.all_ordered[name] = (await client.data(PLACE, input=order(public_id, lines=lines)))["placeOrder"]
        seen.plain[name] = (await client.data(PLACE, input=order(public_id, lines=plain)))["placeOrder"]
        seen.kits[name] = (await client.data(PLACE, input=order(public_id)))["placeOrder"]
    return seen


@pytest.fixture(scope="module", params=["man", "woman"])
async def seen(started: tuple[Starlette, GraphClient], request: pytest.FixtureRequest) -> Seen:
    """Each condition, submitted once for all tests of this file: they read what was seen, and no database."""
    app, client = started
    for document in DOCUMENTS:
        await app.state.storage.database[document.Settings.name].delete_many({})
    await seed_catalogue(now=now())
    return await look(client, request.param)


# --- the page -----------------------------------------------------------------------------------------------------

# what is listed, or named in months, beside what the base has: everything else must look like the base
MORE: dict[str, set[str]] = {
    # of a man two months more alone: the cause is hidden
    "hormones, two months more": {"healthConditions PCOS", "healthConditions THYROID", "lifeStage MENOPAUSE"},
    "a trigger": {
        "lastYearEvents SEVERE_ILLNESS",
        "lastYearEvents SURGERY_OR_HEAVY_MEDICATION",
        "lastYearEvents HEAVY_WEIGHT_CHANGE",
        "lifeStage POST_PREGNANCY",
        *(f"monthsSinceBirth {months}" for months in (0, 11, 12, 24)),
    },
    "nutrition, two months more": {"healthConditions ANAEMIA"},
    "nutrition": {"knownDeficiencies VITAMIN_D", "knownDeficiencies VITAMIN_B12"},
    "no months": {f"scalpSigns {sign}" for sign in SCARRING},
}


def test_the_page_tells_conditions_apart_by_public_causes_and_months_alone(seen: Seen) -> None:
    alike = defaultdict(set)
    for name, page in seen.pages.items():
        alike[page].add(name)

    special = [names & seen.pages.keys() for names in MORE.values()]
    rest = seen.pages.keys() - set().union(*special)
    assert sorted(map(sorted, alike.values())) == sorted(map(sorted, [rest, *special]))
    assert len(rest) > 70


def test_what_sets_the_groups_apart_is_what_is_meant_to_be_public(seen: Seen) -> None:
    """See docs/decisions/0022."""
    months = {"man": 5, "woman": 6}[seen.base]

    def shown(name: str) -> tuple[list[str], int | None, str | None]:
        report = seen.whole[name]
        recovery = report["recovery"]
        return [one["cause"] for one in report["causes"]], recovery["expectedMonths"], recovery["reasonIfNone"]

    assert shown("base") == (["GENETIC"], months, None)
    # of men the thyroid alone can raise it
    hormones = {"man": ["GENETIC"], "woman": ["GENETIC", "HORMONAL"]}[seen.base]
    assert shown("healthConditions THYROID") == (hormones, months + 2, None)
    assert shown("lastYearEvents SEVERE_ILLNESS") == (["GENETIC", "TRIGGER_EVENT"], months, None)
    assert shown("healthConditions ANAEMIA") == (["GENETIC", "NUTRITIONAL"], months + 2, None)
    assert shown("knownDeficiencies VITAMIN_D") == (["GENETIC", "NUTRITIONAL"], months, None)
    assert shown("scalpSigns PAIN") == (["GENETIC"], None, "NEEDS_DOCTOR")


def test_nothing_private_is_shown_to_anybody(seen: Seen) -> None:
    private = {"hypothesis", "primaryCause", "confidence", "inputsHash", "safetyFindings", "hairTest"}
    for name, report in seen.whole.items():
        assert {field for field, value in report.items() if value is None} == private, name
        assert report["kit"]["excluded"] is None
        assert report["kit"]["isWhole"] is False
        for cause in report["causes"]:
            assert (cause["score"], cause["level"], cause["answersThatRaisedIt"]) == (None, None, None)


def test_the_kit_of_the_link_suits_everybody_and_is_none_without_months(seen: Seen) -> None:
    kits = {name: [item["product"]["slug"] for item in report["kit"]["items"]] for name, report in seen.whole.items()}

    assert {slug for kit in kits.values() for slug in kit} <= FOR_EVERYBODY
    assert kits["base"] == ["early-stage-hair-growth-oil", "advanced-hair-fall-shampoo"]
    assert {name for name, kit in kits.items() if not kit} == {f"scalpSigns {sign}" for sign in SCARRING}


async def test_a_report_looks_the_same_by_its_id(client: GraphClient) -> None:
    submitted = await client.data(SUBMIT, input=hair_test(**BASES["woman"], name="Asha Rao"))
    public_id = submitted["submitHairTest"]["report"]["publicId"]

    by_link = (await client.data(WHOLE, publicId=public_id))["report"]
    by_id = (await client.data(NODE, id=by_link["id"]))["node"]

    assert by_id == by_link


async def test_a_weight_change_lists_nutrition_too_for_who_has_little_energy(client: GraphClient) -> None:
    """Public on purpose: two answers have to come together, and neither is named."""
    causes = {}
    for event in ("SEVERE_ILLNESS", "HEAVY_WEIGHT_CHANGE"):
        typed = hair_test(**{**BASES["man"], "energyLevel": "LOW", "lastYearEvents": event})
        public_id = (await client.data(SUBMIT, input=typed))["submitHairTest"]["report"]["publicId"]
        report = (await client.data(WHOLE, publicId=public_id))["report"]
        causes[event] = [one["cause"] for one in report["causes"]]

    assert causes == {
        "SEVERE_ILLNESS": ["GENETIC", "TRIGGER_EVENT"],
        "HEAVY_WEIGHT_CHANGE": ["GENETIC", "TRIGGER_EVENT", "NUTRITIONAL"],
    }


# --- orders by link -----------------------------------------------------------------------------------------------


def is_held_back(condition: str, products: Iterable[ProductFacts]) -> bool:
    """Return whether one of these products, all of which suit everybody, must not be sold to who has the condition."""
    key, _, value = condition.partition(" ")
    if key == "allergies":
        return any(value in product.ingredients for product in products)
    return condition == "hasOtherAllergy YES" or value in SCARRING


SAFETY_BLOCK = {
    "__typename": "SafetyBlockError",
    "code": "SAFETY_BLOCK",
    "message": "This order cannot be placed with this report, for safety. Please talk to a doctor first.",
    "path": ["input", "lines"],
    "findings": [],
}


def test_an_order_of_all_products_is_answered_alike_whatever_was_answered(seen: Seen) -> None:
    """While one line needs access no answer is looked at: not even an allergy against a plain line beside it."""
    for name, payload in seen.all_ordered.items():
        assert payload == seen.all_ordered["base"], name


def test_what_does_not_suit_everybody_needs_access_before_an_answer_is_looked_at(seen: Seen) -> None:
    base = seen.all_ordered["base"]

    assert base["order"] is None
    refused = {PRODUCTS[int(error["path"][2])].slug for error in base["userErrors"]}
    assert refused == {product.slug for product in PRODUCTS} - FOR_EVERYBODY
    assert len(FOR_EVERYBODY) == 6
    assert len(base["userErrors"]) == 14
    for error in base["userErrors"]:
        assert (error["__typename"], error["code"]) == ("ReportAccessRequiredError", "REPORT_ACCESS_REQUIRED")
        assert error["path"] == ["input", "lines", error["path"][2], "productId"]


def test_an_order_of_plain_products_tells_that_something_stands_in_the_way_and_not_what(seen: Seen) -> None:
    """What is unsafe must not be sold, whoever asks: one bit for the whole order."""
    plain = [product for product in PRODUCTS if product.slug in FOR_EVERYBODY]
    sold = seen.plain["base"]
    blocked = {name for name in seen.plain if is_held_back(name, plain)}

    assert sold["userErrors"] == []
    assert [line["productName"] for line in sold["order"]["lines"]] == [product.name for product in plain]
    for name, payload in seen.plain.items():
        assert payload == ({"order": None, "userErrors": [SAFETY_BLOCK]} if name in blocked else sold), name
    # what is in them, five signs, and an allergy that cannot be checked
    assert len(blocked) == len({one for product in plain for one in product.ingredients}) + len(SCARRING) + 1


def test_an_order_of_the_links_kit_holds_what_the_page_shows_or_is_refused_as_a_whole(seen: Seen) -> None:
    """Nothing is left out of it silently: what is missing would tell which allergy there is."""
    facts = {product.slug: product for product in PRODUCTS}
    for condition, report in seen.whole.items():
        payload = seen.kits[condition]
        shown = [facts[item["product"]["slug"]] for item in report["kit"]["items"]]
        if not shown:
            assert payload["order"] is None
            assert [error["code"] for error in payload["userErrors"]] == ["REQUIRED"], condition
        elif is_held_back(condition, shown):
            assert payload == {"order": None, "userErrors": [SAFETY_BLOCK]}, condition
        else:
            assert payload["userErrors"] == [], condition
            assert payload["order"]["lines"] == [
                {"productName": one.name, "quantity": one.monthly_quantity} for one in shown
            ]
    assert seen.kits["allergies ARGAN_OIL"]["userErrors"] == [SAFETY_BLOCK]
    assert seen.kits["allergies SOY_PROTEIN"]["userErrors"] == []


def test_what_can_be_ordered_by_link_is_said_alike_whatever_was_answered(seen: Seen) -> None:
    """It says what is sold to everybody, and not that this person's allergy holds it back."""
    for name, report in seen.whole.items():
        assert {item["canBeOrdered"] for item in report["kit"]["items"]} <= {True}, name
