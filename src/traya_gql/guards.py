"""Who may ask, and who may read: each root field and each private field names one of these."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import strawberry

from traya_gql.context import Grant, Viewer
from traya_gql.domain.refusals import InvalidInput, Refusal, RefusalCode

GUARD = "guard"
"""The key of the guard in a field's metadata."""

CODES = "codes"
"""The key of the codes that a mutation may refuse with, in its metadata."""


AT_MOST = "at_most"
"""The key in a list field's metadata of how long the list can be: what the limit on fields multiplies with."""


@dataclass(frozen=True)
class Guard:
    """A rule about who may ask a root field. `sentence` is printed in the field's description."""

    name: str
    sentence: str


ANYONE = Guard("Anyone", "Who may ask: anyone.")
ORDER_TOKEN = Guard(
    "OrderToken", "Who may ask: anyone who holds the access token that `placeOrder` returned; others get null."
)


class Guarded(Protocol):
    """A view of an object with private fields: who reads it, and which right opens it."""

    viewer: Viewer
    opened_by: Grant


@dataclass(frozen=True)
class Readers:
    """A rule about who may read a private field; for all others the field is null."""

    name: str
    sentence: str

    def admit(self, view: Guarded) -> bool:
        """Whether the reader of this view may read its private fields."""
        return view.viewer.holds(view.opened_by)


REPORT_TOKEN_HOLDER = Readers(
    "ReportTokenHolder",
    "Private: null unless the reader holds the access token that `submitHairTest` returned.",
)


def query_field(*, guard: Guard, description: str) -> Callable[[Callable[..., Any]], Any]:
    """Declare a root query field."""
    return strawberry.field(description=f"{description}\n\n{guard.sentence}", metadata={GUARD: guard})  # type: ignore[no-any-return]


def mutation_field(
    *,
    guard: Guard,
    description: str,
    refusals: tuple[type[Refusal], ...],
    input_codes: frozenset[RefusalCode],
) -> Callable[[Callable[..., Any]], Any]:
    """Declare a mutation. A declared refusal becomes the payload's `userErrors`; any other is a fault of ours.

    Args:
        guard: who may ask.
        description: what it does.
        refusals: what the service may raise besides InvalidInput.
        input_codes: the codes that InvalidInput may carry here.
    """
    codes = input_codes.union(*(refusal.codes for refusal in refusals))
    text = f"{description}\n\n{guard.sentence}\n\nCodes of `userErrors`: {', '.join(sorted(codes))}."

    declared: tuple[type[Refusal], ...] = (InvalidInput, *refusals)

    def declare(resolver: Callable[..., Any]) -> Any:
        payload = inspect.get_annotations(resolver, eval_str=True)["return"]

        @functools.wraps(resolver)
        async def answer(*args: Any, **kwargs: Any) -> Any:
            try:
                return await resolver(*args, **kwargs)
            except declared as refusal:
                if not codes.issuperset(problem.code for problem in refusal.problems):
                    raise
                return payload.refused(refusal)

        return strawberry.mutation(answer, description=text, metadata={GUARD: guard, CODES: codes})

    return declare


def private_field(
    *, readers: Readers, description: str, at_most: int | None = None
) -> Callable[[Callable[..., Any]], Any]:
    """Declare a private field of a type: null for all but its readers, whatever the resolver would say.

    `at_most` is how long a list of objects can be.
    """

    def declare(resolver: Callable[..., Any]) -> Any:
        @functools.wraps(resolver)
        def answer(self: Any, *args: Any, **kwargs: Any) -> Any:
            return resolver(self, *args, **kwargs) if readers.admit(self) else None

        return strawberry.field(
            answer, description=f"{description} {readers.sentence}", metadata={GUARD: readers, AT_MOST: at_most}
        )

    return declare
