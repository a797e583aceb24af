"""Logging: one place decides how lines look, which are kept, and that none holds a value.

Ours are the loggers below `traya_gql`. Of all others only warnings and worse are kept, and of those only what cannot
hold a value: see docs/decisions/0014.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from enum import Enum
from math import isfinite
from types import FrameType
from typing import Any, TextIO, cast
from uuid import UUID

import orjson
import structlog
from structlog.typing import FilteringBoundLogger

from traya_gql.observability.faults import code_name, describe_fault, install_warnings, place

_OURS = "traya_gql"
_OUR_CHILDREN = "traya_gql."
_WITHHELD = "withheld"

_OPEN_FIELDS = {"stamina.retry_scheduled": ("callable", "retry_num", "wait_for", "waited_so_far")}
"""Events of libraries that log through structlog, and their fields that hold no value; all others are withheld."""

# a dataclass or a subclass of str would be written out, with whatever it holds
_ORJSON_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_UTC_Z

_LARGEST = 2**63 - 1
_DEEPEST = 5

_RESET, _DIM = "\x1b[0m", "\x1b[2m"
_COLOURS = {
    logging.INFO: "\x1b[32m",
    logging.WARNING: "\x1b[33m",
    logging.ERROR: "\x1b[31m",
    logging.CRITICAL: "\x1b[31m",
}


def configure_logging(*, is_json: bool = False, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send all that this process says to one stream, a line a record; safe to repeat.

    Args:
        is_json: JSON for machines; else lines for people, in colours on a terminal.
        level: the least that is kept of our own lines.
        stream: standard error when left out.
    """
    stream = sys.stderr if stream is None else stream
    handler = _LineHandler(stream)
    handler.setFormatter(JsonLines() if is_json else ReadableLines(is_coloured=stream.isatty()))
    handler.addFilter(_is_kept)
    known = [logger for logger in logging.root.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    for logger in (logging.root, *known):
        # what basicConfig or a server's own configuration made prints records as they are; whatever else listens (a
        # test, for one) stays
        for other in [one for one in logger.handlers if type(one) in {_LineHandler, logging.StreamHandler}]:
            logger.removeHandler(other)
        logger.propagate = True
    logging.root.addHandler(handler)
    logging.root.setLevel(logging.WARNING)
    logging.getLogger(_OURS).setLevel(level)
    # for loggers that hand nothing up and have no handler
    logging.lastResort = handler
    install_warnings()
    # for libraries: our own loggers do not depend on it
    structlog.configure(
        processors=[_without_values],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        context_class=dict,
        logger_factory=lambda *names: logging.getLogger(names[0] if names else "structlog"),
        cache_logger_on_first_use=False,
    )


def get_logger(name: str) -> FilteringBoundLogger:
    """Return a logger of ours, that takes an event and fields. Works before anything is configured.

    `name` is the module's `__name__`. Fields are plain values: of anything else only its type is written.
    """
    return cast(
        "FilteringBoundLogger",
        structlog.wrap_logger(
            logging.getLogger(name),
            processors=[_into_record],
            wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
            context_class=dict,
            cache_logger_on_first_use=True,
        ),
    )


class JsonLines(logging.Formatter):
    """One JSON object a line: `time` (UTC), `level`, `logger`, `event`, then the fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        event, fields = _told(record)
        line = {
            "time": f"{datetime.fromtimestamp(record.created, UTC).isoformat(timespec='milliseconds')[:23]}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": event,
            **fields,
        }
        try:
            return orjson.dumps(line, default=code_name, option=_ORJSON_OPTIONS).decode()
        except orjson.JSONEncodeError:
            return json.dumps(_plain(line), separators=(",", ":"))


class ReadableLines(logging.Formatter):
    """A line for people: time, level, logger, event, then the fields that are not empty."""

    def __init__(self, *, is_coloured: bool = False) -> None:
        super().__init__()
        self._is_coloured = is_coloured

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        event, fields = _told(record)
        time = f"{datetime.fromtimestamp(record.created).astimezone():%H:%M:%S}.{int(record.msecs):03}"
        told = " ".join(f"{name}={_readable(value)}" for name, value in fields.items() if value not in (None, [], ()))
        level, event = f"{record.levelname:<8}", _in_one_line(event)
        if self._is_coloured:
            time, level = f"{_DIM}{time}{_RESET}", f"{_COLOURS.get(record.levelno, _DIM)}{level}{_RESET}"
        return f"{time} {level} {record.name} {event} {told}".rstrip()


# --- parts --------------------------------------------------------------------------------------------------------


class _LineHandler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard one prints the record
        """Let a line go that cannot be written: there is no other place to say so."""


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.startswith(_OUR_CHILDREN) or record.name == _OURS


def _is_kept(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or _is_ours(record)


def _into_record(_: Any, __: str, event: MutableMapping[str, Any]) -> tuple[tuple[Any], dict[str, Any]]:
    text, exc_info = event.pop("event"), event.pop("exc_info", None)
    return (text,), {"exc_info": exc_info, "extra": {"fields": event}}


def _without_values(_: Any, __: str, event: MutableMapping[str, Any]) -> tuple[tuple[str], dict[str, Any]]:
    """Keep what is listed. stamina, for one, logs the arguments of what it calls again and what that raised."""
    name = event.get("event")
    listed = _OPEN_FIELDS.get(name) if isinstance(name, str) else None
    if listed is None:
        # from here over structlog's two frames to the library's
        return (_WITHHELD,), {"exc_info": event.get("exc_info"), "stacklevel": 3}
    return (cast("str", name),), {"extra": {"listed": _Listed({key: event[key] for key in listed if key in event})}}


class _Listed(dict[str, Any]):
    """Fields that `_without_values` let through: no library's own `extra` is one."""


def _told(record: logging.LogRecord) -> tuple[str, dict[str, Any]]:
    """Return the text and the fields of a record that may be shown."""
    if _is_ours(record):
        event, fields = _text(record), getattr(record, "fields", {})
    elif isinstance(listed := getattr(record, "listed", None), _Listed):
        event, fields = str(record.msg), listed
    else:
        event = str(record.msg).strip() if _is_literal(record) else _WITHHELD
        fields = {"at": place(record.pathname, record.lineno, record.funcName)}
    if record.exc_info and (error := record.exc_info[1]) is not None:
        fields = {**fields, **describe_fault(error)}
    return event, fields


def _text(record: logging.LogRecord) -> str:
    """Return the text of a record of ours. Foreign exceptions in it become their types."""
    arguments = record.args
    try:
        message = str(_shown(record.msg))
        if isinstance(arguments, tuple) and arguments:
            return message % tuple(_shown(one) for one in arguments)
        if isinstance(arguments, Mapping):
            return message % {name: _shown(one) for name, one in arguments.items()}
    except Exception:  # noqa: BLE001 - a line that says less is better than none
        return record.msg if isinstance(record.msg, str) else _WITHHELD
    return message


def _shown(argument: object) -> object:
    is_foreign = isinstance(argument, BaseException) and not type(argument).__module__.startswith(_OUR_CHILDREN)
    return code_name(argument) if is_foreign else argument


def _is_literal(record: logging.LogRecord) -> bool:
    """Whether the text stands word for word in the function that logs it. Then no value is in it.

    True only while the record is being logged, as the function is looked for among the callers of this one.
    """
    if type(record.msg) is not str:
        return False
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - no other way to the code of the caller
    while frame is not None:
        code = frame.f_code
        if (code.co_filename, code.co_name, frame.f_lineno) == (record.pathname, record.funcName, record.lineno):
            return record.msg in code.co_consts
        frame = frame.f_back
    return False


def _plain(value: object, *, depth: int = 0) -> Any:
    """Return a value as JSON can hold it: of whatever it cannot hold, the type."""
    plain: Any = None
    match value:
        case Enum():
            plain = _plain(value.value, depth=depth)
        case str():
            plain = value.encode(errors="backslashreplace").decode()
        case None | bool():
            plain = value
        case int() if abs(value) <= _LARGEST:
            plain = value
        case float() if isfinite(value):
            plain = value
        case UUID() | datetime():
            plain = str(value)
        case dict() if depth < _DEEPEST:
            plain = {str(_plain(name)): _plain(one, depth=depth + 1) for name, one in value.items()}
        case list() | tuple() if depth < _DEEPEST:
            plain = [_plain(one, depth=depth + 1) for one in value]
        case _:
            plain = code_name(value)
    return plain


def _readable(value: object) -> str:
    plain = _plain(value)
    if isinstance(plain, list):
        return _in_one_line(" < ".join(str(one) for one in plain))
    text = _in_one_line(str(plain))
    return f'"{text}"' if " " in text else text


def _in_one_line(text: str) -> str:
    return text if text.isprintable() else json.dumps(text)[1:-1]
