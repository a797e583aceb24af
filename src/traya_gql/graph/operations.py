"""Running operations: prepare a document once, execute it often."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, NamedTuple

import strawberry
from cachetools import LRUCache
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    execute,
    parse,
    specified_rules,
    validate,
)
from graphql.validation.rules import overlapping_fields_can_be_merged
from strawberry.execution import optimized_is_awaitable

from traya_gql.context import Context
from traya_gql.graph.errors import fault, request_error, shown_errors, too_slow
from traya_gql.graph.execution import Executor, Memory
from traya_gql.graph.limits import Limits, check_limits, check_variables, lengths
from traya_gql.graph.signatures import signature

_MOST_ERRORS = 5
# measured: the syntax tree with its tokens, and what executions of it remember
_BYTES_A_TOKEN = 480
_REMEMBERED_BYTES_A_TOKEN = 1_100

# graphql-core compares fields of one response name pair by pair, up to 500,000 steps: almost a second for a document
# of 2,000 tokens. Every example and the full introspection query stay below 50.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 20_000


class Operation(NamedTuple):
    """What a client asks."""

    query: str
    operation_name: str | None = None
    variables: dict[str, Any] | None = None


class Response(NamedTuple):
    """What it gets. `is_request_error`: nothing was executed, so `body` holds no data."""

    body: dict[str, Any]
    is_request_error: bool = False


class Prepared(NamedTuple):
    """A document that is parsed, within the limits and valid.

    Its operations' kinds by name, the bytes it holds, what names it in the log, the names of all its fields, whether it
    is within the limits with short lists alone, so that it depends on the variables of each request, and what the
    executions of its operations have in common; None when variables may decide which fields are asked for.
    """

    document: DocumentNode
    kinds: dict[str | None, OperationType]
    held_bytes: int
    signature: str
    field_names: frozenset[str]
    is_measured_each_time: bool
    memories: dict[str | None, Memory] | None

    @property
    def only_name(self) -> str | None:
        """The name of the only operation; None when there are several, or it has none."""
        return next(iter(self.kinds)) if len(self.kinds) == 1 else None

    def name_of(self, operation_name: str | None) -> str | None:
        """Return the name of the operation that would run, as the document has it."""
        return operation_name if operation_name in self.kinds else self.only_name

    def memory_of(self, name: str | None) -> Memory:
        """Return what the executions of an operation have in common; a new one when they have nothing."""
        return Memory() if self.memories is None else self.memories.setdefault(name, Memory())

    def kind_of(self, operation_name: str | None) -> OperationType | None:
        """Return the kind of the operation that would run; None when the name chooses none."""
        if operation_name is None and len(self.kinds) == 1:
            return next(iter(self.kinds.values()))
        return self.kinds.get(operation_name)


class Refused(Exception):
    """The document cannot be executed."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(len(errors))
        self.errors = errors


