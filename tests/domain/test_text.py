"""Text that people type: every script is welcome, nothing invisible gets in."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from traya_gql.domain.refusals import InvalidValue, RefusalCode
from traya_gql.domain.text import TEXT_CODES, clean_text, plain_digits

HANG_S = 5
"""Far above what is needed, far below what quadratic work on a megabyte takes."""

TRICKY = st.sampled_from(
    " \u00a0\u2003\u3000\u200b\u200c\u200d\u200e\u202e\u2066\ufeff\u00ad\n\t\x00\x7f\x85\u2028"
    "\u0301\u0327\u0345\u1100\u1161\u11a8\u3164\u2800\ufe0fe\u0958\ufb2c\u212b\u1f82\ue000\U000e0041\ud800"
)
ANY_TEXT = st.text(st.one_of(TRICKY, st.characters(exclude_categories=()), st.sampled_from("aB é")), max_size=60)


def clean(raw: str, *, min_length: int = 2, max_length: int = 20) -> str:
    return clean_text(raw, what="Name", min_length=min_length, max_length=max_length)


def refusal_of(raw: str, *, min_length: int = 2, max_length: int = 20) -> InvalidValue:
    with pytest.raises(InvalidValue) as refusal:
        clean(raw, min_length=min_length, max_length=max_length)
    return refusal.value


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("Asha Rao", id="Latin"),
        pytest.param("O'Brien-D'Souza, Jr.", id="punctuation"),
        pytest.param("आशा राव", id="Devanagari"),
        pytest.param("श्री\u200dमती", id="Devanagari with a joiner"),
        pytest.param("क्\u200cष", id="Devanagari with a non-joiner"),
        pytest.param("നന്\u200dമ", id="Malayalam with a joiner"),
        pytest.param("فاطمة الزهراء", id="Arabic"),
        pytest.param("می\u200cخواهم", id="Persian with a non-joiner"),  # noqa: RUF001 - meant
        pytest.param("ஆஷா ராவ்", id="Tamil"),
        pytest.param("李小龍", id="Han"),
        pytest.param("Asha 🌺", id="emoji"),
        pytest.param("👩\u200d⚕\ufe0f Asha", id="emoji joined of several"),
        pytest.param("X Æ A-12", id="digits"),
        pytest.param("\ufe10\ufdff", id="what stands beside the variation selectors"),
    ],
)
def test_a_name_is_kept_in_every_script(name: str) -> None:
    assert clean(name) == name


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Asha   Rao  ", "Asha Rao"),
        ("Jose\u0301", "José"),
        ("\u212bsa", "Åsa"),
        ("Asha\u00a0Rao", "Asha Rao"),
        ("\u3000Asha\u2003\u2003Rao\u3000", "Asha Rao"),
        ("\u00a0 Asha \u00a0 Rao \u00a0", "Asha Rao"),
    ],
)
def test_the_same_name_typed_differently_is_stored_alike(typed: str, kept: str) -> None:
    assert clean(typed) == kept


@pytest.mark.parametrize(
    "character",
    [
        pytest.param("\x00", id="NUL"),
        pytest.param("\n", id="line feed"),
        pytest.param("\r", id="carriage return"),
        pytest.param("\t", id="tab"),
        pytest.param("\x1b", id="escape"),
        pytest.param("\x7f", id="delete"),
        pytest.param("\x85", id="next line"),
        pytest.param("\u2028", id="line separator"),
        pytest.param("\u2029", id="paragraph separator"),
        pytest.param("\u061c", id="Arabic letter mark"),
        pytest.param("\u200e", id="left-to-right mark"),
        pytest.param("\u202e", id="right-to-left override"),
        pytest.param("\u2066", id="left-to-right isolate"),
        pytest.param("\u200b", id="zero-width space"),
        pytest.param("\u2060", id="word joiner"),
        pytest.param("\ufeff", id="byte order mark"),
        pytest.param("\u00ad", id="soft hyphen"),
        pytest.param("\ud800", id="surrogate"),
        pytest.param("\ue000", id="private use"),
        pytest.param("\ufdd0", id="no character"),
        pytest.param("\U000e0041", id="tag letter, which hides text"),
    ],
)
@pytest.mark.parametrize("where", ["{}Asha", "As{}ha", "Asha{}", " {} Asha"])
def test_what_cannot_be_printed_is_refused_wherever_it_stands(character: str, where: str) -> None:
    refusal = refusal_of(where.format(character))

    assert refusal.code is RefusalCode.INVALID_CHARACTERS
    assert refusal.message == (
        "Name contains characters that cannot be printed. Remove line breaks and control characters."
    )


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("", id="nothing"),
        pytest.param("   ", id="spaces"),
        pytest.param("\u00a0\u00a0\u00a0", id="no-break spaces"),
        pytest.param("\u3000\u2003", id="wide spaces"),
        pytest.param("\u200d\u200d\u200d", id="joiners"),
        pytest.param("\u200c \u200d \u200c", id="joiners and spaces"),
        pytest.param("\u3164\u3164", id="Hangul fillers"),
        pytest.param("\u115f\u1160\uffa0", id="more Hangul fillers"),
        pytest.param("\u2800\u2800", id="blank Braille"),
        pytest.param("\ufe00\ufe0f", id="variation selectors"),
        pytest.param("\U000e0100\U000e01ef", id="variation selectors of the supplement"),
        pytest.param("\u034f\u034f", id="grapheme joiners"),
        pytest.param("\u17b4\u17b5\u180b\u180f", id="Khmer and Mongolian invisibles"),
        pytest.param("A", id="one letter"),
        pytest.param("A\u200d", id="one letter and a joiner"),
        pytest.param(" A ", id="one letter in spaces"),
        pytest.param("\u00e5", id="one letter with a ring"),
        pytest.param("a\u030a", id="the same of two characters"),
    ],
)
def test_a_name_of_which_fewer_than_two_characters_show_is_too_short(typed: str) -> None:
    refusal = refusal_of(typed)

    assert refusal.code is RefusalCode.TOO_SHORT
    assert refusal.message == "Name needs at least 2 characters."


def test_where_one_character_would_do_the_message_asks_for_some_text() -> None:
    assert refusal_of(" ", min_length=1).message == "Name needs some text."


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("a" * 21, id="one too many"),
        pytest.param("a" * 81, id="more than four times the most"),
        pytest.param("\ufb2c" * 7, id="longer only in its normal form"),
        pytest.param(" " * 77 + "Asha", id="mostly spaces"),
    ],
)
def test_a_long_text_is_refused(typed: str) -> None:
    refusal = refusal_of(typed)

    assert refusal.code is RefusalCode.TOO_LONG
    assert refusal.message == "Name can have at most 20 characters."


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        pytest.param("a" * 20, "a" * 20, id="letters"),
        pytest.param("🌺" * 20, "🌺" * 20, id="emoji count one each"),
        pytest.param("\u03b1\u0313\u0300\u0345" * 20, "\u1f82" * 20, id="four characters that become one"),
        pytest.param(" " * 76 + "Asha", "Asha", id="trimmed first"),
    ],
)
def test_a_text_of_exactly_the_most_characters_is_kept(typed: str, kept: str) -> None:
    assert clean(typed) == kept


@pytest.mark.parametrize(
    "megabyte",
    [
        pytest.param("a" * 1_000_000, id="letters"),
        pytest.param(" " * 1_000_000, id="spaces"),
        pytest.param("a" + "\u0301\u0327" * 500_000, id="accents out of order"),
        pytest.param("\u200d" * 1_000_000, id="joiners"),
    ],
)
def test_a_megabyte_is_refused_without_work(megabyte: str) -> None:
    started = time.monotonic()

    refusal = refusal_of(megabyte, max_length=200)

    assert refusal.code is RefusalCode.TOO_LONG
    assert time.monotonic() - started < HANG_S


@settings(max_examples=200)
@given(raw=ANY_TEXT)
@example(raw="\u00a0A\u0301\u200d \u3000B")
@example(raw="\u1100\u1161\u11a8 \u0301a")
def test_whatever_is_let_in_can_be_printed_and_is_normal_trimmed_and_short(raw: str) -> None:
    try:
        kept = clean(raw)
    except InvalidValue as refusal:
        assert refusal.code in TEXT_CODES  # noqa: PT017 - a property: either outcome is right
        return

    kinds = {unicodedata.category(c) for c in kept if c not in "\u200c\u200d"}
    assert kinds.isdisjoint({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
    assert {c for c in kept if unicodedata.category(c) == "Zs"} <= {" "}
    assert unicodedata.is_normalized("NFC", kept)
    assert kept == kept.strip()
    assert "  " not in kept
    assert 2 <= len(kept) <= 20
    assert clean(kept) == kept


@given(
    words=st.lists(
        st.text(st.characters(categories=["L"], exclude_characters="\u115f\u1160\u3164\uffa0"), min_size=2, max_size=4),
        min_size=1,
        max_size=4,
    )
)
def test_words_of_letters_are_always_welcome(words: list[str]) -> None:
    name = " ".join(words)

    kept = clean(name, max_length=100)

    assert kept == unicodedata.normalize("NFC", name)


SCRIPTS = ("DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA", "TAMIL", "TELUGU", "KANNADA", "MALAYALAM")


@pytest.mark.parametrize("script", [*SCRIPTS, "EXTENDED ARABIC-INDIC"])
def test_the_digits_of_indias_scripts_are_read(script: str) -> None:
    names = ("ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE")
    typed = "".join(unicodedata.lookup(f"{script} DIGIT {name}") for name in names)

    assert plain_digits(typed) == "0123456789"


@given(ANY_TEXT)
def test_all_but_digits_stays_as_it_is(typed: str) -> None:
    read = plain_digits(typed)

    assert len(read) == len(typed)
    for before, after in zip(typed, read, strict=True):
        assert before == after or str(unicodedata.digit(before)) == after
