"""A deleted photo is gone: every size of it, whoever was still at work on it, and what nobody named goes by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from tests.api.photographing import (
    SentPhoto,
    begin,
    begin_photo,
    complete,
    delete,
    picture,
    receipt_of,
    report_of,
    see,
    send,
    send_photo,
    submit,
    until_state,
)
from tests.api.studio import HeldStore, Studio
from tests.worker.working import until
from traya_gql.app import now
from traya_gql.services.scalp_photo_jobs import BUSY, LATE_UPLOADS

KEPT = {"_id", "schema_version", "created_at", "state", "store", "deleted_at", "expires_at"}
"""What is known of a deleted photo: that there was one, where, and when. And whose it was."""


async def known(studio: Studio, photo: SentPhoto) -> set[str]:
    """Return the fields of a photo's record that hold something."""
    return {name for name, value in (await studio.record(photo)).items() if value is not None}


async def test_all_files_are_gone_and_what_was_found_with_them(studio: Studio) -> None:
    [photo] = await studio.checked(picture())
    before = studio.files(photo)

    answered = await delete(studio.client, photo)
    hidden = await see(studio.client, photo)
    async with studio.at_work():
        gone = await until_state(studio.client, photo, "DELETED")

    assert before == ["full", "medium", "small"]
    assert answered == {"photo": {"id": photo.id, "state": "DELETING", "deletedAt": None}, "userErrors": []}
    assert hidden is not None
    assert (hidden["state"], hidden["width"], hidden["full"]) == ("DELETING", None, None)
    assert studio.files(photo) == []
    assert not (studio.settings.data / "photos" / photo.key.hex).exists()
    assert await known(studio, photo) == KEPT
    record = await studio.record(photo)
    assert gone == {
        "id": photo.id,
        "state": "DELETED",
        "deletedAt": record["deleted_at"].isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        **dict.fromkeys(("width", "height", "isUsable", "repeatsId", "rejection", "full", "medium", "small")),
        "hints": [],
    }
    assert record["expires_at"] - record["deleted_at"] == timedelta(days=30)


async def test_the_photo_is_gone_from_its_hair_test_and_the_reports_token_tells_when(studio: Studio) -> None:
    first, second = await studio.checked(picture(), picture(shift=3))
    made = await submit(studio.client, first, second)

    await delete(studio.client, first._replace(token=made.token))
    async with studio.at_work():
        gone = await until_state(studio.client, first._replace(token=made.token), "DELETED")

    assert [one["id"] for one in (await report_of(studio.client, made))["hairTest"]["photos"]] == [second.id]
    assert gone["deletedAt"] is not None
    assert await known(studio, first) == KEPT | {"report_id"}


async def test_deleted_twice_and_at_once_it_is_deleted_once(studio: Studio) -> None:
    [photo] = await studio.checked(picture())

    answers = await asyncio.gather(*(delete(studio.client, photo) for _ in range(6)))
    async with studio.at_work():
        await until_state(studio.client, photo, "DELETED")
    later = await delete(studio.client, photo)

    assert [answer["photo"]["state"] for answer in answers] == ["DELETING"] * 6
    assert later["photo"]["state"] == "DELETED"
    assert later["photo"]["deletedAt"] is not None
    assert len(await studio.jobs_named("delete")) == 1


@pytest.mark.parametrize("state", ["PENDING", "STORED", "REJECTED"])
async def test_a_photo_is_deleted_in_whatever_state_it_is(studio: Studio, state: str) -> None:
    if state == "PENDING":
        photo = await begin_photo(studio.client)
    elif state == "STORED":
        photo = await send_photo(studio.client, picture())
    else:
        [photo] = await studio.checked(picture()[:3000])
    assert (await studio.record(photo))["state"] == state

    await delete(studio.client, photo)
    async with studio.at_work():
        await until_state(studio.client, photo, "DELETED")

    assert studio.files(photo) == []
    assert await known(studio, photo) == KEPT


async def test_a_deletion_is_tried_until_the_store_answers(studio: Studio) -> None:
    [photo] = await studio.checked(picture())
    store = HeldStore(studio.images, is_down=True)
    await delete(studio.client, photo)

    async with studio.at_work(images=store, first_wait_s=600):
        await until(lambda: studio.jobs_named("delete", state="WAITING", attempts=1))
        waiting = (await studio.record(photo))["state"], studio.files(photo)
        store.is_down = False
        await studio.make_due("delete", photo)
        await until_state(studio.client, photo, "DELETED")

    assert waiting == ("DELETING", ["full", "medium", "small"])
    assert studio.files(photo) == []


