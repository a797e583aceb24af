"""What files say before their pixels come: read here in little time, before a decoder believes it."""

from __future__ import annotations

import re
import struct
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from traya_gql.domain.photos import MOST_PIXELS, PhotoFormat, RejectionReason

MOST_SCANS: Final = 100
"""Of a JPEG. A progressive one has about 10; each goes through all pixels, and may take but a few bytes of the file."""

MOST_SEGMENTS: Final = 1000
"""Of a JPEG. 10 MB hold 153 of full length."""

MOST_DECODED_PIXELS: Final = 2 * MOST_PIXELS
"""Of all parts of a HEIC together: tiles stand out over its edge, and its transparency is a picture of its own."""

_LEAST_PART_PIXELS: Final = 64 * 64
"""What a part counts at the least: to begin with one takes time too."""

# Source: ITU-T T.81, B.1.1.2 and table B.1. Not a stuffed byte, nor fill, nor a marker that stands alone (TEM, RSTn)
_MARKER: Final = re.compile(rb"\xff([^\x00\x01\xff\xd0-\xd7])")
_END_OF_IMAGE: Final = 0xD9
_START_OF_SCAN: Final = 0xDA
# C4, C8 and CC mean something else
_START_OF_FRAME: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def refusal_of(photo_format: PhotoFormat, data: bytes) -> RejectionReason | None:
    """Return why a file of this format is not to be decoded, or None: then it is for its decoder to find faults."""
    match photo_format:
        case PhotoFormat.JPEG:
            return _refusal_of_jpeg(data)
        case PhotoFormat.PNG:
            # Pillow would only call the file unknown
            is_empty = data[12:16] == b"IHDR" and 0 in struct.unpack_from(">II", data.ljust(24, b"\1"), 16)
            return RejectionReason.TOO_SMALL if is_empty else None
        case PhotoFormat.HEIC:
            return _refusal_of_heic(data)
        case PhotoFormat.WEBP:
            return None


# --- JPEG -------------------------------------------------------------------------------------------------------------


def _refusal_of_jpeg(data: bytes) -> RejectionReason | None:
    segments = list(islice(_segments(data), MOST_SEGMENTS + 1))
    if len(segments) > MOST_SEGMENTS or sum(marker == _START_OF_SCAN for marker, _ in segments) > MOST_SCANS:
        return RejectionReason.DAMAGED
    for marker, place in segments:
        if marker in _START_OF_FRAME and place + 7 <= len(data):
            # Pillow would only call the file unknown
            return RejectionReason.TOO_SMALL if 0 in struct.unpack_from(">HH", data, place + 3) else None
    return None


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield each segment of a JPEG to its end, as (marker, place of its length).

    What stands between them, such as the pixels behind the start of a scan, is skipped as decoders skip it.
    """
    place = 2
    while (found := _MARKER.search(data, place)) is not None:
        marker = found[1][0]
        if marker == _END_OF_IMAGE:
            return
        yield marker, found.end()
        place = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")


# --- HEIC -------------------------------------------------------------------------------------------------------------


class _Box(NamedTuple):
    """A box of an ISO media file: its kind, and what lies in it."""

    kind: bytes
    content: bytes


def _refusal_of_heic(data: bytes) -> RejectionReason | None:
    descriptions = []
    for box in _boxes(data):
        if box.kind == b"moov":  # tracks, as films and sequences have. Source: ISO/IEC 14496-12, 8.2.1
            return RejectionReason.ANIMATED
        if box.kind == b"meta":
            descriptions.append(box.content)
    try:
        is_endless = any(_Parts(content).are_too_many() for content in descriptions)
    except (struct.error, IndexError):
        return RejectionReason.DAMAGED
    return RejectionReason.TOO_MANY_PIXELS if is_endless else None


def _boxes(data: bytes) -> Iterator[_Box]:
    """Yield the boxes that follow each other. Source: ISO/IEC 14496-12, 4.2."""
    place = 0
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        head = 8
        if length == 1 and place + 16 <= len(data):
            (length,) = struct.unpack_from(">Q", data, place + 8)
            head = 16
        if length == 0:  # it goes on to the end
            length = len(data) - place
        if length < head:
            return
        yield _Box(kind, data[place + head : place + length])
        place += length


class _Reader:
    """Reads the numbers of a box in turn; raises struct.error at its end."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._place = 0

    def next(self, form: str) -> int:
        (found,) = struct.unpack_from(f">{form}", self._content, self._place)
        self._place += struct.calcsize(form)
        return int(found)


class _Parts:
    """The pictures that a HEIC is put together of, by its `meta` box.

    A picture may be a grid or a pile of others, which may be so in turn, each used as often as one likes: a few kB name
    more pixels than can be decoded in a year. Source: ISO/IEC 14496-12, 8.11, and ISO/IEC 23008-12, 6.6 and 9.3.

    Raises:
        struct.error: a box ends too early.
        IndexError: a box is empty.
    """

    def __init__(self, meta: bytes) -> None:
        self._primary: int | None = None
        self._made_of: dict[int, list[int]] = defaultdict(list)
        self._belongs: dict[int, list[int]] = defaultdict(list)
        self._pixels: dict[int, int] = {}
        for box in _boxes(meta[4:]):
            if box.kind == b"pitm":
                self._primary = _Reader(box.content[4:]).next("I" if box.content[0] else "H")
            elif box.kind == b"iref":
                self._read_references(box.content)
            elif box.kind == b"iprp":
                self._read_sizes(box.content)

    def are_too_many(self) -> bool:
        """Whether the primary picture needs more than `MOST_DECODED_PIXELS`."""
        left = MOST_DECODED_PIXELS
        waiting = [] if self._primary is None else [self._primary]
        is_first = True
        while waiting and left >= 0:
            item = waiting.pop()
            parts = self._made_of.get(item, [])
            if not parts:
                # one without a size is no honest one
                left -= max(_LEAST_PART_PIXELS, self._pixels.get(item, MOST_PIXELS))
            elif not is_first:
                # the room it is put together in: as large as it likes, whatever size it has by its properties
                left -= MOST_PIXELS
            is_first = False
            waiting += parts
            waiting += self._belongs.get(item, [])
        return left < 0

    def _read_references(self, content: bytes) -> None:
        form = "I" if content[0] else "H"
        for box in _boxes(content[4:]):
            reader = _Reader(box.content)
            item = reader.next(form)
            others = [reader.next(form) for _ in range(reader.next("H"))]
            if box.kind == b"dimg":
                self._made_of[item] += others
            elif box.kind == b"auxl":
                for other in others:
                    self._belongs[other].append(item)

    def _read_sizes(self, content: bytes) -> None:
        boxes = list(_boxes(content))
        properties = [one for box in boxes if box.kind == b"ipco" for one in _boxes(box.content)]
        for box in boxes:
            if box.kind == b"ipma":
                self._read_associations(box.content, properties)

    def _read_associations(self, content: bytes, properties: list[_Box]) -> None:
        reader = _Reader(content[4:])
        item_form, index_form, index_mask = "I" if content[0] else "H", "B", 0x7F
        if content[3] & 1:
            index_form, index_mask = "H", 0x7FFF
        for _ in range(reader.next("I")):
            item = reader.next(item_form)
            for _ in range(reader.next("B")):
                index = reader.next(index_form) & index_mask
                if 0 < index <= len(properties) and properties[index - 1].kind == b"ispe":
                    width, height = struct.unpack_from(">II", properties[index - 1].content, 4)
                    self._pixels[item] = max(self._pixels.get(item, 0), width * height)
