"""Appeals that nobody may take: everybody who may review is away, or had a part in what is appealed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from workflow.identity.staff import TOLD_AGAIN_AFTER, may_review
from workflow.notifications.kinds import NotificationKind
from workflow.reviewing.desk import may_take
from workflow.work.lanes import LANE_OF_PERSON

_NOBODY = f"NOT EXISTS (SELECT FROM person p WHERE {may_review('p', 'now()')} AND {may_take('r', 'a', 'p.id')})"

_IS_STRANDED = text(f"""
    SELECT EXISTS (SELECT FROM review r JOIN app a ON a.id = r.app_id
                    WHERE r.id = :id AND r.claimed_by IS NULL AND r.closed_at IS NULL AND {_NOBODY})
""")

_TELL_OF_STRANDED = text(f"""
    WITH marked AS (
        UPDATE review SET stranded_at = :now
         WHERE id = ANY(ARRAY(SELECT r.id FROM review r JOIN app a ON a.id = r.app_id
                               WHERE r.kind = 'appeal' AND r.closed_at IS NULL AND r.needs_person
                                 AND r.claimed_by IS NULL AND (r.stranded_at IS NULL OR r.stranded_at <= :before)
                                 AND {_NOBODY}
                               ORDER BY r.due_at, r.id LIMIT :limit FOR NO KEY UPDATE OF r SKIP LOCKED))
        RETURNING id, app_id, stranded_at
    ), told AS (
        INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at, lane, urgency)
        SELECT uuidv7(), :kind, 'stranded-' || m.id || '-' || CAST(extract(epoch FROM m.stranded_at) AS bigint),
               m.app_id, a.version, p.id, '{{}}', :now,
               {LANE_OF_PERSON}, :urgency
          FROM marked m JOIN app a ON a.id = m.app_id JOIN person p ON p.role = 'admin' AND p.removed_at IS NULL
        ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
    )
    SELECT count(*) FROM marked
""").bindparams(bindparam("kind", type_=Text))


def is_stranded(session: Session, review_id: UUID) -> bool:
    """Returns whether nobody holds the open review and nobody who may take it is here. One query."""
    return bool(session.scalar(_IS_STRANDED, {"id": review_id}))


def tell_of_stranded(session: Session, now: datetime, *, limit: int = 1000) -> int:
    """Tells the admins of appeals that nobody may take, and again after TOLD_AGAIN_AFTER. Returns how many it told of.

    An appeal that is stranded anew is told of anew, but not sooner. Leaves reviews that others have locked. One
    statement. Does not commit.
    """
    wanted = {
        **NotificationKind.APPEAL_STRANDED.columns(),
        "now": now,
        "before": now - TOLD_AGAIN_AFTER,
        "limit": limit,
    }
    return int(session.scalar(_TELL_OF_STRANDED, wanted) or 0)
