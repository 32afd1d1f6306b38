"""What checks and reviewers found of a partner's App: of its draft, in its latest review, and of what is public."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.addresses import app_path
from console.client import ApiClient, together
from console.forms import Form, fields_of, key_in, refused_form
from console.navigation import PARTNER, Part
from console.rendering import Pages
from console.visiting import signed_in_only
from console.words import OUTCOMES, REVIEW_KINDS, STANDINGS, STEP_STATES

PARTS = (Part("/review", "Checks and review", order=20),)


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""
    review, path = _Review(api, pages), "/apps/{slug}/review"
    return [
        Route(path, signed_in_only(pages, review.look, PARTNER)),
        Route(f"{path}/check", signed_in_only(pages, review.check, PARTNER), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Review:
    api: ApiClient
    pages: Pages

    async def look(self, request: Request) -> Response:
        return await self._show(request, Form())

    async def check(self, request: Request) -> Response:
        """Has the machine's steps look at the draft. The page shows what they find once they are done."""
        slug, fields = request.path_params["slug"], await fields_of(request)
        done = await self.api.call(request, "POST", f"{app_path(request)}/checks", key=key_in(fields))
        if not done.is_ok:
            return await self._show(request, refused_form(fields, done), done.status)
        return RedirectResponse(f"/apps/{slug}/review#draft", 303)

    async def _show(self, request: Request, form: Form, status: int = 200) -> Response:
        path = app_path(request)
        standing, app = await together(self.api.read(request, f"{path}/status"), self.api.read(request, path))
        return self.pages.page(
            request,
            "app_review.html",
            status=status,
            live="_app_review.html",
            app=app,
            standing=standing,
            checks=standing["checks"],
            going_on=_going_on(standing["review"]),
            kinds=REVIEW_KINDS,
            outcomes=OUTCOMES,
            step_states=STEP_STATES,
            standings=STANDINGS,
            form=form,
        )


def _going_on(review: Mapping[str, Any] | None) -> int:
    """Returns how many automatic steps of an open review are still under way."""
    if review is None or review["closed_at"]:
        return 0
    return sum(1 for step in review["steps"] if step["state"] == "pending" and step["taken_by"] != "person")
