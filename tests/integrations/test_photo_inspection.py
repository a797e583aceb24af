"""Photos of strangers: what is made of each kind of file, and what happens when the process that opens them misbehaves.

`pytest -m slow -s tests/integrations/test_photo_inspection.py -k figures` prints how much memory and time photos take.
"""

from __future__ import annotations

import asyncio
import errno
import json
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import psutil
import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms, ImageStat

from tests.integrations.pictures import (
    NO_PICTURES,
    OTHER_PICTURES,
    SECRET,
    SKIN,
    blurred,
    exif,
    grey_16_bit_png,
    heic,
    heic_of_parts,
    iso_box,
    jpeg,
    lit,
    mpo,
    png,
    png_chunk,
    raw_jpeg,
    raw_png,
    scalp,
    slow_jpeg,
    webp,
    with_segments,
)
from tests.processes import HANG_GUARD_S, eventually, eventually_dead
from traya_gql.domain.photos import (
    MOST_BYTES,
    SAME_PHOTO_DISTANCE,
    Inspected,
    PhotoFormat,
    PhotoHint,
    PhotoSize,
    RejectionReason,
    distance,
    hints_of,
)
from traya_gql.integrations.images.confinement import MEMORY_BYTES, landlock_version
from traya_gql.integrations.images.handover import MOST_COPY_BYTES
from traya_gql.integrations.images.headers import MOST_SCANS, MOST_SEGMENTS, refusal_of
from traya_gql.integrations.images.inspection import PICTURES_PER_EXAMINER, InspectionFailed, PhotoInspector

Encoder = Callable[..., bytes]
Drawer = Callable[[], bytes]
"""Draws what a test sends, when it runs: whoever only collects the tests does not wait for it."""

MODULE = "traya_gql.integrations.images.examiner"
FORMATS: dict[PhotoFormat, Encoder] = {
    PhotoFormat.JPEG: jpeg,
    PhotoFormat.PNG: png,
    PhotoFormat.WEBP: webp,
    PhotoFormat.HEIC: heic,
}


@cache
def plain(photo_format: PhotoFormat) -> bytes:
    return FORMATS[photo_format]()


COPIES = sorted(size.file_name for size in PhotoSize)

DRAWN = scalp(1, size=(400, 300))


@pytest.fixture(scope="module")
async def inspector() -> AsyncIterator[PhotoInspector]:
    """The real one, shared by the tests that only show it pictures."""
    made = PhotoInspector(timeout_s=HANG_GUARD_S)
    yield made
    await made.close()


class Look:
    """Shows files to an inspector, and holds what it wrote about the last one."""

    def __init__(self, inspector: PhotoInspector, folder: Path) -> None:
        self._inspector = inspector
        self.folder = folder

    async def at(self, data: bytes, *, name: str = "upload") -> Inspected | RejectionReason:
        source = self.folder / name
        source.write_bytes(data)
        try:
            return await self._inspector.inspect(source, self.folder)
        finally:
            source.unlink()

    async def at_photo(self, data: bytes) -> Inspected:
        """Look at what must be taken."""
        found = await self.at(data)
        assert isinstance(found, Inspected), found
        return found

    @property
    def written(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def copy(self, size: PhotoSize = PhotoSize.FULL) -> Image.Image:
        with Image.open(self.folder / size.file_name, formats=["JPEG"]) as image:
            image.load()
            return image

    def bytes_written(self) -> bytes:
        return b"".join((self.folder / name).read_bytes() for name in COPIES)


@pytest.fixture
def look(inspector: PhotoInspector, tmp_path: Path) -> Look:
    return Look(inspector, tmp_path)


def difference(first: Image.Image, second: Image.Image) -> float:
    """Return by how much two images of one size differ, in steps of 255, as the mean of all pixels and channels."""
    return sum(ImageStat.Stat(ImageChops.difference(first.convert("RGB"), second.convert("RGB"))).mean) / 3


def segments(data: bytes) -> set[int]:
    """Return the markers of a JPEG up to its first scan."""
    found, place = set(), 2
    while data[place + 1] != 0xDA:
        found.add(data[place + 1])
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return found


# --- photos that are taken --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("photo_format", PhotoFormat)
async def test_a_photo_of_each_format_is_kept_as_three_jpegs(look: Look, photo_format: PhotoFormat) -> None:
    sent = scalp(1)

    found = await look.at_photo(FORMATS[photo_format](sent))

    assert (found.format, found.width, found.height) == (photo_format, 1600, 1200)
    assert found.measures.shorter_side_px == 1200
    assert hints_of(found.measures) == ()
    assert look.written == COPIES
    assert [look.copy(size).size for size in PhotoSize] == [(1600, 1200), (640, 480), (160, 120)]
    for size in PhotoSize:
        kept = look.copy(size)
        assert (kept.mode, kept.info.get("progressive")) == ("RGB", 1)
        assert difference(kept, sent.resize(kept.size, Image.Resampling.LANCZOS)) < 8
        # tables, one progressive frame, and the JFIF header that says nothing
        assert segments((look.folder / size.file_name).read_bytes()) == {0xE0, 0xDB, 0xC2, 0xC4}


@pytest.mark.parametrize("photo_format", PhotoFormat)
@pytest.mark.parametrize("name", ["photo.jpg", "photo.png", "photo.svg"])
async def test_the_name_of_a_file_says_nothing(look: Look, photo_format: PhotoFormat, name: str) -> None:
    found = await look.at(plain(photo_format), name=name)

    assert isinstance(found, Inspected)
    assert found.format is photo_format


@pytest.mark.parametrize(
    ("sent", "sizes"),
    [
        ((4032, 3024), [(2048, 1536), (640, 480), (160, 120)]),
        ((3024, 4032), [(1536, 2048), (480, 640), (120, 160)]),
        ((2048, 2048), [(2048, 2048), (640, 640), (160, 160)]),
        ((700, 500), [(700, 500), (640, 457), (160, 114)]),
        ((100, 80), [(100, 80), (100, 80), (100, 80)]),
        ((32, 32), [(32, 32), (32, 32), (32, 32)]),
        ((8000, 130), [(2048, 33), (640, 10), (160, 2)]),
    ],
)
async def test_copies_keep_their_shape_and_are_never_enlarged(
    look: Look, sent: tuple[int, int], sizes: list[tuple[int, int]]
) -> None:
    found = await look.at_photo(jpeg(scalp(1, size=sent)))

    assert [look.copy(size).size for size in PhotoSize] == sizes
    assert (found.width, found.height) == sizes[0]
    assert found.measures.shorter_side_px == min(sent)


BACK = {
    2: [Image.Transpose.FLIP_LEFT_RIGHT],
    3: [Image.Transpose.ROTATE_180],
    4: [Image.Transpose.FLIP_TOP_BOTTOM],
    5: [Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_90],
    6: [Image.Transpose.ROTATE_90],
    7: [Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_270],
    8: [Image.Transpose.ROTATE_270],
}
"""What a camera that was held otherwise does to a picture, by the orientation that it notes. Source: Exif 2.32."""


@pytest.mark.parametrize("photo_format", PhotoFormat)
@pytest.mark.parametrize("orientation", range(1, 9))
async def test_a_photo_is_kept_the_right_way_up(look: Look, photo_format: PhotoFormat, orientation: int) -> None:
    upright = scalp(3, size=(400, 300))
    held = upright
    for turn in BACK.get(orientation, []):
        held = held.transpose(turn)
    plain = await look.at_photo(FORMATS[photo_format](upright))

    found = await look.at_photo(FORMATS[photo_format](held, exif=exif(orientation=orientation).tobytes()))

    assert (found.width, found.height) == (400, 300)
    assert difference(look.copy(), upright) < 8
    assert distance(found.fingerprint, plain.fingerprint) <= 2


@pytest.mark.parametrize("photo_format", PhotoFormat)
async def test_nothing_that_was_stored_inside_is_kept(look: Look, photo_format: PhotoFormat) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + SECRET + b"</x:xmpmeta>"
    sent = FORMATS[photo_format](exif=exif().tobytes(), icc_profile=profile, xmp=xmp)
    assert sent.count(SECRET) >= 2 - (photo_format is PhotoFormat.PNG)

    await look.at_photo(sent)

    assert SECRET not in look.bytes_written()
    assert b"acsp" not in look.bytes_written()
    assert b"Exif" not in look.bytes_written()
    for size in PhotoSize:
        assert set(look.copy(size).info) <= {
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
            "progressive",
            "progression",
        }


async def test_comments_thumbnails_and_iptc_are_dropped(look: Look) -> None:
    iptc = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(SECRET)) + SECRET
    sent = with_segments(jpeg(), (0xFE, SECRET), (0xED, iptc), (0xE2, b"MPF\0" + SECRET), (0xEF, SECRET))

    await look.at_photo(sent)

    assert SECRET not in look.bytes_written()


