"""The page of the link that switches news off. Mail providers post to it for people, in one click (RFC 8058)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.client import ApiClient
from console.door import ONE_CLICK
from console.rendering import Pages

NAMES = {"customer_onboarded": "new customers of your Apps", "reviewer_digest": "what there is to review today"}


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""

    async def show(request: Request) -> Response:
        return await _answer(request, "GET")

    async def switch_off(request: Request) -> Response:
        return await _answer(request, "POST")

    async def _answer(request: Request, method: str) -> Response:
        found = await api.call(request, method, f"/v1/unsubscribe/{request.path_params['token']}")
        if not found.is_ok:
            return pages.refusal(request, found)
        name = NAMES.get(found.content["news"], found.content["news"])
        return pages.page(request, "unsubscribe.html", name=name, email=found.content["email"], on=found.content["on"])

    return [Route(f"{ONE_CLICK}{{token}}", show), Route(f"{ONE_CLICK}{{token}}", switch_off, methods=["POST"])]
