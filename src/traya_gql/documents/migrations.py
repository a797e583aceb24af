"""Stored data outlives versions: what brings an older database up to this release."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any
from uuid import uuid4

from pymongo import UpdateOne
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.products import ProductFacts
from traya_gql.domain.search import near
from traya_gql.domain.shelves import findable, words_of_product

Database = AsyncDatabase[dict[str, Any]]
Step = Callable[[Database], Awaitable[None]]

FIRST_VERSION = 1
_META = "meta"
_KEY = "schema"
_BATCH = 500
_INDEX_NOT_FOUND = 27
_COLLECTION_NOT_FOUND = 26


class DatabaseIsNewer(RuntimeError):
    """The database was written by a newer release."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(
            f"The database is of version {found}, and this release knows versions up to {known}. "
            "Install the newer release again, or use another database."
        )


class DatabaseIsOlder(RuntimeError):
    """The database was written by an older release and has to be migrated first."""

    def __init__(self, missing: list[int]) -> None:
        steps = ", ".join(map(str, missing))
        super().__init__(f"The database is of an older release (missing: version {steps}). Run: traya-gql migrate")


async def _give_hair_tests_their_person(database: Database) -> None:
    """Version 2: a hair test holds who it is about, and `customers` holds those who signed in.

    Before, each hair test had a customer of its own, as typed. Nothing that was written has an owner yet.
    """
    hair_tests, customers = database["hair_tests"], database["customers"]
    missing = {"person": {"$exists": False}}
    while batch := await hair_tests.find(missing, {"customer_id": 1}).limit(_BATCH).to_list():
        ids = [test["customer_id"] for test in batch]
        people = {one["_id"]: one["details"] async for one in customers.find({"_id": {"$in": ids}}, {"details": 1})}
        await hair_tests.bulk_write(
            [
                UpdateOne(
                    {"_id": test["_id"], **missing},
                    {"$set": {"person": people[test["customer_id"]], "customer_id": None, "schema_version": 2}},
                )
                for test in batch
            ],
            ordered=False,
        )
    for name in ("reports", "orders"):
        await database[name].update_many({"customer_id": {"$exists": False}}, {"$set": {"customer_id": None}})
    # last: until here the step can be run again from what they hold
    await customers.delete_many({"details": {"$exists": True}})
    # made anew with other keys, some under the same name
    for name, indexes in {
        "customers": ("verified_phone", "phone"),
        "hair_tests": ("customer_id",),
        "orders": ("phone",),
    }.items():
        for index in indexes:
            await _drop_index(database, name, index)


# --- version 3 --------------------------------------------------------------------------------------------------------

# as they were in that release: a step never depends on rules that change
_SOURCES = {
    "GENETIC": "https://pubmed.ncbi.nlm.nih.gov/15237265/",
    "NUTRITIONAL": "https://doi.org/10.1159/000519952",
    "STRESS": "https://www.jcdr.net/ReadXMLFile.aspx?id=6170",
    "SCALP_HEALTH": "https://pmc.ncbi.nlm.nih.gov/articles/PMC4852869",
    "SLEEP": "https://link.springer.com/10.1007/s11325-022-02618-x",
    "DIGESTION": "https://traya.health/pages/the-science",
}
_QUESTIONS = {"hairLossStage": "pattern", "hasAcidityOrGas": "gas"}
_KEPT_QUESTIONS = {
    "familyHistory": "family_history",
    "dandruff": "dandruff",
    "sleep": "sleep",
    "stress": "stress",
    "energyLevel": "energy_level",
    "isTakingSupplements": "is_taking_supplements",
}


async def _bring_tests_to_the_new_questions(database: Database) -> None:
    """Version 3: answers by the keys of the questionnaire, reports with findings and two kits, products with facts.

    No cause, month or product of a report changes.
    """
    reports, hair_tests, products = database["reports"], database["hair_tests"], database["products"]
    old = {"shared_kit": {"$exists": False}}
    # reports first: they need the answers as they were
    async for batch in _batches(reports, old, {"hair_test_id": 1, "assessment": 1, "kit": 1}):
        ids = [report["hair_test_id"] for report in batch]
        answers = {one["_id"]: one["answers"] async for one in hair_tests.find({"_id": {"$in": ids}}, {"answers": 1})}
        await reports.bulk_write(
            [
                UpdateOne({"_id": one["_id"], **old}, {"$set": _new_report(one, answers[one["hair_test_id"]])})
                for one in batch
            ],
            ordered=False,
        )
    old = {"answers.hair_loss_stage": {"$exists": True}}
    async for batch in _batches(hair_tests, old, {"answers": 1, "person": 1}):
        await hair_tests.bulk_write(
            [UpdateOne({"_id": one["_id"], **old}, {"$set": _new_test(one)}) for one in batch], ordered=False
        )
    facts = {seed.slug: seed.facts for seed in catalogue()}
    old = {"ingredients": {"$exists": False}}
    async for product in products.find(old, {"slug": 1}):
        await products.update_one({"_id": product["_id"], **old}, {"$set": facts.get(product["slug"], _NO_FACTS)})


