"""Photos with a Cloudinary account, from the ticket to the deletion, against a vendor that has its moods."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image
from pydantic import SecretStr

from tests.api.photographing import (
    SentPhoto,
    begin,
    begin_photo,
    complete,
    delete,
    picture,
    send,
    send_photo,
    submit,
    until_state,
)
from tests.api.studio import Studio
from tests.applications import own_application
from tests.integrations.cloudinary_standin import (
    API_KEY,
    API_SECRET,
    CLOUD,
    CloudinaryMode,
    CloudinaryStandIn,
    cloudinary_standin,
)
from tests.worker.working import until
from traya_gql.integrations.images.inspection import PhotoInspector
from traya_gql.settings import Settings


@pytest.fixture(scope="module")
def standin() -> Iterator[CloudinaryStandIn]:
    with cloudinary_standin() as vendor:
        yield vendor


@pytest.fixture
def vendor(standin: CloudinaryStandIn) -> CloudinaryStandIn:
    standin.reset()
    return standin


@pytest.fixture
async def cloud(
    vendor: CloudinaryStandIn, settings: Settings, database: Any, inspector: PhotoInspector
) -> AsyncIterator[Studio]:
    """An application whose photos are kept by the vendor."""
    url = SecretStr(f"cloudinary://{API_KEY}:{API_SECRET}@{CLOUD}?upload_prefix={vendor.prefix}")
    async with own_application(settings, database, cloudinary_url=url) as (app, client, _sms):
        yield Studio(app, client, settings, inspector)


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    """What reaches the vendor over real HTTP."""
    async with httpx.AsyncClient(trust_env=False) as http:
        yield http


def kept(vendor: CloudinaryStandIn, photo: SentPhoto) -> list[str]:
    """Return the names of what the vendor keeps of a photo, sorted; nothing else may be there."""
    folder = f"traya/scalp_images/{photo.key.hex}/"
    assert all(public_id.startswith(folder) for public_id in vendor.pictures)
    return sorted(public_id.removeprefix(folder) for public_id in vendor.pictures)


async def test_a_photo_goes_straight_to_the_vendor_is_checked_shown_and_deleted_there(
    cloud: Studio, vendor: CloudinaryStandIn, browser: httpx.AsyncClient
) -> None:
    photo = await send_photo(cloud.client, picture(), http=browser)
    uploaded = kept(vendor, photo)
    made = await submit(cloud.client, photo)

    async with cloud.at_work():
        seen = await until_state(cloud.client, photo, "CHECKED", "REJECTED")
        await cloud.until_done("clear")
        stored = kept(vendor, photo)
        shown = await browser.get(seen["small"]["url"])
        await delete(cloud.client, photo._replace(token=made.token))
        gone = await until_state(cloud.client, photo, "DELETED")

    assert uploaded == ["upload"]
    assert stored == ["full", "medium", "small"]
    with Image.open(BytesIO(shown.content)) as image:
        assert (image.format, image.size) == ("JPEG", (160, 120))
    assert gone["deletedAt"] is not None
    assert vendor.pictures == {}
    assert (await browser.get(seen["small"]["url"])).status_code == 404
    # no byte of it lies here
    assert cloud.files(photo) == []


async def test_the_ticket_has_all_that_the_vendor_checks(cloud: Studio, vendor: CloudinaryStandIn) -> None:
    upload = (await begin(cloud.client))["upload"]

    fields = {one["name"]: one["value"] for one in upload["fields"]}
    assert upload["url"] == f"{vendor.prefix}/v1_1/{CLOUD}/image/upload"
    assert (fields["type"], fields["allowed_formats"]) == ("authenticated", "jpg,png,webp,heic")
    assert fields["public_id"].startswith("traya/scalp_images/")
    assert "fl_force_strip" in fields["transformation"]
    assert API_SECRET not in str(upload)
    assert vendor.calls == 0


async def test_a_changed_ticket_is_refused_by_the_vendor(
    cloud: Studio, vendor: CloudinaryStandIn, browser: httpx.AsyncClient
) -> None:
    upload = (await begin(cloud.client))["upload"]
    for one in upload["fields"]:
        if one["name"] == "type":
            one["value"] = "upload"

    sent = await send(browser, upload, picture())

    assert sent.status_code == 401
    assert vendor.pictures == {}


async def test_without_a_receipt_the_vendor_is_asked(
    cloud: Studio, vendor: CloudinaryStandIn, browser: httpx.AsyncClient
) -> None:
    payload, other = await begin(cloud.client), await begin_photo(cloud.client)
    photo = SentPhoto(payload["photo"]["id"], payload["accessToken"])
    await send(browser, payload["upload"], picture())

    done, missing = await complete(cloud.client, photo), await complete(cloud.client, other)

    assert done["photo"]["state"] == "STORED"
    assert [error["code"] for error in missing["userErrors"]] == ["PHOTO_NOT_UPLOADED"]


@pytest.mark.parametrize(
    "mode",
    [
        CloudinaryMode.ERROR_500,
        CloudinaryMode.HTML,
        CloudinaryMode.HALF_CLOSE,
        pytest.param(CloudinaryMode.HANG, marks=pytest.mark.slow),
    ],
)
async def test_while_the_vendor_fails_photos_stay_as_they_are_and_go_on_afterwards(
    cloud: Studio, vendor: CloudinaryStandIn, browser: httpx.AsyncClient, mode: CloudinaryMode
) -> None:
    payload = await begin(cloud.client)
    photo = SentPhoto(payload["photo"]["id"], payload["accessToken"])
    await send(browser, payload["upload"], picture())
    before = await cloud.record(photo)

    vendor.mode = mode
    down = await complete(cloud.client, photo)
    made = await submit(cloud.client, photo)
    stayed = await cloud.record(photo)
    vendor.mode = CloudinaryMode.OK
    up = await complete(cloud.client, photo)
    async with cloud.at_work():
        seen = await until_state(cloud.client, photo, "CHECKED", "REJECTED")

    assert [error["code"] for error in down["userErrors"]] == ["PHOTO_STORE_UNAVAILABLE"]
    assert [one["state"] for one in made.photos] == ["PENDING"]
    changed_by_the_claim = {"hair_test_id", "report_id"}
    assert {name for name in stayed if stayed[name] != before[name]} == changed_by_the_claim
    assert (up["photo"]["state"], seen["state"]) == ("STORED", "CHECKED")


async def test_a_check_and_a_deletion_that_the_vendor_fails_are_tried_again(
    cloud: Studio, vendor: CloudinaryStandIn, browser: httpx.AsyncClient
) -> None:
    photo = await send_photo(cloud.client, picture(), http=browser)
    # both attempts of one call: the breaker does not open yet
    vendor.next_modes.extend([CloudinaryMode.ERROR_500] * 2)

    async with cloud.at_work():
        await until(lambda: cloud.jobs_named("check", state="WAITING", attempts=1))
        stayed = (await cloud.record(photo))["state"], kept(vendor, photo)
        await cloud.make_due("check", photo)
        await until_state(cloud.client, photo, "CHECKED")
        await cloud.until_done("clear")
        vendor.next_modes.extend([CloudinaryMode.ERROR_503] * 2)
        await delete(cloud.client, photo)
        await until_state(cloud.client, photo, "DELETED")

    assert stayed == ("STORED", ["upload"])
    assert vendor.pictures == {}


@pytest.mark.slow
async def test_while_the_vendor_hangs_others_are_answered_and_hair_tests_submitted(
    cloud: Studio, vendor: CloudinaryStandIn, browser: httpx.AsyncClient
) -> None:
    payload = await begin(cloud.client)
    photo = SentPhoto(payload["photo"]["id"], payload["accessToken"])
    await send(browser, payload["upload"], picture())
    vendor.mode = CloudinaryMode.HANG

    asked = asyncio.create_task(complete(cloud.client, photo))
    await until(lambda: has_calls(vendor, 2))
    made = [await submit(cloud.client) for _ in range(10)]
    is_waiting = not asked.done()
    down = await asked

    assert is_waiting
    assert len({one.report["publicId"] for one in made}) == 10
    assert [error["code"] for error in down["userErrors"]] == ["PHOTO_STORE_UNAVAILABLE"]


async def has_calls(vendor: CloudinaryStandIn, count: int) -> bool:
    return vendor.calls >= count
