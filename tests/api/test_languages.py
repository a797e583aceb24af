"""Languages: what the header or the argument asks for, and that a Hindi report is in Hindi."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import SAFE, SAFE_FOR_HER, GraphClient, hair_test

SUBMIT = """mutation ($input: SubmitHairTestInput!) {
  submitHairTest(input: $input) {
    accessToken
    report { publicId language disclaimer }
    userErrors { code message path }
  }
}"""
QUESTIONNAIRE = "query ($language: Language) { questionnaire(language: $language) { language notice { title } } }"
# all that a report says in words; names and benefits of products are in English alone
REPORT = """query ($publicId: String!, $accessToken: String, $language: Language) {
  report(publicId: $publicId, accessToken: $accessToken, language: $language) {
    language
    causes { explanation }
    recovery { explanationIfNone milestones { text } }
    nextSteps
    disclaimer
    hypothesis { explanation }
    safetyFindings { message blockedIngredients { name } }
    kit {
      items {
        reason usage cautions
        product { usage cautions ingredients { name } actives { name } }
      }
      excluded { message }
    }
    hairTest { answers { question labels } }
  }
}"""
DEVANAGARI = re.compile(r"[\u0900-\u097f]")
TITLES = {
    "EN": "Before you begin: how we use your answers",
    "HI": "शुरू करने से पहले: हम आपके जवाबों का उपयोग कैसे करते हैं",
}

PEOPLE: dict[str, dict[str, Any]] = {
    "a man with much": {
        **SAFE,
        "healthConditions": ["THYROID", "ANAEMIA"],
        "medicalSafety": ["HEART_DISEASE", "LIVER_DISEASE", "DEPRESSION"],
        "medicines": "SCALP",
        "allergies": ["ZINC", "COCONUT_OIL"],
        "dandruff": "SEBORRHEIC",
        "age": 70,
        "durationMonths": 30,
    },
    "a man whom a doctor has to see": {**SAFE, "pattern": "COIN_SIZE_PATCH", "scalpSigns": "PAIN"},
    "a man at the last stage": {**SAFE, "pattern": "STAGE_6", "hasOtherAllergy": True},
    "a man with nothing in the way": {**SAFE, "sleep": "DIFFICULT", "stress": "HIGH", "gas": "OFTEN"},
    "a pregnant woman": {
        **SAFE_FOR_HER,
        "gender": "FEMALE",
        "pattern": "HEAVY_HAIR_FALL",
        "lifeStage": "PREGNANT",
        "lastYearEvents": "SURGERY_OR_HEAVY_MEDICATION",
        "energyLevel": "VERY_LOW",
    },
    "a woman who left much out": {"gender": "FEMALE", "pattern": "HAIR_THINNING"},
}


async def ask(client: GraphClient, query: str, *, header: str | None = None, **variables: Any) -> dict[str, Any]:
    response = await client.http.post(
        "/graphql",
        json={"query": query, "variables": variables},
        headers={} if header is None else {"accept-language": header},
    )
    answer: dict[str, Any] = response.json()
    assert "errors" not in answer, answer
    data: dict[str, Any] = answer["data"]
    return data


async def submit(client: GraphClient, *, header: str | None = None, **changes: Any) -> dict[str, Any]:
    payload: dict[str, Any] = (await ask(client, SUBMIT, header=header, input=hair_test(**changes)))["submitHairTest"]
    return payload


async def report(client: GraphClient, submitted: dict[str, Any], **asked: Any) -> dict[str, Any]:
    keys = {"publicId": submitted["report"]["publicId"], "accessToken": submitted["accessToken"]}
    found: dict[str, Any] = (await ask(client, REPORT, **keys, **asked))["report"]
    return found


def texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Give each text with its place; numbers that were answered are no words."""
    if isinstance(value, str):
        if not value.isdecimal():
            yield place, value
    elif isinstance(value, (dict, list)):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts(one, f"{place}.{key}")


