"""A file that came with a request, as services know it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class UploadedFile:
    """A file on this machine's disk, for as long as its request runs.

    It has neither the name nor the type that the client gave it: nobody may trust them. Its bytes say what it is.
    """

    path: Path
    size_bytes: int
