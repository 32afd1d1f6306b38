"""A review: all that is known of it, and the buttons of whoever decides it."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.client import ApiClient
from console.navigation import STAFF
from console.rendering import Pages
from console.reviewing.forms import ReviewForms
from console.reviewing.page import PATH, ReviewPage
from console.visiting import signed_in_only


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the route of a review's page."""
    page = ReviewPage(api, pages)

    async def look(request: Request) -> Response:
        return await page.show(request, ReviewForms())

    return [Route(PATH, signed_in_only(pages, look, *STAFF))]
