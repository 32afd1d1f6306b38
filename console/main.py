"""The console's composition root: the pages beside the API, as one application."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any, cast

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

import console.pages
from api.signed_in import Visit
from console.client import ApiAnswer, ApiClient, ApiRefused, SignInNeeded
from console.compression import Compression, takes_gzip
from console.door import PAGE_HEADERS, PageHeaders, ProblemPages, SameOrigin
from console.forms import MAX_FORM_BYTES
from console.navigation import component_parts_in, links_in, parts_in
from console.rendering import FILES, MEDIA_TYPES, PACKED, PATHS, Pages, Words
from console.visiting import Visiting, to_sign_in, typed_in, why_no_cookie
from web.bounds import Bounds
from web.calls import CallLog
from web.measuring import Measuring

PASSING = frozenset({408, 429, 500, 503})
"""The statuses of answers after which the same form may well be taken."""
YEAR_S = 365 * 24 * 60 * 60
ROOMS = tuple(import_module(f"console.pages.{found.name}") for found in iter_modules(console.pages.__path__))
"""Every module of pages. Each has `routes`, and may have LINKS, PARTS of an App, COMPONENT_PARTS, and LARGER_FORMS."""


def with_pages(api: FastAPI, *, words: Words, public_url: str) -> "Either":
    """Returns an application that serves the pages at their paths, and everything else by `api`."""
    browsers = api.state.browsers
    pages = Pages(
        words,
        links_in(ROOMS),
        parts_in(ROOMS),
        component_parts_in(ROOMS),
        why_no_cookie(public_url),
        browsers.has_staff_provider,
        public_url=public_url.rstrip("/"),
    )
    client = ApiClient(api)

    async def refuse_origin(request: Request) -> Response:
        return pages.page(
            request,
            "refusal.html",
            status=403,
            heading="This form does not come from one of our pages",
            detail="Nothing was done.",
            remedy="Open the link of the mail again, and use the button on that page.",
        )

    async def refuse_visit(request: Request, visit: Visit) -> Response:
        return pages.page(
            request,
            "refusal.html",
            status=visit.status,
            headers={"Retry-After": str(visit.retry_after_s)},
            heading="Too many requests" if visit.status == 429 else "Something is not available right now",
            detail=visit.detail,
            remedy=visit.remedy,
            **await typed_in(request, can_be_sent=True),
        )

    async def refuse_path(request: Request, _error: Exception) -> Response:
        return pages.page(
            request,
            "refusal.html",
            status=404,
            heading="There is no such page",
            detail="The address is not one of our pages.",
            remedy="Open the link of the mail as it is, without parts missing or added.",
        )

    async def refuse_method(request: Request, error: Exception) -> Response:
        return pages.page(
            request,
            "refusal.html",
            status=405,
            headers=dict(getattr(error, "headers", None) or {}),
            heading="This page cannot be used like that",
            detail=f"{request.method} cannot be used here. Nothing was done.",
            remedy="Open the page in a browser, and use its button.",
        )

    async def break_down(request: Request, _error: Exception) -> Response:
        return pages.page(
            request,
            "refusal.html",
            status=500,
            headers=PAGE_HEADERS,  # this answer is made outside of what adds them to all others
            heading="The service failed",
            detail="Its log says why.",
            remedy="Try again: nothing is done twice.",
        )

    def show_problem(request: Request, status: int, content: dict[str, Any]) -> Response:
        return pages.refusal(request, ApiAnswer(status, content, {}))

    async def sign_in_again(request: Request, _error: Exception) -> Response:
        return await to_sign_in(pages, request)

    async def refuse_reading(request: Request, error: Exception) -> Response:
        answer = cast(ApiRefused, error).answer
        return pages.refusal(request, answer, **await typed_in(request, can_be_sent=answer.status in PASSING))

    larger = [one for room in ROOMS for one in getattr(room, "LARGER_FORMS", ())]
    made = Starlette(
        routes=[
            *(Route(f"/static/{name}", _shared_file) for name in FILES),
            *(route for room in ROOMS for route in room.routes(client, pages)),
        ],
        exception_handlers={
            404: refuse_path,
            405: refuse_method,
            ApiRefused: refuse_reading,
            SignInNeeded: sign_in_again,
            Exception: break_down,
        },
        middleware=[
            Middleware(CallLog),
            Middleware(Measuring),
            Middleware(PageHeaders),
            Middleware(Compression),
            Middleware(ProblemPages, show=show_problem),
            Middleware(Bounds, body_bytes=MAX_FORM_BYTES, larger=larger),
            Middleware(SameOrigin, public_url=public_url, refuse=refuse_origin),
            Middleware(Visiting, browsers=browsers, refuse=refuse_visit),
        ],
    )
    made.router.redirect_slashes = False  # a redirect would lead to whatever host the request names
    return Either(made, api)


class Either:
    """Passes each request to the pages, if one of their paths begins like its own, and else to the API."""

    def __init__(self, pages: Starlette, api: FastAPI) -> None:
        self._pages, self._api = pages, api
        self._own = frozenset(route.path.split("/")[1] for route in pages.routes if isinstance(route, Route)) - {""}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request, or the application's life."""
        is_page = scope["type"] == "http" and (
            scope["path"] == "/" or self._own.intersection(scope["path"].split("/")[1:2])
        )
        await (self._pages if is_page else self._api)(scope, receive, send)


async def _shared_file(request: Request) -> Response:
    """Returns a file of all pages, which is kept for as long as it is the one that its address names."""
    name = request.url.path.rpartition("/")[2]
    is_current = PATHS[name].endswith(f"?{request.url.query}")
    headers = {"Cache-Control": f"public, max-age={YEAR_S}, immutable" if is_current else "public, max-age=300"}
    headers["Vary"] = "Accept-Encoding"
    is_packed = takes_gzip(request.headers)
    if is_packed:
        headers["Content-Encoding"] = "gzip"
    return Response((PACKED if is_packed else FILES)[name], media_type=MEDIA_TYPES[name], headers=headers)
