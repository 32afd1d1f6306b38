"""The whole request with which a subscription is sent an event, for what a customer has entered. Nothing is sent."""

import re
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.addresses import app_path, component_path
from console.client import ApiClient, together
from console.component_kinds import kind_of
from console.forms import Form, fields_of, refused_form
from console.json_text import NumberedLine, beside_lines, pretty
from console.navigation import PARTNER, ComponentPart
from console.rendering import Pages
from console.setting_values import VALUE, field_of, options_of, values_of
from console.visiting import signed_in_only
from web.bounds import LargerBody
from web.strict_json import UnreadableJsonError, read_json

COMPONENT_PARTS = (ComponentPart("/request", "Request", ("webhook", "function"), order=25),)
LARGER_FORMS = (
    LargerBody("POST", re.compile(r"/apps/[^/]+/components/[^/]+/request"), 256 * 1024, "Try a smaller event."),
)


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""
    page = _ComponentRequest(api, pages)
    path = "/apps/{slug}/components/{component_id}/request"
    return [
        Route(path, signed_in_only(pages, page.show, PARTNER)),
        Route(path, signed_in_only(pages, page.make, PARTNER), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _ComponentRequest:
    api: ApiClient
    pages: Pages

    async def show(self, request: Request) -> Response:
        return await self._shown(request, Form())

    async def make(self, request: Request) -> Response:
        fields = await fields_of(request)
        component = await self.api.read(request, component_path(request))
        typed = {
            name: text for name, text in fields.items() if name in ("event_type", "event") or name.startswith(VALUE)
        }
        body: dict[str, Any] = {"settings": values_of(component["settings"].get("settings", ()), typed)}
        if typed.get("event", "").strip():
            try:
                body["event"] = read_json(typed["event"].encode())
            except UnreadableJsonError as error:
                lines = beside_lines(typed["event"], [(error.line or 1, str(error))])
                return await self._shown(request, Form(typed, {"event": str(error)}), status=422, lines=lines)
        else:
            body["event_type"] = typed.get("event_type", "")
        made = await self.api.call(request, "POST", f"{component_path(request)}/request-tries", body)
        if not made.is_ok:
            shown = {"event": "", "event_type": ""} | typed
            form = refused_form(shown, made, place=field_of, codes={"event.undeclared": "event"})
            return await self._shown(request, form, status=made.status)
        return await self._shown(request, Form(typed), made=made.content)

    async def _shown(
        self,
        request: Request,
        form: Form,
        *,
        status: int = 200,
        made: dict[str, Any] | None = None,
        lines: list[NumberedLine] | None = None,
    ) -> Response:
        component, app = await together(
            self.api.read(request, component_path(request)), self.api.read(request, app_path(request))
        )
        if component["kind"] != "subscription":
            raise HTTPException(404)
        declared = [{"required": False, "choices": None, **one} for one in component["settings"].get("settings", ())]
        return self.pages.page(
            request,
            "component_request.html",
            status=status,
            app=app,
            component=component,
            kind=kind_of(component),
            declared=declared,
            options=options_of(declared),
            types=[(one, one) for one in component["settings"]["event_types"]],
            form=form,
            lines=lines or [],
            made=made,
            event=pretty(made["event"]) if made else "",
        )
