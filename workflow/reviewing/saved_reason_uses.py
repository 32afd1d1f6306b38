"""Where saved reasons are used: in which decisions of the latest weeks. Set-based, over a bounded range."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

MAX_LATEST = 5
"""The latest uses of each saved reason that are named."""


@dataclass(frozen=True, slots=True)
class SavedReasonUses:
    """How many decisions of the period gave a saved reason, and the latest of them, newest first."""

    code: str
    uses: int
    latest: Sequence[Mapping[str, Any]]


_USES = text("""
    WITH used AS (
        SELECT DISTINCT reason ->> 'code' AS code, r.id, r.app_id, r.closed_at
          FROM review r
         CROSS JOIN LATERAL (SELECT t.version FROM transition t
                              WHERE t.app_id = r.app_id AND t.version > r.opened_version
                                AND t.open_review <> r.opened_version
                              ORDER BY t.version LIMIT 1) ended
          JOIN transition_reason z ON z.app_id = r.app_id AND z.version = ended.version
         CROSS JOIN LATERAL jsonb_array_elements(z.reasons) AS given (reason)
         WHERE r.closed_at >= :since AND reason ->> 'saved_version' IS NOT NULL),
    ranked AS (
        SELECT *, row_number() OVER (PARTITION BY code ORDER BY closed_at DESC, id DESC) AS place,
               count(*) OVER (PARTITION BY code) AS uses
          FROM used)
    SELECT k.code, max(k.uses) AS uses,
           jsonb_agg(jsonb_build_object('review_id', k.id, 'app', a.slug, 'app_name', a.name, 'at', k.closed_at)
                     ORDER BY k.place) AS latest
      FROM ranked k JOIN app a ON a.id = k.app_id
     WHERE k.place <= :latest
     GROUP BY k.code ORDER BY uses DESC, k.code
""")


def uses_of_saved_reasons(session: Session, now: datetime, *, weeks: int) -> list[SavedReasonUses]:
    """Returns the saved reasons that decisions of the last `weeks` weeks gave, the most used first. One query."""
    wanted = {"since": now - timedelta(weeks=weeks), "latest": MAX_LATEST}
    return [SavedReasonUses(row.code, row.uses, row.latest) for row in session.execute(_USES, wanted)]
