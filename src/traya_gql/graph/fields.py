"""The short way to a field's resolver, chosen once when the schema is built.

Strawberry's own way asks each time whether there are arguments, extensions and an info to be made. Most fields of this
graph have none: they show an attribute or call a method.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from graphql import GraphQLEnumType, GraphQLField, GraphQLObjectType, GraphQLSchema
from strawberry import Info
from strawberry.types.field import StrawberryField

from traya_gql.graph.execution import READ, Read, method
from traya_gql.guards import GUARD, MAY_WAIT

_DEFINITION = "strawberry-definition"


def shorten_fields(schema: GraphQLSchema) -> None:
    """Give each field without arguments and extensions, and each enum, its short way. Answers stay the same."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLEnumType) and _DEFINITION in type_.extensions:
            _shorten_enum(type_)
        elif isinstance(type_, GraphQLObjectType) and _DEFINITION in type_.extensions:
            for field in type_.fields.values():
                definition: StrawberryField = field.extensions[_DEFINITION]
                if not field.args and not definition.extensions:
                    _shorten_field(field, definition)


def _shorten_field(field: GraphQLField, definition: StrawberryField) -> None:
    resolver = definition.base_resolver
    if resolver is None:
        field.extensions[READ] = read = attrgetter(definition.python_name)
        field.resolve = _without_info(read)
        return
    if not resolver.self_parameter or resolver.root_parameter or resolver.parent_parameter:
        return
    function: Callable[..., Any] = resolver.wrapped_func  # type: ignore[assignment] # a method is wrapped as a function
    if resolver.info_parameter:
        field.resolve = _with_info(definition, function, resolver.info_parameter.name)
    else:
        field.resolve = _without_info(function)
        # a guard may have to wait for whoever knows who treats whom
        if not resolver.is_async and definition.metadata.keys().isdisjoint((GUARD, MAY_WAIT)):
            field.extensions[READ] = method(function)


def _without_info(read: Read) -> Callable[..., Any]:
    return lambda source, _info: read(source)


def _with_info(definition: StrawberryField, function: Callable[..., Any], parameter: str) -> Callable[..., Any]:
    return lambda source, info: function(source, **{parameter: Info(_raw_info=info, _field=definition)})


def _shorten_enum(type_: GraphQLEnumType) -> None:
    # Strawberry compares with each value in turn
    ordinary = type_.coerce_output_value
    names = {value.value: name for name, value in type_.values.items()}
    members = {member: names[member.value] for member in type_.wrapped_cls}  # type: ignore[attr-defined]

    def coerce(value: Any) -> str:
        return members[value] if type(value) is type_.wrapped_cls else ordinary(value)  # type: ignore[attr-defined]

    type_.coerce_output_value = coerce  # type: ignore[method-assign, assignment]
