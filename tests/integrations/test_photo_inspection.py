"""Photos of strangers: what is made of each kind of file."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import AsyncIterator, Callable
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms, ImageStat

from tests.integrations.examining import COPIES, Look
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
from tests.processes import HANG_GUARD_S
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
from traya_gql.integrations.images.headers import MOST_SCANS, MOST_SEGMENTS, refusal_of
from traya_gql.integrations.images.inspection import PhotoInspector

Encoder = Callable[..., bytes]
Drawer = Callable[[], bytes]
"""Draws what a test sends, when it runs: whoever only collects the tests does not wait for it."""

FORMATS: dict[PhotoFormat, Encoder] = {
    PhotoFormat.JPEG: jpeg,
    PhotoFormat.PNG: png,
    PhotoFormat.WEBP: webp,
    PhotoFormat.HEIC: heic,
}


@cache
def plain(photo_format: PhotoFormat) -> bytes:
    return FORMATS[photo_format]()


DRAWN = scalp(1, size=(400, 300))


@pytest.fixture(scope="module")
async def inspector() -> AsyncIterator[PhotoInspector]:
    """The real one, shared by the tests that only show it pictures."""
    made = PhotoInspector(timeout_s=HANG_GUARD_S)
    yield made
    await made.close()


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


@settings(deadline=None)
@given(photo_format=st.sampled_from(PhotoFormat), data=st.binary())
def test_any_bytes_can_be_looked_through(photo_format: PhotoFormat, data: bytes) -> None:
    assert refusal_of(photo_format, data) in {None, *RejectionReason}


@settings(deadline=None)
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
