"""Cloudinary's store alone: its tickets and URLs, the moods of the vendor, and what never leaves the adapter."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import time
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from tests.integrations.cloudinary_standin import (
    API_KEY,
    API_SECRET,
    CLOUD,
    CloudinaryMode,
    CloudinaryStandIn,
    cloudinary_standin,
)
from tests.processes import HANG_GUARD_S
from traya_gql.integrations.images import ImageStoreUnavailable
from traya_gql.integrations.images.cloudinary_store import CloudinaryStore

KEY = "0f3c9a1e/640"
PUBLIC_ID = f"traya/scalp_images/{KEY}"
UPLOAD_KEY = "0f3c9a1e/upload"
UPLOAD_ID = f"traya/scalp_images/{UPLOAD_KEY}"
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4000
MOST_BYTES = 2_000_000
AT = datetime(2026, 3, 4, 5, 6, 7, 890_000, tzinfo=UTC)

GLOBALS = """
import cloudinary
cloudinary.config(
    cloud_name="elsewhere", api_key="1", api_secret="2", oauth_token="token", upload_prefix="http://127.0.0.1:1",
    upload_preset="public", signature_algorithm="sha1", signature_version=1,
)
"""
PROGRAM = """
import asyncio, sys
from pathlib import Path
from traya_gql.integrations.images.cloudinary_store import CloudinaryStore

async def main():
    prefix, cloud, key, secret, source = sys.argv[1:]
    store = CloudinaryStore(cloud_name=cloud, api_key=key, api_secret=secret, upload_prefix=prefix)
    await store.put("0f3c9a1e/640", Path(source))
    assert await store.holds("0f3c9a1e/640")
    await store.delete(["0f3c9a1e/640"])
    assert not await store.holds("0f3c9a1e/640")
    await store.close()

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def running() -> Iterator[CloudinaryStandIn]:
    with cloudinary_standin() as vendor:
        yield vendor


@pytest.fixture
def vendor(running: CloudinaryStandIn) -> CloudinaryStandIn:
    running.reset()
    return running


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(JPEG)
    return path


@asynccontextmanager
async def store_at(vendor: CloudinaryStandIn, **changes: Any) -> AsyncIterator[CloudinaryStore]:
    """The adapter for this vendor; it gives up late, so that only the tests of time-outs meet one."""
    usual: dict[str, Any] = {
        "cloud_name": CLOUD,
        "api_key": API_KEY,
        "api_secret": API_SECRET,
        "upload_prefix": vendor.prefix,
        "timeout_s": HANG_GUARD_S,
        "deadline_s": HANG_GUARD_S,
        "opens_for_s": HANG_GUARD_S,
        "longest_wait_s": 0.01,
    }
    store = CloudinaryStore(**{**usual, **changes})
    yield store
    await store.close()


async def every_call(store: CloudinaryStore, source: Path) -> list[BaseException | None]:
    """Make each call once; return what it raised."""
    calls = (
        store.put(KEY, source),
        store.holds(KEY),
        store.fetch(KEY, source.with_name("target"), most_bytes=MOST_BYTES),
        store.delete([KEY]),
    )
    raised: list[BaseException | None] = []
    for call in calls:
        try:
            await call
        except ImageStoreUnavailable as error:
            raised.append(error)
        else:
            raised.append(None)
    return raised


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(HANG_GUARD_S):
        while not condition():  # noqa: ASYNC110  # the vendor lives in another thread
            await asyncio.sleep(0.001)


# --- tickets, receipts, URLs --------------------------------------------------------------------------------------


async def test_a_ticket_is_a_signed_upload_of_a_private_picture_that_replaces_nothing() -> None:
    store = CloudinaryStore(cloud_name=CLOUD, api_key=API_KEY, api_secret=API_SECRET)

    ticket = store.ticket(KEY, at=AT, most_bytes=1, formats=["jpg", "heic"])

    signature = ticket.fields["signature"]
    assert ticket.url == f"https://api.cloudinary.com/v1_1/{CLOUD}/image/upload"
    assert ticket.fields == {
        "allowed_formats": "jpg,heic",
        "api_key": API_KEY,
        "discard_original_filename": "true",
        "overwrite": "false",
        "public_id": PUBLIC_ID,
        "signature": signature,
        "timestamp": str(int(AT.timestamp()) - 3000),
        "transformation": "a_exif/c_limit,fl_force_strip,h_4096,w_4096",
        "type": "authenticated",
    }
    assert len(signature) == 64
    assert ticket.expires_at == AT.replace(microsecond=0) + timedelta(minutes=10)


