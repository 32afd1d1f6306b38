"""The queue of reviews: what waits, how long it may, who holds it, and why it is there."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.client import ApiClient
from console.forms import fields_of, key_in, new_key
from console.lists import next_of, params_of
from console.navigation import ADMIN, REVIEWER, STAFF, Link
from console.rendering import Pages
from console.reviewing.words import KINDS
from console.visiting import signed_in_only, visitor_of

LINKS = (
    Link("/reviews", "Reviews", (REVIEWER,), order=10, home=True),
    Link("/reviews", "Reviews", (ADMIN,), order=10),
)
SHOWN = {"open": "Open", "unclaimed": "Held by nobody", "mine": "Held by me", "all": "All, closed ones too"}
DUE = {"overdue": "Overdue", "soon": "Due soon"}


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of the queue."""
    queue = _Queue(api, pages)
    return [
        Route("/reviews", signed_in_only(pages, queue.look, *STAFF)),
        Route("/reviews/next", signed_in_only(pages, queue.take_next, *STAFF), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Queue:
    api: ApiClient
    pages: Pages

    async def look(self, request: Request) -> Response:
        params = params_of(request, "show", "kind", "due", "app", limit=50)
        listed = await self.api.read(request, "/v1/reviews", params)
        refused = await self.api.read(request, "/v1/reviews/refused-decisions")
        visitor = visitor_of(request)
        return self.pages.page(
            request,
            "reviews.html",
            reviews=listed["items"],
            refused=refused["items"],
            following=next_of(request, listed, params),
            chosen={name: str(value) for name, value in params.items()},
            kinds=KINDS,
            shown=SHOWN,
            due=DUE,
            mine=visitor.id if visitor else None,
            key=new_key(),
        )

    async def take_next(self, request: Request) -> Response:
        fields = await fields_of(request)
        taken = await self.api.call(request, "POST", "/v1/reviews/next", key=key_in(fields))
        if not taken.is_ok:
            return self.pages.refusal(request, taken)
        return RedirectResponse(f"/reviews/{taken.content['id']}", 303)
