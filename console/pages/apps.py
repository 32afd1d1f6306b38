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
PAGE_OF_APPS = 20
"""How many Apps a page of the list has: the status of each is asked for."""


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""

    async def list_apps(request: Request) -> Response:
        params = params_of(request, limit=PAGE_OF_APPS)
        listed = await api.read(request, "/v1/apps", params)
        standings = {app["slug"]: await api.read(request, f"/v1/apps/{app['slug']}/status") for app in listed["items"]}
        talking = await api.read(request, "/v1/unread-messages", {"limit": 200})
        return pages.page(
            request,
            "apps.html",
            unread={one["app"]: one["unread"] for one in talking["items"]},
            apps=sorted(listed["items"], key=lambda app: standings[app["slug"]]["turn"] != "partner"),
            standings=standings,
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