async def test_an_upload_by_ticket_is_stripped_and_turned_before_it_is_stored(vendor: CloudinaryStandIn) -> None:
    async with store_at(vendor) as store, httpx.AsyncClient(trust_env=False) as http:
        ticket = store.ticket(KEY, at=datetime.now(UTC), most_bytes=MOST_BYTES, formats=["jpg"])

        await http.post(ticket.url, data=dict(ticket.fields), files={"file": ("a.jpg", JPEG)})

    assert vendor.pictures[PUBLIC_ID].transformation == "a_exif/c_limit,fl_force_strip,h_4096,w_4096"


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
async def test_a_receipt_is_good_in_either_algorithm_of_the_account(vendor: CloudinaryStandIn, algorithm: str) -> None:
    vendor.answers_with = algorithm
    async with store_at(vendor) as store, httpx.AsyncClient(trust_env=False) as http:
        ticket = store.ticket(KEY, at=datetime.now(UTC), most_bytes=MOST_BYTES, formats=["jpg"])
        first = await http.post(ticket.url, data=dict(ticket.fields), files={"file": ("a.jpg", JPEG)})
        second = await http.post(ticket.url, data=dict(ticket.fields), files={"file": ("a.jpg", JPEG[:-1])})

        for answer in (first.json(), second.json()):
            assert store.is_receipt_good(KEY, version=str(answer["version"]), signature=answer["signature"])
        assert second.json()["existing"] is True
    vendor.answers_with = "sha1"


async def test_the_receipt_of_another_account_is_not_good() -> None:
    """A known answer: public_id and version, hashed by hand with another secret."""
    store = CloudinaryStore(cloud_name=CLOUD, api_key=API_KEY, api_secret="abcd")
    another = CloudinaryStore(cloud_name=CLOUD, api_key=API_KEY, api_secret="abce")
    signature = "e2ee4617273ca98e20f63906c92637ebc1d7edc4"

    assert store.is_receipt_good(KEY, version="1312461204", signature=signature)
    assert not another.is_receipt_good(KEY, version="1312461204", signature=signature)


async def test_a_url_is_a_signed_download_that_ends() -> None:
    store = CloudinaryStore(cloud_name=CLOUD, api_key=API_KEY, api_secret=API_SECRET)

    url, expires_at = store.url(KEY, at=AT)

    assert expires_at == datetime(2026, 3, 4, 5, 20, tzinfo=UTC)
    asked = httpx.URL(url)
    assert (asked.host, asked.path) == ("api.cloudinary.com", f"/v1_1/{CLOUD}/image/download")
    assert dict(asked.params) == {
        "api_key": API_KEY,
        "expires_at": str(int(expires_at.timestamp())),
        "format": "jpg",
        "public_id": PUBLIC_ID,
        "signature": asked.params["signature"],
        "timestamp": str(int(datetime(2026, 3, 4, 3, 0, tzinfo=UTC).timestamp())),
        "type": "authenticated",
    }


@pytest.mark.parametrize("action", ["destroy", "upload", "explicit"])
async def test_whoever_may_look_can_neither_delete_nor_replace(
    vendor: CloudinaryStandIn, source: Path, action: str
) -> None:
    """Cloudinary's signatures do not say for which call they are: the URL's must be too old for any other."""
    async with store_at(vendor) as store, httpx.AsyncClient(trust_env=False) as http:
        await store.put(KEY, source)
        url = httpx.URL(store.url(KEY, at=datetime.now(UTC)).url)

        answered = await http.post(
            f"{vendor.prefix}/v1_1/{CLOUD}/image/{action}", data=dict(url.params), files={"file": ("a.jpg", JPEG[:-1])}
        )

    assert (answered.status_code, answered.json()["error"]["message"]) == (400, "Stale request")
    assert vendor.pictures[PUBLIC_ID].content == JPEG


async def test_all_that_is_asked_is_private_and_renewed_at_the_content_network(
    vendor: CloudinaryStandIn, source: Path
) -> None:
    async with store_at(vendor) as store:
        assert await every_call(store, source) == [None] * 4

    put, holds, fetch, delete = vendor.asked
    assert {asked["type"] for asked in vendor.asked} == {"authenticated"}
    assert {asked["public_id"] for asked in vendor.asked} == {PUBLIC_ID}
    assert {len(asked["signature"]) for asked in vendor.asked} == {64}
    assert (put["overwrite"], put["invalidate"], delete["invalidate"]) == ("1", "1", "1")
    assert "format" not in fetch
    assert int(fetch["expires_at"]) - time.time() < 121
    assert set(holds) == {"api_key", "public_id", "signature", "timestamp", "type"}


