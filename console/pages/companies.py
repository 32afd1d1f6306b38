"""Partner companies: finding one, and what an admin may do for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.client import ApiAnswer, ApiClient, together
from console.forms import Form, fields_of, key_in, refused_form
from console.lists import item_in, next_of, params_of
from console.navigation import ADMIN, Link
from console.rendering import Pages
from console.visiting import signed_in_only
from console.words import STATES

LINKS = (Link("/companies", "Companies", (ADMIN,), order=115),)
PATH: Final = "/companies/{id:uuid}"
ACTS: Final[Mapping[str, tuple[str, str, Mapping[str, str]]]] = {
    "name": ("PATCH", "", {"name": "company_name"}),
    "website": ("PUT", "/website", {"website": "website"}),
    "invitation": ("POST", "/invitations", {"name": "person_name", "email": "email"}),
}
"""The forms of a company's page: the call that each makes, and the form's field for each of the call's."""


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""
    companies = _Companies(api, pages)
    return [
        Route("/companies", signed_in_only(pages, companies.look, ADMIN)),
        Route(PATH, signed_in_only(pages, companies.look_at_one, ADMIN)),
        Route(f"{PATH}/slug", signed_in_only(pages, companies.allow_slug, ADMIN), methods=["POST"]),
        Route(f"{PATH}/slugs/{{slug}}/end", signed_in_only(pages, companies.forbid_slug, ADMIN), methods=["POST"]),
        Route(
            f"{PATH}/invitations/{{invitation:uuid}}/end",
            signed_in_only(pages, companies.withdraw, ADMIN),
            methods=["POST"],
        ),
        Route(f"{PATH}/people/{{person:uuid}}/removal", signed_in_only(pages, companies.ask_removal, ADMIN)),
        Route(
            f"{PATH}/people/{{person:uuid}}/removal", signed_in_only(pages, companies.remove, ADMIN), methods=["POST"]
        ),
        Route(f"{PATH}/people/{{person:uuid}}/owner", signed_in_only(pages, companies.ask_owner, ADMIN)),
        Route(
            f"{PATH}/people/{{person:uuid}}/owner", signed_in_only(pages, companies.hand_over, ADMIN), methods=["POST"]
        ),
        Route(f"{PATH}/{{act}}", signed_in_only(pages, companies.act, ADMIN), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Companies:
    api: ApiClient
    pages: Pages

    async def look(self, request: Request) -> Response:
        params = params_of(request, "search")
        listed = await self.api.read(request, "/v1/organizations", params)
        return self.pages.page(
            request,
            "companies.html",
            companies=listed["items"],
            following=next_of(request, listed, params),
            search=params.get("search", ""),
        )

    async def look_at_one(self, request: Request) -> Response:
        return await self._shown(request)

    async def act(self, request: Request) -> Response:
        """Does what one of the page's forms asks for."""
        act = str(request.path_params["act"])
        if act not in ACTS:
            raise HTTPException(404)
        method, path, names = ACTS[act]
        fields = await fields_of(request)
        body = {name: fields.get(field, "").strip() for name, field in names.items()}
        key = key_in(fields) if method == "POST" else None
        done = await self.api.call(request, method, f"{_call(request)}{path}", body, key=key)
        return await self._ended(request, act, dict.fromkeys(names.values(), "") | fields, done, names)

    async def allow_slug(self, request: Request) -> Response:
        fields = {"slug": ""} | await fields_of(request)
        slug = fields["slug"].strip()
        if not slug.isascii() or not slug.replace("-", "").isalnum():
            said = "A slug has small letters, digits and hyphens."
            return await self._shown(request, {"slug": Form(fields, {"slug": said})}, 422)
        body = {"organization_id": str(request.path_params["id"])}
        done = await self.api.call(request, "PUT", f"/v1/allowed-slugs/{slug}", body)
        return await self._ended(request, "slug", fields, done, {"look_alike": "slug"})

    async def forbid_slug(self, request: Request) -> Response:
        done = await self.api.call(request, "DELETE", f"/v1/allowed-slugs/{request.path_params['slug']}")
        return self._back(request) if done.is_ok else self.pages.refusal(request, done)

    async def withdraw(self, request: Request) -> Response:
        path = f"{_call(request)}/invitations/{request.path_params['invitation']}"
        done = await self.api.call(request, "DELETE", path)
        return self._back(request) if done.is_ok else self.pages.refusal(request, done)

    async def ask_removal(self, request: Request) -> Response:
        return await self._removal(request, Form(), 200)

    async def remove(self, request: Request) -> Response:
        path = f"{_call(request)}/people/{request.path_params['person']}"
        done = await self.api.call(request, "DELETE", path)
        return self._back(request) if done.is_ok else await self._removal(request, refused_form({}, done), done.status)

    async def ask_owner(self, request: Request) -> Response:
        return await self._owner(request, Form(), 200)

    async def hand_over(self, request: Request) -> Response:
        body = {"person_id": str(request.path_params["person"])}
        done = await self.api.call(request, "PUT", f"{_call(request)}/owner", body)
        return self._back(request) if done.is_ok else await self._owner(request, refused_form({}, done), done.status)

    async def _shown(self, request: Request, forms: Mapping[str, Form] | None = None, status: int = 200) -> Response:
        path, company_id = _call(request), str(request.path_params["id"])
        company, apps, people, sent, slugs = await together(
            self.api.read(request, path),
            self.api.read_all(request, "/v1/apps", {"company": company_id}),
            self.api.read_all(request, f"{path}/people"),
            self.api.read_all(request, f"{path}/invitations"),
            self.api.read_all(request, "/v1/allowed-slugs", {"organization_id": company_id}),
        )
        given = {
            "name": Form({"company_name": company["name"]}),
            "website": Form({"website": company["website"]}),
            "invitation": Form(),
            "slug": Form(),
        } | dict(forms or {})
        return self.pages.page(
            request,
            "company.html",
            status=status,
            company=company,
            apps=apps,
            people=people,
            invitations=[one for one in sent if one["state"] == "open"],
            slugs=slugs,
            states=STATES,
            given=given,
            refused=next((form for form in given.values() if form.is_refused), Form()),
        )

    async def _ended(
        self, request: Request, act: str, fields: Mapping[str, str], done: ApiAnswer, names: Mapping[str, str]
    ) -> Response:
        """Returns what leads back to the page, or the page with what was typed and what is wrong with it."""
        if done.is_ok:
            return self._back(request)
        return await self._shown(request, {act: refused_form(fields, done, names=names)}, done.status)

    async def _removal(self, request: Request, form: Form, status: int) -> Response:
        person = await self._person(request)
        return self._asked(
            request,
            form,
            status,
            heading=f"Remove {person['name']}",
            sentences=(
                "Their sessions, tokens, preview links and the open invitations that they sent end at once, and they "
                "are told by mail.",
                "They can be invited again.",
            ),
            button=f"Remove {person['name']}",
        )

    async def _owner(self, request: Request, form: Form, status: int) -> Response:
        person = await self._person(request)
        return self._asked(
            request,
            form,
            status,
            heading=f"Make {person['name']} the owner",
            sentences=(
                "The owner alone renames the company, and invites and removes its people. Both are told by mail.",
            ),
            button=f"Make {person['name']} the owner",
        )

    def _asked(self, request: Request, form: Form, status: int, **words: Any) -> Response:
        back = f"/companies/{request.path_params['id']}"
        return self.pages.page(
            request, "confirm.html", status=status, form=form, back=back, back_label="The company", **words
        )

    async def _person(self, request: Request) -> Mapping[str, Any]:
        """Returns the person whom the address names. Raises HTTPException for nobody of the company."""
        people = await self.api.read_all(request, f"{_call(request)}/people")
        return item_in(people, request.path_params["person"])

    def _back(self, request: Request) -> Response:
        return RedirectResponse(f"/companies/{request.path_params['id']}", 303)


def _call(request: Request) -> str:
    """Returns the path of the API's calls on the company."""
    return f"/v1/organizations/{request.path_params['id']}"
