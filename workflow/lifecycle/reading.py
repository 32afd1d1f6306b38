"""Reading an App's log and its transition requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models import App, RejectedMessage, Transition, TransitionReason, TransitionRequest
from models.lifecycle import Role
from models.request import IT_BROKE, RequestStatus
from workflow.errors import NotFound
from workflow.identity.actors import Actor
from workflow.pages import PageOf, PageRequest, read_page


@dataclass(frozen=True, slots=True)
class LoggedTransition:
    """A row of an App's log with its reasons."""

    transition: Transition
    reasons: Sequence[dict[str, Any]]


def list_log(session: Session, app_id: UUID, wanted: PageRequest) -> PageOf[LoggedTransition]:
    """Returns a page of the App's log, oldest first."""
    statement = select(Transition).where(Transition.app_id == app_id)
    found = read_page(session, statement, Transition.version, wanted)
    return found.map(lambda rows: _with_reasons(session, app_id, rows))


def list_requests(
    session: Session, app_id: UUID, status: RequestStatus | None, wanted: PageRequest
) -> PageOf[TransitionRequest]:
    """Returns a page of the App's transition requests, newest first."""
    statement = select(TransitionRequest).where(TransitionRequest.app_id == app_id)
    if status is not None:
        statement = statement.where(TransitionRequest.status == status.stored)
    return read_page(session, statement, TransitionRequest.id, wanted, newest_first=True)


def find_request(session: Session, request_id: UUID, actor: Actor) -> tuple[TransitionRequest, str]:
    """Returns a transition request that the actor may see, freshly read, and its App's slug. Raises NotFound."""
    statement = (
        select(TransitionRequest, App.slug)
        .join(App, App.id == TransitionRequest.app_id)
        .where(TransitionRequest.id == request_id)
        .execution_options(populate_existing=True)
    )
    if actor.role is Role.PARTNER:
        statement = statement.where(App.organization_id == actor.organization_id)
    found = session.execute(statement).one_or_none()
    if found is None:
        raise NotFound("request.not_found", f"There is no request {request_id} that you may see.", "Check its id.")
    return found[0], found[1]


def find_request_by_key(session: Session, key: str, actor: Actor) -> tuple[TransitionRequest, str]:
    """Returns the request that the actor made with an idempotency key, by HTTP or by message, and its App's slug.

    Raises NotFound, which says why a message of the actor with this key was rejected (message.rejected), or else what
    may have become of one.
    """
    statement = (
        select(TransitionRequest, App.slug)
        .join(App, App.id == TransitionRequest.app_id)
        .where(TransitionRequest.principal_id == actor.id, TransitionRequest.idempotency_key == key)
        .execution_options(populate_existing=True)
    )
    found = session.execute(statement).one_or_none()
    if found is None:
        _refuse_rejected(session, key, actor)
        raise NotFound(
            "request.not_found",
            "No request with this key has been taken in from you in the last 30 days.",
            "A message is taken in within seconds: ask again then. One that was rejected is kept with the reason; "
            "where its token is not yours any more, an admin sees it in GET /v1/dead/rejected_message.",
        )
    return found[0], found[1]


def finished_requests(session: Session, ids: Sequence[UUID]) -> set[UUID]:
    """Returns the ids of those requests that have an outcome: applied, refused, dead or cancelled. One statement."""
    return set(session.scalars(_FINISHED, {"ids": list(ids)}))


def _refuse_rejected(session: Session, key: str, actor: Actor) -> None:
    """Raises NotFound with the reason if a message of the actor with this key was rejected and is still kept."""
    statement = select(RejectedMessage.error, RejectedMessage.received_at).where(
        RejectedMessage.principal_id == actor.id, RejectedMessage.idempotency_key == key
    )
    rejected = session.execute(statement.order_by(RejectedMessage.received_at.desc()).limit(1)).one_or_none()
    if rejected is None:
        return
    broke = rejected.error.startswith(IT_BROKE)
    why = "it broke here, which is no fault of yours" if broke else rejected.error
    remedy = "Mend it, and send it again with the same key." if not broke else "Tell an admin, and send it again then."
    at = f"{rejected.received_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    raise NotFound("message.rejected", f"Your message with this key was rejected at {at}: {why}", remedy)


def _with_reasons(session: Session, app_id: UUID, rows: Sequence[Transition]) -> list[LoggedTransition]:
    statement = select(TransitionReason).where(
        TransitionReason.app_id == app_id, TransitionReason.version.in_([row.version for row in rows])
    )
    reasons = {one.version: one.reasons for one in session.scalars(statement)}
    return [LoggedTransition(row, reasons.get(row.version, [])) for row in rows]


_FINISHED = text("SELECT id FROM transition_request WHERE id = ANY(:ids) AND status <> 'due'")
