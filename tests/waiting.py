"""Waiting for a condition instead of sleeping: the only place where a test pauses."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

POLL_SECONDS = 0.01

Seen = TypeVar("Seen")


def wait_until(condition: Callable[[], Seen], *, seconds: float = 10, what: str = "the condition") -> Seen:
    """Returns what `condition` gives as soon as that is true.

    Raises AssertionError, which names `what` was awaited and what was seen last, if it is not within `seconds`.
    """
    ends_at = time.monotonic() + seconds
    pause = threading.Event()
    while not (seen := condition()):
        if time.monotonic() > ends_at:
            raise AssertionError(f"Waited {seconds} seconds in vain for {what}; saw {seen!r} last.")
        pause.wait(POLL_SECONDS)
    return seen
