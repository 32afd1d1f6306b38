"""The console's composition root: the pages beside the API, as one application."""

from importlib import import_module
from pkgutil import iter_modules

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

import console.pages
from console.client import ApiClient, ApiRefused, SignInNeeded
from console.compression import Compression, takes_gzip
from console.door import Breakdowns, PageHeaders, ProblemPages, SameOrigin
from console.forms import MAX_FORM_BYTES
from console.navigation import component_parts_in, links_in, parts_in
from console.own_address import why_no_cookie
from console.refusals import Refusals
from console.rendering import FILES, MEDIA_TYPES, PACKED, PATHS, Pages, Words
from console.visiting import Visiting
from web.bounds import Bounds
from web.calls import CallLog
from web.measuring import Measuring

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
    client, refusals = ApiClient(api), Refusals(pages)
    larger = [one for room in ROOMS for one in getattr(room, "LARGER_FORMS", ())]
    made = Starlette(
        routes=[
            *(Route(f"/static/{name}", _shared_file) for name in FILES),
            *(route for room in ROOMS for route in room.routes(client, pages)),
        ],
        exception_handlers={
            404: refusals.unknown_path,
            405: refusals.unknown_method,
            ApiRefused: refusals.refused_reading,
            SignInNeeded: refusals.needs_sign_in,
            Exception: refusals.broken_down_around,
        },
        middleware=[
            Middleware(CallLog),
            Middleware(Measuring),
            Middleware(PageHeaders),
            Middleware(Compression),
            Middleware(ProblemPages, show=refusals.problem),
            Middleware(Bounds, body_bytes=MAX_FORM_BYTES, larger=larger),
            Middleware(SameOrigin, public_url=public_url, refuse=refusals.foreign_form),
            Middleware(Visiting, browsers=browsers, refuse=refusals.refused_visit),
            Middleware(Breakdowns, show=refusals.broken_down),
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
