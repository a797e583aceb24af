"""Units of work: several documents changed together, or none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, TypeVar

import pymongo
from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

T = TypeVar("T")

_session: ContextVar[AsyncClientSession | None] = ContextVar("session", default=None)


def current_session() -> AsyncClientSession | None:
    """Return the session of the transaction that this code runs in, or None outside of one."""
    return _session.get()


class Transactions:
    """Runs units of work.

    A unit of work is a re-runnable function: the driver calls it again after a write conflict or a change of primary.
    So it makes no vendor call and no loader call, starts no tasks (`asyncio.gather` in one session loses writes), and
    reads no clock and no random: times and keys are made before and captured. It lets every DuplicateKeyError out:
    the error has already ended the transaction.
    """

    def __init__(self, client: AsyncMongoClient[dict[str, Any]], *, deadline_s: float) -> None:
        self._client = client
        self._deadline_s = deadline_s

    async def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run the work until it commits, and return what it returned.

        The functions of `records.py` and `StoredDocument.insert` join it by themselves; any other call names
        `current_session()`. Reads see one snapshot, the commit is acknowledged by a majority, and an exception out of
        `work` leaves nothing written.

        Raises:
            pymongo.errors.PyMongoError: the database could not do it within `deadline_s`.
        """
        async with (
            self._client.start_session() as session,
            # catches what forgets to name the session (Beanie drops it in find().delete() and fetch_link()): with the
            # client's own write concern such a call is refused, where it would have escaped from the transaction.
            # bind()'s default, end_session=True, would abort the transaction silently at the end of the block
            session.bind(end_session=False),
        ):
            token = _session.set(session)
            try:
                with pymongo.timeout(self._deadline_s):
                    return await session.with_transaction(
                        lambda _: work(),
                        read_concern=ReadConcern("snapshot"),
                        write_concern=WriteConcern("majority"),
                    )
            finally:
                _session.reset(token)
