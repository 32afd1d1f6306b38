"""Whether the service that a kind of work needs is away, such as the mail server, and when it is tried again."""

import logging
import threading
import time
from typing import Final

MIN_PAUSE: Final = 1.0
MAX_PAUSE: Final = 30.0
"""The pauses between two tries of a service that is away (seconds). Each is twice as long as the one before."""

log = logging.getLogger(__name__)


class Outage:
    """The outage of what one kind of work needs, as this process sees it. For many threads at once.

    While the service is away, a row is tried after each pause, and the first answer ends the outage. The log has a
    line when it begins and one when it ends, however many rows were tried in between.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._lock = threading.Lock()
        self._began_at: float | None = None
        self._pause = MIN_PAUSE
        self._resumes_at = 0.0
        self._tries = 0

    @property
    def is_on(self) -> bool:
        """Whether the service was away when it was last tried."""
        return self._began_at is not None

    def seconds_left(self) -> float:
        """Returns the seconds until the service may be tried, 0 or less if it may be now."""
        return self._resumes_at - time.monotonic() if self.is_on else 0.0

    def note_away(self, error: str) -> None:
        """Begins an outage, or counts another try and doubles the pause. What failed during a pause began before it."""
        now = time.monotonic()
        with self._lock:
            self._tries += 1
            if self._began_at is None:
                self._began_at, self._pause = now, MIN_PAUSE
                log.warning("%s waits: what it needs is away; it is tried again and again: %s", self._kind, error)
            elif now < self._resumes_at:
                return
            else:
                self._pause = min(self._pause * 2, MAX_PAUSE)
            self._resumes_at = now + self._pause

    def note_answer(self) -> None:
        """Ends the outage, if there is one: the service answered."""
        if self._began_at is None:
            return
        with self._lock:
            if self._began_at is None:
                return
            seconds, tries = time.monotonic() - self._began_at, self._tries
            self._began_at, self._tries = None, 0
        log.warning("%s goes on after %.0f s and %s tries in vain", self._kind, seconds, tries)
