"""Words of texts, what they are found by and how well it fits, and what a mistyped one may stand for."""

from __future__ import annotations

import re
import string
import unicodedata
from functools import cache

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from traya_gql.domain.search import (
    MAX_SPELLINGS,
    MAX_TERMS,
    MAX_WORDS,
    Parts,
    Rank,
    Word,
    as_typed,
    near,
    near_of_typed,
    parts,
    parts_of_typed,
    pattern_at,
    pattern_for_staff,
    query_terms,
    query_words,
    searchable,
    spellings,
    terms_at,
    terms_for_staff,
    with_letters,
)
from traya_gql.domain.search_words import MAX_LETTERS, words, words_of

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
        ("women's men\u2019s", ("women", "men")),
        # without the s of a plural
        ("Oils shampoos vitamins hairs", ("oil", "shampoo", "vitamin", "hair")),
        ("stress loss virus psoriasis gas b12s", ("stress", "loss", "virus", "psoriasis", "gas", "b12s")),
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


FEW_WORDS = st.text(alphabet="ab", min_size=1, max_size=4)
TEXTS = st.lists(FEW_WORDS, max_size=4).map(" ".join)


def rank_of(word: Word, name: str, others: list[str]) -> Rank | None:
    """How well a word fits a product, by looking at each of its words."""
    named, told = words(name), words_of(others)
    if any(one in named for one in word):
        return Rank.NAME
    if any(other.startswith(one) for one in word for other in named):
        return Rank.NAME_BEGUN
    if any(one in told for one in word):
        return Rank.WORD
    if any(other.startswith(one) for one in word for other in told):
        return Rank.WORD_BEGUN
    return None


@given(st.lists(FEW_WORDS, min_size=1, max_size=3, unique=True).map(tuple), TEXTS, st.lists(TEXTS, max_size=3), TEXTS)
def test_terms_and_text_tell_how_well_a_word_fits(word: Word, name: str, others: list[str], staff: str) -> None:
    found = searchable(name, others, staff=staff)
    rank = rank_of(word, name, others)

    for place, one in enumerate(Rank):
        has_term = any(term in found.terms for better in list(Rank)[: place + 1] for term in terms_at(word, better))
        is_so = rank is not None and rank <= one
        assert has_term == is_so, one
        assert bool(re.search(pattern_at(word, one), found.text)) == is_so, one


@given(st.lists(FEW_WORDS, min_size=1, max_size=3, unique=True).map(tuple), TEXTS, st.lists(TEXTS, max_size=3), TEXTS)
def test_staff_find_what_begins_a_word_of_name_or_slug(word: Word, name: str, others: list[str], slug: str) -> None:
    found = searchable(name, others, staff=slug)
    is_there = any(other.startswith(one) for one in word for other in words(f"{name} {slug}"))

    assert any(term in found.terms for term in terms_for_staff(word)) == is_there
    assert bool(re.search(pattern_for_staff(word), found.text)) == is_there


def test_the_marks_of_terms_are_stored_so_they_never_change() -> None:
    assert searchable("Oil", ["fall oil"], staff="ab oil") == (
        ("=o", "=oi", "=oil.", "f", "fa", "fal", "fall.", "~a", "~ab"),
        " oil | fall ~ab",
    )
    assert searchable("", (), staff="ab") == (("~a", "~ab"), "~ab")


@given(st.text(max_size=200), st.lists(st.text(max_size=200), max_size=30), st.text(max_size=100))
def test_terms_are_sorted_each_once_and_bounded(name: str, others: list[str], staff: str) -> None:
    terms = searchable(name, others, staff=staff).terms

    assert list(terms) == sorted(set(terms))
    assert len(terms) <= MAX_TERMS


def test_of_too_many_words_the_first_are_stored() -> None:
    many = [f"{first}{second}mpooshampoo" for first in string.ascii_lowercase for second in string.ascii_lowercase]

    found = searchable("oil", many)

    assert MAX_TERMS - 13 <= len(found.terms) <= MAX_TERMS
    assert {"=oil.", f"{many[0]}."} <= set(found.terms)
    assert f"{many[-1]}." not in found.terms
    assert many[-1] not in found.text


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Hair Oil", ("hair", "oil")),
        ("oil for the hair", ("oil", "hair")),
        # only words of every sentence: they are all there is
        ("for the", ("for", "the")),
        # the last word is still typed
        ("hair ha", ("hair",)),
        ("hair h", ("hair", "h")),
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

    asked = query_words(" ".join(begun))

    # a beginning such as "the" of "theanine" asks for nothing beside others
    text = searchable(texts[0], texts[1:]).text
    assert all(re.search(pattern_at(word, Rank.WORD_BEGUN), text) for word in asked)


