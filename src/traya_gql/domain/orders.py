"""Orders: their numbers, states and limits."""

from __future__ import annotations

from enum import StrEnum

# Without I, L, O and U: read aloud and typed without mistakes. Source: Crockford's base 32.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BITS_A_LETTER = 5
_LETTERS = 10
NUMBER_BITS = _BITS_A_LETTER * _LETTERS

# enough for a household; with MAX_PRICE_PAISE every total fits an Int of GraphQL
MAX_QUANTITY = 20
MAX_LINES = 20


class OrderStatus(StrEnum):
    """Where an order stands."""

    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    CANCELLED = "CANCELLED"


class PaymentMethod(StrEnum):
    """How the customer wants to pay."""

    RAZORPAY = "RAZORPAY"
    SNAPMINT = "SNAPMINT"


def order_number(random_bits: int) -> str:
    """Return the human number of an order, such as `TG-7K3M9-QX2PA`: 14 characters.

    The number tells nothing about how many orders there are. It fits in the 16 characters of an invoice reference.
    Source: CGST Rule 46, https://www.gstzen.in/a/tax-invoice-cgst-rule-46.html

    Args:
        random_bits: 50 random bits, as from `secrets.randbits(NUMBER_BITS)`.
    """
    letters = "".join(
        _ALPHABET[random_bits >> (_BITS_A_LETTER * place) & (len(_ALPHABET) - 1)] for place in range(_LETTERS)
    )
    return f"TG-{letters[:5]}-{letters[5:]}"