# --- while it is looked at --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("held_at", ["fetch", "put upload", "put last"])
async def test_a_photo_that_is_deleted_while_it_is_checked_leaves_nothing_behind(studio: Studio, held_at: str) -> None:
    is_held, may_go_on = asyncio.Event(), asyncio.Event()
    place = {"fetch": ("fetch", "upload"), "put upload": ("put", "full"), "put last": ("put", "small")}[held_at]

    async def hold(name: str, keys: Sequence[str]) -> None:
        if (name, keys[0].rpartition("/")[2]) == place:
            is_held.set()
            await may_go_on.wait()

    photo = await send_photo(studio.client, picture())
    made = await submit(studio.client, photo)
    async with studio.at_work(images=HeldStore(studio.images, hold)):
        async with asyncio.timeout(20):
            await is_held.wait()
        await delete(studio.client, photo)
        # the deletion has been tried, and waits for the check
        await until(lambda: studio.jobs_named("delete", state="DONE"))
        waiting = (await studio.record(photo))["state"]
        may_go_on.set()
        gone = await until_state(studio.client, photo, "DELETED")
        await until(lambda: studio.jobs_named("check", state="DONE"))

        # whatever came later: the deletion that waited finds nothing, and the last clearing too
        await studio.make_due("delete", photo)
        await until(lambda: all_done(studio, "delete"))

    assert waiting == "DELETING"
    assert gone["state"] == "DELETED"
    assert studio.files(photo) == []
    assert await known(studio, photo) == KEPT | {"report_id"}
    assert (await report_of(studio.client, made))["confidence"] == "MEDIUM"


async def all_done(studio: Studio, name: str) -> bool:
    return {job["state"] for job in await studio.jobs_named(name)} == {"DONE"}


async def test_a_deletion_waits_for_a_check_whose_worker_is_not_heard_of(studio: Studio) -> None:
    photo = await send_photo(studio.client, picture())
    until_then = now() + BUSY
    await studio.database.scalp_photos.update_one({"_id": photo.key}, {"$set": {"checking_until": until_then}})
    await studio.database.jobs.delete_many({"name": "scalp_photos.check"})

    await delete(studio.client, photo)
    async with studio.at_work():
        await until(lambda: studio.jobs_named("delete", state="DONE"))
    waiting, [later] = (await studio.record(photo))["state"], await studio.jobs_named("delete", state="WAITING")
    await studio.make_due("delete", photo)
    async with studio.at_work(clock=lambda: until_then):
        await until_state(studio.client, photo, "DELETED")

    assert (waiting, later["due_at"]) == ("DELETING", until_then)
    assert studio.files(photo) == []


# --- what a ticket still brings ---------------------------------------------------------------------------------------


async def test_what_a_ticket_brings_after_the_deletion_is_cleared_when_it_can_bring_no_more(studio: Studio) -> None:
    payload = await begin(studio.client)
    photo = SentPhoto(payload["photo"]["id"], payload["accessToken"])
    await delete(studio.client, photo)
    async with studio.at_work():
        await until_state(studio.client, photo, "DELETED")

        sent = await send(studio.client.http, payload["upload"], picture())
        said = await complete(studio.client, photo, receipt_of(sent))
        brought = studio.files(photo)
        [clearing] = await studio.jobs_named("clear", state="WAITING")
        await studio.make_due("clear", photo)
        await until(lambda: all_done(studio, "clear"))

    assert said["photo"]["state"] == "DELETED"
    assert brought == ["upload"]
    assert clearing["due_at"] == (await studio.record(photo))["created_at"] + LATE_UPLOADS
    assert clearing["payload"]["names"] == ["upload", "full", "medium", "small"]
    assert studio.files(photo) == []
    assert await studio.jobs_named("check") == []


@pytest.mark.parametrize("file", [picture(), picture()[:3000]], ids=["checked", "rejected"])
async def test_what_a_ticket_brings_after_the_check_is_cleared_too(studio: Studio, file: bytes) -> None:
    """It was never looked at: where and when it was taken may still be in it."""
    payload = await begin(studio.client)
    photo = SentPhoto(payload["photo"]["id"], payload["accessToken"])
    await complete(studio.client, photo, receipt_of(await send(studio.client.http, payload["upload"], file)))
    await submit(studio.client, photo)
    async with studio.at_work():
        await until_state(studio.client, photo, "CHECKED", "REJECTED")
        await studio.until_done("clear")
        kept = studio.files(photo)

        again = await send(studio.client.http, payload["upload"], picture(shift=3))
        brought = studio.files(photo)
        [clearing] = await studio.jobs_named("clear", state="WAITING")
        await studio.make_due("clear", photo)
        await until(lambda: all_done(studio, "clear"))

    assert again.status_code == 200
    assert brought == [*kept, "upload"]
    assert clearing["due_at"] == (await studio.record(photo))["created_at"] + LATE_UPLOADS
    assert studio.files(photo) == kept


