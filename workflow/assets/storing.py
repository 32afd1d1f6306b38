"""Storing, finding and deleting the pictures of an App. `pictures` examines their content."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, undefer

from models import App, Asset, ChecklistItem
from models.asset import AssetKind
from models.base import new_id
from models.checklist import Requirement
from models.lifecycle import LISTED_STATES, Role
from workflow.apps import find_app, lock_editable_app
from workflow.assets.pictures import Picture
from workflow.assets.stored import ids_among
from workflow.catalog.published import published_snapshots
from workflow.errors import Conflict, NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action

MAX_ASSETS = 40
"""The number of pictures that an App may have, besides those that only earlier submissions contain."""
MAX_KEPT_ASSETS = 1_000
"""The number of pictures that an App may have with those. What was submitted is kept, so that decisions can be read."""

_SUBMITTED = text("""
    SELECT EXISTS (SELECT FROM submission WHERE app_id = :app_id
                      AND snapshot -> 'evidence' -> 'app_info' ->> 'logo' = :id)
        OR EXISTS (SELECT FROM submission WHERE app_id = :app_id
                      AND snapshot -> 'evidence' -> 'app_info' ->> 'mark' = :id)
        OR EXISTS (SELECT FROM submission WHERE app_id = :app_id
                      AND jsonb_exists(snapshot -> 'evidence' -> 'catalog_details' -> 'screenshots', :id))
""")
_OLD = text("""
    WITH named AS (
        SELECT s.app_version, picture.id
          FROM submission s
         CROSS JOIN LATERAL (SELECT s.snapshot->'evidence'->'app_info'->>'logo' AS id
                             UNION ALL
                             SELECT s.snapshot->'evidence'->'app_info'->>'mark'
                             UNION ALL
                             SELECT jsonb_array_elements_text(
                                        CASE jsonb_typeof(s.snapshot->'evidence'->'catalog_details'->'screenshots')
                                        WHEN 'array' THEN s.snapshot->'evidence'->'catalog_details'->'screenshots'
                                        ELSE '[]' END)) picture
         WHERE s.app_id = :app_id AND picture.id IS NOT NULL
    )
    SELECT count(*) FROM asset x
     WHERE x.app_id = :app_id AND NOT x.id = ANY(CAST(:drafted AS uuid[]))
       AND x.id::text IN (SELECT id FROM named)
       AND x.id::text NOT IN (SELECT n.id FROM named n, app a
                               WHERE a.id = :app_id
                                 AND n.app_version IN (a.published, a.open_review,
                                                       (SELECT p.shown FROM planned_publication p
                                                         WHERE p.app_id = a.id AND p.ended_at IS NULL)))
