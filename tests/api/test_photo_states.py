"""What is found on a photo, and what it does to the report: never in the way, and counted right however it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from tests.api.photographing import (
    PHOTO,
    SentPhoto,
    Submitted,
    begin,
    begin_photo,
    blurred,
    complete,
    dark,
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
from tests.applications import own_application
from tests.worker.working import transactions, until
from traya_gql.documents import hair_tests, reports
from traya_gql.documents.transactions import current_session
from traya_gql.domain.photo_texts import PHOTO_TEXTS
from traya_gql.domain.photos import Inspected, PhotoHint, PhotoSize, RejectionReason
from traya_gql.domain.ruleset.rules import current_ruleset
from traya_gql.domain.ruleset.scores import assess
from traya_gql.services.scalp_photo_jobs import PhotoJob
from traya_gql.settings import Settings

ROUNDS = 12
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


async def agrees(studio: Studio, made: Submitted) -> tuple[int | None, str]:
    """Return how many usable photos the answers tell of, and the confidence, after checking them against each other."""
    test = (await hair_tests.by_ids([made.hair_test_key]))[made.hair_test_key]
    report = (await reports.by_ids([test.report_id]))[test.report_id]
    # bit for bit: whoever assesses the stored answers anew gets the stored assessment
    assert assess(test.answers, current_ruleset()) == report.assessment
    return test.answers.usable_photos, str(report.assessment.confidence)


# --- the report's confidence ------------------------------------------------------------------------------------------


async def test_a_photo_that_is_checked_before_the_hair_test_makes_its_report_sure(studio: Studio) -> None:
    [photo] = await studio.checked(picture())

    made = await submit(studio.client, photo)

    assert made.report["confidence"] == "HIGH"
    assert await agrees(studio, made) == (1, "HIGH")


async def test_a_pending_photo_raises_the_confidence_when_it_is_checked_afterwards(studio: Studio) -> None:
    payload = await begin(studio.client)
    photo = SentPhoto(payload["photo"]["id"], payload["accessToken"])
    made = await submit(studio.client, photo)
    before = await agrees(studio, made)

    await complete(studio.client, photo, receipt_of(await send(studio.client.http, payload["upload"], picture())))
    async with studio.at_work():
        await until_state(studio.client, photo, "CHECKED")

    assert (made.report["confidence"], before) == ("MEDIUM", (0, "MEDIUM"))
    assert (await report_of(studio.client, made))["confidence"] == "HIGH"
    assert await agrees(studio, made) == (1, "HIGH")


async def test_a_photo_does_not_make_up_for_questions_that_were_not_answered(studio: Studio) -> None:
    [photo] = await studio.checked(picture())

    made = await submit(studio.client, photo, smoker=None, itch=None)

    assert await agrees(studio, made) == (1, "MEDIUM")


async def test_a_deleted_photo_no_longer_makes_the_report_sure(studio: Studio) -> None:
    first, second = await studio.checked(picture(), picture(shift=3))
    made = await submit(studio.client, first, second)
    counted = [await agrees(studio, made)]

    for photo in (first, second):
        await delete(studio.client, photo)
        counted.append(await agrees(studio, made))

    assert counted == [(2, "HIGH"), (1, "HIGH"), (0, "MEDIUM")]


async def test_a_test_without_photos_says_nothing_of_them(studio: Studio) -> None:
    made = await submit(studio.client)

    assert (made.photos, await agrees(studio, made)) == ([], (None, "MEDIUM"))


# --- the same picture twice -------------------------------------------------------------------------------------------


async def test_the_same_picture_counts_once_and_says_which_one_it_repeats(studio: Studio) -> None:
    first, again = await studio.checked(picture(quality=95), picture(quality=60))

    made = await submit(studio.client, first, again)

    assert [(one["repeatsId"], one["isUsable"]) for one in made.photos] == [(None, True), (first.id, False)]
    assert await agrees(studio, made) == (1, "HIGH")


async def test_it_is_found_too_when_both_are_checked_afterwards(studio: Studio) -> None:
    photos = [await send_photo(studio.client, picture(quality=quality)) for quality in (95, 60)]
    made = await submit(studio.client, *photos)

    async with studio.at_work():
        for photo in photos:
            await until_state(studio.client, photo, "CHECKED")

    seen = (await report_of(studio.client, made))["hairTest"]["photos"]
    assert [(one["repeatsId"], one["isUsable"]) for one in seen] == [(None, True), (photos[0].id, False)]
    assert await agrees(studio, made) == (1, "HIGH")


async def test_a_repeat_counts_when_the_first_one_is_deleted(studio: Studio) -> None:
    first, again = await studio.checked(picture(quality=95), picture(quality=60))
    made = await submit(studio.client, first, again)

    await delete(studio.client, first)

    seen = await see(studio.client, again)
    assert seen is not None
    assert (seen["repeatsId"], seen["isUsable"]) == (None, True)
    assert await agrees(studio, made) == (1, "HIGH")


# --- two at the same time ---------------------------------------------------------------------------------------------


class Together:
    """An inspector that looks at nothing, and says so of so many photos at the same moment."""

    def __init__(self, how_many: int) -> None:
        self._barrier = asyncio.Barrier(how_many)
        self._seen = 0

    async def inspect(self, source: Path, folder: Path) -> Inspected | RejectionReason:
        self._seen += 1
        # far apart from each other: no two of them are the same picture
        fingerprint = f"{int('0123456789abcdef' * 4, 16) * (2 * self._seen + 1) % 2**64:016x}"
        for size in PhotoSize:
            (folder / size.file_name).hardlink_to(source)
        await self._barrier.wait()
        measures = {"sharpness": 500, "brightness": 110, "over_exposed_share": 0, "shorter_side_px": 1200}
        return Inspected.model_validate(
            {"format": "JPEG", "width": 1200, "height": 900, "measures": measures, "fingerprint": fingerprint}
        )


async def test_two_photos_that_are_checked_at_the_same_time_count_as_two(studio: Studio) -> None:
    file = picture(size=(64, 64))
    counted = []

    async with studio.at_work(inspector=Together(2), at_a_time=2):
        for _ in range(ROUNDS):
            # named first, so that both settle the same hair test
            begun = [await begin(studio.client) for _ in range(2)]
            photos = [SentPhoto(one["photo"]["id"], one["accessToken"]) for one in begun]
            made = await submit(studio.client, *photos)
            for one, photo in zip(begun, photos, strict=True):
                await complete(studio.client, photo, receipt_of(await send(studio.client.http, one["upload"], file)))
            for photo in photos:
                await until_state(studio.client, photo, "CHECKED")
            counted.append(await agrees(studio, made))

    assert counted == [(2, "HIGH")] * ROUNDS


async def test_a_photo_is_no_repeat_of_one_that_is_deleted_while_it_is_checked(studio: Studio) -> None:
    """Each of the two transactions alone would leave the count as it is: they must see one another."""
    [first] = await studio.checked(picture(quality=95))
    again = await send_photo(studio.client, picture(quality=60))
    made = await submit(studio.client, first, again)
    is_written, may_commit = asyncio.Event(), asyncio.Event()
    with studio.jobs() as jobs:
        writing = await jobs.check(PhotoJob(photo_id=again.key))
    assert writing is not None

    async def write_and_wait() -> None:
        await writing()
        is_written.set()
        await may_commit.wait()

    checking = asyncio.create_task(transactions(studio.app).run(write_and_wait))
    await is_written.wait()
    deleting = asyncio.create_task(delete(studio.client, first))
    # it would be through by then, did it not wait for the other
    await asyncio.wait({deleting}, timeout=0.3)
    may_commit.set()
    await asyncio.gather(checking, deleting)

    seen = await see(studio.client, again)
    assert seen is not None
    assert (seen["state"], seen["repeatsId"], seen["isUsable"]) == ("CHECKED", None, True)
    assert await agrees(studio, made) == (1, "HIGH")


async def test_a_photo_deleted_while_another_is_checked_is_counted_out(studio: Studio) -> None:
    file = picture(size=(64, 64))
    [gone] = await studio.checked(picture())
    late = await send_photo(studio.client, file)
    made = await submit(studio.client, gone, late)

    async with studio.at_work(inspector=Together(1)):
        await asyncio.gather(delete(studio.client, gone), until_state(studio.client, late, "CHECKED"))

    assert await agrees(studio, made) == (1, "HIGH")


# --- hints and rejections ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "hint"),
    [(blurred(), "BLURRY"), (dark(), "TOO_DARK"), (picture(size=(400, 300)), "TOO_SMALL")],
    ids=["blurred", "dark", "small"],
)
async def test_a_bad_photo_is_checked_with_advice_in_the_readers_language_and_does_not_count(
    studio: Studio, file: bytes, hint: str
) -> None:
    [photo] = await studio.checked(file)
    made = await submit(studio.client, photo)

    seen = {}
    for language in ("en", "hi-IN,hi;q=0.9,en;q=0.5"):
        response = await studio.client.http.post(
            "/graphql",
            json={"query": PHOTO, "variables": {"id": photo.id, "token": photo.token}},
            headers={"accept-language": language},
        )
        seen[language[:2]] = response.json()["data"]["scalpPhoto"]

    text = PHOTO_TEXTS.hints[PhotoHint(hint)]
    assert (seen["en"]["state"], seen["en"]["isUsable"]) == ("CHECKED", False)
    assert seen["en"]["hints"] == [{"code": hint, "message": text.en}]
    assert seen["hi"]["hints"] == [{"code": hint, "message": text.hi}]
    assert await agrees(studio, made) == (0, "MEDIUM")


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (picture()[:3000], "DAMAGED"),
        (b"\xff\xd8\xff" + b"no picture", "DAMAGED"),
        (picture(size=(20, 20)), "TOO_SMALL"),
        (b"RIFF\x08\0\0\0WEBP", "DAMAGED"),
    ],
    ids=["cut off", "a JPEG by its first bytes only", "tiny", "an empty WebP"],
)
async def test_a_rejected_photo_says_why_and_its_file_is_gone(studio: Studio, file: bytes, reason: str) -> None:
    photo = await send_photo(studio.client, file)
    made = await submit(studio.client, photo)

    async with studio.at_work():
        seen = await until_state(studio.client, photo, "CHECKED", "REJECTED")
        await studio.until_done("clear")

    message = PHOTO_TEXTS.rejections[RejectionReason(reason)].en
    assert (seen["state"], seen["rejection"]) == ("REJECTED", {"code": reason, "message": message})
    assert (seen["full"], seen["medium"], seen["small"], seen["hints"], seen["width"]) == (None, None, None, [], None)
    assert studio.files(photo) == []
    assert await agrees(studio, made) == (0, "MEDIUM")


async def test_what_is_no_photo_is_not_even_stored_in_the_folder(studio: Studio) -> None:
    payload = await begin(studio.client)

    sent = await send(studio.client.http, payload["upload"], SVG)

    assert sent.status_code == 415
    assert studio.files(SentPhoto(payload["photo"]["id"], "")) == []


# --- never in the way -------------------------------------------------------------------------------------------------


class InTransaction(CommandListener):
    """Counts the transactions that are open in MongoDB."""

    def __init__(self) -> None:
        self.open: set[str] = set()

    def started(self, event: CommandStartedEvent) -> None:
        if "txnNumber" in event.command and event.command.get("autocommit") is False:
            self.open.add(str(event.command["lsid"]))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        if event.command_name in {"commitTransaction", "abortTransaction"}:
            # the answer does not name the session: of the tests below, each runs one at a time
            self.open.clear()

    def failed(self, event: CommandFailedEvent) -> None:
        self.open.clear()


async def test_a_hair_test_is_answered_while_the_store_hangs(studio: Studio) -> None:
    is_hanging, may_go_on = asyncio.Event(), asyncio.Event()

    async def hang(name: str, _: Sequence[str]) -> None:
        is_hanging.set()
        await may_go_on.wait()

    store = HeldStore(studio.images, hang)
    pending, sent = await begin_photo(studio.client), await send_photo(studio.client, picture())
    with studio.asking(images=store):
        async with studio.at_work(images=store):
            async with asyncio.timeout(20):
                await is_hanging.wait()

            made = await submit(studio.client, pending, sent)
            states = [one["state"] for one in (await report_of(studio.client, made))["hairTest"]["photos"]]

            may_go_on.set()
            await until_state(studio.client, sent, "CHECKED")

    assert states == ["PENDING", "STORED"]
    assert store.asked == ["fetch", "put", "put", "put", "delete"][: len(store.asked)]
    assert await agrees(studio, made) == (1, "HIGH")


async def test_no_transaction_is_open_while_the_store_is_asked(
    settings: Settings, studio: Studio, database: Any
) -> None:
    in_transaction = InTransaction()
    found: dict[str, tuple[bool, int]] = {}

    async def look(name: str, _: Sequence[str]) -> None:
        found[name] = (current_session() is not None, len(in_transaction.open))

    async with own_application(settings, database, listeners=(in_transaction,)) as (app, client, _vendor):
        own = Studio(app, client, settings, studio.inspector)
        store = HeldStore(own.images, look)
        with own.asking(images=store):
            async with own.at_work(images=store, at_a_time=1):
                payload = await begin(client)
                photo = SentPhoto(payload["photo"]["id"], payload["accessToken"])
                await submit(client, photo)
                await send(client.http, payload["upload"], picture())
                await complete(client, photo)
                await until_state(client, photo, "CHECKED")
                await until(lambda: done(own, "clear"))
                await delete(client, photo)
                await until_state(client, photo, "DELETED")

    assert found == dict.fromkeys(("holds", "fetch", "put", "delete"), (False, 0))


async def done(studio: Studio, name: str) -> bool:
    return bool(await studio.jobs_named(name, state="DONE"))
