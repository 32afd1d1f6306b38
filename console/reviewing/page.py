"""The page of a review, as every form of it shows it again: with what was typed, and with what the API refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console.client import ApiAnswer, ApiClient, together
from console.differences import said
from console.forms import Form
from console.rendering import Pages, is_polled
from console.reviewing import presentation, words
from console.reviewing.forms import ReviewForms
from console.rule_words import in_words
from console.visiting import visitor_of
from console.words import OUTCOMES, STATES, STEP_STATES

PATH: Final = "/reviews/{id:uuid}"
MAX_LISTED: Final = 200
"""How many messages, notes, saved reasons and colleagues a page has at most."""
TWO_PEOPLE: Final = "votes.two"
"""The rule by which one person proposes an approval and another gives it."""


def call_of(request: Request) -> str:
    """Returns the path of the API's calls on the review."""
    return f"/v1/reviews/{request.path_params['id']}"


def page_of(request: Request) -> str:
    """Returns the path of the review's page."""
    return f"/reviews/{request.path_params['id']}"


def back(request: Request, anchor: str = "") -> RedirectResponse:
    """Returns what leads back to the review's page after something was done."""
    return RedirectResponse(page_of(request) + anchor, 303)


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """Shows a review to whoever is signed in."""

    api: ApiClient
    pages: Pages

    async def show(self, request: Request, typed: ReviewForms, refused: ApiAnswer | None = None) -> Response:
        """Returns the page with what was typed; its status is that of what was `refused`."""
        review, visitor = await self.api.read(request, call_of(request)), visitor_of(request)
        mine = visitor.id if visitor else None
        holder = review["holder"]["id"] if review["holder"] else None
        is_mine = holder is not None and holder == mine
        is_due = any(made["status"] == "due" for made in review["decisions"])
        can_decide = is_mine and not review["outcome"] and not is_due
        saved, typed, messages = await together(
            self._listed(request, "/v1/saved-reasons", kind=review["kind"]),
            self._with_draft(request, typed),
            self._listed(request, f"{call_of(request)}/messages"),
        )
        standing: dict[str, Any] = {
            "review": review,
            "kinds": words.KINDS,
            "names": words.DECISIONS,
            "outcomes": OUTCOMES,
            "mine": mine,
            "is_mine": is_mine,
            "is_due": is_due,
            "kept": "" if can_decide else presentation.all_words(typed, saved),
            "tally": presentation.tally(review["steps"]),
            "messages": messages,
        }
        if is_polled(request):
            return self.pages.page(request, "review.html", live="_review_standing.html", **standing)
        notes, colleagues, two = await together(
            self._listed(request, f"{call_of(request)}/notes"),
            self._colleagues(request, review),
            self._two_people(request, review, can_decide=can_decide),
        )
        return self.pages.page(
            request,
            "review.html",
            status=200 if refused is None else refused.status,
            **standing,
            can_decide=can_decide,
            state=next((one["state"] for one in review["company"]["apps"] if one["slug"] == review["app"]), ""),
            states=STATES,
            others=[one for one in review["company"]["apps"] if one["slug"] != review["app"]],
            keys=words.KEYS,
            step_states=STEP_STATES,
            colours=words.COLOURS,
            requirements=presentation.by_requirement(review),
            changes=presentation.changed(review["changes"]),
            public_changes=presentation.changed(review["public_changes"]),
            notes=notes,
            saved=presentation.by_topic(saved),
            colleagues=colleagues,
            step_decisions=words.STEP_DECISIONS,
            possible=words.POSSIBLE,
            two=two,
            decisions=words.decisions_on(review, needs_two=two is not None),
            typed=typed,
            key=Form().key,
            said=said,
            pictures_of=presentation.pictures_of,
        )

    async def _colleagues(self, request: Request, review: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Returns those to whom the review can be handed over."""
        if review["holder"] is None or review["outcome"]:
            return []
        staff = await self._listed(request, "/v1/staff")
        return [one for one in staff if not one["away_until"] and one["id"] != review["holder"]["id"]]

    async def _two_people(self, request: Request, review: Mapping[str, Any], *, can_decide: bool) -> str | None:
        """Returns why another person has to decide beside the visitor, None if nobody has to."""
        if not can_decide or review["kind"] == "health":
            return None
        judged = await self.api.read(request, f"/v1/apps/{review['app']}/triggers")
        unmet: Sequence[Mapping[str, Any]] = next(
            (one["unmet"] for one in judged["triggers"] if one["trigger"] == "approve"), ()
        )
        return next((in_words(rule) for rule in unmet if rule["code"] == TWO_PEOPLE), None)

    async def _with_draft(self, request: Request, typed: ReviewForms) -> ReviewForms:
        """Returns what was typed, and the visitor's draft where nothing was sent with the request."""
        if typed.decision.values:
            return typed
        draft = await self.api.get(request, f"{call_of(request)}/draft")
        if not draft.is_ok:
            return typed
        written = Form({"words": draft.content["text"], "replaces": draft.content["written_at"]})
        return replace(typed, ticked=frozenset(draft.content["saved"]), decision=written)

    async def _listed(self, request: Request, path: str, **params: str) -> list[dict[str, Any]]:
        listed = await self.api.read(request, path, {"limit": MAX_LISTED, **params})
        items: list[dict[str, Any]] = listed["items"]
        return items
