"""Saved reasons: what reviewers pick from when they ask for changes. Each has versions; none is edited in place."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from api.auth import InContext, allow
from api.context import ApiContext, Session
from api.idempotency import Answer, once
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import Body, Key, Prose, ReasonCode
from models import SavedReason
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from workflow.identity.actors import Actor
from workflow.reviewing.saved_reasons import (
    add_saved_reason,
    list_saved_reasons,
    retire_saved_reason,
    revise_saved_reason,
    versions_of,
)
from workflow.sql.storable import WITHOUT_NUL

router = APIRouter(prefix="/v1/saved-reasons", responses=COMMON, tags=["reviewer"])

Viewer = Annotated[Actor, allow(Scope.REVIEWS_READ, Role.REVIEWER, Role.ADMIN)]
Editor = Annotated[Actor, allow(Scope.REVIEWS_DECIDE, Role.REVIEWER, Role.ADMIN)]
CodePath = Annotated[str, Path(pattern=r"^[a-z0-9_.]{1,64}$", examples=["partners_page.no_utm"])]


def _not_other(code: str) -> str:
    """Refuses the code that stands for own words."""
    if code == "other":
        raise ValueError("is taken: it stands for own words")
    return code


class NewVersion(Body):
    """The words of a saved reason, and where to fix what it names."""

    text: Prose
    where: Annotated[str, StringConstraints(pattern=WITHOUT_NUL, max_length=500)] = ""


class NewSavedReason(NewVersion):
    """A saved reason under a new code (`other` is taken by own words)."""

    code: Annotated[ReasonCode, Field(examples=["partners_page.no_utm"]), AfterValidator(_not_other)]


class SavedReasonAnswer(BaseModel):
    """One version of a saved reason. The highest version counts; a retired one cannot be picked."""

    code: Annotated[str, Field(examples=["partners_page.no_utm"])]
    version: Annotated[int, Field(ge=1)]
    text: Annotated[str, Field(examples=["The links to us carry no UTM parameters."])]
    where: Annotated[str, Field(examples=["Your partners page; see the UTM guide."])]
    retired: bool
    written_by: UUID
    written_at: datetime


@router.get("")
async def list_current(
    context: InContext,
    actor: Viewer,  # noqa: ARG001
    wanted: Paged,
    retired: Annotated[bool, Query(description="Retired ones too.")] = False,
) -> Page[SavedReasonAnswer]:
    """Lists the saved reasons as they stand, by code."""

    return await context.transact(
        lambda session: shown_page(list_saved_reasons(session, wanted, retired=retired), _shown)
    )


@router.post("", status_code=201, response_model=SavedReasonAnswer)
async def add(context: InContext, actor: Editor, body: NewSavedReason, key: Key = None) -> JSONResponse:
    """Saves a reason under a new code."""
    return await _write(
        context,
        actor,
        key,
        {"saved_reason": body.model_dump()},
        lambda session: add_saved_reason(session, body.code, body.text, body.where, actor),
    )


@router.get("/{code}")
async def read(context: InContext, actor: Viewer, code: CodePath) -> Page[SavedReasonAnswer]:  # noqa: ARG001
    """Returns all versions of a saved reason, oldest first: they are one page."""
    return await context.transact(lambda s: Page(items=[_shown(row) for row in versions_of(s, code)]))


@router.post("/{code}/versions", status_code=201, response_model=SavedReasonAnswer)
async def revise(context: InContext, actor: Editor, code: CodePath, body: NewVersion, key: Key = None) -> JSONResponse:
    """Writes new words for a saved reason from now on; decisions made before keep theirs. Brings back a retired one."""
    return await _write(
        context,
        actor,
        key,
        {"saved_reason": code, **body.model_dump()},
        lambda session: revise_saved_reason(session, code, body.text, body.where, actor),
    )


@router.delete("/{code}")
async def retire(context: InContext, actor: Editor, code: CodePath) -> SavedReasonAnswer:
    """Takes a saved reason out of use. Doing it again changes nothing."""

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
        retired=saved.retired,
        written_by=saved.written_by,
        written_at=saved.written_at,
    )
