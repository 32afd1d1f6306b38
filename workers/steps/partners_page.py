"""The step `partners_page`: the partner's integrations page is there, and leads to the platform with UTM parameters."""

from urllib.parse import parse_qs, urlsplit

from workers.pages import FetchedPage, FetchesPages
from workers.steps.reading import PLATFORM, PLATFORM_DOMAIN, links_of, read_page, unnamed
from workers.steps.step import Evidence, StepOutcome
from workflow.findings import Finding

WANTED = ("utm_source", "utm_medium", "utm_campaign")
_GUIDE = "The UTM guide at /v1/guides/utm has a whole link to copy."


def run(evidence: Evidence, http: FetchesPages) -> StepOutcome:
    """Fetches the page and gives everything that is wrong with it."""
    return read_page(str(evidence.given.get("url", "")), http, _findings)


def _findings(page: FetchedPage) -> list[Finding]:
    return unnamed(page, platform=PLATFORM) + _link_findings(page)


def _link_findings(page: FetchedPage) -> list[Finding]:
    missing = [_missing_parameters(link) for link in links_of(page) if _leads_to_platform(link)]
    if not missing:
        return [Finding("link.missing", f"{page.url} has no link to {PLATFORM_DOMAIN}.", _GUIDE)]
    least = min(missing, key=len)
    if not least:
        return []
    return [
        Finding("link.untracked", f"No link on {page.url} has all parameters; missing: {', '.join(least)}.", _GUIDE)
    ]


def _leads_to_platform(link: str) -> bool:
    try:
        parts = urlsplit(link)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and (host == PLATFORM_DOMAIN or host.endswith(f".{PLATFORM_DOMAIN}"))


def _missing_parameters(link: str) -> list[str]:
    given = parse_qs(urlsplit(link).query)
    return [name for name in WANTED if not any(value.strip() for value in given.get(name, []))]
