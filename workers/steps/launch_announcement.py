"""The step `launch_announcement`: the blog post is there and names both sides, or the mail's text does."""

from models.lifecycle import StepTrigger
from workers.pages import FetchesPages
from workers.steps.reading import read_page, unnamed
from workers.steps.step import Evidence, StepOutcome
from workflow.findings import Finding


def run(evidence: Evidence, http: FetchesPages) -> StepOutcome:
    """Fetches the post, if there is one, and gives everything that is wrong with it or with the mail's text."""
    names = {"platform": evidence.profile.platform.name, "app": evidence.app_name}
    if "url" in evidence.given:
        return read_page(str(evidence.given["url"]), http, lambda page: unnamed(page, **names))
    words = " ".join(str(evidence.given.get("text", "")).split()).casefold()
    findings = tuple(
        Finding(f"text.{key}_not_named", f"The announcement does not name {name}.", f"Name {name} in it.")
        for key, name in names.items()
        if " ".join(name.split()).casefold() not in words
    )
    return StepOutcome(StepTrigger.FAIL if findings else StepTrigger.PASS, findings)
