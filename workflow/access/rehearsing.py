"""What a decision on a request for access would tell to whom, found out by writing it and rolling it back."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.lifecycle import AccessTrigger
from workflow.access.deciding import decide_access
from workflow.access.invitations import cause_of_invitation
from workflow.access.requests import cause_of
from workflow.identity.actors import Actor
from workflow.identity.secrets import Seal
from workflow.notifications.delivery import letter_of
from workflow.notifications.kinds import NotificationKind
from workflow.notifications.mail import Letter
from workflow.reasons import Reason


def rehearse_access(
    session: Session,
    request_id: UUID,
    trigger: AccessTrigger,
    reasons: Sequence[Reason],
    actor: Actor,
    now: datetime,
    seal: Seal,
) -> tuple[Letter, ...]:
    """Returns the letters that the decision would send, and does nothing. The link of an invitation in them is void.

    Locks what `decide_access` locks, and raises what it raises.
    """
    rehearsed = session.begin_nested()
    try:
        decide_access(session, request_id, trigger, reasons, actor, now, seal)
        session.flush()
        kind = NotificationKind.ACCESS_DECLINED
        invited = session.scalars(_INVITED, {"request_id": request_id, "now": now}).all()
        causes = [cause_of(request_id, kind), *map(cause_of_invitation, invited)]
        written = session.scalars(_WRITTEN, {"causes": causes}).all()
        letters = [letter_of(session, notification, _void) for notification in written]
    finally:
        rehearsed.rollback()
    return tuple(letter for letter in letters if letter is not None)


def _void(_sealed: str) -> str:
    return "the-code-of-the-mail"


_INVITED = text("SELECT id FROM invitation WHERE access_request_id = :request_id AND created_at = :now ORDER BY id")
_WRITTEN = text("SELECT id FROM notification WHERE cause = ANY(:causes) AND status = 'due' ORDER BY id")
