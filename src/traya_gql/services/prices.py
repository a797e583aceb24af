"""Prices: what an order costs, said before it is placed and when it is."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from traya_gql.documents.orders import OrderLineRecord
from traya_gql.domain.addresses import AddressWarning, check_pin_code, pin_warnings
from traya_gql.domain.coupons import CouponRefusalReason, check_code
from traya_gql.domain.days import day_in_india
from traya_gql.domain.delivery import CashOnDeliveryRefusal, DeliveryEstimate, Zone, delivery_rules
from traya_gql.domain.gst import gst_rates
from traya_gql.domain.pins import states_of
from traya_gql.domain.pricing import Pricing, Terms, quote
from traya_gql.domain.rates import Rates
from traya_gql.domain.refusals import InvalidValue, Problem, Problems, Refusal, RefusalCode
from traya_gql.domain.ruleset.offers import KitChoice
from traya_gql.domain.ruleset.rules import Ruleset
from traya_gql.domain.states import IndianState
from traya_gql.services.asker import Asker
from traya_gql.services.baskets import BASKET_CODES, Basket, WantedLine, check_link, check_wanted, fill_basket
from traya_gql.services.coupons import CouponRefused, FoundCoupon, coupon_discounts, find_coupon
from traya_gql.services.rate_limits import Hit, RateLimited, RateLimiter
from traya_gql.services.reports import ReportNotFound

_KEY_BYTES = 16

PRICE_INPUT_CODES = BASKET_CODES | {RefusalCode.INVALID_PIN_CODE}
"""What InvalidInput may carry when a price is asked for."""


class NotServiceable(Refusal):
    """Nothing is delivered to this PIN code."""

    codes = frozenset({RefusalCode.NOT_SERVICEABLE})

    def __init__(self, *path: str) -> None:
        message = "We do not deliver to this PIN code. Check it, or name another address."
        super().__init__(Problem(RefusalCode.NOT_SERVICEABLE, message, ("input", *path)))


class PreviewPrice(BaseModel):
    """What somebody would order, and where it would go. `lines` and `kit` None: a month of the report's kit.

    `state` None: that of the PIN code.
    """

    model_config = ConfigDict(frozen=True)

    report_public_id: str
    lines: tuple[WantedLine, ...] | None
    kit: KitChoice | None
    coupon_code: str | None
    pin_code: str
    state: IndianState | None


class Destination(NamedTuple):
    """Where a parcel goes; `path` is where the input says its PIN code."""

    pin_code: str
    state: IndianState
    path: tuple[str, ...]


class Price(NamedTuple):
    """What a basket costs at a time, and how it would be delivered.

    Args:
        lines: as an order would keep them.
        coupon: the coupon that counts, to be redeemed with the order.
        free_shipping_from_paise: goods of so much are sent for nothing.
        no_cash: why it cannot be paid at the door; None when it can.
        warnings: what looks wrong with where it goes.
        at: the time of this price.
    """

    lines: tuple[OrderLineRecord, ...]
    pricing: Pricing
    kit: KitChoice | None
    coupon: FoundCoupon | None
    zone: Zone
    estimate: DeliveryEstimate
    free_shipping_from_paise: int
    no_cash: CashOnDeliveryRefusal | None
    warnings: tuple[AddressWarning, ...]
    at: datetime

    @property
    def key(self) -> str:
        """Stands for all that would be sold and charged: 22 characters, another one for whatever else is.

        Totals alone may agree by chance: what is missing in a kit can be what the parcel then costs.
        """
        charged = [
            [[line.product_id.hex, line.quantity, line.unit_price_paise, line.discount_paise] for line in self.lines],
            None if self.kit is None else [self.kit.kind, self.kit.months],
            None if self.coupon is None else self.coupon.coupon.code,
            [self.pricing.kit_discount_paise, self.pricing.coupon_discount_paise, self.pricing.shipping_paise],
            self.pricing.total_paise,
        ]
        digest = hashlib.sha256(json.dumps(charged).encode()).digest()
        return base64.urlsafe_b64encode(digest[:_KEY_BYTES]).decode().rstrip("=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The use case of a price. `rules` are those of this release."""

    limiter: RateLimiter
    rates: Rates
    rules: Ruleset
    now: Callable[[], datetime]

    async def preview(
        self, command: PreviewPrice, *, asker: Asker, opened_reports: frozenset[UUID] = frozenset()
    ) -> Price:
        """Return what `Orders.place` would charge now for the same; nothing is stored, held back or used up.

        For who may not read the report its answers are not looked at: the order may still be refused for safety.

        Raises:
            InvalidInput: lines, kit or PIN code break rules.
            RateLimited: too many from this address; too many guesses at reports or coupons from it.
            ReportNotFound: no such report.
            LinesRefused, NotServiceable, CouponRefused: as when placing the order.
        """
        problems = Problems()
        pin_code = problems.take("pinCode", lambda: check_pin_code(command.pin_code))
        state = None if pin_code is None else _state(pin_code, command.state, problems)
        lines = check_wanted(command.lines, kit=command.kit, problems=problems)
        problems.refuse_if_any()
        check_link(command.report_public_id)
        assert pin_code is not None  # noqa: S101 - no problem was found
        if state is None:
            raise NotServiceable("pinCode")
        coupon_code = typed_coupon(command.coupon_code)
        at = self.now()
        await self.limiter.hit(
            Hit(name="price_previews_per_ip", rate=self.rates.price_previews_per_ip, key=asker.address)
        )
        async with counted_misses(self.limiter, self.rates, address=asker.address, coupon_code=coupon_code):
            basket = await fill_basket(
                command.report_public_id,
                lines=lines,
                kit=command.kit,
                asker=asker,
                opened_reports=opened_reports,
                rules=self.rules,
                at=at,
            )
            price = await price_basket(
                basket,
                kit=command.kit,
                coupon_code=coupon_code,
                destination=Destination(pin_code, state, ("pinCode",)),
                customer_id=asker.customer_id,
                at=at,
            )
            if price.coupon is not None:
                # who guesses many codes at once does not learn of a hit either
                await _of_tries(self.limiter.check(_coupon_miss(self.rates, asker.address)))
            return price


