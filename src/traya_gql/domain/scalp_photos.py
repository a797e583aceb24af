"""Photos of a scalp: the states they go through, and which of them can be judged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from traya_gql.domain.photos import Inspected, first_of_each, hints_of

MOST_PHOTOS = 5
"""Of one hair test."""

ORPHAN_LIFETIME = timedelta(hours=24)
"""How long a photo waits for a hair test that names it. Source: docs/decisions/0026."""

TOMBSTONE_LIFETIME = timedelta(days=30)
"""How long it can be read that a photo was deleted, and when. Nothing of the picture is kept."""


class PhotoState(StrEnum):
    """Where a photo stands. It only ever moves down this list."""

    PENDING = "PENDING"
    STORED = "STORED"
    CHECKED = "CHECKED"
    REJECTED = "REJECTED"
    DELETING = "DELETING"
    DELETED = "DELETED"


LIVE_STATES = (PhotoState.PENDING, PhotoState.STORED, PhotoState.CHECKED, PhotoState.REJECTED)
"""The states of a photo that nobody has deleted."""


def is_usable(photo: Inspected) -> bool:
    """Whether a checked photo can be judged: nothing is wrong with it that a hint would name."""
    return not hints_of(photo.measures)


def repeated(photos: Sequence[Inspected | None]) -> tuple[int | None, ...]:
    """Return for each photo of a hair test the place of an earlier one that shows the same picture, or None.

    None in `photos` stands for one that is not checked.
    """
    return first_of_each([None if photo is None else photo.fingerprint for photo in photos])


def count_usable(photos: Sequence[Inspected | None]) -> int:
    """Return how many of a hair test's photos can be judged; the same picture counts once."""
    pairs = zip(photos, repeated(photos), strict=True)
    return sum(photo is not None and repeats is None and is_usable(photo) for photo, repeats in pairs)
