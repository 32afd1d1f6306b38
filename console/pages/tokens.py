"""All tokens of people and services: their last use, making, replacing and revoking them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.client import ApiAnswer, ApiClient
from console.forms import Form, key_in, number_in, pairs_of, refused_form
from console.lists import next_of, params_of
from console.navigation import ADMIN, Link
from console.rendering import Pages
from console.visiting import signed_in_only

LINKS = (Link("/tokens", "Tokens", (ADMIN,), order=120),)
SHOWN: Final = {"valid": "Valid", "expired": "Expired", "revoked": "Revoked"}
SCOPES: Final[Mapping[str, str]] = {
    "apps:read": "See Apps",
    "apps:write": "Build Apps",
    "transitions:request": "Ask for transitions",
    "usage:report": "Report customers and installs",
    "tests:report": "Report results of a trusted test rig",
}
"""What a service's token may be used for."""


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""
    tokens = _Tokens(api, pages)
    return [
        Route("/tokens", signed_in_only(pages, tokens.look, ADMIN)),
        Route("/tokens/new", signed_in_only(pages, tokens.begin, ADMIN)),
        Route("/tokens/new", signed_in_only(pages, tokens.make, ADMIN), methods=["POST"]),
        Route("/tokens/{id:uuid}/revocation", signed_in_only(pages, tokens.ask, ADMIN)),
        Route("/tokens/{id:uuid}/revocation", signed_in_only(pages, tokens.revoke, ADMIN), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Tokens:
    api: ApiClient
    pages: Pages

    async def look(self, request: Request) -> Response:
        params = params_of(request, "state", "service_id", "person_id")
        listed = await self.api.read(request, "/v1/tokens", params)
        return self.pages.page(
            request,
            "tokens.html",
            tokens=listed["items"],
            following=next_of(request, listed, params),
            chosen={name: str(value) for name, value in params.items() if name not in ("limit", "after")},
            shown=SHOWN,
        )

    async def begin(self, request: Request) -> Response:
        """Shows the form, filled in like the token that is to be replaced if the address names one."""
        like = request.query_params.get("like")
        if like is None:
            return self._form(request, Form({"expires_in_days": "90"}), ())
        old = await self.api.read(request, f"/v1/tokens/{like}")
        form = Form({"service": old["holder"] or "", "label": old["label"], "expires_in_days": "90", "like": old["id"]})
        return self._form(request, form, old["scopes"] or [*SCOPES], old)

    async def make(self, request: Request) -> Response:
        pairs = await pairs_of(request)
        fields, scopes = dict(pairs), [value for name, value in pairs if name == "scopes"]
        body = {
            "service": fields.get("service", "").strip(),
            "label": fields.get("label", ""),
            "scopes": scopes,
            "expires_in_days": number_in(fields.get("expires_in_days", "").strip()),
        }
        made = await self.api.call(request, "POST", "/v1/tokens", body, key=key_in(fields))
        like = fields.get("like") or None
        if not made.is_ok:
            old = await self.api.read(request, f"/v1/tokens/{like}") if like else None
            return self._form(request, _refused(fields, made), scopes, old, made.status)
        return self.pages.page(request, "token_made.html", made=made.content, service=body["service"], like=like)

    async def ask(self, request: Request) -> Response:
        """Asks before a token is revoked: what uses it stops working."""
        token = await self.api.read(request, f"/v1/tokens/{request.path_params['id']}")
        return self.pages.page(request, "token_revocation.html", token=token)

    async def revoke(self, request: Request) -> Response:
        done = await self.api.call(request, "DELETE", f"/v1/tokens/{request.path_params['id']}")
        return RedirectResponse("/tokens", 303) if done.is_ok else self.pages.refusal(request, done)

    def _form(
        self,
        request: Request,
        form: Form,
        ticked: Sequence[str],
        old: Mapping[str, Any] | None = None,
        status: int = 200,
    ) -> Response:
        return self.pages.page(
            request, "token_new.html", status=status, form=form, ticked=ticked, scopes=SCOPES, old=old
        )


def _refused(fields: Mapping[str, str], made: ApiAnswer) -> Form:
    """Returns the form with what is wrong; a service that is not named is wrong in its field."""
    return refused_form({"service": "", "label": "", "scopes": "", "expires_in_days": ""} | dict(fields), made)
