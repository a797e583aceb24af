"""Words of texts, the beginnings they are found by, and what a mistyped one may stand for."""

from __future__ import annotations

import string
import unicodedata
from functools import cache

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from traya_gql.domain.search import (
    MAX_LETTERS,
    MAX_SPELLINGS,
    MAX_TERMS,
    MAX_WORDS,
    near,
    near_of_typed,
    query_terms,
    searchable,
    spellings,
    words,
    words_of,
)

LETTERS = string.ascii_lowercase + "अकखगचजटतनपबमरलवसहािीुे"
WORDS = st.text(alphabet=LETTERS, min_size=1, max_size=MAX_LETTERS).filter(lambda word: words(word) == (word,))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Anti-Dandruff Hair Oil", ("anti", "dandruff", "hair", "oil")),
        ("  SHAMPOO,shampoo;Shampoo ", ("shampoo",)),
        ("Crème brûlée à la Noël", ("creme", "brulee", "a", "la", "noel")),
        ("Ångström İstanbul straße", ("angstrom", "istanbul", "strasse")),
        ("\ufb01ne \uff15% \u2167", ("fine", "5", "viii")),
        ("women's men\u2019s", ("womens", "mens")),
        ("भृंगराज तेल", ("भृंगराज", "तेल")),
        # with and without nukta, with candrabindu and with anusvara, with and without a joiner
        ("कैफ़ीन कैफीन", ("कैफीन",)),
        ("आँवला आंवला", ("आंवला",)),
        ("क्\u200dष क्ष", ("क्ष",)),
        ("Минокси́дил", ("минокси\u0301дил",)),
        ("extraordinarilylong", ("extraordinarilyl",)),
        ("", ()),
        (" -\u2013\u2014!?.,;:()[]{}'\"\\/\u0000\u202e₹%☕ ", ()),
        # marks without a letter
        ("\u0301 \u093e", ()),
    ],
)
def test_the_words_of_a_text_are(text: str, found: tuple[str, ...]) -> None:
    assert words(text) == found


@given(st.text())
def test_the_words_of_words_are_the_same(text: str) -> None:
    found = words(text)

    assert words(" ".join(found)) == found
    assert all(0 < len(word) <= MAX_LETTERS for word in found)


@given(st.text())
def test_case_and_form_of_a_text_make_no_difference(text: str) -> None:
    found = words(text)

    assert words(unicodedata.normalize("NFD", text)) == words(unicodedata.normalize("NFC", text)) == found
    assert words(text.casefold()) == found


def test_the_words_of_texts_come_once_each() -> None:
    assert words_of(["Oil for the scalp", "an oil of amla"]) == ("oil", "for", "the", "scalp", "an", "of", "amla")


@given(st.lists(WORDS, max_size=8))
def test_every_beginning_of_every_word_is_a_term(texts: list[str]) -> None:
    terms = searchable(texts).terms

    assert list(terms) == sorted({word[:end] for word in words_of(texts) for end in range(1, len(word) + 1)})


@given(st.lists(st.text(max_size=200), max_size=30))
def test_terms_are_sorted_each_once_and_bounded(texts: list[str]) -> None:
    terms = searchable(texts).terms

    assert list(terms) == sorted(set(terms))
    assert len(terms) <= MAX_TERMS


@given(st.lists(st.text(max_size=100), max_size=20))
def test_the_text_holds_after_a_space_what_the_terms_are(texts: list[str]) -> None:
    found = searchable(texts)

    assert {part[:end] for part in found.text.split() for end in range(1, len(part) + 1)} == set(found.terms)
    assert all(f" {term}" in found.text for term in found.terms)


def test_of_too_many_words_the_first_are_stored() -> None:
    many = [f"{first}{second}mpooshampoo" for first in string.ascii_lowercase for second in string.ascii_lowercase]

    terms = searchable(many).terms

    assert MAX_TERMS - 13 <= len(terms) <= MAX_TERMS
    assert many[0] in terms
    assert many[-1] not in terms


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Hair Oil", ("hair", "oil")),
        ("oil for the hair", ("oil", "hair")),
        # only words of every sentence: they are all there is
        ("for the", ("for", "the")),
        # the last word is still typed
        ("hair h", ("hair",)),
        ("ha hair ha", ("hair",)),
        ("कैफ़ीन", ("कैफीन",)),
        ("!?", ()),
        (" ".join("abcdefghijklm"), ("b", "c", "d", "e", "f", "g", "h", "i", "j", "k")),
    ],
)
def test_a_search_text_asks_for(text: str, terms: tuple[str, ...]) -> None:
    assert query_terms(text) == terms


@given(st.text(max_size=100))
def test_a_search_text_asks_for_few_terms(text: str) -> None:
    assert len(query_terms(text)) <= MAX_WORDS


@given(st.lists(WORDS, min_size=1, max_size=6), st.data())
def test_a_product_is_found_by_the_beginnings_of_its_words(texts: list[str], data: st.DataObject) -> None:
    telling = words_of(texts)
    assume(telling)
    typed = data.draw(st.lists(st.sampled_from(telling), min_size=1, max_size=4))
    begun = [word[: data.draw(st.integers(min(2, len(word)), len(word)))] for word in typed]

    asked = query_terms(" ".join(begun))

    # a beginning such as "the" of "theanine" asks for nothing beside others
    assert set(asked) <= set(searchable(texts).terms)


