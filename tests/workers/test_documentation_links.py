"""The links of a documentation page: each is followed once, in slices, and a broken one is told from an unread one."""

import json
from dataclasses import asdict
from itertools import pairwise
from urllib.parse import urlsplit

import pytest

from models.lifecycle import StepTrigger
from runtime.guarded_http import FetchRefused, Page
from tests.workers.sites import PROFILE, URL, Pages, site
from workers.steps import documentation_links
from workers.steps.documentation_links import (
    MAX_LINKS,
    MAX_SLICES,
    MAX_URL,
    SLICE_SECONDS,
    SPACING_SECONDS,
    FollowedLink,
    links_to_follow,
)
from workers.steps.page_text import Link
from workers.steps.step import Evidence, StepOutcome
from workflow.reviewing.reports import MAX_SEEN, stored_seen

HOME = "https://acme.example/start"
AWAY = "https://other.example/page"


def _page(url: str, status: int = 200, **headers: str) -> Page:
    return Page(url, status, "text/html", b"<p>Here</p>", (), headers)


def _docs(*links: str) -> Page:
    listed = "".join(f'<li><a href="{link}">To {place}</a>' for place, link in enumerate(links))
    return site(f"<h1>Acme and Segment</h1><ul>{listed}</ul>").page


def _taken(pages: Pages, slice_seconds: float = SLICE_SECONDS) -> tuple[StepOutcome, int]:
    """Runs the step until it is done, as workers do, and returns its outcome and how many slices it took."""
    outcome = documentation_links.run(Evidence("Acme", {"url": URL}, PROFILE), pages)
    slices = 0
    while outcome.goes_on:
        slices += 1
        seen = json.loads(stored_seen(outcome.seen))
        evidence = Evidence("Acme", {"url": URL}, PROFILE, seen=seen)
        outcome = documentation_links.run(evidence, pages, slice_seconds=slice_seconds)
    return outcome, slices


@pytest.mark.parametrize(
    ("link", "there", "trigger", "codes"),
    [
        (HOME, _page(HOME), "pass", []),
        (HOME, _page(HOME, 404), "fail", ["link.broken"]),
        (HOME, _page(HOME, 410), "fail", ["link.broken"]),
        (HOME, _page(HOME, 500), "fail", ["link.broken"]),
        (HOME, FetchRefused("time.exceeded", "It is too slow.", HOME), "fail", ["link.broken"]),
        (AWAY, _page(AWAY, 404), "fail", ["link.broken"]),
        (AWAY, _page(AWAY, 503), "warn", ["link.unread"]),
        (AWAY, FetchRefused("time.exceeded", "It is too slow.", AWAY), "warn", ["link.unread"]),
        (AWAY, FetchRefused("connection.failed", "It is away.", AWAY), "warn", ["link.unread"]),
        (AWAY, FetchRefused("name.unresolved", "It has no address.", AWAY), "fail", ["link.broken"]),
        (AWAY, FetchRefused("tls.invalid", "Its certificate has expired.", AWAY), "fail", ["link.broken"]),
        (AWAY, FetchRefused("address.not_public", "It is at 10.0.0.1.", AWAY), "fail", ["link.broken"]),
        (AWAY, _page(AWAY, 403), "warn", ["link.unread"]),
        (AWAY, _page(AWAY, 429), "warn", ["link.unread"]),
        (HOME, _page(HOME, 403, **{"cf-mitigated": "challenge"}), "warn", ["link.unread"]),
        ("mailto:help@acme.example", _page(HOME), "pass", []),
        ("#below", _page(HOME), "pass", []),
        ("javascript:void(0)", _page(HOME), "pass", []),
        ("", _page(HOME), "pass", []),
    ],
)
def test_where_a_link_leads(link: str, there: Page | Exception, trigger: str, codes: list[str]) -> None:
    outcome, _ = _taken(Pages({URL: _docs(link), link: there}))
    assert (outcome.trigger, [one.code for one in outcome.findings]) == (trigger, codes)
    assert all(one.detail and one.remedy and one.where for one in outcome.findings)
    assert not outcome.seen


