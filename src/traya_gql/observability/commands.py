"""How many MongoDB commands a request sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent


@dataclass(slots=True)
class Commands:
    """The commands sent so far, repeats by the driver included."""

    sent: int = 0


# tasks that a request starts get a copy of its context, and with it the same object
_commands: ContextVar[Commands | None] = ContextVar("commands", default=None)


@contextmanager
def counting() -> Iterator[Commands]:
    """Count the commands of the block, and of the tasks that are started in it.

    Other tasks are not counted, whatever runs at the same time. Of two blocks, one in the other, the inner one counts.
    """
    commands = Commands()
    token = _commands.set(commands)
    try:
        yield commands
    finally:
        _commands.reset(token)


class CommandCount(CommandListener):
    """What the client must be made with for `counting` to count. Holds no state and reads no command."""

    def started(self, event: CommandStartedEvent) -> None:  # noqa: ARG002 - the command holds values
        """Count a command where somebody counts."""
        if (commands := _commands.get()) is not None:
            commands.sent += 1

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Do nothing."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Do nothing."""
