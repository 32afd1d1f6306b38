"""A review: all that is known of it, and the buttons of whoever decides it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from console.client import ApiAnswer, ApiClient
from console.differences import marked, said
from console.forms import Form, fields_of, key_in, pairs_of, refused_form
from console.navigation import STAFF
from console.pages.reviews import KINDS
from console.rendering import Pages
from console.visiting import signed_in_only, visitor_of
from web.bounds import LargerBody

UNDO: Final = timedelta(seconds=10)
"""How long a decision waits, so that it can be undone."""
MAX_WORDS: Final = 64 * 1024
MAX_LISTED: Final = 200
"""How many messages, notes, saved reasons and colleagues a page has at most."""
LARGER_FORMS = (
    LargerBody("POST", re.compile(r"/reviews/[^/]+/(decision|draft|messages|notes)"), MAX_WORDS, "Write less at once."),
)
STEP_DECISIONS: Final = {
    "pass": "Pass",
    "warn": "Pass with a warning",
    "fail": "Fail",
    "waive": "Waive",
    "rerun": "Take it again",
}
_OF_DECIDED: Final = ("waive", "rerun")
POSSIBLE: Final[Mapping[str, Sequence[str]]] = {
    "pending": ("pass", "warn", "fail", "waive"),
    "passed": _OF_DECIDED,
    "warned": _OF_DECIDED,
    "failed": _OF_DECIDED,
    "waived": ("rerun",),
}
"""The decisions on a step that are possible in each of its states: others are no buttons."""
DECISIONS: Final = {
    "approve": "Approve",
    "request_changes": "Ask for changes",
    "propose_approve": "Propose to approve",
    "clear": "Clear",
    "flag": "Flag",
}
KEYS: Final = {"approve": "a", "clear": "a", "request_changes": "r", "flag": "r"}
"""The keys that lead to the buttons of decisions."""


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of a review."""
    review = _Review(api, pages)
    path = "/reviews/{id:uuid}"
    acts = {
        f"{path}/claim": review.claim,
        f"{path}/release": review.release,
        f"{path}/hand-over": review.hand_over,
        f"{path}/steps/{{code}}": review.decide_step,
        f"{path}/messages": review.write_message,
        f"{path}/notes": review.write_note,
        f"{path}/decision": review.decide,
        f"{path}/draft": review.keep_draft,
        f"{path}/undo/{{request_id}}": review.undo,
    }
    return [
        Route(path, signed_in_only(pages, review.look, *STAFF)),
        *(Route(where, signed_in_only(pages, act, *STAFF), methods=["POST"]) for where, act in acts.items()),
    ]


@dataclass(frozen=True, slots=True)
class _Typed:
    """What was typed into the page's forms, which it keeps: the saved reasons that are ticked, and the form of each."""

    ticked: frozenset[str] = frozenset()
    decision: Form = field(default_factory=Form)
    message: Form = field(default_factory=Form)
    note: Form = field(default_factory=Form)
    step: Form = field(default_factory=Form)
    step_code: str = ""
    mails: Sequence[Mapping[str, Any]] = ()
    wanted: str = ""


