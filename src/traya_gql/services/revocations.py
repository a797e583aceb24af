"""Which access tokens are dead: known in this process's memory, without a database read."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pymongo
from pymongo.errors import OperationFailure, PyMongoError

from traya_gql.documents import revocations
from traya_gql.documents.revocations import Revocation
from traya_gql.integrations.mongodb.cancelling import end_if_cancelled

FRESH_S = 2.5
"""How long the memory is trusted after the moment up to which it is complete. Source: docs/decisions/0015."""

_ANSWER_DEADLINE_S = 3.0  # six times as long as an idle stream takes to answer
_CLOSE_DEADLINE_S = 1.0
_LEAST_PAUSE_S = 0.1
_MOST_PAUSE_S = 2.0
_SWEEP_EVERY = timedelta(minutes=1)

_log = logging.getLogger(__name__)


class Revocations:
    """Knows the revoked access tokens; one in each process.

    `follow` keeps the memory complete. While it does, a check costs no command; while it cannot, each check reads the
    database. What the memory holds as revoked stays so: it is believed even when it is old.

    Args:
        now: the clock that tells when a revocation may be forgotten.
        fresh_s: how long the memory is trusted, in seconds; longer than an idle stream needs for two answers.
    """

    def __init__(self, *, now: Callable[[], datetime], fresh_s: float = FRESH_S) -> None:
        self._now = now
        self._fresh_s = fresh_s
        self._sessions: dict[UUID, datetime] = {}
        self._customers: dict[UUID, tuple[int, datetime]] = {}
        # every revocation that was committed before this moment is in the memory
        self._complete_at = -math.inf
        self._token: Mapping[str, Any] | None = None
        self._is_up = asyncio.Event()
        self._change = asyncio.Event()
        self._next_sweep: datetime | None = None

    def __len__(self) -> int:
        """Return how many revocations the memory holds."""
        return len(self._sessions) + len(self._customers)

    @property
    def is_fresh(self) -> bool:
        """Whether the memory holds all that was revoked until a moment ago (`fresh_s`)."""
        return time.monotonic() - self._complete_at < self._fresh_s

    async def ready(self, *, within_s: float) -> bool:
        """Wait until the stream is up, but not longer than `within_s`, and return whether it is."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._is_up.wait()
        return self._is_up.is_set()

    async def changed(self) -> None:
        """Wait for the next revocation that is new to this process: whatever outlives one check asks again then."""
        await self._change.wait()

    def answer_from_memory(self, *, session_id: UUID, customer_id: UUID, version: int) -> bool | None:
        """Return whether an access token is dead; None when only the database knows.

        `version` is the customer's `access_version` as the token has it.
        """
        if session_id in self._sessions:
            return True
        customer = self._customers.get(customer_id)
        if customer is not None and version < customer[0]:
            return True
        return False if self.is_fresh else None

    async def is_revoked(self, *, session_id: UUID, customer_id: UUID, version: int) -> bool:
        """Return whether an access token is dead. No command while the memory is fresh, one when it is not.

        Raises:
            pymongo.errors.PyMongoError: neither the memory nor the database can tell. The token must not be accepted.
        """
        answer = self.answer_from_memory(session_id=session_id, customer_id=customer_id, version=version)
        if answer is None:
            self.apply_locally(*await revocations.by_keys(session_id, customer_id))
            answer = self.answer_from_memory(session_id=session_id, customer_id=customer_id, version=version)
        return answer is True

    def apply_locally(self, *committed: Revocation) -> None:
        """Remember revocations that this process committed, without waiting for the stream to bring them."""
        self._apply(committed)

    async def follow(self) -> None:
        """Keep the memory complete, until cancelled: outlives every failure of the database."""
        pause_s = _LEAST_PAUSE_S
        while True:
            end_if_cancelled()
            complete_before = self._complete_at
            try:
                await self._follow_a_stream()
                reason = "the stream ended"
            except PyMongoError as error:
                # the database answered, and refuses: the token may be why (its history is gone, code 286), and a new
                # load costs little
                if isinstance(error, OperationFailure):
                    self._token = None
                reason = type(error).__name__
            except Exception as fault:  # noqa: BLE001 - a dead follower would cost a read in every request, for ever
                self._token = None
                reason = type(fault).__name__
            if self._is_up.is_set():
                self._is_up.clear()
                _log.warning("revocations: lost the stream (%s); tokens are checked in the database", reason)
            has_answered = self._complete_at > complete_before
            pause_s = _LEAST_PAUSE_S if has_answered else min(pause_s * 2, _MOST_PAUSE_S)
            await asyncio.sleep(pause_s)

    async def _follow_a_stream(self) -> None:
        # Moments are those of the questions, not of the answers: an answer may have lain in the socket for long while
        # the process stood still.
        asked_at = time.monotonic()
        start_at = None
        if self._token is None:
            loaded = await revocations.all_live(now=self._now())
            self._apply(loaded.live)
            start_at = loaded.at
        with pymongo.timeout(_ANSWER_DEADLINE_S):
            stream = await revocations.watch(resume_after=self._token, start_at=start_at)
        try:
            if self._token is None:
                self._is_complete_until(asked_at)
            while stream.alive:
                end_if_cancelled()
                with pymongo.timeout(_ANSWER_DEADLINE_S):
                    change = await stream.try_next()
                self._token = stream.resume_token
                if change is not None and change["fullDocument"] is not None:
                    self._apply([Revocation.model_validate(change["fullDocument"])])
                # Only an answer that held all there was proves something. After its last change the stream's token is
                # the answer's own; after the others, and in an answer that was full, it is the change's.
                if change is None or change["_id"] != self._token:
                    self._is_complete_until(asked_at)
                    asked_at = time.monotonic()
        finally:
            with suppress(PyMongoError), pymongo.timeout(_CLOSE_DEADLINE_S):
                await stream.close()
        # the collection was dropped: nothing resumes after that
        self._token = None

    def _is_complete_until(self, moment: float) -> None:
        self._complete_at = moment
        self._forget_expired()
        if self.is_fresh and not self._is_up.is_set():
            self._is_up.set()
            _log.info("revocations: following the stream")

    def _apply(self, known: Iterable[Revocation]) -> None:
        is_new = False
        for one in known:
            kind, _, key = one.id.partition(":")
            id_ = UUID(hex=key)
            if kind == "session":
                before = self._sessions.get(id_)
                is_new = is_new or before is None
                self._sessions[id_] = one.expires_at if before is None else max(before, one.expires_at)
            else:
                version, expires_at = self._customers.get(id_, (0, one.expires_at))
                least = one.min_version or 0
                is_new = is_new or least > version
                # changes may be brought twice, and late
                self._customers[id_] = max(version, least), max(expires_at, one.expires_at)
        if is_new:
            self._change.set()
            self._change = asyncio.Event()
        self._forget_expired()

    def _forget_expired(self) -> None:
        now = self._now()
        if self._next_sweep is not None and now < self._next_sweep:
            return
        self._next_sweep = now + _SWEEP_EVERY
        self._sessions = {key: end for key, end in self._sessions.items() if end > now}
        self._customers = {key: value for key, value in self._customers.items() if value[1] > now}
