"""Deciding a review: the mails as they will be read, the decision, and undoing it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.client import ApiAnswer, ApiClient
from console.forms import Form, key_in, pairs_of, refused_form
from console.navigation import STAFF
from console.rendering import Pages
from console.reviewing.forms import MAX_WORDS_BYTES, ReviewForms, ticked_in
from console.reviewing.page import PATH, ReviewPage, back, call_of
from console.rule_words import all_in_words
from console.visiting import signed_in_only
from web.bounds import LargerBody

UNDO: Final = timedelta(seconds=10)
"""How long a decision waits, so that it can be undone."""
LARGER_FORMS = (LargerBody("POST", re.compile(r"/reviews/[^/]+/decision"), MAX_WORDS_BYTES, "Write less at once."),)


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these forms."""
    decisions = _Decisions(api, pages, ReviewPage(api, pages))
    return [
        Route(f"{PATH}/decision", signed_in_only(pages, decisions.decide, *STAFF), methods=["POST"]),
        Route(f"{PATH}/undo/{{request_id}}", signed_in_only(pages, decisions.undo, *STAFF), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Decisions:
    api: ApiClient
    pages: Pages
    page: ReviewPage

    async def decide(self, request: Request) -> Response:
        """Decides, or shows the mails of the decision that is wanted."""
        pairs = await pairs_of(request)
        fields, ticked = dict(pairs), ticked_in(pairs)
        action, _, wanted = fields.get("act", "").partition(" ")
        body: dict[str, Any] = {
            "decision": wanted,
            "reasons": [{"saved": code} for code in ticked]
            + ([{"text": fields["words"]}] if fields.get("words", "").strip() else []),
            "expected_state": fields.get("expected_state") or None,
        }
        typed = ReviewForms(ticked=frozenset(ticked), decision=Form(fields), wanted=wanted)
        if action == "show":
            seen = await self.api.call(request, "POST", f"{call_of(request)}/decision/preview", body)
            if not seen.is_ok:
                return await self._refused(request, typed, fields, seen)
            unmet = all_in_words(seen.content["judgment"]["unmet"])
            shown = ReviewForms(typed.ticked, Form(fields, problems=unmet), mails=seen.content["mails"], wanted=wanted)
            return await self.page.show(request, shown)
        body["not_before"] = (datetime.now(UTC) + UNDO).isoformat()
        done = await self.api.call(request, "POST", f"{call_of(request)}/decision", body, key=key_in(fields))
        if done.is_ok:
            await self.api.call(request, "DELETE", f"{call_of(request)}/draft")
            return back(request)
        return await self._refused(request, typed, fields, done)

    async def undo(self, request: Request) -> Response:
        """Cancels a decision. What it said is the draft again."""
        asked = request.path_params["request_id"]
        found = await self.api.get(request, call_of(request))
        done = await self.api.call(request, "POST", f"/v1/transition-requests/{asked}/cancel")
        if not done.is_ok:
            return self.pages.refusal(request, done)
        reasons = [one for made in found.content["decisions"] if made["id"] == asked for one in made["reasons"]]
        if reasons:
            text = "\n\n".join(one["text"] for one in reasons if one["saved_version"] is None)
            saved = [one["code"] for one in reasons if one["saved_version"] is not None]
            await self.api.call(request, "PUT", f"{call_of(request)}/draft", {"text": text, "saved": saved})
        return back(request)

    async def _refused(
        self, request: Request, typed: ReviewForms, fields: Mapping[str, str], answer: ApiAnswer
    ) -> Response:
        form = refused_form(fields, answer, names={"reasons": "words"})
        return await self.page.show(request, ReviewForms(typed.ticked, form, wanted=typed.wanted), answer)
