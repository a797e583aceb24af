"""The languages that customers are addressed in."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints


class Language(StrEnum):
    """English is what everything falls back to."""

    EN = "EN"
    HI = "HI"


Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]

_MOST_RANGES = 20
_RANGE = re.compile(r"(?P<tag>[a-z]{1,8})(-[a-z0-9]{1,8})*(\s*;\s*q=(?P<quality>[01](\.[0-9]{0,3})?))?", re.ASCII)


class LocalText(BaseModel):
    """One text in each language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: Words
    hi: Words

    def in_(self, language: Language) -> str:
        """Return the text in this language."""
        return self.hi if language is Language.HI else self.en


def preferred_language(accept_language: str) -> Language:
    """Return the language that a header `Accept-Language` likes best of ours; English when it names none.

    Source: RFC 9110, section 12.5.4
    """
    best, most = Language.EN, 0.0
    for one in accept_language.lower().split(",")[:_MOST_RANGES]:
        found = _RANGE.fullmatch(one.strip())
        if found is None or found["tag"].upper() not in Language.__members__:
            continue
        quality = float(found["quality"] or 1)
        if quality > most:
            best, most = Language(found["tag"].upper()), quality
    return best
