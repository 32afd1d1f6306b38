"""Signing in to the pages by a link that works once. What comes of it, a session, belongs in a browser's cookie."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import NAMESPACE_URL, uuid5

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api.auth import InContext
from api.context import Session, now_of
from api.idempotency import Answer, ShownOnce, once
from api.schemas.values import Body, Key
from models import Person
from models.lifecycle import Role
from web.problems import COMMON, PUBLIC
from workflow.identity.actors import Actor
from workflow.identity.sessions import find_link, sign_in, state_of_link

router = APIRouter(prefix="/v1/sign-ins", tags=["partner", "reviewer", "admin"])

Secret = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,100}$", examples=["the-secret-of-the-link"])]


class LinkAnswer(BaseModel):
    """A link to sign in by. It is `open` until somebody has signed in by it, or it has expired."""

    state: Literal["open", "used", "expired"]
    name: str
    role: Role
    expires_at: datetime


class Browser(Body):
    """What is known of the browser that signs in: the session that it had before, which ends."""

    session: Annotated[str | None, Field(max_length=200, examples=["dc_session_mJ1yq8Yw0kX3Tn5b"])] = None


class SessionAnswer(BaseModel):
    """A session that has begun. `session` is its secret, which is shown once. `next_path` is the page to go on with.

    It opens pages: no call of the API takes it.
    """

    session: Annotated[str | None, Field(examples=["dc_session_mJ1yq8Yw0kX3Tn5b"])]
    expires_at: datetime
    next_path: Annotated[str | None, Field(examples=["/"])]


@router.get("/{secret}", responses=PUBLIC)
async def read(context: InContext, secret: Secret) -> LinkAnswer:
    """Returns what a link to sign in by is for. Signs nobody in."""

    def work(session: Session) -> LinkAnswer:
        link = find_link(session, secret)
        person = session.get_one(Person, link.person_id)
        state = state_of_link(link, now_of(session))
        return LinkAnswer(state=state, name=person.name, role=Role(person.role), expires_at=link.expires_at)

    return await context.transact(work)


@router.post("/{secret}", responses=COMMON, response_model=SessionAnswer)
async def use(context: InContext, secret: Secret, body: Browser, key: Key = None) -> JSONResponse:
    """Signs in the person of the link, once. The session is for the cookie of a browser, and opens pages only."""

    def work(session: Session) -> Answer:
        begun = sign_in(session, secret, now_of(session), before=body.session)
        answer = SessionAnswer(
            session=begun.secret, expires_at=begun.session.expires_at, next_path=begun.next_path
        ).model_dump(mode="json")
        return 200, answer

    holder = Actor(uuid5(NAMESPACE_URL, f"sign-in:{secret}"), Role.PARTNER)
    shown = ShownOnce("session", context.envelope)
    status, answer = await context.transact(lambda s: once(s, holder, key, {"sign_in": secret}, lambda: work(s), shown))
    return JSONResponse(answer, status, headers={"Cache-Control": "no-store"})
