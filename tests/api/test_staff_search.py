"""Searching the staff's list of products: by name and slug, drafts too, the newest first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from starlette.applications import Starlette

from tests.domain.products import product
from tests.support import GraphClient
from traya_gql.documents import product_words
from traya_gql.documents.products import ProductDocument
from traya_gql.domain.products import ProductFacts, ProductStatus
from traya_gql.domain.roles import Role
from traya_gql.domain.search_words import words
from traya_gql.domain.shelves import words_of_product
from traya_gql.services.products import Products

SEED = 20261121
KEEPER = "9000000010"
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
MANY = 60
STATES: dict[ProductStatus, dict[str, Any]] = {
    ProductStatus.DRAFT: {"is_draft": True, "is_active": False},
    ProductStatus.PUBLISHED: {"is_draft": False, "is_active": True},
    ProductStatus.ARCHIVED: {"is_draft": False, "is_active": False},
}
LIST = """query ($search: String, $status: ProductStatus, $first: Int! = 100, $after: String) {
  catalogue(search: $search, status: $status, first: $first, after: $after) {
    nodes { product { slug } } pageInfo { hasNextPage endCursor }
  }
}"""


class Keeper:
    """Somebody who keeps the catalogue, and the service that searches it."""

    def __init__(self, client: GraphClient, bearer: str, searching: Products) -> None:
        self.client = client
        self.bearer = bearer
        self.searching = searching

    async def find(self, search: str | None, **asked: Any) -> list[str]:
        """Return the slugs on all pages."""
        found: list[str] = []
        after = None
        for _ in range(MANY + 1):
            page = (await self.client.data(LIST, bearer=self.bearer, search=search, after=after, **asked))["catalogue"]
            found += [one["product"]["slug"] for one in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                return found
        raise AssertionError("the list does not end")


@pytest.fixture
async def keeper(started: tuple[Starlette, GraphClient], client: GraphClient, database: Any) -> Keeper:
    services = started[0].state.services
    await services.staff.invite(KEEPER, [Role.CATALOG_MANAGER], by=None)
    for memory in (services.products.sizes, services.products.known):
        memory.clear()
    await database.products.delete_many({})
    return Keeper(client, (await client.sign_in(KEEPER)).access_token, services.products)


async def keep(products: list[ProductFacts]) -> None:
    for number, one in enumerate(products):
        await ProductDocument.of(one, created_at=BEGINNING + timedelta(hours=number // 2)).insert()


async def test_staff_find_drafts_and_what_is_archived_by_name_and_slug(keeper: Keeper) -> None:
    await keep(
        [
            product("zorb-oil", name="Night Oil", benefits=("Smells of amla.",)),
            product("a-draft", name="Zorb Wash", **STATES[ProductStatus.DRAFT]),
            product("old", name="Old Zorbing Oil", **STATES[ProductStatus.ARCHIVED]),
        ]
    )

    assert await keeper.find("zorb") == [
        "old",
        *sorted(["zorb-oil", "a-draft"], key=lambda slug: product(slug).id)[::-1],
    ]
    assert await keeper.find("ZOR oil") == ["old", "zorb-oil"]
    assert await keeper.find("draft") == ["a-draft"]
    assert await keeper.find("zorb", status="DRAFT") == ["a-draft"]
    # by what else is said of it the shop finds it; and nothing is put right here
    assert await keeper.find("amla") == await keeper.find("zrob") == []


async def test_joined_words_are_found_by_staff(keeper: Keeper) -> None:
    sold = product("sold", name="Hair Fall Oil")
    await product_words.remember(words_of_product(sold))
    await keep([sold, product("draft", name="Hairfall Wash", **STATES[ProductStatus.DRAFT])])

    assert set(await keeper.find("hairfall")) == set(await keeper.find("hair fall")) == {"sold", "draft"}


async def test_each_product_with_the_words_comes_once_the_newest_first_whatever_the_page_and_the_way(
    keeper: Keeper,
) -> None:
    choose = Random(SEED)
    kinds = ["Calm", "Rich", "Night", "Daily"]
    kept = [
        product(
            f"{choose.choice(kinds).lower()}-{number}",
            name=f"{choose.choice(kinds)} {choose.choice(kinds)} {number}",
            benefits=("Makes a night calm.",),
            **choose.choice(list(STATES.values())),
        )
        for number in range(MANY)
    ]
    await keep(kept)
    newest_first = [one for _, one in sorted(enumerate(kept), key=lambda pair: (pair[0] // 2, pair[1].id))[::-1]]
    for _ in range(20):
        search = choose.choice(["calm", "ca", "rich night", "n 1", "daily calm", "zorb"])
        status = choose.choice([None, *ProductStatus])
        # what is remembered decides how a page is read, and not what is on it
        keeper.searching.sizes.clear()
        await remember(keeper.searching, choose.choice([1, 1_000_000]))

        found = await keeper.find(search, status=status, first=choose.choice([2, 7, 100]))

        assert found == [
            one.slug
            for one in newest_first
            if status in (None, one.status)
            and all(any(word.startswith(typed) for word in words(f"{one.name} {one.slug}")) for typed in words(search))
        ], (search, status)


async def remember(searching: Products, shop: int) -> None:
    async def work_out() -> tuple[int, ...]:
        return (shop,)

    await searching.sizes.get(("//", None, None, None), work_out)


@pytest.mark.parametrize("search", ["!?", "x" * 101])
async def test_a_search_without_a_word_and_a_long_one_are_refused(keeper: Keeper, search: str) -> None:
    assert await keeper.client.code(LIST, bearer=keeper.bearer, search=search) == "BAD_USER_INPUT"


async def test_nothing_typed_is_no_search(keeper: Keeper) -> None:
    await keep([product("one"), product("two")])

    assert await keeper.find(" ") == await keeper.find(None)
    assert len(await keeper.find("")) == 2
