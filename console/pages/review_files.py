"""What a reviewer opens beside a review: the App's whole history, and its test account."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.client import ApiClient
from console.lists import next_of, params_of
from console.navigation import STAFF
from console.rendering import Pages
from console.reviewing.page import PATH, call_of
from console.visiting import signed_in_only
from console.words import STATES

LABELS: Final = {
    "kind": "How one logs in",
    "username": "User name",
    "totp_secret": "Secret of one-time codes",
    "api_key": "API key",
    "url": "Where one logs in",
    "email": "Address that codes are mailed to",
    "code": "Code that always works",
    "mailbox_password": "Password of the mailbox",
    "reason": "Why no account is needed",
}
SECRETS: Final = frozenset({"password", "totp_secret", "api_key", "code", "mailbox_password"})


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""
    files = _Files(api, pages)
    return [
        Route(f"{PATH}/history", signed_in_only(pages, files.show_history, *STAFF)),
        Route(f"{PATH}/test-account", signed_in_only(pages, files.read_account, *STAFF), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Files:
    api: ApiClient
    pages: Pages

    async def show_history(self, request: Request) -> Response:
        review, params = await self.api.read(request, call_of(request)), params_of(request, limit=100)
        listed = await self.api.read(request, f"/v1/apps/{review['app']}/transitions", params)
        return self.pages.page(
            request,
            "review_history.html",
            review=review,
            events=listed["items"],
            following=next_of(request, listed, params),
            states=STATES,
        )

    async def read_account(self, request: Request) -> Response:
        """Reads the test account, which is logged: so it takes a button."""
        review = await self.api.read(request, call_of(request))
        path = f"/v1/apps/{review['app']}/test-account"
        read = await self.api.get(request, path)
        if not read.is_ok:
            return self.pages.refusal(request, read)
        readings = await self.api.read_all(request, f"{path}/readings")
        return self.pages.page(
            request,
            "test_account.html",
            review=review,
            account=read.content,
            labels=LABELS,
            secrets=SECRETS,
            readings=readings[::-1],
        )
