"""Spacing out mails about one App, for what people can cause over and over: messages, submissions, claims, hand-overs.

The first MAX_AT_ONCE mails of a kind about an App reach a person at once. Of the rest of the day one is sent every
SPACING, the newest, which stands for all that came since: its text tells how things are, not what happened.

A company may have any number of Apps. So of all of them together, the first MAX_OF_COMPANY_AT_ONCE mails of a kind
reach a person at once within a day, and the others one by one, SPACING_OF_COMPANY apart. None of these is left out:
each is about another App.
"""

from datetime import timedelta
from typing import Final

from workflow.notifications.kinds import NotificationKind

MAX_AT_ONCE: Final = 10
"""Mails of one kind about one App that a person gets at once within a day."""
SPACING: Final = timedelta(hours=1)
"""How far apart the others are."""
MAX_OF_COMPANY_AT_ONCE: Final = 30
"""Mails of one kind about all Apps of one company that a person gets at once within a day."""
SPACING_OF_COMPANY: Final = timedelta(minutes=10)
"""How far apart the others about a company's Apps are."""

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
        ), of_company AS MATERIALIZED (
            SELECT a.organization_id, n.recipient_id, count(*) AS mails, max(n.due_at) AS latest
              FROM app a JOIN notification n ON n.app_id = a.id AND n.id > (SELECT uuidv7(INTERVAL '-1 day'))
             WHERE a.organization_id IN (SELECT organization_id FROM app WHERE id = ANY(:ids))
               AND n.kind = CAST(:kind AS text) AND n.status <> 'void'
             GROUP BY a.organization_id, n.recipient_id
        ), in_order AS MATERIALIZED (
            SELECT t.cause, t.person_id, c.latest,
                   coalesce(c.mails, 0) - {MAX_OF_COMPANY_AT_ONCE} AS beyond,
                   row_number() OVER (PARTITION BY a.organization_id, t.person_id ORDER BY t.app_id, t.cause) AS place
              FROM told t JOIN app a ON a.id = t.app_id
              LEFT JOIN of_company c ON c.organization_id = a.organization_id AND c.recipient_id = t.person_id
        ), replaced AS (
            UPDATE notification n SET status = 'void'
              FROM recent r JOIN told t ON t.app_id = r.app_id AND t.person_id = r.recipient_id
             WHERE n.id = r.waiting AND n.status = 'due' AND n.leased_until IS NULL
            RETURNING n.app_id, n.recipient_id, n.due_at
        )
        INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, data, due_at, lane, urgency)
        SELECT uuidv7(), CAST(:kind AS text), t.cause, t.app_id, t.app_version, t.person_id, '{{}}',
               coalesce(x.due_at, greatest(
                   CAST(:now AS timestamptz),
                   CASE WHEN r.mails >= {MAX_AT_ONCE} THEN r.latest + {_seconds(SPACING)} END,
                   CASE WHEN o.beyond + o.place > 0
                        THEN greatest(CAST(:now AS timestamptz)
                                      - CASE WHEN o.beyond < 0 THEN INTERVAL '0'
                                             ELSE {_seconds(SPACING_OF_COMPANY)} END, o.latest)
                             + least(o.place, o.beyond + o.place) * {_seconds(SPACING_OF_COMPANY)} END)),
               t.lane, :urgency
          FROM told t
          JOIN in_order o ON o.cause = t.cause AND o.person_id = t.person_id
          LEFT JOIN recent r ON r.app_id = t.app_id AND r.recipient_id = t.person_id
          LEFT JOIN replaced x ON x.app_id = t.app_id AND x.recipient_id = t.person_id
        ON CONFLICT ON CONSTRAINT notification_once_key DO NOTHING
    """


def _seconds(time: timedelta) -> str:
    return f"INTERVAL '{time.total_seconds():.0f} seconds'"
