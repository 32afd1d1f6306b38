"""Founding an App and changing what it says of itself."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import App
from workflow.apps import lock_editable_app
from workflow.building.revisions import Seen, require_revision
from workflow.building.slugs import refuse_unusable_slug, slug_conflict
from workflow.identity.actors import Actor
from workflow.lifecycle.apply import WriteContext, create_app

_APPROVED = text("SELECT EXISTS (SELECT FROM access_request WHERE organization_id = :id AND state = 'approved')")


def register_app(session: Session, *, slug: str, name: str, actor: Actor, now: datetime, writer: WriteContext) -> App:
    """Returns birth to an App of the actor's company. Does not commit.

    Raises Refused (no access), Forbidden, and Conflict when the slug is reserved, taken or looks like another.
    """
    refuse_unusable_slug(session, slug)
    approved = bool(session.scalar(_APPROVED, {"id": actor.organization_id}))
    try:
        with session.begin_nested():
            return create_app(
                session, slug=slug, name=name, actor=actor, access_approved=approved, now=now, writer=writer
            )
    except IntegrityError as error:
        conflict = slug_conflict(slug, error)
        if conflict is None:
            raise
        raise conflict from None


def rename_app(session: Session, slug: str, actor: Actor, *, name: str, seen: Seen) -> App:
    """Returns the App another name: a new revision, unless it has that name. Does not commit.

    Raises NotFound, and Conflict when it is frozen, gone, or was changed since `seen`.
    """
    app = lock_editable_app(session, slug, actor)
    require_revision(slug, app.revision, seen)
    if app.name != name:
        app.name = name
        app.revision += 1
        session.flush()
    return app
