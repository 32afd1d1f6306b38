"""The scheduled jobs. A job is idempotent: each run brings things to the state in which they should be now.

To add a job, write its function and list it in JOBS; docs/extending.md has an example.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import text
from sqlalchemy.orm import Session

from workers.context import WorkerContext
from workflow.access.deciding import mark_access_requests
from workflow.catalog.listing import mend_catalog
from workflow.history.verification import exported_heads
from workflow.lifecycle.promotion import promote_eligible_apps
from workflow.notifications.notify import mark_reviews
from workflow.policy.document import load_policies
from workflow.reviewing.clock import lapse_idle_claims
from workflow.work.bells import Bell
from workflow.work.lanes import bury_dead_lanes
from workflow.work.leases import bells_of_due_work

KEYS_KEPT = timedelta(days=30)
"""How long an idempotency key is kept."""
TICKS_KEPT = timedelta(days=7)
BATCHES_KEPT = timedelta(days=1)
HEADS_OVERLAP = timedelta(minutes=5)
"""How far an export of heads looks back before the previous tick. It must be longer than any transaction may take.

The setting `transaction_timeout_s` is below it.
"""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A job that fires every `every`, aligned to the epoch. `run` works in the tick's transaction and does not commit.

    The bells that `run` rings are held back until that transaction is committed, and dropped if it is not. A job that
    works `in_steps` uses further transactions, and its bells ring at once. The tick's transaction is idle meanwhile; if
    Postgres ends it (`statement_timeout_s`, `transaction_timeout_s`), the next attempt continues with the rest.
    """

    name: str
    every: timedelta
    run: Callable[[Session, WorkerContext, datetime], None]
    in_steps: bool = False

    def tick_at(self, now: datetime) -> datetime:
        """Returns the latest tick at or before `now`."""
        seconds = self.every.total_seconds()
        return datetime.fromtimestamp(now.timestamp() // seconds * seconds, tz=now.tzinfo)


def _promote_eligible_apps(session: Session, context: WorkerContext, now: datetime) -> None:  # noqa: ARG001
    promote_eligible_apps(context.unit_of_work, context.rulebook, partial(context.ring, Bell.APPLY))


def _ring_for_due_work(session: Session, context: WorkerContext, now: datetime) -> None:
    context.ring(*bells_of_due_work(session, now))


def _mark_reviews(session: Session, context: WorkerContext, now: datetime) -> None:
    if mark_reviews(session, now):
        context.ring(Bell.NOTIFICATIONS)


def _lapse_idle_claims(session: Session, context: WorkerContext, now: datetime) -> None:
    if lapse_idle_claims(session, load_policies(session).current, now):
        context.ring(Bell.NOTIFICATIONS)


def _mark_access_requests(session: Session, context: WorkerContext, now: datetime) -> None:
    if mark_access_requests(session, now):
        context.ring(Bell.NOTIFICATIONS)


def _mend_catalog(session: Session, context: WorkerContext, now: datetime) -> None:  # noqa: ARG001
    mended = mend_catalog(session, now)
    if mended:
        log.warning("corrected %s catalog entries that did not match their Apps' states", mended)


def _export_history_heads(session: Session, context: WorkerContext, now: datetime) -> None:
    before = session.scalar(
        text("SELECT max(tick_at) FROM job_tick WHERE job = 'export_history_heads' AND status = 'done'")
    )
    since = before - HEADS_OVERLAP if before else datetime.fromtimestamp(0, tz=now.tzinfo)
    for head in exported_heads(session, since):
        context.export_head(head)


def _bury_dead_lanes(session: Session, context: WorkerContext, now: datetime) -> None:  # noqa: ARG001
    buried = bury_dead_lanes(session, now)
    if buried:
        log.warning("gave up %s rows of lanes that have been failing for too long", buried)


def _prune(session: Session, context: WorkerContext, now: datetime) -> None:  # noqa: ARG001
    session.execute(text("DELETE FROM idempotency_key WHERE created_at < :before"), {"before": now - KEYS_KEPT})
    session.execute(
        text("""
            UPDATE transition_request SET idempotency_key = NULL
             WHERE idempotency_key IS NOT NULL AND finished_at < :before
        """),
        {"before": now - KEYS_KEPT},
    )
    session.execute(
        text("""
            DELETE FROM apply_batch b
             WHERE started_at < :before
               AND NOT EXISTS (SELECT FROM transition_request r WHERE r.id = ANY(b.request_ids) AND r.status = 'due')
        """),
        {"before": now - BATCHES_KEPT},
    )
    session.execute(
        text("DELETE FROM job_tick WHERE status IN ('done', 'void') AND tick_at < :before"),
        {"before": now - TICKS_KEPT},
    )


JOBS: dict[str, Job] = {
    job.name: job
    for job in (
        Job("promote_eligible_apps", timedelta(minutes=1), _promote_eligible_apps, in_steps=True),
        Job("ring_for_due_work", timedelta(seconds=10), _ring_for_due_work),
        Job("mark_reviews", timedelta(minutes=1), _mark_reviews),
        Job("lapse_idle_claims", timedelta(minutes=1), _lapse_idle_claims),
        Job("mark_access_requests", timedelta(minutes=1), _mark_access_requests),
        Job("export_history_heads", timedelta(minutes=1), _export_history_heads),
        Job("bury_dead_lanes", timedelta(minutes=1), _bury_dead_lanes),
        Job("mend_catalog", timedelta(minutes=10), _mend_catalog),
        Job("prune", timedelta(hours=1), _prune),
    )
}
