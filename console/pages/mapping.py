"""The mapping of a function: which event types have one, each as a form, tried with an event before it is stored."""

import re
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.addresses import app_path, component_path
from console.client import ApiAnswer, ApiClient, together
from console.component_kinds import kind_of
from console.forms import fields_of, if_match, key_in
from console.json_text import pretty
from console.mapping_forms import (
    EMPTY_ROWS,
    MAX_HEADERS,
    METHODS,
    TypedMapping,
    form_of,
    read_form,
    refused,
    rows_in,
    typed_of,
)
from console.navigation import PARTNER, ComponentPart
from console.rendering import Pages
from console.visiting import signed_in_only
from web.bounds import LargerBody

COMPONENT_PARTS = (ComponentPart("/mapping", "Mapping", ("function",), order=20),)
LARGER_FORMS = (
    LargerBody("POST", re.compile(r"/apps/[^/]+/components/[^/]+/mapping/[a-z]+"), 384 * 1024, "Map fewer properties."),
)
DEFAULT = "default"
_SEES_BOTH = (
    "Somebody else changed this mapping meanwhile. What you typed is below and is not stored yet; what is stored now "
    "stands beneath it. If you save, yours replaces it."
)


@dataclass(frozen=True, slots=True)
class _Mapping:
    api: ApiClient
    pages: Pages

    async def list_all(self, request: Request) -> Response:
        stored, app = await together(self._function(request), self.api.read(request, app_path(request)))
        mapping = stored.content["settings"].get("mapping", {})
        types = stored.content["settings"]["event_types"]
        return self.pages.page(
            request,
            "mappings.html",
            app=app,
            component=stored.content,
            kind=kind_of(stored.content),
            mapping=mapping,
            names=[DEFAULT, *types],
            done=request.query_params.get("done", ""),
        )

    async def show(self, request: Request) -> Response:
        stored = await self._function(request)
        mapping = _mapping(stored, _name(request, stored))
        fields = {} if mapping is None else typed_of(mapping)
        return await self._shown(request, stored, TypedMapping(fields, mapping))

    async def use(self, request: Request) -> Response:
        """Tries or stores what was typed, gives more rows, or removes the mapping: as the button says."""
        fields = await fields_of(request)
        stored = await self._function(request)
        name, base = _name(request, stored), fields.get("base", "")
        typed = read_form(fields)
        act = fields.get("do", "try")
        if act == "more":
            rows = TypedMapping(typed.fields, None)
            return await self._shown(request, stored, rows, base=base, key=key_in(fields))
        if act == "remove":
            return await self._store(request, stored, name, None, typed, base)
        if typed.document is None:
            return await self._shown(request, stored, typed, status=422, base=base)
        if act == "save":
            return await self._store(request, stored, name, typed.document, typed, base)
        return await self._tried(request, stored, name, typed, base)

    async def _tried(self, request: Request, stored: ApiAnswer, name: str, typed: TypedMapping, base: str) -> Response:
        body: dict[str, Any] = {"mapping": typed.document}
        if typed.fields["event"].strip():
            body["event"] = typed.event
        else:
            types = stored.content["settings"]["event_types"]
            body["event_type"] = typed.fields["event_type"] or (types[0] if name == DEFAULT else name)
        tried = await self.api.call(request, "POST", f"{component_path(request)}/mapping-tries", body)
        if tried.is_ok:
            return await self._shown(request, stored, typed, base=base, tried=tried.content)
        return await self._shown(request, stored, refused(typed, tried, ["mapping"]), status=tried.status, base=base)

    async def _store(
        self,
        request: Request,
        stored: ApiAnswer,
        name: str,
        document: dict[str, Any] | None,
        typed: TypedMapping,
        base: str,
    ) -> Response:
        settings = dict(stored.content["settings"])
        mapping = {one: value for one, value in settings.pop("mapping", {}).items() if one != name}
        mapping |= {} if document is None else {name: document}
        settings |= {"mapping": mapping} if mapping else {}
        changed = await self.api.call(
            request, "PATCH", component_path(request), {"settings": settings}, headers=if_match({"base": base})
        )
        now = await self._function(request) if changed.status == 412 else stored
        if changed.is_ok or (now is not stored and _mapping(now, name) == document):  # of a form that is sent twice
            return RedirectResponse(f"{request.url.path.rpartition('/')[0]}?done=saved", 303)
        if changed.status == 412:
            both = TypedMapping(typed.fields, typed.document, typed.event, {"": _SEES_BOTH})
            return await self._shown(request, now, both, status=412, shows_stored=True)
        said = refused(typed, changed, ["settings", "mapping", name])
        return await self._shown(request, stored, said, status=changed.status, base=base)

    async def _function(self, request: Request) -> ApiAnswer:
        stored = await self.api.found(request, component_path(request))
        if stored.content["subkind"] != "function":
            raise HTTPException(404)
        return stored

    async def _shown(
        self,
        request: Request,
        stored: ApiAnswer,
        typed: TypedMapping,
        *,
        status: int = 200,
        base: str = "",
        key: str | None = None,
        tried: dict[str, Any] | None = None,
        shows_stored: bool = False,
    ) -> Response:
        name = _name(request, stored)
        mapping = _mapping(stored, name)
        types = stored.content["settings"]["event_types"]
        own = set(stored.content["settings"].get("mapping", {}))
        return self.pages.page(
            request,
            "mapping.html",
            status=status,
            app=await self.api.read(request, app_path(request)),
            component=stored.content,
            kind=kind_of(stored.content),
            name=name,
            url=stored.content["settings"]["url"],
            form=form_of(typed, key),
            lines=typed.lines,
            rows=max(rows_in(typed.fields), min(rows_in(typed.fields) + EMPTY_ROWS, MAX_HEADERS)),
            methods=[(one, one) for one in METHODS],
            types=[(one, one) for one in types if name in (DEFAULT, one) and (name == one or one not in own)]
            or [(one, one) for one in types],
            base=base or stored.etag,
            is_stored=mapping is not None,
            stored=pretty(mapping) if shows_stored and mapping is not None else "",
            tried=tried,
            event=pretty(tried["event"]) if tried else "",
            body=pretty(tried["request"]["body"]) if tried else "",
        )


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""
    mapping = _Mapping(api, pages)
    path = "/apps/{slug}/components/{component_id}/mapping"
    return [
        Route(path, signed_in_only(pages, mapping.list_all, PARTNER)),
        Route(f"{path}/{{name}}", signed_in_only(pages, mapping.show, PARTNER)),
        Route(f"{path}/{{name}}", signed_in_only(pages, mapping.use, PARTNER), methods=["POST"]),
    ]


def _name(request: Request, stored: ApiAnswer) -> str:
    """Returns the name of the mapping that the address has. Raises HTTPException for one that there cannot be."""
    name = str(request.path_params["name"])
    if name not in (DEFAULT, *stored.content["settings"]["event_types"]):
        raise HTTPException(404)
    return name


def _mapping(stored: ApiAnswer, name: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = stored.content["settings"].get("mapping", {}).get(name)
    return found
