"""What an order costs. Prices are MRP: all taxes lie inside. All amounts are paise, and none is negative.

Discounts come first, the kit's and then the coupon's, each spread over the lines; then each line's tax is found inside
what is left to pay of it. Source: docs/decisions/0032.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, model_validator

from traya_gql.domain.coupons import CouponLine
from traya_gql.domain.gst import Tax, TaxTotal, contained_tax, gst_percent
from traya_gql.domain.money import percent_of, spread
from traya_gql.domain.products import ProductFacts


class BasketLine(NamedTuple):
    """So many pieces of a product; each product stands in one line of a basket."""

    product: ProductFacts
    quantity: int

    @property
    def total_paise(self) -> int:
        """The line at list prices."""
        return self.product.price_paise * self.quantity


class LinePrice(BaseModel):
    """What one line costs: `tax.gross_paise` is what is paid for it.

    `discount_paise` is its share of all discounts, `coupon_discount_paise` what of that is the coupon's.
    """

    model_config = ConfigDict(frozen=True)

    product_id: UUID
    unit_price_paise: int
    quantity: int
    total_paise: int
    discount_paise: int
    coupon_discount_paise: int
    tax: Tax


class Pricing(BaseModel):
    """What a whole order costs.

    Args:
        subtotal_paise: the lines at list prices.
        kit_discount_paise: what is taken off for ordering a kit for months.
        coupon_discount_paise: what the coupon takes off.
        shipping_paise: for the parcel.
        shipping_tax: what of that is tax; None without a charge.
        tax: all taxable values and taxes; None in orders that were placed before taxes were recorded.
        total_paise: what the customer pays.
    """

    model_config = ConfigDict(frozen=True)

    subtotal_paise: int
    kit_discount_paise: int = 0
    coupon_discount_paise: int = 0
    shipping_paise: int = 0
    shipping_tax: Tax | None = None
    tax: TaxTotal | None = None
    total_paise: int

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.total_paise != self.goods_paise + self.shipping_paise:
            raise ValueError("the total is not the sum of its parts")
        return self

    @property
    def goods_paise(self) -> int:
        """What the lines cost after discounts."""
        return self.subtotal_paise - self.kit_discount_paise - self.coupon_discount_paise


class Quote(NamedTuple):
    """What a basket costs: a price a line, in the order of the basket, and the whole."""

    lines: tuple[LinePrice, ...]
    pricing: Pricing


class Terms(NamedTuple):
    """What decides on a price besides the basket.

    Args:
        kit_percent: the discount for ordering a kit for months; 0 without.
        coupon: returns what the coupon takes off each line, given the subtotal and the lines; None without a coupon.
        charge: returns what the parcel costs, given its weight in grams and what the goods cost after discounts.
        is_intra_state: whether the goods are delivered in the seller's state.
        on: the day in India, which the tax rates go by.
    """

    kit_percent: int
    coupon: Callable[[int, Sequence[CouponLine]], Sequence[int]] | None
    charge: Callable[[int, int], int]
    is_intra_state: bool
    on: date


def quote(basket: Sequence[BasketLine], terms: Terms) -> Quote:
    """Return what a basket of at least one line costs. The order of its lines changes nothing.

    Raises:
        UnknownHsn: no tax rate is known for a product on that day.
        What `terms.coupon` raises.
    """
    keys = [line.product.id for line in basket]
    totals = [line.total_paise for line in basket]
    subtotal = sum(totals)
    kit_discounts = spread(percent_of(subtotal, terms.kit_percent), totals, keys=keys)
    left = [total - discount for total, discount in zip(totals, kit_discounts, strict=True)]
    coupon_discounts: Sequence[int] = [0] * len(left)
    if terms.coupon is not None:
        coupon_discounts = terms.coupon(subtotal, [_coupon_line(*one) for one in zip(basket, left, strict=True)])
    lines = tuple(
        LinePrice(
            product_id=line.product.id,
            unit_price_paise=line.product.price_paise,
            quantity=line.quantity,
            total_paise=line.total_paise,
            discount_paise=kit_discount + coupon_discount,
            coupon_discount_paise=coupon_discount,
            tax=_tax(line.total_paise - kit_discount - coupon_discount, line.product.hsn, terms),
        )
        for line, kit_discount, coupon_discount in zip(basket, kit_discounts, coupon_discounts, strict=True)
    )
    goods = subtotal - sum(kit_discounts) - sum(coupon_discounts)
    shipping = terms.charge(sum(line.product.weight_g * line.quantity for line in basket), goods)
    shipping_tax = _tax(shipping, _principal(lines), terms) if shipping else None
    taxes = [line.tax for line in lines] + ([shipping_tax] if shipping_tax else [])
    return Quote(
        lines,
        Pricing(
            subtotal_paise=subtotal,
            kit_discount_paise=sum(kit_discounts),
            coupon_discount_paise=sum(coupon_discounts),
            shipping_paise=shipping,
            shipping_tax=shipping_tax,
            tax=TaxTotal.of(taxes),
            total_paise=goods + shipping,
        ),
    )


def _coupon_line(line: BasketLine, left: int) -> CouponLine:
    product = line.product
    return CouponLine(
        product_id=product.id,
        category=product.category,
        unit_price_paise=product.price_paise,
        quantity=line.quantity,
        amount_paise=left,
    )


def _tax(gross_paise: int, hsn: str, terms: Terms) -> Tax:
    percent = gst_percent(hsn, on=terms.on)
    return contained_tax(gross_paise, hsn=hsn, percent=percent, is_intra_state=terms.is_intra_state)


def _principal(lines: Sequence[LinePrice]) -> str:
    """Return the heading that the parcel is taxed by: that of the goods, of several the one with the highest rate.

    Goods and their transport are one composite supply, taxed as the goods are (CGST Act, sections 2(30) and 8). For
    goods of several rates the law names none; the highest is the cautious one.
    Source: docs/decisions/0032, https://lawcrux.com/data5t/gt/gtexmp/example_345.htm.
    """
    return max(lines, key=lambda line: (line.tax.percent, line.tax.hsn)).tax.hsn
