"""Private links to the catalog entry that an App will have, and the entry that a link shows."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import InContext, allow
from api.context import Session, now_of
from api.idempotency import Answer, ShownOnce, once
from api.schemas.entries import EntryAnswer, shown_entry
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import Body, Key, SlugPath
from models import PreviewLink
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON, PUBLIC
from web.routers import Router
from workflow.catalog.previews import (
    TOKEN_CHARACTERS,
    create_preview,
    list_previews,
    previewed_app,
    previewed_entry,
    revoke_preview,
)
from workflow.identity.actors import Actor

router = Router(prefix="/v1")

Viewer = Annotated[Actor, allow(Scope.APPS_READ, Role.PARTNER)]
Builder = Annotated[Actor, allow(Scope.APPS_WRITE, Role.PARTNER)]
Token = Annotated[
    str,
    Path(
        pattern=r"^[A-Za-z0-9_-]+$",
        min_length=TOKEN_CHARACTERS,
        max_length=TOKEN_CHARACTERS,
        examples=["9J0nq3vYtR7sXb2mKf4uWc6dZe8gHiLoPpQaSjTyUwE"],
    ),
]


class NewPreview(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"days": 7}]})

    days: Annotated[int, Field(ge=1, le=30)] = 7


class PreviewAnswer(BaseModel):
    """A preview link and the time during which it works."""

    id: UUID
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class NewPreviewAnswer(PreviewAnswer):
    """A preview link and its address, which is shown once."""

    path: str | None


@router.post(
    "/apps/{slug}/previews", status_code=201, tags=["partner"], response_model=NewPreviewAnswer, responses=COMMON
)
async def create(
    context: InContext, actor: Builder, slug: SlugPath, body: NewPreview, key: Key = None
) -> dict[str, Any]:
    """Creates a private link to the entry that the App has once its draft is approved. Its address is shown once."""

    def work(session: Session) -> Answer:
        life = timedelta(days=body.days)
        link, token = create_preview(session, slug, actor, now_of(session), life=life)
        return 201, _link(link) | {"path": f"/v1/previews/{token}"}

    asked = {"preview": body.model_dump(), "app": slug}
    path = ShownOnce("path", context.envelope)
    _, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: work(s), path))
    return answer


@router.get("/apps/{slug}/previews", tags=["partner"], responses=COMMON)
async def list_links(context: InContext, actor: Viewer, slug: SlugPath, wanted: Paged) -> Page[PreviewAnswer]:
    """Lists the App's preview links, without their addresses."""
    return await context.transact(
        lambda session: shown_page(
            list_previews(session, slug, actor, wanted), lambda link: PreviewAnswer.model_validate(_link(link))
        )
    )


@router.delete("/apps/{slug}/previews/{link_id}", status_code=204, tags=["partner"], responses=COMMON)
async def revoke(context: InContext, actor: Builder, slug: SlugPath, link_id: UUID) -> Response:
    """Revokes a preview link, which stops working at once."""
    await context.transact(lambda session: revoke_preview(session, slug, link_id, actor, now_of(session)))
    return Response(status_code=204)


@router.get("/previews/{token}", tags=["everyone"], response_model=EntryAnswer, responses=PUBLIC)
async def show(context: InContext, token: Token, response: Response) -> dict[str, Any]:
    """Returns the entry that a private link shows, as it would appear in the catalog."""

    entry = await context.transact(
        lambda session: previewed_entry(session, previewed_app(session, token, now_of(session)))
    )
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return shown_entry(entry, lambda asset_id: f"/v1/assets/{asset_id}?preview={token}")


def _link(link: PreviewLink) -> dict[str, Any]:
    return {
        "id": str(link.id),
        "created_at": link.created_at.isoformat(),
        "expires_at": link.expires_at.isoformat(),
        "revoked_at": link.revoked_at.isoformat() if link.revoked_at else None,
    }
