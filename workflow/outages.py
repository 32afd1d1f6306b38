"""Outages of the stores that a process needs: one line in the log when one begins, one when it is over."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter

FAILURES = Counter("devcenter_store_failures", "Uses of a store that failed because it was unavailable.", ["store"])

log = logging.getLogger(__name__)


class Outage:
    """What one part of a process knows of a store. Safe for threads.

    `store` names the store, and `who` the part that needs it. Each failure is counted in the metrics.
    """

    def __init__(self, store: str, who: str) -> None:
        self._store = store
        self._who = who
        self._lock = threading.Lock()
        self._failures = 0
        self._since = 0.0

    def failed(self, error: BaseException) -> int:
        """Notes a failure, and logs it if it is the first one. Returns how many there were in a row."""
        FAILURES.labels(self._store).inc()
        with self._lock:
            self._failures += 1
            count = self._failures
            if count == 1:
                self._since = time.monotonic()
        if count == 1:
            log.warning("%s fails for %s; trying again until it works: %s", self._store, self._who, in_a_line(error))
        return count

    def works(self) -> None:
        """Notes that the store works, and logs it if it did not before."""
        if not self._failures:
            return
        with self._lock:
            count, self._failures = self._failures, 0
        if count:
            seconds = time.monotonic() - self._since
            log.warning("%s works again for %s, after %s failures in %.1f s", self._store, self._who, count, seconds)

    @contextmanager
    def noting(self, *kinds: type[BaseException]) -> Iterator[None]:
        """Notes whether the block raises one of `kinds`, and raises it all the same."""
        try:
            yield
        except kinds as error:
            self.failed(error)
            raise
        self.works()


def in_a_line(error: BaseException) -> str:
    """Returns the error's first line, without the statement and its parameters, which may contain secrets."""
    error = getattr(error, "orig", None) or error
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
