"""The queue of reviews: what waits, how long it may, who holds it, and why it is there."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.client import ApiClient, together
from console.forms import fields_of, key_in, new_key
from console.lists import next_of, params_of
from console.navigation import ADMIN, REVIEWER, STAFF, Link
from console.rendering import Pages
from console.reviewing.words import KINDS
from console.visiting import signed_in_only, visitor_of
from console.words import OUTCOMES

LINKS = (
    Link("/reviews", "Reviews", (REVIEWER,), order=10, home=True),
    Link("/reviews", "Reviews", (ADMIN,), order=10),
)
SHOWN = {"open": "Open", "unclaimed": "Held by nobody", "mine": "Held by me", "all": "All, closed ones too"}
DUE = {"overdue": "Overdue", "soon": "Due soon"}
SPECIAL = {"urgent": "Urgent", "appealed": "Appealed before"}
LINKED: Final[Mapping[str, re.Pattern[str]]] = {
    "company": re.compile(r"[0-9a-fA-F-]{36}"),
    "category": re.compile(r"[^\x00]{1,100}"),
    "failed_step": re.compile(r"[a-z0-9_]{1,64}"),
}
"""The filters that only links lead to, and what their values look like."""
FILTERS: Final = ("show", "kind", "due", "app", *LINKED)


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
        params = params_of(request, *FILTERS)
        if "app" in params:
            params["app"] = _slug_of(str(params["app"]))
        params = {name: value for name, value in params.items() if value not in (None, "") and _is_known(name, value)}
        special = request.query_params.get("special", "")
        narrowed = {**params, special: "true"} if special in SPECIAL else params
        return await self._show(request, narrowed, params | {"special": special}, "")

    async def take_next(self, request: Request) -> Response:
        """Claims the next review and opens it, or says on the queue that none waits."""
        fields = await fields_of(request)
        taken = await self.api.call(request, "POST", "/v1/reviews/next", key=key_in(fields))
        if taken.is_ok:
            return RedirectResponse(f"/reviews/{taken.content['id']}", 303)
        if taken.content.get("code") != "review.none_waiting":
            return self.pages.refusal(request, taken)
        return await self._show(request, {"limit": 50}, {}, taken.content["detail"], taken.status)

    async def _show(
        self, request: Request, params: Mapping[str, Any], chosen: Mapping[str, Any], nothing: str, status: int = 200
    ) -> Response:
        listed, refused, unread = await together(
            self.api.read(request, "/v1/reviews", params),
            self.api.read(request, "/v1/reviews/refused-decisions"),
            self.api.read_all(request, "/v1/unread-messages"),
        )
        first: Mapping[str, Any] | None = None
        if not listed["items"]:
            first = next(iter((await self.api.read(request, "/v1/reviews", {"limit": 1}))["items"]), None)
        visitor = visitor_of(request)
        return self.pages.page(
            request,
            "reviews.html",
            status=status,
            live="_queue.html",
            here="/reviews" if request.method == "POST" else None,
            reviews=listed["items"],
            refused=refused["items"],
            unread={one["review_id"]: one["unread"] for one in unread},
            first=first,
            nothing=nothing,
            following=next_of(request, listed, chosen),
            chosen={name: str(value) for name, value in chosen.items()},
            linked=_linked(chosen, listed["items"]),
            kinds=KINDS,
            shown=SHOWN,
            due=DUE,
            special=SPECIAL,
            outcomes=OUTCOMES,
            mine=visitor.id if visitor else None,
            key=new_key(),
        )


def _is_known(name: str, value: str | int | None) -> bool:
    """Returns whether the filter can have this value: an address that somebody changed shows what it can."""
    known: Mapping[str, Mapping[str, str]] = {"show": SHOWN, "kind": KINDS, "due": DUE}
    if name in LINKED:
        return LINKED[name].fullmatch(str(value)) is not None
    return name not in known or value in known[name]


def _linked(chosen: Mapping[str, Any], reviews: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """Returns the name and the value of each filter that a link has set, and how it is said."""
    names = [name for name in LINKED if chosen.get(name)]
    return [(name, str(chosen[name]), _said(name, str(chosen[name]), reviews)) for name in names]


def _said(name: str, value: str, reviews: Sequence[Mapping[str, Any]]) -> str:
    """Returns what a filter lets through, by one of the reviews that it let through."""
    if name == "category":
        return f"Apps in {value}"
    if name == "company":
        return f"Apps of {reviews[0]['company']['name']}" if reviews else "Apps of one company"
    steps = [step for review in reviews for step in review["steps"] if step["code"] == value]
    return f"failed: {steps[0]['title'] if steps else value.replace('_', ' ')}"


def _slug_of(typed: str) -> str:
    """Returns the short name of an App that was meant by what was typed."""
    return re.sub(r"[^a-z0-9]+", "-", typed.lower()).strip("-")[:64]
