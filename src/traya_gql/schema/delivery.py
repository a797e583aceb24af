"""Delivery as a client sees it."""

from __future__ import annotations

from datetime import date
from typing import Self

import strawberry

from traya_gql.domain.delivery import CashOnDeliveryRefusal, Zone
from traya_gql.domain.delivery import DeliveryEstimate as Estimate
from traya_gql.domain.states import IndianState
from traya_gql.schema.common import Money, described_enum, money
from traya_gql.services.delivery import Serviceability as Served

described_enum(
    Zone,
    "How far away a PIN code is, in cost and in days. New values may be added.",
    {
        Zone.LOCAL: "In the state that parcels are sent from.",
        Zone.NATIONAL: "In another state.",
        Zone.REMOTE: (
            "In the north-east, Sikkim, Jammu and Kashmir, Ladakh or on the islands, or with the Army Postal Service."
        ),
    },
    name="DeliveryZone",
)

described_enum(
    CashOnDeliveryRefusal,
    "Why an order cannot be paid at the door. New values may be added.",
    {
        CashOnDeliveryRefusal.ZONE: "Nobody takes money at the door so far away.",
        CashOnDeliveryRefusal.AMOUNT: "The total is more than is taken at the door.",
    },
)


@strawberry.type(description="When a parcel should arrive. It is an estimate, not a promise.")
class DeliveryEstimate:
    earliest: date = strawberry.field(description="The first day, in India.")
    latest: date = strawberry.field(description="The last day, in India.")

    @classmethod
    def of(cls, estimate: Estimate) -> Self:
        return cls(earliest=estimate.earliest, latest=estimate.latest)


@strawberry.type(description="Whether and how orders are delivered to a PIN code.")
class Serviceability:
    pin_code: str = strawberry.field(description="The PIN code: six digits, without spaces.")
    is_serviceable: bool = strawberry.field(
        description="Whether orders are delivered there. When false, all that is nullable here is null."
    )
    states: list[IndianState] = strawberry.field(
        description=(
            "The states and union territories it may lie in, by name: mostly one; all for the Army Postal Service; "
            "none when no PIN code begins like this."
        )
    )
    zone: Zone | None = strawberry.field(description="How far away it is.")
    delivery_estimate: DeliveryEstimate | None = strawberry.field(
        description="When an order that is placed now should arrive."
    )
    is_cash_on_delivery_available: bool = strawberry.field(
        description="Whether orders may be paid at the door there, up to `cashOnDeliveryUpTo`."
    )
    cash_on_delivery_up_to: Money | None = strawberry.field(
        description="The highest total that may be paid at the door; null where none may."
    )
    shipping_charge_from: Money | None = strawberry.field(
        description="What sending the lightest parcel costs, with all taxes. `pricePreview` says what an order's costs."
    )
    free_shipping_from: Money | None = strawberry.field(
        description=(
            "Goods of this much, after discounts, are sent for nothing. While goods cost less, they and their shipping "
            "together never cost more than this."
        )
    )

    @classmethod
    def of(cls, served: Served) -> Self:
        offer = served.offer
        cash_up_to = None if offer is None else offer.cash_up_to_paise
        return cls(
            pin_code=served.pin_code,
            is_serviceable=offer is not None,
            states=list(served.states),
            zone=None if offer is None else offer.zone,
            delivery_estimate=None if offer is None else DeliveryEstimate.of(offer.estimate),
            is_cash_on_delivery_available=cash_up_to is not None,
            cash_on_delivery_up_to=None if cash_up_to is None else money(cash_up_to),
            shipping_charge_from=None if offer is None else money(offer.charge_from_paise),
            free_shipping_from=None if offer is None else money(offer.free_from_paise),
        )
