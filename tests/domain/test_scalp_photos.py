"""Photos of a scalp: their states, and which of them can be judged."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traya_gql.domain.photos import Inspected
from traya_gql.domain.scalp_photos import (
    LIVE_STATES,
    MOST_PHOTOS,
    ORPHAN_LIFETIME,
    TOMBSTONE_LIFETIME,
    PhotoState,
    count_usable,
    is_usable,
    repeated,
)

GOOD: dict[str, Any] = {"sharpness": 500, "brightness": 110, "over_exposed_share": 0, "shorter_side_px": 1200}
ONE, OTHER = "3d30bad234b7736a", "c2cf452dcb488c95"
ONE_AGAIN = "3d30bad234b77368"

photos = st.lists(
    st.one_of(
        st.none(),
        st.builds(
            lambda fingerprint, sharpness: photo(fingerprint, sharpness=sharpness),
            st.sampled_from([ONE, ONE_AGAIN, OTHER]),
            st.sampled_from([5, 500]),
        ),
    ),
    max_size=MOST_PHOTOS,
)


def photo(fingerprint: str = ONE, **measures: Any) -> Inspected:
    return Inspected.model_validate(
        {
            "format": "JPEG",
            "width": 2048,
            "height": 1536,
            "measures": {**GOOD, **measures},
            "fingerprint": fingerprint,
        }
    )


def test_a_hair_test_has_at_most_five_photos() -> None:
    assert MOST_PHOTOS == 5


def test_an_orphan_lives_for_a_day_and_its_tombstone_for_a_month() -> None:
    assert timedelta(hours=24) == ORPHAN_LIFETIME
    assert timedelta(days=30) == TOMBSTONE_LIFETIME


def test_states_are_in_the_order_that_a_photo_goes_through_and_the_last_two_are_of_deleted_ones() -> None:
    assert list(PhotoState) == ["PENDING", "STORED", "CHECKED", "REJECTED", "DELETING", "DELETED"]
    assert list(LIVE_STATES) == list(PhotoState)[:-2]


def test_a_photo_without_a_hint_is_usable() -> None:
    assert is_usable(photo())


@pytest.mark.parametrize(
    "measures", [{"sharpness": 5}, {"brightness": 10}, {"over_exposed_share": 0.9}, {"shorter_side_px": 300}]
)
def test_a_photo_with_any_hint_is_not_usable(measures: dict[str, Any]) -> None:
    assert not is_usable(photo(**measures))


def test_a_later_copy_of_a_photo_repeats_the_first_one() -> None:
    assert repeated([photo(ONE), photo(OTHER), photo(ONE_AGAIN), photo(ONE)]) == (None, None, 0, 0)


def test_what_is_not_checked_repeats_nothing_and_nothing_repeats_it() -> None:
    assert repeated([None, photo(ONE), None, photo(ONE_AGAIN)]) == (None, None, None, 1)


@pytest.mark.parametrize(
    ("given_photos", "count"),
    [
        ([], 0),
        ([None, None], 0),
        ([photo(ONE)], 1),
        ([photo(ONE), photo(OTHER)], 2),
        ([photo(ONE), photo(ONE_AGAIN)], 1),
        ([None, photo(ONE), photo(OTHER, sharpness=5)], 1),
        # a blurred first one is not saved by its sharper copy: it is the same picture
        ([photo(ONE, sharpness=5), photo(ONE_AGAIN)], 0),
    ],
)
def test_each_picture_that_can_be_judged_counts_once(given_photos: list[Inspected | None], count: int) -> None:
    assert count_usable(given_photos) == count


@given(photos)
def test_never_more_count_than_different_pictures_are_usable(given_photos: list[Inspected | None]) -> None:
    usable = [one for one in given_photos if one is not None and is_usable(one)]

    assert 0 <= count_usable(given_photos) <= min(len(usable), 2)


@given(photos, st.integers(min_value=0, max_value=MOST_PHOTOS))
def test_an_unchecked_photo_changes_nothing_for_the_others(given_photos: list[Inspected | None], place: int) -> None:
    with_one_more = [*given_photos[:place], None, *given_photos[place:]]

    assert count_usable(with_one_more) == count_usable(given_photos)
