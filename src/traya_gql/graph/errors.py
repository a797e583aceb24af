"""Errors as they leave the house: expected ones with their code, faults masked."""

from __future__ import annotations

import re
import secrets
from typing import Any

from graphql import GraphQLError, ValueNode

from traya_gql.observability.faults import describe_fault
from traya_gql.observability.logging import get_logger
from traya_gql.observability.operations import loggable_name
from traya_gql.services.rate_limits import RateLimited

_log = get_logger(__name__)
_LONGEST_MESSAGE = 500
_MOST_ERRORS = 20
# graphql-core ends its messages with what it was given: a whole record, when a field of it is missing
_RECORD = re.compile(r"(,| ) ?[Ff]ound: [\[{].*\Z|: [\[{].*\Z", re.DOTALL)
_HINT = re.compile(r"\s*(Did you mean|Perhaps you meant)[^?]*\?")


def request_error(error: GraphQLError, *, code: str, hide_hints: bool) -> dict[str, Any]:
    """Return an error of the request itself: nothing was executed."""
    return _shown(error, (error.extensions or {}).get("code", code), hide_hints=hide_hints)


def shown_errors(errors: list[GraphQLError], *, operation_name: str | None, hide_hints: bool) -> list[dict[str, Any]]:
    """Return the errors of an execution. Whatever does not carry a code of ours is a fault: logged and masked."""
    return [_shown_error(error, operation_name, hide_hints=hide_hints) for error in errors[:_MOST_ERRORS]]


def fault(error: BaseException, *, operation_name: str | None, path: list[str | int] | None = None) -> dict[str, Any]:
    """Log a fault with its type and frames, and return what the client learns of it: an incident id.

    Messages and values stay out of the log: those of the driver and of pydantic quote phones.
    """
    incident = secrets.token_hex(8)
    _log.error(
        "fault",
        incident_id=incident,
        operation=loggable_name(operation_name),
        path=None if path is None else [_loggable_step(step) for step in path],
        **describe_fault(error),
    )
    shown: dict[str, Any] = {
        "message": f"Something went wrong on our side. If it stays, tell us the incident id {incident}.",
        "extensions": {"code": "INTERNAL_SERVER_ERROR", "incidentId": incident},
    }
    if path is not None:
        shown["path"] = path
    return shown


def _loggable_step(step: str | int) -> str | int:
    # an alias is the client's own word
    return step if isinstance(step, int) else loggable_name(step) or "hidden"


def too_slow(seconds: float, *, operation_name: str | None) -> dict[str, Any]:
    """Log an operation that was ended after so many seconds, and return what the client learns of it."""
    _log.warning("timeout", operation=loggable_name(operation_name), seconds=seconds)
    message = f"This took longer than {seconds:g} s. Ask for less at once, or repeat it later."
    return {"message": message, "extensions": {"code": "TIMEOUT"}}


def _shown_error(error: GraphQLError, operation_name: str | None, *, hide_hints: bool) -> dict[str, Any]:
    cause = _cause(error)
    if isinstance(cause, RateLimited):
        return _rate_limited(error, cause)
    if code := _code(error):
        return _shown(error, code, hide_hints=hide_hints)
    return fault(cause, operation_name=operation_name, path=error.path)


def _code(error: GraphQLError) -> str | None:
    found: BaseException | None = error
    while isinstance(found, GraphQLError):
        if code := (found.extensions or {}).get("code"):
            return str(code)
        found = found.original_error
    # a variable's null where the argument allows none: valid as a document, found out when the field is called.
    # graphql-core points at the argument's value then, and at the field for all that fails inside it
    if found is None and error.nodes and all(isinstance(node, ValueNode) for node in error.nodes):
        return "BAD_USER_INPUT"
    return None


def _cause(error: GraphQLError) -> BaseException:
    cause: BaseException = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _rate_limited(error: GraphQLError, limited: RateLimited) -> dict[str, Any]:
    return {
        "message": limited.message,
        "path": error.path,
        "extensions": {"code": "RATE_LIMITED", "retryAfter": limited.retry_after_s},
    }


def _shown(error: GraphQLError, code: str, *, hide_hints: bool) -> dict[str, Any]:
    message = _RECORD.sub(".", error.message)
    if hide_hints:
        message = _HINT.sub("", message)
    shown: dict[str, Any] = {
        "message": message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}…",
        "extensions": {"code": code},
    }
    if error.locations:
        shown["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path is not None:
        shown["path"] = error.path
    return shown
