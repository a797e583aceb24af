"""When a failed job is tried again: soon at first, then rarer, and not all at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traya_gql.domain.jobs import OPEN_STATES, JobState, wait_before_retry_s

ATTEMPTS = st.integers(min_value=1, max_value=10_000)
WAITS = st.floats(min_value=0.001, max_value=86_400)
CHANCES = st.floats(min_value=0, max_value=1, exclude_max=True)


def shortest(attempts: int, *, first_s: float = 1, most_s: float = 600) -> float:
    """Return the wait with the smallest chance, which is half of the longest."""
    return wait_before_retry_s(attempts=attempts, first_s=first_s, most_s=most_s, chance=0)


@pytest.mark.parametrize(
    ("attempts", "wait_s"),
    [(1, 0.5), (2, 1), (3, 2), (4, 4), (10, 256), (11, 300), (12, 300), (60, 300), (61, 300), (5000, 300)],
)
def test_each_wait_is_twice_the_one_before_until_the_longest(attempts: int, wait_s: float) -> None:
    assert shortest(attempts) == wait_s


@pytest.mark.parametrize(("chance", "wait_s"), [(0, 4), (0.25, 5), (0.5, 6), (0.75, 7)])
def test_chance_spreads_a_wait_over_its_second_half(chance: float, wait_s: float) -> None:
    assert wait_before_retry_s(attempts=4, first_s=1, most_s=600, chance=chance) == wait_s


def test_a_first_wait_above_the_longest_is_cut_to_it() -> None:
    assert shortest(1, first_s=20, most_s=10) == 5


@given(attempts=ATTEMPTS, first_s=WAITS, most_s=WAITS, chance=CHANCES)
def test_a_wait_is_between_half_of_the_shortest_and_the_longest(
    attempts: int, first_s: float, most_s: float, chance: float
) -> None:
    wait_s = wait_before_retry_s(attempts=attempts, first_s=first_s, most_s=most_s, chance=chance)

    assert min(first_s, most_s) / 2 <= wait_s <= most_s


@given(attempts=ATTEMPTS, first_s=WAITS, most_s=WAITS)
def test_no_wait_is_shorter_than_the_one_before_or_more_than_twice_it(
    attempts: int, first_s: float, most_s: float
) -> None:
    one, next_one = (shortest(count, first_s=first_s, most_s=most_s) for count in (attempts, attempts + 1))

    assert one <= next_one <= 2 * one


@given(attempts=ATTEMPTS, first_s=WAITS, most_s=WAITS, chance=CHANCES, other=CHANCES)
def test_a_larger_chance_never_waits_shorter(
    attempts: int, first_s: float, most_s: float, chance: float, other: float
) -> None:
    smaller, larger = (
        wait_before_retry_s(attempts=attempts, first_s=first_s, most_s=most_s, chance=one)
        for one in sorted((chance, other))
    )

    assert smaller <= larger


def test_jobs_that_wait_or_run_can_be_taken_and_others_never() -> None:
    assert set(OPEN_STATES) == {JobState.WAITING, JobState.RUNNING}
    assert set(JobState) - set(OPEN_STATES) == {JobState.DONE, JobState.DEAD}
