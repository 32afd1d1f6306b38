"""Suspensions: those under way, and an App's, with suspending, confirming it as the second person, and reinstating."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.acts import FILLED_BY_THE_FORM
from console.addresses import app_path
from console.client import ApiClient, together
from console.forms import Form, fields_of, refused_form
from console.lists import choice_in, next_of, params_of
from console.navigation import STAFF, Link
from console.rendering import Pages
from console.transitions import ask_transition
from console.visiting import signed_in_only, visitor_of
from console.words import STATES

LINKS = (Link("/suspensions", "Suspensions", STAFF, order=40),)
SHOWN: Final = {"": "All under way", "false": "To be confirmed", "true": "Confirmed"}
LIFTED: Final = {
    "other": "A revision that mends it, once it is approved, or a reinstatement",
    "only_reinstated": "Only a reinstatement, as for abuse or law",
}
"""What lifts a suspension, by the code of its reason."""
ACTS: Final = ("suspend", "reinstate")


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""
    suspensions = _Suspensions(api, pages)
    path = "/suspensions/{slug}"
    return [
        Route("/suspensions", signed_in_only(pages, suspensions.list_all, *STAFF)),
        Route("/suspensions", signed_in_only(pages, suspensions.find, *STAFF), methods=["POST"]),
        Route(path, signed_in_only(pages, suspensions.look, *STAFF)),
        Route(f"{path}/confirm", signed_in_only(pages, suspensions.confirm, *STAFF), methods=["POST"]),
        *(
            Route(f"{path}/{act}", signed_in_only(pages, suspensions.ask, *STAFF), methods=["POST"], name=act)
            for act in ACTS
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Suspensions:
    api: ApiClient
    pages: Pages

    async def list_all(self, request: Request) -> Response:
        return await self._list(request, Form())

    async def find(self, request: Request) -> Response:
        """Leads to the page of the App whose short name was typed."""
        fields = await fields_of(request)
        slug = fields.get("app", "").strip().lower()
        found = await self.api.get(request, f"/v1/apps/{slug}/status") if slug.replace("-", "").isalnum() else None
        if found is not None and found.is_ok:
            return RedirectResponse(f"/suspensions/{found.content['slug']}", 303)
        return await self._list(request, Form(fields, {"app": "No App has this short name."}), 404)

    async def look(self, request: Request) -> Response:
        return await self._show(request, Form())

    async def confirm(self, request: Request) -> Response:
        done = await self.api.call(request, "POST", f"{app_path(request)}/suspension/confirm")
        if done.is_ok:
            return RedirectResponse(_page(request), 303)
        return await self._show(request, refused_form({}, done), done.status)

    async def ask(self, request: Request) -> Response:
        """Suspends or reinstates the App, if it is still as the visitor has seen it, and waits for the outcome."""
        fields, trigger = await fields_of(request), request.url.path.rpartition("/")[2]
        words = fields.get("words", "").strip()
        if not words:
            return await self._show(request, Form(dict(fields), {"words": "Say why: the company reads it."}), 422)
        code = "only_reinstated" if fields.get("lifted") == "only_reinstated" else "other"
        reasons = [{"code": code, "text": words}]
        asked = await ask_transition(self.api, request, trigger, fields, reasons, words="words")
        if asked.refused is not None:
            return await self._show(request, asked.refused, asked.status)
        waits = f"?asked={trigger}" if asked.waits else ""
        return RedirectResponse(_page(request) + waits, 303)

    async def _list(self, request: Request, form: Form, status: int = 200) -> Response:
        chosen = choice_in(request, "confirmed", SHOWN)
        params = params_of(request) | {"confirmed": chosen or None}
        listed = await self.api.read(request, "/v1/suspensions", params)
        return self.pages.page(
            request,
            "suspensions.html",
            status=status,
            suspensions=listed["items"],
            following=next_of(request, listed, params),
            chosen=chosen,
            shown=SHOWN,
            form=form,
        )

    async def _show(self, request: Request, form: Form, status: int = 200) -> Response:
        standing, listed = await together(
            self.api.read(request, f"{app_path(request)}/status"),
            self.api.read(request, "/v1/suspensions", {"app": request.path_params["slug"], "limit": 1}),
        )
        suspension, visitor = next(iter(listed["items"]), None), visitor_of(request)
        hindering = {one["trigger"]: _hindering(one) for one in standing["triggers"] if one["trigger"] in ACTS}
        return self.pages.page(
            request,
            "suspension.html",
            status=status,
            standing=standing,
            suspension=suspension,
            is_mine=bool(suspension and visitor and suspension["suspended_by_id"] == visitor.id),
            asked=request.query_params.get("asked") if request.query_params.get("asked") in ACTS else None,
            can={act: act in hindering and not hindering[act] for act in ACTS},
            hindering=hindering.get("suspend", ()),
            states=STATES,
            lifted=LIFTED,
            form=form if form.values else Form({"lifted": "other"}, form.errors, form.problems),
        )


def _hindering(trigger: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns the rules that stand against it, without the reason, for which the form asks."""
    return [rule for rule in trigger["unmet"] if rule["code"] not in FILLED_BY_THE_FORM]


def _page(request: Request) -> str:
    return f"/suspensions/{request.path_params['slug']}"
