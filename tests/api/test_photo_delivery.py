"""How a picture is seen: by an address that ends, with headers that keep it private, and never what was uploaded."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image

from tests.api.photographing import (
    PHOTO,
    SentPhoto,
    delete,
    picture,
    report_of,
    see,
    send_photo,
    submit,
    until_state,
)
from tests.api.studio import Studio
from tests.support import SignedIn
from traya_gql.app import now
from traya_gql.domain.roles import Role

ASHA, RAVI, MEERA = "9876543210", "9123456780", "9000000001"

NODE = "query ($id: ID!) { node(id: $id) { ... on ScalpPhoto { state url { url } } } }"
OF_TEST = "query ($id: ID!) { node(id: $id) { ... on HairTest { photos { state url { url } } } } }"
ASSIGN = "mutation ($input: AssignStaffInput!) { assignStaff(input: $input) { userErrors { code } } }"


@pytest.fixture
async def photo(studio: Studio) -> SentPhoto:
    [photo] = await studio.checked(picture())
    return photo


async def urls(studio: Studio, photo: SentPhoto) -> dict[str, str]:
    """Return the addresses of the sizes of a photo."""
    seen = await see(studio.client, photo)
    assert seen is not None
    return {size: seen[size]["url"] for size in ("full", "medium", "small")}


async def test_each_size_is_a_jpeg_no_larger_than_it_says(studio: Studio) -> None:
    [photo] = await studio.checked(picture(size=(2100, 1400)))
    sizes = {}
    for size, url in (await urls(studio, photo)).items():
        shown = await studio.client.http.get(url)
        with Image.open(BytesIO(shown.content)) as image:
            sizes[size] = (shown.status_code, image.format, image.size)

    assert sizes == {
        "full": (200, "JPEG", (2048, 1365)),
        "medium": (200, "JPEG", (640, 427)),
        "small": (200, "JPEG", (160, 107)),
    }


async def test_where_it_was_taken_is_nowhere_in_what_is_shown(studio: Studio) -> None:
    place = Image.Exif()
    place[0x010F] = "a-maker-to-be-forgotten"
    place[0x8825] = {1: "N", 2: (12.0, 58.0, 17.0), 3: "E", 4: (77.0, 35.0, 40.0)}
    file = picture(exif=place)
    [photo] = await studio.checked(file)

    shown = [(await studio.client.http.get(url)).content for url in (await urls(studio, photo)).values()]

    assert b"a-maker-to-be-forgotten" in file
    for one in shown:
        assert b"a-maker-to-be-forgotten" not in one
        with Image.open(BytesIO(one)) as image:
            assert dict(image.getexif()) == {}


async def test_it_is_shown_to_nobody_elses_cache_and_as_nothing_but_a_picture(studio: Studio, photo: SentPhoto) -> None:
    seen = await see(studio.client, photo)
    assert seen is not None

    shown = await studio.client.http.get(seen["full"]["url"])

    kept_for_s = int(shown.headers["cache-control"].removeprefix("private, max-age="))
    left = datetime.fromisoformat(seen["full"]["expiresAt"]) - now()
    # it was asked for a moment ago
    assert -1 < kept_for_s - left.total_seconds() < 30
    assert timedelta(minutes=9) < left <= timedelta(minutes=20)
    assert {name: shown.headers[name] for name in ("content-type", "x-content-type-options", "referrer-policy")} == {
        "content-type": "image/jpeg",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
    }
    assert shown.headers["content-security-policy"] == "default-src 'none'; sandbox"


async def test_a_part_of_it_can_be_asked_for(studio: Studio, photo: SentPhoto) -> None:
    url = (await urls(studio, photo))["medium"]
    whole = (await studio.client.http.get(url)).content

    part = await studio.client.http.get(url, headers={"range": "bytes=2-11"})
    beyond = await studio.client.http.get(url, headers={"range": f"bytes={len(whole)}-"})
    head = await studio.client.http.head(url)

    assert (part.status_code, part.content) == (206, whole[2:12])
    assert part.headers["content-range"] == f"bytes 2-11/{len(whole)}"
    assert beyond.status_code == 416
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(whole)))


async def test_an_address_that_was_changed_shows_nothing(studio: Studio, photo: SentPhoto) -> None:
    found = await urls(studio, photo)
    parts = urlsplit(found["small"])
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    other = "0" * 32
    changed = {
        "no signature": f"{parts.path}?expires={query['expires']}",
        "forged": f"{parts.path}?expires={query['expires']}&signature={'0' * len(query['signature'])}",
        "longer life": f"{parts.path}?expires={int(query['expires']) + 3600}&signature={query['signature']}",
        "another size": f"{parts.path.replace('/small', '/full')}?{parts.query}",
        "another photo": f"{parts.path.replace(photo.key.hex, other)}?{parts.query}",
        "what was uploaded": f"{parts.path.replace('/small', '/upload')}?{parts.query}",
    }

    statuses = {name: (await studio.client.http.get(url)).status_code for name, url in changed.items()}

    assert statuses == dict.fromkeys(changed, 403)


async def test_an_address_ends(studio: Studio, photo: SentPhoto) -> None:
    earlier = now() - timedelta(minutes=21)
    with studio.asking(now=lambda: earlier):
        ended = await urls(studio, photo)

    statuses = {(await studio.client.http.get(url)).status_code for url in ended.values()}

    assert statuses == {403}


async def test_for_ten_minutes_it_is_the_same_address_so_that_pages_need_not_load_it_twice(
    studio: Studio, photo: SentPhoto
) -> None:
    start = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    found = []
    for minute in (0, 9, 10):
        at = start + timedelta(minutes=minute)
        with studio.asking(now=lambda at=at: at):
            found.append((await urls(studio, photo))["medium"])

    assert (found[0] == found[1], found[1] == found[2]) == (True, False)


async def test_what_was_uploaded_is_never_shown_even_with_a_good_signature(studio: Studio) -> None:
    photo = await send_photo(studio.client, picture())

    url = studio.images.url(f"{photo.key.hex}/upload", at=now()).url

    assert studio.files(photo) == ["upload"]
    assert (await studio.client.http.get(url)).status_code == 404


async def test_there_is_an_address_only_while_it_is_checked(studio: Studio) -> None:
    photo = await send_photo(studio.client, picture())
    addresses = {"STORED": await see(studio.client, photo)}
    async with studio.at_work():
        addresses["CHECKED"] = await until_state(studio.client, photo, "CHECKED")
    await delete(studio.client, photo)
    addresses["DELETING"] = await see(studio.client, photo)
    async with studio.at_work():
        addresses["DELETED"] = await until_state(studio.client, photo, "DELETED")

    found = {state: seen is not None and seen["full"] is not None for state, seen in addresses.items()}
    assert found == {"STORED": False, "CHECKED": True, "DELETING": False, "DELETED": False}


async def test_an_old_address_of_a_deleted_photo_shows_nothing(studio: Studio, photo: SentPhoto) -> None:
    before = await urls(studio, photo)
    await delete(studio.client, photo)
    async with studio.at_work():
        await until_state(studio.client, photo, "DELETED")

    assert {(await studio.client.http.get(url)).status_code for url in before.values()} == {404}


# --- who looked -------------------------------------------------------------------------------------------------------


def views(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the lines that tell who saw a photo."""
    return [one.getMessage() for one in caplog.records if one.name == "traya_gql.services.scalp_photos"]


