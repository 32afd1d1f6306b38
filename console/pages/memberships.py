"""The partner program: which Apps apply, deciding with a reason, and ending a membership."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.addresses import app_path
from console.client import ApiAnswer, ApiClient
from console.forms import Form, fields_of, refused_form
from console.lists import choice_in, next_of, params_of
from console.navigation import STAFF, Link
from console.rendering import Pages
from console.visiting import signed_in_only
from console.words import MEMBERSHIP_STATES, STATES

LINKS = (Link("/memberships", "Memberships", STAFF, order=30),)
SHOWN: Final = {
    "applied": "Waiting for a decision",
    "member": "Members",
    "declined": "Declined",
    "left": "Left or ended",
    "all": "All",
}
DECIDED: Final = {"accept": "member", "decline": "declined"}
"""The state to which each decision leads."""


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""
    memberships = _Memberships(api, pages)
    path = "/memberships/{slug}"
    return [
        Route("/memberships", signed_in_only(pages, memberships.list_all, *STAFF)),
        Route(path, signed_in_only(pages, memberships.look, *STAFF)),
        Route(f"{path}/decision", signed_in_only(pages, memberships.decide, *STAFF), methods=["POST"]),
        Route(f"{path}/end", signed_in_only(pages, memberships.end, *STAFF), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Memberships:
    api: ApiClient
    pages: Pages

    async def list_all(self, request: Request) -> Response:
        params = params_of(request)
        chosen = choice_in(request, "state", SHOWN, "applied")
        state = None if chosen == "all" else chosen
        listed = await self.api.read(request, "/v1/memberships", {**params, "state": state})
        return self.pages.page(
            request,
            "memberships.html",
            memberships=listed["items"],
            following=next_of(request, listed, {**params, "state": chosen}),
            chosen=chosen,
            shown=SHOWN,
            states=MEMBERSHIP_STATES,
            app_states=STATES,
        )

    async def look(self, request: Request) -> Response:
        return await self._show(request, Form())

    async def decide(self, request: Request) -> Response:
        fields = await fields_of(request)
        decision, reason = fields.get("decision", ""), fields.get("reason", "").strip() or None
        body = {"decision": decision, "reason": reason}
        done = await self.api.call(request, "POST", f"{_call(request)}/decision", body)
        if done.is_ok or await self._is(request, DECIDED.get(decision), reason):
            return RedirectResponse(_page(request), 303)
        return await self._show(request, refused_form(fields, done, codes={"reason.given": "reason"}), done)

    async def end(self, request: Request) -> Response:
        done = await self.api.call(request, "DELETE", _call(request))
        if done.is_ok or await self._is(request, "left"):
            return RedirectResponse(_page(request), 303)
        return await self._show(request, refused_form({}, done), done)

    async def _is(self, request: Request, state: str | None, reason: str | None = None) -> bool:
        """Returns whether it is so already, for the same reason: a button that is pressed twice."""
        found = await self.api.read(request, _call(request))
        return found["state"] == state and (state == "left" or found["reason"] == reason)

    async def _show(self, request: Request, form: Form, refused: ApiAnswer | None = None) -> Response:
        return self.pages.page(
            request,
            "membership_decision.html",
            status=200 if refused is None else refused.status,
            membership=await self.api.read(request, _call(request)),
            form=form,
            states=MEMBERSHIP_STATES,
            app_states=STATES,
        )


def _call(request: Request) -> str:
    return f"{app_path(request)}/membership"


def _page(request: Request) -> str:
    return f"/memberships/{request.path_params['slug']}"
