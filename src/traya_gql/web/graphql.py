"""The GraphQL endpoint: GraphQL over HTTP.

Source: https://graphql.github.io/graphql-over-http/draft
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import orjson
from graphql import OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from traya_gql.context import Context, Denial
from traya_gql.domain.languages import preferred_language
from traya_gql.graph import Graph, Operation, Refused
from traya_gql.graph.errors import fault
from traya_gql.observability.operations import OperationLog, Outcome
from traya_gql.web.client_address import Network, client_address, limit_key
from traya_gql.web.multipart import BadMultipart, MultipartLimits, TooManyBytes, read_multipart

PREFLIGHT_HEADERS = ("graphql-require-preflight", "apollo-require-preflight")
"""One of them comes with each multipart request. No form can send it, and a script of another site only when CORS
allows it.
"""

_JSON = "application/json"
_MULTIPART = "multipart/form-data"
_GRAPHQL_JSON = "application/graphql-response+json"
_UTF_8 = re.compile(r"charset\s*=\s*\"?utf-?8\b", re.IGNORECASE)
_POST_ONLY = "Mutations are sent by POST."


class BadRequest(Exception):
    """The HTTP request is no GraphQL request. `status` is the HTTP status to answer with."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


class _DiskFailed(Exception):
    """The files of a request cannot be written."""

    def __init__(self, cause: OSError) -> None:
        super().__init__()
        self.cause = cause


