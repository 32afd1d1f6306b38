"""Making rows dead, and keeping messages as rejected."""

from uuid import UUID

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.base import new_id
from workflow.operating.rejected_messages import keep_rejected


def dead_row(engine: Engine, lane: str, error: str) -> UUID:
    """Makes a dead mail of the lane, and returns its id."""
    statement = text("""
        INSERT INTO notification (id, kind, cause, recipient_email, due_at, lane, status, attempts, last_error)
        VALUES (:id, 'welcome', gen_random_uuid(), 'pat@acme.example', now(), :lane, 'dead', 6, :error)
    """)
    row_id = new_id()
    with engine.begin() as connection:
        connection.execute(statement, {"id": row_id, "lane": lane, "error": error})
    return row_id


def dead_message(engine: Engine, error: str) -> None:
    """Keeps a rejected message with this error, once."""
    with Session(engine) as session, session.begin():
        keep_rejected(session, queue="requests", message=error.encode(), body='{"app": "acme"}', error=error)
