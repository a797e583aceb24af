"""What tests of revocations share: a memory that follows the stream, and waiting for what it learns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from traya_gql.app import now
from traya_gql.services.revocations import Revocations

HANG_S = 30.0


@asynccontextmanager
async def following(memory: Revocations) -> AsyncIterator[Revocations]:
    """The memory of one process, kept complete."""
    task = asyncio.create_task(memory.follow())
    try:
        assert await memory.ready(within_s=HANG_S)
        yield memory
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def soon() -> datetime:
    return now() + timedelta(minutes=16)


def answer(
    memory: Revocations, *, session: UUID | None = None, customer: UUID | None = None, version: int = 1
) -> bool | None:
    return memory.answer_from_memory(session_id=session or uuid4(), customer_id=customer or uuid4(), version=version)


async def until_revoked(memory: Revocations, *, session: UUID | None = None, customer: UUID | None = None) -> None:
    async with asyncio.timeout(HANG_S):
        while answer(memory, session=session, customer=customer) is not True:
            await memory.changed()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(HANG_S):
        while not is_so():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
