"""Pictures that tests send: drawn scalps, and files that are broken, hostile or something else."""

from __future__ import annotations

import math
import struct
import zlib
from functools import cache
from io import BytesIO
from random import Random
from typing import Any

import pillow_heif
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

SKIN = (196, 152, 122)
HAIR = (46, 36, 30)
GPS = {1: "N", 2: (12.0, 58.0, 17.0), 3: "E", 4: (77.0, 35.0, 40.0)}
ORIENTATION, GPS_IFD, MAKE = 0x0112, 0x8825, 0x010F
SECRET = b"a-secret-that-must-not-survive"

pillow_heif.register_heif_opener()


@cache
def scalp(seed: int = 1, *, size: tuple[int, int] = (1600, 1200)) -> Image.Image:
    """Return a head seen from above: a parting, skin that shines through, and many single hairs. Do not change it."""
    random = Random(seed)
    width, height = 1600, 1200
    image = Image.new("RGB", (width, height), SKIN)
    draw = ImageDraw.Draw(image)
    # patches of light and shadow, larger than hairs: what tells one photo from another
    for _ in range(40):
        left, top, radius = random.randrange(width), random.randrange(height), random.randrange(80, 320)
        tone = random.uniform(0.5, 1.15)
        draw.ellipse((left - radius, top - radius, left + radius, top + radius), fill=_tinted(SKIN, tone))
    image = image.filter(ImageFilter.GaussianBlur(40))
    draw = ImageDraw.Draw(image)
    lean = random.uniform(-0.5, 0.5)
    middle = random.uniform(0.3, 0.7) * width
    for _ in range(7000):
        x, y = random.uniform(0, width), random.uniform(0, height)
        off = x - middle - lean * (y - height / 2)
        if abs(off) < random.uniform(0, 90):
            continue
        angle = random.gauss(0.35 if off > 0 else math.pi - 0.35, 0.15)
        length = random.uniform(40, 140)
        end = (x + length * math.cos(angle), y + length * math.sin(angle))
        draw.line((x, y, *end), fill=_tinted(HAIR, random.uniform(0.6, 2.2)), width=random.choice((1, 2, 2, 3)))
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)


def _tinted(colour: tuple[int, int, int], tone: float) -> tuple[int, int, int]:
    red, green, blue = (min(255, int(part * tone)) for part in colour)
    return red, green, blue


def blurred(image: Image.Image, radius: float) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(radius))


def lit(image: Image.Image, factor: float) -> Image.Image:
    """Return the image as if exposed so many times as long."""
    return ImageEnhance.Brightness(image).enhance(factor)


def jpeg(image: Image.Image | None = None, **options: Any) -> bytes:
    return saved(image, "JPEG", **{"quality": 92, **options})


def png(image: Image.Image | None = None, **options: Any) -> bytes:
    return saved(image, "PNG", **{"compress_level": 1, **options})


def webp(image: Image.Image | None = None, **options: Any) -> bytes:
    return saved(image, "WEBP", **{"quality": 90, "method": 0, **options})


def heic(image: Image.Image | None = None, **options: Any) -> bytes:
    # the encoder's own speed takes a minute for what these tests need
    return saved(image, "HEIF", **{"quality": 85, "enc_params": {"preset": "ultrafast"}, **options})


def saved(image: Image.Image | None, name: str, **options: Any) -> bytes:
    target = BytesIO()
    (image or scalp(size=(400, 300))).save(target, name, **options)
    return target.getvalue()


def exif(*, orientation: int = 1) -> Image.Exif:
    """Return metadata with a place, a maker and a secret."""
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    tags[MAKE] = SECRET.decode()
    tags[GPS_IFD] = GPS
    return tags


