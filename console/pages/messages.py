"""The conversation between a company and the reviewers about one of its Apps."""

import re
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.addresses import app_path
from console.client import ApiClient, together
from console.forms import Form, fields_of, key_in, refused_form
from console.lists import next_of, params_of
from console.navigation import PARTNER, Part
from console.rendering import Pages
from console.visiting import signed_in_only
from web.bounds import LargerBody

PARTS = (Part("/messages", "Messages", order=60),)
LARGER_FORMS = (LargerBody("POST", re.compile(r"/apps/[^/]+/messages"), 64 * 1024, "Write less at once."),)


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""
    conversation = _Conversation(api, pages)
    path = "/apps/{slug}/messages"
    return [
        Route(path, signed_in_only(pages, conversation.look, PARTNER)),
        Route(path, signed_in_only(pages, conversation.write, PARTNER), methods=["POST"]),
        Route(f"{path}/read", signed_in_only(pages, conversation.mark_read, PARTNER), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Conversation:
    api: ApiClient
    pages: Pages

    async def look(self, request: Request) -> Response:
        return await self._show(request, Form())

    async def write(self, request: Request) -> Response:
        fields = await fields_of(request)
        body = {"text": fields.get("message", "").strip()}
        done = await self.api.call(request, "POST", _calls(request), body, key=key_in(fields))
        if done.is_ok:
            return RedirectResponse(f"{request.url.path}#{done.content['id']}", 303)
        if not body["text"]:
            refused = Form(fields, {"message": "Write something first."})
        else:
            refused = refused_form(fields, done, names={"text": "message"})
        return await self._show(request, refused, done.status)

    async def mark_read(self, request: Request) -> Response:
        """Says that the company has read the messages which the page showed, and goes back to it."""
        up_to = (await fields_of(request)).get("up_to", "")
        done = await self.api.call(request, "PUT", f"{_calls(request)}/read", {"up_to": up_to})
        if not done.is_ok:
            return self.pages.refusal(request, done)
        return RedirectResponse(request.url.path.removesuffix("/read"), 303)

    async def _show(self, request: Request, form: Form, status: int = 200) -> Response:
        path, params = app_path(request), params_of(request, limit=50)
        app, listed, standing, found = await together(
            self.api.read(request, path),
            self.api.read(request, _calls(request), {**params, "newest_first": "true"}),
            self.api.read(request, f"{path}/status"),
            self.api.read(request, "/v1/unread-messages", {"app": request.path_params["slug"]}),
        )
        unread: dict[str, Any] | None = found["items"][0] if found["items"] else None
        since = unread["oldest_id"] if unread else None
        messages = [
            {**one, "is_unread": since is not None and one["side"] == "reviewer" and one["id"] >= since}
            for one in reversed(listed["items"])
        ]
        return self.pages.page(
            request,
            "messages.html",
            status=status,
            app=app,
            messages=messages,
            first_unread=next((one["id"] for one in messages if one["is_unread"]), None),
            unread=unread["unread"] if unread else 0,
            review=standing["review"],
            earlier=next_of(request, listed, params),
            is_newest="after" not in params,
            form=form,
        )


def _calls(request: Request) -> str:
    return f"{app_path(request)}/messages"
