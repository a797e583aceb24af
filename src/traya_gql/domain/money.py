"""Money: whole paise in an int, never a float. 100 paise are one rupee."""

from __future__ import annotations

from decimal import Decimal

from traya_gql.domain.refusals import InvalidValue, RefusalCode

# ten million rupees: far above any price, and small enough for every store and every client's integers
_MOST_RUPEES = Decimal(10_000_000)


def rupees(paise: int) -> Decimal:
    """Return an amount of paise as rupees with exactly two decimals: 49900 is Decimal('499.00')."""
    return Decimal(paise).scaleb(-2)


def paise(amount: Decimal) -> int:
    """Return an amount of rupees as paise: Decimal('499.00') is 49900.

    Raises:
        InvalidValue: OUT_OF_RANGE below 0, above 10,000,000, with parts of a paisa, or when it is no number.
    """
    # compared before any arithmetic: 1E+999999 would take minutes to write out as an int
    if amount.is_finite() and 0 <= amount <= _MOST_RUPEES and amount == amount.quantize(Decimal("0.01")):
        return int(amount.scaleb(2))
    message = "An amount must be rupees from 0 to 10000000 with at most two decimals, such as 499.00."
    raise InvalidValue(RefusalCode.OUT_OF_RANGE, message)