@pytest.mark.parametrize("photo_format", PhotoFormat)
@pytest.mark.parametrize(
    "payload",
    [
        b"PK\x03\x04" + SECRET + b"PK\x05\x06" + bytes(18),
        b"<html><script>alert('" + SECRET + b"')</script>",
        b"%PDF-1.7\n" + SECRET + b"\n%%EOF",
        b"#!/bin/sh\necho " + SECRET,
    ],
)
async def test_what_hangs_on_behind_a_photo_is_gone(look: Look, photo_format: PhotoFormat, payload: bytes) -> None:
    await look.at_photo(plain(photo_format) + payload)

    assert SECRET not in look.bytes_written()
    assert b"<script" not in look.bytes_written()


@pytest.mark.parametrize(
    "sent",
    [
        lambda: with_segments(jpeg(), (0xFE, b"*/=alert('" + SECRET + b"');/*<script>")),
        lambda: raw_png(64, 64, (b"\0" + bytes(192)) * 64, chunks=(png_chunk(b"tEXt", b"Comment\0<script>" + SECRET),)),
        lambda: raw_png(64, 64, (b"\0" + bytes(192)) * 64, chunks=(png_chunk(b"ruSt", b"<script>" + SECRET),)),
    ],
    ids=["JPEG", "PNG", "unknown chunk"],
)
async def test_what_hides_inside_a_photo_is_gone(look: Look, sent: Drawer) -> None:
    await look.at_photo(sent())

    assert SECRET not in look.bytes_written()
    assert b"<script" not in look.bytes_written()


# --- colours ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "most"),
    [
        (lambda: jpeg(DRAWN.convert("L")), 8),
        (lambda: jpeg(DRAWN.convert("CMYK")), 8),
        (lambda: jpeg(DRAWN, progressive=True), 8),
        (lambda: png(DRAWN.convert("L")), 8),
        (lambda: png(DRAWN.convert("LA")), 8),
        (lambda: png(DRAWN.convert("RGBA")), 8),
        (lambda: png(DRAWN.quantize(256)), 8),
        (lambda: png(DRAWN.convert("L").quantize(16)), 10),
        (lambda: grey_16_bit_png(DRAWN), 8),
        (lambda: webp(DRAWN.convert("RGBA"), lossless=True), 8),
        (lambda: heic(DRAWN.convert("RGBA")), 8),
        (lambda: heic(DRAWN.convert("L")), 8),
        # black dots on white, as a fax sends them: as bright as the picture, and not like it
        (lambda: png(DRAWN.convert("1")), 130),
    ],
    ids=[
        *("grey JPEG", "CMYK JPEG", "progressive JPEG", "grey PNG", "grey PNG with alpha", "PNG with alpha"),
        *("palette PNG", "PNG of 16 tones", "16-bit PNG", "lossless WebP", "HEIC with alpha", "grey HEIC", "1-bit PNG"),
    ],
)
async def test_any_kind_of_pixels_becomes_rgb(look: Look, sent: Drawer, most: float) -> None:
    found = await look.at_photo(sent())

    kept = look.copy()
    is_grey = max(ImageStat.Stat(ImageChops.difference(kept.getchannel("R"), kept.getchannel("B"))).mean) < 2
    assert kept.mode == "RGB"
    assert difference(kept, DRAWN.convert("L") if is_grey else DRAWN) < most
    assert found.measures.brightness == pytest.approx(ImageStat.Stat(DRAWN.convert("L")).mean[0], abs=2)


@pytest.mark.parametrize("encode", [png, webp, heic])
async def test_what_is_transparent_becomes_white(look: Look, encode: Encoder) -> None:
    glass = Image.new("RGBA", (200, 100), (*SKIN, 255))
    glass.paste((0, 0, 0, 0), (0, 0, 100, 100))

    await look.at_photo(encode(glass, lossless=True) if encode is webp else encode(glass))

    kept = look.copy()
    assert kept.getpixel((20, 50)) == pytest.approx((255, 255, 255), abs=4)
    assert kept.getpixel((180, 50)) == pytest.approx(SKIN, abs=6)


async def test_a_transparent_colour_of_a_palette_becomes_white(look: Look) -> None:
    painted = Image.new("P", (100, 100), 1)
    painted.putpalette([0, 0, 0, *SKIN])
    painted.paste(0, (0, 0, 50, 100))

    await look.at_photo(png(painted, transparency=0))

    assert look.copy().getpixel((10, 50)) == pytest.approx((255, 255, 255), abs=4)
    assert look.copy().getpixel((90, 50)) == pytest.approx(SKIN, abs=6)


