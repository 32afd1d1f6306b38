"""What changed of what everybody gets, for services that keep a copy of it."""

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from api.auth import InContext, allow
from api.context import Session
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import Moment
from models.lifecycle import AppState, Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.catalog.changes import AppChange, Change, list_changes
from workflow.identity.actors import Actor

router = Router(prefix="/v1/app-changes", responses=COMMON)

Lister = Annotated[Actor, allow(Scope.APPS_READ, Role.SERVICE, Role.REVIEWER, Role.ADMIN)]


class AppChangeAnswer(BaseModel):
    """One change of what everybody gets of an App. `state` is the App's after it.

    `published` is the version that is published, which a suspended, unlisted or removed App only had so far. `version`
    is the App's, of the transition that brought the change about.
    """

    app: Annotated[str, Field(examples=["acme"])]
    change: Change
    at: datetime
    state: AppState
    version: int
    published: int


class AppChangesAnswer(Page[AppChangeAnswer]):
    """A page of changes. Once `next` is null, list further with `since` set to the last page's `until`."""

    until: datetime


@router.get("", tags=["service", "reviewer"])
async def list_app_changes(
    context: InContext,
    actor: Lister,  # noqa: ARG001 (a dependency)
    wanted: Paged,
    since: Annotated[
        Moment | None, Query(description="The first moment that counts.", examples=["2026-01-01T00:00:00Z"])
    ] = None,
) -> AppChangesAnswer:
    """Lists what was published, promoted, suspended, reinstated, unlisted, relisted and removed, oldest first.

    It lists what happened at `since` or later and before `until`, which the answer names. To follow on, read all pages,
    then list again with `since` set to the `until` of the last page: nothing is missed, and nothing is listed twice.
    """

    def work(session: Session) -> AppChangesAnswer:
        found = list_changes(session, since, wanted)
        page = shown_page(found.page, _change)
        return AppChangesAnswer(items=page.items, next=page.next, until=found.until)

    return await context.transact(work)


def _change(change: AppChange) -> AppChangeAnswer:
    return AppChangeAnswer(
        app=change.app,
        change=change.change,
        at=change.at,
        state=AppState(change.state),
        version=change.version,
        published=change.published,
    )
