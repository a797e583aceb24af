"""Texts in two languages, and which of them a customer is addressed in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from traya_gql.domain.languages import Language, LocalText, preferred_language


def test_a_text_is_read_in_the_language_that_is_asked_for() -> None:
    text = LocalText(en=" Hair oil ", hi="बालों का तेल")

    assert (text.in_(Language.EN), text.in_(Language.HI)) == ("Hair oil", "बालों का तेल")


@pytest.mark.parametrize("wrong", [{"en": "Oil"}, {"en": "Oil", "hi": " "}, {"en": "Oil", "hi": "तेल", "ta": "எண்ணெய்"}])
def test_a_text_has_words_in_both_languages_and_no_other(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        LocalText.model_validate(wrong)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "EN"),
        ("hi", "HI"),
        ("HI-in", "HI"),
        ("hi-Deva-IN", "HI"),
        ("en-GB,hi;q=0.9", "EN"),
        ("en;q=0.8, hi ; q=0.9", "HI"),
        # the first of equals
        ("hi,en", "HI"),
        ("en,hi", "EN"),
        # languages that we do not have, and everything
        ("ta,hi;q=0.5,en;q=0.4", "HI"),
        ("fr", "EN"),
        ("*", "EN"),
        # not wanted at all
        ("hi;q=0", "EN"),
        ("hi;q=0.000,ta", "EN"),
        # not as the standard writes it
        ("hi;q=2", "EN"),
        ("hi;q=0.5.5", "EN"),
        ("hi;level=1", "EN"),
        ("hindi", "EN"),
        ("१२", "EN"),
        # no more than twenty are read
        (",".join(["ta"] * 19 + ["hi"]), "HI"),
        (",".join(["ta"] * 20 + ["hi"]), "EN"),
    ],
)
def test_the_header_says_which_language_is_liked_best(header: str, language: str) -> None:
    assert preferred_language(header).value == language


@given(header=st.text() | st.text(alphabet="hien-,;q=01. "))
def test_any_header_names_one_of_the_languages(header: str) -> None:
    assert preferred_language(header) in Language
