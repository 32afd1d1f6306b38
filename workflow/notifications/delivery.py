"""Delivering due notifications: reading a letter's content, and recording its delivery."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from workflow.notifications.mail import Letter
from workflow.work.leases import Lease, finish_due_row

_CONTENT = text("""
    SELECT n.id AS notification_id, n.kind, coalesce(p.email, n.recipient_email) AS recipient,
           p.name AS recipient_name, a.name AS app_name, a.slug AS app_slug,
           n.created_at, coalesce(d.due, '{}') || n.data AS data,
           coalesce(r.reasons, n.data -> 'reasons', '[]') AS reasons
      FROM notification n
      LEFT JOIN person p ON p.id = n.recipient_id
      LEFT JOIN app a ON a.id = n.app_id
      LEFT JOIN transition_reason r ON r.app_id = n.app_id AND r.version = n.app_version
      LEFT JOIN LATERAL (
          SELECT jsonb_build_object('due', to_char(v.due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')) AS due
            FROM submission s JOIN review v ON v.submission_id = s.id
           WHERE s.app_id = n.app_id AND s.app_version = n.app_version
      ) d ON true
     WHERE n.id = :id AND n.status = 'due'
""")


def letter_of(session: Session, notification_id: UUID, unseal: Callable[[str], str]) -> Letter | None:
    """Returns the letter of a notification, None if it is no longer due: it has been delivered or voided.

    Decrypts the notification's code, if it has one, which is readable only in the mail. Raises ValueError if no key
    decrypts it.
    """
    row = session.execute(_CONTENT, {"id": notification_id}).one_or_none()
    return None if row is None else Letter(**{**row._asdict(), "data": _opened(row.data, unseal)})


def record_delivery(session: Session, lease: Lease) -> bool:
    """Records that the mail server accepted the message, and deletes its encrypted code. Does not commit.

    Returns False and records nothing if the row no longer has this lease.
    """
    return finish_due_row(session, lease, also_set="data = data - 'sealed'")


def _opened(data: dict[str, Any], unseal: Callable[[str], str]) -> dict[str, Any]:
    return {**data, "secret": unseal(data["sealed"])} if "sealed" in data else data
