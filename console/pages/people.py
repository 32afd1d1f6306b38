"""The platform's people: who there is, who is away, and adding and removing reviewers and admins."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.client import ApiClient
from console.forms import Form, fields_of, key_in, refused_form
from console.lists import next_of, params_of
from console.moments import moment_of
from console.navigation import ADMIN, Link
from console.rendering import Pages
from console.visiting import signed_in_only, visitor_of

LINKS = (Link("/people", "People", (ADMIN,), order=110),)
ROLES: Final = {"reviewer": "Reviewer", "admin": "Admin"}
SHOWN: Final = {"": "Everybody", "reviewer": "Reviewers", "admin": "Admins"}
MAX_LISTED: Final = 200


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""
    people = _People(api, pages)
    return [
        Route("/people", signed_in_only(pages, people.look, ADMIN)),
        Route("/people/new", signed_in_only(pages, people.begin, ADMIN)),
        Route("/people/new", signed_in_only(pages, people.add, ADMIN), methods=["POST"]),
        Route("/people/{id:uuid}", signed_in_only(pages, people.look_at_one, ADMIN)),
        Route("/people/{id:uuid}/absence", signed_in_only(pages, people.go_away, ADMIN), methods=["POST"]),
        Route("/people/{id:uuid}/return", signed_in_only(pages, people.come_back, ADMIN), methods=["POST"]),
        Route("/people/{id:uuid}/removal", signed_in_only(pages, people.ask, ADMIN)),
        Route("/people/{id:uuid}/removal", signed_in_only(pages, people.remove, ADMIN), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _People:
    api: ApiClient
    pages: Pages

    async def look(self, request: Request) -> Response:
        params = params_of(request, "role", limit=MAX_LISTED)
        listed = await self.api.read(request, "/v1/staff", params)
        return self.pages.page(
            request,
            "people.html",
            people=listed["items"],
            following=next_of(request, listed, params),
            roles=ROLES,
            shown=SHOWN,
            chosen=params.get("role", ""),
        )

    async def begin(self, request: Request) -> Response:
        return self.pages.page(request, "person_new.html", form=Form({"role": "reviewer"}), roles=ROLES)

    async def add(self, request: Request) -> Response:
        fields = await fields_of(request)
        body = {name: fields.get(name, "").strip() for name in ("name", "email", "role")}
        made = await self.api.call(request, "POST", "/v1/staff", body, key=key_in(fields))
        if made.is_ok:
            return RedirectResponse(f"/people/{made.content['id']}", 303)
        form = refused_form(body, made)
        return self.pages.page(request, "person_new.html", status=made.status, form=form, roles=ROLES)

    async def look_at_one(self, request: Request) -> Response:
        return await self._shown(request, Form(), 200)

    async def go_away(self, request: Request) -> Response:
        fields = await fields_of(request)
        body = {"until": moment_of(request, fields.get("until", "").strip())}
        said = await self.api.call(request, "PUT", f"/v1/staff/{request.path_params['id']}/absence", body)
        if said.is_ok:
            return self._back(request)
        return await self._shown(request, refused_form(fields, said), said.status)

    async def come_back(self, request: Request) -> Response:
        said = await self.api.call(request, "DELETE", f"/v1/staff/{request.path_params['id']}/absence")
        return self._back(request) if said.is_ok else self.pages.refusal(request, said)

    async def ask(self, request: Request) -> Response:
        return await self._asked(request, Form(), 200)

    async def remove(self, request: Request) -> Response:
        done = await self.api.call(request, "DELETE", f"/v1/staff/{request.path_params['id']}")
        if done.is_ok:
            return RedirectResponse("/people", 303)
        return await self._asked(request, refused_form({}, done), done.status)

    async def _shown(self, request: Request, form: Form, status: int) -> Response:
        person, visitor = await self._person(request), visitor_of(request)
        return self.pages.page(
            request,
            "person.html",
            status=status,
            person=person,
            roles=ROLES,
            form=form,
            is_oneself=visitor is not None and visitor.id == person["id"],
        )

    async def _asked(self, request: Request, form: Form, status: int) -> Response:
        person = await self._person(request)
        held = person["holds"]
        return self.pages.page(
            request,
            "confirm.html",
            status=status,
            form=form,
            heading=f"Remove {person['name']}",
            sentences=(
                "Their sessions and tokens end at once, and they are told by mail.",
                "They hold no review."
                if not held
                else f"What they hold, {held} open review{'' if held == 1 else 's'}, goes back to the queue.",
                "What they did stays in the audit log under their name. They can be added again.",
            ),
            button=f"Remove {person['name']}",
            back=f"/people/{person['id']}",
            back_label=person["name"],
        )

    async def _person(self, request: Request) -> Mapping[str, Any]:
        """Returns the person whom the address names."""
        return await self.api.read(request, f"/v1/staff/{request.path_params['id']}")

    def _back(self, request: Request) -> Response:
        return RedirectResponse(f"/people/{request.path_params['id']}", 303)
