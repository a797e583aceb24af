"""The secret of a development machine: made once, kept in the data folder."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

_NAME = "development-secret"


def development_secret(folder: Path) -> str:
    """Return the folder's secret, 64 characters; make it when there is none. Safe for many processes at once."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / _NAME
    if not path.exists():
        draft = folder / f"{_NAME}.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48), encoding="ascii")
        # a link appears whole or not at all, and only one process's wins
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text(encoding="ascii")
