"""A partner's company: its name and website, its people and who owns it, and the invitations of colleagues."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.addresses import own_company_path
from console.client import ApiAnswer, ApiClient, together
from console.forms import Form, fields_of, key_in, new_key, refused_form
from console.lists import item_in
from console.navigation import PARTNER, Link
from console.rendering import Pages
from console.visiting import signed_in_only, visitor_of

LINKS = (Link("/company", "Company", (PARTNER,), order=30),)


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""
    company = _Company(api, pages)
    person = "/company/people/{id:uuid}"
    acts = {
        "/company/name": company.rename,
        "/company/invitations": company.invite,
        "/company/invitations/{id:uuid}/again": company.invite_again,
        "/company/invitations/{id:uuid}/withdraw": company.withdraw,
        f"{person}/remove": company.remove,
        f"{person}/own": company.hand_over,
    }
    return [
        Route("/company", signed_in_only(pages, company.look, PARTNER)),
        Route(person, signed_in_only(pages, company.look_at_person, PARTNER)),
        *(Route(path, signed_in_only(pages, act, PARTNER), methods=["POST"]) for path, act in acts.items()),
    ]


@dataclass(frozen=True, slots=True)
class _Company:
    api: ApiClient
    pages: Pages

    async def look(self, request: Request) -> Response:
        return await self._show(request)

    async def look_at_person(self, request: Request) -> Response:
        return await self._show_person(request)

    async def rename(self, request: Request) -> Response:
        fields = await fields_of(request)
        done = await self.api.call(
            request, "PATCH", own_company_path(request), {"name": fields.get("name", "").strip()}
        )
        if not done.is_ok:
            return await self._show(request, renaming=refused_form(fields, done), status=done.status)
        return RedirectResponse("/company", 303)

    async def invite(self, request: Request) -> Response:
        fields = await fields_of(request)
        body = {"name": fields.get("person", "").strip(), "email": fields.get("email", "").strip()}
        done = await self.api.call(
            request, "POST", f"{own_company_path(request)}/invitations", body, key=key_in(fields)
        )
        if not done.is_ok:
            return await self._show(
                request, inviting=refused_form(fields, done, names={"name": "person"}), status=done.status
            )
        return RedirectResponse("/company#invitations", 303)

    async def invite_again(self, request: Request) -> Response:
        """Invites whoever the invitation is for once more, which replaces it."""
        fields = await fields_of(request)
        found = item_in(await self._invitations(request), request.path_params["id"])
        body = {"name": found["name"], "email": found["email"]}
        done = await self.api.call(
            request, "POST", f"{own_company_path(request)}/invitations", body, key=key_in(fields)
        )
        return await self._after(request, done, "/company#invitations")

    async def withdraw(self, request: Request) -> Response:
        path = f"{own_company_path(request)}/invitations/{request.path_params['id']}"
        return await self._after(request, await self.api.call(request, "DELETE", path), "/company#invitations")

    async def remove(self, request: Request) -> Response:
        """Removes a person, or lets somebody leave, who is signed out by that."""
        visitor, person = visitor_of(request), str(request.path_params["id"])
        done = await self.api.call(request, "DELETE", f"{own_company_path(request)}/people/{person}")
        if not done.is_ok:
            return await self._show_person(request, done)
        return RedirectResponse("/" if visitor and visitor.id == person else "/company#people", 303)

    async def hand_over(self, request: Request) -> Response:
        body = {"person_id": str(request.path_params["id"])}
        done = await self.api.call(request, "PUT", f"{own_company_path(request)}/owner", body)
        return RedirectResponse("/company#people", 303) if done.is_ok else await self._show_person(request, done)

    async def _after(self, request: Request, done: ApiAnswer, path: str) -> Response:
        if done.is_ok:
            return RedirectResponse(path, 303)
        if done.status == 404:
            return self.pages.refusal(request, done)
        return await self._show(request, inviting=refused_form({}, done), status=done.status)

    async def _show(
        self, request: Request, *, renaming: Form | None = None, inviting: Form | None = None, status: int = 200
    ) -> Response:
        company, people, invitations = await together(
            self._company(request), self._people(request), self._invitations(request)
        )
        me = visitor_of(request)
        return self.pages.page(
            request,
            "own_company.html",
            status=status,
            company=company,
            people=people,
            owner=next((one for one in people if one["owner"]), None),
            is_owner=any(one["owner"] and me is not None and one["id"] == me.id for one in people),
            open_invitations=[one for one in invitations if one["state"] in ("open", "expired")],
            past_invitations=[one for one in invitations if one["state"] not in ("open", "expired")],
            new_key=new_key,
            renaming=renaming or Form({"name": company["name"]}),
            inviting=inviting or Form(),
        )

    async def _show_person(self, request: Request, refused: ApiAnswer | None = None) -> Response:
        company, people = await together(self._company(request), self._people(request))
        me = visitor_of(request)
        person = item_in(people, request.path_params["id"])
        return self.pages.page(
            request,
            "own_company_person.html",
            status=refused.status if refused else 200,
            company=company,
            person=person,
            is_me=me is not None and me.id == person["id"],
            is_owner=any(one["owner"] and me is not None and one["id"] == me.id for one in people),
            form=refused_form({}, refused) if refused else Form(),
        )

    async def _company(self, request: Request) -> Mapping[str, Any]:
        found: list[Mapping[str, Any]] = (await self.api.read(request, "/v1/organizations"))["items"]
        return found[0]

    async def _people(self, request: Request) -> Sequence[Mapping[str, Any]]:
        return await self.api.read_all(request, f"{own_company_path(request)}/people")

    async def _invitations(self, request: Request) -> list[Mapping[str, Any]]:
        """Returns the invitations, the newest first. One to an address that was invited again is left out."""
        newest: dict[str, Mapping[str, Any]] = {}
        for one in await self.api.read_all(request, f"{own_company_path(request)}/invitations"):
            newest.pop(one["email"], None)
            newest[one["email"]] = one
        return list(reversed(newest.values()))
