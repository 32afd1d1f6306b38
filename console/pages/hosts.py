"""The hosts of a company: which may be tried, how to show that another is theirs, checking it, removing it."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.addresses import own_company_path
from console.client import ApiClient, together
from console.forms import Form, fields_of, key_in, refused_form
from console.navigation import PARTNER
from console.rendering import Pages
from console.visiting import signed_in_only

HOST_STATES = {
    "open": ("Not shown yet", "warning"),
    "proved": ("Yours", "good"),
    "expired": ("Ended", "bad"),
}
PLACES = {"page": "on its page", "dns": "in its TXT record"}
MAX_HOST = 300


@dataclass(frozen=True, slots=True)
class _Hosts:
    api: ApiClient
    pages: Pages

    async def list_all(self, request: Request) -> Response:
        host = request.query_params.get("host", "")[:MAX_HOST]
        return await self._shown(request, Form({"host": host}))

    async def begin(self, request: Request) -> Response:
        fields = await fields_of(request)
        begun = await self.api.call(
            request, "POST", _path(request), {"host": fields.get("host", "").strip()}, key=key_in(fields)
        )
        if begun.is_ok:
            return RedirectResponse(f"/hosts#host-{begun.content['id']}", 303)
        return await self._shown(request, refused_form({"host": ""} | fields, begun, whole="host"), status=begun.status)

    async def check(self, request: Request) -> Response:
        return await self._acted(request, "POST", "/checks")

    async def remove(self, request: Request) -> Response:
        return await self._acted(request, "DELETE", "")

    async def _acted(self, request: Request, method: str, below: str) -> Response:
        done = await self.api.call(request, method, f"{_path(request)}/{request.path_params['proof_id']}{below}")
        if done.is_ok:
            return RedirectResponse("/hosts", 303)
        return await self._shown(request, Form(problems=(done.said,)), status=done.status)

    async def _shown(self, request: Request, form: Form, status: int = 200) -> Response:
        listed, companies = await together(
            self.api.read(request, _path(request), {"limit": 100}),  # more than a company may have
            self.api.read(request, "/v1/organizations"),
        )
        return self.pages.page(
            request,
            "hosts.html",
            status=status,
            live="_hosts.html",
            form=form,
            proofs=listed["items"],
            domain=companies["items"][0]["domain"],
            host_states=HOST_STATES,
            places=PLACES,
        )


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""
    hosts = _Hosts(api, pages)
    return [
        Route("/hosts", signed_in_only(pages, hosts.list_all, PARTNER)),
        Route("/hosts", signed_in_only(pages, hosts.begin, PARTNER), methods=["POST"]),
        Route("/hosts/{proof_id}/check", signed_in_only(pages, hosts.check, PARTNER), methods=["POST"]),
        Route("/hosts/{proof_id}/remove", signed_in_only(pages, hosts.remove, PARTNER), methods=["POST"]),
    ]


def _path(request: Request) -> str:
    return f"{own_company_path(request)}/host-proofs"
