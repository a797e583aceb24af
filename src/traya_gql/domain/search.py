"""The words that a shop is searched by: what is stored of a text, and what of it a search text asks for.

A text is cut into words in one spelling. A product is stored under each beginning of its words, so that a search finds
it while it is typed; a word is stored under what is left of it without one letter or two, so that a mistyped one that
has lost the same letters leads to it. What it is stored under says how well a word fits, too: see `Rank`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from enum import IntEnum
from itertools import combinations, pairwise
from typing import NamedTuple, TypeAlias

from traya_gql.domain.search_words import MAX_LETTERS, PREFIXES, is_filler, meanings, words, words_of

MAX_WORDS = 10
"""Words of a search text that count."""

MAX_TERMS = 400
"""What a product is stored under at most."""

MAX_SPELLINGS = 20
"""Words that a mistyped one may stand for."""

_MIN_TYPO_LETTERS = 4
"""A shorter word is one letter away from too many others: of one of three letters only two changed ones count."""
_MIN_TWO_TYPOS_LETTERS = 8
_TWO = 2
_MIN_BEGINNING = 3
_MIN_PART = 3
"""Letters of each of two words that are typed as one."""
_MIN_BEGUN_PART = 2
"""Letters of the second of them, while it is typed."""


class Rank(IntEnum):
    """How well a word that was typed fits a product, the best first.

    A product has the rank of the word that fits it worst, as all words must fit.
    """

    NAME = 0
    """It is a word of the name."""
    NAME_BEGUN = 1
    """A word of the name begins with it."""
    WORD = 2
    """It is a word of what else is said of the product."""
    WORD_BEGUN = 3
    """A word of that begins with it."""


Word: TypeAlias = tuple[str, ...]
"""What a product must have one of, as a word or as its beginning: what was typed first, then what it may stand for."""

# what is stored of words that are not of the name goes without a mark; no word holds a mark itself
_OF_NAME = "="
_WHOLE = "."
_OF_STAFF = "~"
_END_OF_NAME = "|"


class Searchable(NamedTuple):
    """What is stored of texts.

    Args:
        terms: each beginning of their words, and each word, sorted, with marks: a term of each `Rank` is another one.
        text: the words of the name between spaces, a bar, and the other words between spaces; what only staff search
            follows, each word after a tilde.
    """

    terms: tuple[str, ...]
    text: str


def searchable(name: str, others: Iterable[str], *, staff: str = "") -> Searchable:
    """Return what is stored of a name, other texts, and what only staff search; of too many words, the first."""
    named = words(name)
    told, for_staff = ([word for word in some if word not in named] for some in (words_of(others), words(staff)))
    in_name = _kept(named, but=frozenset(), most=MAX_TERMS)
    of_staff = _kept(for_staff, but=in_name.beginnings, most=MAX_TERMS - len(in_name.beginnings))
    room = MAX_TERMS - len(in_name.beginnings) - len(of_staff.beginnings)
    of_others = _kept(told, but=in_name.beginnings, most=room)
    terms = [
        *(_OF_NAME + one + (_WHOLE if one in in_name.words else "") for one in in_name.beginnings),
        *(_OF_STAFF + one for one in of_staff.beginnings),
        *(one + (_WHOLE if one in of_others.words else "") for one in of_others.beginnings),
    ]
    has_text = in_name.words or of_others.words
    text = f" {' '.join((*in_name.words, _END_OF_NAME, *of_others.words))} " if has_text else ""
    return Searchable(tuple(sorted(terms)), text + "".join(_OF_STAFF + word for word in of_staff.words))


class _Kept(NamedTuple):
    words: dict[str, None]
    beginnings: frozenset[str]


def _kept(some: Iterable[str], *, but: Collection[str], most: int) -> _Kept:
    """Return the words there is room for, and they with what begins them, but for what is found with a better rank.

    A whole word is kept always, as it may be asked for as such.
    """
    kept: dict[str, None] = {}
    beginnings: set[str] = set()
    for word in some:
        more = {word[:end] for end in range(1, len(word))}.difference(but) | {word}
        if len(beginnings | more) > most:
            break
        beginnings |= more
        kept[word] = None
    return _Kept(kept, frozenset(beginnings))


def terms_at(word: Word, rank: Rank) -> list[str]:
    """Return the terms of which a product has one if its best rank for one of the word is this."""
    mark = _OF_NAME if rank in (Rank.NAME, Rank.NAME_BEGUN) else ""
    if rank in (Rank.NAME, Rank.WORD):
        return list(dict.fromkeys(f"{mark}{_bare(one)}{_WHOLE}" for one in word))
    return [f"{mark}{one}" for one in _without_longer(word) if not one.endswith(_WHOLE)]


def terms_for_staff(word: Word) -> list[str]:
    """Return the terms of which a product has one if its name or slug has the word, or a word that begins with it."""
    return [f"{mark}{one}{end}" for one in word for mark, end in ((_OF_NAME, ""), (_OF_NAME, _WHOLE), (_OF_STAFF, ""))]


def pattern_at(word: Word, rank: Rank) -> str:
    """Return the regular expression that finds in a product's text that it fits the word with this rank or better."""
    if rank in (Rank.NAME, Rank.WORD):
        whole = f" {_one_of(tuple(dict.fromkeys(map(_bare, word))))} "
        if rank is Rank.NAME:
            return f"{whole}[^{_END_OF_NAME}]*[{_END_OF_NAME}]"
        return f"{whole}|{pattern_at(word, Rank.NAME_BEGUN)}"
    begun = f" {_one_of(_without_longer(word))}"
    return begun if rank is Rank.WORD_BEGUN else f"{begun}[^{_END_OF_NAME}]*[{_END_OF_NAME}]"


