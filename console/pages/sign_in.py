"""Signing in by a link or a code that is mailed, and signing out.

Opening a link signs nobody in, because programs follow links in mails; its button does.
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.client import ApiAnswer, ApiClient
from console.cookies import ASKED, PROVIDER, SESSION
from console.forms import Form, fields_of, key_in, new_key, refused_form
from console.navigation import STRANGER, Link
from console.rendering import Pages
from console.visiting import own_path, visitor_of

LINKS = (Link("/sign-in", "Sign in", (STRANGER,), order=90),)


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""
    asking, link, staff = _Asking(api, pages), _Link(api, pages), _Staff(api, pages)

    async def sign_out(request: Request) -> Response:
        visitor = visitor_of(request)
        if visitor is not None:
            await api.call(request, "DELETE", f"/v1/sessions/{visitor.session_id}")
        return SESSION.taken_by(RedirectResponse("/sign-in", 303))

    async def signed_in(request: Request) -> Response:
        return pages.page(request, "signed_in.html")

    return [
        Route("/sign-in", asking.show),
        Route("/sign-in", asking.ask, methods=["POST"]),
        Route("/sign-in/code", asking.show_code),
        Route("/sign-in/code", asking.use_code, methods=["POST"]),
        Route("/sign-in/staff", staff.send),
        Route("/sign-in/callback", staff.receive),
        Route("/sign-in/{secret}", link.look),
        Route("/sign-in/{secret}", link.use, methods=["POST"]),
        Route("/sign-out", sign_out, methods=["POST"]),
        Route("/signed-in", signed_in),
    ]


@dataclass(frozen=True, slots=True)
class _Asking:
    """Asking for a mail, and typing its code in the browser that asked."""

    api: ApiClient
    pages: Pages

    async def show(self, request: Request) -> Response:
        path = own_path(request.query_params.get("next"))
        again = request.query_params.get("again") == "1"
        if visitor_of(request) is not None and path != "/" and not again:
            return RedirectResponse(path, 303)
        return self._form(request, Form({"next": path}), again=again)

    async def ask(self, request: Request) -> Response:
        if self.pages.no_cookie is not None:
            return _no_cookie(self.pages, request)
        fields = await fields_of(request)
        body = {"email": fields.get("email", "").strip(), "next_path": own_path(fields.get("next"))}
        asked = await self.api.call(request, "POST", "/v1/sign-ins", body)
        if asked.status == 422:
            form = Form(fields, {"email": "Enter an e-mail address, like name@example.com"})
            return self._form(request, form, status=422)
        if not asked.is_ok:
            return self.pages.refusal(request, asked)
        following = f"/sign-in/code?{urlencode({'next': body['next_path']})}"
        return ASKED.given_by(RedirectResponse(following, 303), asked.content["browser"])

    async def show_code(self, request: Request) -> Response:
        if ASKED.value_in(request) is None:
            return RedirectResponse("/sign-in", 303)
        return self.pages.page(request, "sign_in_code.html", form=Form())

    async def use_code(self, request: Request) -> Response:
        fields, browser = await fields_of(request), ASKED.value_in(request)
        if browser is None:
            return RedirectResponse("/sign-in", 303)
        body = {"browser": browser, "code": fields.get("code", ""), "session": SESSION.value_in(request)}
        done = await self.api.call(request, "POST", "/v1/sign-in-codes", body)
        if done.status == 422:
            form = refused_form({"code": ""} | fields, done, whole="code")
            return self.pages.page(request, "sign_in_code.html", status=422, form=form)
        return _signed_in(self.pages, request, done, "/")

    def _staff_path(self, form: Form) -> str | None:
        if not self.pages.has_staff_provider:
            return None
        return f"/sign-in/staff?{urlencode({'next': own_path(form.value('next'))})}"

    def _form(self, request: Request, form: Form, *, status: int = 200, again: bool = False) -> Response:
        return self.pages.page(
            request, "sign_in.html", status=status, form=form, again=again, staff=self._staff_path(form)
        )


@dataclass(frozen=True, slots=True)
class _Link:
    """The page of a link that signs in once."""

    api: ApiClient
    pages: Pages

    async def look(self, request: Request) -> Response:
        if self.pages.no_cookie is not None:
            return _no_cookie(self.pages, request)
        asked_by = {"Request-Secret": ASKED.value_in(request) or "none"}
        found = await self.api.call(request, "GET", _path(request), headers=asked_by)
        if not found.is_ok:
            return self.pages.refusal(request, found)
        path = own_path(request.query_params.get("next"))
        return self.pages.page(request, "sign_in_link.html", link=found.content, key=new_key(), next=path)

    async def use(self, request: Request) -> Response:
        if self.pages.no_cookie is not None:
            return _no_cookie(self.pages, request)
        fields = await fields_of(request)
        body = {"session": SESSION.value_in(request), "browser": ASKED.value_in(request)}
        done = await self.api.call(request, "POST", _path(request), body, key=key_in(fields))
        return _signed_in(self.pages, request, done, own_path(fields.get("next")))


@dataclass(frozen=True, slots=True)
class _Staff:
    """Sending the platform's people to their own provider, which sends them back."""

    api: ApiClient
    pages: Pages

    async def send(self, request: Request) -> Response:
        if self.pages.no_cookie is not None:
            return _no_cookie(self.pages, request)
        body = {"next_path": own_path(request.query_params.get("next"))}
        begun = await self.api.call(request, "POST", "/v1/staff-sign-ins", body)
        if not begun.is_ok:
            return self.pages.refusal(request, begun)
        return PROVIDER.given_by(RedirectResponse(begun.content["url"], 303), begun.content["sealed"])

    async def receive(self, request: Request) -> Response:
        sealed, given = PROVIDER.value_in(request), request.query_params
        if sealed is None or "code" not in given or "state" not in given:
            refused = self.pages.page(
                request,
                "refusal.html",
                status=409,
                heading="You are not signed in",
                detail="Signing in did not begin in this browser, took too long, or was given up.",
                remedy="Begin again.",
            )
            return PROVIDER.taken_by(refused)
        body = {"sealed": sealed, "state": given["state"], "code": given["code"], "session": SESSION.value_in(request)}
        done = await self.api.call(request, "POST", "/v1/staff-sign-ins/finish", body)
        return PROVIDER.taken_by(_signed_in(self.pages, request, done, "/"))


def _path(request: Request) -> str:
    return f"/v1/sign-ins/{request.path_params['secret']}"


def _signed_in(pages: Pages, request: Request, done: ApiAnswer, path: str) -> Response:
    """Returns what sets the cookie of the new session and leads on: to the page that was wanted first, or to `path`."""
    if not done.is_ok:
        return pages.refusal(request, done)
    if done.content["session"] is None:  # the form was sent before, too long ago to show the session again
        return RedirectResponse("/sign-in", 303)
    return SESSION.given_by(RedirectResponse(own_path(done.content["next_path"] or path), 303), done.content["session"])


def _no_cookie(pages: Pages, request: Request) -> Response:
    return pages.page(
        request,
        "refusal.html",
        status=409,
        heading="Nobody can be signed in here",
        detail=pages.no_cookie or "",
        remedy="Serve the pages by https, and set DEVCENTER_PUBLIC_URL. On this machine, use 127.0.0.1.",
    )
