"""Drafts of hair tests: begun by anybody, resumed by who holds the token, gone when they are submitted."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.applications import UNLIMITED, client_at, own_application
from tests.support import SAFE, GraphClient, counts, given, hair_test
from traya_gql.app import now
from traya_gql.domain.rates import Rate
from traya_gql.settings import Settings

DRAFT = "draft { version savedAt expiresAt questionnaireVersion age gender answers { key values } }"
SAVE = f"""mutation ($input: SaveHairTestDraftInput!) {{
  saveHairTestDraft(input: $input) {{ draftToken {DRAFT} userErrors {{ code path }} }}
}}"""
READ = "query ($token: String!) { draft: hairTestDraft(token: $token) { version age gender answers { key values } } }"
SUBMIT = """mutation ($input: SubmitHairTestInput!) {
  submitHairTest(input: $input) {
    accessToken
    isReplay
    report {
      publicId
      inputsHash
      causes { cause score answersThatRaisedIt }
      recovery { expectedMonths }
      safetyFindings { code }
      hairTest { answers { key values } }
      kit { items { product { slug } reason } excluded { finding product { slug } } }
    }
    userErrors { code path }
  }
}"""

BEGUN = {"familyHistory": "FATHER", "sleep": "DISTURBED"}
WHOLE = {answer["key"]: answer["values"] for answer in hair_test(**SAFE)["answers"]}


async def save(client: GraphClient, answers: dict[str, Any], **typed: Any) -> dict[str, Any]:
    saved = await client.data(SAVE, input={"answers": given(answers), **typed})
    payload: dict[str, Any] = saved["saveHairTestDraft"]
    return payload


async def begin(client: GraphClient, answers: dict[str, Any], **typed: Any) -> str:
    """Return the token of a new draft."""
    payload = await save(client, answers, **typed)
    assert payload["userErrors"] == []
    token: str = payload["draftToken"]
    return token


async def read(client: GraphClient, token: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = (await client.data(READ, token=token))["draft"]
    return found


async def submit(client: GraphClient, typed: dict[str, Any]) -> dict[str, Any]:
    payload: dict[str, Any] = (await client.data(SUBMIT, input=typed))["submitHairTest"]
    return payload


def by_draft(token: str | None, **changes: Any) -> dict[str, Any]:
    """Return the input of a hair test whose answers lie in a draft."""
    typed = {**hair_test(**changes), "draftToken": token}
    del typed["answers"]
    return typed


def errors(payload: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error["code"], ".".join(error["path"])) for error in payload["userErrors"]]


# --- begin, resume, replace ---------------------------------------------------------------------------------------


async def test_a_draft_is_begun_resumed_and_replaced_whole(client: GraphClient) -> None:
    begun = await save(client, BEGUN)
    token = begun["draftToken"]
    resumed = await read(client, token)
    replaced = await save(client, {"dandruff": ["NO"]}, draftToken=token, version=1, age=28, gender="FEMALE")

    assert begun["draft"]["version"] == 1
    assert resumed == {"version": 1, "age": None, "gender": None, "answers": given(BEGUN)}
    assert replaced["userErrors"] == []
    assert replaced["draft"]["answers"] == given({"dandruff": "NO"})
    assert replaced["draft"]["questionnaireVersion"] == "2026.11"
    assert replaced["draftToken"] == token
    assert await read(client, token) == {
        "version": 2,
        "age": 28,
        "gender": "FEMALE",
        "answers": given({"dandruff": "NO"}),
    }


async def test_a_draft_may_begin_without_any_answer(client: GraphClient) -> None:
    assert await read(client, await begin(client, {})) == {"version": 1, "age": None, "gender": None, "answers": []}


async def test_answers_come_back_as_they_were_sent(client: GraphClient) -> None:
    """Also under former keys: they allow what those of today do not."""
    former = {"hairLossStage": "stage-3", "acidityOrGas": "true"}

    token = await begin(client, former, gender="FEMALE")

    assert (await read(client, token) or {})["answers"] == given(former)


async def test_a_draft_ends_thirty_days_after_it_was_begun_however_often_it_is_saved(
    client: GraphClient, database: Any
) -> None:
    begun = await save(client, BEGUN)
    again = await save(client, BEGUN, draftToken=begun["draftToken"])

    [stored] = await database.hair_test_drafts.find().to_list()
    assert stored["expires_at"] - stored["created_at"] == timedelta(days=30)
    assert begun["draft"]["expiresAt"] == again["draft"]["expiresAt"]
    assert begun["draft"]["savedAt"] <= again["draft"]["savedAt"]


async def test_a_second_tab_is_told_that_the_draft_was_saved_elsewhere(client: GraphClient) -> None:
    token = await begin(client, BEGUN)
    await save(client, {"stress": "HIGH"}, draftToken=token, version=1)

    refused = await save(client, {"stress": "LOW"}, draftToken=token, version=1)
    seen = await read(client, token)
    overwritten = await save(client, {"stress": "LOW"}, draftToken=token)

    assert refused == {
        "draftToken": None,
        "draft": None,
        "userErrors": [{"code": "STALE_VERSION", "path": ["input", "version"]}],
    }
    assert seen == {"version": 2, "age": None, "gender": None, "answers": given({"stress": "HIGH"})}
    assert overwritten["draft"]["version"] == 3


async def test_of_ten_tabs_that_save_at_once_one_wins(client: GraphClient) -> None:
    token = await begin(client, BEGUN)

    saved = await asyncio.gather(*(save(client, BEGUN, draftToken=token, version=1, age=20 + n) for n in range(10)))

    assert sorted(str(errors(payload)) for payload in saved) == [
        *[str([("STALE_VERSION", "input.version")])] * 9,
        "[]",
    ]
    assert (await read(client, token) or {})["version"] == 2


@pytest.mark.parametrize(
    ("answers", "typed", "error"),
    [
        ({"pattern": "STAGE_9"}, {}, ("UNKNOWN_OPTION", "input.answers.0.values")),
        ({"colour": "RED"}, {}, ("UNKNOWN_QUESTION", "input.answers.0.key")),
        ({"lifeStage": "NONE"}, {"gender": "MALE"}, ("NOT_ASKED", "input.answers.0.key")),
        ({"lifeStage": "NONE"}, {}, ("NOT_ASKED", "input.answers.0.key")),
        ({"medicines": ["NONE", "OTHER"]}, {}, ("CONTRADICTORY", "input.answers.0.values")),
        ({"durationMonths": "961"}, {}, ("OUT_OF_RANGE", "input.answers.0.values")),
        ({}, {"age": 17}, ("UNDER_AGE", "input.age")),
        ({}, {"age": 101}, ("OUT_OF_RANGE", "input.age")),
        ({"name": "Asha Rao"}, {}, ("UNKNOWN_QUESTION", "input.answers.0.key")),
    ],
)
async def test_what_cannot_be_is_refused_and_the_draft_stays_as_it_was(
    client: GraphClient, database: Any, answers: dict[str, Any], typed: dict[str, Any], error: tuple[str, str]
) -> None:
    token = await begin(client, BEGUN)
    before = await database.hair_test_drafts.find().to_list()

    saved = await save(client, answers, draftToken=token, **typed)
    begun = await save(client, answers, **typed)

    assert errors(saved) == errors(begun) == [error]
    assert saved["draft"] is begun["draft"] is begun["draftToken"] is None
    assert await database.hair_test_drafts.find().to_list() == before


async def test_a_draft_holds_nothing_that_names_a_person(client: GraphClient, database: Any) -> None:
    await begin(client, BEGUN, age=28, gender="MALE")

    [stored] = await database.hair_test_drafts.find().to_list()

    assert stored.keys() == {
        *("_id", "schema_version", "created_at", "saved_at", "expires_at"),
        *("version", "questionnaire_version", "age", "gender", "answers"),
    }
    assert stored["answers"] == [["familyHistory", ["FATHER"]], ["sleep", ["DISTURBED"]]]
    assert await counts(database) == {"hair_test_drafts": 1, "rate_limits": 1}


# --- who may ------------------------------------------------------------------------------------------------------


async def test_only_the_drafts_own_token_opens_it(client: GraphClient, report: dict[str, Any], database: Any) -> None:
    token = await begin(client, BEGUN)
    session = (await client.sign_in()).access_token
    before = await database.hair_test_drafts.find().to_list()

    for wrong in (report["accessToken"], session, f"{token}x", token[:-2], "", "a.b.c", "é", "x" * 5000):
        assert await read(client, wrong) is None, wrong
        assert errors(await save(client, {}, draftToken=wrong)) == [("DRAFT_NOT_FOUND", "input.draftToken")], wrong
        assert errors(await submit(client, by_draft(wrong))) == [("DRAFT_NOT_FOUND", "input.draftToken")], wrong
    opened = await client.data(
        "query ($p: String!, $t: String) { report(publicId: $p, accessToken: $t) { hairTest { id } } }",
        p=report["publicId"],
        t=token,
    )

    assert opened["report"]["hairTest"] is None
    assert await client.code("{ viewer { customer { id } } }", bearer=token) == "UNAUTHENTICATED"
    assert await database.hair_test_drafts.find().to_list() == before


async def test_what_has_ended_is_not_found_though_it_still_lies_there(client: GraphClient, database: Any) -> None:
    """MongoDB deletes once a minute."""
    token = await begin(client, WHOLE, gender="MALE")
    await database.hair_test_drafts.update_many({}, {"$set": {"expires_at": now() - timedelta(milliseconds=1)}})
    before = await database.hair_test_drafts.find().to_list()
    not_found = [("DRAFT_NOT_FOUND", "input.draftToken")]

    assert await read(client, token) is None
    assert errors(await save(client, BEGUN, draftToken=token)) == not_found
    assert errors(await save(client, BEGUN, draftToken=token, version=1)) == not_found
    assert errors(await submit(client, by_draft(token))) == not_found
    assert await database.hair_test_drafts.find().to_list() == before
    assert await database.hair_tests.count_documents({}) == 0


async def test_mongodb_deletes_what_has_ended(database: Any) -> None:
    index = (await database.hair_test_drafts.index_information())["expires_at"]

    assert (index["key"], index["expireAfterSeconds"]) == ([("expires_at", 1)], 0)


# --- submitting ---------------------------------------------------------------------------------------------------


async def test_a_submitted_draft_is_gone_and_gives_the_report_of_the_same_answers(
    client: GraphClient, database: Any
) -> None:
    token = await begin(client, WHOLE, age=40, gender="MALE")

    submitted = await submit(client, by_draft(token))
    sent_whole = await submit(client, hair_test(**SAFE))

    for payload in (submitted, sent_whole):
        payload["report"].pop("publicId")
        payload.pop("accessToken")
    assert submitted["userErrors"] == []
    assert submitted == sent_whole
    assert await read(client, token) is None
    assert errors(await save(client, BEGUN, draftToken=token)) == [("DRAFT_NOT_FOUND", "input.draftToken")]
    assert await database.hair_test_drafts.count_documents({}) == 0


async def test_a_repeat_of_the_submission_gets_the_first_report_though_the_draft_is_gone(
    client: GraphClient, database: Any
) -> None:
    typed = by_draft(await begin(client, WHOLE, gender="MALE"))

    answers = await asyncio.gather(*(submit(client, typed) for _ in range(10)))

    assert sorted(answer.pop("isReplay") for answer in answers) == [False] + [True] * 9
    assert all(answer == answers[0] for answer in answers)
    assert errors(answers[0]) == []
    assert await database.hair_tests.count_documents({}) == 1


async def test_of_two_submissions_of_one_draft_one_finds_it(client: GraphClient, database: Any) -> None:
    token = await begin(client, WHOLE, gender="MALE")

    answers = await asyncio.gather(*(submit(client, by_draft(token, phone=f"987654321{n}")) for n in range(5)))

    assert sorted(str(errors(answer)) for answer in answers) == [
        *[str([("DRAFT_NOT_FOUND", "input.draftToken")])] * 4,
        "[]",
    ]
    assert await database.hair_tests.count_documents({}) == await database.reports.count_documents({}) == 1


@pytest.mark.parametrize(
    ("answers", "customer", "codes"),
    [
        pytest.param(WHOLE, {"gender": "FEMALE"}, ["NOT_ASKED"] * 2, id="another gender"),
        pytest.param(BEGUN, {}, ["REQUIRED"] * 6, id="not whole"),
        pytest.param({**WHOLE, "durationMonths": 400}, {"age": 30}, ["CONTRADICTORY"], id="another age"),
    ],
)
async def test_what_is_wrong_with_a_draft_is_said_at_its_token_and_nothing_is_stored(
    client: GraphClient,
    database: Any,
    answers: dict[str, Any],
    customer: dict[str, Any],
    codes: list[str],
) -> None:
    token = await begin(client, answers, gender="MALE")
    before = await read(client, token)

    refused = await submit(client, by_draft(token, **customer))

    assert errors(refused) == [(code, "input.draftToken") for code in codes]
    assert refused["report"] is refused["accessToken"] is None
    assert await read(client, token) == before
    assert (await counts(database)).keys() == {"hair_test_drafts", "rate_limits"}


@pytest.mark.parametrize("has_both", [True, False])
async def test_answers_come_in_one_of_the_two_ways(client: GraphClient, database: Any, *, has_both: bool) -> None:
    token = await begin(client, WHOLE, gender="MALE")
    typed = {**by_draft(token if has_both else None), "answers": given(WHOLE) if has_both else None}

    refused = await submit(client, typed)

    assert errors(refused) == [("REQUIRED", "input.answers")]
    assert await counts(database) == {"hair_test_drafts": 1, "rate_limits": 1}


# --- how often ----------------------------------------------------------------------------------------------------


async def test_drafts_are_begun_so_often_from_an_address_and_saved_so_often(settings: Settings, database: Any) -> None:
    rates = UNLIMITED.model_copy(
        update={
            "drafts_per_ip": Rate(limit=2, period_s=900),
            "draft_saves_per_draft": Rate(limit=3, period_s=900),
        }
    )
    typed: dict[str, Any] = {"answers": given(BEGUN)}
    async with own_application(settings, database, rates=rates) as (app, client, vendor):
        tokens = [await begin(client, BEGUN) for _ in range(2)]
        third = await client.code(SAVE, input=typed)
        saved = [await save(client, BEGUN, draftToken=tokens[0]) for _ in range(3)]
        fourth = await client.code(SAVE, input={**typed, "draftToken": tokens[0]})
        other = await save(client, BEGUN, draftToken=tokens[1])
        async with client_at(app, "203.0.113.7", vendor) as elsewhere:
            # saves are counted for the draft, wherever it is saved from
            fifth = await elsewhere.code(SAVE, input={**typed, "draftToken": tokens[0]})
            await begin(elsewhere, BEGUN)

    assert third == fourth == fifth == "RATE_LIMITED"
    assert [payload["userErrors"] for payload in (*saved, other)] == [[]] * 4
    assert await database.hair_test_drafts.count_documents({}) == 3
