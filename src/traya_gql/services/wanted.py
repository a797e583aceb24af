"""What somebody typed who wants something of a report: the same for a price and for an order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from traya_gql.documents import products
from traya_gql.documents.products import ProductRecord
from traya_gql.domain.orders import MAX_LINES, MAX_QUANTITY
from traya_gql.domain.refusals import InvalidInput, Problem, Problems, RefusalCode
from traya_gql.domain.ruleset.offers import KitChoice
from traya_gql.services.reports import ReportNotFound, is_public_id

BASKET_CODES = frozenset(
    {
        RefusalCode.REQUIRED,
        RefusalCode.TOO_MANY,
        RefusalCode.OUT_OF_RANGE,
        RefusalCode.INVALID_ID,
        RefusalCode.DUPLICATE,
        RefusalCode.CONTRADICTORY,
    }
)
"""What InvalidInput may carry for a basket."""


class WantedLine(BaseModel):
    """One product that the client wants. `product_id` is None where the client sent an id of no product."""

    model_config = ConfigDict(frozen=True)

    product_id: UUID | None
    quantity: int


class CheckedLine(BaseModel):
    """So many pieces, 1 to 20, of what may be a product."""

    model_config = ConfigDict(frozen=True)

    product_id: UUID
    quantity: int


def check_wanted(
    lines: tuple[WantedLine, ...] | None, *, kit: KitChoice | None, problems: Problems
) -> tuple[CheckedLine, ...] | None:
    """Return the lines, checked; None when none were named, or when something is wrong with them, which is noted."""
    if lines is None:
        return None
    if kit is not None:
        message = "Name lines, or a kit: not both. A kit has lines of its own."
        problems.add(RefusalCode.CONTRADICTORY, message, "kit")
    _check_lines(lines, problems)
    return tuple(
        CheckedLine(product_id=line.product_id, quantity=line.quantity) for line in lines if line.product_id is not None
    )


def check_link(public_id: str) -> None:
    """Do nothing for what may be a report's public id.

    Raises:
        ReportNotFound: it cannot be one.
    """
    if not is_public_id(public_id):
        raise no_report()


async def refuse_by_name(
    problems: Problems, lines: Sequence[WantedLine] | None, *, count: Callable[[], Awaitable[None]]
) -> None:
    """Refuse with all that was noted, if anything was; problems of lines name the product, where anybody may see it.

    Raises:
        InvalidInput: something was noted.
        Whatever `count` raises, which is asked before a name is looked up.
    """
    try:
        problems.refuse_if_any()
    except InvalidInput as wrong:
        places = [_place_of(problem) for problem in wrong.problems]
        ids = [None if lines is None or place is None else lines[place].product_id for place in places]
        if not any(ids):
            raise
        await count()
        known = await products.by_ids([*{id_ for id_ in ids if id_ is not None}])
        found = (None if id_ is None else known.get(id_) for id_ in ids)
        named = (_by_name(problem, product) for problem, product in zip(wrong.problems, found, strict=True))
        raise InvalidInput(*named) from None


def _place_of(problem: Problem) -> int | None:
    """Return in which line a problem is; None when it is in none."""
    _, *names = problem.path
    return int(names[1]) if len(names) > 1 and names[0] == "lines" else None


def _by_name(problem: Problem, product: ProductRecord | None) -> Problem:
    if product is None or product.is_draft:
        return problem
    return problem._replace(message=f"{product.name}: {problem.message[0].lower()}{problem.message[1:]}")


def no_report() -> ReportNotFound:
    """Return the refusal of a public id that no report has."""
    return ReportNotFound(
        "reportPublicId", "There is no report with this public id. Check the link, or take the hair test again."
    )


def _check_lines(lines: tuple[WantedLine, ...], problems: Problems) -> None:
    if not lines:
        problems.add(RefusalCode.REQUIRED, "An order needs at least one line.", "lines")
    if len(lines) > MAX_LINES:
        problems.add(RefusalCode.TOO_MANY, f"An order can have at most {MAX_LINES} lines.", "lines")
        return
    seen: set[UUID] = set()
    for place, line in enumerate(lines):
        with problems.under("lines", str(place)):
            if not 1 <= line.quantity <= MAX_QUANTITY:
                message = f"Quantity must be between 1 and {MAX_QUANTITY}."
                problems.add(RefusalCode.OUT_OF_RANGE, message, "quantity")
            if line.product_id is None:
                problems.add(RefusalCode.INVALID_ID, "This is not the id of a product.", "productId")
            elif line.product_id in seen:
                message = "This product is in another line already. Raise the quantity there instead."
                problems.add(RefusalCode.DUPLICATE, message, "productId")
            else:
                seen.add(line.product_id)
