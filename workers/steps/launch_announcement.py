"""The step `launch_announcement`: checks that the blog post or the mail mentions the platform and the App."""

from workers.pages import FetchesPages
from workers.steps.names import fold, is_named
from workers.steps.reading import read_page, unnamed
from workers.steps.step import Evidence, StepOutcome, outcome_of
from workflow.findings import Finding


def run(evidence: Evidence, http: FetchesPages) -> StepOutcome:
    """Fetches the blog post, if there is one, and returns all findings on it or on the text of the mail."""
    names = {"platform": evidence.profile.platform.name, "app": evidence.app_name}
    if "url" in evidence.given:
        return read_page(str(evidence.given["url"]), http, names, lambda read: unnamed(read, names))
    text = fold(str(evidence.given.get("text", "")))
    return outcome_of(
        [
            Finding(f"text.{key}_not_named", f"The announcement does not mention {name}.", f"Mention {name} in it.")
            for key, name in names.items()
            if not is_named(name, text)
        ]
    )
