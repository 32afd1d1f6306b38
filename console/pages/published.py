"""What the catalog shows of a partner's App, and how the draft differs from it."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.addresses import app_path
from console.client import ApiClient, together
from console.navigation import PARTNER, Part
from console.rendering import Pages
from console.visiting import signed_in_only

PARTS = (Part("/published", "Published", order=45),)


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the route of this page."""

    async def show(request: Request) -> Response:
        path = app_path(request)
        standing, listed, app = await together(
            api.read(request, f"{path}/status"), api.read(request, f"{path}/assets"), api.read(request, path)
        )
        return pages.page(
            request,
            "published.html",
            app=app,
            standing=standing,
            entry=standing["entry"],
            pictures={one["id"]: one for one in listed["items"]},
            submit=next((one for one in standing["triggers"] if one["trigger"] == "submit"), None),
        )

    return [Route("/apps/{slug}/published", signed_in_only(pages, show, PARTNER))]
