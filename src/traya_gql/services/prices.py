"""Prices: what an order costs, said before it is placed and when it is."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from traya_gql.documents.orders import OrderLineRecord
from traya_gql.domain.addresses import AddressWarning, check_pin_code, pin_warnings
from traya_gql.domain.coupons import check_code
from traya_gql.domain.days import day_in_india
from traya_gql.domain.delivery import CashOnDeliveryRefusal, DeliveryEstimate, Zone, delivery_rules
from traya_gql.domain.gst import gst_rates
from traya_gql.domain.pins import is_army_post, states_of
from traya_gql.domain.pricing import Pricing, Terms, quote
from traya_gql.domain.rates import Rates
from traya_gql.domain.refusals import InvalidValue, Problem, Problems, Refusal, RefusalCode
from traya_gql.domain.ruleset.offers import KitChoice
from traya_gql.domain.ruleset.rules import Ruleset
from traya_gql.domain.states import IndianState
from traya_gql.services.asker import Asker
from traya_gql.services.baskets import Basket, fill_basket
from traya_gql.services.buyers import NO_ACCESS, ReportAccess
from traya_gql.services.coupons import FoundCoupon, coupon_discounts, find_coupon
from traya_gql.services.guesses import Guesses
from traya_gql.services.rate_limits import Hit, RateLimiter
from traya_gql.services.wanted import BASKET_CODES, WantedLine, check_link, check_wanted, refuse_by_name

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
        lines: as an order would keep them, in the order in which they were named.
        coupon: the coupon that counts, to be redeemed with the order.
        coupon_seal: shows that the code was found to count (`Guesses.seal`); empty without a coupon.
        is_intra_state: whether the taxes are those within the seller's state.
        working_days: how many it takes to arrive, at least and at most.
        estimate: when that is, ordered on the day of `at`.
        free_shipping_from_paise: goods of so much are sent for nothing.
        no_cash: why it cannot be paid at the door; None when it can.
        warnings: what looks wrong with where it goes.
        at: the time of this price.
    """

    lines: tuple[OrderLineRecord, ...]
    pricing: Pricing
    kit: KitChoice | None
    coupon: FoundCoupon | None
    coupon_seal: str
    zone: Zone
    is_intra_state: bool
    working_days: tuple[int, int]
    estimate: DeliveryEstimate
    free_shipping_from_paise: int
    no_cash: CashOnDeliveryRefusal | None
    warnings: tuple[AddressWarning, ...]
    at: datetime

    @property
    def key(self) -> str:
        """Stands for what would be sold, what is charged for it, the taxes inside, and how many working days it takes.

        The order of lines changes nothing. Nor does midnight alone, after which as many days end later. 22 characters,
        and with a coupon a dot and its seal of 22 more. Totals alone may agree by chance: what is missing in a kit can
        be what the parcel then costs.
        """
        return f"{self._digest()}.{self.coupon_seal}" if self.coupon_seal else self._digest()

    def is_previewed_by(self, key: str) -> bool:
        """Whether a preview with this key was of just this price. Seals aside: they change with the server's secret."""
        return key.partition(".")[0] == self._digest()

    def _digest(self) -> str:
        told = [
            [line.model_dump(mode="json") for line in sorted(self.lines, key=lambda line: line.product_id)],
            self.pricing.model_dump(mode="json"),
            None if self.kit is None else self.kit.model_dump(mode="json"),
            None if self.coupon is None else self.coupon.coupon.code,
            [self.zone, self.is_intra_state, self.working_days],
        ]
        digest = hashlib.sha256(json.dumps(told).encode()).digest()
        return base64.urlsafe_b64encode(digest[:_KEY_BYTES]).decode().rstrip("=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The use case of a price. `rules` are those of this release."""

    limiter: RateLimiter
    rates: Rates
    guesses: Guesses
    rules: Ruleset
    now: Callable[[], datetime]

    async def preview(self, command: PreviewPrice, *, asker: Asker, access: ReportAccess = NO_ACCESS) -> Price:
        """Return what `Orders.place` would charge now for the same; nothing is stored, held back or used up.

        For who may not read the report its answers are not looked at: the order may still be refused for safety.

        Raises:
            InvalidInput: lines, kit or PIN code break rules.
            RateLimited: too many from this address, or too many guesses at reports from it.
            ReportNotFound: no such report.
            LinesRefused, NotServiceable, CouponRefused: as when placing the order; guessed coupons too.
        """

        async def count() -> None:
            rate = self.rates.price_previews_per_ip
            await self.limiter.hit(Hit(name="price_previews_per_ip", rate=rate, key=asker.address))

        problems = Problems()
        pin_code = problems.take("pinCode", lambda: check_pin_code(command.pin_code))
        state = None if pin_code is None else _state(pin_code, command.state, problems)
        lines = check_wanted(command.lines, kit=command.kit, problems=problems)
        await refuse_by_name(problems, command.lines, count=count)
        check_link(command.report_public_id)
        assert pin_code is not None  # noqa: S101 - no problem was found
        if state is None:
            raise NotServiceable("pinCode")
        coupon_code = typed_coupon(command.coupon_code)
        at = self.now()
        await count()
        async with self.guesses.counted(asker, coupon_code=coupon_code):
            basket = await fill_basket(
                command.report_public_id,
                lines=lines,
                kit=command.kit,
                asker=asker,
                access=access,
                rules=self.rules,
                at=at,
            )
            return await price_basket(
                basket,
                kit=command.kit,
                coupon_code=coupon_code,
                destination=Destination(pin_code, state, ("pinCode",)),
                customer_id=asker.customer_id,
                seal=self.guesses.seal,
                at=at,
            )


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
    if is_army_post(pin_code):
        problems.add(RefusalCode.REQUIRED, "This is a PIN code of the Army Postal Service. Name the state.", "state")
    elif len(states) > 1:
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
    seal: Callable[[str], str],
    at: datetime,
) -> Price:
    """Return what a basket costs. With a coupon its record is read, and nothing is written. `seal`: see `Guesses.seal`.

    Raises:
        NotServiceable: nothing is delivered there.
        CouponRefused: the coupon does not count for this basket, or this customer.
    """
    day = day_in_india(at)
    rules = delivery_rules(day)
    zone = rules.zone_of(pin_code=destination.pin_code, state=destination.state)
    if zone is None:
        raise NotServiceable(*destination.path)
    tariff = rules.tariffs[zone]
    is_intra_state = destination.state is gst_rates().seller_state
    coupon = None if coupon_code is None else await find_coupon(coupon_code, customer_id=customer_id)
    found = quote(
        basket.lines,
        Terms(
            kit_percent=basket.kit_percent,
            coupon=None
            if coupon is None
            else lambda subtotal, lines: coupon_discounts(coupon, subtotal_paise=subtotal, lines=lines, at=at),
            charge=lambda weight_g, goods: rules.charge(zone, weight_g=weight_g, goods_paise=goods),
            is_intra_state=is_intra_state,
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
        coupon_seal="" if coupon is None else seal(coupon.coupon.code),
        zone=zone,
        is_intra_state=is_intra_state,
        working_days=(rules.handling_days + tariff.fewest_days, rules.handling_days + tariff.most_days),
        estimate=rules.estimate(zone, on=day),
        free_shipping_from_paise=rules.free_from_paise,
        no_cash=rules.why_no_cash(zone, total_paise=found.pricing.total_paise),
        warnings=pin_warnings(destination.pin_code, destination.state, *destination.path[:-1]),
        at=at,
    )
