"""What a kit costs: the whole of it and the cheap one, for a month, a quarter, and the expected time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from traya_gql.domain.orders import MAX_QUANTITY
from traya_gql.domain.products import ProductFacts
from traya_gql.domain.ruleset.kit_rules import KitRules


class KitKind(StrEnum):
    """COMPLETE: all that is recommended and can be ordered. BASIC: the cheapest safe care, on the scalp only."""

    COMPLETE = "COMPLETE"
    BASIC = "BASIC"


class Offer(NamedTuple):
    """A kit for some months: `lines` are product and quantity, as an order would take them; at least one."""

    kind: KitKind
    months: int
    lines: tuple[tuple[UUID, int], ...]
    discount_percent: int
    price_paise: int


def offers(
    kits: Mapping[KitKind, Sequence[ProductFacts]], *, expected_months: int | None, rules: KitRules
) -> tuple[Offer, ...]:
    """Return the offers at today's prices, COMPLETE first, the shortest first; none without expected months.

    Only products that can be sent and need no prescription count. An offer of more pieces than a line of an order
    holds is left out.
    """
    if expected_months is None:
        return ()
    return tuple(offer for kind in KitKind for offer in _offers_of(kind, kits.get(kind, ()), expected_months, rules))


def _offers_of(
    kind: KitKind, products: Sequence[ProductFacts], expected_months: int, rules: KitRules
) -> Iterator[Offer]:
    sold = [product for product in products if product.can_be_sent and not product.needs_prescription]
    steps = {rule.months or expected_months: rule.discount_percent for rule in rules.durations.values()}
    for months, percent in sorted(steps.items()):
        quantities = [product.monthly_quantity * months for product in sold]
        if not sold or max(quantities) > MAX_QUANTITY:
            continue
        full = sum(product.price_paise * quantity for product, quantity in zip(sold, quantities, strict=True))
        yield Offer(
            kind=kind,
            months=months,
            lines=tuple((product.id, quantity) for product, quantity in zip(sold, quantities, strict=True)),
            discount_percent=percent,
            price_paise=full - (full * percent + 50) // 100,
        )
