"""Delivering the notifications that are due, at least once each, by mail."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from workers.context import WorkerContext
from workers.draining import drain
from workflow.notifications.mail import Letter, compose
from workflow.work.leases import DueKind, Lease, finish_due_row

LEASE = timedelta(minutes=5)
"""Longer than a mail server may take for one message."""

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


def deliver_due_notifications(context: WorkerContext) -> int:
    """Delivers due notifications until none is left or its turn is over; returns how many were tried."""
    return drain(context, DueKind.NOTIFICATION, _deliver, lease_for=LEASE)


def _deliver(context: WorkerContext, lease: Lease) -> bool:
    with context.unit_of_work() as session:
        row = session.execute(_CONTENT, {"id": lease.id}).mappings().one_or_none()
    if row is None:
        return False
    letter = Letter(**{**row, "data": _opened(row["data"], context.unseal)})
    context.mail.send(compose(letter, sender=context.mail_from, public_url=context.public_url))
    context.reached("notification_sent")
    with context.unit_of_work() as session:
        finished = finish_due_row(session, lease)
        if finished:
            session.execute(_FORGET_SECRET, {"id": lease.id})
        return finished


def _opened(data: dict[str, Any], unseal: Callable[[str], str]) -> dict[str, Any]:
    """Returns the data with what was sealed in it: a code lies open only in the mail."""
    return {**data, "secret": unseal(data["sealed"])} if "sealed" in data else data