def swapped_profile() -> bytes:
    """Return sRGB with its red and blue exchanged: a photo under it is blue where its numbers say red."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = data.index(b"rXYZ", 128), data.index(b"bXYZ", 128)
    data[red : red + 4], data[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(data)


@pytest.mark.parametrize("photo_format", PhotoFormat)
async def test_colours_are_seen_as_their_profile_says(look: Look, photo_format: PhotoFormat) -> None:
    red = Image.new("RGB", (100, 100), (200, 30, 30))

    await look.at_photo(FORMATS[photo_format](red, icc_profile=swapped_profile()))

    assert look.copy().getpixel((50, 50)) == pytest.approx((30, 30, 200), abs=8)


@pytest.mark.parametrize(
    "profile",
    [
        b"no profile at all",
        swapped_profile()[:200],
        ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(),
    ],
)
async def test_a_profile_that_does_not_fit_is_ignored(look: Look, profile: bytes) -> None:
    red = Image.new("RGB", (100, 100), (200, 30, 30))

    await look.at_photo(jpeg(red, icc_profile=profile))

    assert look.copy().getpixel((50, 50)) == pytest.approx((200, 30, 30), abs=4)


async def test_broken_metadata_does_not_stop_a_photo(look: Look) -> None:
    broken = b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\xff" * 50

    await look.at_photo(
        with_segments(jpeg(), (0xE1, broken), (0xE2, b"MPF\0broken"), (0xE2, b"MPF\0II*\0\xff\xff\xff\xff"))
    )

    assert look.copy().size == (400, 300)


# --- several pictures in one file -------------------------------------------------------------------------------------

OTHER = scalp(2, size=(200, 150))


async def test_of_a_jpeg_with_a_preview_the_first_picture_is_kept(look: Look) -> None:
    await look.at_photo(mpo(DRAWN, OTHER))

    assert difference(look.copy(), DRAWN) < 8


@pytest.mark.parametrize(("primary", "shown"), [(0, DRAWN), (1, OTHER)])
async def test_of_a_heic_with_several_pictures_the_primary_one_is_kept(
    look: Look, primary: int, shown: Image.Image
) -> None:
    await look.at_photo(heic(DRAWN, save_all=True, append_images=[OTHER], primary_index=primary))

    assert look.copy().size == shown.size
    assert difference(look.copy(), shown) < 8


@pytest.mark.parametrize(
    "sent",
    [
        lambda: png(DRAWN, save_all=True, append_images=[scalp(2, size=(400, 300))]),
        lambda: webp(DRAWN, save_all=True, append_images=[scalp(2, size=(400, 300))]),
        lambda: heic() + struct.pack(">I4s", 8, b"moov"),
        # a box of more than 4 GiB, by its header
        lambda: heic() + struct.pack(">I4sQ", 1, b"free", 16) + struct.pack(">I4s", 8, b"moov"),
    ],
    ids=["APNG", "WebP", "HEIC with a track", "HEIC with a track behind a large box"],
)
async def test_a_film_is_refused(look: Look, sent: Drawer) -> None:
    assert await look.at(sent()) is RejectionReason.ANIMATED
    assert look.written == []


# --- what is not taken ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", OTHER_PICTURES)
async def test_a_picture_of_another_kind_is_refused(look: Look, kind: str) -> None:
    assert await look.at(OTHER_PICTURES[kind], name="photo.jpg") is RejectionReason.UNSUPPORTED_FORMAT
    assert look.written == []


@pytest.mark.parametrize("kind", NO_PICTURES)
async def test_what_is_no_picture_is_refused(look: Look, kind: str) -> None:
    assert await look.at(NO_PICTURES[kind], name="photo.jpg") is RejectionReason.NOT_A_PHOTO
    assert look.written == []


@pytest.mark.parametrize("photo_format", PhotoFormat)
@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9, 0.99])
async def test_a_photo_that_ends_too_early_is_damaged(look: Look, photo_format: PhotoFormat, share: float) -> None:
    whole = plain(photo_format)

    assert await look.at(whole[: int(len(whole) * share)]) is RejectionReason.DAMAGED
    assert look.written == []


@pytest.mark.parametrize(
    ("photo_format", "found"),
    [
        (PhotoFormat.JPEG, RejectionReason.DAMAGED),
        (PhotoFormat.WEBP, RejectionReason.DAMAGED),
        (PhotoFormat.HEIC, RejectionReason.DAMAGED),
        # all its pixels are there
        (PhotoFormat.PNG, None),
    ],
)
@pytest.mark.parametrize("missing", [1, 2, 12])
async def test_a_photo_without_its_last_bytes_is_damaged_if_it_needs_them(
    look: Look, photo_format: PhotoFormat, found: RejectionReason | None, missing: int
) -> None:
    whole = plain(photo_format)

    answer = await look.at(whole[:-missing])

    assert (answer if isinstance(answer, RejectionReason) else None) is found


@pytest.mark.parametrize(
    "magic",
    [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBPVP8 ", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"],
    ids=list(PhotoFormat),
)
async def test_random_bytes_behind_the_right_ones_are_damaged(look: Look, magic: bytes) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails

    assert await look.at(magic + random.Random(seed).randbytes(20_000)) is RejectionReason.DAMAGED


async def test_random_bytes_are_no_photo(look: Look) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails

    # no format begins with this byte
    assert await look.at(b"\x01" + random.Random(seed).randbytes(20_000)) is RejectionReason.NOT_A_PHOTO


def heic_of(width: int, height: int) -> bytes:
    """Return a HEIC whose header claims a size."""
    data = bytearray(heic())
    struct.pack_into(">II", data, data.index(b"ispe") + 8, width, height)
    return bytes(data)


def webp_of(width: int, height: int) -> bytes:
    data = bytearray(webp())
    struct.pack_into("<HH", data, 26, width, height)
    return bytes(data)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (lambda: raw_png(60_000, 60_000, b""), RejectionReason.TOO_MANY_PIXELS),
        (lambda: raw_jpeg(60_000, 60_000), RejectionReason.TOO_MANY_PIXELS),
        (lambda: webp_of(16_383, 16_383), RejectionReason.TOO_MANY_PIXELS),
        (lambda: heic_of(60_000, 60_000), RejectionReason.TOO_MANY_PIXELS),
        (lambda: raw_png(50_001, 1_000, b""), RejectionReason.TOO_MANY_PIXELS),
        (lambda: raw_png(50_000, 1_000, b""), RejectionReason.DAMAGED),
        (lambda: raw_png(0, 0, b""), RejectionReason.TOO_SMALL),
        (lambda: raw_png(0, 100, b""), RejectionReason.TOO_SMALL),
        (lambda: raw_png(100, 0, b""), RejectionReason.TOO_SMALL),
        (lambda: raw_jpeg(0, 0), RejectionReason.TOO_SMALL),
        (lambda: raw_jpeg(0, 100), RejectionReason.TOO_SMALL),
        (lambda: raw_jpeg(100, 0), RejectionReason.TOO_SMALL),
        (lambda: heic_of(16, 16), RejectionReason.TOO_SMALL),
        (lambda: jpeg(Image.new("RGB", (31, 500))), RejectionReason.TOO_SMALL),
        (lambda: png(Image.new("RGB", (500, 31))), RejectionReason.TOO_SMALL),
        (lambda: png(Image.new("RGB", (32, 3_000))), RejectionReason.TOO_SMALL),
        # here the decoder is asked first
        (lambda: webp_of(0, 0), RejectionReason.DAMAGED),
        (lambda: heic_of(0, 0), RejectionReason.DAMAGED),
        # a header and pixels that contradict each other
        (lambda: heic_of(4_000, 4_000), RejectionReason.DAMAGED),
        (lambda: raw_png(64, 64, bytes(100)), RejectionReason.DAMAGED),
        (lambda: raw_png(64, 64, b"\x09" * 193 * 64), RejectionReason.DAMAGED),
        (lambda: b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", b"\0\0"), RejectionReason.DAMAGED),
        (lambda: jpeg()[:2] + b"\xff\xc0", RejectionReason.DAMAGED),
    ],
)
async def test_a_header_is_read_before_anything_is_decoded(look: Look, sent: Drawer, reason: RejectionReason) -> None:
    assert await look.at(sent()) is reason
    assert look.written == []


BLACK = (b"\0" + bytes(192)) * 64


@pytest.mark.parametrize(
    ("kind", "head"),
    [(b"zTXt", b"k\0\0"), (b"iTXt", b"k\0\1\0\0\0"), (b"iCCP", b"k\0\0")],
    ids=["zTXt", "iTXt", "iCCP"],
)
async def test_a_text_that_grows_a_thousandfold_is_refused(look: Look, kind: bytes, head: bytes) -> None:
    bomb = head + zlib.compress(bytes(100_000_000))

    assert await look.at(raw_png(64, 64, BLACK, chunks=(png_chunk(kind, bomb),))) is RejectionReason.DAMAGED


async def test_pixels_beyond_the_last_row_are_not_unpacked(look: Look) -> None:
    found = await look.at_photo(raw_png(64, 64, bytes(100_000_000)))

    assert (found.width, found.height) == (64, 64)


@pytest.mark.parametrize(
    "sent",
    [
        lambda: slow_jpeg(scans=700),
        lambda: slow_jpeg(scans=MOST_SCANS + 1, side=64),
        lambda: slow_jpeg(scans=MOST_SCANS + 1, side=64, fill=b"\xff" * 100),
        lambda: slow_jpeg(scans=MOST_SCANS + 1, side=64, fill=b"\xff\xd0\xff\x01 and more\xff\x00"),
        # a segment of less than no length
        lambda: slow_jpeg(scans=MOST_SCANS + 1, side=64, fill=b"\xff\xfe\0\0"),
    ],
    ids=["many pixels", "few pixels", "with fill", "with garbage", "with comments"],
)
async def test_a_jpeg_that_goes_through_its_pixels_too_often_is_damaged(look: Look, sent: Drawer) -> None:
    assert await look.at(sent()) is RejectionReason.DAMAGED
    assert look.written == []


@pytest.mark.parametrize(
    "sent",
    [
        lambda: slow_jpeg(scans=MOST_SCANS, side=64),
        lambda: with_segments(jpeg(), (0xFE, b"\xff\xda\0\x08" * 1000)),
        lambda: jpeg(restart_marker_blocks=1),
        lambda: jpeg(Image.frombytes("RGB", (640, 640), random.Random(1).randbytes(3 * 640 * 640)), quality=100),
        lambda: jpeg() + b"\0\2" + slow_jpeg(scans=700, side=64)[2:],
    ],
    ids=["so many scans", "a comment like scans", "restarts", "noise", "behind its end"],
)
async def test_what_only_looks_like_many_scans_is_taken(look: Look, sent: Drawer) -> None:
    await look.at_photo(sent())


@pytest.mark.parametrize(("count", "is_taken"), [(900, True), (MOST_SEGMENTS, False), (2_000_000, False)])
async def test_a_jpeg_has_so_many_segments_and_no_more(look: Look, count: int, is_taken: bool) -> None:  # noqa: FBT001
    whole = jpeg()

    found = await look.at(whole[:2] + b"\xff\xfe\0\2" * count + whole[2:])

    assert isinstance(found, Inspected) is is_taken
    assert is_taken or found is RejectionReason.DAMAGED


def piled(*, levels: int, times: int) -> dict[int, list[int]]:
    """Return parts of which each is made of all of the level below, so that their number grows with each level."""
    made_of: dict[int, list[int]] = {1: []}
    below = [1]
    for level in range(levels):
        count = times if level < levels - 1 else 1
        here = range(max(made_of) + 1, max(made_of) + 1 + count)
        made_of |= dict.fromkeys(here, below)
        below = list(here)
    return made_of


def flat(count: int) -> dict[int, list[int]]:
    """Return so many pictures, and one that is made of them."""
    return {**{item: [] for item in range(1, count + 1)}, count + 1: list(range(1, count + 1))}


@pytest.mark.parametrize(
    "sent",
    [
        lambda: heic_of_parts(piled(levels=2, times=10), side=2048),
        lambda: heic_of_parts(piled(levels=5, times=20), side=512),
        # of the largest tiles, more than 100 megapixels
        lambda: heic_of_parts(flat(7), side=4096),
        lambda: heic_of_parts(flat(900), side=1024),
        lambda: heic_of_parts({**flat(900), 902: []}, side=1024, transparency=901),
        lambda: heic_of_parts({1: [2], 2: [1]}, side=64),
    ],
    ids=["a pile of piles", "a tower of piles", "a few large tiles", "many tiles", "transparency", "a circle"],
)
async def test_a_heic_that_is_made_of_too_many_pixels_is_refused(look: Look, sent: Drawer) -> None:
    data = sent()

    assert len(data) < 100_000
    assert await look.at(data) is RejectionReason.TOO_MANY_PIXELS
    assert look.written == []


@pytest.mark.parametrize(
    ("sent", "size"),
    [
        (lambda: heic_of_parts(flat(16), side=128, grid=True), (2048, 128)),
        (lambda: heic_of_parts(flat(3), side=2048), (2048, 2048)),
        (lambda: heic_of_parts({1: [], 2: [1], 3: [2]}, side=512), (512, 512)),
    ],
    ids=["a grid", "a pile", "a pile of one pile"],
)
async def test_a_heic_of_parts_is_taken(look: Look, sent: Drawer, size: tuple[int, int]) -> None:
    await look.at_photo(sent())

    assert look.copy().size == size
    assert look.copy().getpixel((20, 20)) == pytest.approx(SKIN, abs=8)


@given(photo_format=st.sampled_from(PhotoFormat), data=st.binary())
def test_any_bytes_can_be_looked_through(photo_format: PhotoFormat, data: bytes) -> None:
    assert refusal_of(photo_format, data) in {None, *RejectionReason}


@given(data=st.data())
def test_a_heic_with_any_fault_can_be_looked_through(data: st.DataObject) -> None:
    whole = bytearray(heic_of_parts(flat(3), side=64))
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=8)):
        whole[place] = data.draw(st.integers(0, 255))

    refusal = refusal_of(PhotoFormat.HEIC, bytes(whole[: data.draw(st.integers(0, len(whole)))]))

    assert refusal in {None, *RejectionReason}


@pytest.mark.parametrize("box", [iso_box(b"pitm"), iso_box(b"iref"), iso_box(b"iprp", iso_box(b"ipma"))])
async def test_a_heic_with_an_empty_box_is_damaged(look: Look, box: bytes) -> None:
    sent = iso_box(b"ftyp", b"heic", bytes(4)) + iso_box(b"meta", bytes(4), box)

    assert refusal_of(PhotoFormat.HEIC, sent) is RejectionReason.DAMAGED
    assert await look.at(sent) is RejectionReason.DAMAGED


async def test_a_file_can_be_so_long_and_no_longer(look: Look) -> None:
    longest = png() + bytes(MOST_BYTES)

    assert isinstance(await look.at(longest[:MOST_BYTES]), Inspected)
    assert await look.at(longest[: MOST_BYTES + 1]) is RejectionReason.TOO_MANY_BYTES


async def test_pure_noise_is_kept(look: Look) -> None:
    noise = Image.frombytes("RGB", (1800, 1700), random.Random(1).randbytes(1800 * 1700 * 3))

    found = await look.at_photo(png(noise))

    assert (found.width, found.height) == (1800, 1700)


# --- measures and fingerprints ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "hints"),
    [
        (lambda: scalp(1), ()),
        (lambda: blurred(scalp(1), 2), ()),
        (lambda: blurred(scalp(1), 4), (PhotoHint.BLURRY,)),
        (lambda: blurred(scalp(1), 12), (PhotoHint.BLURRY,)),
        (lambda: lit(scalp(1), 0.5), ()),
        (lambda: lit(scalp(1), 0.25), (PhotoHint.TOO_DARK,)),
        (lambda: lit(scalp(1), 1.6), ()),
        (lambda: lit(scalp(1), 4), (PhotoHint.OVEREXPOSED,)),
        (lambda: scalp(1, size=(600, 450)), (PhotoHint.TOO_SMALL,)),
        (lambda: Image.new("RGB", (1000, 1000)), (PhotoHint.TOO_DARK,)),
        (lambda: Image.new("RGB", (1000, 1000), "white"), (PhotoHint.OVEREXPOSED,)),
        (lambda: Image.new("RGB", (600, 600), SKIN), (PhotoHint.BLURRY, PhotoHint.TOO_SMALL)),
    ],
)
async def test_a_photo_that_could_be_better_gets_a_hint(
    look: Look, sent: Callable[[], Image.Image], hints: tuple[PhotoHint, ...]
) -> None:
    found = await look.at_photo(jpeg(sent()))

    assert hints_of(found.measures) == hints


async def test_measures_are_what_they_are_called(look: Look) -> None:
    stripes = Image.new("L", (100, 100), 100)
    stripes.paste(255, (0, 0, 40, 100))

    measures = (await look.at_photo(png(stripes))).measures

    # 98 x 98 pixels have neighbours: one column of them has a step of 155 up, one has it down
    assert measures.sharpness == pytest.approx(2 * 98 * 155**2 / 98**2, abs=0.1)
    assert measures.brightness == 162
    assert measures.over_exposed_share == 0.4
    assert measures.shorter_side_px == 100


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_photo_that_is_saved_again_is_the_same(look: Look, seed: int) -> None:
    photo = scalp(seed, size=(1000, 750))
    again = [
        jpeg(photo, quality=20),
        jpeg(photo.resize((500, 375)), quality=60),
        jpeg(photo.resize((200, 150))),
        jpeg(photo.resize((2000, 1500))),
        jpeg(photo.convert("L")),
        jpeg(lit(photo, 0.8)),
        jpeg(photo.transpose(Image.Transpose.ROTATE_90), exif=exif(orientation=6)),
        png(photo),
        webp(photo, quality=50),
        heic(photo, quality=40),
    ]
    first = (await look.at_photo(jpeg(photo))).fingerprint

    distances = [distance(first, (await look.at_photo(data)).fingerprint) for data in again]

    assert max(distances) <= SAME_PHOTO_DISTANCE, distances


async def test_different_photos_are_different(look: Look) -> None:
    prints = [(await look.at_photo(jpeg(scalp(seed, size=(640, 480))))).fingerprint for seed in range(8)]

    assert min(distance(first, second) for first, second in combinations(prints, 2)) > 2 * SAME_PHOTO_DISTANCE


# --- the child process ------------------------------------------------------------------------------------------------

PRELUDE = """
import json, os, sys, time
from pathlib import Path