@pytest.mark.parametrize("kind", ["raw", "video"])
async def test_a_ticket_that_was_used_for_another_kind_of_file_leaves_nothing_after_a_deletion(
    vendor: CloudinaryStandIn, kind: str
) -> None:
    """A signature leaves out the kind, which stands in the path: no ticket can be made for images alone."""
    async with store_at(vendor) as store, httpx.AsyncClient(trust_env=False) as http:
        ticket = store.ticket(UPLOAD_KEY, at=datetime.now(UTC), most_bytes=MOST_BYTES, formats=["jpg"])
        for to in (ticket.url, ticket.url.replace("/image/", f"/{kind}/")):
            sent = await http.post(to, data=dict(ticket.fields), files={"file": ("a.jpg", JPEG)})
            assert sent.status_code == 200
        lay = {kind: list(assets) for kind, assets in vendor.assets.items() if assets}
        assert lay == {"image": [UPLOAD_ID], kind: [UPLOAD_ID]}

        await store.delete([UPLOAD_KEY])

    assert vendor.assets == {"image": {}, "raw": {}, "video": {}}


async def test_only_what_has_tickets_is_looked_for_among_other_kinds_of_files(vendor: CloudinaryStandIn) -> None:
    async with store_at(vendor) as store:
        await store.delete([KEY, UPLOAD_KEY])

    assert sorted(asked["public_id"] for asked in vendor.asked) == [PUBLIC_ID, *[UPLOAD_ID] * 3]


async def test_the_receipt_of_another_kind_of_file_cannot_be_told_from_an_images_and_shows_nothing(
    vendor: CloudinaryStandIn, tmp_path: Path
) -> None:
    """What Cloudinary signs of an answer leaves out the kind too."""
    async with store_at(vendor) as store, httpx.AsyncClient(trust_env=False) as http:
        ticket = store.ticket(UPLOAD_KEY, at=datetime.now(UTC), most_bytes=MOST_BYTES, formats=["jpg"])
        raw = ticket.url.replace("/image/", "/raw/")
        taken = (await http.post(raw, data=dict(ticket.fields), files={"file": ("a.jpg", b"<html>")})).json()

        assert store.is_receipt_good(UPLOAD_KEY, version=str(taken["version"]), signature=taken["signature"])
        assert not await store.holds(UPLOAD_KEY)
        assert not await store.fetch(UPLOAD_KEY, tmp_path / "target", most_bytes=MOST_BYTES)


def test_the_name_of_the_store_is_that_of_the_cloud() -> None:
    store = CloudinaryStore(cloud_name="a-cloud", api_key=API_KEY, api_secret=API_SECRET)

    assert store.name == "cloudinary:a-cloud"


# --- a vendor that is not well ------------------------------------------------------------------------------------

FAILING = [
    CloudinaryMode.ERROR_500,
    CloudinaryMode.ERROR_503,
    CloudinaryMode.ODD_503,
    CloudinaryMode.ODD_ERROR,
    CloudinaryMode.HTML,
    CloudinaryMode.HTML_200,
    CloudinaryMode.HALF_CLOSE,
    CloudinaryMode.LIMITED_420,
    CloudinaryMode.LIMITED_429,
]


@pytest.mark.parametrize("mode", FAILING)
async def test_a_passing_failure_is_tried_again(vendor: CloudinaryStandIn, source: Path, mode: CloudinaryMode) -> None:
    async with store_at(vendor, failures_to_open=100) as store:
        vendor.next_modes.extend([mode, CloudinaryMode.SLOW] * 4)

        assert await every_call(store, source) == [None] * 4

    assert vendor.calls == 8
    assert source.with_name("target").read_bytes() == JPEG


@pytest.mark.parametrize("mode", FAILING)
async def test_a_failure_that_stays_is_unavailable_and_leaves_nothing(
    vendor: CloudinaryStandIn, source: Path, mode: CloudinaryMode
) -> None:
    vendor.mode = mode
    async with store_at(vendor, failures_to_open=100) as store:
        raised = await every_call(store, source)

    assert [str(error) for error in raised] == ["vendor cloudinary: failed"] * 4
    assert vendor.calls == 8
    assert vendor.pictures == {}
    assert names_in(source.parent) == ["source"]


