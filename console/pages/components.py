"""The Components of a partner's App: which there are and what each lacks, and a new one."""

import re
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.addresses import app_path
from console.client import ApiAnswer, ApiClient, together
from console.component_forms import again, refused, rows_shown, settings_of, tidied
from console.component_kinds import EVENT_TYPES, KINDS, TESTED, TYPES_OF_SETTINGS, Kind, kind_of
from console.forms import Form, fields_of, key_in
from console.navigation import PARTNER, Part
from console.rendering import Pages
from console.visiting import signed_in_only
from web.bounds import LargerBody

PARTS = (Part("/components", "Components", order=10),)
MAX_BYTES = 128 * 1024
"""The largest form of a Component: 30 settings with 50 choices each, or 200 events."""
LARGER_FORMS = (
    LargerBody("POST", re.compile(r"/apps/[^/]+/new-component/[a-z]+"), MAX_BYTES, "Name fewer events or settings."),
)


@dataclass(frozen=True, slots=True)
class _Components:
    api: ApiClient
    pages: Pages

    async def list_all(self, request: Request) -> Response:
        path = app_path(request)
        states, app = await together(self.api.read(request, f"{path}/component-states"), self.api.read(request, path))
        return self.pages.page(
            request,
            "components.html",
            app=app,
            states=[(one, kind_of(one)) for one in states["items"]],
            tested=TESTED,
        )

    async def choose(self, request: Request) -> Response:
        app = await self._editable_app(request)
        return self.pages.page(request, "new_component_kind.html", app=app, kinds=KINDS.values())

    async def show_new(self, request: Request) -> Response:
        return await self._form(request, _kind(request), Form({"event_types.delete": "yes"}))

    async def create(self, request: Request) -> Response:
        kind, fields = _kind(request), await fields_of(request)
        tidy = tidied(kind, fields)
        if "more" in fields:
            return await self._form(request, kind, again(fields, tidy))
        slug = request.path_params["slug"]
        body = {
            "kind": kind.kind,
            "subkind": kind.subkind,
            "name": tidy.get("name", "").strip(),
            "settings": settings_of(kind, tidy),
        }
        made = await self.api.call(request, "POST", f"{app_path(request)}/components", body, key=key_in(fields))
        if not made.is_ok:
            return await self._form(request, kind, refused(kind, tidy, made), made.status)
        if made.content["write_key"] is None:
            return RedirectResponse(f"/apps/{slug}/components/{made.content['id']}", 303)
        return await show_write_key(self.api, self.pages, request, made)

    async def _form(self, request: Request, kind: Kind, form: Form, status: int = 200) -> Response:
        app = await self._editable_app(request)
        values = form_values(kind, form)
        return self.pages.page(request, "new_component.html", status=status, app=app, **values)

    async def _editable_app(self, request: Request) -> dict[str, Any]:
        return await self.api.read(request, app_path(request))


def form_values(kind: Kind, form: Form) -> dict[str, Any]:
    """Returns what the template of a Component's form needs beside what is around it."""
    return {
        "kind": kind,
        "form": form,
        "event_types": EVENT_TYPES,
        "types": TYPES_OF_SETTINGS,
        "rows": {group: rows_shown(form.values, group) for group in kind.groups if group != "event_types"},
    }


async def show_write_key(api: ApiClient, pages: Pages, request: Request, made: ApiAnswer) -> Response:
    """Returns the page that shows a stream's new write key, which the API's answer `made` has, this once."""
    path = app_path(request)
    component = made.content
    declared, app = await together(
        api.read(request, f"{path}/components/{component['id']}/declared-events"), api.read(request, path)
    )
    return pages.page(
        request,
        "write_key.html",
        app=app,
        component=component,
        kind=kind_of(component),
        write_key=component["write_key"],
        tracking_url=declared["tracking_url"],
        event=declared["items"][0]["event"],
        is_first="write-key" not in request.url.path,
    )


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""
    components = _Components(api, pages)
    new = "/apps/{slug}/new-component"
    return [
        Route("/apps/{slug}/components", signed_in_only(pages, components.list_all, PARTNER)),
        Route(new, signed_in_only(pages, components.choose, PARTNER)),
        Route(f"{new}/{{kind}}", signed_in_only(pages, components.show_new, PARTNER)),
        Route(f"{new}/{{kind}}", signed_in_only(pages, components.create, PARTNER), methods=["POST"]),
    ]


def _kind(request: Request) -> Kind:
    """Returns the kind that the address names. Raises HTTPException for one that there is not."""
    kind = KINDS.get(request.path_params["kind"])
    if kind is None:
        raise HTTPException(404)
    return kind
