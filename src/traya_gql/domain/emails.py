"""E-mail addresses."""

from __future__ import annotations

import re

from traya_gql.domain.refusals import InvalidValue, RefusalCode

# Source: RFC 5321, sections 4.5.3.1.1 and 4.5.3.1.3: 64 octets before the @, and a path of 256 with its two brackets
_MOST_BEFORE_AT = 64
_MOST_CHARACTERS = 254
_MOST_TYPED = 300

# Letters of other scripts are refused: not every mail server delivers to them, and they can imitate Latin ones.
_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII | re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


def check_email(raw: str) -> str:
    """Return the address with its ends trimmed and its domain in small letters.

    Raises:
        InvalidValue: INVALID_EMAIL. Quoted names, domains in brackets, and letters that are not ASCII are refused too.
    """
    typed = raw.strip(" ") if len(raw) <= _MOST_TYPED else ""
    local, _, domain = typed.partition("@")
    domain = domain.lower() if domain.isascii() else ""
    labels = domain.split(".")
    if (
        len(typed) <= _MOST_CHARACTERS
        and len(local) <= _MOST_BEFORE_AT
        and _LOCAL.fullmatch(local)
        and len(labels) > 1
        and all(_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdigit()
    ):
        return f"{local}@{domain}"
    message = "Enter an e-mail address such as name@example.com, or leave it out."
    raise InvalidValue(RefusalCode.INVALID_EMAIL, message)
