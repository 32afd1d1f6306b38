"""The step `drift`: compares what is public with what the machine saw when it was approved."""

import hashlib
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
from workflow.names import quoted

_PAGES: Final = {"partner_documentation": "the documentation", "partners_page": "the integrations page"}
"""The steps that keep what they saw of a page, with words for the page. Each is named as its requirement."""
_NAMED: Final = frozenset({"partner_documentation"})
"""Those whose page must still show the names that it showed."""


def run(evidence: Evidence, http: FetchesPages) -> StepOutcome:
    """Fetches one of the pages or bundles that were read at the approval, and goes on to the next.

    What cannot be read has no findings here: the step that is about it says why. The SHA-256 of each bundle is kept,
    for a later look to compare with where none was kept at the approval.
    """
    looked = [str(code) for code in evidence.seen.get("looked", ())]
    found = [Finding(**one) for one in evidence.seen.get("faults", ())]
    doubts = [Finding(**one) for one in evidence.seen.get("doubts", ())]
    bundles = dict(evidence.seen.get("bundles", {}))
    pages = [code for code in _PAGES if code in evidence.before and _url(evidence, code)]
    plugins = {str(one["id"]): one for one in evidence.components if one.get("subkind") == "web"}
    left = [code for code in (*pages, *plugins) if code not in looked]
    if left:
        code, *later = left
        if code in plugins:
            new = _look_at_bundle(plugins[code], _hash_before(evidence, code), http, bundles)
        else:
            new = _look(code, _url(evidence, code), evidence.before[code], http)
        found, doubts = [*found, *new.faults], [*doubts, *new.doubts]
        if later:
            kept = {"faults": [one.as_dict() for one in found], "doubts": [one.as_dict() for one in doubts]}
            return goes_on({"looked": [*looked, code], "bundles": bundles, **kept})
    outcome = outcome_of(found, doubts)
    return outcome.having_seen(bundles=bundles) if bundles else outcome


def _hash_before(evidence: Evidence, component_id: str) -> str:
    """Returns the SHA-256 of a bundle when it was reviewed, as its test kept it, or as the first look did; else ""."""
    kept = (evidence.before.get(code, {}).get("bundles", {}) for code in ("component_tests", "drift"))
    return next((str(one[component_id]) for one in kept if component_id in one), "")


def _look_at_bundle(plugin: Mapping[str, Any], then: str, http: FetchesPages, bundles: dict[str, str]) -> Findings:
    """Compares a bundle with what was reviewed, and keeps the SHA-256 of the reviewed one in `bundles`."""
    component_id, url = str(plugin["id"]), str(plugin.get("settings", {}).get("bundle_url", ""))
    bundle = visit(url, http)
    if isinstance(bundle, Obstacle):
        return Findings()
    now = hashlib.sha256(bundle.body).hexdigest()
    bundles[component_id] = then or now
    if not then or then == now:
        return Findings()
    detail = f"The bundle of {quoted(str(plugin.get('name', '')))} at {url} is not the one that was reviewed."
    remedy = "Serve the reviewed bundle again. For a new one, submit a revision: best with an address of its own."
    shown = f"SHA-256 when it was reviewed: {then}; now: {now}"
    return Findings((Finding("drift.bundle", detail, remedy, f"components/{component_id}", shown),))


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
