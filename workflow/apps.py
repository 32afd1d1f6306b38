"""Taking an App's lock: what every change to an App does first, so that judging and editing never overlap."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import App
from models.lifecycle import AppState, Role
from workflow.errors import Conflict, NotFound
from workflow.identity.actors import Actor


def find_app(session: Session, slug: str, actor: Actor | None) -> App:
    """Returns the App that `actor` may see (None: the service itself). Locks nothing.

    Raises NotFound, the same for an App of another company as for none at all.
    """
    return _visible(session.scalar(select(App).where(App.slug == slug)), slug, actor)


def lock_app(session: Session, slug: str, actor: Actor | None) -> App:
    """Like `find_app`, and holds the App FOR NO KEY UPDATE until the transaction ends, freshly read."""
    statement = (
        select(App).where(App.slug == slug).with_for_update(key_share=True).execution_options(populate_existing=True)
    )
    return _visible(session.scalar(statement), slug, actor)


def lock_kept_app(session: Session, slug: str, actor: Actor) -> App:
    """Like `lock_app`, for what may change while the App is frozen. Raises Conflict when it is gone (`removed`)."""
    app = lock_app(session, slug, actor)
    if app.state == AppState.REMOVED:
        raise Conflict("app.removed", f"{slug} was removed and cannot be edited.", "Create a new App.")
    return app


def lock_editable_app(session: Session, slug: str, actor: Actor) -> App:
    """Like `lock_app`, for an edit. Raises Conflict while the App is frozen (`submitted`) or gone (`removed`)."""
    app = lock_kept_app(session, slug, actor)
    if app.state == AppState.SUBMITTED:
        raise Conflict(
            "app.frozen", f"{slug} is submitted and cannot be edited.", "Withdraw it, or wait for the review."
        )
    return app


def _visible(app: App | None, slug: str, actor: Actor | None) -> App:
    if app is None or (
        actor is not None and actor.role is Role.PARTNER and actor.organization_id != app.organization_id
    ):
        raise NotFound("app.not_found", f"There is no App {slug} that you may see.", "Check the slug.")
    return app
