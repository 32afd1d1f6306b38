"""The step `partner_documentation`: checks that the partner's documentation page mentions the platform and the App."""

from workers.pages import FetchesPages
from workers.steps.reading import read_page, unnamed
from workers.steps.step import Evidence, StepOutcome


def run(evidence: Evidence, http: FetchesPages) -> StepOutcome:
    """Fetches the page and returns all findings on it."""
    names = {"platform": evidence.profile.platform.name, "app": evidence.app_name}
    return read_page(str(evidence.given.get("url", "")), http, names, lambda read: unnamed(read, names))
