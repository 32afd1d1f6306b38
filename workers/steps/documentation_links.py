"""The step `documentation_links`: follows every link of the partner's documentation page.

It goes on in slices, each within the time of one attempt: few hosts at a time, and the links to one host spaced.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Final
from urllib.parse import urldefrag, urlsplit

from workers.pages import FetchesPages
from workers.steps.links import absolute
from workers.steps.page_text import Link, read_html
from workers.steps.reading import domain_of
from workers.steps.step import Evidence, StepOutcome, goes_on, outcome_of
from workers.visiting import Obstacle, probe, visit
from workflow.findings import Finding

MAX_LINKS: Final = 120
MAX_URL: Final = 500
"""The number of links that are followed, and the length in characters up to which they are."""
HOSTS_AT_ONCE: Final = 6
SPACING_SECONDS: Final = 0.25
"""The rest between two links to the same host."""
SLICE_SECONDS: Final = 15.0
"""The time in which a slice begins with links; the last of them may take as long as a probe."""
MAX_SLICES: Final = 12
_TRIES: Final = 2
"""How often a link is followed whose failure may pass."""
_CORRECT: Final = "Correct the link, or remove it."


@dataclass(frozen=True, slots=True)
class FollowedLink:
    """A link of the page: its URL, its text, how often it was followed, and how that ended.

    `code` is empty if it leads to a page. `may_pass`: the obstacle may be gone later. `is_wall`: the obstacle says
    nothing of what people find there.
    """

    url: str
    text: str
    tries: int = 0
    code: str = ""
    detail: str = ""
    may_pass: bool = False
    is_wall: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it is to be followed, for the first time or again."""
        return self.tries == 0 or (self.may_pass and self.tries < _TRIES)


def run(evidence: Evidence, http: FetchesPages, *, slice_seconds: float = SLICE_SECONDS) -> StepOutcome:
    """Reads the page first; then follows as many links as one attempt may; and at last returns all findings."""
    if not evidence.seen:
        return _begin(str(evidence.given.get("url", "")), http)
    page, left_out = str(evidence.seen["page"]), int(evidence.seen["left_out"])
    slices = int(evidence.seen["slices"]) + 1
    links = follow([FollowedLink(**one) for one in evidence.seen["links"]], http, slice_seconds)
    if any(link.is_open for link in links) and slices < MAX_SLICES:
        return goes_on(_progress(page, links, left_out, slices))
    return _judged(page, links, left_out)


def follow(links: Sequence[FollowedLink], http: FetchesPages, slice_seconds: float) -> list[FollowedLink]:
    """Returns the links, of which those that are open were followed as far as there was time.

    Begins with one link of each of the first hosts, and with no other after `slice_seconds`.
    """
    by_host: dict[str, list[int]] = defaultdict(list)
    for place, link in sorted(enumerate(links), key=lambda one: one[1].tries):
        if link.is_open:
            by_host[urlsplit(link.url).netloc].append(place)
    ends_at = time.monotonic() + slice_seconds
    found = dict(enumerate(links))

    def follow_host(host: int, places: Sequence[int]) -> dict[int, FollowedLink]:
        followed = {}
        for count, place in enumerate(places):
            rest = SPACING_SECONDS if count else 0
            if time.monotonic() + rest >= ends_at and (count or host >= HOSTS_AT_ONCE):
                break
            time.sleep(rest)
            followed[place] = _followed(links[place], http)
        return followed

    with ThreadPoolExecutor(HOSTS_AT_ONCE) as hosts:
        for followed in hosts.map(follow_host, range(len(by_host)), by_host.values()):
            found.update(followed)
    return list(found.values())


def links_to_follow(links: Iterable[Link], page: str, base: str) -> tuple[list[FollowedLink], int]:
    """Returns the web pages to which a page links, each once and without its fragment, and how many are left out."""
    texts: dict[str, str] = {}
    too_long = 0
    for link in links:
        if len(link.href) > MAX_URL:
            too_long += link.href.lower().lstrip().startswith("http")
            continue
        url = urldefrag(absolute(base, link.href)).url
        if url.lower().startswith(("http://", "https://")) and url != urldefrag(page).url:
            texts[url] = texts.get(url) or " ".join(link.text.split())
    found = [FollowedLink(url, text) for url, text in texts.items() if len(url) <= MAX_URL]
    return found[:MAX_LINKS], too_long + len(texts) - len(found[:MAX_LINKS])


def _begin(url: str, http: FetchesPages) -> StepOutcome:
    page = visit(url, http)
    if isinstance(page, Obstacle):
        detail = f"The links were not followed, because the page could not be read. {page.detail}"
        outcome = outcome_of((), (Finding("links.page_unread", detail, page.remedy),))
        return outcome.passing(page.rest) if page.may_pass else outcome
    text = read_html(page.text)
    base = absolute(page.url, text.base or "") or page.url
    links, left_out = links_to_follow(text.links, page.url, base)
    return goes_on(_progress(page.url, links, left_out, 0)) if links else _judged(page.url, links, left_out)


def _progress(page: str, links: Sequence[FollowedLink], left_out: int, slices: int) -> dict[str, object]:
    return {"page": page, "links": [asdict(link) for link in links], "left_out": left_out, "slices": slices}


def _followed(link: FollowedLink, http: FetchesPages) -> FollowedLink:
    met = probe(link.url, http)
    if not isinstance(met, Obstacle):
        return replace(link, tries=link.tries + 1, code="", detail="", may_pass=False)
    return replace(
        link,
        tries=link.tries + 1,
        code=met.code,
        detail=met.detail[:300],
        may_pass=met.may_pass,
        is_wall=not met.is_fault,
    )


def _judged(page: str, links: Sequence[FollowedLink], left_out: int) -> StepOutcome:
    faults, walls = [], defaultdict(list)
    for link in links:
        if link.code and _is_fault(link, page):
            faults.append(_broken(link))
        elif link.code:
            walls[urlsplit(link.url).netloc].append(link)
    doubts = [_unread(host, unread) for host, unread in walls.items()]
    left_out += sum(link.tries == 0 for link in links)
    if left_out:
        detail = f"{left_out} of the links on {page} were not followed: they are too many, too long or too slow."
        doubts.append(Finding("links.left_out", detail, "A reviewer may follow some of them."))
    return outcome_of(faults, doubts)


def _is_fault(link: FollowedLink, page: str) -> bool:
    """Returns whether a link is the partner's to mend: another site that is down or slow for now is not."""
    if link.is_wall:
        return False
    return not link.may_pass or link.code == "name.unresolved" or domain_of(link.url) == domain_of(page)


def _broken(link: FollowedLink) -> Finding:
    detail = f"The link {_named(link)} is broken: {link.detail}"
    return Finding("link.broken", detail, _CORRECT, link.url, f"{_named(link)} → {link.url}: {link.detail}")


def _unread(host: str, links: Sequence[FollowedLink]) -> Finding:
    first, many = links[0], len(links)
    detail = f"{many} of the links lead to {host}, and could not be followed. The first: {first.detail}"
    shown = "\n".join(f"{_named(link)} → {link.url}" for link in links[:5])
    return Finding("link.unread", detail, "Open them in a browser; if they lead nowhere, correct them.", host, shown)


def _named(link: FollowedLink) -> str:
    return f"“{link.text}”" if link.text else "without text"
