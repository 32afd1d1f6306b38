"""When a kind of work whose service is away, such as the mail server, tries it again."""

import threading
import time
from typing import Final

from workflow.outages import Outage

MIN_PAUSE: Final = 1.0
MAX_PAUSE: Final = 30.0
"""The pauses between two tries of a service that is away (seconds). Each is twice as long as the one before."""


class PausingOutage:
    """The outage of what one kind of work needs, as this process sees it. For many threads at once.

    While the service is away, a row is tried after each pause, and the first answer ends the outage.
    """

    def __init__(self, kind: str) -> None:
        self._outage = Outage(f"the service of {kind}", "leased work")
        self._lock = threading.Lock()
        self._pause = 0.0
        self._resumes_at = 0.0

    @property
    def is_on(self) -> bool:
        """Whether the service was away when it was last tried."""
        return self._pause > 0

    def seconds_left(self) -> float:
        """Returns the seconds until the service may be tried, 0 or less if it may be now."""
        return self._resumes_at - time.monotonic() if self.is_on else 0.0

    def note_away(self, error: BaseException) -> None:
        """Notes a failed try, and pauses for longer unless it is of before the pause that is under way."""
        self._outage.failed(error)
        now = time.monotonic()
        with self._lock:
            if now < self._resumes_at and self.is_on:
                return
            self._pause = min(self._pause * 2, MAX_PAUSE) if self.is_on else MIN_PAUSE
            self._resumes_at = now + self._pause

    def note_answer(self) -> None:
        """Notes that the service answered, which ends the outage if there is one."""
        self._outage.works()
        self._pause = 0.0
