"""The console's composition root: the pages beside the API, as one application."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from console.client import ApiClient
from console.door import PAGE_HEADERS, PageHeaders, SameOrigin
from console.forms import MAX_FORM_BYTES
from console.pages import home, invitations, lost_token, proofs, unsubscribe
from console.rendering import STYLESHEET, Pages, Words
from web.bounds import Bounds
from web.calls import CallLog
from web.measuring import Measuring

ROOMS = (home, proofs, invitations, lost_token, unsubscribe)


def with_pages(api: ASGIApp, *, words: Words, public_url: str) -> ASGIApp:
    """Returns an application that serves the pages at their paths, and everything else by `api`."""
    pages, client = Pages(words), ApiClient(api)

    async def refuse_origin(_request: Request) -> Response:
        return pages.page(
            "refusal.html",
            status=403,
            heading="This form does not come from one of our pages",
            detail="Nothing was done.",
            remedy="Open the link of the mail again, and use the button on that page.",
        )

    async def stylesheet(_request: Request) -> Response:
        return Response(STYLESHEET, media_type="text/css", headers={"Cache-Control": "public, max-age=86400"})

    async def refuse_path(_request: Request, _error: Exception) -> Response:
        return pages.page(
            "refusal.html",
            status=404,
            heading="There is no such page",
            detail="The address is not one of our pages.",
            remedy="Open the link of the mail as it is, without parts missing or added.",
        )

    async def refuse_method(request: Request, error: Exception) -> Response:
        return pages.page(
            "refusal.html",
            status=405,
            headers=dict(getattr(error, "headers", None) or {}),
            heading="This page cannot be used like that",
            detail=f"{request.method} cannot be used here. Nothing was done.",
            remedy="Open the page in a browser, and use its button.",
        )

    async def break_down(_request: Request, _error: Exception) -> Response:
        return pages.page(
            "refusal.html",
            status=500,
            headers=PAGE_HEADERS,  # this answer is made outside of what adds them to all others
            heading="The service failed",
            detail="Its log says why.",
            remedy="Try again: nothing is done twice.",
        )

    console = Starlette(
        routes=[
            Route("/static/console.css", stylesheet),
            *(route for room in ROOMS for route in room.routes(client, pages)),
        ],
        exception_handlers={404: refuse_path, 405: refuse_method, Exception: break_down},
        middleware=[
            Middleware(CallLog),
            Middleware(Measuring),
            Middleware(PageHeaders),
            Middleware(Bounds, body_bytes=MAX_FORM_BYTES),
            Middleware(SameOrigin, public_url=public_url, refuse=refuse_origin),
        ],
    )
    console.router.redirect_slashes = False  # a redirect would lead to whatever host the request names
    own = frozenset(route.path.split("/")[1] for route in console.routes if isinstance(route, Route)) - {""}

    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and (scope["path"] == "/" or own.intersection(scope["path"].split("/")[1:2]))
        await (console if is_page else api)(scope, receive, send)

    return either
