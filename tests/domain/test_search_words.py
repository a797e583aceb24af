"""Other words for what the catalogue says in English."""

from __future__ import annotations

import pytest

from traya_gql.domain.products import ProductCategory, ProductTag, RegulatoryClass
from traya_gql.domain.search_words import is_filler, meanings, search_words, words, words_of


def test_every_word_of_categories_and_tags_and_every_class_has_a_word_in_hindi() -> None:
    named = words_of(value.replace("_", " ") for value in (*ProductCategory, *ProductTag))

    assert set(named) <= search_words().meanings.keys()
    assert {words(value)[0] for value in RegulatoryClass if value != "SCHEDULE_H"} <= search_words().meanings.keys()


def test_the_table_is_of_single_words_in_the_one_spelling_each_once() -> None:
    table = search_words()

    assert all(words(meant) == (meant,) for meant in table.meanings)
    for others in table.meanings.values():
        assert all(len(words(other)) == 1 for other in others)
        assert len(set(others)) == len(others)
    assert all(len(words(filler)) == 1 for filler in table.fillers)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("तेल", ("oil",)),
        ("ते", ("oil",)),
        # one letter begins too many
        ("त", ()),
        ("पोषण", ("nutritional", "nutrition")),
        # what begins several
        ("सू", ("inflammation", "dry")),
        ("rusi", ("dandruff",)),
        # a word in Latin letters is there in full
        ("rus", ()),
        ("oil", ()),
    ],
)
def test_a_word_means(word: str, meant: tuple[str, ...]) -> None:
    assert meanings(word) == meant


def test_words_of_sentences_say_nothing_of_a_product() -> None:
    assert [is_filler(word) for word in ("for", "का", "ke", "anti", "oil", "तेल")] == [
        True,
        True,
        True,
        True,
        False,
        False,
    ]
