"""Limits of a document: measured in one walk, before validation, in time linear in the document.

A fragment is measured once and its figures are used at each spread, so that fragments that spread fragments twice
cost nothing (the built-in limiters of Strawberry walk each spread again: 2 to the power of n).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    Undefined,
    VariableNode,
    get_named_type,
)

from traya_gql.guards import AT_MOST

_HUGE = 1 << 40  # sums stop growing here: nested fragments can describe numbers that fill the memory
# selections inside selections, through fragments too: graphql-core refuses more, and this walk must not fill the stack
_MOST_NESTING = 200


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The most that one request may ask for.

    Args:
        body_bytes: the whole request.
        query_bytes: the query's text.
        tokens: words and signs of the query.
        depth: fields inside fields, introspection too.
        aliases: renamed fields, counted after fragments are spread.
        directives: counted after fragments are spread.
        fields: fields that may be resolved, leaves too; what stands in a list counts as often as the list is long at
            the most.
        mutations: mutation fields of one request.
        list_items: items of one list in the variables, and of all lists together ten times as many.
        seconds: the time an operation may take.
        cached_bytes: memory for documents that were parsed and validated before.
    """

    body_bytes: int = 1_000_000
    query_bytes: int = 64_000
    tokens: int = 2_000
    depth: int = 15
    aliases: int = 30
    directives: int = 50
    fields: int = 10_000
    mutations: int = 4
    list_items: int = 200
    seconds: float = 20.0
    cached_bytes: int = 50_000_000


class _TooDeep(Exception):
    """Selections are nested beyond what any limit allows."""


class _Size(NamedTuple):
    """What selections come to. `roots`: their own fields, without what lies inside those."""

    roots: int = 0
    depth: int = 0
    aliases: int = 0
    directives: int = 0
    fields: int = 0


LengthOf: TypeAlias = Callable[[str], int | None]
"""Returns how long a list is that a variable decides on, by the variable's name; None: as long as it can be."""


def check_limits(
    document: DocumentNode, schema: GraphQLSchema, limits: Limits, *, length_of: LengthOf = lambda _: None
) -> list[GraphQLError]:
    """Return one error for each limit that an operation of the document exceeds. The document need not be valid."""
    measure = _Measure(document, schema, length_of)
    errors = []
    for operation in document.definitions:
        if not isinstance(operation, OperationDefinitionNode):
            continue
        try:
            size = measure.operation(operation)
        except _TooDeep:
            return [_too_much("nesting", f"{_MOST_NESTING + 1} or more", _MOST_NESTING)]
        is_mutation = operation.operation is OperationType.MUTATION
        found = [
            (name, value, most)
            for name, value, most in (
                ("depth", size.depth, limits.depth),
                ("aliases", size.aliases, limits.aliases),
                ("directives", size.directives, limits.directives),
                ("fields", size.fields, limits.fields),
                ("mutations", size.roots if is_mutation else 0, limits.mutations),
            )
            if value > most
        ]
        errors += [_too_much(name, str(min(value, _HUGE)), most) for name, value, most in found]
    return errors


def lengths(document: DocumentNode, variables: dict[str, Any] | None) -> LengthOf:
    """Return how long lists are by these variables, and by what the document says of those that are missing."""
    known: dict[str, Any] = {
        one.variable.name.value: int(one.default_value.value[:10])
        for operation in document.definitions
        if isinstance(operation, OperationDefinitionNode)
        for one in operation.variable_definitions or ()
        if isinstance(one.default_value, IntValueNode)
    } | (variables or {})

    def length_of(name: str) -> int | None:
        value = known.get(name)
        if isinstance(value, list):
            return len(value)
        return value if isinstance(value, int) else None

    return length_of