notes = Path({notes!r})
with notes.open("a") as file:
    file.write(json.dumps([os.getpid(), sorted(os.environ), sys.argv[1:]]) + "\\n")
starts = len(notes.read_text().splitlines())

def say(line):
    sys.stdout.write(line + "\\n")
    sys.stdout.flush()

def write(line, content=b"\\xff\\xd8\\xff a picture"):
    for one in json.loads(line)["copies"].values():
        os.pwrite(one, content, 0)

say('{{"ready": true}}')
"""
SPINS = "sys.stdin.readline()\nwhile True: pass"
STOPS = "sys.stdin.readline(); os.kill(os.getpid(), 19); time.sleep(1000)"
KILLED = "sys.stdin.readline(); os.kill(os.getpid(), 9); time.sleep(1000)"
KILLED_AND_DIES = "sys.stdin.readline(); os.kill(os.getpid(), 9 if starts == {which} else 6); time.sleep(1000)"
HANGS = "sys.stdin.readline(); time.sleep(1000)"
DIES = "sys.stdin.readline(); os.abort()"
LEAVES_ONE_BEHIND = "sys.stdin.readline(); os.fork() and os.abort(); sys.stdin.read()"
DIES_ONCE = 'sys.stdin.readline(); starts == 1 and os.abort(); say(\'{"rejected": "ANIMATED"}\'); sys.stdin.readline()'
ANSWERS = "for line in sys.stdin: say({line!r})"
SAYS_PID = 'for line in sys.stdin: say(\'{"rejected": "ANIMATED"}\')'

WRITES = "for line in sys.stdin: write(line, {content}); say({answer!r})"

TAKEN = {
    "format": "JPEG",
    "width": 100,
    "height": 100,
    "measures": {"sharpness": 1.5, "brightness": 2.5, "over_exposed_share": 0.5, "shorter_side_px": 100},
    "fingerprint": "3d30bad234b7736a",
}


class StandIn:
    """Makes inspectors whose child is a program of the test; it notes every start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.photo = folder / "photo"
        self.photo.write_bytes(b"what a stranger sent")
        self._notes = folder / "notes"

    @asynccontextmanager
    async def inspector(self, program: str, *, prelude: str = PRELUDE, **options: Any) -> AsyncIterator[PhotoInspector]:
        whole = prelude.format(notes=str(self._notes)) + program
        options = {"timeout_s": HANG_GUARD_S, **options}
        made = PhotoInspector(command=(sys.executable, "-c", whole), **options)
        yield made
        await made.close()
        assert [process for process in self.processes if process.is_running()] == []

    @property
    def starts(self) -> list[tuple[int, list[str], list[str]]]:
        lines = self._notes.read_text().splitlines() if self._notes.exists() else []
        return [tuple(json.loads(line)) for line in lines]

    @property
    def processes(self) -> list[psutil.Process]:
        return [psutil.Process(pid) for pid, *_ in self.starts if psutil.pid_exists(pid)]


