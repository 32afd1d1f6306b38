"""The scheduled jobs. A job is idempotent: each run brings things to the state in which they should be now.

To add a job, write its function and list it in JOBS; docs/extending.md has an example.
"""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from workers.context import WorkerContext
from workflow.access.deciding import mark_access_requests
from workflow.access.ending_tokens import warn_of_ending_tokens
from workflow.access.proofs import prune_proofs
from workflow.catalog.listing import mend_catalog
from workflow.catalog.planning import publish_planned
from workflow.component_tests.reminding import remind_of_test_settings
from workflow.history.sealing import LATE_BY, sealing_steps
from workflow.history.verification import exported_heads, exported_seals
from workflow.identity.sessions import prune_links
from workflow.lifecycle.looks import LOOKS_PER_STEP, end_decided_looks, request_due_looks
from workflow.lifecycle.promotion import promote_eligible_apps
from workflow.notifications.digests import send_digests
from workflow.operating.pruning import pruning_steps
from workflow.policy.document import load_policies
from workflow.reviewing.appeals import tell_of_stranded
from workflow.reviewing.clock import lapse_idle_claims, mark_reviews
from workflow.reviewing.grace import send_grace_notices
from workflow.reviewing.health import ask_for_people
from workflow.reviewing.suspensions import tell_of_unconfirmed
from workflow.sql.steps import STEP_ROWS, work_off
from workflow.work.bells import Bell
from workflow.work.lanes import bury_dead_lanes
from workflow.work.leases import bells_of_due_work

HEADS_OVERLAP = LATE_BY
"""How far an export of heads looks back before the previous tick."""

STEPS_SECONDS = 40.0
"""How long a job that works in steps takes new ones. The next firing goes on; less than a tick's lease."""

log = logging.getLogger(__name__)


Run = Callable[[Session, WorkerContext, datetime], None]


