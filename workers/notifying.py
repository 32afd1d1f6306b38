"""Delivering the notifications that are due, at least once each, by mail."""

import logging
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from workers.deps import Deps, database_now
from workers.mail import compose
from workflow.due import DueKind, fail_due_row, finish_due_row, lease_due_rows

LEASE = timedelta(minutes=5)
"""Longer than a mail server may take for one message."""

log = logging.getLogger(__name__)

_CONTENT = text("""
    SELECT n.id AS notification_id, n.kind, p.email AS recipient, p.name AS recipient_name, a.name AS app_name,
           a.slug AS app_slug, n.created_at, n.data, coalesce(r.reasons, '[]') AS reasons
      FROM notification n JOIN person p ON p.id = n.recipient_id JOIN app a ON a.id = n.app_id
      LEFT JOIN transition_reason r ON r.app_id = n.app_id AND r.version = n.app_version
     WHERE n.id = :id AND n.status = 'due'
""")


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
        deps.mail.send(compose(**row, sender=deps.mail_from, public_url=deps.public_url))
    except Exception as error:  # noqa: BLE001
        log.warning("notification %s was not delivered: %r", notification_id, error)
        with deps.unit_of_work() as session:
            fail_due_row(session, DueKind.NOTIFICATION, notification_id, repr(error), database_now(session))
        deps.count_worked(DueKind.NOTIFICATION, "failed")
        return
    deps.reached("notification_sent")
    with deps.unit_of_work() as session:
        finish_due_row(session, DueKind.NOTIFICATION, notification_id)
    deps.count_worked(DueKind.NOTIFICATION, "done")
