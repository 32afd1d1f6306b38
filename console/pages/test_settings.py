"""The test settings of a subscription: the key and the values that its test runs send, entered anew each time."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.addresses import app_path, component_path
from console.client import ApiClient, together
from console.component_kinds import kind_of
from console.forms import Form, fields_of, refused_form
from console.navigation import PARTNER, ComponentPart
from console.rendering import Pages
from console.setting_values import VALUE, field_of, options_of, values_of
from console.visiting import signed_in_only

COMPONENT_PARTS = (ComponentPart("/test-settings", "Test key", ("webhook", "function"), order=30),)


@dataclass(frozen=True, slots=True)
class _TestSettings:
    api: ApiClient
    pages: Pages

    async def show(self, request: Request) -> Response:
        return await self._shown(request, Form(), 200)

    async def store(self, request: Request) -> Response:
        fields = await fields_of(request)
        known = await self.api.read(request, f"{component_path(request)}/test-settings")
        typed = {name: text for name, text in fields.items() if name in ("key", "ends_at") or name.startswith(VALUE)}
        errors: dict[str, str] = {}
        body: dict[str, Any] = {"key": typed.get("key", ""), "settings": values_of(known["settings"], typed)}
        if typed.get("ends_at", "").strip():
            day = _day(typed["ends_at"].strip())
            if day is None:
                errors["ends_at"] = "The day is written like 2026-11-02."
            else:
                body["ends_at"] = f"{day.isoformat()}T23:59:00Z"
        if not body["key"].strip():
            errors["key"] = f"Enter the {known['key_name']}."
        if errors:
            return await self._shown(request, Form(typed, errors), 422)
        stored = await self.api.call(request, "PUT", f"{component_path(request)}/test-settings", body)
        if stored.is_ok:
            return RedirectResponse(request.url.path, 303)
        shown = {"key": "", "ends_at": ""} | typed
        form = refused_form(shown, stored, place=field_of, codes={"test_settings.ends_at": "ends_at"})
        return await self._shown(request, form, stored.status)

    async def remove(self, request: Request) -> Response:
        removed = await self.api.call(request, "DELETE", f"{component_path(request)}/test-settings")
        if not removed.is_ok:
            return self.pages.refusal(request, removed)
        return RedirectResponse(request.url.path.rpartition("/")[0], 303)

    async def _shown(self, request: Request, form: Form, status: int) -> Response:
        component, app = await together(
            self.api.read(request, component_path(request)), self.api.read(request, app_path(request))
        )
        if component["kind"] != "subscription":
            raise HTTPException(404)
        known = await self.api.read(request, f"{component_path(request)}/test-settings")
        return self.pages.page(
            request,
            "test_settings.html",
            status=status,
            app=app,
            component=component,
            kind=kind_of(component),
            known=known,
            options=options_of(known["settings"]),
            form=form,
        )


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""
    settings = _TestSettings(api, pages)
    path = "/apps/{slug}/components/{component_id}/test-settings"
    return [
        Route(path, signed_in_only(pages, settings.show, PARTNER)),
        Route(path, signed_in_only(pages, settings.store, PARTNER), methods=["POST"]),
        Route(f"{path}/remove", signed_in_only(pages, settings.remove, PARTNER), methods=["POST"]),
    ]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
