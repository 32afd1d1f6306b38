"""The step `partners_page`: checks that the partner's integrations page links to the platform with UTM parameters."""

from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

from workers.pages import FetchedPage, FetchesPages
from workers.steps.reading import links_of, read_page, unnamed
from workers.steps.step import Evidence, StepOutcome
from workflow.findings import Finding
from workflow.profile.document import Platform, Profile

_GUIDE = "Add the link from the UTM guide at /v1/guides/utm, which you can copy."


def run(evidence: Evidence, http: FetchesPages) -> StepOutcome:
    """Fetches the page and returns all findings on it."""
    return read_page(str(evidence.given.get("url", "")), http, lambda page: _findings(page, evidence.profile))


def _findings(page: FetchedPage, profile: Profile) -> list[Finding]:
    return unnamed(page, platform=profile.platform.name) + _link_findings(page, profile)


def _link_findings(page: FetchedPage, profile: Profile) -> list[Finding]:
    wanted = [parameter.name for parameter in profile.utm]
    links = [link for link in links_of(page) if _leads_to(profile.platform, link)]
    missing = [_missing_parameters(link, wanted) for link in links]
    if not missing:
        domains = " or ".join(profile.platform.domains)
        return [Finding("link.missing", f"{page.url} has no link to {domains}.", _GUIDE)]
    least = min(missing, key=len)
    if not least:
        return []
    return [
        Finding("link.untracked", f"No link on {page.url} has all UTM parameters; missing: {', '.join(least)}.", _GUIDE)
    ]


def _leads_to(platform: Platform, link: str) -> bool:
    try:
        parts = urlsplit(link)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and platform.owns_host(host)


def _missing_parameters(link: str, wanted: Sequence[str]) -> list[str]:
    given = parse_qs(urlsplit(link).query)
    return [name for name in wanted if not any(value.strip() for value in given.get(name, []))]
