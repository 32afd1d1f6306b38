"""Changing the policy: the form, its preview, and publishing what was previewed."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.client import ApiAnswer, ApiClient
from console.forms import Form, fields_of, key_in, number_in, pairs_of, refused_form
from console.navigation import ADMIN
from console.policy.changes import changes_between, merged
from console.policy.parts import Document, Part, document_of, grouped, parts_of
from console.rendering import Pages
from console.visiting import signed_in_only
from web.bounds import LargerBody
from web.strict_json import UnreadableJsonError, read_json

MAX_POLICY_BYTES = 128 * 1024
LARGER_FORMS = (
    LargerBody(
        "POST", re.compile(r"/policy/(change|edit|publish)"), MAX_POLICY_BYTES, "Name fewer days and categories."
    ),
)


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""
    changing = _Changing(api, pages)
    return [
        Route("/policy/change", signed_in_only(pages, changing.begin, ADMIN)),
        Route("/policy/change", signed_in_only(pages, changing.preview, ADMIN), methods=["POST"]),
        Route("/policy/edit", signed_in_only(pages, changing.edit, ADMIN), methods=["POST"]),
        Route("/policy/publish", signed_in_only(pages, changing.publish, ADMIN), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A document that is not published: the version that it is based on, and the note that goes with it."""

    document: Document
    base: int
    note: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Changing:
    api: ApiClient
    pages: Pages

    async def begin(self, request: Request) -> Response:
        parts = await self._parts(request)
        now = await self.api.read(request, "/v1/policies/current")
        document = _complete(parts, now["document"])
        if old := _number(request.query_params.get("from", "")):
            document = _complete(parts, (await self.api.read(request, f"/v1/policies/{old}"))["document"])
        added = [code for code in request.query_params.getlist("with") if code in _codes(parts, "review_steps")]
        for name in ("review_steps", "observed"):
            document[name] = [*document[name], *(code for code in added if code not in document[name])]
        return self._form(request, parts, _Draft(document, now["version"]))

    async def edit(self, request: Request) -> Response:
        """Shows the form again with what was previewed."""
        parts = await self._parts(request)
        return self._form(request, parts, _draft_in(await fields_of(request), parts))

    async def preview(self, request: Request) -> Response:
        parts, pairs = await self._parts(request), await pairs_of(request)
        fields = dict(pairs)
        draft = _Draft(
            document_of(parts, pairs), _number(fields.get("base_version", "")), fields.get("note", "").strip()
        )
        return await self._previewed(request, parts, draft)

    async def publish(self, request: Request) -> Response:
        parts, fields = await self._parts(request), await fields_of(request)
        draft = _draft_in(fields, parts)
        body = {
            "document": draft.document,
            "base_version": draft.base,
            "previewed": fields.get("previewed", ""),
            "note": draft.note,
        }
        done = await self.api.call(request, "POST", "/v1/policies", body, key=key_in(fields))
        if done.is_ok:
            return RedirectResponse(f"/policy?published={done.content['version']}", 303)
        if done.content.get("code") == "policy.superseded":
            return await self._overtaken(request, parts, draft)
        if done.content.get("code") == "policy.invalid":
            return self._form(request, parts, _with_errors(draft, done), done.status)
        return await self._previewed(request, parts, draft, refused_form(fields, done), done.status)

    async def _previewed(
        self, request: Request, parts: Sequence[Part], draft: _Draft, form: Form | None = None, status: int = 200
    ) -> Response:
        """Returns the page that says what the draft would change, or the form with what is wrong with it."""
        seen = await self.api.call(request, "POST", "/v1/policies/preview", {"document": draft.document})
        if not seen.is_ok:
            return self._form(request, parts, _with_errors(draft, seen), seen.status)
        if seen.content["base_version"] != draft.base:
            return await self._overtaken(request, parts, draft)
        now = await self.api.read(request, f"/v1/policies/{draft.base}")
        return self.pages.page(
            request,
            "policy_preview.html",
            status=status,
            seen=seen.content,
            changes=changes_between(parts, now["document"], draft.document),
            document=json.dumps(draft.document),
            form=form or Form({"note": draft.note}),
        )

    async def _overtaken(self, request: Request, parts: Sequence[Part], draft: _Draft) -> Response:
        """Returns the form with what somebody else has published meanwhile, and with what was changed here."""
        now = await self.api.read(request, "/v1/policies/current")
        known = min(max(draft.base, 1), now["version"])
        base = await self.api.read(request, f"/v1/policies/{known}")
        both = merged(parts, base["document"], draft.document, now["document"])
        draft = _Draft(both.document, now["version"], draft.note)
        return self._form(request, parts, draft, 409, overtaken={"by": now, "theirs": both.theirs, "both": both.both})

    def _form(
        self,
        request: Request,
        parts: Sequence[Part],
        draft: _Draft,
        status: int = 200,
        overtaken: Mapping[str, Any] | None = None,
    ) -> Response:
        return self.pages.page(
            request,
            "policy_change.html",
            status=status,
            groups=grouped(parts),
            document=draft.document,
            base=draft.base,
            note=draft.note,
            overtaken=overtaken,
            form=Form(_typed(parts, draft.document), draft.errors, tuple(draft.problems)),
        )

    async def _parts(self, request: Request) -> tuple[Part, ...]:
        return parts_of(await self.api.read(request, "/v1/policies/schema"))


def _draft_in(fields: Mapping[str, str], parts: Sequence[Part]) -> _Draft:
    """Returns the draft that the form of a preview carries."""
    try:
        carried = read_json(fields.get("document", "").encode())
    except UnreadableJsonError:
        carried = None
    document = _complete(parts, carried if isinstance(carried, dict) else {})
    return _Draft(document, _number(fields.get("base_version", "")), fields.get("note", "").strip())


def _complete(parts: Sequence[Part], document: Document) -> dict[str, Any]:
    """Returns the document with every part, and of codes only those that may be published."""
    return {part.name: _possible(part, part.value_in(document)) for part in parts}


def _possible(part: Part, value: Any) -> Any:
    if part.kind not in ("codes", "lines"):
        return "" if isinstance(value, list | dict) else value
    given = [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
    return [one for one in given if one in part.codes] if part.kind == "codes" else given


def _with_errors(draft: _Draft, refused: ApiAnswer) -> _Draft:
    """Returns the draft with what the API says is wrong with each part."""
    form = refused_form(dict.fromkeys(draft.document, ""), refused)
    return replace(draft, errors=form.errors, problems=form.problems)


def _typed(parts: Sequence[Part], document: Document) -> dict[str, str]:
    """Returns the document as its form shows it, without codes, which are ticked."""
    typed: dict[str, str] = {}
    for part in parts:
        value = document[part.name]
        if isinstance(value, list):
            typed[part.name] = "\n".join(map(str, value))
        elif isinstance(value, bool):
            typed[part.name] = "yes" if value else "no"
        else:
            typed[part.name] = "" if value is None else str(value)
    return typed


def _codes(parts: Sequence[Part], name: str) -> Mapping[str, str]:
    return next((part.codes for part in parts if part.name == name), {})


def _number(text: str) -> int:
    number = number_in(text)
    return number if isinstance(number, int) else 0
