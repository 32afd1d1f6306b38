"""The page of an invitation. Opening it does nothing; its button accepts, and the next page shows the token once."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.client import ApiClient
from console.forms import fields_of, key_in, new_key
from console.rendering import Pages


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""

    async def show(request: Request) -> Response:
        found = await api.call(request, "GET", f"/v1/invitations/{request.path_params['code']}")
        if not found.is_ok:
            return pages.refusal(request, found)
        return pages.page(request, "invitation.html", invitation=found.content, key=new_key())

    async def accept(request: Request) -> Response:
        fields = await fields_of(request)
        path = f"/v1/invitations/{request.path_params['code']}/accept"
        done = await api.call(request, "POST", path, key=key_in(fields))
        if not done.is_ok:
            return pages.refusal(request, done)
        return pages.page(request, "accepted.html", accepted=done.content)

    return [Route("/invitations/{code}", show), Route("/invitations/{code}", accept, methods=["POST"])]
