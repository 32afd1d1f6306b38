"""Checking a draft: the same machine steps as in a review, asked for by the partner. No review counts their results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from models import App, ChecklistItem, DraftCheck
from models.due import NO_LANE, DueStatus
from models.lifecycle import StepState, StepTrigger
from models.steps import MACHINE_STEPS, STEPS, StepDefinition, step_title
from workflow.apps import lock_editable_app
from workflow.building.checklist import evidence_of
from workflow.catalog.snapshots import current_snapshot
from workflow.errors import Conflict
from workflow.findings import Finding, where_to_fix
from workflow.identity.actors import SCHEDULE, Actor
from workflow.identity.audit_log import log_action
from workflow.machines import judge_step
from workflow.policy.document import Policy
from workflow.reviewing.reports import stored_findings, stored_seen
from workflow.reviewing.standing import Standing, findings_of_last_round, found_in, standing_of
from workflow.work.bells import Bell, ring_after_commit
from workflow.work.leases import Lease

MAX_RUNS_A_DAY = 20
"""How often an App may be checked within a day. Each run fetches each of its pages."""
MAX_WAIT = timedelta(minutes=3)
"""After this time a run that has not ended no longer prevents the next one."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DraftStep:
    """A step's look at the draft: its state, its findings, what it looked at, and the API path at which to fix it.

    If there was a look or a round before, each finding has its `standing`.
    """

    code: str
    title: str
    state: str
    findings: tuple[Mapping[str, Any], ...]
    evidence: Mapping[str, Any]
    finished_at: datetime | None
    where: str


@dataclass(frozen=True, slots=True)
class DraftRun:
    """An App's latest check of its draft; run 0, without steps, if there was none. `under_way`: a step is due still.

    `earlier` are findings that this check does not have: of the one before or, if there was none, of the last review.
    """

    run: int
    requested_at: datetime | None
    under_way: bool
    steps: tuple[DraftStep, ...]
    earlier: tuple[Mapping[str, Any], ...] = ()


def check_draft(session: Session, slug: str, actor: Actor, now: datetime, policy: Policy) -> DraftRun:
    """Makes the policy's machine steps due for whatever evidence the App has, and returns the run.

    Locks the App. Does not commit. Raises NotFound, and Conflict: app.frozen, check.under_way, check.too_many, or
    check.nothing if there is no evidence that a machine could check.
    """
    app = lock_editable_app(session, slug, actor)
    given = evidence_of(session, app.id)
    components = current_snapshot(session, app.id)["components"]
    wanted = [STEPS[code] for code in policy.review_steps if code in MACHINE_STEPS and STEPS[code].on_drafts]
    steps = [step for step in wanted if (step.needs.value in given if step.needs else components)]
    if not steps:
        detail = "No evidence is given yet that the service could check."
        raise Conflict("check.nothing", detail, "Give the evidence on the launch checklist first.")
    _bound_runs(session, app, now)
    ended = (DraftCheck.app_id == app.id, DraftCheck.status == DueStatus.DUE.value)
    session.execute(update(DraftCheck).where(*ended).values(status=DueStatus.VOID.value, leased_until=None))
    run = 1 + (session.scalar(select(func.max(DraftCheck.run)).where(DraftCheck.app_id == app.id)) or 0)
    session.execute(
        delete(DraftCheck).where(DraftCheck.app_id == app.id, DraftCheck.requested_at <= now - _DAY),
        execution_options={"synchronize_session": False},
    )
    session.add_all(_check(app, run, step, given, components, actor, now) for step in steps)
    session.flush()
    log_action(session, actor, "app.check", slug, run=run, steps=sorted(step.code for step in steps))
    ring_after_commit(session, Bell.DRAFTS)
    return latest_run(session, app.id, slug)


def latest_run(session: Session, app_id: UUID, slug: str) -> DraftRun:
    """Returns the App's latest run. Two queries. Locks nothing."""
    newest = select(func.max(DraftCheck.run)).where(DraftCheck.app_id == app_id).scalar_subquery()
    wanted = select(DraftCheck).where(DraftCheck.app_id == app_id, DraftCheck.run >= newest - 1)
    both = session.scalars(wanted.order_by(DraftCheck.code).execution_options(populate_existing=True)).all()
    if not both:
        return DraftRun(0, None, under_way=False, steps=())
    run = max(row.run for row in both)
    rows = [row for row in both if row.run == run]
    standing = _standing(session, app_id, rows, [row for row in both if row.run < run])
    return DraftRun(
        run,
        rows[0].requested_at,
        under_way=any(row.status == DueStatus.DUE for row in rows),
        steps=tuple(
            DraftStep(
                row.code,
                step_title(row.code),
                row.state,
                standing.of_steps[row.code],
                row.evidence,
                row.finished_at,
                where_to_fix(row.code, slug),
            )
            for row in rows
        ),
        earlier=standing.earlier,
    )