@dataclass(frozen=True, slots=True)
class Job:
    """A job that fires every `every`, aligned to the epoch. `run` works in the tick's transaction and does not commit.

    The bells that `run` rings are held back until that transaction is committed, and dropped if it is not. A job that
    works `in_steps` has no such transaction: it commits its own, each bounded, and its bells ring at once. An attempt
    that fails leaves what its steps have done, and the next one continues with the rest.
    """

    name: str
    every: timedelta
    run: Run
    in_steps: bool = False

    def tick_at(self, now: datetime) -> datetime:
        """Returns the latest tick at or before `now`."""
        seconds = self.every.total_seconds()
        return datetime.fromtimestamp(now.timestamp() // seconds * seconds, tz=now.tzinfo)


def _promote_eligible_apps(session: Session, context: WorkerContext, now: datetime) -> None:  # noqa: ARG001
    promote_eligible_apps(context.unit_of_work, context.rulebook, partial(context.ring, Bell.APPLY))


def _ring_for_due_work(session: Session, context: WorkerContext, now: datetime) -> None:
    context.ring(*bells_of_due_work(session, now))


class TimedStep(Protocol):
    """Works on up to `limit` rows, and returns how many it found. Does not commit."""

    def __call__(self, session: Session, now: datetime, *, limit: int) -> int: ...


def _in_steps(step: TimedStep, *bells: Bell, rows: int = STEP_ROWS) -> Run:
    """Returns a job that takes steps until nothing is left or STEPS_SECONDS have passed, and rings after each."""

    def run(_session: Session, context: WorkerContext, now: datetime) -> None:
        def ring(count: int) -> None:
            if count and bells:
                context.ring(*bells)

        ends_at = time.monotonic() + STEPS_SECONDS
        work_off(
            context.unit_of_work,
            lambda session, limit: step(session, now, limit=limit),
            ends_at=ends_at,
            rows=rows,
            after_step=ring,
        )

    return run


def _lapse_idle_claims(session: Session, now: datetime, *, limit: int) -> int:
    return lapse_idle_claims(session, load_policies(session).current, now, limit=limit)


def _send_digests(session: Session, now: datetime, *, limit: int) -> int:
    return send_digests(session, load_policies(session).current, now, limit=limit)


def _request_due_looks(_session: Session, context: WorkerContext, now: datetime) -> None:
    request_due_looks(context.unit_of_work, now, partial(context.ring, Bell.APPLY), every=MINUTE)


def _end_decided_looks(_session: Session, context: WorkerContext, now: datetime) -> None:
    def step(session: Session, limit: int) -> int:
        _, writer = context.now_and_writer(session)
        return end_decided_looks(session, writer.policies, writer.rulebook, limit=limit)

    def ring(count: int) -> None:
        if count:
            context.ring(Bell.APPLY)

    ends_at = time.monotonic() + STEPS_SECONDS
    work_off(context.unit_of_work, step, ends_at=ends_at, rows=LOOKS_PER_STEP, after_step=ring)
    work_off(
        context.unit_of_work,
        lambda session, limit: ask_for_people(session, load_policies(session).current, now, limit=limit),
        ends_at=ends_at,
    )


def _warn_of_ending_tokens(session: Session, context: WorkerContext, now: datetime) -> None:
    if warn_of_ending_tokens(session, now):
        context.ring(Bell.NOTIFICATIONS)


def _mend_catalog(session: Session, now: datetime, *, limit: int) -> int:
    mended = mend_catalog(session, now, limit=limit)
    if mended:
        log.warning("corrected %s catalog entries that did not match their Apps' states", mended)
    return mended


def _export_history_heads(_session: Session, context: WorkerContext, _now: datetime) -> None:
    """Exports the newest heads of Apps and tables, in steps. After a failure all are exported again."""
    with context.unit_of_work() as session:
        before = session.scalar(
            text("SELECT max(tick_at) FROM job_tick WHERE job = 'export_history_heads' AND status = 'done'")
        )
        since = before - HEADS_OVERLAP if before else datetime.fromtimestamp(0, tz=UTC)
        seals = exported_seals(session, since)
    after, heads = UUID(int=0), list[dict[str, Any]]()

    def read(session: Session, limit: int) -> int:
        heads[:] = exported_heads(session, since, after, limit)
        return len(heads)

    def export(count: int) -> None:
        nonlocal after
        for head in heads:
            context.export_head(head)
        if count:
            after = UUID(heads[-1]["app_id"])

    # Without an end: whatever is left out now, the next tick would take for exported.
    work_off(context.unit_of_work, read, ends_at=math.inf, after_step=export)
    for seal in seals:
        context.export_head(seal)


def _seal_history(_session: Session, context: WorkerContext, _now: datetime) -> None:
    ends_at = time.monotonic() + STEPS_SECONDS
    for step in sealing_steps(context.history_key):
        work_off(context.unit_of_work, step, ends_at=ends_at)


def _bury_dead_lanes(session: Session, now: datetime, *, limit: int) -> int:
    buried = bury_dead_lanes(session, now, limit=limit)
    if buried:
        log.warning("gave up %s rows of lanes that have been failing for too long", buried)
    return buried


def _prune(_session: Session, context: WorkerContext, now: datetime) -> None:
    ends_at = time.monotonic() + STEPS_SECONDS
    for step in pruning_steps(now):
        work_off(context.unit_of_work, step, ends_at=ends_at)


MINUTE = timedelta(minutes=1)

JOBS: dict[str, Job] = {
    job.name: job
    for job in (
        Job("promote_eligible_apps", MINUTE, _promote_eligible_apps, in_steps=True),
        Job("ring_for_due_work", timedelta(seconds=10), _ring_for_due_work),
        Job("request_due_looks", MINUTE, _request_due_looks, in_steps=True),
        Job("end_decided_looks", MINUTE, _end_decided_looks, in_steps=True),
        Job(
            "send_grace_notices",
            MINUTE,
            _in_steps(send_grace_notices, Bell.NOTIFICATIONS, rows=200),
            in_steps=True,
        ),
        Job("mark_reviews", MINUTE, _in_steps(mark_reviews, Bell.NOTIFICATIONS, rows=200), in_steps=True),
        Job("lapse_idle_claims", MINUTE, _in_steps(_lapse_idle_claims, Bell.NOTIFICATIONS, rows=1000), in_steps=True),
        Job("tell_of_unconfirmed", MINUTE, _in_steps(tell_of_unconfirmed, Bell.NOTIFICATIONS, rows=200), in_steps=True),
        Job("tell_of_stranded", MINUTE, _in_steps(tell_of_stranded, Bell.NOTIFICATIONS, rows=200), in_steps=True),
        Job(
            "mark_access_requests",
            MINUTE,
            _in_steps(mark_access_requests, Bell.NOTIFICATIONS, rows=200),
            in_steps=True,
        ),
        Job(
            "send_digests", timedelta(minutes=10), _in_steps(_send_digests, Bell.NOTIFICATIONS, rows=200), in_steps=True
        ),
        Job("warn_of_ending_tokens", timedelta(hours=1), _warn_of_ending_tokens),
        Job(
            "remind_of_test_settings",
            timedelta(hours=1),
            _in_steps(remind_of_test_settings, Bell.NOTIFICATIONS, rows=200),
            in_steps=True,
        ),
        Job("prune_sign_in_links", timedelta(hours=1), _in_steps(prune_links), in_steps=True),
        Job("prune_proofs", timedelta(hours=1), _in_steps(prune_proofs), in_steps=True),
        Job("seal_history", MINUTE, _seal_history, in_steps=True),
        Job("export_history_heads", MINUTE, _export_history_heads, in_steps=True),
        Job("bury_dead_lanes", MINUTE, _in_steps(_bury_dead_lanes), in_steps=True),
        Job(
            "publish_planned",
            timedelta(seconds=10),
            _in_steps(publish_planned, Bell.NOTIFICATIONS, rows=200),
            in_steps=True,
        ),
        Job("mend_catalog", timedelta(minutes=10), _in_steps(_mend_catalog), in_steps=True),
        Job("prune", timedelta(hours=1), _prune, in_steps=True),
    )
}
