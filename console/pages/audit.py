"""The audit log: who did what to what, and when."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.client import ApiClient
from console.forms import Form, refused_form
from console.lists import next_of, params_of
from console.moments import moment_of
from console.navigation import ADMIN, Link
from console.rendering import Pages
from console.visiting import signed_in_only

LINKS = (Link("/audit", "Audit", (ADMIN,), order=130),)
FILTERS = ("who", "app", "action", "target", "since", "until")
TIMES = ("since", "until")


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""
    return [Route("/audit", signed_in_only(pages, _Audit(api, pages).look, ADMIN))]


@dataclass(frozen=True, slots=True)
class _Audit:
    api: ApiClient
    pages: Pages

    async def look(self, request: Request) -> Response:
        params = params_of(request, *FILTERS, "actor", limit=50)
        typed = {name: str(value).strip() for name, value in params.items() if name not in ("limit", "after")}
        asked = dict(params) | typed | {name: moment_of(request, typed[name]) for name in TIMES if name in typed}
        listed = await self.api.get(request, "/v1/audit", asked)
        content: dict[str, Any] = listed.content if listed.is_ok else {"items": [], "next": None}
        return self.pages.page(
            request,
            "audit.html",
            status=200 if listed.is_ok else listed.status,
            entries=content["items"],
            following=next_of(request, content, params),
            form=Form(typed) if listed.is_ok else refused_form(typed, listed),
            is_narrowed=any(typed.values()),
            actor=typed.get("actor", ""),
        )
