"""Appeals that nobody may take: everybody who may review is away, or had a part in what is appealed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from workflow.identity.staff import may_review
from workflow.notifications.notify import notify_of_stranded
from workflow.reviewing.desk import may_take

_NOBODY = f"NOT EXISTS (SELECT FROM person p WHERE {may_review('p', 'now()')} AND {may_take('r', 'a', 'p.id')})"

_IS_STRANDED = text(f"""
    SELECT EXISTS (SELECT FROM review r JOIN app a ON a.id = r.app_id
                    WHERE r.id = :id AND r.claimed_by IS NULL AND r.closed_at IS NULL AND {_NOBODY})
""")

_STRANDED = text(f"""
    SELECT r.id FROM review r JOIN app a ON a.id = r.app_id
     WHERE r.kind = 'appeal' AND r.closed_at IS NULL AND r.needs_person AND r.claimed_by IS NULL
       AND r.stranded_at IS NULL AND {_NOBODY}
     ORDER BY r.due_at, r.id LIMIT :limit FOR NO KEY UPDATE OF r SKIP LOCKED
""")


def is_stranded(session: Session, review_id: UUID) -> bool:
    """Returns whether nobody holds the open review and nobody who may take it is here. One query."""
    return bool(session.scalar(_IS_STRANDED, {"id": review_id}))


def tell_of_stranded(session: Session, now: datetime, *, limit: int = 1000) -> int:
    """Tells the admins of appeals that nobody may take, once of each. Returns how many it told of. Does not commit."""
    found = session.scalars(_STRANDED, {"limit": limit}).all()
    return notify_of_stranded(session, found, now)
