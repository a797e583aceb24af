"""Delivery, as shoppers ask about it before they order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from traya_gql.domain.addresses import check_pin_code
from traya_gql.domain.days import day_in_india
from traya_gql.domain.delivery import DeliveryOffer, delivery_rules
from traya_gql.domain.pins import states_of
from traya_gql.domain.states import IndianState


class Serviceability(NamedTuple):
    """What is known of a PIN code: its possible states by name, and what an order would meet; None: not served."""

    pin_code: str
    states: tuple[IndianState, ...]
    offer: DeliveryOffer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The use case of delivery. It reads no database."""

    now: Callable[[], datetime]

    def serviceability(self, typed: str, *, state: IndianState | None) -> Serviceability:
        """Return whether and how orders are delivered to a PIN code; without a state, to the first it may lie in.

        Raises:
            InvalidValue: INVALID_PIN_CODE.
        """
        pin_code = check_pin_code(typed)
        states = tuple(sorted(states_of(pin_code)))
        if not states:
            return Serviceability(pin_code, states, None)
        day = day_in_india(self.now())
        offer = delivery_rules(day).offer(pin_code=pin_code, state=state or states[0], on=day)
        return Serviceability(pin_code, states, offer)