# --- mistyped words ---------------------------------------------------------------------------------------------------


def slips(word: str) -> st.SearchStrategy[str]:
    """Words with one letter wrong, missing, too much or changed with its neighbour."""
    place, letter = st.integers(0, len(word) - 1), st.sampled_from(string.ascii_lowercase)
    return st.one_of(
        st.builds(lambda at, new: word[:at] + new + word[at + 1 :], place, letter),
        place.map(lambda at: word[:at] + word[at + 1 :]),
        st.builds(lambda at, new: word[:at] + new + word[at:], place, letter),
        st.integers(0, len(word) - 2).map(lambda at: word[:at] + word[at + 1] + word[at] + word[at + 2 :]),
    )


def is_led_to(typed: str, word: str) -> bool:
    """Whether a typed word leads to this one, as stored, and to this one alone of what is known."""
    if not set(near(word)) & set(near_of_typed(typed)):
        return False
    return any(word.startswith(one) for one in spellings(typed, [word]))


LATIN = st.text(alphabet=string.ascii_lowercase, min_size=4, max_size=12)


@given(LATIN, st.data())
def test_one_slip_leads_to_the_word_and_to_what_it_begins(word: str, data: st.DataObject) -> None:
    begun = word[: data.draw(st.integers(4, len(word)))]
    typed = data.draw(slips(begun))
    assume(len(typed) >= 4)

    assert is_led_to(typed, word)


@given(st.text(alphabet=string.ascii_lowercase, min_size=9, max_size=14), st.data())
def test_two_slips_in_a_long_word_lead_to_it(word: str, data: st.DataObject) -> None:
    once = data.draw(slips(word))
    typed = data.draw(slips(once))
    assume(len(typed) >= 8)

    assert is_led_to(typed, word) or distance(typed, word) > 2


@cache
def distance(one: str, other: str) -> int:
    """The distance of optimal string alignment, as its definition has it."""
    if not one or not other:
        return len(one) + len(other)
    found = [
        distance(one[:-1], other) + 1,
        distance(one, other[:-1]) + 1,
        distance(one[:-1], other[:-1]) + (one[-1] != other[-1]),
    ]
    if len(one) > 1 and len(other) > 1 and one[-1] == other[-2] and one[-2] == other[-1]:
        found.append(distance(one[:-2], other[:-2]) + 1)
    return min(found)


SHORT = st.text(alphabet="abc", min_size=1, max_size=5)


@given(SHORT, SHORT)
def test_a_spelling_is_at_most_one_slip_away_from_a_beginning(typed: str, word: str) -> None:
    close = [word[:end] for end in range(3, len(word) + 1) if len(typed) >= 4 and distance(typed, word[:end]) <= 1]

    found = spellings(typed, [word])

    assert bool(found) == bool(close)
    assert set(found) <= set(close)
    if close:
        assert set(near(word)) & set(near_of_typed(typed))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("shampu", "shampo"),
        ("shapmoo", "shampoo"),
        ("shamppoo", "shampoo"),
        ("shampo0", "shampoo"),
        ("dandrufff", "dandruff"),
        ("dnadruf", "dandruf"),
        ("minoxdill", "minoxidil"),
        ("finestride", "finasteride"),
        ("zonc", "zinc"),
        ("भृगराज", "भृंगराज"),
    ],
)
def test_people_mean(typed: str, meant: str) -> None:
    known = ["shampoo", "dandruff", "minoxidil", "finasteride", "zinc", "भृंगराज", "oil", "hair"]

    assert spellings(typed, known) == (meant,)


@pytest.mark.parametrize(
    "typed",
    # of under 4 letters; two slips in a short word; three in a long one; nothing alike
    ["shp", "oi", "hsapmoo", "shmpou", "mnxdlii", "finstrde", "keratin", "xylophone", "", "12345678"],
)
def test_nothing_is_meant_by(typed: str) -> None:
    known = ["shampoo", "dandruff", "minoxidil", "finasteride", "zinc", "oil", "hair"]

    assert spellings(typed, known) == ()


def test_one_slip_goes_before_two_and_whole_words_before_beginnings() -> None:
    assert spellings("hairball", ["hairfall", "hearfall"]) == ("hairfall",)
    assert spellings("hearbell", ["hairfall", "heartbeat"]) == ()
    assert spellings("calms", ["calmness", "balms"]) == ("balms", "calmn")
    assert spellings("nutrasion", ["nutrition", "nutrients"]) == ("nutrition",)


def test_a_spelling_that_another_begins_with_is_enough() -> None:
    assert spellings("balmi", ["balm", "balmish"]) == ("balm",)


def test_a_mistyped_word_stands_for_at_most_20() -> None:
    known = [f"b{letter}lm" for letter in string.ascii_lowercase]

    assert len(spellings("bxlm", known)) == MAX_SPELLINGS


@given(WORDS)
def test_a_word_is_stored_under_a_bounded_number_of_others(word: str) -> None:
    stored, looked_for = near(word), near_of_typed(word)

    assert list(stored) == sorted(set(stored))
    assert len(stored) <= 14 + 133 + 120
    assert len(looked_for) <= 1 + 16 + 120
    assert bool(stored) == (len(word) >= 3)
    assert bool(looked_for) == (len(word) >= 4)
