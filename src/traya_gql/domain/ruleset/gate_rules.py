"""The safety gates as frozen models: when each holds, and what it holds back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt, model_validator

from traya_gql.domain.ingredients import Ingredient
from traya_gql.domain.products import ProductCategory, ProductFacts, RegulatoryClass
from traya_gql.domain.ruleset.answers import QUESTIONS, Answers, QuestionKind
from traya_gql.domain.ruleset.codes import SafetyAction, Severity
from traya_gql.domain.ruleset.rule_types import QuestionKey, Rule, When, holds


class Block(BaseModel):
    """Which products are held back: those that meet every part that is stated.

    `ingredients`: a product that holds one of them. `categories`, `classes`: a product of one of them. `with_actives`:
    a product that has any active ingredient. `for_men`: one that is labelled for men only. `everything`: all products,
    and then no other part is stated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    everything: StrictBool = False
    ingredients: tuple[Ingredient, ...] = ()
    categories: tuple[ProductCategory, ...] = ()
    classes: tuple[RegulatoryClass, ...] = ()
    with_actives: StrictBool = False
    for_men: StrictBool = False

    @model_validator(mode="after")
    def _everything_or_something(self) -> Self:
        has_parts = bool(self.ingredients or self.categories or self.classes or self.with_actives or self.for_men)
        if has_parts is self.everything:
            raise ValueError("either everything, or at least one other part")
        return self

    @property
    def names_ingredients_alone(self) -> bool:
        """Whether its ingredients are held back in every product, whatever else that product is."""
        return bool(self.ingredients) and not (self.categories or self.classes or self.with_actives or self.for_men)

    def matches(self, product: ProductFacts) -> bool:
        """Return whether this product is held back."""
        return (
            (not self.ingredients or any(one in self.ingredients for one in product.ingredients))
            and (not self.categories or product.category in self.categories)
            and (not self.classes or product.regulatory_class in self.classes)
            and (not self.with_actives or bool(product.actives))
            and (not self.for_men or product.is_for_men)
        )


def _number(key: str) -> str:
    if QUESTIONS[key].kind is not QuestionKind.NUMBER:
        raise ValueError(f"{key} is not answered with a number")
    return key


class Case(BaseModel):
    """One condition of a gate: it holds when all that is stated does; with nothing stated, always.

    `over_age` is in whole years. `below` holds for a number that is lower, or was not answered. `unless` takes the case
    away when one of its conditions holds. Without `blocks` of its own a case holds back what its gate states.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    when: When = Field(default_factory=dict)
    over_age: Annotated[StrictInt, Field(ge=0)] | None = None
    below: Mapping[Annotated[QuestionKey, AfterValidator(_number)], StrictInt] = Field(default_factory=dict)
    unless: tuple[Annotated[When, Field(min_length=1)], ...] = ()
    blocks: tuple[Block, ...] = ()

    def holds(self, answers: Answers) -> bool:
        """Return whether it holds for these answers."""
        numbers = ((getattr(answers, QUESTIONS[key].field), limit) for key, limit in self.below.items())
        return (
            holds(self.when, answers)
            and (self.over_age is None or answers.age > self.over_age)
            and all(number is None or number < limit for number, limit in numbers)
            and not any(holds(condition, answers) for condition in self.unless)
        )


class GateRule(Rule):
    """One gate: how much it matters, what to do, when it holds and what it then holds back.

    `until_cleared`: a treating doctor may lift it. `is_quiet`: it is named to the person only where it kept a product
    from them. A gate without cases depends on more than answers, and its condition stands in `gates.py`.
    """

    severity: Severity
    action: SafetyAction
    until_cleared: StrictBool = False
    is_quiet: StrictBool = False
    blocks: tuple[Block, ...] = ()
    cases: tuple[Case, ...] = ()

    @model_validator(mode="after")
    def _each_case_holds_something_back(self) -> Self:
        if not self.blocks and (idle := [place for place, case in enumerate(self.cases) if not case.blocks]):
            raise ValueError(f"cases[{idle[0]}]: it holds nothing back")
        return self

    @cached_property
    def all_blocks(self) -> tuple[Block, ...]:
        """All that it could ever hold back by answers, its own blocks first, each once."""
        return tuple(dict.fromkeys((*self.blocks, *(block for case in self.cases for block in case.blocks))))

    def held(self, answers: Answers) -> tuple[Case, ...]:
        """Return the cases that hold for these answers, in order; may be empty."""
        return tuple(case for case in self.cases if case.holds(answers))

    def held_back(self, answers: Answers) -> tuple[Block, ...]:
        """Return what the cases that hold for these answers hold back, each once; empty when none holds."""
        return tuple(dict.fromkeys(block for case in self.held(answers) for block in case.blocks or self.blocks))
