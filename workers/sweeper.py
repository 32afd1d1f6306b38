"""The sweep: a thread of every worker that finds due work although no bell rang, Redis being gone included."""

import logging
import random
import threading

from sqlalchemy.exc import SQLAlchemyError

from workers.checking import run_due_checks
from workers.deps import BellName, Deps, database_now
from workers.jobs import BELL_OF, run_due_jobs
from workers.notifying import deliver_due_notifications
from workers.reviewing import run_due_steps
from workers.transitions import apply_due_requests
from workflow.due import due_kinds

log = logging.getLogger(__name__)

WORK_OF = {
    BellName.APPLY: apply_due_requests,
    BellName.STEPS: run_due_steps,
    BellName.NOTIFICATIONS: deliver_due_notifications,
    BellName.JOBS: run_due_jobs,
    BellName.CHECKS: run_due_checks,
}
"""What each bell asks for."""


def sweep(deps: Deps) -> None:
    """Works on whatever has been due, in this thread."""
    with deps.unit_of_work() as session:
        kinds = due_kinds(session, database_now(session))
    for kind in kinds:
        WORK_OF[BELL_OF[kind]](deps)


class Sweeper:
    """Sweeps every `every_seconds`, give or take a quarter so that workers do not march in step, until stopped."""

    def __init__(self, deps: Deps, every_seconds: float) -> None:
        self._deps = deps
        self._every_seconds = every_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends after the sweep that is under way."""
        self._stop.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stop.wait(self._every_seconds * random.uniform(0.75, 1.25)):  # noqa: S311 (not a secret)
            try:
                sweep(self._deps)
            except SQLAlchemyError:
                log.warning("the sweep could not reach the database; it tries again", exc_info=True)
            except Exception:
                log.exception("the sweep broke; it tries again")