def test_a_broken_link_is_named_with_its_text_and_its_answer() -> None:
    outcome, _ = _taken(Pages({URL: _docs(HOME, "/gone#part")}))
    gone = "https://acme.example/gone"
    found = {one.where: one for one in outcome.findings}
    assert set(found) == {HOME, gone}
    assert found[gone].detail == f"The link “To 1” is broken: {gone} answers 404."
    assert found[gone].evidence == f"“To 1” → {gone}: {gone} answers 404."


def test_what_may_pass_is_followed_twice_and_all_else_once() -> None:
    pages = Pages({URL: _docs(HOME, AWAY, HOME, f"{HOME}#again"), HOME: _page(HOME), AWAY: _page(AWAY, 503)})
    outcome, _ = _taken(pages)
    assert outcome.trigger == StepTrigger.WARN
    assert sorted(url for _, url in pages.asked) == sorted([URL, HOME, AWAY, AWAY])


def test_links_to_one_host_are_spaced_and_links_to_many_are_not() -> None:
    here = [f"https://acme.example/{number}" for number in range(5)]
    there = [f"https://{name}.example/" for name in "abcdefgh"]
    pages = Pages({URL: _docs(*here, *there)} | {url: _page(url) for url in (*here, *there)})
    outcome, slices = _taken(pages)
    assert (outcome.trigger, slices) == (StepTrigger.PASS, 1)
    times = [at for at, url in pages.asked if url in here]
    assert all(later - earlier >= SPACING_SECONDS for earlier, later in pairwise(times))


def test_a_slice_begins_no_link_after_its_time_and_the_next_goes_on() -> None:
    short = SPACING_SECONDS / 2
    here = [f"https://acme.example/{number}" for number in range(3)]
    outcome, slices = _taken(Pages({URL: _docs(*here)} | {url: _page(url) for url in here}), short)
    assert (outcome.trigger, slices) == (StepTrigger.PASS, 3)
    many = [f"https://acme.example/{number}" for number in range(MAX_SLICES + 3)]
    outcome, slices = _taken(Pages({URL: _docs(*many)} | {url: _page(url) for url in many}), short)
    assert slices == MAX_SLICES
    assert [(one.code, one.detail[:1]) for one in outcome.findings] == [("links.left_out", "3")]


def test_links_that_are_too_many_or_too_long_are_left_out_and_counted() -> None:
    links = [Link(f"/{number}", is_seen=True, text="x") for number in range(MAX_LINKS + 7)]
    found, left_out = links_to_follow([*links, Link("https://a.example/" + "x" * MAX_URL, is_seen=True)], URL, URL)
    assert (len(found), left_out) == (MAX_LINKS, 8)


def test_what_is_kept_between_slices_is_bounded() -> None:
    worst = [
        FollowedLink("\U0001f600" * MAX_URL, "é" * 100, 1, "connection.failed", "é" * 300) for _ in range(MAX_LINKS)
    ]
    seen = {"page": "x" * 2000, "links": [asdict(link) for link in worst], "left_out": 1, "slices": 1}
    with pytest.raises(ValueError, match="may keep"):
        stored_seen({"links": ["x" * (MAX_SEEN + 1)]})
    stored_seen(seen)


def test_a_page_that_cannot_be_read_is_tried_again_and_then_left_to_the_step_that_is_about_it() -> None:
    outcome, _ = _taken(Pages({URL: _page(URL, 503)}))
    assert (outcome.trigger, outcome.again_after is not None) == (StepTrigger.WARN, True)
    outcome, _ = _taken(Pages({}))
    assert ([one.code for one in outcome.findings], outcome.again_after) == (["links.page_unread"], None)


def test_hosts_are_told_apart_as_they_are_looked_up() -> None:
    base = "https://docs.acme.example/guide/"
    page = f"{base}here"
    found, _ = links_to_follow([Link("../a", is_seen=True), Link("//b.example", is_seen=False)], page, base)
    assert [urlsplit(link.url).netloc for link in found] == ["docs.acme.example", "b.example"]
