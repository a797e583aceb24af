"""What a person reads about scalp photos, in both languages: how to take them, what they agree to, what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from traya_gql.domain.data_files import read_toml
from traya_gql.domain.languages import LocalText
from traya_gql.domain.photos import PhotoHint, RejectionReason
from traya_gql.domain.questionnaire.model import Notice


class PhotoTexts(BaseModel):
    """All texts, each for every code.

    Args:
        title: the heading of the page that asks for photos.
        help: how to take them.
        notice: what is shown before somebody agrees to their storage.
        hints: what would make a photo better.
        rejections: why a photo was not taken, and what to do.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: LocalText
    help: LocalText
    notice: Notice
    hints: Mapping[PhotoHint, LocalText]
    rejections: Mapping[RejectionReason, LocalText]

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        needed: tuple[tuple[str, type[StrEnum]], ...] = (("hints", PhotoHint), ("rejections", RejectionReason))
        for place, codes in needed:
            if missing := [code for code in codes if code not in getattr(self, place)]:
                raise ValueError(f"{place}: {', '.join(missing)} is missing")
        return self


PHOTO_TEXTS = read_toml(PhotoTexts, files("traya_gql.domain").joinpath("photo_texts.toml").read_text(encoding="utf-8"))
"""The texts of this release."""


def photo_texts() -> Mapping[str, LocalText]:
    """Return every text by its place, such as `photos.hints.BLURRY`."""
    found = {
        "photos.title": PHOTO_TEXTS.title,
        "photos.help": PHOTO_TEXTS.help,
        "photos.notice.title": PHOTO_TEXTS.notice.title,
        "photos.notice.text": PHOTO_TEXTS.notice.text,
    }
    found |= {f"photos.hints.{code}": text for code, text in PHOTO_TEXTS.hints.items()}
    return found | {f"photos.rejections.{code}": text for code, text in PHOTO_TEXTS.rejections.items()}
