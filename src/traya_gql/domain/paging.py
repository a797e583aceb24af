"""Pages of a list: how many, and from where."""

from __future__ import annotations

MAX_PAGE_SIZE = 100
DEFAULT_PAGE_SIZE = 20
