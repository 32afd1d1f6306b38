"""Publications on a day that an approval named: planning, moving and ending them. Until then the old version is shown.

The decision holds from the approval on, and the log's pointer is at what it approved: a plan only puts off what is
shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from models import App, PlannedPublication
from models.lifecycle import LISTED_STATES
from workflow.apps import lock_app
from workflow.catalog.listing import Listed, list_in_catalog
from workflow.errors import Invalid, NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.notifications.kinds import Audience, NotificationKind
from workflow.notifications.notify import AppAtVersion, notify_of_transitions
from workflow.sql.arrays import Integers, Texts, Uuids, app_ids, statement
from workflow.work.bells import Bell, ring_after_commit

MAX_AHEAD = timedelta(days=90)
"""How far in the future a publication may be planned."""


@dataclass(frozen=True, slots=True)
class Plan:
    """An approval that names the day of its publication, and the row of the log before it.

    `shown` is what everybody sees until then, None for nothing.
    """

    app_id: UUID
    version: int
    published: int
    publish_at: datetime
    planned_by: UUID
    before_version: int
    before_state: str
    before_open_kind: str
    before_open_review: int
    shown: int | None


def plan_publications(session: Session, approved: Sequence[UUID], plans: Sequence[Plan], now: datetime) -> None:
    """Ends the plans of the Apps that were `approved`, and stores the new ones. One statement. Does not commit.

    Where a new plan takes the place of another, what was shown until then is shown further.
    """
    values = {
        "approved": list(approved),
        "ids": [plan.app_id for plan in plans],
        "versions": [plan.version for plan in plans],
        "published": [plan.published for plan in plans],
        "moments": [plan.publish_at.isoformat() for plan in plans],
        "people": [plan.planned_by for plan in plans],
        "shown": [plan.shown for plan in plans],
        "before_versions": [plan.before_version if plan.shown else None for plan in plans],
        "before_states": [plan.before_state if plan.shown else None for plan in plans],
        "before_open_kinds": [plan.before_open_kind if plan.shown else None for plan in plans],
        "before_open_reviews": [plan.before_open_review if plan.shown else None for plan in plans],
        "now": now,
    }
    session.execute(_PLAN, values)


def cancel_plans(session: Session, ids: Sequence[UUID], now: datetime) -> None:
    """Ends the plans of Apps that were removed. One statement. Does not commit."""
    session.execute(_CANCEL, {"ids": list(ids), "now": now})


def publish_planned(session: Session, now: datetime, *, limit: int) -> int:
    """Publishes up to `limit` versions whose day has come by `now`, and returns how many. Does not commit.

    Locks their Apps. An App that is not in a listed state by then is listed nowhere: if it is reinstated or relisted
    later, it shows what was planned.
    """
    due = session.scalars(_DUE, {"now": now, "limit": limit}).all()
    if due:
        session.execute(_LOCK, {"ids": due})
        _end(session, session.execute(_PUBLISH_DUE, {"ids": due, "now": now}).all())
    return len(due)


def planned_publication(session: Session, app: App) -> PlannedPublication | None:
    """Returns the App's open plan, None if it has none. Locks nothing."""
    wanted = (PlannedPublication.app_id == app.id, PlannedPublication.ended_at.is_(None))
    return session.scalar(select(PlannedPublication).where(*wanted).execution_options(populate_existing=True))


def move_publication(
    session: Session, slug: str, actor: Actor, publish_at: datetime, now: datetime
) -> PlannedPublication:
    """Moves the day of the App's planned publication, and returns the plan. Locks the App. Does not commit.

    Raises NotFound (no such App, or nothing planned) and Invalid for a day that is over or too far ahead.
    """
    plan = _lock_plan(session, slug, actor)
    problem = problem_with_day(publish_at, now)
    if problem is not None:
        raise problem
    plan.publish_at = publish_at
    session.flush()
    log_action(session, actor, "publication.move", slug, publish_at=publish_at.isoformat())
    return plan


def cancel_publication(session: Session, slug: str, actor: Actor) -> None:
    """Ends the App's plan, so that what was approved is published at once. Locks the App. Does not commit.

    Raises NotFound (no such App, or nothing planned).
    """
    plan = _lock_plan(session, slug, actor)
    _end(session, session.execute(_PUBLISH_NOW, {"ids": [plan.app_id]}).all())
    ring_after_commit(session, Bell.NOTIFICATIONS)
    log_action(session, actor, "publication.cancel_plan", slug)


