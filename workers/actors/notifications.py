"""The actor that delivers notifications: it composes a mail, sends it, and records the delivery."""

from workers.context import WorkerContext, database_now
from workers.leasing.work import LeasedWork, describe_attempt
from workflow.notifications.delivery import letter_of, record_delivery, void_unless_wanted
from workflow.notifications.kinds import NEWS, NotificationKind
from workflow.notifications.mail import Letter
from workflow.notifications.news import switch_token
from workflow.reviewing.grace import begin_grace_clock
from workflow.work.kinds import DueKind
from workflow.work.lanes import note_lane_works
from workflow.work.leases import LaneFailed, Lease, PermanentFailure, ServiceAway


def deliver_notification(context: WorkerContext, lease: Lease) -> bool:
    """Sends the mail of a notification. Commits. Returns False if it was voided or has been leased again.

    Whether the recipient should still get it is looked at again once the mail server waits for the message, because
    connecting may take long. Raises ServiceAway if the mail server is away, PermanentFailure if it refuses the mail,
    and LaneFailed or OSError.
    """
    with context.autocommit() as session:
        letter = letter_of(session, lease.id, context.unseal)
    if letter is None:
        return False
    describe_attempt(notification=letter.kind, app=letter.app_slug)
    try:
        if not context.mail.send(
            context.letterhead.compose(letter, _switch_of(context, letter)),
            is_wanted=lambda: _is_wanted(context, lease),
        ):
            return False
    except OSError as error:
        if getattr(error, "is_servers", False):
            raise ServiceAway(str(error)) from error
        if getattr(error, "is_final", False):
            raise PermanentFailure(f"the mail server permanently refuses the mail: {error}") from error
        if getattr(error, "is_recipients", False):
            raise LaneFailed(f"the mail server cannot reach this recipient now: {error}") from error
        raise
    context.reached("notification_sent")
    if letter.kind == NotificationKind.FLAGGED:
        return _record_notice_of_flag(context, lease)
    with context.autocommit() as session:
        is_delivered = record_delivery(session, lease)
        note_lane_works(session, lease)
        return is_delivered


def _record_notice_of_flag(context: WorkerContext, lease: Lease) -> bool:
    """Records the delivery, and begins the time to mend what is told of, in one transaction. Commits."""
    with context.unit_of_work() as session:
        is_delivered = record_delivery(session, lease)
        if is_delivered:
            begin_grace_clock(session, lease.id, database_now(session))
        note_lane_works(session, lease)
        return is_delivered


def _switch_of(context: WorkerContext, letter: Letter) -> str | None:
    """Returns the token of the link that switches this news off, None for what is no news or goes to no person."""
    if letter.recipient_id is None or letter.kind not in NEWS:
        return None
    return switch_token(letter.recipient_id, NotificationKind(letter.kind), context.seal)


def _is_wanted(context: WorkerContext, lease: Lease) -> bool:
    with context.autocommit() as session:
        return void_unless_wanted(session, lease.id)


NOTIFICATIONS = LeasedWork(DueKind.NOTIFICATION, "deliver_notification", deliver_notification, event="delivery")
