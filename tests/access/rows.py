"""The rows of the table, made from the schema: what could be asked, whether or not anybody thought of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_object_type,
)

from traya_gql.graph import build_schema
from traya_gql.guards import GUARD, Readers
from traya_gql.schema.common import NodeType

CORE: GraphQLSchema = build_schema()._schema
_ROOTS = ("Query", "Mutation")
# what is open to everybody, and leads to nothing private
_OPEN = {NodeType.PRODUCT}


class Row(NamedTuple):
    """One line of the table.

    Args:
        entry: the field that leads to an object, such as `Order.report`; `node(Order)` for one of several types.
        private: a private field of that object, or of what lies inside it, such as `Cause.score`.
    """

    entry: str
    private: str | None = None

    @property
    def name(self) -> str:
        """The row as the table has it."""
        return self.entry if self.private is None else f"{self.entry} > {self.private}"


def rows() -> dict[str, Row]:
    """Return all rows by name."""
    found = [Row(f"{root}.{name}") for root in _ROOTS for name in _type(root).fields]
    found += [Row(f"Viewer.{name}") for name in _type("Viewer").fields]
    found += [Row(f"{root}({type_})") for root in ("node", "nodes") for type_ in NodeType]
    for entry, target, is_private in _entries():
        if not is_private:
            found.append(Row(entry))
        found += [Row(entry, private) for private in _private_of(target)]
    return {row.name: row for row in found}


def private_fields() -> set[str]:
    """Return the coordinates of all fields that name their readers."""
    return {
        f"{type_.name}.{name}" for type_ in _object_types() for name, one in type_.fields.items() if _is_private(one)
    }


def _entries() -> Iterator[tuple[str, GraphQLObjectType, bool]]:
    """Return each field that leads to an object with an id, with that object's type, and whether it is private."""
    named = {type_.value for type_ in NodeType if type_ not in _OPEN}
    for parent in _object_types():
        for name, one in parent.fields.items():
            target = _target(one)
            if is_abstract_type(target):
                for possible in CORE.get_possible_types(target):
                    if possible.name in named:
                        yield f"{name}({possible.name})", possible, _is_private(one)
            elif isinstance(target, GraphQLObjectType) and target.name in named:
                yield f"{parent.name}.{name}", target, _is_private(one)


def _private_of(type_: GraphQLObjectType, *around: str) -> list[str]:
    """Return the private fields of a type, and of the objects without an id inside it."""
    found: list[str] = []
    for name, one in type_.fields.items():
        inner = _target(one)
        if _is_private(one):
            found.append(f"{type_.name}.{name}")
        elif isinstance(inner, GraphQLObjectType) and inner.name not in {*NodeType, *around, type_.name}:
            found += _private_of(inner, *around, type_.name)
    return found


def _object_types() -> list[GraphQLObjectType]:
    # pages are looked through: their items are what counts
    return [
        type_
        for type_ in CORE.type_map.values()
        if isinstance(type_, GraphQLObjectType)
        and not type_.name.startswith("__")
        and not type_.name.endswith(("Connection", "Edge"))
    ]


def _target(one: GraphQLField) -> object:
    named = get_named_type(one.type)
    if is_object_type(named) and named.name.endswith("Connection"):
        return get_named_type(named.fields["nodes"].type)
    return named


def _is_private(one: GraphQLField) -> bool:
    declared = one.extensions.get("strawberry-definition")
    return declared is not None and isinstance(declared.metadata.get(GUARD), Readers)


def _type(name: str) -> GraphQLObjectType:
    found = CORE.type_map[name]
    assert isinstance(found, GraphQLObjectType)
    return found