@dataclass(frozen=True, kw_only=True)
class GraphQLEndpoint:
    """The ASGI application behind `/graphql`.

    Args:
        graph: answers operations.
        make_context: makes the context of a request, for nobody who is signed in.
        page: the response with GraphiQL's page for browsers; None where it is not offered.
        trusted_proxies: networks whose word about the client's address is taken.
        multipart: the limits of requests that bring files; None where they are not taken.
    """

    graph: Graph
    make_context: Callable[[], Context]
    page: HTMLResponse | None
    trusted_proxies: Sequence[Network] = ()
    multipart: MultipartLimits | None = None
    _turns: asyncio.Semaphore = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make the places of requests with files."""
        object.__setattr__(self, "_turns", asyncio.Semaphore(self.multipart.at_a_time if self.multipart else 0))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request, and leave one line in the log."""
        request = Request(scope, receive)
        is_bare = request.method == "GET" and b"query=" not in request.scope["query_string"]
        if self.page is not None and is_bare and _is_browser(request):
            await self.page(scope, receive, send)
            return
        with OperationLog() as log:
            response = await self._response(request, log)
            if response is None:
                log.outcome = Outcome.CANCELLED
            else:
                response.headers["x-request-id"] = log.request_id
                await response(scope, receive, send)

    async def _response(self, request: Request, log: OperationLog) -> Response | None:
        """Return what to answer; None when the client has left."""
        media_type = _negotiate(request.headers.get("accept", ""))
        try:
            async with AsyncExitStack() as files:
                return await self._answer(request, media_type, log, files)
        except BadRequest as bad:
            error = {"message": bad.message, "extensions": {"code": bad.code}}
            _note(log, [error])
            return _json({"errors": [error]}, bad.status, media_type, bad.headers)
        except ClientDisconnect:
            return None
        except _DiskFailed as failed:
            error = fault(failed.cause, operation_name=None)
            _note(log, [error])
            return _json({"errors": [error]}, 500, media_type)

    async def _answer(self, request: Request, media_type: str, log: OperationLog, files: AsyncExitStack) -> Response:
        if request.method == "GET":
            operation = _from_url(request.scope["query_string"])
        elif request.method == "POST":
            operation = await self._posted(request, files)
        else:
            message = "GraphQL is asked by POST, and queries by GET too."
            raise BadRequest(405, "METHOD_NOT_ALLOWED", message, {"Allow": "GET, POST"})
        if len(operation.query) > (most := self.graph.limits.query_bytes) or len(operation.query.encode()) > most:
            raise BadRequest(413, "DOCUMENT_TOO_LARGE", f"The query text can have at most {most} bytes.")
        try:
            prepared = self.graph.prepare(operation.query)
        except Refused as refused:
            _note(log, refused.errors)
            return _json({"errors": refused.errors}, _status(media_type, is_request_error=True), media_type)
        kind = prepared.kind_of(operation.operation_name)
        log.name, log.document = prepared.name_of(operation.operation_name), prepared.signature
        log.kind = None if kind is None else kind.value
        if request.method == "GET" and kind is OperationType.MUTATION:
            raise BadRequest(405, "METHOD_NOT_ALLOWED", _POST_ONLY, {"Allow": "POST"})
        context = self.make_context()
        context.address = limit_key(client_address(request.scope, self.trusted_proxies))
        context.device = request.headers.get("user-agent", "")
        context.language = preferred_language(request.headers.get("accept-language", ""))
        answer = await self.graph.execute(
            prepared, operation, context, bearer=_bearer(request.headers.get("authorization"))
        )
        log.viewer_id = context.known_viewer.customer_id
        if context.refused_with:
            log.outcome, log.codes = Outcome.USER_ERRORS, context.refused_with
        if errors := answer.body.get("errors"):
            _note(log, errors)
        return _json(answer.body, _status(media_type, is_request_error=answer.is_request_error), media_type)

    async def _posted(self, request: Request, files: AsyncExitStack) -> Operation:
        """Read the operation of a POST. Files that come with it are on disk until `files` is closed."""
        content_type = request.headers.get("content-type", "")
        if _kind(content_type) != _MULTIPART:
            return _from_body(await self._body(request), content_type)
        if self.multipart is None:
            message = f"Send the request as {_JSON}. For files: `createScalpPhotoUpload` says where to send a photo."
            raise BadRequest(415, "UNSUPPORTED_MEDIA_TYPE", message)
        # a form of another site can post this media type unasked, in the name of whoever opens its page
        if not any(request.headers.get(name, "").strip() for name in PREFLIGHT_HEADERS):
            message = f"Send the header {PREFLIGHT_HEADERS[0]} with any value along with a {_MULTIPART} request."
            raise BadRequest(403, "PREFLIGHT_REQUIRED", message)
        operation_bytes = self.graph.limits.body_bytes
        _refuse_announced(request, self.multipart.body_bytes(operation_bytes))
        try:
            async with asyncio.timeout(self.multipart.seconds):
                # until the files are gone
                await files.enter_async_context(self._turns)
                stream = await files.enter_async_context(aclosing(request.stream()))
                given = await files.enter_async_context(
                    read_multipart(
                        stream, content_type=content_type, operation_bytes=operation_bytes, limits=self.multipart
                    )
                )
        except TimeoutError:
            message = (
                f"The request took longer than {self.multipart.seconds:g} seconds to arrive. Send a smaller photo."
            )
            raise BadRequest(408, "REQUEST_TIMEOUT", message) from None
        except TooManyBytes as refused:
            raise BadRequest(413, "PAYLOAD_TOO_LARGE", refused.message) from None
        except BadMultipart as refused:
            raise BadRequest(400, "BAD_REQUEST", refused.message) from None
        except OSError as error:
            raise _DiskFailed(error) from error
        return _from_json(given)

    async def _body(self, request: Request) -> bytes:
        """Read the body, but no more of it than the limit."""
        most = self.graph.limits.body_bytes
        _refuse_announced(request, most)
        chunks, length = [], 0
        async for chunk in request.stream():
            length += len(chunk)
            if length > most:
                raise _too_large(most)
            chunks.append(chunk)
        return b"".join(chunks)


# what a line of the log says of a code; the first that fits, when there are several
_OUTCOMES = {
    "INTERNAL_SERVER_ERROR": Outcome.FAULT,
    "TIMEOUT": Outcome.TIMEOUT,
    "RATE_LIMITED": Outcome.RATE_LIMITED,
    Denial.UNAUTHENTICATED: Outcome.DENIED,
    Denial.FORBIDDEN: Outcome.DENIED,
    "BAD_USER_INPUT": Outcome.BAD_INPUT,
}


