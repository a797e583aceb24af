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
def _progressive(side: int) -> tuple[bytes, bytes]:
    """Return a progressive JPEG of 10 scans without its end, and the last of its scans, with its Huffman table."""
    data = jpeg(Image.new("RGB", (side, side), SKIN), progressive=True, quality=50)
    last = data.rindex(b"\xff\xda")
    return data[:-2], data[data.rindex(b"\xff\xc4", 0, last) : -2]


def slow_jpeg(*, scans: int, side: int = 7000, fill: bytes = b"") -> bytes:
    """Return a JPEG of few bytes and many pixels, which goes through them so many times; at least 10.

    Args:
        scans: how often.
        side: how many pixels it is wide and high.
        fill: stands before each repeated scan.
    """
    begin, scan = _progressive(side)
    return begin + (fill + scan) * (scans - 10) + b"\xff\xd9"


def mpo(image: Image.Image, preview: Image.Image) -> bytes:
    """Return a JPEG with a second picture behind the first, as cameras write it."""
    target = BytesIO()
    image.save(target, "MPO", save_all=True, append_images=[preview], quality=92)
    return target.getvalue()


# --- HEIC by hand -----------------------------------------------------------------------------------------------------


def iso_box(kind: bytes, *content: bytes) -> bytes:
    whole = b"".join(content)
    return struct.pack(">I4s", 8 + len(whole), kind) + whole


def _full_box(kind: bytes, version: int, *content: bytes) -> bytes:
    return iso_box(kind, struct.pack(">I", version << 24), *content)


def _sole(kind: bytes, data: bytes) -> bytes:
    """Return the first box of a kind in a file."""
    place = data.index(kind) - 4
    return data[place : place + int.from_bytes(data[place : place + 4], "big")]


@cache
def _tile(side: int) -> bytes:
    return heic(Image.new("RGB", (side, side), SKIN), quality=30)


def heic_of_parts(
    made_of: dict[int, list[int]], *, side: int, grid: bool = False, transparency: int | None = None
) -> bytes:
    """Return a HEIC of pictures that are made of others; the last one is shown.

    Args:
        made_of: what each is made of, by its number; nothing when it is a picture of its own, a square of one colour.
        side: of each square.
        grid: the last one has its parts beside each other, where else parts lie on each other.
        transparency: which one is the transparency of the last.
    """
    tile, shown = _tile(side), max(made_of)
    recipes, places = b"", {}
    for item, parts in made_of.items():
        recipe = struct.pack(">BB4HHH", 0, 0, 0, 0, 0, 65535, side, side) + bytes(4 * len(parts))
        if grid and item == shown:
            recipe = struct.pack(">BBBBHH", 0, 0, 0, len(parts) - 1, side * len(parts), side)
        if parts:
            places[item] = (1, len(recipes), len(recipe))
            recipes += recipe
    kinds = {item: b"hvc1" if not parts else b"iovl" for item, parts in made_of.items()}
    width = side
    if grid:
        kinds[shown], width = b"grid", side * len(made_of[shown])
    references = [_reference(b"dimg", item, parts) for item, parts in made_of.items() if parts]
    if transparency is not None:
        references.append(_reference(b"auxl", transparency, [shown]))
    size = _full_box(b"ispe", 0, struct.pack(">II", width, side))
    properties = {True: (2, 0x81, 2), False: (1, 3)}
    names = [_full_box(b"infe", 2, struct.pack(">HH4sx", item, 0, kind)) for item, kind in kinds.items()]
    count = struct.pack(">H", len(made_of))
    owned = [bytes((item >> 8, item & 255, *properties[kind == b"hvc1"])) for item, kind in kinds.items()]

    def described(start: int) -> bytes:
        content = len(_sole(b"mdat", tile)) - 8
        # each in one piece: how its place is counted, its place, its length
        where = {item: places.get(item, (0, start, content)) for item in made_of}
        located = [struct.pack(">HHHHII", item, how, 0, 1, *piece) for item, (how, *piece) in where.items()]
        return _full_box(
            b"meta",
            0,
            _full_box(b"hdlr", 0, bytes(4), b"pict", bytes(13)),
            _full_box(b"pitm", 0, struct.pack(">H", shown)),
            _full_box(b"iloc", 1, b"\x44\0", count, *located),
            _full_box(b"iinf", 0, count, *names),
            _full_box(b"iref", 0, *references),
            iso_box(
                b"iprp",
                iso_box(b"ipco", _sole(b"hvcC", tile), _sole(b"ispe", tile), size),
                _full_box(b"ipma", 0, struct.pack(">I", len(made_of)), *owned),
            ),
            iso_box(b"idat", recipes),
        )

    head = iso_box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    return head + described(len(head) + len(described(0)) + 8) + _sole(b"mdat", tile)


def _reference(kind: bytes, item: int, others: list[int]) -> bytes:
    return iso_box(kind, struct.pack(f">HH{len(others)}H", item, len(others), *others))


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
