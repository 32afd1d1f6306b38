"""Delivering due notifications: reading a letter's content, and recording its delivery."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from workflow.notifications.kinds import NEWS, OF_GRACE, TO_REMOVED_PEOPLE, NotificationKind
from workflow.notifications.mail import Letter
from workflow.notifications.outdated import is_outdated
from workflow.notifications.times import in_zone
from workflow.work.leases import Lease, finish_due_row


def _listed(kinds: Iterable[NotificationKind]) -> str:
    return ", ".join(f"'{kind.value}'" for kind in sorted(kinds))


def _to_utc(moment: str) -> str:
    """Returns the SQL that says a moment in words."""
    return f"""to_char({moment} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')"""


_CONTENT = text(f"""
    SELECT n.id AS notification_id, n.recipient_id, n.kind, coalesce(p.email, n.recipient_email) AS recipient,
           p.name AS recipient_name, p.role AS recipient_role, p.time_zone, a.name AS app_name, a.slug AS app_slug,
           n.created_at, n.data, coalesce(r.reasons, n.data -> 'reasons', '[]') AS reasons, d.review,
           a.onboarded_customers AS customers,
           (SELECT CAST(v.document ->> 'customers_to_promote' AS integer)
              FROM policy_version v ORDER BY v.version DESC LIMIT 1) AS customers_needed,
           (SELECT jsonb_build_object('only_reinstated', u.only_reinstated, 'confirm_by',
                                      to_char(u.confirm_by AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'))
              FROM suspension u WHERE u.app_id = n.app_id AND u.version = n.app_version) AS suspension,
           (SELECT jsonb_build_object('day', {_to_utc("f.publish_at")}, 'is_shown', f.shown IS NOT NULL,
                                      'lifts_suspension', e.from_state = 'suspended')
              FROM planned_publication f
              JOIN transition e ON e.app_id = f.app_id AND e.version = f.version
             WHERE f.app_id = n.app_id AND f.version <= n.app_version
               AND (f.version = n.app_version OR f.ended_at IS NULL)
             ORDER BY f.version DESC LIMIT 1) AS publication
      FROM notification n
      LEFT JOIN person p ON p.id = n.recipient_id
      LEFT JOIN app a ON a.id = n.app_id
      LEFT JOIN transition_reason r ON r.app_id = n.app_id AND r.version = n.app_version
      LEFT JOIN LATERAL (
          SELECT jsonb_build_object(
                     'id', v.id,
                     'due', {_to_utc("v.due_at")},
                     'round', s.round,
                     'is_open', v.closed_at IS NULL,
                     'is_urgent', v.urgency = 0,
                     'of_suspension', v.kind = 'appeal' AND v.subject <> v.opened_version,
                     'is_held', v.claimed_by IS NOT NULL,
                     'is_mine', coalesce(v.claimed_by = n.recipient_id, false),
                     'steps', (SELECT coalesce(jsonb_agg(jsonb_build_array(t.code, t.state, t.findings)
                                                         ORDER BY t.code), '[]')
                                 FROM review_step t WHERE t.review_id = v.id),
                     'observed', ARRAY(SELECT t.code FROM review_step t
                                         JOIN policy_version y ON y.version = v.policy_version
                                        WHERE t.review_id = v.id
                                          AND (t.observed OR jsonb_exists(y.document -> 'observed', t.code))),
                     'grace', (SELECT jsonb_build_object('days', g.days, 'ends', {_to_utc("g.ends_at")},
                                                         'flagged', {_to_utc("g.flagged_at")})
                                 FROM grace_period g
                                WHERE g.app_id = n.app_id AND g.version <= n.app_version AND g.ended_at IS NULL),
                     'is_revised', a.open_kind = 'revision',
                     'asked', (SELECT asked.reasons
                                 FROM (SELECT z.opened_version, z.outcome FROM review z
                                        WHERE z.app_id = n.app_id AND z.opened_version < v.opened_version
                                          AND z.kind <> 'health'
                                        ORDER BY z.opened_version DESC LIMIT 1) before,
                                      LATERAL (SELECT x.version FROM transition x
                                                WHERE x.app_id = n.app_id AND x.version > before.opened_version
                                                  AND x.open_review <> before.opened_version
                                                ORDER BY x.version LIMIT 1) ended
                                 JOIN transition_reason asked
                                   ON asked.app_id = n.app_id AND asked.version = ended.version
                                WHERE before.outcome IN ('changes_requested', 'upheld')),
                     'unshown', (SELECT jsonb_agg(i.code ORDER BY i.code)
                                   FROM checklist_item i
                                   JOIN submission shown ON shown.app_id = n.app_id AND shown.app_version = a.published
                                  WHERE i.app_id = n.app_id AND i.code NOT IN ('test_account', 'replay_info')
                                    AND i.evidence IS DISTINCT FROM shown.snapshot -> 'evidence' -> i.code)) AS review
            FROM review v JOIN submission s ON s.id = v.submission_id
           WHERE v.app_id = n.app_id AND v.opened_version <= n.app_version
             AND CASE WHEN n.kind IN ({_listed(OF_GRACE)}) THEN v.outcome = 'flagged'
                      ELSE v.kind <> 'health' OR (v.needs_person AND v.closed_at IS NULL) END
           ORDER BY v.opened_version DESC LIMIT 1
      ) d ON true
     WHERE n.id = :id AND n.status = 'due'
""")


_VOID_UNWANTED = text(f"""
    WITH voided AS (
        UPDATE notification m SET status = 'void', leased_until = NULL, data = m.data - 'sealed'
          FROM notification n LEFT JOIN person p ON p.id = n.recipient_id
         WHERE n.id = :id AND m.id = n.id AND m.status = 'due'
           AND ((p.removed_at IS NOT NULL AND n.kind NOT IN ({_listed(TO_REMOVED_PEOPLE)}))
                OR (n.kind IN ({_listed(NEWS)}) AND n.kind = ANY(p.news_off))
                OR {is_outdated()})
        RETURNING m.id
    )
    SELECT id FROM notification WHERE id = :id AND status = 'due' AND NOT EXISTS (SELECT FROM voided)
""")


def void_unless_wanted(session: Session, notification_id: UUID) -> bool:
    """Voids a due notification that its recipient should no longer get. Returns whether it is still due.

    Somebody who was removed is told of that and of nothing else; news is for those who have not switched it off; and
    nobody is told what is no longer so (`workflow.notifications.outdated`). One statement. Does not commit.
    """
    return session.execute(_VOID_UNWANTED, {"id": notification_id}).one_or_none() is not None


def letter_of(session: Session, notification_id: UUID, unseal: Callable[[str], str]) -> Letter | None:
    """Returns the letter of a notification, None if it is no longer due: it has been delivered or voided.

    Its times are those of the recipient's zone.

    Decrypts the notification's code, if it has one, which is readable only in the mail. Raises ValueError if no key
    decrypts it.
    """
    row = session.execute(_CONTENT, {"id": notification_id}).one_or_none()
    if row is None:
        return None
    content = row._asdict()
    zone = content.pop("time_zone")
    said = {name: in_zone(content[name], zone) for name in ("data", "review", "suspension", "publication")}
    return Letter(**content | said | {"data": _opened(said["data"], unseal)})


def record_delivery(session: Session, lease: Lease) -> bool:
    """Records that the mail server accepted the message, and deletes its encrypted code. Does not commit.

    Returns False and records nothing if the row no longer has this lease.
    """
    return finish_due_row(session, lease, also_set="data = data - 'sealed'")


def _opened(data: dict[str, Any], unseal: Callable[[str], str]) -> dict[str, Any]:
    return {**data, "secret": unseal(data["sealed"])} if "sealed" in data else data
