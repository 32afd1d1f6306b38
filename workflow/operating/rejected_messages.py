"""Messages that could not be accepted: keeping the newest for a while, and acknowledging what was looked at."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import CursorResult, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import RejectedMessage
from workflow.errors import NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action

MAX_KEPT: Final = 1_000
"""The number of rejected messages that are kept. Of more, the oldest are dropped: anybody may send any number."""
REJECTED_KEPT: Final = timedelta(days=30)
"""How long a rejected message is kept that nobody acknowledges."""
MAX_ACKNOWLEDGED: Final = 1_000
"""The number of messages that one call acknowledges."""
_MAX_DROPPED = 2_000


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose a message is, by its token, and the idempotency key that it names."""

    principal_id: UUID
    idempotency_key: str | None


def keep_rejected(
    session: Session, *, queue: str, message: bytes, body: str, error: str, sender: Sender | None = None
) -> int:
    """Stores a rejected message, once however often it is delivered, and drops the oldest beyond MAX_KEPT.

    `message` is what was delivered; `body` is what is kept of it. `sender` is None for a message of nobody known.
    Returns how many were dropped. Does not commit.
    """
    row: dict[str, object] = {"queue": queue, "digest": hashlib.sha256(message).digest(), "body": body, "error": error}
    if sender is not None:
        row |= {"principal_id": sender.principal_id, "idempotency_key": sender.idempotency_key}
    new = insert(RejectedMessage).values(row).on_conflict_do_nothing(index_elements=["digest"])
    if not cast("CursorResult[Any]", session.execute(new)).rowcount:
        return 0
    return drop_oldest(session)


def drop_oldest(session: Session) -> int:
    """Drops the oldest messages beyond MAX_KEPT. Returns how many, 2,000 at most. Does not commit."""
    return cast("CursorResult[Any]", session.execute(_DROP, {"kept": MAX_KEPT, "limit": _MAX_DROPPED})).rowcount


def acknowledge(session: Session, message_id: UUID, actor: Actor) -> None:
    """Deletes a rejected message that somebody has looked at, and logs that. Does not commit. Raises NotFound."""
    row = session.execute(_ACKNOWLEDGE, {"id": message_id}).one_or_none()
    if row is None:
        detail = f"No rejected message has the id {message_id}."
        raise NotFound(
            "dead.not_found", detail, "List the rejected messages: it may be acknowledged or dropped already."
        )
    log_action(session, actor, "dead.acknowledge", message_id, queue=row.queue, digest=bytes(row.digest).hex())


def acknowledge_matching(session: Session, actor: Actor, *, error: str | None = None) -> int:
    """Deletes up to MAX_ACKNOWLEDGED rejected messages, the oldest first: all, or those with `error` in their error.

    Returns how many, and logs that. Does not commit.
    """
    some = cast("CursorResult[Any]", session.execute(_ACKNOWLEDGE_SOME, {"error": error, "limit": MAX_ACKNOWLEDGED}))
    log_action(session, actor, "dead.acknowledge_matching", RejectedMessage.__tablename__, acknowledged=some.rowcount)
    return some.rowcount


_DROP = text("""
    DELETE FROM rejected_message WHERE id = ANY(ARRAY(
        SELECT id FROM (SELECT id, received_at FROM rejected_message
                         ORDER BY received_at DESC, id DESC OFFSET :kept) beyond
         ORDER BY received_at, id LIMIT :limit))
""")
_ACKNOWLEDGE = text("DELETE FROM rejected_message WHERE id = :id RETURNING queue, digest")
_ACKNOWLEDGE_SOME = text("""
    DELETE FROM rejected_message WHERE id = ANY(ARRAY(
        SELECT id FROM rejected_message
         WHERE CAST(:error AS text) IS NULL OR strpos(lower(error), lower(:error)) > 0
         ORDER BY received_at, id LIMIT :limit FOR UPDATE SKIP LOCKED))
""")
