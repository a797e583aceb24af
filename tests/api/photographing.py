"""What tests of photos share: pictures, and a client that sends them as a browser does."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

import httpx
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from tests.support import SAFE, GraphClient, hair_test
from tests.worker.working import until
from traya_gql.domain.photo_texts import PHOTO_TEXTS
from traya_gql.schema.common import read_node_id

CONSENT = {"isGiven": True, "noticeVersion": PHOTO_TEXTS.notice.version}

CREATE = """mutation ($input: CreateScalpPhotoUploadInput!) {
  createScalpPhotoUpload(input: $input) {
    photo { id state }
    accessToken accessTokenExpiresAt
    upload { url fields { name value } fileField formats maxBytes expiresAt }
    userErrors { code path message }
  }
}"""
COMPLETE = """mutation ($input: CompleteScalpPhotoUploadInput!) {
  completeScalpPhotoUpload(input: $input) { photo { id state } userErrors { code path message } }
}"""
DELETE = """mutation ($input: DeleteScalpPhotoInput!) {
  deleteScalpPhoto(input: $input) { photo { id state deletedAt } userErrors { code path message } }
}"""
_SEEN = """id state width height isUsable repeatsId deletedAt
    hints { code message } rejection { code message }
    full: url(size: FULL) { url expiresAt } medium: url { url } small: url(size: SMALL) { url }"""
PHOTO = f"query ($id: ID!, $token: String) {{ scalpPhoto(id: $id, accessToken: $token) {{ {_SEEN} }} }}"
SUBMIT = f"""mutation ($input: SubmitHairTestInput!) {{
  submitHairTest(input: $input) {{
    accessToken isReplay
    report {{ id publicId confidence inputsHash hairTest {{ id photos {{ {_SEEN} }} }} }}
    userErrors {{ code path message }}
  }}
}}"""
REPORT = f"""query ($key: String!, $token: String) {{
  report(publicId: $key, accessToken: $token) {{
    confidence inputsHash hairTest {{ id photos {{ {_SEEN} }} }}
  }}
}}"""

ANSWERED: dict[str, Any] = {
    **SAFE,
    "durationMonths": 12,
    "smoker": False,
    "lastYearEvents": "NONE",
    "knownDeficiencies": "NONE",
    "itch": False,
    "sleepsUnderSixHours": False,
    "constipation": "NO",
}
"""With these, a man has answered everything that an assessment weighs."""


class SentPhoto(NamedTuple):
    """A photo, and the token that opens it."""

    id: str
    token: str

    @property
    def key(self) -> UUID:
        """Its key in the database."""
        return UUID(hex=read_node_id(self.id).key)

    @property
    def named(self) -> dict[str, str]:
        """What a hair test says of it."""
        return {"id": self.id, "accessToken": self.token}


# --- pictures ---------------------------------------------------------------------------------------------------------


def drawn(*, shift: int = 0, size: tuple[int, int] = (1200, 900)) -> Image.Image:
    """Return a sharp, well-lit picture; another `shift` gives another picture."""
    image = Image.new("RGB", size, (150, 110, 90))
    draw = ImageDraw.Draw(image)
    width, height = size
    for line in range(-height, width, 14):
        draw.line((line + shift * 5, 0, line + height // (1 + shift % 4), height), fill=(40, 25, 20), width=3)
    box = (width * shift // 7, height // 3, width * shift // 7 + width // 3, height * 2 // 3)
    draw.ellipse(box, fill=(225, 190, 170))
    return image


def stored(image: Image.Image, format_: str = "JPEG", **options: Any) -> bytes:
    """Return a picture as a file."""
    file = io.BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


def picture(*, shift: int = 0, size: tuple[int, int] = (1200, 900), format_: str = "JPEG", **options: Any) -> bytes:
    """Return the file of a good picture; another `shift` gives another picture."""
    return stored(drawn(shift=shift, size=size), format_, **options)


def blurred() -> bytes:
    return stored(drawn().filter(ImageFilter.GaussianBlur(12)))


def dark() -> bytes:
    return stored(ImageEnhance.Brightness(drawn(shift=1)).enhance(0.15))


def of_bytes(length: int) -> bytes:
    """Return the file of a good picture that is exactly so long: what follows its end is skipped."""
    file = picture()
    return file + b"\0" * (length - len(file))


# --- a client ---------------------------------------------------------------------------------------------------------


async def begin(client: GraphClient, *, bearer: str | None = None) -> dict[str, Any]:
    """Return the payload of a new upload."""
    answer = await client.data(CREATE, bearer=bearer, input={"consent": CONSENT})
    payload: dict[str, Any] = answer["createScalpPhotoUpload"]
    assert payload["userErrors"] == []
    return payload


async def begin_photo(client: GraphClient, *, bearer: str | None = None) -> SentPhoto:
    """Return a photo whose file is awaited."""
    payload = await begin(client, bearer=bearer)
    return SentPhoto(payload["photo"]["id"], payload["accessToken"])


async def send(http: httpx.AsyncClient, upload: dict[str, Any], file: bytes) -> httpx.Response:
    """Send a file with a ticket, as a browser's form does."""
    return await http.post(
        upload["url"],
        data={field["name"]: field["value"] for field in upload["fields"]},
        files={upload["fileField"]: ("scalp.jpg", file, "image/jpeg")},
    )


