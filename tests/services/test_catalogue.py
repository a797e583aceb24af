"""Giving a new installation its catalogue, on a real MongoDB."""

from __future__ import annotations

from typing import Any

from tests.support import GraphClient
from traya_gql.app import now
from traya_gql.documents import products
from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.products import ProductFacts
from traya_gql.services.seeding import seed_catalogue

SHOP = {one.slug: one.product for one in catalogue()}


async def test_the_stored_products_are_those_of_the_file(client: GraphClient) -> None:
    stored = await products.all_active()

    assert {one.id: ProductFacts.model_validate(one.model_dump()) for one in stored} == {
        one.id: one for one in SHOP.values()
    }


async def test_seeding_again_adds_what_is_missing_and_leaves_the_rest_as_it_is(
    client: GraphClient, database: Any
) -> None:
    kept, lost = SHOP["density-serum"].id, SHOP["calm-scalp-serum"].id
    await database.products.update_one({"_id": kept}, {"$set": {"price_paise": 1}})
    await database.products.delete_one({"_id": lost})
    told: list[str] = []

    added = await seed_catalogue(now=now(), on_product=told.append)

    assert added == 1
    assert told == [one.name for one in SHOP.values()]
    assert (await database.products.find_one({"_id": kept}))["price_paise"] == 1
    assert await database.products.count_documents({}) == 20