# --- PNG and JPEG by hand ---------------------------------------------------------------------------------------------


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def raw_png(
    width: int, height: int, pixels: bytes, *, depth: int = 8, colours: int = 2, chunks: tuple[bytes, ...] = ()
) -> bytes:
    """Return a PNG with this header and these filtered, uncompressed pixels, whether they fit or not."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0))
    data = png_chunk(b"IDAT", zlib.compress(pixels, 9))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + data + png_chunk(b"IEND", b"")


def grey_16_bit_png(image: Image.Image) -> bytes:
    """Return a grey PNG of 16 bits a pixel: the lower byte counts down, so that a decoder that takes it shows noise."""
    tones = image.convert("L")
    width, height = tones.size
    raw = tones.tobytes()
    rows = (raw[start : start + width] for start in range(0, width * height, width))
    pixels = b"".join(b"\0" + bytes(part for tone in row for part in (tone, 255 - tone)) for row in rows)
    return raw_png(width, height, pixels, depth=16, colours=0)


def raw_jpeg(width: int, height: int) -> bytes:
    """Return a small JPEG whose header claims another size."""
    data = bytearray(jpeg(Image.new("RGB", (64, 64), SKIN)))
    frame = data.index(b"\xff\xc0")
    struct.pack_into(">HH", data, frame + 5, height, width)
    return bytes(data)


def with_segments(data: bytes, *segments: tuple[int, bytes]) -> bytes:
    """Put segments behind the start of a JPEG, each as (marker, content)."""
    packed = (bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content for marker, content in segments)
    return data[:2] + b"".join(packed) + data[2:]


@cache
def slow_jpeg(*, scans: int) -> bytes:
    """Return a progressive JPEG of few bytes and many pixels, whose last scan is there many times over."""
    data = jpeg(Image.new("RGB", (6000, 6000), SKIN), progressive=True, quality=50)
    last = data.rindex(b"\xff\xda")
    # its Huffman table stands before it
    start = data.rindex(b"\xff\xc4", 0, last)
    return data[:-2] + data[start:-2] * scans + b"\xff\xd9"


def mpo(image: Image.Image, preview: Image.Image) -> bytes:
    """Return a JPEG with a second picture behind the first, as cameras write it."""
    target = BytesIO()
    image.save(target, "MPO", save_all=True, append_images=[preview], quality=92)
    return target.getvalue()


# --- other kinds of files ---------------------------------------------------------------------------------------------


def iso_media(major: bytes, *compatible: bytes) -> bytes:
    """Return the beginning of an ISO media file, with nothing to show."""
    brands = b"".join((major, b"\0\0\0\0", *compatible))
    return struct.pack(">I4s", len(brands) + 8, b"ftyp") + brands + struct.pack(">I4s", 16, b"mdat") + bytes(8)


OTHER_PICTURES: dict[str, bytes] = {
    "GIF": saved(None, "GIF"),
    "animated GIF": saved(None, "GIF", save_all=True, append_images=[Image.new("RGB", (400, 300))]),
    "TIFF": saved(None, "TIFF"),
    "big-endian TIFF": b"MM\0*\0\0\0\x08" + bytes(64),
    "BMP": saved(None, "BMP"),
    "ICO": saved(Image.new("RGB", (64, 64)), "ICO"),
    "JPEG 2000": saved(Image.new("RGB", (64, 64)), "JPEG2000"),
    "AVIF": iso_media(b"avif", b"avif", b"mif1", b"miaf"),
    "AVIF under another brand": iso_media(b"mif1", b"mif1", b"avif", b"miaf"),
    "a sequence of HEIF": iso_media(b"hevc", b"msf1", b"hevc"),
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "SVG with a prologue": b'\xef\xbb\xbf<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>',
}

NO_PICTURES: dict[str, bytes] = {
    "nothing": b"",
    "a byte": b"\xff",
    "PDF": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n",
    "HTML": b"<!doctype html><script>alert(1)</script>",
    "XML": b'<?xml version="1.0"?><order/>',
    "a text": b"BMW and other words",
    "ZIP": b"PK\x05\x06" + bytes(18),
    "MP4": iso_media(b"isom", b"isom", b"mp41"),
    "WAV": b"RIFF\x24\0\0\0WAVEfmt ",
    "an ELF program": b"\x7fELF\x02\x01\x01" + bytes(64),
}
