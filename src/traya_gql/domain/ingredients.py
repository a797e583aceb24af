"""The ingredients of products: what allergies, and the gates of the assessment, name."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, TypeAdapter

from traya_gql.domain.languages import LocalText


class IngredientFacts(BaseModel):
    """An ingredient as people know it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: LocalText


_Code = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=60)]

INGREDIENTS: Mapping[str, IngredientFacts] = MappingProxyType(
    TypeAdapter(dict[_Code, IngredientFacts]).validate_python(
        tomllib.loads(files("traya_gql.domain").joinpath("ingredients.toml").read_text(encoding="utf-8"))
    )
)
"""All ingredients by code, in the order of `ingredients.toml`."""


def _known(code: str) -> str:
    if code not in INGREDIENTS:
        raise ValueError("this is no ingredient that is known")
    return code


Ingredient = Annotated[str, AfterValidator(_known)]
"""The code of an ingredient that is known."""
