"""The questionnaire: a front end that knows nothing but its answer renders the whole hair test."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from tests.support import GraphClient, counts, example, hair_test

SUBMIT = """mutation ($input: SubmitHairTestInput!) {
  submitHairTest(input: $input) {
    report {
      gender
      hypothesis { code }
      causes { cause score }
      recovery { expectedMonths }
      safetyFindings { code }
      hairTest { questionnaireVersion noticeVersion person { email } answers { key values question labels } }
      kit { items { product { slug } } }
    }
    userErrors { code path }
  }
}"""

ABOUT = ["name", "phone", "email", "age", "gender"]
HAIR = ["pattern", "area", "durationMonths", "familyHistory", "dandruff", "itch", "goal"]
HAIR_OF_OTHERS = [
    "fallAmount",
    "hairType",
    "strandThickness",
    "isHairDamaged",
    "hadChemicalTreatment",
    "oilyAfter",
]
LIFE = [
    "sleep",
    "sleepsUnderSixHours",
    "stress",
    "energyLevel",
    "isTakingSupplements",
    "knownDeficiencies",
    "gas",
    "constipation",
    "lastYearEvents",
    "smoker",
]
SAFETY = [
    "suddenOnset",
    "scalpSigns",
    "healthConditions",
    "medicalSafety",
    "medicines",
    "allergies",
    "hasOtherAllergy",
]
MAN = [*ABOUT, *HAIR, *LIFE, *SAFETY, "isTryingForABaby"]
WOMAN = [*ABOUT, *HAIR, *HAIR_OF_OTHERS, *LIFE, *SAFETY, "lifeStage", "isBreastfeeding"]
MOTHER = [*WOMAN[:-1], "monthsSinceBirth", "isBreastfeeding"]

STAGES = [f"STAGE_{number}" for number in range(1, 7)]
PARTINGS = ["HAIR_THINNING", "LESS_VOLUME_ON_SIDES", "MEDIUM_WIDENING", "ADVANCED_WIDENING"]
FOR_ALL = ["HEAVY_HAIR_FALL", "COIN_SIZE_PATCH"]

# --- a front end that was never told of any question --------------------------------------------------------------


class Filled(NamedTuple):
    """A test that somebody filled in: the input to send, which questions were shown, and what each offered."""

    input: dict[str, Any]
    shown: list[str]
    offered: dict[str, list[str]]


async def questionnaire(client: GraphClient, language: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = (await client.data(example("questionnaire"), language=language))["questionnaire"]
    return found


def questions(shown: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for section in shown["sections"]:
        yield from section["questions"]


def fill(shown: dict[str, Any], wishes: Mapping[str, str]) -> Filled:
    """Answer what is shown, one question after the other; without a wish in the way that nothing is the matter."""
    answered: dict[str, str] = {}
    offers: dict[str, list[str]] = {}
    customer: dict[str, Any] = {}
    answers = []
    for question in questions(shown):
        if not holds(question["showIf"], answered):
            continue
        key = question["key"]
        offered = [option for option in question["options"] if holds(option["showIf"], answered)]
        offers[key] = [option["value"] for option in offered]
        answered[key] = wishes.get(key) or unremarkable(question, offered)
        assert not offered or answered[key] in offers[key], key
        if question["place"] == "ANSWERS":
            answers.append({"key": key, "values": [answered[key]]})
        else:
            customer[key] = int(answered[key]) if question["type"] == "NUMBER" else answered[key]
    consent = {"isGiven": True, "noticeVersion": shown["notice"]["version"]}
    typed = {"idempotencyKey": str(uuid4()), "customer": customer, "consent": consent, "answers": answers}
    return Filled(typed, list(answered), offers)


def holds(conditions: list[dict[str, Any]], answered: Mapping[str, str]) -> bool:
    return all(answered.get(one["question"]) in one["values"] for one in conditions)


def unremarkable(question: dict[str, Any], offered: list[dict[str, Any]]) -> str:
    typed = {"TEXT": "Asha Rao", "PHONE": "98765 43210", "EMAIL": "asha@example.org", "YES_NO": "NO"}
    if question["type"] in typed:
        return typed[question["type"]]
    if question["type"] == "NUMBER":
        return str(question["minimum"])
    value: str = next((one["value"] for one in offered if one["isExclusive"]), offered[0]["value"])
    return value


# --- who is asked what --------------------------------------------------------------------------------------------


class Somebody(NamedTuple):
    """What somebody answers, and what they are to be shown: questions, pictures, and what the report holds back."""

    wishes: dict[str, str]
    shown: list[str]
    pictures: list[str]
    findings: list[str]


PEOPLE = {
    "a man": Somebody({"gender": "MALE", "age": "31"}, MAN, [*STAGES, *FOR_ALL], []),
    "a woman": Somebody({"gender": "FEMALE", "age": "31", "lifeStage": "NONE"}, WOMAN, [*PARTINGS, *FOR_ALL], []),
    "a pregnant woman": Somebody(
        {"gender": "FEMALE", "age": "31", "lifeStage": "PREGNANT"}, WOMAN, [*PARTINGS, *FOR_ALL], ["G06_PREGNANCY"]
    ),
    "a young mother": Somebody(
        {"gender": "FEMALE", "age": "31", "lifeStage": "POST_PREGNANCY"},
        MOTHER,
        [*PARTINGS, *FOR_ALL],
        # minoxidil's label: not when the loss came with a birth
        ["G06_PREGNANCY", "G19_MINOXIDIL_LABEL"],
    ),
    "a person of another gender": Somebody(
        {"gender": "OTHER", "age": "31", "lifeStage": "NONE"},
        WOMAN,
        [*STAGES, *PARTINGS, *FOR_ALL],
        # with the first picture of men goes a drug that is labelled for men
        ["G07_FEMALE_5ARI"],
    ),
}


@pytest.mark.parametrize("name", PEOPLE)
async def test_who_answers_what_is_shown_gets_a_report(client: GraphClient, name: str) -> None:
    somebody = PEOPLE[name]
    filled = fill(await questionnaire(client), somebody.wishes)

    payload = (await client.data(SUBMIT, input=filled.input))["submitHairTest"]

    assert payload["userErrors"] == []
    assert filled.shown == somebody.shown
    assert filled.offered["pattern"] == somebody.pictures
    report = payload["report"]
    assert report["gender"] == somebody.wishes["gender"]
    assert [finding["code"] for finding in report["safetyFindings"]] == somebody.findings
    test = report["hairTest"]
    assert [{"key": one["key"], "values": one["values"]} for one in test["answers"]] == filled.input["answers"]
    assert (test["questionnaireVersion"], test["noticeVersion"]) == ("2026.11", "2026-11")
    assert test["person"] == {"email": "asha@example.org"}


async def test_options_that_only_some_have_are_offered_to_them_alone(client: GraphClient) -> None:
    shown = await questionnaire(client)

    offered = {gender: fill(shown, {"gender": gender, "lifeStage": "NONE"}).offered for gender in ("MALE", "FEMALE")}

    assert set(offered["MALE"]["medicalSafety"]) - set(offered["FEMALE"]["medicalSafety"]) == {"PROSTATE_DISEASE"}
    assert set(offered["FEMALE"]["healthConditions"]) - set(offered["MALE"]["healthConditions"]) == {"PCOS"}
    assert len(offered["MALE"]["allergies"]) == 56


async def test_the_answers_are_read_back_in_words(client: GraphClient) -> None:
    shown = await questionnaire(client)
    titles = {question["key"]: question["title"] for question in questions(shown)}
    labels = {
        (question["key"], one["value"]): one["label"] for question in questions(shown) for one in question["options"]
    }

    payload = (await client.data(SUBMIT, input=fill(shown, {"gender": "MALE"}).input))["submitHairTest"]

    for one in payload["report"]["hairTest"]["answers"]:
        assert one["question"] == titles[one["key"]]
        assert one["labels"] == [labels.get((one["key"], value), value) for value in one["values"]]


async def test_what_is_required_is_enough(client: GraphClient) -> None:
    shown = await questionnaire(client)
    required = {question["key"] for question in questions(shown) if question["isRequired"]}
    filled = fill(shown, {"gender": "FEMALE"}).input
    filled["answers"] = [one for one in filled["answers"] if one["key"] in required]
    del filled["customer"]["email"]

    payload = (await client.data(SUBMIT, input=filled))["submitHairTest"]

    assert payload["userErrors"] == []
    assert required - set(filled["customer"]) == {
        *("pattern", "familyHistory", "dandruff", "sleep", "stress", "energyLevel", "isTakingSupplements", "gas")
    }
    assert [finding["code"] for finding in payload["report"]["safetyFindings"]] == [
        "G00_SAFETY_UNANSWERED",
        "G06_PREGNANCY",
    ]


@pytest.mark.parametrize("age", [0, 12, 17])
async def test_a_minor_is_refused_and_nothing_is_stored(client: GraphClient, database: Any, age: int) -> None:
    filled = fill(await questionnaire(client), {"gender": "MALE", "age": str(age)})

    payload = (await client.data(SUBMIT, input=filled.input))["submitHairTest"]

    assert payload == {
        "report": None,
        "userErrors": [{"code": "UNDER_AGE", "path": ["input", "customer", "age"]}],
    }
    assert await counts(database) == {}


# --- languages, and what is older ---------------------------------------------------------------------------------

TEXTS = {"title", "help", "label", "description", "text", "unit"}


def without_texts(value: Any) -> Any:
    if isinstance(value, list):
        return [without_texts(one) for one in value]
    if isinstance(value, dict):
        return {key: key if key in TEXTS and one is not None else without_texts(one) for key, one in value.items()}
    return value


def texts(value: Any) -> Iterator[str]:
    for key, one in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(one, (dict, list)):
            yield from texts(one)
        elif key in TEXTS and one is not None:
            yield one


async def test_english_and_hindi_differ_in_nothing_but_texts(client: GraphClient) -> None:
    english, hindi = await questionnaire(client, "EN"), await questionnaire(client, "HI")

    assert without_texts(english) == without_texts(hindi)
    assert not [text for text in texts(english) if re.search(r"[\u0900-\u097f]", text)]
    assert not [text for text in texts(hindi) if not re.search(r"[\u0900-\u097f]", text)]
    assert await questionnaire(client) == english


async def test_the_eight_questions_of_the_first_questionnaire_still_give_the_same_report(client: GraphClient) -> None:
    former = {
        "hairLossStage": "stage-2",
        "familyHistory": "father",
        "dandruff": "mild",
        "sleep": "disturbed",
        "stress": "moderate",
        "acidityOrGas": "true",
        "energyLevels": "low",
        "takingSupplements": "false",
    }
    answers = [{"key": key, "values": [value]} for key, value in former.items()]

    before = (await client.data(SUBMIT, input={**hair_test(), "answers": answers}))["submitHairTest"]
    today = (await client.data(SUBMIT, input=hair_test()))["submitHairTest"]

    assert before == today
    assert before["userErrors"] == []
    assert [(one["cause"], one["score"]) for one in before["report"]["causes"]] == [
        ("GENETIC", 55),
        ("STRESS", 35),
        ("SLEEP", 30),
        ("SCALP_HEALTH", 25),
    ]


async def test_the_first_questionnaires_six_pictures_are_accepted_from_everybody(client: GraphClient) -> None:
    """It showed them to all; under the key of today they are offered to men and others."""
    errors = {}
    for key, value in (("hairLossStage", "stage-3"), ("pattern", "STAGE_3")):
        changes = {"gender": "FEMALE", "pattern": None} | {key: value}
        typed = hair_test(**changes)
        errors[key] = (await client.data(SUBMIT, input=typed))["submitHairTest"]["userErrors"]

    assert errors["hairLossStage"] == []
    assert [error["code"] for error in errors["pattern"]] == ["NOT_ASKED"]
