"""Telling partners, by mail, that the test settings of a Component end soon."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from workflow.notifications.kinds import NotificationKind
from workflow.work.lanes import LANE_OF_PERSON

REMINDED_BEFORE: Final = timedelta(days=14)
"""How long before their end partners are reminded, or in the last quarter of a shorter life."""


def remind_of_test_settings(session: Session, now: datetime, *, limit: int) -> int:
    """Notifies the people of the companies of up to `limit` test settings that end soon, once. Returns how many end.

    One statement. Does not commit.
    """
    values = {"now": now, "before": REMINDED_BEFORE, "limit": limit, **NotificationKind.TEST_SETTINGS_END.columns()}
    return int(session.scalar(_REMIND, values) or 0)


_REMIND = text(f"""
    WITH ending AS (
        UPDATE component_test_settings SET reminded_at = :now
         WHERE component_id = ANY (ARRAY(
            SELECT component_id FROM component_test_settings
             WHERE reminded_at IS NULL AND ends_at <= CAST(:now AS timestamptz) + :before
               AND ends_at <= CAST(:now AS timestamptz) + (ends_at - given_at) / 4
             ORDER BY ends_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED))
        RETURNING component_id, ends_at
    ), told AS (
        INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at, lane, urgency)
        SELECT uuidv7(), :kind, 'test_settings:' || c.id || ':' || extract(epoch FROM e.ends_at), a.id, a.version, p.id,
               jsonb_build_object('label', c.name, 'component', c.id,
                                  'ends', to_char(e.ends_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')),
               :now, {LANE_OF_PERSON}, :urgency
          FROM ending e
          JOIN component c ON c.id = e.component_id AND c.removed_at IS NULL
          JOIN app a ON a.id = c.app_id AND a.state <> 'removed'
          JOIN person p ON p.organization_id = a.organization_id AND p.removed_at IS NULL
         WHERE e.ends_at > :now
        ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
    )
    SELECT count(*) FROM ending
""").bindparams(bindparam("kind", type_=Text))
