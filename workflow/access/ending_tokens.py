"""Telling the holders of tokens, by mail, that one ends soon."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from workflow.notifications.kinds import NotificationKind
from workflow.work.lanes import LANE_OF_PERSON

WARNED_BEFORE: Final = (timedelta(days=14), timedelta(days=1))
"""How long before its end a token's holder is told, if the token lives for longer than that."""


def warn_of_ending_tokens(session: Session, now: datetime) -> int:
    """Notifies the holder of each valid token that ends soon, once for each of WARNED_BEFORE. Returns how many.

    Of a service's token the admins are told. One statement each. Does not commit.
    """
    told = 0
    later = timedelta()
    for before in sorted(WARNED_BEFORE):
        kind = NotificationKind.TOKEN_ENDS
        window = {"now": now, "before": before, "later": later, "mark": f"{before.days}d"}
        told += len(session.execute(_WARN, {**window, **kind.columns()}).all())
        later = before
    return told


_WARN = text(f"""
    INSERT INTO notification (id, kind, cause, recipient_id, data, due_at, lane, urgency)
    SELECT uuidv7(), :kind, 'token:' || t.id || ':' || :mark, p.id,
           jsonb_build_object('label', t.label, 'hint', t.hint, 'holder', coalesce(h.name, s.name),
                              'ends', to_char(t.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')),
           :now, {LANE_OF_PERSON}, :urgency
      FROM api_token t
      LEFT JOIN person h ON h.id = t.person_id
      LEFT JOIN service s ON s.id = t.service_id
      JOIN person p ON p.removed_at IS NULL AND (p.id = t.person_id OR (t.person_id IS NULL AND p.role = 'admin'))
     WHERE t.revoked_at IS NULL AND t.expires_at > CAST(:now AS timestamptz) + :later
       AND t.expires_at <= CAST(:now AS timestamptz) + :before AND t.expires_at - t.created_at > :before
       AND t.kind = 'bearer'
    ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
    RETURNING id
""").bindparams(bindparam("kind", type_=Text), bindparam("mark", type_=Text))
