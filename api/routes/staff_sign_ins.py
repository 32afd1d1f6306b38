"""Signing in the platform's people by their own OpenID provider. The session is for the cookie of a browser."""

import asyncio
import hmac
import json
import logging
import time
from dataclasses import asdict
from typing import Annotated, Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api.auth import InContext
from api.context import Session, now_of
from api.openid import Begun, OpenIdProvider, ProviderError
from api.routes.sign_ins import OwnSession, SessionAnswer, session_shown
from api.schemas.values import Body
from web.problems import COMMON
from web.routers import Router
from workflow.errors import Conflict, Forbidden, NotFound
from workflow.identity.principals import RECENT
from workflow.identity.secrets import Unseal
from workflow.identity.sessions import SignedIn, require_own_path
from workflow.identity.staff_sign_in import sign_in_staff

router = Router(prefix="/v1/staff-sign-ins", responses=COMMON, tags=["reviewer", "admin"])

BEGUN_SECONDS = 600
"""How long somebody has for signing in at the provider."""
MAX_AGE_S = int(RECENT.total_seconds())
log = logging.getLogger(__name__)


class WantedPage(Body):
    """The path of the page to go on with."""

    next_path: Annotated[str | None, Field(max_length=1000, examples=["/"])] = None


class BegunAnswer(BaseModel):
    """Where the browser is sent, and what it gives back when it returns, sealed: nobody can read or make it."""

    url: Annotated[str, Field(examples=["https://login.platform.example/authorize?state=sealed"])]
    sealed: Annotated[str, Field(examples=["gAAAAABo"])]


class Returned(Body):
    """What the browser returned with, what it was given, and the session that it had, which ends."""

    sealed: Annotated[str, Field(max_length=4000, examples=["gAAAAABo"])]
    state: Annotated[str, Field(max_length=1000, examples=["the-state-of-the-address"])]
    code: Annotated[str, Field(max_length=4000, examples=["the-code-of-the-address"])]
    session: OwnSession = None


@router.post("")
async def begin(context: InContext, body: WantedPage) -> BegunAnswer:
    """Begins signing in at the provider of the platform's people."""
    provider = _provider(context.staff_provider)
    path = None if body.next_path is None else require_own_path(body.next_path)
    try:
        begun = await asyncio.to_thread(provider.begin, MAX_AGE_S)
    except ProviderError as error:
        raise _failed(error) from None
    kept = {**asdict(begun), "next_path": path, "ends_at": time.time() + BEGUN_SECONDS}
    return BegunAnswer(url=begun.url, sealed=context.envelope.seal(json.dumps(kept)))


@router.post("/finish", response_model=SessionAnswer)
async def finish(context: InContext, body: Returned) -> JSONResponse:
    """Signs in whoever returned from the provider, if they are one of the platform's people."""
    provider = _provider(context.staff_provider)
    begun, next_path = _opened(context.envelope.unseal, body)
    try:
        who = await asyncio.to_thread(provider.finish, begun, body.code, MAX_AGE_S)
    except ProviderError as error:
        raise _failed(error) from None

    def work(session: Session) -> SignedIn:
        now = now_of(session)
        return sign_in_staff(session, who.issuer, who.subject, who.email, now, next_path=next_path, before=body.session)

    return JSONResponse(session_shown(await context.transact(work)), headers={"Cache-Control": "no-store"})


def _provider(provider: OpenIdProvider | None) -> OpenIdProvider:
    if provider is None:
        detail = "The platform's people have no provider of their own here."
        raise NotFound("sign_in.no_provider", detail, "Sign in by mail.")
    return provider


def _opened(unseal: Unseal, body: Returned) -> tuple[Begun, str | None]:
    """Returns what was begun in this browser, and the page to go on with. Raises Conflict if it was not, or ended."""
    try:
        kept: dict[str, Any] = json.loads(unseal(body.sealed))
        next_path, ends_at = kept.pop("next_path"), kept.pop("ends_at")
        begun = Begun(**kept)
    except (ValueError, KeyError, TypeError):
        raise _ended() from None
    if ends_at < time.time() or not hmac.compare_digest(begun.state.encode(), body.state.encode()):
        raise _ended()
    return begun, next_path


def _ended() -> Conflict:
    detail = "This did not begin in this browser, or it took too long."
    return Conflict("sign_in.not_begun", detail, "Begin to sign in again.")


def _failed(error: ProviderError) -> Forbidden:
    log.warning("the provider of the platform's people could not be used: %s", error)
    detail = "Your provider did not say who you are, or what it said cannot be trusted."
    return Forbidden("sign_in.provider_failed", detail, "Try again, or ask an operator: the log says why.")
