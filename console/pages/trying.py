"""Trying an App as a customer would, before it is public: enabling, configuring, and sending test data."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.addresses import app_path, component_page, component_path
from console.client import ApiAnswer, ApiClient, together
from console.component_kinds import TESTED, kind_of
from console.forms import Form, fields_of, key_in, refused_form
from console.json_text import pretty_text
from console.navigation import PARTNER, Part
from console.rendering import Pages
from console.setting_values import VALUE, field_of, options_of, values_of
from console.testing import example_of, mendings_of, read_message
from console.visiting import signed_in_only
from web.bounds import LargerBody

PARTS = (Part("/try", "Try it", order=35),)
MAX_FORM: Final = 200 * 1024
LARGER_FORMS = (LargerBody("POST", re.compile(r"/apps/[^/]+/try/[^/]+"), MAX_FORM, "Try a smaller message."),)
KEY: Final = "customer_key"
"""The field of the key that a customer enters: `key` is the form's own, which a call keeps."""
KEEP: Final = "keep"
"""The field that is ticked if what is entered is to replace the test settings that are kept."""
OPENING: Final = {
    "subscription": "Enable it, and send it test data",
    "stream": "Send test events to its sandbox, and see what is found about them",
    "plugin": "See how it is loaded, and what is found in it",
}
"""The words of the link that leads on, by the kind of Component."""


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""
    trying = _Trying(api, pages)
    path = "/apps/{slug}/try"
    return [
        Route(path, signed_in_only(pages, trying.list, PARTNER)),
        Route(path + "/{component_id:uuid}", signed_in_only(pages, trying.show, PARTNER)),
        Route(path + "/{component_id:uuid}", signed_in_only(pages, trying.act, PARTNER), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Trying:
    api: ApiClient
    pages: Pages

    async def list(self, request: Request) -> Response:
        slug, path = request.path_params["slug"], app_path(request)
        app, listed = await together(self.api.read(request, path), self.api.read(request, f"{path}/components"))
        return self.pages.page(
            request,
            "trying.html",
            app=app,
            components=[
                {**one, "title": kind_of(one).title, "href": _first_page(slug, one), "opening": OPENING[one["kind"]]}
                for one in listed["items"]
            ],
            tested=TESTED,
        )

    async def show(self, request: Request) -> Response:
        return await self._shown(request, Form(), 200, None)

    async def act(self, request: Request) -> Response:
        fields = await fields_of(request)
        _, known = await self._entered(request)
        message, problem = read_message(fields.get("message", ""))
        values = values_of(known["settings"], fields)
        errors = {} if message is not None else {"message": problem}
        wants_sent = fields.get("act") == "send"
        key = fields.get(KEY, "")
        if wants_sent and not key.strip():
            if values or fields.get(KEEP):
                errors[KEY] = f"Enter the {known['key_name']} too: it is used together with the other values."
            elif known["ends_at"] is None:
                errors[KEY] = f"Enter the {known['key_name']}."
        if errors or message is None:
            return await self._shown(request, Form(_without_key(fields), errors), 422, None)
        if not wants_sent:
            wanted = {"event": message, "settings": values}
            tried = await self.api.call(request, "POST", f"{component_path(request)}/request-tries", wanted)
            form = Form(_without_key(fields)) if tried.is_ok else _refused(fields, tried)
            return await self._shown(request, form, tried.status, tried.content if tried.is_ok else None)
        run = {"scope": "try_out", "message": message}
        entered = {"key": key, "settings": values}
        if fields.get(KEEP):
            kept = await self.api.call(request, "PUT", f"{component_path(request)}/test-settings", entered)
            if not kept.is_ok:
                return await self._shown(request, _refused(fields, kept), kept.status, None)
        elif key.strip():
            run["entered"] = entered
        sent = await self.api.call(request, "POST", f"{component_path(request)}/test-runs", run, key=key_in(fields))
        if not sent.is_ok:
            return await self._shown(request, _refused(fields, sent), sent.status, None)
        return RedirectResponse(f"{component_page(request)}/test-runs/{sent.content['id']}", 303)

    async def _entered(self, request: Request) -> tuple[dict[str, Any], dict[str, Any]]:
        """Returns the Component and what a customer enters. Raises HTTPException for one that is sent nothing."""
        component = await self.api.read(request, component_path(request))
        if component["kind"] != "subscription":
            raise HTTPException(404)
        return component, await self.api.read(request, f"{component_path(request)}/test-settings")

    async def _shown(self, request: Request, form: Form, status: int, tried: dict[str, Any] | None) -> Response:
        page = component_page(request)
        component, known = await self._entered(request)
        scopes, app = await together(
            self.api.read(request, f"{component_path(request)}/test-scopes"), self.api.read(request, app_path(request))
        )
        own = next(one for one in scopes["items"] if one["scope"] == "try_out")
        missing = [
            one for one in own["missing"] if not one["code"].startswith("test_settings.")
        ]  # this form gives them
        types = component["settings"]["event_types"]
        if "message" not in form.values:
            form = Form({"message": example_of(types[0])} | dict(form.values), form.errors, form.problems, form.key)
        return self.pages.page(
            request,
            "try.html",
            status=status,
            app=app,
            component=component,
            page=page,
            known=known,
            types=types,
            host=scopes["host"],
            missing=mendings_of(missing, page, scopes["host"], f"{page}/test-runs"),
            options=options_of(known["settings"]),
            tried=None if tried is None else {**tried, "body": pretty_text(tried["body"])},
            form=form,
        )


def _first_page(slug: str, component: dict[str, Any]) -> str:
    """Returns the page at which a Component of its kind is tried."""
    own = f"/apps/{slug}/components/{component['id']}"
    pages = {"stream": f"{own}/events/new", "plugin": f"{own}/test-runs"}
    return pages.get(component["kind"], f"/apps/{slug}/try/{component['id']}")


def _without_key(fields: dict[str, str]) -> dict[str, str]:
    """Returns what is shown again of what was typed. A key is typed again."""
    return {name: text for name, text in fields.items() if name in ("message", KEEP) or name.startswith(VALUE)}


def _refused(fields: dict[str, str], answer: ApiAnswer) -> Form:
    """Returns the form with what the API refuses: of a value beside its field, and otherwise of the message."""
    typed = _without_key(fields)
    if answer.status == 409:  # the page says what is missing, with links
        return Form(typed, {}, (answer.content["detail"],))
    return refused_form(typed, answer, place=_field_of, whole="message")


def _field_of(steps: Sequence[str]) -> str:
    own = steps[1:] if steps[0] == "entered" else steps
    return KEY if own[:1] == ["key"] else field_of(own) or "message"
