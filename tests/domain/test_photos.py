"""A photo as a file: what it is, what would make it better, and which ones show the same picture."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from traya_gql.domain.photos import (
    DARK_BELOW,
    ENDINGS,
    OVEREXPOSED_SHARE,
    SAME_PHOTO_DISTANCE,
    SHARP_FROM,
    SMALL_BELOW_PX,
    Inspected,
    PhotoFormat,
    PhotoHint,
    PhotoMeasures,
    PhotoSize,
    RejectionReason,
    distance,
    first_of_each,
    format_of,
    hints_of,
    is_same_photo,
    why_unsupported,
)

fingerprints = st.integers(min_value=0, max_value=2**64 - 1).map("{:016x}".format)

GOOD: dict[str, Any] = {"sharpness": 500, "brightness": 110, "over_exposed_share": 0, "shorter_side_px": 1200}
PHOTO: dict[str, Any] = {
    "format": "JPEG",
    "width": 2048,
    "height": 1536,
    "measures": GOOD,
    "fingerprint": "3d30bad234b7736a",
}


def iso(major: bytes, *compatible: bytes) -> bytes:
    content = b"".join((b"ftyp", major, b"\0\0\0\0", *compatible))
    return (len(content) + 4).to_bytes(4, "big") + content


def with_bits(*places: int) -> str:
    return f"{sum(1 << place for place in places):016x}"


def test_every_format_has_an_ending() -> None:
    assert dict(zip(PhotoFormat, ENDINGS, strict=True)) == {
        PhotoFormat.JPEG: "jpg",
        PhotoFormat.PNG: "png",
        PhotoFormat.WEBP: "webp",
        PhotoFormat.HEIC: "heic",
    }


def test_three_copies_are_kept() -> None:
    assert [(size, size.longest_side_px, size.file_name) for size in PhotoSize] == [
        (PhotoSize.FULL, 2048, "full.jpg"),
        (PhotoSize.MEDIUM, 640, "640.jpg"),
        (PhotoSize.SMALL, 160, "160.jpg"),
    ]


@pytest.mark.parametrize(
    ("head", "photo_format"),
    [
        (b"\xff\xd8\xff\xe0\0\x10JFIF", PhotoFormat.JPEG),
        (b"\xff\xd8\xff\xdb", PhotoFormat.JPEG),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", PhotoFormat.PNG),
        (b"RIFF\x24\0\0\0WEBPVP8 ", PhotoFormat.WEBP),
        *((iso(brand, b"mif1", b"heic"), PhotoFormat.HEIC) for brand in (b"heic", b"heix", b"heim", b"heis", b"mif1")),
        # a brand that begins where the box ends is not the file's
        (iso(b"mif1", b"mif1") + b"avif", PhotoFormat.HEIC),
    ],
)
def test_a_photo_is_known_by_its_first_bytes(head: bytes, photo_format: PhotoFormat) -> None:
    assert format_of(head) is photo_format


@pytest.mark.parametrize(
    "head",
    [
        b"GIF87a",
        b"GIF89a\x90\x01",
        b"II*\0\x08\0\0\0",
        b"MM\0*\0\0\0\x08",
        b"II+\0\x08\0\0\0",
        b"BM" + bytes(12) + b"\x28\0\0\0",
        b"8BPS\0\1",
        b"\0\0\1\0\1\0",
        b"qoif\0\0",
        b"\0\0\0\x0cjP  \r\n\x87\n",
        b"\xff\x4f\xff\x51\0",
        b"\0\0\0\x0cJXL \r\n\x87\n",
        b"\xff\x0a\0",
        *(iso(brand, b"mif1") for brand in (b"avif", b"avis", b"hevc", b"hevx", b"msf1", b"avci", b"miaf", b"jpeg")),
        iso(b"mif1", b"mif1", b"avif", b"miaf"),
        iso(b"mif1", b"mif1", b"miaf", b"avis"),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\xef\xbb\xbf \n<SVG>",
        b"<?xml version='1.0'?><svg>",
        b"<!DOCTYPE svg><svg>",
        b"<!-- drawn by hand --><svg>",
    ],
)
def test_a_picture_of_another_kind_is_called_that(head: bytes) -> None:
    assert format_of(head) is None
    assert why_unsupported(head) is RejectionReason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff",
        b"\xff\xd8",
        b"\x89PNG\n\x1a\n",
        b"RIFF\x24\0\0\0WAVEfmt ",
        b"RIFF",
        b"%PDF-1.7",
        b"PK\3\4",
        b"BMW is a car, and this is no bitmap",
        b"<!doctype html><p>hello",
        b"<?xml version='1.0'?><order/>",
        b"\0\0\0\x18ftyp",
        iso(b"isom", b"mif1", b"heic"),
        iso(b"qt  "),
    ],
)
def test_what_is_no_picture_is_called_that(head: bytes) -> None:
    assert format_of(head) is None
    assert why_unsupported(head) is RejectionReason.NOT_A_PHOTO


@given(head=st.binary(max_size=300))
def test_any_bytes_are_a_photo_or_have_a_reason(head: bytes) -> None:
    reasons = {RejectionReason.UNSUPPORTED_FORMAT, RejectionReason.NOT_A_PHOTO}
    assert format_of(head) or why_unsupported(head) in reasons


# --- hints ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "hints"),
    [
        ({}, ()),
        ({"sharpness": SHARP_FROM}, ()),
        ({"sharpness": SHARP_FROM - 0.1}, (PhotoHint.BLURRY,)),
        ({"brightness": DARK_BELOW}, ()),
        ({"brightness": DARK_BELOW - 0.1}, (PhotoHint.TOO_DARK,)),
        ({"over_exposed_share": OVEREXPOSED_SHARE - 0.0001}, ()),
        ({"over_exposed_share": OVEREXPOSED_SHARE}, (PhotoHint.OVEREXPOSED,)),
        ({"shorter_side_px": SMALL_BELOW_PX}, ()),
        ({"shorter_side_px": SMALL_BELOW_PX - 1}, (PhotoHint.TOO_SMALL,)),
        ({"sharpness": 0, "shorter_side_px": 32}, (PhotoHint.BLURRY, PhotoHint.TOO_SMALL)),
    ],
)
def test_a_hint_is_given_from_its_limit_on(changes: dict[str, float], hints: tuple[PhotoHint, ...]) -> None:
    assert hints_of(PhotoMeasures(**{**GOOD, **changes})) == hints


@pytest.mark.parametrize(
    ("changes", "hint"),
    [({"brightness": 20}, PhotoHint.TOO_DARK), ({"over_exposed_share": 0.6}, PhotoHint.OVEREXPOSED)],
)
def test_in_bad_light_nothing_is_said_of_sharpness(changes: dict[str, float], hint: PhotoHint) -> None:
    assert hints_of(PhotoMeasures(**{**GOOD, "sharpness": 5, **changes})) == (hint,)


@pytest.mark.parametrize(
    "change",
    [
        {"sharpness": float("nan")},
        {"sharpness": float("inf")},
        {"sharpness": -1},
        {"brightness": 255.1},
        {"over_exposed_share": 1.1},
        {"shorter_side_px": 0},
        {"shorter_side_px": 50_000_001},
        {"diagnosis": "none"},
    ],
)
def test_a_measure_that_no_picture_has_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(change))):
        PhotoMeasures(**{**GOOD, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"format": "GIF"},
        {"width": 0},
        {"width": 2049},
        {"height": 0},
        {"height": 2049},
        {"fingerprint": "3d30bad234b7736"},
        {"fingerprint": "3D30BAD234B7736A"},
        {"fingerprint": "3d30bad234b7736a\n"},
        {"name": "scalp.jpg"},
    ],
)
def test_what_no_kept_photo_is_like_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(change))):
        Inspected(**{**PHOTO, **change})


def test_what_is_known_of_a_photo_can_be_written_and_read() -> None:
    photo = Inspected(**PHOTO)

    assert Inspected.model_validate_json(photo.model_dump_json()) == photo


# --- the same picture -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "bits"),
    [
        ("0000000000000000", "0000000000000000", 0),
        ("0000000000000000", "ffffffffffffffff", 64),
        ("8000000000000000", "0000000000000001", 2),
        ("3d30bad234b7736a", "3d30bad234b7726a", 1),
    ],
)
def test_a_distance_is_the_number_of_bits_that_differ(first: str, second: str, bits: int) -> None:
    assert distance(first, second) == bits


@given(first=fingerprints, second=fingerprints, third=fingerprints)
def test_a_distance_is_one(first: str, second: str, third: str) -> None:
    assert distance(first, first) == 0
    assert distance(first, second) == distance(second, first)
    assert distance(first, third) <= distance(first, second) + distance(second, third)


def test_up_to_a_distance_photos_are_the_same() -> None:
    assert is_same_photo(with_bits(), with_bits(*range(SAME_PHOTO_DISTANCE)))
    assert not is_same_photo(with_bits(), with_bits(*range(SAME_PHOTO_DISTANCE + 1)))


A, B, C = with_bits(), with_bits(*range(4)), with_bits(*range(8))
"""A and B are the same, B and C are the same, A and C are not."""


@pytest.mark.parametrize(
    ("known", "repeats"),
    [
        ([], ()),
        ([None], (None,)),
        ([A], (None,)),
        ([A, A, A], (None, 0, 0)),
        ([None, A, None, A], (None, None, None, 1)),
        ([A, C, C, A], (None, None, 1, 0)),
        ([A, B, C], (None, 0, None)),
        ([B, A, C], (None, 0, 0)),
        ([A, C, B], (None, None, 0)),
    ],
)
def test_a_photo_names_the_earlier_one_that_it_repeats(
    known: list[str | None], repeats: tuple[int | None, ...]
) -> None:
    assert first_of_each(known) == repeats


@given(known=st.lists(st.none() | st.sampled_from([A, B, C]) | fingerprints, max_size=8))
def test_what_is_repeated_comes_earlier_is_the_same_and_repeats_nothing(known: list[str | None]) -> None:
    repeats = first_of_each(known)

    assert len(repeats) == len(known)
    for place, (fingerprint, earlier) in enumerate(zip(known, repeats, strict=True)):
        if earlier is not None:
            first = known[earlier]
            assert fingerprint is not None
            assert first is not None
            assert earlier < place
            assert repeats[earlier] is None
            assert is_same_photo(first, fingerprint)


def test_each_format_has_the_ending_that_tickets_name() -> None:
    assert {each.ending: each for each in PhotoFormat} == {
        "jpg": PhotoFormat.JPEG,
        "png": PhotoFormat.PNG,
        "webp": PhotoFormat.WEBP,
        "heic": PhotoFormat.HEIC,
    }
    assert tuple(each.ending for each in PhotoFormat) == ENDINGS
