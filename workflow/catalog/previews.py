"""Private links to the catalog entry that an App will have.

The link's token is random and kept as its hash, like a bearer token. A signed one would need a list of those that were
revoked, and keys to rotate, to give what a row gives: an end, and a way to end it sooner.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import App, PreviewLink
from models.base import new_id
from models.lifecycle import AppState
from workflow.apps import find_app, lock_app
from workflow.catalog.entry import Entry, entry_of
from workflow.catalog.snapshots import present_snapshot
from workflow.errors import Conflict, NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.identity.secrets import PREVIEW_LINK, hash_of, make_secret
from workflow.pages import PageOf, PageRequest, read_page

PREVIEWED_STATES = frozenset({AppState.BUILDING.value, AppState.SUBMITTED.value})
"""The states in which an App has a preview."""
MAX_LINKS = 20
"""How many links of an App may work at a time."""
TOKEN_CHARACTERS = 43


def create_preview(
    session: Session, slug: str, actor: Actor, now: datetime, *, life: timedelta
) -> tuple[PreviewLink, str]:
    """Makes a link; returns it and its token, which cannot be had again. Does not commit.

    Raises NotFound and Conflict (the App is past its preview, or has too many links).
    """
    app = lock_app(session, slug, actor)
    if app.state not in PREVIEWED_STATES:
        raise Conflict(
            "preview.state",
            f"{slug} is {app.state}; a preview shows an App that is building or submitted.",
            f"Look at the catalog: /v1/catalog/{slug}.",
        )
    working = (PreviewLink.app_id == app.id, PreviewLink.revoked_at.is_(None), PreviewLink.expires_at > now)
    if int(session.scalar(select(func.count()).where(*working)) or 0) >= MAX_LINKS:
        raise Conflict("preview.too_many", f"{slug} has {MAX_LINKS} links that work, the most.", "Revoke one.")
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
    """Returns a page of the App's links, those that ended too, oldest first. Raises NotFound."""
    app = find_app(session, slug, actor)
    return read_page(session, select(PreviewLink).where(PreviewLink.app_id == app.id), PreviewLink.id, wanted)


def revoke_preview(session: Session, slug: str, link_id: UUID, actor: Actor, now: datetime) -> PreviewLink:
    """Makes a link useless at once; one that was revoked stays so. Does not commit. Raises NotFound."""
    app = find_app(session, slug, actor)
    link = session.get(PreviewLink, link_id, with_for_update=True, populate_existing=True)
    if link is None or link.app_id != app.id:
        raise NotFound("preview.not_found", f"{slug} has no preview link {link_id}.", "List its links.")
    link.revoked_at = link.revoked_at or now
    session.flush()
    log_action(session, actor, "preview.revoke", link_id, app=slug)
    return link


def previewed_app(session: Session, token: str, now: datetime) -> App:
    """Returns the App behind a link that works. Raises NotFound, the same whatever is the matter with the link."""
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
        raise NotFound("preview.not_found", "This link shows nothing, or no longer.", "Ask for a new one.")
    return app


def previewed_entry(session: Session, app: App) -> Entry:
    """Returns the entry of the App as it would stand in the catalog if it were approved as it is now."""
    return entry_of(app.slug, app.name, AppState.PUBLIC_BETA.value, present_snapshot(session, app.id))