def problem_with_day(publish_at: datetime, now: datetime) -> Invalid | None:
    """Returns the error for a day that is over, or too far ahead; None for one that can be planned. Pure."""
    latest = now + MAX_AHEAD
    if now < publish_at <= latest:
        return None
    return Invalid(
        "publish_at.out_of_bounds",
        f"publish_at is {publish_at.isoformat()}; a publication is planned at most {MAX_AHEAD.days} days ahead.",
        f"Give a time that is yet to come and no later than {latest:%Y-%m-%d}, or leave it out to publish at once.",
    )


def _lock_plan(session: Session, slug: str, actor: Actor) -> PlannedPublication:
    plan = planned_publication(session, lock_app(session, slug, actor))
    if plan is None:
        detail = f"No publication of {slug} is planned."
        raise NotFound("publication.not_planned", detail, "Read the App's status: it says what is published.")
    return plan


def _end(session: Session, ended: Sequence[Row[Any]]) -> None:
    shown = [row for row in ended if row.state in LISTED_STATES]
    if not shown:
        return
    now = shown[0].ended_at
    list_in_catalog(session, [Listed(row.app_id, row.state, row.published) for row in shown], now)
    told = [AppAtVersion(row.app_id, row.version, row.organization_id) for row in shown]
    notify_of_transitions(session, NotificationKind.PUBLISHED_AS_PLANNED, Audience.PARTNER, told, now)


_PLAN = statement(
    """
    WITH superseded AS (
        UPDATE planned_publication SET outcome = 'superseded', ended_at = :now
         WHERE app_id = ANY(:approved) AND ended_at IS NULL
        RETURNING app_id, shown, before_version, before_state, before_open_kind, before_open_review
    )
    INSERT INTO planned_publication (app_id, version, published, publish_at, planned_by, planned_at, shown,
                                     before_version, before_state, before_open_kind, before_open_review)
    SELECT p.app_id, p.version, p.published, p.publish_at::timestamptz, p.planned_by, :now,
           CASE WHEN old.app_id IS NULL THEN p.shown ELSE old.shown END,
           CASE WHEN old.app_id IS NULL THEN p.before_version ELSE old.before_version END,
           CASE WHEN old.app_id IS NULL THEN p.before_state ELSE old.before_state END,
           CASE WHEN old.app_id IS NULL THEN p.before_open_kind ELSE old.before_open_kind END,
           CASE WHEN old.app_id IS NULL THEN p.before_open_review ELSE old.before_open_review END
      FROM unnest(:ids, :versions, :published, :moments, :people, :shown, :before_versions, :before_states,
                  :before_open_kinds, :before_open_reviews)
        AS p (app_id, version, published, publish_at, planned_by, shown, before_version, before_state,
              before_open_kind, before_open_review)
      LEFT JOIN superseded old ON old.app_id = p.app_id AND p.shown IS NOT NULL
    """,
    approved=Uuids(),
    ids=Uuids(),
    versions=Integers(),
    published=Integers(),
    moments=Texts(),
    people=Uuids(),
    shown=Integers(),
    before_versions=Integers(),
    before_states=Texts(),
    before_open_kinds=Texts(),
    before_open_reviews=Integers(),
)

_CANCEL = app_ids("""
    UPDATE planned_publication SET outcome = 'cancelled', ended_at = :now
     WHERE app_id = ANY(:ids) AND ended_at IS NULL
""")

_DUE = text("""
    SELECT app_id FROM planned_publication WHERE ended_at IS NULL AND publish_at <= :now
     ORDER BY publish_at, app_id LIMIT :limit
""")
_LOCK = app_ids("SELECT id FROM app WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE")

_END_PLANS = """
    UPDATE planned_publication p SET outcome = 'published', ended_at = clock_timestamp()
      FROM app a
     WHERE a.id = p.app_id AND p.app_id = ANY(:ids) AND p.ended_at IS NULL
"""
_ENDED = "RETURNING p.app_id, p.version, a.published, a.state, a.organization_id, p.ended_at"
_PUBLISH_DUE = app_ids(f"{_END_PLANS} AND p.publish_at <= :now {_ENDED}")
_PUBLISH_NOW = app_ids(f"{_END_PLANS} {_ENDED}")
"""The time is the database's own at this moment: a change of what is public must not be dated before its transaction,
or those who list changes would miss it."""
