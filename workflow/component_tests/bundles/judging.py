"""Judges a bundle: its colour, and findings with the line and column of each. Pure."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from models.component_test import TestColour
from workflow.component_tests.bundles.report import (
    PLUGIN_MEMBERS,
    PLUGIN_TYPES,
    BundleReport,
    Construct,
    GivenPlugin,
    Place,
)
from workflow.component_tests.runs import CaseResult
from workflow.findings import Finding

_SCRIPTS: Final = frozenset(
    {
        "application/javascript",
        "text/javascript",
        "application/ecmascript",
        "text/ecmascript",
        "application/x-javascript",
    }
)
_WORDS: Final = {
    "eval": ("runs a text as code by eval", "Call the function itself, or read data with JSON.parse."),
    "new_function": (
        "makes a function of a text by the constructor Function",
        "Write the function out; use globalThis for the global object.",
    ),
    "string_timer": ("gives a timer a text to run as code", "Give the timer a function."),
    "inner_html": ("writes HTML into the page", "Use textContent, or make elements with document.createElement."),
    "document_write": ("writes into the document by document.write", "Add elements with document.createElement."),
    "cookies": (
        "reads or writes cookies",
        "Use the storage of the platform's SDK, or tell in your docs what you keep.",
    ),
    "dynamic_import": ("imports code while it runs", "Bundle the code, or name its source in your documentation."),
}
"""For each construct, what the bundle does in words, and what to do instead."""
_NO_PLUGIN: Final = (
    "Set a global, or export by default, an object or a list of objects with "
    f"{', '.join(PLUGIN_MEMBERS)}, or a function that returns them."
)


@dataclass(frozen=True, slots=True)
class FetchedBundle:
    """A bundle as it was served. `url` is where it was found, `asked` where it was looked for."""

    asked: str
    url: str
    status: int
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class _Found:
    """Findings by weight: faults make a result red, warnings yellow, and notes leave it as it is."""

    faults: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()

    def __add__(self, other: "_Found") -> "_Found":
        return _Found(self.faults + other.faults, self.warnings + other.warnings, self.notes + other.notes)


def judge_bundle(bundle: FetchedBundle, report: BundleReport) -> CaseResult:
    """Returns the result for a bundle that was read: red, yellow or green, by its worst finding."""
    found = _of_transfer(bundle, report) + _of_syntax(report) + _of_plugin(report) + _of_constructs(report)
    return _result(bundle, found + _of_loads(report), report.plugin)


def judge_unread(bundle: FetchedBundle, why: str) -> CaseResult:
    """Returns the result for a bundle that could not be checked, which is red: it may be anything."""
    detail = f"{bundle.url} could not be checked, because {why}."
    remedy = "Make the bundle smaller or simpler, and test it again."
    return _result(bundle, _Found(faults=(Finding("bundle.unchecked", detail, remedy),)), None)


def judge_unreachable(url: str, finding: Finding) -> CaseResult:
    """Returns the result for a bundle that could not be fetched, which is red."""
    return CaseResult(
        code="bundle", colour=TestColour.RED, event="load", method="GET", url=url, findings=(finding,), facts=None
    )


def is_script(bundle: FetchedBundle) -> bool:
    """Whether what was served may be a script: a page in its place is not read as one."""
    return not (_media_type(bundle) == "text/html" and bundle.content[:1000].lstrip().startswith(b"<"))


def judge_page(bundle: FetchedBundle) -> CaseResult:
    """Returns the result for a page of HTML that is served in place of a bundle, which is red."""
    remedy = "Serve the bundle itself at that address, as text/javascript."
    finding = Finding("bundle.not_script", f"{bundle.url} is a page of HTML, not a script.", remedy)
    return _result(bundle, _Found(faults=(finding,)), None)


def integrity_of(content: bytes) -> str:
    """Returns the value of a script element's `integrity` for these bytes."""
    return f"sha384-{base64.b64encode(hashlib.sha384(content).digest()).decode()}"


def _result(bundle: FetchedBundle, found: _Found, plugin: GivenPlugin | None) -> CaseResult:
    colour = TestColour.RED if found.faults else TestColour.YELLOW if found.warnings else TestColour.GREEN
    facts = {
        "bytes": len(bundle.content),
        "sha256": hashlib.sha256(bundle.content).hexdigest(),
        "integrity": integrity_of(bundle.content),
    }
    if plugin is not None and not plugin.lacks:
        facts["plugin"] = " ".join(one for one in (plugin.name, plugin.version, plugin.type) if one)
    return CaseResult(
        code="bundle",
        colour=colour,
        event="load",
        method="GET",
        url=bundle.url,
        status=bundle.status,
        findings=(*found.faults, *found.warnings, *found.notes),
        facts=facts,
    )


