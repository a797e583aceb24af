"""A photo as a file: which ones are taken, what is measured on them, and which of them show the same picture."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MOST_BYTES = 10_000_000
"""Of a photo that is sent straight to the store."""

MOST_MULTIPART_BYTES = 2_000_000
"""Of a photo that is sent with a GraphQL request."""

MOST_PIXELS = 50_000_000
"""Of a photo as sent: what phones call 50 megapixels. Decoded, it takes 200 MB."""

LEAST_SIDE_PX = 32
"""Of a photo that is worth looking at."""

HEAD_BYTES = 256
"""So many first bytes of a file tell what it is."""


class PhotoFormat(StrEnum):
    """What photos are sent as."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WEBP"
    HEIC = "HEIC"

    @property
    def ending(self) -> str:
        """What the names of such files end in."""
        return _ENDINGS[self]


_ENDINGS = {
    PhotoFormat.JPEG: "jpg",
    PhotoFormat.PNG: "png",
    PhotoFormat.WEBP: "webp",
    PhotoFormat.HEIC: "heic",
}
ENDINGS = tuple(_ENDINGS.values())
"""What the names of photos end in, in the order of `PhotoFormat`."""


class PhotoSize(StrEnum):
    """The copies that are kept of each photo. None is larger than what was sent."""

    FULL = "FULL"
    MEDIUM = "MEDIUM"
    SMALL = "SMALL"

    @property
    def longest_side_px(self) -> int:
        """How long the longer side is at most."""
        return _LONGEST_SIDES_PX[self]

    @property
    def file_name(self) -> str:
        """What the copy is called in the folder of its photo: `full.jpg`, `640.jpg` or `160.jpg`."""
        return f"{'full' if self is PhotoSize.FULL else self.longest_side_px}.jpg"


_LONGEST_SIDES_PX = {PhotoSize.FULL: 2048, PhotoSize.MEDIUM: 640, PhotoSize.SMALL: 160}


class RejectionReason(StrEnum):
    """Why a file was not taken as a photo."""

    NOT_SENT = "NOT_SENT"
    """No file ever arrived."""
    NOT_A_PHOTO = "NOT_A_PHOTO"
    """It is no picture: a document, a text, random bytes, nothing at all."""
    UNSUPPORTED_FORMAT = "UNSUPPORTED_FORMAT"
    """It is a picture of another kind: GIF, AVIF, TIFF, BMP, SVG, JPEG 2000, JPEG XL, a sequence of HEIF."""
    ANIMATED = "ANIMATED"
    """It shows several pictures, one after the other."""
    DAMAGED = "DAMAGED"
    """It ends too early, contradicts itself, or asks for what decoders refuse."""
    TOO_MANY_BYTES = "TOO_MANY_BYTES"
    """The file is longer than `MOST_BYTES`."""
    TOO_MANY_PIXELS = "TOO_MANY_PIXELS"
    """It has more than `MOST_PIXELS`, or does not fit into the memory that so many need."""
    TOO_SMALL = "TOO_SMALL"
    """A side is shorter than `LEAST_SIDE_PX`, or of no length at all, or would be so in the FULL copy."""
    TOO_SLOW = "TOO_SLOW"
    """To look at it took too long."""


class PhotoHint(StrEnum):
    """What would make a photo better."""

    BLURRY = "BLURRY"
    TOO_DARK = "TOO_DARK"
    OVEREXPOSED = "OVEREXPOSED"
    TOO_SMALL = "TOO_SMALL"


# --- what a file is ---------------------------------------------------------------------------------------------------

