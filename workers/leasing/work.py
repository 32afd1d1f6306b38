"""Trying a leased row: its work without a transaction, and its end recorded by the lease."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from dramatiq import Broker, actor
from dramatiq.middleware import CurrentMessage
from sqlalchemy.exc import SQLAlchemyError

from workers.context import WorkerContext, database_now
from workers.leasing.queue import HANDED, Handed
from workflow.work.kinds import LEASED_KINDS, DueKind
from workflow.work.lanes import note_lane_failed, note_lane_works
from workflow.work.leases import CannotHeal, LaneFailed, Lease, fail_due_row, give_back

SLOW_SECONDS = 5.0
"""A try that takes longer proves no lane: its party hangs, whatever the try found."""

log = logging.getLogger(__name__)

Run = Callable[[WorkerContext, Lease], bool]
"""Works on a leased row and records how it ended, by the lease. Returns False when the row was not wanted any more.

When it raises, that try has failed: the row is tried again, later and later; with CannotHeal it is dead at once, and
with LaneFailed its lane rests too.
"""


@dataclass(frozen=True, slots=True)
class LeasedWork:
    """A kind of leased work: the name of its actor, and what the actor does with a row."""

    kind: DueKind
    actor_name: str
    run: Run


def declare_leased_actor(broker: Broker, context: WorkerContext, work: LeasedWork) -> None:
    """Declares the actor of `work`. Dramatiq neither repeats it nor limits its time: rows and sockets do."""

    def run(_row_id: str) -> None:
        message = CurrentMessage.get_current_message()
        if message is None:
            raise RuntimeError(f"{work.actor_name} runs for a row that was handed out: write the row and ring.")
        handed: Handed = message.options[HANDED]
        handed.answered = try_row(context, work, handed)

    actor(
        actor_name=work.actor_name,
        queue_name=LEASED_KINDS[work.kind].bell.value,
        broker=broker,
        max_retries=0,
        time_limit=float("inf"),
    )(run)


def try_row(context: WorkerContext, work: LeasedWork, handed: Handed) -> bool | None:
    """Tries the row once and records its end. Returns whether its lane's party answered in time, if that is known.

    It does not begin when too little is left of the lease, as in a process that was stopped and woke up: the row goes
    back. Raises nothing but what ends the process.
    """
    leased, lease = LEASED_KINDS[work.kind], handed.lease
    began = time.monotonic()
    if began - handed.at > (leased.lease - leased.longest_try).total_seconds():
        _give_back(context, lease)
        return None
    answered: bool | None = None
    try:
        is_wanted = work.run(context, lease)
        outcome = "done" if is_wanted else "void"
        answered = True if is_wanted else None
    except Exception as error:
        outcome = "failed"
        if isinstance(error, CannotHeal | LaneFailed):
            answered = isinstance(error, CannotHeal)
        # What the world refused is told in a line; what nobody foresaw, with its traceback.
        foreseen = isinstance(error, OSError | CannotHeal | LaneFailed)
        log.warning("%s %s failed: %r", lease.kind, lease.id, error, exc_info=not foreseen)
        _record_failure(context, lease, error)
    context.count_worked(lease.kind, outcome)
    return False if time.monotonic() - began > SLOW_SECONDS else answered


def _give_back(context: WorkerContext, lease: Lease) -> None:
    try:
        with context.unit_of_work() as session:
            give_back(session, lease.kind, [lease])
    except SQLAlchemyError:
        log.warning("%s %s could not be given back; it waits for its lease", lease.kind, lease.id)


def _record_failure(context: WorkerContext, lease: Lease, error: Exception) -> None:
    can_heal = not isinstance(error, CannotHeal)
    try:
        with context.unit_of_work() as session:
            now = database_now(session)
            if not fail_due_row(session, lease, repr(error), now, can_heal=can_heal):
                return
            if isinstance(error, LaneFailed):
                note_lane_failed(session, lease, repr(error), now)
            elif isinstance(error, CannotHeal):
                note_lane_works(session, lease)
    except SQLAlchemyError:
        log.warning("the failure of %s %s could not be recorded; it waits for its lease", lease.kind, lease.id)
