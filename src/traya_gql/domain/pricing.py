"""What an order costs. Prices are MRP and hold all taxes already."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict


class Quote(BaseModel):
    """All in paise. `total_paise` is what the customer pays."""

    model_config = ConfigDict(frozen=True)

    subtotal_paise: int
    total_paise: int


def line_total(*, unit_price_paise: int, quantity: int) -> int:
    """Return the price of a line in paise."""
    return unit_price_paise * quantity


def quote(line_totals_paise: Iterable[int]) -> Quote:
    """Return the price of an order from its lines' totals. Source: docs/decisions/0003."""
    subtotal = sum(line_totals_paise)
    return Quote(subtotal_paise=subtotal, total_paise=subtotal)