@pytest.fixture
def standin(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path)


def examiners(parent: psutil.Process | None = None) -> list[psutil.Process]:
    """Return the real examiners of a process, ended ones included as long as nobody has waited for them."""
    found = []
    for child in (parent or psutil.Process()).children():
        try:
            if MODULE in child.cmdline() or child.status() == psutil.STATUS_ZOMBIE:
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


async def test_no_child_is_started_before_it_is_needed(standin: StandIn) -> None:
    async with standin.inspector(HANGS):
        pass

    assert standin.starts == []


async def patiently(inspector: PhotoInspector, source: Path, folder: Path) -> Inspected | RejectionReason:
    """Look at a photo until the machine gave the child the time to work that it needs."""
    deadline = time.monotonic() + HANG_GUARD_S
    while True:
        try:
            return await inspector.inspect(source, folder)
        except InspectionFailed as failed:
            if str(failed) != "the examiner got no time to work" or time.monotonic() > deadline:
                raise


async def test_a_child_that_works_too_long_is_killed_and_the_photo_is_too_slow(standin: StandIn) -> None:
    async with standin.inspector(SPINS, timeout_s=0.2) as inspector:
        found = await patiently(inspector, standin.photo, standin.folder)

        assert found is RejectionReason.TOO_SLOW
        assert standin.processes == []


@pytest.mark.parametrize("program", [HANGS, STOPS])
async def test_a_child_that_gets_no_time_to_work_is_a_fault_of_ours(standin: StandIn, program: str) -> None:
    async with standin.inspector(program, timeout_s=0.5) as inspector:
        with pytest.raises(InspectionFailed, match="no time"):
            await inspector.inspect(standin.photo, standin.folder)

        assert len(standin.starts) == 1
        assert standin.processes == []


async def test_what_a_child_worked_before_does_not_count_for_a_photo(standin: StandIn) -> None:
    prelude = "import time\nwhile time.process_time() < 1: pass\n" + PRELUDE
    async with standin.inspector(HANGS, prelude=prelude, timeout_s=1) as inspector:
        with pytest.raises(InspectionFailed, match="no time"):
            await inspector.inspect(standin.photo, standin.folder)


@pytest.mark.parametrize(
    "program", [KILLED, KILLED_AND_DIES.format(which=1), KILLED_AND_DIES.format(which=2)], ids=["twice", "1st", "2nd"]
)
async def test_a_photo_whose_children_are_killed_is_not_blamed(standin: StandIn, program: str) -> None:
    async with standin.inspector(program) as inspector:
        with pytest.raises(InspectionFailed, match="killed"):
            await inspector.inspect(standin.photo, standin.folder)

        assert len(standin.starts) == 2
        assert standin.processes == []


async def test_a_child_that_closes_its_pipe_and_lives_on_is_to_blame(standin: StandIn) -> None:
    async with standin.inspector("sys.stdin.readline(); os.close(1); time.sleep(1000)") as inspector:
        found = await inspector.inspect(standin.photo, standin.folder)

        assert found is RejectionReason.DAMAGED
        assert len(standin.starts) == 2


@pytest.mark.parametrize("program", [DIES, LEAVES_ONE_BEHIND])
async def test_a_photo_on_which_two_children_die_is_damaged(standin: StandIn, program: str) -> None:
    async with standin.inspector(program) as inspector:
        found = await inspector.inspect(standin.photo, standin.folder)

        assert found is RejectionReason.DAMAGED
        assert len(standin.starts) == 2
        assert standin.processes == []


async def test_a_photo_whose_child_somebody_killed_is_tried_again(standin: StandIn) -> None:
    async with standin.inspector(DIES_ONCE) as inspector:
        found = await inspector.inspect(standin.photo, standin.folder)

        assert found is RejectionReason.ANIMATED
        assert len(standin.starts) == 2


