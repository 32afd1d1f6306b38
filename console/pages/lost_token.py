"""The page on which somebody who lost their token asks for a link by mail."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.client import ApiClient
from console.forms import fields_of
from console.rendering import Pages


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""

    async def show(request: Request) -> Response:
        return pages.page(request, "lost_token.html", email="", error=None)

    async def ask(request: Request) -> Response:
        email = (await fields_of(request)).get("email", "").strip()
        asked = await api.call(request, "POST", "/v1/token-recoveries", {"email": email})
        if asked.status == 422:
            error = "Enter an e-mail address, like name@example.com"
            return pages.page(request, "lost_token.html", status=422, email=email, error=error)
        if not asked.is_ok:
            return pages.refusal(request, asked)
        return pages.page(request, "asked_for_token.html", note=asked.content["note"])

    return [Route("/lost-token", show), Route("/lost-token", ask, methods=["POST"])]
