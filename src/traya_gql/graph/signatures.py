"""What names a document in the log: a hash that its literals have no part in.

A hash of the text itself would give a phone or an answer away that stands in it: few texts are possible, and all can be
tried.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, NamedTuple

from graphql import (
    BooleanValueNode,
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FloatValueNode,
    IntValueNode,
    ListValueNode,
    NameNode,
    Node,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    Visitor,
    print_ast,
    visit,
)

from traya_gql.observability.operations import loggable_name

_DIGITS = 16
_HIDDEN = EnumValueNode(value="HIDDEN")
_HIDDEN_NAME = NameNode(value="HIDDEN")


class _HideLiterals(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.field_names: set[str] = set()

    def enter(self, node: Node, *_: Any) -> Any:
        if isinstance(node, FieldNode):
            self.field_names.add(node.name.value)
        if isinstance(node, NameNode) and loggable_name(node.value) is None:
            return _HIDDEN_NAME
        if isinstance(
            node,
            BooleanValueNode
            | EnumValueNode
            | FloatValueNode
            | IntValueNode
            | ListValueNode
            | NullValueNode
            | ObjectValueNode
            | StringValueNode,
        ):
            return _HIDDEN
        return None


class Signature(NamedTuple):
    """What names a document, and the names of all fields in it, fragments too."""

    digits: str
    field_names: frozenset[str]


def signature(document: DocumentNode) -> Signature:
    """Return 16 hex digits, the same for documents that differ in literals and layout only, and the fields' names."""
    visitor = _HideLiterals()
    text = print_ast(visit(document, visitor))
    return Signature(sha256(text.encode()).hexdigest()[:_DIGITS], frozenset(visitor.field_names))
