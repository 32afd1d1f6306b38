"""Dead rows of every kind in one place: listing them with their errors, and replaying one."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workflow.errors import Conflict
from workflow.lifecycle.requests import replay_request
from workflow.work.kinds import LEASED_KINDS, DueKind
from workflow.work.leases import replay_due_row

REQUESTS = "transition_request"
MESSAGES = "rejected_message"
DEAD_KINDS = (REQUESTS, *(kind.value for kind in DueKind))
"""What can be replayed."""
LISTED_KINDS = (*DEAD_KINDS, MESSAGES)


@dataclass(frozen=True, slots=True)
class DeadRow:
    """A row that rests until somebody looks: its kind and id, what it was about, its tries, and why it ended."""

    kind: str
    id: UUID
    at: datetime
    about: str
    attempts: int
    error: str
    body: str | None = None


def dead_rows(session: Session, kind: str, after: UUID | None, limit: int) -> list[DeadRow]:
    """Returns up to `limit` dead rows of a kind, newest first, after `after`. Raises KeyError for another kind."""
    place = "WHERE id < :after" if after else ""
    statement = text(f"SELECT * FROM ({_SELECT[kind]}) dead {place} ORDER BY id DESC LIMIT :limit")
    rows = session.execute(statement, {"limit": limit} | ({"after": after} if after else {}))
    return [DeadRow(kind, row.id, row.at, row.about, row.attempts, row.error, row.body) for row in rows]


def count_dead(session: Session) -> dict[str, int]:
    """Returns how many dead rows there are of each kind, and how many messages could not be taken in. One query."""
    parts = [f"SELECT '{kind}' AS kind, count(*) AS many FROM ({_SELECT[kind]}) dead" for kind in LISTED_KINDS]
    return {row.kind: row.many for row in session.execute(text(" UNION ALL ".join(parts)))}


def replay(session: Session, kind: str, row_id: UUID) -> None:
    """Makes a dead row due again. Does not commit. Raises NotFound, and Conflict for what cannot be replayed."""
    if kind == MESSAGES:
        raise Conflict(
            "dead.not_replayable",
            "A rejected message cannot be replayed: its token is not kept.",
            "Mend what its error names and let its sender send it again.",
        )
    if kind != REQUESTS:
        replay_due_row(session, DueKind(kind), row_id)
        return
    try:
        with session.begin_nested():
            replay_request(session, row_id)
    except IntegrityError as error:
        if "transition_request_scheduled_key" not in str(error):
            raise
        raise Conflict(
            "dead.superseded",
            "The schedule has asked for the same again, and that request is due.",
            "Nothing is to be done: it will be judged.",
        ) from None


def _due_select(kind: DueKind) -> str:
    return f"""
        SELECT id, due_at AS at, attempts, {LEASED_KINDS[kind].about} AS about,
               coalesce(last_error, '') AS error, NULL AS body
          FROM {kind} WHERE status = 'dead'
    """


_SELECT: dict[str, str] = {
    REQUESTS: """
        SELECT r.id, r.finished_at AS at, r.attempts, a.slug || ': ' || r.trigger AS about,
               r.last_error AS error, NULL AS body
          FROM transition_request r JOIN app a ON a.id = r.app_id WHERE r.status = 'dead'
    """,
    MESSAGES: """
        SELECT id, received_at AS at, 0 AS attempts, 'queue ' || queue AS about, error, left(body, 2000) AS body
          FROM rejected_message
    """,
    **{kind.value: _due_select(kind) for kind in DueKind},
}
