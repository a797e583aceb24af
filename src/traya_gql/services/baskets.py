"""Baskets: what of a report somebody may have, the same for a price and for an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from traya_gql.documents import products, reports
from traya_gql.documents.products import ProductRecord
from traya_gql.documents.reports import ReportRecord
from traya_gql.domain.clearances import kit_in_force
from traya_gql.domain.pricing import BasketLine
from traya_gql.domain.refusals import InvalidInput, Problem, RefusalCode
from traya_gql.domain.ruleset.kit import Kit
from traya_gql.domain.ruleset.offers import KitChoice, KitKind, Offer, offers_of
from traya_gql.domain.ruleset.rules import Ruleset
from traya_gql.services.asker import Asker
from traya_gql.services.buyers import (
    Buyer,
    LinesRefused,
    ReportAccess,
    UnsafeByLink,
    buyer_of,
    refuse_while_closed,
    unsafe_by_link,
    why_not,
)
from traya_gql.services.wanted import CheckedLine, no_report


class Basket(NamedTuple):
    """What may be sold: at least one line, each product once, and what is taken off for ordering a kit for months.

    `refusal` is what stands in the way by the answers, for a buyer who may not read them. An order raises it last of
    all, and a price never: whoever has the link alone must not learn of answers by asking for prices.
    """

    report: ReportRecord
    lines: tuple[BasketLine, ...]
    kit_percent: int
    refusal: UnsafeByLink | None


async def fill_basket(
    public_id: str,
    *,
    lines: Sequence[CheckedLine] | None,
    kit: KitChoice | None,
    asker: Asker,
    access: ReportAccess,
    rules: Ruleset,
    at: datetime,
    closed_for_s: int = 0,
) -> Basket:
    """Return the products that the lines, or the kit, name; without either a month of the kit that the asker is shown.

    The owner of the report, and who opened it with its access token (`access`), may have what is safe for its
    person; whoever has the link alone, what suits everybody, and nothing while `closed_for_s` is not 0 (see
    `Guesses.by_link`). Gates and catalogue are those of now.

    Raises:
        InvalidInput: the report offers no such kit, nothing of it can be ordered, or a line holds more than the label
            lets somebody take.
        ReportNotFound: no such report.
        LinesRefused: a line's product does not exist, cannot be sent, or may not be sold to this person or asker.
    """
    report = (await reports.by_public_ids([public_id])).get(public_id)
    if report is None:
        raise no_report()
    buyer = await buyer_of(report, asker=asker, access=access, rules=rules, at=at)
    refuse_while_closed(buyer, closed_for_s=closed_for_s)
    kit_percent = 0
    if lines is not None:
        catalogue = await products.by_ids([line.product_id for line in lines])
        sold = _sold(lines, catalogue=catalogue, buyer=buyer)
    else:
        parts = await _parts(report, kit, buyer)
        quantities = {part.id: part.pieces_for(1) for part in parts}
        if kit is not None:
            offer = _offer(kit, parts, report, rules)
            quantities, kit_percent = dict(offer.lines), offer.discount_percent
        sold = tuple(BasketLine(part, quantities[part.id]) for part in parts)
    return Basket(report, sold, kit_percent=kit_percent, refusal=unsafe_by_link(sold, buyer))


# --- a kit ------------------------------------------------------------------------------------------------------------


async def _parts(report: ReportRecord, kit: KitChoice | None, buyer: Buyer) -> list[ProductRecord]:
    """Return what can be ordered now of the kit that the buyer is shown, for a month unless one is chosen.

    Raises:
        InvalidInput: there is no cheaper kit; or nothing can be ordered, and no kit was chosen.
    """
    ids = _shown(report, kit, buyer)
    catalogue = await products.by_ids(ids)
    reasons = why_not([catalogue.get(id_) for id_ in ids], buyer)
    parts = [catalogue[id_] for id_, reason in zip(ids, reasons, strict=True) if reason is None]
    if not parts and kit is None:
        message = "Nothing of this report's kit can be ordered now, so name the lines that you want to order."
        raise InvalidInput(Problem(RefusalCode.REQUIRED, message, ("input", "lines")))
    return parts


def _shown(report: ReportRecord, kit: KitChoice | None, buyer: Buyer) -> Sequence[UUID]:
    shown = Kit(items=report.shared_kit, basic=(), excluded=())
    if buyer.is_reader:
        shown = kit_in_force(report.kit, buyer.clearances, now=buyer.at)
    if kit is None or kit.kind is not KitKind.BASIC:
        return [item.product_id for item in shown.items]
    if shown.basic:
        return shown.basic
    message = f"No cheaper kit is offered here{buyer.but_token}. Choose the COMPLETE one, or name lines."
    raise InvalidInput(Problem(RefusalCode.OUT_OF_RANGE, message, ("input", "kit", "kind")))


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


# --- lines ------------------------------------------------------------------------------------------------------------


def _sold(
    wanted: Sequence[CheckedLine], *, catalogue: Mapping[UUID, ProductRecord], buyer: Buyer
) -> tuple[BasketLine, ...]:
    ordered = [catalogue.get(line.product_id) for line in wanted]
    problems, lines = [], []
    for place, (line, product, reason) in enumerate(zip(wanted, ordered, why_not(ordered, buyer), strict=True)):
        if reason is not None:
            problems.append(reason._replace(path=("input", "lines", str(place), "productId")))
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
