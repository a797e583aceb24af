"""Durable jobs: the states they go through, and when a failed one is tried again."""

from __future__ import annotations

from enum import StrEnum


class JobState(StrEnum):
    """Where a job stands. A running one whose worker is gone is as good as waiting once its lease has ended."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    DEAD = "DEAD"


OPEN_STATES = (JobState.WAITING, JobState.RUNNING)
"""The states of a job that a worker may take."""


def wait_before_retry_s(*, attempts: int, first_s: float, most_s: float, chance: float) -> float:
    """Return how long to wait after so many failed attempts, in seconds: doubled each time, up to `most_s`.

    `chance` lies in [0, 1) and spreads jobs that failed together over half of the wait.
    """
    # the exponent is bounded before the power is taken: a float ends at 2**1024
    whole = min(first_s * 2.0 ** min(attempts - 1, 60), most_s)
    return whole * (0.5 + chance / 2)
