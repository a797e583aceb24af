"""Messages on the developer's screen."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID


def _to_standard_error(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


@dataclass(frozen=True, kw_only=True)
class ConsoleMessages:
    """Shows messages instead of sending them. Never for production: it shows one-time codes and phones.

    Args:
        write: takes each message, phone and text, ready to be read; standard error by default.
    """

    write: Callable[[str], object] = _to_standard_error

    async def send(self, *, phone: str, text: str, key: UUID) -> None:  # noqa: ARG002  # a screen knows no repeats
        """Show the message."""
        indented = "\n".join(f"  {line}" for line in text.splitlines())
        self.write(f"\nMessage to {phone}:\n{indented}\n\n")
