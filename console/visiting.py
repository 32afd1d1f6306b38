"""Who is signed in to the pages: reads the cookie, once for each request, and sends strangers to sign in."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Protocol, cast
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from api.signed_in import Browsers, Visit, Visitor, is_own_path, note_visit, visit_in
from console.cookies import SESSION
from console.door import SAFE_METHODS
from console.forms import pairs_of
from console.navigation import PEOPLE
from console.rendering import Pages, is_polled

_OURS = frozenset({"key", "document", "base_version", "previewed"})
"""Fields that nobody typed."""
_SECRET = re.compile(r"password|secret|key|token|^code$", re.IGNORECASE)
"""Names of fields whose values no page shows again."""

Endpoint = Callable[[Request], Awaitable[Response]]


class _Guarded(Protocol):
    """An endpoint for people who are signed in, with one of `roles`."""

    roles: tuple[str, ...]

    def __call__(self, request: Request) -> Awaitable[Response]: ...


@dataclass(slots=True)
class Visiting:
    """Notes in the scope of each request who is signed in, or answers with the page that `refuse` returns."""

    app: ASGIApp
    browsers: Browsers
    refuse: Callable[[Request, Visit], Awaitable[Response]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and not is_static(scope["path"])
        secret = SESSION.value_in(Request(scope)) if is_page else None
        visit = Visit() if secret is None else await self.browsers.visit(scope, secret, is_use=_is_use(Request(scope)))
        note_visit(scope, visit)
        if visit.status >= 400:
            answer = await self.refuse(Request(scope, receive), visit)
            await answer(scope, receive, send)
            return
        if visit.visitor is not None:
            scope["state"] |= {"role": visit.visitor.role, "holder": visit.visitor.id}
        await self.app(scope, receive, send)


def _is_use(request: Request) -> bool:
    """Returns whether somebody is there: a page that asks for itself does not keep a session from ending."""
    return request.method not in SAFE_METHODS or not is_polled(request)


def is_static(path: str) -> bool:
    """Returns whether the path is of a file that is the same for everybody."""
    return path.startswith("/static/")


def visitor_of(request: Request) -> Visitor | None:
    """Returns who is signed in, None for nobody."""
    return visit_in(request.scope).visitor


def signed_in_only(pages: Pages, endpoint: Endpoint, *roles: str) -> Endpoint:
    """Returns an endpoint for people who are signed in, with one of `roles` if any are named.

    Others are sent to sign in, and back afterwards. What they sent with a form is kept on the page that says so.
    """

    @wraps(endpoint)
    async def guarded(request: Request) -> Response:
        visitor = visitor_of(request)
        if visitor is None:
            return await to_sign_in(pages, request)
        if visitor.role not in made.roles:
            wanted = " and ".join(f"{role}s" for role in made.roles)
            return pages.page(
                request,
                "refusal.html",
                status=403,
                heading="This page is not for you",
                detail=f"It is for {wanted}, and your role here is {visitor.role}.",
                remedy="Sign in as somebody else, or go back.",
            )
        return await endpoint(request)

    made = cast("_Guarded", guarded)
    made.roles = roles or PEOPLE
    return made


def roles_of(route: Route) -> tuple[str, ...] | None:
    """Returns the roles of those who may use the route, None if it is for everybody."""
    roles: tuple[str, ...] | None = getattr(route.endpoint, "roles", None)
    return roles


async def to_sign_in(pages: Pages, request: Request) -> Response:
    """Returns what leads somebody to sign in, once more if they are, and back. What they sent with a form is kept."""
    if is_polled(request):
        return Response(status_code=401)  # what is on the page stays there; its script says that the session has ended
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    once_more = {} if visitor_of(request) is None else {"again": "1"}
    if request.method in ("GET", "HEAD"):
        return RedirectResponse(f"/sign-in?{urlencode({'next': own_path(target), **once_more})}", 303)
    again = f"/sign-in?{urlencode({'next': '/signed-in', **once_more})}"
    return pages.page(
        request, "signed_out_form.html", status=401, again=again, **await typed_in(request, can_be_sent=True)
    )


async def typed_in(request: Request, *, can_be_sent: bool) -> dict[str, Any]:
    """Returns what `_typed.html` shows of a form that was sent: what was typed, and a button if it `can_be_sent`."""
    if request.method in SAFE_METHODS:
        return {}
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    pairs = await pairs_of(request)
    shown = [
        (name.replace("_", " "), None if _is_secret(name) else value)
        for name, value in pairs
        if value and name not in _OURS
    ]
    return {"pairs": pairs, "shown": shown, "action": own_path(target), "can_be_sent": can_be_sent}


def _is_secret(name: str) -> bool:
    return _SECRET.search(name) is not None


def own_path(path: str | None) -> str:
    """Returns the path if a browser that is sent there stays on this site, and otherwise that of the first page."""
    return path if path is not None and is_own_path(path) else "/"
