"""An App's membership in the partner program: applying for it, reading the decision, and leaving it."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.addresses import app_path
from console.client import ApiClient, together
from console.forms import Form, fields_of, key_in, refused_form
from console.navigation import PARTNER, Part
from console.rendering import Pages
from console.visiting import signed_in_only

PARTS = (Part("/membership", "Partner program", order=90),)


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""
    membership, path = _Membership(api, pages), "/apps/{slug}/membership"
    return [
        Route(path, signed_in_only(pages, membership.look, PARTNER)),
        Route(path, signed_in_only(pages, membership.apply, PARTNER), methods=["POST"]),
        Route(f"{path}/leave", signed_in_only(pages, membership.leave, PARTNER), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Membership:
    api: ApiClient
    pages: Pages

    async def look(self, request: Request) -> Response:
        return await self._show(request, Form())

    async def apply(self, request: Request) -> Response:
        fields = await fields_of(request)
        body = {"message": fields.get("message", "").strip()}
        done = await self.api.call(request, "POST", _calls(request), body, key=key_in(fields))
        if not done.is_ok:
            return await self._show(request, refused_form(fields, done), done.status)
        return RedirectResponse(request.url.path, 303)

    async def leave(self, request: Request) -> Response:
        done = await self.api.call(request, "DELETE", _calls(request))
        if not done.is_ok:
            return await self._show(request, refused_form({}, done), done.status)
        return RedirectResponse(request.url.path.removesuffix("/leave"), 303)

    async def _show(self, request: Request, form: Form, status: int = 200) -> Response:
        app, found = await together(self.api.read(request, app_path(request)), self.api.get(request, _calls(request)))
        if not found.is_ok and found.status != 404:
            return self.pages.refusal(request, found)
        return self.pages.page(
            request,
            "membership.html",
            status=status,
            app=app,
            membership=found.content if found.is_ok else None,
            form=form,
        )


def _calls(request: Request) -> str:
    return f"{app_path(request)}/membership"
