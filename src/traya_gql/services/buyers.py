"""Who orders from a report, and what may be sold to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from traya_gql.documents import hair_tests
from traya_gql.documents.hair_tests import HairTestRecord
from traya_gql.documents.products import ProductRecord
from traya_gql.documents.reports import ReportRecord
from traya_gql.domain.clearances import Clearance, in_force
from traya_gql.domain.days import day_in_india
from traya_gql.domain.gst import UnknownHsn, gst_percent
from traya_gql.domain.pricing import BasketLine
from traya_gql.domain.rates import time_to_wait
from traya_gql.domain.refusals import Problem, Refusal, RefusalCode
from traya_gql.domain.ruleset.codes import GateCode
from traya_gql.domain.ruleset.gates import Finding, findings, suits_everybody, why_not_sold
from traya_gql.domain.ruleset.rules import Ruleset
from traya_gql.services.asker import Asker

ANSWERS_HOLD = timedelta(days=366)
"""How long answers are relied upon for what does not suit everybody. Source: docs/decisions/0021."""

_TESTS_LOOKED_AT = 20


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


class UnsafeByLink(LinesRefused):
    """The answers stand in the way of an order by who may not read them.

    It is said of the whole order, so that trying tells as little as it can.
    """

    def __init__(self) -> None:
        message = "This order cannot be placed with this report, for safety. Please talk to a doctor first."
        super().__init__(Problem(RefusalCode.SAFETY_BLOCK, message, ("input", "lines")))


class ReportAccess(NamedTuple):
    """The reports whose access tokens an asker brought, and whether there came one, good or not, with the input."""

    opened: frozenset[UUID] = frozenset()
    is_token_sent: bool = False


NO_ACCESS = ReportAccess()


class Buyer(NamedTuple):
    """Who orders from a report, and what stands in the way of its person.

    Args:
        found: what stands in the way, by the answers.
        rules: those of this release.
        clearances: what doctors decided for this buyer.
        is_reader: whether they may read the report.
        is_token_sent: whether they sent a token, which did not open the report unless they are a reader.
        is_outdated: whether the answers are too old to be relied upon.
        at: when they order.
    """

    found: tuple[Finding, ...]
    rules: Ruleset
    clearances: Sequence[Clearance]
    is_reader: bool
    is_token_sent: bool
    is_outdated: bool
    at: datetime

    @property
    def on(self) -> date:
        """The day in India, which tax rates go by."""
        return day_in_india(self.at)

    @property
    def but_token(self) -> str:
        """The words about a token that did not open the report: whether it is wrong or has ended is not told."""
        if self.is_reader or not self.is_token_sent:
            return ""
        return ", and the `reportAccessToken` that was sent is wrong or has ended"

    @property
    def how_to_read(self) -> str:
        """The words about what would open the report."""
        send = "send the one that `submitHairTest` returned" if self.is_token_sent else "send `reportAccessToken`"
        return f"sign in as the report's owner, or {send}"


async def buyer_of(report: ReportRecord, *, asker: Asker, access: ReportAccess, rules: Ruleset, at: datetime) -> Buyer:
    """Return what the asker is to this report.

    A guest's token (`access`) opens what the guest wrote, and nothing that a doctor decided for the owner since.
    """
    test = (await hair_tests.by_ids([report.hair_test_id]))[report.hair_test_id]
    is_owner = asker.customer_id is not None and asker.customer_id == report.customer_id
    clearances = report.clearances if is_owner else ()
    found = findings(test.answers, rules, cleared=frozenset(in_force(clearances, now=at)))
    if report.customer_id is not None:
        newest = await hair_tests.newest_of(report.customer_id, limit=_TESTS_LOOKED_AT)
        found += _found_since(test, newest, rules)
    return Buyer(
        found=found,
        rules=rules,
        clearances=clearances,
        is_reader=is_owner or report.id in access.opened,
        is_token_sent=access.is_token_sent,
        is_outdated=test.created_at < at - ANSWERS_HOLD,
        at=at,
    )


def _found_since(test: HairTestRecord, newest: Sequence[HairTestRecord], rules: Ruleset) -> tuple[Finding, ...]:
    """Return what stands in the way by the last answers of the same person: older ones may be true no more.

    One account may hold the tests of a family: the name tells them apart.
    """
    same = (one for one in newest if one.person.name.casefold() == test.person.name.casefold())
    last = next(same, test)
    return () if last.id == test.id else findings(last.answers, rules)


def why_not(ordered: Sequence[ProductRecord | None], buyer: Buyer) -> list[Problem | None]:
    """Return for each product why it cannot be ordered by this buyer; None when it can.

    For who may not read the report the answers are left out.
    """
    there = [product for product in ordered if product is not None]
    gates = why_not_sold(there, buyer.found if buyer.is_reader else (), buyer.rules)
    found = iter(_block_of(product, why, there) for product, why in zip(there, gates, strict=True))
    blocks = [None if product is None else next(found) for product in ordered]
    return [_problem_with(product, buyer) or block for product, block in zip(ordered, blocks, strict=True)]


def unsafe_by_link(sold: Sequence[BasketLine], buyer: Buyer) -> UnsafeByLink | None:
    """Return what stands in the way by the answers, for who may not read the report."""
    if buyer.is_reader or not any(why_not_sold([line.product for line in sold], buyer.found, buyer.rules)):
        return None
    return UnsafeByLink()


def refuse_while_closed(buyer: Buyer, *, closed_for_s: int) -> None:
    """Do nothing for who may read the report, or while orders by its link alone are taken (`closed_for_s` 0).

    Raises:
        LinesRefused: REPORT_ACCESS_REQUIRED, of the whole order.
    """
    if buyer.is_reader or not closed_for_s:
        return
    message = (
        f"Only the person of the report can order from it now{buyer.but_token}: {buyer.how_to_read}. By the link alone "
        f"an order can be tried again in {time_to_wait(closed_for_s)}."
    )
    raise LinesRefused(Problem(RefusalCode.REPORT_ACCESS_REQUIRED, message, ("input", "lines")))


def _problem_with(product: ProductRecord | None, buyer: Buyer) -> Problem | None:
    """Return what stands in the way whatever was answered."""
    if product is None or not product.can_be_sent or not _has_rate(product, buyer.on):
        # of a draft nobody is told that it is there
        name = "This product" if product is None or product.is_draft else product.name
        message = f"{name} cannot be ordered now. Take it out of the order."
        return Problem(RefusalCode.PRODUCT_UNAVAILABLE, message, ())
    if suits_everybody(product, buyer.rules):
        return None
    if not buyer.is_reader:
        message = (
            f"{product.name} does not suit everybody. Only the person of the report can order it{buyer.but_token}: "
            f"{buyer.how_to_read}."
        )
        return Problem(RefusalCode.REPORT_ACCESS_REQUIRED, message, ())
    if buyer.is_outdated:
        message = f"The answers behind this report are too old to order {product.name}. Take the hair test again."
        return Problem(RefusalCode.REPORT_TOO_OLD, message, ())
    return None


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
