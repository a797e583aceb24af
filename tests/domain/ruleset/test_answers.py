"""The answers: reading and writing."""

from __future__ import annotations

import hashlib
import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.domain.ruleset.answering import all_scores, answers, any_answers, assessed
from traya_gql.domain.customers import Gender
from traya_gql.domain.data_files import FileInvalid
from traya_gql.domain.ruleset.answers import (
    QUESTIONS,
    Answers,
    Question,
    QuestionKind,
    canonical_json,
    inputs_hash,
    read_answers,
)
from traya_gql.domain.ruleset.options import HealthCondition, Pattern, YearEvent

# --- questions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "question"),
    [
        ("familyHistory", Question("family_history", QuestionKind.CHOICE, ("MOTHER", "FATHER", "BOTH", "NONE"))),
        ("gender", Question("gender", QuestionKind.CHOICE, ("MALE", "FEMALE", "OTHER"))),
        (
            "knownDeficiencies",
            Question("known_deficiencies", QuestionKind.CHOICES, ("VITAMIN_D", "VITAMIN_B12", "IRON")),
        ),
        ("smoker", Question("smoker", QuestionKind.YES_NO, ("YES", "NO"))),
        ("age", Question("age", QuestionKind.NUMBER, ())),
        ("durationMonths", Question("duration_months", QuestionKind.NUMBER, ())),
        ("allergies", Question("allergies", QuestionKind.WORDS, ())),
    ],
)
def test_a_question_says_what_its_answers_are(key: str, question: Question) -> None:
    assert QUESTIONS[key] == question


def test_every_field_is_a_question() -> None:
    assert [question.field for question in QUESTIONS.values()] == list(Answers.model_fields)
    assert {key for key, question in QUESTIONS.items() if not question.options} == {
        "age",
        "durationMonths",
        "monthsSinceBirth",
        "usablePhotos",
        "allergies",
    }


# --- reading ------------------------------------------------------------------------------------------------------


@given(found=any_answers())
def test_answers_written_as_json_read_as_the_same_answers(found: Answers) -> None:
    assert read_answers(canonical_json(found)) == found
    assert read_answers(found.model_dump_json(by_alias=True).encode()) == found


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            '{"age": 24, "gender": "MALE", "pattern": "STAGE_7"}',
            [
                (
                    "pattern: Input should be 'STAGE_1', 'STAGE_2', 'STAGE_3', 'STAGE_4', 'STAGE_5', 'STAGE_6', "
                    "'HAIR_THINNING', 'LESS_VOLUME_ON_SIDES', 'MEDIUM_WIDENING', 'ADVANCED_WIDENING', "
                    "'HEAVY_HAIR_FALL' or 'COIN_SIZE_PATCH'"
                )
            ],
        ),
        ('{"age": 24}', ["gender: this is missing", "pattern: this is missing"]),
        (
            '{"age": 24, "gender": "MALE", "pattern": "STAGE_1", "family_history": "BOTH"}',
            ["family_history: nobody knows this key"],
        ),
        (
            '{"age": 24, "gender": "MALE", "pattern": "STAGE_1", "lastYearEvents": ["SEVERE_ILLNESS", "MARRIAGE"]}',
            [
                (
                    "lastYearEvents[1]: Input should be 'SEVERE_ILLNESS', 'SURGERY_OR_HEAVY_MEDICATION' or "
                    "'HEAVY_WEIGHT_CHANGE'"
                )
            ],
        ),
        ('{"age": 17, "gender": "MALE", "pattern": "STAGE_1"}', ["age: Input should be greater than or equal to 18"]),
        ('{"age": 101, "gender": "MALE", "pattern": "STAGE_1"}', ["age: Input should be less than or equal to 100"]),
        ('{"age": "24", "gender": "MALE", "pattern": "STAGE_1"}', ["age: Input should be a valid integer"]),
        (
            '{"age": 24, "gender": "MALE", "pattern": "STAGE_1", "smoker": 1}',
            ["smoker: Input should be a valid boolean"],
        ),
        ("[]", ["the whole file: Input should be an object"]),
        (
            '{"age": 24,\n "gender": }',
            ["the whole file: Invalid JSON: expected value at line 2 column 12"],
        ),
        (b"\xff\xfe", ["the whole file: Invalid JSON: expected value at line 1 column 1"]),
        ("", ["the whole file: Invalid JSON: EOF while parsing a value at line 1 column 0"]),
    ],
)
def test_wrong_answers_are_told_with_their_place(text: str | bytes, problems: list[str]) -> None:
    with pytest.raises(FileInvalid) as refused:
        read_answers(text)

    assert list(refused.value.problems) == problems
    assert str(refused.value) == "\n".join(problems)


def test_the_words_about_a_wrong_answer_do_not_repeat_it() -> None:
    with pytest.raises(FileInvalid) as refused:
        read_answers('{"age": 24, "gender": "MALE", "pattern": "STAGE_1", "allergies": ["something private"]}')

    assert "private" not in str(refused.value)
    assert str(refused.value).startswith("allergies[0]: ")


@pytest.mark.parametrize("change", [{"duration_months": -1}, {"months_since_birth": -1}, {"usable_photos": 21}])
def test_numbers_have_bounds(change: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Answers.model_validate({"age": 24, "gender": Gender.MALE, "pattern": Pattern.STAGE_1, **change})


# --- the hash -----------------------------------------------------------------------------------------------------


def test_the_hash_is_that_of_the_canonical_json() -> None:
    found = answers(
        Pattern.HEAVY_HAIR_FALL,
        33,
        smoker=False,
        last_year_events=frozenset({YearEvent.SURGERY_OR_HEAVY_MEDICATION, YearEvent.HEAVY_WEIGHT_CHANGE}),
        health_conditions=frozenset(),
    )
    written = (
        '{"age":33,"gender":"MALE","healthConditions":[],'
        '"lastYearEvents":["HEAVY_WEIGHT_CHANGE","SURGERY_OR_HEAVY_MEDICATION"],'
        '"pattern":"HEAVY_HAIR_FALL","smoker":false}'
    )

    assert canonical_json(found) == written
    assert inputs_hash(found) == hashlib.sha256(written.encode()).hexdigest()


@given(found=any_answers(), random=st.randoms(use_true_random=False))
def test_the_order_of_keys_and_choices_never_matters(found: Answers, random: Random) -> None:
    told = json.loads(canonical_json(found))
    shuffled = dict(random.sample(sorted(told.items()), len(told)))
    for key, value in shuffled.items():
        if isinstance(value, list):
            shuffled[key] = random.sample(value, len(value))

    again = read_answers(json.dumps(shuffled))

    assert inputs_hash(again) == inputs_hash(found)
    assert assessed(again).model_dump_json() == assessed(found).model_dump_json()


@given(one=any_answers(), other=any_answers())
def test_the_hash_tells_answers_apart(one: Answers, other: Answers) -> None:
    assert (inputs_hash(one) == inputs_hash(other)) is (one == other)


def test_none_of_these_is_an_answer_and_silence_is_not() -> None:
    silent, none_of_these = answers(), answers(health_conditions=frozenset[HealthCondition]())

    assert inputs_hash(silent) != inputs_hash(none_of_these)
    assert all_scores(silent) == all_scores(none_of_these)