# --- what nobody named ------------------------------------------------------------------------------------------------


async def test_after_a_day_what_no_hair_test_named_is_gone_and_what_one_named_stays(studio: Studio) -> None:
    orphan, claimed = await studio.checked(picture(), picture(shift=3))
    pending = await begin_photo(studio.client)
    await submit(studio.client, claimed)
    expiries = await studio.jobs_named("expire")
    for photo in (orphan, claimed, pending):
        await studio.make_due("expire", photo)

    async with studio.at_work():
        await until(lambda: all_done(studio, "expire"))
        for photo in (orphan, pending):
            await until_state(studio.client, photo, "DELETED")

    assert {job["due_at"] - job["created_at"] for job in expiries} == {timedelta(hours=24)}
    assert (studio.files(orphan), studio.files(pending)) == ([], [])
    assert await known(studio, orphan) == await known(studio, pending) == KEPT
    seen = await see(studio.client, claimed)
    assert seen is not None
    assert (seen["state"], studio.files(claimed)) == ("CHECKED", ["full", "medium", "small"])


# --- what nobody said had come ----------------------------------------------------------------------------------------


async def test_a_file_that_came_and_of_which_nobody_told_us_is_looked_at_all_the_same(studio: Studio) -> None:
    """The page was closed a moment too early: the raw file must not lie there for good."""
    payload = await begin(studio.client)
    photo = SentPhoto(payload["photo"]["id"], payload["accessToken"])
    made = await submit(studio.client, photo)
    await send(studio.client.http, payload["upload"], picture())
    [arrival] = await studio.jobs_named("arrive")
    await studio.make_due("arrive", photo)

    async with studio.at_work():
        await until_state(studio.client, photo, "CHECKED")
        await studio.until_done("clear")

    assert arrival["due_at"] - arrival["created_at"] == LATE_UPLOADS
    assert studio.files(photo) == ["full", "medium", "small"]
    assert (await report_of(studio.client, made))["confidence"] == "HIGH"


@pytest.mark.parametrize("is_named", [True, False])
async def test_a_photo_that_never_came_is_rejected_when_a_hair_test_named_it_and_else_gone(
    studio: Studio, *, is_named: bool
) -> None:
    photo = await begin_photo(studio.client)
    if is_named:
        await submit(studio.client, photo)
    await studio.make_due("arrive", photo)

    async with studio.at_work():
        seen = await until_state(studio.client, photo, "REJECTED" if is_named else "DELETED")

    assert (seen["rejection"] or {}).get("code") == ("NOT_SENT" if is_named else None)
    assert (await known(studio, photo) == KEPT) is not is_named


@pytest.mark.parametrize("state", ["STORED", "CHECKED", "DELETING"])
async def test_of_a_photo_that_came_nobody_asks_again_whether_it_did(studio: Studio, state: str) -> None:
    photo = await send_photo(studio.client, picture())
    if state == "CHECKED":
        async with studio.at_work():
            await until_state(studio.client, photo, "CHECKED")
    elif state == "DELETING":
        await delete(studio.client, photo)
    await studio.database.jobs.delete_many({"name": {"$ne": "scalp_photos.arrive"}})
    await studio.make_due("arrive", photo)
    store = HeldStore(studio.images)

    async with studio.at_work(images=store):
        await until(lambda: all_done(studio, "arrive"))

    assert store.asked == []
    assert (await studio.record(photo))["state"] == state


async def test_a_photo_that_is_named_while_it_expires_is_either_kept_or_refused(studio: Studio) -> None:
    photos = await studio.checked(picture(), picture(shift=3), picture(shift=5))
    kept: list[Any] = []

    async with studio.at_work():
        for photo in photos:
            submitted, _ = await asyncio.gather(
                submit(studio.client, photo), studio.make_due("expire", photo), return_exceptions=True
            )
            await until(lambda: all_done_but_later(studio))
            kept.append((isinstance(submitted, BaseException), studio.files(photo)))

    assert all(files == ([] if is_refused else ["full", "medium", "small"]) for is_refused, files in kept), kept


async def all_done_but_later(studio: Studio) -> bool:
    """Whether nothing runs, and nothing is due."""
    due = {"state": "WAITING", "$expr": {"$lte": ["$due_at", "$$NOW"]}}
    return not await studio.database.jobs.find_one({"$or": [{"state": "RUNNING"}, due]})
