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
SAID_AT_ONCE: Final = 200
"""How many messages, and how many notes, the API gives with all else that was said."""
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
        review, told = await together(
            self.api.read(request, call_of(request)), self.api.read(request, f"{call_of(request)}/said")
        )
        typed, visitor = _with_draft(typed, told["draft"]), visitor_of(request)
        mine = visitor.id if visitor else None
        holder = review["holder"]["id"] if review["holder"] else None
        is_mine = holder is not None and holder == mine
        is_due = any(made["status"] == "due" for made in review["decisions"])
        can_decide = is_mine and not review["outcome"] and not is_due
        is_whole = not is_polled(request)
        saved, colleagues, two = await together(
            self._saved_reasons(request, review, are_wanted=is_whole if can_decide else bool(typed.ticked)),
            self._colleagues(request, review, are_wanted=is_whole),
            self._two_people(request, review, is_wanted=is_whole and can_decide),
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
            "messages": await self._all(request, told, "messages"),
            "step_states": STEP_STATES,
            "colours": words.COLOURS,
        }
        if not is_whole:
            return self.pages.page(request, "review.html", live="_review_news.html", **standing)
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
            requirements=presentation.by_requirement(review),
            changes=presentation.changed(review["changes"]),
            public_changes=presentation.changed(review["public_changes"]),
            notes=await self._all(request, told, "notes"),
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

    async def _saved_reasons(
        self, request: Request, review: Mapping[str, Any], *, are_wanted: bool
    ) -> list[dict[str, Any]]:
        """Returns the saved reasons for reviews of the kind, none unless they are wanted."""
        return await self.api.read_all(request, "/v1/saved-reasons", {"kind": review["kind"]}) if are_wanted else []

    async def _colleagues(
        self, request: Request, review: Mapping[str, Any], *, are_wanted: bool
    ) -> list[dict[str, Any]]:
        """Returns those to whom the review can be handed over, none unless they are wanted."""
        if not are_wanted or review["holder"] is None or review["outcome"]:
            return []
        staff = await self.api.read_all(request, "/v1/staff")
        return [one for one in staff if not one["away_until"] and one["id"] != review["holder"]["id"]]

    async def _two_people(self, request: Request, review: Mapping[str, Any], *, is_wanted: bool) -> str | None:
        """Returns why another person has to decide beside the visitor, None if nobody has to."""
        if not is_wanted or review["kind"] == "health" or not review["two_people"]:
            return None
        judged = await self.api.read(request, f"/v1/apps/{review['app']}/triggers")
        unmet: Sequence[Mapping[str, Any]] = next(
            (one["unmet"] for one in judged["triggers"] if one["trigger"] == "approve"), ()
        )
        return next((in_words(rule) for rule in unmet if rule["code"] == TWO_PEOPLE), None)

    async def _all(self, request: Request, told: Mapping[str, Any], what: str) -> list[dict[str, Any]]:
        """Returns all messages, or all notes, oldest first: `told` has no more than SAID_AT_ONCE of them."""
        newest: list[dict[str, Any]] = told[what]
        return newest if len(newest) < SAID_AT_ONCE else await self.api.read_all(request, f"{call_of(request)}/{what}")


def _with_draft(typed: ReviewForms, draft: Mapping[str, Any] | None) -> ReviewForms:
    """Returns what was typed, and the visitor's draft where nothing was sent with the request."""
    if typed.decision.values or draft is None:
        return typed
    written = Form({"words": draft["text"], "replaces": draft["written_at"]})
    return replace(typed, ticked=frozenset(draft["saved"]), decision=written)
