"""What is wrong with a file, in words and with the place."""

from __future__ import annotations

from pydantic import ValidationError


class FileInvalid(ValueError):
    """A file does not hold what it should. `problems` holds at least one line "place: what is wrong there"."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def problems_in(error: ValidationError) -> tuple[str, ...]:
    """Return one line a problem. Values are not repeated: they may be somebody's health."""
    return tuple(f"{_place(one['loc'])}: {_words(one['type'], one['msg'])}" for one in error.errors())


def _place(steps: tuple[int | str, ...]) -> str:
    place = ""
    for step in steps:
        if isinstance(step, int):
            place += f"[{step}]"
        elif step != "[key]":  # pydantic's word for "the key itself"
            place += f".{step}" if place else step
    return place or "the whole file"


def _words(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "nobody knows this key"
    if kind == "missing":
        return "this is missing"
    return message.removeprefix("Value error, ")
