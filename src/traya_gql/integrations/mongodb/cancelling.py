"""Ending tasks that wait on the driver."""

from __future__ import annotations

import asyncio


def end_if_cancelled() -> None:
    """Raise CancelledError in a task that was told to end, and did not hear it; long loops on the driver call it.

    The driver sends with asyncio.wait_for, which in Python 3.11 swallows a cancellation that comes when the sending has
    just ended (python/cpython#86296, cured in 3.12): without this look, such a task never ends.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
