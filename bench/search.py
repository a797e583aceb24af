"""The search of a shop with 10,000 products: each kind of question alone, all mixed, and MongoDB alone.

Answers come from `traya-gql serve`. The second part asks MongoDB itself, one question after the other, for the same
first page in the ways that a shop without our index has: `$text`, which knows whole words only, and `$regex`.
"""

from __future__ import annotations

import itertools
import json
import random
import re
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from pymongo import ASCENDING, TEXT, MongoClient
from pymongo.collection import Collection
from pymongo.database import Database

from bench import shop
from bench.load import Request, WrongAnswer, ask, load
from bench.servers import ours
from traya_gql.documents.products import TERMS_INDEX, shelf_index
from traya_gql.domain.products import ProductCategory, ProductFacts, ProductTag
from traya_gql.domain.search import Rank, near, query_words, terms_at
from traya_gql.domain.shelves import Findable, words_of_product

NAME = "search"
PRODUCTS = 10_000
SEED = 20261121
CONNECTIONS = (1, 32)
AIM_P95_MS = 50
"""At 32 connections, all kinds mixed."""
MIXED = "mixed"
NEVER_ASKED = "mixed, each for the first time"
WRITES = 300
"""Products that are written one by one, with all indexes."""

_PAGE = """query Search($filter: ProductFilterInput, $search: String, $sortKey: ProductSortKey,
                       $reverse: Boolean! = false, $after: String) {
  products(filter: $filter, search: $search, sortKey: $sortKey, reverse: $reverse, first: 10, after: $after) {
    isCorrected
    nodes { slug name isInStock price { amount } }
    pageInfo { hasNextPage endCursor }
  }
}"""
_FACETS = _PAGE.replace(
    "isCorrected",
    "totalCount facets { categories { value count } tags { value count } inStock { value count } "
    "priceRanges { count minPrice { amount } } needsPrescription { value count } }",
)
_DISTINCT = 1000
"""Different questions of a kind, and twice as many mixed; they go round, as shoppers ask much the same."""
_ONCE = 8000
"""Questions of which each is asked for the first time."""
_WARM_UP_S = 4
_ALONE = 300

Variables = dict[str, Any]


class Kind(NamedTuple):
    """A kind of question, how many of a hundred are of it, and the document that asks it."""

    name: str
    share: int
    document: str
    asked: Callable[[random.Random], Variables]


def measure(
    client: MongoClient[dict[str, Any]], uri: str, folder: Path, *, seconds: int, rounds: int
) -> dict[str, Any]:
    """Return a row for each kind and number of connections, and what the indexes and single questions take."""
    database = client.get_database(uri.rpartition("/")[2].partition("?")[0])
    sold = list(shop.facts(PRODUCTS, seed=SEED))
    # before the indexes: the server makes them when it starts
    database["products"].insert_many(shop.stored(PRODUCTS, seed=SEED))
    words = {word for one in sold for word in words_of_product(one)}
    database["product_words"].insert_many({"_id": word, "near": list(near(word))} for word in sorted(words))
    database["catalogue_state"].insert_one({"_id": "catalogue", "revision": uuid4()})
    folder = folder / NAME
    folder.mkdir()
    with ours(uri, folder, settings={"TRAYA_JOBS_AT_A_TIME": "0"}) as server:
        choose = random.Random(SEED)
        kinds = _kinds(sold, cursors=_deep_cursors(server.port))
        asked = {kind.name: [_request(kind, choose) for _ in range(_DISTINCT)] for kind in kinds}
        asked[MIXED] = _mixed(kinds, choose, 2 * _DISTINCT)
        asked[NEVER_ASKED] = _mixed(kinds, choose, _ONCE)
        rows = [
            _measured(server.port, name, requests, connections, seconds=seconds, rounds=rounds)
            for name, requests in asked.items()
            for connections in (CONNECTIONS if name == MIXED else CONNECTIONS[-1:])
        ]
        memory_mb = server.memory_mb()
    return {
        "products": PRODUCTS,
        "words": len(words),
        "rows": rows,
        "memory_mb": memory_mb,
        "mongodb": _alone(database, _typed(sold)),
        "sizes_mb": _sizes_mb(database),
        "write_ms": _write_ms(database),
    }


