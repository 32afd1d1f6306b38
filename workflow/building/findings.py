"""The checklist's rules about the content of evidence, as far as they need no network. Pure."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.checklist import Requirement
from workflow.building.guides import PLACEHOLDER, required_sections, sections_in
from workflow.findings import Finding
from workflow.profile.guides import Guide

MAX_IMAGES = 2
MIN_CATALOG_TEXT = 40

_HTML = re.compile(r"<\s*[a-zA-Z/!?]")
_HEAVY = re.compile(r"^(?:#|```|~~~|\|.*\||>| {4}\S|(?:-{3,}|={3,}|\*{3,})\s*$)", re.MULTILINE)
_IMAGE = re.compile(r"!\[[^\]]*\]\(([^)]*)\)")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)]*)\)")


@dataclass(frozen=True, slots=True)
class Templates:
    """What evidence is judged by: the platform's guides, and the kinds of the App's Components."""

    guides: Sequence[Guide]
    kinds: Collection[str] = ()


def findings_on(requirement: Requirement, evidence: Mapping[str, Any], templates: Templates) -> list[Finding]:
    """Returns all findings on `evidence`; [] if no rule is broken, or if the requirement has no rule here."""
    judge = _RULES.get(requirement)
    return judge(evidence, templates) if judge else []


def _app_info(evidence: Mapping[str, Any], templates: Templates) -> list[Finding]:  # noqa: ARG001
    return _light_markup("description", str(evidence.get("description", "")))


def _catalog_details(evidence: Mapping[str, Any], templates: Templates) -> list[Finding]:  # noqa: ARG001
    text = str(evidence.get("text", ""))
    findings = _placeholders("text", text, "catalog-text")
    if len(text.strip()) < MIN_CATALOG_TEXT:
        findings.append(
            Finding(
                "text.short",
                f"text has only {len(text.strip())} characters, too few to tell a customer what the App does.",
                f"Write at least {MIN_CATALOG_TEXT} characters; the template at /v1/guides/catalog-text helps.",
            )
        )
    if _HTML.search(text):
        findings.append(Finding("markup.html", "text contains HTML.", "Write markdown, without tags."))
    return findings


def _platform_documentation(evidence: Mapping[str, Any], templates: Templates) -> list[Finding]:
    text = str(evidence.get("text", ""))
    written = sections_in(text)
    findings = []
    for title in required_sections(templates.guides, templates.kinds):
        body = written.get(title.casefold())
        if not body:
            said = "has no section" if body is None else "has an empty section"
            findings.append(
                Finding("section.missing", f"The documentation {said} “{title}”.", f"Add “## {title}” with its text.")
            )
    guides = "documentation-" + (" or documentation-".join(sorted(templates.kinds)) or "subscription")
    return findings + _placeholders("text", text, guides)


def _light_markup(field: str, text: str) -> list[Finding]:
    """Returns the findings on a text that may have only emphasis, links, lists and a few images."""
    findings = []
    if _HTML.search(text):
        findings.append(Finding("markup.html", f"{field} contains HTML.", "Write plain text with light markdown only."))
    if _HEAVY.search(text):
        findings.append(
            Finding(
                "markup.heavy",
                f"{field} contains a heading, a table, a quote, a horizontal rule or code.",
                "Use only plain text, emphasis, links and lists.",
            )
        )
    images = _IMAGE.findall(text)
    if len(images) > MAX_IMAGES:
        findings.append(Finding("images.too_many", f"{field} has {len(images)} images.", f"Use at most {MAX_IMAGES}."))
    targets = images + _LINK.findall(text)
    insecure = [target for target in targets if not target.strip().startswith("https://")]
    if insecure:
        findings.append(
            Finding(
                "link.insecure",
                f"{field} has links or images without https://: {', '.join(insecure)[:200]}.",
                "Begin the address of each link and image with https://.",
            )
        )
    return findings


def _placeholders(field: str, text: str, guide: str) -> list[Finding]:
    left = list(dict.fromkeys(PLACEHOLDER.findall(text)))
    if not left:
        return []
    said = f"{field} still contains placeholders of the template {guide}: {', '.join(left)[:300]}."
    return [Finding("template.placeholder", said, "Replace each placeholder with your own text.")]


_RULES: dict[Requirement, Callable[[Mapping[str, Any], Templates], list[Finding]]] = {
    Requirement.APP_INFO: _app_info,
    Requirement.PLATFORM_DOCUMENTATION: _platform_documentation,
    Requirement.CATALOG_DETAILS: _catalog_details,
}

JUDGED_AT_ONCE = frozenset(_RULES)
"""Requirements whose automatic checks are all in this module, so that evidence without findings counts as checked."""
