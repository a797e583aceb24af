"""The examiner: a child process that opens photos of strangers, so that a decoder's fault is not the server's.

Run by `inspection.py` as `python -m traya_gql.integrations.images.examiner PID`, where PID is the parent's. It says
`{"ready": true}`, then answers each line `{"source": 3, "copies": {"FULL": 4, …}}` with one line:

* `{"inspected": {…}}`: the photo was taken, its copies were written;
* `{"rejected": "REASON"}`: it was not, and nothing was written;
* `{"failed": "…"}`: a file could not be read or written, which says nothing of the photo.

The numbers are open files that the parent passed on: the process needs no other, and as far as the kernel can forbid
it, opens none.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Final

import pi_heif  # type: ignore[import-untyped] # it has annotations, and does not say so
from PIL import Image, ImageCms, ImageFile, ImageFilter, ImageStat
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from traya_gql.domain.photos import (
    HEAD_BYTES,
    LEAST_SIDE_PX,
    MOST_BYTES,
    MOST_PIXELS,
    OVEREXPOSED_FROM,
    Inspected,
    PhotoFormat,
    PhotoMeasures,
    PhotoSize,
    RejectionReason,
    format_of,
    why_unsupported,
)
from traya_gql.integrations.images.confinement import confine
from traya_gql.integrations.images.headers import refusal_of

_QUALITIES: Final = {PhotoSize.FULL: 88, PhotoSize.MEDIUM: 82, PhotoSize.SMALL: 80}

# Exactly what the bytes say is tried, and nothing that Pillow would try besides. Of a JPEG with several pictures (MPO,
# Ultra HDR: cameras add a preview, or a map of its lights), this opens the first and does not read the index.
_DECODERS: Final[dict[PhotoFormat, Callable[[BytesIO], ImageFile.ImageFile]]] = {
    PhotoFormat.JPEG: JpegImageFile,
    PhotoFormat.PNG: PngImageFile,
    PhotoFormat.WEBP: WebPImageFile,
    PhotoFormat.HEIC: pi_heif.HeifImageFile,
}

_ORIENTATION: Final = 0x0112
# Source: Exif 2.32, tag Orientation
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SRGB: Final = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))

_LAPLACIAN: Final = (0, 1, 0, 1, -4, 1, 0, 1, 0)
_HASH_SIDE: Final = 8


class Rejected(Exception):
    """The file is not taken as a photo."""

    def __init__(self, reason: RejectionReason) -> None:
        super().__init__(reason)
        self.reason = reason


def examine(data: bytes) -> tuple[Inspected, dict[PhotoSize, bytes]]:
    """Look at what was sent; return what was found, and the copies that are kept of it.

    They are progressive JPEGs in sRGB, the right way up, without any metadata.

    Raises:
        Rejected: it is not taken.
    """
    if len(data) > MOST_BYTES:
        raise Rejected(RejectionReason.TOO_MANY_BYTES)
    photo_format = format_of(data[:HEAD_BYTES])
    if photo_format is None:
        raise Rejected(why_unsupported(data[:HEAD_BYTES]))
    try:
        return _process(photo_format, data)
    except Rejected:
        raise
    except MemoryError:
        raise Rejected(RejectionReason.TOO_MANY_PIXELS) from None
    except Exception:  # noqa: BLE001 - decoders raise what they like, and it is always the photo
        raise Rejected(RejectionReason.DAMAGED) from None


def _process(photo_format: PhotoFormat, data: bytes) -> tuple[Inspected, dict[PhotoSize, bytes]]:
    image = _open(photo_format, data)
    shorter_side_px = min(image.size)
    full = _normalised(image)
    medium = _shrunk(full, PhotoSize.MEDIUM.longest_side_px)
    small = _shrunk(medium, PhotoSize.SMALL.longest_side_px)
    grey = medium.convert("L")
    inspected = Inspected(
        format=photo_format,
        width=full.width,
        height=full.height,
        measures=_measures(grey, shorter_side_px=shorter_side_px),
        fingerprint=_fingerprint(grey),
    )
    copies = {PhotoSize.FULL: full, PhotoSize.MEDIUM: medium, PhotoSize.SMALL: small}
    return inspected, {size: _jpeg(copy, quality=_QUALITIES[size]) for size, copy in copies.items()}


# --- opening ----------------------------------------------------------------------------------------------------------


def _open(photo_format: PhotoFormat, data: bytes) -> ImageFile.ImageFile:
    """Read the header; nothing is decoded yet."""
    reason = refusal_of(photo_format, data)
    if reason is not None:
        raise Rejected(reason)
    try:
        image = _DECODERS[photo_format](BytesIO(data))
    except Image.DecompressionBombError:
        raise Rejected(RejectionReason.TOO_MANY_PIXELS) from None
    if image.width * image.height > MOST_PIXELS:
        raise Rejected(RejectionReason.TOO_MANY_PIXELS)
    if min(_fitting(image.size, PhotoSize.FULL.longest_side_px)) < LEAST_SIDE_PX:
        raise Rejected(RejectionReason.TOO_SMALL)
    # several pictures in a HEIC stand side by side, and the decoder opens the one to be shown
    if photo_format is not PhotoFormat.HEIC and getattr(image, "is_animated", False):
        raise Rejected(RejectionReason.ANIMATED)
    return image


# --- making it like all others ----------------------------------------------------------------------------------------


def _normalised(image: ImageFile.ImageFile) -> Image.Image:
    """Decode a photo; return it the right way up, in sRGB, not larger than FULL, with no metadata."""
    longest = PhotoSize.FULL.longest_side_px
    # JPEGs are decoded at a half, a quarter or an eighth, as far as that is still large enough
    image.draft(None, _fitting(image.size, longest))
    image.load()
    # not earlier: of a PNG, this would decode it, and hide that it is damaged
    turn = _turn(image)
    icc_profile = image.info.get("icc_profile")
    plain = _in_srgb(_on_white(_shrunk(_in_whole_tones(image), longest)), icc_profile)
    upright = plain if turn is None else plain.transpose(turn)
    upright.info.clear()
    return upright


def _turn(image: Image.Image) -> Image.Transpose | None:
    """Return what brings a photo upright. Of a HEIC nothing: its decoder has done it."""
    try:
        return _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - broken metadata is no reason to refuse a picture that can be seen
        return None


def _in_whole_tones(image: Image.Image) -> Image.Image:
    """Return an image whose pixels can be mixed: 8 bits a channel, no palette, transparency as a channel."""
    if image.mode.startswith("I;16"):
        return image.point(lambda tone: tone * (1 / 256)).convert("L")
    if image.has_transparency_data and image.mode not in {"LA", "RGBA"}:
        return image.convert("RGBA")
    return image.convert("RGB") if image.mode == "P" else image.convert("L") if image.mode == "1" else image


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image
    colours = image.convert("RGBA")
    paper = Image.new("RGB", image.size, "white")
    paper.paste(colours, mask=colours.getchannel("A"))
    return paper


def _in_srgb(image: Image.Image, icc_profile: bytes | None) -> Image.Image:
    if icc_profile:
        try:
            profile = ImageCms.ImageCmsProfile(BytesIO(icc_profile))
            converted = ImageCms.profileToProfile(image, profile, _SRGB, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
            converted = None  # a profile that cannot be read, or is of other colours
        if converted is not None:
            return converted
    return image.convert("RGB")


def _fitting(size: tuple[int, int], longest_px: int) -> tuple[int, int]:
    """Return a size of the same shape whose longer side is so long at most."""
    longer = max(size)
    if longer <= longest_px:
        return size
    width, height = (max(1, round(side * longest_px / longer)) for side in size)
    return width, height


def _shrunk(image: Image.Image, longest_px: int) -> Image.Image:
    size = _fitting(image.size, longest_px)
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _jpeg(image: Image.Image, *, quality: int) -> bytes:
    target = BytesIO()
    image.save(target, "JPEG", quality=quality, progressive=True, subsampling="4:2:0")
    return target.getvalue()


# --- measuring --------------------------------------------------------------------------------------------------------


def _measures(grey: Image.Image, *, shorter_side_px: int) -> PhotoMeasures:
    tones = grey.histogram()
    count = grey.width * grey.height
    return PhotoMeasures(
        sharpness=round(_laplacian_variance(grey), 1),
        brightness=round(sum(tone * times for tone, times in enumerate(tones)) / count, 1),
        over_exposed_share=round(sum(tones[OVEREXPOSED_FROM:]) / count, 4),
        shorter_side_px=shorter_side_px,
    )


def _laplacian_variance(grey: Image.Image) -> float:
    """Return the variance of the second derivative, without the outermost pixels, which have no neighbours.

    Filters cut what is negative or above 255, so that it is taken in two halves.
    """
    total = squares = 0.0
    inside = (1, 1, grey.width - 1, grey.height - 1)
    for sign in (1, -1):
        edges = grey.filter(ImageFilter.Kernel((3, 3), [sign * weight for weight in _LAPLACIAN], scale=1)).crop(inside)
        half = ImageStat.Stat(edges)
        total += sign * half.sum[0]
        squares += half.sum2[0]
    count = (grey.width - 2) * (grey.height - 2)
    return squares / count - (total / count) ** 2


def _fingerprint(grey: Image.Image) -> str:
    row = _HASH_SIDE + 1
    tones = grey.resize((row, _HASH_SIDE), Image.Resampling.BOX).tobytes()
    bits = (tones[place] > tones[place + 1] for place in range(row * _HASH_SIDE) if place % row != _HASH_SIDE)
    return f"{int(''.join('01'[bit] for bit in bits), 2):016x}"


# --- the process ------------------------------------------------------------------------------------------------------


def answer(line: bytes) -> dict[str, object]:
    """Answer one request; see the module."""
    request = json.loads(line)
    try:
        inspected, copies = examine(os.pread(request["source"], MOST_BYTES + 1, 0))
        for size, content in copies.items():
            _write(request["copies"][size], content)
    except Rejected as rejected:
        return {"rejected": rejected.reason}
    except OSError as fault:
        return {"failed": f"{type(fault).__name__} {fault.errno or 0}"}
    return {"inspected": inspected.model_dump(mode="json")}


def _write(descriptor: int, content: bytes) -> None:
    written = 0
    while written < len(content):
        written += os.pwrite(descriptor, content[written:], written)


def main(arguments: Sequence[str]) -> None:
    """Answer requests until the parent closes the pipe or dies."""
    confine(parent=int(arguments[0]))
    # Pillow refuses twice as many: with this it refuses a WebP before it makes room for it
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2
    ImageFile.MAXBLOCK = 4 * PhotoSize.FULL.longest_side_px**2  # a noisy picture's JPEG must fit
    pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=0)
    # what a decoder may print goes elsewhere
    with os.fdopen(os.dup(1), "wb", buffering=0) as answers:
        os.dup2(2, 1)
        answers.write(b'{"ready": true}\n')
        for line in sys.stdin.buffer:
            answers.write(json.dumps(answer(line)).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
