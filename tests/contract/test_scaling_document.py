"""What the page on scaling says of collections, shard keys and queries is so.

`pytest -m slow tests/contract/test_scaling_document.py` gives the shard keys to a real shard as well.
"""

from __future__ import annotations

import ast
import json
import re
import shlex
import socket
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from beanie import Document
from pymongo import MongoClient
from pymongo.errors import AutoReconnect, OperationFailure

from tests.processes import eventually
from traya_gql.documents.collections import DOCUMENTS
from traya_gql.integrations.mongodb.binary import find_mongod

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
SOURCE = ROOT / "src" / "traya_gql"
BY_NAME = {document.Settings.name: document for document in DOCUMENTS}

COLLECTIONS = ("Collection", "Shard", "Legal keys besides longer ones", "Why")
QUERIES = ("Query", "Collection", "Selects by", "Asks")
STREAM = "change stream"
NOT_A_DOCUMENT = "meta"
"""The collection of `documents/migrations.py`."""

ShardKey = Mapping[str, int | str]
"""The fields and their kinds, in order."""

Client = MongoClient[dict[str, Any]]


# --- what the page says -------------------------------------------------------------------------------------------


def table(*header: str) -> list[list[str]]:
    """Return the cells of each row below this header; fails when the page has no such table, or several."""
    line = f"| {' | '.join(header)} |"
    assert PAGE.count(line) == 1, f"docs/scaling.md needs one table with the header {line}"
    rows = PAGE[PAGE.index(line) :].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.+?)^```", PAGE, re.MULTILINE | re.DOTALL)


def end_of_brackets(text: str, start: int) -> int:
    """Return the place after the bracket that closes the one at `start`; fails when none does."""
    closing = {"(": ")", "[": "]", "{": "}"}
    expected: list[str] = []
    for found in re.finditer(r'"[^"\n]*"|//[^\n]*|[()\[\]{}]', text[start:]):
        sign = found[0]
        if sign in closing:
            expected.append(closing[sign])
        elif sign in closing.values():
            assert expected, f"{sign!r} closes nothing: {text[start:][: found.end()]}"
            assert sign == expected.pop(), f"{sign!r} closes another bracket: {text[start:][: found.end()]}"
            if not expected:
                return start + found.end()
    raise AssertionError(f"a bracket is not closed: {text[start : start + 80]}")


SCRIPT = "\n".join(blocks("js"))
"""All commands for mongosh, in the order of the page."""


class Command(NamedTuple):
    """`sh.shardCollection` or `sh.reshardCollection`, and where it stands in `SCRIPT`."""

    name: str
    collection: str
    key: ShardKey
    place: int


def commands(*names: str) -> list[Command]:
    found = []
    for call in re.finditer(rf"\bsh\.({'|'.join(names)})\(", SCRIPT):
        text = SCRIPT[call.end() : end_of_brackets(SCRIPT, call.end() - 1) - 1]
        parts = re.fullmatch(r'"traya\.(\w+)", (\{.+\})', text)
        assert parts is not None, f'{call[0]}{text}) is not like {call[1]}("traya.orders", {{ number: 1 }})'
        key = json.loads(re.sub(r"([\w.]+):", r'"\1":', parts[2]))
        found.append(Command(call[1], parts[1], key, call.start()))
    return found


def shard_keys() -> dict[str, ShardKey]:
    """Return the key of each collection that the page shards."""
    sharding = commands("shardCollection")
    twice = [name for name, times in Counter(one.collection for one in sharding).items() if times > 1]
    assert twice == [], "docs/scaling.md shards these collections twice"
    return {one.collection: one.key for one in sharding}


# --- what the code says -------------------------------------------------------------------------------------------


@cache
def trees() -> list[ast.Module]:
    return [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(SOURCE.rglob("*.py"))]


@cache
def collections() -> dict[str, str]:
    """Return the collection of each class that declares one, by the name of the class."""
    return {
        outer.name: str(ast.literal_eval(line.value))
        for tree in trees()
        for outer in ast.walk(tree)
        if isinstance(outer, ast.ClassDef)
        for inner in outer.body
        if isinstance(inner, ast.ClassDef) and inner.name == "Settings"
        for line in inner.body
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "name"
    }


class Queries(ast.NodeVisitor):
    """Collects the comments of commands.

    One like `f"{name}.page"` stands for every collection that its function, or one around it, is called for: with a
    document class as the first argument, or with the argument `document` of such a function.
    """

    def __init__(self) -> None:
        self.comments: set[str] = set()
        self._within: list[str] = []
        self._endings: set[tuple[str, str]] = set()
        self._given: defaultdict[str, set[str]] = defaultdict(set)
        self._handed_on: set[tuple[str, str]] = set()

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._within.append(node.name)
        self.generic_visit(node)
        self._within.pop()

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - ast's name

    def visit_Call(self, node: ast.Call) -> None:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        if node.args and isinstance(node.args[0], ast.Name):
            first = node.args[0].id
            if first in collections():
                self._given[called].add(collections()[first])
            elif first == "document":
                self._handed_on |= {(outer, called) for outer in self._within}
        for keyword in node.keywords:
            if keyword.arg == "comment":
                self._note(keyword.value)
        self.generic_visit(node)

    def _note(self, comment: ast.expr) -> None:
        if isinstance(comment, ast.Constant):
            self.comments.add(str(comment.value))
        elif isinstance(comment, ast.JoinedStr):
            begins_with_a_name = [type(part) for part in comment.values] == [ast.FormattedValue, ast.Constant]
            assert begins_with_a_name, f"this test cannot read the comment {ast.unparse(comment)}"
            ending = str(ast.literal_eval(comment.values[1]))
            self._endings |= {(outer, ending) for outer in self._within}
        else:
            assert ast.unparse(comment) == "comment", f"this test cannot read the comment {ast.unparse(comment)}"

    def resolve(self) -> set[str]:
        size = -1
        while size != (size := sum(map(len, self._given.values()))):
            for caller, called in self._handed_on:
                self._given[called] |= self._given[caller]
        return self.comments | {name + ending for outer, ending in self._endings for name in self._given[outer]}


@cache
def queries() -> set[str]:
    found = Queries()
    for tree in trees():
        found.visit(tree)
    return found.resolve()


def unique_keys(document: type[Document]) -> list[list[str]]:
    """Return the fields of each unique index but that of `_id`."""
    indexes = [index.document for index in document.Settings.indexes]
    return [list(index["key"]) for index in indexes if index.get("unique")]


def is_id_random(document: type[Document]) -> bool:
    return document.model_fields["id"].annotation is UUID


def clashes(document: type[Document], key: ShardKey) -> list[str]:
    """Return why MongoDB refuses the key: a unique index that does not begin with it."""
    fields = list(key)
    return [
        f"the unique index {index} does not begin with the shard key {fields}"
        for index in unique_keys(document)
        if index[: len(fields)] != fields
    ]


def objections(document: type[Document], key: ShardKey) -> list[str]:
    """Return why the key will not do: what MongoDB refuses, and what it would let go wrong."""
    found = clashes(document, key)
    if list(key) != ["_id"] and not is_id_random(document):
        found.append("_id would be unique on each shard only, and is no random UUID")
    if list(key.values()).count("hashed") > 1:
        found.append("only one field of a shard key can be hashed")
    return found


def legal_keys(document: type[Document]) -> str:
    firsts = {index[0] for index in unique_keys(document)}
    if not firsts:
        return "any" if is_id_random(document) else "`_id`"
    return f"`{firsts.pop()}`" if len(firsts) == 1 else "none"


# --- the collections ----------------------------------------------------------------------------------------------


def test_every_collection_has_its_row() -> None:
    named = [quoted(row[0])[0] for row in table(*COLLECTIONS)]
    declared = set(collections().values())

    assert declared >= set(BY_NAME)
    assert named == sorted(declared), (
        f"the first table of 'Sharding' in docs/scaling.md, in alphabetical order: add {sorted(declared - set(named))} "
        f"(shard it, or why not?), remove {sorted(set(named) - declared)}"
    )


def test_the_legal_keys_of_a_collection_are_those_that_its_unique_indexes_leave() -> None:
    said = {quoted(row[0])[0]: row[2] for row in table(*COLLECTIONS)}

    should_be = {name: legal_keys(document) for name, document in BY_NAME.items()}

    assert {name: key for name, key in should_be.items() if said.get(name) != key} == {}


def test_what_is_to_be_sharded_has_its_command() -> None:
    sharded = {quoted(row[0])[0] for row in table(*COLLECTIONS) if row[1] == "yes"}

    assert {row[1] for row in table(*COLLECTIONS)} == {"yes", "no"}
    assert sharded - set(shard_keys()) == set()


def test_every_shard_key_is_legal_for_every_unique_index() -> None:
    given = commands("shardCollection", "reshardCollection")
    assert given

    unknown = [one for one in given if one.collection not in BY_NAME]
    illegal = {
        f"{one.name} {one.collection} {dict(one.key)}": why
        for one in given
        if one.collection in BY_NAME and (why := objections(BY_NAME[one.collection], one.key))
    }

    assert unknown == []
    assert illegal == {}


def test_a_hashed_key_gets_its_index_before_the_collection_is_sharded() -> None:
    hashed = [one for one in commands("shardCollection") if "hashed" in one.key.values()]

    late = [
        one.collection
        for one in hashed
        if f'db.{one.collection}.createIndex({{ _id: "hashed" }})' not in SCRIPT[: one.place]
        or list(one.key) != ["_id"]
    ]

    assert late == []


def test_the_rules_for_keys_refuse_what_mongodb_refuses_or_lets_go_wrong() -> None:
    assert objections(BY_NAME["reports"], {"_id": "hashed"}) != []
    assert objections(BY_NAME["reports"], {"public_id": 1}) != []
    assert objections(BY_NAME["assignments"], {"staff_id": 1}) != []
    assert objections(BY_NAME["assignments"], {"customer_id": 1}) == []
    assert objections(BY_NAME["idempotency"], {"input_hash": 1}) != []
    assert objections(BY_NAME["idempotency"], {"_id": "hashed"}) == []


# --- the queries --------------------------------------------------------------------------------------------------


def test_every_query_has_its_row() -> None:
    named = [quoted(row[0])[0] for row in table(*QUERIES)]

    assert {"hair_tests.first_pages", "orders.claimable", "customers.change", "jobs.take"} <= queries()
    assert named == sorted(queries()), (
        "the table 'Which query asks how many shards' in docs/scaling.md, in alphabetical order: "
        f"add {sorted(queries() - set(named))} (| `query` | `collection` | `fields` | one, some or all |), "
        f"remove {sorted(set(named) - queries())}"
    )


def test_a_query_stands_with_its_collection_and_fields_that_are_there() -> None:
    wrong = []
    for name, collection, fields, _ in table(*QUERIES):
        [query], [of] = quoted(name), quoted(collection)
        prefix = query.partition(".")[0]
        if of not in {*collections().values(), NOT_A_DOCUMENT} or (prefix in collections().values() and prefix != of):
            wrong.append(f"{query}: {of}")
        known = {field.alias or key for key, field in BY_NAME[of].model_fields.items()} if of in BY_NAME else set()
        wrong += [
            f"{query}: {field}" for field in quoted(fields) if known and field.partition(".")[0] not in known | {"_id"}
        ]

    assert wrong == []


def asked(fields: str, key: ShardKey | None) -> str:
    """Return how many shards a query asks that selects by these fields."""
    if fields == STREAM:
        return "all"
    if key is None:
        return "one"
    if not set(key) <= set(quoted(fields)):
        return "all"
    return "some" if fields.startswith("several ") else "one"


def test_a_query_asks_the_shards_that_its_fields_and_the_shard_key_leave() -> None:
    keys = shard_keys()

    should_be = {row[0]: asked(row[2], keys.get(quoted(row[1])[0])) for row in table(*QUERIES)}

    assert {row[0]: should_be[row[0]] for row in table(*QUERIES) if row[3] != should_be[row[0]]} == {}


def test_what_is_sharded_first_is_always_asked_for_on_one_shard() -> None:
    first = {quoted(row[0])[0] for row in table(*COLLECTIONS) if row[1] == "yes"}

    scattered = [row[0] for row in table(*QUERIES) if quoted(row[1])[0] in first and row[3] != "one"]

    assert scattered == []


def test_every_query_that_the_text_names_exists() -> None:
    prefixes = "|".join({*collections().values(), "migrations"})

    named = set(re.findall(rf"`((?:{prefixes})\.\w+)`", PAGE))

    assert named - queries() == set()


# --- the commands as text -----------------------------------------------------------------------------------------


def test_the_commands_for_mongosh_close_what_they_open() -> None:
    assert len(blocks("js")) >= 5
    for block in blocks("js"):
        end_of_brackets(f"({block})", 0)


def test_the_commands_for_the_shell_close_what_they_open() -> None:
    assert len(blocks("sh")) >= 5
    for block in blocks("sh"):
        assert shlex.split(block, comments=True)


# --- a real shard -------------------------------------------------------------------------------------------------

MAJORITY = {"writeConcern": {"w": "majority"}}


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


class Cluster(NamedTuple):
    """A config server and the first of two shards, which holds the database."""

    config: Client
    shard: Client


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Start a cluster without a router: the embedded MongoDB brings none. What a router would send, the test sends."""
    mongod = find_mongod(None)
    version = subprocess.run([mongod, "--version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("db version v6.0."):
        pytest.skip("the commands between routers and shards are those of MongoDB 6.0")
    with ExitStack() as stack:
        clients = {}
        for name, role in (("cfg", "--configsvr"), ("one", "--shardsvr"), ("two", "--shardsvr")):
            folder, port = tmp_path / name, free_port()
            folder.mkdir()
            options = f"--port {port} --bind_ip 127.0.0.1 --nounixsocket --wiredTigerCacheSizeGB 0.25 --oplogSize 50"
            command: list[str | Path] = [
                mongod,
                role,
                "--replSet",
                name,
                "--dbpath",
                folder,
                "--logpath",
                folder / "log",
            ]
            process = stack.enter_context(subprocess.Popen([*command, *options.split()], stdout=subprocess.DEVNULL))
            stack.callback(process.kill)
            client: Client = MongoClient("127.0.0.1", port, directConnection=True, uuidRepresentation="standard")
            clients[name] = stack.enter_context(client)
            start_set(client, name, f"127.0.0.1:{port}", is_config=name == "cfg")
        for name in ("one", "two"):
            host, port = clients[name].address or ("", 0)
            clients["cfg"].admin.command({"_configsvrAddShard": f"{name}/{host}:{port}", "name": name, **MAJORITY})
        clients["cfg"].admin.command({"_configsvrCreateDatabase": "traya", "primaryShardId": "one", **MAJORITY})
        yield Cluster(clients["cfg"], clients["one"])


def start_set(client: Client, name: str, host: str, *, is_config: bool) -> None:
    members = {"_id": name, "members": [{"_id": 0, "host": host}], **({"configsvr": True} if is_config else {})}
    client.admin.command("replSetInitiate", members)

    def is_primary() -> bool:
        try:
            return bool(client.admin.command("hello")["isWritablePrimary"])
        except AutoReconnect:
            return False

    eventually(is_primary)


def answer(cluster: Cluster, name: str, key: ShardKey) -> str:
    """Return what the shard says to a key for a collection: "taken", or the words of its refusal."""
    [database] = cluster.config.config.databases.find({"_id": "traya"})
    request = {
        "_shardsvrCreateCollection": name,
        "shardKey": dict(key),
        "unique": False,
        "databaseVersion": database["version"],
        **MAJORITY,
    }
    try:
        cluster.shard.traya.command(request, codec_options=cluster.shard.codec_options)
    except OperationFailure as error:
        return str(error.details and error.details["errmsg"])
    return "taken"


@pytest.mark.slow
def test_a_real_shard_takes_and_refuses_the_keys_that_the_page_does(cluster: Cluster) -> None:
    number = count()
    wrong = {}
    for document in DOCUMENTS:
        given = [one.key for one in commands("shardCollection") if one.collection == document.Settings.name]
        tried: list[ShardKey] = [{"_id": 1}, *({index[0]: 1} for index in unique_keys(document)), *given]
        for key in tried:
            name = f"{document.Settings.name}_{next(number)}"
            collection = cluster.shard.traya.create_collection(name)
            if indexes := list(document.Settings.indexes):
                collection.create_indexes(indexes)
            said = answer(cluster, name, key)
            if (said == "taken") is bool(clashes(document, key)):
                wrong[f"{name} {dict(key)}"] = said

    assert wrong == {}


@pytest.mark.slow
def test_an_empty_collection_is_spread_at_once_and_one_with_data_needs_its_index_first(cluster: Cluster) -> None:
    key = {"_id": "hashed"}
    cluster.shard.traya.filled.insert_one({"_id": "x"})
    cluster.shard.traya.create_collection("empty")

    assert answer(cluster, "empty", key) == "taken"
    assert answer(cluster, "filled", key).startswith("Please create an index")
    cluster.shard.traya.filled.create_index(list(key.items()))
    assert answer(cluster, "filled", key) == "taken"

    chunks = {
        name: Counter(chunk["shard"] for chunk in cluster.config.config.chunks.find({"uuid": found["uuid"]}))
        for name in ("empty", "filled")
        for found in cluster.config.config.collections.find({"_id": f"traya.{name}"})
    }
    assert chunks == {"empty": {"one": 2, "two": 2}, "filled": {"one": 1}}