def _standing(session: Session, app_id: UUID, rows: Sequence[DraftCheck], before: Sequence[DraftCheck]) -> Standing:
    """Returns what became of the findings of each step's last look: at the draft or, if there was none, in a review."""
    codes = {row.code for row in rows}
    last = {one.step: one for one in findings_of_last_round(session, app_id) if one.step in codes}
    last |= {row.code: found_in(row.code, row.state, row.findings) for row in before if row.finished_at}
    return standing_of(list(last.values()), [found_in(row.code, row.state, row.findings) for row in rows])


def record_draft_check(
    session: Session, lease: Lease, trigger: StepTrigger, findings: Sequence[Finding], now: datetime
) -> bool:
    """Records the outcome of a look at a draft, by its lease. Does not commit.

    Returns False and records nothing if a newer run has begun, or the row was leased again.
    """
    state = judge_step(trigger, StepState.PENDING, SCHEDULE.role).target
    values = {"id": lease.id, "until": lease.until, "state": state, "findings": stored_findings(findings), "now": now}
    return session.scalar(_RECORD, values) is not None


def continue_draft_check(
    session: Session, lease: Lease, seen: Mapping[str, Any], after: timedelta = timedelta()
) -> bool:
    """Records how far a look at a draft has come, and makes it due again `after` a pause. Does not commit.

    What it has done counts as no attempt. Returns False and records nothing if a newer run has begun, or the row was
    leased again.
    """
    values = {"id": lease.id, "until": lease.until, "seen": stored_seen(seen), "seconds": after.total_seconds()}
    return session.scalar(_CONTINUE, values) is not None


_RECORD = text("""
    UPDATE draft_check SET state = :state, status = 'done', findings = CAST(:findings AS jsonb), finished_at = :now,
           seen = '{}', leased_until = NULL
     WHERE id = :id AND status = 'due' AND leased_until = :until RETURNING id
""")
_CONTINUE = text("""
    UPDATE draft_check SET seen = CAST(:seen AS jsonb), attempts = 0, leased_until = NULL,
           due_at = clock_timestamp() + :seconds * interval '1 second'
     WHERE id = :id AND status = 'due' AND leased_until = :until RETURNING id
""")


def _bound_runs(session: Session, app: App, now: datetime) -> None:
    """Raises Conflict if a run is under way, or there were as many as there may be within a day."""
    today = session.execute(
        select(func.count(func.distinct(DraftCheck.run)), func.min(DraftCheck.requested_at)).where(
            DraftCheck.app_id == app.id, DraftCheck.requested_at > now - _DAY
        )
    ).one()
    due = (DraftCheck.status == DueStatus.DUE.value, DraftCheck.requested_at > now - MAX_WAIT)
    if session.scalar(select(DraftCheck.id).where(DraftCheck.app_id == app.id, *due).limit(1)) is not None:
        detail = "The App is being checked right now."
        raise Conflict("check.under_way", detail, f"See GET /v1/apps/{app.slug}/checks, and check again after that.")
    if today[0] >= MAX_RUNS_A_DAY:
        detail = f"The App was checked {MAX_RUNS_A_DAY} times within a day, as often as it may be."
        raise Conflict("check.too_many", detail, f"Wait until {today[1] + _DAY:%Y-%m-%d %H:%M} UTC, or submit it.")


def _check(
    app: App,
    run: int,
    step: StepDefinition,
    given: Mapping[str, ChecklistItem],
    components: Sequence[dict[str, Any]],
    actor: Actor,
    now: datetime,
) -> DraftCheck:
    item = given[step.needs.value] if step.needs else None
    return DraftCheck(
        app_id=app.id,
        run=run,
        code=step.code,
        app_name=app.name,
        evidence=item.evidence if item else {},
        components=list(components) if step.reads_components else [],
        requested_by=actor.id,
        requested_at=now,
        due_at=now,
        lane=item.lane if item else NO_LANE,
    )