def _note(log: OperationLog, errors: list[dict[str, Any]]) -> None:
    """Note top-level errors in the log's line."""
    found = [error["extensions"] for error in errors]
    codes = [extensions["code"] for extensions in found]
    log.codes = [*log.codes, *codes]
    log.incident_ids = [extensions["incidentId"] for extensions in found if "incidentId" in extensions]
    log.outcome = next((outcome for code, outcome in _OUTCOMES.items() if code in codes), Outcome.REFUSED)


def _kind(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _too_large(most: int) -> BadRequest:
    return BadRequest(413, "PAYLOAD_TOO_LARGE", f"The request can have at most {most} bytes.")


def _refuse_announced(request: Request, most: int) -> None:
    if (announced := request.headers.get("content-length", "")).isdecimal() and int(announced[:12]) > most:
        raise _too_large(most)


def _from_body(body: bytes, content_type: str) -> Operation:
    # a media type that no HTML form can send: another site's page cannot post here unasked
    if _kind(content_type) != _JSON:
        raise BadRequest(415, "UNSUPPORTED_MEDIA_TYPE", f"Send the request as {_JSON}.")
    parameters = content_type.partition(";")[2]
    if "charset" in parameters.lower() and not _UTF_8.search(parameters):
        raise BadRequest(415, "UNSUPPORTED_MEDIA_TYPE", "Send the request in UTF-8.")
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadRequest(400, "BAD_REQUEST", "The request is not JSON.") from None
    if isinstance(request, list):
        raise BadRequest(400, "BAD_REQUEST", "Send one operation a request: batches are not accepted.")
    if not isinstance(request, dict):
        raise BadRequest(400, "BAD_REQUEST", "The request must be a JSON object.")
    return _from_json(request)


def _from_json(request: dict[str, Any]) -> Operation:
    return _operation(request.get("query"), request.get("operationName"), request.get("variables"))


def _from_url(query_string: bytes) -> Operation:
    try:
        given = parse_qs(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
        variables = given.get("variables", [""])[0]
        return _operation(
            given.get("query", [None])[0],
            given.get("operationName", [None])[0] or None,
            orjson.loads(variables) if variables else None,
        )
    except ValueError:  # what orjson raises is one too
        raise BadRequest(400, "BAD_REQUEST", "The query string cannot be read: `variables` must be JSON.") from None


def _operation(query: Any, name: Any, variables: Any) -> Operation:
    if not isinstance(query, str) or not query:
        raise BadRequest(400, "BAD_REQUEST", "`query` must be text with a GraphQL document.")
    if name is not None and not isinstance(name, str):
        raise BadRequest(400, "BAD_REQUEST", "`operationName` must be text or null.")
    if variables is not None and not isinstance(variables, dict):
        raise BadRequest(400, "BAD_REQUEST", "`variables` must be a JSON object or null.")
    return Operation(query, name, variables)


def _negotiate(accept: str) -> str:
    """Return the media type to answer with. Whoever does not name the newer one gets plain JSON."""
    return _GRAPHQL_JSON if _GRAPHQL_JSON in accept.lower() else _JSON


def _status(media_type: str, *, is_request_error: bool) -> int:
    # plain JSON has always said 200 here, and its clients read the body only then
    return 400 if is_request_error and media_type == _GRAPHQL_JSON else 200


def _is_browser(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _bearer(authorization: str | None) -> str | None:
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _json(body: dict[str, Any], status: int, media_type: str, headers: dict[str, str] | None = None) -> Response:
    return Response(
        orjson.dumps(body),
        status,
        {
            "content-type": f"{media_type}; charset=utf-8",
            "vary": "accept, accept-language",
            "cache-control": "no-store",
            **(headers or {}),
        },
    )
