"""A partner's Apps: which there are and whose turn it is, and a new one."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.client import ApiClient
from console.forms import Form, fields_of, key_in, refused_form
from console.lists import next_of, params_of
from console.navigation import PARTNER, Link
from console.rendering import Pages
from console.visiting import signed_in_only
from console.words import STATES, TURNS

LINKS = (Link("/apps", "Apps", (PARTNER,), order=10, home=True),)


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""

    async def list_apps(request: Request) -> Response:
        params = params_of(request, limit=50)
        listed = await api.read(request, "/v1/turns", params)
        return pages.page(
            request,
            "apps.html",
            live="_apps.html",
            apps=sorted(listed["items"], key=lambda one: (one["turn"] != "partner", not one["unread"])),
            following=next_of(request, listed, params),
            states=STATES,
            turns=TURNS,
        )

    async def show_new(request: Request) -> Response:
        return pages.page(request, "new_app.html", form=Form())

    async def create(request: Request) -> Response:
        fields = await fields_of(request)
        body = {name: fields.get(name, "").strip() for name in ("name", "slug")}
        made = await api.call(request, "POST", "/v1/apps", body, key=key_in(fields))
        if made.is_ok:
            return RedirectResponse(f"/apps/{made.content['slug']}", 303)
        return pages.page(request, "new_app.html", status=made.status, form=refused_form(fields, made))

    return [
        Route("/apps", signed_in_only(pages, list_apps, PARTNER)),
        Route("/apps", signed_in_only(pages, create, PARTNER), methods=["POST"]),
        Route("/new-app", signed_in_only(pages, show_new, PARTNER)),
    ]