def pattern_for_staff(word: Word) -> str:
    """Return the regular expression that finds the word, or its beginning, in a product's name or slug."""
    return f"{pattern_at(word, Rank.NAME_BEGUN)}|{_OF_STAFF}{_one_of(word)}"


def _one_of(some: Sequence[str]) -> str:
    # a whole word has a space behind it
    found = [re.escape(one[:-1]) + " " if one.endswith(_WHOLE) else re.escape(one) for one in some]
    return found[0] if len(found) == 1 else f"(?:{'|'.join(found)})"


def _bare(one: str) -> str:
    return one.removesuffix(_WHOLE)


def _without_longer(word: Word) -> Word:
    """Return the word without what begins with another one of it."""
    if len(word) == 1:
        return word
    return tuple(one for one in word if not any(one != other and one.startswith(other) for other in word))


# --- what a search text asks for --------------------------------------------------------------------------------------


def query_terms(text: str) -> tuple[str, ...]:
    """Return the terms that a product must have all of to be found, at most 10; none for a text without a word.

    Words that are in every sentence count only when there is no other. A word that another begins with asks for
    nothing more than that one, unless it is a single letter: see `with_letters`.
    """
    return _telling(words(text))


def query_words(text: str) -> tuple[Word, ...]:
    """Return the words that a product must have all of, each with what it is together with its neighbour.

    "hair fall" asks for "hair" and "fall", or for "hairfall". What a word means in the catalogue's English stands with
    it.
    """
    typed = words(text)
    together: dict[str, list[str]] = {term: [term] for term in _telling(typed)}
    for first, second in pairwise(typed):
        if second in together and (first in together or first in PREFIXES):
            for one in together.keys() & {first, second}:
                together[one].append((first + second)[:MAX_LETTERS])
    for term, some in together.items():
        some += [meant + _WHOLE for meant in meanings(term)]
    return tuple(tuple(dict.fromkeys(some)) for some in together.values())


def _telling(typed: Sequence[str]) -> tuple[str, ...]:
    telling = [word for word in typed if not is_filler(word)] or typed
    asked = [
        word
        for word in telling
        if is_letter(word) or not any(other != word and other.startswith(word) for other in telling)
    ]
    return tuple(asked[:MAX_WORDS])


def is_letter(word: str) -> bool:
    """Return whether a word is a single letter, with its marks, or a digit."""
    return len(word) == 1 or all(unicodedata.category(sign)[0] == "M" for sign in word[1:])


