"""Who is signed in to the pages: reads the cookie, once for each request, and sends strangers to sign in."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from ipaddress import ip_address
from typing import cast
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.signed_in import Browsers, Visit, Visitor
from console.forms import pairs_of
from console.rendering import Pages

COOKIE = "__Host-dc"
"""The cookie that a browser takes for this host only, from an encrypted connection only, and shows to no script."""
PERSONS = ("partner", "reviewer", "admin")
"""The roles of people, who can sign in."""
MAX_PATH_CHARACTERS = 1000

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(slots=True)
class Visiting:
    """Notes in the scope of each request who is signed in, or answers with the page that `refuse` returns."""

    app: ASGIApp
    browsers: Browsers
    refuse: Callable[[Request, Visit], Awaitable[Response]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        secret = cookie_of(Request(scope)) if scope["type"] == "http" and not is_static(scope["path"]) else None
        visit = Visit() if secret is None else await self.browsers.visit(scope, secret)
        scope.setdefault("state", {})["visit"] = visit
        if visit.status >= 400:
            answer = await self.refuse(Request(scope, receive), visit)
            await answer(scope, receive, send)
            return
        if visit.visitor is not None:
            scope["state"] |= {"role": visit.visitor.role, "holder": visit.visitor.id}
        await self.app(scope, receive, send)


def is_static(path: str) -> bool:
    """Returns whether the path is of a file that is the same for everybody."""
    return path.startswith("/static/")


def visit_of(request: Request) -> Visit:
    """Returns what is known of the request."""
    return cast(Visit, request.scope.get("state", {}).get("visit") or Visit())


def visitor_of(request: Request) -> Visitor | None:
    """Returns who is signed in, None for nobody."""
    return visit_of(request).visitor


def cookie_of(request: Request) -> str | None:
    """Returns the session's secret that the browser sends, None without one that can be read."""
    found = [value for header in request.headers.getlist("cookie") if (value := _value_in(header))]
    return found[0] if len(found) == 1 and len(found[0]) <= 200 and found[0].isascii() else None


def with_cookie(answer: Response, secret: str) -> Response:
    """Returns the answer with the cookie of a session, which the browser keeps until it is closed."""
    answer.set_cookie(COOKIE, secret, path="/", secure=True, httponly=True, samesite="lax")
    return answer


def without_cookie(answer: Response) -> Response:
    """Returns the answer, which takes the cookie from the browser."""
    answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return answer


def signed_in_only(pages: Pages, endpoint: Endpoint, *roles: str) -> Endpoint:
    """Returns an endpoint for people who are signed in, with one of `roles` if any are named.

    Others are sent to sign in, and back afterwards. What they sent with a form is kept on the page that says so.
    """

    @wraps(endpoint)
    async def guarded(request: Request) -> Response:
        visitor = visitor_of(request)
        if visitor is None:
            return await _to_sign_in(pages, request)
        if roles and visitor.role not in roles:
            wanted = " or ".join(roles)
            return pages.page(
                request,
                "refusal.html",
                status=403,
                heading="This page is not for you",
                detail=f"It is for a {wanted}, and you are signed in as a {visitor.role}.",
                remedy="Sign in as somebody else, or go back.",
            )
        return await endpoint(request)

    return guarded


async def _to_sign_in(pages: Pages, request: Request) -> Response:
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.method in ("GET", "HEAD"):
        return RedirectResponse(f"/sign-in?{urlencode({'next': own_path(target)})}", 303)
    again = f"/sign-in?{urlencode({'next': '/signed-in'})}"
    return pages.page(
        request, "signed_out_form.html", status=401, action=target, pairs=await pairs_of(request), again=again
    )


def own_path(path: str | None) -> str:
    """Returns the path if a browser that is sent there stays on this site, and otherwise that of the first page."""
    if path is None or len(path) > MAX_PATH_CHARACTERS or not path.isascii() or not path.isprintable():
        return "/"
    return path if path.startswith("/") and not path.startswith("//") and "\\" not in path and " " not in path else "/"


def why_no_cookie(public_url: str) -> str | None:
    """Returns why browsers would not take the cookie at this address, None if they take it."""
    parts = urlsplit(public_url)
    if parts.scheme == "https" or is_loopback(parts.hostname or ""):
        return None
    return (
        f"Browsers keep nobody signed in at {parts.scheme}://{parts.netloc}, because it is not encrypted and is not "
        "this machine."
    )


def is_loopback(host: str) -> bool:
    """Returns whether the name leads to this machine, for every browser."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _value_in(header: str) -> str | None:
    """Returns the value of the one cookie of ours in a header."""
    pairs = [part.strip().partition("=") for part in header.split(";")]
    values = [value for name, _, value in pairs if name == COOKIE]
    return values[0] if len(values) == 1 else None
