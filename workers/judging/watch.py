"""The judging thread of a worker process: it waits for its bell, and looks for due requests when none rings."""

import logging
import random
import threading
import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from workers.context import WorkerContext
from workers.judging.batches import TURN_SECONDS, apply_due_requests
from workflow.work.bells import Bell

log = logging.getLogger(__name__)

STOP_SECONDS = 30.0
PAUSE_SECONDS = 1.0
"""After what nobody foresaw, before the next try."""

WaitForBell = Callable[[Bell, float], bool]
"""Returns True once the bell is rung, or False after a while: at most after so many seconds."""


class JudgingWatch:
    """Judges what is due when the bell rings, and every `sweep_seconds`, until it is stopped.

    The sweeps are a quarter more or less apart, so that workers do not march in step. A process has one such thread:
    several would wait for each other, in Python and for the same processor. More is judged by more processes.
    """

    def __init__(self, context: WorkerContext, wait: WaitForBell, sweep_seconds: float) -> None:
        self._context = context
        self._wait = wait
        self._sweep_seconds = sweep_seconds
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Starts the thread."""
        self._thread = threading.Thread(target=self._run, name="judging", daemon=True)
        self._thread.start()

    @property
    def is_stopping(self) -> bool:
        return self._stop.is_set()

    def stop(self) -> None:
        """Ends after the work that is under way, or when half a minute is over."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        more_is_due = False
        while not self.is_stopping:
            try:
                rung = not more_is_due and self._is_rung()
                if self.is_stopping:
                    if rung:
                        self._context.ring(Bell.APPLY)  # for others
                    return
                turn_ends = time.monotonic() + TURN_SECONDS
                more_is_due = False
                apply_due_requests(self._context)
                more_is_due = time.monotonic() > turn_ends
            except SQLAlchemyError:
                log.warning("due requests could not be looked for in the database; it is tried again", exc_info=True)
            except Exception:
                log.exception("judging due requests broke; it is tried again")
                self._stop.wait(PAUSE_SECONDS)
            finally:
                self._context.judging.clear()

    def _is_rung(self) -> bool:
        """Waits until the bell is rung, it is time for a sweep, or `stop` was called a second ago."""
        sweeps_at = time.monotonic() + self._sweep_seconds * random.uniform(0.75, 1.25)  # noqa: S311 (not a secret)
        while not self.is_stopping and (left := sweeps_at - time.monotonic()) > 0:
            if self._wait(Bell.APPLY, left):
                return True
        return False
