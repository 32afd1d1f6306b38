"""The clocks of open reviews: those that are due are marked, and idle claims lapse.

A review whose holder does nothing on it, or cannot, goes back to the queue.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from models import AuditEntry
from workflow.identity.actors import SCHEDULE
from workflow.identity.staff import WITH_TEAM, holder_or_team, may_review
from workflow.notifications.kinds import NotificationKind
from workflow.notifications.notify import Recipient, Unheld, notify_of_apps, notify_team_of_unheld
from workflow.policy.calendar import deadline
from workflow.policy.document import Policy
from workflow.sql.arrays import app_ids
from workflow.work.lanes import LANE_OF_PERSON

_HELD = text(f"""
    SELECT r.app_id, greatest(r.claimed_at, r.last_act_at) AS idle_since,
           {may_review("p")} AS stays
      FROM review r JOIN person p ON p.id = r.claimed_by
     WHERE r.closed_at IS NULL
     ORDER BY stays, idle_since LIMIT :limit
""")

_LOCK = app_ids("SELECT id FROM app WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED")

_LAPSE = app_ids(f"""
    WITH held AS (
        SELECT r.id, r.app_id, r.claimed_by, greatest(r.claimed_at, r.last_act_at) AS idle_since,
               {may_review("p")} AS stays
          FROM review r JOIN person p ON p.id = r.claimed_by
         WHERE r.app_id = ANY(:ids) AND r.closed_at IS NULL
           AND (greatest(r.claimed_at, r.last_act_at) <= :idle_since OR NOT {may_review("p")})
           FOR UPDATE OF r)
    UPDATE review r SET claimed_by = NULL, claimed_at = NULL, last_act_at = NULL
      FROM held WHERE r.id = held.id
    RETURNING r.id, r.app_id, held.claimed_by, held.idle_since, held.stays
""")


def mark_reviews(session: Session, now: datetime, *, limit: int = 10_000) -> int:
    """Marks up to `limit` open reviews that are due soon or overdue, and notifies the holder or else the team.

    Returns how many it marked. Leaves reviews that others have locked. Writes the marks and their notifications in one
    statement, so a reviewer is notified once of each. Does not commit.
    """
    marked = 0
    for kind, due, mark in (
        (NotificationKind.REVIEW_DUE_SOON, "due_soon_at", "due_soon_marked_at"),
        (NotificationKind.REVIEW_OVERDUE, "due_at", "overdue_marked_at"),
    ):
        marked += len(
            session.execute(
                text(f"""
                    {WITH_TEAM}, marked AS (
                        UPDATE review SET {mark} = :now
                         WHERE id = ANY(ARRAY(SELECT id FROM review
                                               WHERE closed_at IS NULL AND needs_person AND {mark} IS NULL
                                                 AND {due} <= :now
                                               ORDER BY {due} LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED))
                        RETURNING id, app_id, claimed_by
                    ), told AS (
                        INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at,
                                                  lane, urgency)
                        SELECT uuidv7(), :kind, 'review:' || m.id || ':' || :kind, m.app_id, a.version, p.id,
                               '{{}}', :now, {LANE_OF_PERSON}, :urgency
                          FROM marked m JOIN app a ON a.id = m.app_id
                          JOIN LATERAL ({holder_or_team("m.claimed_by")}) p ON true
                        ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
                    )
                    SELECT id FROM marked
                """).bindparams(bindparam("kind", type_=Text)),
                {"now": now, "limit": limit - marked, **kind.columns()},
            ).all()
        )
    return marked


def lapse_idle_claims(session: Session, policy: Policy, now: datetime, *, limit: int = 1000) -> int:
    """Releases the reviews whose holders have been idle for the policy's time, may no longer review or are away.

    Returns how many. A holder is idle since the claim or their last act on the review, whichever is later, and is
    notified; so is the team, for whom the review waits now. Locks the reviews' Apps; those that are locked by others
    are left for the next run. Looks at no more than `limit` reviews. Does not commit.
    """
    held = session.execute(_HELD, {"limit": limit, "now": now}).all()
    idle = [row for row in held if not row.stays or _lapses_at(row.idle_since, policy) <= now]
    if not idle:
        return 0
    locked = session.scalars(_LOCK, {"ids": [row.app_id for row in idle]}).all()
    # A later start never has an earlier deadline, so every holder who last acted no later than `latest` is idle too.
    latest = max((row.idle_since for row in idle if row.stays), default=datetime.fromtimestamp(0, tz=now.tzinfo))
    lapsed = session.execute(_LAPSE, {"ids": list(locked), "idle_since": latest, "now": now}).all()
    idled = [Recipient(row.app_id, row.claimed_by, _cause(row)) for row in lapsed if row.stays]
    notify_of_apps(session, NotificationKind.CLAIM_LAPSED, idled, now)
    unheld = [Unheld(row.app_id, row.claimed_by, f"{_cause(row)}:team") for row in lapsed]
    notify_team_of_unheld(session, unheld, now)
    session.add_all(
        AuditEntry(
            actor_id=SCHEDULE.id,
            actor_role=SCHEDULE.role.value,
            action="review.lapse",
            target=str(row.id),
            detail={"held_by": str(row.claimed_by)},
        )
        for row in lapsed
    )
    return len(lapsed)


def _cause(row: Any) -> str:
    return f"review:{row.id}:lapsed:{row.idle_since}"


def _lapses_at(idle_since: datetime, policy: Policy) -> datetime:
    return deadline(idle_since, business_days=policy.idle_claim_business_days, calendar=policy.calendar)
