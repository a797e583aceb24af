"""Orders: from a report to something that can be paid."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import NamedTuple, NoReturn
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict

from traya_gql.documents import orders
from traya_gql.documents.orders import OrderDocument, OrderRecord, UsedCoupon
from traya_gql.domain.addresses import ADDRESS_CODES, Address, TypedAddress, check_address
from traya_gql.domain.money import paise, rupees
from traya_gql.domain.orders import NUMBER_BITS, OrderStatus, PaymentMethod, order_number
from traya_gql.domain.phones import normalise_phone
from traya_gql.domain.rates import Rates
from traya_gql.domain.refusals import Problem, Problems, Refusal, RefusalCode
from traya_gql.domain.ruleset.offers import KitChoice
from traya_gql.domain.ruleset.rules import Ruleset
from traya_gql.services.access_tokens import AccessTokens, Grant, Issued, Kind
from traya_gql.services.asker import Asker
from traya_gql.services.baskets import fill_basket
from traya_gql.services.buyers import NO_ACCESS, ReportAccess
from traya_gql.services.coupons import CouponRefused, CouponTurns, redeem_coupon
from traya_gql.services.guesses import Guesses
from traya_gql.services.idempotency import Once
from traya_gql.services.prices import Destination, Price, price_basket, typed_coupon
from traya_gql.services.rate_limits import Hit, RateLimited, RateLimiter
from traya_gql.services.wanted import (
    BASKET_CODES,
    CheckedLine,
    WantedLine,
    check_link,
    check_wanted,
    refuse_by_name,
)

ORDER_INPUT_CODES = BASKET_CODES | ADDRESS_CODES | {RefusalCode.INVALID_PHONE}
"""What InvalidInput may carry when an order is placed."""


class PriceChanged(Refusal):
    """The order is not what the client expects. `price` is what it is, and costs, now.

    `is_total_right`: it costs what the client says. `is_keyed`: the client sent the key of a preview.
    """

    codes = frozenset({RefusalCode.PRICE_CHANGED})

    def __init__(self, price: Price, *, is_total_right: bool, is_keyed: bool) -> None:
        total, at = rupees(price.pricing.total_paise), "previewKey"
        if not is_total_right:
            message = f"This order costs {total} rupees now. Look at the price, and order again if you agree."
            at = "expectedTotal"
        elif is_keyed:
            message = "What is ordered is not what was previewed. Look at it again, and order if you agree."
        else:
            message = (
                "Send the `previewKey` of `pricePreview`: without `lines` the total alone does not say what is meant."
            )
        super().__init__(Problem(RefusalCode.PRICE_CHANGED, message, ("input", at)))
        self.price = price


class PlaceOrder(BaseModel):
    """An order as somebody typed it. `lines` and `kit` None: a month of the kit that the asker is shown.

    `expected_total` is what the client was told that it costs, in rupees, and `preview_key` stands for all that it was
    told (`Price.key`): it may be None where the lines are named. Without them nothing is ordered, but a repeat by a
    client that knows of neither gets its first answer.
    """

    model_config = ConfigDict(frozen=True)

    idempotency_key: UUID
    report_public_id: str
    phone: str
    lines: tuple[WantedLine, ...] | None
    kit: KitChoice | None
    coupon_code: str | None
    expected_total: Decimal | None
    preview_key: str | None
    shipping_address: TypedAddress
    billing_address: TypedAddress | None
    payment_method: PaymentMethod


class Placed(NamedTuple):
    """The order, the token that opens it, and whether this is a repeat."""

    order: OrderRecord
    access: Issued
    is_replay: bool


class _Checked(BaseModel):
    """What a repeat must bring again. Not the expected total: the first order stands, whatever things cost since."""

    report_public_id: str
    phone: str
    lines: tuple[CheckedLine, ...] | None
    shipping_address: Address
    billing_address: Address
    payment_method: PaymentMethod


class _CheckedWithOffer(_Checked):
    """The same with what older clients do not know; without it, repeats of theirs are known by what they sent."""

    kit: KitChoice | None
    coupon_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """The use cases of an order. `rules` are those of this release."""

    once: Once
    tokens: AccessTokens
    limiter: RateLimiter
    rates: Rates
    guesses: Guesses
    rules: Ruleset
    turns: CouponTurns
    now: Callable[[], datetime]

    async def place(self, command: PlaceOrder, *, asker: Asker, access: ReportAccess = NO_ACCESS) -> Placed:
        """Store the order with the price of now, and use up its coupon, in one transaction.

        It belongs to the customer who is signed in; a guest's belongs to nobody until it is claimed. A repeat of a
        placed order gets that order, whatever was guessed since and however many wait. Who may have which products: see
        `fill_basket`.

        Raises:
            InvalidInput: phone, lines, kit, total or addresses break rules.
            RateLimited: too many from this asker, or this address; too many guesses at reports; or too many of this
                report at once.
            ReportNotFound: no such report.
            LinesRefused: a line's product does not exist, cannot be sent, or may not be sold to this person or asker.
            NotServiceable: nothing is delivered to the shipping address.
            CouponRefused: the coupon does not count for this order, too many were guessed and none was previewed, or
                too many are using it.
            PriceChanged: it costs something else than the client expects.
            IdempotencyConflict, IdempotencyInProgress: see `Once.run`.
        """
        coupon_code = typed_coupon(command.coupon_code)
        of_address = Hit(name="orders_per_ip", rate=self.rates.orders_per_ip, key=asker.address)
        checked, expected_paise = await _check(command, coupon_code, count=partial(self.limiter.hit, of_address))
        name = asker.name(checked.phone)
        await self.limiter.hit(Hit(name="orders_per_asker", rate=self.rates.orders_per_asker, key=name), of_address)
        made_at = self.now()
        order_id = uuid4()
        number = order_number(secrets.randbits(NUMBER_BITS))
        address = checked.shipping_address

        async def work(closed_for_s: int) -> OrderRecord:
            basket = await fill_basket(
                checked.report_public_id,
                lines=checked.lines,
                kit=command.kit,
                asker=asker,
                access=access,
                rules=self.rules,
                at=made_at,
                closed_for_s=closed_for_s,
            )
            price = await price_basket(
                basket,
                kit=command.kit,
                coupon_code=coupon_code,
                destination=Destination(address.pin_code, address.state, ("shippingAddress", "pinCode")),
                customer_id=asker.customer_id,
                seal=self.guesses.seal,
                at=made_at,
            )
            _refuse_if_changed(price, command, expected_paise)
            if basket.refusal is not None:
                # after the price: trying at another one would tell of the answers, and leave no order behind
                raise basket.refusal
            coupon = None
            if price.coupon is not None:
                await redeem_coupon(price.coupon, customer_id=asker.customer_id)
                coupon = UsedCoupon(coupon_id=price.coupon.coupon.id, code=price.coupon.coupon.code)
            order = OrderDocument(
                id=order_id,
                created_at=made_at,
                customer_id=asker.customer_id,
                number=number,
                report_id=basket.report.id,
                phone=checked.phone,
                status=OrderStatus.PENDING,
                lines=price.lines,
                shipping_address=address,
                billing_address=checked.billing_address,
                payment_method=checked.payment_method,
                pricing=price.pricing,
                kit=price.kit,
                coupon=coupon,
                delivery=price.estimate,
            )
            return await order.insert()

        once = partial(
            self.once.run,
            mutation="placeOrder",
            asker=name,
            key=command.idempotency_key,
            command=checked,
            result_id=order_id,
            now=made_at,
            find=orders.by_ids,
        )
        _, _, seal = (command.preview_key or "").partition(".")
        try:
            async with (
                self.guesses.counted(asker, coupon_code=coupon_code, seal=seal),
                self.turns.take(coupon_code),
                self.guesses.by_link(checked.report_public_id) as closed_for_s,
            ):
                outcome = await once(work=partial(work, closed_for_s))
        except (CouponRefused, RateLimited) as refusal:
            if isinstance(refusal, CouponRefused) and not refusal.is_of_the_moment:
                raise
            # what says nothing of the order itself is no answer to a repeat: that order is placed already
            outcome = await once(work=partial(_refuse, refusal))
        order = outcome.record
        return Placed(
            order=order,
            access=self.tokens.issue(Grant(Kind.ORDER, order.id), made_at=order.created_at),
            is_replay=outcome.is_replay,
        )


async def _refuse(refusal: Exception) -> NoReturn:
    raise refusal


def _refuse_if_changed(price: Price, command: PlaceOrder, expected_paise: int | None) -> None:
    is_total_right = price.pricing.total_paise == expected_paise
    # the lines of a kit are named by nobody: another kit may happen to cost the same
    is_agreed = command.lines is not None
    if command.preview_key is not None:
        is_agreed = price.is_previewed_by(command.preview_key)
    if not (is_total_right and is_agreed):
        raise PriceChanged(price, is_total_right=is_total_right, is_keyed=bool(command.preview_key))


async def _check(
    command: PlaceOrder, coupon_code: str | None, *, count: Callable[[], Awaitable[None]]
) -> tuple[_Checked, int | None]:
    problems = Problems()
    phone = problems.take("phone", lambda: normalise_phone(command.phone))
    expected = command.expected_total
    expected_paise = None if expected is None else problems.take("expectedTotal", lambda: paise(expected))
    lines = check_wanted(command.lines, kit=command.kit, problems=problems)
    with problems.under("shippingAddress"):
        shipping = check_address(command.shipping_address, problems)
    billing = shipping
    if command.billing_address is not None:
        with problems.under("billingAddress"):
            billing = check_address(command.billing_address, problems)
    await refuse_by_name(problems, command.lines, count=count)
    check_link(command.report_public_id)
    checked = _Checked.model_validate(
        {
            "report_public_id": command.report_public_id,
            "phone": phone,
            "lines": lines,
            "shipping_address": shipping,
            "billing_address": billing,
            "payment_method": command.payment_method,
        }
    )
    if command.kit is None and coupon_code is None:
        return checked, expected_paise
    return _CheckedWithOffer(**dict(checked), kit=command.kit, coupon_code=coupon_code), expected_paise