WHOLE_OR_BEGUN = st.lists(
    st.tuples(FEW_WORDS, st.sampled_from(["", "."])).map("".join), min_size=1, max_size=3, unique=True
).map(tuple)


@given(WHOLE_OR_BEGUN, TEXTS, st.lists(TEXTS, max_size=3))
def test_what_is_a_whole_word_begins_none(word: Word, name: str, others: list[str]) -> None:
    found = searchable(name, others)
    whole = {one.rstrip(".") for one in word}
    fitting = [rank for one in word if (rank := rank_of((one,), name, others)) is not None]
    fitting += [Rank.NAME] if whole.intersection(words(name)) else []
    fitting += [Rank.WORD] if whole.intersection(words_of(others)) else []
    rank = min(fitting, default=None)

    for one in Rank:
        is_so = rank is not None and rank <= one
        assert bool(re.search(pattern_at(word, one), found.text)) == is_so
    # a term of a better rank is as good
    assert any(term in found.terms for one in Rank for term in terms_at(word, one)) == (rank is not None)


@given(FEW_WORDS, TEXTS, st.lists(TEXTS, max_size=3))
def test_of_one_word_a_product_has_terms_of_its_rank_alone(typed: str, name: str, others: list[str]) -> None:
    found = searchable(name, others, staff=name)
    ranks = [one for one in Rank if any(term in found.terms for term in terms_at((typed,), one))]

    expected = {rank_of((typed,), name, others)} - {None}
    if expected == {Rank.NAME_BEGUN} and typed in words_of(others):
        # it may be asked for as a whole word alone
        expected.add(Rank.WORD)
    assert set(ranks) == expected


@pytest.mark.parametrize(
    ("text", "as_words", "as_beginnings"),
    [
        (
            "vitamin d",
            (("vitamin", "vitamind"), ("d.", "vitamind")),
            (("vitamin", "vitamind"), ("d", "vitamind")),
        ),
        ("b 12", (("b.", "b12"), ("12", "b12")), (("b", "b12"), ("12", "b12"))),
        # nothing more is asked for where another word begins with it
        ("hair h", (("hair", "hairh"), ("h.", "hairh")), (("hair", "hairh"),)),
        ("d", (("d",),), (("d",),)),
        (
            "तेल ई",
            (("तेल", "तेलई", "oil."), ("ई.", "तेलई")),
            (("तेल", "तेलई", "oil."), ("ई", "तेलई")),
        ),
    ],
)
def test_a_single_letter_beside_a_word_is_a_word_or_begins_one(
    text: str, as_words: tuple[Word, ...], as_beginnings: tuple[Word, ...]
) -> None:
    assert with_letters(query_words(text), are_words=True) == as_words
    assert with_letters(query_words(text), are_words=False) == as_beginnings


def test_staff_search_by_what_they_typed() -> None:
    assert [as_typed(word) for word in query_words("baal oil")] == [("baal", "baaloil"), ("oil", "baaloil")]


# --- words that are typed as one --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("oil", (("oil",),)),
        ("hair fall", (("hair", "hairfall"), ("fall", "hairfall"))),
        (
            "anti-dandruff oil",
            (("dandruff", "antidandruff", "dandruffoil"), ("oil", "dandruffoil")),
        ),
        # with a word between them that asks for nothing
        ("oil for hair", (("oil",), ("hair",))),
        ("anti oil", (("oil", "antioil"),)),
        ("anti", (("anti",),)),
        ("hair h", (("hair", "hairh"), ("h", "hairh"))),
        ("ha hair", (("hair",),)),
        ("रूसी का तेल", (("रूसी", "dandruff."), ("तेल", "oil."))),
        ("baal", (("baal", "hair."),)),
        ("baa", (("baa",),)),
        ("extraordinarily long", (("extraordinarily", "extraordinarilyl"), ("long", "extraordinarilyl"))),
        ("!?", ()),
    ],
)
def test_a_search_text_asks_for_words_and_for_neighbours_as_one(text: str, asked: tuple[Word, ...]) -> None:
    assert query_words(text) == asked


