"""The checklist's rules about the content of evidence, as far as they need no network. Pure."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.checklist import Requirement
from workflow.building.guides import required_sections
from workflow.findings import Finding
from workflow.markdown import MAX_NESTING, Markdown, read_markdown, title_of
from workflow.profile.guides import Guide

MAX_IMAGES = 2
MIN_CATALOG_TEXT = 40


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
    """Judges a description, which may have only emphasis, links, lists and a few images."""
    text = str(evidence.get("description", ""))
    read = read_markdown(text)
    findings = _html("description", read)
    if read.heavy:
        findings.append(
            Finding(
                "markup.heavy",
                "description contains a heading, a table, a quote, a horizontal rule or code.",
                "Use only plain text, emphasis, links and lists.",
            )
        )
    if len(read.pictures) > MAX_IMAGES:
        said = f"description has {len(read.pictures)} images."
        findings.append(Finding("images.too_many", said, f"Use at most {MAX_IMAGES}."))
    return findings + _links("description", read)


def _catalog_details(evidence: Mapping[str, Any], templates: Templates) -> list[Finding]:  # noqa: ARG001
    text = str(evidence.get("text", ""))
    read = read_markdown(text)
    findings = _placeholders("text", read, "catalog-text")
    if len(text.strip()) < MIN_CATALOG_TEXT:
        findings.append(
            Finding(
                "text.short",
                f"text has only {len(text.strip())} characters, too few to tell a customer what the App does.",
                f"Write at least {MIN_CATALOG_TEXT} characters; the template at /v1/guides/catalog-text helps.",
            )
        )
    return findings + _html("text", read) + _links("text", read)


def _platform_documentation(evidence: Mapping[str, Any], templates: Templates) -> list[Finding]:
    text = str(evidence.get("text", ""))
    read = read_markdown(text)
    findings = []
    for title in required_sections(templates.guides, templates.kinds):
        is_written = read.sections.get(title_of(title))
        if not is_written:
            said = "has no section" if is_written is None else "has an empty section"
            detail, remedy = f"The documentation {said} “{title}”.", f"Add “## {title}” with its text."
            findings.append(Finding("section.missing", detail, remedy, title))
    guides = "documentation-" + (" or documentation-".join(sorted(templates.kinds)) or "subscription")
    findings += _placeholders("text", read, guides)
    if read.runs:
        findings.append(
            Finding(
                "markup.html",
                "text contains HTML that can load or run something, or that takes input.",
                "Remove scripts, styles, frames, forms and event handlers; markdown is enough for text and pictures.",
            )
        )
    return findings + _links("text", read)


def _plain_text(evidence: Mapping[str, Any], templates: Templates) -> list[Finding]:  # noqa: ARG001
    """Judges a text that may have any markup, except for links that are dangerous."""
    text = str(evidence.get("text", ""))
    return _links("text", read_markdown(text))


def _html(field: str, read: Markdown) -> list[Finding]:
    if not read.html:
        return []
    return [Finding("markup.html", f"{field} contains HTML.", "Write markdown, without tags; put code in `backticks`.")]


def _links(field: str, read: Markdown) -> list[Finding]:
    """Returns the findings on the links and pictures of a text, and on what hides them from being read."""
    findings = []
    insecure = read.insecure
    if insecure:
        named = ", ".join(_shown(target) for target in insecure)[:200]
        findings.append(
            Finding(
                "link.insecure",
                f"{field} has links or images that are not secure: {named}.",
                "Begin the address of each link and image with https:// (mailto: is allowed for links), without blanks "
                "or a user name in it. Put an address that is only an example in `backticks`.",
            )
        )
    if read.too_deep:
        said = f"{field} has lists or quotes that are nested more than {MAX_NESTING} deep."
        findings.append(Finding("markup.deep", said, "Nest lists and quotes less deeply."))
    return findings


def _shown(target: str) -> str:
    """Returns an address as it can be shown: a character that cannot be seen is written as its number."""
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in target) or "(empty)"


def _placeholders(field: str, read: Markdown, guide: str) -> list[Finding]:
    left = read.placeholders
    if not left:
        return []
    said = f"{field} still contains placeholders of the template {guide}: {', '.join(left)[:300]}."
    return [Finding("template.placeholder", said, "Replace each placeholder with your own text.")]


_RULES: dict[Requirement, Callable[[Mapping[str, Any], Templates], list[Finding]]] = {
    Requirement.APP_INFO: _app_info,
    Requirement.PLATFORM_DOCUMENTATION: _platform_documentation,
    Requirement.CATALOG_DETAILS: _catalog_details,
    Requirement.LAUNCH_ANNOUNCEMENT: _plain_text,
    Requirement.REPLAY_INFO: _plain_text,
}
"""The rule of each requirement whose evidence has a text that others will read."""

JUDGED_AT_ONCE = frozenset({Requirement.APP_INFO, Requirement.PLATFORM_DOCUMENTATION, Requirement.CATALOG_DETAILS})
"""Requirements whose automatic checks are all in this module, so that evidence without findings counts as checked."""
