"""Visits a page once, and says what kept the service from reading it, and whose matter that is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from workers.pages import FetchedPage, FetchesPages
from workers.refusals import refusal_in
from workers.walls import wall_of

MAX_REST: Final = timedelta(minutes=30)
"""The longest rest that a server's Retry-After is granted."""
LEFT_TO_A_REVIEWER: Final = (
    "You need not do anything: a reviewer opens the page in a browser. "
    "To have it checked by itself next time, let the service's User-Agent through."
)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What kept a page from being read: a stable code, words, and what to do.

    `is_fault`: the page's owner must mend it; otherwise a person can still read the page. `may_pass`: it may be gone at
    the next visit, which should not come before `rest` is over.
    """

    code: str
    detail: str
    remedy: str
    is_fault: bool = True
    may_pass: bool = False
    rest: timedelta = timedelta()


def visit(url: str, http: FetchesPages) -> FetchedPage | Obstacle:
    """Returns the page if it answers with a status of success and is no bot wall, and otherwise the obstacle.

    An error that is not about the page is raised.
    """
    return _met(http.fetch, url)


def probe(url: str, http: FetchesPages) -> FetchedPage | Obstacle:
    """Returns the page as `visit` does, without its body: a wall is recognised by its head alone."""
    return _met(http.probe, url)


def _met(fetch: Callable[[str], FetchedPage], url: str) -> FetchedPage | Obstacle:
    try:
        page = fetch(url)
    except Exception as error:
        refusal = refusal_in(error)
        if refusal is None:
            raise
        is_unreadable = refusal.code in UNREADABLE
        return Obstacle(
            refusal.code,
            f"{url} could not be fetched: {refusal.detail}",
            f"{refusal.remedy}{_OR_A_REVIEWER if is_unreadable else ''}",
            is_fault=not is_unreadable,
            may_pass=refusal.code in PASSING,
        )
    return _obstacle_of(page) or page


def _obstacle_of(page: FetchedPage) -> Obstacle | None:
    wall = wall_of(page)
    if wall is not None:
        detail = f"{page.url} shows {wall} instead of the page (status {page.status})."
        return Obstacle("bot_wall", detail, LEFT_TO_A_REVIEWER, is_fault=False)
    if 200 <= page.status < 300:
        return None
    detail = f"{page.url} answers {page.status}."
    rest = _rest_of(page)
    if page.status == 429:
        detail = f"{page.url} answers 429: it limits how often it may be fetched."
        return Obstacle("refused", detail, LEFT_TO_A_REVIEWER, is_fault=False, may_pass=True, rest=rest)
    if 500 <= page.status < 600 or page.status in (408, 425):
        remedy = "Mend the server, so that the page answers with status 200."
        return Obstacle("status", detail, remedy, may_pass=True, rest=rest)
    if page.status in _FAULTS or page.status < 400:
        return Obstacle("status", detail, "Publish the page, so that it answers with status 200.")
    words = _REFUSALS.get(page.status, "it does not let the service read it")
    detail = f"{page.url} answers {page.status}: {words}."
    return Obstacle("refused", detail, LEFT_TO_A_REVIEWER, is_fault=False)


def _rest_of(page: FetchedPage) -> timedelta:
    """Returns the rest that a Retry-After header asks for, MAX_REST at most."""
    said = page.headers.get("retry-after", "").strip()[:100]
    if said.isascii() and said.isdigit():
        return min(timedelta(seconds=int(said[:9])), MAX_REST)
    try:
        until = parsedate_to_datetime(said)
    except (ValueError, TypeError):
        return timedelta()
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(timedelta(), min(until - datetime.now(UTC), MAX_REST))


UNREADABLE: Final = frozenset({"headers.too_large", "body.too_large", "encoding.not_allowed", "redirect.cookie"})
"""Codes of fetches that a browser may get further with."""
PASSING: Final = frozenset(
    {"name.unresolved", "connection.failed", "tls.failed", "time.exceeded", "response.malformed"}
)
"""Codes of fetches that may succeed the next time."""
_OR_A_REVIEWER: Final = " Or leave it: a reviewer opens the page in a browser."
_FAULTS: Final = frozenset({404, 410})
_REFUSALS: Final = {
    401: "it asks for a user name and password",
    402: "it asks the service for a payment",
    403: "it does not let the service in",
    407: "it asks for a proxy's password",
    451: "it is not shown where the service is",
}
