"""Health reviews that need a person: they come into the queue, and are due from then on."""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from workflow.policy.calendar import deadline
from workflow.policy.document import Policy


def ask_for_people(session: Session, policy: Policy, now: datetime, *, limit: int = 200) -> int:
    """Puts up to `limit` health reviews into the queue that no machine can end, and returns how many.

    A step of theirs is dead, or the request to end them is. They are due as a first review opened now would be. Leaves
    reviews that others have locked. Does not commit.
    """
    due_at = deadline(now, business_days=policy.review_business_days, calendar=policy.calendar)
    due_soon_at = max(now, due_at - timedelta(hours=policy.due_soon_hours))
    asked = session.execute(_ASK, {"due_at": due_at, "due_soon_at": due_soon_at, "limit": limit})
    return len(asked.all())


_ASK = text("""
    UPDATE review SET needs_person = true, due_at = :due_at, due_soon_at = :due_soon_at
     WHERE id = ANY(ARRAY(
           SELECT r.id FROM review r
            WHERE r.kind = 'health' AND r.closed_at IS NULL AND NOT r.needs_person
              AND (EXISTS (SELECT FROM review_step s WHERE s.review_id = r.id AND s.status = 'dead')
                   OR (r.app_id, r.opened_version) IN (
                       SELECT q.app_id, q.expected_review FROM transition_request q
                        WHERE q.status = 'dead' AND q.source = 'schedule' AND q.trigger IN ('clear', 'flag')))
            LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED))
    RETURNING id
""")