def _of_transfer(bundle: FetchedBundle, report: BundleReport) -> _Found:
    warnings, notes = [], []
    if not bundle.url.startswith("https://") and bundle.asked.startswith("https://"):
        detail = f"{bundle.asked} leads to {bundle.url}, which is not encrypted."
        return _Found(faults=(Finding("bundle.insecure", detail, "Redirect to an address with https://."),))
    kind = _media_type(bundle)
    if kind not in _SCRIPTS:
        detail = f"{bundle.url} is served as {kind or 'nothing'}, which browsers may refuse to run."
        warnings.append(Finding("bundle.content_type", detail, "Serve it with the Content-Type text/javascript."))
    if bundle.url != bundle.asked:
        detail = f"{bundle.asked} leads to {bundle.url}: every load of the plugin takes two requests."
        notes.append(Finding("bundle.redirected", detail, "Give the address where the bundle is."))
    if not {"cache-control", "expires", "etag", "last-modified"} & set(bundle.headers):
        detail = f"{bundle.url} says nothing of caching: every page loads it anew."
        notes.append(Finding("bundle.caching", detail, "Send Cache-Control, or an ETag."))
    if bundle.headers.get("access-control-allow-origin", "").strip() != "*":
        is_module = report.plugin is not None and report.plugin.how == "the default export"
        detail = f"{bundle.url} may not be read by other origins, which modules and checks of integrity need."
        finding = Finding("bundle.cors", detail, "Send Access-Control-Allow-Origin: *.")
        (warnings if is_module else notes).append(finding)
    if not report.is_utf8:
        detail = f"{bundle.url} is not in UTF-8, so that its texts depend on the page that loads it."
        warnings.append(Finding("bundle.not_utf8", detail, "Save it in UTF-8."))
    return _Found(warnings=tuple(warnings), notes=tuple(notes))


def _of_syntax(report: BundleReport) -> _Found:
    remedy = "Build the bundle for browsers of some years ago, such as es2020, and load it in one."
    return _Found(faults=tuple(one for error in report.errors for one in _at_places(error, "is no JavaScript", remedy)))


def _of_plugin(report: BundleReport) -> _Found:
    plugin = report.plugin
    if plugin is None:
        return _Found()
    where = _where(plugin.place) if plugin.place else ""
    if plugin.place is None:
        gives = "its globals and exports have none" if plugin.is_given else "it sets no global and exports nothing"
        return _Found(faults=(Finding("bundle.no_plugin", f"The bundle gives no plugin: {gives}.", _NO_PLUGIN),))
    if plugin.lacks:
        detail = f"What comes closest to a plugin, {_what(plugin)}, lacks {', '.join(plugin.lacks)}."
        return _Found(faults=(Finding("bundle.incomplete_plugin", detail, _NO_PLUGIN, where),))
    if plugin.type is not None and plugin.type not in PLUGIN_TYPES:
        detail = f"The plugin has the type {plugin.type!r}."
        remedy = f"Use one of: {', '.join(PLUGIN_TYPES)}."
        return _Found(faults=(Finding("bundle.plugin_type", detail, remedy, where),))
    if not plugin.is_given:
        detail = "There is a plugin in the bundle, but no global and no default export gives it."
        return _Found(faults=(Finding("bundle.no_plugin", detail, _NO_PLUGIN, where),))
    if not plugin.how:
        detail = (
            "There is a plugin in the bundle, but by reading it cannot be told whether a global or an export gives it."
        )
        return _Found(warnings=(Finding("bundle.plugin_not_followed", detail, _NO_PLUGIN, where),))
    return _Found()


def _what(plugin: GivenPlugin) -> str:
    return " ".join(one for one in (plugin.how, plugin.name and repr(plugin.name)) if one) or "an object"


def _of_constructs(report: BundleReport) -> _Found:
    found: list[Finding] = []
    for construct in report.constructs:
        does, remedy = _WORDS[construct.code]
        found += _at_places(construct, does, remedy)
    if not report.is_complete:
        detail = "The bundle is too large to be looked at throughout."
        found.append(Finding("bundle.looked_at_in_part", detail, "Make it smaller, and test it again."))
    return _Found(warnings=tuple(found))


def _of_loads(report: BundleReport) -> _Found:
    notes = [
        Finding(
            "bundle.loads_script",
            f"The bundle loads a script from elsewhere: {load.url}.",
            "You need not do anything: name it in your documentation.",
            _where(load.place),
        )
        for load in report.loads
    ]
    if report.more_loads:
        detail = f"The bundle loads {report.more_loads} further scripts from elsewhere."
        notes.append(Finding("bundle.loads_script", detail, "Name them in your documentation."))
    return _Found(notes=tuple(notes))


def _at_places(construct: Construct, does: str, remedy: str) -> Sequence[Finding]:
    """Returns a finding for each place that is shown, the last of which counts the others."""
    more = construct.count - len(construct.places)
    found = []
    for number, place in enumerate(construct.places, 1):
        others = f" The same is at {more} further places." if more and number == len(construct.places) else ""
        detail = f"Line {place.line}, column {place.column} {does}: {place.excerpt}{others}"
        found.append(Finding(f"bundle.{construct.code}", detail, remedy, _where(place)))
    return found


def _where(place: Place) -> str:
    return f"line {place.line}, column {place.column}"


def _media_type(bundle: FetchedBundle) -> str:
    return bundle.content_type.partition(";")[0].partition(",")[0].strip().lower()
