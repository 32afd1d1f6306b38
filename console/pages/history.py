"""What happened to a partner's App: its transitions, the newest first, with the reasons that were given."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.addresses import app_path
from console.client import ApiClient, together
from console.navigation import PARTNER, Part
from console.rendering import Pages
from console.visiting import signed_in_only

PARTS = (Part("/history", "History", order=80),)


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the route of this page."""

    async def show(request: Request) -> Response:
        path = app_path(request)
        standing, app = await together(api.read(request, f"{path}/status"), api.read(request, path))
        return pages.page(request, "history.html", app=app, history=standing["history"])

    return [Route("/apps/{slug}/history", signed_in_only(pages, show, PARTNER))]
