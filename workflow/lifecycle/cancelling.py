"""Taking back a transition request before it is judged."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from models import TransitionRequest
from models.request import RequestStatus
from workflow.apps import lock_row_of_app
from workflow.errors import Conflict, Forbidden
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.lifecycle.claim import forget_crashes
from workflow.lifecycle.reading import find_request


def cancel_request(session: Session, request_id: UUID, actor: Actor, now: datetime) -> tuple[TransitionRequest, str]:
    """Cancels the actor's due request, and returns it with its App's slug. It then has no effect at all.

    Cancelling it again changes nothing. Locks the App, as whoever judges the request does, so that exactly one of the
    two comes first. Does not commit. Raises NotFound for a request that the actor may not see, Forbidden for that of
    somebody else, and Conflict (request.judged) for one that is due no longer.
    """
    request, slug = find_request(session, request_id, actor)
    if request.principal_id != actor.id:
        raise Forbidden(
            "request.not_own",
            "Somebody else made this request.",
            "Only they can cancel it. What it does when it is applied can be decided anew.",
        )
    lock_row_of_app(session, request.app_id)
    session.refresh(request)
    status = RequestStatus(request.status)
    if status is RequestStatus.CANCELLED:
        return request, slug
    if status is not RequestStatus.DUE:
        at = f"{(request.finished_at or now).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        raise Conflict(
            "request.judged", f"The request is {status} since {at}.", "Look at the App, and ask for what is needed now."
        )
    request.status, request.finished_at = RequestStatus.CANCELLED.stored, now
    session.flush()
    session.execute(_REST_NO_LONGER, {"app_id": request.app_id, "position": request.position})
    forget_crashes(session, [request.id])
    log_action(session, actor, "transition.cancel", request.id, app=slug, trigger=request.trigger)
    return request, slug


_REST_NO_LONGER = text("""
    DELETE FROM resting_app
     WHERE app_id = :app_id
       AND NOT EXISTS (SELECT FROM transition_request r
                        WHERE r.app_id = :app_id AND r.status = 'due' AND r.due_at <= now() AND r.position < :position)
""")
"""An App rests because of its oldest due request: if that was cancelled, the next one is not held up by it."""
