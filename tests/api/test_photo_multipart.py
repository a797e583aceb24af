"""A photo that comes with the GraphQL request itself: only where that is switched on, and only from who may ask."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import httpx
import pytest

from tests.api.bad_input import nothing_written
from tests.api.photographing import (
    CONSENT,
    SentPhoto,
    of_bytes,
    picture,
    see,
    submit,
    until_state,
)
from tests.api.studio import HeldStore, Studio
from tests.applications import own_application
from traya_gql.integrations.images.inspection import PhotoInspector
from traya_gql.settings import Settings
from traya_gql.web.graphql import PREFLIGHT_HEADERS
from traya_gql.web.multipart import FILE_PREFIX

UPLOAD = """mutation ($file: Upload!, $input: CreateScalpPhotoUploadInput!) {
  uploadScalpPhoto(file: $file, input: $input) {
    photo { id state } accessToken accessTokenExpiresAt userErrors { code path message }
  }
}"""
PREFLIGHT = {"graphql-require-preflight": "1"}
ORIGIN = "https://shop.example.com"


@pytest.fixture
async def open_studio(settings: Settings, database: Any, inspector: PhotoInspector) -> AsyncIterator[Studio]:
    """An application that takes multipart requests."""
    async with own_application(settings, database, multipart_uploads=True) as (app, client, _vendor):
        yield Studio(app, client, settings, inspector)


async def post(
    studio: Studio, file: bytes, *, consent: dict[str, Any] | None = None, headers: dict[str, str] | None = None
) -> httpx.Response:
    """Send a photo as GraphQL clients send files."""
    operations = {"query": UPLOAD, "variables": {"file": None, "input": {"consent": consent or CONSENT}}}
    return await studio.client.http.post(
        "/graphql",
        data={"operations": json.dumps(operations), "map": json.dumps({"0": ["variables.file"]})},
        files={"0": ("scalp.jpg", file, "image/jpeg")},
        headers=PREFLIGHT if headers is None else headers,
    )


def code_of(response: httpx.Response) -> tuple[int, str]:
    [error] = response.json()["errors"]
    return response.status_code, error["extensions"]["code"]


def left_on_disk(studio: Studio) -> list[str]:
    """Return the names of files that requests brought and left."""
    folders = (studio.settings.data / "uploads", Path(gettempdir()))
    return [one.name for folder in folders for one in folder.glob(f"**/{FILE_PREFIX}*")]


async def test_a_photo_of_nearly_two_megabytes_arrives_is_checked_and_is_named_by_a_hair_test(
    open_studio: Studio,
) -> None:
    payload = (await post(open_studio, of_bytes(1_900_000))).json()["data"]["uploadScalpPhoto"]
    photo = SentPhoto(payload["photo"]["id"], payload["accessToken"])

    async with open_studio.at_work():
        seen = await until_state(open_studio.client, photo, "CHECKED", "REJECTED")
        made = await submit(open_studio.client, photo)

    assert (payload["photo"]["state"], payload["userErrors"]) == ("STORED", [])
    assert (seen["state"], seen["isUsable"]) == ("CHECKED", True)
    assert made.report["confidence"] == "HIGH"
    assert left_on_disk(open_studio) == []


@pytest.mark.parametrize(("length", "is_taken"), [(2_000_000, True), (2_000_001, False), (2_100_000, False)])
async def test_two_megabytes_are_the_most(open_studio: Studio, *, length: int, is_taken: bool) -> None:
    response = await post(open_studio, of_bytes(length))

    if is_taken:
        assert response.json()["data"]["uploadScalpPhoto"]["photo"]["state"] == "STORED"
    else:
        assert code_of(response) == (413, "PAYLOAD_TOO_LARGE")
        assert await open_studio.database.scalp_photos.count_documents({}) == 0
    assert left_on_disk(open_studio) == []


@pytest.mark.parametrize("headers", [{}, {"graphql-require-preflight": " "}, {"x-requested-with": "XMLHttpRequest"}])
async def test_what_a_form_of_another_site_could_send_is_refused(open_studio: Studio, headers: dict[str, str]) -> None:
    async with nothing_written(open_studio.database):
        response = await post(open_studio, picture(), headers=headers)

    assert code_of(response) == (403, "PREFLIGHT_REQUIRED")


async def test_without_consent_nothing_is_kept(open_studio: Studio) -> None:
    async with nothing_written(open_studio.database):
        response = await post(open_studio, picture(), consent={**CONSENT, "isGiven": False})

    payload = response.json()["data"]["uploadScalpPhoto"]
    assert [error["code"] for error in payload["userErrors"]] == ["CONSENT_REQUIRED"]
    assert payload["photo"] is None


async def test_what_is_no_photo_is_rejected_when_it_is_looked_at(open_studio: Studio) -> None:
    payload = (await post(open_studio, b"<svg xmlns='http://www.w3.org/2000/svg'/>")).json()["data"]["uploadScalpPhoto"]
    photo = SentPhoto(payload["photo"]["id"], payload["accessToken"])

    async with open_studio.at_work():
        seen = await until_state(open_studio.client, photo, "CHECKED", "REJECTED")
        await open_studio.until_done("clear")

    assert seen["rejection"]["code"] == "UNSUPPORTED_FORMAT"
    assert open_studio.files(photo) == []


async def test_when_the_store_is_down_only_a_photo_is_left_that_nobody_can_open_and_that_will_be_deleted(
    open_studio: Studio,
) -> None:
    with open_studio.asking(images=HeldStore(open_studio.images, is_down=True)):
        payload = (await post(open_studio, picture())).json()["data"]["uploadScalpPhoto"]

    [error] = payload.pop("userErrors")
    assert (error["code"], error["path"]) == ("PHOTO_STORE_UNAVAILABLE", ["input"])
    assert set(payload.values()) == {None}
    [left] = await open_studio.database.scalp_photos.find({}).to_list()
    jobs = await open_studio.database.jobs.find({}).to_list()
    assert (left["state"], left["hair_test_id"]) == ("PENDING", None)
    assert sorted(job["name"] for job in jobs) == ["scalp_photos.arrive", "scalp_photos.expire"]
    assert left_on_disk(open_studio) == []


async def test_a_customers_photo_is_theirs(open_studio: Studio) -> None:
    asha = await open_studio.client.sign_in()
    headers = {**PREFLIGHT, "authorization": f"Bearer {asha.access_token}"}

    payload = (await post(open_studio, picture(), headers=headers)).json()["data"]["uploadScalpPhoto"]

    photo = SentPhoto(payload["photo"]["id"], "")
    assert await see(open_studio.client, photo) is None
    assert await see(open_studio.client, photo, bearer=asha.access_token) is not None


async def test_where_it_is_off_the_answer_names_the_other_way(studio: Studio) -> None:
    async with nothing_written(studio.database):
        response = await post(studio, picture())

    assert code_of(response) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert "createScalpPhotoUpload" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize("is_on", [True, False])
async def test_scripts_of_known_origins_may_send_the_header_only_where_it_is_on(
    settings: Settings, database: Any, *, is_on: bool
) -> None:
    async with own_application(settings, database, multipart_uploads=is_on, cors_origins=(ORIGIN,)) as parts:
        client = parts[1]
        allowed = {
            name: (
                await client.http.options(
                    "/graphql",
                    headers={
                        "origin": ORIGIN,
                        "access-control-request-method": "POST",
                        "access-control-request-headers": name,
                    },
                )
            ).status_code
            for name in ("content-type", *PREFLIGHT_HEADERS)
        }

    assert allowed == {"content-type": 200, **dict.fromkeys(PREFLIGHT_HEADERS, 200 if is_on else 400)}
