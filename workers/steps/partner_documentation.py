"""The step `partner_documentation`: checks that the partner's documentation page mentions the platform and the App."""

from workers.pages import FetchesPages
from workers.steps.reading import read_page, unnamed
from workers.steps.step import Evidence, StepOutcome


def run(evidence: Evidence, http: FetchesPages) -> StepOutcome:
    """Fetches the page and returns all findings on it."""
    return read_page(
        str(evidence.given.get("url", "")),
        http,
        lambda page: unnamed(page, platform=evidence.profile.platform.name, app=evidence.app_name),
    )
