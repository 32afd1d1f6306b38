"""What the rules of the checklist say of evidence that fits, without any network. All findings at once. Pure."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.checklist import Requirement
from workflow.building.guides import PLACEHOLDER, sections_in, sections_wanted
from workflow.findings import Finding
from workflow.profile.guides import Guide

MAX_IMAGES = 2
LEAST_CATALOG_TEXT = 40

_HTML = re.compile(r"<\s*[a-zA-Z/!?]")
_HEAVY = re.compile(r"^(?:#|```|~~~|\|.*\||>| {4}\S|(?:-{3,}|={3,}|\*{3,})\s*$)", re.MULTILINE)
_IMAGE = re.compile(r"!\[[^\]]*\]\(([^)]*)\)")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)]*)\)")


@dataclass(frozen=True, slots=True)
class Templates:
    """What evidence is compared with: the platform's guides, and the kinds of the App's Components."""

    guides: Sequence[Guide]
    kinds: Collection[str] = ()


def findings_on(requirement: Requirement, evidence: Mapping[str, Any], templates: Templates) -> list[Finding]:
    """Returns everything that a rule finds in `evidence`."""
    judge = _RULES.get(requirement)
    return judge(evidence, templates) if judge else []


def _app_info(evidence: Mapping[str, Any], templates: Templates) -> list[Finding]:  # noqa: ARG001
    return _light_markup("description", str(evidence.get("description", "")))


def _catalog_details(evidence: Mapping[str, Any], templates: Templates) -> list[Finding]:  # noqa: ARG001
    text = str(evidence.get("text", ""))
    findings = _placeholders("text", text, "catalog-text")
    if len(text.strip()) < LEAST_CATALOG_TEXT:
        findings.append(
            Finding(
                "text.short",
                f"text has {len(text.strip())} characters; a customer cannot tell from it what the App does.",
                f"Write at least {LEAST_CATALOG_TEXT}, by the template at /v1/guides/catalog-text.",
            )
        )
    if _HTML.search(text):
        findings.append(Finding("markup.html", "text has HTML in it.", "Write markdown, without tags."))
    return findings


def _platform_documentation(evidence: Mapping[str, Any], templates: Templates) -> list[Finding]:
    text = str(evidence.get("text", ""))
    written = sections_in(text)
    findings = []
    for title in sections_wanted(templates.guides, templates.kinds):
        body = written.get(title.casefold())
        if not body:
            said = "has no section" if body is None else "says nothing in its section"
            findings.append(
                Finding("section.missing", f"The documentation {said} “{title}”.", f"Add “## {title}” and its words.")
            )
    guides = "documentation-" + (" or documentation-".join(sorted(templates.kinds)) or "subscription")
    return findings + _placeholders("text", text, guides)


def _light_markup(field: str, text: str) -> list[Finding]:
    """Light markup is words, emphasis, links and a few images."""
    findings = []
    if _HTML.search(text):
        findings.append(Finding("markup.html", f"{field} has HTML in it.", "Write words and light markdown only."))
    if _HEAVY.search(text):
        findings.append(
            Finding(
                "markup.heavy",
                f"{field} has a heading, a table, a quote, a rule or code in it.",
                "Keep to words, emphasis, links and lists.",
            )
        )
    images = _IMAGE.findall(text)
    if len(images) > MAX_IMAGES:
        findings.append(Finding("images.too_many", f"{field} has {len(images)} images.", f"Show at most {MAX_IMAGES}."))
    targets = images + _LINK.findall(text)
    insecure = [target for target in targets if not target.strip().startswith("https://")]
    if insecure:
        findings.append(
            Finding(
                "link.insecure",
                f"{field} leads to {', '.join(insecure)[:200]}.",
                "Let links and images begin with https://.",
            )
        )
    return findings


def _placeholders(field: str, text: str, guide: str) -> list[Finding]:
    left = list(dict.fromkeys(PLACEHOLDER.findall(text)))
    if not left:
        return []
    said = f"{field} still has {', '.join(left)[:300]} of the template {guide}."
    return [Finding("template.placeholder", said, "Write your own words in their place.")]


_RULES: dict[Requirement, Callable[[Mapping[str, Any], Templates], list[Finding]]] = {
    Requirement.APP_INFO: _app_info,
    Requirement.PLATFORM_DOCUMENTATION: _platform_documentation,
    Requirement.CATALOG_DETAILS: _catalog_details,
}

JUDGED_AT_ONCE = frozenset(_RULES)
"""Requirements of which these rules check all that a machine can."""