# --- which language -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "EN"),
        ("", "EN"),
        ("hi", "HI"),
        ("hi-IN", "HI"),
        ("HI", "HI"),
        ("en-IN,en;q=0.9,hi;q=0.8", "EN"),
        ("hi-IN,hi;q=0.9,en-IN;q=0.8,en;q=0.7", "HI"),
        ("en;q=0.7,hi;q=0.8", "HI"),
        ("mr-IN,hi;q=0.5", "HI"),
        ("mr-IN,mr;q=0.9", "EN"),
        ("*", "EN"),
        ("hi;q=0", "EN"),
        ("hi;q=banana", "EN"),
        (";;;,,,===", "EN"),
        ("x" * 5000, "EN"),
        ("hi," * 1000, "HI"),
    ],
)
async def test_the_header_decides_where_no_argument_does(
    client: GraphClient, header: str | None, language: str
) -> None:
    asked = (await ask(client, QUESTIONNAIRE, header=header))["questionnaire"]

    assert asked == {"language": language, "notice": {"title": TITLES[language]}}


@pytest.mark.parametrize("language", ["EN", "HI"])
@pytest.mark.parametrize("header", [None, "hi", "en"])
async def test_the_argument_decides_whatever_the_header_says(
    client: GraphClient, header: str | None, language: str
) -> None:
    submitted = await submit(client, **SAFE)

    asked = (await ask(client, QUESTIONNAIRE, header=header, language=language))["questionnaire"]
    shown = await report(client, submitted, header=header, language=language)

    assert (asked["language"], asked["notice"]["title"]) == (language, TITLES[language])
    assert shown["language"] == language
    assert bool(DEVANAGARI.search(shown["disclaimer"])) is (language == "HI")


async def test_a_language_that_is_not_there_is_a_bad_argument(client: GraphClient) -> None:
    assert await client.code(QUESTIONNAIRE, language="TA") == "BAD_USER_INPUT"


async def test_a_submission_answers_in_the_language_of_the_request(client: GraphClient) -> None:
    hindi, english = await submit(client, header="hi", **SAFE), await submit(client, header="en", **SAFE)

    assert (hindi["report"]["language"], english["report"]["language"]) == ("HI", "EN")
    assert DEVANAGARI.search(hindi["report"]["disclaimer"])
    assert not DEVANAGARI.search(english["report"]["disclaimer"])


async def test_caches_are_told_that_the_language_matters(client: GraphClient) -> None:
    response = await client.http.post("/graphql", json={"query": QUESTIONNAIRE})

    assert "accept-language" in response.headers["vary"].lower()


# --- a whole report -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PEOPLE)
async def test_every_text_of_a_report_is_in_the_language_of_the_header(client: GraphClient, name: str) -> None:
    submitted = await submit(client, **PEOPLE[name])

    hindi = await report(client, submitted, header="hi-IN")
    english = await report(client, submitted, header="en-IN")

    assert {hindi.pop("language"), english.pop("language")} == {"HI", "EN"}
    assert [place for place, text in texts(hindi) if not DEVANAGARI.search(text)] == []
    assert [place for place, text in texts(english) if DEVANAGARI.search(text)] == []
    assert [place for place, _ in texts(hindi)] == [place for place, _ in texts(english)]


async def test_the_language_of_a_report_that_the_argument_asks_for_is_that_of_all_texts_below(
    client: GraphClient,
) -> None:
    submitted = await submit(client, **PEOPLE["a man with nothing in the way"])

    by_argument = await report(client, submitted, language="HI")
    by_header = await report(client, submitted, header="hi")

    assert by_argument == by_header


async def test_a_report_is_read_in_another_language_than_it_was_made_in(client: GraphClient) -> None:
    made_in_hindi = await submit(client, header="hi", **SAFE)
    made_in_english = await submit(client, header="en", **SAFE)

    for header in ("hi", "en"):
        first, second = [await report(client, made, header=header) for made in (made_in_hindi, made_in_english)]

        assert first == second
