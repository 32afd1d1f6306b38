"""The watch: threads of every worker that wait for the bells, and look for due work when none rings.

Redis being gone included: then what is due is found by the looks alone.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Collection

from sqlalchemy.exc import SQLAlchemyError

from workers.actors.notifications import deliver_due_notifications
from workers.actors.review_steps import run_due_steps
from workers.actors.website_checks import run_due_checks
from workers.context import WorkerContext
from workers.draining import TURN_SECONDS
from workers.jobs import run_due_jobs
from workers.judging.batches import apply_due_requests
from workflow.work.bells import Bell

log = logging.getLogger(__name__)

WORK_OF = {
    Bell.APPLY: apply_due_requests,
    Bell.STEPS: run_due_steps,
    Bell.NOTIFICATIONS: deliver_due_notifications,
    Bell.JOBS: run_due_jobs,
    Bell.CHECKS: run_due_checks,
}
"""What each bell asks for."""
CONNECTIONS = len(WORK_OF) + 2
"""What the threads hold at most: one each, another for announcing a batch, and another for a job's steps."""
STOP_SECONDS = 30.0
PAUSE_SECONDS = 1.0
"""After what nobody foresaw, before the next try."""

WaitForBell = Callable[[Bell, float], bool]
"""Returns True once the bell is rung, or False after a while: at most after so many seconds."""


class Watch:
    """Does what is due when its bell rings, and every `sweep_seconds`, until it is stopped.

    The sweeps are a quarter more or less apart, so that workers do not march in step. Each kind of work has one thread:
    a mail server or a page that hangs holds up its own kind in this process, and nothing else. Several judging threads
    of a process would wait for each other, in Python and for the same processor: more is judged by more processes.
    """

    def __init__(self, context: WorkerContext, wait: WaitForBell, sweep_seconds: float) -> None:
        self._context = context
        self._wait = wait
        self._sweep_seconds = sweep_seconds
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, bells: Collection[Bell]) -> None:
        """Starts the threads of `bells`. The work of others is left to other workers."""
        self._threads = [
            threading.Thread(target=self._run, args=(bell,), name=f"watch-{bell}", daemon=True) for bell in bells
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends after the work that is under way, or when half a minute is over."""
        self._stop.set()
        ends_at = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(timeout=max(0.0, ends_at - time.monotonic()))

    def _run(self, bell: Bell) -> None:
        more_is_due = False
        while not self._stop.is_set():
            try:
                rung = not more_is_due and self._is_rung(bell)
                if self._stop.is_set():
                    if rung:
                        self._context.ring(bell)  # for others
                    return
                turn_ends = time.monotonic() + TURN_SECONDS
                more_is_due = False
                WORK_OF[bell](self._context)
                more_is_due = time.monotonic() > turn_ends
            except SQLAlchemyError:
                log.warning("what is due could not be looked for in the database; it is tried again", exc_info=True)
            except Exception:
                log.exception("work on what is due broke; it is tried again")
                self._stop.wait(PAUSE_SECONDS)

    def _is_rung(self, bell: Bell) -> bool:
        """Waits until the bell is rung, it is time for a sweep, or `stop` was called a second ago."""
        sweeps_at = time.monotonic() + self._sweep_seconds * random.uniform(0.75, 1.25)  # noqa: S311 (not a secret)
        while not self._stop.is_set() and (left := sweeps_at - time.monotonic()) > 0:
            if self._wait(bell, left):
                return True
        return False
