"""The executor: graphql-core's own, with a short way for fields that only show what their object holds.

graphql-core makes a path and a description for each field of each object, and asks of each value whether it is awaited,
a list, null or an error. Most fields of this graph show an attribute. For those, a function is made once for each
selection of a document. It knows the usual case alone; whatever else it meets makes it give up, and graphql-core does
that field over: it alone awaits, finds the types of interfaces and tells errors. So a plain resolver may run twice: it
takes no info, and only shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import CoroutineType
from typing import Any, Final, NamedTuple, TypeAlias

from graphql import (
    GraphQLField,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    Undefined,
    is_abstract_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList, GroupedFieldSet
from graphql.pyutils import AwaitableOrValue, Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

Read: TypeAlias = Callable[[Any], Any]
"""What a field's resolver makes of its object, when it takes nothing else."""

Show: TypeAlias = Callable[[Any], Any]
"""What an answer shows of a value. It raises whatever it likes when graphql-core has to do it."""

READ: Final = "traya-read"
"""The extension of a field that holds its `Read`."""

_DEFINITION: Final = "strawberry-definition"
_KEPT: Final[dict[str, type]] = {"String": str, "ID": str, "Boolean": bool}


class _Unusual(Exception):
    """A value that is not what nearly all values of its field are."""


class _Selection(NamedTuple):
    """What is asked of an object: what is shown the short way, and what graphql-core resolves."""

    fields: GroupedFieldSet
    shown: list[tuple[str, Show]]
    resolved: GroupedFieldSet


@dataclass(slots=True)
class Memory:
    """What executions of one operation have in common, as long as no variable decides which fields are asked for."""

    root: GroupedFieldSet | None = None
    subfields: dict[tuple[GraphQLObjectType, int], tuple[FieldDetailsList, CollectedFields]] = field(
        default_factory=dict
    )
    # by the identity of what they were made of, which they keep alive
    selections: dict[int, _Selection] = field(default_factory=dict)


class Executor(StrawberryGraphQLCoreExecutionContext):
    """Executes one operation.

    Args:
        memory: of earlier executions of the same operation, or a new one.
    """

    def __init__(self, *args: Any, memory: Memory, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._memory = memory
        self._relevant_sub_fields = memory.subfields

    def execute_collected_root_fields(
        self,
        root_type: GraphQLObjectType,
        root_value: Any,
        grouped_field_set: GroupedFieldSet,
        *args: Any,
    ) -> AwaitableOrValue[dict[str, Any]]:
        """Execute what was collected first: what is remembered goes by its identity."""
        if self._memory.root is None:
            self._memory.root = grouped_field_set
        return super().execute_collected_root_fields(root_type, root_value, self._memory.root, *args)

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: Any,
    ) -> AwaitableOrValue[dict[str, Any]]:
        """Show the plain fields of an object, and leave the others to graphql-core."""
        selection = self._selection(parent_type, grouped_field_set)
        # all of them now: answers have the order of the question
        results: dict[str, Any] = dict.fromkeys(grouped_field_set)
        unusual = set()
        for name, show in selection.shown:
            try:
                results[name] = show(source_value)
            except Exception:  # noqa: BLE001 - graphql-core meets it again, and tells
                unusual.add(name)
        resolved = selection.resolved
        if unusual:
            resolved = {name: of for name, of in grouped_field_set.items() if name in resolved or name in unusual}
        if not resolved:
            return results
        rest = super().execute_fields(parent_type, source_value, path, resolved, position_context)
        if isinstance(rest, dict):
            results.update(rest)
            return results

        async def joined() -> dict[str, Any]:
            results.update(await rest)
            return results

        return joined()

    # --- made once for each selection ---------------------------------------------------------------------------------

    def _selection(self, type_: GraphQLObjectType, grouped: GroupedFieldSet) -> _Selection:
        known = self._memory.selections.get(id(grouped))
        if known is not None:
            return known
        shown, resolved = [], {}
        for name, details in grouped.items():
            show = self._show_field(type_, details)
            if show is None:
                resolved[name] = details
            else:
                shown.append((name, show))
        made = self._memory.selections[id(grouped)] = _Selection(grouped, shown, resolved)
        return made

    def _show_field(self, type_: GraphQLObjectType, details: FieldDetailsList) -> Show | None:
        """Return the short way from an object to what an answer shows of a field, or None when it has none."""
        name = details[0].node.name.value
        if name == "__typename":
            return lambda _source: type_.name
        field_: GraphQLField | None = self.schema.get_field(type_, name)
        read: Read | None = None if field_ is None else field_.extensions.get(READ)
        if field_ is None or read is None:
            return None
        complete = self._show(field_.type, details)
        if complete is None:
            return None
        return lambda source: complete(read(source))

    def _show(self, type_: GraphQLOutputType, details: FieldDetailsList) -> Show | None:
        """Return the short way to show a value of a type, or None when it has none."""
        if isinstance(type_, GraphQLNonNull):
            return self._show_present(type_.of_type, details)
        show = self._show_present(type_, details)
        return None if show is None else lambda value: None if value is None else show(value)

    def _show_present(self, type_: GraphQLOutputType, details: FieldDetailsList) -> Show | None:
        if isinstance(type_, GraphQLList):
            show = self._show(type_.of_type, details)
            return None if show is None else _list_of(show)
        if is_leaf_type(type_):
            return _leaf(type_)
        if is_abstract_type(type_):
            # a list of errors, which has none nearly always
            return _give_up
        if isinstance(type_, GraphQLObjectType) and _DEFINITION in type_.extensions:
            return self._show_object(type_, details)
        return None

    def _show_object(self, type_: GraphQLObjectType, details: FieldDetailsList) -> Show | None:
        selection = self._selection(type_, self.collect_subfields(type_, details).grouped_field_set)
        if selection.resolved:
            return None
        origin, shown = type_.extensions[_DEFINITION].origin, selection.shown

        def show(value: Any) -> dict[str, Any]:
            if value.__class__ is not origin:
                raise _Unusual
            return {name: show_field(value) for name, show_field in shown}

        return show


def method(function: Callable[[Any], Any]) -> Read:
    """Return how a method of an object is read. What has to be awaited is not."""

    def read(source: Any) -> Any:
        value = function(source)
        if value.__class__ is CoroutineType:
            value.close()  # it has not begun
            raise _Unusual
        return value

    return read


def _list_of(show: Show) -> Show:
    def show_all(values: Any) -> list[Any]:
        if values.__class__ is not list and values.__class__ is not tuple:
            raise _Unusual
        return [show(value) for value in values]

    return show_all


def _leaf(type_: GraphQLLeafType) -> Show:
    kept = _KEPT.get(type_.name)

    def show(value: Any) -> Any:
        if value.__class__ is kept:
            return value
        if isinstance(value, Exception):
            raise _Unusual
        shown = type_.coerce_output_value(value)
        if shown is None or shown is Undefined:
            raise _Unusual
        return shown

    return show


def _give_up(_value: Any) -> Any:
    raise _Unusual
