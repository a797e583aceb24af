"""The data file: what it asks of whom, and in which words."""

from __future__ import annotations

import re

import pytest

from tests.domain.questionnaire.asking import TEXT
from traya_gql.domain.customers import Gender
from traya_gql.domain.data_files import read_toml
from traya_gql.domain.ingredients import INGREDIENTS
from traya_gql.domain.languages import LocalText
from traya_gql.domain.questionnaire.checks import offered, visible
from traya_gql.domain.questionnaire.model import (
    AnswerPlace,
    Question,
    Questionnaire,
    QuestionType,
    current_questionnaire,
)
from traya_gql.domain.ruleset.answers import QUESTIONS
from traya_gql.domain.ruleset.codes import GateCode
from traya_gql.domain.ruleset.rules import current_ruleset

QUESTIONNAIRE = current_questionnaire()
TEXTS = QUESTIONNAIRE.texts()
MEN, WOMEN, OTHERS = Gender.MALE, Gender.FEMALE, Gender.OTHER


def shown(gender: Gender | None, **answered: str) -> set[str]:
    """Return the keys of the questions that somebody is shown after these answers."""
    given = {key: (value,) for key, value in answered.items()}
    return {question.key for question in QUESTIONNAIRE.questions if visible(question, gender=gender, answered=given)}


def options(key: str, gender: Gender) -> list[str]:
    """Return the options that a question offers to somebody who answered nothing yet."""
    return [option.value for option in offered(QUESTIONNAIRE.question(key), gender=gender, answered={})]


# --- what it holds ------------------------------------------------------------------------------------------------


def test_the_questionnaire_of_this_release_is_whole() -> None:
    assert read_toml(Questionnaire, TEXT) == QUESTIONNAIRE
    assert QUESTIONNAIRE.version == "2026.11"
    assert QUESTIONNAIRE.notice.version == "2026-11"
    assert [(section.key.value, len(section.questions)) for section in QUESTIONNAIRE.sections] == [
        ("ABOUT_YOU", 5),
        ("HAIR_AND_SCALP", 13),
        ("HEALTH_AND_LIFE", 10),
        ("SAFETY", 11),
    ]


def test_it_asks_for_all_that_the_rules_read_but_the_photos() -> None:
    assert {question.key for question in QUESTIONNAIRE.questions} == {*QUESTIONS, "name", "phone", "email"} - {
        "usablePhotos"
    }


def test_the_person_is_asked_for_first_and_sent_as_the_customer() -> None:
    assert [
        (question.key, question.type.value, question.is_required)
        for question in QUESTIONNAIRE.questions
        if question.place is AnswerPlace.CUSTOMER
    ] == [
        ("name", "TEXT", True),
        ("phone", "PHONE", True),
        ("email", "EMAIL", False),
        ("age", "NUMBER", True),
        ("gender", "SINGLE_CHOICE", True),
    ]


def test_the_original_eight_are_required_and_no_other_answers() -> None:
    assert {
        question.key
        for question in QUESTIONNAIRE.questions
        if question.is_required and question.place is AnswerPlace.ANSWERS
    } == {"pattern", "familyHistory", "dandruff", "sleep", "stress", "energyLevel", "isTakingSupplements", "gas"}


@pytest.mark.parametrize(
    ("key", "bounds", "unit"),
    [
        ("age", (18, 100), "years"),
        ("durationMonths", (0, 960), "months"),
        ("monthsSinceBirth", (0, 24), "months"),
    ],
)
def test_a_number_has_bounds_and_a_unit(key: str, bounds: tuple[int, int], unit: str) -> None:
    question = QUESTIONNAIRE.question(key)

    assert (question.minimum, question.maximum) == bounds
    assert question.unit is not None
    assert question.unit.en == unit


@pytest.mark.parametrize(
    ("former", "key"),
    [
        ("hairLossStage", "pattern"),
        ("hasAcidityOrGas", "gas"),
        ("acidityOrGas", "gas"),
        ("energyLevels", "energyLevel"),
        ("takingSupplements", "isTakingSupplements"),
        ("pattern", "pattern"),
    ],
)
def test_a_question_is_found_by_the_keys_that_it_had(former: str, key: str) -> None:
    assert QUESTIONNAIRE.question(former).key == key