""")
"""Counts the pictures that neither the draft nor what is published or under review uses, but an earlier submission."""


def store_asset(session: Session, slug: str, picture: Picture, actor: Actor) -> Asset:
    """Stores the picture and returns it, or returns the one with the same content and kind that is stored already.

    Locks the App. Does not commit. Raises NotFound and Conflict (frozen, or too many).
    """
    app = lock_editable_app(session, slug, actor)
    digest = hashlib.sha256(picture.content).digest()
    same = (Asset.app_id == app.id, Asset.kind == picture.kind, Asset.sha256 == digest)
    found = session.scalar(select(Asset).where(*same))
    if found is not None:
        return found
    _refuse_too_many(session, app)
    asset = new_asset(app.id, picture, actor)
    session.add(asset)
    session.flush()
    session.refresh(asset, ["uploaded_at"])
    log_action(session, actor, "asset.upload", asset.id, app=slug, kind=picture.kind)
    return asset


def new_asset(app_id: UUID, picture: Picture, actor: Actor) -> Asset:
    """Makes the row of a picture that was examined. Does not store it."""
    return Asset(
        id=new_id(),
        app_id=app_id,
        kind=picture.kind,
        sha256=hashlib.sha256(picture.content).digest(),
        media_type=picture.media_type,
        size=len(picture.content),
        width=picture.width,
        height=picture.height,
        likeness=picture.likeness,
        evenness=picture.evenness,
        content=picture.content,
        sanitised=True,
        uploaded_by=actor.id,
    )


def _refuse_too_many(session: Session, app: App) -> None:
    """Raises Conflict if the App has as many pictures as it may."""
    many = int(session.scalar(select(func.count()).where(Asset.app_id == app.id)) or 0)
    if many < MAX_ASSETS:
        return
    if many >= MAX_KEPT_ASSETS:
        detail = f"{app.slug} has {MAX_KEPT_ASSETS} pictures with those of its earlier submissions, which are kept."
        raise Conflict("asset.too_many", detail, "Delete one that was never submitted, or use one again.")
    drafted = ids_among(assets_in(_draft(session, app.id)))
    if many - int(session.scalar(_OLD, {"app_id": app.id, "drafted": drafted}) or 0) >= MAX_ASSETS:
        detail = f"{app.slug} has {MAX_ASSETS} pictures, the most that an App may have."
        raise Conflict("asset.too_many", detail, "Delete one first.")


def list_assets(session: Session, slug: str, actor: Actor) -> Sequence[Asset]:
    """Returns the App's pictures without their content, oldest first; to services, those that are published.

    Raises NotFound.
    """
    app = find_app(session, slug, actor)
    found = session.scalars(select(Asset).where(Asset.app_id == app.id).order_by(Asset.id)).all()
    if actor.role is not Role.SERVICE:
        return found
    published = _published(session, app.id)
    return [asset for asset in found if str(asset.id) in published]


def find_asset(session: Session, slug: str, asset_id: UUID, actor: Actor) -> Asset:
    """Returns a picture of an App that the actor may see, with its content. Raises NotFound.

    Once something was published of the App, services see the pictures of that and no others.
    """
    app = find_app(session, slug, actor)
    asset = _with_content(session, asset_id)
    if asset is None or asset.app_id != app.id:
        raise _not_found(asset_id)
    if actor.role is Role.SERVICE and app.published and str(asset_id) not in _published(session, app.id):
        raise _not_found(asset_id)
    return asset


def find_public_asset(session: Session, asset_id: UUID, previewed_app_id: UUID | None) -> Asset:
    """Returns a picture that the catalog shows, or that the preview of the App `previewed_app_id` shows.

    The catalog shows the pictures of what is published of a listed App, and no others. Raises NotFound.
    """
    asset = _with_content(session, asset_id)
    if asset is None:
        raise _not_found(asset_id)
    if asset.app_id == previewed_app_id and str(asset.id) in assets_in(_draft(session, asset.app_id)):
        return asset
    state = session.scalar(select(App.state).where(App.id == asset.app_id))
    if state not in LISTED_STATES or str(asset.id) not in _published(session, asset.app_id):
        raise _not_found(asset_id)
    return asset


def replace_content(session: Session, asset_id: UUID, picture: Picture) -> None:
    """Replaces the content of a picture that is not sanitised by `picture`, which was made from it.

    Locks the row. Does not commit. Changes nothing if the picture is gone or was replaced meanwhile, or if the App has
    another one of the same content, which a unique key allows only once.
    """
    asset = session.get(Asset, asset_id, with_for_update=True, populate_existing=True)
    if asset is None or asset.sanitised:
        return
    digest = hashlib.sha256(picture.content).digest()
    same = (Asset.app_id == asset.app_id, Asset.kind == asset.kind, Asset.sha256 == digest, Asset.id != asset_id)
    if session.scalar(select(Asset.id).where(*same)) is not None:
        return
    asset.content, asset.sha256, asset.size = picture.content, digest, len(picture.content)
    asset.media_type, asset.width, asset.height = picture.media_type, picture.width, picture.height
    asset.likeness, asset.evenness = picture.likeness, picture.evenness
    asset.sanitised = True
    session.flush()


def delete_asset(session: Session, slug: str, asset_id: UUID, actor: Actor) -> None:
    """Deletes a picture that is not in use. Locks the App. Does not commit.

    Raises NotFound and Conflict (in use, part of a submission, or frozen).
    """
    app = lock_editable_app(session, slug, actor)
    asset = session.get(Asset, asset_id)
    if asset is None or asset.app_id != app.id:
        raise _not_found(asset_id)
    if str(asset_id) in assets_in(_draft(session, app.id)):
        raise Conflict("asset.in_use", "The launch checklist uses this picture.", "Replace that evidence first.")
    if session.scalar(_SUBMITTED, {"app_id": app.id, "id": str(asset_id)}):
        detail = "A submission contains this picture, and what was submitted is kept."
        remedy = "There is nothing to do: it does not count once nothing newer uses it."
        raise Conflict("asset.submitted", detail, remedy)
    session.delete(asset)
    session.flush()
    log_action(session, actor, "asset.delete", asset_id, app=slug)


def assets_in(evidence: Mapping[str, Any]) -> set[str]:
    """Returns the ids of all pictures that an App's evidence, by requirement, names."""
    info = evidence.get(Requirement.APP_INFO, {})
    shots = evidence.get(Requirement.CATALOG_DETAILS, {}).get("screenshots", [])
    named = [info.get("logo"), info.get("mark"), *(shots if isinstance(shots, list) else [])]
    return {one for one in named if isinstance(one, str)}


def problems_with_assets(session: Session, app_id: UUID, evidence: Mapping[str, Any]) -> list[str]:
    """Returns a sentence for each picture in a requirement's evidence that is unknown or of the wrong kind."""
    wanted = [(name, evidence[name], AssetKind(name)) for name in ("logo", "mark") if name in evidence]
    wanted += [("each screenshot", shot, AssetKind.SCREENSHOT) for shot in evidence.get("screenshots", ())]
    kinds = _kinds_of(session, app_id, (UUID(named) for _, named, _ in wanted))
    return [
        f"{field} must be the id of a {kind} of this App; {named} is {_kind_in_words(kinds.get(named))}."
        for field, named, kind in wanted
        if kinds.get(named) != kind
    ]


def _kinds_of(session: Session, app_id: UUID, ids: Iterable[UUID]) -> dict[str, str]:
    statement = select(Asset.id, Asset.kind).where(Asset.app_id == app_id, Asset.id.in_(list(ids)))
    return {str(row.id): row.kind for row in session.execute(statement)}


def _kind_in_words(kind: str | None) -> str:
    return "not a picture of this App" if kind is None else f"a {kind}"


def _draft(session: Session, app_id: UUID) -> dict[str, Any]:
    given = select(ChecklistItem.code, ChecklistItem.evidence).where(ChecklistItem.app_id == app_id)
    return {row.code: row.evidence for row in session.execute(given)}


def _published(session: Session, app_id: UUID) -> set[str]:
    snapshot = published_snapshots(session, [app_id]).get(app_id)
    return assets_in(snapshot["evidence"]) if snapshot else set()


def _with_content(session: Session, asset_id: UUID) -> Asset | None:
    return session.scalar(select(Asset).where(Asset.id == asset_id).options(undefer(Asset.content)))


def _not_found(asset_id: UUID) -> NotFound:
    return NotFound("asset.not_found", f"There is no picture {asset_id} that you may see.", "Check its id.")
