"""What somebody wants of a report, and whether they may have it: the same for a price and for an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from traya_gql.documents import hair_tests, products, reports
from traya_gql.documents.hair_tests import HairTestRecord
from traya_gql.documents.products import ProductRecord
from traya_gql.documents.reports import ReportRecord
from traya_gql.domain.clearances import in_force, kit_in_force
from traya_gql.domain.days import day_in_india
from traya_gql.domain.gst import UnknownHsn, gst_percent
from traya_gql.domain.orders import MAX_LINES, MAX_QUANTITY
from traya_gql.domain.pricing import BasketLine
from traya_gql.domain.refusals import InvalidInput, Problem, Problems, Refusal, RefusalCode
from traya_gql.domain.ruleset.codes import GateCode
from traya_gql.domain.ruleset.gates import Finding, findings, suits_everybody, why_not_sold
from traya_gql.domain.ruleset.kit import Kit
from traya_gql.domain.ruleset.offers import KitChoice, KitKind, Offer, offers_of
from traya_gql.domain.ruleset.rules import Ruleset
from traya_gql.services.asker import Asker
from traya_gql.services.reports import ReportNotFound, is_public_id

ANSWERS_HOLD = timedelta(days=366)
"""How long answers are relied upon for what does not suit everybody. Source: docs/decisions/0021."""

_TESTS_LOOKED_AT = 20

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


class LinesRefused(Refusal):
    """Products that do not exist, cannot be sent now, or may not be sold to this person or asker; one problem a line.

    The problem names the gates that hold the product back, for those alone who may read the report.
    """

    codes = frozenset(
        {
            RefusalCode.PRODUCT_UNAVAILABLE,
            RefusalCode.SAFETY_BLOCK,
            RefusalCode.REPORT_ACCESS_REQUIRED,
            RefusalCode.REPORT_TOO_OLD,
        }
    )


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


class Basket(NamedTuple):
    """What may be sold: at least one line, each product once, and what is taken off for ordering a kit for months.

    `refusal` is what stands in the way by the answers, for a buyer who may not read them. An order raises it last of
    all, and a price never: whoever has the link alone must not learn of answers by asking for prices.
    """

    report: ReportRecord
    lines: tuple[BasketLine, ...]
    kit_percent: int
    refusal: LinesRefused | None


class ReportAccess(NamedTuple):
    """The reports whose access tokens an asker brought, and whether there came one, good or not, with the input."""

    opened: frozenset[UUID] = frozenset()
    is_token_sent: bool = False


NO_ACCESS = ReportAccess()


class _Buyer(NamedTuple):
    """What stands in the way of the person of the report, and whether the one who orders may read it.

    `is_token_sent`: they sent a token, which did not open the report unless they are a reader. `is_outdated`: the
    answers are too old to be relied upon. `on`: the day in India, which tax rates go by.
    """

    found: tuple[Finding, ...]
    rules: Ruleset
    is_reader: bool
    is_token_sent: bool
    is_outdated: bool
    on: date


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
        raise _no_report()


async def refuse_by_name(problems: Problems, lines: Sequence[WantedLine] | None) -> None:
    """Refuse with all that was noted, if anything was; problems of lines name the product, where anybody may see it.

    Raises:
        InvalidInput: something was noted.
    """
    try:
        problems.refuse_if_any()
    except InvalidInput as wrong:
        places = [_place_of(problem) for problem in wrong.problems]
        ids = [None if lines is None or place is None else lines[place].product_id for place in places]
        if not any(ids):
            raise
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


async def fill_basket(
    public_id: str,
    *,
    lines: Sequence[CheckedLine] | None,
    kit: KitChoice | None,
    asker: Asker,
    access: ReportAccess,
    rules: Ruleset,
    at: datetime,
) -> Basket:
    """Return the products that the lines, or the kit, name; without either a month of the kit that the asker is shown.

    The owner of the report, and who opened it with its access token (`access`), may have what is safe for its
    person; whoever has the link alone, what suits everybody. Gates and catalogue are those of now.

    Raises:
        InvalidInput: the report offers no such kit, nothing of it can be ordered, or a line holds more than the label
            lets somebody take.
        ReportNotFound: no such report.
        LinesRefused: a line's product does not exist, cannot be sent, or may not be sold to this person or asker.
    """
    report = (await reports.by_public_ids([public_id])).get(public_id)
    if report is None:
        raise _no_report()
    test = (await hair_tests.by_ids([report.hair_test_id]))[report.hair_test_id]
    is_owner = asker.customer_id is not None and asker.customer_id == report.customer_id
    # a guest's token opens what the guest wrote, and nothing that a doctor decided for the owner since
    clearances = report.clearances if is_owner else ()
    found = findings(test.answers, rules, cleared=frozenset(in_force(clearances, now=at)))
    if report.customer_id is not None:
        newest = await hair_tests.newest_of(report.customer_id, limit=_TESTS_LOOKED_AT)
        found += _found_since(test, newest, rules)
    buyer = _Buyer(
        found=found,
        rules=rules,
        is_reader=is_owner or report.id in access.opened,
        is_token_sent=access.is_token_sent,
        is_outdated=test.created_at < at - ANSWERS_HOLD,
        on=day_in_india(at),
    )
    if lines is not None:
        catalogue = await products.by_ids([line.product_id for line in lines])
        sold = _sold(lines, catalogue=catalogue, buyer=buyer)
        return Basket(report, sold, kit_percent=0, refusal=_refusal(sold, buyer))
    shown = Kit(items=report.shared_kit, basic=(), excluded=())
    if buyer.is_reader:
        shown = kit_in_force(report.kit, clearances, now=at)
    ids: Sequence[UUID] = [item.product_id for item in shown.items]
    if kit is not None and kit.kind is KitKind.BASIC:
        ids = shown.basic
        if not ids:
            message = f"No cheaper kit is offered here{_but_token(buyer)}. Choose the COMPLETE one, or name lines."
            raise InvalidInput(Problem(RefusalCode.OUT_OF_RANGE, message, ("input", "kit", "kind")))
    catalogue = await products.by_ids(ids)
    reasons = _why_not([catalogue.get(id_) for id_ in ids], buyer)
    parts = [catalogue[id_] for id_, why_not in zip(ids, reasons, strict=True) if why_not is None]
    if not parts and kit is None:
        message = "Nothing of this report's kit can be ordered now, so name the lines that you want to order."
        raise InvalidInput(Problem(RefusalCode.REQUIRED, message, ("input", "lines")))
    quantities, percent = {part.id: part.pieces_for(1) for part in parts}, 0
    if kit is not None:
        offer = _offer(kit, parts, report, rules)
        quantities, percent = dict(offer.lines), offer.discount_percent
    sold = tuple(BasketLine(part, quantities[part.id]) for part in parts)
    return Basket(report, sold, kit_percent=percent, refusal=_refusal(sold, buyer))


def _no_report() -> ReportNotFound:
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


def _found_since(test: HairTestRecord, newest: Sequence[HairTestRecord], rules: Ruleset) -> tuple[Finding, ...]:
    """Return what stands in the way by the last answers of the same person: older ones may be true no more.

    One account may hold the tests of a family: the name tells them apart.
    """
    same = (one for one in newest if one.person.name.casefold() == test.person.name.casefold())
    last = next(same, test)
    return () if last.id == test.id else findings(last.answers, rules)


def _offer(kit: KitChoice, parts: Sequence[ProductRecord], report: ReportRecord, rules: Ruleset) -> Offer:
    """Return the offer that was chosen, of what can be ordered now.

    Raises:
        InvalidInput: OUT_OF_RANGE when the report offers no kit for so many months.
    """
    expected = report.assessment.recovery.expected_months
    offered = {one.months: one for one in offers_of(kit.kind, parts, expected_months=expected, rules=rules.kit)}
    if kit.months in offered:
        return offered[kit.months]
    message = "No kits by months are offered from this report now. Name the lines that you want to order."
    if offered:
        numbers = ", ".join(map(str, offered))
        message = f"A kit of this report is offered for these numbers of months: {numbers}."
    raise InvalidInput(Problem(RefusalCode.OUT_OF_RANGE, message, ("input", "kit", "months")))


def _sold(
    wanted: Sequence[CheckedLine], *, catalogue: Mapping[UUID, ProductRecord], buyer: _Buyer
) -> tuple[BasketLine, ...]:
    ordered = [catalogue.get(line.product_id) for line in wanted]
    problems, lines = [], []
    for place, (line, product, why_not) in enumerate(zip(wanted, ordered, _why_not(ordered, buyer), strict=True)):
        if why_not is not None:
            problems.append(why_not._replace(path=("input", "lines", str(place), "productId")))
        elif product is not None:
            lines.append(BasketLine(product, line.quantity))
    if problems:
        raise LinesRefused(*problems)
    if too_many := [_too_many(place, line) for place, line in enumerate(lines) if _is_too_many(line)]:
        raise InvalidInput(*too_many)
    return tuple(lines)


def _is_too_many(line: BasketLine) -> bool:
    return line.quantity > line.product.most_pieces


def _too_many(place: int, line: BasketLine) -> Problem:
    months, most = line.product.most_months, line.product.most_pieces
    message = f"{line.product.name} is for at most {months} months at a time: order at most {most} pieces."
    return Problem(RefusalCode.OUT_OF_RANGE, message, ("input", "lines", str(place), "quantity"))


def _why_not(ordered: Sequence[ProductRecord | None], buyer: _Buyer) -> list[Problem | None]:
    """Return for each product why it cannot be ordered by this buyer; None when it can.

    For who may not read the report the answers are left out.
    """
    there = [product for product in ordered if product is not None]
    gates = why_not_sold(there, buyer.found if buyer.is_reader else (), buyer.rules)
    found = iter(_block_of(product, why, there) for product, why in zip(there, gates, strict=True))
    blocks = [None if product is None else next(found) for product in ordered]
    return [_problem_with(product, buyer) or block for product, block in zip(ordered, blocks, strict=True)]


def _refusal(sold: Sequence[BasketLine], buyer: _Buyer) -> LinesRefused | None:
    """Return what stands in the way by the answers, for who may not read the report.

    It is said of the whole order, so that trying tells as little as it can.
    """
    if buyer.is_reader or not any(why_not_sold([line.product for line in sold], buyer.found, buyer.rules)):
        return None
    message = "This order cannot be placed with this report, for safety. Please talk to a doctor first."
    return LinesRefused(Problem(RefusalCode.SAFETY_BLOCK, message, ("input", "lines")))


def _problem_with(product: ProductRecord | None, buyer: _Buyer) -> Problem | None:
    """Return what stands in the way whatever was answered."""
    if product is None or not product.can_be_sent or not _has_rate(product, buyer.on):
        # of a draft nobody is told that it is there
        name = "This product" if product is None or product.is_draft else product.name
        message = f"{name} cannot be ordered now. Take it out of the order."
        return Problem(RefusalCode.PRODUCT_UNAVAILABLE, message, ())
    if suits_everybody(product, buyer.rules):
        return None
    if not buyer.is_reader:
        send = "send the one that `submitHairTest` returned" if buyer.is_token_sent else "send `reportAccessToken`"
        message = (
            f"{product.name} does not suit everybody. Only the person of the report can order it{_but_token(buyer)}: "
            f"sign in as the report's owner, or {send}."
        )
        return Problem(RefusalCode.REPORT_ACCESS_REQUIRED, message, ())
    if buyer.is_outdated:
        message = f"The answers behind this report are too old to order {product.name}. Take the hair test again."
        return Problem(RefusalCode.REPORT_TOO_OLD, message, ())
    return None


def _but_token(buyer: _Buyer) -> str:
    """Return the words about a token that did not open the report: which of both it is, is not told."""
    if buyer.is_reader or not buyer.is_token_sent:
        return ""
    return ", and the `reportAccessToken` that was sent is wrong or has ended"


def _has_rate(product: ProductRecord, on: date) -> bool:
    try:
        gst_percent(product.hsn, on=on)
    except UnknownHsn:
        return False
    return True


def _block_of(product: ProductRecord, gates: tuple[GateCode, ...], ordered: Sequence[ProductRecord]) -> Problem | None:
    if not gates:
        return None
    if GateCode.G16_PRESCRIPTION in gates:
        message = f"{product.name} is sold on a doctor's prescription only. Remove it from the order."
    elif set(gates) == {GateCode.G17_DUPLICATE_ACTIVE}:
        other = next(one for one in ordered if not set(one.actives).isdisjoint(product.actives))
        name = "another product of this order" if other.is_draft else other.name
        message = f"{product.name} acts by the same substance as {name}. Take one of the two out of the order."
    else:
        message = f"{product.name} cannot be ordered with this report, for safety. Please talk to a doctor first."
    return Problem(RefusalCode.SAFETY_BLOCK, message, (), tuple(dict.fromkeys(gates)))
