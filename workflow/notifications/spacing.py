"""Spacing out mails about one App, for what people can cause over and over: messages, submissions, claims, hand-overs.

The first MAX_AT_ONCE mails of a kind about an App reach a person at once. Of the rest of the day one is sent every
SPACING, the newest, which stands for all that came since: its text tells how things are, not what happened.
"""

from datetime import timedelta
from typing import Final

from workflow.notifications.kinds import NotificationKind

MAX_AT_ONCE: Final = 10
"""Mails of one kind about one App that a person gets at once within a day."""
SPACING: Final = timedelta(hours=1)
"""How far apart the others are."""

SPACED_TRANSITIONS: Final = frozenset(
    {
        NotificationKind.SUBMISSION_ACKNOWLEDGED,
        NotificationKind.NEW_SUBMISSION,
        NotificationKind.REVISION_ACKNOWLEDGED,
        NotificationKind.NEW_REVISION,
        NotificationKind.UNLISTED,
        NotificationKind.RELISTED,
    }
)
"""Of mails about transitions, those that a partner can cause over and over: a submission can be withdrawn, and an App
unlisted and listed again.

Decisions are not among them: each has reasons of its own."""


def insert_spaced(told: str, ctes: str = "") -> str:
    """Returns the statement that notifies the people of the query `told`, and spaces their mails out.

    `told` has the columns app_id, app_version, person_id, lane and cause; `ctes` is what it needs before it. The
    statement has the parameters :kind, :urgency and :now, and those of `told`, of which :ids has the Apps. A mail that
    waits for its turn is voided, and the newer one is sent in its place.
    """
    before = f"{ctes}, " if ctes else "WITH "
    return f"""
        {before}told AS MATERIALIZED ({told}), recent AS MATERIALIZED (
            SELECT n.app_id, n.recipient_id, count(*) AS mails, max(n.due_at) AS latest,
                   (array_agg(n.id) FILTER (WHERE n.status = 'due' AND n.due_at > :now
                                                  AND n.attempts = 0))[1] AS waiting
              FROM notification n
             WHERE n.app_id = ANY(:ids) AND n.id > (SELECT uuidv7(INTERVAL '-1 day'))
               AND n.kind = CAST(:kind AS text) AND n.status <> 'void'
             GROUP BY n.app_id, n.recipient_id
        ), replaced AS (
            UPDATE notification n SET status = 'void'
              FROM recent r JOIN told t ON t.app_id = r.app_id AND t.person_id = r.recipient_id
             WHERE n.id = r.waiting AND n.status = 'due' AND n.leased_until IS NULL
            RETURNING n.app_id, n.recipient_id, n.due_at
        )
        INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at, lane, urgency)
        SELECT uuidv7(), CAST(:kind AS text), t.cause, t.app_id, t.app_version, t.person_id, '{{}}',
               coalesce(x.due_at, CASE WHEN r.mails >= {MAX_AT_ONCE}
                                       THEN greatest(:now, r.latest + INTERVAL '{SPACING.total_seconds():.0f} seconds')
                                       ELSE :now END),
               t.lane, :urgency
          FROM told t
          LEFT JOIN recent r ON r.app_id = t.app_id AND r.recipient_id = t.person_id
          LEFT JOIN replaced x ON x.app_id = t.app_id AND x.recipient_id = t.person_id
        ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
    """
