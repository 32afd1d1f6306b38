"""Dead rows of every kind in one place: listing them with their errors, and replaying one."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from workflow.due import DueKind, replay_due_row
from workflow.requests import replay_request

REQUESTS = "transition_request"
DEAD_KINDS = (REQUESTS, *(kind.value for kind in DueKind))
LISTED = 200
"""Rows listed of each kind, at most."""


def list_dead(session: Session) -> dict[str, Any]:
    """Gives the dead rows by kind (`id`, `attempts`, `error`), oldest first, and the rejected messages."""
    rows = {
        kind: [
            {"id": str(row.id), "attempts": row.attempts, "error": row.last_error}
            for row in session.execute(
                text(f"SELECT id, attempts, last_error FROM {kind} WHERE status = 'dead' ORDER BY id LIMIT {LISTED}")
            )
        ]
        for kind in DEAD_KINDS
    }
    messages = session.execute(
        text(f"SELECT id, queue, error, body, received_at FROM rejected_message ORDER BY id LIMIT {LISTED}")
    )
    rejected = [
        {
            "id": str(row.id),
            "queue": row.queue,
            "error": row.error,
            "body": row.body,
            "received_at": row.received_at.isoformat(),
        }
        for row in messages
    ]
    return {"dead": rows, "rejected_messages": rejected}


def replay(session: Session, kind: str, row_id: UUID) -> None:
    """Makes a dead row due again. Raises NotFound. Does not commit."""
    if kind == REQUESTS:
        replay_request(session, row_id)
    else:
        replay_due_row(session, DueKind(kind), row_id)
