"""What reviewers write beside a decision: messages to the partner, notes for colleagues, and drafts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from console.client import ApiAnswer, ApiClient
from console.forms import fields_of, key_in, pairs_of, refused_form
from console.navigation import STAFF
from console.rendering import Pages
from console.reviewing.forms import MAX_WORDS_BYTES, ReviewForms, ticked_in
from console.reviewing.page import PATH, ReviewPage, back, call_of
from console.visiting import signed_in_only
from web.bounds import LargerBody

LARGER_FORMS = (
    LargerBody("POST", re.compile(r"/reviews/[^/]+/(draft|messages|notes)"), MAX_WORDS_BYTES, "Write less at once."),
)


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these forms."""
    written = _Written(api, ReviewPage(api, pages))
    acts = {"messages": written.write_message, "notes": written.write_note, "draft": written.keep_draft}
    return [Route(f"{PATH}/{name}", signed_in_only(pages, act, *STAFF), methods=["POST"]) for name, act in acts.items()]


@dataclass(frozen=True, slots=True)
class _Written:
    api: ApiClient
    page: ReviewPage

    async def write_message(self, request: Request) -> Response:
        fields, done = await self._write(request, "messages", "message")
        if done.is_ok:
            return back(request, "#conversation")
        return await self.page.show(
            request, ReviewForms(message=refused_form(fields, done, names={"text": "message"})), done
        )

    async def write_note(self, request: Request) -> Response:
        fields, done = await self._write(request, "notes", "note")
        if done.is_ok:
            if fields.get("of") == "draft":
                await self.api.call(request, "DELETE", f"{call_of(request)}/draft")
            return back(request, "#notes")
        return await self.page.show(request, ReviewForms(note=refused_form(fields, done, names={"text": "note"})), done)

    async def keep_draft(self, request: Request) -> Response:
        """Keeps what is typed as a draft. The script asks for JSON, and everybody else is led back to the page."""
        pairs = await pairs_of(request)
        fields, ticked = dict(pairs), ticked_in(pairs)
        body = {"text": fields.get("words", ""), "saved": ticked, "replaces": fields.get("replaces") or None}
        done = await self.api.call(request, "PUT", f"{call_of(request)}/draft", body)
        if request.headers.get("accept") == "application/json":
            said = "Your draft is kept." if done.is_ok else done.said
            return JSONResponse({"written_at": done.content.get("written_at"), "said": said}, done.status)
        if done.is_ok:
            return back(request, "#decide")
        typed = ReviewForms(frozenset(ticked), refused_form(fields, done, names={"text": "words"}))
        return await self.page.show(request, typed, done)

    async def _write(self, request: Request, where: str, name: str) -> tuple[Mapping[str, str], ApiAnswer]:
        """Sends the words of the form's field to where they belong. Returns the form's fields and the answer."""
        fields = await fields_of(request)
        body = {"text": fields.get(name, "")}
        return fields, await self.api.call(request, "POST", f"{call_of(request)}/{where}", body, key=key_in(fields))
