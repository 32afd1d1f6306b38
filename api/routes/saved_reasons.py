"""Saved reasons, from which reviewers pick when they request changes. A new text is a new version, never an edit."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from api.auth import InContext, allow
from api.context import ApiContext, Session
from api.idempotency import Answer, once
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import Body, Key, Prose, ReasonCode
from models import SavedReason
from models.lifecycle import ReviewKind, Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.identity.actors import Actor
from workflow.reviewing.saved_reasons import (
    add_saved_reason,
    list_saved_reasons,
    retire_saved_reason,
    revise_saved_reason,
    versions_of,
)
from workflow.sql.storable import WITHOUT_NUL

router = Router(prefix="/v1/saved-reasons", responses=COMMON, tags=["reviewer"])

Viewer = Annotated[Actor, allow(Scope.REVIEWS_READ, Role.REVIEWER, Role.ADMIN)]
Editor = Annotated[Actor, allow(Scope.REVIEWS_DECIDE, Role.REVIEWER, Role.ADMIN)]
CodePath = Annotated[str, Path(pattern=r"^[a-z0-9_.]{1,64}$", examples=["partners_page.no_utm"])]


def _not_other(code: str) -> str:
    """Refuses the code `other`, which marks free text."""
    if code == "other":
        raise ValueError("is reserved for free text: choose another code")
    return code


class NewVersion(Body):
    """The text of a saved reason, where to fix the problem, and the kinds of review that it is for: none for any."""

    text: Prose
    where: Annotated[str, StringConstraints(pattern=WITHOUT_NUL, max_length=500)] = ""
    kinds: Annotated[list[ReviewKind], Field(max_length=len(ReviewKind))] = Field(default_factory=list)


class NewSavedReason(NewVersion):
    """A saved reason with a new code. The code `other` is reserved for free text."""

    code: Annotated[ReasonCode, Field(examples=["partners_page.no_utm"]), AfterValidator(_not_other)]


class SavedReasonAnswer(BaseModel):
    """One version of a saved reason. The highest version is the current one; a retired reason cannot be picked."""

    code: Annotated[str, Field(examples=["partners_page.no_utm"])]
    version: Annotated[int, Field(ge=1)]
    text: Annotated[str, Field(examples=["The links to us carry no UTM parameters."])]
    where: Annotated[str, Field(examples=["Your partners page; see the UTM guide."])]
    kinds: Annotated[list[ReviewKind], Field(description="The kinds of review that it is for; none for any.")]
    retired: bool
    written_by: UUID
    written_at: datetime


@router.get("")
async def list_current(
    context: InContext,
    actor: Viewer,  # noqa: ARG001
    wanted: Paged,
    retired: Annotated[bool, Query(description="Include retired ones.")] = False,
    kind: Annotated[ReviewKind | None, Query(description="Only those for reviews of this kind, or of any.")] = None,
) -> Page[SavedReasonAnswer]:
    """Lists the current version of every saved reason, by code."""
    return await context.transact(
        lambda session: shown_page(list_saved_reasons(session, wanted, retired=retired, kind=kind), _shown)
    )


@router.post("", status_code=201, response_model=SavedReasonAnswer)
async def add(context: InContext, actor: Editor, body: NewSavedReason, key: Key = None) -> JSONResponse:
    """Creates a saved reason with a new code."""
    return await _write(
        context,
        actor,
        key,
        {"saved_reason": body.model_dump()},
        lambda session: add_saved_reason(session, body.code, body.text, body.where, actor, body.kinds),
    )


@router.get("/{code}")
async def read(context: InContext, actor: Viewer, code: CodePath) -> Page[SavedReasonAnswer]:  # noqa: ARG001
    """Lists all versions of a saved reason, oldest first, on one page."""
    return await context.transact(lambda s: Page(items=[_shown(row) for row in versions_of(s, code)]))


@router.post("/{code}/versions", status_code=201, response_model=SavedReasonAnswer)
async def revise(context: InContext, actor: Editor, code: CodePath, body: NewVersion, key: Key = None) -> JSONResponse:
    """Adds a new version of a saved reason. Earlier decisions keep their version; a retired reason is restored."""
    return await _write(
        context,
        actor,
        key,
        {"saved_reason": code, **body.model_dump()},
        lambda session: revise_saved_reason(session, code, body.text, body.where, actor, body.kinds),
    )


@router.delete("/{code}")
async def retire(context: InContext, actor: Editor, code: CodePath) -> SavedReasonAnswer:
    """Retires a saved reason, so that it cannot be picked any more. Repeating the call changes nothing."""

    return await context.transact(lambda session: _shown(retire_saved_reason(session, code, actor)))


async def _write(
    context: ApiContext,
    actor: Actor,
    key: str | None,
    asked: object,
    change: Callable[[Session], SavedReason],
) -> JSONResponse:
    def make(session: Session) -> Answer:
        return 201, _shown(change(session)).model_dump(mode="json")

    status, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: make(s)))
    return JSONResponse(answer, status)


def _shown(saved: SavedReason) -> SavedReasonAnswer:
    return SavedReasonAnswer(
        code=saved.code,
        version=saved.version,
        text=saved.text,
        where=saved.where_to_fix,
        kinds=[ReviewKind(kind) for kind in saved.kinds],
        retired=saved.retired,
        written_by=saved.written_by,
        written_at=saved.written_at,
    )
