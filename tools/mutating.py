"""Mutants that mutmut does not make: of `rules.toml`, and of functions with a decorator."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|#[^\n]*|(?<![\w.-])-?\d+(?![\w.-])|\b(?:true|false)\b|[][{},]')
_HEADER = re.compile(r"^\[([^\]]+)\]", re.MULTILINE)

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}


class Change(NamedTuple):
    """What one mutant changes: `place` is a function or a section of the rules, `was` and `becomes` one line each."""

    file: str
    place: str
    was: str
    becomes: str


class Mutant(NamedTuple):
    """A change, and the whole file with it."""

    change: Change
    text: str


class _Array:
    """An array that is being read: `spans` of its strings and tables so far, `begun` where the next element begins."""

    def __init__(self, kind: str, begun: int) -> None:
        self.kind = kind
        self.begun = begun
        self.spans: list[tuple[int, int]] = []


# --- rules.toml ---------------------------------------------------------------------------------------------------


def rule_mutants(path: Path) -> Iterator[Mutant]:
    """Give the rules with each number one more and one less, each flag flipped, and each element of an array left out.

    Elements are the options of a condition, ingredients, categories, and whole blocks and cases.
    """
    text = path.read_text(encoding="utf-8")
    for start, end, new in sorted(_changes(text)):
        mutated = text[:start] + new + text[end:]
        sections = [found[1] for found in _HEADER.finditer(text, 0, start)]
        line = text.rfind("\n", 0, start) + 1
        change = Change(
            file=path.name,
            place=sections[-1] if sections else "",
            was=" ".join(text[line : text.find("\n", end)].split()),
            becomes=" ".join(mutated[line : mutated.find("\n", start + len(new))].split()),
        )
        yield Mutant(change, mutated)


def _changes(text: str) -> Iterator[tuple[int, int, str]]:
    """Give start, end and what takes the place of it."""
    arrays: list[_Array] = []
    headers = {found.start() for found in _HEADER.finditer(text)}
    inside_header = False
    for token in _TOKEN.finditer(text):
        word = token[0]
        if token.start() in headers or inside_header:
            inside_header = word != "]"
        elif word in "[{":
            arrays.append(_Array(word, token.end()))
        elif word in "]},":
            innermost = arrays[-1]
            if innermost.kind == "[" and text[innermost.begun : token.start()].strip()[:1] in {'"', "{"}:
                innermost.spans.append((innermost.begun, token.start()))
            innermost.begun = token.end()
            if word != ",":
                yield from _without_each(text, arrays.pop())
        elif word in {"true", "false"}:
            yield token.start(), token.end(), "false" if word == "true" else "true"
        elif word[0] not in '"#':
            yield from ((token.start(), token.end(), str(int(word) + step)) for step in (1, -1))


def _without_each(text: str, array: _Array) -> Iterator[tuple[int, int, str]]:
    for start, end in array.spans:
        yield start, end + (text[end] == ","), ""


# --- functions with a decorator -----------------------------------------------------------------------------------


def decorated_mutants(path: Path, name: str) -> Iterator[Mutant]:
    """Give a module with each operator, constant and argument changed in functions that have a decorator.

    `name` is what the module is called in the changes.
    """
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    for function in ast.walk(ast.parse(text)):
        if not isinstance(function, ast.FunctionDef) or not function.decorator_list:
            continue
        for statement in function.body:
            for node in ast.walk(statement):
                for new in _changed(node):
                    start, end = _span(node, starts, lines)
                    becomes = ast.unparse(new)
                    # in parentheses, as it may have bound less tightly than what it replaces
                    mutated = f"{text[:start]}({becomes}){text[end:]}"
                    yield Mutant(Change(name, function.name, ast.unparse(node), becomes), mutated)


def _changed(node: ast.AST) -> Iterator[ast.expr]:
    yield from _other_logic(node)
    yield from _other_values(node)


def _other_logic(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.Compare(ops=[operator]):
            yield _with(node, ops=[_COMPARED[type(operator)]()])
        case ast.BoolOp(op=operator):
            yield _with(node, op=ast.Or() if isinstance(operator, ast.And) else ast.And())
            for place in range(len(node.values)):
                left = [value for other, value in enumerate(node.values) if other != place]
                yield left[0] if len(left) == 1 else _with(node, values=left)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.GeneratorExp(generators=[comprehension]) | ast.SetComp(generators=[comprehension]):
            for place in range(len(comprehension.ifs)):
                left = [one for other, one in enumerate(comprehension.ifs) if other != place]
                yield _with(node, generators=[_with(comprehension, ifs=left)])


def _other_values(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            yield operand
        case ast.Constant(value=bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(value=int() as value):
            yield ast.Constant(value + 1)
        case ast.BinOp(op=ast.Mult()):
            yield _with(node, op=ast.Add())
        case ast.BinOp(op=ast.BitOr()):
            yield _with(node, op=ast.BitAnd())
        case ast.Tuple(elts=elements, ctx=ast.Load()) if len(elements) > 1:
            for place in range(len(elements)):
                yield _with(node, elts=[one for other, one in enumerate(elements) if other != place])


def _with(node: ast.AST, **changes: object) -> ast.expr:
    changed = copy.copy(node)
    for name, value in changes.items():
        setattr(changed, name, value)
    return changed  # type: ignore[return-value] # a comprehension is none, and is only ever put into one


def _span(node: ast.AST, starts: list[int], lines: list[str]) -> tuple[int, int]:
    assert isinstance(node, ast.expr)  # noqa: S101 - only expressions are changed
    assert node.end_lineno is not None  # noqa: S101 - the parser sets it
    assert node.end_col_offset is not None  # noqa: S101 - the parser sets it

    def place(line: int, column: int) -> int:
        # columns are counted in bytes
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    return place(node.lineno, node.col_offset), place(node.end_lineno, node.end_col_offset)
