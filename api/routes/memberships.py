"""The partner program: partners apply and leave, reviewers decide."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, StringConstraints

from api.auth import InContext, allow
from api.context import Session, now_of
from api.idempotency import Answer, once
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import Body, Key, Prose, SlugPath
from models import App, Membership
from models.lifecycle import AppState, MembershipState, MembershipTrigger, Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.catalog.membership import (
    apply_for_membership,
    decide_membership,
    find_membership,
    is_paused,
    leave_program,
    list_memberships,
)
from workflow.identity.actors import Actor
from workflow.sql.storable import WITHOUT_NUL

router = Router(prefix="/v1", responses=COMMON)

Viewer = Annotated[Actor, allow(Scope.APPS_READ, Role.PARTNER, Role.REVIEWER, Role.ADMIN)]
Applicant = Annotated[Actor, allow(Scope.APPS_WRITE, Role.PARTNER)]
Leaver = Annotated[
    Actor,
    allow(
        Scope.APPS_WRITE,
        Role.PARTNER,
        Role.REVIEWER,
        Role.ADMIN,
        other_scopes=((Role.REVIEWER, Scope.REVIEWS_DECIDE),),
    ),
]
Reader = Annotated[Actor, allow(Scope.REVIEWS_READ, Role.REVIEWER, Role.ADMIN)]
Decider = Annotated[Actor, allow(Scope.REVIEWS_DECIDE, Role.REVIEWER, Role.ADMIN)]


class Application(Body):
    """An application, with an optional message to the reviewers."""

    message: Annotated[
        str, StringConstraints(pattern=WITHOUT_NUL, max_length=2000), Field(examples=["40 shared customers."])
    ] = ""


class MembershipDecision(Body):
    """A decision: `accept`, or `decline` with a reason, which the partner sees."""

    decision: Literal["accept", "decline"]
    reason: Annotated[Prose | None, Field(examples=["Come back with ten customers."])] = None


class MembershipAnswer(BaseModel):
    """An App's membership. `paused` means that it is a member, but is not shown as one until it is public again."""

    app: Annotated[str, Field(examples=["acme"])]
    app_name: Annotated[str, Field(examples=["Acme"])]
    app_state: AppState
    customers: Annotated[int, Field(description="Customers that are onboarded.", examples=[5])]
    state: MembershipState
    paused: bool
    message: str
    applied_at: datetime
    decided_at: datetime | None
    reason: str | None
    left_at: datetime | None


@router.get("/memberships", tags=["reviewer"])
async def list_program(
    context: InContext,
    actor: Reader,  # noqa: ARG001
    wanted: Paged,
    state: Annotated[MembershipState | None, Query()] = None,
) -> Page[MembershipAnswer]:
    """Lists memberships and applications, those that have waited longest first."""
    return await context.transact(
        lambda session: shown_page(list_memberships(session, state, wanted), lambda found: _shown(*found))
    )


@router.get("/apps/{slug}/membership", tags=["partner", "reviewer"])
async def read_membership(context: InContext, actor: Viewer, slug: SlugPath) -> MembershipAnswer:
    """Returns the App's membership in the partner program."""
    return await context.transact(lambda session: _shown(*find_membership(session, slug, actor)))


@router.post("/apps/{slug}/membership", status_code=201, tags=["partner"], responses={201: {"model": MembershipAnswer}})
async def apply(
    context: InContext, actor: Applicant, slug: SlugPath, body: Application, key: Key = None
) -> JSONResponse:
    """Applies to join the partner program. The App must be public. After a decline or leaving, it may apply again."""

    def work(session: Session) -> Answer:
        app, membership = apply_for_membership(session, slug, actor, now_of(session), body.message)
        return 201, _shown(app, membership).model_dump(mode="json")

    asked = {"membership": body.model_dump(), "app": slug}
    status, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: work(s)))
    return JSONResponse(answer, status)


@router.post("/apps/{slug}/membership/decision", tags=["reviewer"])
async def decide(context: InContext, actor: Decider, slug: SlugPath, body: MembershipDecision) -> MembershipAnswer:
    """Accepts the application, or declines it with a reason."""

    def work(session: Session) -> MembershipAnswer:
        trigger = MembershipTrigger(body.decision)
        app, membership = decide_membership(session, slug, trigger, actor, now_of(session), body.reason)
        return _shown(app, membership)

    return await context.transact(work)


@router.delete("/apps/{slug}/membership", tags=["partner", "reviewer"])
async def leave(context: InContext, actor: Leaver, slug: SlugPath) -> MembershipAnswer:
    """Leaves the program, or withdraws the application. Reviewers end a membership in the same way."""

    def work(session: Session) -> MembershipAnswer:
        app, membership = leave_program(session, slug, actor, now_of(session))
        return _shown(app, membership)

    return await context.transact(work)


def _shown(app: App, membership: Membership) -> MembershipAnswer:
    return MembershipAnswer(
        app=app.slug,
        app_name=app.name,
        app_state=AppState(app.state),
        customers=app.onboarded_customers,
        state=MembershipState(membership.state),
        paused=is_paused(app, membership),
        message=membership.message,
        applied_at=membership.applied_at,
        decided_at=membership.decided_at,
        reason=membership.reason,
        left_at=membership.left_at,
    )
