"""The sweep: threads of every worker that find due work although no bell rang, Redis being gone included.

Work that waits for others, for a mail server or a partner's page, is done by these threads alone; its bell wakes them.
"""

import logging
import random
import threading
import time
from collections.abc import Collection

from sqlalchemy.exc import SQLAlchemyError

from workers.checking import run_due_checks
from workers.deps import BellName, Deps, database_now
from workers.draining import BELL_OF
from workers.jobs import run_due_jobs
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
CONNECTIONS = len(WORK_OF) + 1
"""What the sweeping threads hold at most: one each, and another for announcing a batch."""
STOP_SECONDS = 30.0


class Sweeper:
    """Sweeps every `every_seconds`, give or take a quarter so that workers do not march in step, until stopped.

    Each kind of work has a thread of its own, which `wake` has look at once: a mail server or a page that hangs holds
    up its own kind in this process, and nothing else.
    """

    def __init__(self, deps: Deps, every_seconds: float) -> None:
        self._deps = deps
        self._every_seconds = every_seconds
        self._stop = threading.Event()
        self._woken = {bell: threading.Event() for bell in WORK_OF}
        self._threads: list[threading.Thread] = []

    def start(self, bells: Collection[BellName] = tuple(BellName)) -> None:
        """Starts the threads of `bells`: a process that does not answer a bell leaves its work to those that do."""
        self._threads = [
            threading.Thread(target=self._run, args=(bell,), name=f"sweeper-{bell}", daemon=True) for bell in bells
        ]
        for thread in self._threads:
            thread.start()

    def wake(self, bell: BellName) -> None:
        """Has the bell's thread look for work: at once, or again when it is done with what it has. Never blocks."""
        self._woken[bell].set()

    def stop(self) -> None:
        """Ends after the work that is under way, or when half a minute is over."""
        self._stop.set()
        for woken in self._woken.values():
            woken.set()
        ends_at = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(timeout=max(0.0, ends_at - time.monotonic()))

    def _run(self, bell: BellName) -> None:
        woken = self._woken[bell]
        while True:
            rung = woken.wait(self._every_seconds * random.uniform(0.75, 1.25))  # noqa: S311 (not a secret)
            if self._stop.is_set():
                return
            woken.clear()  # before the look: what is rung from here on has another
            try:
                if rung:
                    WORK_OF[bell](self._deps)
                else:
                    sweep(self._deps, bell)
            except SQLAlchemyError:
                log.warning("the sweep could not reach the database; it tries again", exc_info=True)
            except Exception:
                log.exception("the sweep broke; it tries again")


def sweep(deps: Deps, bell: BellName) -> None:
    """Works on what has been due of the bell's kind, in this thread."""
    with deps.unit_of_work() as session:
        kinds = due_kinds(session, database_now(session))
    if any(BELL_OF[kind] is bell for kind in kinds):
        WORK_OF[bell](deps)
