"""Our executor beside graphql-core's: whatever is asked of whatever data, they answer the same."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from inspect import isawaitable
from typing import Any

import pytest
import strawberry
from graphql import GraphQLSchema, execute, parse, validate
from hypothesis import given, settings
from hypothesis import strategies as st
from strawberry import Info
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from traya_gql.graph.execution import Executor, Memory
from traya_gql.graph.fields import shorten_fields

WHEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


class Broken(Exception):
    """What a resolver raises."""


@strawberry.enum
class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@strawberry.interface
class Named:
    name: str


@strawberry.type
class Leaf(Named):
    number: int
    weight: float | None
    is_green: bool
    colour: Colour | None
    grown_at: datetime
    parts: list[str]
    notes: list[str | None] | None
    said: strawberry.Private[Any]

    @strawberry.field
    def loud(self) -> str:
        return self.name.upper()

    @strawberry.field
    def says(self) -> str | None:
        return _spoken(self.said)  # type: ignore[no-any-return]

    @strawberry.field
    def told(self, info: Info) -> str:
        return f"{info.field_name}: {self.name}"

    @strawberry.field
    async def later(self) -> str | None:
        await asyncio.sleep(0)
        return self.name if self.is_green else None

    @strawberry.field
    def repeated(self, times: int = 2) -> str:
        return self.name * times


@strawberry.type
class Tree(Named):
    leaf: Leaf
    perhaps: Leaf | None
    leaves: list[Leaf]
    holes: list[Leaf | None]
    anything: list[Named]
    one: Named | None
    below: Tree | None

    @strawberry.field
    def all_leaves(self) -> list[Leaf]:
        return [self.leaf, *self.leaves]


@strawberry.type
class Query:
    @strawberry.field
    def tree(self, info: Info) -> Tree | None:
        return info.context  # type: ignore[no-any-return]

    @strawberry.field
    async def trees(self, info: Info) -> list[Tree]:
        return [info.context, info.context]


def _spoken(said: Any) -> Any:
    """Return what a method declared as sync may return all the same."""
    if isinstance(said, Exception):
        raise said
    if said == "LATER":

        async def later() -> str:
            return "later"

        return later()
    return said


class Pine(Leaf):
    """A class of its own, for objects that are not what the type's own are."""