# a product of which nothing is known is not sold until somebody says what is in it
_NO_FACTS: dict[str, Any] = {
    "is_active": False,
    "is_in_stock": False,
    "is_for_men": False,
    "ingredients": [],
    "actives": [],
    "regulatory_class": "SCHEDULE_H",
    "pattern_fit": [],
    "affinities": {},
    "stages": [],
    "evidence": "TRADITIONAL",
    "hsn": "3305",
    "usage": {"en": "Ask us before you use it.", "hi": "इस्तेमाल से पहले हमसे पूछें।"},
    "cautions": [],
    "monthly_quantity": 1,
}


def _new_report(report: dict[str, Any], answers: dict[str, Any]) -> dict[str, Any]:
    assessment = report["assessment"]
    causes = [
        {
            **cause,
            "source": _SOURCES[cause["code"]],
            "raised_by": [_QUESTIONS.get(key, key) for key in cause["raised_by"]],
        }
        for cause in assessment["causes"]
    ]
    items = [
        {
            "product_id": item["product_id"],
            "score": 0,
            "reasons": [{"cause": cause, "points": None} for cause in item["causes"]],
        }
        for item in report["kit"]
    ]
    return {
        "assessment": {
            "ruleset_version": assessment["ruleset_version"],
            "inputs_hash": None,
            "causes": causes,
            "primary_cause": None,
            "hypothesis": None,
            "recovery": {**assessment["recovery"], "goal": None, "milestones": []},
            "confidence": None,
        },
        "findings": _old_findings(answers),
        "kit": {"items": items, "basic": [], "excluded": []},
        "shared_kit": items,
        "clearances": [],
        "schema_version": 2,
    }


