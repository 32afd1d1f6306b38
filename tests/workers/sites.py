"""Pages as they come from a fetch, for steps that are looked at without a server."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from models.lifecycle import StepTrigger
from runtime.guarded_http import Page
from workers.steps import RUNS
from workers.steps.step import Evidence, StepOutcome
from workflow.profile.loading import load_profile

PROFILE = load_profile()
URL = "https://acme.example/docs/integration"


@dataclass(frozen=True)
class Site:
    """Fetches its one page, whatever the URL."""

    page: Page

    def fetch(self, url: str) -> Page:  # noqa: ARG002
        return self.page

    def probe(self, url: str) -> Page:
        return replace(self.fetch(url), body=b"")


def site(
    html: str | bytes,
    *,
    status: int = 200,
    content_type: str = "text/html; charset=utf-8",
    url: str = URL,
    redirects: tuple[str, ...] = (),
    headers: Mapping[str, str] | None = None,
) -> Site:
    """Returns a site with this page."""
    body = html if isinstance(html, bytes) else html.encode()
    return Site(Page(url, status, content_type, body, redirects, {**(headers or {}), "content-type": content_type}))


class Pages:
    """Fetches pages by their URLs, and notes when it was asked for which. What is an error is raised."""

    def __init__(self, pages: Mapping[str, Page | Exception]) -> None:
        self._pages = pages
        self._noting = threading.Lock()
        self.asked: list[tuple[float, str]] = []

    def fetch(self, url: str) -> Page:
        with self._noting:
            self.asked.append((time.monotonic(), url))
        page = self._pages.get(url, Page(url, 404, "text/html", b"", ()))
        if isinstance(page, Exception):
            raise page
        return page

    def probe(self, url: str) -> Page:
        return replace(self.fetch(url), body=b"")


def take(page: Site, *, code: str = "partner_documentation", app_name: str = "Acme") -> StepOutcome:
    """Runs a step on the page for an App of the platform Segment. Every finding must say what to do."""
    outcome = RUNS[code](Evidence(app_name, {"url": page.page.url}, PROFILE), page)
    assert all(one.detail and one.remedy for one in outcome.findings)
    assert (outcome.trigger is StepTrigger.PASS) == (outcome.findings == ())
    return outcome


def seen(outcome: StepOutcome) -> tuple[str, list[str]]:
    """Returns an outcome's trigger and the codes of its findings."""
    return str(outcome.trigger), [one.code for one in outcome.findings]
