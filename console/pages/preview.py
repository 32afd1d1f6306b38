"""The private link of a draft: the entry as it will look in the catalog, for whoever has the link."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.client import ApiClient
from console.rendering import Pages
from console.words import BADGES, KINDS

HEADERS = {"X-Robots-Tag": "noindex, nofollow"}


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""

    async def show(request: Request) -> Response:
        found = await api.get(request, f"/v1/previews/{request.path_params['token']}")
        if found.status in (404, 422):
            return pages.page(request, "no_preview.html", status=404, headers=HEADERS)
        if not found.is_ok:
            return pages.refusal(request, found)
        return pages.page(request, "preview.html", headers=HEADERS, entry=found.content, badges=BADGES, kinds=KINDS)

    return [Route("/preview/{token}", show)]
