"""Signing in to the pages by a link or a code that works once. The session is for the cookie of a browser."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import NAMESPACE_URL, uuid5

from fastapi import Header, Path
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api.auth import InContext
from api.context import Session, now_of
from api.idempotency import Answer, ShownOnce, once
from api.schemas.values import Body, Email, Key, Line
from models import Person
from models.lifecycle import Role
from web.problems import COMMON, PUBLIC
from web.routers import Router
from workflow.access.signing_in import ask_to_sign_in
from workflow.errors import Invalid
from workflow.identity.actors import Actor
from workflow.identity.sessions import SignedIn, find_link, sign_in, sign_in_by_code, state_of_link

router = Router(tags=["partner", "reviewer", "admin"])

_SECRET = r"^[A-Za-z0-9_-]{1,100}$"
Secret = Annotated[str, Path(pattern=_SECRET, examples=["the-secret-of-the-link"])]
OwnSession = Annotated[str | None, Field(max_length=200, examples=["dc_session_mJ1yq8Yw0kX3Tn5b"])]
Browser = Annotated[str, Field(pattern=_SECRET, examples=["the-secret-of-the-browser"])]
OfBrowser = Annotated[str | None, Header(max_length=200, description="The secret of the browser that asked.")]


class WhoSignsIn(Body):
    """Whose address it is that a link is mailed to, and the path of the page to go on with."""

    email: Email
    next_path: Annotated[str | None, Field(max_length=1000, examples=["/"])] = None


class MailedAnswer(BaseModel):
    """The same for every address. `browser` is for the browser that asked: the link and the code work in no other."""

    note: str = Field(examples=["If the address belongs to somebody with access, a link and a code were mailed to it."])
    browser: Annotated[str, Field(examples=["the-secret-of-the-browser"])]
    expires_at: datetime


class LinkAnswer(BaseModel):
    """A link to sign in by. It is `open` until somebody has signed in by it, or it has expired.

    A mailed link is `elsewhere` in any browser but the one that asked for it.
    """

    state: Literal["open", "used", "expired", "elsewhere"]
    name: str
    role: Role
    expires_at: datetime


class SigningIn(Body):
    """The browser that signs in: its secret, if it asked for the link, and the session that it had, which ends."""

    browser: Browser | None = None
    session: OwnSession = None


class TypedCode(Body):
    """The code of a mail, as it was typed in the browser that asked for it."""

    browser: Browser
    code: Annotated[Line, Field(examples=["KX3TN-5BMJ1"])]
    session: OwnSession = None


class SessionAnswer(BaseModel):
    """A session that has begun. `session` is its secret, which is shown once. `next_path` is the page to go on with.

    It opens pages: no call of the API takes it.
    """

    session: OwnSession
    expires_at: datetime
    next_path: Annotated[str | None, Field(examples=["/"])]


@router.post("/v1/sign-ins", status_code=202, responses=PUBLIC)
async def ask(context: InContext, body: WhoSignsIn) -> MailedAnswer:
    """Mails a link and a code to sign in by, to a person with access. The answer is the same for every address."""

    def work(session: Session) -> MailedAnswer:
        seal = context.envelope.seal
        asked = ask_to_sign_in(
            session, body.email, now_of(session), seal, next_path=body.next_path, staff=context.staff_provider is None
        )
        note = "If the address belongs to somebody with access, a link and a code were mailed to it."
        return MailedAnswer(note=note, browser=asked.browser, expires_at=asked.expires_at)

    return await context.transact(work)


@router.get("/v1/sign-ins/{secret}", responses=PUBLIC)
async def read(context: InContext, secret: Secret, request_secret: OfBrowser = None) -> LinkAnswer:
    """Returns what a link to sign in by is for. Signs nobody in."""

    def work(session: Session) -> LinkAnswer:
        link = find_link(session, secret)
        person = session.get_one(Person, link.person_id)
        state = state_of_link(link, now_of(session), request_secret)
        return LinkAnswer(state=state, name=person.name, role=Role(person.role), expires_at=link.expires_at)

    return await context.transact(work)


@router.post("/v1/sign-ins/{secret}", responses=COMMON, response_model=SessionAnswer)
async def use(context: InContext, secret: Secret, body: SigningIn, key: Key = None) -> JSONResponse:
    """Signs in the person of the link, once. The session is for the cookie of a browser, and opens pages only."""

    def work(session: Session) -> Answer:
        begun = sign_in(session, secret, now_of(session), browser=body.browser, before=body.session)
        return 200, session_shown(begun)

    holder = Actor(uuid5(NAMESPACE_URL, f"sign-in:{secret}"), Role.PARTNER)
    shown = ShownOnce("session", context.envelope)
    asked = {"sign_in": secret, "browser": body.browser}
    status, answer = await context.transact(lambda s: once(s, holder, key, asked, lambda: work(s), shown))
    return JSONResponse(answer, status, headers={"Cache-Control": "no-store"})


@router.post("/v1/sign-in-codes", responses=PUBLIC, response_model=SessionAnswer)
async def use_code(context: InContext, body: TypedCode) -> JSONResponse:
    """Signs in by the code of a mail, in the browser that asked for it. After a few wrong codes none works any more."""

    def work(session: Session) -> SignedIn | None:
        return sign_in_by_code(session, body.browser, body.code, now_of(session), before=body.session)

    begun = await context.transact(work)
    if begun is None:  # the try is counted: its transaction is committed
        detail = "The code is wrong, or it has ended."
        raise Invalid("sign_in.wrong_code", detail, "Type it as the newest mail shows it, or ask for another.")
    return JSONResponse(session_shown(begun), headers={"Cache-Control": "no-store"})


def session_shown(begun: SignedIn) -> dict[str, object]:
    ends = begun.session.expires_at
    return SessionAnswer(session=begun.secret, expires_at=ends, next_path=begun.next_path).model_dump(mode="json")