@dataclass(frozen=True, kw_only=True)
class Graph:
    """The schema, ready to answer.

    Args:
        schema: from `build_schema`.
        limits: the most that one request may ask for.
        is_open: whether introspection and "did you mean" hints are given: for development.
    """

    schema: strawberry.Schema
    limits: Limits
    is_open: bool
    _prepared: LRUCache[str, Prepared] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # only valid documents are kept, bounded by the memory that they hold
        cache = LRUCache[str, Prepared](self.limits.cached_bytes, getsizeof=lambda prepared: prepared.held_bytes)
        object.__setattr__(self, "_prepared", cache)

    def prepare(self, query: str) -> Prepared:
        """Return the document of a query: parsed, measured and validated once, then from memory.

        Raises:
            Refused: it does not parse, exceeds a limit or is not valid.
        """
        if (known := self._prepared.get(query)) is not None:
            return known
        try:
            document = parse(
                query,
                max_lexical_tokens=self.limits.tokens,
                max_comments=self.limits.tokens,
            )
        except GraphQLError as error:
            raise self._refused([error], "GRAPHQL_PARSE_FAILED") from None
        core = self.schema._schema  # noqa: SLF001 - graphql-core's schema, which Strawberry builds and wraps
        errors = check_limits(document, core, self.limits)
        # a list may be as long as a variable says, which only its request knows
        is_measured_each_time = bool(errors) and not check_limits(document, core, self.limits, length_of=lambda _: 1)
        if errors and not is_measured_each_time:
            raise self._refused(errors, "MAX_COST_EXCEEDED")
        rules = specified_rules if self.is_open else (*specified_rules, NoSchemaIntrospectionCustomRule)
        if errors := validate(core, document, rules, max_errors=_MOST_ERRORS, hide_suggestions=not self.is_open):
            raise self._refused(errors, "GRAPHQL_VALIDATION_FAILED")
        kinds = {
            node.name.value if node.name else None: node.operation
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode)
        }
        # a directive may skip what it stands at, by a variable
        memories: dict[str | None, Memory] | None = None if "@" in query else {}
        bytes_a_token = _BYTES_A_TOKEN + (0 if memories is None else _REMEMBERED_BYTES_A_TOKEN)
        held_bytes = len(query) + document.token_count * bytes_a_token
        prepared = Prepared(document, kinds, held_bytes, *signature(document), is_measured_each_time, memories)
        if prepared.held_bytes <= self.limits.cached_bytes:
            self._prepared[query] = prepared
        return prepared

    async def execute(
        self, prepared: Prepared, operation: Operation, context: Context, *, bearer: str | None = None
    ) -> Response:
        """Execute an operation for whom the bearer token stands for, if one was sent.

        Never raises but for cancellation: faults are logged and masked.
        """
        name = prepared.name_of(operation.operation_name)
        if errors := self._too_much(prepared, operation.variables):
            return Response({"errors": errors}, is_request_error=True)
        try:
            async with asyncio.timeout(self.limits.seconds):
                context.field_names = prepared.field_names
                if bearer is not None:
                    await context.authenticate(bearer)
                running = execute(
                    self.schema._schema,  # noqa: SLF001 - see prepare
                    prepared.document,
                    context_value=context,
                    variable_values=operation.variables,
                    operation_name=operation.operation_name,
                    executor_class=Executor,
                    memory=prepared.memory_of(name),
                    is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type] # a bool is what it is used for
                    hide_suggestions=not self.is_open,
                    max_coercion_errors=_MOST_ERRORS,
                )
                result: ExecutionResult = await running if isawaitable(running) else running
        except TimeoutError:
            return Response({"data": None, "errors": [too_slow(self.limits.seconds, operation_name=name)]})
        except Exception as error:  # noqa: BLE001 - the last place where a fault can be masked
            body = {"data": None, "errors": [fault(error, operation_name=name)]}
            return Response(body)
        finally:
            context.loaders.forget()
        if not result.errors:
            return Response({"data": result.data})
        if result.data is None and all(error.path is None for error in result.errors):
            return Response(
                {"errors": [self._request_error(error, "BAD_USER_INPUT") for error in result.errors]},
                is_request_error=True,
            )
        errors = shown_errors(result.errors, operation_name=name, hide_hints=not self.is_open)
        return Response({"data": result.data, "errors": errors})

    def _too_much(self, prepared: Prepared, variables: dict[str, Any] | None) -> list[dict[str, Any]]:
        """Return what a request asks too much of, by its variables."""
        if (too_long := check_variables(variables, self.limits)) is not None:
            return [self._request_error(too_long, "BAD_USER_INPUT")]
        if not prepared.is_measured_each_time:
            return []
        core = self.schema._schema  # noqa: SLF001 - see prepare
        length_of = lengths(prepared.document, variables)
        errors = check_limits(prepared.document, core, self.limits, length_of=length_of)
        return [self._request_error(error, "MAX_COST_EXCEEDED") for error in errors]

    def _refused(self, errors: list[GraphQLError], code: str) -> Refused:
        return Refused([self._request_error(error, code) for error in errors[:_MOST_ERRORS]])

    def _request_error(self, error: GraphQLError, code: str) -> dict[str, Any]:
        return request_error(error, code=code, hide_hints=not self.is_open)
