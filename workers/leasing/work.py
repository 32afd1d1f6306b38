"""One attempt at a leased row: its work runs outside any transaction, and its end is recorded by the lease."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from dramatiq import Broker, actor
from dramatiq.middleware import CurrentMessage
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from structlog.contextvars import bind_contextvars, clear_contextvars

from models.sqlstates import Fault, fault_of
from workers.context import WorkerContext, database_now
from workers.leasing.queue import HANDED, Handed, give_back_rows
from workflow.sql.transient import is_transient
from workflow.work.kinds import LEASED_KINDS, DueKind
from workflow.work.lanes import note_lane_failed, note_lane_works
from workflow.work.leases import LaneFailed, Lease, PermanentFailure, ServiceAway, TryLater, fail_due_row

SLOW_SECONDS = 5.0
"""A longer attempt does not make its lane a proven one, whatever its outcome: the party is too slow."""

_DATABASE_AWAY = frozenset({Fault.AWAY, Fault.READ_ONLY, Fault.EXHAUSTED})

log = logging.getLogger(__name__)

Run = Callable[[WorkerContext, Lease], bool]
"""Does the work of a leased row and records its end by the lease. Returns False if the work had become obsolete.

If it raises, the attempt has failed and the row is tried again after a growing delay. After a PermanentFailure the row
is dead at once, after a TryLater it rests as long as that says, after a LaneFailed its lane pauses too, and after a
ServiceAway the kind pauses and no attempt counts.
"""


@dataclass(frozen=True, slots=True)
class LeasedWork:
    """A kind of leased work, the name of its actor, the function that does the work of a row, and its log lines' event.

    A line has the row's id as `<kind>_id`.
    """

    kind: DueKind
    actor_name: str
    run: Run
    event: str = "attempt"


def declare_leased_actor(broker: Broker, context: WorkerContext, work: LeasedWork) -> None:
    """Declares the actor of `work`, without Dramatiq's retries and time limit: rows and socket timeouts do that."""

    def run(_row_id: str) -> None:
        message = CurrentMessage.get_current_message()
        if message is None:
            raise RuntimeError(f"{work.actor_name} runs only for leased rows: write a row and ring the bell instead.")
        handed: Handed = message.options[HANDED]
        handed.answered = attempt_row(context, work, handed)

    actor(
        actor_name=work.actor_name,
        queue_name=LEASED_KINDS[work.kind].bell.value,
        broker=broker,
        max_retries=0,
        time_limit=float("inf"),
    )(run)


def describe_attempt(**about: object) -> None:
    """Adds to whatever the present attempt logs. Values are ids, or names of ours."""
    bind_contextvars(**about)


def attempt_row(context: WorkerContext, work: LeasedWork, handed: Handed) -> bool | None:
    """Attempts the row once and records its end. Returns whether its lane's party answered in time, if that is known.

    Returns whether the lane's party answered in time, None if there was no attempt or the work was obsolete. If too
    little is left of the lease, as after the process was suspended, it gives the row back instead. Raises no Exception.
    """
    leased, lease = LEASED_KINDS[work.kind], handed.lease
    began = time.monotonic()
    if began - handed.at > (leased.lease - leased.longest_attempt).total_seconds():
        give_back_rows(context.engine, lease.kind, [lease])
        return None
    answered: bool | None = None
    about: dict[str, object] = {}
    clear_contextvars()
    describe_attempt(kind=lease.kind.value, **{f"{lease.kind}_id": str(lease.id)})
    try:
        is_wanted = work.run(context, lease)
        outcome = "done" if is_wanted else "void"
        answered = True if is_wanted else None
    except Exception as error:  # noqa: BLE001 (whatever it is, the attempt has failed, and the log says how)
        if _is_away(error):
            outcome, handed.away = "away", error
        else:
            outcome = "failed"
            _log_failure(lease, error)
        about["error"] = type(error).__name__
        if isinstance(error, PermanentFailure | LaneFailed):
            answered = isinstance(error, PermanentFailure)
        _record_failure(context, lease, error)
    context.count_worked(lease.kind, outcome)
    about |= {"outcome": outcome, "lane": lease.lane, "duration_ms": round((time.monotonic() - began) * 1000, 3)}
    log.log(logging.WARNING if outcome == "failed" else logging.INFO, work.event, extra=about)
    clear_contextvars()
    return False if time.monotonic() - began > SLOW_SECONDS else answered


def is_foreseen(error: Exception) -> bool:
    """Returns whether the world refused the work, and not a mistake of ours."""
    return isinstance(error, OSError | PermanentFailure | LaneFailed | ServiceAway | TryLater)


def _is_away(error: Exception) -> bool:
    """Returns whether what the whole kind needs is away: its service, or the database, which a mere lock is not."""
    return isinstance(error, ServiceAway) or fault_of(error) in _DATABASE_AWAY


def _counts(error: Exception) -> bool:
    """Returns whether the attempt counts: not if what failed it was no fault of the row."""
    return not (isinstance(error, ServiceAway) or is_transient(error))


def _log_failure(lease: Lease, error: Exception) -> None:
    """Logs what the world refused in a line, and what nobody foresaw with its traceback."""
    log.warning("%s %s failed: %r", lease.kind, lease.id, error, exc_info=not is_foreseen(error))


def _record_failure(context: WorkerContext, lease: Lease, error: Exception) -> None:
    try:
        if isinstance(error, PermanentFailure | LaneFailed):
            with context.unit_of_work() as session:
                _record_answer_of_lane(session, lease, error)
        else:
            with context.autocommit() as session:
                what, rest = (str(error), error.rest) if isinstance(error, TryLater) else (repr(error), timedelta())
                fail_due_row(session, lease, what, counts=_counts(error), rest=rest)
    except SQLAlchemyError as failed:
        if not (is_transient(error) and is_transient(failed)):
            log.warning("could not record the failure of %s %s; it is due when its lease ends", lease.kind, lease.id)


def _record_answer_of_lane(session: Session, lease: Lease, error: PermanentFailure | LaneFailed) -> None:
    """Records a failure that tells whether the lane's party answers. Does not commit."""
    now = database_now(session)
    if not fail_due_row(session, lease, repr(error), now, may_retry=isinstance(error, LaneFailed)):
        return
    if isinstance(error, LaneFailed):
        note_lane_failed(session, lease, repr(error), now)
    else:
        note_lane_works(session, lease)
