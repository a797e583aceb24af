"""Units of work: several documents changed together, or none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pymongo
from pymongo import AsyncMongoClient
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

T = TypeVar("T")


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

        Every read and write inside, Beanie's too, belongs to the transaction: reads see one snapshot, and the commit
        is acknowledged by a majority. An exception out of `work` leaves nothing written.

        Raises:
            pymongo.errors.PyMongoError: the database could not do it within `deadline_s`; with the label
                TransientTransactionError another transaction was in the way all the time.
        """
        async with (
            self._client.start_session() as session,
            # bind() carries the session into calls that drop it (Beanie's find().delete(), fetch_link());
            # its default, end_session=True, would abort the transaction silently at the end of the block
            session.bind(end_session=False),
        ):
            with pymongo.timeout(self._deadline_s):
                return await session.with_transaction(
                    lambda _: work(),
                    read_concern=ReadConcern("snapshot"),
                    write_concern=WriteConcern("majority"),
                )
