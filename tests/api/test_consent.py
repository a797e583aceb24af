"""What is refused before anything is assessed: no consent to the present notice, and answers that cannot be."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from tests.support import NOTICE, SAFE, GraphClient, counts, given, hair_test
from traya_gql.app import now

SUBMIT = """mutation ($input: SubmitHairTestInput!) {
  submitHairTest(input: $input) {
    accessToken
    report { createdAt hairTest { noticeVersion } }
    userErrors { __typename code message path }
  }
}"""
SAVE = """mutation ($input: SaveHairTestDraftInput!) {
  saveHairTestDraft(input: $input) { draftToken userErrors { code } }
}"""


async def submit(client: GraphClient, typed: dict[str, Any], *, language: str = "") -> dict[str, Any]:
    response = await client.http.post(
        "/graphql",
        json={"query": SUBMIT, "variables": {"input": typed}},
        headers={"accept-language": language} if language else {},
    )
    payload: dict[str, Any] = response.json()["data"]["submitHairTest"]
    return payload


def errors(payload: dict[str, Any]) -> list[tuple[str, str]]:
    """Return codes and places of a refusal that made nothing."""
    assert payload["report"] is payload["accessToken"] is None
    return [(error["code"], ".".join(error["path"])) for error in payload["userErrors"]]


# --- consent ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("consent", "field"),
    [
        ({"isGiven": False, "noticeVersion": NOTICE}, "isGiven"),
        ({"isGiven": True, "noticeVersion": "2025-01"}, "noticeVersion"),
        ({"isGiven": True, "noticeVersion": ""}, "noticeVersion"),
        ({"isGiven": True, "noticeVersion": f" {NOTICE}"}, "noticeVersion"),
        ({"isGiven": True, "noticeVersion": "x" * 10_000}, "noticeVersion"),
        ({"isGiven": False, "noticeVersion": "2025-01"}, "isGiven"),
    ],
)
async def test_without_consent_to_the_present_notice_nothing_is_assessed_or_stored(
    client: GraphClient, database: Any, consent: dict[str, Any], field: str
) -> None:
    refused = await submit(client, hair_test(consent=consent))

    assert errors(refused) == [("CONSENT_REQUIRED", f"input.consent.{field}")]
    assert refused["userErrors"][0]["__typename"] == "ConsentRequiredError"
    assert await counts(database) == {}


async def test_a_changed_notice_is_named_to_the_client(client: GraphClient) -> None:
    consent = {"isGiven": True, "noticeVersion": "2025-01"}

    [error] = (await submit(client, hair_test(consent=consent)))["userErrors"]

    assert error["message"] == (
        "The notice has changed. Show version 2026-11, from the questionnaire, and ask for consent again."
    )


async def test_without_consent_a_draft_stays(client: GraphClient, database: Any) -> None:
    typed = hair_test(**SAFE, consent={"isGiven": False, "noticeVersion": NOTICE})
    saved = await client.data(SAVE, input={"gender": "MALE", "answers": typed.pop("answers")})
    drafts = await database.hair_test_drafts.find().to_list()

    refused = await submit(client, {**typed, "draftToken": saved["saveHairTestDraft"]["draftToken"]})

    assert errors(refused) == [("CONSENT_REQUIRED", "input.consent.isGiven")]
    assert await database.hair_test_drafts.find().to_list() == drafts != []
    assert await counts(database) == {"hair_test_drafts": 1, "rate_limits": 1}


@pytest.mark.parametrize(("header", "language"), [("", "EN"), ("hi-IN,en;q=0.5", "HI")])
async def test_consent_is_kept_with_purpose_version_language_and_time(
    client: GraphClient, database: Any, header: str, language: str
) -> None:
    before = now()

    payload = await submit(client, hair_test(), language=header)

    [stored] = await database.hair_tests.find().to_list()
    assert stored["consent"] == {
        "purpose": "HEALTH_ASSESSMENT",
        "notice_version": NOTICE,
        "language": language,
        "given_at": stored["created_at"],
    }
    assert before <= stored["created_at"] <= now()
    assert datetime.fromisoformat(payload["report"]["createdAt"]) == stored["created_at"]
    assert payload["report"]["hairTest"] == {"noticeVersion": NOTICE}


@pytest.mark.parametrize("named", ["EN", "HI"])
@pytest.mark.parametrize("header", ["", "hi-IN,en;q=0.5"])
async def test_consent_is_kept_in_the_language_that_it_names_whatever_that_of_the_request(
    client: GraphClient, database: Any, header: str, named: str
) -> None:
    consent = {"isGiven": True, "noticeVersion": NOTICE, "language": named}

    await submit(client, hair_test(consent=consent), language=header)

    [stored] = await database.hair_tests.find().to_list()
    assert stored["consent"]["language"] == named


async def test_a_refusal_for_want_of_consent_can_be_repeated_with_it_under_the_same_key(
    client: GraphClient, database: Any
) -> None:
    typed = hair_test(consent={"isGiven": False, "noticeVersion": NOTICE})
    await submit(client, typed)

    payload = await submit(client, {**typed, "consent": {"isGiven": True, "noticeVersion": NOTICE}})

    assert payload["userErrors"] == []
    assert await database.hair_tests.count_documents({}) == 1


# --- answers that cannot be ---------------------------------------------------------------------------------------

# the eight that must be answered take the places 0 to 7
BAD: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "an unknown question": ({"hairColour": "RED"}, [("UNKNOWN_QUESTION", "8.key")]),
    "a question in other letters": ({"SCALPSIGNS": "NONE"}, [("UNKNOWN_QUESTION", "8.key")]),
    "a hidden question": ({"lifeStage": "NONE"}, [("NOT_ASKED", "8.key")]),
    "a question that another answer hides": (
        {"gender": "FEMALE", "pattern": "HEAVY_HAIR_FALL", "lifeStage": "NONE", "monthsSinceBirth": 3},
        [("NOT_ASKED", "9.key")],
    ),
    "a hidden option": ({"healthConditions": ["PCOS", "ANAEMIA"]}, [("NOT_ASKED", "8.values")]),
    "a picture that is not offered": ({"gender": "FEMALE", "pattern": "STAGE_2"}, [("NOT_ASKED", "0.values")]),
    "an unknown option": ({"dandruff": "SNOW"}, [("UNKNOWN_OPTION", "2.values")]),
    "an operator": ({"dandruff": '{"$ne": null}'}, [("UNKNOWN_OPTION", "2.values")]),
    "two of a single choice": ({"sleep": ["PEACEFUL", "DISTURBED"]}, [("TOO_MANY", "3.values")]),
    "no value": ({"medicines": []}, [("REQUIRED", "8.values")]),
    "none together with others": ({"medicines": ["NONE", "DIABETES"]}, [("CONTRADICTORY", "8.values")]),
    "a contradiction": ({"sleep": "PEACEFUL", "sleepsUnderSixHours": True}, [("CONTRADICTORY", "8.values")]),
    "more months than a life": ({"age": 30, "durationMonths": 361}, [("CONTRADICTORY", "8.values")]),
    "too great a number": ({"durationMonths": 961}, [("OUT_OF_RANGE", "8.values")]),
    "a number below zero": ({"durationMonths": -1}, [("OUT_OF_RANGE", "8.values")]),
    "a number in words": ({"durationMonths": "six"}, [("INVALID_CHARACTERS", "8.values")]),
    "a number in other digits": ({"durationMonths": "१२"}, [("INVALID_CHARACTERS", "8.values")]),
    "a part of a number": ({"durationMonths": "1.5"}, [("INVALID_CHARACTERS", "8.values")]),
    "a question twice": ({"hairLossStage": "STAGE_2"}, [("DUPLICATE", "8.key")]),
    "an answer too few": ({"gas": None, "stress": None}, [("REQUIRED", ""), ("REQUIRED", "")]),
}


@pytest.mark.parametrize("name", BAD)
async def test_answers_that_cannot_be_are_refused_at_their_place_and_nothing_is_stored(
    client: GraphClient, database: Any, name: str
) -> None:
    changes, expected = BAD[name]

    refused = await submit(client, hair_test(**changes))

    places = [(code, f"input.answers.{place}".removesuffix(".")) for code, place in expected]
    assert errors(refused) == places
    assert {error["__typename"] for error in refused["userErrors"]} == {"InvalidInputError"}
    assert await counts(database) == {}


async def test_all_that_is_wrong_is_said_at_once_and_before_consent_is_asked_about(
    client: GraphClient, database: Any
) -> None:
    typed = hair_test(
        name=" ",
        phone="12345",
        email="asha",
        consent={"isGiven": False, "noticeVersion": "2025-01"},
        gas=None,
        dandruff="SNOW",
        durationMonths=961,
        hairColour="RED",
        medicines=["NONE", "OTHER"],
        isBreastfeeding=True,
    )

    refused = await submit(client, typed)

    assert sorted(errors(refused)) == sorted(
        [
            ("TOO_SHORT", "input.customer.name"),
            ("INVALID_PHONE", "input.customer.phone"),
            ("INVALID_EMAIL", "input.customer.email"),
            ("UNKNOWN_OPTION", "input.answers.2.values"),
            ("OUT_OF_RANGE", "input.answers.7.values"),
            ("UNKNOWN_QUESTION", "input.answers.8.key"),
            ("CONTRADICTORY", "input.answers.9.values"),
            ("NOT_ASKED", "input.answers.10.key"),
            ("REQUIRED", "input.answers"),
        ]
    )
    assert await counts(database) == {}


async def test_no_message_repeats_what_was_sent(client: GraphClient) -> None:
    """Health answers would end up wherever messages are logged or shown."""
    secret = "MY_SECRET_ILLNESS"  # an answer that the questionnaire does not know
    typed = hair_test(dandruff=secret, durationMonths=secret, medicines=[secret, "NONE"])
    typed["answers"] += given({secret: "YES"})

    messages = [error["message"] for error in (await submit(client, typed))["userErrors"]]

    assert len(messages) == 4
    assert not [message for message in messages if secret in message]


@pytest.mark.parametrize(
    ("many", "expected"), [(60, {"DUPLICATE": 59, "REQUIRED": 7}), (61, {"TOO_MANY": 1}), (200, {"TOO_MANY": 1})]
)
async def test_a_flood_of_answers_is_refused(
    client: GraphClient, database: Any, many: int, expected: dict[str, int]
) -> None:
    refused = await submit(client, {**hair_test(), "answers": given({"gas": "OFTEN"}) * many})

    assert Counter(code for code, _ in errors(refused)) == expected
    assert await counts(database) == {}