def check_variables(variables: dict[str, Any] | None, limits: Limits) -> GraphQLError | None:
    """Return an error when lists in the variables are longer than any argument takes.

    A document's own literals are bounded by its tokens; a variable can hold as many items as the body has bytes, and
    each is coerced, and asked for by every field that uses the variable.
    """
    waiting: list[Any] = list((variables or {}).values())
    total = 0
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            total += len(value)
            if len(value) > limits.list_items or total > 10 * limits.list_items:
                return GraphQLError(
                    f"A list in the variables is too long: at most {limits.list_items} items are taken, and"
                    f" {10 * limits.list_items} in all lists together.",
                    extensions={"code": "BAD_USER_INPUT"},
                )
            waiting += value
    return None


def _too_much(name: str, value: str, most: int) -> GraphQLError:
    return GraphQLError(
        f"The operation asks for too much: {name} {value} is over the limit of {most}."
        " Ask for less at once, or in several requests.",
        extensions={"code": "MAX_COST_EXCEEDED"},
    )


class _Measure:
    def __init__(self, document: DocumentNode, schema: GraphQLSchema, length_of: LengthOf) -> None:
        self._schema = schema
        self._length_of = length_of
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._sizes: dict[str, _Size] = {}
        self._nesting = 0

    def operation(self, node: OperationDefinitionNode) -> _Size:
        root = self._schema.get_root_type(node.operation)
        size = self._selections(node.selection_set, root)
        return size._replace(directives=size.directives + len(node.directives or ()))

    def _selections(self, node: SelectionSetNode | None, parent: GraphQLNamedType | None) -> _Size:
        roots = depth = aliases = directives = fields = 0
        self._nesting += 1
        if self._nesting > _MOST_NESTING:
            raise _TooDeep
        for selection in node.selections if node else ():
            if isinstance(selection, FieldNode):
                size = self._field(selection, parent)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                inside = self._schema.get_type(condition.name.value) if condition else parent
                size = self._selections(selection.selection_set, inside)
            else:
                assert isinstance(selection, FragmentSpreadNode)  # noqa: S101 - there is no fourth kind
                size = self._fragment(selection.name)
            roots += size.roots
            depth = max(depth, size.depth)
            aliases += size.aliases
            directives += size.directives + len(selection.directives or ())
            fields += size.fields
        self._nesting -= 1
        return _Size(min(roots, _HUGE), depth, min(aliases, _HUGE), min(directives, _HUGE), min(fields, _HUGE))

    def _fragment(self, name: NameNode) -> _Size:
        if name.value not in self._sizes:
            self._sizes[name.value] = _Size()  # a cycle counts nothing here; validation refuses it
            if fragment := self._fragments.get(name.value):
                inside = self._schema.get_type(fragment.type_condition.name.value)
                self._sizes[name.value] = self._selections(fragment.selection_set, inside)
        return self._sizes[name.value]

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> _Size:
        definition = None
        if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            definition = parent.fields.get(node.name.value)
        inside = get_named_type(definition.type) if definition else None
        size = self._selections(node.selection_set, inside)
        return _Size(
            roots=1,
            depth=size.depth + 1,
            aliases=size.aliases + (node.alias is not None),
            directives=size.directives,
            fields=1 + _longest(node, definition, self._length_of) * size.fields,
        )


def _longest(node: FieldNode, definition: GraphQLField | None, length_of: LengthOf) -> int:
    """Return how many items a field can answer with, at the most; 1 for what is no list of objects."""
    for name, most in (("first", 100), ("ids", 100)):
        if definition is None or name not in definition.args:
            continue
        given = next((argument.value for argument in node.arguments or () if argument.name.value == name), None)
        if isinstance(given, IntValueNode):
            return min(max(1, int(given.value[:10])), most)
        if isinstance(given, ListValueNode):
            return min(max(1, len(given.values)), most)
        if isinstance(given, VariableNode):
            length = length_of(given.name.value)
            return most if length is None else min(max(1, length), most)
        default: Any = definition.args[name].default_value
        if given is None and default is not Undefined and isinstance(default, int):
            return default
        return most
    listed = definition.extensions.get("strawberry-definition") if definition else None
    return (listed.metadata.get(AT_MOST) if listed else None) or 1
