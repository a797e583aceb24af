"""Indian mobile numbers."""

from __future__ import annotations

import re

from traya_gql.domain.refusals import InvalidValue, RefusalCode
from traya_gql.domain.text import plain_digits

# Source: the original system's rule, ^[6-9]\d{9}$
_MOBILE = re.compile(r"[6-9][0-9]{9}", re.ASCII)
_PREFIXES = ("+91", "0091", "91", "0")
_MOST_TYPED = 30


def normalise_phone(raw: str) -> str:
    """Return the number in E.164 (`+91` and ten digits).

    Spaces, hyphens, dots and brackets are ignored; `+91`, `0091`, `91` and a leading `0` are understood, and so are the
    digits of India's scripts.

    Raises:
        InvalidValue: INVALID_PHONE.
    """
    typed = plain_digits(re.sub(r"[ \-.()]", "", raw)) if len(raw) <= _MOST_TYPED else ""
    for prefix in ("", *_PREFIXES):
        if typed.startswith(prefix) and _MOBILE.fullmatch(typed[len(prefix) :]):
            return f"+91{typed[len(prefix) :]}"
    message = "Enter a 10-digit Indian mobile number that starts with 6, 7, 8 or 9, such as 98765 43210."
    raise InvalidValue(RefusalCode.INVALID_PHONE, message)
