"""Delivery: which PIN codes are served, what a parcel costs, how long it takes, and who may pay at the door.

Source: `delivery.toml`, which says what is the company's own choice; docs/decisions/0028.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from traya_gql.domain.data_files import read_toml
from traya_gql.domain.days import Day
from traya_gql.domain.pins import PinPrefix, states_of
from traya_gql.domain.states import IndianState

_SUNDAY = 6
_Paise = Annotated[int, Field(ge=0)]
_Days = Annotated[int, Field(ge=0, le=60)]


class Zone(StrEnum):
    """How far away a PIN code is, in cost and in days."""

    LOCAL = "LOCAL"
    NATIONAL = "NATIONAL"
    REMOTE = "REMOTE"


class CashOnDeliveryRefusal(StrEnum):
    """Why an order cannot be paid at the door: it goes too far, or it costs too much."""

    ZONE = "ZONE"
    AMOUNT = "AMOUNT"


class DeliveryEstimate(BaseModel):
    """The first and the last day (in India) on which a parcel should arrive. It is an estimate, not a promise."""

    model_config = ConfigDict(frozen=True)

    earliest: Day
    latest: Day


class DeliveryOffer(BaseModel):
    """What an order to a PIN code would meet.

    Args:
        zone: how far away it is.
        estimate: when an order placed now should arrive.
        charge_from_paise: what the lightest parcel costs while goods do not reach `free_from_paise`.
        free_from_paise: goods of this much, after discounts, are sent for nothing.
        cash_up_to_paise: up to which total an order may be paid at the door; None: not there.
    """

    model_config = ConfigDict(frozen=True)

    zone: Zone
    estimate: DeliveryEstimate
    charge_from_paise: int
    free_from_paise: int
    cash_up_to_paise: int | None


class Tariff(BaseModel):
    """What a zone costs, and how many working days a parcel is on its way."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first_step_paise: _Paise
    further_step_paise: _Paise
    fewest_days: _Days
    most_days: _Days

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        if self.fewest_days > self.most_days:
            raise ValueError("fewest_days is more than most_days")
        return self


class CashRules(BaseModel):
    """Where orders may be paid at the door, and up to which total."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zones: frozenset[Zone]
    up_to_paise: _Paise


class DeliveryRules(BaseModel):
    """The rules of delivery from one day on.

    Args:
        starts: the first day (in India) on which they count; `from` in the file.
        seller_state: where parcels are sent from.
        handling_days: working days before a parcel leaves.
        step_g: parcels are charged by so many grams begun.
        free_from_paise: goods of this much, after discounts, are sent for nothing.
        remote_prefixes: what the PIN codes of REMOTE begin with.
        unserviceable_prefixes: what the PIN codes begin with to which nothing is sent.
        tariffs: what each zone costs.
        cash_on_delivery: who may pay at the door.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    starts: date = Field(alias="from")
    seller_state: IndianState
    handling_days: _Days
    step_g: int = Field(ge=1)
    free_from_paise: _Paise
    remote_prefixes: tuple[PinPrefix, ...]
    unserviceable_prefixes: tuple[PinPrefix, ...]
    tariffs: Mapping[Zone, Tariff]
    cash_on_delivery: CashRules

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if missing := [zone for zone in Zone if zone not in self.tariffs]:
            raise ValueError(f"tariffs: {', '.join(missing)} is missing")
        return self

    def zone_of(self, *, pin_code: str, state: IndianState) -> Zone | None:
        """Return how far away a PIN code is, or None when nothing is sent there or it does not exist.

        It decides almost alone: the state that an address names makes it LOCAL only where the PIN code may lie there,
        so that nobody pays less for a parcel by naming another state.
        """
        states = states_of(pin_code)
        if not states or pin_code.startswith(self.unserviceable_prefixes):
            return None
        if pin_code.startswith(self.remote_prefixes):
            return Zone.REMOTE
        is_local = state is self.seller_state and state in states
        return Zone.LOCAL if is_local else Zone.NATIONAL

    def charge(self, zone: Zone, *, weight_g: int, goods_paise: int) -> int:
        """Return what sending costs, in paise with all taxes.

        Args:
            zone: where the parcel goes.
            weight_g: 0 or more. Even nothing is a parcel.
            goods_paise: 0 or more: what is charged for all goods, after discounts.

        It is by weight, but never more than what is missing to `free_from_paise`: goods and charge together never fall
        when goods are added, and never rise when a discount is.
        """
        missing = self.free_from_paise - goods_paise
        if missing <= 0:
            return 0
        tariff = self.tariffs[zone]
        further_steps = max(0, -(-weight_g // self.step_g) - 1)
        return min(missing, tariff.first_step_paise + further_steps * tariff.further_step_paise)

    def estimate(self, zone: Zone, *, on: date) -> DeliveryEstimate:
        """Return when an order of this day (in India) should arrive.

        Working days are Monday to Saturday, counted from the day after; public holidays are not known here.
        """
        tariff = self.tariffs[zone]
        return DeliveryEstimate(
            earliest=_working_days_after(on, self.handling_days + tariff.fewest_days),
            latest=_working_days_after(on, self.handling_days + tariff.most_days),
        )

    def why_no_cash(self, zone: Zone, *, total_paise: int) -> CashOnDeliveryRefusal | None:
        """Return why an order of this total cannot be paid at the door, or None when it can."""
        if zone not in self.cash_on_delivery.zones:
            return CashOnDeliveryRefusal.ZONE
        return CashOnDeliveryRefusal.AMOUNT if total_paise > self.cash_on_delivery.up_to_paise else None

    def offer(self, *, pin_code: str, state: IndianState, on: date) -> DeliveryOffer | None:
        """Return what an order of this day (in India) to a PIN code would meet; None when nothing is sent there."""
        zone = self.zone_of(pin_code=pin_code, state=state)
        if zone is None:
            return None
        cash = self.cash_on_delivery
        return DeliveryOffer(
            zone=zone,
            estimate=self.estimate(zone, on=on),
            charge_from_paise=self.charge(zone, weight_g=0, goods_paise=0),
            free_from_paise=self.free_from_paise,
            cash_up_to_paise=cash.up_to_paise if zone in cash.zones else None,
        )


def _working_days_after(day: date, count: int) -> date:
    """Return the working day that is so many after `day`; with a count of 0, the day itself."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() != _SUNDAY
    return day


class DeliveryTimeline(BaseModel):
    """All of `delivery.toml`: rules by the day on which they begin, the earliest first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: tuple[DeliveryRules, ...]

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        if not self.rules:
            raise ValueError("rules: there are none")
        days = [rules.starts for rules in self.rules]
        if any(later <= earlier for earlier, later in pairwise(days)):
            raise ValueError("rules: each begins on a later day than the one before")
        return self

    def on(self, day: date) -> DeliveryRules:
        """Return the rules that count on a day. The first count for all days before, too: no order is older."""
        return next((rules for rules in reversed(self.rules) if rules.starts <= day), self.rules[0])


@cache
def delivery_timeline() -> DeliveryTimeline:
    """Return the rules of this release."""
    return read_toml(DeliveryTimeline, files("traya_gql.domain").joinpath("delivery.toml").read_text(encoding="utf-8"))


def delivery_rules(on: date) -> DeliveryRules:
    """Return the rules of delivery that count on a day in India."""
    return delivery_timeline().on(on)
