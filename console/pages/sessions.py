"""One's own sessions: where one is signed in, and ending that."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.client import ApiClient
from console.rendering import Pages
from console.visiting import signed_in_only


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""

    async def show(request: Request) -> Response:
        listed = await api.read(request, "/v1/sessions")
        return pages.page(request, "sessions.html", sessions=listed["items"])

    async def end(request: Request) -> Response:
        ended = await api.call(request, "DELETE", f"/v1/sessions/{request.path_params['session_id']}")
        return RedirectResponse("/sessions", 303) if ended.is_ok else pages.refusal(request, ended)

    return [
        Route("/sessions", signed_in_only(pages, show)),
        Route("/sessions/{session_id}/end", signed_in_only(pages, end), methods=["POST"]),
    ]