def with_letters(asked: Sequence[Word], *, are_words: bool) -> tuple[Word, ...]:
    """Return the words with each single letter beside another word as a whole word, or as the beginning of one.

    The D of "vitamin d" is no beginning of "dry", where there is a vitamin D. The h of "hair h" begins a word, and asks
    for nothing more than "hair".
    """
    found: list[Word] = []
    for word in asked:
        letter = word[0]
        if len(asked) == 1 or not is_letter(letter):
            found.append(word)
        elif are_words:
            found.append((letter + _WHOLE, *word[1:]))
        elif not any(other is not word and other[0].startswith(letter) for other in asked):
            found.append(word)
    return tuple(found)


def as_typed(word: Word) -> Word:
    """Return the word without what it means in the catalogue's English."""
    return tuple(one for one in word if not one.endswith(_WHOLE))


# --- words that were typed as one -------------------------------------------------------------------------------------


class Parts(NamedTuple):
    """Two words that were typed as one."""

    first: str
    second: str


def parts_of_typed(word: str) -> tuple[str, ...]:
    """Return the words that a typed one may begin or end with, each once; none for one of under 6 letters."""
    if len(word) < 2 * _MIN_PART:
        return ()
    first = (word[:end] for end in range(_MIN_PART, len(word) - _MIN_BEGUN_PART + 1))
    second = (word[start:] for start in range(_MIN_PART, len(word) - _MIN_PART + 1))
    return tuple(dict.fromkeys((*first, *second)))


def parts(typed: str, known: Collection[str], *, is_begun: bool = False) -> Parts | None:
    """Return the two known words that were typed as one, or None; of several, those with the longest first.

    `is_begun`: the second may be anything of 2 letters or more, as it is still typed, or mistyped.
    """
    least = _MIN_BEGUN_PART if is_begun else _MIN_PART
    if len(typed) >= 2 * _MIN_PART:
        for end in range(len(typed) - least, _MIN_PART - 1, -1):
            first, second = typed[:end], typed[end:]
            if first in known and (is_begun or second in known):
                return Parts(first, second)
    return None


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
    """Return where to look for the words that a typed one may stand for, sorted; none for one of under 3 letters."""
    if len(word) < _MIN_TYPO_LETTERS:
        return tuple(sorted(_swapped(word)))
    found = {word} | _without(word, 1)
    if len(word) >= _MIN_TWO_TYPOS_LETTERS:
        found |= _without(word, 2)
    return tuple(sorted(found))


def _without(word: str, letters: int) -> set[str]:
    return {"".join(kept) for kept in combinations(word, len(word) - letters)}


def _swapped(word: str) -> set[str]:
    """Return what a word of three letters may be a slip of: two neighbours changed places."""
    if len(word) != _MIN_TYPO_LETTERS - 1:
        return set()
    return {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)} - {word}


class Spellings(NamedTuple):
    """What a mistyped word may stand for, at most 20 of each, the likeliest first.

    Args:
        once: words, or beginnings of at least 3 letters, with one letter wrong, missing, too much or changed with its
            neighbour. For three letters: words of three letters with two neighbours changed.
        twice: whole words with two such slips, if 8 letters or more were typed. Not where both are in the last two
            letters: "conditioner" and "condition" have another ending, and mean something else.
    """

    once: tuple[str, ...]
    twice: tuple[str, ...]


def spellings(typed: str, known: Collection[str]) -> Spellings:
    """Return what a typed word may stand for, of known words and their beginnings."""
    if len(typed) < _MIN_TYPO_LETTERS:
        return Spellings(tuple(sorted(_swapped(typed).intersection(known))), ())
    once: set[tuple[bool, int, str]] = set()
    twice: set[tuple[bool, int, str]] = set()
    for word in known:
        slips = _slips(typed, word)
        end = min(range(_MIN_BEGINNING, len(word) + 1), key=lambda end: (slips[end], -end), default=0)
        if end and slips[end] <= 1:
            once.add((end < len(word), -end, word[:end]))
        elif len(typed) >= _MIN_TWO_TYPOS_LETTERS and slips[-1] == _TWO and not word.startswith(typed[:-_TWO]):
            twice.add((False, -len(word), word))
    return Spellings(_likeliest(once), _likeliest(twice))


def _likeliest(found: Iterable[tuple[bool, int, str]]) -> tuple[str, ...]:
    kept: list[str] = []
    for _, _, beginning in sorted(found):
        if not any(beginning.startswith(other) for other in kept):
            kept.append(beginning)
    return tuple(kept[:MAX_SPELLINGS])


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
