"""The judging thread of a worker process, which is woken by its bell and by its own sweeps."""

import logging
import random
import threading
import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from workers.context import OutdatedReleaseError, WorkerContext
from workers.judging.batches import TURN_SECONDS, apply_due_requests
from workflow.outages import Outage
from workflow.work.bells import Bell

log = logging.getLogger(__name__)

STOP_SECONDS = 30.0
"""How long `stop` waits for the thread."""
PAUSE_SECONDS = 1.0
"""The pause after an unexpected error."""
FIRST_PAUSE_SECONDS = 0.05
MAX_PAUSE_SECONDS = 2.0
"""The longest pause while the database fails. Pauses begin with FIRST_PAUSE_SECONDS and double."""

WaitForBell = Callable[[Bell, float], bool]
"""Returns True as soon as the bell is rung, or False after at most the given number of seconds."""


class JudgingThread:
    """Judges due requests when the bell rings, and every `sweep_seconds`, until it is stopped.

    A process whose release is older than the schema judges nothing, and looks again until it is restarted.

    Sweeps have a jitter of 25 percent, so that workers do not sweep in step. A process has only one such thread,
    because judging is bound by the CPU and Python runs one thread at a time. To judge more, run more processes.
    """

    def __init__(self, context: WorkerContext, wait: WaitForBell, sweep_seconds: float) -> None:
        self._context = context
        self._wait = wait
        self._sweep_seconds = sweep_seconds
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._outage = Outage("the database", "judging")

    def start(self) -> None:
        """Starts the thread."""
        self._thread = threading.Thread(target=self._run, name="judging", daemon=True)
        self._thread.start()

    @property
    def is_stopping(self) -> bool:
        return self._stop.is_set()

    def stop(self) -> None:
        """Stops the thread. Blocks until its present turn has ended, at most STOP_SECONDS."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        more_is_due = is_isolating = False
        while not self.is_stopping:
            try:
                rung = not more_is_due and self._is_rung()
                if self.is_stopping:
                    if rung:
                        self._context.ring(Bell.APPLY)  # this thread took the ring: pass it on
                    return
                turn_ends = time.monotonic() + TURN_SECONDS
                more_is_due = False
                self._context.judging.set()  # before the first batch, whose mails are asked for as soon as it commits
                apply_due_requests(self._context, is_isolating=is_isolating)
                more_is_due = time.monotonic() > turn_ends
                is_isolating = False
                self._outage.works()
            except OutdatedReleaseError as error:
                self._outage.failed(error)
                self._stop.wait(MAX_PAUSE_SECONDS)
            except SQLAlchemyError as error:
                failures = self._outage.failed(error)
                more_is_due = is_isolating = True
                self._stop.wait(min(FIRST_PAUSE_SECONDS * 2 ** min(failures - 1, 10), MAX_PAUSE_SECONDS))
            except Exception:
                log.exception("judging due requests failed unexpectedly; trying again")
                self._stop.wait(PAUSE_SECONDS)
            finally:
                self._context.judging.clear()

    def _is_rung(self) -> bool:
        """Waits for the bell, the next sweep or `stop`. Returns whether the bell was rung."""
        sweeps_at = time.monotonic() + self._sweep_seconds * random.uniform(0.75, 1.25)  # noqa: S311 (not a secret)
        while not self.is_stopping and (left := sweeps_at - time.monotonic()) > 0:
            if self._wait(Bell.APPLY, left):
                return True
        return False
