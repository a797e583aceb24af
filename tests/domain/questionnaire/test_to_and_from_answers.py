"""Answers as they are sent, and as the rules read them."""

from __future__ import annotations

import pytest
from hypothesis import given as holds_for

from tests.domain.questionnaire.asking import EIGHT, REQUIRED, checked, given
from tests.domain.ruleset.answering import any_answers, woman
from traya_gql.domain.customers import Gender
from traya_gql.domain.questionnaire.checks import GivenAnswer, from_answers, to_answers
from traya_gql.domain.questionnaire.model import current_questionnaire
from traya_gql.domain.ruleset.answers import Answers
from traya_gql.domain.ruleset.options import (
    Dandruff,
    EnergyLevel,
    FamilyHistory,
    Gas,
    LifeStage,
    MedicalSafety,
    Pattern,
    ScalpSign,
    Sleep,
    Stress,
)


@holds_for(known=any_answers())
def test_what_is_known_is_the_same_after_it_was_sent(known: Answers) -> None:
    without_photos = known.model_copy(update={"usable_photos": None})

    sent = from_answers(known)

    assert to_answers(sent, age=known.age, gender=known.gender) == without_photos


@holds_for(known=any_answers())
def test_what_is_known_is_written_in_the_order_and_the_values_of_the_questionnaire(known: Answers) -> None:
    questionnaire = current_questionnaire()

    sent = from_answers(known)

    keys = [one.key for one in sent]
    assert keys == [key for key in questionnaire.by_key if key in keys]
    for key, values in sent:
        question = questionnaire.question(key)
        assert values
        assert not question.values or list(values) == [value for value in question.values if value in values]


def test_the_first_questionnaire_becomes_the_answers_that_the_rules_read() -> None:
    found = to_answers(checked(given(EIGHT), gender=Gender.MALE), age=28, gender=Gender.MALE)

    assert found == Answers(
        age=28,
        gender=Gender.MALE,
        pattern=Pattern.STAGE_2,
        family_history=FamilyHistory.FATHER,
        dandruff=Dandruff.MILD,
        sleep=Sleep.DISTURBED,
        stress=Stress.MODERATE,
        gas=Gas.OFTEN,
        energy_level=EnergyLevel.VERY_LOW,
        is_taking_supplements=False,
    )


@pytest.mark.parametrize(
    ("key", "values", "field", "known"),
    [
        ("suddenOnset", ("YES",), "sudden_onset", True),
        ("suddenOnset", ("NO",), "sudden_onset", False),
        ("suddenOnset", ("NOT_SURE",), "sudden_onset", None),
        ("isTakingSupplements", ("NOT_SURE",), "is_taking_supplements", None),
        ("scalpSigns", ("NONE",), "scalp_signs", frozenset()),
        ("scalpSigns", ("PAIN", "REDNESS"), "scalp_signs", frozenset({ScalpSign.PAIN, ScalpSign.REDNESS})),
        ("medicalSafety", ("STROKE",), "medical_safety", frozenset({MedicalSafety.STROKE})),
        ("allergies", ("NONE",), "allergies", frozenset()),
        ("allergies", ("AMLA", "SULPHATES"), "allergies", frozenset({"AMLA", "SULPHATES"})),
        # of a single choice NONE is an answer like any other
        ("familyHistory", ("NONE",), "family_history", FamilyHistory.NONE),
        ("stress", ("NONE",), "stress", Stress.NONE),
        ("lifeStage", ("NONE",), "life_stage", LifeStage.NONE),
        ("durationMonths", ("0",), "duration_months", 0),
    ],
)
def test_an_answer_means_to_the_rules(key: str, values: tuple[str, ...], field: str, known: object) -> None:
    answers = {**REQUIRED, key: values}

    found = to_answers(given(answers), age=30, gender=Gender.FEMALE)

    assert getattr(found, field) == known
    assert type(getattr(found, field)) is type(known)


def test_what_is_not_known_is_left_out_and_nothing_is_written_as_none() -> None:
    known = woman(
        Pattern.MEDIUM_WIDENING,
        scalp_signs=frozenset(),
        allergies=frozenset({"ZINC", "IRON"}),
        months_since_birth=3,
        is_breastfeeding=False,
        usable_photos=2,
    )

    assert from_answers(known) == (
        GivenAnswer("pattern", ("MEDIUM_WIDENING",)),
        GivenAnswer("scalpSigns", ("NONE",)),
        GivenAnswer("allergies", ("IRON", "ZINC")),
        GivenAnswer("monthsSinceBirth", ("3",)),
        GivenAnswer("isBreastfeeding", ("NO",)),
    )
