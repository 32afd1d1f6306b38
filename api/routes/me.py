"""Oneself: who the token is, the news that one gets by mail, and changing one's address."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, StringConstraints

from api.auth import InContext, allow, principal_of
from api.context import Session, now_of
from api.idempotency import Answer, once
from api.schemas.values import Body, Email, Flag, Key
from models import Person
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.access.addresses import ask_for_address
from workflow.access.people import find_organization, find_person
from workflow.access.time_zones import choose_time_zone
from workflow.identity.actors import Actor
from workflow.identity.principals import Principal
from workflow.identity.tokens import SCOPES_OF
from workflow.notifications.news import news_of, switch_news

router = Router(prefix="/v1/me", responses=COMMON, tags=["partner"])

Anybody = Annotated[Actor, allow(Scope.APPS_READ, Role.PARTNER, Role.REVIEWER, Role.ADMIN)]
Oneself = Annotated[Actor, allow(Scope.PEOPLE_MANAGE, Role.PARTNER, Role.ADMIN)]
OfCaller = Annotated[Principal, Depends(principal_of)]
Somebody = Annotated[
    Actor,
    allow(
        Scope.PEOPLE_MANAGE,
        Role.PARTNER,
        Role.REVIEWER,
        Role.ADMIN,
        other_scopes=((Role.REVIEWER, Scope.REVIEWS_DECIDE),),
    ),
]
TIME_ZONE = r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$"
News = Annotated[dict[str, Flag], Field(max_length=20, examples=[{"customer_onboarded": False}])]


class MeAnswer(BaseModel):
    """The person whose token or session it is. `news` says for each kind of news whether it is mailed to them.

    `organization` is the name of a partner's company, and `scopes` what the token may be used for. `authenticated_at`
    is when the person of a session signed in, null for a token.
    """

    id: UUID
    name: str
    email: str
    role: Role
    organization_id: UUID | None
    organization: Annotated[str | None, Field(examples=["Acme"])]
    owner: bool
    scopes: list[Scope]
    authenticated_at: datetime | None
    news: dict[str, bool]
    time_zone: Annotated[str | None, Field(description="An IANA name; null for UTC.", examples=["Europe/Berlin"])]


class TimeZoneChoice(Body):
    time_zone: Annotated[
        str | None, StringConstraints(pattern=TIME_ZONE, max_length=64), Field(examples=["Europe/Berlin"])
    ]


class TimeZoneAnswer(BaseModel):
    time_zone: Annotated[str | None, Field(examples=["Europe/Berlin"])]


class NewAddress(Body):
    email: Email


class AddressAnswer(BaseModel):
    """A link was mailed to `email`; the address changes once it is used, by `prove_by`."""

    email: str
    prove_by: datetime


class NewsChoice(Body):
    news: News


class NewsAnswer(BaseModel):
    news: dict[str, bool]


@router.get("")
async def read_me(context: InContext, actor: Anybody, caller: OfCaller) -> MeAnswer:
    """Returns the person whose token or session it is, and what it may be used for."""
    return await context.transact(lambda session: _me(session, find_person(session, actor), caller))


@router.put("/news")
async def choose_news(context: InContext, actor: Somebody, body: NewsChoice) -> NewsAnswer:
    """Switches kinds of news on or off: for partners `customer_onboarded`, for staff `reviewer_digest`.

    What is part of the process is mailed always.
    """
    return await context.transact(lambda session: NewsAnswer(news=switch_news(session, actor, body.news)))


@router.put("/time-zone")
async def choose_a_time_zone(context: InContext, actor: Somebody, body: TimeZoneChoice) -> TimeZoneAnswer:
    """Sets the time zone in which you read times, an IANA name; null for UTC."""
    return await context.transact(
        lambda session: TimeZoneAnswer(time_zone=choose_time_zone(session, actor, body.time_zone).time_zone)
    )


@router.post("/address", status_code=202, response_model=AddressAnswer)
async def ask_to_change_address(context: InContext, actor: Oneself, body: NewAddress, key: Key = None) -> JSONResponse:
    """Mails a link to a new address. The address changes once the link is used, and the old one is told."""

    def work(session: Session) -> Answer:
        proof = ask_for_address(session, actor, body.email, now_of(session), context.envelope.seal)
        return 202, AddressAnswer(email=proof.email, prove_by=proof.expires_at).model_dump(mode="json")

    asked = {"address": body.model_dump()}
    status, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: work(s)))
    return JSONResponse(answer, status)


def _me(session: Session, person: Person, caller: Principal) -> MeAnswer:
    role, company = Role(person.role), person.organization_id
    return MeAnswer(
        id=person.id,
        name=person.name,
        email=person.email,
        role=role,
        organization_id=company,
        organization=find_organization(session, company, caller.actor).name if company else None,
        owner=person.owner,
        scopes=sorted(scope for scope in SCOPES_OF[role] if caller.has(scope)),
        authenticated_at=caller.authenticated_at,
        news=news_of(session, person.id),
        time_zone=person.time_zone,
    )
