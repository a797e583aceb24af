"""Faults in words that hold no values: types and frames.

The message of an exception is never used. Those of the driver, of pydantic and of vendors quote what a person typed.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import types
import warnings
from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, TextIO

from pymongo.errors import PyMongoError

_log = logging.getLogger(__name__)
_MOST_FRAMES = 30
_MOST_CAUSES = 10

_KNOWN_MESSAGES = frozenset(
    {
        "Task exception was never retrieved",
        "Task was destroyed but it is pending!",
        "Future exception was never retrieved",
        "Unhandled exception in client_connected_cb",
        "unhandled exception during asyncio.run() shutdown",
    }
)


def describe_fault(error: BaseException) -> dict[str, Any]:
    """Return what a log may say of an exception.

    `type`: its qualified name; `code`: MongoDB's number for it, else None; `frames`: at most 30, innermost first;
    `causes`: what stands behind it (causes, contexts, members of groups): at most 10, each a type and its innermost
    frame.
    """
    # of the driver's errors only: an exception of ours may keep the code that a person typed under this name
    code = getattr(error, "code", None) if isinstance(error, PyMongoError) else None
    return {
        "type": _type_of(error),
        "code": code if isinstance(code, int) else None,
        "frames": _frames(error, most=_MOST_FRAMES),
        "causes": [" at ".join([_type_of(cause), *_frames(cause, most=1)]) for cause in _behind(error)],
    }


def place(filename: str, line: int, function: str) -> str:
    """Return a place in the code, as frames are written. The file's path begins where Python looks for modules."""
    return f"{_short(filename)}:{line} {function}"


def code_name(thing: object) -> str:
    """Return the name that a function or coroutine has in its source, and of any other object its type."""
    if isinstance(thing, types.FunctionType | types.CoroutineType | types.GeneratorType | types.AsyncGeneratorType):
        return thing.__qualname__
    return f"{type(thing).__module__}.{type(thing).__qualname__}"


def install_loop_handler(loop: asyncio.AbstractEventLoop) -> None:
    """Log what goes wrong in this loop where nobody waits for it; asyncio's own handler prints values."""
    loop.set_exception_handler(_log_of_loop)


def install_excepthooks() -> None:
    """Log exceptions that nobody caught, in any thread. For servers: a command's own messages stay on the terminal."""
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_of_thread
    sys.unraisablehook = _log_unraisable


def show_warning(  # noqa: PLR0917 - the signature of warnings.showwarning
    message: Warning | str,  # noqa: ARG001 - may hold values: pymongo's hold hosts
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    """Log where a warning was given, and of which kind. Takes the place of `warnings.showwarning`."""
    kind = f"{category.__module__}.{category.__qualname__}"
    _write(logging.WARNING, "warning", type=kind, at=f"{_short(filename)}:{lineno}")


def install_warnings() -> None:
    """Send warnings to the log. Python's own capture gives their text away and cannot be repeated."""
    warnings.showwarning = show_warning


# --- parts --------------------------------------------------------------------------------------------------------


def _write(level: int, event: str, **fields: Any) -> None:
    # not as exc_info: whatever other handler there is would print the message
    _log.log(level, event, extra={"fields": fields})


def _log_of_loop(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    message = context.get("message")
    task = context.get("task") or context.get("future")
    fields: dict[str, Any] = {
        # most of them quote a callback with its arguments
        "about": message if message in _KNOWN_MESSAGES else None,
        "coroutine": code_name(task.get_coro()) if isinstance(task, asyncio.Task) else None,
    }
    if isinstance(error := context.get("exception"), BaseException):
        fields |= describe_fault(error)
    _write(logging.ERROR, "uncaught in the event loop", **fields)


def _log_uncaught(_: type[BaseException], error: BaseException, __: types.TracebackType | None) -> None:
    _write(logging.CRITICAL, "uncaught", **describe_fault(error))


def _log_of_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        _write(logging.ERROR, "uncaught in a thread", **describe_fault(args.exc_value))


def _log_unraisable(unraisable: sys.UnraisableHookArgs) -> None:
    fields = describe_fault(unraisable.exc_value) if unraisable.exc_value is not None else {}
    _write(logging.ERROR, "uncaught where none can be raised", object=code_name(unraisable.object), **fields)


def _type_of(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"


def _frames(error: BaseException, *, most: int) -> list[str]:
    # the innermost ones: endless recursion has a thousand
    innermost: deque[types.TracebackType] = deque(maxlen=most)
    step = error.__traceback__
    while step is not None:
        innermost.appendleft(step)
        step = step.tb_next
    # appendleft drops from the right, where the outer ones are
    return [place(one.tb_frame.f_code.co_filename, one.tb_lineno, one.tb_frame.f_code.co_qualname) for one in innermost]


def _behind(error: BaseException) -> list[BaseException]:
    """Return what stands behind an error, nearest first. Chains may be circles."""
    found: list[BaseException] = []
    seen = {id(error)}
    waiting = deque(_next_behind(error))
    while waiting and len(found) < _MOST_CAUSES:
        cause = waiting.popleft()
        if id(cause) not in seen:
            seen.add(id(cause))
            found.append(cause)
            waiting.extend(_next_behind(cause))
    return found


def _next_behind(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        yield from error.exceptions
    if error.__cause__ is not None:
        yield error.__cause__
    elif error.__context__ is not None and not error.__suppress_context__:
        yield error.__context__


@lru_cache(maxsize=4096)
def _short(filename: str) -> str:
    """Return a file's path below the folder that it is imported from; a script's bare name."""
    roots = [root.rstrip("/") + "/" for root in sys.path if root]
    root = max((root for root in roots if filename.startswith(root)), key=len, default=None)
    return filename.rpartition("/")[2] if root is None else filename.removeprefix(root)
