"""The ingredients that products, allergies and gates may name."""

from __future__ import annotations

import re

import pytest
from pydantic import TypeAdapter, ValidationError

from traya_gql.domain.ingredients import INGREDIENTS, Ingredient

DEVANAGARI = re.compile(r"[\u0900-\u097f]")


def test_a_known_code_is_an_ingredient() -> None:
    assert TypeAdapter(Ingredient).validate_python("MINOXIDIL") == "MINOXIDIL"


@pytest.mark.parametrize("code", ["minoxidil", "STARDUST", ""])
def test_an_unknown_code_is_refused(code: str) -> None:
    with pytest.raises(ValidationError, match="this is no ingredient that is known"):
        TypeAdapter(Ingredient).validate_python(code)


@pytest.mark.parametrize("code", INGREDIENTS)
def test_an_ingredient_has_a_name_in_both_languages(code: str) -> None:
    name = INGREDIENTS[code].name

    assert name.en.isascii()
    assert DEVANAGARI.search(name.hi)


def test_no_two_ingredients_have_the_same_name() -> None:
    assert len({facts.name.en.lower() for facts in INGREDIENTS.values()}) == len(INGREDIENTS)
    assert len({facts.name.hi for facts in INGREDIENTS.values()}) == len(INGREDIENTS)
