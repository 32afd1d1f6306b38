"""The pages with which a request is answered that no module of pages answers: who or what is refused, and why."""

from dataclasses import dataclass
from typing import Any, Final, cast

from starlette.requests import Request
from starlette.responses import Response

from api.signed_in import Visit
from console.client import ApiAnswer, ApiRefused
from console.door import PAGE_HEADERS
from console.rendering import Pages
from console.visiting import to_sign_in, typed_in

PASSING: Final = frozenset({408, 429, 500, 503})
"""The statuses of answers after which the same form may well be taken."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """Answers with a page that says what was refused and what to do. What somebody typed is kept on it."""

    pages: Pages

    async def foreign_form(self, request: Request) -> Response:
        """Returns the page for a form that comes from another site."""
        return self._page(
            request,
            403,
            "This form does not come from one of our pages",
            "Nothing was done.",
            "Open the link of the mail again, and use the button on that page.",
        )

    async def refused_visit(self, request: Request, visit: Visit) -> Response:
        """Returns the page for a request that is not served now."""
        return self._page(
            request,
            visit.status,
            "Too many requests" if visit.status == 429 else "Something is not available right now",
            visit.detail,
            visit.remedy,
            headers={"Retry-After": str(visit.retry_after_s)},
            **await typed_in(request, can_be_sent=True),
        )

    async def unknown_path(self, request: Request, _error: Exception) -> Response:
        """Returns the page for an address that leads to no page."""
        return self._page(
            request,
            404,
            "There is no such page",
            "The address is not one of our pages.",
            "Open the link of the mail as it is, without parts missing or added.",
        )

    async def unknown_method(self, request: Request, error: Exception) -> Response:
        """Returns the page for a method that the page does not have."""
        return self._page(
            request,
            405,
            "This page cannot be used like that",
            f"{request.method} cannot be used here. Nothing was done.",
            "Open the page in a browser, and use its button.",
            headers=dict(getattr(error, "headers", None) or {}),
        )

    async def broken_down(self, request: Request, _error: Exception) -> Response:
        """Returns the page for a failure of a page's own."""
        return self._failed(request, **await typed_in(request, can_be_sent=True))

    async def broken_down_around(self, request: Request, _error: Exception) -> Response:
        """Returns the page for a failure of what stands around the pages, where no form can be read any more."""
        return self._failed(request)

    def _failed(self, request: Request, **typed: Any) -> Response:
        return self._page(
            request,
            500,
            "The service failed",
            "Its log says why.",
            "Try again: nothing is done twice. If it fails again, tell us when it did.",
            headers=PAGE_HEADERS,  # what fails outside of Breakdowns is answered outside of what adds them to the rest
            **typed,
        )

    async def needs_sign_in(self, request: Request, _error: Exception) -> Response:
        """Returns what leads somebody to sign in, and back."""
        return await to_sign_in(self.pages, request)

    async def refused_reading(self, request: Request, error: Exception) -> Response:
        """Returns the page for a reading that the API refused."""
        answer = cast(ApiRefused, error).answer
        return self.pages.refusal(request, answer, **await typed_in(request, can_be_sent=answer.status in PASSING))

    def problem(self, request: Request, status: int, content: dict[str, Any]) -> Response:
        """Returns the page for a problem of something that stands around the pages.

        A form that is too large is not taken, so that the page cannot keep it. The browser often still has it.
        """
        if content.get("code") == "body.too_large":
            content = {
                **content,
                "detail": f"{content['detail']} Nothing was done, and nothing of it has been kept here.",
                "remedy": f"Go back one page: your browser often still has what you typed. {content['remedy']}",
            }
        return self.pages.refusal(request, ApiAnswer(status, content, {}))

    def _page(self, request: Request, status: int, heading: str, detail: str, remedy: str, **others: Any) -> Response:
        return self.pages.page(
            request, "refusal.html", status=status, heading=heading, detail=detail, remedy=remedy, **others
        )
