"""Preview links: private links to the catalog entry that an App will have, or has after its next revision.

A link's token is random, and only its hash is stored, as for bearer tokens. Signed tokens would need a revocation list
and key rotation to offer what a row offers: an expiry, and a way to revoke the link before it.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import App, PreviewLink
from models.base import new_id
from models.lifecycle import LISTED_STATES, AppState
from workflow.apps import find_app, lock_app
from workflow.catalog.entry import Entry, entry_of
from workflow.catalog.snapshots import current_snapshot
from workflow.errors import Conflict, NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.identity.secrets import PREVIEW_LINK, hash_of, make_secret
from workflow.pages import PageOf, PageRequest, read_page

PREVIEWED_STATES = frozenset(
    {
        AppState.BUILDING.value,
        AppState.SUBMITTED.value,
        AppState.PUBLIC_BETA.value,
        AppState.PUBLIC.value,
        AppState.UNLISTED.value,
    }
)
"""The states in which an App has preview links. What was suspended is shown to nobody outside."""
MAX_LINKS = 20
"""The number of valid links that an App may have at a time."""
TOKEN_CHARACTERS = 43


def create_preview(
    session: Session, slug: str, actor: Actor, now: datetime, *, life: timedelta
) -> tuple[PreviewLink, str]:
    """Creates a link that expires after `life`, and returns it with its token, which cannot be shown again.

    Locks the App. Does not commit. Raises NotFound and Conflict (the App is no longer in a previewed state, or has too
    many links).
    """
    app = lock_app(session, slug, actor)
    if app.state not in PREVIEWED_STATES:
        raise Conflict(
            "preview.state",
            f"{slug} is {app.state}, and has no previews.",
            "Its status says what to do: a suspended App has previews again once it is reinstated.",
        )
    working = (PreviewLink.app_id == app.id, PreviewLink.revoked_at.is_(None), PreviewLink.expires_at > now)
    if int(session.scalar(select(func.count()).where(*working)) or 0) >= MAX_LINKS:
        detail = f"{slug} has {MAX_LINKS} valid preview links, the most that an App may have."
        raise Conflict("preview.too_many", detail, "Revoke one first.")
    token = make_secret(PREVIEW_LINK)
    link = PreviewLink(
        id=new_id(),
        app_id=app.id,
        token_hash=token.hash,
        created_by=actor.id,
        created_at=now,
        expires_at=now + life,
    )
    session.add(link)
    session.flush()
    log_action(session, actor, "preview.create", link.id, app=slug, days=life.days)
    return link, token.text


def list_previews(session: Session, slug: str, actor: Actor, wanted: PageRequest) -> PageOf[PreviewLink]:
    """Returns a page of all the App's links, expired and revoked ones included, oldest first. Raises NotFound."""
    app = find_app(session, slug, actor)
    return read_page(session, select(PreviewLink).where(PreviewLink.app_id == app.id), PreviewLink.id, wanted)


def revoke_preview(session: Session, slug: str, link_id: UUID, actor: Actor, now: datetime) -> PreviewLink:
    """Revokes a link with immediate effect; revoking it again changes nothing. Does not commit. Raises NotFound."""
    app = find_app(session, slug, actor)
    link = session.get(PreviewLink, link_id, with_for_update=True, populate_existing=True)
    if link is None or link.app_id != app.id:
        raise NotFound("preview.not_found", f"{slug} has no preview link {link_id}.", "List its links.")
    link.revoked_at = link.revoked_at or now
    session.flush()
    log_action(session, actor, "preview.revoke", link_id, app=slug)
    return link


def previewed_app(session: Session, token: str, now: datetime) -> App:
    """Returns the App of a valid link. Raises NotFound, with the same message whatever is wrong with the link."""
    statement = (
        select(App)
        .join(PreviewLink, PreviewLink.app_id == App.id)
        .where(
            PreviewLink.token_hash == hash_of(token),
            PreviewLink.revoked_at.is_(None),
            PreviewLink.expires_at > now,
            App.state.in_(sorted(PREVIEWED_STATES)),
        )
    )
    app = session.scalar(statement)
    if app is None:
        raise NotFound("preview.not_found", "This preview link is not valid.", "Ask the partner for a new one.")
    return app


def previewed_entry(session: Session, app: App) -> Entry:
    """Returns the entry that the App would have in the catalog if its present content were approved."""
    badge = app.state if app.state in LISTED_STATES else AppState.PUBLIC_BETA.value
    return entry_of(app.slug, app.name, badge, current_snapshot(session, app.id))
