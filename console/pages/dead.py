"""What has used up its attempts: what broke, and making it due again, one row or all that match."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.client import ApiClient
from console.dead_words import DEAD
from console.forms import fields_of
from console.lists import next_of, params_of
from console.navigation import ADMIN, Link
from console.rendering import Pages
from console.visiting import signed_in_only

LINKS = (Link("/dead", "Dead rows", (ADMIN,), order=140),)
MESSAGES = "rejected_message"
ONE_BY_ONE = (MESSAGES, "transition_request")
"""The kinds of which all that match cannot be replayed together."""


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""
    dead = _Dead(api, pages)
    return [
        Route("/dead", signed_in_only(pages, dead.look, ADMIN)),
        Route("/dead/{kind}", signed_in_only(pages, dead.look_at_kind, ADMIN)),
        Route("/dead/{kind}/all", signed_in_only(pages, dead.end_all, ADMIN), methods=["POST"]),
        Route("/dead/{kind}/{id:uuid}", signed_in_only(pages, dead.end_one, ADMIN), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Dead:
    """Shows dead rows. What ends one is replaying it or, of a rejected message, acknowledging it."""

    api: ApiClient
    pages: Pages

    async def look(self, request: Request) -> Response:
        counted = await self.api.read(request, "/v1/dead")
        dead = [one for one in counted["items"] if one["count"]]
        return self.pages.page(request, "dead.html", live="_dead.html", dead=dead, kinds=DEAD)

    async def look_at_kind(self, request: Request) -> Response:
        kind = _kind_in(request)
        params = params_of(request, *(("error",) if kind in ONE_BY_ONE else ("lane", "error")))
        listed = await self.api.read(request, f"/v1/dead/{kind}", params)
        chosen = {name: str(value) for name, value in params.items() if name in ("lane", "error")}
        return self.pages.page(
            request,
            "dead_kind.html",
            live="_dead_rows.html",
            kind=kind,
            about=DEAD[kind],
            rows=listed["items"],
            following=next_of(request, listed, params),
            chosen=chosen,
            is_message=kind == MESSAGES,
            has_lanes=kind not in ONE_BY_ONE,
            has_all=kind == MESSAGES or kind not in ONE_BY_ONE,
            done=request.query_params.get("done", "")[:10],
            more=request.query_params.get("more", "")[:100],
        )

    async def end_one(self, request: Request) -> Response:
        kind, row = _kind_in(request), request.path_params["id"]
        act = "acknowledge" if kind == MESSAGES else "replay"
        done = await self.api.call(request, "POST", f"/v1/dead/{kind}/{row}/{act}")
        if not done.is_ok:
            return self.pages.refusal(request, done)
        return _back(kind, await fields_of(request), done="1")

    async def end_all(self, request: Request) -> Response:
        kind, fields = _kind_in(request), await fields_of(request)
        body: dict[str, Any] = {name: fields[name] for name in ("lane", "error", "after") if fields.get(name)}
        if kind == MESSAGES:
            done = await self.api.call(request, "POST", f"/v1/dead/{kind}/acknowledge", body)
        else:
            done = await self.api.call(request, "POST", f"/v1/dead/{kind}/replay", body)
        if not done.is_ok:
            return self.pages.refusal(request, done)
        count = done.content.get("replayed", done.content.get("acknowledged"))
        return _back(kind, fields, done=str(count), more=done.content.get("next") or "")


def _kind_in(request: Request) -> str:
    kind = str(request.path_params["kind"])
    if kind not in DEAD:
        raise HTTPException(404)
    return kind


def _back(kind: str, fields: dict[str, str], **said: str) -> RedirectResponse:
    """Returns what leads back to the list with its filters, saying what was done."""
    kept = {name: fields.get(name, "") for name in ("lane", "error")} | said
    return RedirectResponse(f"/dead/{kind}?{urlencode({name: value for name, value in kept.items() if value})}", 303)
