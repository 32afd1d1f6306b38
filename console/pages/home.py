"""Where a visitor arrives who has no link, and where somebody who is signed in goes on."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.client import ApiClient
from console.rendering import Pages
from console.visiting import visitor_of


def routes(_api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""

    async def show(request: Request) -> Response:
        visitor = visitor_of(request)
        first = "/" if visitor is None else pages.home_of(visitor.role)
        return RedirectResponse(first, 303) if first != "/" else pages.page(request, "home.html")

    return [Route("/", show)]
