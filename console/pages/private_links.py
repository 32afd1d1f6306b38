"""The private links of an App: each shows the entry that the catalog will have, to whoever has its address."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.addresses import app_path
from console.client import ApiClient, together
from console.forms import Form, fields_of, key_in, refused_form
from console.lists import next_of, params_of
from console.navigation import PARTNER, Part
from console.rendering import Pages
from console.visiting import signed_in_only

PARTS = (Part("/links", "Private links", order=40),)
DAYS: Final = (("1", "a day"), ("7", "a week"), ("14", "two weeks"), ("30", "30 days"))
PREVIEWED: Final = ("building", "submitted", "public_beta", "public", "unlisted")
"""The states in which an App has private links."""
NEW: Final = "/v1/previews/"


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""
    links, path = _PrivateLinks(api, pages), "/apps/{slug}/links"
    return [
        Route(path, signed_in_only(pages, links.look, PARTNER)),
        Route(path, signed_in_only(pages, links.make, PARTNER), methods=["POST"]),
        Route(f"{path}/{{id:uuid}}/revoke", signed_in_only(pages, links.revoke, PARTNER), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _PrivateLinks:
    api: ApiClient
    pages: Pages

    async def look(self, request: Request) -> Response:
        return await self._show(request, Form({"days": "7"}))

    async def make(self, request: Request) -> Response:
        """Makes a link, whose address this one answer shows. The same form sent twice shows the same one."""
        fields = await fields_of(request)
        days = fields.get("days", "")
        body = {"days": int(days) if days in dict(DAYS) else days}
        made = await self.api.call(request, "POST", _calls(request), body, key=key_in(fields))
        if not made.is_ok:
            return await self._show(request, refused_form(fields, made), status=made.status)
        return await self._show(request, Form({"days": days}), made=made.content)

    async def revoke(self, request: Request) -> Response:
        done = await self.api.call(request, "DELETE", f"{_calls(request)}/{request.path_params['id']}")
        if not done.is_ok:
            return self.pages.refusal(request, done)
        return RedirectResponse(f"/apps/{request.path_params['slug']}/links", 303)

    async def _show(
        self, request: Request, form: Form, *, made: dict[str, Any] | None = None, status: int = 200
    ) -> Response:
        params = params_of(request, limit=50)
        app, listed = await together(
            self.api.read(request, app_path(request)), self.api.read(request, _calls(request), params)
        )
        path = made["path"] if made else None
        return self.pages.page(
            request,
            "private_links.html",
            status=status,
            app=app,
            private_links=[{**one, "expired": _is_past(one["expires_at"])} for one in listed["items"]],
            following=next_of(request, listed, params),
            made=made,
            new_address=f"{self.pages.public_url}/preview/{path.removeprefix(NEW)}" if path else None,
            days=DAYS,
            has_previews=app["state"] in PREVIEWED,
            form=form,
        )


def _calls(request: Request) -> str:
    return f"{app_path(request)}/previews"


def _is_past(moment: str) -> bool:
    return datetime.fromisoformat(moment) <= datetime.now(UTC)
