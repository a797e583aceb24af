"""Money: whole paise in an int, never a float. 100 paise are one rupee."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from traya_gql.domain.refusals import InvalidValue, RefusalCode

# the largest order there can be; in paise it is still an Int of GraphQL
_MOST_RUPEES = Decimal(20_000_000)


def rupees(paise: int) -> Decimal:
    """Return an amount of paise as rupees with exactly two decimals: 49900 is Decimal('499.00')."""
    return Decimal(paise).scaleb(-2)


def paise(amount: Decimal) -> int:
    """Return an amount of rupees as paise: Decimal('499.00') is 49900.

    Raises:
        InvalidValue: OUT_OF_RANGE below 0, above 20,000,000, with parts of a paisa, or when it is no number.
    """
    # compared before any arithmetic: 1E+999999 would take minutes to write out as an int
    if amount.is_finite() and 0 <= amount <= _MOST_RUPEES and amount == amount.quantize(Decimal("0.01")):
        return int(amount.scaleb(2))
    message = "An amount must be rupees from 0 to 20000000 with at most two decimals, such as 499.00."
    raise InvalidValue(RefusalCode.OUT_OF_RANGE, message)


def percent_of(amount_paise: int, percent: int) -> int:
    """Return so many percent of an amount that is not negative, half a paisa rounded up."""
    return (amount_paise * percent + 50) // 100


def spread(total: int, weights: Sequence[int], *, keys: Sequence[UUID]) -> tuple[int, ...]:
    """Return shares of `total`, in proportion to the weights and in their order, whose sum is `total`.

    What rounding down leaves goes to the largest remainders, a paisa each; of equal ones to the smaller key, so that
    the order in which things are named changes nothing. No share is above its weight while `total` is not above their
    sum. Without any weight there is nothing to spread: all shares are 0.

    Args:
        total: in paise, 0 or more.
        weights: in paise, 0 or more each.
        keys: one a weight, all different.
    """
    whole = sum(weights)
    if not whole:
        return tuple(0 for _ in weights)
    shares = [total * weight // whole for weight in weights]
    left = total - sum(shares)
    by_remainder = sorted(range(len(weights)), key=lambda place: (-(total * weights[place] % whole), keys[place]))
    for place in by_remainder[:left]:
        shares[place] += 1
    return tuple(shares)
