"""The debugger of a stream: what has come to the sandbox, what was found about it, and what is still missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.addresses import app_path, component_page, component_path
from console.client import ApiClient, Params, together
from console.component_kinds import kind_of
from console.json_text import pretty
from console.navigation import PARTNER, ComponentPart
from console.rendering import Pages
from console.testing import COLOURS
from console.visiting import signed_in_only

COMPONENT_PARTS = (ComponentPart("/events", "Events", ("stream",), order=30),)
EVENTS_ON_A_PAGE: Final = 25
TYPES: Final = ("track", "identify", "page", "screen", "group", "alias", "delete", "other")
SHOWN: Final[Mapping[str, tuple[str, Params]]] = {
    "": ("Everything", {}),
    "found": ("Only with findings", {"found": "true"}),
    "invalid": ("Only what is not valid", {"valid": "false"}),
}
"""Which events are shown, by the parameter `show` of the page: the words for it, and the parameters of the call."""


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""
    debugger = _Debugger(api, pages)
    return [Route("/apps/{slug}/components/{component_id:uuid}/events", signed_in_only(pages, debugger.show, PARTNER))]


@dataclass(frozen=True, slots=True)
class _Debugger:
    api: ApiClient
    pages: Pages

    async def show(self, request: Request) -> Response:
        page, path = component_page(request), component_path(request)
        component = await self.api.read(request, path)
        if component["kind"] != "stream":
            raise HTTPException(404)
        chosen = _chosen(request)
        narrowed = {name: chosen[name] for name in ("type", "event", "before") if chosen[name]}
        params = {"limit": EVENTS_ON_A_PAGE, **narrowed, **SHOWN[chosen["show"]][1]}
        listed, declared, app = await together(
            self.api.read(request, f"{path}/events", params),
            self.api.read(request, f"{path}/declared-events"),
            self.api.read(request, app_path(request)),
        )
        items = listed["items"]
        here = f"{page}/events"
        return self.pages.page(
            request,
            "events.html",
            live="_events.html",
            app=app,
            component=component,
            kind=kind_of(component),
            page=page,
            declared=declared,
            colour=COLOURS[declared["colour"]],
            missing=sum(1 for one in declared["items"] if one["lacks"]),
            events=[{**one, "body": pretty(one["body"])} for one in items],
            earlier=_with(here, chosen, before=str(items[-1]["position"])) if len(items) == EVENTS_ON_A_PAGE else None,
            newest=_with(here, chosen, before=""),
            chosen=chosen,
            is_narrowed=any(chosen[name] for name in ("show", "type", "event")),
            everything=here,
            filters=_filters(here, chosen),
            named={name: _with(here, chosen, event=name, before="") for name in _names(declared["items"], items)},
            next_event=next((one["event"] for one in declared["items"] if one["lacks"]), declared["items"][0]["event"]),
        )


def _chosen(request: Request) -> dict[str, str]:
    """Returns what the address narrows the list by. What is none of ours is left out."""
    given = request.query_params
    before = given.get("before", "")
    return {
        "show": given.get("show", "") if given.get("show", "") in SHOWN else "",
        "type": given.get("type", "") if given.get("type", "") in TYPES else "",
        "event": given.get("event", "").replace("\0", "")[:200],
        "before": before if before.isascii() and before.isdecimal() and len(before) < 19 else "",
    }


def _with(here: str, chosen: Mapping[str, str], **other: str) -> str:
    """Returns the address of this page, narrowed as it is but for `other`."""
    query = {name: value for name, value in {**chosen, **other}.items() if value}
    return f"{here}?{urlencode(query)}" if query else here


def _filters(here: str, chosen: Mapping[str, str]) -> list[tuple[str, list[tuple[str, str, bool]]]]:
    """Returns the ways to narrow the list: for each the label, the address, and whether it is chosen."""
    shown = [
        (words, _with(here, chosen, show=value, before=""), chosen["show"] == value)
        for value, (words, _) in SHOWN.items()
    ]
    types = [
        (value or "any", _with(here, chosen, type=value, before=""), chosen["type"] == value) for value in ("", *TYPES)
    ]
    return [("Show", shown), ("Type", types)]


def _names(declared: list[dict[str, Any]], events: list[dict[str, Any]]) -> set[str]:
    return {one["event"] for one in (*declared, *events) if one["event"]}
