"""The words of a text in the one spelling that a shop is searched by, and the words that mean the same."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from traya_gql.domain.data_files import read_toml

MAX_LETTERS = 16
"""Letters of a word that count: two words that begin with the same 16 are one."""

_MIN_PLURAL_LETTERS = 4
_NO_PLURALS = ("ss", "us", "is")
_MIN_BEGINNING = 2
"""Signs of a word of another script that its beginning is known by: one would begin too many."""

# Within a word they count for nothing. The joiners shape letters; the nukta and the apostrophe are left out as often
# as not.
_IGNORED = frozenset("\u200c\u200d\u093c'\u2019")
# candrabindu is written as anusvara as often as not
_ALIKE = {"\u0901": "\u0902"}
_LAST_LATIN = "\u024f"

PREFIXES = frozenset({"anti"})
"""Words that say nothing which the word after them does not say, and are written as one with it."""

# too common in sentences to tell one product from another: stored, as they are typed letter by letter too, and left out
# of what is asked for
_FILLERS = frozenset(
    {
        *("a", "an", "the", "and", "or", "that", "this", "it", "its", "your", "is", "are", "be", "as", "at"),
        *("by", "for", "from", "in", "of", "on", "to", "with", *PREFIXES),
    }
)


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text in their order, each once, cut to 16 letters; none for a text of signs.

    Case, forms of compatibility, accents on Latin letters, the nukta and apostrophes make no difference, nor does the s
    of a plural.
    """
    found: dict[str, None] = {}
    spelled = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold()).casefold()
    for word in "".join(_letters(spelled)).split():
        if unicodedata.category(word[0])[0] != "M":  # a mark without its letter is none
            found[_singular(word[:MAX_LETTERS])] = None
    return tuple(found)


def _singular(word: str) -> str:
    """Return a word of 4 letters or more without its final s, but for those on -ss, -us and -is."""
    if len(word) < _MIN_PLURAL_LETTERS or word[-1] != "s" or not word[-2].isalpha() or word.endswith(_NO_PLURALS):
        return word
    return word[:-1]


def words_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the words of texts in their order, each once."""
    return tuple(dict.fromkeys(word for text in texts for word in words(text)))


def _letters(text: str) -> Iterator[str]:
    """Give the letters, digits and marks of a text; a space for each sign between words."""
    base = ""
    for sign in text:
        kind = unicodedata.category(sign)
        if kind == "Mn" and base and base <= _LAST_LATIN:
            continue
        if sign in _IGNORED:
            continue
        if kind[0] in "LNM":
            base = base if kind[0] == "M" else sign
            yield _ALIKE.get(sign, sign)
        else:
            base = ""
            yield " "


# --- words that mean the same -----------------------------------------------------------------------------------------


class SearchWords(BaseModel):
    """All of `search_words.toml`.

    Args:
        fillers: words of sentences, which say nothing of a product.
        meanings: other words for a word of the catalogue.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fillers: tuple[str, ...]
    meanings: Mapping[str, Annotated[tuple[str, ...], Field(min_length=1)]]


@cache
def search_words() -> SearchWords:
    """Return the words of this release."""
    return read_toml(SearchWords, files("traya_gql.domain").joinpath("search_words.toml").read_text(encoding="utf-8"))


def is_filler(word: str) -> bool:
    """Return whether a word is in every sentence and says nothing of a product."""
    return word in _FILLERS or word in _known().fillers


def meanings(word: str) -> tuple[str, ...]:
    """Return the words of the catalogue that another word for them means, or may begin to mean; most mean none.

    A word in Latin letters must be there in full: "ba" begins "baal", and what an English word begins with is no other.
    """
    return _known().meant_by.get(word, ())


class _Known:
    """The table as it is looked up in: in the one spelling, with the beginnings of words of other scripts."""

    def __init__(self, table: SearchWords) -> None:
        self.fillers = frozenset(words_of(table.fillers))
        found: dict[str, dict[str, None]] = {}
        for meant, others in table.meanings.items():
            for other in words_of(others):
                least = len(other) if other[0] <= _LAST_LATIN else _MIN_BEGINNING
                for end in range(least, len(other) + 1):
                    found.setdefault(other[:end], {})[meant] = None
        self.meant_by = {other: tuple(all_meant) for other, all_meant in found.items()}


@cache
def _known() -> _Known:
    return _Known(search_words())
