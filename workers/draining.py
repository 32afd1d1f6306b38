"""Draining leased work of one kind: a row at a time, for a turn, with every failed try recorded."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from workers.context import WorkerContext, database_now
from workflow.work.bells import BELL_OF
from workflow.work.leases import DueKind, Lease, fail_due_row, lease_due_rows

TURN_SECONDS = 10.0
"""How long a drain works before it rings again and ends, so that whoever runs it can stop."""

log = logging.getLogger(__name__)


def drain(
    context: WorkerContext, kind: DueKind, work: Callable[[WorkerContext, Lease], bool], *, lease_for: timedelta
) -> int:
    """Works on due rows until none is left or the turn is over, which rings again; returns how many were tried.

    `work` records how its row ended, by the lease, and gives False when the row was not wanted any more. When it
    raises, that try has failed: the row is tried again, later and later, and holds up no other.
    """
    tried = 0
    turn_ends = time.monotonic() + TURN_SECONDS
    while True:
        with context.unit_of_work() as session:
            leases = lease_due_rows(session, kind, database_now(session), lease=lease_for, limit=1)
        if not leases:
            return tried
        for lease in leases:
            _try(context, lease, work)
            tried += 1
        if time.monotonic() > turn_ends:
            context.ring(BELL_OF[kind])
            return tried


def _try(context: WorkerContext, lease: Lease, work: Callable[[WorkerContext, Lease], bool]) -> None:
    try:
        outcome = "done" if work(context, lease) else "void"
    except Exception as error:
        log.warning("%s %s failed", lease.kind, lease.id, exc_info=True)
        with context.unit_of_work() as session:
            fail_due_row(session, lease, repr(error), database_now(session))
        outcome = "failed"
    context.count_worked(lease.kind, outcome)