# --- what is asked ----------------------------------------------------------------------------------------------------


def _kinds(sold: list[ProductFacts], *, cursors: list[Variables]) -> list[Kind]:
    typed = _typed(sold)

    def word(choose: random.Random) -> str:
        return choose.choice(choose.choice(typed))

    def while_typing(choose: random.Random) -> Variables:
        one = word(choose)
        return {"search": one[: choose.randint(min(2, len(one)), len(one))]}

    def two_words(choose: random.Random) -> Variables:
        return {"search": " ".join(choose.sample(choose.choice(typed), 2))}

    def mistyped(choose: random.Random) -> Variables:
        long = [one for one in choose.choice(typed) if len(one) > 4] or ["shampoo"]
        return {"search": _with_a_slip(choose.choice(long), choose)}

    def filters(choose: random.Random) -> Variables:
        low = choose.choice([150, 300, 500, 900])
        possible: dict[str, Any] = {
            "category": choose.choice(list(ProductCategory)),
            "tag": choose.choice(list(ProductTag)),
            "isInStock": choose.random() < 0.8,
            "needsPrescription": choose.random() < 0.2,
            "minPrice": str(low),
            "maxPrice": str(low + choose.choice([10, 100, 500])),
        }
        chosen = choose.sample(sorted(possible), choose.randint(1, 3))
        order = {"sortKey": choose.choice(["NAME", "PRICE", "CREATED_AT"]), "reverse": choose.random() < 0.4}
        return {"filter": {name: possible[name] for name in chosen}, **order}

    return [
        Kind("while typing", 40, _PAGE, while_typing),
        Kind("two words", 15, _PAGE, two_words),
        Kind("mistyped", 10, _PAGE, mistyped),
        Kind("filters", 15, _PAGE, filters),
        Kind("search and filters", 8, _PAGE, lambda choose: {**while_typing(choose), **filters(choose)}),
        Kind("deep pages", 5, _PAGE, lambda choose: choose.choice(cursors)),
        Kind("facets", 7, _FACETS, lambda choose: choose.choice([while_typing, filters, two_words])(choose)),
    ]


def _typed(sold: list[ProductFacts]) -> list[list[str]]:
    """Return the words of the names of products, which shoppers type: the numbers aside."""
    return [re.findall(r"[a-z]{3,}", one.name.lower().replace(" with ", " ")) for one in sold]


def _with_a_slip(word: str, choose: random.Random) -> str:
    place = choose.randrange(1, len(word) - 1)
    return choose.choice(
        [
            word[:place] + word[place + 1 :],
            word[:place] + word[place + 1] + word[place] + word[place + 2 :],
            word[:place] + choose.choice("aeioutnrs") + word[place + 1 :],
            word[:place] + choose.choice("aeioutnrs") + word[place:],
        ]
    )


def _deep_cursors(port: int) -> list[Variables]:
    """Return where pages begin that lie 30 to 60 pages of 10 deep, in lists of several orders."""
    found: list[Variables] = []
    for search, sort_key, reverse in itertools.product((None, "oil"), ("NAME", "PRICE", "CREATED_AT"), (False, True)):
        asked: Variables = {"search": search, "sortKey": sort_key, "reverse": reverse}
        for page in range(60):
            body = json.dumps({"query": _PAGE, "variables": asked})
            asked = {**asked, "after": ask(port, Request(body))["products"]["pageInfo"]["endCursor"]}
            if page >= 30:
                found.append(asked)
    return found


def _request(kind: Kind, choose: random.Random) -> Request:
    return Request(json.dumps({"query": kind.document, "variables": kind.asked(choose)}))


def _mixed(kinds: list[Kind], choose: random.Random, count: int) -> list[Request]:
    return [_request(kind, choose) for kind in choose.choices(kinds, [kind.share for kind in kinds], k=count)]