async def doctor_of(studio: Studio, customer: SignedIn) -> SignedIn:
    """Return a doctor who treats this customer."""
    staff = studio.app.state.services.staff
    for phone, role in ((RAVI, Role.SUPPORT), (MEERA, Role.DOCTOR)):
        await staff.invite(phone, [role], by=None)
    support, doctor = await studio.client.sign_in(RAVI), await studio.client.sign_in(MEERA)
    pair = {"customerId": customer.customer_id, "staffId": doctor.customer_id}
    assigned = await studio.client.data(ASSIGN, bearer=support.access_token, input=pair)
    assert assigned["assignStaff"]["userErrors"] == []
    return doctor


async def test_what_staff_see_is_noted_and_what_owners_see_is_not(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    asha = await studio.client.sign_in(ASHA)
    doctor = await doctor_of(studio, asha)
    [photo] = await studio.checked(picture(), bearer=asha.access_token)
    made = await submit(studio.client, photo, bearer=asha.access_token)

    with caplog.at_level(logging.INFO, logger="traya_gql.services.scalp_photos"):
        await studio.client.data(PHOTO, bearer=asha.access_token, id=photo.id)
        await studio.client.data(OF_TEST, bearer=asha.access_token, id=made.hair_test_id)
        await report_of(studio.client, made)
        own = views(caplog)
        shown: dict[str, Any] = await studio.client.data(OF_TEST, bearer=doctor.access_token, id=made.hair_test_id)
        await studio.client.data(NODE, bearer=doctor.access_token, id=photo.id)

    [seen] = shown["node"]["photos"]
    record = await studio.database.customers.find_one({"phone": f"+91{MEERA}"})
    assert own == []
    assert (await studio.client.http.get(seen["url"]["url"])).status_code == 200
    assert views(caplog) == [f"scalp photo {photo.key}: shown to {record['_id']}"] * 2


async def test_a_look_at_a_photo_that_cannot_be_seen_is_not_noted(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    asha = await studio.client.sign_in(ASHA)
    doctor = await doctor_of(studio, asha)
    photo = await send_photo(studio.client, picture(), bearer=asha.access_token)
    made = await submit(studio.client, photo, bearer=asha.access_token)

    with caplog.at_level(logging.INFO, logger="traya_gql.services.scalp_photos"):
        shown = await studio.client.data(OF_TEST, bearer=doctor.access_token, id=made.hair_test_id)

    assert shown["node"]["photos"] == [{"state": "STORED", "url": None}]
    assert views(caplog) == []
