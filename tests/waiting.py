"""Waits for a condition instead of sleeping. This is the only place where a test pauses."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

POLL_SECONDS = 0.01

Seen = TypeVar("Seen")


def wait_until(condition: Callable[[], Seen], *, seconds: float = 10, what: str = "the condition") -> Seen:
    """Calls `condition` until it returns something true, and returns that.

    After `seconds`, raises AssertionError with `what` was awaited and the last result.
    """
    ends_at = time.monotonic() + seconds
    pause = threading.Event()
    while not (seen := condition()):
        if time.monotonic() > ends_at:
            raise AssertionError(f"Waited {seconds} seconds in vain for {what}; saw {seen!r} last.")
        pause.wait(POLL_SECONDS)
    return seen