@pytest.mark.parametrize(
    ("typed", "known", "found", "begun"),
    [
        ("hairfall", {"hair", "fall"}, ("hair", "fall"), ("hair", "fall")),
        ("hairfa", {"hair", "fall"}, None, ("hair", "fa")),
        ("hairf", {"hair", "fall"}, None, None),
        ("antidandruff", {"anti", "ant", "dandruff", "idandruff"}, ("anti", "dandruff"), ("anti", "dandruff")),
        ("antidandrufff", {"anti", "dandruff"}, None, ("anti", "dandrufff")),
        # of an s or an "es" nobody makes a word, nor of two letters in front
        ("shampoos", {"shampoo"}, None, None),
        ("tonics", {"to", "nics"}, None, None),
        ("shampoo", {"shampoo"}, None, None),
    ],
)
def test_two_words_that_were_typed_as_one_are(
    typed: str, known: set[str], found: tuple[str, str] | None, begun: tuple[str, str] | None
) -> None:
    assert parts(typed, known) == found
    assert parts(typed, known, is_begun=True) == begun
    assert known & {*(found or ()), *(begun or ())[:1]} <= set(parts_of_typed(typed))


@given(WORDS, WORDS)
def test_two_known_words_of_three_letters_or_more_are_found_in_what_they_are_together(one: str, other: str) -> None:
    typed = one + other
    assume(len(typed) <= MAX_LETTERS)

    found = parts(typed, {one, other} & set(parts_of_typed(typed)))

    assert bool(found) >= (min(len(one), len(other)) >= 3)
    assert found is None or "".join(found) == typed
    assert found != Parts(typed, "")
    assert len(parts_of_typed(typed)) <= 2 * MAX_LETTERS


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
    found = spellings(typed, [word])
    return any(word.startswith(one) for one in found.once or found.twice)


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

    is_other_ending = distance(typed, word) > 1 and word.startswith(typed[:-2])
    assert is_led_to(typed, word) or is_other_ending or distance(typed, word) > 2


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

    found = spellings(typed, [word]).once if len(typed) >= 4 else ()

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
        # of three letters: a word of three, with two of them changed with each other
        ("oli", "oil"),
        ("iol", "oil"),
    ],
)
def test_people_mean(typed: str, meant: str) -> None:
    known = ["shampoo", "dandruff", "minoxidil", "finasteride", "zinc", "भृंगराज", "oil", "hair"]

    found = spellings(typed, known)

    assert (found.once or found.twice) == (meant,)


@pytest.mark.parametrize(
    "typed",
    # of under 4 letters, but for two changed ones of a whole word; two slips in a short word; three in a long one;
    # nothing alike
    [
        "shp",
        "sah",
        "oit",
        "oi",
        "io",
        "lio",
        "hsapmoo",
        "shmpou",
        "mnxdlii",
        "finstrde",
        "keratin",
        "shampooed",
        "xylophone",
        "",
        "12345678",
    ],
)
def test_nothing_is_meant_by(typed: str) -> None:
    known = ["shampoo", "dandruff", "minoxidil", "finasteride", "zinc", "oil", "hair"]

    assert spellings(typed, known) == ((), ())


def test_one_slip_goes_before_two_and_whole_words_before_beginnings() -> None:
    assert spellings("hairball", ["hairfall", "hearfall"]) == (("hairfall",), ())
    assert spellings("hearbell", ["hairfall", "heartbeat"]) == ((), ())
    assert spellings("calms", ["calmness", "balms"]) == (("balms", "calmn"), ())
    assert spellings("nutrasion", ["nutrition", "nutrients"]) == ((), ("nutrition",))


def test_a_spelling_that_another_begins_with_is_enough() -> None:
    assert spellings("balmi", ["balm", "balmish"]).once == ("balm",)


def test_a_mistyped_word_stands_for_at_most_20() -> None:
    known = [f"b{letter}lm" for letter in string.ascii_lowercase]

    assert len(spellings("bxlm", known).once) == MAX_SPELLINGS


@given(WORDS)
def test_a_word_is_stored_under_a_bounded_number_of_others(word: str) -> None:
    stored, looked_for = near(word), near_of_typed(word)

    assert list(stored) == sorted(set(stored))
    assert len(stored) <= 14 + 133 + 120
    assert len(looked_for) <= 1 + 16 + 120
    assert bool(stored) == (len(word) >= 3)
    assert bool(looked_for) == (len(word) >= 4 or (len(word) == 3 and len(set(word)) > 1))


@given(st.text(alphabet="abc", min_size=3, max_size=3), st.sampled_from(["swap the first", "swap the last"]))
def test_two_changed_letters_of_three_lead_to_the_word(word: str, how: str) -> None:
    typed = word[1] + word[0] + word[2] if how == "swap the first" else word[0] + word[2] + word[1]

    assert set(near(word)) & set(near_of_typed(typed)) or typed == word
    assert (word in spellings(typed, [word]).once) == (typed != word)