class Some:
    """What goes round and is neither list nor tuple."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    core = strawberry.Schema(query=Query, types=[Leaf, Tree])._schema
    shorten_fields(core)
    return core


# --- whatever may be asked --------------------------------------------------------------------------------------------

LEAF_FIELDS = (
    *("__typename", "name", "number", "weight", "isGreen", "colour", "grownAt", "parts", "notes", "loud", "says"),
    *("told", "later", "repeated", "repeated(times: $times)"),
)
TREE_FIELDS = {"leaf": 1, "perhaps": 1, "leaves": 1, "holes": 1, "allLeaves": 1, "anything": 2, "one": 2, "below": 0}


@st.composite
def _leaf_asked(draw: st.DrawFn) -> str:
    chosen = draw(st.lists(st.sampled_from(LEAF_FIELDS), min_size=1, max_size=6))
    return "{ " + " ".join(_written(draw, place, name) for place, name in enumerate(chosen)) + " }"


def _written(draw: st.DrawFn, place: int, name: str) -> str:
    # an alias: one name may be asked for twice with other arguments
    asked = f"f{place}: {name}" if "(" in name or draw(st.booleans()) else name
    return asked + draw(st.sampled_from(["", "", "", " @include(if: $yes)", " @skip(if: $yes)"]))


@st.composite
def _tree_asked(draw: st.DrawFn, depth: int = 0) -> str:
    chosen = draw(st.lists(st.sampled_from(sorted(TREE_FIELDS)), min_size=1, max_size=4, unique=True))
    asked = [draw(st.sampled_from(["", "name", "__typename", "... on Named { name }"]))]
    for name in chosen:
        if TREE_FIELDS[name] == 0:
            below = draw(_tree_asked(depth + 1)) if depth < 2 else "{ name }"
        elif TREE_FIELDS[name] == 2:
            below = f"{{ __typename name ... on Leaf {draw(_leaf_asked())} }}"
        else:
            below = draw(_leaf_asked())
        asked.append(f"{name} {below}")
    return "{ " + " ".join(asked) + " }"


@st.composite
def documents(draw: st.DrawFn) -> str:
    roots = draw(st.sampled_from([["tree"], ["trees"], ["tree", "trees"], ["a: tree", "b: tree"]]))
    asked = " ".join(f"{root} {draw(_tree_asked())}" for root in roots)
    return f"query Q($yes: Boolean!, $times: Int!) {{ __typename {asked} }}"


# --- whatever the data may be -----------------------------------------------------------------------------------------

ODD = st.sampled_from([None, Broken("here"), object(), 5, 2**40, "text", True, [], [None], (), "LATER", float("nan")])


def _or_odd(usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(usual, usual, usual, usual, usual, usual, usual, ODD)


LEAVES = st.builds(
    lambda kind, **fields: kind(**fields),
    st.sampled_from([Leaf, Leaf, Leaf, Pine]),
    name=_or_odd(st.sampled_from(["oak", "elm"])),
    number=_or_odd(st.integers(-5, 5)),
    weight=_or_odd(st.sampled_from([None, 0.5, 3])),
    is_green=_or_odd(st.booleans()),
    colour=_or_odd(st.sampled_from([None, *Colour])),
    grown_at=_or_odd(st.just(WHEN)),
    parts=_or_odd(st.sampled_from([[], ["stem", "tip"], ("stem",)])),
    notes=_or_odd(st.sampled_from([None, [], [None, "dry"]])),
    said=ODD,
)
MANY_LEAVES = st.lists(_or_odd(LEAVES), max_size=3)
LISTS = _or_odd(st.one_of(MANY_LEAVES, MANY_LEAVES.map(tuple), MANY_LEAVES.map(Some)))


def _trees(below: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        Tree,
        name=st.just("tree"),
        leaf=_or_odd(LEAVES),
        perhaps=_or_odd(st.one_of(st.none(), LEAVES)),
        leaves=LISTS,
        holes=_or_odd(st.lists(st.one_of(st.none(), LEAVES), max_size=3)),
        anything=LISTS,
        one=_or_odd(LEAVES),
        below=below,
    )


TREES = _trees(_trees(st.none()))


# --- the same answer --------------------------------------------------------------------------------------------------


async def _answer(run: Callable[..., Any]) -> dict[str, Any]:
    running = run()
    result = await running if isawaitable(running) else running
    return result.formatted  # type: ignore[no-any-return]


# where an error takes an object away, graphql-core lets go of what it would have awaited there
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_it_answers_as_graphql_core_does(schema: GraphQLSchema) -> None:
    @given(query=documents(), tree=TREES, is_yes=st.booleans())
    @settings(max_examples=150, deadline=None)
    def answer_the_same(query: str, tree: Any, is_yes: bool) -> None:  # noqa: FBT001
        document = parse(query)
        if validate(schema, document):
            return
        variables = {"yes": is_yes, "times": 3}
        run = partial(execute, schema, document, context_value=tree, variable_values=variables)
        memory = Memory()

        async def all_answers() -> list[dict[str, Any]]:
            return [
                await _answer(partial(run, executor_class=StrawberryGraphQLCoreExecutionContext)),
                await _answer(partial(run, executor_class=Executor, memory=memory)),
                # with what the first one remembers: the variables are the same
                await _answer(partial(run, executor_class=Executor, memory=memory)),
            ]

        expected, first, second = asyncio.run(all_answers())

        assert _with_order(first) == _with_order(expected)
        assert _with_order(second) == _with_order(expected)

    answer_the_same()
    gc.collect()


def test_what_a_plain_method_leaves_to_be_awaited_is_awaited_once(schema: GraphQLSchema) -> None:
    leaf = Leaf(
        name="oak",
        number=1,
        weight=None,
        is_green=True,
        colour=None,
        grown_at=WHEN,
        parts=[],
        notes=None,
        said="LATER",
    )
    tree = Tree(name="tree", leaf=leaf, perhaps=None, leaves=[leaf, leaf], holes=[], anything=[], one=None, below=None)
    document = parse("{ tree { leaf { says } leaves { name says } } }")
    run = partial(execute, schema, document, context_value=tree, executor_class=Executor, memory=Memory())

    # a coroutine that is made and not awaited warns, and a warning is an error here
    answer = asyncio.run(_answer(run))
    gc.collect(0)

    spoken = {"says": "later"}
    assert answer == {"data": {"tree": {"leaf": spoken, "leaves": [{"name": "oak", **spoken}] * 2}}}


def _with_order(answer: Any) -> Any:
    """Return an answer such that the order of its fields is compared too; NaN is like itself."""
    if isinstance(answer, dict):
        return [(name, _with_order(value)) for name, value in answer.items()]
    if isinstance(answer, list):
        return [_with_order(value) for value in answer]
    return repr(answer)