def _measured(
    port: int, name: str, requests: list[Request], connections: int, *, seconds: int, rounds: int
) -> dict[str, Any]:
    def run(length: int) -> Any:
        return load(port, requests, connections=connections, seconds=length, needed='"pageInfo"')

    if name == NEVER_ASKED:
        runs = [run(seconds)]
    else:
        run(_WARM_UP_S)
        runs = [run(seconds) for _ in range(rounds)]
    if wrong := [one for one in runs if one.errors or not one.requests]:
        raise WrongAnswer(f"{name}: {wrong[0].errors} of {wrong[0].requests} answers are wrong: {wrong[0].sample}")
    figures = {
        key: statistics.median(getattr(one, key) for one in runs) for key in ("rate", "p50_ms", "p95_ms", "p99_ms")
    }
    return {"kind": name, "connections": connections, "requests": sum(one.requests for one in runs), **figures}


# --- MongoDB alone ----------------------------------------------------------------------------------------------------


def _alone(database: Database[dict[str, Any]], typed: list[list[str]]) -> list[dict[str, Any]]:
    """Return what the first page of a search takes in each way: whole words, and beginnings of 3 letters."""
    unindexed = database["products_of_others"]
    unindexed.insert_many(database["products"].find({}, dict.fromkeys(Findable.model_fields, 0)))
    unindexed.create_index([("name", TEXT), ("benefits", TEXT), ("tags", TEXT)], default_language="english")
    unindexed.create_index([("is_active", ASCENDING), ("name", ASCENDING), ("_id", ASCENDING)])
    choose = random.Random(SEED)
    words = [choose.choice(choose.choice(typed)) for _ in range(_ALONE)]
    beginnings = [word[:3] for word in words]
    ways: dict[str, tuple[Collection[dict[str, Any]], Callable[[str], dict[str, Any]]]] = {
        "terms": (database["products"], _with_a_term_of),
        "$text": (unindexed, lambda text: {"$text": {"$search": f'"{text}"'}}),
        "$regex": (unindexed, lambda text: {"name": {"$regex": rf"\b{text}", "$options": "i"}}),
    }
    rows = []
    for kind, texts in (("whole words", words), ("beginnings of 3 letters", beginnings)):
        for way, (collection, asked) in ways.items():
            if way == "$text" and texts is beginnings:
                continue
            taken_ms = sorted(_first_page_ms(collection, asked(text), way) for text in texts)
            rows.append(
                {
                    "kind": kind,
                    "way": way,
                    "p50_ms": statistics.median(taken_ms),
                    "p95_ms": taken_ms[len(taken_ms) * 95 // 100],
                }
            )
    unindexed.drop()
    return rows


def _with_a_term_of(text: str) -> dict[str, Any]:
    [word] = query_words(text)
    return {"search_terms": {"$in": [term for rank in Rank for term in terms_at(word, rank)]}}


def _first_page_ms(collection: Collection[dict[str, Any]], asked: dict[str, Any], way: str) -> float:
    # ours chooses between two indexes by what it has counted before: the better of the two, then
    hints: list[str | None] = [None]
    key, along = "name", shelf_index("name_key")
    if way == "terms":
        key, hints = "name_key", [TERMS_INDEX, along]
    best = float("inf")
    for hint in hints:
        filter_ = {"is_active": True, **asked, **({"shelves": "//"} if hint == along else {})}
        begin = time.perf_counter()
        collection.find(filter_, dict.fromkeys(Findable.model_fields, 0), hint=hint).sort(
            [(key, ASCENDING), ("_id", ASCENDING)]
        ).limit(11).to_list()
        best = min(best, (time.perf_counter() - begin) * 1000)
    return best


def _sizes_mb(database: Database[dict[str, Any]]) -> dict[str, float]:
    found = {}
    for name in ("products", "product_words"):
        stats = database.command("collStats", name)
        found[f"{name}, documents"] = stats["size"] / 1e6
        found |= {f"{name}, index {index}": size / 1e6 for index, size in stats["indexSizes"].items()}
    return found


def _write_ms(database: Database[dict[str, Any]]) -> float:
    """Return what MongoDB takes to write a product, with all indexes."""
    extra = _renamed(itertools.islice(shop.stored(WRITES, seed=SEED + 1), WRITES))
    begin = time.perf_counter()
    for one in extra:
        database["products"].insert_one(one)
    return (time.perf_counter() - begin) * 1000 / WRITES


def _renamed(products: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "slug": f"{one['slug']}-more", "name": f"{one['name']} more"} for one in products]
