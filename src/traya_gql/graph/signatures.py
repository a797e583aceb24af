"""What names a document in the log: a hash that its literals have no part in.

A hash of the text itself would give a phone or an answer away that stands in it: few texts are possible, and all can be
tried.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from graphql import (
    BooleanValueNode,
    DocumentNode,
    EnumValueNode,
    FloatValueNode,
    IntValueNode,
    ListValueNode,
    Node,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    Visitor,
    print_ast,
    visit,
)

_DIGITS = 16
_HIDDEN = EnumValueNode(value="HIDDEN")


class _HideLiterals(Visitor):
    def enter(self, node: Node, *_: Any) -> Any:
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


def signature(document: DocumentNode) -> str:
    """Return the same 16 hex digits for all documents that differ in literals and layout only."""
    return sha256(print_ast(visit(document, _HideLiterals())).encode()).hexdigest()[:_DIGITS]
