"""Giving a new installation its catalogue, on a real MongoDB."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from tests.support import GraphClient
from traya_gql.app import now
from traya_gql.documents import products
from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.products import ProductFacts
from traya_gql.domain.ruleset.options import Pattern
from traya_gql.services.seeding import seed_catalogue

SHOP = {one.slug: one.product for one in catalogue()}


async def test_the_stored_products_are_those_of_the_file(client: GraphClient) -> None:
    stored = await products.by_ids([one.id for one in SHOP.values()])

    assert {id_: ProductFacts.model_validate(one.model_dump()) for id_, one in stored.items()} == {
        one.id: one for one in SHOP.values()
    }


@pytest.mark.parametrize("pattern", Pattern)
async def test_the_candidates_for_a_kit_are_what_fits_the_picture_and_can_be_sent(
    client: GraphClient, database: Any, pattern: Pattern
) -> None:
    for slug, gone in (
        ("density-serum", {"is_in_stock": False}),
        ("gentle-cleansing-shampoo", {"is_active": False}),
        ("stress-defense-shampoo", {"is_active": False, "is_draft": True}),
    ):
        await database.products.update_one({"slug": slug}, {"$set": gone})

    found = await products.candidates(pattern)

    gone_slugs = {"density-serum", "gentle-cleansing-shampoo", "stress-defense-shampoo"}
    assert {one.slug for one in found} == {
        one.slug for one in SHOP.values() if pattern in one.pattern_fit and one.slug not in gone_slugs
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


async def test_a_seeded_product_has_its_first_price_noted_once(client: GraphClient, database: Any) -> None:
    at = now()
    await seed_catalogue(now=at)

    await seed_catalogue(now=now())

    rows = {one["_id"]: one async for one in database.product_prices.find()}
    assert {key: (one["product_id"], one["price_paise"]) for key, one in rows.items()} == {
        one.id: (one.id, one.price_paise) for one in SHOP.values()
    }
    assert {(one["previous_price_paise"], one["changed_at"], one["changed_by"]) for one in rows.values()} == {
        (None, at, None)
    }


@pytest.mark.parametrize("taken", ["name", "slug"])
async def test_what_staff_gave_the_name_or_the_slug_of_is_skipped_and_told_and_leaves_no_price(
    client: GraphClient, database: Any, taken: str
) -> None:
    lost, kept = SHOP["calm-scalp-serum"], SHOP["density-serum"]
    own = await database.products.find_one({"_id": lost.id})
    await database.products.delete_many({"_id": {"$in": [lost.id, kept.id]}})
    await database.product_prices.delete_many({})
    others = {"name": "Of our own", "slug": "of-our-own", taken: own[taken]}
    await database.products.insert_one({**own, **others, "_id": UUID(int=7)})
    skipped: list[str] = []

    added = [await seed_catalogue(now=now(), on_skipped=skipped.append) for _ in "12"]

    assert added == [1, 0]
    assert skipped == [lost.name] * 2
    assert await database.products.count_documents({}) == 20
    priced = {one["product_id"] async for one in database.product_prices.find()}
    assert priced == {one.id for one in SHOP.values()} - {lost.id}


async def test_two_installations_that_seed_at_once_add_each_product_once(client: GraphClient, database: Any) -> None:
    await database.products.delete_many({})
    await database.product_prices.delete_many({})
    skipped: list[str] = []

    added = await asyncio.gather(*(seed_catalogue(now=now(), on_skipped=skipped.append) for _ in range(4)))

    assert sum(added) == 20
    assert skipped == []
    assert await database.products.count_documents({}) == 20
    assert await database.product_prices.count_documents({}) == 20
