"""Scalp photos, from the ticket to what is seen of them, as a front end meets them."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from tests.api.bad_input import nothing_written
from tests.api.photographing import (
    COMPLETE,
    CONSENT,
    CREATE,
    SentPhoto,
    begin,
    begin_photo,
    complete,
    delete,
    picture,
    receipt_of,
    see,
    send,
    send_photo,
    until_state,
)
from tests.api.studio import HeldStore, Studio
from tests.applications import UNLIMITED, client_at, own_application
from tests.support import GraphClient
from tests.worker.working import until
from traya_gql.domain.photo_texts import PHOTO_TEXTS
from traya_gql.domain.rates import Rate
from traya_gql.schema.common import NodeType, node_id
from traya_gql.settings import Settings

ELSEWHERE = "203.0.113.7"


def read_time(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_a_guests_photo_is_sent_looked_at_and_shown(studio: Studio) -> None:
    photo = await send_photo(studio.client, picture())

    async with studio.at_work():
        seen = await until_state(studio.client, photo, "CHECKED", "REJECTED")
        await studio.until_done("clear")

    assert {name: seen[name] for name in ("state", "width", "height", "isUsable", "hints", "rejection")} == {
        "state": "CHECKED",
        "width": 1200,
        "height": 900,
        "isUsable": True,
        "hints": [],
        "rejection": None,
    }
    shown = await studio.client.http.get(seen["small"]["url"])
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    # what was sent is not kept
    assert studio.files(photo) == ["full", "medium", "small"]


# --- the ticket -------------------------------------------------------------------------------------------------------


async def test_a_ticket_says_all_that_is_needed_to_send_one_file_within_ten_minutes(studio: Studio) -> None:
    payload = await begin(studio.client)

    upload, photo = payload["upload"], SentPhoto(payload["photo"]["id"], payload["accessToken"])
    fields = {one["name"]: one["value"] for one in upload["fields"]}
    begun_at = (await studio.record(photo))["created_at"]
    assert payload["photo"]["state"] == "PENDING"
    assert upload["url"] == "http://127.0.0.1:8000/images/upload"
    assert set(fields) == {"key", "expires", "most_bytes", "formats", "signature"}
    assert fields["key"] == f"{photo.key.hex}/upload"
    assert upload["fileField"] == "file"
    assert upload["formats"] == ["jpg", "png", "webp", "heic"]
    assert upload["maxBytes"] == int(fields["most_bytes"]) == 10_000_000
    # tickets end at whole seconds
    left = read_time(upload["expiresAt"]) - begun_at
    assert timedelta(minutes=10) - timedelta(seconds=1) < left <= timedelta(minutes=10)
    assert read_time(payload["accessTokenExpiresAt"]) - begun_at == timedelta(hours=24)


async def test_a_ticket_that_has_ended_takes_no_file(studio: Studio) -> None:
    at = studio.app.state.services.scalp_photos.now() - timedelta(minutes=11)
    with studio.asking(now=lambda: at):
        upload = (await begin(studio.client))["upload"]

    sent = await send(studio.client.http, upload, picture())

    assert sent.status_code == 403


@pytest.mark.parametrize(
    ("consent", "field"),
    [
        ({**CONSENT, "isGiven": False}, "isGiven"),
        ({**CONSENT, "noticeVersion": "2020-01"}, "noticeVersion"),
        ({**CONSENT, "noticeVersion": ""}, "noticeVersion"),
    ],
)
async def test_without_consent_to_the_present_notice_nothing_is_kept(
    studio: Studio, consent: dict[str, Any], field: str
) -> None:
    async with nothing_written(studio.database):
        answer = await studio.client.data(CREATE, input={"consent": consent})

    payload = answer["createScalpPhotoUpload"]
    [error] = payload.pop("userErrors")
    assert (error["code"], error["path"]) == ("CONSENT_REQUIRED", ["input", "consent", field])
    assert set(payload.values()) == {None}


async def test_the_consent_to_store_photos_is_kept_with_the_words_and_the_language(studio: Studio) -> None:
    answer = await studio.client.data(CREATE, input={"consent": {**CONSENT, "language": "HI"}})

    payload = answer["createScalpPhotoUpload"]
    record = await studio.record(SentPhoto(payload["photo"]["id"], payload["accessToken"]))
    assert record["consent"] == {
        "purpose": "PHOTO_STORAGE",
        "notice_version": PHOTO_TEXTS.notice.version,
        "language": "HI",
        "given_at": record["created_at"],
    }


# --- that the file has arrived ----------------------------------------------------------------------------------------


async def test_a_good_receipt_is_believed_without_asking_the_store(studio: Studio) -> None:
    store = HeldStore(studio.images, is_down=True)
    with studio.asking(images=store):
        await send_photo(studio.client, picture())

    assert store.asked == []


@pytest.mark.parametrize("receipt", ["forged", "another's", "none"])
async def test_without_a_good_receipt_the_store_is_asked(studio: Studio, receipt: str) -> None:
    payload, other = await begin(studio.client), await begin(studio.client)
    photo = SentPhoto(payload["photo"]["id"], payload["accessToken"])
    own = receipt_of(await send(studio.client.http, payload["upload"], picture()))
    others = receipt_of(await send(studio.client.http, other["upload"], picture()))
    receipts = {"forged": {**own, "signature": "0" * len(own["signature"])}, "another's": others, "none": None}
    store = HeldStore(studio.images)

    with studio.asking(images=store):
        done = await complete(studio.client, photo, receipts[receipt])

    assert done == {"photo": {"id": photo.id, "state": "STORED"}, "userErrors": []}
    assert store.asked == ["holds"]


@pytest.mark.parametrize("receipt", ["another's", "none"])
async def test_a_photo_that_was_not_uploaded_goes_on_waiting(studio: Studio, receipt: str) -> None:
    photo, other = await begin_photo(studio.client), await begin(studio.client)
    others = receipt_of(await send(studio.client.http, other["upload"], picture()))

    done = await complete(studio.client, photo, others if receipt == "another's" else None)

    [error] = done["userErrors"]
    assert (done["photo"], error["code"], error["path"]) == (None, "PHOTO_NOT_UPLOADED", ["input", "photoId"])
    assert (await studio.record(photo))["state"] == "PENDING"
    assert await studio.jobs_named("check") == []


async def test_said_several_times_at_once_and_later_it_is_looked_at_once(studio: Studio) -> None:
    payload = await begin(studio.client)
    photo = SentPhoto(payload["photo"]["id"], payload["accessToken"])
    receipt = receipt_of(await send(studio.client.http, payload["upload"], picture()))

    done = await asyncio.gather(*(complete(studio.client, photo, receipt) for _ in range(8)))
    async with studio.at_work():
        await until_state(studio.client, photo, "CHECKED")
    later = await complete(studio.client, photo, receipt)

    assert done == [{"photo": {"id": photo.id, "state": "STORED"}, "userErrors": []}] * 8
    assert later == {"photo": {"id": photo.id, "state": "CHECKED"}, "userErrors": []}
    assert len(await studio.jobs_named("check")) == 1


@pytest.mark.parametrize(
    "id_", ["x", str(node_id(NodeType.PRODUCT, "0" * 32)), str(node_id(NodeType.SCALP_PHOTO, "0" * 32))]
)
async def test_what_is_no_photo_is_not_found(studio: Studio, id_: str) -> None:
    answer = await studio.client.data(COMPLETE, input={"photoId": id_})

    payload = answer["completeScalpPhotoUpload"]
    assert [(error["code"], error["path"]) for error in payload["userErrors"]] == [
        ("PHOTO_NOT_FOUND", ["input", "photoId"])
    ]
    assert await see(studio.client, SentPhoto(id_, "")) is None


async def test_while_the_store_is_down_the_photo_stays_as_it_is_and_goes_on_afterwards(studio: Studio) -> None:
    payload = await begin(studio.client)
    photo = SentPhoto(payload["photo"]["id"], payload["accessToken"])
    await send(studio.client.http, payload["upload"], picture())
    before = await studio.record(photo)

    with studio.asking(images=HeldStore(studio.images, is_down=True)):
        async with nothing_written(studio.database):
            down = await complete(studio.client, photo)

    [error] = down["userErrors"]
    assert (down["photo"], error["code"], error["path"]) == (None, "PHOTO_STORE_UNAVAILABLE", ["input", "photoId"])
    assert await studio.record(photo) == before
    assert (await complete(studio.client, photo))["photo"]["state"] == "STORED"


async def test_a_check_is_tried_again_until_the_store_answers(studio: Studio) -> None:
    photo = await send_photo(studio.client, picture())
    store = HeldStore(studio.images)

    async def fail_twice(name: str, _: Any) -> None:
        store.is_down = store.asked.count(name) <= 2 and name == "fetch"

    store.step = fail_twice
    async with studio.at_work(images=store, first_wait_s=600):
        for attempts in (1, 2):
            async with asyncio.timeout(20):
                while not await studio.jobs_named("check", state="WAITING", attempts=attempts):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            await studio.make_due("check", photo)
        seen = await until_state(studio.client, photo, "CHECKED", "REJECTED")

    assert seen["state"] == "CHECKED"
    assert [job["attempts"] for job in await studio.jobs_named("check")] == [3]


# --- how often --------------------------------------------------------------------------------------------------------

ASK = {"input": {"consent": CONSENT}}


async def are_refused(client: GraphClient, query: str, *asked: dict[str, Any], bearer: str | None = None) -> list[bool]:
    """Ask one after the other; return which were refused for being too many."""
    answers = [await client.ask(query, bearer=bearer, **one) for one in asked]
    found = [[error["extensions"]["code"] for error in answer.get("errors", [])] for answer in answers]
    assert all(codes in ([], ["RATE_LIMITED"]) for codes in found)
    return [bool(codes) for codes in found]


async def test_photos_are_counted_for_an_address(settings: Settings, database: Any) -> None:
    rates = UNLIMITED.model_copy(update={"photos_per_ip": Rate(limit=2, period_s=900)})
    async with own_application(settings, database, rates=rates) as (app, client, vendor):
        refused = await are_refused(client, CREATE, ASK, ASK, ASK)
        async with client_at(app, ELSEWHERE, vendor) as elsewhere:
            refused_elsewhere = await are_refused(elsewhere, CREATE, ASK)

    assert refused == [False, False, True]
    assert refused_elsewhere == [False]
    assert await database.scalp_photos.count_documents({}) == 3
    # when to look whether it came, and when it expires
    assert await database.jobs.count_documents({}) == 6


async def test_photos_are_counted_for_a_customer_wherever_they_are(settings: Settings, database: Any) -> None:
    rates = UNLIMITED.model_copy(update={"photos_per_customer": Rate(limit=2, period_s=900)})
    async with own_application(settings, database, rates=rates) as (app, client, vendor):
        token = (await client.sign_in()).access_token
        refused = await are_refused(client, CREATE, ASK, ASK, ASK, bearer=token)
        guest = await are_refused(client, CREATE, ASK)
        async with client_at(app, ELSEWHERE, vendor) as elsewhere:
            refused_elsewhere = await are_refused(elsewhere, CREATE, ASK, bearer=token)

    assert (refused, guest, refused_elsewhere) == ([False, False, True], [False], [True])


async def test_the_store_is_asked_so_often_for_a_photo_and_a_receipt_needs_no_asking(
    settings: Settings, database: Any
) -> None:
    rates = UNLIMITED.model_copy(update={"completions_per_photo": Rate(limit=2, period_s=900)})
    async with own_application(settings, database, rates=rates) as (_, client, _vendor):
        payload, other = await begin(client), await begin_photo(client)
        photo = SentPhoto(payload["photo"]["id"], payload["accessToken"])
        asked = {"input": {"photoId": photo.id, "accessToken": photo.token}}
        refused = await are_refused(client, COMPLETE, asked, asked, asked)
        others = await are_refused(client, COMPLETE, {"input": {"photoId": other.id, "accessToken": other.token}})
        receipt = receipt_of(await send(client.http, payload["upload"], picture()))
        done = await complete(client, photo, receipt)

    assert (refused, others) == ([False, False, True], [False])
    assert done["photo"]["state"] == "STORED"


async def test_the_store_is_asked_so_often_for_an_address(settings: Settings, database: Any) -> None:
    rates = UNLIMITED.model_copy(update={"completions_per_ip": Rate(limit=2, period_s=900)})
    async with own_application(settings, database, rates=rates) as (app, client, vendor):
        photos = [await begin_photo(client) for _ in range(3)]
        asked = [{"input": {"photoId": photo.id, "accessToken": photo.token}} for photo in photos]
        refused = await are_refused(client, COMPLETE, *asked)
        async with client_at(app, ELSEWHERE, vendor) as elsewhere:
            refused_elsewhere = await are_refused(elsewhere, COMPLETE, asked[0])

    assert (refused, refused_elsewhere) == ([False, False, True], [False])


# --- another store ----------------------------------------------------------------------------------------------------


async def test_a_photo_of_another_store_is_neither_shown_nor_lost_and_waits_until_that_is_there_again(
    studio: Studio,
) -> None:
    """As when the settings name a Cloudinary account from now on."""
    [checked] = await studio.checked(picture())
    payload = await begin(studio.client)
    begun = SentPhoto(payload["photo"]["id"], payload["accessToken"])
    await send(studio.client.http, payload["upload"], picture())
    sent = await send_photo(studio.client, picture(shift=3))
    other = HeldStore(studio.images, called="cloudinary:another")

    with studio.asking(images=other):
        seen = await see(studio.client, checked)
        refused = await complete(studio.client, begun)
        await delete(studio.client, checked)
        async with studio.at_work(images=other, first_wait_s=600):
            for name in ("check", "delete"):
                await until(partial(studio.jobs_named, name, state="WAITING", attempts=1))
    states = [(await studio.record(photo))["state"] for photo in (checked, begun, sent)]
    for name, photo in (("check", sent), ("delete", checked)):
        await studio.make_due(name, photo)
    async with studio.at_work():
        await until_state(studio.client, sent, "CHECKED")
        await until_state(studio.client, checked, "DELETED")

    assert seen is not None
    assert (seen["state"], seen["full"]) == ("CHECKED", None)
    assert [error["code"] for error in refused["userErrors"]] == ["PHOTO_STORE_UNAVAILABLE"]
    assert states == ["DELETING", "PENDING", "STORED"]
    # nothing was asked of the wrong store
    assert other.asked == []
    assert studio.files(checked) == []
