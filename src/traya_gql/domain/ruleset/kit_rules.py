"""The rules of the kit as frozen models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, StrictInt, model_validator

from traya_gql.domain.products import ProductCategory
from traya_gql.domain.ruleset.rule_types import MOST_MONTHS, Months, Rule


class SlotRule(Rule):
    """How many products of one category a kit may hold."""

    most: Annotated[StrictInt, Field(ge=1, le=6)]


class DurationRule(Rule):
    """A time that a kit is offered for: `months`, or the expected months of the report when it is left out.

    `discount_percent` is what an order of that time saves.
    """

    months: Months | None = None
    discount_percent: Annotated[StrictInt, Field(ge=0, le=50)]


class KitRules(Rule):
    """How a kit is put together: a product's score is the sum of score x affinity over the listed causes.

    `stage_bonus` is added for a product made for the stage, `bought_penalty` taken off for one that the person bought
    and cannot have used up. `at_least` is the score from which a product may be chosen, `most` how many products a kit
    holds. `shared_cause_score` stands for the score of every cause where nobody may see the real one. `basic` are the
    categories of the cheap kit, each once. Each category has a slot, and there is at least one duration.
    """

    at_least: Annotated[StrictInt, Field(ge=1)]
    most: Annotated[StrictInt, Field(ge=1, le=6)]
    stage_bonus: Annotated[StrictInt, Field(ge=0)]
    bought_penalty: Annotated[StrictInt, Field(ge=0)]
    shared_cause_score: Annotated[StrictInt, Field(ge=1, le=100)]
    basic: Annotated[tuple[ProductCategory, ...], Field(min_length=1)]
    slots: Mapping[ProductCategory, SlotRule]
    durations: Annotated[Mapping[str, DurationRule], Field(min_length=1)]

    @model_validator(mode="after")
    def _slots_are_whole(self) -> Self:
        if missing := [one for one in ProductCategory if one not in self.slots]:
            raise ValueError(f"slots: {', '.join(missing)} is missing")
        if len(set(self.basic)) != len(self.basic):
            raise ValueError("basic: each category once")
        return self

    @model_validator(mode="after")
    def _more_months_cost_more(self) -> Self:
        for expected in range(1, MOST_MONTHS + 1):
            steps = self.discount_steps(expected)
            paid = [months * (100 - percent) for months, percent in sorted(steps.items())]
            if paid != sorted(paid):
                raise ValueError(f"durations: with {expected} expected months, more months would cost less than fewer")
        return self

    def discount_steps(self, expected_months: int | None) -> dict[int, int]:
        """Return the months that a kit is offered for, with the percent taken off; none without expected months."""
        if expected_months is None:
            return {}
        return {rule.months or expected_months: rule.discount_percent for rule in self.durations.values()}