@pytest.mark.parametrize(
    "mode, reasons",
    [
        (CloudinaryMode.UNAUTHORIZED, ["AuthorizationRequired", "AuthorizationRequired", "HTTP 401"]),
        (CloudinaryMode.BAD_REQUEST_400, ["BadRequest", "BadRequest", "HTTP 400"]),
    ],
)
async def test_a_refusal_is_not_tried_again_and_is_logged_without_values(
    vendor: CloudinaryStandIn,
    source: Path,
    caplog: pytest.LogCaptureFixture,
    mode: CloudinaryMode,
    reasons: list[str],
) -> None:
    vendor.mode = mode
    async with store_at(vendor) as store:
        raised = await every_call(store, source)

        vendor.mode = CloudinaryMode.OK
        await store.put(KEY, source)

    reasons = [*reasons, reasons[0]]
    assert [str(error) for error in raised] == [f"refused: {reason}" for reason in reasons]
    assert vendor.calls == 5
    did = ("store a picture", "look for a picture", "send a picture", "delete a picture")
    ours = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert ours == [f"Cloudinary refused to {what}: {why}" for what, why in zip(did, reasons, strict=True)]


async def test_a_wrong_secret_is_a_refusal(vendor: CloudinaryStandIn, source: Path) -> None:
    async with store_at(vendor, api_secret="another") as store:
        raised = await every_call(store, source)

    assert all(isinstance(error, ImageStoreUnavailable) for error in raised)
    assert vendor.pictures == {}


async def test_a_download_that_leads_elsewhere_is_not_followed(vendor: CloudinaryStandIn, tmp_path: Path) -> None:
    vendor.mode = CloudinaryMode.REDIRECT
    async with store_at(vendor) as store:
        with pytest.raises(ImageStoreUnavailable, match=r"^refused: HTTP 302$"):
            await store.fetch(KEY, tmp_path / "target", most_bytes=MOST_BYTES)

    assert vendor.calls == 1


async def test_a_vendor_that_cannot_be_reached_is_unavailable(source: Path) -> None:
    with cloudinary_standin() as gone:
        pass

    async with store_at(gone, failures_to_open=100) as store:
        raised = await every_call(store, source)

    assert [str(error) for error in raised] == ["vendor cloudinary: failed"] * 4


async def test_a_vendor_that_hangs_is_given_up_and_leaves_nothing(vendor: CloudinaryStandIn, source: Path) -> None:
    vendor.mode = CloudinaryMode.HANG
    async with store_at(vendor, timeout_s=0.4, attempts=1, failures_to_open=100) as store:
        raised = await every_call(store, source)
        # the SDK gives up by itself too: no thread is left behind
        async with asyncio.timeout(HANG_GUARD_S):
            await asyncio.to_thread(store._vendor._pool.shutdown)

    assert all(isinstance(error, ImageStoreUnavailable) for error in raised)
    assert vendor.pictures == {}
    assert names_in(source.parent) == ["source"]


async def test_the_loop_goes_on_while_the_vendor_hangs(vendor: CloudinaryStandIn, source: Path) -> None:
    vendor.mode = CloudinaryMode.HANG
    async with store_at(vendor) as store:
        calls = [asyncio.create_task(store.put(KEY, source)) for _ in range(8)]
        await until(lambda: vendor.calls == 4)

        for _ in range(100):
            await asyncio.sleep(0.001)
        assert not any(call.done() for call in calls)
        # the pool is bounded: the rest waits for a thread
        assert vendor.calls == 4

        vendor.mode = CloudinaryMode.OK
        await asyncio.gather(*calls)
    assert vendor.calls == 8


async def test_after_three_failed_attempts_the_vendor_is_left_alone(vendor: CloudinaryStandIn, source: Path) -> None:
    vendor.mode = CloudinaryMode.ERROR_503
    async with store_at(vendor) as store:
        for _ in range(2):
            with pytest.raises(ImageStoreUnavailable):
                await store.put(KEY, source)
        assert vendor.calls == 3

        vendor.mode = CloudinaryMode.OK
        with pytest.raises(ImageStoreUnavailable, match=r"^vendor cloudinary: breaker open$"):
            await store.holds(KEY)

    assert vendor.calls == 3


