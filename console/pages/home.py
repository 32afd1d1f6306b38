"""Where a visitor arrives who has no link, where somebody who is signed in goes on, and what needs an admin."""

from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.client import ApiClient, together
from console.dead_words import DEAD
from console.navigation import ADMIN
from console.policy.parts import parts_of, steps_not_named
from console.rendering import Pages
from console.visiting import visitor_of

COUNTED: Final = 50
"""How many of a list are counted: of more, the page says so."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits: how many there are, `more` than that, what they are called, and the page that has them."""

    count: int
    more: bool
    one: str
    many: str
    href: str | None

    @property
    def words(self) -> str:
        """How many there are, in words."""
        return f"{'More than ' if self.more else ''}{self.count} {self.one if self.count == 1 else self.many}"


LISTS: Final = (
    (
        "/v1/reviews",
        {"show": "unclaimed", "due": "overdue"},
        "overdue review that nobody holds",
        "overdue reviews that nobody holds",
        "/reviews?show=unclaimed&due=overdue",
    ),
    (
        "/v1/reviews",
        {"show": "unclaimed"},
        "review without a reviewer",
        "reviews without a reviewer",
        "/reviews?show=unclaimed",
    ),
    (
        "/v1/access-requests",
        {"state": "requested"},
        "request for access that is not decided",
        "requests for access that are not decided",
        "/access-requests",
    ),
    (
        "/v1/suspensions",
        {"confirmed": "false"},
        "suspension that nobody has confirmed",
        "suspensions that nobody has confirmed",
        "/suspensions",
    ),
)
"""The lists of which an admin is told on the first page: the call, what is asked for, its words and its page."""


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""

    async def show(request: Request) -> Response:
        visitor = visitor_of(request)
        if visitor is not None and visitor.role == ADMIN:
            return await overview(request)
        first = "/" if visitor is None else pages.home_of(visitor.role)
        return RedirectResponse(first, 303) if first != "/" else pages.page(request, "home.html")

    async def overview(request: Request) -> Response:
        (counted, schema, policy, reviewers), lists = await together(
            together(
                api.read(request, "/v1/dead"),
                api.read(request, "/v1/policies/schema"),
                api.read(request, "/v1/policies/current"),
                api.read_all(request, "/v1/staff", {"role": "reviewer"}),
            ),
            together(*(_waiting(request, *one) for one in LISTS)),
        )
        return pages.page(
            request,
            "overview.html",
            live="_overview.html",
            waiting=[one for one in lists if one.count],
            dead=[one for one in counted["items"] if one["count"]],
            kinds=DEAD,
            lacking=steps_not_named(parts_of(schema), policy["document"]),
            policy=policy,
            nobody_here=all(one["away_until"] for one in reviewers),
        )

    async def _waiting(request: Request, path: str, params: dict[str, Any], one: str, many: str, href: str) -> Waiting:
        listed = await api.read(request, path, params | {"limit": COUNTED})
        has_page = any(link.href == href.partition("?")[0] for link in pages.links)
        return Waiting(len(listed["items"]), listed["next"] is not None, one, many, href if has_page else None)

    return [Route("/", show)]