def test_what_was_never_a_question_is_not_found() -> None:
    with pytest.raises(KeyError):
        QUESTIONNAIRE.question("shoeSize")


def test_one_may_be_unsure_of_everything_that_is_asked_for_safety() -> None:
    unsure = {question.key for question in QUESTIONNAIRE.questions if "NOT_SURE" in question.values}
    yes_no = {question.key for question in QUESTIONNAIRE.questions if question.type is QuestionType.YES_NO}

    assert yes_no - unsure == {"itch", "hadChemicalTreatment", "smoker"}
    assert unsure <= yes_no


def test_of_every_multiple_choice_one_may_choose_nothing() -> None:
    for question in QUESTIONNAIRE.questions:
        exclusive = [option.value for option in question.options if option.is_exclusive]
        assert exclusive == (["NONE"] if question.type is QuestionType.MULTIPLE_CHOICE else []), question.key


def test_one_may_be_allergic_to_every_ingredient() -> None:
    allergies = QUESTIONNAIRE.question("allergies")

    assert list(allergies.values) == ["NONE", *INGREDIENTS]
    assert allergies.options[1].label == next(iter(INGREDIENTS.values())).name


# --- who is asked what --------------------------------------------------------------------------------------------

FOR_ALL = {
    "suddenOnset",
    "scalpSigns",
    "healthConditions",
    "medicalSafety",
    "medicines",
    "allergies",
    "hasOtherAllergy",
}
HERS = {"lifeStage", "isBreastfeeding"}
ABOUT_HER_HAIR = {"hairType", "fallAmount", "strandThickness", "isHairDamaged", "hadChemicalTreatment", "oilyAfter"}


@pytest.mark.parametrize(
    ("gender", "answered", "asked"),
    [
        (MEN, {}, FOR_ALL | {"isTryingForABaby"}),
        (WOMEN, {}, FOR_ALL | HERS),
        (OTHERS, {}, FOR_ALL | HERS),
        (WOMEN, {"lifeStage": "PREGNANT"}, FOR_ALL | HERS),
        (WOMEN, {"lifeStage": "POST_PREGNANCY"}, FOR_ALL | HERS | {"monthsSinceBirth"}),
        (OTHERS, {"lifeStage": "POST_PREGNANCY"}, FOR_ALL | HERS | {"monthsSinceBirth"}),
        # hidden himself, so that nothing depends on it
        (MEN, {"lifeStage": "POST_PREGNANCY"}, FOR_ALL | {"isTryingForABaby"}),
        (None, {}, FOR_ALL),
    ],
)
def test_the_questions_of_safety_depend_on_the_person(
    gender: Gender | None, answered: dict[str, str], asked: set[str]
) -> None:
    safety = {question.key for question in QUESTIONNAIRE.questions if question.is_safety}

    assert shown(gender, **answered) & safety == asked
    assert safety == FOR_ALL | HERS | {"monthsSinceBirth", "isTryingForABaby"}


def test_a_question_of_safety_is_one_whose_missing_answer_holds_something_back() -> None:
    cases = current_ruleset().gates[GateCode.G00_SAFETY_UNANSWERED].cases
    needed = {key for case in cases for key, values in case.when.items() if "UNANSWERED" in values}

    assert needed == {question.key for question in QUESTIONNAIRE.questions if question.is_safety}


def test_questions_of_safety_stand_together_under_one_explanation() -> None:
    *others, last = QUESTIONNAIRE.sections

    assert all(question.is_safety for question in last.questions)
    assert not any(question.is_safety for section in others for question in section.questions)
    assert "nothing to swallow and no drug" in last.description.en


@pytest.mark.parametrize(("gender", "asked"), [(MEN, set()), (WOMEN, ABOUT_HER_HAIR), (OTHERS, ABOUT_HER_HAIR)])
def test_some_questions_about_hair_are_not_asked_of_men(gender: Gender, asked: set[str]) -> None:
    assert shown(gender) & ABOUT_HER_HAIR == asked
    assert {"goal", "area", "smoker", "durationMonths"} <= shown(gender)


STAGES = [f"STAGE_{number}" for number in range(1, 7)]
PARTINGS = ["HAIR_THINNING", "LESS_VOLUME_ON_SIDES", "MEDIUM_WIDENING", "ADVANCED_WIDENING"]
ALL_SEE = ["HEAVY_HAIR_FALL", "COIN_SIZE_PATCH"]


