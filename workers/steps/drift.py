"""The step `drift`: compares what is public with what the machine saw when it was approved."""

from collections.abc import Mapping
from typing import Any, Final

from workers.pages import FetchedPage, FetchesPages
from workers.steps.names import fold, is_named
from workers.steps.page_text import read_html
from workers.steps.reading import Findings, domain_of, not_html
from workers.steps.stand_ins import hard_to_read, stand_in
from workers.steps.step import Evidence, StepOutcome, goes_on, outcome_of
from workers.visiting import Obstacle, visit
from workflow.findings import Finding

_PAGES: Final = {"partner_documentation": "the documentation", "partners_page": "the integrations page"}
"""The steps that keep what they saw of a page, with words for the page. Each is named as its requirement."""
_NAMED: Final = frozenset({"partner_documentation"})
"""Those whose page must still show the names that it showed."""


def run(evidence: Evidence, http: FetchesPages) -> StepOutcome:
    """Fetches one of the pages that were read at the approval, and goes on to the next.

    A page that cannot be read has no findings here: the step that is about it says why.
    """
    looked = [str(code) for code in evidence.seen.get("looked", ())]
    found = [Finding(**one) for one in evidence.seen.get("faults", ())]
    doubts = [Finding(**one) for one in evidence.seen.get("doubts", ())]
    left = [code for code in _PAGES if code in evidence.before and code not in looked and _url(evidence, code)]
    if left:
        code, *later = left
        new = _look(code, _url(evidence, code), evidence.before[code], http)
        found, doubts = [*found, *new.faults], [*doubts, *new.doubts]
        if later:
            kept = {"faults": [one.as_dict() for one in found], "doubts": [one.as_dict() for one in doubts]}
            return goes_on({"looked": [*looked, code], **kept})
    return outcome_of(found, doubts)


def _url(evidence: Evidence, requirement: str) -> str:
    return str(evidence.others.get(requirement, {}).get("url", ""))


def _look(code: str, url: str, before: Mapping[str, Any], http: FetchesPages) -> Findings:
    page = visit(url, http)
    if isinstance(page, Obstacle):
        return Findings()
    return _moved(code, page, before) + (_gone(code, page, before) if code in _NAMED else Findings())


def _moved(code: str, page: FetchedPage, before: Mapping[str, Any]) -> Findings:
    then, now = str(before.get("domain", "")), domain_of(page.url)
    if not then or then == now:
        return Findings()
    detail = f"When it was approved, {_PAGES[code]} was at {then}; now its address leads to {now}."
    remedy = "If that is right, submit a revision with the new address; else mend the redirect or renew the domain."
    way = " → ".join((*page.redirects, page.url))
    return Findings((Finding("drift.domain", detail, remedy, f"checklist.{code}", way),))


def _gone(code: str, page: FetchedPage, before: Mapping[str, Any]) -> Findings:
    if not_html(page):
        return Findings()
    names = {str(key): str(name) for key, name in before.get("names", {}).items()}
    text = read_html(page.text)
    if stand_in(page, text, tuple(names.values())):
        return Findings()
    shown = fold("\n".join((text.title, text.seen, text.labels, text.unseen)))
    gone = tuple(
        Finding(
            f"drift.{key}_gone",
            f"When it was approved, {_PAGES[code]} mentioned {name}; now {page.url} does not.",
            f"Mention {name} in the text of the page again.",
            f"checklist.{code}",
            f"the page begins: {text.words[:300]}",
        )
        for key, name in names.items()
        if not is_named(name, shown)
    )
    return Findings(doubts=gone) if hard_to_read(page, text) else Findings(gone)
