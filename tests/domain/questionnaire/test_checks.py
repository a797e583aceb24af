"""Answers that are sent: what is accepted, and what is refused at which place."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from tests.domain.questionnaire.asking import EIGHT, REQUIRED, checked, given, refused, walk
from traya_gql.domain.customers import Gender
from traya_gql.domain.questionnaire.checks import ANSWER_CODES, GivenAnswer, check_answers
from traya_gql.domain.questionnaire.model import Question, QuestionType, current_questionnaire
from traya_gql.domain.refusals import InvalidInput, Problems

MEN, WOMEN, OTHERS = Gender.MALE, Gender.FEMALE, Gender.OTHER

# --- a front end --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gender", "count", "pattern"), [(MEN, 25, "STAGE_1"), (WOMEN, 32, "HAIR_THINNING"), (OTHERS, 32, "STAGE_1")]
)
def test_a_client_that_answers_what_is_shown_with_the_first_option_is_accepted(
    gender: Gender, count: int, pattern: str
) -> None:
    sent = walk(gender)

    assert len(sent) == count
    assert sent[0] == GivenAnswer("pattern", (pattern,))
    assert checked(sent, gender=gender, is_whole=True) == tuple(sent)


def test_a_woman_who_has_given_birth_is_asked_when() -> None:
    def mother(question: Question, choices: Sequence[str]) -> tuple[str, ...]:
        return ("POST_PREGNANCY",) if question.key == "lifeStage" else (choices[-1],)

    sent = walk(WOMEN, mother)

    assert GivenAnswer("monthsSinceBirth", ("24",)) in sent
    assert checked(sent, age=90, is_whole=True) == tuple(sent)


def test_a_pregnant_woman_who_breastfeeds_is_accepted() -> None:
    def pregnant(question: Question, choices: Sequence[str]) -> tuple[str, ...]:
        return ("PREGNANT",) if question.key == "lifeStage" else (choices[0],)

    sent = walk(WOMEN, pregnant)

    assert {GivenAnswer("lifeStage", ("PREGNANT",)), GivenAnswer("isBreastfeeding", ("YES",))} <= set(sent)
    assert "monthsSinceBirth" not in [one.key for one in sent]
    assert checked(sent, is_whole=True) == tuple(sent)


@st.composite
def walks(draw: st.DrawFn) -> tuple[Gender, list[GivenAnswer]]:
    """Somebody who answers whatever is shown with whatever is offered."""
    gender = draw(st.sampled_from(Gender))

    def choose(question: Question, choices: Sequence[str]) -> tuple[str, ...]:
        if question.type is QuestionType.NUMBER:
            return (str(draw(st.integers(int(choices[0]), int(choices[-1])))),)
        if question.type is not QuestionType.MULTIPLE_CHOICE or draw(st.booleans()):
            return (draw(st.sampled_from(choices)),)
        several = [choice for choice in choices if choice != "NONE"]
        chosen = draw(st.sets(st.sampled_from(several), min_size=1, max_size=4))
        return tuple(choice for choice in choices if choice in chosen)

    return gender, walk(gender, choose)


@holds_for(walked=walks(), shuffle=st.randoms(use_true_random=False))
def test_whatever_is_shown_and_offered_is_accepted_in_any_order_unless_it_contradicts_itself(
    walked: tuple[Gender, list[GivenAnswer]], shuffle: Random
) -> None:
    gender, sent = walked
    mixed = list(sent)
    shuffle.shuffle(mixed)
    problems = Problems()

    found = check_answers(mixed, age=100, gender=gender, is_whole=True, problems=problems)

    if found is None:
        with pytest.raises(InvalidInput) as refusal:
            problems.refuse_if_any()
        assert {one.code.value for one in refusal.value.problems} == {"CONTRADICTORY"}
    else:
        assert found == tuple(sent)
        assert checked(found, age=100, gender=gender, is_whole=True) == found


@holds_for(
    sent=st.lists(
        st.builds(
            GivenAnswer,
            st.sampled_from([*current_questionnaire().by_key, *current_questionnaire().formerly]) | st.text(max_size=5),
            st.lists(
                st.sampled_from(["YES", "none", "true", "stage-3", "IRON", "-1", "12", "POST_PREGNANCY"]) | st.text(),
                max_size=3,
            ).map(tuple),
        ),
        max_size=8,
    ),
    age=st.none() | st.integers(18, 100),
    gender=st.none() | st.sampled_from(Gender),
    is_whole=st.booleans(),
)
def test_anything_is_accepted_or_refused_with_a_place_and_a_code_that_is_announced(
    sent: list[GivenAnswer], age: int | None, gender: Gender | None, *, is_whole: bool
) -> None:
    problems = Problems()

    found = check_answers(sent, age=age, gender=gender, is_whole=is_whole, problems=problems)

    if found is not None:
        problems.refuse_if_any()
        assert len(found) == len(sent)
        return
    with pytest.raises(InvalidInput) as refusal:
        problems.refuse_if_any()
    for problem in refusal.value.problems:
        assert problem.code in ANSWER_CODES
        root, *place = problem.path[1:]
        assert root == "answers"
        if place:
            index, field = place
            assert int(index) < len(sent)
            assert field in {"key", "values"}


# --- the first questionnaire --------------------------------------------------------------------------------------


@pytest.mark.parametrize("gender", Gender)
def test_the_first_questionnaire_is_understood_from_everybody(gender: Gender) -> None:
    assert dict(checked(given(EIGHT), gender=gender, is_whole=True)) == {
        "pattern": ("STAGE_2",),
        "familyHistory": ("FATHER",),
        "dandruff": ("MILD",),
        "sleep": ("DISTURBED",),
        "stress": ("MODERATE",),
        "energyLevel": ("VERY_LOW",),
        "isTakingSupplements": ("NO",),
        "gas": ("OFTEN",),
    }


@pytest.mark.parametrize(
    ("key", "sent", "read"),
    [
        ("hairLossStage", "stage-1", GivenAnswer("pattern", ("STAGE_1",))),
        ("hairLossStage", "STAGE_6", GivenAnswer("pattern", ("STAGE_6",))),
        ("hasAcidityOrGas", "true", GivenAnswer("gas", ("OFTEN",))),
        ("hasAcidityOrGas", "NO", GivenAnswer("gas", ("NO",))),
        ("acidityOrGas", "yes", GivenAnswer("gas", ("OFTEN",))),
        ("acidityOrGas", "False", GivenAnswer("gas", ("NO",))),
        ("energyLevels", "very-low", GivenAnswer("energyLevel", ("VERY_LOW",))),
        ("energyLevel", "Very_Low", GivenAnswer("energyLevel", ("VERY_LOW",))),
        ("takingSupplements", "TRUE", GivenAnswer("isTakingSupplements", ("YES",))),
        ("isTakingSupplements", "not-sure", GivenAnswer("isTakingSupplements", ("NOT_SURE",))),
        ("dandruff", "seborrheic", GivenAnswer("dandruff", ("SEBORRHEIC",))),
        ("pattern", "hair-thinning", GivenAnswer("pattern", ("HAIR_THINNING",))),
        ("smoker", "false", GivenAnswer("smoker", ("NO",))),
        ("durationMonths", "007", GivenAnswer("durationMonths", ("7",))),
        ("durationMonths", "-0", GivenAnswer("durationMonths", ("0",))),
    ],
)
def test_former_keys_and_spellings_become_those_of_today(key: str, sent: str, read: GivenAnswer) -> None:
    assert checked([GivenAnswer(key, (sent,))]) == (read,)


def test_several_options_come_back_once_each_in_the_order_of_the_questionnaire() -> None:
    sent = [GivenAnswer("medicines", ("scalp", "DIABETES", "Scalp", "BLOOD_PRESSURE"))]

    assert checked(sent) == (GivenAnswer("medicines", ("BLOOD_PRESSURE", "DIABETES", "SCALP")),)


def test_answers_come_back_in_the_order_of_the_questionnaire() -> None:
    sent = given({"allergies": "NONE", "smoker": "NO", "pattern": "MEDIUM_WIDENING"})

    assert [one.key for one in checked(sent)] == ["pattern", "smoker", "allergies"]


# --- what is refused ----------------------------------------------------------------------------------------------

NO_KEY = "There is no question with this key. The questionnaire lists all keys."
NO_OPTION = "`{}` has a value that is none of its options. The questionnaire lists them."
NOT_OFFERED = "`{}` has an option that is not offered after the other answers. Choose one that is."
NOT_SHOWN = "`{}` is not asked after the other answers. Leave it out, or correct the others."


@pytest.mark.parametrize(
    ("key", "values", "problem"),
    [
        pytest.param("shoeSize", ("42",), ("UNKNOWN_QUESTION", "key", NO_KEY), id="no question"),
        pytest.param("", ("42",), ("UNKNOWN_QUESTION", "key", NO_KEY), id="no key"),
        pytest.param("usablePhotos", ("1",), ("UNKNOWN_QUESTION", "key", NO_KEY), id="what the server counts"),
        pytest.param("Pattern", ("STAGE_1",), ("UNKNOWN_QUESTION", "key", NO_KEY), id="a key in other letters"),
        pytest.param("k" * 1_000_000, ("1",), ("UNKNOWN_QUESTION", "key", NO_KEY), id="a key of a megabyte"),
        pytest.param(
            "age",
            ("30",),
            (
                "UNKNOWN_QUESTION",
                "key",
                "`age` is not sent in `answers`: send it as the field `age` of `customer`.",
            ),
            id="the customer's age",
        ),
        pytest.param(
            "sleep",
            (),
            ("REQUIRED", "values", "`sleep` has no value. Send one value, or leave the answer out."),
            id="no value",
        ),
        pytest.param(
            "medicines",
            (),
            (
                "REQUIRED",
                "values",
                "`medicines` has no value. Choose NONE when nothing of it is so, or leave the answer out.",
            ),
            id="no value of several",
        ),
        pytest.param("sleep", ("DEEP",), ("UNKNOWN_OPTION", "values", NO_OPTION.format("sleep")), id="no option"),
        pytest.param("sleep", ("",), ("UNKNOWN_OPTION", "values", NO_OPTION.format("sleep")), id="an empty value"),
        pytest.param(
            "medicines",
            ("SCALP", "HERBS"),
            ("UNKNOWN_OPTION", "values", NO_OPTION.format("medicines")),
            id="one of several is no option",
        ),
        pytest.param(
            "hairType",
            ("\u017ftraight",),
            ("UNKNOWN_OPTION", "values", NO_OPTION.format("hairType")),
            id="a letter whose capital is another",
        ),
        pytest.param(
            "gas", ("true",), ("UNKNOWN_OPTION", "values", NO_OPTION.format("gas")), id="true where it means nothing"
        ),
        pytest.param(
            "hasAcidityOrGas",
            ("OFTEN",),
            ("UNKNOWN_OPTION", "values", NO_OPTION.format("gas")),
            id="an option of today under the former key",
        ),
        pytest.param(
            "hairLossStage",
            ("COIN_SIZE_PATCH",),
            ("UNKNOWN_OPTION", "values", NO_OPTION.format("pattern")),
            id="a picture that the first questionnaire did not have",
        ),
        pytest.param(
            "sleep",
            ("PEACEFUL", "DISTURBED"),
            ("TOO_MANY", "values", "`sleep` has too many values. Send one value only."),
            id="two of a single choice",
        ),
        pytest.param(
            "durationMonths",
            ("1", "2"),
            ("TOO_MANY", "values", "`durationMonths` has too many values. Send one value only."),
            id="two numbers",
        ),
        pytest.param(
            "medicines",
            ("OTHER",) * 101,
            ("TOO_MANY", "values", "`medicines` has too many values. Send each option once at most."),
            id="101 values",
        ),
        pytest.param(
            "sleep",
            ("P" * 101,),
            (
                "UNKNOWN_OPTION",
                "values",
                "`sleep` has a value that is too long: none has more than 100 characters.",
            ),
            id="101 characters",
        ),
        pytest.param(
            "durationMonths",
            ("9" * 1_000_000,),
            (
                "UNKNOWN_OPTION",
                "values",
                "`durationMonths` has a value that is too long: none has more than 100 characters.",
            ),
            id="a number of a megabyte",
        ),
        *(
            pytest.param(
                "durationMonths",
                (typed,),
                (
                    "INVALID_CHARACTERS",
                    "values",
                    "`durationMonths` is a whole number, written with the digits 0 to 9.",
                ),
                id=f"no whole number: {typed!r}",
            )
            for typed in ["", "two", "1.5", "1e3", " 7", "7\n", "+7", "७", "1_0"]
        ),
        *(
            pytest.param(
                "durationMonths",
                (typed,),
                ("OUT_OF_RANGE", "values", "`durationMonths` must be between 0 and 960."),
                id=f"out of range: {typed}",
            )
            for typed in ["-1", "961", "9" * 100]
        ),
        pytest.param(
            "durationMonths",
            ("361",),
            (
                "CONTRADICTORY",
                "values",
                "`durationMonths` is longer than the person has lived. Correct it, or the age.",
            ),
            id="longer than thirty years",
        ),
        pytest.param(
            "medicines",
            ("NONE", "SCALP"),
            (
                "CONTRADICTORY",
                "values",
                "`medicines`: NONE cannot be chosen together with other options. Leave it out, or the others.",
            ),
            id="none and something",
        ),
        pytest.param(
            "isTryingForABaby",
            ("NO",),
            ("NOT_ASKED", "key", NOT_SHOWN.format("isTryingForABaby")),
            id="a question for men",
        ),
        pytest.param(
            "monthsSinceBirth",
            ("3",),
            ("NOT_ASKED", "key", NOT_SHOWN.format("monthsSinceBirth")),
            id="a question that depends on another",
        ),
        pytest.param(
            "pattern", ("STAGE_1",), ("NOT_ASKED", "values", NOT_OFFERED.format("pattern")), id="a picture for men"
        ),
        pytest.param(
            "medicalSafety",
            ("EPILEPSY", "PROSTATE_DISEASE"),
            ("NOT_ASKED", "values", NOT_OFFERED.format("medicalSafety")),
            id="an illness of men",
        ),
    ],
)
def test_what_a_woman_of_thirty_cannot_answer_is_refused(
    key: str, values: tuple[str, ...], problem: tuple[str, str, str]
) -> None:
    code, field, message = problem

    assert refused([GivenAnswer("smoker", ("NO",)), GivenAnswer(key, values)]) == [
        (code, f"input.answers.1.{field}", message)
    ]


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("pattern", "HAIR_THINNING", ("NOT_ASKED", "input.answers.0.values", NOT_OFFERED.format("pattern"))),
        ("healthConditions", "PCOS", ("NOT_ASKED", "input.answers.0.values", NOT_OFFERED.format("healthConditions"))),
        ("hairType", "WAVY", ("NOT_ASKED", "input.answers.0.key", NOT_SHOWN.format("hairType"))),
        ("lifeStage", "NONE", ("NOT_ASKED", "input.answers.0.key", NOT_SHOWN.format("lifeStage"))),
        ("isBreastfeeding", "NO", ("NOT_ASKED", "input.answers.0.key", NOT_SHOWN.format("isBreastfeeding"))),
    ],
)
@pytest.mark.parametrize("gender", [MEN, None])
def test_what_a_man_is_not_asked_is_refused_and_so_it_is_before_gender_is_known(
    gender: Gender | None, key: str, value: str, problem: tuple[str, str, str]
) -> None:
    assert refused([GivenAnswer(key, (value,))], gender=gender) == [problem]


def test_what_hangs_on_a_hidden_answer_is_hidden_too() -> None:
    sent = given({"lifeStage": "POST_PREGNANCY", "monthsSinceBirth": "3"})

    assert refused(sent, gender=MEN) == [
        ("NOT_ASKED", "input.answers.0.key", NOT_SHOWN.format("lifeStage")),
        ("NOT_ASKED", "input.answers.1.key", NOT_SHOWN.format("monthsSinceBirth")),
    ]


def test_what_hangs_on_an_answer_that_cannot_be_read_is_not_refused_for_it() -> None:
    sent = given({"monthsSinceBirth": "3", "lifeStage": "MOTHER"})

    assert refused(sent) == [("UNKNOWN_OPTION", "input.answers.1.values", NO_OPTION.format("lifeStage"))]


@pytest.mark.parametrize(
    ("first", "second"), [("pattern", "pattern"), ("pattern", "hairLossStage"), ("hairLossStage", "pattern")]
)
def test_a_question_is_answered_once_under_whichever_key(first: str, second: str) -> None:
    sent = [GivenAnswer(first, ("STAGE_1",)), GivenAnswer("smoker", ("NO",)), GivenAnswer(second, ("STAGE_1",))]

    assert refused(sent, gender=MEN) == [
        (
            "DUPLICATE",
            "input.answers.2.key",
            "`pattern` is answered twice, perhaps under a former key. Send one answer for each question.",
        )
    ]


def test_a_question_whose_first_answer_is_wrong_is_answered_twice_all_the_same() -> None:
    sent = [GivenAnswer("sleep", ("DEEP",)), GivenAnswer("sleep", ("PEACEFUL",))]

    assert [(code, place) for code, place, _ in refused(sent)] == [
        ("UNKNOWN_OPTION", "input.answers.0.values"),
        ("DUPLICATE", "input.answers.1.key"),
    ]


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        (
            {"sleepsUnderSixHours": "YES", "sleep": "PEACEFUL"},
            (
                "CONTRADICTORY",
                "input.answers.0.values",
                "`sleep` and `sleepsUnderSixHours` do not agree on how long the nights are. Correct one of the two.",
            ),
        ),
        (
            {"lifeStage": "MENOPAUSE", "isBreastfeeding": "YES"},
            (
                "CONTRADICTORY",
                "input.answers.1.values",
                "`lifeStage` and `isBreastfeeding` cannot both be so. Correct one of the two.",
            ),
        ),
        (
            {"pattern": "HEAVY_HAIR_FALL", "fallAmount": "NORMAL"},
            (
                "CONTRADICTORY",
                "input.answers.1.values",
                "`pattern` and `fallAmount` do not agree on how much hair falls. Correct one of the two.",
            ),
        ),
    ],
)
def test_what_cannot_both_be_true_is_refused_at_one_of_the_two(
    answers: dict[str, object], problem: tuple[str, str, str]
) -> None:
    assert refused(given(answers)) == [problem]


@pytest.mark.parametrize(
    "answers",
    [
        {"sleep": "PEACEFUL", "sleepsUnderSixHours": "NO"},
        {"sleep": "DISTURBED", "sleepsUnderSixHours": "YES"},
        {"sleep": "PEACEFUL", "sleepsUnderSixHours": "NOT_SURE"},
        {"lifeStage": "PREGNANT", "isBreastfeeding": "YES"},
        {"lifeStage": "MENOPAUSE", "isBreastfeeding": "NOT_SURE"},
        {"pattern": "HEAVY_HAIR_FALL", "fallAmount": "SOME_MORE"},
        {"pattern": "MEDIUM_WIDENING", "fallAmount": "NORMAL"},
        {"dandruff": "NO", "scalpSigns": ("REDNESS",)},
        {"medicines": ("THYROID",), "healthConditions": "NONE"},
        {"knownDeficiencies": ("IRON",), "healthConditions": "NONE"},
    ],
)
def test_what_is_merely_unusual_is_believed(answers: dict[str, object]) -> None:
    assert {one.key for one in checked(given(answers))} == set(answers)


def test_of_a_whole_test_all_that_is_required_and_missing_is_named() -> None:
    sent = given({key: value for key, value in REQUIRED.items() if key not in {"pattern", "gas"}})

    assert refused(sent, is_whole=True) == [
        ("REQUIRED", "input.answers", "`pattern` must be answered."),
        ("REQUIRED", "input.answers", "`gas` must be answered."),
    ]
    assert checked(sent) == tuple(sent)


def test_a_required_answer_that_is_wrong_is_not_called_missing() -> None:
    sent = given({**REQUIRED, "gas": "LOUD", "pattern": "STAGE_1"})

    assert [(code, place) for code, place, _ in refused(sent, is_whole=True)] == [
        ("UNKNOWN_OPTION", "input.answers.7.values"),
        ("NOT_ASKED", "input.answers.0.values"),
    ]


@pytest.mark.parametrize("gender", Gender)
def test_a_whole_test_needs_nothing_but_what_is_required(gender: Gender) -> None:
    assert checked(given(REQUIRED), gender=gender, is_whole=True) == tuple(given(REQUIRED))


def test_nothing_at_all_is_a_beginning() -> None:
    assert checked([], gender=None, age=None) == ()


def test_all_problems_are_told_at_once() -> None:
    sent = [
        GivenAnswer("shoeSize", ("42",)),
        GivenAnswer("stress", ("BAD",)),
        GivenAnswer("sleep", ("PEACEFUL",)),
        GivenAnswer("sleepsUnderSixHours", ("true",)),
        GivenAnswer("isTryingForABaby", ("no",)),
    ]

    assert [(code, place) for code, place, _ in refused(sent)] == [
        ("UNKNOWN_QUESTION", "input.answers.0.key"),
        ("UNKNOWN_OPTION", "input.answers.1.values"),
        ("NOT_ASKED", "input.answers.4.key"),
        ("CONTRADICTORY", "input.answers.3.values"),
    ]


def test_months_are_compared_with_the_age_once_it_is_known() -> None:
    sent = [GivenAnswer("durationMonths", ("361",))]

    assert checked(sent, age=None) == tuple(sent)
    assert checked(sent, age=31) == tuple(sent)
    assert [code for code, _, _ in refused(sent, age=30)] == ["CONTRADICTORY"]


def test_sixty_answers_are_looked_at_and_no_more() -> None:
    message = "Send one answer for each question that is shown, never more than 60."

    assert len(refused([GivenAnswer("shoeSize", ("42",))] * 60)) == 60
    assert refused([GivenAnswer("shoeSize", ("42",))] * 61) == [("TOO_MANY", "input.answers", message)]


def test_no_question_comes_near_the_limits() -> None:
    questions = current_questionnaire().questions

    assert len(questions) <= 50
    assert max(len(question.options) for question in questions) <= 80
    assert max(len(value) for question in questions for value in question.values) <= 60


@holds_for(found=st.text(st.characters(codec="ascii", categories=["Ll"]), min_size=12, max_size=40))
def test_a_message_never_repeats_what_was_sent(found: str) -> None:
    secret = f"zqx{found}"  # in no word of the messages
    sent = [
        GivenAnswer(secret, (secret,)),
        *(GivenAnswer(key, (secret,)) for key in current_questionnaire().by_key),
        GivenAnswer("medicines", (secret, "NONE")),
    ]

    assert not any(secret in message or secret.upper() in message for _, _, message in refused(sent))
