"""Reading the pages that partners name: fetching a page, telling it from what stands in for it, and finding names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from workers.pages import FetchedPage, FetchesPages
from workers.steps.names import FoldedText, fold, is_named
from workers.steps.page_text import PageText, read_html
from workers.steps.stand_ins import hard_to_read, stand_in
from workers.steps.step import StepOutcome, outcome_of
from workers.visiting import LEFT_TO_A_REVIEWER, Obstacle, visit
from workflow.access.domains import registrable_domain
from workflow.findings import Finding

MAX_KEPT: Final = 1_000
"""The number of characters that are kept of an address and of a name that a step saw."""
_READABLE: Final = ("text/html", "application/xhtml+xml", "text/plain", "text/markdown")
_FOR_PEOPLE: Final = ("application/pdf", "image/", "video/", "application/msword", "application/vnd.")
_SNIFFED: Final = ("<!doctype html", "<html", "<head", "<body", "<title", "<meta", "<h1", "<p", "<div", "<!--", "<?xml")


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page as a step looks at it: what was fetched, its text, and the folded texts in which names are looked for."""

    page: FetchedPage
    text: PageText
    seen: FoldedText
    unseen: FoldedText


@dataclass(frozen=True, slots=True)
class Findings:
    """What a step finds: faults, which the partner must mend, and doubts, which a reviewer must look at."""

    faults: tuple[Finding, ...] = ()
    doubts: tuple[Finding, ...] = ()

    def __add__(self, other: "Findings") -> "Findings":
        return Findings(self.faults + other.faults, self.doubts + other.doubts)


def read_page(
    url: str, http: FetchesPages, names: Mapping[str, str], look: Callable[[ReadPage], Findings]
) -> StepOutcome:
    """Fetches a page and returns what keeps it from being read, or otherwise the findings of `look`.

    What only stands in for the page, and what a machine cannot read, is left to a reviewer. So are faults on a page on
    which a machine may miss what people see. `names` are those that the page is about. The outcome keeps the URL and
    the domain at which a page was read, and which of the names it shows.
    """
    found = visit(url, http)
    if isinstance(found, Obstacle):
        finding = Finding(f"page.{found.code}", found.detail, found.remedy)
        is_fault = found.is_fault
        outcome = outcome_of((finding,) if is_fault else (), () if is_fault else (finding,))
        return outcome.passing(found.rest) if found.may_pass else outcome
    if unreadable := not_html(found):
        return outcome_of(unreadable.faults, unreadable.doubts)
    text = read_html(found.text)
    if replaced := stand_in(found, text, tuple(names.values())):
        return outcome_of((), (replaced,))
    seen = fold("\n".join((text.title, text.seen, text.labels)))
    findings = look(ReadPage(found, text, seen, fold(text.unseen)))
    shown = {key: name[:MAX_KEPT] for key, name in names.items() if is_named(name, seen)}
    if findings.faults and (why := hard_to_read(found, text)):
        doubt = Finding("page.hard_to_read", f"{found.url} may be read wrongly: {why}.", LEFT_TO_A_REVIEWER)
        findings = Findings((), (doubt, *findings.faults, *findings.doubts))
    outcome = outcome_of(findings.faults, findings.doubts)
    return outcome.having_seen(url=found.url[:MAX_KEPT], domain=domain_of(found.url), names=shown)


def domain_of(url: str) -> str:
    """Returns the registrable domain of a page that was fetched or, if there is none, its host."""
    host = urlsplit(url).hostname or ""
    return registrable_domain(host) or host


def not_html(page: FetchedPage) -> Findings | None:
    """Returns the finding that what came is no page of text, None if it is one."""
    kind = page.content_type.partition(";")[0].partition(",")[0].strip().lower()
    if kind in _READABLE or (not kind and page.text[:1000].lstrip().lower().startswith(_SNIFFED)):
        return None
    detail = f"{page.url} is not an HTML page but {kind or 'of no content type'}."
    if kind.startswith(_FOR_PEOPLE):
        return Findings(doubts=(Finding("page.not_html", detail, f"Serve it as text/html. {LEFT_TO_A_REVIEWER}"),))
    return Findings(faults=(Finding("page.not_html", detail, "Serve it as text/html."),))


def unnamed(read: ReadPage, names: Mapping[str, str]) -> Findings:
    """Returns a finding, `page.<key>_not_named`, for each of `names` that the page does not show.

    A name that the page has only where readers do not see it is a doubt, `page.<key>_hidden`.
    """
    faults, doubts = [], []
    for key, name in names.items():
        remedy = f"Mention {name} in the text of the page."
        if is_named(name, read.seen):
            continue
        if is_named(name, read.unseen):
            detail = f"{read.page.url} mentions {name} only where readers do not see it at first."
            doubts.append(Finding(f"page.{key}_hidden", detail, remedy))
        else:
            detail = f"{read.page.url} does not mention {name}."
            faults.append(Finding(f"page.{key}_not_named", detail, remedy))
    return Findings(tuple(faults), tuple(doubts))