def receipt_of(sent: httpx.Response) -> dict[str, str]:
    """Return what was answered to an upload, as the graph takes it."""
    assert sent.status_code == 200, sent.text
    return {"version": str(sent.json()["version"]), "signature": sent.json()["signature"]}


async def complete(
    client: GraphClient, photo: SentPhoto, receipt: Mapping[str, str] | None = None, *, bearer: str | None = None
) -> dict[str, Any]:
    """Return the payload of a photo that is said to have arrived."""
    typed = {"photoId": photo.id, "accessToken": photo.token, "receipt": receipt}
    answer = await client.data(COMPLETE, bearer=bearer, input=typed)
    payload: dict[str, Any] = answer["completeScalpPhotoUpload"]
    return payload


async def send_photo(
    client: GraphClient, file: bytes, *, bearer: str | None = None, http: httpx.AsyncClient | None = None
) -> SentPhoto:
    """Send a photo as a front end does, all of it."""
    payload = await begin(client, bearer=bearer)
    photo = SentPhoto(payload["photo"]["id"], payload["accessToken"])
    receipt = receipt_of(await send(http or client.http, payload["upload"], file))
    assert await complete(client, photo, receipt, bearer=bearer) == {
        "photo": {"id": photo.id, "state": "STORED"},
        "userErrors": [],
    }
    return photo


async def see(client: GraphClient, photo: SentPhoto, *, bearer: str | None = None) -> dict[str, Any] | None:
    """Return a photo as who has its token sees it."""
    seen: dict[str, Any] | None = (await client.data(PHOTO, bearer=bearer, id=photo.id, token=photo.token))[
        "scalpPhoto"
    ]
    return seen


async def until_state(client: GraphClient, photo: SentPhoto, *states: str, bearer: str | None = None) -> dict[str, Any]:
    """Wait until a photo is in one of these states, and return it."""

    async def reached() -> dict[str, Any] | None:
        seen = await see(client, photo, bearer=bearer)
        assert seen is not None
        return seen if seen["state"] in states else None

    found: dict[str, Any] = await until(reached)
    return found


async def delete(client: GraphClient, photo: SentPhoto, *, bearer: str | None = None) -> dict[str, Any]:
    """Return the payload of a photo that is deleted."""
    typed = {"photoId": photo.id, "accessToken": photo.token}
    payload: dict[str, Any] = (await client.data(DELETE, bearer=bearer, input=typed))["deleteScalpPhoto"]
    return payload


class Submitted(NamedTuple):
    """A hair test that was submitted: its report, and the token that opens it."""

    report: dict[str, Any]
    token: str

    @property
    def hair_test_id(self) -> str:
        """Its id."""
        found: str = self.report["hairTest"]["id"]
        return found

    @property
    def hair_test_key(self) -> UUID:
        """Its key in the database."""
        return UUID(hex=read_node_id(self.hair_test_id).key)

    @property
    def photos(self) -> list[dict[str, Any]]:
        """Its photos, as they were then."""
        found: list[dict[str, Any]] = self.report["hairTest"]["photos"]
        return found


async def submit(client: GraphClient, *photos: SentPhoto, bearer: str | None = None, **changes: Any) -> Submitted:
    """Submit a hair test that names photos."""
    typed = {**hair_test(**{**ANSWERED, **changes}), "scalpPhotos": [photo.named for photo in photos]}
    payload = (await client.data(SUBMIT, bearer=bearer, input=typed))["submitHairTest"]
    assert payload["userErrors"] == []
    return Submitted(payload["report"], payload["accessToken"])


async def report_of(client: GraphClient, made: Submitted) -> dict[str, Any]:
    """Return a report as who has its token reads it now."""
    found: dict[str, Any] = (await client.data(REPORT, key=made.report["publicId"], token=made.token))["report"]
    return found
