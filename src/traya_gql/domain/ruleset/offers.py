"""What a kit costs: the whole of it and the cheap one, for a month, a quarter, and the expected time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from traya_gql.domain.money import percent_of
from traya_gql.domain.orders import MAX_QUANTITY
from traya_gql.domain.products import ProductFacts
from traya_gql.domain.ruleset.kit_rules import KitRules


class KitKind(StrEnum):
    """COMPLETE: all that is recommended and can be ordered. BASIC: the cheapest safe care, on the scalp only."""

    COMPLETE = "COMPLETE"
    BASIC = "BASIC"


class KitChoice(BaseModel):
    """One of a report's offers: which kit, and for how many months."""

    model_config = ConfigDict(frozen=True)

    kind: KitKind
    months: int


class Offer(NamedTuple):
    """A kit for some months: `lines` are product and quantity, at least one. Ordered as a `KitChoice`.

    `subtotal_paise` is what the lines cost at list prices.
    """

    kind: KitKind
    months: int
    lines: tuple[tuple[UUID, int], ...]
    discount_percent: int
    subtotal_paise: int

    @property
    def discount_paise(self) -> int:
        """What is taken off for ordering so many months."""
        return percent_of(self.subtotal_paise, self.discount_percent)

    @property
    def price_paise(self) -> int:
        """What the lines cost together after the discount."""
        return self.subtotal_paise - self.discount_paise


def offers(
    kits: Mapping[KitKind, Sequence[ProductFacts]], *, expected_months: int | None, rules: KitRules
) -> tuple[Offer, ...]:
    """Return the offers at today's prices, COMPLETE first, the shortest first; none without expected months.

    They are those of `offers_of`, but for a cheap kit that holds just what the whole one does for as many months.
    """
    found = {
        kind: offers_of(kind, kits.get(kind, ()), expected_months=expected_months, rules=rules) for kind in KitKind
    }
    whole = {(offer.months, frozenset(offer.lines)) for offer in found[KitKind.COMPLETE]}
    others = (offer for offer in found[KitKind.BASIC] if (offer.months, frozenset(offer.lines)) not in whole)
    return (*found[KitKind.COMPLETE], *others)


def offers_of(
    kind: KitKind, products: Sequence[ProductFacts], *, expected_months: int | None, rules: KitRules
) -> tuple[Offer, ...]:
    """Return for which months one kit is offered, the shortest first, whatever the other kit holds.

    Only products that can be sent and need no prescription count, each for no longer than its label allows. Left out is
    an offer of more pieces than a line of an order holds, and one that holds no more than a shorter one or costs less.
    """
    found: list[Offer] = []
    for offer in _by_months(kind, products, expected_months, rules):
        if not found or (offer.lines != found[-1].lines and offer.price_paise >= found[-1].price_paise):
            found.append(offer)
    return tuple(found)


def _by_months(
    kind: KitKind, products: Sequence[ProductFacts], expected_months: int | None, rules: KitRules
) -> Iterator[Offer]:
    sold = [product for product in products if product.can_be_sent and not product.needs_prescription]
    for months, percent in sorted(rules.discount_steps(expected_months).items()):
        lines = tuple((product.id, product.pieces_for(months)) for product in sold)
        if not sold or max(quantity for _, quantity in lines) > MAX_QUANTITY:
            continue
        subtotal = sum(product.price_paise * product.pieces_for(months) for product in sold)
        yield Offer(kind=kind, months=months, lines=lines, discount_percent=percent, subtotal_paise=subtotal)
