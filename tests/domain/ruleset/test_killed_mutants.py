"""Small things that no other test would notice: each was found by changing one place of the code or the rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tests.domain.products import product
from tests.domain.ruleset.answering import TEXT, all_scores, answers, changed, healthy_man
from tests.domain.ruleset.test_outlook import ALL
from traya_gql.domain.clearances import Clearance, kit_in_force
from traya_gql.domain.products import ProductCategory
from traya_gql.domain.ruleset.codes import CauseCode, Confidence, GateCode
from traya_gql.domain.ruleset.kit import Kit
from traya_gql.domain.ruleset.offers import KitKind, offers
from traya_gql.domain.ruleset.options import HealthCondition, Pattern
from traya_gql.domain.ruleset.outcome import outcome_of
from traya_gql.domain.ruleset.places import FileInvalid
from traya_gql.domain.ruleset.rules import current_ruleset, read_ruleset
from traya_gql.domain.ruleset.scores import Months, assess, months_of

NOW = datetime(2026, 11, 21, tzinfo=UTC)
RULES = current_ruleset()


# --- clearances ---------------------------------------------------------------------------------------------------


def clearance(number: int, *, days: int) -> Clearance:
    return Clearance(
        gate=GateCode.G08_CARDIO,
        doctor_id=UUID(int=9),
        reason="Examined today.",
        made_at=NOW,
        expires_at=NOW + timedelta(days=days),
        kit=Kit(items=(), basic=(UUID(int=number),), excluded=()),
        kit_until=NOW + timedelta(days=days),
    )


def test_of_many_clearances_the_last_ones_kit_holds_and_no_other() -> None:
    own = Kit(items=(), basic=(), excluded=())
    many = [clearance(1, days=30), clearance(2, days=20), clearance(3, days=10)]

    assert kit_in_force(own, many[:1], now=NOW).basic == (UUID(int=1),)
    assert kit_in_force(own, many, now=NOW).basic == (UUID(int=3),)
    assert kit_in_force(own, many, now=NOW + timedelta(days=15)) == own


# --- scores -------------------------------------------------------------------------------------------------------


def test_of_two_modifiers_of_a_group_with_as_many_months_the_first_is_named() -> None:
    found = answers(health_conditions=frozenset({HealthCondition.PCOS, HealthCondition.ANAEMIA}))

    assert months_of(found, all_scores(found), RULES) == (
        Months("patterns.STAGE_1", 5),
        Months("recovery.modifiers.hormones", 2),
    )


def test_a_single_point_raises_a_cause() -> None:
    one_point = 'question = "smoker"\nanswers = { YES = 1 }'
    other = read_ruleset(changed('question = "smoker"\nanswers = { YES = 5 }', one_point))

    (cause,) = assess(answers(Pattern.STAGE_2, smoker=True), other).causes

    assert (cause.score, cause.raised_by) == (26, ("pattern", "smoker"))


@pytest.mark.parametrize(
    ("high", "medium", "confidence"),
    [(94, 60, Confidence.HIGH), (95, 60, Confidence.MEDIUM), (96, 94, Confidence.MEDIUM), (96, 95, Confidence.LOW)],
)
def test_seventeen_of_eighteen_answers_are_94_per_cent_and_not_95(
    high: int, medium: int, confidence: Confidence
) -> None:
    other = read_ruleset(
        TEXT.replace("high_from_percent = 90", f"high_from_percent = {high}").replace(
            "medium_from_percent = 60", f"medium_from_percent = {medium}"
        )
    )
    seventeen = answers(usable_photos=1, **dict(list(ALL.items())[1:]))

    assert assess(seventeen, other).confidence is confidence


# --- reading rules ------------------------------------------------------------------------------------------------


def test_all_answers_that_nobody_knows_are_named() -> None:
    text = changed(
        'when = { pattern = ["COIN_SIZE_PATCH"] }\nhypothesis', 'when = { pattern = ["A", "B"] }\nhypothesis'
    )

    with pytest.raises(FileInvalid) as caught:
        read_ruleset(text)

    assert caught.value.problems == ("doctor_only.coin_size_patch.when: A, B is no answer to pattern",)


# --- kits and offers ----------------------------------------------------------------------------------------------


def test_what_was_bought_counts_in_the_outcome() -> None:
    oil = product("oil", ProductCategory.OIL, affinities={CauseCode.GENETIC: 3})
    found = healthy_man(pattern=Pattern.STAGE_2)

    outcome = outcome_of(found, candidates=[oil], rules=RULES, bought=frozenset({oil.id}))

    assert [item.score for item in outcome.kit.items] == [70]
    assert [item.score for item in outcome_of(found, candidates=[oil], rules=RULES).kit.items] == [75]


@pytest.mark.parametrize(("paise", "left"), [(49, 49), (50, 49), (149, 148), (150, 148)])
def test_a_discount_is_rounded_to_the_nearest_paisa(paise: int, left: int) -> None:
    month = RULES.kit.durations["MONTH"].model_copy(update={"discount_percent": 1})
    rules = RULES.kit.model_copy(update={"durations": {"MONTH": month}})

    (offer,) = offers({KitKind.BASIC: [product(price_paise=paise)]}, expected_months=1, rules=rules)

    assert offer.price_paise == left
