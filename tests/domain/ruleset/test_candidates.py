"""Of a large catalogue only what fits the picture and can be sent has to be read, and few of its texts."""

from __future__ import annotations

import time
from uuid import UUID

from hypothesis import given, settings

from tests.domain.products import any_catalogue
from tests.domain.ruleset.answering import any_answers, healthy_man
from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.products import ProductFacts
from traya_gql.domain.ruleset.answers import Answers
from traya_gql.domain.ruleset.options import FamilyHistory, Pattern, Stress
from traya_gql.domain.ruleset.outcome import outcome_of
from traya_gql.domain.ruleset.rules import current_ruleset

RULES = current_ruleset()
SHOP = [seed.product for seed in catalogue()]
HANG_S = 15
"""Far above what five thousand products take, far below what reading all their texts does."""


def fitting(shop: list[ProductFacts], pattern: Pattern) -> list[ProductFacts]:
    """Return what `documents/products.py: candidates` reads."""
    return [one for one in shop if one.is_active and one.is_in_stock and pattern in one.pattern_fit]


@settings(max_examples=300)
@given(any_answers(), any_catalogue())
def test_what_does_not_fit_the_picture_or_cannot_be_sent_changes_no_outcome(
    answers: Answers, shop: list[ProductFacts]
) -> None:
    whole = outcome_of(answers, candidates=[*shop, *SHOP], rules=RULES)

    assert outcome_of(answers, candidates=fitting([*shop, *SHOP], answers.pattern), rules=RULES) == whole


def test_the_texts_of_a_large_catalogue_are_not_all_read() -> None:
    person = healthy_man(pattern=Pattern.STAGE_2, stress=Stress.HIGH, family_history=FamilyHistory.FATHER)
    many = [
        one.model_copy(update={"id": UUID(int=number), "benefits": (f"Supports the scalp for {number} days.",)})
        for number, one in enumerate(SHOP * 250)
    ]

    start = time.perf_counter()
    outcome = outcome_of(person, candidates=many, rules=RULES)

    assert time.perf_counter() - start < HANG_S
    assert len(outcome.kit.items) == 5
    assert len(outcome.shared_kit) == 2
