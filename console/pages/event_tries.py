"""Trying a stream: a test event that its partner types, or takes from an example, and that we send to the sandbox."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.addresses import app_path, component_page, component_path
from console.client import ApiClient, together
from console.component_kinds import kind_of
from console.forms import Form, fields_of, key_in, refused_form
from console.json_text import pretty
from console.navigation import PARTNER
from console.rendering import Pages
from console.testing import read_message
from console.visiting import signed_in_only
from web.bounds import LargerBody

MAX_FORM: Final = 200 * 1024
"""A form's largest size: an event of 32 KiB may be three times as long as a form sends it."""
LARGER_FORMS = (
    LargerBody("POST", re.compile(r"/apps/[^/]+/components/[^/]+/events/new"), MAX_FORM, "Try a smaller event."),
)


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""
    trying = _Trying(api, pages)
    path = "/apps/{slug}/components/{component_id:uuid}/events/new"
    return [
        Route(path, signed_in_only(pages, trying.show, PARTNER)),
        Route(path, signed_in_only(pages, trying.send, PARTNER), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Trying:
    api: ApiClient
    pages: Pages

    async def show(self, request: Request) -> Response:
        return await self._shown(request, Form(), 200)

    async def send(self, request: Request) -> Response:
        fields = await fields_of(request)
        typed = {name: fields.get(name, "") for name in ("message", "example")}
        event, problem = read_message(typed["message"])
        if event is None:
            return await self._shown(request, Form(typed, {"message": problem}), 422)
        sent = await self.api.call(
            request, "POST", f"{component_path(request)}/events", {"event": event}, key=key_in(fields)
        )
        if not sent.is_ok:
            return await self._shown(request, refused_form(typed, sent, whole="message"), sent.status)
        return RedirectResponse(f"{component_page(request)}/events#event-{sent.content['position']}", 303)

    async def _shown(self, request: Request, form: Form, status: int) -> Response:
        page, path = component_page(request), component_path(request)
        component = await self.api.read(request, path)
        if component["kind"] != "stream":
            raise HTTPException(404)
        app, declared = await together(
            self.api.read(request, app_path(request)), self.api.read(request, f"{path}/declared-events")
        )
        chosen = _chosen(declared["items"], form.value("example") or request.query_params.get("example", ""))
        if "message" not in form.values:
            form = Form({"message": pretty(chosen["example"])}, form.errors, form.problems, form.key)
        here = f"{page}/events/new"
        return self.pages.page(
            request,
            "event_try.html",
            status=status,
            app=app,
            component=component,
            kind=kind_of(component),
            page=page,
            chosen=chosen["event"],
            examples=[(one["event"], f"{here}?{urlencode({'example': one['event']})}") for one in declared["items"]],
            form=form,
        )


def _chosen(declared: Sequence[Mapping[str, Any]], named: str) -> Mapping[str, Any]:
    """Returns the declared event that is named, otherwise the first that still lacks something, or the first."""
    lacking = [one for one in declared if one["lacks"]]
    return next((one for one in declared if one["event"] == named), (lacking or declared)[0])
