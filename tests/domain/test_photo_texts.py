"""What a person reads about photos, in English and in Hindi."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from traya_gql.domain.data_files import FileInvalid, read_toml
from traya_gql.domain.photo_texts import PHOTO_TEXTS, PhotoTexts, photo_texts
from traya_gql.domain.photos import MOST_BYTES, MOST_PIXELS, PhotoHint, RejectionReason
from traya_gql.domain.scalp_photos import ORPHAN_LIFETIME

TEXT = files("traya_gql.domain").joinpath("photo_texts.toml").read_text(encoding="utf-8")


def changed(old: str, new: str) -> str:
    """Return the file with one place changed."""
    assert TEXT.count(old) == 1, f"{TEXT.count(old)} times: {old}"
    return TEXT.replace(old, new)


def without(table: str) -> str:
    """Return the file without one table."""
    found = re.search(rf"\[{re.escape(table)}\]\nen = .*\nhi = .*\n", TEXT)
    assert found, table
    return TEXT.replace(found[0], "")


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(FileInvalid) as refused:
        read_toml(PhotoTexts, text)
    return refused.value.problems


# --- all of it --------------------------------------------------------------------------------------------------------


def test_the_file_is_what_this_release_says() -> None:
    assert read_toml(PhotoTexts, TEXT) == PHOTO_TEXTS


def test_every_text_has_its_place() -> None:
    assert list(photo_texts()) == [
        "photos.title",
        "photos.help",
        "photos.notice.title",
        "photos.notice.text",
        *(f"photos.hints.{code}" for code in PhotoHint),
        *(f"photos.rejections.{code}" for code in RejectionReason),
    ]
    assert photo_texts()["photos.hints.BLURRY"] is PHOTO_TEXTS.hints[PhotoHint.BLURRY]


@pytest.mark.parametrize("place", photo_texts())
def test_every_text_is_in_two_languages(place: str) -> None:
    text = photo_texts()[place]

    assert text.en[0].isupper()
    assert not re.search(r"[\u0900-\u097f]", text.en)
    assert re.match(r"[\u0900-\u097f]", text.hi)
    if not place.endswith("title"):
        assert text.en.endswith(".")
        assert text.hi.endswith("।")


@pytest.mark.parametrize("code", PhotoHint)
def test_a_hint_says_what_to_do(code: PhotoHint) -> None:
    assert re.search(r"\b(take it|send)\b", PHOTO_TEXTS.hints[code].en, re.IGNORECASE)


@pytest.mark.parametrize("code", RejectionReason)
def test_a_rejection_says_what_to_send_instead(code: RejectionReason) -> None:
    assert re.search(r"\bsend\b", PHOTO_TEXTS.rejections[code].en, re.IGNORECASE)


def test_the_limits_that_are_named_are_those_that_hold() -> None:
    megabytes, megapixels = f"{MOST_BYTES // 10**6} MB", MOST_PIXELS // 10**6
    for words in (PHOTO_TEXTS.rejections[RejectionReason.TOO_MANY_BYTES].en, TEXT):
        assert megabytes in words
    assert f"{megapixels} megapixels" in PHOTO_TEXTS.rejections[RejectionReason.TOO_MANY_PIXELS].en
    assert f"{megapixels} मेगापिक्सेल" in PHOTO_TEXTS.rejections[RejectionReason.TOO_MANY_PIXELS].hi
    hours = int(ORPHAN_LIFETIME.total_seconds() // 3600)
    assert f"after {hours} hours" in PHOTO_TEXTS.notice.text.en
    assert f"{hours} घंटे" in PHOTO_TEXTS.notice.text.hi


@pytest.mark.parametrize(
    "words", ["What we collect", "What for", "Who sees them", "withdraw", "Data Protection Board of India", "delete"]
)
def test_the_notice_says_what_the_law_asks_for(words: str) -> None:
    """Source: Digital Personal Data Protection Act 2023, sections 5 and 6."""
    assert words in PHOTO_TEXTS.notice.text.en


def test_the_notice_has_as_many_paragraphs_in_each_language() -> None:
    english, hindi = (PHOTO_TEXTS.notice.text.en.split("\n\n"), PHOTO_TEXTS.notice.text.hi.split("\n\n"))

    assert len(english) == len(hindi) == 4
    # a line that was broken for the file's sake is one line for who reads it
    assert not any("\n" in paragraph for paragraph in (*english, *hindi))


# --- a broken file tells its place ------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", PhotoHint)
def test_a_hint_without_a_text_is_refused(code: PhotoHint) -> None:
    assert problems(without(f"hints.{code}")) == (f"the whole file: hints: {code} is missing",)


@pytest.mark.parametrize("code", RejectionReason)
def test_a_rejection_without_a_text_is_refused(code: RejectionReason) -> None:
    assert problems(without(f"rejections.{code}")) == (f"the whole file: rejections: {code} is missing",)


def test_all_missing_texts_of_a_place_are_named() -> None:
    broken = TEXT
    for table in ("hints.BLURRY", "hints.TOO_SMALL"):
        broken = broken.replace(f"[{table}]", f"[gone.{table.rpartition('.')[2]}]")

    assert problems(broken) == ("gone: nobody knows this key",)
    assert problems(re.sub(r"(?s)\[gone\..*?\n\n", "", broken + "\n\n")) == (
        "the whole file: hints: BLURRY, TOO_SMALL is missing",
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[hints.BLURRY]", "[hints.FUZZY]", "hints.FUZZY: Input should be"),
        ('en = "This picture moves. Send a still photo."\n', "", "rejections.ANIMATED.en: this is missing"),
        ('"This picture moves. Send a still photo."', '" "', "rejections.ANIMATED.en: String should have at least 1"),
        ('version = "2026-11"\n', "", "notice.version: this is missing"),
        ("[notice]", "[notices]", "notice: this is missing"),
        ("[hints.BLURRY]", "[hints.BLURRY", "the whole file: "),
    ],
)
def test_a_broken_text_tells_its_place(old: str, new: str, said: str) -> None:
    found = problems(changed(old, new))

    assert any(problem.startswith(said) for problem in found), found
