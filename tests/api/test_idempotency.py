"""Repeats have one effect."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from pymongo.errors import DuplicateKeyError
from starlette.applications import Starlette

from tests.support import GraphClient, example, hair_test, order, product_document
from traya_gql.app import now
from traya_gql.documents import products
from traya_gql.documents.orders import OrderDocument
from traya_gql.documents.records import Record
from traya_gql.documents.transactions import Transactions
from traya_gql.services.idempotency import IdempotencyConflict, IdempotencyInProgress, Once
from traya_gql.services.keys import Keys

REPEATS = 50
OLD_KEY, NEW_KEY = "the old secret of the tests, long enough", "the new secret of the tests, long enough"


async def submit(client: GraphClient, typed: dict[str, Any]) -> dict[str, Any]:
    payload: dict[str, Any] = (await client.data(example("submit_hair_test"), input=typed))["submitHairTest"]
    return payload


async def place(client: GraphClient, typed: dict[str, Any]) -> dict[str, Any]:
    payload: dict[str, Any] = (await client.data(example("place_order"), input=typed))["placeOrder"]
    return payload


async def patiently(
    send: Callable[[GraphClient, dict[str, Any]], Awaitable[dict[str, Any]]], client: GraphClient, typed: dict[str, Any]
) -> dict[str, Any]:
    """Repeat as the answer says, while a slow machine is still busy with the first."""
    while codes(payload := await send(client, typed)) == ["IDEMPOTENCY_IN_PROGRESS"]:
        pass
    return payload


def codes(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["userErrors"]]


async def save_draft(client: GraphClient, draft_token: str | None = None, **changes: Any) -> dict[str, Any]:
    """Begin a draft of a whole hair test, or replace what one holds."""
    held = {"age": 28, "gender": "MALE", "answers": hair_test(**changes)["answers"]}
    typed = held if draft_token is None else {**held, "draftToken": draft_token}
    payload: dict[str, Any] = (await client.data(example("save_hair_test_draft"), input=typed))["saveHairTestDraft"]
    return payload


async def from_draft(client: GraphClient, **changes: Any) -> dict[str, Any]:
    """Return the input of a hair test whose answers lie in a new draft."""
    return {**hair_test(), "answers": None, "draftToken": (await save_draft(client, **changes))["draftToken"]}


async def test_50_concurrent_hair_tests_with_one_key_make_one_report(client: GraphClient, database: Any) -> None:
    typed = hair_test()

    answers = await asyncio.gather(*(patiently(submit, client, typed) for _ in range(REPEATS)))

    assert sorted(answer.pop("isReplay") for answer in answers) == [False] + [True] * (REPEATS - 1)
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["userErrors"] == []
    for collection in ("hair_tests", "reports", "idempotency"):
        assert await database[collection].count_documents({}) == 1, collection


async def test_50_concurrent_hair_tests_from_one_draft_with_one_key_make_one_report(
    client: GraphClient, database: Any
) -> None:
    """To all but the first the draft is gone; they get the answer of the first."""
    typed = await from_draft(client)

    answers = await asyncio.gather(*(patiently(submit, client, typed) for _ in range(REPEATS)))

    assert sorted(answer.pop("isReplay") for answer in answers) == [False] + [True] * (REPEATS - 1)
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["userErrors"] == []
    for collection in ("hair_tests", "reports", "idempotency"):
        assert await database[collection].count_documents({}) == 1, collection
    assert await database.hair_test_drafts.count_documents({}) == 0


async def test_a_repeat_gets_the_first_report_after_its_draft_is_used_up(client: GraphClient, database: Any) -> None:
    typed = await from_draft(client, stress="HIGH")
    first = await submit(client, typed)

    again = await submit(client, typed)
    under_another_key = await submit(client, {**typed, "idempotencyKey": str(uuid4())})
    saved = await save_draft(client, typed["draftToken"])

    assert (first.pop("isReplay"), again.pop("isReplay")) == (False, True)
    assert first == again
    assert first["report"]["causes"][0]["cause"] == "STRESS"
    assert codes(under_another_key) == codes(saved) == ["DRAFT_NOT_FOUND"]
    assert await database.reports.count_documents({}) == 1


async def test_20_submissions_of_one_draft_under_keys_of_their_own_make_one_report(
    client: GraphClient, database: Any
) -> None:
    typed = await from_draft(client)
    keys = [str(uuid4()) for _ in range(20)]

    answers = await asyncio.gather(*(submit(client, {**typed, "idempotencyKey": key}) for key in keys))

    assert sorted(codes(answer) for answer in answers) == [[]] + [["DRAFT_NOT_FOUND"]] * 19
    for collection in ("hair_tests", "reports", "idempotency"):
        assert await database[collection].count_documents({}) == 1, collection


async def test_another_draft_or_the_same_answers_without_one_under_a_used_key_are_a_conflict(
    client: GraphClient, database: Any
) -> None:
    typed, other = await from_draft(client), await from_draft(client)
    await submit(client, typed)

    of_other = await submit(client, {**other, "idempotencyKey": typed["idempotencyKey"]})
    without = await submit(client, hair_test() | {"idempotencyKey": typed["idempotencyKey"]})

    assert codes(of_other) == codes(without) == ["IDEMPOTENCY_CONFLICT"]
    assert await database.hair_test_drafts.count_documents({}) == 1
    assert await database.reports.count_documents({}) == 1


async def test_a_draft_that_cannot_be_submitted_is_kept_and_the_key_is_unused(
    client: GraphClient, database: Any
) -> None:
    typed = await from_draft(client, stress=None)

    refused = await submit(client, typed)
    await save_draft(client, typed["draftToken"])
    submitted = await submit(client, typed)

    assert [(error["code"], error["path"]) for error in refused["userErrors"]] == [
        ("REQUIRED", ["input", "draftToken"])
    ]
    assert (submitted["isReplay"], submitted["userErrors"]) == (False, [])
    assert await database.reports.count_documents({}) == 1


async def test_a_report_is_made_of_the_last_answers_that_were_saved_however_late(
    client: GraphClient, database: Any
) -> None:
    """Whatever is saved while the draft is being submitted is in the report, or was refused."""

    async def save_while_it_is_there(draft_token: str, kept: list[str]) -> None:
        for stress in ("LOW", "MODERATE", "HIGH"):
            saved = await save_draft(client, draft_token, stress=stress)
            if codes(saved):
                assert codes(saved) == ["DRAFT_NOT_FOUND"]
                return
            kept.append(stress)

    for _ in range(10):
        typed, kept = await from_draft(client, stress="NONE"), ["NONE"]

        _, submitted = await asyncio.gather(save_while_it_is_there(typed["draftToken"], kept), submit(client, typed))

        assert submitted["userErrors"] == []
        [test] = await database.hair_tests.find().sort("created_at", -1).limit(1).to_list()
        assert test["answers"]["stress"] == kept[-1]
    assert await database.hair_test_drafts.count_documents({}) == 0


async def test_50_concurrent_orders_with_one_key_make_one_order(
    client: GraphClient, report: dict[str, Any], database: Any
) -> None:
    """Defect 12: there was no idempotency."""
    typed = order(report["publicId"])

    answers = await asyncio.gather(*(patiently(place, client, typed) for _ in range(REPEATS)))

    assert sorted(answer.pop("isReplay") for answer in answers) == [False] + [True] * (REPEATS - 1)
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["userErrors"] == []
    assert await database.orders.count_documents({}) == 1


async def test_the_same_key_with_another_input_is_a_conflict(
    client: GraphClient, report: dict[str, Any], database: Any
) -> None:
    test, typed = hair_test(), order(report["publicId"])
    await submit(client, test)
    await place(client, typed)
    other_test = hair_test(stress="HIGH") | {"idempotencyKey": test["idempotencyKey"]}

    assert codes(await submit(client, other_test)) == ["IDEMPOTENCY_CONFLICT"]
    assert codes(await place(client, typed | {"paymentMethod": "SNAPMINT"})) == ["IDEMPOTENCY_CONFLICT"]
    assert await database.orders.count_documents({}) == 1


async def test_concurrent_inputs_under_one_key_make_one_record_and_conflicts(
    client: GraphClient, database: Any
) -> None:
    key = str(uuid4())
    inputs = [hair_test(age=20 + turn) | {"idempotencyKey": key} for turn in range(20)]

    answers = await asyncio.gather(*(submit(client, typed) for typed in inputs))

    assert sorted(codes(answer) for answer in answers) == [[]] + [["IDEMPOTENCY_CONFLICT"]] * 19
    assert await database.reports.count_documents({}) == 1


async def test_another_spelling_of_the_same_input_is_a_repeat(client: GraphClient) -> None:
    typed = hair_test(name="Asha Rao", phone="9876543210")
    again = hair_test(name=" Asha  Rao", phone="+91 98765 43210") | {"idempotencyKey": typed["idempotencyKey"].upper()}

    first, second = await submit(client, typed), await submit(client, again)

    assert second.pop("isReplay") is True
    assert first.pop("isReplay") is False
    assert first == second


async def test_somebody_elses_use_of_a_key_is_not_ours(client: GraphClient, database: Any) -> None:
    typed = hair_test()
    await submit(client, typed)

    payload = await submit(client, hair_test(phone="6000000000") | {"idempotencyKey": typed["idempotencyKey"]})

    assert payload["isReplay"] is False
    assert await database.reports.count_documents({}) == 2


async def test_a_refused_input_leaves_the_key_unused(
    client: GraphClient, report: dict[str, Any], database: Any
) -> None:
    typed = order(report["publicId"])
    await database.products.update_many({}, {"$set": {"is_active": False}})
    refused = await place(client, typed)
    await database.products.update_many({}, {"$set": {"is_active": True}})

    placed = await place(client, typed)

    assert codes(refused) == ["REQUIRED"]
    assert (placed["isReplay"], placed["userErrors"]) == (False, [])


async def test_a_repeat_gets_the_first_answer_although_the_world_has_moved_on(
    client: GraphClient, report: dict[str, Any], database: Any
) -> None:
    typed = order(report["publicId"])
    first = await place(client, typed)
    await database.products.update_many({}, {"$set": {"is_active": False, "price_paise": 1}})

    again = await place(client, typed)

    assert again.pop("isReplay") is True
    assert first.pop("isReplay") is False
    assert first == again


async def test_a_repeat_is_told_when_the_first_has_not_ended_in_time(
    started: tuple[Starlette, GraphClient], client: GraphClient
) -> None:
    """The first is held open, in this process and as if it ran in another one."""
    patient = Transactions(started[0].state.storage.client, deadline_s=10)
    # long enough for a second try, or it would not be known that somebody holds the key
    impatient = Transactions(started[0].state.storage.client, deadline_s=2)
    is_inside, may_end = asyncio.Event(), asyncio.Event()

    async def slow_work() -> Record:
        is_inside.set()
        await may_end.wait()
        return await product_document("held").insert()

    async def quick_work() -> Record:
        return await product_document("quick").insert()

    keys = Keys(first=OLD_KEY)
    here = Once(transactions=patient, keys=keys, wait_s=0.3)
    elsewhere = Once(transactions=impatient, keys=keys, wait_s=0.3)
    first = asyncio.create_task(run(here, slow_work))
    await is_inside.wait()

    with pytest.raises(IdempotencyInProgress):
        await run(here, quick_work)
    with pytest.raises(IdempotencyInProgress):
        await run(elsewhere, quick_work)

    may_end.set()
    assert (await first).is_replay is False
    assert (await run(replace(elsewhere, transactions=patient), quick_work)).is_replay is True


# --- while the server's keys rotate ---------------------------------------------------------------------------------

BEFORE = Keys(first=OLD_KEY)
READS_THE_NEW = Keys(first=OLD_KEY, second=NEW_KEY)
SIGNS_WITH_THE_NEW = Keys(first=NEW_KEY, second=OLD_KEY)
AFTER = Keys(first=NEW_KEY)
STEPS = [BEFORE, READS_THE_NEW, SIGNS_WITH_THE_NEW, AFTER]


def process(started: tuple[Starlette, GraphClient], keys: Keys) -> Once:
    """Return what a process of the server that knows these keys would have."""
    return Once(transactions=Transactions(started[0].state.storage.client, deadline_s=10), keys=keys, wait_s=10)


async def make(once: Once, command: Command | None = None) -> Any:
    """Make a product under one key, or get the one that was made."""
    made = product_document(f"made-{uuid4().hex}")
    return await run(once, made.insert, command=command, result_id=made.id, find=products.by_ids)


@pytest.mark.parametrize(
    ("earlier", "later"), [*pairwise(STEPS), *((later, earlier) for earlier, later in pairwise(STEPS))]
)
async def test_a_repeat_that_reaches_a_process_one_step_ahead_or_behind_has_one_effect(
    started: tuple[Starlette, GraphClient], client: GraphClient, database: Any, earlier: Keys, later: Keys
) -> None:
    first = await make(process(started, earlier))
    again = await make(process(started, later))

    assert (first.is_replay, again.is_replay) == (False, True)
    assert again.record.id == first.record.id
    assert await database.products.count_documents({"slug": {"$regex": "^made-"}}) == 1


async def test_20_concurrent_repeats_over_processes_that_sign_differently_have_one_effect(
    started: tuple[Starlette, GraphClient], client: GraphClient, database: Any
) -> None:
    processes = [process(started, READS_THE_NEW), process(started, SIGNS_WITH_THE_NEW)]

    answers = await asyncio.gather(*(make(processes[turn % 2]) for turn in range(20)))

    assert sorted(answer.is_replay for answer in answers) == [False] + [True] * 19
    assert len({answer.record.id for answer in answers}) == 1
    assert await database.products.count_documents({"slug": {"$regex": "^made-"}}) == 1
    assert await database.idempotency.count_documents({}) == 2


@pytest.mark.parametrize(("earlier", "later"), list(pairwise(STEPS)))
async def test_another_input_is_a_conflict_while_keys_rotate_too(
    started: tuple[Starlette, GraphClient], client: GraphClient, database: Any, earlier: Keys, later: Keys
) -> None:
    await make(process(started, earlier))

    with pytest.raises(IdempotencyConflict):
        await make(process(started, later), Command(id=UUID(int=2)))

    assert await database.products.count_documents({"slug": {"$regex": "^made-"}}) == 1


# --- what is kept -------------------------------------------------------------------------------------------------


async def test_orders_keep_their_number_unique(database: Any, client: GraphClient) -> None:
    await database.orders.insert_one({"_id": 1, "number": "TG-00000-00000"})

    with pytest.raises(DuplicateKeyError):
        await database.orders.insert_one({"_id": 2, "number": "TG-00000-00000"})
    assert OrderDocument.Settings.indexes[0].document["name"] == "number"


async def test_keys_are_forgotten_after_a_week_and_not_before_a_day(database: Any, client: GraphClient) -> None:
    indexes = await database.idempotency.index_information()

    kept = timedelta(seconds=indexes["created_at"]["expireAfterSeconds"])

    assert timedelta(days=1) < kept == timedelta(days=7)


class Command(Record):
    """Some input."""

    id: UUID = UUID(int=1)
    created_at: Any = None


async def _found(ids: Any) -> Any:
    return {one: product_document("found") for one in ids}


async def run(
    once: Once,
    work: Any,
    *,
    command: Command | None = None,
    result_id: UUID | None = None,
    find: Any = _found,
) -> Any:
    """Do some work under the one key of these tests."""
    return await once.run(
        mutation="test",
        asker="somebody",
        key=UUID(int=7),
        command=command or Command(),
        result_id=result_id or uuid4(),
        now=now(),
        work=work,
        find=find,
    )
