"""Delivering the notifications that are due, at least once each, by mail."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from workers.deps import Deps, database_now
from workers.mail import Letter, compose
from workflow.due import DueKind, fail_due_row, finish_due_row, lease_due_rows

LEASE = timedelta(minutes=5)
"""Longer than a mail server may take for one message."""

log = logging.getLogger(__name__)

_CONTENT = text("""
    SELECT n.id AS notification_id, n.kind, coalesce(p.email, n.recipient_email) AS recipient,
           coalesce(p.name, n.data ->> 'name') AS recipient_name, a.name AS app_name, a.slug AS app_slug,
           n.created_at, n.data, coalesce(r.reasons, n.data -> 'reasons', '[]') AS reasons
      FROM notification n
      LEFT JOIN person p ON p.id = n.recipient_id
      LEFT JOIN app a ON a.id = n.app_id
      LEFT JOIN transition_reason r ON r.app_id = n.app_id AND r.version = n.app_version
     WHERE n.id = :id AND n.status = 'due'
""")

_FORGET_SECRET = text("UPDATE notification SET data = data - 'sealed' WHERE id = :id AND data ? 'sealed'")


def deliver_due_notifications(deps: Deps) -> int:
    """Delivers due notifications until none is left; gives how many were tried."""
    worked = 0
    while True:
        with deps.unit_of_work() as session:
            ids = lease_due_rows(session, DueKind.NOTIFICATION, database_now(session), lease=LEASE, limit=1)
        if not ids:
            return worked
        for notification_id in ids:
            _deliver(deps, notification_id)
            worked += 1


def _deliver(deps: Deps, notification_id: UUID) -> None:
    with deps.unit_of_work() as session:
        row = session.execute(_CONTENT, {"id": notification_id}).mappings().one_or_none()
    if row is None:
        return
    try:
        # Whatever one message does must not hold up the others: it is tried again, later and later.
        letter = Letter(**{**row, "data": _opened(row["data"], deps.unseal)})
        deps.mail.send(compose(letter, sender=deps.mail_from, public_url=deps.public_url))
    except Exception as error:  # noqa: BLE001
        log.warning("notification %s was not delivered: %r", notification_id, error)
        with deps.unit_of_work() as session:
            fail_due_row(session, DueKind.NOTIFICATION, notification_id, repr(error), database_now(session))
        deps.count_worked(DueKind.NOTIFICATION, "failed")
        return
    deps.reached("notification_sent")
    with deps.unit_of_work() as session:
        finish_due_row(session, DueKind.NOTIFICATION, notification_id)
        session.execute(_FORGET_SECRET, {"id": notification_id})
    deps.count_worked(DueKind.NOTIFICATION, "done")


def _opened(data: dict[str, Any], unseal: Callable[[str], str]) -> dict[str, Any]:
    """Gives the data with what was sealed in it: a code lies open only in the mail."""
    return {**data, "secret": unseal(data["sealed"])} if "sealed" in data else data