@dataclass(frozen=True, slots=True)
class _Review:
    api: ApiClient
    pages: Pages

    async def look(self, request: Request) -> Response:
        return await self._show(request, _Typed())

    async def claim(self, request: Request) -> Response:
        return await self._act(request, "claim")

    async def release(self, request: Request) -> Response:
        return await self._act(request, "release")

    async def hand_over(self, request: Request) -> Response:
        return await self._act(request, "hand-over", {"to": (await fields_of(request)).get("to", "")})

    async def decide_step(self, request: Request) -> Response:
        fields = await fields_of(request)
        code = request.path_params["code"]
        body: dict[str, Any] = {"decision": fields.get("decision"), "reason": fields.get("reason") or None}
        if body["decision"] == "fail" and body["reason"]:
            body |= {"reason": None, "findings": [{"text": body["reason"]}]}
        done = await self.api.call(request, "POST", f"{_path(request)}/steps/{code}", body)
        if done.is_ok:
            return RedirectResponse(f"{_page(request)}#step-{code}", 303)
        typed = _Typed(step=refused_form(fields, done, findings="reason"), step_code=code)
        return await self._show(request, typed, done)

    async def write_message(self, request: Request) -> Response:
        fields, done = await self._write(request, "messages", "message")
        if done.is_ok:
            return RedirectResponse(f"{_page(request)}#conversation", 303)
        return await self._show(request, _Typed(message=refused_form(fields, done, text="message")), done)

    async def write_note(self, request: Request) -> Response:
        fields, done = await self._write(request, "notes", "note")
        if done.is_ok:
            if fields.get("of") == "draft":
                await self.api.call(request, "DELETE", f"{_path(request)}/draft")
            return RedirectResponse(f"{_page(request)}#notes", 303)
        return await self._show(request, _Typed(note=refused_form(fields, done, text="note")), done)

    async def decide(self, request: Request) -> Response:
        """Decides, or shows the mails of the decision that is wanted."""
        pairs = await pairs_of(request)
        fields = dict(pairs)
        ticked = [value for name, value in pairs if name == "saved"]
        action, _, wanted = fields.get("act", "").partition(" ")
        body: dict[str, Any] = {
            "decision": wanted,
            "reasons": [{"saved": code} for code in ticked]
            + ([{"text": fields["words"]}] if fields.get("words", "").strip() else []),
            "expected_state": fields.get("expected_state") or None,
        }
        typed = _Typed(ticked=frozenset(ticked), decision=Form(fields), wanted=wanted)
        if action == "show":
            seen = await self.api.call(request, "POST", f"{_path(request)}/decision/preview", body)
            if not seen.is_ok:
                return await self._refused(request, typed, fields, seen)
            unmet = tuple(f"{one['detail']} {one['remedy']}" for one in seen.content["judgment"]["unmet"])
            shown = _Typed(typed.ticked, Form(fields, problems=unmet), mails=seen.content["mails"], wanted=wanted)
            return await self._show(request, shown)
        body["not_before"] = (datetime.now(UTC) + UNDO).isoformat()
        done = await self.api.call(request, "POST", f"{_path(request)}/decision", body, key=key_in(fields))
        if done.is_ok:
            await self.api.call(request, "DELETE", f"{_path(request)}/draft")
            return RedirectResponse(_page(request), 303)
        return await self._refused(request, typed, fields, done)

    async def keep_draft(self, request: Request) -> Response:
        """Keeps what is typed as a draft. The script asks for JSON, and everybody else is led back to the page."""
        pairs = await pairs_of(request)
        fields = dict(pairs)
        ticked = [value for name, value in pairs if name == "saved"]
        body = {"text": fields.get("words", ""), "saved": ticked, "replaces": fields.get("replaces") or None}
        done = await self.api.call(request, "PUT", f"{_path(request)}/draft", body)
        if request.headers.get("accept") == "application/json":
            said = "Your draft is kept." if done.is_ok else _words_of(done)
            return JSONResponse({"written_at": done.content.get("written_at"), "said": said}, done.status)
        if done.is_ok:
            return RedirectResponse(f"{_page(request)}#decide", 303)
        typed = _Typed(frozenset(ticked), refused_form(fields, done, text="words"))
        return await self._show(request, typed, done)

    async def undo(self, request: Request) -> Response:
        """Cancels a decision. What it said is the draft again."""
        asked = request.path_params["request_id"]
        found = await self.api.get(request, _path(request))
        done = await self.api.call(request, "POST", f"/v1/transition-requests/{asked}/cancel")
        if not done.is_ok:
            return self.pages.refusal(request, done)
        reasons = [one for made in found.content["decisions"] if made["id"] == asked for one in made["reasons"]]
        if reasons:
            text = "\n\n".join(one["text"] for one in reasons if one["saved_version"] is None)
            saved = [one["code"] for one in reasons if one["saved_version"] is not None]
            await self.api.call(request, "PUT", f"{_path(request)}/draft", {"text": text, "saved": saved})
        return RedirectResponse(_page(request), 303)

    async def _write(self, request: Request, where: str, name: str) -> tuple[Mapping[str, str], ApiAnswer]:
        """Sends the words of the form's field to where they belong. Returns the form's fields and the answer."""
        fields = await fields_of(request)
        body = {"text": fields.get(name, "")}
        return fields, await self.api.call(request, "POST", f"{_path(request)}/{where}", body, key=key_in(fields))

    async def _act(self, request: Request, what: str, body: Any = None) -> Response:
        done = await self.api.call(request, "POST", f"{_path(request)}/{what}", body)
        return RedirectResponse(_page(request), 303) if done.is_ok else self.pages.refusal(request, done)

    async def _refused(self, request: Request, typed: _Typed, fields: Mapping[str, str], answer: ApiAnswer) -> Response:
        form = refused_form(fields, answer, reasons="words")
        return await self._show(request, _Typed(typed.ticked, form, wanted=typed.wanted), answer)

    async def _with_draft(self, request: Request, typed: _Typed) -> _Typed:
        """Returns what was typed, and the visitor's draft where nothing was sent with the request."""
        if typed.decision.values:
            return typed
        draft = await self.api.get(request, f"{_path(request)}/draft")
        if not draft.is_ok:
            return typed
        written = Form({"words": draft.content["text"], "replaces": draft.content["written_at"]})
        return replace(typed, ticked=frozenset(draft.content["saved"]), decision=written)

    async def _listed(self, request: Request, path: str, **params: str) -> list[dict[str, Any]]:
        listed = await self.api.read(request, path, {"limit": MAX_LISTED, **params})
        items: list[dict[str, Any]] = listed["items"]
        return items

    async def _show(self, request: Request, typed: _Typed, refused: ApiAnswer | None = None) -> Response:
        review, visitor = await self.api.read(request, _path(request)), visitor_of(request)
        saved = await self._listed(request, "/v1/saved-reasons", kind=review["kind"])
        typed = await self._with_draft(request, typed)
        is_mine = bool(visitor and review["holder"] and review["holder"]["id"] == visitor.id)
        is_due = any(made["status"] == "due" for made in review["decisions"])
        can_decide = is_mine and not review["outcome"] and not is_due
        may_hand_over = review["holder"] is not None and not review["outcome"]
        staff = await self._listed(request, "/v1/staff") if may_hand_over else []
        return self.pages.page(
            request,
            "review.html",
            status=200 if refused is None else refused.status,
            review=review,
            kinds=KINDS,
            mine=visitor.id if visitor else None,
            is_mine=is_mine,
            can_decide=can_decide,
            kept="" if can_decide or is_due else _all_words(typed, saved),
            state=next((one["state"] for one in review["company"]["apps"] if one["slug"] == review["app"]), ""),
            others=[one for one in review["company"]["apps"] if one["slug"] != review["app"]],
            keys=KEYS,
            requirements=_by_requirement(review),
            changes=_changed(review["changes"]),
            public_changes=_changed(review["public_changes"]),
            messages=await self._listed(request, f"{_path(request)}/messages"),
            notes=await self._listed(request, f"{_path(request)}/notes"),
            saved=_by_topic(saved),
            colleagues=[one for one in staff if not one["away_until"] and one["id"] != _holder(review)],
            step_decisions=STEP_DECISIONS,
            possible=POSSIBLE,
            decisions=_decisions_on(review),
            names=DECISIONS,
            typed=typed,
            key=Form().key,
            said=said,
        )


