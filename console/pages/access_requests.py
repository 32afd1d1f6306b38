"""Requests for access: who asks, what is known of them, and letting them in or declining with a reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.client import ApiAnswer, ApiClient
from console.forms import Form, fields_of, key_in, refused_form
from console.lists import choice_in, next_of, params_of
from console.navigation import STAFF, Link
from console.rendering import Pages
from console.visiting import signed_in_only, visitor_of
from console.words import ACCESS_STATES

LINKS = (Link("/access-requests", "Access requests", STAFF, order=20),)
SHOWN: Final = {"requested": "Waiting", "approved": "Approved", "declined": "Declined", "all": "All"}
SURVEY: Final = {
    "how_data_comes_in": "How do your customers get data into your tool?",
    "where_data_goes": "Where will data go, and how will it show up?",
    "what_customers_do": "What do your customers use your tool to do?",
    "how_heard_of_us": "How did you hear about us?",
}
CHECKS: Final = {
    None: "The website is not checked.",
    "due": "The website is being checked: what is found will be here within minutes.",
    "done": "The website was checked.",
    "dead": "The website could not be checked. Open it yourself.",
    "void": "The website was not checked before the decision.",
}
"""What became of the check of the website."""
DECISIONS: Final = {"approve": "Let them in", "decline": "Decline"}
DECIDED: Final = {"approve": "approved", "decline": "declined"}
"""The state to which each decision leads."""


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""
    requests = _Requests(api, pages)
    path = "/access-requests/{id:uuid}"
    return [
        Route("/access-requests", signed_in_only(pages, requests.list_all, *STAFF)),
        Route(path, signed_in_only(pages, requests.look, *STAFF)),
        Route(f"{path}/decision", signed_in_only(pages, requests.decide, *STAFF), methods=["POST"]),
        Route(
            f"{path}/invitations/{{invitation:uuid}}/reissue",
            signed_in_only(pages, requests.reissue, *STAFF),
            methods=["POST"],
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Decision:
    """The form of the decision with what was typed into it, and the mails of the decision that is `wanted`."""

    form: Form = field(default_factory=Form)
    mails: tuple[Mapping[str, Any], ...] = ()
    wanted: str = ""


@dataclass(frozen=True, slots=True)
class _Requests:
    api: ApiClient
    pages: Pages

    async def list_all(self, request: Request) -> Response:
        params = params_of(request)
        chosen = choice_in(request, "state", SHOWN, "requested")
        state = None if chosen == "all" else chosen
        listed = await self.api.read(request, "/v1/access-requests", {**params, "state": state})
        return self.pages.page(
            request,
            "access_requests.html",
            live="_access_requests.html",
            requests=listed["items"],
            following=next_of(request, listed, {**params, "state": chosen}),
            chosen=chosen,
            shown=SHOWN,
            states=ACCESS_STATES,
        )

    async def look(self, request: Request) -> Response:
        return await self._show(request, _Decision())

    async def decide(self, request: Request) -> Response:
        """Decides, or shows the mails of the decision that is wanted."""
        fields = await fields_of(request)
        action, _, wanted = fields.get("act", "").partition(" ")
        words = fields.get("words", "").strip()
        body = {"decision": wanted, "reasons": [{"text": words}] if words else []}
        path = f"{_call(request)}/decision"
        if action == "show":
            seen = await self.api.call(request, "POST", f"{path}/preview", body)
            if not seen.is_ok:
                return await self._refused(request, fields, wanted, seen)
            return await self._show(request, _Decision(Form(fields), tuple(seen.content["mails"]), wanted))
        done = await self.api.call(request, "POST", path, body)
        if done.is_ok or await self._is_decided(request, wanted):
            return RedirectResponse(f"{_page(request)}?decided=now", 303)
        return await self._refused(request, fields, wanted, done)

    async def reissue(self, request: Request) -> Response:
        fields, invitation = await fields_of(request), request.path_params["invitation"]
        done = await self.api.call(request, "POST", f"/v1/invitations/{invitation}/reissue", key=key_in(fields))
        return (
            RedirectResponse(f"{_page(request)}#invitations", 303) if done.is_ok else self.pages.refusal(request, done)
        )

    async def _is_decided(self, request: Request, wanted: str) -> bool:
        """Returns whether the visitor has decided so already: a button that is pressed twice."""
        asked, visitor = await self.api.read(request, _call(request)), visitor_of(request)
        return visitor is not None and (asked["state"], asked["decided_by"]) == (DECIDED.get(wanted), visitor.id)

    async def _refused(self, request: Request, fields: Mapping[str, str], wanted: str, answer: ApiAnswer) -> Response:
        form = refused_form(fields, answer, codes={"reason.missing": "words"}, names={"reasons": "words"})
        return await self._show(request, _Decision(form, wanted=wanted), answer)

    async def _show(self, request: Request, typed: _Decision, refused: ApiAnswer | None = None) -> Response:
        asked = await self.api.read(request, _call(request))
        waiting = []
        if asked["state"] != "requested":
            first = await self.api.read(request, "/v1/access-requests", {"state": "requested", "limit": 1})
            waiting = first["items"]
        return self.pages.page(
            request,
            "access_request.html",
            status=200 if refused is None else refused.status,
            asked=asked,
            typed=typed,
            waiting=waiting,
            is_new=request.query_params.get("decided") == "now",
            states=ACCESS_STATES,
            survey=SURVEY,
            check=CHECKS[asked["website_check"]],
            decisions=DECISIONS,
            key=Form().key,
        )


def _call(request: Request) -> str:
    return f"/v1/access-requests/{request.path_params['id']}"


def _page(request: Request) -> str:
    return f"/access-requests/{request.path_params['id']}"
