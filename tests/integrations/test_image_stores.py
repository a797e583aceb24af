"""What holds for every image store: each property is asked of Cloudinary's (a stand-in) and of the folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from tests.integrations.cloudinary_standin import (
    API_KEY,
    API_SECRET,
    CLOUD,
    CloudinaryStandIn,
    cloudinary_standin,
)
from tests.processes import HANG_GUARD_S
from traya_gql.integrations.images import (
    TICKET_LIFETIME,
    URL_LIFETIME,
    ImageStore,
    Ticket,
    TooManyBytes,
)
from traya_gql.integrations.images.cloudinary_store import CloudinaryStore
from traya_gql.integrations.images.local_store import LocalStore
from traya_gql.web import images

KEY = "0f3c9a1e/640"
UPLOAD_KEY = "0f3c9a1e/upload"
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40
OTHER_JPEG = b"\xff\xd8\xff\xe1" + bytes(reversed(range(256))) * 30
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
MOST_BYTES = 20_000
FORMATS = ("jpg", "png", "webp", "heic")

FAR = CloudinaryStore(cloud_name=CLOUD, api_key=API_KEY, api_secret=API_SECRET)
NEAR = LocalStore(Path("/nowhere"), "a secret of the tests, long enough to sign", "http://test")


@dataclass(frozen=True)
class Place:
    """A store, and a plain client for its addresses."""

    store: ImageStore
    http: httpx.AsyncClient
    folder: Path

    async def put(self, key: str, content: bytes) -> None:
        source = self.folder / "source"
        source.write_bytes(content)
        await self.store.put(key, source)

    async def fetch(self, key: str, *, most_bytes: int = MOST_BYTES) -> bytes | None:
        """Return what lies under a key; None when nothing does."""
        target = self.folder / "target"
        target.unlink(missing_ok=True)
        if not await self.store.fetch(key, target, most_bytes=most_bytes):
            assert not target.exists()
            return None
        return target.read_bytes()

    async def send(
        self, ticket: Ticket, content: bytes = JPEG, *, changes: Mapping[str, str] | None = None
    ) -> httpx.Response:
        return await self.http.post(
            ticket.url,
            data={**ticket.fields, **(changes or {})},
            files={"file": ("IMG_2041.jpg", content, "image/jpeg")},
        )

    def ticket(self, key: str = UPLOAD_KEY, *, age: timedelta = timedelta()) -> Ticket:
        return self.store.ticket(key, at=datetime.now(UTC) - age, most_bytes=MOST_BYTES, formats=FORMATS)

    def takes(self, key: str, answer: dict[str, Any], **changes: str) -> bool:
        receipt = {"version": str(answer["version"]), "signature": answer["signature"], **changes}
        return self.store.is_receipt_good(key, **receipt)


@pytest.fixture(scope="module")
def cloudinary() -> Iterator[CloudinaryStandIn]:
    with cloudinary_standin() as vendor:
        yield vendor


@asynccontextmanager
async def cloudinary_place(vendor: CloudinaryStandIn, folder: Path) -> AsyncIterator[Place]:
    vendor.reset()
    store = CloudinaryStore(
        cloud_name=CLOUD,
        api_key=API_KEY,
        api_secret=API_SECRET,
        upload_prefix=vendor.prefix,
        timeout_s=HANG_GUARD_S,
        deadline_s=HANG_GUARD_S,
    )
    async with httpx.AsyncClient(trust_env=False) as http:
        yield Place(store, http, folder)
    await store.close()


@asynccontextmanager
async def local_place(folder: Path) -> AsyncIterator[Place]:
    store = LocalStore(folder / "pictures", "a secret of the tests, long enough to sign", "http://test/")
    transport = httpx.ASGITransport(Starlette(routes=images.routes(store)))
    async with httpx.AsyncClient(transport=transport) as http:
        yield Place(store, http, folder)
    await store.close()


@pytest.fixture(params=["cloudinary", "local"])
async def place(request: pytest.FixtureRequest, cloudinary: CloudinaryStandIn, tmp_path: Path) -> AsyncIterator[Place]:
    made = cloudinary_place(cloudinary, tmp_path) if request.param == "cloudinary" else local_place(tmp_path)
    async with made as place:
        yield place


# --- put, fetch, holds, delete ------------------------------------------------------------------------------------


async def test_what_was_put_is_held_and_fetched(place: Place) -> None:
    await place.put(KEY, JPEG)

    assert await place.store.holds(KEY)
    assert await place.fetch(KEY) == JPEG


async def test_nothing_lies_under_other_keys(place: Place) -> None:
    await place.put(KEY, JPEG)

    for other in (UPLOAD_KEY, "0f3c9a1f/640", "0f3c9a1e/64"):
        assert not await place.store.holds(other)
        assert await place.fetch(other) is None


async def test_a_second_put_replaces_the_first(place: Place) -> None:
    await place.put(KEY, JPEG)

    await place.put(KEY, OTHER_JPEG)

    assert await place.fetch(KEY) == OTHER_JPEG


async def test_a_fetch_takes_no_more_than_it_was_told_and_leaves_nothing(place: Place) -> None:
    await place.put(KEY, JPEG)

    with pytest.raises(TooManyBytes):
        await place.fetch(KEY, most_bytes=len(JPEG) - 1)

    assert not (place.folder / "target").exists()
    assert await place.fetch(KEY, most_bytes=len(JPEG)) == JPEG


async def test_what_was_fetched_is_only_the_servers_own(place: Place) -> None:
    await place.put(KEY, JPEG)

    await place.fetch(KEY)

    assert (place.folder / "target").stat().st_mode & 0o777 == 0o600


async def test_a_file_that_is_not_there_is_the_callers_fault(place: Place) -> None:
    with pytest.raises(FileNotFoundError):
        await place.store.put(KEY, place.folder / "nowhere")

    assert not await place.store.holds(KEY)


async def test_what_was_deleted_is_gone_and_the_rest_is_not(place: Place) -> None:
    keys = [f"0f3c9a1e/{width}" for width in range(320, 330)]
    for key in keys:
        await place.put(key, JPEG)

    await place.store.delete([*keys[1:], "never/there"])

    assert [await place.store.holds(key) for key in keys] == [True, *[False] * 9]


async def test_deleting_again_is_no_fault(place: Place) -> None:
    await place.put(KEY, JPEG)

    await place.store.delete([KEY])
    await place.store.delete([KEY])
    await place.store.delete([])

    assert not await place.store.holds(KEY)


@pytest.mark.parametrize(
    "key",
    ["", "one", "a/", "/a", "a/b/c", "../a", "a/..", "./a", "a/.", "a\0/b", "a/b\n", "ä/b", "a b/c", "a/b?c", "a%2f/b"],
)
async def test_what_is_no_key_is_the_callers_fault(place: Place, key: str) -> None:
    at = datetime.now(UTC)

    with pytest.raises(ValueError, match="a key has two parts"):
        await place.store.holds(key)
    with pytest.raises(ValueError, match="a key has two parts"):
        await place.fetch(key)
    with pytest.raises(ValueError, match="a key has two parts"):
        await place.put(key, JPEG)
    with pytest.raises(ValueError, match="a key has two parts"):
        await place.store.delete([KEY, key])
    with pytest.raises(ValueError, match="a key has two parts"):
        place.store.ticket(key, at=at, most_bytes=1, formats=FORMATS)
    with pytest.raises(ValueError, match="a key has two parts"):
        place.store.url(key, at=at)
    assert not place.store.is_receipt_good(key, version="1", signature="0" * 64)


async def test_a_store_has_a_name_that_says_of_what_kind_it_is(place: Place) -> None:
    kind, colon, which = place.store.name.partition(":")

    assert kind in {"cloudinary", "local"}
    assert (colon, bool(which)) == (":", True)
    assert place.store.name == f"{kind}:{which}"


# --- uploads by ticket --------------------------------------------------------------------------------------------


async def test_a_ticket_takes_one_file(place: Place) -> None:
    answered = await place.send(place.ticket())

    assert answered.status_code == 200, answered.text
    assert answered.json()["bytes"] == len(JPEG)
    assert place.takes(UPLOAD_KEY, answered.json())
    assert await place.fetch(UPLOAD_KEY) == JPEG


async def test_a_ticket_ends_after_ten_minutes(place: Place) -> None:
    at = datetime.now(UTC)

    ticket = place.store.ticket(UPLOAD_KEY, at=at, most_bytes=MOST_BYTES, formats=FORMATS)

    assert timedelta(seconds=-1) < ticket.expires_at - at - TICKET_LIFETIME <= timedelta()


async def test_a_ticket_that_has_ended_takes_nothing(place: Place) -> None:
    answered = await place.send(place.ticket(age=TICKET_LIFETIME + timedelta(seconds=2)))

    assert answered.status_code in {400, 403}
    assert "message" in answered.json()["error"]
    assert not await place.store.holds(UPLOAD_KEY)


async def test_a_ticket_takes_files_until_just_before_its_end(place: Place) -> None:
    answered = await place.send(place.ticket(age=TICKET_LIFETIME - timedelta(seconds=30)))

    assert answered.status_code == 200, answered.text


async def test_a_ticket_whose_fields_were_changed_takes_nothing(place: Place) -> None:
    ticket = place.ticket()

    for name, value in ticket.fields.items():
        changed = {name: value[:-1] + ("0" if value[-1] != "0" else "1")}
        answered = await place.send(ticket, changes=changed)
        assert answered.status_code in {401, 403}, name

    for key in (UPLOAD_KEY, "0f3c9a1e/uploa0"):
        assert not await place.store.holds(key)


async def test_a_second_use_of_a_ticket_replaces_nothing(place: Place) -> None:
    ticket = place.ticket()
    await place.send(ticket)

    await place.send(ticket, OTHER_JPEG)

    assert await place.fetch(UPLOAD_KEY) == JPEG


async def test_a_ticket_takes_no_format_that_it_does_not_name(place: Place) -> None:
    ticket = place.store.ticket(UPLOAD_KEY, at=datetime.now(UTC), most_bytes=MOST_BYTES, formats=["jpg"])

    for content in (PNG, b"<svg onload='alert(1)'/>", b"GIF89a" + bytes(50)):
        assert (await place.send(ticket, content)).status_code in {400, 415}

    assert not await place.store.holds(UPLOAD_KEY)
    assert (await place.send(ticket, JPEG)).status_code == 200


async def test_a_ticket_does_not_hold_the_secret(place: Place) -> None:
    shown = str(place.ticket()) + place.store.url(KEY, at=datetime.now(UTC)).url

    assert API_SECRET not in shown
    assert "long enough to sign" not in shown


# --- receipts -----------------------------------------------------------------------------------------------------


async def test_a_receipt_is_good_for_its_own_key_and_version_only(place: Place) -> None:
    first = (await place.send(place.ticket())).json()
    other = (await place.send(place.ticket("another1/upload"))).json()

    assert place.takes(UPLOAD_KEY, first)
    assert place.takes("another1/upload", other)
    assert not place.takes("another1/upload", first)
    assert not place.takes(UPLOAD_KEY, first, version=str(int(first["version"]) + 1))
    assert not place.takes(UPLOAD_KEY, first, signature=first["signature"][:-1])
    assert not place.takes(UPLOAD_KEY, first, signature=first["signature"].upper())


async def test_no_other_signature_of_the_store_is_a_receipt(place: Place) -> None:
    ticket = place.ticket()
    url = httpx.URL(place.store.url(UPLOAD_KEY, at=datetime.now(UTC)).url)

    for signature in (ticket.fields["signature"], url.params["signature"]):
        for version in (url.params["expires" if "expires" in url.params else "expires_at"], "1"):
            assert not place.store.is_receipt_good(UPLOAD_KEY, version=version, signature=signature)


@settings(deadline=None, max_examples=200)
@given(
    key=st.one_of(st.just(UPLOAD_KEY), st.text()),
    version=st.one_of(st.from_regex(r"[0-9]{1,20}", fullmatch=True), st.text()),
    signature=st.one_of(st.from_regex(r"[0-9a-f]{40}|[0-9a-f]{64}", fullmatch=True), st.text()),
)
@example(key=UPLOAD_KEY, version="9" * 100_000, signature="0" * 40)
@example(key=UPLOAD_KEY, version="1", signature="0" * 1_000_000)
@example(key=UPLOAD_KEY, version="1", signature="é" * 40)
@example(key=UPLOAD_KEY, version="1", signature="\ud800" * 64)
@example(key=UPLOAD_KEY, version="1\n", signature="0" * 40)
@example(key=UPLOAD_KEY, version="१", signature="0" * 40)
@example(key="\ud800/upload", version="1", signature="0" * 40)
def test_what_a_stranger_makes_up_is_no_receipt(key: str, version: str, signature: str) -> None:
    assert NEAR.is_receipt_good(key, version=version, signature=signature) is False
    assert FAR.is_receipt_good(key, version=version, signature=signature) is False


# --- URLs ---------------------------------------------------------------------------------------------------------


async def test_a_url_shows_the_picture(place: Place) -> None:
    await place.put(KEY, JPEG)

    shown = await place.http.get(place.store.url(KEY, at=datetime.now(UTC)).url)

    assert (shown.status_code, shown.content) == (200, JPEG)
    assert shown.headers["content-type"] in {"image/jpeg", "image/jpg"}


async def test_a_url_that_has_ended_shows_nothing(place: Place) -> None:
    await place.put(KEY, JPEG)

    shown = await place.http.get(place.store.url(KEY, at=datetime.now(UTC) - 2 * URL_LIFETIME).url)

    assert shown.status_code in {401, 403}


async def test_a_url_that_was_changed_shows_nothing(place: Place) -> None:
    await place.put(KEY, JPEG)
    await place.put("0f3c9a1e/320", JPEG)
    url = httpx.URL(place.store.url(KEY, at=datetime.now(UTC)).url)

    ends = "expires" if "expires" in url.params else "expires_at"
    for changed in (
        str(url).replace("/640", "/320").replace("%2F640", "%2F320"),
        url.copy_set_param(ends, str(int(url.params[ends]) + 600)),
        url.copy_set_param("signature", "0" * 64),
        url.copy_set_param("signature", "é"),
        url.copy_remove_param("signature"),
        url.copy_remove_param(ends),
    ):
        assert (await place.http.get(changed)).status_code in {400, 401, 403}, changed


async def test_the_url_of_what_is_not_there_shows_nothing(place: Place) -> None:
    assert (await place.http.get(place.store.url(KEY, at=datetime.now(UTC)).url)).status_code == 404


async def test_the_signature_of_a_url_opens_no_upload(place: Place) -> None:
    await place.put(KEY, JPEG)
    url = httpx.URL(place.store.url(KEY, at=datetime.now(UTC)).url)
    ticket = place.ticket(KEY)

    for fields in (dict(url.params), {**ticket.fields, "signature": url.params["signature"]}):
        answered = await place.http.post(ticket.url, data=fields, files={"file": ("a.jpg", OTHER_JPEG)})
        assert answered.status_code in {400, 401, 403}

    assert await place.fetch(KEY) == JPEG


@settings(deadline=None)
@given(
    at=st.datetimes(datetime(2025, 1, 1), datetime(2060, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)),  # noqa: DTZ001
    later=st.timedeltas(timedelta(), URL_LIFETIME),
)
@example(at=datetime(2026, 1, 1, tzinfo=UTC), later=URL_LIFETIME)
@example(at=datetime(2026, 1, 1, tzinfo=UTC), later=URL_LIFETIME - timedelta(microseconds=1))
@pytest.mark.parametrize("store", [FAR, NEAR])
def test_a_url_stays_the_same_within_its_window_and_lives_one_to_two_lifetimes(
    store: ImageStore, at: datetime, later: timedelta
) -> None:
    first, second = store.url(KEY, at=at), store.url(KEY, at=at + later)

    assert URL_LIFETIME <= first.expires_at - at <= 2 * URL_LIFETIME
    assert (first == second) == (first.expires_at == second.expires_at)
    assert (first == second) == (at + later < first.expires_at - URL_LIFETIME)
    assert str(int(first.expires_at.timestamp())) in first.url
