"""Who holds a review: claiming it, giving it back, and handing it over."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.client import ApiClient
from console.forms import fields_of
from console.navigation import STAFF
from console.rendering import Pages
from console.reviewing.page import PATH, back, call_of
from console.visiting import signed_in_only


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these forms."""

    async def claim(request: Request) -> Response:
        return await act(request, "claim")

    async def release(request: Request) -> Response:
        return await act(request, "release")

    async def hand_over(request: Request) -> Response:
        return await act(request, "hand-over", {"to": (await fields_of(request)).get("to", "")})

    async def act(request: Request, what: str, body: Any = None) -> Response:
        done = await api.call(request, "POST", f"{call_of(request)}/{what}", body)
        return back(request) if done.is_ok else pages.refusal(request, done)

    acts = {"claim": claim, "release": release, "hand-over": hand_over}
    return [
        Route(f"{PATH}/{name}", signed_in_only(pages, endpoint, *STAFF), methods=["POST"])
        for name, endpoint in acts.items()
    ]
