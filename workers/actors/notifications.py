"""The actor that delivers notifications: it composes a mail, sends it, and records the delivery."""

from workers.context import WorkerContext
from workers.leasing.work import LeasedWork
from workflow.notifications.delivery import letter_of, record_delivery
from workflow.notifications.mail import compose
from workflow.work.kinds import DueKind
from workflow.work.lanes import note_lane_works
from workflow.work.leases import LaneFailed, Lease, PermanentFailure, ServiceAway


def deliver_notification(context: WorkerContext, lease: Lease) -> bool:
    """Sends the mail of a notification. Commits. Returns False if it was voided or has been leased again.

    Raises ServiceAway if the mail server is away, PermanentFailure if it refuses the mail, and LaneFailed or OSError.
    """
    with context.autocommit() as session:
        letter = letter_of(session, lease.id, context.unseal)
    if letter is None:
        return False
    try:
        context.mail.send(
            compose(letter, sender=context.mail_from, public_url=context.public_url, profile=context.profile)
        )
    except OSError as error:
        if getattr(error, "is_servers", False):
            raise ServiceAway(str(error)) from error
        if getattr(error, "is_final", False):
            raise PermanentFailure(f"the mail server permanently refuses the mail: {error}") from error
        if getattr(error, "is_recipients", False):
            raise LaneFailed(f"the mail server cannot reach this recipient now: {error}") from error
        raise
    context.reached("notification_sent")
    with context.autocommit() as session:
        is_delivered = record_delivery(session, lease)
        note_lane_works(session, lease)
        return is_delivered


NOTIFICATIONS = LeasedWork(DueKind.NOTIFICATION, "deliver_notification", deliver_notification)
