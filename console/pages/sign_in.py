"""Signing in and out. Opening a link signs nobody in, because programs follow links in mails; its button does."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.client import ApiClient
from console.forms import fields_of, key_in, new_key
from console.rendering import Pages
from console.visiting import cookie_of, own_path, visitor_of, with_cookie, without_cookie


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""
    link = _Link(api, pages)

    async def show(request: Request) -> Response:
        path = own_path(request.query_params.get("next"))
        if visitor_of(request) is not None and path != "/":
            return RedirectResponse(path, 303)
        return pages.page(request, "sign_in.html")

    async def sign_out(request: Request) -> Response:
        visitor = visitor_of(request)
        if visitor is not None:
            await api.call(request, "DELETE", f"/v1/sessions/{visitor.session_id}")
        return without_cookie(RedirectResponse("/sign-in", 303))

    async def signed_in(request: Request) -> Response:
        return pages.page(request, "signed_in.html")

    return [
        Route("/sign-in", show),
        Route("/sign-in/{secret}", link.look),
        Route("/sign-in/{secret}", link.use, methods=["POST"]),
        Route("/sign-out", sign_out, methods=["POST"]),
        Route("/signed-in", signed_in),
    ]


@dataclass(frozen=True, slots=True)
class _Link:
    """The page of a link that signs in once."""

    api: ApiClient
    pages: Pages

    async def look(self, request: Request) -> Response:
        if self.pages.no_cookie is not None:
            return self._no_cookie(request)
        found = await self.api.get(request, _path(request))
        if not found.is_ok:
            return self.pages.refusal(request, found)
        path = own_path(request.query_params.get("next"))
        return self.pages.page(request, "sign_in_link.html", link=found.content, key=new_key(), next=path)

    async def use(self, request: Request) -> Response:
        if self.pages.no_cookie is not None:
            return self._no_cookie(request)
        fields = await fields_of(request)
        before = {"session": cookie_of(request)}
        done = await self.api.call(request, "POST", _path(request), before, key=key_in(fields))
        if not done.is_ok:
            return self.pages.refusal(request, done)
        if done.content["session"] is None:  # the form was sent before, too long ago to show the session again
            return RedirectResponse("/sign-in", 303)
        following = own_path(done.content["next_path"] or fields.get("next"))
        return with_cookie(RedirectResponse(following, 303), done.content["session"])

    def _no_cookie(self, request: Request) -> Response:
        return self.pages.page(
            request,
            "refusal.html",
            status=409,
            heading="Nobody can be signed in here",
            detail=self.pages.no_cookie or "",
            remedy="Serve the pages by https, and set DEVCENTER_PUBLIC_URL. On this machine, use 127.0.0.1.",
        )


def _path(request: Request) -> str:
    return f"/v1/sign-ins/{request.path_params['secret']}"
