"""The test account of an App, for the reviewer who holds its review. Accesses are logged and shown to the partner."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, Field

from api.auth import InContext, allow
from api.context import Session
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import SlugPath
from models import AuditEntry
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.building.test_account import list_readings, read_test_account
from workflow.identity.actors import Actor
from workflow.identity.names import names_shown_to

router = Router(prefix="/v1/apps/{slug}/test-account", responses=COMMON)

Reader = Annotated[Actor, allow(Scope.REVIEWS_DECIDE, Role.REVIEWER, Role.ADMIN, recent=True)]
Viewer = Annotated[Actor, allow(Scope.APPS_READ, Role.PARTNER, Role.REVIEWER, Role.ADMIN)]


class TestAccountAnswer(BaseModel):
    """The test account: its kind, and the fields of that kind. This access was logged, and the partner can see it."""

    kind: Literal["password", "api_key", "sso", "mailed_code", "none"]
    username: str | None = None
    password: str | None = None
    totp_secret: Annotated[
        str | None, Field(description="The secret of one-time codes (TOTP, base32).", examples=[None])
    ] = None
    api_key: Annotated[str | None, Field(examples=[None])] = None
    provider: Annotated[str | None, Field(description="With whose account one logs in.", examples=[None])] = None
    email: Annotated[
        str | None, Field(description="The address that codes or links are mailed to.", examples=[None])
    ] = None
    code: Annotated[str | None, Field(description="A code that always works for reviewers.", examples=[None])] = None
    mailbox_password: Annotated[str | None, Field(examples=[None])] = None
    reason: Annotated[str | None, Field(description="Why no account is needed.", examples=[None])] = None
    url: Annotated[str | None, Field(description="Where one logs in.", examples=["https://acme.example/login"])] = None
    notes: str | None = None


class ReadingAnswer(BaseModel):
    """One access to the secrets: when, by whom (an id), and in which role.

    `actor_name` is what they are called now: for reviewers and admins, null for partners.
    """

    at: datetime
    actor_role: Role
    actor_id: UUID
    actor_name: Annotated[str | None, Field(examples=["Rae Reviewer"])]


@router.get("", tags=["reviewer"], response_model=TestAccountAnswer, response_model_exclude_none=True)
async def read(context: InContext, actor: Reader, slug: SlugPath, response: Response) -> dict[str, Any]:
    """Returns the test account to the holder of the App's open review, and to admins. The access is logged."""
    answer = await context.transact(
        lambda session: read_test_account(session, slug, actor, context.envelope.unseal), reading_writes=True
    )
    response.headers["Cache-Control"] = "no-store"
    return answer


@router.get("/readings", tags=["partner", "reviewer"])
async def readings(context: InContext, actor: Viewer, slug: SlugPath, wanted: Paged) -> Page[ReadingAnswer]:
    """Lists the accesses to the secrets of the App's test account: who read it, and when."""

    def work(session: Session) -> Page[ReadingAnswer]:
        found = list_readings(session, slug, actor, wanted)
        names = names_shown_to(actor, session, [entry.actor_id for entry in found.rows])
        return shown_page(found, lambda entry: _shown(entry, names))

    return await context.transact(work)


def _shown(entry: AuditEntry, names: Mapping[UUID, str]) -> ReadingAnswer:
    return ReadingAnswer(
        at=entry.at,
        actor_role=Role(entry.actor_role),
        actor_id=entry.actor_id,
        actor_name=names.get(entry.actor_id),
    )
