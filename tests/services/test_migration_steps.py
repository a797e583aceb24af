"""Each step between releases can be cut off anywhere and run again. The whole of one: tests/cli/test_migrate_*.py."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from traya_gql.documents.hair_tests import HairTestRecord
from traya_gql.documents.migrations import STEPS
from traya_gql.documents.product_prices import ProductPriceRecord
from traya_gql.documents.products import ProductRecord
from traya_gql.documents.reports import ReportRecord
from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.products import ProductFacts, ProductStatus
from traya_gql.domain.ruleset.codes import GateCode
from traya_gql.domain.ruleset.gates import findings
from traya_gql.domain.ruleset.kit import compose
from traya_gql.domain.ruleset.rules import current_ruleset
from traya_gql.domain.search import near
from traya_gql.domain.shelves import Findable, findable, words_of_product

MADE_AT = datetime(2026, 11, 21, tzinfo=UTC)
HOW_MANY = 1100
"""More than two batches."""


@pytest.fixture
async def first_release(database: Any) -> AsyncIterator[Any]:
    """A database as the first release wrote it, apart from the one that the application uses."""
    apart = database.client.get_database(f"{database.name}_first_release")
    people = [
        {
            "_id": uuid4(),
            "created_at": MADE_AT,
            "report_id": uuid4(),
            "details": {"name": f"Asha {number}", "phone": "+919876543210", "age": 28, "gender": "FEMALE"},
            "is_verified": False,
            "schema_version": 1,
        }
        for number in range(HOW_MANY)
    ]
    tests = [
        {
            "_id": uuid4(),
            "created_at": MADE_AT,
            "customer_id": one["_id"],
            "report_id": one["report_id"],
            "answers": {},
            "schema_version": 1,
        }
        for one in people
    ]
    await apart.customers.insert_many(people)
    await apart.customers.create_index("details.phone", name="phone")
    await apart.hair_tests.insert_many(tests)
    await apart.reports.insert_many({"_id": test["report_id"], "hair_test_id": test["_id"]} for test in tests)
    await apart.orders.insert_one({"_id": uuid4(), "report_id": tests[0]["report_id"], "phone": "+919876543210"})
    yield apart
    await apart.client.drop_database(apart.name)


async def everything(database: Any) -> dict[str, Any]:
    return {
        name: {one["_id"]: one async for one in database[name].find()}
        for name in ("customers", "hair_tests", "reports", "orders", "products")
    }


async def test_version_2_gives_each_hair_test_its_person_and_nobody_an_owner(first_release: Any) -> None:
    before = await everything(first_release)

    await STEPS[2](first_release)

    after = await everything(first_release)
    assert after["customers"] == {}
    assert len(after["hair_tests"]) == HOW_MANY
    for key, test in after["hair_tests"].items():
        old = before["hair_tests"][key]
        person = before["customers"][old["customer_id"]]["details"]
        assert test == {**old, "customer_id": None, "person": person, "schema_version": 2}
    assert {one["customer_id"] for one in [*after["reports"].values(), *after["orders"].values()]} == {None}
    assert list(await first_release.customers.index_information()) == ["_id_"]


async def test_version_2_cut_off_anywhere_can_be_run_again(first_release: Any) -> None:
    before = await everything(first_release)
    # as after a kill -9 in the second batch
    for test in list(before["hair_tests"].values())[:700]:
        person = before["customers"][test["customer_id"]]["details"]
        await first_release.hair_tests.update_one(
            {"_id": test["_id"]}, {"$set": {"person": person, "customer_id": None, "schema_version": 2}}
        )

    await STEPS[2](first_release)
    once = await everything(first_release)
    await STEPS[2](first_release)

    assert await everything(first_release) == once
    assert all(test["person"]["name"].startswith("Asha") for test in once["hair_tests"].values())


async def test_version_2_leaves_customers_who_signed_in_alone(first_release: Any) -> None:
    await STEPS[2](first_release)
    await first_release.customers.insert_one({"_id": uuid4(), "phone": "+919876543210", "version": 1})

    await STEPS[2](first_release)

    assert await first_release.customers.count_documents({}) == 1


async def test_version_2_does_nothing_to_an_empty_database(database: Any) -> None:
    apart = database.client.get_database(f"{database.name}_empty")

    await STEPS[2](apart)

    assert await apart.list_collection_names() == []


# --- version 3 ----------------------------------------------------------------------------------------------------

OIL, SHAMPOO, UNKNOWN = "early-stage-hair-growth-oil", "dandruff-control-shampoo", "an-oil-of-somebody"
OIL_ID, SHAMPOO_ID, UNKNOWN_ID = UUID(int=1), UUID(int=2), UUID(int=3)
MILD = {
    "hair_loss_stage": "STAGE_2",
    "family_history": "MOTHER",
    "dandruff": "MILD",
    "sleep": "DISTURBED",
    "stress": "MODERATE",
    "has_acidity_or_gas": True,
    "energy_level": "LOW",
    "is_taking_supplements": False,
}
SORE = {**MILD, "hair_loss_stage": "STAGE_6", "dandruff": "PSORIASIS", "has_acidity_or_gas": False}
CAUSES = [
    {"code": "GENETIC", "score": 45, "level": "MODERATE", "evidence": "A", "raised_by": ["hairLossStage", "age"]},
    {"code": "DIGESTION", "score": 25, "level": "LOW", "evidence": "TRADITIONAL", "raised_by": ["hasAcidityOrGas"]},
]
MONTHS = {"min_months": 4, "expected_months": 5, "max_months": 8, "reason_if_none": None}


def old_product(id_: UUID, slug: str) -> dict[str, Any]:
    return {
        "_id": id_,
        "created_at": MADE_AT,
        "slug": slug,
        "name": f"The {slug}",
        "category": "OIL",
        "tags": ["EARLY_STAGE"],
        "benefits": ["Smells well."],
        "price_paise": 12_300,
        "is_active": True,
        "schema_version": 1,
    }


def old_test(number: int) -> dict[str, Any]:
    return {
        "_id": uuid4(),
        "created_at": MADE_AT,
        "customer_id": uuid4() if number % 2 else None,
        "report_id": uuid4(),
        "person": {"name": f"Asha {number}", "phone": "+919876543210", "age": 28, "gender": "FEMALE"},
        "answers": SORE if number % 3 == 2 else MILD,
        "schema_version": 2,
    }


def old_report(test: dict[str, Any]) -> dict[str, Any]:
    return {
        "_id": test["report_id"],
        "created_at": MADE_AT,
        "customer_id": test["customer_id"],
        "public_id": test["report_id"].hex,
        "hair_test_id": test["_id"],
        "first_name": "Asha",
        "gender": "FEMALE",
        "assessment": {"ruleset_version": "2026.11-first", "causes": CAUSES, "recovery": MONTHS},
        "kit": [
            {"product_id": OIL_ID, "causes": ["GENETIC"]},
            {"product_id": UNKNOWN_ID, "causes": []},
        ],
        "schema_version": 1,
    }


@pytest.fixture
async def second_release(database: Any) -> AsyncIterator[Any]:
    """A database as the second release wrote it, apart from the one that the application uses."""
    apart = database.client.get_database(f"{database.name}_second_release")
    tests = [old_test(number) for number in range(HOW_MANY)]
    await apart.hair_tests.insert_many(tests)
    await apart.reports.insert_many(old_report(test) for test in tests)
    products = {OIL_ID: OIL, SHAMPOO_ID: SHAMPOO, UNKNOWN_ID: UNKNOWN}
    await apart.products.insert_many(old_product(id_, slug) for id_, slug in products.items())
    await apart.customers.insert_one({"_id": uuid4(), "phone": "+919876543210", "version": 1})
    await apart.orders.insert_one({"_id": uuid4(), "report_id": tests[0]["report_id"], "lines": []})
    yield apart
    await apart.client.drop_database(apart.name)


async def test_version_3_says_of_each_report_what_it_said_in_the_new_words(second_release: Any) -> None:
    before = await everything(second_release)

    await STEPS[3](second_release)

    after = await everything(second_release)
    items = [
        {"product_id": OIL_ID, "score": 0, "reasons": [{"cause": "GENETIC", "points": None}]},
        {"product_id": UNKNOWN_ID, "score": 0, "reasons": []},
    ]
    assert len(after["reports"]) == HOW_MANY
    for key, report in after["reports"].items():
        assert report == {
            **before["reports"][key],
            "assessment": {
                "ruleset_version": "2026.11-first",
                "inputs_hash": None,
                "causes": [
                    {
                        **CAUSES[0],
                        "source": "https://pubmed.ncbi.nlm.nih.gov/15237265/",
                        "raised_by": ["pattern", "age"],
                    },
                    {**CAUSES[1], "source": "https://traya.health/pages/the-science", "raised_by": ["gas"]},
                ],
                "primary_cause": None,
                "hypothesis": None,
                "recovery": {**MONTHS, "goal": None, "milestones": []},
                "confidence": None,
            },
            "findings": report["findings"],
            "kit": {"items": items, "basic": [], "excluded": []},
            "shared_kit": items,
            "clearances": [],
            "schema_version": 2,
        }


async def test_version_3_keeps_what_each_report_held_back(second_release: Any) -> None:
    before = await everything(second_release)

    await STEPS[3](second_release)

    rules = current_ruleset()
    after = await everything(second_release)
    for report in after["reports"].values():
        is_sore = before["hair_tests"][report["hair_test_id"]]["answers"] == SORE
        more = [GateCode.G05_INFLAMED_SCALP, GateCode.G15_ADVANCED] if is_sore else []
        # how much each matters was not said then
        assert report["findings"] == [
            {
                "code": code,
                "severity": rules.gates[code].severity,
                "action": rules.gates[code].action,
                "until_cleared": rules.gates[code].until_cleared,
                "blocked_ingredients": [],
            }
            for code in (GateCode.G00_SAFETY_UNANSWERED, *more)
        ]


async def test_version_3_keeps_each_answer_under_its_new_key(second_release: Any) -> None:
    before = await everything(second_release)

    await STEPS[3](second_release)

    after = await everything(second_release)
    assert len(after["hair_tests"]) == HOW_MANY
    for key, test in after["hair_tests"].items():
        old = before["hair_tests"][key]
        assert test == {
            **old,
            "answers": {
                "age": 28,
                "gender": "FEMALE",
                "pattern": old["answers"]["hair_loss_stage"],
                "familyHistory": "MOTHER",
                "dandruff": old["answers"]["dandruff"],
                "sleep": "DISTURBED",
                "stress": "MODERATE",
                "gas": "OFTEN" if old["answers"]["has_acidity_or_gas"] else "NO",
                "energyLevel": "LOW",
                "isTakingSupplements": False,
            },
            "questionnaire_version": None,
            "consent": None,
            "schema_version": 3,
        }


async def test_version_3_says_what_is_in_the_seeded_products_and_takes_others_off_the_shelf(
    second_release: Any,
) -> None:
    before = await everything(second_release)

    await STEPS[3](second_release)

    after = await everything(second_release)
    seeds = {seed.slug: seed for seed in catalogue()}
    for key, slug in ((OIL_ID, OIL), (SHAMPOO_ID, SHAMPOO)):
        assert after["products"][key] == {**before["products"][key], **seeds[slug].facts}
        assert after["products"][key]["is_active"]
        assert after["products"][key]["ingredients"] == list(seeds[slug].ingredients)
    unknown = after["products"][UNKNOWN_ID]
    assert (unknown["is_active"], unknown["is_in_stock"]) == (False, False)
    assert unknown["regulatory_class"] == "SCHEDULE_H"
    assert (unknown["name"], unknown["price_paise"], unknown["ingredients"]) == (f"The {UNKNOWN}", 12_300, [])


async def test_version_3_changes_no_customer_and_no_order(second_release: Any) -> None:
    before = await everything(second_release)

    await STEPS[3](second_release)

    after = await everything(second_release)
    assert (after["customers"], after["orders"]) == (before["customers"], before["orders"])


async def test_version_3_and_those_after_it_leave_records_that_this_release_reads(second_release: Any) -> None:
    for step in sorted(STEPS)[1:]:
        await STEPS[step](second_release)

    after = await everything(second_release)
    products = [ProductRecord.model_validate(one) for one in after["products"].values()]
    tests = {key: HairTestRecord.model_validate(one) for key, one in after["hair_tests"].items()}
    for one in after["reports"].values():
        report = ReportRecord.model_validate(one)
        answers = tests[report.hair_test_id].answers
        # what a doctor's clearance does with it
        kit = compose(
            assessment=report.assessment,
            pattern=answers.pattern,
            found=findings(answers, current_ruleset()),
            candidates=products,
            rules=current_ruleset(),
        )
        assert UNKNOWN_ID not in {item.product_id for item in kit.items}


@pytest.mark.parametrize(
    ("reports", "tests", "products"), [(0, 0, 0), (1, 0, 0), (700, 0, 0), (HOW_MANY, 700, 0), (HOW_MANY, HOW_MANY, 2)]
)
async def test_version_3_cut_off_anywhere_can_be_run_again(
    second_release: Any, reports: int, tests: int, products: int
) -> None:
    before = await everything(second_release)
    await STEPS[3](second_release)
    whole = await everything(second_release)
    # as after a kill -9: the rest is as it was
    for name, done in (("reports", reports), ("hair_tests", tests), ("products", products)):
        undone = list(before[name].values())[done:]
        await second_release[name].delete_many({"_id": {"$in": [one["_id"] for one in undone]}})
        if undone:
            await second_release[name].insert_many(undone)

    await STEPS[3](second_release)
    once = await everything(second_release)
    await STEPS[3](second_release)

    assert once == whole
    assert await everything(second_release) == whole


async def test_version_3_leaves_what_this_release_wrote_alone(second_release: Any) -> None:
    await STEPS[3](second_release)
    key = {"_id": OIL_ID}
    await second_release.products.update_one(key, {"$set": {"is_in_stock": False, "ingredients": ["ARGAN_OIL"]}})
    await second_release.reports.update_many({}, {"$set": {"clearances": ["of a doctor"], "shared_kit": []}})
    before = await everything(second_release)

    await STEPS[3](second_release)

    assert await everything(second_release) == before


async def test_version_3_does_nothing_to_an_empty_database(database: Any) -> None:
    apart = database.client.get_database(f"{database.name}_empty")

    await STEPS[3](apart)

    assert await apart.list_collection_names() == []


# --- version 4 ----------------------------------------------------------------------------------------------------

NEW_FACTS = {"most_months", "weight_g", "is_draft", "version"}


@pytest.fixture
async def third_release(database: Any) -> AsyncIterator[Any]:
    """The products of a database as the third release wrote it, apart from the one that the application uses."""
    apart = database.client.get_database(f"{database.name}_third_release")
    shop = [
        {
            **seed.product.model_dump(mode="json", exclude={"id", *NEW_FACTS}),
            "_id": seed.id,
            "created_at": MADE_AT,
            "schema_version": 1,
        }
        for seed in catalogue()
    ]
    unknown = {**shop[0], "_id": UNKNOWN_ID, "slug": UNKNOWN, "name": "Somebody's Oil", "is_active": False}
    await apart.products.insert_many([*shop, unknown])
    yield apart
    await apart.client.drop_database(apart.name)


async def test_version_4_says_what_each_product_weighs_and_for_how_long_it_may_be_taken_and_that_none_is_a_draft(
    third_release: Any,
) -> None:
    before = await everything(third_release)

    await STEPS[4](third_release)

    after = await everything(third_release)
    weights = {seed.id: seed.weight_g for seed in catalogue()}
    limits = {seed.id: seed.most_months for seed in catalogue()}
    assert len(weights) == 20
    for key, product in after["products"].items():
        expected = {
            "weight_g": weights.get(key, 500),
            "most_months": limits.get(key),
            "is_draft": False,
            "version": 1,
        }
        assert {name: product[name] for name in NEW_FACTS} == expected
        assert {**product, **before["products"][key]} == product
        record = ProductRecord.model_validate(product)
        assert record.status is (ProductStatus.ARCHIVED if key == UNKNOWN_ID else ProductStatus.PUBLISHED)


async def test_version_4_keeps_the_price_that_each_product_came_with(third_release: Any) -> None:
    await STEPS[4](third_release)

    after = await everything(third_release)
    rows = {one["_id"]: one async for one in third_release.product_prices.find()}
    assert rows == {
        key: {
            "_id": key,
            "product_id": key,
            "version": 1,
            "price_paise": product["price_paise"],
            "previous_price_paise": None,
            "changed_at": MADE_AT,
            "changed_by": None,
            "schema_version": 1,
        }
        for key, product in after["products"].items()
    }
    assert all(ProductPriceRecord.model_validate(row) for row in rows.values())


async def test_version_4_lets_each_product_be_found(third_release: Any) -> None:
    await third_release.products.create_index([("name", "text"), ("benefits", "text"), ("tags", "text")], name="text")
    await third_release.products.create_index([("is_active", 1), ("name", 1)], name="is_active-by-name")

    await STEPS[4](third_release)

    after = await everything(third_release)
    words = {word["_id"]: tuple(word["near"]) async for word in third_release.product_words.find()}
    for key, product in after["products"].items():
        facts = ProductFacts.model_validate({**product, "id": key})
        found = findable(facts)
        assert {name: product[name] for name in Findable.model_fields} == found.model_dump(mode="json")
        assert set(words_of_product(facts)) <= words.keys()
    assert words["dandruff"] == near("dandruff")
    assert await third_release.catalogue_state.count_documents({"_id": "catalogue"}) == 1
    assert set(await third_release.products.index_information()) == {"_id_"}


@pytest.mark.parametrize("done", [0, 1, 20])
async def test_version_4_cut_off_anywhere_can_be_run_again(third_release: Any, done: int) -> None:
    before = await everything(third_release)
    await STEPS[4](third_release)
    whole = await everything(third_release)
    undone = list(before["products"].values())[done:]
    await third_release.products.delete_many({"_id": {"$in": [one["_id"] for one in undone]}})
    await third_release.products.insert_many(undone)

    await STEPS[4](third_release)

    assert await everything(third_release) == whole


async def test_version_4_leaves_what_this_release_wrote_alone(third_release: Any) -> None:
    await STEPS[4](third_release)
    changed = {"weight_g": 1, "most_months": 2, "version": 7, "is_draft": True, "is_active": False}
    await third_release.products.update_one({"_id": UNKNOWN_ID}, {"$set": changed})
    before = await everything(third_release)

    await STEPS[4](third_release)

    assert await everything(third_release) == before


async def test_version_4_writes_no_products_into_an_empty_database(database: Any) -> None:
    apart = database.client.get_database(f"{database.name}_empty_of_version_4")

    await STEPS[4](apart)

    assert await apart.list_collection_names() == ["catalogue_state"]
    await apart.client.drop_database(apart.name)
