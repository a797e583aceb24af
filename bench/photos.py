"""Photos for measurements, and how a client sends them."""

from __future__ import annotations

import asyncio
import io
import json
import random
import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

from PIL import Image, ImageChops

from bench.load import WrongAnswer
from traya_gql.domain.photo_texts import PHOTO_TEXTS

CONSENT = {"isGiven": True, "noticeVersion": PHOTO_TEXTS.notice.version}
TWELVE_MEGAPIXELS = (4000, 3000)
EIGHT_MEGAPIXELS = (3264, 2448)

_GRAIN = 8
_SKIN = (25, -5, -25)


class Form(NamedTuple):
    """A body of multipart/form-data."""

    content_type: str
    body: bytes


class Answer(NamedTuple):
    """What a server said."""

    status: int
    body: bytes


def jpegs(count: int, *, size: tuple[int, int], quality: int = 85) -> list[bytes]:
    """Return different pictures with the grain of a camera's: 12 megapixels of quality 90 come to some 4 MB."""
    grain = Image.effect_noise(size, _GRAIN)
    width, height = size
    pictures = []
    for number in range(count):
        moved = ImageChops.offset(grain, width * number // count, height * number // count)
        # wider than a byte only at the ends, which this grain does not reach
        bands = [moved.point([min(max(value + shift, 0), 255) for value in range(256)]) for shift in _SKIN]
        stored = io.BytesIO()
        Image.merge("RGB", bands).save(stored, "JPEG", quality=quality)
        pictures.append(stored.getvalue())
    return pictures


def form(fields: Mapping[str, str], *, file_field: str, content: bytes) -> Form:
    """Return the body that a browser's form sends: the fields, and last the file."""
    boundary = secrets.token_hex(16)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{file_field}"; filename="scalp.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    body = b"".join(["".join(parts).encode(), content, f"\r\n--{boundary}--\r\n".encode()])
    return Form(f"multipart/form-data; boundary={boundary}", body)


def graphql_form(query: str, variables: dict[str, Any], *, content: bytes) -> Form:
    """Return a multipart request of GraphQL whose variable `file` is a file."""
    operations = json.dumps({"query": query, "variables": {**variables, "file": None}})
    fields = {"operations": operations, "map": '{"0": ["variables.file"]}'}
    return form(fields, file_field="0", content=content)


class Connection:
    """A kept connection to a server of this machine. Each request comes from an address of its own, as in `load.py`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> Connection:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def post(self, path: str, sent: Form) -> Answer:
        address = f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}"
        head = [
            f"POST {path} HTTP/1.1",
            "Host: 127.0.0.1",
            "GraphQL-Require-Preflight: 1",
            f"Content-Type: {sent.content_type}",
            f"Content-Length: {len(sent.body)}",
            f"X-Forwarded-For: {address}",
        ]
        self._writer.write("\r\n".join([*head, "", ""]).encode())
        self._writer.write(sent.body)
        await self._writer.drain()
        answered = await self._reader.readuntil(b"\r\n\r\n")
        length = int(answered.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        return Answer(int(answered[9:12]), await self._reader.readexactly(length))

    async def ask(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Post an operation of one field, and return its payload, whose `userErrors` are asked for.

        Raises:
            WrongAnswer: there are errors.
        """
        sent = Form("application/json", json.dumps({"query": query, "variables": variables}).encode())
        answer = await self.post("/graphql", sent)
        told = json.loads(answer.body)
        payload: dict[str, Any] | None
        (payload,) = (told.get("data") or {"": None}).values()
        if "errors" in told or payload is None or payload["userErrors"]:
            raise WrongAnswer(f"{answer.status} {answer.body[:500].decode()}")
        return payload

    def close(self) -> None:
        self._writer.close()
