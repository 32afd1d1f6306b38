"""Pictures of an App: uploading, listing, deleting and showing them safely."""

import hashlib
import re
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import BaseModel

from api.auth import EVERY_ROLE, InContext, allow
from api.context import ApiContext, Session, now_of
from api.idempotency import Answer, once
from api.schemas.pages import Page
from api.schemas.values import Key, SlugPath
from models import Asset
from models.asset import AssetKind
from models.lifecycle import Role
from models.token import Scope
from web.bounds import LargerBody
from web.problems import COMMON, PUBLIC
from web.routers import Router
from workflow.apps import find_app
from workflow.assets.pictures import Picture
from workflow.assets.raster import MAX_BYTES, SMALLER
from workflow.assets.storing import (
    delete_asset,
    find_asset,
    find_public_asset,
    list_assets,
    replace_content,
    store_asset,
)
from workflow.catalog.previews import TOKEN_CHARACTERS, previewed_app
from workflow.errors import Invalid, NotFound
from workflow.identity.actors import Actor

router = Router(prefix="/v1")

Viewer = Annotated[Actor, allow(Scope.APPS_READ, *EVERY_ROLE)]
Builder = Annotated[Actor, allow(Scope.APPS_WRITE, Role.PARTNER)]
PreviewToken = Annotated[
    str | None,
    Query(pattern=r"^[A-Za-z0-9_-]+$", min_length=TOKEN_CHARACTERS, max_length=TOKEN_CHARACTERS),
]

LARGER_BODIES = (LargerBody("POST", re.compile(r"/v1/apps/[^/]+/assets"), MAX_BYTES, SMALLER),)
"""The paths whose bodies may be larger than those of other calls."""

_PICTURES: dict[str, dict[str, Any]] = {
    media_type: {} for media_type in ("image/svg+xml", "image/png", "image/jpeg", "image/webp")
}
_UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in _PICTURES},
    }
}
_SHOWN: dict[int | str, dict[str, Any]] = {200: {"description": "The picture.", "content": _PICTURES}}


class AssetAnswer(BaseModel):
    """A picture. `path` is its address for everyone who may see the App; evidence refers to it by `id`."""

    id: UUID
    kind: AssetKind
    sha256: str
    media_type: str
    size: int
    width: int
    height: int
    uploaded_at: datetime
    path: str


@router.post(
    "/apps/{slug}/assets",
    status_code=201,
    tags=["partner"],
    response_model=AssetAnswer,
    responses=COMMON,
    openapi_extra=_UPLOAD,
)
async def upload(
    context: InContext, actor: Builder, slug: SlugPath, kind: AssetKind, request: Request, key: Key = None
) -> dict[str, Any]:
    """Uploads a logo or a mark (SVG), or a screenshot (PNG, JPEG, WebP), of at most 5 MiB.

    Send the bytes of the file as they are, not as a form. The format is recognised from the content, whatever
    `Content-Type` says. What is stored is the picture without metadata, turned as people see it; an SVG is written anew
    with what it needs to be drawn. Uploading the same picture of the same kind again returns the same id.
    """
    content = await request.body()
    await context.transact(lambda session: find_app(session, slug, actor))
    picture = await context.read_picture(kind, content)

    def work(session: Session) -> Answer:
        return 201, _asset(store_asset(session, slug, picture, actor), slug)

    asked = {"asset": hashlib.sha256(content).hexdigest(), "kind": kind.value, "app": slug}
    _, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: work(s)))
    return answer


@router.get("/apps/{slug}/assets", tags=["partner", "reviewer"], responses=COMMON)
async def list_pictures(context: InContext, actor: Viewer, slug: SlugPath) -> Page[AssetAnswer]:
    """Lists the App's pictures, oldest first. All of them, at most 40, are on one page."""
    assets = await context.transact(lambda session: list_assets(session, slug, actor))
    return Page(items=[AssetAnswer.model_validate(_asset(asset, slug)) for asset in assets])


@router.get(
    "/apps/{slug}/assets/{asset_id}", tags=["partner", "reviewer"], response_class=Response, responses=COMMON | _SHOWN
)
async def show_asset(context: InContext, actor: Viewer, slug: SlugPath, asset_id: UUID) -> Response:
    """Returns a picture of an App to callers who may see the App."""
    asset = await context.transact(lambda session: find_asset(session, slug, asset_id, actor))
    return _picture(await _shown(context, asset), public=False)


@router.delete("/apps/{slug}/assets/{asset_id}", status_code=204, tags=["partner"], responses=COMMON)
async def remove_asset(context: InContext, actor: Builder, slug: SlugPath, asset_id: UUID) -> Response:
    """Deletes a picture. Refused while the checklist or a submission uses it."""

    await context.transact(lambda session: delete_asset(session, slug, asset_id, actor))
    return Response(status_code=204)


@router.get("/assets/{asset_id}", tags=["everyone"], response_class=Response, responses=PUBLIC | _SHOWN)
async def show_public_asset(context: InContext, asset_id: UUID, preview: PreviewToken = None) -> Response:
    """Returns a picture of a catalog entry or, with the token of a preview link, of that preview."""

    def work(session: Session) -> Asset:
        previewed_app_id = previewed_app(session, preview, now_of(session)).id if preview else None
        return find_public_asset(session, asset_id, previewed_app_id)

    return _picture(await _shown(context, await context.transact(work)), public=preview is None)


def _asset(asset: Asset, slug: str) -> dict[str, Any]:
    return {
        "id": str(asset.id),
        "kind": asset.kind,
        "sha256": bytes(asset.sha256).hex(),
        "media_type": asset.media_type,
        "size": asset.size,
        "width": asset.width,
        "height": asset.height,
        "uploaded_at": asset.uploaded_at.isoformat(),
        "path": f"/v1/apps/{slug}/assets/{asset.id}",
    }


async def _shown(context: ApiContext, asset: Asset) -> Picture:
    """Returns the picture to show. One that an earlier version stored as it was uploaded is sanitised, and replaced."""
    if asset.sanitised:
        return Picture(asset.kind, bytes(asset.content), asset.media_type, asset.width, asset.height)
    try:
        picture = await context.read_picture(asset.kind, bytes(asset.content))
    except Invalid as invalid:
        detail = f"This picture was stored by an earlier version, and is no longer shown. {invalid.detail}"
        raise NotFound("asset.withdrawn", detail, f"Its partner uploads another one. {invalid.remedy}") from None
    await context.transact(lambda session: replace_content(session, asset.id, picture))
    return picture


def _picture(picture: Picture, *, public: bool) -> Response:
    """Returns the picture with headers that keep a browser from running it, loading more for it, or guessing its type.

    A picture never changes, but those of a suspended App are withdrawn, so shared caches must ask again within minutes.
    """
    ending = picture.media_type.removeprefix("image/").removesuffix("+xml")
    caching = "public, max-age=300, immutable" if public else "private, max-age=31536000, immutable"
    return Response(
        picture.content,
        media_type=picture.media_type,
        headers={
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "cross-origin" if public else "same-origin",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": caching,
            "ETag": f'"{hashlib.sha256(picture.content).hexdigest()}"',
            "Content-Disposition": f'inline; filename="{picture.kind}.{ending}"',
        },
    )