async def test_a_child_that_dies_between_two_photos_is_replaced(standin: StandIn) -> None:
    async with standin.inspector(SAYS_PID) as inspector:
        await inspector.inspect(standin.photo, standin.folder)
        first = standin.processes[0]
        first.kill()
        eventually(lambda: not first.is_running() or first.status() == psutil.STATUS_ZOMBIE)

        found = await inspector.inspect(standin.photo, standin.folder)

        assert found is RejectionReason.ANIMATED
        assert len(standin.starts) == 2


async def test_a_child_is_replaced_when_it_has_done_its_share(standin: StandIn) -> None:
    async with standin.inspector(SAYS_PID) as inspector:
        for _ in range(PICTURES_PER_EXAMINER):
            await inspector.inspect(standin.photo, standin.folder)
        assert len(standin.starts) == 1

        await inspector.inspect(standin.photo, standin.folder)

        assert len(standin.starts) == 2
        assert len(standin.processes) == 1


@pytest.mark.parametrize(("at_a_time", "children"), [(1, 1), (2, 2)])
async def test_so_many_photos_are_looked_at_at_a_time(standin: StandIn, at_a_time: int, children: int) -> None:
    program = 'for line in sys.stdin: time.sleep(0.05); say(\'{"rejected": "ANIMATED"}\')'
    async with standin.inspector(program, at_a_time=at_a_time) as inspector:
        await asyncio.gather(*(inspector.inspect(standin.photo, standin.folder) for _ in range(6)))

        assert len(standin.starts) == children


@pytest.mark.parametrize(
    "line",
    [
        "",
        "hello",
        "null",
        "{}",
        '{"ready": true}',
        '{"rejected": "BORING"}',
        '{"rejected": "DAMAGED", "failed": "OSError 5"}',
        '{"inspected": null}',
        '{"failed": "OSError 5; DROP TABLE photos"}',
        json.dumps({"inspected": {**TAKEN, "width": 100_000}}),
        json.dumps({"inspected": {**TAKEN, "fingerprint": "3d30bad234b7736a" * 100}}),
        json.dumps({"inspected": {**TAKEN, "measures": {**TAKEN["measures"], "brightness": float("nan")}}}),  # type: ignore[dict-item]
        json.dumps({"inspected": {**TAKEN, "name": "x"}}),
        json.dumps({"inspected": TAKEN}) + " " * 4096,
        # it is right, and there are no pictures
        json.dumps({"inspected": TAKEN}),
    ],
)
async def test_a_child_that_lies_is_not_believed(standin: StandIn, line: str) -> None:
    async with standin.inspector(ANSWERS.format(line=line)) as inspector:
        found = await inspector.inspect(standin.photo, standin.folder)

        assert found is RejectionReason.DAMAGED
        assert len(standin.starts) == 2


async def test_a_child_that_never_ends_its_line_is_not_heard_out(standin: StandIn) -> None:
    # not before it is asked: with its greeting, the flood would be that of a child that does not start
    flood = "sys.stdin.readline()\nwhile True: sys.stdout.write('x' * 65536)"
    async with standin.inspector(flood) as inspector:
        found = await inspector.inspect(standin.photo, standin.folder)

        assert found is RejectionReason.DAMAGED


def saying(answer: dict[str, Any], content: str) -> str:
    """Return a program that writes copies, a Python expression, and answers."""
    return WRITES.format(content=content, answer=json.dumps(answer))


@pytest.mark.parametrize("place", ["symlink_to", "hardlink_to"])
async def test_links_that_lie_where_copies_go_are_replaced(standin: StandIn, place: str) -> None:
    secret = standin.folder / "secret"
    secret.write_bytes(SECRET)
    copies = [standin.folder / name for name in COPIES]
    for copy in copies:
        getattr(copy, place)(secret)
    async with standin.inspector(saying({"inspected": TAKEN}, "b'\\xff\\xd8\\xff a picture'")) as inspector:
        await inspector.inspect(standin.photo, standin.folder)

    assert secret.read_bytes() == SECRET
    assert [(copy.is_symlink(), copy.stat().st_nlink, copy.read_bytes()) for copy in copies] == [
        (False, 1, b"\xff\xd8\xff a picture")
    ] * 3


@pytest.mark.parametrize(
    ("content", "is_taken"),
    [
        ("b''", False),
        ("b'\\xff\\xd8'", False),
        ("b'<script>x</script>'", False),
        ("b' \\xff\\xd8\\xff'", False),
        ("b'\\xff\\xd8\\xff'", True),
        (f"b'\\xff\\xd8\\xff' + bytes({MOST_COPY_BYTES - 3})", True),
        (f"b'\\xff\\xd8\\xff' + bytes({MOST_COPY_BYTES - 2})", False),
    ],
)
async def test_only_what_looks_like_a_jpeg_is_copied(standin: StandIn, content: str, is_taken: bool) -> None:  # noqa: FBT001
    async with standin.inspector(saying({"inspected": TAKEN}, content)) as inspector:
        found = await inspector.inspect(standin.photo, standin.folder)

        assert found == (Inspected.model_validate(TAKEN) if is_taken else RejectionReason.DAMAGED)
        assert [(standin.folder / name).exists() for name in COPIES] == [is_taken] * 3


async def test_one_bad_copy_of_three_spoils_them(standin: StandIn) -> None:
    bad = "\n write(line); os.ftruncate(json.loads(line)['copies']['SMALL'], 2)"
    program = f"for line in sys.stdin:{bad}; say({json.dumps({'inspected': TAKEN})!r})"
    async with standin.inspector(program) as inspector:
        found = await inspector.inspect(standin.photo, standin.folder)

        assert found is RejectionReason.DAMAGED
        assert [(standin.folder / name).exists() for name in COPIES] == [False] * 3


async def test_copies_of_one_photo_are_never_those_of_another(standin: StandIn) -> None:
    answer = json.dumps({"inspected": TAKEN})
    program = f"for at, line in enumerate(sys.stdin): at or starts > 1 or write(line); say({answer!r})"
    async with standin.inspector(program) as inspector:
        first = await inspector.inspect(standin.photo, standin.folder)
        second = await inspector.inspect(standin.photo, standin.folder)

        assert first == Inspected.model_validate(TAKEN)
        assert second is RejectionReason.DAMAGED


async def test_a_child_cannot_change_copies_that_were_taken(standin: StandIn) -> None:
    answer = json.dumps({"inspected": TAKEN})
    program = f"for at, line in enumerate(sys.stdin): write(line, b'\\xff\\xd8\\xff%d' % at); say({answer!r})"
    folders = [standin.folder / "0", standin.folder / "1"]
    async with standin.inspector(program) as inspector:
        for folder in folders:
            folder.mkdir()
            await inspector.inspect(standin.photo, folder)

        written = [(folder / PhotoSize.FULL.file_name).read_bytes() for folder in folders]
        assert written == [b"\xff\xd8\xff0", b"\xff\xd8\xff1"]
        assert len(standin.starts) == 1


async def test_a_child_is_not_told_where_anything_lies(standin: StandIn) -> None:
    program = "line = sys.stdin.readline(); notes.with_name('asked').write_text(line); os.abort()"
    async with standin.inspector(program) as inspector:
        await inspector.inspect(standin.photo, standin.folder)

    asked = json.loads((standin.folder / "asked").read_text())
    assert {name: type(asked[name]) for name in asked} == {"source": int, "copies": dict}
    assert list(asked["copies"]) == list(PhotoSize)


async def test_what_a_child_answers_is_returned(standin: StandIn) -> None:
    async with standin.inspector(saying({"inspected": TAKEN}, "b'\\xff\\xd8\\xff'")) as inspector:
        found = await inspector.inspect(standin.photo, standin.folder)

        assert found == Inspected.model_validate(TAKEN)


