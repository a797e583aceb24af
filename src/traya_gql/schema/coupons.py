"""Coupons as staff see them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

import strawberry

from traya_gql.context import Info
from traya_gql.documents.coupon_changes import CouponChangeRecord
from traya_gql.documents.coupons import CouponRecord
from traya_gql.domain.coupon_checks import TypedTerms
from traya_gql.domain.coupons import CouponKind, CouponTerms
from traya_gql.domain.products import ProductCategory
from traya_gql.schema.catalogue import Colleague, colleague_of
from traya_gql.schema.common import (
    Connection,
    Money,
    Node,
    NodeType,
    described_enum,
    money,
    node_id,
    read_key,
)
from traya_gql.schema.payloads import Payload
from traya_gql.schema.products import Product

described_enum(
    CouponKind,
    "What a coupon takes off.",
    {
        CouponKind.PERCENT: "A part of the price, of the products that it is for: `percent`.",
        CouponKind.FIXED: "An amount, but no more than the products cost that it is for: `amount`.",
        CouponKind.FREE_ITEM: "The price of one piece of `freeProduct`, which the customer must have in the order.",
    },
)


@strawberry.type
class _Terms:
    """What a coupon says, or said."""

    product_id: strawberry.Private[UUID | None]

    kind: CouponKind = strawberry.field(description="What it takes off.")
    percent: int | None = strawberry.field(description="1 to 100; null unless the kind is PERCENT.")
    amount: Money | None = strawberry.field(description="What is taken off; null unless the kind is FIXED.")
    starts_at: datetime = strawberry.field(description="The first moment at which it counts.")
    ends_at: datetime | None = strawberry.field(
        description="The first moment at which it counts no more; null when it does not end by itself."
    )
    min_subtotal: Money = strawberry.field(
        description="What all lines must cost together at list prices, before any discount."
    )
    max_discount: Money | None = strawberry.field(
        description="The most that a percentage takes off; null without such a cap."
    )
    categories: list[ProductCategory] = strawberry.field(
        description="The shelves whose products it is for; empty: all. Always empty for FREE_ITEM."
    )
    max_uses: int | None = strawberry.field(
        description=(
            "How many orders can use it; null: any number. With such a limit only who is signed in can use it, so that "
            "nobody uses it up with phones that are not theirs."
        )
    )
    max_uses_per_customer: int | None = strawberry.field(
        description=(
            "How many orders of one customer can use it; null: any number. Orders that were called off do not count. "
            "With such a limit only who is signed in can use it."
        )
    )
    is_first_order_only: bool = strawberry.field(
        description="Whether it is for customers without orders alone. Then only who is signed in can use it."
    )

    @strawberry.field(description="The product of which one piece is free; null unless the kind is FREE_ITEM.")
    async def free_product(self, info: Info) -> Product | None:
        if self.product_id is None:
            return None
        return Product.seen_in(info.context, await info.context.loaders.product_by_id.load(self.product_id))


def _shown(terms: CouponTerms) -> dict[str, Any]:
    """Return the fields of `_Terms`."""
    return {
        "product_id": terms.product_id,
        "kind": terms.kind,
        "percent": terms.percent,
        "amount": None if terms.amount_paise is None else money(terms.amount_paise),
        "starts_at": terms.starts_at,
        "ends_at": terms.ends_at,
        "min_subtotal": money(terms.min_subtotal_paise),
        "max_discount": None if terms.max_discount_paise is None else money(terms.max_discount_paise),
        "categories": list(terms.categories),
        "max_uses": terms.max_uses,
        "max_uses_per_customer": terms.max_uses_per_customer,
        "is_first_order_only": terms.is_first_order_only,
    }


@strawberry.type(
    description=(
        "A code that makes an order cheaper, after the discount of a kit. Only ever reached by CATALOG_MANAGER; "
        "customers see what it takes off with `pricePreview`."
    )
)
class Coupon(_Terms, Node):
    code: str = strawberry.field(description="What customers type, in capital letters. It never changes.")
    uses: int = strawberry.field(description="How many orders have used it, those that were called off too.")
    is_enabled: bool = strawberry.field(description="Whether staff have not disabled it.")
    created_at: datetime = strawberry.field(description="When it was made.")
    created_by_id: strawberry.ID = strawberry.field(description="The id of the `Customer` who made it.")
    created_by_key: strawberry.Private[UUID]
    version: int = strawberry.field(
        description=(
            "1 when it is made; grows when staff change it, and not with its uses: the `expectedVersion` of updates. "
            "What it was before: `couponChanges`."
        )
    )

    @strawberry.field(description="Who made it.")
    async def created_by(self, info: Info) -> Colleague:
        return await colleague_of(self.created_by_key, info)

    @classmethod
    def of(cls, record: CouponRecord) -> Self:
        return cls(
            created_by_key=record.created_by,
            id=node_id(NodeType.COUPON, record.id),
            code=record.code,
            uses=record.uses,
            is_enabled=record.is_enabled,
            created_at=record.created_at,
            created_by_id=node_id(NodeType.CUSTOMER, record.created_by),
            version=record.version,
            **_shown(record.terms),
        )


@strawberry.type(description="A page of coupons.")
class CouponConnection(Connection[Coupon]):
    pass


@strawberry.type(description="A change of a coupon: who made it and when, and what the coupon said until then.")
class CouponChange(_Terms):
    changed_by_key: strawberry.Private[UUID]

    version: int = strawberry.field(description="The coupon's `version` that the change made, 2 or more.")
    changed_at: datetime = strawberry.field(description="When it was changed.")
    changed_by_id: strawberry.ID = strawberry.field(description="The id of the `Customer` who changed it.")
    is_enabled: bool = strawberry.field(description="Whether it was enabled until then.")

    @strawberry.field(description="Who changed it.")
    async def changed_by(self, info: Info) -> Colleague:
        return await colleague_of(self.changed_by_key, info)

    @classmethod
    def of(cls, record: CouponChangeRecord) -> Self:
        return cls(
            changed_by_key=record.changed_by,
            version=record.version,
            changed_at=record.changed_at,
            changed_by_id=node_id(NodeType.CUSTOMER, record.changed_by),
            is_enabled=record.is_enabled,
            **_shown(record.terms),
        )


@strawberry.type(description="A page of the changes of a coupon.")
class CouponChangeConnection(Connection[CouponChange]):
    pass


@strawberry.input(one_of=True, description="What a coupon takes off: exactly one of these.")
class CouponValueInput:
    percent: int | None = strawberry.field(
        default=strawberry.UNSET, description="So many percent of what the products cost that it is for, 1 to 100."
    )
    amount: Decimal | None = strawberry.field(
        default=strawberry.UNSET, description='An amount in rupees, more than 0, such as "150" or "99.50".'
    )
    free_product_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "The `id` of the `Product` of which one piece is free: PUBLISHED, and not on prescription. No order gets "
            "it without asking for it."
        ),
    )


@strawberry.input(description="What a coupon says.")
class CouponTermsInput:
    value: CouponValueInput = strawberry.field(description="What it takes off.")
    starts_at: datetime = strawberry.field(description="The first moment at which it counts.")
    ends_at: datetime | None = strawberry.field(
        default=None,
        description=(
            "The first moment at which it counts no more, after `startsAt`, and not in the past for a new coupon. Left "
            "out: until it is disabled."
        ),
    )
    min_subtotal: Decimal = strawberry.field(
        default=Decimal(0),
        description="What all lines must cost together at list prices, in rupees, before any discount.",
    )
    max_discount: Decimal | None = strawberry.field(
        default=None, description="The most that a percentage takes off, in rupees, more than 0. Left out: no cap."
    )
    categories: list[ProductCategory] = strawberry.field(
        default_factory=list,
        description="The shelves whose products it is for, at most 4. Empty: all. Not together with `freeProductId`.",
    )
    max_uses: int | None = strawberry.field(
        default=None,
        description=("How many orders can use it, 1 to 10000000; guests cannot use it then. Left out: any number."),
    )
    max_uses_per_customer: int | None = strawberry.field(
        default=None,
        description=(
            "How many orders of one customer can use it, 1 to 10000000; guests cannot use it then. Left out: any "
            "number."
        ),
    )
    is_first_order_only: bool = strawberry.field(
        default=False, description="Whether it is for customers without orders alone; guests cannot use it then."
    )

    def typed(self) -> TypedTerms:
        """Return the terms as the domain takes them."""
        value = self.value
        percent = None if value.percent is strawberry.UNSET else value.percent
        amount = None if value.amount is strawberry.UNSET else value.amount
        free = None if value.free_product_id is strawberry.UNSET else value.free_product_id
        kind = CouponKind.FREE_ITEM
        if percent is not None:
            kind = CouponKind.PERCENT
        elif amount is not None:
            kind = CouponKind.FIXED
        return TypedTerms(
            kind=kind,
            percent=percent,
            amount=amount,
            product_id=None if free is None else read_key(free, NodeType.PRODUCT),
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            min_subtotal=self.min_subtotal,
            max_discount=self.max_discount,
            categories=self.categories,
            max_uses=self.max_uses,
            max_uses_per_customer=self.max_uses_per_customer,
            is_first_order_only=self.is_first_order_only,
        )


@strawberry.input(description="A new coupon.")
class CreateCouponInput:
    code: str = strawberry.field(
        description=(
            'What customers will type: 3 to 30 letters A-Z, digits and "-"; small letters become capital ones. What '
            "promises what the law forbids is refused, inside of longer words too: CUREHAIRLOSS. A harmless word that "
            "holds a forbidden one may stand at the beginning, or after a hyphen or digit: SECURE10."
        )
    )
    terms: CouponTermsInput = strawberry.field(description="What it says.")


@strawberry.input(description="A change of a coupon.")
class UpdateCouponInput:
    expected_version: int = strawberry.field(
        description="The `version` that the change is made from. If it is another one by now: STALE_VERSION."
    )
    terms: CouponTermsInput = strawberry.field(
        description="All that it shall say: what is left out here is taken as left out, not as it was."
    )


@strawberry.type(description="What `createCoupon` answers.")
class CreateCouponPayload(Payload):
    coupon: Coupon | None = strawberry.field(default=None, description="The coupon; null when refused.")


@strawberry.type(description="What `updateCoupon` answers.")
class UpdateCouponPayload(Payload):
    coupon: Coupon | None = strawberry.field(default=None, description="The coupon, changed; null when refused.")


@strawberry.type(description="What `disableCoupon` answers.")
class DisableCouponPayload(Payload):
    coupon: Coupon | None = strawberry.field(default=None, description="The coupon, disabled; null when refused.")


@strawberry.type(description="What `enableCoupon` answers.")
class EnableCouponPayload(Payload):
    coupon: Coupon | None = strawberry.field(default=None, description="The coupon, enabled; null when refused.")
