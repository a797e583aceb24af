"""The words that a shop is searched by: what is stored of a text, and what of it a search text asks for.

A text is cut into words in one spelling. A product is stored under each beginning of its words, so that a search finds
it while it is typed; a word is stored under what is left of it without one letter or two, so that a mistyped one that
has lost the same letters leads to it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import NamedTuple

MAX_LETTERS = 16
"""Letters of a word that count: two words that begin with the same 16 are one."""

MAX_WORDS = 10
"""Words of a search text that count."""

MAX_TERMS = 400
"""What a product is stored under at most."""

MAX_SPELLINGS = 20
"""Words that a mistyped one may stand for."""

_MIN_TYPO_LETTERS = 4
"""A shorter word is one letter away from too many others."""
_MIN_TWO_TYPOS_LETTERS = 8
_MIN_BEGINNING = 3

# too common in sentences to tell one product from another: stored, as they are typed letter by letter too, and left out
# of what is asked for
_STOP_WORDS = frozenset(
    {
        *("a", "an", "the", "and", "or", "that", "this", "it", "its", "your", "is", "are", "be", "as", "at"),
        *("by", "for", "from", "in", "of", "on", "to", "with"),
    }
)

# Within a word they count for nothing. The joiners shape letters; the nukta and the apostrophe are left out as often
# as not.
_IGNORED = frozenset("\u200c\u200d\u093c'\u2019")
# candrabindu is written as anusvara as often as not
_ALIKE = {"\u0901": "\u0902"}
_LAST_LATIN = "\u024f"


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text in their order, each once, cut to 16 letters; none for a text of signs.

    Case, forms of compatibility, accents on Latin letters, the nukta and apostrophes make no difference.
    """
    found: dict[str, None] = {}
    spelled = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold()).casefold()
    for word in "".join(_letters(spelled)).split():
        if unicodedata.category(word[0])[0] != "M":  # a mark without its letter is none
            found[word[:MAX_LETTERS]] = None
    return tuple(found)


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


class Searchable(NamedTuple):
    """What is stored of texts.

    Args:
        terms: each beginning of their words, sorted; at most 400.
        text: the same words, each after a space: a beginning of one is found after a space.
    """

    terms: tuple[str, ...]
    text: str


def searchable(texts: Iterable[str]) -> Searchable:
    """Return what is stored of texts; of too many words, the first."""
    terms: set[str] = set()
    text = ""
    for word in words_of(texts):
        beginnings = {word[:end] for end in range(1, len(word) + 1)}
        if len(terms | beginnings) > MAX_TERMS:
            break
        terms |= beginnings
        text += f" {word}"
    return Searchable(tuple(sorted(terms)), text)


def words_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the words of texts in their order, each once."""
    return tuple(dict.fromkeys(word for text in texts for word in words(text)))


def query_terms(text: str) -> tuple[str, ...]:
    """Return the terms that a product must have all of to be found, at most 10; none for a text without a word.

    Words that are in every sentence count only when there is no other. A word that another begins with asks for
    nothing more than that one.
    """
    typed = words(text)
    telling = [word for word in typed if word not in _STOP_WORDS] or typed
    whole = [word for word in telling if not any(other != word and other.startswith(word) for other in telling)]
    return tuple(whole[:MAX_WORDS])


# --- mistyped words ---------------------------------------------------------------------------------------------------


def near(word: str) -> tuple[str, ...]:
    """Return what a word is stored under for those who mistype it, sorted; a beginning of it may be mistyped too."""
    found = {word} if len(word) >= _MIN_BEGINNING else set()
    for end in range(_MIN_BEGINNING, len(word) + 1):
        beginning = word[:end]
        found.add(beginning)
        if end >= _MIN_TYPO_LETTERS:
            found |= _without(beginning, 1)
    if len(word) >= _MIN_TWO_TYPOS_LETTERS:
        found |= _without(word, 2)
    return tuple(sorted(found))


def near_of_typed(word: str) -> tuple[str, ...]:
    """Return where to look for the words that a typed one may stand for, sorted; none for one of under 4 letters."""
    if len(word) < _MIN_TYPO_LETTERS:
        return ()
    found = {word} | _without(word, 1)
    if len(word) >= _MIN_TWO_TYPOS_LETTERS:
        found |= _without(word, 2)
    return tuple(sorted(found))


def _without(word: str, letters: int) -> set[str]:
    return {"".join(kept) for kept in combinations(word, len(word) - letters)}


def spellings(typed: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return the beginnings of known words that a typed word may stand for: at most 20, the likeliest first.

    That is a word, or a beginning of at least 3 letters, with one letter wrong, missing, too much or changed with its
    neighbour; where there is none, a whole word with two such slips, if 8 letters or more were typed.
    """
    once: set[tuple[bool, int, str]] = set()
    twice: set[tuple[bool, int, str]] = set()
    for word in known:
        if len(typed) < _MIN_TYPO_LETTERS:
            break
        slips = _slips(typed, word)
        end = min(range(_MIN_BEGINNING, len(word) + 1), key=lambda end: (slips[end], -end), default=0)
        if end and slips[end] <= 1:
            once.add((end < len(word), -end, word[:end]))
        elif end and len(typed) >= _MIN_TWO_TYPOS_LETTERS and slips[-1] == 2:  # noqa: PLR2004 - two slips
            twice.add((False, -len(word), word))
    found: list[str] = []
    for _, _, beginning in sorted(once or twice):
        if not any(beginning.startswith(other) for other in found):
            found.append(beginning)
    return tuple(found[:MAX_SPELLINGS])


def _slips(typed: str, word: str) -> list[int]:
    """Return how many slips lie between what was typed and each beginning of the word, the empty one first.

    Source: optimal string alignment, the restricted Damerau-Levenshtein distance,
    https://en.wikipedia.org/wiki/Damerau%E2%80%93Levenshtein_distance
    """
    before: list[int] = []
    row = list(range(len(word) + 1))
    for line, letter in enumerate(typed, 1):
        earlier, before, row = before, row, [line]
        for place, other in enumerate(word, 1):
            least = min(row[-1] + 1, before[place] + 1, before[place - 1] + (letter != other))
            if line > 1 and place > 1 and letter == word[place - 2] and typed[line - 2] == other:
                least = min(least, earlier[place - 2] + 1)
            row.append(least)
    return row
