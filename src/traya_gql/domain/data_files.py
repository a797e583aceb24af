"""Files that hold rules, texts or answers: read into a model, or refused with the place of each problem, in words."""

from __future__ import annotations

import tomllib
from typing import TypeVar

from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)


class FileInvalid(ValueError):
    """A file does not hold what it should. `problems` holds at least one line "place: what is wrong there"."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read_toml(model: type[Model], text: str) -> Model:
    """Return the model that a TOML file holds.

    Raises:
        FileInvalid: it is no TOML, or does not hang together; with the place of each problem.
    """
    try:
        return model.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise FileInvalid(f"the whole file: {error}") from None
    except ValidationError as error:
        raise FileInvalid(*problems_in(error)) from None


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
