"""The step `partner_documentation`: the partner's own documentation is there, is a page, and names both sides."""

from workers.pages import FetchesPages
from workers.steps.reading import read_page, unnamed
from workers.steps.step import Evidence, StepOutcome


def run(evidence: Evidence, http: FetchesPages) -> StepOutcome:
    """Fetches the page and gives everything that is wrong with it."""
    return read_page(
        str(evidence.given.get("url", "")),
        http,
        lambda page: unnamed(page, platform=evidence.profile.platform.name, app=evidence.app_name),
    )
