"""Where a visitor arrives who has no link."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.client import ApiClient
from console.rendering import Pages


def routes(_api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""

    async def show(_request: Request) -> Response:
        return pages.page("home.html")

    return [Route("/", show)]
