"""Turns: what this process does one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from traya_gql.services.idempotency import WAIT_S


class TurnMissed(Exception):
    """Others took too long."""


@dataclass(frozen=True, kw_only=True)
class Turns:
    """Lets blocks of one name follow one after the other, in the order in which they came.

    Only within this process: processes do not wait for each other. `wait_s` is how long a block waits for its turn, in
    seconds.
    """

    wait_s: float = WAIT_S
    _waiting: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary, repr=False)

    @asynccontextmanager
    async def take(self, name: str) -> AsyncIterator[None]:
        """Run the block when it is its turn.

        Raises:
            TurnMissed: it was not within `wait_s`.
        """
        lock = self._waiting.setdefault(name, asyncio.Lock())
        try:
            async with asyncio.timeout(self.wait_s):
                await lock.acquire()
        except TimeoutError:
            raise TurnMissed from None
        try:
            yield
        finally:
            lock.release()
