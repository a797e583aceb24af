"""Repeats have one effect: a client's key, the input it came with, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

from pydantic import BaseModel
from pymongo.errors import DuplicateKeyError, PyMongoError

from traya_gql.documents import idempotency as keys
from traya_gql.documents.idempotency import IdempotencyDocument
from traya_gql.documents.records import Record
from traya_gql.documents.transactions import Transactions
from traya_gql.domain.refusals import Problem, Refusal, RefusalCode
from traya_gql.services.keys import Keys

WAIT_S = 5.0
"""How long a repeat waits for the first. Source: docs/decisions/0010."""

_PATH = ("input", "idempotencyKey")


class IdempotencyConflict(Refusal):
    """The key was used before with another input."""

    codes = frozenset({RefusalCode.IDEMPOTENCY_CONFLICT})

    def __init__(self) -> None:
        message = "This idempotency key was already used with another input. Use a new key for a new request."
        super().__init__(Problem(RefusalCode.IDEMPOTENCY_CONFLICT, message, _PATH))


class IdempotencyInProgress(Refusal):
    """The first request with this key is still running."""

    codes = frozenset({RefusalCode.IDEMPOTENCY_IN_PROGRESS})

    def __init__(self) -> None:
        message = "The first request with this idempotency key is still running. Repeat this request in a few seconds."
        super().__init__(Problem(RefusalCode.IDEMPOTENCY_IN_PROGRESS, message, _PATH))


R = TypeVar("R", bound=Record)


class Outcome(NamedTuple, Generic[R]):
    """What a key stands for, and whether it was done before."""

    record: R
    is_replay: bool


@dataclass(frozen=True, kw_only=True)
class Once:
    """Does the work of a key once.

    Args:
        transactions: run the work; its deadline is how long another process's repeat waits.
        keys: the server's secrets, which hide phones and inputs.
        wait_s: how long a repeat of this process waits, in seconds.
    """

    transactions: Transactions
    keys: Keys
    wait_s: float = WAIT_S
    # repeats within this process wait here, instead of fighting with write conflicts in the database
    _running: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary, repr=False)

    async def run(
        self,
        *,
        mutation: str,
        asker: str,
        key: UUID,
        command: BaseModel,
        result_id: UUID,
        now: datetime,
        work: Callable[[], Awaitable[R]],
        find: Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, R]]],
    ) -> Outcome[R]:
        """Do the work in one transaction together with its key, unless the key was done before.

        Args:
            mutation: the mutation's name; keys of different mutations do not meet.
            asker: who asks: the normalised phone of a guest, or the id of a customer who is signed in.
            key: the client's key.
            command: the checked input; a repeat must bring an equal one.
            result_id: the id of what the work makes.
            now: when the key was first seen.
            work: a re-runnable unit of work (see `Transactions`) that returns the record it made.
            find: reads that record back for a repeat.

        Raises:
            IdempotencyConflict: the key was used with another input.
            IdempotencyInProgress: the first request did not end within `wait_s`.
            Refusal: whatever the work refuses; the key stays unused then.
        """
        records = self._records(f"{mutation}:{{asker}}:{key}", asker, command, result_id=result_id, now=now)
        name = records[0].id
        attempts = 0

        async def unit() -> R:
            nonlocal attempts
            attempts += 1
            # first, so that a repeat finds the key before it looks at a world that has moved on
            for record in records:
                await record.insert()
            return await work()

        lock = self._running.setdefault(name, asyncio.Lock())
        try:
            async with asyncio.timeout(self.wait_s):
                await lock.acquire()
        except TimeoutError:
            raise IdempotencyInProgress from None
        try:
            return Outcome(await self.transactions.run(unit), is_replay=False)
        except DuplicateKeyError:
            # in a transaction too: the first may have committed so recently that a majority read does not see it yet
            return await self.transactions.run(lambda: _replay(records, find))
        except PyMongoError as error:
            # tried again until the time was up: another process holds the key in an open transaction
            if error.timeout and attempts > 1:
                raise IdempotencyInProgress from error
            raise
        finally:
            lock.release()

    def _records(
        self, name: str, asker: str, command: BaseModel, *, result_id: UUID, now: datetime
    ) -> list[IdempotencyDocument]:
        """Return one record for each live key: while keys rotate, a repeat may reach a process that knows others."""
        # keyed hashes: all phones are hashed within minutes, so a plain hash would hide none
        askers = self.keys.hide_with_each(asker)
        inputs = self.keys.hide_with_each(command.model_dump_json())
        return [
            IdempotencyDocument(
                id=name.format(asker=hidden[:32]), input_hash=input_hash, result_id=result_id, created_at=now
            )
            for hidden, input_hash in zip(askers, inputs, strict=True)
        ]


async def _replay(
    records: list[IdempotencyDocument], find: Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, R]]]
) -> Outcome[R]:
    known = await keys.by_ids([record.id for record in records])
    for record in records:
        if first := known.get(record.id):
            if first.input_hash != record.input_hash:
                raise IdempotencyConflict
            return Outcome((await find([first.result_id]))[first.result_id], is_replay=True)
    raise RuntimeError("a unique index other than the idempotency key was hit")