@pytest.mark.parametrize(
    ("prelude", "program"),
    [("", "raise SystemExit(1)"), ("", "print('hello', flush=True)"), ("", "import no_such_module")],
)
async def test_a_child_that_does_not_start_is_a_fault_of_ours(standin: StandIn, prelude: str, program: str) -> None:
    async with standin.inspector(program, prelude=prelude) as inspector:
        with pytest.raises(InspectionFailed, match="does not start"):
            await inspector.inspect(standin.photo, standin.folder)


async def test_a_program_that_is_not_there_is_a_fault_of_ours(tmp_path: Path) -> None:
    inspector = PhotoInspector(command=(str(tmp_path / "nothing"),))

    with pytest.raises(InspectionFailed, match="does not start"):
        await inspector.inspect(tmp_path / "photo", tmp_path)


async def test_a_file_that_cannot_be_read_is_a_fault_of_ours(inspector: PhotoInspector, tmp_path: Path) -> None:
    with pytest.raises(InspectionFailed, match="FileNotFoundError 2"):
        await inspector.inspect(tmp_path / "nothing", tmp_path)


async def test_a_folder_that_cannot_be_written_is_a_fault_of_ours(inspector: PhotoInspector, tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(jpeg())

    with pytest.raises(InspectionFailed, match="FileNotFoundError 2"):
        await inspector.inspect(tmp_path / "photo", tmp_path / "nothing")


async def test_a_child_gets_no_secret(standin: StandIn) -> None:
    async with standin.inspector(SAYS_PID) as inspector:
        await inspector.inspect(standin.photo, standin.folder)

    [(_, names, arguments)] = standin.starts
    assert set(names) <= {"PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_CTYPE"}
    assert arguments == [str(psutil.Process().pid)]


async def test_a_cancelled_call_kills_the_child(standin: StandIn) -> None:
    async with standin.inspector(HANGS) as inspector:
        call = asyncio.create_task(inspector.inspect(standin.photo, standin.folder))
        while not standin.starts:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)

        call.cancel()

        with pytest.raises(asyncio.CancelledError):
            await call
        assert standin.processes == []


async def test_no_moment_of_cancelling_leaves_a_process(tmp_path: Path) -> None:
    inspector = PhotoInspector()
    before = examiners()
    files_before = memory_files()
    (tmp_path / "photo").write_bytes(jpeg(scalp(1)))
    outcomes = set()

    for step in range(16):
        call = asyncio.create_task(inspector.inspect(tmp_path / "photo", tmp_path))
        await asyncio.sleep(step * 0.025)
        outcomes.add(call.cancel())
        await asyncio.gather(call, return_exceptions=True)
        if call.cancelled():
            eventually(lambda: examiners() == before)

    assert True in outcomes
    await inspector.close()
    eventually(lambda: examiners() == before)
    assert memory_files() == files_before


async def test_after_a_close_nobody_looks_any_more(standin: StandIn) -> None:
    async with standin.inspector(HANGS) as inspector:
        calls = [asyncio.create_task(inspector.inspect(standin.photo, standin.folder)) for _ in range(2)]
        while not standin.starts:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)

        await inspector.close()

        for call in calls:
            with pytest.raises(InspectionFailed, match="closed"):
                await call
        with pytest.raises(InspectionFailed, match="closed"):
            await inspector.inspect(standin.photo, standin.folder)
        assert len(standin.starts) == 1
        assert standin.processes == []


@pytest.mark.parametrize("moment_s", [0, 0.001, 0.005, 0.02, 0.05])
async def test_a_close_in_the_middle_of_a_start_leaves_no_process(standin: StandIn, moment_s: float) -> None:
    async with standin.inspector(HANGS) as inspector:
        call = asyncio.create_task(inspector.inspect(standin.photo, standin.folder))
        await asyncio.sleep(moment_s)

        await inspector.close()

        with pytest.raises(InspectionFailed):
            await call
    assert [child for child in psutil.Process().children() if str(standin.folder) in "".join(child.cmdline())] == []


async def test_a_photo_that_takes_too_long_is_refused(tmp_path: Path) -> None:
    before = examiners()
    inspector = PhotoInspector(timeout_s=0.4)
    # 0.3 MB, and more than 1 s of a decoder's time
    (tmp_path / "photo").write_bytes(slow_jpeg(scans=MOST_SCANS))

    found = await patiently(inspector, tmp_path / "photo", tmp_path)

    assert found is RejectionReason.TOO_SLOW
    assert examiners() == before
    await inspector.close()


async def test_a_photo_that_does_not_fit_into_memory_has_too_many_pixels(tmp_path: Path) -> None:
    before = examiners()
    inspector = PhotoInspector(timeout_s=HANG_GUARD_S)
    look = Look(inspector, tmp_path)
    await look.at_photo(jpeg())
    [child] = [one for one in examiners() if one not in before]
    less = 200_000_000
    child.rlimit(psutil.RLIMIT_AS, (less, less))

    found = await look.at(png(Image.new("RGB", (7000, 7000), SKIN)))

    assert found is RejectionReason.TOO_MANY_PIXELS
    assert isinstance(await look.at(jpeg()), Inspected), "the child goes on"
    assert [one for one in examiners() if one not in before] == [child]
    await inspector.close()


async def test_a_child_has_little_memory_no_core_no_way_up_and_steps_back(tmp_path: Path) -> None:
    before = examiners()
    inspector = PhotoInspector(timeout_s=HANG_GUARD_S)

    await Look(inspector, tmp_path).at_photo(jpeg())

    [child] = [one for one in examiners() if one not in before]
    limits = {name: child.rlimit(getattr(psutil, f"RLIMIT_{name}")) for name in ("AS", "FSIZE", "NOFILE", "CORE")}
    assert limits == {
        "AS": (MEMORY_BYTES, MEMORY_BYTES),
        "FSIZE": (2 * MOST_BYTES, 2 * MOST_BYTES),
        "NOFILE": (64, 64),
        "CORE": (0, 0),
    }
    assert child.nice() == psutil.Process().nice() + 10
    assert "NoNewPrivs:\t1" in await asyncio.to_thread(Path(f"/proc/{child.pid}/status").read_text)
    await inspector.close()


PRISONER = """
import json, os, socket, sys
from pathlib import Path
from traya_gql.integrations.images.examiner import main

secret, folder, port = sys.argv[1:]
own = Path(sys.executable)
main([str(os.getppid())])  # nobody asks it anything

def outcome(deed):
    try:
        deed()
    except OSError as error:
        return error.errno
    return 0

deeds = {
    "read a secret": lambda: open(secret),
    "list a folder": lambda: os.listdir(folder),
    "read the parent's environment": lambda: open(f"/proc/{os.getppid()}/environ").read(),
    "read its memory": lambda: open(f"/proc/{os.getppid()}/mem"),
    "write": lambda: open(folder + "/new", "w"),
    "overwrite": lambda: os.truncate(secret, 0),
    "link": lambda: os.link(secret, folder + "/linked"),
    "lead to": lambda: os.symlink(secret, folder + "/leads"),
    "delete": lambda: os.unlink(secret),
    "make a folder": lambda: os.mkdir(folder + "/made"),
    "run": lambda: os.execv(own, [own, "-c", ""]),
    "connect": lambda: socket.create_connection(("127.0.0.1", int(port)), 5),
    "listen": lambda: socket.create_server(("127.0.0.1", 0)),
    "signal": lambda: os.kill(os.getppid(), 0),
    "load a module": lambda: __import__("wave"),
}
print(json.dumps({name: outcome(deed) for name, deed in deeds.items()}))
"""
SINCE = {"connect": 4, "listen": 4, "signal": 6}
"""Since which version of Landlock something is forbidden."""