# Source: ISO/IEC 23008-12, annex B: coded with HEVC, one picture or several that stand side by side
_HEVC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis"})
# says nothing of the coding
_ANY_CODING_BRAND = b"mif1"
# Source: https://aomediacodec.github.io/av1-avif/, section 6
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
# sequences, AVIF, its profiles, and pictures of other codings
_OTHER_BRANDS = _AVIF_BRANDS | {
    b"hevc",
    b"hevx",
    b"hevm",
    b"hevs",
    b"msf1",
    b"miaf",
    b"avci",
    b"avcs",
    b"jpeg",
    b"j2ki",
}
_OTHER_MAGIC = (
    *(b"GIF87a", b"GIF89a"),
    *(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),  # TIFF and most raw formats of cameras
    *(b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),  # JPEG 2000
    *(b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a"),
    *(b"\0\0\1\0", b"8BPS", b"qoif"),
)
_BMP_HEADER_SIZES = frozenset({12, 40, 52, 56, 64, 108, 124})


def format_of(head: bytes) -> PhotoFormat | None:
    """Return what a file is by its first `HEAD_BYTES`, or None when it is not one of the formats that are taken."""
    if head.startswith(b"\xff\xd8\xff"):
        return PhotoFormat.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PhotoFormat.PNG
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return PhotoFormat.WEBP
    major, compatible = _brands(head)
    # many AVIF files name this brand first, and their own after it
    if major in _HEVC_BRANDS or (major == _ANY_CODING_BRAND and not _AVIF_BRANDS & compatible):
        return PhotoFormat.HEIC
    return None


def why_unsupported(head: bytes) -> RejectionReason:
    """Return why a file without a `format_of` is not taken, by its first `HEAD_BYTES`."""
    major, _ = _brands(head)
    is_bitmap = head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES
    is_picture = head.startswith(_OTHER_MAGIC) or is_bitmap or major in _OTHER_BRANDS or major == _ANY_CODING_BRAND
    if is_picture or _is_svg(head):
        return RejectionReason.UNSUPPORTED_FORMAT
    return RejectionReason.NOT_A_PHOTO


def _brands(head: bytes) -> tuple[bytes, frozenset[bytes]]:
    """Return the major brand of an ISO media file and the compatible ones; empty for other files."""
    if head[4:8] != b"ftyp":
        return b"", frozenset()
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return head[8:12], frozenset(head[start : start + 4] for start in range(16, end, 4))


def _is_svg(head: bytes) -> bool:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return text.startswith(b"<svg") or (text.startswith((b"<?xml", b"<!")) and b"<svg" in text)


# --- which photos show the same picture -------------------------------------------------------------------------------

Fingerprint = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
"""A difference hash: 64 bits as 16 hexadecimal digits, row by row; a bit is set where it gets darker to the right."""

SAME_PHOTO_DISTANCE = 5
"""At most so many bits differ between copies of one photo.

Of drawn scalps, copies of one in other qualities, sizes and formats differ in 4 bits at most, and two of them in 16 at
least; two shots of one place lie between. In use elsewhere are limits from 5 to 10.
Source: https://www.hackerfactor.com/blog/index.php?/archives/529-Kind-of-Like-That.html
"""


def distance(first: str, second: str) -> int:
    """Return in how many of their 64 bits two fingerprints differ."""
    return (int(first, 16) ^ int(second, 16)).bit_count()


def is_same_photo(first: str, second: str) -> bool:
    """Whether two fingerprints are of one photo, saved in another quality, size or format.

    Two shots of one place are usually told apart; a larger crop or a turned copy is not recognised. Pictures of one
    even tone, such as black ones, are all the same.
    """
    return distance(first, second) <= SAME_PHOTO_DISTANCE


def first_of_each(fingerprints: Sequence[str | None]) -> tuple[int | None, ...]:
    """Return for each photo the place of an earlier one that it repeats, or None.

    The earlier one is itself no repeat. None in `fingerprints` stands for a photo that is not known; it repeats none.
    """
    firsts: dict[int, str] = {}
    found: list[int | None] = []
    for place, fingerprint in enumerate(fingerprints):
        if fingerprint is None:
            found.append(None)
            continue
        earlier = next((first for first, known in firsts.items() if is_same_photo(known, fingerprint)), None)
        if earlier is None:
            firsts[place] = fingerprint
        found.append(earlier)
    return tuple(found)


# --- what is measured -------------------------------------------------------------------------------------------------

# Advice, so rather too low than too high: a good photo that is called bad annoys, and counts less for the report. They
# were found on drawn scalps; photos of customers have not been measured yet.

SHARP_FROM = 100.0
"""Below this `sharpness`, a photo looks blurred.

Drawn scalps measure from 4,000 to 8,000; blurred by 2 px of 1,600, where single hairs can still be seen, about 400; by
3 px, where they cannot, about 75. 100 is also the usual limit for photos of all kinds.
Source: https://survivor.togaware.com/mlhub/opencv-blurry.html
"""

DARK_BELOW = 40.0
"""Below this `brightness`, hair cannot be told from skin.

Cameras bring what they see to a middle grey, about 118, even black hair: a photo is below 40 only when there was too
little light. Checks of other photos begin at 30.
Source: https://cnri.edu/docs/2-2-quality-gated-camera-mode-android-app
"""

OVEREXPOSED_FROM = 250
"""A pixel so bright shows nothing any more: skin and hair have no tones there. JPEG blurs 255 by a few steps."""

OVEREXPOSED_SHARE = 0.25
"""From this `over_exposed_share`, too much of a photo shows nothing.

A drawn scalp that is exposed twice as long has 0.17 and can be judged; three times as long, 0.32, its skin is white.
"""

SMALL_BELOW_PX = 640
"""Below this `shorter_side_px`, single hairs are not seen.

A hair is about 0.07 mm wide, and a photo of a scalp about 150 mm: with 640 px it is a third of a pixel, hardly a line.
"""


class PhotoMeasures(BaseModel):
    """What a computer measures on a photo. It says how well one sees on it, and nothing of what one sees.

    Args:
        sharpness: the variance of the Laplacian of its grey copy, whose longer side has 640 px at most.
        brightness: the mean of the grey copy, from 0 (black) to 255 (white).
        over_exposed_share: how much of the grey copy is at `OVEREXPOSED_FROM` or above, from 0 to 1.
        shorter_side_px: of the photo as sent.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sharpness: float = Field(ge=0, le=1_100_000, allow_inf_nan=False)
    brightness: float = Field(ge=0, le=255, allow_inf_nan=False)
    over_exposed_share: float = Field(ge=0, le=1, allow_inf_nan=False)
    shorter_side_px: int = Field(ge=1, le=MOST_PIXELS)


class Inspected(BaseModel):
    """What is known of a photo that was taken.

    Args:
        format: what was sent. What is kept is always JPEG.
        width: of the FULL copy, in px, the way up that it is looked at.
        height: likewise.
        measures: see there.
        fingerprint: tells whether another photo shows the same picture.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: PhotoFormat
    width: int = Field(ge=1, le=PhotoSize.FULL.longest_side_px)
    height: int = Field(ge=1, le=PhotoSize.FULL.longest_side_px)
    measures: PhotoMeasures
    fingerprint: Fingerprint


def hints_of(measures: PhotoMeasures) -> tuple[PhotoHint, ...]:
    """Return what would make a photo better, in the order of `PhotoHint`; empty when nothing is wrong with it.

    Hints are advice: no photo is refused for one.
    """
    is_dark = measures.brightness < DARK_BELOW
    is_overexposed = measures.over_exposed_share >= OVEREXPOSED_SHARE
    found = {
        # without light nothing is sharp: better light is the better advice
        PhotoHint.BLURRY: measures.sharpness < SHARP_FROM and not (is_dark or is_overexposed),
        PhotoHint.TOO_DARK: is_dark,
        PhotoHint.OVEREXPOSED: is_overexposed,
        PhotoHint.TOO_SMALL: measures.shorter_side_px < SMALL_BELOW_PX,
    }
    return tuple(hint for hint, is_given in found.items() if is_given)
