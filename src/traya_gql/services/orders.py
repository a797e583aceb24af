"""Orders: from a report to something that can be paid."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict

from traya_gql.documents import hair_tests, orders, products, reports
from traya_gql.documents.hair_tests import HairTestRecord
from traya_gql.documents.orders import OrderDocument, OrderLineRecord, OrderRecord
from traya_gql.documents.products import ProductRecord
from traya_gql.domain.addresses import ADDRESS_CODES, Address, TypedAddress, check_address
from traya_gql.domain.clearances import in_force, kit_in_force
from traya_gql.domain.orders import MAX_LINES, MAX_QUANTITY, NUMBER_BITS, OrderStatus, PaymentMethod, order_number
from traya_gql.domain.phones import normalise_phone
from traya_gql.domain.pricing import line_total, quote
from traya_gql.domain.rates import Rates
from traya_gql.domain.refusals import InvalidInput, Problem, Problems, Refusal, RefusalCode
from traya_gql.domain.ruleset.codes import GateCode
from traya_gql.domain.ruleset.gates import Finding, findings, suits_everybody, why_not_sold
from traya_gql.domain.ruleset.kit import KitItem
from traya_gql.domain.ruleset.rules import Ruleset
from traya_gql.services.access_tokens import AccessTokens, Grant, Issued, Kind
from traya_gql.services.asker import Asker
from traya_gql.services.idempotency import Once
from traya_gql.services.rate_limits import Hit, RateLimiter
from traya_gql.services.reports import ReportNotFound, is_public_id

ANSWERS_HOLD = timedelta(days=366)
"""How long answers are relied upon for what does not suit everybody. Source: docs/decisions/0021."""

_TESTS_LOOKED_AT = 20

ORDER_INPUT_CODES = frozenset(
    {
        *ADDRESS_CODES,
        RefusalCode.INVALID_PHONE,
        RefusalCode.REQUIRED,
        RefusalCode.TOO_MANY,
        RefusalCode.OUT_OF_RANGE,
        RefusalCode.INVALID_ID,
        RefusalCode.DUPLICATE,
    }
)
"""What InvalidInput may carry when an order is placed."""


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


class OrderedLine(BaseModel):
    """One product that the client wants. `product_id` is None where the client sent an id of no product."""

    model_config = ConfigDict(frozen=True)

    product_id: UUID | None
    quantity: int


class PlaceOrder(BaseModel):
    """An order as somebody typed it. `lines` None: one of each product of the kit that the asker is shown."""

    model_config = ConfigDict(frozen=True)

    idempotency_key: UUID
    report_public_id: str
    phone: str
    lines: tuple[OrderedLine, ...] | None
    shipping_address: TypedAddress
    billing_address: TypedAddress | None
    payment_method: PaymentMethod


class Placed(NamedTuple):
    """The order, the token that opens it, and whether this is a repeat."""

    order: OrderRecord
    access: Issued
    is_replay: bool


class _CheckedLine(BaseModel):
    product_id: UUID
    quantity: int


class _Checked(BaseModel):
    """What a repeat must bring again."""

    report_public_id: str
    phone: str
    lines: tuple[_CheckedLine, ...] | None
    shipping_address: Address
    billing_address: Address
    payment_method: PaymentMethod


class _Buyer(NamedTuple):
    """What stands in the way of the person of the report, and whether the one who orders may read it.

    `is_outdated`: the answers are too old to be relied upon.
    """

    found: tuple[Finding, ...]
    rules: Ruleset
    is_reader: bool
    is_outdated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """The use cases of an order. `rules` are those of this release."""

    once: Once
    tokens: AccessTokens
    limiter: RateLimiter
    rates: Rates
    rules: Ruleset
    now: Callable[[], datetime]

    async def place(
        self, command: PlaceOrder, *, asker: Asker, opened_reports: frozenset[UUID] = frozenset()
    ) -> Placed:
        """Store the order with today's prices in one transaction.

        It belongs to the customer who is signed in; a guest's belongs to nobody until it is claimed. The owner of the
        report, and who opened it with its access token (`opened_reports`), may order what is safe for its person;
        whoever has the link alone, what suits everybody.

        Raises:
            InvalidInput: phone, lines or addresses break rules.
            RateLimited: too many from this asker, or this address; too many guesses at reports from this address.
            ReportNotFound: no such report.
            LinesRefused: a line's product does not exist, cannot be sent, or may not be sold to this person or asker.
            IdempotencyConflict, IdempotencyInProgress: see `Once.run`.
        """
        checked = _check(command)
        name = asker.name(checked.phone)
        await self.limiter.hit(
            Hit(name="orders_per_asker", rate=self.rates.orders_per_asker, key=name),
            Hit(name="orders_per_ip", rate=self.rates.orders_per_ip, key=asker.address),
        )
        miss = Hit(name="report_misses_per_ip", rate=self.rates.report_misses_per_ip, key=asker.address)
        await self.limiter.check(miss)
        made_at = self.now()
        order_id = uuid4()
        number = order_number(secrets.randbits(NUMBER_BITS))

        async def work() -> OrderRecord:
            report = (await reports.by_public_ids([checked.report_public_id])).get(checked.report_public_id)
            if report is None:
                raise _no_report()
            test = (await hair_tests.by_ids([report.hair_test_id]))[report.hair_test_id]
            is_owner = asker.customer_id is not None and asker.customer_id == report.customer_id
            # a guest's token opens what the guest wrote, and nothing that a doctor decided for the owner since
            cleared = frozenset(in_force(report.clearances, now=made_at)) if is_owner else frozenset()
            found = findings(test.answers, self.rules, cleared=cleared)
            if report.customer_id is not None:
                newest = await hair_tests.newest_of(report.customer_id, limit=_TESTS_LOOKED_AT)
                found += _found_since(test, newest, self.rules)
            buyer = _Buyer(
                found=found,
                rules=self.rules,
                is_reader=is_owner or report.id in opened_reports,
                is_outdated=test.created_at < made_at - ANSWERS_HOLD,
            )
            wanted = checked.lines
            if wanted is None:
                clearances = report.clearances if is_owner else ()
                kit = kit_in_force(report.kit, clearances, now=made_at).items
                wanted = _kit_lines(kit if buyer.is_reader else report.shared_kit)
            catalogue = await products.by_ids([line.product_id for line in wanted])
            if checked.lines is None:
                wanted = _orderable(wanted, catalogue=catalogue, buyer=buyer)
            lines = _price(wanted, catalogue=catalogue, buyer=buyer)
            order = OrderDocument(
                id=order_id,
                created_at=made_at,
                customer_id=asker.customer_id,
                number=number,
                report_id=report.id,
                phone=checked.phone,
                status=OrderStatus.PENDING,
                lines=lines,
                shipping_address=checked.shipping_address,
                billing_address=checked.billing_address,
                payment_method=checked.payment_method,
                pricing=quote(line.total_paise for line in lines),
            )
            return await order.insert()

        try:
            outcome = await self.once.run(
                mutation="placeOrder",
                asker=name,
                key=command.idempotency_key,
                command=checked,
                result_id=order_id,
                now=made_at,
                work=work,
                find=orders.by_ids,
            )
        except ReportNotFound:
            # as much a guess at a report's link as asking for the report
            await self.limiter.hit(miss)
            raise
        order = outcome.record
        return Placed(
            order=order,
            access=self.tokens.issue(Grant(Kind.ORDER, order.id), made_at=order.created_at),
            is_replay=outcome.is_replay,
        )


def _no_report() -> ReportNotFound:
    return ReportNotFound(
        "reportPublicId", "There is no report with this public id. Check the link, or take the hair test again."
    )


def _check(command: PlaceOrder) -> _Checked:
    problems = Problems()
    phone = problems.take("phone", lambda: normalise_phone(command.phone))
    if command.lines is not None:
        _check_lines(command.lines, problems)
    with problems.under("shippingAddress"):
        shipping = check_address(command.shipping_address, problems)
    billing = shipping
    if command.billing_address is not None:
        with problems.under("billingAddress"):
            billing = check_address(command.billing_address, problems)
    problems.refuse_if_any()
    if not is_public_id(command.report_public_id):
        raise _no_report()
    return _Checked.model_validate(
        {
            "report_public_id": command.report_public_id,
            "phone": phone,
            "lines": None if command.lines is None else [line.model_dump() for line in command.lines],
            "shipping_address": shipping,
            "billing_address": billing,
            "payment_method": command.payment_method,
        }
    )


def _check_lines(lines: tuple[OrderedLine, ...], problems: Problems) -> None:
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


def _kit_lines(items: Sequence[KitItem]) -> tuple[_CheckedLine, ...]:
    """Return one of each product of the kit that the asker is shown."""
    return tuple(_CheckedLine(product_id=item.product_id, quantity=1) for item in items)


def _orderable(
    lines: tuple[_CheckedLine, ...], *, catalogue: Mapping[UUID, ProductRecord], buyer: _Buyer
) -> tuple[_CheckedLine, ...]:
    """Return a month of the lines of a kit that can be ordered now: what the report's price is made of.

    For a buyer who may not read the report this is half the check: while some of the kit cannot be ordered for another
    reason, `_why_not` leaves the answers out. `_price` asks it again about the lines that are left, and refuses then.

    Raises:
        InvalidInput: REQUIRED when there is none.
        LinesRefused: see `_why_not`.
    """
    reasons = _why_not([catalogue.get(line.product_id) for line in lines], buyer)
    found = tuple(
        line.model_copy(update={"quantity": catalogue[line.product_id].monthly_quantity})
        for line, why_not in zip(lines, reasons, strict=True)
        if why_not is None
    )
    if not found:
        message = "Nothing of this report's kit can be ordered now, so name the lines that you want to order."
        raise InvalidInput(Problem(RefusalCode.REQUIRED, message, ("input", "lines")))
    return found


def _price(
    wanted: tuple[_CheckedLine, ...], *, catalogue: Mapping[UUID, ProductRecord], buyer: _Buyer
) -> tuple[OrderLineRecord, ...]:
    ordered = [catalogue.get(line.product_id) for line in wanted]
    problems, lines = [], []
    for place, (line, product, why_not) in enumerate(zip(wanted, ordered, _why_not(ordered, buyer), strict=True)):
        if why_not is not None:
            problems.append(why_not._replace(path=("input", "lines", str(place), "productId")))
        elif product is not None:
            lines.append(
                OrderLineRecord(
                    product_id=product.id,
                    product_name=product.name,
                    unit_price_paise=product.price_paise,
                    quantity=line.quantity,
                    total_paise=line_total(unit_price_paise=product.price_paise, quantity=line.quantity),
                )
            )
    if problems:
        raise LinesRefused(*problems)
    return tuple(lines)


def _why_not(ordered: Sequence[ProductRecord | None], buyer: _Buyer) -> list[Problem | None]:
    """Return for each product why it cannot be ordered by this buyer; None when it can.

    Raises:
        LinesRefused: somebody who may not read the report wants what its person may not have. It is said of the whole
            order, and only when nothing else is wrong, so that trying tells as little as it can.
    """
    problems = [_problem_with(product, buyer) for product in ordered]
    if not buyer.is_reader and any(problems):
        return problems
    there = [product for product in ordered if product is not None]
    gates = iter(why_not_sold(there, buyer.found, buyer.rules))
    blocks = [_block_of(product, next(gates)) if product is not None else None for product in ordered]
    if not buyer.is_reader and any(blocks):
        message = "This order cannot be placed with this report, for safety. Please talk to a doctor first."
        raise LinesRefused(Problem(RefusalCode.SAFETY_BLOCK, message, ("input", "lines")))
    return [problem or block for problem, block in zip(problems, blocks, strict=True)]


def _problem_with(product: ProductRecord | None, buyer: _Buyer) -> Problem | None:
    """Return what stands in the way whatever was answered."""
    if product is None or not product.can_be_sent:
        message = "This product is not available. Remove it from the order."
        return Problem(RefusalCode.PRODUCT_UNAVAILABLE, message, ())
    if suits_everybody(product, buyer.rules):
        return None
    if not buyer.is_reader:
        message = (
            f"{product.name} does not suit everybody. Only the person of the report can order it: sign in as the "
            "report's owner, or send `reportAccessToken`."
        )
        return Problem(RefusalCode.REPORT_ACCESS_REQUIRED, message, ())
    if buyer.is_outdated:
        message = f"The answers behind this report are too old to order {product.name}. Take the hair test again."
        return Problem(RefusalCode.REPORT_TOO_OLD, message, ())
    return None


def _block_of(product: ProductRecord, gates: tuple[GateCode, ...]) -> Problem | None:
    if not gates:
        return None
    if GateCode.G16_PRESCRIPTION in gates:
        message = f"{product.name} is sold on a doctor's prescription only. Remove it from the order."
    else:
        message = f"{product.name} cannot be ordered with this report, for safety. Please talk to a doctor first."
    return Problem(RefusalCode.SAFETY_BLOCK, message, (), tuple(dict.fromkeys(gates)))