def _old_findings(answers: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the rules of that release held back, under the names of the gates that do it now."""
    found = [("G00_SAFETY_UNANSWERED", "MODERATE", "ANSWER_SAFETY_QUESTIONS", False)]
    if answers["dandruff"] in {"PSORIASIS", "SEBORRHEIC"}:
        found.append(("G05_INFLAMED_SCALP", "MODERATE", "BOOK_DERMATOLOGIST", True))
    if answers["hair_loss_stage"] == "STAGE_6":
        found.append(("G15_ADVANCED", "MODERATE", "BOOK_DERMATOLOGIST", True))
    return [
        {
            "code": code,
            "severity": severity,
            "action": action,
            "until_cleared": until_cleared,
            "blocked_ingredients": [],
        }
        for code, severity, action, until_cleared in found
    ]


def _new_test(test: dict[str, Any]) -> dict[str, Any]:
    answers = test["answers"]
    return {
        "answers": {
            "age": test["person"]["age"],
            "gender": test["person"]["gender"],
            "pattern": answers["hair_loss_stage"],
            "gas": "OFTEN" if answers["has_acidity_or_gas"] else "NO",
            **{key: answers[name] for key, name in _KEPT_QUESTIONS.items()},
        },
        "questionnaire_version": None,
        "consent": None,
        "schema_version": 3,
    }


# --- version 4 --------------------------------------------------------------------------------------------------------

# in grams, as they were in that release
_WEIGHTS = {
    **dict.fromkeys(
        (
            "anti-dandruff-hair-oil",
            "genetic-hair-fall-control-oil",
            "stress-relief-hair-oil",
            "nutrition-boost-hair-oil",
            "early-stage-hair-growth-oil",
        ),
        260,
    ),
    **dict.fromkeys(
        (
            "dandruff-control-shampoo",
            "gentle-cleansing-shampoo",
            "advanced-hair-fall-shampoo",
            "stress-defense-shampoo",
            "nutrition-boost-shampoo",
        ),
        300,
    ),
    **dict.fromkeys(
        (
            "hair-vitamin-capsules",
            "dht-blocker-tablets",
            "stress-management-supplement",
            "scalp-health-capsules",
            "density-serum",
            "calm-scalp-serum",
            "minoxidil-5-solution",
            "minoxidil-2-solution",
            "minoxidil-5-finasteride-solution",
        ),
        120,
    ),
    "early-intervention-hair-tonic": 320,
}
_MOST_MONTHS = {"stress-management-supplement": 3, "early-intervention-hair-tonic": 3}  # by their labels
_UNKNOWN_WEIGHT = 500  # nobody pays for a parcel that is much lighter, and the company for one that is much heavier


async def _prepare_products_for_a_shop(database: Database) -> None:
    """Version 4: products have a weight, a version and the price that they came with, and are no drafts.

    They hold for how many months at a stretch their labels let somebody take them.

    They are found by words and shelves of their own. Should the rules for those change, a later step makes them anew.
    """
    products = database["products"]
    old = {"weight_g": {"$exists": False}}
    facts = {"is_draft": False, "version": 1}
    for slug, weight in _WEIGHTS.items():
        known = {**facts, "weight_g": weight, "most_months": _MOST_MONTHS.get(slug)}
        await products.update_one({"slug": slug, **old}, {"$set": known})
    await products.update_many(old, {"$set": {**facts, "weight_g": _UNKNOWN_WEIGHT, "most_months": None}})
    # until now no price could be changed
    async for batch in _batches(products, {}, {"price_paise": 1, "created_at": 1}):
        await database["product_prices"].bulk_write(
            [UpdateOne({"_id": one["_id"]}, {"$setOnInsert": _first_price(one)}, upsert=True) for one in batch],
            ordered=False,
        )
    missing = {"search_terms": {"$exists": False}}
    async for batch in _batches(products, missing, {}):
        facts_of = {one["_id"]: ProductFacts.model_validate({**one, "id": one["_id"]}) for one in batch}
        # first, so that a step that is cut off does them again
        words = {word for one in facts_of.values() for word in words_of_product(one)}
        await database["product_words"].bulk_write([_add_word(word) for word in sorted(words)], ordered=False)
        await products.bulk_write(
            [UpdateOne({"_id": key}, {"$set": findable(one).model_dump()}) for key, one in facts_of.items()],
            ordered=False,
        )
    await database["catalogue_state"].update_one(
        {"_id": "catalogue"}, {"$setOnInsert": {"revision": uuid4(), "schema_version": 1}}, upsert=True
    )
    for index in ("text", *(f"{fields}-by-{key}" for fields in _LISTED_BY for key in _SORTED_BY)):
        await _drop_index(database, "products", index)


_LISTED_BY = ("is_active", "is_active-category", "is_active-tags", "is_active-category-tags")
_SORTED_BY = ("name", "price_paise", "created_at")


def _add_word(word: str) -> UpdateOne:
    return UpdateOne({"_id": word}, {"$setOnInsert": {"near": list(near(word)), "schema_version": 1}}, upsert=True)


def _first_price(product: dict[str, Any]) -> dict[str, Any]:
    return {
        "product_id": product["_id"],
        "version": 1,
        "price_paise": product["price_paise"],
        "previous_price_paise": None,
        "changed_at": product["created_at"],
        "changed_by": None,
        "schema_version": 1,
    }


async def _batches(
    collection: AsyncCollection[dict[str, Any]], query: dict[str, Any], fields: dict[str, int]
) -> AsyncIterator[list[dict[str, Any]]]:
    """Give all documents that meet the query, some hundred at a time; each is read once, whatever is changed."""
    after: dict[str, Any] = {}
    while batch := await collection.find({**query, **after}, fields).sort("_id").limit(_BATCH).to_list():
        yield batch
        after = {"_id": {"$gt": batch[-1]["_id"]}}


async def _drop_index(database: Database, name: str, index: str) -> None:
    try:
        await database[name].drop_index(index)
    except OperationFailure as error:
        if error.code not in (_INDEX_NOT_FOUND, _COLLECTION_NOT_FOUND):
            raise


STEPS: Mapping[int, Step] = {
    2: _give_hair_tests_their_person,
    3: _bring_tests_to_the_new_questions,
    4: _prepare_products_for_a_shop,
}
"""What brings a database from the version before to this one; may be run again after a fault."""


async def version(database: Database) -> int | None:
    """Return the version of the stored data; None for a database that was never used."""
    found = await database[_META].find_one({"_id": _KEY}, comment="migrations.version")
    return None if found is None else int(found["version"])


async def check_version(database: Database, *, steps: Mapping[int, Step] = STEPS) -> list[int]:
    """Return the versions that the database has yet to be brought to, oldest first; a new one is marked as current.

    Raises:
        DatabaseIsNewer: another release wrote it.
    """
    latest = max(steps, default=FIRST_VERSION)
    await database[_META].update_one(
        {"_id": _KEY}, {"$setOnInsert": {"version": latest}}, upsert=True, comment="migrations.check"
    )
    found = await version(database) or latest
    if found > latest:
        raise DatabaseIsNewer(found, latest)
    return [step for step in sorted(steps) if step > found]


async def refuse_unless_current(database: Database, *, steps: Mapping[int, Step] = STEPS) -> None:
    """Do nothing for a current database.

    Raises:
        DatabaseIsNewer: another release wrote it.
        DatabaseIsOlder: it must be migrated first.
    """
    if missing := await check_version(database, steps=steps):
        raise DatabaseIsOlder(missing)


async def migrate(
    database: Database, *, steps: Mapping[int, Step] = STEPS, on_step: Callable[[int], None] = lambda _: None
) -> list[int]:
    """Run the missing steps in order, and return the versions reached. A fault leaves the version before it."""
    missing = await check_version(database, steps=steps)
    for target in missing:
        on_step(target)
        await steps[target](database)
        await database[_META].update_one({"_id": _KEY}, {"$set": {"version": target}}, comment="migrations.done")
    return missing
