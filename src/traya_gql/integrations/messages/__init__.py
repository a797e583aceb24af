"""Messages to customers: short texts to a phone.

A message is sent inline, in the request that asks for it, as the customer waits for it with the phone in hand. So an
adapter answers within a few seconds, sent or not.
"""

from __future__ import annotations

from typing import Protocol
from uuid import UUID


class MessageNotSent(Exception):
    """The vendor did not say that it took the message. It may still arrive: an answer can be lost."""


class Messages(Protocol):
    """Sends text messages."""

    async def send(self, *, phone: str, text: str, key: UUID) -> None:
        """Send a text, or hand it to a vendor that will.

        Args:
            phone: E.164, like +919876543210.
            text: as the customer reads it; may hold a one-time code, so it is never logged.
            key: a repeat with the same key sends one message at most, where the vendor supports it.

        Raises:
            MessageNotSent: the message was refused, or nobody took it in time.
        """
        ...
