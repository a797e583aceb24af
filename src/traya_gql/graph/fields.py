"""The short way to a field's resolver, chosen once when the schema is built.

Strawberry's own way asks each time whether there are arguments, extensions and an info to be made. Most fields of this
graph have none: they show an attribute or call a method.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import GraphQLEnumType, GraphQLObjectType, GraphQLSchema
from strawberry import Info
from strawberry.types.field import StrawberryField

_DEFINITION = "strawberry-definition"


def shorten_fields(schema: GraphQLSchema) -> None:
    """Give each field without arguments and extensions, and each enum, its short way. Answers stay the same."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLEnumType) and _DEFINITION in type_.extensions:
            _shorten_enum(type_)
        elif isinstance(type_, GraphQLObjectType) and _DEFINITION in type_.extensions:
            for field in type_.fields.values():
                definition: StrawberryField = field.extensions[_DEFINITION]
                if not field.args and not definition.extensions and (short := _short(definition)) is not None:
                    field.resolve = short


def _short(definition: StrawberryField) -> Callable[..., Any] | None:
    resolver = definition.base_resolver
    if resolver is None:
        return _attribute(definition.python_name)
    if not resolver.self_parameter or resolver.root_parameter or resolver.parent_parameter:
        return None
    function: Callable[..., Any] = resolver.wrapped_func  # type: ignore[assignment] # a method is wrapped as a function
    if resolver.info_parameter:
        return _with_info(definition, function, resolver.info_parameter.name)
    return lambda source, _info: function(source)


def _attribute(name: str) -> Callable[..., Any]:
    return lambda source, _info: getattr(source, name)


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
