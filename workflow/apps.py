"""Finding and locking an App, finding its Components, and noting how its draft differs from what is public.

Every change to an App locks it first, so that judging and editing never overlap.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import App, Component
from models.lifecycle import AppState, ReviewKind, Role, has_own_submission
from workflow.errors import Conflict, NotFound
from workflow.identity.actors import Actor
from workflow.sql.arrays import Booleans, Uuids, statement

NAME = "name"
"""The part of an App that is its name, beside the requirements."""


_FROZEN_BY = {
    ReviewKind.FIRST: "it is under review",
    ReviewKind.REVISION: "the changes that were submitted are under review",
    ReviewKind.APPEAL: "the appeal of the latest decision is under review",
}
"""Why a draft cannot be edited, by the kind of the open review."""


def find_app(session: Session, slug: str, actor: Actor | None) -> App:
    """Returns the App if `actor` (None: the service itself) may see it. Locks nothing.

    Raises NotFound, with the same message for an App of another company as for one that does not exist.
    """
    return _visible(session.scalar(select(App).where(App.slug == slug)), slug, actor)


def find_component(session: Session, slug: str, component_id: UUID, actor: Actor) -> Component:
    """Returns a Component of the App. Raises NotFound."""
    app = find_app(session, slug, actor)
    component = session.get(Component, component_id, populate_existing=True)
    if component is None or component.app_id != app.id or component.removed_at is not None:
        raise NotFound("component.not_found", f"{slug} has no Component {component_id}.", "List its Components.")
    return component


def lock_app(session: Session, slug: str, actor: Actor | None) -> App:
    """Returns the App, freshly read and locked FOR NO KEY UPDATE, if `actor` may see it. Raises NotFound."""
    statement = (
        select(App).where(App.slug == slug).with_for_update(key_share=True).execution_options(populate_existing=True)
    )
    return _visible(session.scalar(statement), slug, actor)


def lock_row_of_app(session: Session, app_id: UUID) -> None:
    """Locks the App FOR NO KEY UPDATE without reading it, so that nobody judges its requests meanwhile."""
    session.execute(select(App.id).where(App.id == app_id).with_for_update(key_share=True))


def lock_kept_app(session: Session, slug: str, actor: Actor) -> App:
    """Locks the App as `lock_app` does, for a change that is allowed while the App is frozen.

    Raises NotFound, and Conflict if the App is removed.
    """
    app = lock_app(session, slug, actor)
    require_kept(app)
    return app


def require_kept(app: App) -> None:
    """Raises Conflict if the App is removed."""
    if app.state == AppState.REMOVED:
        raise Conflict("app.removed", f"{app.slug} was removed and cannot be edited.", "Create a new App.")


def lock_editable_app(session: Session, slug: str, actor: Actor) -> App:
    """Locks the App as `lock_app` does, for an edit.

    Raises NotFound, and Conflict if the App is frozen (its draft is under review) or removed.
    """
    app = lock_kept_app(session, slug, actor)
    if is_frozen(app):
        raise Conflict(
            "app.frozen",
            f"{slug} cannot be edited while {_FROZEN_BY[ReviewKind(app.open_kind)]}.",
            "Withdraw it, or wait for the review.",
        )
    return app


def is_frozen(app: App) -> bool:
    """Returns whether the App's draft cannot be edited: it is under review, or the App is removed."""
    return app.state == AppState.REMOVED or has_own_submission(app.open_kind, app.state)


def touch(app: App, part: str) -> None:
    """Notes that the draft differs in `part` from what is public: a requirement's code, or NAME."""
    if part not in app.touched:
        app.touched = sorted([*app.touched, part])


def note_publications(session: Session, looked_at: Sequence[UUID], published: Sequence[UUID], now: datetime) -> None:
    """Notes that what is public was found good now, and that the drafts of `published` do not differ from it.

    One statement. Does not commit.
    """
    ids = list(dict.fromkeys([*looked_at, *published]))
    if ids:
        good, same = frozenset(looked_at), frozenset(published)
        flags = {"looked_at": [app_id in good for app_id in ids], "published": [app_id in same for app_id in ids]}
        session.execute(_NOTE_PUBLICATION, {"ids": ids, "now": now} | flags)


def _visible(app: App | None, slug: str, actor: Actor | None) -> App:
    if app is None or (
        actor is not None and actor.role is Role.PARTNER and actor.organization_id != app.organization_id
    ):
        raise NotFound("app.not_found", f"There is no App {slug} that you may see.", "Check the slug.")
    return app


_NOTE_PUBLICATION = statement(
    """
    UPDATE app SET looked_at = CASE WHEN noted.looked_at THEN :now ELSE app.looked_at END,
           touched = CASE WHEN noted.published THEN '{}' ELSE app.touched END
      FROM unnest(:ids, :looked_at, :published) AS noted (app_id, looked_at, published)
     WHERE app.id = noted.app_id
    """,
    ids=Uuids(),
    looked_at=Booleans(),
    published=Booleans(),
)
