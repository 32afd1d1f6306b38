"""Saved reasons by topic: writing one, a new version of one, retiring it, and where each is used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.client import ApiAnswer, ApiClient, together
from console.forms import Form, key_in, pairs_of, refused_form
from console.lists import choice_in
from console.navigation import STAFF, Link
from console.rendering import Pages
from console.reviewing.presentation import by_topic
from console.reviewing.words import KINDS
from console.visiting import signed_in_only

LINKS = (Link("/saved-reasons", "Saved reasons", STAFF, order=50),)
SHOWN: Final = {"": "In use", "true": "Retired ones too"}
WEEKS: Final = 12
"""The weeks of which uses are counted."""


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""
    reasons = _SavedReasons(api, pages)
    path = "/saved-reasons/{code}"
    return [
        Route("/saved-reasons", signed_in_only(pages, reasons.list_all, *STAFF)),
        Route("/saved-reasons", signed_in_only(pages, reasons.add, *STAFF), methods=["POST"]),
        Route(path, signed_in_only(pages, reasons.look, *STAFF)),
        Route(path, signed_in_only(pages, reasons.revise, *STAFF), methods=["POST"]),
        Route(f"{path}/retire", signed_in_only(pages, reasons.retire, *STAFF), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _SavedReasons:
    api: ApiClient
    pages: Pages

    async def list_all(self, request: Request) -> Response:
        return await self._list(request, Form())

    async def add(self, request: Request) -> Response:
        fields, kinds = await _typed(request)
        body = {"code": fields.get("code", "").strip(), **_version(fields, kinds)}
        done = await self.api.call(request, "POST", "/v1/saved-reasons", body, key=key_in(fields))
        if done.is_ok:
            return RedirectResponse(f"/saved-reasons/{done.content['code']}", 303)
        return await self._list(request, _refused(fields, done, "code"), kinds, done.status)

    async def look(self, request: Request) -> Response:
        return await self._show(request, None)

    async def revise(self, request: Request) -> Response:
        fields, kinds = await _typed(request)
        path = f"/v1/saved-reasons/{request.path_params['code']}/versions"
        done = await self.api.call(request, "POST", path, _version(fields, kinds), key=key_in(fields))
        if done.is_ok:
            return RedirectResponse(f"/saved-reasons/{done.content['code']}", 303)
        return await self._show(request, _refused(fields, done), kinds, done.status)

    async def retire(self, request: Request) -> Response:
        done = await self.api.call(request, "DELETE", f"/v1/saved-reasons/{request.path_params['code']}")
        if not done.is_ok:
            return self.pages.refusal(request, done)
        return RedirectResponse(f"/saved-reasons/{done.content['code']}", 303)

    async def _list(self, request: Request, form: Form, kinds: Sequence[str] = (), status: int = 200) -> Response:
        kind, retired = choice_in(request, "kind", KINDS), choice_in(request, "retired", SHOWN)
        params = {"kind": kind or None, "retired": retired or None}
        items, uses = await together(self.api.read_all(request, "/v1/saved-reasons", params), self._uses(request))
        return self.pages.page(
            request,
            "saved_reasons.html",
            status=status,
            topics=by_topic(items),
            uses={one["code"]: one["uses"] for one in uses["reasons"]},
            weeks=WEEKS,
            kinds=KINDS,
            chosen={"kind": kind, "retired": retired},
            shown=SHOWN,
            form=form,
            ticked=frozenset(kinds),
        )

    async def _show(
        self, request: Request, form: Form | None, kinds: Sequence[str] = (), status: int = 200
    ) -> Response:
        listed, uses = await together(
            self.api.read(request, f"/v1/saved-reasons/{request.path_params['code']}"), self._uses(request)
        )
        versions = listed["items"]
        current = versions[-1]
        return self.pages.page(
            request,
            "saved_reason.html",
            status=status,
            current=current,
            versions=list(reversed(versions[:-1])),
            used=next((one for one in uses["reasons"] if one["code"] == current["code"]), None),
            weeks=WEEKS,
            kinds=KINDS,
            form=form or Form({"text": current["text"], "where": current["where"]}),
            ticked=frozenset(current["kinds"] if form is None else kinds),
        )

    async def _uses(self, request: Request) -> dict[str, Any]:
        return await self.api.read(request, "/v1/statistics/saved-reasons", {"weeks": WEEKS})


async def _typed(request: Request) -> tuple[dict[str, str], list[str]]:
    """Returns the fields of the form, and the kinds of review that are ticked in it."""
    pairs = await pairs_of(request)
    return dict(pairs), [value for name, value in pairs if name == "kinds"]


def _version(fields: Mapping[str, str], kinds: Sequence[str]) -> dict[str, Any]:
    return {"text": fields.get("text", "").strip(), "where": fields.get("where", "").strip(), "kinds": list(kinds)}


def _refused(fields: Mapping[str, str], answer: ApiAnswer, on: str = "text") -> Form:
    """Returns the form with what was typed. A conflict or a reserved code is said beside the field `on`."""
    return refused_form({"code": "", "text": "", "where": "", **fields}, answer, whole=on)
