"""The test account of an App, for the reviewer who holds its review. Accesses are logged and shown to the partner."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from api.auth import InContext, allow
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import SlugPath
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from workflow.building.test_account import list_readings, read_test_account
from workflow.identity.actors import Actor

router = APIRouter(prefix="/v1/apps/{slug}/test-account", responses=COMMON)

Reader = Annotated[Actor, allow(Scope.REVIEWS_DECIDE, Role.REVIEWER, Role.ADMIN)]
Viewer = Annotated[Actor, allow(Scope.APPS_READ, Role.PARTNER, Role.REVIEWER, Role.ADMIN)]


class TestAccountAnswer(BaseModel):
    """The test account. This access was logged, and the partner can see it."""

    username: str
    password: str
    notes: str


class ReadingAnswer(BaseModel):
    """One access to the password: when, by whom (an id), and in which role."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    actor_role: Role
    actor_id: UUID


@router.get("", tags=["reviewer"], response_model=TestAccountAnswer)
async def read(context: InContext, actor: Reader, slug: SlugPath, response: Response) -> dict[str, Any]:
    """Returns the test account to the holder of the App's open review, and to admins. The access is logged."""
    answer = await context.transact(
        lambda session: asdict(read_test_account(session, slug, actor, context.envelope.unseal))
    )
    response.headers["Cache-Control"] = "no-store"
    return answer


@router.get("/readings", tags=["partner", "reviewer"])
async def readings(context: InContext, actor: Viewer, slug: SlugPath, wanted: Paged) -> Page[ReadingAnswer]:
    """Lists the accesses to the password of the App's test account: who read it, and when."""
    return await context.transact(
        lambda session: shown_page(list_readings(session, slug, actor, wanted), ReadingAnswer.model_validate)
    )