def typed_coupon(raw: str | None) -> str | None:
    """Return a coupon's code as it is compared; None for nothing typed. What can be no code stays as it is."""
    if raw is None or not raw.strip():
        return None
    try:
        return check_code(raw)
    except InvalidValue:
        return raw


def _state(pin_code: str, typed: IndianState | None, problems: Problems) -> IndianState | None:
    """Return the state that was typed, or that of the PIN code; None when it lies in none that we know, or in several.

    Several are noted: the tax depends on it.
    """
    if typed is not None:
        return typed
    states = states_of(pin_code)
    if len(states) > 1:
        places = " or ".join(sorted(one.label for one in states))
        problems.add(RefusalCode.REQUIRED, f"This PIN code may lie in {places}. Name the state.", "state")
    return next(iter(states)) if len(states) == 1 else None


async def price_basket(
    basket: Basket,
    *,
    kit: KitChoice | None,
    coupon_code: str | None,
    destination: Destination,
    customer_id: UUID | None,
    at: datetime,
) -> Price:
    """Return what a basket costs. With a coupon its record is read, and nothing is written.

    Raises:
        NotServiceable: nothing is delivered there.
        CouponRefused: the coupon does not count for this basket, or this customer.
    """
    day = day_in_india(at)
    rules = delivery_rules(day)
    zone = rules.zone_of(pin_code=destination.pin_code, state=destination.state)
    if zone is None:
        raise NotServiceable(*destination.path)
    coupon = None if coupon_code is None else await find_coupon(coupon_code, customer_id=customer_id)
    found = quote(
        basket.lines,
        Terms(
            kit_percent=basket.kit_percent,
            coupon=None
            if coupon is None
            else lambda subtotal, lines: coupon_discounts(coupon, subtotal_paise=subtotal, lines=lines, at=at),
            charge=lambda weight_g, goods: rules.charge(zone, weight_g=weight_g, goods_paise=goods),
            is_intra_state=destination.state is gst_rates().seller_state,
            on=day,
        ),
    )
    return Price(
        lines=tuple(
            OrderLineRecord(product_name=line.product.name, **dict(price))
            for line, price in zip(basket.lines, found.lines, strict=True)
        ),
        pricing=found.pricing,
        kit=kit,
        coupon=coupon,
        zone=zone,
        estimate=rules.estimate(zone, on=day),
        free_shipping_from_paise=rules.free_from_paise,
        no_cash=rules.why_no_cash(zone, total_paise=found.pricing.total_paise),
        warnings=pin_warnings(destination.pin_code, destination.state, *destination.path[:-1]),
        at=at,
    )


@asynccontextmanager
async def counted_misses(
    limiter: RateLimiter, rates: Rates, *, address: str, coupon_code: str | None
) -> AsyncIterator[None]:
    """Count links and coupons that the block does not find: each is a guess, from this address.

    Who guessed too many coupons may go on without one.

    Raises:
        RateLimited: there were too many links before.
        CouponRefused: there were too many coupons before.
    """
    report = Hit(name="report_misses_per_ip", rate=rates.report_misses_per_ip, key=address)
    coupon = _coupon_miss(rates, address)
    await limiter.check(report)
    try:
        if coupon_code is not None:
            await _of_tries(limiter.check(coupon))
        yield
    except ReportNotFound:
        # as much a guess at a report's link as asking for the report
        await limiter.hit(report)
        raise
    except CouponRefused as refused:
        if refused.is_miss:
            await _of_tries(limiter.hit(coupon))
        raise


def _coupon_miss(rates: Rates, address: str) -> Hit:
    return Hit(name="coupon_misses_per_ip", rate=rates.coupon_misses_per_ip, key=address)


async def _of_tries(counting: Awaitable[None]) -> None:
    """Say of too many coupons what would help: to go on without one."""
    try:
        await counting
    except RateLimited:
        raise CouponRefused(CouponRefusalReason.TOO_MANY_TRIES) from None
