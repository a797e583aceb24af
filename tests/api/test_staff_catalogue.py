"""Keeping the catalogue: drafts, changes, prices and their history, what is sold and what is not any more."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from starlette.applications import Starlette

from tests.support import GraphClient, SignedIn, counts, example, hair_test, order
from traya_gql.domain.products import ProductStatus
from traya_gql.domain.roles import Role
from traya_gql.schema.common import NodeType, node_id, read_node_id

KEEPER = "9000000010"

_PRODUCT = """product {
  id slug name category tags benefits price { amount } status version isActive isInStock needsPrescription
  regulatoryClass hsn evidence monthlyQuantity mostMonths weightGrams ingredients { code } actives { code }
  usage cautions
} userErrors { code path message }"""
CREATE = f"mutation ($input: CreateProductInput!) {{ createProduct(input: $input) {{ {_PRODUCT} }} }}"
UPDATE = (
    f"mutation ($id: ID!, $input: UpdateProductInput!) {{ updateProduct(id: $id, input: $input) {{ {_PRODUCT} }} }}"
)
PUBLISH = (
    f"mutation ($id: ID!, $input: PublishProductInput!) {{ publishProduct(id: $id, input: $input) {{ {_PRODUCT} }} }}"
)
ARCHIVE = (
    f"mutation ($id: ID!, $input: ArchiveProductInput!) {{ archiveProduct(id: $id, input: $input) {{ {_PRODUCT} }} }}"
)
DELETE = """mutation ($id: ID!, $input: DeleteProductInput!) {
  deleteProduct(id: $id, input: $input) { deletedId userErrors { code message path } }
}"""
LAST_CHANGE = "query ($id: ID!) { catalogueProduct(id: $id) { changedAt changedById } }"
PRICES = """query ($id: ID!, $first: Int! = 20, $after: String) {
  productPrices(productId: $id, first: $first, after: $after) {
    nodes { price { amount } previousPrice { amount } changedAt changedById } pageInfo { hasNextPage endCursor }
  }
}"""
CATALOGUE = """query ($status: ProductStatus, $first: Int! = 100, $after: String) {
  catalogue(status: $status, first: $first, after: $after) {
    nodes { product { slug status } } pageInfo { hasNextPage endCursor }
  }
}"""
FACTS = """query ($id: ID!) { catalogueProduct(id: $id) {
  product { id } isForMen patternFit affinities { cause strength } stages usage { en hi } cautions { en hi }
} }"""
BY_SLUG = "query ($slug: String!) { product(slug: $slug) { id status } }"
BY_ID = "query ($id: ID!) { product(id: $id) { id status } node(id: $id) { id } nodes(ids: [$id]) { id } }"

WRITTEN: dict[str, Any] = {
    "name": "Light Evening Oil",
    "category": "OIL",
    "tags": ["STRESS"],
    "benefits": ["Supports a comfortable scalp."],
    "price": "425.50",
    "ingredients": ["COCONUT_OIL", "NEEM"],
    "actives": ["NEEM"],
    "regulatoryClass": "COSMETIC",
    "patternFit": ["STAGE_1", "STAGE_2"],
    "affinities": [{"cause": "STRESS", "strength": 3}],
    "stages": [1, 2],
    "evidence": "TRADITIONAL",
    "hsn": "33059019",
    "usage": {"en": "Massage a little into the scalp.", "hi": "थोड़ा-सा तेल सिर की त्वचा पर मलें।"},
    "cautions": [{"en": "Keep it out of the eyes.", "hi": "आँखों से दूर रखें।"}],
    "monthlyQuantity": 2,
    "mostMonths": 6,
    "weightGrams": 250,
}


@pytest.fixture
async def keeper(started: tuple[Starlette, GraphClient], client: GraphClient) -> SignedIn:
    """Somebody who keeps the catalogue."""
    await started[0].state.services.staff.invite(KEEPER, [Role.CATALOG_MANAGER], by=None)
    return await client.sign_in(KEEPER)


class Shop:
    """The catalogue, as its keeper changes it."""

    def __init__(self, client: GraphClient, keeper: SignedIn) -> None:
        self.client = client
        self.bearer = keeper.access_token

    async def payload(self, query: str, **variables: Any) -> dict[str, Any]:
        [answer] = (await self.client.data(query, bearer=self.bearer, **variables)).values()
        assert isinstance(answer, dict)
        return answer

    async def done(self, query: str, **variables: Any) -> dict[str, Any]:
        """Return the product of a mutation that was done."""
        answer = await self.payload(query, **variables)
        assert answer["userErrors"] == []
        product: dict[str, Any] = answer["product"]
        return product

    async def refused(self, query: str, **variables: Any) -> list[tuple[str, str]]:
        """Return codes and paths of a mutation that did nothing."""
        answer = await self.payload(query, **variables)
        assert answer["product"] is None
        return [(error["code"], ".".join(error["path"])) for error in answer["userErrors"]]

    async def create(self, **changes: Any) -> dict[str, Any]:
        return await self.done(CREATE, input={**WRITTEN, **changes})

    async def update(self, product: dict[str, Any], **changes: Any) -> dict[str, Any]:
        typed = {"expectedVersion": product["version"], **changes}
        return await self.done(UPDATE, id=product["id"], input=typed)

    async def publish(self, product: dict[str, Any]) -> dict[str, Any]:
        return await self.done(PUBLISH, id=product["id"], input={"expectedVersion": product["version"]})

    async def archive(self, product: dict[str, Any]) -> dict[str, Any]:
        return await self.done(ARCHIVE, id=product["id"], input={"expectedVersion": product["version"]})

    async def seeded(self, slug: str) -> dict[str, Any]:
        """Return id and version of a product that came with the release."""
        found = await self.client.data(
            "query ($slug: String!) { product(slug: $slug) { id version name price { amount } } }", slug=slug
        )
        product: dict[str, Any] = found["product"]
        return product

    async def prices(self, id_: str) -> list[tuple[str, str | None]]:
        found = await self.client.data(PRICES, bearer=self.bearer, id=id_)
        nodes = found["productPrices"]["nodes"]
        return [(one["price"]["amount"], one["previousPrice"] and one["previousPrice"]["amount"]) for one in nodes]

    async def slugs(self, status: str | None) -> list[str]:
        found = await self.client.data(CATALOGUE, bearer=self.bearer, status=status)
        return [one["product"]["slug"] for one in found["catalogue"]["nodes"]]


@pytest.fixture
def shop(client: GraphClient, keeper: SignedIn) -> Shop:
    return Shop(client, keeper)


async def stored(database: Any) -> tuple[Any, ...]:
    """Return all that a mutation of the catalogue could write."""
    names = ("products", "product_prices", "catalogue_state")
    return tuple([await database[name].find().sort("_id").to_list() for name in names])


# --- drafts -----------------------------------------------------------------------------------------------------------


async def test_a_product_is_created_as_a_draft_with_all_that_was_written(shop: Shop) -> None:
    made = await shop.create()

    assert made.pop("id")
    assert made == {
        "slug": "light-evening-oil",
        "name": "Light Evening Oil",
        "category": "OIL",
        "tags": ["STRESS"],
        "benefits": ["Supports a comfortable scalp."],
        "price": {"amount": "425.50"},
        "status": "DRAFT",
        "version": 1,
        "isActive": False,
        "isInStock": True,
        "needsPrescription": False,
        "regulatoryClass": "COSMETIC",
        "hsn": "33059019",
        "evidence": "TRADITIONAL",
        "monthlyQuantity": 2,
        "mostMonths": 6,
        "weightGrams": 250,
        "ingredients": [{"code": "COCONUT_OIL"}, {"code": "NEEM"}],
        "actives": [{"code": "NEEM"}],
        "usage": "Massage a little into the scalp.",
        "cautions": ["Keep it out of the eyes."],
    }


async def test_its_keeper_reads_what_is_written_in_both_languages(shop: Shop) -> None:
    made = await shop.create()

    found = (await shop.client.data(FACTS, bearer=shop.bearer, id=made["id"]))["catalogueProduct"]

    assert found == {
        "product": {"id": made["id"]},
        "isForMen": False,
        **{name: WRITTEN[name] for name in ("patternFit", "affinities", "stages", "usage", "cautions")},
    }


async def test_what_is_left_out_of_a_new_product_is_empty_and_a_slug_can_be_typed(shop: Shop) -> None:
    left_out = ("tags", "benefits", "ingredients", "actives", "patternFit", "affinities", "stages", "cautions")
    typed = {name: value for name, value in WRITTEN.items() if name not in (*left_out, "monthlyQuantity", "mostMonths")}

    made = await shop.done(CREATE, input={**typed, "slug": "evening-2", "name": "शाम का तेल"})

    assert (made["slug"], made["name"]) == ("evening-2", "शाम का तेल")
    assert [made[name] for name in ("tags", "benefits", "ingredients", "actives", "cautions")] == [[]] * 5
    assert (made["monthlyQuantity"], made["mostMonths"]) == (1, None)


async def test_a_draft_is_seen_by_who_keeps_the_catalogue_alone(
    started: tuple[Starlette, GraphClient], client: GraphClient, shop: Shop
) -> None:
    made = await shop.create()
    await started[0].state.services.staff.invite("9000000011", [Role.ADMIN], by=None)
    others = [None, *[(await client.sign_in(phone)).access_token for phone in ("9000000011", "9000000012")]]
    nothing = {"product": None, "node": None, "nodes": [None]}

    for bearer in others:
        assert await client.data(BY_ID, bearer=bearer, id=made["id"]) == nothing
        assert await client.data(BY_SLUG, bearer=bearer, slug=made["slug"]) == {"product": None}
        listed = await client.data(
            "{ products(first: 100, filter: { isActive: null }) { totalCount nodes { slug } } }", bearer=bearer
        )
        assert listed["products"]["totalCount"] == 20
        assert made["slug"] not in [one["slug"] for one in listed["products"]["nodes"]]

    seen = {"id": made["id"]}
    assert await client.data(BY_ID, bearer=shop.bearer, id=made["id"]) == {
        "product": {**seen, "status": "DRAFT"},
        "node": seen,
        "nodes": [seen],
    }
    assert (await client.data(BY_SLUG, bearer=shop.bearer, slug=made["slug"]))["product"] == {**seen, "status": "DRAFT"}


async def test_a_token_that_has_ended_hides_a_draft_and_nothing_else(client: GraphClient, shop: Shop) -> None:
    made = await shop.create()
    known = await shop.seeded("density-serum")

    query = "query ($id: ID!) { product(id: $id) { id } }"
    assert await client.data(query, bearer="no-such-token", id=made["id"]) == {"product": None}
    assert await client.data(query, bearer="no-such-token", id=known["id"]) == {"product": {"id": known["id"]}}


async def test_ordering_a_draft_is_refused_as_ordering_what_does_not_exist(
    client: GraphClient, shop: Shop, report: dict[str, Any]
) -> None:
    made = await shop.create()

    async def refusal(id_: str) -> Any:
        typed = order(report["publicId"], lines=[{"productId": id_, "quantity": 1}])
        query = """mutation ($input: PlaceOrderInput!) {
          placeOrder(input: $input) { order { id } userErrors { __typename code message path } }
        }"""
        return await client.data(query, input=typed)

    unknown = await refusal(node_id(NodeType.PRODUCT, UUID(int=1)))

    assert await refusal(made["id"]) == unknown
    assert unknown["placeOrder"]["userErrors"][0]["code"] == "PRODUCT_UNAVAILABLE"


async def test_a_draft_is_in_no_kit_and_what_is_published_is(client: GraphClient, shop: Shop) -> None:
    # the best there could be for somebody under stress
    strong = [{"cause": cause, "strength": 3} for cause in ("STRESS", "GENETIC", "SLEEP", "SCALP_HEALTH")]
    every = [f"STAGE_{stage}" for stage in range(1, 7)]
    made = await shop.create(affinities=strong, patternFit=every, actives=[], price="1")
    query = """mutation ($input: SubmitHairTestInput!) {
      submitHairTest(input: $input) { report { kit { items { product { id } } } } }
    }"""

    async def kit() -> list[str]:
        answered = await client.data(query, input=hair_test())
        return [one["product"]["id"] for one in answered["submitHairTest"]["report"]["kit"]["items"]]

    before = await kit()
    published = await shop.publish(made)
    after = await kit()
    await shop.archive(published)

    assert made["id"] not in before
    assert made["id"] in after
    assert await kit() == before


async def test_the_keepers_list_holds_all_the_newest_first(shop: Shop) -> None:
    first = await shop.create()
    second = await shop.publish(await shop.create(name="Second"))
    third = await shop.archive(await shop.publish(await shop.create(name="Third")))

    made = [third["slug"], second["slug"], first["slug"]]
    assert (await shop.slugs(None))[:3] == made
    assert len(await shop.slugs(None)) == 23
    assert await shop.slugs("DRAFT") == [first["slug"]]
    assert (await shop.slugs("PUBLISHED"))[0] == second["slug"]
    assert await shop.slugs("ARCHIVED") == [third["slug"]]


@pytest.mark.parametrize("status", [None, *ProductStatus])
async def test_the_keepers_list_is_read_page_by_page(shop: Shop, database: Any, status: ProductStatus | None) -> None:
    # many of one moment: the id decides
    template = await database.products.find_one({})
    states = {
        "DRAFT": {"is_draft": True, "is_active": False},
        "PUBLISHED": {"is_draft": False, "is_active": True},
        "ARCHIVED": {"is_draft": False, "is_active": False},
    }
    await database.products.insert_many(
        {**template, "_id": UUID(int=number), "slug": f"p-{number}", "name": f"P {number}", **state}
        for number, state in enumerate(list(states.values()) * 5)
    )

    seen: list[str] = []
    after = None
    while True:
        page = (await shop.client.data(CATALOGUE, bearer=shop.bearer, status=status, first=4, after=after))["catalogue"]
        seen += [one["product"]["slug"] for one in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    wanted = {} if status is None else states[status]
    expected = database.products.find(wanted).sort([("created_at", -1), ("_id", -1)])
    assert seen == [one["slug"] async for one in expected]


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"name": "x"}, [("TOO_SHORT", "input.name")]),
        ({"name": "शांत तेल"}, [("REQUIRED", "input.slug")]),
        ({"slug": "Not A Slug"}, [("INVALID_CHARACTERS", "input.slug")]),
        ({"price": "0"}, [("OUT_OF_RANGE", "input.price")]),
        ({"price": "50000.01"}, [("OUT_OF_RANGE", "input.price")]),
        ({"price": "4.999"}, [("OUT_OF_RANGE", "input.price")]),
        ({"ingredients": ["STARDUST"], "actives": []}, [("UNKNOWN_INGREDIENT", "input.ingredients.0")]),
        ({"ingredients": ["NEEM"] * 21}, [("TOO_MANY", "input.ingredients")]),
        ({"actives": ["ZINC"]}, [("UNKNOWN_INGREDIENT", "input.actives.0")]),
        ({"tags": ["STRESS"] * 14}, [("TOO_MANY", "input.tags")]),
        ({"benefits": ["Good."] * 11}, [("TOO_MANY", "input.benefits")]),
        ({"cautions": [WRITTEN["usage"]] * 11}, [("TOO_MANY", "input.cautions")]),
        ({"mostMonths": 25}, [("OUT_OF_RANGE", "input.mostMonths")]),
        ({"weightGrams": 20_001}, [("OUT_OF_RANGE", "input.weightGrams")]),
        ({"hsn": "33"}, [("UNKNOWN_HSN", "input.hsn")]),
        ({"name": "Density Serum"}, [("ALREADY_EXISTS", "input.name")]),
        ({"name": " density  SERUM "}, [("ALREADY_EXISTS", "input.name")]),
        ({"name": "density serum", "slug": "another"}, [("ALREADY_EXISTS", "input.name")]),
        (
            {"name": "Density Serum", "slug": "density-serum"},
            [("ALREADY_EXISTS", "input.name"), ("ALREADY_EXISTS", "input.slug")],
        ),
        # the slug that follows from it
        ({"name": "Density: Serum!"}, [("ALREADY_EXISTS", "input.slug")]),
        ({"benefits": ["<b>Good</b>"]}, [("INVALID_CHARACTERS", "input.benefits.0")]),
        ({"benefits": ["Makes hair grow."]}, [("FORBIDDEN_CLAIM", "input.benefits.0")]),
        ({"slug": "calm-scalp-serum"}, [("ALREADY_EXISTS", "input.slug")]),
        # the slug of a product that came with a release: none would have it today
        ({"slug": "early-stage-hair-growth-oil"}, [("FORBIDDEN_CLAIM", "input.slug")]),
        ({"benefits": ["Regrows hair."]}, [("FORBIDDEN_CLAIM", "input.benefits.0")]),
        ({"name": "Ganjapan Cure Oil"}, [("FORBIDDEN_CLAIM", "input.name")]),
        (
            {"usage": {"en": "Guaranteed.", "hi": "डैंड्रफ जड़ से ख़त्म।"}, "benefits": ["Rusi jad se khatam."], "price": "0"},
            [
                ("FORBIDDEN_CLAIM", "input.benefits.0"),
                ("OUT_OF_RANGE", "input.price"),
                ("FORBIDDEN_CLAIM", "input.usage.en"),
                ("FORBIDDEN_CLAIM", "input.usage.hi"),
            ],
        ),
    ],
)
async def test_what_cannot_be_created_is_named_and_nothing_is_written(
    shop: Shop, database: Any, changes: dict[str, Any], errors: list[tuple[str, str]]
) -> None:
    before = await stored(database)

    assert await shop.refused(CREATE, input={**WRITTEN, **changes}) == errors

    assert await stored(database) == before


async def test_a_forbidden_claim_is_answered_with_what_to_say_instead(shop: Shop) -> None:
    answer = await shop.payload(CREATE, input={**WRITTEN, "benefits": ["Guaranteed results."]})

    [error] = answer["userErrors"]
    assert '"guaranteed"' in error["message"]
    assert error["message"].endswith("Leave the promise out.")


async def test_a_name_or_slug_that_is_taken_is_answered_with_the_product_that_has_it(shop: Shop) -> None:
    async def messages(**changes: Any) -> list[str]:
        answer = await shop.payload(CREATE, input={**WRITTEN, **changes})
        return [error["message"] for error in answer["userErrors"]]

    assert await messages(name="density serum") == [
        'There is a product with this name already: "Density Serum" (density-serum). Choose another one.'
    ]
    assert await messages(slug="calm-scalp-serum") == [
        'The slug calm-scalp-serum belongs to "Calm Scalp Serum". Type another one.'
    ]


async def test_a_product_may_change_the_letters_of_its_own_name(shop: Shop) -> None:
    made = await shop.create()

    assert (await shop.update(made, name="LIGHT evening oil"))["name"] == "LIGHT evening oil"


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"name": None}, [("REQUIRED", "input.name")]),
        ({"name": "density  serum"}, [("ALREADY_EXISTS", "input.name")]),
        ({"price": None, "isInStock": None}, [("REQUIRED", "input.price"), ("REQUIRED", "input.isInStock")]),
        ({"name": "Density Serum"}, [("ALREADY_EXISTS", "input.name")]),
        ({"benefits": ["100% results."]}, [("FORBIDDEN_CLAIM", "input.benefits.0")]),
        ({"ingredients": ["COCONUT_OIL"]}, [("UNKNOWN_INGREDIENT", "input.actives.0")]),
        ({"price": "999", "weightGrams": 0}, [("OUT_OF_RANGE", "input.weightGrams")]),
    ],
)
async def test_what_cannot_be_changed_is_named_and_nothing_is_written(
    shop: Shop, database: Any, changes: dict[str, Any], errors: list[tuple[str, str]]
) -> None:
    made = await shop.create()
    before = await stored(database)

    typed = {"expectedVersion": 1, **changes}
    assert await shop.refused(UPDATE, id=made["id"], input=typed) == errors

    assert await stored(database) == before


@pytest.mark.parametrize("query", [UPDATE, PUBLISH, ARCHIVE])
async def test_a_product_that_does_not_exist_is_not_found(shop: Shop, query: str) -> None:
    for id_ in (node_id(NodeType.PRODUCT, UUID(int=7)), node_id(NodeType.ORDER, UUID(int=7)), "nonsense"):
        assert await shop.refused(query, id=id_, input={"expectedVersion": 1}) == [("PRODUCT_NOT_FOUND", "id")]


@pytest.mark.parametrize("query", [UPDATE, PUBLISH, ARCHIVE])
async def test_what_was_changed_meanwhile_is_stale_and_nothing_is_written(
    shop: Shop, database: Any, query: str
) -> None:
    made = await shop.create()
    await shop.update(made, weightGrams=100)
    before = await stored(database)

    assert await shop.refused(query, id=made["id"], input={"expectedVersion": 1}) == [
        ("STALE_VERSION", "input.expectedVersion")
    ]

    assert await stored(database) == before


@pytest.mark.parametrize(
    "query",
    [
        "mutation { createProduct(input: INPUT) { product { id } } }",
        "{ catalogue { nodes { createdAt } } }",
        "query { productPrices(productId: ID) { nodes { changedAt } } }",
        "query { catalogueProduct(id: ID) { createdAt } }",
    ],
)
async def test_nobody_else_keeps_the_catalogue(client: GraphClient, query: str) -> None:
    typed = (
        '{ name: "Xy", category: OIL, price: "1", regulatoryClass: COSMETIC, evidence: C, hsn: "3305", weightGrams: 1, '
        'usage: { en: "Use it.", hi: "लगाएँ।" } }'
    )
    asked = query.replace("INPUT", typed).replace("ID", f'"{node_id(NodeType.PRODUCT, UUID(int=7))}"')
    customer = await client.sign_in("9000000012")

    assert await client.code(asked) == "UNAUTHENTICATED"
    assert await client.code(asked, bearer=customer.access_token) == "FORBIDDEN"


# --- changes ----------------------------------------------------------------------------------------------------------


async def test_what_is_left_out_of_a_change_stays_and_null_empties_lists_and_lifts_the_limit_of_time(
    shop: Shop,
) -> None:
    made = await shop.create()

    renamed = await shop.update(made, name="Evening Oil")
    emptied = await shop.update(renamed, tags=None, cautions=None, actives=None, stages=[], mostMonths=None)

    assert renamed == {**made, "name": "Evening Oil", "version": 2}
    assert emptied == {**renamed, "tags": [], "cautions": [], "actives": [], "mostMonths": None, "version": 3}


async def test_everything_but_the_slug_can_be_changed(shop: Shop) -> None:
    made = await shop.create()
    changes: dict[str, Any] = {
        "name": "Iron Tablets",
        "category": "MEDICINE",
        "tags": ["NUTRITIONAL", "VITAMIN_DEFICIENCY"],
        "benefits": ["Supports a balanced diet."],
        "price": "99",
        "isInStock": False,
        "isForMen": True,
        "ingredients": ["IRON"],
        "actives": ["IRON"],
        "regulatoryClass": "NUTRACEUTICAL",
        "patternFit": ["HEAVY_HAIR_FALL"],
        "affinities": [{"cause": "NUTRITIONAL", "strength": 2}],
        "stages": [],
        "evidence": "B",
        "hsn": "210690",
        "usage": {"en": "One tablet a day.", "hi": "दिन में एक गोली।"},
        "cautions": [{"en": "Ask a doctor first.", "hi": "पहले डॉक्टर से पूछें।"}],
        "monthlyQuantity": 1,
        "mostMonths": 3,
        "weightGrams": 90,
    }

    changed = await shop.update(made, **changes)

    assert (changed["slug"], changed["version"], changed["status"]) == (made["slug"], 2, "DRAFT")
    facts = (await shop.client.data(FACTS, bearer=shop.bearer, id=made["id"]))["catalogueProduct"]
    seen = {**changed, **facts, "price": changed["price"]["amount"].removesuffix(".00")}
    for name in ("ingredients", "actives"):
        seen[name] = [one["code"] for one in seen[name]]
    assert {name: seen[name] for name in changes} == changes


async def test_a_change_of_nothing_is_none(shop: Shop, database: Any) -> None:
    made = await shop.create()
    before = await stored(database)

    same = {name: WRITTEN[name] for name in ("name", "price", "affinities", "usage", "cautions", "tags")}

    assert await shop.update(made) == made
    assert await shop.update(made, **same) == made
    assert await stored(database) == before


async def test_a_new_name_is_found_and_the_old_one_is_free(shop: Shop) -> None:
    made = await shop.create()
    await shop.update(made, name="Another Name")

    again = await shop.create(slug="again")

    assert (again["name"], again["slug"]) == (WRITTEN["name"], "again")


async def test_of_twenty_changes_of_one_version_exactly_one_is_made(shop: Shop) -> None:
    made = await shop.create()

    answers = await asyncio.gather(
        *(
            shop.payload(UPDATE, id=made["id"], input={"expectedVersion": 1, "price": str(100 + number)})
            for number in range(20)
        )
    )

    [won] = [answer["product"] for answer in answers if answer["product"] is not None]
    lost = [answer["userErrors"] for answer in answers if answer["product"] is None]
    assert [[error["code"] for error in errors] for errors in lost] == [["STALE_VERSION"]] * 19
    assert won["version"] == 2
    assert await shop.prices(made["id"]) == [(won["price"]["amount"], "425.50"), ("425.50", None)]


async def test_of_twenty_products_of_one_name_exactly_one_is_made(shop: Shop, database: Any) -> None:
    answers = await asyncio.gather(
        *(shop.payload(CREATE, input={**WRITTEN, "slug": f"oil-{number % 2}"}) for number in range(20))
    )

    made = [answer["product"] for answer in answers if answer["product"] is not None]
    lost = [answer["userErrors"] for answer in answers if answer["product"] is None]
    assert len(made) == 1
    assert {(error["code"], error["path"][1]) for errors in lost for error in errors} == {
        ("ALREADY_EXISTS", "name"),
        ("ALREADY_EXISTS", "slug"),
    }
    assert (
        await database.product_prices.count_documents({"previous_price_paise": None, "changed_by": {"$ne": None}}) == 1
    )


# --- prices -----------------------------------------------------------------------------------------------------------


async def test_each_price_is_kept_with_who_set_it_and_when(shop: Shop, keeper: SignedIn, database: Any) -> None:
    made = await shop.create()
    dearer = await shop.update(made, price="500", name="Dear Oil")
    renamed = await shop.update(dearer, name="Evening Oil")
    await shop.update(renamed, price="450")

    assert await shop.prices(made["id"]) == [("450.00", "500.00"), ("500.00", "425.50"), ("425.50", None)]

    rows = [one async for one in database.product_prices.find({"product_id": read_node_id(made["id"]).uuid()})]
    assert {one["changed_by"] for one in rows} == {read_node_id(keeper.customer_id).uuid()}
    newest = sorted(rows, key=lambda one: one["changed_at"], reverse=True)
    assert [one["price_paise"] for one in newest] == [45_000, 50_000, 42_550]
    assert sorted(one["version"] for one in rows) == [1, 2, 4]
    assert newest[-1]["changed_at"] == (await database.products.find_one({"slug": made["slug"]}))["created_at"]


async def test_who_set_prices_and_changed_products_is_told_by_name_in_one_command(
    started: tuple[Starlette, GraphClient], client: GraphClient, shop: Shop, database: Any
) -> None:
    await started[0].state.services.staff.invite("9000000013", [Role.CATALOG_MANAGER], by=None)
    other = Shop(client, await client.sign_in("9000000013"))
    await database.customers.update_one({"phone": "+919000000013"}, {"$set": {"name": "Meera Nair"}})
    product = await shop.create()
    for number in range(3):
        product = await (other, shop)[number % 2].update(product, price=str(500 + number))
    query = """query ($id: ID!) {
      productPrices(productId: $id) { nodes { changedBy { name } } }
      catalogueProduct(id: $id) { changedBy { name } }
      catalogue(first: 2) { nodes { changedBy { name } } }
    }"""

    with client.commands.counting() as commands:
        found = await client.data(query, bearer=shop.bearer, id=product["id"])

    named, nameless, release = {"changedBy": {"name": "Meera Nair"}}, {"changedBy": {"name": None}}, {"changedBy": None}
    assert found["productPrices"]["nodes"] == [named, nameless, named, nameless]
    assert found["catalogueProduct"] == named
    assert found["catalogue"]["nodes"] == [named, release]
    # the prices, the product, the list, and who did it, at most once for each
    assert commands.keys() == {"find"}
    assert commands["find"] <= 6


async def test_prices_are_in_the_order_of_versions_whatever_the_clocks_of_servers_say(
    shop: Shop, database: Any
) -> None:
    """The server of the second price is years behind that of the first."""
    made = await shop.update(await shop.create(), price="500")
    behind = {"$set": {"changed_at": datetime(2020, 1, 1, tzinfo=UTC)}}
    await database.product_prices.update_one({"price_paise": 50_000}, behind)

    assert await shop.prices(made["id"]) == [("500.00", "425.50"), ("425.50", None)]


async def test_a_refused_change_leaves_no_price_behind(shop: Shop) -> None:
    made = await shop.create()

    await shop.refused(UPDATE, id=made["id"], input={"expectedVersion": 1, "price": "99", "name": "Density Serum"})
    await shop.refused(UPDATE, id=made["id"], input={"expectedVersion": 9, "price": "99"})

    assert await shop.prices(made["id"]) == [("425.50", None)]


async def test_prices_are_read_page_by_page(shop: Shop) -> None:
    product = await shop.create()
    for price in range(500, 505):
        product = await shop.update(product, price=str(price))

    seen: list[str] = []
    ends: list[bool] = []
    after = None
    for _ in range(3):
        found = await shop.client.data(PRICES, bearer=shop.bearer, id=product["id"], first=2, after=after)
        page = found["productPrices"]
        seen += [one["price"]["amount"] for one in page["nodes"]]
        ends.append(not page["pageInfo"]["hasNextPage"])
        after = page["pageInfo"]["endCursor"]

    assert seen == ["504.00", "503.00", "502.00", "501.00", "500.00", "425.50"]
    assert ends == [False, False, True]


@pytest.mark.parametrize("id_", [node_id(NodeType.ORDER, UUID(int=7)), "nonsense"])
async def test_the_prices_of_what_is_no_product_are_not_asked_for(shop: Shop, id_: str) -> None:
    assert await shop.client.code(PRICES, bearer=shop.bearer, id=id_) == "BAD_USER_INPUT"
    assert await shop.client.code(FACTS, bearer=shop.bearer, id=id_) == "BAD_USER_INPUT"


async def test_a_product_that_nobody_has_has_no_prices(shop: Shop) -> None:
    assert await shop.prices(node_id(NodeType.PRODUCT, UUID(int=7))) == []
    facts = await shop.client.data(FACTS, bearer=shop.bearer, id=node_id(NodeType.PRODUCT, UUID(int=7)))
    assert facts == {"catalogueProduct": None}


async def test_a_change_of_price_and_name_leaves_placed_orders_as_they_are_to_the_bit(
    client: GraphClient, shop: Shop, report: dict[str, Any], database: Any
) -> None:
    slug = "gentle-cleansing-shampoo"
    product = await shop.seeded(slug)
    lines = [{"productId": product["id"], "quantity": 2}]

    async def place() -> dict[str, Any]:
        placed = await client.data(example("place_order"), input=order(report["publicId"], lines=lines))
        assert placed["placeOrder"]["userErrors"] == []
        payload: dict[str, Any] = placed["placeOrder"]
        return payload

    first = await place()
    before = await database.orders.find_one({})
    shown = await client.data(example("order"), accessToken=first["accessToken"])

    changed = await shop.update(product, price="301.25", name="Gentle Shampoo")
    second = await place()
    await shop.archive(changed)

    assert await database.orders.find_one({"_id": before["_id"]}) == before
    again = await client.data(example("order"), accessToken=first["accessToken"])
    assert without_product(again) == without_product(shown)
    [old], [new] = before["lines"], (await database.orders.find_one({"_id": {"$ne": before["_id"]}}))["lines"]
    assert (old["product_name"], old["unit_price_paise"], old["total_paise"]) == (
        "Gentle Cleansing Shampoo",
        27_900,
        55_800,
    )
    assert (new["product_name"], new["unit_price_paise"], new["total_paise"]) == ("Gentle Shampoo", 30_125, 60_250)
    assert second["order"]["pricing"]["total"] != first["order"]["pricing"]["total"]


def without_product(seen: Any) -> Any:
    """Return an answer without the products of today."""
    if isinstance(seen, dict):
        return {name: without_product(value) for name, value in seen.items() if name != "product"}
    return [without_product(one) for one in seen] if isinstance(seen, list) else seen


async def test_a_price_of_between_is_not_charged_unseen(
    client: GraphClient, shop: Shop, report: dict[str, Any], database: Any
) -> None:
    product = await shop.seeded("gentle-cleansing-shampoo")
    typed = order(report["publicId"], lines=[{"productId": product["id"], "quantity": 1}])
    told = await client.told(typed)

    await shop.update(product, price="999")
    refused = await client.data(example("place_order"), input={**typed, **told})

    assert [error["code"] for error in refused["placeOrder"]["userErrors"]] == ["PRICE_CHANGED"]
    assert await database.orders.count_documents({}) == 0


# --- publishing and archiving -----------------------------------------------------------------------------------------


async def test_what_is_published_is_sold_and_what_is_archived_is_not(client: GraphClient, shop: Shop) -> None:
    made = await shop.create()

    published = await shop.publish(made)
    listed = await client.data("{ products(first: 100) { totalCount nodes { id } } }")
    archived = await shop.archive(published)
    left = await client.data("{ products(first: 100) { totalCount nodes { id } } }")

    assert published == {**made, "status": "PUBLISHED", "isActive": True, "version": 2}
    assert listed["products"]["totalCount"] == 21
    assert made["id"] in [one["id"] for one in listed["products"]["nodes"]]
    assert archived == {**made, "status": "ARCHIVED", "isActive": False, "version": 3}
    assert left["products"]["totalCount"] == 20
    seen = await client.data(BY_ID, id=made["id"])
    assert seen["product"] == {"id": made["id"], "status": "ARCHIVED"}


async def test_what_is_archived_can_be_published_again(shop: Shop) -> None:
    archived = await shop.archive(await shop.publish(await shop.create()))

    assert (await shop.publish(archived))["status"] == "PUBLISHED"


async def test_publishing_what_is_sold_and_archiving_what_is_not_changes_nothing(shop: Shop, database: Any) -> None:
    published = await shop.publish(await shop.create())
    archived = await shop.archive(await shop.publish(await shop.create(name="Second")))
    before = await stored(database)

    assert await shop.publish(published) == published
    assert await shop.archive(archived) == archived
    assert await stored(database) == before


async def test_publishing_and_archiving_again_after_a_lost_answer_is_no_error(shop: Shop, database: Any) -> None:
    made = await shop.create()
    published = await shop.publish(made)
    assert await shop.publish(made) == published
    archived = await shop.archive(published)
    before = await stored(database)

    assert await shop.archive(published) == archived
    # it is not on sale any more: whoever asks for that has not seen it
    assert await shop.refused(PUBLISH, id=made["id"], input={"expectedVersion": made["version"]}) == [
        ("STALE_VERSION", "input.expectedVersion")
    ]
    assert await stored(database) == before


async def test_of_ten_who_publish_at_once_all_are_answered_with_one_product_on_sale(shop: Shop) -> None:
    made = await shop.create()

    answers = await asyncio.gather(*(shop.publish(made) for _ in range(10)))

    assert {(one["status"], one["version"]) for one in answers} == {("PUBLISHED", 2)}


async def test_of_publishing_and_changing_at_once_what_came_too_late_is_stale(shop: Shop) -> None:
    for number in range(2):
        archived = await shop.archive(await shop.publish(await shop.create(name=f"Rush {number}")))
        version = {"expectedVersion": archived["version"]}

        published, changed = await asyncio.gather(
            shop.payload(PUBLISH, id=archived["id"], input=version),
            shop.payload(UPDATE, id=archived["id"], input={**version, "weightGrams": 99}),
        )

        codes = sorted(error["code"] for one in (published, changed) for error in one["userErrors"])
        assert codes == ["STALE_VERSION"]


async def test_a_draft_cannot_be_archived(shop: Shop, database: Any) -> None:
    made = await shop.create()
    before = await stored(database)

    refused = (await shop.payload(ARCHIVE, id=made["id"], input={"expectedVersion": 1}))["userErrors"]

    assert [(error["code"], error["path"]) for error in refused] == [("NOT_PUBLISHED", ["id"])]
    assert "This is a draft" in refused[0]["message"]
    assert "Delete it" in refused[0]["message"]
    assert await stored(database) == before


async def test_a_draft_is_deleted_with_its_prices_and_its_name_and_slug_are_free_again(
    shop: Shop, database: Any
) -> None:
    before = await stored(database)
    made = await shop.update(await shop.create(), price="500")

    answer = await shop.payload(DELETE, id=made["id"], input={"expectedVersion": 2})
    left = await stored(database)
    again = await shop.create()

    assert answer == {"deletedId": made["id"], "userErrors": []}
    assert left[:2] == before[:2]
    assert (again["slug"], again["name"], again["version"]) == (made["slug"], made["name"], 1)
    assert again["id"] != made["id"]


async def test_what_was_ever_published_cannot_be_deleted(shop: Shop, database: Any) -> None:
    published = await shop.publish(await shop.create())
    archived = await shop.archive(await shop.publish(await shop.create(name="Second")))
    before = await stored(database)

    for one in (published, archived):
        answer = await shop.payload(DELETE, id=one["id"], input={"expectedVersion": one["version"]})
        assert answer["deletedId"] is None
        [error] = answer["userErrors"]
        assert (error["code"], error["path"]) == ("ALREADY_PUBLISHED", ["id"])
        assert "Archive it instead" in error["message"]
    assert await stored(database) == before


async def test_a_draft_that_was_changed_meanwhile_or_is_not_there_is_not_deleted(shop: Shop, database: Any) -> None:
    made = await shop.update(await shop.create(), weightGrams=100)
    before = await stored(database)

    async def codes(id_: str) -> list[str]:
        answer = await shop.payload(DELETE, id=id_, input={"expectedVersion": 1})
        return [error["code"] for error in answer["userErrors"]]

    assert await codes(made["id"]) == ["STALE_VERSION"]
    assert await codes(node_id(NodeType.PRODUCT, UUID(int=7))) == await codes("x") == ["PRODUCT_NOT_FOUND"]
    assert await stored(database) == before


async def test_a_draft_that_is_deleted_and_published_at_once_is_one_of_both(shop: Shop, database: Any) -> None:
    for number in range(10):
        made = await shop.create(name=f"Rush {number}")
        version = {"expectedVersion": 1}

        deleted, published = await asyncio.gather(
            shop.payload(DELETE, id=made["id"], input=version), shop.payload(PUBLISH, id=made["id"], input=version)
        )

        there = await database.products.count_documents({"slug": made["slug"]})
        prices = await database.product_prices.count_documents({"product_id": read_node_id(made["id"]).uuid()})
        assert (deleted["deletedId"] is None) is (published["product"] is not None)
        assert there == prices == (1 if deleted["deletedId"] is None else 0)


async def test_who_changed_a_product_last_is_shown(
    started: tuple[Starlette, GraphClient], client: GraphClient, shop: Shop, keeper: SignedIn
) -> None:
    await started[0].state.services.staff.invite("9000000013", [Role.CATALOG_MANAGER], by=None)
    other = await client.sign_in("9000000013")
    other_shop = Shop(client, other)

    async def last(id_: str) -> tuple[str | None, str | None]:
        found = (await client.data(LAST_CHANGE, bearer=shop.bearer, id=id_))["catalogueProduct"]
        return found["changedById"], found["changedAt"]

    made = await shop.create()
    seen = [await last(made["id"])]
    published = await other_shop.publish(made)
    seen.append(await last(made["id"]))
    changed = await shop.update(published, weightGrams=100)
    seen.append(await last(made["id"]))
    await other_shop.archive(changed)
    seen.append(await last(made["id"]))

    assert [who for who, _ in seen] == [keeper.customer_id, other.customer_id] * 2
    times = [str(when) for _, when in seen]
    assert times == sorted(times)
    assert await last((await shop.seeded("density-serum"))["id"]) == (None, None)


UNFIT: Sequence[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"benefits": []}, [("NOT_PUBLISHABLE", "input.benefits")]),
    ({"ingredients": [], "actives": []}, [("NOT_PUBLISHABLE", "input.ingredients")]),
    ({"hsn": "9999"}, [("UNKNOWN_HSN", "input.hsn")]),
    ({"category": "MEDICINE", "cautions": []}, [("NOT_PUBLISHABLE", "input.cautions")]),
    ({"ingredients": ["NEEM", "MINOXIDIL"]}, [("NOT_PUBLISHABLE", "input.regulatoryClass")]),
]


@pytest.mark.parametrize(("changes", "errors"), UNFIT)
async def test_what_is_not_fit_to_be_sold_is_not_published(
    shop: Shop, database: Any, changes: dict[str, Any], errors: list[tuple[str, str]]
) -> None:
    made = await shop.create(**changes)
    before = await stored(database)

    assert await shop.refused(PUBLISH, id=made["id"], input={"expectedVersion": 1}) == errors

    assert await stored(database) == before


@pytest.mark.parametrize(("changes", "errors"), UNFIT)
async def test_what_is_sold_stays_fit_to_be_sold(
    shop: Shop, database: Any, changes: dict[str, Any], errors: list[tuple[str, str]]
) -> None:
    published = await shop.publish(await shop.create())
    before = await stored(database)

    typed = {"expectedVersion": published["version"], **changes}
    assert await shop.refused(UPDATE, id=published["id"], input=typed) == errors

    assert await stored(database) == before


async def test_of_what_was_unlawfully_written_only_the_stock_changes_until_it_is_put_right(
    shop: Shop, database: Any
) -> None:
    published = await shop.publish(await shop.create())
    # as another release may have let it pass
    await database.products.update_one(
        {"_id": read_node_id(published["id"]).uuid()}, {"$set": {"benefits": ["Guaranteed results."]}}
    )

    typed = {"expectedVersion": 2, "price": "10"}
    assert await shop.refused(UPDATE, id=published["id"], input=typed) == [("FORBIDDEN_CLAIM", "input.benefits.0")]
    gone = await shop.update(published, isInStock=False)
    right = await shop.update(gone, benefits=["Supports a comfortable scalp."], price="10")

    assert (gone["isInStock"], gone["version"]) == (False, 3)
    assert (right["price"]["amount"], right["status"]) == ("10.00", "PUBLISHED")


async def test_an_unlawful_text_of_another_release_is_not_published(shop: Shop, database: Any) -> None:
    made = await shop.create()
    await database.products.update_one(
        {"_id": read_node_id(made["id"]).uuid()}, {"$set": {"name": "Hair Cure", "cautions.0.hi": "गारंटी है।"}}
    )

    assert await shop.refused(PUBLISH, id=made["id"], input={"expectedVersion": 1}) == [
        ("FORBIDDEN_CLAIM", "input.name"),
        ("FORBIDDEN_CLAIM", "input.cautions.0.hi"),
    ]


async def test_a_change_of_ingredients_counts_for_kits_that_were_recommended_before(
    client: GraphClient, shop: Shop, database: Any
) -> None:
    submitted = await client.data(example("submit_hair_test"), input=hair_test(allergies=["SOY_PROTEIN"]))
    public_id = submitted["submitHairTest"]["report"]["publicId"]
    product = await shop.seeded("gentle-cleansing-shampoo")
    typed = {"lines": [{"productId": product["id"], "quantity": 1}]}
    token = submitted["submitHairTest"]["accessToken"]
    placed = await client.data(example("place_order"), input=order(public_id, reportAccessToken=token, **typed))
    assert placed["placeOrder"]["userErrors"] == []

    await shop.update(product, ingredients=["SOY_PROTEIN"], actives=[])
    refused = await client.data(example("place_order"), input=order(public_id, reportAccessToken=token, **typed))

    assert [error["code"] for error in refused["placeOrder"]["userErrors"]] == ["SAFETY_BLOCK"]
    assert (await counts(database))["orders"] == 1


async def test_a_new_product_is_found_by_its_words_once_it_is_published(client: GraphClient, shop: Shop) -> None:
    search = '{ products(search: "Vetiver") { nodes { slug } } }'
    made = await shop.create(name="Vetiver Evening Oil")

    assert (await client.data(search))["products"]["nodes"] == []
    published = await shop.publish(made)
    assert (await client.data(search))["products"]["nodes"] == [{"slug": made["slug"]}]
    await shop.update(published, name="Lemon Evening Oil")
    assert (await client.data(search))["products"]["nodes"] == []