def _words_of(answer: ApiAnswer) -> str:
    return f"{answer.content.get('detail', '')} {answer.content.get('remedy', '')}".strip()


def _by_topic(saved: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Returns the saved reasons by topic, which is what their codes have in front of the first dot."""
    topics: dict[str, list[Mapping[str, Any]]] = {}
    for one in saved:
        topic, dot, _ = one["code"].partition(".")
        topics.setdefault(topic.replace("_", " ").capitalize() if dot else "Other", []).append(one)
    return sorted(topics.items())


def _all_words(typed: _Typed, saved: Sequence[Mapping[str, Any]]) -> str:
    """Returns what was about to be said: the texts of the saved reasons that are ticked, and own words."""
    texts = [one["text"] for one in saved if one["code"] in typed.ticked]
    return "\n\n".join([*texts, typed.decision.value("words").strip()]).strip()


def _decisions_on(review: Mapping[str, Any]) -> tuple[str, ...]:
    return ("clear", "flag") if review["kind"] == "health" else ("approve", "request_changes")


def _holder(review: Mapping[str, Any]) -> str | None:
    return review["holder"]["id"] if review["holder"] else None


def _by_requirement(review: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any], list[Mapping[str, Any]]]]:
    """Returns what was given for each requirement of the checklist, with the steps that are about it."""
    given = review["snapshot"]["evidence"]
    found = []
    for code in sorted(given):
        steps = [one for one in review["steps"] if one["requirement"] == code]
        found.append((code.replace("_", " ").capitalize(), given[code], steps))
    return found


def _changed(changes: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Returns the differences with what differs marked: where, before and after."""
    found = []
    for part, ones in (changes or {}).items():
        for one in ones:
            before, after = marked(one["before"], one["after"])
            where = " / ".join([part, *(str(step) for step in one["path"])])
            found.append({"where": where, "change": one["change"], "before": before, "after": after})
    return found


def _path(request: Request) -> str:
    return f"/v1/reviews/{request.path_params['id']}"


def _page(request: Request) -> str:
    return f"/reviews/{request.path_params['id']}"
