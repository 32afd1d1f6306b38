"""The page of a mailed link that proves an address. Opening it does nothing; its button does."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.client import ApiClient
from console.forms import fields_of, key_in, new_key
from console.rendering import Pages
from console.words import ACCESS_STATES

HEADINGS = {
    "access": "Confirm your address",
    "address": "Confirm your new address",
    "token": "Get a new token",
}
DONE = {
    "access": "Your address is confirmed",
    "address": "Your address is changed",
    "token": "Your new token",
}


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""

    async def show(request: Request) -> Response:
        found = await api.call(request, "GET", _path(request))
        if not found.is_ok:
            return pages.refusal(request, found)
        heading = HEADINGS[found.content["purpose"]]
        return pages.page(request, "proof.html", heading=heading, proof=found.content, key=new_key())

    async def use(request: Request) -> Response:
        fields = await fields_of(request)
        done = await api.call(request, "POST", _path(request), key=key_in(fields))
        if not done.is_ok:
            return pages.refusal(request, done)
        content: dict[str, Any] = done.content
        return pages.page(
            request, "proved.html", heading=DONE[content["purpose"]], proved=content, states=ACCESS_STATES
        )

    return [Route("/proofs/{code}", show), Route("/proofs/{code}", use, methods=["POST"])]


def _path(request: Request) -> str:
    return f"/v1/proofs/{request.path_params['code']}"
