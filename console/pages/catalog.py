"""The public catalog: its list, which can be searched, and each entry. Only these pages may be indexed and cached."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.client import ApiClient, together
from console.lists import first_of, next_of, params_of
from console.navigation import EVERYBODY, Link
from console.rendering import Pages
from console.visiting import visitor_of
from console.words import BADGES, KINDS

LINKS = (Link("/catalog", "Catalog", EVERYBODY, order=80),)
FILTERS = ("q", "category", "kind", "badge", "select")
PAGE_OF_ENTRIES = 24
MAX_AGE_S = 10
"""How long a cache may show these pages to people who are not signed in: as long as the API's answers."""


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""

    async def look(request: Request) -> Response:
        params = params_of(request, *FILTERS, limit=PAGE_OF_ENTRIES)
        listed, categories = await together(
            api.read(request, "/v1/catalog", params), api.read(request, "/v1/categories")
        )
        chosen = {name: str(params.get(name) or "") for name in FILTERS}
        return pages.page(
            request,
            "catalog.html",
            headers=caching(request),
            entries=listed["items"],
            following=next_of(request, listed, params),
            first_page=first_of(request, params),
            chosen=chosen,
            is_narrowed=any(chosen.values()),
            categories=[one["name"] for one in categories["items"]],
            badges=BADGES,
            kinds=KINDS,
        )

    async def show(request: Request) -> Response:
        found = await api.get(request, f"/v1/catalog/{request.path_params['slug']}")
        if found.status in (404, 422):
            return pages.page(request, "not_in_catalog.html", status=404)
        if not found.is_ok:
            return pages.refusal(request, found)
        return pages.page(
            request, "entry.html", headers=caching(request), entry=found.content, badges=BADGES, kinds=KINDS
        )

    return [Route("/catalog", look), Route("/catalog/{slug}", show)]


def caching(request: Request) -> Mapping[str, str]:
    """Returns the headers by which caches keep a page for a few seconds, unless it shows who is signed in."""
    if visitor_of(request) is not None:
        return {}
    return {"Cache-Control": f"public, max-age={MAX_AGE_S}", "Vary": "Cookie"}
