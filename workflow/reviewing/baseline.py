"""What the machine saw when the App was found good, with which a look at what is public is compared."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session


def seen_when_approved(session: Session, app_id: UUID, subject: int) -> Mapping[str, Mapping[str, Any]]:
    """Returns what the steps saw, by step, when version `subject` was approved. One query. Locks nothing.

    Of a step that kept nothing then, as in an App that was adopted, it is what the first look since that kept.
    """
    rows = session.execute(_SEEN, {"app_id": app_id, "subject": subject})
    return {row.code: row.seen for row in rows}


_SEEN = text("""
    SELECT DISTINCT ON (t.code) t.code, t.seen
      FROM review r JOIN review_step t ON t.review_id = r.id
     WHERE r.app_id = :app_id AND r.subject = :subject AND r.closed_at IS NOT NULL
       AND (r.opened_version = :subject OR r.kind = 'health') AND t.seen <> '{}' AND t.state <> 'cancelled'
     ORDER BY t.code, r.opened_version
""")