@pytest.mark.parametrize(
    ("gender", "pictures"),
    [(MEN, STAGES + ALL_SEE), (WOMEN, PARTINGS + ALL_SEE), (OTHERS, STAGES + PARTINGS + ALL_SEE)],
)
def test_the_pictures_depend_on_gender(gender: Gender, pictures: list[str]) -> None:
    assert options("pattern", gender) == pictures


@pytest.mark.parametrize(
    ("key", "value", "genders"),
    [("healthConditions", "PCOS", [WOMEN, OTHERS]), ("medicalSafety", "PROSTATE_DISEASE", [MEN, OTHERS])],
)
def test_some_illnesses_are_not_offered_to_everybody(key: str, value: str, genders: list[Gender]) -> None:
    assert [gender for gender in Gender if value in options(key, gender)] == genders


def test_every_picture_is_described_in_words() -> None:
    pattern = QUESTIONNAIRE.question("pattern")

    assert all(option.help is not None and len(option.help.en) > 40 for option in pattern.options)
    assert len({option.help.en for option in pattern.options if option.help is not None}) == 12


# --- words --------------------------------------------------------------------------------------------------------


def test_every_text_has_its_place() -> None:
    assert len(TEXTS) == 273
    assert TEXTS["questionnaire.pattern.STAGE_1.help"].en.startswith("The hairline has moved back a little")
    assert TEXTS["questionnaire.goal.REGROW.label"].en == "Regrowing hair"
    assert TEXTS["questionnaire.SAFETY.title"].en == "Your safety"
    assert TEXTS["questionnaire.durationMonths.unit"].en == "months"
    assert {"questionnaire.notice.title", "questionnaire.notice.text"} <= TEXTS.keys()
    assert TEXTS["questionnaire.allergies.AMLA.label"] == INGREDIENTS["AMLA"].name


@pytest.mark.parametrize("place", TEXTS)
def test_a_text_is_there_in_english_and_in_hindi(place: str) -> None:
    text = TEXTS[place]

    assert text.en != text.hi
    assert re.search(r"[\u0900-\u097f]", text.hi), text.hi
    assert not re.search(r"[\u0900-\u097f]", text.en), text.en
    # English words are there for those who know them so, in brackets
    latin = re.sub(r"\([^)]*\)|\bM\b", "", text.hi)
    assert not re.search(r"[A-Za-z]", latin), latin


def test_labels_of_one_question_differ() -> None:
    for question in QUESTIONNAIRE.questions:
        for labels in (
            [option.label.en for option in question.options],
            [option.label.hi for option in question.options],
        ):
            assert len(set(labels)) == len(labels), question.key


@pytest.mark.parametrize(
    ("en", "hi"),
    [
        (
            "your name, phone number, age and gender, your e-mail address if you give it",
            "नाम, फ़ोन नंबर, उम्र और जेंडर, ई-मेल पता",
        ),
        ("your health, your medicines and your allergies", "सेहत, दवाओं और एलर्जी"),
        ("to assess your answers, to make your report and suggest a kit, and to contact you", "संपर्क करने के लिए"),
        ("It is not a diagnosis", "रोग की पहचान (डायग्नोसिस) नहीं"),
        ("the first part of your name, your gender, the possible causes", "नाम का पहला भाग, आपका जेंडर, संभावित कारण"),
        ("You can withdraw your consent at any time", "सहमति किसी भी समय वापस"),
        ("complain to the Data Protection Board of India", "भारत के डेटा संरक्षण बोर्ड"),
    ],
)
def test_the_notice_says_what_the_law_asks_for(en: str, hi: str) -> None:
    text = QUESTIONNAIRE.notice.text

    assert en in " ".join(text.en.split())
    assert hi in " ".join(text.hi.split())


def test_the_notice_is_short_enough_to_be_read() -> None:
    notice: LocalText = QUESTIONNAIRE.notice.text

    assert len(notice.en) < 1200
    assert len(notice.hi) < 1200


def test_a_question_cannot_be_changed() -> None:
    question: Question = QUESTIONNAIRE.question("sleep")

    with pytest.raises(ValueError, match="frozen"):
        question.is_required = False  # type: ignore[misc]
