"""What tests of looking at photos share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PIL import Image

from traya_gql.domain.photos import (
    Inspected,
    PhotoSize,
    RejectionReason,
)
from traya_gql.integrations.images.inspection import PhotoInspector

Encoder = Callable[..., bytes]
Drawer = Callable[[], bytes]

MODULE = "traya_gql.integrations.images.examiner"
COPIES = sorted(size.file_name for size in PhotoSize)


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
