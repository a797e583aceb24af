"""What was worked out once and holds for a while: a bounded memory of this process."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import partial
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Entry(NamedTuple, Generic[V]):
    task: asyncio.Future[V]
    begun_at: float


class Remembered(Generic[V]):
    """Values by key: at most `most` of them, those asked for last, each for at most `lifetime_s`.

    Who asks for a value that is being worked out waits for it. A value that could not be worked out is not remembered:
    all who waited get the error.
    """

    def __init__(
        self, *, most: int, lifetime_s: float = float("inf"), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._lifetime_s = lifetime_s
        self._clock = clock
        self._entries: OrderedDict[Hashable, _Entry[V]] = OrderedDict()

    async def get(self, key: Hashable, work_out: Callable[[], Awaitable[V]]) -> V:
        """Return the value, worked out now if it is not remembered."""
        now = self._clock()
        entry = self._entries.get(key)
        if entry is None or not self._holds(entry, now):
            entry = _Entry(asyncio.ensure_future(work_out()), now)
            entry.task.add_done_callback(lambda done: self._forget_failed(key, done))
            self._entries[key] = entry
            if len(self._entries) > self._most:
                self._entries.popitem(last=False)
        self._entries.move_to_end(key)
        if entry.task.done():
            return entry.task.result()
        # who stops waiting does not stop the work that others wait for
        return await asyncio.shield(entry.task)

    async def get_all(self, keys: Sequence[K], work_out: Callable[[list[K]], Awaitable[Sequence[V]]]) -> list[V]:
        """Return the values of keys, in their order; those that are not remembered are worked out together."""
        now = self._clock()
        missing = [key for key in dict.fromkeys(keys) if not self._is_remembered(key, now)]
        together = asyncio.ensure_future(work_out(missing)) if missing else None

        async def of(key: K) -> V:
            # one that was forgotten just now is worked out alone
            return (await together)[missing.index(key)] if together and key in missing else (await work_out([key]))[0]

        return [await self.get(key, partial(of, key)) for key in keys]

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()

    def _holds(self, entry: _Entry[V], now: float) -> bool:
        return now - entry.begun_at < self._lifetime_s

    def _is_remembered(self, key: Hashable, now: float) -> bool:
        entry = self._entries.get(key)
        return entry is not None and self._holds(entry, now)

    def _forget_failed(self, key: Hashable, done: asyncio.Future[V]) -> None:
        has_failed = done.cancelled() or done.exception() is not None
        entry = self._entries.get(key)
        if has_failed and entry is not None and entry.task is done:
            del self._entries[key]
