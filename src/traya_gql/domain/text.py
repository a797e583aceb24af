"""Text that people type: names, streets, cities."""

from __future__ import annotations

import unicodedata

from traya_gql.domain.refusals import InvalidValue, RefusalCode

# Zero-width joiner and non-joiner shape letters in Devanagari, Malayalam and others: the only format characters kept.
_JOINERS = frozenset("\u200c\u200d")
# What prints nothing by itself although it is no control: kept, but no name is made of it.
_INVISIBLE = _JOINERS | frozenset(
    " \u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
# Controls, format characters (bidirectional overrides hide what a label says), surrogates, private use, unassigned.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

# The first of the ten digits of each script of India that has its own, as keyboards of its languages type them.
# Source: https://www.unicode.org/Public/UCD/latest/ucd/extracted/DerivedNumericType.txt
_ZEROS = (0x06F0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66)
_PLAIN_DIGITS = {zero + value: str(value) for zero in _ZEROS for value in range(10)}

TEXT_CODES = frozenset({RefusalCode.TOO_SHORT, RefusalCode.TOO_LONG, RefusalCode.INVALID_CHARACTERS})
"""What `clean_text` may find."""


def plain_digits(raw: str) -> str:
    """Return the text with the digits of India's scripts as 0 to 9; those of other scripts stay as they are."""
    return raw.translate(_PLAIN_DIGITS)


def clean_text(raw: str, *, what: str, min_length: int, max_length: int) -> str:
    """Return the text with its ends trimmed and runs of spaces of any kind made one, in Unicode normal form C.

    Any script and emoji are welcome; lengths count characters, `min_length` only those that show.

    Raises:
        InvalidValue: TOO_LONG, TOO_SHORT, or INVALID_CHARACTERS for control and direction-changing characters.
    """
    if len(raw) > max_length * 4:  # before any work on a text of a megabyte
        raise InvalidValue(RefusalCode.TOO_LONG, f"{what} can have at most {max_length} characters.")
    text = unicodedata.normalize("NFC", raw)
    # every space, the no-break one too: what comes after the first space of a name is private
    text = "".join(" " if unicodedata.category(c) == "Zs" else c for c in text)
    text = " ".join(part for part in text.split(" ") if part)
    if any(c not in _JOINERS and unicodedata.category(c) in _REFUSED_CATEGORIES for c in text):
        message = f"{what} contains characters that cannot be printed. Remove line breaks and control characters."
        raise InvalidValue(RefusalCode.INVALID_CHARACTERS, message)
    if len(text) > max_length:
        raise InvalidValue(RefusalCode.TOO_LONG, f"{what} can have at most {max_length} characters.")
    if sum(c not in _INVISIBLE for c in text) < min_length:
        least = f"at least {min_length} characters" if min_length > 1 else "some text"
        raise InvalidValue(RefusalCode.TOO_SHORT, f"{what} needs {least}.")
    return text
