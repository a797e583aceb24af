"""Reports: the keys of their links."""

from __future__ import annotations

import re

# 128 random bits in URL-safe base 64; the last letter carries two of them
_PUBLIC_ID = re.compile(r"[A-Za-z0-9_-]{21}[AQgw]", re.ASCII)


def is_public_id(text: str) -> bool:
    """Whether this may be the public id of a report at all; nothing else is looked up."""
    return _PUBLIC_ID.fullmatch(text) is not None
