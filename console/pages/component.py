"""A Component's own page: what it lacks, its settings to edit, the write key of a stream, and its removal."""

import re
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.addresses import app_path, component_path
from console.client import ApiClient, together
from console.component_forms import again, refused, settings_of, tidied, typed_of, words_of
from console.component_kinds import KINDS, TESTED, Kind, kind_of
from console.forms import Form, fields_of, if_match, key_in
from console.navigation import PARTNER, ComponentPart
from console.pages.components import MAX_BYTES, form_values, show_write_key
from console.rendering import Pages
from console.visiting import signed_in_only
from web.bounds import LargerBody

COMPONENT_PARTS = (ComponentPart("", "Settings", tuple(KINDS), order=0),)
LARGER_FORMS = (
    LargerBody("POST", re.compile(r"/apps/[^/]+/components/[^/]+"), MAX_BYTES, "Name fewer events or settings."),
)


@dataclass(frozen=True, slots=True)
class _Component:
    api: ApiClient
    pages: Pages

    async def show(self, request: Request) -> Response:
        return await self._shown(request)

    async def change(self, request: Request) -> Response:
        fields = await fields_of(request)
        stored = await self.api.found(request, component_path(request))
        component = stored.content
        kind = kind_of(component)
        tidy = tidied(kind, fields)
        if "more" in fields:
            return await self._shown(request, form=again(fields, tidy), base=fields.get("base", ""))
        settings = settings_of(kind, tidy)
        if "mapping" in component["settings"]:
            settings["mapping"] = component["settings"]["mapping"]
        body = {"name": tidy.get("name", "").strip(), "settings": settings}
        changed = await self.api.call(request, "PATCH", component_path(request), body, headers=if_match(fields))
        if changed.is_ok:
            said = "saved" if changed.etag != fields.get("base") else "same"
            return RedirectResponse(f"{request.url.path}?done={said}", 303)
        if changed.status == 412:
            now = await self.api.read(request, component_path(request))
            if words_of(kind, typed_of(kind, now)) == words_of(kind, tidy):  # the same form, sent twice
                return RedirectResponse(f"{request.url.path}?done=saved", 303)
            return await self._shown(request, form=Form(tidy), status=412)
        return await self._shown(
            request, form=refused(kind, tidy, changed), status=changed.status, base=fields.get("base", "")
        )

    async def renew_write_key(self, request: Request) -> Response:
        fields = await fields_of(request)
        made = await self.api.call(request, "POST", f"{component_path(request)}/write-key", key=key_in(fields))
        if not made.is_ok:
            return self.pages.refusal(request, made)
        return await show_write_key(self.api, self.pages, request, made)

    async def remove(self, request: Request) -> Response:
        fields = await fields_of(request)
        removed = await self.api.call(request, "DELETE", component_path(request), headers=if_match(fields))
        if removed.is_ok:
            return RedirectResponse(f"/apps/{request.path_params['slug']}/components", 303)
        if removed.status == 412:
            said = "Somebody changed the Component meanwhile, and it is not removed. Look at it, and remove it then."
            return await self._shown(request, form=None, problems=(said,), status=412)
        return self.pages.refusal(request, removed)

    async def _shown(
        self,
        request: Request,
        *,
        form: Form | None = None,
        problems: tuple[str, ...] = (),
        status: int = 200,
        base: str = "",
    ) -> Response:
        """Returns the page. With a status of 412 it shows what is stored beside what was typed.

        `base` is the revision that the form was made of, by default the present one.
        """
        stored, states, app = await together(
            self.api.found(request, component_path(request)),
            self.api.read(request, f"{app_path(request)}/component-states"),
            self.api.read(request, app_path(request)),
        )
        component = stored.content
        kind = kind_of(component)
        typed = typed_of(kind, component)
        shown = form or Form(typed, problems=problems)
        streams = kind.code == "stream"
        declared = await self.api.read(request, f"{component_path(request)}/declared-events") if streams else None
        return self.pages.page(
            request,
            "component.html",
            status=status,
            app=app,
            component=component,
            state=next(one for one in states["items"] if one["id"] == component["id"]),
            tested=TESTED,
            base=base or stored.etag,
            said=words_of(kind, typed),
            differing=_differing(kind, typed, shown) if status == 412 and form is not None else [],
            done=request.query_params.get("done", ""),
            tracking_url=declared and declared["tracking_url"],
            event=declared and declared["items"][0]["event"],
            **form_values(kind, shown),
        )


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""
    component = _Component(api, pages)
    path = "/apps/{slug}/components/{component_id}"
    return [
        Route(path, signed_in_only(pages, component.show, PARTNER)),
        Route(path, signed_in_only(pages, component.change, PARTNER), methods=["POST"]),
        Route(f"{path}/write-key", signed_in_only(pages, component.renew_write_key, PARTNER), methods=["POST"]),
        Route(f"{path}/remove", signed_in_only(pages, component.remove, PARTNER), methods=["POST"]),
    ]


def _differing(kind: Kind, stored: dict[str, str], form: Form) -> list[tuple[str, str, str]]:
    """Returns the label of each field whose stored value is another than what was typed, with the two."""
    theirs, ours = words_of(kind, stored), words_of(kind, form.values)
    return [(label, theirs[label], ours[label]) for label in theirs if theirs[label] != ours[label]]
