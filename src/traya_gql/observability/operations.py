"""The one line that each operation leaves in the log."""

from __future__ import annotations

import re
import secrets
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from time import perf_counter
from types import TracebackType
from typing import Self
from uuid import UUID

from traya_gql.observability.commands import Commands, counting
from traya_gql.observability.logging import get_logger

_log = get_logger(__name__)
_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,59}")
_MOST_DIGITS = 4  # a code sent by SMS has more, and so has a phone


class Outcome(StrEnum):
    """How an operation ended."""

    OK = "ok"
    USER_ERRORS = "user_errors"
    """Refused by a rule of the business: `userErrors` of a payload."""
    REFUSED = "refused"
    """Not executed: it does not parse, is not valid or asks for too much."""
    BAD_INPUT = "bad_input"
    DENIED = "denied"
    """Not signed in, or not allowed."""
    RATE_LIMITED = "rate_limited"
    TIMEOUT = "timeout"
    FAULT = "fault"
    CANCELLED = "cancelled"
    """The client went away, or the server is stopping."""


_LOUD = frozenset({Outcome.FAULT, Outcome.TIMEOUT})


def loggable_name(name: str | None) -> str | None:
    """Return the name of an operation if the log may hold it, else None.

    It is the client's text: only a GraphQL name of at most 60 characters, and at most four digits, is kept.
    """
    if name is None or not _NAME.fullmatch(name) or sum(one.isdigit() for one in name) > _MOST_DIGITS:
        return None
    return name


@dataclass(slots=True, kw_only=True)
class OperationLog:
    """What is known of an operation while it runs; used as a context manager, it writes its line at the end.

    An exception out of the block makes the outcome `cancelled` or `fault`, whatever was set before.

    Attributes:
        request_id: ours, random. A client's `X-Request-ID` is its own text and is never logged.
        name: the operation's name as the client gave it; `loggable_name` decides when the line is written.
        kind: query, mutation or subscription.
        document: a hash of the document that does not depend on its literals.
        codes: of top-level errors and user errors; each is written once.
        incident_ids: of masked faults: what clients quote.
    """

    request_id: str = field(default_factory=lambda: secrets.token_hex(16))
    name: str | None = None
    kind: str | None = None
    document: str | None = None
    viewer_id: UUID | str | None = None
    outcome: Outcome = Outcome.OK
    codes: list[str] = field(default_factory=list)
    incident_ids: list[str] = field(default_factory=list)
    started: float = field(default_factory=perf_counter)
    commands: Commands = field(default_factory=Commands)
    _counting: ExitStack = field(default_factory=ExitStack, repr=False)
    _is_finished: bool = field(default=False, repr=False)

    def __enter__(self) -> Self:
        self.commands = self._counting.enter_context(counting())
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        self._counting.close()
        if error is not None:
            self.outcome = Outcome.FAULT if isinstance(error, Exception) else Outcome.CANCELLED
        self.finish()

    def finish(self) -> None:
        """Write the line. Only the first call does."""
        if self._is_finished:
            return
        self._is_finished = True
        write = _log.warning if self.outcome in _LOUD else _log.info
        write(
            "operation",
            request_id=self.request_id,
            name=loggable_name(self.name),
            kind=self.kind,
            document=self.document,
            viewer_id=self.viewer_id,
            outcome=self.outcome,
            duration_ms=round((perf_counter() - self.started) * 1000, 3),
            commands=self.commands.sent,
            codes=list(dict.fromkeys(self.codes)),
            incident_ids=self.incident_ids,
        )