async def test_a_vendor_that_is_well_again_is_asked_again(vendor: CloudinaryStandIn, source: Path) -> None:
    vendor.next_modes.extend([CloudinaryMode.ERROR_503] * 3)
    async with store_at(vendor, opens_for_s=0.02, attempts=1) as store:
        for _ in range(3):
            with pytest.raises(ImageStoreUnavailable):
                await store.put(KEY, source)

        async with asyncio.timeout(HANG_GUARD_S):
            while not vendor.pictures:
                try:
                    await store.put(KEY, source)
                except ImageStoreUnavailable as error:
                    assert str(error) == "vendor cloudinary: breaker open"  # noqa: PT017  # how often is left open
                    await asyncio.sleep(0.01)

    assert vendor.calls == 4


async def test_a_picture_whose_answer_was_lost_is_sent_again_and_lies_there_once(
    vendor: CloudinaryStandIn, source: Path
) -> None:
    vendor.next_modes.append(CloudinaryMode.HALF_CLOSE)
    async with store_at(vendor) as store:
        await store.put(KEY, source)

    assert vendor.calls == 2
    assert [picture.content for picture in vendor.pictures.values()] == [JPEG]


async def test_a_fetch_that_is_cancelled_leaves_nothing(vendor: CloudinaryStandIn, tmp_path: Path) -> None:
    vendor.mode = CloudinaryMode.HANG
    async with store_at(vendor) as store:
        call = asyncio.create_task(store.fetch(KEY, tmp_path / "target", most_bytes=MOST_BYTES))
        await until(lambda: vendor.calls == 1)

        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    assert names_in(tmp_path) == []


# --- what never leaves the adapter --------------------------------------------------------------------------------


async def test_neither_logs_nor_errors_hold_the_secret_or_a_url_that_shows_a_picture(
    vendor: CloudinaryStandIn, source: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []

    with capture_logs() as structured:
        for mode in CloudinaryMode:
            vendor.reset()
            vendor.mode = mode
            timeout_s = 0.3 if mode is CloudinaryMode.HANG else HANG_GUARD_S
            async with store_at(vendor, timeout_s=timeout_s, attempts=1, failures_to_open=100) as store:
                raised = await every_call(store, source)
            told += ["".join(traceback.format_exception(error)) for error in raised if error is not None]

    assert len(told) > 40
    assert "traya_gql.integrations.vendors" in {record.name for record in caplog.records}
    told += [f"{record.getMessage()} {vars(record)}" for record in caplog.records] + [str(line) for line in structured]
    for secret in (API_SECRET, "signature=", "Unknown API key"):
        assert not [line for line in told if secret in line]


@pytest.mark.parametrize(
    "variables",
    [
        {"CLOUDINARY_URL": "no such scheme"},
        {
            "CLOUDINARY_URL": "cloudinary://1234:another@elsewhere?upload_prefix=http://127.0.0.1:1"
            "&oauth_token=token&api_proxy=http://127.0.0.1:1&upload_preset=public&signature_version=1"
        },
        {
            "CLOUDINARY_CLOUD_NAME": "elsewhere",
            "CLOUDINARY_OAUTH_TOKEN": "token",
            "CLOUDINARY_API_PROXY": "http://127.0.0.1:1",
            "CLOUDINARY_UPLOAD_PRESET": "public",
            "CLOUDINARY_USE_CACHE": "true",
        },
        {"HTTP_PROXY": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1"},
    ],
)
def test_the_environment_changes_nothing(vendor: CloudinaryStandIn, source: Path, variables: dict[str, str]) -> None:
    command = [sys.executable, "-c", PROGRAM, vendor.prefix, CLOUD, API_KEY, API_SECRET, str(source)]

    subprocess.run(command, check=True, timeout=HANG_GUARD_S, env={**os.environ, **variables})

    assert len(vendor.asked) == 4
    assert not [asked for asked in vendor.asked if "upload_preset" in asked]


def test_the_global_state_of_the_sdk_changes_nothing(vendor: CloudinaryStandIn, source: Path) -> None:
    command = [sys.executable, "-c", GLOBALS + PROGRAM, vendor.prefix, CLOUD, API_KEY, API_SECRET, str(source)]

    subprocess.run(command, check=True, timeout=HANG_GUARD_S)

    assert {len(asked["signature"]) for asked in vendor.asked} == {64}
    assert not [asked for asked in vendor.asked if "upload_preset" in asked]