@pytest.mark.skipif(landlock_version() == 0, reason="the kernel has no Landlock")
def test_a_child_can_reach_no_file_no_other_process_and_no_network(tmp_path: Path) -> None:
    secret, folder = tmp_path / "secret", tmp_path / "folder"
    secret.write_bytes(SECRET)
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = [sys.executable, "-P", "-c", PRISONER, str(secret), str(folder), str(server.getsockname()[1])]

        ran = subprocess.run(command, input="", capture_output=True, text=True, timeout=HANG_GUARD_S, check=True)

    ready, answer = ran.stdout.splitlines(), ran.stderr.splitlines()
    outcomes = json.loads(answer[-1])
    assert ready == ['{"ready": true}']
    refused = {name for name, found in outcomes.items() if found in {errno.EACCES, errno.EPERM, errno.EXDEV}}
    allowed = {name for name, version in SINCE.items() if landlock_version() < version}
    assert refused == outcomes.keys() - {"load a module"} - allowed, outcomes
    assert outcomes["load a module"] == 0
    assert secret.read_bytes() == SECRET
    assert list(folder.iterdir()) == []


def memory_files() -> int:
    """Return how many files for photos this process has open."""
    found = 0
    for one in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found += "memfd:photo" in str(one.readlink())
    return found


@pytest.mark.parametrize("program", [SAYS_PID, DIES, KILLED, "raise SystemExit", HANGS])
async def test_no_file_stays_open_behind_a_child(standin: StandIn, program: str) -> None:
    before = memory_files()

    async with standin.inspector(program, timeout_s=1) as inspector:
        with suppress(InspectionFailed):
            await inspector.inspect(standin.photo, standin.folder)

    assert memory_files() == before


def test_uvloop_does_the_same(tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(jpeg())
    (tmp_path / "slow").write_bytes(slow_jpeg(scans=MOST_SCANS))

    async def use() -> list[Inspected | RejectionReason | BaseException]:
        inspector = PhotoInspector(timeout_s=0.4)
        taken = await patiently(inspector, tmp_path / "photo", tmp_path)
        slow = await patiently(inspector, tmp_path / "slow", tmp_path)
        call = asyncio.create_task(inspector.inspect(tmp_path / "slow", tmp_path))
        await asyncio.sleep(0.1)
        call.cancel()
        [cancelled] = await asyncio.gather(call, return_exceptions=True)
        await patiently(inspector, tmp_path / "photo", tmp_path)
        await inspector.close()
        return [taken, slow, cancelled]

    before = examiners()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        taken, slow, cancelled = runner.run(use())

    assert isinstance(taken, Inspected)
    assert slow is RejectionReason.TOO_SLOW
    assert isinstance(cancelled, asyncio.CancelledError)
    assert examiners() == before


CALLER = """
import asyncio, sys
from pathlib import Path
from traya_gql.integrations.images.inspection import PhotoInspector

async def main(source, folder):
    inspector = PhotoInspector(timeout_s=1000)
    print("started", flush=True)
    for _ in range(int(sys.argv[3])):
        await inspector.inspect(source, folder)
    print("idle", flush=True)
    await asyncio.sleep(1000)

asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
"""


@pytest.mark.parametrize("doing", ["idle", "busy"])
def test_a_child_dies_with_a_killed_caller(tmp_path: Path, doing: str) -> None:
    (tmp_path / "photo").write_bytes(jpeg() if doing == "idle" else slow_jpeg(scans=MOST_SCANS))
    times = "1" if doing == "idle" else "1000"
    command = [sys.executable, "-c", CALLER, str(tmp_path / "photo"), str(tmp_path), times]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdout is not None
        assert caller.stdout.readline() == "started\n"
        process = psutil.Process(caller.pid)
        eventually(lambda: any(MODULE in child.cmdline() for child in process.children()))
        [child] = process.children()
        if doing == "idle":
            assert caller.stdout.readline() == "idle\n"
        else:
            # past its start, and at work
            eventually(lambda: child.cpu_times().user > 0.6)

        caller.send_signal(signal.SIGKILL)
        caller.wait()

        eventually_dead(child)


# --- figures ----------------------------------------------------------------------------------------------------------


def large_photos() -> dict[str, bytes]:
    scene = scalp(1, size=(8160, 6120))
    smooth = blurred(scene.resize((2040, 1530)), 20).resize(scene.size, Image.Resampling.NEAREST)
    deep_row = b"\0" + b"\x80\x10" * 4 * 8160
    return {
        "12 MP JPEG": jpeg(scalp(1, size=(4032, 3024))),
        "12 MP HEIC": heic(scalp(1, size=(4032, 3024)), quality=60),
        "50 MP JPEG": jpeg(scene, quality=85),
        "50 MP JPEG, progressive": jpeg(scene, quality=85, progressive=True),
        "50 MP JPEG, progressive CMYK": jpeg(blurred(scene, 6).convert("CMYK"), quality=60, progressive=True),
        "50 MP PNG": png(smooth, compress_level=6),
        "50 MP PNG with alpha": png(smooth.convert("RGBA"), compress_level=6),
        "50 MP PNG with alpha, 16 bits": raw_png(8160, 6120, deep_row * 6120, depth=16, colours=6),
        "50 MP WebP": webp(smooth, quality=70),
        "50 MP WebP with alpha": webp(smooth.convert("RGBA"), quality=70),
        "50 MP HEIC": heic(smooth, quality=40),
    }


def peak_mib(process: psutil.Process) -> tuple[int, int]:
    """Return the most memory and the most address space that a process ever had."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    found = {name: int(kib) // 1024 for name, kib in re.findall(r"^(VmHWM|VmPeak):\s+(\d+)", status, re.MULTILINE)}
    return found["VmHWM"], found["VmPeak"]


async def lag_ms(work: asyncio.Task[Any]) -> list[float]:
    """Return by how much each millisecond of the event loop was late until the work was done, the least first."""
    found = []
    while not work.done():
        due = time.perf_counter() + 0.001
        await asyncio.sleep(0.001)
        found.append(1000 * (time.perf_counter() - due))
    return sorted(found)


@pytest.mark.slow
async def test_figures_of_large_photos_fit_into_the_limits(tmp_path: Path) -> None:
    source = tmp_path / "photo"
    before = examiners()
    for name, data in large_photos().items():
        source.write_bytes(data)
        inspector = PhotoInspector(timeout_s=HANG_GUARD_S)
        started = time.monotonic()

        found = await inspector.inspect(source, tmp_path)

        taken_s = time.monotonic() - started
        [child] = [one for one in examiners() if one not in before]
        rss, space = peak_mib(child)
        print(f"{name:32} {len(data) / 1e6:5.1f} MB {taken_s:5.2f} s  peak {rss:4} MiB, address space {space:4} MiB")  # noqa: T201
        assert isinstance(found, Inspected), name
        assert space * 1024**2 < MEMORY_BYTES
        await inspector.close()


@pytest.mark.slow
async def test_figures_of_the_event_loop_stay_small_while_photos_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(jpeg(scalp(1, size=(4032, 3024))))
    for at_a_time in (1, 2):
        inspector = PhotoInspector(timeout_s=HANG_GUARD_S, at_a_time=at_a_time)

        async def look_at_all(inspector: PhotoInspector = inspector) -> None:
            folders = [tmp_path / str(number) for number in range(20)]
            for folder in folders:
                folder.mkdir(exist_ok=True)
            await asyncio.gather(*(inspector.inspect(tmp_path / "photo", folder) for folder in folders))

        lags = await lag_ms(asyncio.create_task(look_at_all()))

        middle, late = lags[len(lags) // 2], lags[len(lags) * 99 // 100]
        print(f"{at_a_time} at a time: lag {middle:.2f} ms, 99 % below {late:.2f} ms, most {lags[-1]:.2f} ms")  # noqa: T201
        assert late < 100
        await inspector.close()
    idle = await lag_ms(asyncio.create_task(asyncio.sleep(2)))
    print(f"idle: lag {idle[len(idle) // 2]:.2f} ms, most {idle[-1]:.2f} ms")  # noqa: T201
